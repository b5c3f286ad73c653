"""Chat Completions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..model import prompts
from ..model.answers import Answer, Tool, Wanted, answer, choose_tool
from ..model.catalog import CHAT
from ..model.usage import Usage
from ..wire.errors import invalid, undeserializable
from ..wire.event_streams import Event, event
from . import request_members
from .delivery import streamed_answer, whole_answer
from .inference import Call, flag, infer, whole

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.requests import Request
    from starlette.types import ASGIApp

    from ..wire.json_text import JsonObject


async def create(request: Request) -> ASGIApp:
    """POST chat/completions."""
    return await infer(request, CHAT, request_members.CHAT, _run)


def _run(call: Call) -> ASGIApp:
    body = call.body
    prompt = tuple(_prompt(body))
    wanted = _wanted(call)
    many = whole(body, "n", 1, 128) or 1
    question = prompts.last_text(body["messages"])
    answers = [answer(prompt, question, call.model.id, wanted, nth) for nth in range(many)]
    include_usage = _include_usage(body)
    usage = Usage(
        len(prompt),
        call.cached(prompt),
        sum(each.output_tokens for each in answers),
        sum(each.reasoning_tokens for each in answers),
    )
    ids = call.state.ids
    head = {
        "id": ids.new("chatcmpl-"),
        "object": "chat.completion.chunk" if call.streamed else "chat.completion",
        "created": int(call.state.now()),
        "model": call.model.id,
        "service_tier": "default",
    }
    call_ids = [ids.new("call_") for _ in answers]
    outcome = "incomplete" if any(each.truncated for each in answers) else "completed"
    shown = _usage(usage, details=call.model.usage_details)
    if not call.streamed:
        choices = [_choice(nth, each, call_ids[nth]) for nth, each in enumerate(answers)]
        return whole_answer(call, {**head, "choices": choices, "usage": shown}, usage, outcome)
    chunks = _chunks(head, answers, call_ids, shown if include_usage else None)
    return streamed_answer(call, chunks, str(head["id"]), usage, outcome)


def _prompt(body: JsonObject) -> list[str]:
    pieces = prompts.of_json(body.get("tools")) + prompts.of_json(_schema(body))
    return pieces + prompts.of_messages(body.get("messages"))


def _schema(body: JsonObject) -> Any:
    form = body.get("response_format")
    if form is None:
        return None
    kind = form.get("type") if isinstance(form, dict) else None
    if kind == "text":
        return None
    if kind == "json_object":
        return {"type": "object", "properties": {"answer": {"type": "string"}}}
    described = form.get("json_schema") if kind == "json_schema" else None
    if not isinstance(described, dict) or "schema" not in described:
        raise undeserializable("response_format: expected text, json_object or json_schema")
    return described["schema"]


def _tool(body: JsonObject) -> Tool | None:
    offered = body.get("tools") or []
    tools = []
    for each in offered if isinstance(offered, list) else [offered]:
        function = each.get("function") if isinstance(each, dict) else None
        if not isinstance(function, dict) or not isinstance(function.get("name"), str):
            raise undeserializable("tools: missing field `function`")
        tools.append(Tool(function["name"], function.get("parameters") or {"type": "object"}))
    choice = body.get("tool_choice")
    function = choice.get("function") if isinstance(choice, dict) else None
    named = function.get("name") if isinstance(function, dict) else None
    return choose_tool(tools, choice, named)


def _wanted(call: Call) -> Wanted:
    body = call.body
    if body.get("max_tokens") is not None and not call.model.takes_max_tokens:
        raise invalid(
            "Unsupported parameter: 'max_tokens' is not supported with this model."
            " Use 'max_completion_tokens' instead.",
            param="max_tokens",
            code="unsupported_parameter",
        )
    limits = [whole(body, "max_tokens"), whole(body, "max_completion_tokens")]
    stop = body.get("stop") or []
    stops = [stop] if isinstance(stop, str) else stop
    if not isinstance(stops, list) or not all(isinstance(each, str) for each in stops):
        raise undeserializable("stop: invalid type: expected a string or a list of strings")
    return Wanted(
        limit=min((limit for limit in limits if limit is not None), default=None),
        stop=tuple(stops),
        schema=_schema(body),
        tool=_tool(body),
        reasons=call.model.reasons,
        effort=str(body.get("reasoning_effort") or "medium"),
    )


def _include_usage(body: JsonObject) -> bool:
    options = body.get("stream_options")
    if options is None:
        return False
    if not isinstance(options, dict):
        raise undeserializable("stream_options: invalid type: expected an object")
    if not flag(body, "stream"):
        raise invalid(
            "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
            param="stream_options",
        )
    return options.get("include_usage") is True


def _usage(usage: Usage, *, details: bool) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.total_tokens,
    }
    if details:
        shown["prompt_tokens_details"] = {"cached_tokens": usage.cached_input_tokens}
        shown["completion_tokens_details"] = {"reasoning_tokens": usage.reasoning_tokens}
    return shown


def _finish(each: Answer) -> str:
    if each.truncated:
        return "length"
    return "stop" if each.tool is None else "tool_calls"


def _choice(nth: int, each: Answer, call_id: str) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": each.text, "refusal": None}
    if each.tool is not None:
        function = {"name": each.tool.name, "arguments": each.text}
        message["content"] = None
        message["tool_calls"] = [{"id": call_id, "type": "function", "function": function}]
    return {
        "index": nth,
        "message": message,
        "finish_reason": _finish(each),
        "logprobs": None,
    }


def _deltas(each: Answer, call_id: str) -> Iterator[tuple[dict[str, Any], int]]:
    """What each chunk of a choice adds, and the output tokens produced by then."""
    produced = each.reasoning_tokens
    if each.tool is None:
        yield {"role": "assistant", "content": ""}, 0
    else:
        function = {"name": each.tool.name, "arguments": ""}
        opened = {"index": 0, "id": call_id, "type": "function", "function": function}
        yield {"role": "assistant", "content": None, "tool_calls": [opened]}, 0
    for piece in each.pieces:
        produced += 1
        if each.tool is None:
            yield {"content": piece}, produced
        else:
            yield {"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}, produced


def _chunks(
    head: dict[str, Any], answers: list[Answer], call_ids: list[str], usage: Any
) -> Iterator[Event]:
    # With usage asked for, every chunk before the last carries an explicit null.
    pending = {} if usage is None else {"usage": None}
    before = 0
    for nth, each in enumerate(answers):
        for delta, produced in _deltas(each, call_ids[nth]):
            choice = {"index": nth, "delta": delta, "finish_reason": None}
            yield event({**head, "choices": [choice], **pending}, before + produced)
        before += each.output_tokens
        ended = {"index": nth, "delta": {}, "finish_reason": _finish(each)}
        yield event({**head, "choices": [ended], **pending}, before)
    if usage is not None:
        yield event({**head, "choices": [], "usage": usage}, before)
    yield Event(b"data: [DONE]\n\n", before)
