"""What every inference request goes through before its API answers it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.types import ASGIApp

from ..model.catalog import ANTHROPIC_V1, MODELS, RESPONSES, V1, Model
from ..state.faults import Target
from ..state.records import UsageRecord, timestamp
from ..wire.errors import invalid, not_found, undeserializable
from ..wire.event_streams import Delayed, HangUp
from ..wire.json_text import BadJsonError, JsonObject, dumps, loads
from ..wire.lenient import lenient_body
from . import attribution, request_members
from .authorization import authorize_on_project, inference_keys
from .context import authenticate, received, state_of

if TYPE_CHECKING:
    from starlette.requests import Request

    from ..auth.authenticator import Caller
    from ..model.usage import Usage
    from ..state.emulator_state import State
    from ..state.faults import Fault
    from ..state.projects import Project
    from ..wire.received import Received


@dataclass
class Call:
    """One inference request: authenticated, parsed, attributed."""

    state: State
    request: Received
    caller: Caller
    api: str
    body: JsonObject
    project: Project
    model: Model
    streamed: bool
    fault: Fault | None = None

    def record(self, response_id: str, usage: Usage, outcome: str, at: float | None = None) -> None:
        """Keep the usage of this request, which ends now unless another time is given."""
        self.state.records.add_usage(
            UsageRecord(
                request_id=self.request.request_id,
                response_id=response_id,
                account=self.state.account_of(self.caller.access_key_id),
                project=self.project.id,
                project_arn=self.project.arn,
                tags=dict(self.project.tags),
                api=self.api,
                model=self.model.id,
                streamed=self.streamed,
                status=200,
                outcome=outcome,
                signed_by=self.caller.signed_by,
                access_key_id=self.caller.access_key_id,
                input_tokens=usage.input_tokens,
                cached_input_tokens=usage.cached_input_tokens,
                output_tokens=usage.output_tokens,
                reasoning_tokens=usage.reasoning_tokens,
                cache_write_tokens=usage.cache_write_tokens,
                time=timestamp(self.state.now() if at is None else at),
            )
        )

    def cached(self, prompt: tuple[str, ...]) -> int:
        """The number of the prompt's tokens that were cached; the prompt is cached from now on."""
        if not self.model.usage_details:
            return 0
        return self.state.prompts.visit(self.project.id, self.model.id, prompt)


def json_response(body: Any, status: int = 200) -> Response:
    """A JSON answer."""
    return Response(dumps(body), status, media_type="application/json")


def parse_object(body: bytes) -> JsonObject:
    """A request body that must be one JSON object without repeated members."""
    try:
        value = loads(body)
    except BadJsonError as error:
        raise undeserializable(str(error)) from None
    if not isinstance(value, JsonObject):
        raise undeserializable("invalid type: expected an object")
    if value.duplicates:
        raise undeserializable(f"duplicate field `{value.duplicates[0]}`")
    return value


def check_members(body: JsonObject, known: frozenset[str]) -> None:
    """Refuse the first top-level member that the operation does not know."""
    for name in body:
        if name not in known and name != request_members.CARRIER:
            raise invalid(f"Unknown parameter: '{name}'.", param=name, code="unknown_parameter")


def find_model(body: JsonObject) -> Model:
    """The model that a body names, or a 404."""
    name = body.get("model")
    if name is None:
        raise undeserializable("missing field `model`")
    if not isinstance(name, str):
        raise undeserializable("model: invalid type: expected a string")
    model = MODELS.get(name)
    if model is None:
        raise not_found(f"The model '{name}' does not exist")
    return model


def _check_route(model: Model, api: str, path: str, *, strict: bool) -> None:
    route = path[: path.index("/v1") + len("/v1")]
    if route != model.route and (strict or ANTHROPIC_V1 in (route, model.route)):
        raise invalid(f"model `{model.id}` isn't supported on this route")
    if api not in model.apis:
        tail = path[len(route) :]
        raise invalid(f"The model '{model.id}' does not support the '{V1}{tail}' API")


def flag(body: JsonObject, name: str, default: bool = False) -> bool:
    """An optional boolean member."""
    value = body.get(name)
    if value is not None and not isinstance(value, bool):
        raise undeserializable(f"{name}: invalid type: expected a boolean")
    return default if value is None else value


def whole(body: JsonObject, name: str, least: int = 1, most: int = 10_000_000) -> int | None:
    """An optional whole-number member within bounds."""
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise undeserializable(f"{name}: invalid type: expected an integer")
    if not least <= value <= most:
        raise invalid(f"'{name}' must be from {least} to {most}.", param=name)
    return value


Run = Callable[[Call], ASGIApp]


async def infer(
    request: Request,
    api: str,
    known: frozenset[str],
    run: Run,
    *,
    action: str = "CreateInference",
) -> ASGIApp:
    """Authenticate, parse, attribute, authorize, apply a fault if one waits, and answer."""
    state, raw, caller = state_of(request), received(request), authenticate(request)
    body = parse_object(lenient_body(raw.body) if state.settings.lenient else raw.body)
    if state.settings.strict_body:
        check_members(body, known)
    path = request.scope["path"]
    messages = path.startswith(f"{ANTHROPIC_V1}/")
    arn = attribution.named_arn(raw, body, state.projects, messages=messages)
    authorize_on_project(state, caller, action, arn, inference_keys(body))
    project = state.projects.get(arn)
    attribution.refuse_archived(project)
    model = find_model(body)
    _check_route(model, api, path, strict=state.settings.strict_routes)
    streamed = flag(body, "stream")
    background = api == RESPONSES and flag(body, "background")
    target = Target(api, model.id, project.id, caller.access_key_id, streamed, background)
    fault = state.faults.take(target)
    call = Call(state, raw, caller, api, body, project, model, streamed, fault)
    return run(call) if fault is None else faulty_answer(call, fault, run)


def faulty_answer(call: Call, fault: Fault, run: Run) -> ASGIApp:
    """The answer of a request that a fault waited for."""
    answer = _faulty(call, fault, run)
    delayed = fault.delays_whole_answer(streamed=call.streamed)
    return Delayed(fault.delay_s, answer) if delayed else answer


def _faulty(call: Call, fault: Fault, run: Run) -> ASGIApp:
    error = fault.error()
    if error is not None:
        return error.response(call.request.raw_path, call.request.request_id)
    if fault.kind in ("drop", "reset"):
        return HangUp(reset=fault.kind == "reset")
    return run(call)
