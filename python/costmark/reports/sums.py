"""Groups of attempts that core has summed up while it read segments.

They are those that the database would find, of attempts that need not be looked at beside other
rows.
"""

from __future__ import annotations

import dataclasses
import os
import threading
from typing import TYPE_CHECKING, Any

from .. import _core
from ..ledger.sums import COLUMNS
from .dimensions import Condition, place, text_of_time, unit_us

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ..ledger.sums import PartSums

_DAY_US = 86_400_000_000
_COUNTS = ("input", "cached", "cache_write", "output", "total", "reasoning")
# What prices depend on, besides what was asked for.
_PRICED_BY = ("model", "region", "tier", "outcome")


def summed_side_by_side(
    sums: _core.RowSums, hands: Sequence[Sequence[_core.RowFile]], rest: Sequence[Path]
) -> list[tuple[dict[str, int], bytes, str]]:
    """Read the files of each hand in a thread; the rows that are not summed go into ``rest``."""
    found = {}

    def read(at: int) -> None:
        found[at] = sums.read(hands[at], os.fsencode(rest[at]))

    threads = [threading.Thread(target=read, args=(at,)) for at in range(len(hands))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if len(found) < len(hands):  # its thread has said why
        raise MemoryError("a file could not be read")
    return [*found.values()]


@dataclasses.dataclass
class Group:
    """Attempts that are priced alike."""

    key: tuple[str | None, ...]
    values: dict[str, Any]


class Summing:
    """What a report asks for.

    ``days`` are those from which on other prices apply, ``thresholds`` the counts of input above
    which they do, both sorted. ``facts`` names the facts of attempts in core's order, and
    ``others`` are the values that all groups have.
    """

    def __init__(
        self,
        by: Sequence[str],
        conditions: Sequence[Condition],
        *,
        since_us: int | None,
        until_us: int | None,
        days: Sequence[int],
        thresholds: Sequence[int],
        facts: Sequence[str],
        others: dict[str, Any],
    ) -> None:
        self._by = by
        self._conditions = conditions
        self._period = (since_us, until_us)
        self._days = days
        self._thresholds = thresholds
        self._facts = facts
        self._others = others
        self._names = [*by, *(each.name for each in conditions)]
        self._units = [unit for name in self._names if (unit := unit_us(name))]
        self._texts = [
            name for name in dict.fromkeys((*self._names, *_PRICED_BY)) if not unit_us(name)
        ]

    def begin(self) -> _core.RowSums:
        """Sums that reading fills."""
        return _core.RowSums(
            [place(name) for name in self._texts],
            min(self._units, default=0),
            [day * _DAY_US for day in self._days],
            list(self._thresholds),
            *self._period,
        )

    def fits(self, sums: PartSums) -> bool:
        """Whether the sums of a part tell apart what this asks for."""
        return (
            all(
                f"{column}:{item}" not in sums.left_out if item else column in COLUMNS
                for column, item in map(place, self._texts)
            )
            and sums.has_thresholds(self._thresholds)
            and not any(sums.is_cut(at_us) for at_us in self._period if at_us is not None)
        )

    def groups(self, sums: _core.RowSums) -> list[Group]:
        """What was found."""
        found = []
        for texts, unit, days, band, facts, attempts, calls, counts in sums.groups():
            said = dict(zip(self._texts, texts, strict=True))
            at_us = unit * min(self._units, default=0)
            said |= {name: text_of_time(name, at_us) for name in self._names if unit_us(name)}
            if all(each.holds(said[each.name]) for each in self._conditions):
                key = tuple(said[name] for name in self._by)
                values = {
                    **self._others,
                    **{name: said[name] or "" for name in ("model", "region", "tier")},
                    "day": self._day(days),
                    "band": band,
                    "outcome": said["outcome"],
                    "attempts": attempts,
                    "calls": calls,
                    **{f"sum_{name}": sum_ for name, sum_ in zip(_COUNTS, counts, strict=True)},
                    **{name: bool(facts >> bit & 1) for bit, name in enumerate(self._facts)},
                }
                found.append(Group(key, values))
        return found

    def _day(self, reached: int) -> int:
        """A day whose prices are those of attempts that reached so many of the days."""
        if not self._days:
            return 0
        return self._days[reached - 1] if reached else self._days[0] - 1
