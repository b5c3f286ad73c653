"""What sums leave out, or are not sure of, in the same words everywhere."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# What is counted, and what it is; of one, and of more, where that differs.
_SAID = {
    "unattributed": ("attempt", "without a project"),
    "unpriced": ("attempt", "without a price in the book"),
    "partial": ("attempt", "of which a part has no price"),
    "elsewhere": ("attempt", "billed elsewhere: reserved capacity, batch jobs"),
    "incomplete": ("attempt", "cut short; what was seen counts"),
    "untold": ("attempt", "that did not fail and reported no usage"),
    "unknown": ("attempt", "that began and has no end|that began and have no end"),
    "in flight": ("attempt", "not ended yet"),
    "refused": ("call", "not sent"),
    "torn": ("row", "cut off in writing"),
    "lost": ("row", "that had no room, as their writers say"),
    "unreadable": ("line", "not readable as a row"),
}
# What became of no row, so that nothing tells whose it was or when.
OF_LEDGER = ("torn", "lost", "unreadable")
WHOLE = "of the whole ledger"


@dataclasses.dataclass(frozen=True)
class State:
    """A state, and how many are in it."""

    name: str
    count: int
    more: str = ""
    """What there is to say of these."""
    scope: str = ""
    """What they are of, where that is more than what was asked for."""

    @property
    def counted(self) -> str:
        """How many of what: ``2 attempts``."""
        noun, _ = _SAID[self.name]
        return f"{self.count:,} {noun}{'' if self.count == 1 else 's'}"

    @property
    def things(self) -> str:
        """What they are: ``attempts without a project``."""
        return f"{_SAID[self.name][0]}s {self.said}"

    @property
    def said(self) -> str:
        """What they are, without the count."""
        one, _, more = _SAID[self.name][1].partition("|")
        said = more if more and self.count != 1 else one
        return "; ".join(filter(None, (f"{said}{self.more}", self.scope)))

    @property
    def text(self) -> str:
        """All of it."""
        return f"{self.counted} {self.said}"


def state(name: str, count: int, more: str = "", *, is_of_part: bool = False) -> State:
    """A state of a report; ``is_of_part``: the report is of a part of the ledgers."""
    return State(name, count, more, WHOLE if is_of_part and name in OF_LEDGER else "")


def none_of(states: Iterable[State]) -> list[str]:
    """The names of those that there is none of, with what they are of."""
    found: dict[str, list[str]] = {}
    for each in states:
        if not each.count:
            found.setdefault(each.scope, []).append(each.name)
    return [", ".join(names) + (f" ({scope})" if scope else "") for scope, names in found.items()]


def lines(states: Sequence[State]) -> list[tuple[str, str]]:
    """A name and a text each: those that there are, and one line of the names of the others."""
    shown = [(each.name, each.text) for each in states if each.count]
    others = none_of(states)
    return [*shown, *([("none of", "; ".join(others))] if others else [])]
