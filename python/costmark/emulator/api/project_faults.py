"""Faults of the Projects API, on both planes: only those that name the operation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..state.faults import Target
from ..wire.event_streams import Delayed, HangUp
from .context import state_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.types import ASGIApp

    Handler = Callable[[Request], Awaitable[ASGIApp]]


def with_faults(operation: str, handler: Handler) -> Handler:
    """The same handler, and the fault that waits for its operation: ``ListProjects``."""

    async def handle(request: Request) -> ASGIApp:
        target = Target(operation, "", "", None, False, False, is_named=True)
        fault = state_of(request).faults.take(target)
        if fault is None:
            return await handler(request)
        error = fault.error()
        if error is not None:
            raise error
        if fault.kind in ("drop", "reset"):
            return HangUp(reset=fault.kind == "reset")
        request.scope["emulator.repeats_page"] = fault.kind == "repeat_page"
        answer = await handler(request)
        return Delayed(fault.delay_s, answer) if fault.delay_s > 0 else answer

    return handle
