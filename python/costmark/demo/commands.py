"""What else the demo's ledger can tell, in commands to be copied."""

from __future__ import annotations

import datetime as dt
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..bill import Window


@dataclass(frozen=True)
class Left:
    """What the demo leaves behind."""

    ledger: Path
    book: Path
    """The prices of its calls."""
    days: Window
    """On which they were made, by the clock of this machine."""
    export: Path | None
    """Their bill; None where the ledger has other calls, too."""

    def commands(self) -> Iterator[tuple[str, str]]:
        """What each shows, and the command."""
        first, last = self.days.first, self.days.last
        before, after = first - dt.timedelta(days=1), last + dt.timedelta(days=1)
        yield "a page of what was spent", self._line("report", "--html", "report.html")
        yield (
            "what changed since the day before, and why",
            self._line("compare", f"{before}", f"{first}..{last}" if first < last else f"{first}"),
        )
        yield (
            "what each team pays for the month; --close freezes it once it is over",
            self._line("chargeback", "--by", "tag:team", "--month", f"{first:%Y-%m}"),
        )
        if self.export is not None:
            against = ("--against", f"cur:{self.export}", "--since", f"{first}")
            until = ("--until", f"{after}", "--lag", "0", "--ledger")
            yield "ledger and bill, side by side", self._line("reconcile", *against, *until)

    def _line(self, *words: str) -> str:
        """Of a command that takes the ledger last."""
        return shlex.join(
            ["costmark", words[0], "--prices", f"{self.book}", *words[1:], f"{self.ledger}"]
        )
