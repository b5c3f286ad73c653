"""What a check finds, and how it is shown."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from typing import Literal
from urllib.parse import urlsplit, urlunsplit

from ..output import fitted, plain

State = Literal["green", "yellow", "red", "not checked"]
_COLORS = {"green": "32", "yellow": "33", "red": "31", "not checked": "2"}
_NAME_WIDTH, _STATE_WIDTH = 17, 13


@dataclass(frozen=True)
class Check:
    """One line of the page: green is right, yellow worth a look, red wrong."""

    name: str
    state: State
    found: str
    remedy: str = ""
    takes: str = ""
    """How long the remedy takes until it holds."""
    details: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    """Of the remedy, each to be copied as a whole."""


def green(name: str, found: str, *details: str) -> Check:
    """What is right."""
    return Check(name, "green", found, details=details)


def skipped(name: str, why: str, remedy: str = "", takes: str = "") -> Check:
    """What could not be checked."""
    return Check(name, "not checked", why, remedy, takes)


@dataclass
class Page:
    """All checks of a run."""

    checks: list[Check] = field(default_factory=list)
    made: datetime = field(default_factory=lambda: datetime.now(timezone.utc))

    def add(self, checks: Iterable[Check]) -> None:
        """Add what was found."""
        self.checks.extend(checks)

    def has_red(self, *names: str) -> bool:
        """Whether one of these, or of all, is red."""
        return any(c.state == "red" for c in self.checks if not names or c.name in names)

    def as_json(self) -> str:
        """For a ticket: nothing in it is secret."""
        value = {
            "version": 1,
            "made": f"{self.made:%Y-%m-%dT%H:%M:%SZ}",
            "checks": [asdict(each) for each in self.checks],
        }
        return json.dumps(value, indent=1)

    def text(self) -> str:
        """For people: a line a check, with what to do below it."""
        lines = [line for each in self.checks for line in _lines(each)]
        to_do = [each for each in self.checks if each.state in ("red", "yellow")]
        if not to_do:
            return "\n".join([*lines, "", "nothing is missing"])
        counts = [
            f"{sum(each.state == state for each in to_do)} {state}" for state in ("red", "yellow")
        ]
        return "\n".join([*lines, "", f"to do: {', '.join(counts)}"])


def _lines(check: Check) -> list[str]:
    state = f"{check.state:<{_STATE_WIDTH}}"
    first, *rest = _beside(f"{state}{check.name:<{_NAME_WIDTH}}", check.found)
    lines = [_colored(state, check.state) + first[_STATE_WIDTH:], *rest]
    indent = " " * (_STATE_WIDTH + _NAME_WIDTH)
    for each in check.details:
        lines += _beside(indent, each)
    if check.remedy:
        takes = f" (takes {check.takes})" if check.takes else ""
        lines += _beside(f"{indent}do: ", f"{check.remedy}{takes}")
        lines += [f"{indent}    {plain(each)}" for each in check.commands]
    return lines


def _beside(name: str, text: str) -> list[str]:
    return fitted(plain(text), sys.stdout, name)


def _colored(text: str, state: str) -> str:
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR"):
        return text
    return f"\x1b[{_COLORS[state]}m{text}\x1b[0m"


def shown_url(url: str) -> str:
    """A URL without what may be a secret in it: user, query, fragment."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
