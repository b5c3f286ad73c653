"""How an answer leaves: whole or as a stream, its usage recorded either way."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..wire.event_streams import SERVER_SENT_EVENTS, Event, EventStream
from .inference import Call, json_response

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from starlette.types import ASGIApp

    from ..model.usage import Usage


def whole_answer(call: Call, body: Any, usage: Usage, outcome: str) -> ASGIApp:
    """The answer in one piece."""
    call.record(body.get("id", ""), usage, outcome)
    return json_response(body)


def streamed_answer(
    call: Call,
    events: Iterable[Event],
    response_id: str,
    usage: Usage,
    outcome: str,
    headers: Mapping[str, str] = SERVER_SENT_EVENTS,
) -> ASGIApp:
    """The answer as a stream; one that is cut is billed for what it produced."""

    def ended(how: str, produced: int) -> None:
        reasoning = min(usage.reasoning_tokens, produced)
        partial = replace(usage, output_tokens=produced, reasoning_tokens=reasoning)
        call.record(response_id, partial, how)

    fault = call.fault
    slow = fault is not None and fault.kind == "slow"
    cut = fault is not None and fault.kind == "drop_stream"
    return EventStream(
        events,
        ended,
        headers=headers,
        outcome=outcome,
        delay_s=fault.delay_s if fault is not None and slow else 0.0,
        cut_after=fault.after_events if fault is not None and cut else None,
    )
