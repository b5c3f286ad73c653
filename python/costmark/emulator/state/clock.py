"""The emulator's clock, which can be moved forward."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Clock:
    """Tells the time of what happens: usage, bills, projects.

    Signatures and credentials go by the clock that this one is ahead of, since the clocks of
    clients are not moved.
    """

    def __init__(self, base: Callable[[], float]) -> None:
        self._base = base
        self.ahead_s = 0.0

    def __call__(self) -> float:
        """The time in seconds since the epoch."""
        return self._base() + self.ahead_s

    def forward(self, seconds: float) -> None:
        """Move it forward."""
        self.ahead_s += seconds

    def reset(self) -> None:
        """Go back to the clock that it was ahead of."""
        self.ahead_s = 0.0
