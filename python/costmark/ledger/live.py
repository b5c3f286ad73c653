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
_Response = tuple[str | None, str | None, str]


class Minute:
    """How much came in each of the last sixty seconds."""

    def __init__(self) -> None:
        self._seconds: dict[int, list[int]] = {}

    def add(self, at_us: int, calls: int, tokens: int) -> None:
        """So many calls and tokens of that time."""
        second = self._seconds.setdefault(at_us // 1_000_000, [0, 0])
        second[0] += calls
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
    """First attempts that have ended, as a report counts calls."""
    attempts: int = 0
    errors: int = 0
    in_flight: int = 0
    input: int = 0
    output: int = 0
    cost_pico: int = 0
    """The estimates of the rows; what has no price is in the counts below instead."""
    unpriced: int = 0
    """Rows with usage that has no price, or not all of it."""
    elsewhere: int = 0
    """Rows that are billed elsewhere."""
    untold: int = 0
    """Attempts that did not fail and told no usage."""
    incomplete: int = 0
    """Attempts whose usage was not told as a whole: streams that were cut short."""
    minute: Minute = dataclasses.field(default_factory=Minute)

    @property
    def is_known(self) -> bool:
        """Whether `cost_pico` is all of it."""
        return not (self.unpriced or self.elsewhere or self.untold)

    def add_attempt(self, row: Row) -> None:
        """Add an attempt that has ended."""
        is_call = row["attempt"] == 1
        self.calls += is_call
        self.attempts += 1
        self.errors += row["outcome"] == "error"
        self.incomplete += row["outcome"] == "incomplete"
        self.add_usage(row)
        self.minute.add(row["end_us"], is_call, row.get("input", 0) + row.get("output", 0))

    def add_usage(self, row: Row, sign: int = 1) -> None:
        """Add what a row used; or take it back."""
        self.input += sign * row.get("input", 0)
        self.output += sign * row.get("output", 0)
        self.cost_pico += sign * row.get("cost_pico", 0)
        self.unpriced += sign * (row.get("cost_state") in ("unpriced", "partial"))
        self.elsewhere += sign * (row.get("cost_state") == "elsewhere")
        self.untold += sign * _is_untold(row)


def _is_untold(row: Row) -> bool:
    is_priced = "cost_pico" in row or row.get("cost_state", "unknown") != "unknown"
    return not is_priced and row["outcome"] != "error"


def _response_of(row: Row) -> _Response:
    return row.get("account"), row.get("region"), row["response_id"]


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
        self._settled: dict[_Response, Row] = {}
        self._open: dict[_Response, Row] = {}

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
                sums.add_attempt(row)
            self.unattributed += row["project_source"] == "none"
            self._wait_for_settlement(row)

    def _remember(self, key: tuple[str, int]) -> None:
        """Logs may hold the end of an attempt before its beginning; many have no beginning."""
        self._ended[key] = None
        if len(self._ended) > _MOST_ENDED:
            del self._ended[next(iter(self._ended))]

    def _wait_for_settlement(self, row: Row) -> None:
        """A response that goes on tells its usage later: no longer untold once it is settled."""
        if row["outcome"] != "open" or "response_id" not in row:
            return
        key = _response_of(row)
        self._open[key] = row
        if key in self._settled:
            self._take_back(key)

    def _take_back(self, key: _Response) -> None:
        row = self._open.pop(key, None)
        if row is not None:
            for sums in self._sums_of(row):
                sums.add_usage(row, -1)

    def _settle(self, row: Row) -> None:
        key = _response_of(row)
        known = self._settled.get(key)
        if known is not None and known["end_us"] > row["end_us"]:
            return
        self._settled[key] = row
        self._take_back(key)
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
