"""What every request to `bedrock-runtime` goes through before its API answers it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from starlette.types import ASGIApp

from ...model.runtime_models import CONVERSE, RuntimeModel, runtime_model
from ...state.faults import Target
from ...wire.aws_frames import MEDIA_TYPE, broken, exception_frame
from ...wire.errors import AwsError, validation_exception
from ...wire.json_text import BadJsonError, JsonObject, loads
from ...wire.lenient import lenient_body
from ..authorization import authorize_invocation
from ..context import authenticate, received, state_of
from ..delivery import streamed_answer
from ..inference import Call, faulty_answer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.requests import Request

    from ...model.usage import Usage
    from ...state.emulator_state import State
    from ...state.projects import Project
    from ...wire.event_streams import Event
    from ...wire.received import Received

SIGNING_NAME = "bedrock"
MEMBER = "projectIdentifier"
HEADER = "x-amzn-bedrock-projectidentifier"

Run = Callable[[Call], ASGIApp]


async def serve(request: Request, api: str, run: Run, *, streamed: bool) -> ASGIApp:
    """Authenticate, parse, attribute, authorize, apply a fault if one waits, and answer."""
    state, raw = state_of(request), received(request)
    caller = authenticate(request, SIGNING_NAME)
    body = _parse(lenient_body(raw.body) if state.settings.lenient else raw.body)
    model = _find_model(request.path_params["model_id"], api)
    project = _project(state, raw, body, api)
    authorize_invocation(state, caller, model.id, project, streamed=streamed)
    _check_profile(model, project, state)
    target = Target(api, model.id, project.id, caller.access_key_id, streamed, False, streamed)
    fault = state.faults.take(target)
    call = Call(state, raw, caller, api, body, project, model, streamed, fault)
    return run(call) if fault is None else faulty_answer(call, fault, run)


def model_of(call: Call) -> RuntimeModel:
    """The model of a call to this endpoint."""
    assert isinstance(call.model, RuntimeModel)  # noqa: S101 - `serve` has found it
    return call.model


def framed_answer(
    call: Call, events: Iterable[Event], usage: Usage, outcome: str, headers: dict[str, str]
) -> ASGIApp:
    """The answer as frames, with what a fault does to them."""
    frames, fault = list(events), call.fault
    if fault is not None and fault.kind == "stream_exception":
        code, text = fault.code or "ModelStreamErrorException", fault.message or "It failed."
        frames, outcome = frames[: fault.after_events], "cut"
        produced = frames[-1].output_tokens if frames else 0
        frames.append(exception_frame(code, text, produced))
    elif fault is not None and fault.kind == "broken_frame" and fault.after_events < len(frames):
        frames[fault.after_events] = broken(frames[fault.after_events])
    content_type = {"content-type": MEDIA_TYPE}
    return streamed_answer(call, frames, "", usage, outcome, {**content_type, **headers})


def _parse(body: bytes) -> JsonObject:
    try:
        value = loads(body)
    except BadJsonError as error:
        raise validation_exception(f"Malformed input request: {error}") from None
    if not isinstance(value, JsonObject) or value.duplicates:
        raise validation_exception("Malformed input request: expected one JSON object.")
    return value


def _find_model(name: str, api: str) -> RuntimeModel:
    model = runtime_model(name)
    if model is None:
        raise validation_exception("The provided model identifier is invalid.")
    if api not in model.apis:
        raise validation_exception("This action doesn't support the model that you provided.")
    return model


def _project(state: State, request: Received, body: JsonObject, api: str) -> Project:
    """The project that a request names where its API looks for one; else the default one."""
    named = _member(body) if api == CONVERSE else _header(request)
    if named is None:
        return state.bedrock_projects.default
    prefix = state.settings.arn("", service=SIGNING_NAME)
    if named.startswith("arn:") and not named.startswith(prefix):
        raise validation_exception(f"'{named}' is no project of this account and Region.")
    project = state.bedrock_projects.find(named.removeprefix(prefix))
    # What the service answers for these two is not known; this is the emulator's choice.
    if project is None:
        raise AwsError(404, "ResourceNotFoundException", f"Project '{named}' does not exist.")
    if project.archived:
        raise validation_exception(f"Project '{named}' is archived.")
    return project


def _member(body: JsonObject) -> str | None:
    value = body.get(MEMBER)
    if MEMBER in body and (not isinstance(value, str) or not value):
        raise validation_exception(f"{MEMBER} must be a string that is not empty.")
    return value


def _header(request: Received) -> str | None:
    values = request.values(HEADER)
    if len(values) > 1 or values == [""]:
        raise validation_exception(f"The header {HEADER} must be sent once, with a project in it.")
    return values[0] if values else None


def _check_profile(model: RuntimeModel, project: Project, state: State) -> None:
    if model.of_application_profile and project is not state.bedrock_projects.default:
        raise validation_exception(
            "Application inference profiles don't support non-default projects."
        )
