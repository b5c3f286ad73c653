"""Messages and its token counting."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ..model import prompts
from ..model.answers import Answer, Tool, Wanted, answer, choose_tool
from ..model.catalog import MESSAGES
from ..model.usage import Usage
from ..state.prompt_cache import PromptCache
from ..wire.errors import undeserializable
from ..wire.event_streams import event
from ..wire.json_text import JsonObject, loads
from . import request_members
from .delivery import streamed_answer, whole_answer
from .inference import Call, infer, json_response, whole

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.requests import Request
    from starlette.types import ASGIApp


async def create(request: Request) -> ASGIApp:
    """POST messages."""
    return await infer(request, MESSAGES, request_members.MESSAGES, _run)


async def count_tokens(request: Request) -> ASGIApp:
    """POST messages/count_tokens: no inference, no usage record."""
    return await infer(
        request, MESSAGES, request_members.COUNT_TOKENS, _count, action="CountTokens"
    )


def _count(call: Call) -> ASGIApp:
    return json_response({"input_tokens": len(_prompt(call.body))})


def _prompt(body: JsonObject) -> list[str]:
    pieces = prompts.of_json(body.get("tools"))
    pieces += prompts.of_content(body.get("system"), "system")
    return pieces + prompts.of_messages(body.get("messages"))


def _tool(body: JsonObject) -> Tool | None:
    tools = []
    for each in body.get("tools") or []:
        if not isinstance(each, dict) or not isinstance(each.get("name"), str):
            raise undeserializable("tools: missing field `name`")
        tools.append(Tool(each["name"], each.get("input_schema") or {"type": "object"}))
    choice = body.get("tool_choice")
    kind = choice.get("type") if isinstance(choice, dict) else None
    named = choice.get("name") if isinstance(choice, dict) and kind == "tool" else None
    return choose_tool(tools, kind, named)


def _wanted(body: JsonObject) -> Wanted:
    limit = whole(body, "max_tokens")
    if limit is None:
        raise undeserializable("missing field `max_tokens`")
    stop = body.get("stop_sequences") or []
    if not isinstance(stop, list) or not all(isinstance(each, str) for each in stop):
        raise undeserializable("stop_sequences: invalid type: expected a list of strings")
    thinking = body.get("thinking")
    thinks = isinstance(thinking, dict) and thinking.get("type") in ("enabled", "adaptive")
    return Wanted(limit=limit, stop=tuple(stop), tool=_tool(body), reasons=thinks)


@dataclass(frozen=True)
class Made:
    """An answer of the Messages API, before it takes one of its forms."""

    head: dict[str, Any]
    block: dict[str, Any]
    answer: Answer
    usage: Usage

    @property
    def outcome(self) -> str:
        """How the request ends in the records."""
        return "incomplete" if self.answer.truncated else "completed"

    def body(self) -> dict[str, Any]:
        """The answer in one piece."""
        ended = {"stop_reason": _stop_reason(self.answer), "stop_sequence": None}
        return {**self.head, "content": [self.block], **ended, "usage": _usage(self.usage)}

    def steps(self) -> Iterator[tuple[dict[str, Any], int]]:
        """The events of the answer, each with the output tokens that it has told of by then."""
        begun = _begun(self.usage)
        for body, produced in _steps(self.head, self.block, self.answer, self.usage):
            # What the first event has told is on the record, whenever the caller leaves.
            yield body, max(produced, begun.output_tokens)


def make(call: Call) -> Made:
    """The answer to a call whose body is one of the Messages API."""
    prompt = tuple(_prompt(call.body))
    question = prompts.last_text(call.body["messages"])
    made = answer(prompt, question, call.model.id, _wanted(call.body))
    if made.tool is not None and made.truncated:
        # Half a JSON object cannot be shown as a tool's input.
        made = replace(made, pieces=())
    cached = call.cached(prompt)
    written = PromptCache.remembered(prompt) - cached if _marks_for_cache(call.body) else 0
    usage = Usage(len(prompt), cached, made.output_tokens, made.reasoning_tokens, written)
    ids = call.state.ids
    head: dict[str, Any] = {
        "id": ids.new("msg_bdrk_"),
        "type": "message",
        "role": "assistant",
        "model": call.model.id,
    }
    return Made(head, _block(made, ids.new("toolu_bdrk_")), made, usage)


def _run(call: Call) -> ASGIApp:
    made = make(call)
    if not call.streamed:
        return whole_answer(call, made.body(), made.usage, made.outcome)
    events = (event(body, produced, name=body["type"]) for body, produced in made.steps())
    return streamed_answer(call, events, made.head["id"], made.usage, made.outcome)


def _marks_for_cache(value: object) -> bool:
    """Whether something in a body has `cache_control`: what is written to the cache then costs."""
    if isinstance(value, dict):
        return bool(value.get("cache_control")) or any(map(_marks_for_cache, value.values()))
    return isinstance(value, list) and any(map(_marks_for_cache, value))


def _block(made: Answer, call_id: str) -> dict[str, Any]:
    if made.tool is None:
        return {"type": "text", "text": made.text}
    arguments = loads(made.text.encode()) if made.pieces else {}
    return {"type": "tool_use", "id": call_id, "name": made.tool.name, "input": arguments}


def _stop_reason(made: Answer) -> str:
    if made.truncated:
        return "max_tokens"
    return "end_turn" if made.tool is None else "tool_use"


def _usage(usage: Usage) -> dict[str, Any]:
    """Usage as the Messages API shows it: the input without what was cached."""
    shown: dict[str, Any] = {
        "input_tokens": usage.input_tokens - usage.cached_input_tokens - usage.cache_write_tokens,
        "cache_creation_input_tokens": usage.cache_write_tokens,
        "cache_read_input_tokens": usage.cached_input_tokens,
        "cache_creation": {
            "ephemeral_5m_input_tokens": usage.cache_write_tokens,
            "ephemeral_1h_input_tokens": 0,
        },
        "output_tokens": usage.output_tokens,
        "service_tier": "standard",
    }
    if usage.reasoning_tokens:
        shown["output_tokens_details"] = {"thinking_tokens": usage.reasoning_tokens}
    return shown


def _begun(usage: Usage) -> Usage:
    return replace(usage, output_tokens=min(1, usage.output_tokens), reasoning_tokens=0)


def _steps(
    head: dict[str, Any], block: dict[str, Any], made: Answer, usage: Usage
) -> Iterator[tuple[dict[str, Any], int]]:
    produced = made.reasoning_tokens
    started: dict[str, Any] = {
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": _usage(_begun(usage)),
    }
    yield {"type": "message_start", "message": {**head, **started}}, 0
    empty = {**block, "text": ""} if made.tool is None else {**block, "input": {}}
    yield {"type": "content_block_start", "index": 0, "content_block": empty}, produced
    yield {"type": "ping"}, produced
    for piece in made.pieces:
        produced += 1
        delta = (
            {"type": "text_delta", "text": piece}
            if made.tool is None
            else {"type": "input_json_delta", "partial_json": piece}
        )
        yield {"type": "content_block_delta", "index": 0, "delta": delta}, produced
    yield {"type": "content_block_stop", "index": 0}, produced
    ended = {"stop_reason": _stop_reason(made), "stop_sequence": None}
    yield {"type": "message_delta", "delta": ended, "usage": _usage(usage)}, produced
    yield {"type": "message_stop"}, produced
