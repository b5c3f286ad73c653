"""The reports' cells, by Python alone: one row after the other, in whole numbers of any size."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from operator import add
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    Row = dict[str, Any]
    Cells = dict[tuple[Any, ...], tuple[Decimal, ...]]

COUNTS = (
    *("attempts", "calls", "errors", "unattributed", "unpriced"),
    *("partial", "elsewhere", "incomplete", "untold"),
)
SUMS = ("input", "cached", "cache_write", "output", "reasoning", "cost_pico")
_SETTLED = (*SUMS, "outcome", "tier", "cost_state")


class Reference:
    """Takes rows in whatever order, and some of them twice."""

    def __init__(self) -> None:
        self._seen: dict[str, set[int]] = defaultdict(set)
        self._attempts: dict[tuple[str, int], Row] = {}
        self._settled: dict[tuple[Any, ...], Row] = {}
        self._begun: set[tuple[str, int]] = set()
        self._lost: dict[str, int] = defaultdict(int)
        self._refused = 0

    def add(self, row: Row) -> None:
        if row["seq"] in self._seen[row["writer"]]:
            return
        self._seen[row["writer"]].add(row["seq"])
        kind = row["kind"]
        if kind == "attempt":
            self._keep(self._attempts, (row["op"], row["attempt"]), row)
        elif kind == "settle":
            self._keep(self._settled, _response_of(row), row)
        elif kind == "begin":
            self._begun.add((row["op"], row["attempt"]))
        elif kind == "refused":
            self._refused += 1
        else:
            self._lost[row["writer"]] = max(self._lost[row["writer"]], row["rows_lost"])

    @staticmethod
    def _keep(rows: dict[Any, Row], key: Any, row: Row) -> None:
        known = rows.get(key)
        if known is None or _rank(row) < _rank(known):
            rows[key] = row

    def ended(self) -> list[Row]:
        """A settlement is that of the first attempt that names its response."""
        creators: dict[tuple[Any, ...], Row] = {}
        for row in self._attempts.values():
            key = _response_of(row)
            known = creators.get(key)
            if key in self._settled and (known is None or _age(row) < _age(known)):
                creators[key] = row
        result = []
        for row in self._attempts.values():
            if creators.get(_response_of(row)) is row:
                end = self._settled[_response_of(row)]
                kept = {name: value for name, value in row.items() if name not in _SETTLED}
                row = {**kept, **{name: end[name] for name in _SETTLED if name in end}}
            result.append(row)
        return result + [row for key, row in self._settled.items() if key not in creators]

    def states(self) -> Cells:
        unfinished = len(self._begun - self._attempts.keys())
        return {
            ("unfinished",): (Decimal(unfinished),),
            ("refused",): (Decimal(self._refused),),
            ("lost",): (Decimal(sum(self._lost.values())),),
        }


TIMES = {"hour": "%Y-%m-%dT%H:00Z", "day": "%Y-%m-%d", "week": "%Y-%m-%d", "month": "%Y-%m"}


def cells(rows: list[Row], by: Sequence[str]) -> Cells:
    """Counts and sums for each key."""
    found: dict[tuple[Any, ...], tuple[int, ...]] = {}
    for row in rows:
        key = tuple(value_of(row, name) for name in by)
        numbers = _numbers(row)
        found[key] = tuple(map(add, found[key], numbers)) if key in found else numbers
    return {key: tuple(map(Decimal, sums)) for key, sums in found.items()}


def value_of(row: Row, name: str) -> Any:
    kind, _, key = name.partition(":")
    if key:
        return row.get(f"{kind}s", {}).get(key)
    if name in TIMES:
        # A settlement without its attempt is of its own day, as any row.
        at = datetime.fromtimestamp(row["end_us"] // 1_000_000, timezone.utc)
        if name == "week":
            at -= timedelta(days=at.weekday())
        return at.strftime(TIMES[name])
    return row.get({"source": "project_source", "host": "url_host"}.get(name, name))


def _response_of(row: Row) -> tuple[Any, ...]:
    return (row.get("account"), row.get("region"), row.get("response_id"))


def _age(row: Row) -> tuple[Any, ...]:
    return (row["start_us"], row["writer"], row["seq"])


def _rank(row: Row) -> tuple[Any, ...]:
    return (-row["end_us"], row["writer"], row["seq"])


def _numbers(row: Row) -> tuple[int, ...]:
    state, outcome = row.get("cost_state", "unknown"), row["outcome"]
    return (
        1,
        row["attempt"] == 1,
        outcome == "error",
        row["project_source"] == "none",
        state == "unpriced",
        state == "partial",
        state == "elsewhere",
        outcome == "incomplete",
        state == "unknown" and outcome != "error",
        *(row.get(name, 0) for name in SUMS),
    )
