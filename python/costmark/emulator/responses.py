"""Responses: create, get, cancel, delete, compact."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from . import attribution, parameters, prompts
from .answers import Answer, answer
from .catalogue import RESPONSES
from .delivery import streamed_answer, whole_answer
from .errors import ApiError, invalid
from .inference import Call, flag, infer, json_response
from .response_body import Draft, shown_usage
from .response_events import events
from .response_request import input_items, input_tokens, wanted
from .state import authenticate, received, state_of
from .stored import Stored
from .tokens import Usage

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp


async def create(request: Request) -> ASGIApp:
    """POST responses."""
    return await infer(request, RESPONSES, parameters.RESPONSES, _run)


async def compact(request: Request) -> ASGIApp:
    """POST responses/compact."""
    return await infer(request, RESPONSES, parameters.COMPACT, _compact)


def _conversation(call: Call) -> tuple[str, ...]:
    """The conversation that the request continues; it must be of the same project."""
    previous = call.body.get("previous_response_id")
    if previous is None:
        return ()
    stored = call.state.responses.find(str(previous), call.project.id)
    if stored is None:
        raise ApiError(
            404,
            "not_found_error",
            f"Previous response with id '{previous}' not found.",
            param="previous_response_id",
        )
    return stored.conversation


def _run(call: Call) -> ASGIApp:
    prompt = _conversation(call) + tuple(input_tokens(call.body))
    asked = wanted(call)
    question = prompts.last_text(input_items(call.body))
    made = answer(prompt, question, call.model.id, asked)
    usage = Usage(len(prompt), call.cached(prompt), made.output_tokens, made.reasoning_tokens)
    draft = Draft(call.body, call.model.id, made, call.state.ids)
    outcome = "incomplete" if made.truncated else "completed"
    finished = draft.finished(usage)
    store = flag(call.body, "store", True)
    if flag(call.body, "background") and not store:
        raise invalid("Background responses require 'store' to be true.", param="store")
    if flag(call.body, "background") and not call.streamed:
        return _background(call, draft, made, prompt, usage)
    if store:
        conversation = (*prompt, *made.pieces)
        call.state.responses.add(Stored(finished, call.project.id, conversation))
    if call.streamed:
        return streamed_answer(call, events(draft, usage), draft.id, usage, outcome)
    return whole_answer(call, finished, usage, outcome)


def _background(
    call: Call, draft: Draft, made: Answer, prompt: tuple[str, ...], usage: Usage
) -> ASGIApp:
    """Queue the response; it ends when it is first read, or when it is cancelled before."""
    stored = Stored(draft.unfinished("queued"), call.project.id, (*prompt, *made.pieces))

    def settle(outcome: str) -> dict[str, Any]:
        if outcome == "cancelled":
            read = Usage(usage.input_tokens, usage.cached_input_tokens)
            call.record(draft.id, read, outcome)
            return {**draft.unfinished("cancelled"), "usage": shown_usage(read)}
        call.record(draft.id, usage, "incomplete" if made.truncated else "completed")
        return draft.finished(usage)

    stored.settle = settle
    call.state.responses.add(stored)
    return json_response(stored.body)


def _compact(call: Call) -> ASGIApp:
    prompt = _conversation(call) + tuple(input_tokens(call.body))
    summary = answer(prompt, "", call.model.id, wanted(call))
    usage = Usage(len(prompt), call.cached(prompt), len(summary.pieces))
    ids = call.state.ids
    users = [each for each in input_items(call.body) if each.get("role") == "user"]
    kept = [{"type": "message", "status": "completed", **each} for each in users]
    for each in kept:
        each.setdefault("id", ids.new("msg_"))
        if isinstance(each["content"], str):
            each["content"] = [{"type": "input_text", "text": each["content"]}]
    sealed = {"type": "compaction", "id": ids.new("cmp_"), "encrypted_content": summary.text}
    body = {
        "id": ids.new("resp_"),
        "object": "response.compaction",
        "created_at": int(time.time()),
        "output": [*kept, sealed],
        "usage": shown_usage(usage),
    }
    return whole_answer(call, body, usage, "completed")


def _stored(request: Request) -> Stored:
    """The response that the path names, if the request's project has it."""
    authenticate(request)
    state = state_of(request)
    project = attribution.resolve(received(request), {}, state.projects)
    return state.responses.get(request.path_params["response_id"], project.id)


async def get(request: Request) -> Response:
    """GET responses/{response_id}."""
    stored = _stored(request)
    if stored.settle is not None:
        stored.body, stored.settle = stored.settle("completed"), None
    return json_response(stored.body)


async def cancel(request: Request) -> Response:
    """POST responses/{response_id}/cancel."""
    stored = _stored(request)
    if not stored.body.get("background"):
        raise invalid("Cannot cancel a synchronous response.")
    if stored.settle is not None:
        stored.body, stored.settle = stored.settle("cancelled"), None
    return json_response(stored.body)


async def delete(request: Request) -> Response:
    """DELETE responses/{response_id}."""
    stored = _stored(request)
    response_id = stored.body["id"]
    state_of(request).responses.remove(response_id, stored.project_id)
    return json_response({"id": response_id, "object": "response", "deleted": True})
