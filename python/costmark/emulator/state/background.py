"""Responses that are made in the background, by the emulator's clock.

queued ──begins_at──► in_progress ──ends_at──► completed, incomplete or failed
  │                        │
  └───────cancel()─────────┴─────────────────► cancelled
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

Body = dict[str, Any]


@dataclass
class BackgroundRun:
    """The way of one background response from its place in the queue to its end.

    Exactly one of `finish` and `cancel_at` is called, once: it records what the response cost and
    returns its final body. `cancel_at` takes the time, and None while the response is queued.
    """

    created_at: float
    begins_at: float
    ends_at: float
    finish: Callable[[], Body]
    cancel_at: Callable[[float | None], Body]
    cancelled_at: float = math.inf
    ended: bool = False

    def advance(self, body: Body, now: float) -> Body:
        """The body at `now`, given the one of an earlier time."""
        if self.ended or now < self.begins_at:
            return body
        if now < self.ends_at:
            return {**body, "status": "in_progress"}
        self.ended = True
        return self.finish()

    def cancel(self, body: Body, now: float) -> Body:
        """The body after a cancellation, which changes nothing about what has ended."""
        if self.ended:
            return body
        self.ended = True
        self.cancelled_at = now
        return self.cancel_at(now if now >= self.begins_at else None)

    def share_made(self, now: float) -> float:
        """How much of the answer there is at `now`, from 0 to 1."""
        span = self.ends_at - self.begins_at
        return min(1.0, max(0.0, (now - self.begins_at) / span)) if span > 0 else 1.0
