"""Billing services over HTTP: one path for all of them, told apart by the operation's header."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..auth.authenticator import Authenticator, Caller
from ..billing import cloudwatch, cost_explorer, data_exports, price_list
from ..billing.aws_json import BillingError, Service, answer, check_request
from ..state.faults import Target
from ..wire.errors import ApiError
from ..wire.event_streams import Delayed, HangUp
from ..wire.json_text import BadJsonError, JsonObject, loads
from . import sts
from .context import account_of, received, state_of

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp

    from ..billing.account import Account
    from ..billing.aws_json import Answer
    from ..state.emulator_state import State
    from ..state.faults import Fault
    from ..wire.received import Received

_SERVICES = {
    service.target: service
    for service in (
        cost_explorer.SERVICE,
        cloudwatch.SERVICE,
        price_list.SERVICE,
        data_exports.SERVICE,
    )
}
_GLOBAL_REGION = "us-east-1"
_TOKENS = ("NextPageToken", "NextToken")


async def dispatch(request: Request) -> ASGIApp:
    """POST / with the operation in `X-Amz-Target`, or in a form of STS."""
    raw, state = received(request), state_of(request)
    if (raw.value("content-type") or "").startswith("application/x-www-form-urlencoded"):
        return sts.answer(request, authenticator_for(state, sts.SERVICE, state.settings.region))
    target, _, name = (raw.value("x-amz-target") or "").rpartition(".")
    service = _SERVICES.get(target)
    try:
        if service is None or name not in service.operations:
            raise BillingError(
                "UnknownOperationException", f"There is no operation {target}.{name}."
            )
        caller = _authenticated(state, raw, service)
        _authorize(state, caller, f"{service.name}:{name}")
        wanted = Target(name, "", "", caller.access_key_id, False, False, is_named=True)
        account = account_of(request).seen_by(state.account_of(caller.access_key_id))
        asked = _Asked(account, service, name, _body(raw.body))
        return asked.served(state.faults.take(wanted))
    except BillingError as error:
        return error.response(service)


@dataclass(frozen=True)
class _Asked:
    """A request whose sender is proven."""

    account: Account
    service: Service
    operation: str
    body: JsonObject

    def served(self, fault: Fault | None) -> ASGIApp:
        """The answer, or what a fault makes of it."""
        if fault is None:
            return answer(self.service, self._answered())
        if fault.kind in ("drop", "reset"):
            return HangUp(reset=fault.kind == "reset")
        error = fault.error()
        if error is not None:
            code = "ExpiredTokenException" if fault.kind == "expired_token" else error.code
            raise BillingError(code, error.message, error.status)
        found = self._answered()
        if fault.kind == "repeat_page":
            found.update({token: self.body[token] for token in _TOKENS if token in self.body})
        served = answer(self.service, found)
        return Delayed(fault.delay_s, served) if fault.delay_s else served

    def _answered(self) -> Answer:
        check_request(self.service, self.operation, self.body)
        return self.service.operations[self.operation](self.account, self.body)


def _body(body: bytes) -> JsonObject:
    try:
        value = loads(body)
    except BadJsonError as error:
        raise BillingError("SerializationException", str(error)) from None
    if not isinstance(value, JsonObject):
        raise BillingError("SerializationException", "expected an object")
    return value


def _authenticated(state: State, raw: Received, service: Service) -> Caller:
    authorization = raw.value("authorization") or ""
    try:
        if authorization.lower().startswith("bearer "):
            raise BillingError(
                "UnrecognizedClientException", "Bearer tokens are not accepted.", 403
            )
        region = _GLOBAL_REGION if service.is_global else state.settings.region
        caller = authenticator_for(state, service.signing_name, region).authenticate(raw)
    except ApiError as error:
        state.records.count_refused(error.message)
        code = "ExpiredTokenException" if "expired." in error.message else _code_of(error.message)
        raise BillingError(code, error.message, 403) from None
    state.records.count_accepted(caller.signed_by)
    return caller


def _code_of(message: str) -> str:
    if message.startswith("Missing Authentication Token"):
        return "MissingAuthenticationTokenException"
    if "security token" in message:
        return "UnrecognizedClientException"
    return "InvalidSignatureException"


def _authorize(state: State, caller: Caller, action: str) -> None:
    try:
        state.authorizer.check(caller, action, "*")
    except ApiError as error:
        raise BillingError("AccessDeniedException", error.message) from None


def authenticator_for(state: State, service: str, region: str) -> Authenticator:
    """One that takes signatures for a service in a Region alone."""
    settings = replace(state.settings, services=(service,), region=region)
    return Authenticator(settings, settings.now, issuer=state.issuer)
