"""What every handler asks of its request: the emulator, the bytes, the sender."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from ..wire.errors import ApiError

SERVICE = "bedrock-mantle"

if TYPE_CHECKING:
    from starlette.requests import Request

    from ..auth.authenticator import Caller
    from ..billing.account import Account
    from ..state.emulator_state import State
    from ..wire.received import Received


def state_of(request: Request) -> State:
    """The emulator that serves a request."""
    return cast("State", request.app.state.emulator)


def account_of(request: Request) -> Account:
    """The account that pays for what the emulator serves."""
    return cast("Account", request.app.state.account)


def received(request: Request) -> Received:
    """The request as it came over the wire."""
    return cast("Received", request.scope["emulator.received"])


def authenticate(request: Request, service: str | None = None) -> Caller:
    """The proven sender of a request, who may use a bearer token if that is one; else `ApiError`.

    A signature must be for `service`; without one, for one of those in the settings.
    """
    state = state_of(request)
    try:
        caller = state.authenticator.authenticate(received(request), service)
    except ApiError as error:
        state.records.count_refused(error.message)
        raise
    state.records.count_accepted(caller.signed_by)
    state.authorizer.check_bearer(caller, service or SERVICE)
    return caller
