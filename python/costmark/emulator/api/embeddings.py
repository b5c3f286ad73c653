"""Embeddings."""

from __future__ import annotations

import base64
import hashlib
import struct
from typing import TYPE_CHECKING, Any

from ..model import tokenizer
from ..model.catalog import EMBEDDINGS
from ..model.usage import Usage
from ..wire.errors import invalid, undeserializable
from . import request_members
from .delivery import whole_answer
from .inference import Call, infer, whole

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp

_DIMENSIONS = 64


async def create(request: Request) -> ASGIApp:
    """POST embeddings."""
    return await infer(request, EMBEDDINGS, request_members.EMBEDDINGS, _run)


def _inputs(given: Any) -> list[str]:
    if given is None:
        raise undeserializable("missing field `input`")
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list) or not all(isinstance(each, str) for each in texts):
        raise undeserializable("input: invalid type: expected a string or a list of strings")
    if not texts:
        raise invalid("'input' must not be empty.", param="input")
    return texts


def _vector(text: str, dimensions: int) -> list[float]:
    """A unit vector that follows from the text."""
    digest = hashlib.shake_256(text.encode("utf-8", "surrogatepass")).digest(dimensions)
    raw = [byte - 127.5 for byte in digest]
    norm = sum(each * each for each in raw) ** 0.5
    return [each / norm for each in raw]


def _run(call: Call) -> ASGIApp:
    texts = _inputs(call.body.get("input"))
    form = call.body.get("encoding_format") or "float"
    if form not in ("float", "base64"):
        raise invalid("'encoding_format' must be float or base64.", param="encoding_format")
    dimensions = whole(call.body, "dimensions", 1, 4096) or _DIMENSIONS
    data = []
    for number, text in enumerate(texts):
        vector: Any = _vector(text, dimensions)
        if form == "base64":
            packed = struct.pack(f"<{dimensions}f", *vector)
            vector = base64.b64encode(packed).decode("ascii")
        data.append({"object": "embedding", "index": number, "embedding": vector})
    usage = Usage(sum(tokenizer.count(text) for text in texts))
    shown = {"prompt_tokens": usage.input_tokens, "total_tokens": usage.input_tokens}
    body = {"object": "list", "data": data, "model": call.model.id, "usage": shown}
    return whole_answer(call, body, usage, "completed")
