"""Responses: create, get, cancel, delete."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...model import prompts
from ...model.answers import answer
from ...model.catalog import RESPONSES
from ...model.usage import Usage
from ...state.stored_responses import Stored
from ...wire.errors import invalid
from .. import attribution, request_members
from ..authorization import authorize_on_project
from ..context import authenticate, received, state_of
from ..delivery import streamed_answer, whole_answer
from ..inference import Call, flag, infer, json_response
from . import background
from .body import Draft
from .events import events
from .request import input_items, wanted, whole_prompt

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp


async def create(request: Request) -> ASGIApp:
    """POST responses."""
    return await infer(request, RESPONSES, request_members.RESPONSES, _run)


def _run(call: Call) -> ASGIApp:
    prompt = whole_prompt(call)
    made = answer(prompt, prompts.last_text(input_items(call.body)), call.model.id, wanted(call))
    store, in_background = flag(call.body, "store", True), flag(call.body, "background")
    if in_background and not store:
        raise invalid("Background responses require 'store' to be true.", param="store")
    usage = Usage(len(prompt), call.cached(prompt), made.output_tokens, made.reasoning_tokens)
    now = call.state.now()
    draft = Draft(call.body, call.model.id, made, call.state.ids, now)
    if in_background:
        return background.start(call, draft, prompt, usage)
    finished = draft.finished(usage, now)
    if store:
        call.state.responses.add(Stored(finished, call.project.id, (*prompt, *made.pieces)))
    if call.streamed:
        return streamed_answer(call, events(draft, finished), draft.id, usage, draft.final_status)
    return whole_answer(call, finished, usage, draft.final_status)


def _stored(request: Request, action: str) -> Stored:
    """The response that the path names, if the request's project has it."""
    caller, state = authenticate(request), state_of(request)
    arn = attribution.named_arn(received(request), {}, state.projects)
    authorize_on_project(state, caller, action, arn)
    project = state.projects.get(arn)
    return state.responses.get(request.path_params["response_id"], project.id)


async def get(request: Request) -> ASGIApp:
    """GET responses/{response_id}, as it is now or as the rest of its stream."""
    stored = _stored(request, "GetInference")
    streamed = request.query_params.get("stream", "false")
    if streamed not in ("true", "false"):
        raise invalid("'stream' must be true or false.", param="stream")
    after = _starting_after(request, streamed=streamed == "true")
    if streamed == "true":
        return background.stream(state_of(request), stored, after)
    return json_response(stored.body)


def _starting_after(request: Request, *, streamed: bool) -> int:
    text = request.query_params.get("starting_after")
    if text is None:
        return -1
    if not (streamed and text.isascii() and text.isdigit() and len(text) < 10):
        raise invalid(
            "'starting_after' must be the sequence number of an event, and needs 'stream=true'.",
            param="starting_after",
        )
    return int(text)


async def cancel(request: Request) -> Response:
    """POST responses/{response_id}/cancel."""
    stored = _stored(request, "CancelInference")
    if stored.run is None:
        raise invalid("Cannot cancel a synchronous response.")
    stored.cancel(state_of(request).now())
    return json_response(stored.body)


async def delete(request: Request) -> Response:
    """DELETE responses/{response_id}."""
    stored, state = _stored(request, "DeleteInference"), state_of(request)
    response_id = stored.body["id"]
    state.responses.remove(response_id, stored.project_id, state.now())
    return json_response({"id": response_id, "object": "response", "deleted": True})
