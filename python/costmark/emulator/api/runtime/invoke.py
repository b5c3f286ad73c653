"""InvokeModel and InvokeModelWithResponseStream: each family of models has its own bodies."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from starlette.responses import Response

from ...model.runtime_models import ANTHROPIC, INVOKE_MODEL, NOVA, TITAN_EMBEDDING, TITAN_TEXT
from ...wire.aws_frames import event_frame
from ...wire.errors import validation_exception
from ...wire.json_text import dumps
from .bodies import anthropic, nova, titan
from .serving import framed_answer, model_of, serve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.requests import Request
    from starlette.types import ASGIApp

    from ...wire.event_streams import Event
    from ..inference import Call
    from .bodies.made import Made

_FAMILIES = {
    ANTHROPIC: anthropic.make,
    NOVA: nova.make,
    TITAN_TEXT: titan.make_text,
    TITAN_EMBEDDING: titan.make_embedding,
}
_JSON = "application/json"
_TIERS = ("priority", "default", "flex", "reserved")
_LATENCY_MS, _FIRST_BYTE_MS = 12, 5


async def create(request: Request) -> ASGIApp:
    """POST invoke."""
    return await serve(request, INVOKE_MODEL, _answer, streamed=False)


async def stream(request: Request) -> ASGIApp:
    """POST invoke-with-response-stream."""
    return await serve(request, INVOKE_MODEL, _stream, streamed=True)


def _answer(call: Call) -> ASGIApp:
    made = _make(call)
    call.record("", made.usage, made.outcome)
    headers = {**_headers(call), **_counts(call, made), "content-type": _JSON}
    return Response(dumps(made.body), headers=headers)


def _stream(call: Call) -> ASGIApp:
    made = _make(call)
    if not made.chunks:
        raise validation_exception("The model is unsupported for streaming.")
    headers = {**_headers(call), "x-amzn-bedrock-content-type": _JSON}
    return framed_answer(call, _frames(call, made), made.usage, made.outcome, headers)


def _make(call: Call) -> Made:
    return _FAMILIES[model_of(call).family](call)


def _frames(call: Call, made: Made) -> Iterator[Event]:
    """What the model says, one event a frame; the last one has Bedrock's own counts in it."""
    for number, (body, produced) in enumerate(made.chunks, 1):
        last = {"amazon-bedrock-invocationMetrics": _metrics(call, made)}
        whole = {**body, **last} if number == len(made.chunks) else body
        encoded = base64.b64encode(dumps(whole)).decode("ascii")
        yield event_frame("chunk", {"bytes": encoded}, produced)


def _metrics(call: Call, made: Made) -> dict[str, int]:
    return {
        "inputTokenCount": _input_tokens(call, made),
        "outputTokenCount": made.usage.output_tokens,
        "invocationLatency": _LATENCY_MS,
        "firstByteLatency": _FIRST_BYTE_MS,
    }


def _counts(call: Call, made: Made) -> dict[str, str]:
    return {
        "x-amzn-bedrock-invocation-latency": str(_LATENCY_MS),
        "x-amzn-bedrock-input-token-count": str(_input_tokens(call, made)),
        "x-amzn-bedrock-output-token-count": str(made.usage.output_tokens),
    }


def _input_tokens(call: Call, made: Made) -> int:
    usage = made.usage
    cached = usage.cached_input_tokens + usage.cache_write_tokens
    return usage.input_tokens - (cached if model_of(call).counts_cached_apart else 0)


def _headers(call: Call) -> dict[str, str]:
    tier = call.request.value("x-amzn-bedrock-service-tier") or "default"
    if tier not in _TIERS:
        raise validation_exception(f"The service tier {tier} is not known.")
    return {"x-amzn-bedrock-service-tier": tier}
