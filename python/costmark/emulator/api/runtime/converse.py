"""Converse and ConverseStream."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ...model import prompts, tokenizer
from ...model.answers import Answer, Tool, Wanted, answer, choose_tool
from ...model.runtime_models import CONVERSE
from ...model.usage import Usage
from ...state.prompt_cache import PromptCache
from ...wire.aws_frames import event_frame
from ...wire.errors import validation_exception
from ...wire.json_text import JsonObject, loads
from ..delivery import whole_answer
from .serving import MEMBER, framed_answer, model_of, serve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.requests import Request
    from starlette.types import ASGIApp

    from ...wire.event_streams import Event
    from ..inference import Call

_MEMBERS = frozenset(
    f"""
    additionalModelRequestFields additionalModelResponseFieldPaths guardrailConfig inferenceConfig
    messages outputConfig performanceConfig {MEMBER} promptVariables requestMetadata serviceTier
    system toolConfig
    """.split()
)
_LATENCY_MS = 12


async def create(request: Request) -> ASGIApp:
    """POST converse."""
    return await serve(request, CONVERSE, _answer, streamed=False)


async def stream(request: Request) -> ASGIApp:
    """POST converse-stream."""
    return await serve(request, CONVERSE, _stream, streamed=True)


def _answer(call: Call) -> ASGIApp:
    made, usage = _make(call)
    body = {
        "output": {"message": {"role": "assistant", "content": [_block(call, made)]}},
        "stopReason": _stop_reason(made),
        "usage": shown_usage(call, usage),
        "metrics": {"latencyMs": _LATENCY_MS},
        "serviceTier": {"type": _tier(call.body)},
    }
    return whole_answer(call, body, usage, _outcome(made))


def _stream(call: Call) -> ASGIApp:
    made, usage = _make(call)
    return framed_answer(call, _events(call, made, usage), usage, _outcome(made), {})


def _events(call: Call, made: Answer, usage: Usage) -> Iterator[Event]:
    produced, place = made.reasoning_tokens, {"contentBlockIndex": 0}
    yield event_frame("messageStart", {"role": "assistant"})
    if made.tool is not None:
        use = {"toolUseId": call.state.ids.new("tooluse_"), "name": made.tool.name}
        yield event_frame("contentBlockStart", {"start": {"toolUse": use}, **place}, produced)
    for piece in made.pieces:
        produced += 1
        delta = {"text": piece} if made.tool is None else {"toolUse": {"input": piece}}
        yield event_frame("contentBlockDelta", {"delta": delta, **place}, produced)
    yield event_frame("contentBlockStop", place, produced)
    yield event_frame("messageStop", {"stopReason": _stop_reason(made)}, produced)
    told = {
        "usage": shown_usage(call, usage),
        "metrics": {"latencyMs": _LATENCY_MS},
        "serviceTier": {"type": _tier(call.body)},
    }
    yield event_frame("metadata", told, produced)


def _make(call: Call) -> tuple[Answer, Usage]:
    """The answer, and what it costs."""
    body = call.body
    if call.state.settings.strict_body:
        unknown = next((name for name in body if name not in _MEMBERS), None)
        if unknown is not None:
            raise validation_exception(f"The member {unknown} is not known to Converse.")
    prompt = tuple(prompt_of(body, body.get("toolConfig")))
    made = answer(prompt, prompts.last_text(body["messages"]), call.model.id, _wanted(body))
    if made.tool is not None and made.truncated:
        made = replace(made, pieces=())  # half a JSON object cannot be shown as a tool's input
    cached = call.cached(prompt)
    written = PromptCache.remembered(prompt) - cached if _has_cache_point(body) else 0
    return made, Usage(len(prompt), cached, made.output_tokens, 0, written)


def shown_usage(call: Call, usage: Usage) -> dict[str, Any]:
    """Usage in the words of Converse, which Nova has too."""
    cached = usage.cached_input_tokens + usage.cache_write_tokens
    apart = cached if model_of(call).counts_cached_apart else 0
    return {
        "inputTokens": usage.input_tokens - apart,
        "outputTokens": usage.output_tokens,
        "totalTokens": usage.total_tokens,
        "cacheReadInputTokens": usage.cached_input_tokens,
        "cacheWriteInputTokens": usage.cache_write_tokens,
    }


# --- The request ----------------------------------------------------------------------------------


def prompt_of(body: JsonObject, tools: Any) -> list[str]:
    """The tokens of a prompt in the shape of Converse, which Nova has too."""
    pieces = prompts.of_json(tools)
    for block in _list(body.get("system") or [], "system"):
        pieces += _of_block(block)
    messages = _list(body.get("messages"), "messages")
    if not messages:
        raise validation_exception("messages must have at least one message.")
    for message in messages:
        if not isinstance(message, dict) or message.get("role") not in ("user", "assistant"):
            raise validation_exception("A message must have the role user or assistant.")
        pieces += tokenizer.split(message["role"])
        for block in _list(message.get("content"), "content"):
            pieces += _of_block(block)
    return pieces


def _list(value: Any, name: str) -> list[Any]:
    if not isinstance(value, list):
        raise validation_exception(f"{name} must be a list.")
    return value


def _of_block(block: Any) -> list[str]:
    if not isinstance(block, dict) or len(block) != 1:
        raise validation_exception("A content block must have exactly one member.")
    kind, value = next(iter(block.items()))
    if kind == "text":
        if not isinstance(value, str):
            raise validation_exception("text must be a string.")
        return tokenizer.split(value)
    if kind in ("image", "document", "video", "audio"):
        return ["<attachment>"] * tokenizer.ATTACHMENT_TOKENS
    return [] if kind == "cachePoint" else prompts.of_json(value)


def _wanted(body: JsonObject) -> Wanted:
    config = body.get("inferenceConfig") or {}
    limit, stop = config.get("maxTokens"), config.get("stopSequences") or []
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 1):
        raise validation_exception("inferenceConfig.maxTokens must be at least 1.")
    return Wanted(limit=limit, stop=tuple(stop), tool=_tool(body.get("toolConfig") or {}))


def _tool(config: Any) -> Tool | None:
    specs = [each["toolSpec"] for each in config.get("tools") or [] if "toolSpec" in each]
    tools = [Tool(each["name"], each["inputSchema"].get("json", {})) for each in specs]
    choice = config.get("toolChoice") or {}
    named = choice["tool"]["name"] if "tool" in choice else None
    return choose_tool(tools, "any" if "any" in choice else None, named)


def _has_cache_point(value: object) -> bool:
    """Whether something in a body marks a prompt to be kept: what is written then costs."""
    if isinstance(value, dict):
        return "cachePoint" in value or any(map(_has_cache_point, value.values()))
    return isinstance(value, list) and any(map(_has_cache_point, value))


# --- The answer -----------------------------------------------------------------------------------


def _block(call: Call, made: Answer) -> dict[str, Any]:
    if made.tool is None:
        return {"text": made.text}
    arguments = loads(made.text.encode()) if made.pieces else {}
    use_id = call.state.ids.new("tooluse_")
    return {"toolUse": {"toolUseId": use_id, "name": made.tool.name, "input": arguments}}


def _stop_reason(made: Answer) -> str:
    if made.truncated:
        return "max_tokens"
    return "end_turn" if made.tool is None else "tool_use"


def _outcome(made: Answer) -> str:
    return "incomplete" if made.truncated else "completed"


def _tier(body: JsonObject) -> str:
    tier = body.get("serviceTier") or {}
    return str(tier.get("type", "default"))
