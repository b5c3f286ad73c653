"""Nova: nearly the words of Converse."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ....model import prompts
from ....model.answers import Wanted, answer
from ....model.usage import Usage
from ....wire.errors import validation_exception
from ..converse import prompt_of
from .made import Made

if TYPE_CHECKING:
    from ....model.answers import Answer
    from ...inference import Call


def make(call: Call) -> Made:
    """The answer to a call."""
    body = call.body
    prompt = tuple(prompt_of(body, body.get("toolConfig")))
    made = answer(prompt, prompts.last_text(body["messages"]), call.model.id, _wanted(body))
    usage = Usage(len(prompt), call.cached(prompt), made.output_tokens)
    shown = {
        "inputTokens": usage.input_tokens,
        "outputTokens": usage.output_tokens,
        "totalTokens": usage.total_tokens,
        "cacheReadInputTokenCount": usage.cached_input_tokens,
        "cacheWriteInputTokenCount": 0,
    }
    stop = "max_tokens" if made.truncated else "end_turn"
    message = {"role": "assistant", "content": [{"text": made.text}]}
    whole = {"output": {"message": message}, "stopReason": stop, "usage": shown}
    outcome = "incomplete" if made.truncated else "completed"
    return Made(whole, usage, outcome, _chunks(made, shown, stop))


def _wanted(body: dict[str, Any]) -> Wanted:
    config = body.get("inferenceConfig") or {}
    limit = config.get("maxTokens", config.get("max_new_tokens"))
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 1):
        raise validation_exception("inferenceConfig.maxTokens must be at least 1.")
    return Wanted(limit=limit, stop=tuple(config.get("stopSequences") or ()))


def _chunks(made: Answer, usage: dict[str, int], stop: str) -> list[tuple[dict[str, Any], int]]:
    place, produced = {"contentBlockIndex": 0}, 0
    chunks: list[tuple[dict[str, Any], int]] = [({"messageStart": {"role": "assistant"}}, 0)]
    for piece in made.pieces:
        produced += 1
        chunks.append(({"contentBlockDelta": {"delta": {"text": piece}, **place}}, produced))
    chunks.append(({"contentBlockStop": place}, produced))
    chunks.append(({"messageStop": {"stopReason": stop}}, produced))
    chunks.append(({"metadata": {"usage": usage, "metrics": {}, "trace": {}}}, produced))
    return chunks
