"""What changed between two periods, or two ledgers, and why."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import TYPE_CHECKING

from ..prices import PriceBook
from .dimensions import Condition, condition, expression
from .shares import divided, ratio
from .source import Source, run
from .summary import Report, Sums, conditions, names_in, priced, query_for, summed

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Sequence

    from .source import Progress

    Key = tuple[str | None, ...]

_DAY_US = 86_400_000_000
_FIRST_DAY = dt.date(1970, 1, 1)
_UNSURE = ("unpriced", "partial", "elsewhere", "untold")


@dataclasses.dataclass(frozen=True)
class Side:
    """One of the two: ledgers, and a period of them."""

    name: str
    paths: tuple[str | os.PathLike[str], ...]
    since: dt.datetime | None = None
    until: dt.datetime | None = None


@dataclasses.dataclass
class Change:
    """How the cost of one line changed; the three reasons add up to it, to the pico."""

    key: tuple[str | None, ...]
    before: Sums
    after: Sums
    volume_pico: int = 0
    """More or fewer tokens, were they of the same mix at the same prices."""
    mix_pico: int = 0
    """Other lines, models, tiers, or parts of the tokens (cached, output)."""
    price_pico: int = 0
    """Other prices for the same usage."""

    @property
    def cost_pico(self) -> int:
        """What the costs differ by."""
        return self.after.cost_pico - self.before.cost_pico


@dataclasses.dataclass
class Comparison:
    """Two reports side by side. ``changes`` has the largest change first."""

    by: tuple[str, ...]
    names: tuple[str, str]
    before: Report
    after: Report
    changes: list[Change]
    total: Change
    priced_on: dt.date | None
    """The day whose prices tell price from volume and mix: the last one of the first side."""
    not_compared: int
    """Lines that had no price on that day: their change of price counts as mix."""
    project_names: dict[str, str] = dataclasses.field(default_factory=dict)
    """The names of projects by id, as far as they are known."""


def compare(
    before: Side,
    after: Side,
    *,
    by: Sequence[str] = ("project",),
    where: Iterable[str | Condition] = (),
    book: PriceBook | None = None,
    progress: Progress | None = None,
) -> Comparison:
    """Tell what changed from one side to the other. Raises as `report` does."""
    book = book or PriceBook.shipped()
    chosen_by = [condition(each) for each in where]
    keys = [expression(name) for name in by]
    # Complains before anything is read, and says what is to be read.
    is_named = "project" in by
    query = query_for(keys, [each.sql for each in chosen_by], book) + " tags" * is_named
    names: dict[str, str] = {}
    with Source(*before.paths, query=query, progress=progress) as source:
        first = _Priced(source, before, by, chosen_by, book)
        day = first.last_day()
        at_first = first.on(keys, day)
        names |= names_in(source) if is_named else {}
        if after.paths == before.paths:
            second = _Priced(source, after, by, chosen_by, book)
            at_second = second.on(keys, day)
    if after.paths != before.paths:
        with Source(*after.paths, query=query, progress=progress) as source:
            second = _Priced(source, after, by, chosen_by, book)
            at_second = second.on(keys, day)
            names |= names_in(source) if is_named else {}
    changes, not_compared = _changes(first.report, second.report, at_first, at_second)
    total = Change((), first.report.total, second.report.total)
    for change in changes:
        total.volume_pico += change.volume_pico
        total.mix_pico += change.mix_pico
        total.price_pico += change.price_pico
    return Comparison(
        by=tuple(by),
        names=(before.name, after.name),
        before=first.report,
        after=second.report,
        changes=sorted(changes, key=lambda each: (-abs(each.cost_pico), str(each.key))),
        total=total,
        priced_on=day,
        not_compared=not_compared,
        project_names=names,
    )


class _Priced:
    """A side's attempts, at the prices of their own days or of one day."""

    def __init__(
        self, source: Source, side: Side, by: Sequence[str], where: list[Condition], book: PriceBook
    ) -> None:
        self._source = source
        self._chosen = conditions(side.since, side.until, where)
        self._book = book
        self.report = summed(
            source,
            *side.paths,
            by=by,
            since=side.since,
            until=side.until,
            where=where,
            book=book,
        )

    def last_day(self) -> dt.date | None:
        """The UTC day of the last attempt."""
        wanted = " AND ".join(self._chosen) or "true"
        sql = f"SELECT max(end_us) FROM ended WHERE {wanted}"  # noqa: S608
        ((last,),) = run(self._source.database, sql).fetchall()
        return None if last is None else _FIRST_DAY + dt.timedelta(days=last // _DAY_US)

    def on(self, keys: list[str], day: dt.date | None) -> dict[Key, Sums]:
        """The sums at the prices of a day."""
        lines, _, _ = priced(self._source, keys, self._chosen, self._book, priced_on=day)
        return {line.key: line.sums for line in lines}


def _changes(
    first: Report, second: Report, at_first: dict[Key, Sums], at_second: dict[Key, Sums]
) -> tuple[list[Change], int]:
    before = {line.key: line.sums for line in first.lines}
    after = {line.key: line.sums for line in second.lines}
    changes = [
        Change(key, before.get(key, Sums()), after.get(key, Sums())) for key in before | after
    ]
    bases, nows = [], []
    not_compared = 0
    for change in changes:
        base, base_known = _at(at_first, change.key, change.before)
        now, now_known = _at(at_second, change.key, change.after)
        bases.append(base)
        nows.append(now)
        not_compared += not (base_known and now_known)
    volumes = _volumes(bases, nows, _tokens(first.total), _tokens(second.total))
    for change, base, now, volume in zip(changes, bases, nows, volumes, strict=True):
        change.volume_pico = volume
        change.mix_pico = now - base - volume
        change.price_pico = change.cost_pico - (now - base)
    return changes, not_compared


def _at(sums: dict[Key, Sums], key: Key, own: Sums) -> tuple[int, bool]:
    """The cost at the day's prices, or at its own where the day has no price for all of it."""
    found = sums.get(key, Sums())
    is_known = all(getattr(found, name) == getattr(own, name) for name in _UNSURE)
    return (found.cost_pico if is_known else own.cost_pico), is_known


def _volumes(bases: list[int], nows: list[int], before: int, after: int) -> list[int]:
    """What the lines would differ by, had each grown as the tokens of all did."""
    if not before or not sum(bases):  # from nothing: all of it is volume
        return [now - base for base, now in zip(bases, nows, strict=True)]
    return divided(ratio(sum(bases), after - before, before), bases)


def _tokens(sums: Sums) -> int:
    return sums.input + sums.output
