"""Titan: text, and embeddings, which are not streamed."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from ....model import tokenizer
from ....model.answers import Wanted, answer
from ....model.usage import Usage
from ....wire.errors import validation_exception
from .made import Made

if TYPE_CHECKING:
    from ....model.answers import Answer
    from ...inference import Call

_DIMENSIONS = (256, 512, 1024)


def make_text(call: Call) -> Made:
    """The answer to a call of Titan Text."""
    text, config = _input_text(call), call.body.get("textGenerationConfig") or {}
    prompt = tuple(tokenizer.split(text))
    wanted = Wanted(config.get("maxTokenCount"), tuple(config.get("stopSequences") or ()))
    made = answer(prompt, text, call.model.id, wanted)
    reason = "LENGTH" if made.truncated else "FINISH"
    body = {
        "inputTextTokenCount": len(prompt),
        "results": [
            {
                "tokenCount": made.output_tokens,
                "outputText": made.text,
                "completionReason": reason,
            }
        ],
    }
    outcome = "incomplete" if made.truncated else "completed"
    usage = Usage(len(prompt), 0, made.output_tokens)
    return Made(body, usage, outcome, _chunks(made, len(prompt), reason))


def make_embedding(call: Call) -> Made:
    """The answer to a call of Titan Embeddings."""
    text, size = _input_text(call), call.body.get("dimensions", 1024)
    if size not in _DIMENSIONS:
        raise validation_exception("dimensions must be 256, 512 or 1024.")
    tokens = len(tokenizer.split(text))
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
    vector = [digest[place % len(digest)] / 255 - 0.5 for place in range(size)]
    return Made({"embedding": vector, "inputTextTokenCount": tokens}, Usage(tokens), "completed")


def _input_text(call: Call) -> str:
    text = call.body.get("inputText")
    if not isinstance(text, str) or not text:
        raise validation_exception("inputText must be a string that is not empty.")
    return text


def _chunks(made: Answer, input_tokens: int, reason: str) -> list[tuple[dict[str, Any], int]]:
    last = len(made.pieces)
    return [
        (
            {
                "outputText": piece,
                "index": 0,
                "totalOutputTextTokenCount": produced,
                "completionReason": reason if produced == last else None,
                "inputTextTokenCount": input_tokens,
            },
            produced,
        )
        for produced, piece in enumerate(made.pieces, 1)
    ]
