"""Background responses: queued at once, made later, read or streamed at any time."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from ...state.background import BackgroundRun
from ...state.stored_responses import Stored
from ...wire.errors import invalid
from ...wire.event_streams import Event, Scheduled, ScheduledStream
from ..inference import Call, json_response
from .body import Draft, shown_usage
from .events import background_events

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from ...model.usage import Usage
    from ...state.emulator_state import State

# How much of the time until its end a response is queued.
_QUEUED_SHARE = 0.25


def start(call: Call, draft: Draft, prompt: tuple[str, ...], usage: Usage) -> ASGIApp:
    """Queue a response, and answer with it or with the stream of its events."""
    run = _run(call, draft, usage)
    stored = Stored(
        draft.unfinished("queued"), call.project.id, (*prompt, *draft.answer.pieces), run
    )
    call.state.responses.add(stored)
    if not call.streamed:
        return json_response(stored.body)
    ended = draft.failed() if _fails(call) else draft.finished(usage, run.ends_at)
    stored.schedule = partial(_schedule, run, draft, ended)
    return stream(call.state, stored, -1, call)


def _fails(call: Call) -> bool:
    return call.fault is not None and call.fault.kind == "fail_background"


def _run(call: Call, draft: Draft, usage: Usage) -> BackgroundRun:
    """When the response begins and ends, and what it then is and costs."""
    fault, length_s = call.fault, call.state.settings.background_s
    if fault is not None and fault.kind == "slow_background":
        length_s = fault.delay_s

    def finish() -> dict[str, Any]:
        if _fails(call):
            return draft.failed()
        call.record(draft.id, usage, draft.final_status, run.ends_at)
        return draft.finished(usage, run.ends_at)

    def cancel_at(now: float | None) -> dict[str, Any]:
        cancelled = draft.unfinished("cancelled")
        if now is None:
            return cancelled
        spent = _until(usage, run.share_made(now))
        call.record(draft.id, spent, "cancelled", now)
        return {**cancelled, "usage": shown_usage(spent)}

    now = call.state.now()
    run = BackgroundRun(now, now + length_s * _QUEUED_SHARE, now + length_s, finish, cancel_at)
    return run


def _until(usage: Usage, share: float) -> Usage:
    """What a response has cost when a share of its output is made."""
    made = int(usage.output_tokens * share)
    return replace(usage, output_tokens=made, reasoning_tokens=min(made, usage.reasoning_tokens))


def _schedule(run: BackgroundRun, draft: Draft, ended: dict[str, Any]) -> list[Scheduled]:
    """Every event and its time, in the pace in which the tokens are made."""
    queued, others, last = background_events(draft, ended)
    span = run.ends_at - run.begins_at
    total = draft.answer.output_tokens or 1

    def due(event: Event) -> float:
        return run.begins_at + span * event.output_tokens / total

    return [
        *(Scheduled(run.created_at, each) for each in queued),
        *(Scheduled(due(each), each) for each in others),
        Scheduled(run.ends_at, last),
    ]


def stream(state: State, stored: Stored, after: int, call: Call | None = None) -> ASGIApp:
    """The events of a response that come after a sequence number; a `call` may have a fault."""
    if stored.schedule is None or stored.run is None:
        raise invalid(
            "Only a background response that was created with 'stream' can be streamed.",
            param="stream",
        )
    run = stored.run
    fault = call.fault if call is not None else None
    return ScheduledStream(
        stored.schedule()[after + 1 :],
        state.now,
        called_off_at=lambda: run.cancelled_at,
        delay_s=fault.delay_s if fault is not None and fault.kind == "slow" else 0.0,
        cut_after=fault.after_events if fault is not None and fault.kind == "drop_stream" else None,
    )
