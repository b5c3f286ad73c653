"""Streams of events, and the ways in which a connection can go wrong."""

from __future__ import annotations

import asyncio
import socket
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from .json_text import dumps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from starlette.types import ASGIApp, Receive, Scope, Send

SERVER_SENT_EVENTS = {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache",
}


# How often a stream that waits looks at its clock, and whether it was called off.
_LOOK_EVERY_S = 0.02


@dataclass(frozen=True)
class Event:
    """One event as bytes, and how many output tokens were produced when it was sent."""

    data: bytes
    output_tokens: int = 0


@dataclass(frozen=True)
class Scheduled:
    """An event, and when it is due by the emulator's clock."""

    due: float
    event: Event


def event(body: Any, output_tokens: int = 0, *, name: str | None = None) -> Event:
    """An event whose data is JSON."""
    head = f"event: {name}\n".encode() if name else b""
    return Event(head + b"data: " + dumps(body) + b"\n\n", output_tokens)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _head(headers: Mapping[str, str]) -> dict[str, Any]:
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    return {"type": "http.response.start", "status": 200, "headers": pairs}


def _transport(scope: Scope) -> asyncio.Transport:
    return cast("asyncio.Transport", scope["state"]["transport"])


class Delayed:
    """Another answer, some time later; none if the caller goes away before."""

    def __init__(self, delay_s: float, answer: ASGIApp) -> None:
        self._delay_s = delay_s
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wait, then answer."""
        gone = asyncio.ensure_future(_gone(receive))
        await asyncio.wait({gone}, timeout=self._delay_s)
        if not gone.cancel():
            return
        await self._answer(scope, receive, send)


class HangUp:
    """Ends the connection without an answer, in order or with a reset."""

    def __init__(self, *, reset: bool) -> None:
        self._reset = reset

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hang up."""
        transport = _transport(scope)
        if self._reset:
            # Zero linger makes the kernel send RST in place of FIN.
            connection = transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            transport.abort()
        else:
            transport.close()
        await _gone(receive)


class EventStream:
    """Sends events; whatever happens, `ended(outcome, output_tokens)` is called exactly once.

    A stream that runs to its end is `ended` before its last event is sent, so that a caller who
    has read everything finds the record.
    """

    def __init__(
        self,
        events: Iterable[Event],
        ended: Callable[[str, int], None],
        *,
        headers: Mapping[str, str] = SERVER_SENT_EVENTS,
        outcome: str = "completed",
        delay_s: float = 0.0,
        cut_after: int | None = None,
    ) -> None:
        self._events = list(events)
        self._ended = ended
        self._headers = headers
        self._outcome = outcome
        self._delay_s = delay_s
        self._cut_after = cut_after
        self._produced = 0
        self._told = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send every event, until the caller goes away or the stream is to be cut."""
        gone = asyncio.ensure_future(_gone(receive))
        try:
            await send(_head(self._headers))
            for number, each in enumerate(self._events):
                if number == self._cut_after:
                    break
                await asyncio.wait({gone}, timeout=self._delay_s)
                if gone.done():
                    return
                self._produced = each.output_tokens
                if number == len(self._events) - 1 and self._cut_after is None:
                    self._end(self._outcome)
                await send({"type": "http.response.body", "body": each.data, "more_body": True})
            if self._cut_after is None:
                await send({"type": "http.response.body", "body": b""})
                return
            self._end("cut")
            _transport(scope).close()
            await gone
        finally:
            gone.cancel()
            self._end("cancelled")

    def _end(self, outcome: str) -> None:
        """Tell how the stream ended; only the first word counts."""
        if not self._told:
            self._told = True
            self._ended(outcome, self._produced)


class ScheduledStream:
    """Sends events as they fall due; the caller who goes away changes nothing about what follows.

    What is due after the moment of `called_off_at` is not sent: the stream ends there.
    """

    def __init__(
        self,
        schedule: Iterable[Scheduled],
        clock: Callable[[], float],
        *,
        called_off_at: Callable[[], float],
        delay_s: float = 0.0,
        cut_after: int | None = None,
    ) -> None:
        self._schedule = list(schedule)
        self._clock = clock
        self._called_off_at = called_off_at
        self._delay_s = delay_s
        self._cut_after = cut_after

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send every event, until the caller goes away or the stream is to be cut."""
        gone = asyncio.ensure_future(_gone(receive))
        try:
            await send(_head(SERVER_SENT_EVENTS))
            for each in self._schedule[: self._cut_after]:
                await self._wait(each.due, gone)
                if gone.done():
                    return
                if each.due > self._called_off_at():
                    break
                body = each.event.data
                await send({"type": "http.response.body", "body": body, "more_body": True})
            if self._cut_after is None:
                await send({"type": "http.response.body", "body": b""})
                return
            _transport(scope).close()
            await gone
        finally:
            gone.cancel()

    async def _wait(self, due: float, gone: asyncio.Future[None]) -> None:
        if self._delay_s:
            await asyncio.wait({gone}, timeout=self._delay_s)
        while not gone.done() and due <= self._called_off_at():
            left = due - self._clock()
            if left <= 0:
                return
            await asyncio.wait({gone}, timeout=min(left, _LOOK_EVERY_S))
