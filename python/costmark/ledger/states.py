"""Attempts as a whole: their begin and their end, and what is said of those without an end."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .rows import Row

_HOUR_US = 3_600_000_000
_Response = tuple[str | None, str | None, str]  # account, region, id


def _response(row: Row) -> _Response:
    return (row.get("account"), row.get("region"), row.get("response_id", ""))


def _age(attempt: Row) -> tuple[int, str, int]:
    return (attempt["start_us"], attempt["writer"], attempt["seq"])


class Attempts:
    """Joins the rows of attempts, in whatever order they come.

    Of an attempt there is one row: the ``attempt`` row, or else its ``begin`` row. Of a background
    response there is one settlement: the last one that was seen, by (account, region, response id).
    """

    def __init__(self, rows: Iterable[Row] = ()) -> None:
        self._begun: dict[tuple[str, int], Row] = {}
        self._ended: dict[tuple[str, int], Row] = {}
        self._settled: dict[_Response, Row] = {}
        self.refused: list[Row] = []
        self.notes: list[Row] = []
        for row in rows:
            self.add(row)

    def add(self, row: Row) -> None:
        """Take one more row."""
        kind = row["kind"]
        if kind == "begin":
            self._begun[row["op"], row["attempt"]] = row
        elif kind == "attempt":
            self._ended[row["op"], row["attempt"]] = row
        elif kind == "settle":
            key = _response(row)
            known = self._settled.get(key)
            if known is None or known["end_us"] <= row["end_us"]:
                self._settled[key] = row
        elif kind == "refused":
            self.refused.append(row)
        else:
            self.notes.append(row)

    def ended(self) -> list[Row]:
        """Attempts that have ended, with what they used.

        The usage of a response that was settled later is that of its settlement, which is not
        listed besides, when the attempt that created it is here: the first one of that response.
        """
        creators: dict[_Response, Row] = {}
        for row in self._ended.values():
            key = _response(row)
            if key in self._settled:
                first = creators.setdefault(key, row)
                creators[key] = min(first, row, key=_age)
        rows = []
        for row in self._ended.values():
            key = _response(row)
            is_creator = creators.get(key) is row
            rows.append(_settled(row, self._settled[key]) if is_creator else row)
        return rows + [end for key, end in self._settled.items() if key not in creators]

    def unfinished(self, now_us: int, living: Iterable[str] = ()) -> dict[str, list[Row]]:
        """Attempts without an end: ``in_flight``, or ``unknown`` for ever.

        An attempt is in flight while its writer is one of ``living`` and it is younger than an
        hour; else what became of it is unknown, and so is what it used.
        """
        alive = set(living)
        states: dict[str, list[Row]] = {"in_flight": [], "unknown": []}
        for key, row in self._begun.items():
            if key in self._ended:
                continue
            is_young = now_us - row["start_us"] < _HOUR_US
            states["in_flight" if is_young and row["writer"] in alive else "unknown"].append(row)
        return states


_USAGE = ("input", "cached", "cache_write", "output", "reasoning", "total", "meters", "usage",
          "outcome", "tier", "model_answered", "flags", "cost_pico", "cost_state")  # fmt: skip


def _settled(attempt: Row, end: Row) -> Row:
    joined = {name: value for name, value in attempt.items() if name not in _USAGE}
    joined.update({name: end[name] for name in _USAGE if name in end})
    return joined
