"""What a ledger says about this moment and this day."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from .read import SeenRows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .rows import Row

DAY_US = 86_400_000_000
_HOUR_US = 3_600_000_000
_WINDOW_S = 60
_MOST_ENDED = 10_000


class Minute:
    """How much came in each of the last sixty seconds."""

    def __init__(self) -> None:
        self._seconds: dict[int, list[int]] = {}

    def add(self, at_us: int, tokens: int) -> None:
        """One call of that time, with so many tokens."""
        second = self._seconds.setdefault(at_us // 1_000_000, [0, 0])
        second[0] += 1
        second[1] += tokens

    def rates(self, now_us: int) -> tuple[float, float]:
        """Calls and tokens a second. What is older is forgotten."""
        first = now_us // 1_000_000 - _WINDOW_S
        self._seconds = {at: sums for at, sums in self._seconds.items() if at >= first}
        calls = sum(each for each, _ in self._seconds.values())
        tokens = sum(each for _, each in self._seconds.values())
        return calls / _WINDOW_S, tokens / _WINDOW_S


@dataclasses.dataclass
class Sums:
    """What one project, model, or all of them used."""

    calls: int = 0
    """Attempts that have ended."""
    errors: int = 0
    in_flight: int = 0
    input: int = 0
    output: int = 0
    pico_usd: int = 0
    """The estimates of the rows; usage without a price is in ``unpriced`` instead."""
    unpriced: int = 0
    """Rows with usage that has no price, or not all of it."""
    incomplete: int = 0
    """Attempts whose usage was not told as a whole: streams that were cut short."""
    minute: Minute = dataclasses.field(default_factory=Minute)

    def add_call(self, row: Row) -> None:
        """Add an attempt that has ended."""
        self.calls += 1
        self.errors += row["outcome"] == "error"
        self.incomplete += row["outcome"] == "incomplete"
        self.add_usage(row)
        self.minute.add(row["end_us"], row.get("input", 0) + row.get("output", 0))

    def add_usage(self, row: Row, sign: int = 1) -> None:
        """Add what a row used; or take it back."""
        self.input += sign * row.get("input", 0)
        self.output += sign * row.get("output", 0)
        self.pico_usd += sign * row.get("cost_pico", 0)
        self.unpriced += sign * (row.get("cost_state") in ("unpriced", "partial"))


class Today:
    """Sums of one UTC day and of the last minute, from rows in any order."""

    def __init__(self, day: int) -> None:
        self.day = day
        self.all = Sums()
        self.projects: dict[str, Sums] = {}
        self.models: dict[str, Sums] = {}
        self.refused = 0
        self.unattributed = 0
        self.unknown = 0
        """Attempts that began more than an hour ago and have no end."""
        self._lost: dict[str, int] = {}
        self._seen = SeenRows()
        self._begun: dict[tuple[str, int], Row] = {}
        self._ended: dict[tuple[str, int], None] = {}
        self._settled: dict[tuple[str | None, str | None, str], Row] = {}

    @property
    def lost(self) -> int:
        """Rows that writers had no room for."""
        return sum(self._lost.values())

    def add(self, rows: Iterable[Row]) -> None:
        """Take rows, each once, however often they come."""
        take = {
            "begin": self._begin,
            "attempt": self._end,
            "settle": self._settle,
            "refused": self._refuse,
            "note": self._note,
        }
        for row in rows:
            if self._seen.is_new(row):
                take[row["kind"]](row)

    def give_up(self, now_us: int) -> None:
        """Stop waiting for the ends of attempts that began more than an hour ago."""
        for key, row in list(self._begun.items()):
            if now_us - row["start_us"] > _HOUR_US:
                del self._begun[key]
                self._count_in_flight(row, -1)
                self.unknown += 1

    def _sums_of(self, row: Row) -> Iterator[Sums]:
        yield self.all
        yield self.projects.setdefault(row.get("project", "?"), Sums())
        yield self.models.setdefault(row.get("model", "?"), Sums())

    def _count_in_flight(self, row: Row, sign: int) -> None:
        for sums in self._sums_of(row):
            sums.in_flight += sign

    def _begin(self, row: Row) -> None:
        key = (row["op"], row["attempt"])
        if key in self._ended:
            del self._ended[key]
        else:
            self._begun[key] = row
            self._count_in_flight(row, 1)

    def _end(self, row: Row) -> None:
        key = (row["op"], row["attempt"])
        begun = self._begun.pop(key, None)
        if begun is not None:
            self._count_in_flight(begun, -1)
        else:
            self._remember(key)
        if self._is_today(row):
            for sums in self._sums_of(row):
                sums.add_call(row)
            self.unattributed += row["project_source"] == "none"

    def _remember(self, key: tuple[str, int]) -> None:
        """Logs may hold the end of an attempt before its beginning; many have no beginning."""
        self._ended[key] = None
        if len(self._ended) > _MOST_ENDED:
            del self._ended[next(iter(self._ended))]

    def _settle(self, row: Row) -> None:
        key = (row.get("account"), row.get("region"), row["response_id"])
        known = self._settled.get(key)
        if known is not None and known["end_us"] > row["end_us"]:
            return
        self._settled[key] = row
        for each, sign in ((known, -1), (row, 1)):
            if each is not None and self._is_today(each):
                for sums in self._sums_of(each):
                    sums.add_usage(each, sign)

    def _is_today(self, row: Row) -> bool:
        end_us: int = row["end_us"]
        return end_us // DAY_US == self.day

    def _refuse(self, row: Row) -> None:
        self.refused += row["start_us"] // DAY_US == self.day

    def _note(self, row: Row) -> None:
        lost = row.get("rows_lost", 0)
        self._lost[row["writer"]] = max(lost, self._lost.get(row["writer"], 0))
