"""A report: sums by whatever a row says, priced as the book says now."""

from __future__ import annotations

import dataclasses
import datetime as dt
import time
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from .._names import NAME_TAG, name_in_tag
from ..ledger import groups
from ..ledger.groups import COUNTS, METERS
from ..ledger.read import sources
from ..prices import Cost, PriceBook, served_model
from .dimensions import OF_ANSWER, Condition, condition, expression
from .source import Source, run
from .sums import Group, Summing

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Sequence

    from ..ledger.rows import Row
    from .source import Progress

_HOUR_US = 3_600_000_000
_DAY_US = 86_400_000_000
_DAY = f"end_us // {_DAY_US}"
_FIRST_DAY = dt.date(1970, 1, 1)
_LARGEST = 2**63 - 1
_NAME = f"tag:{NAME_TAG}"


@dataclasses.dataclass
class Sums:
    """What attempts used, and what of it has no price."""

    calls: int = 0
    """First attempts: calls of the caller."""
    attempts: int = 0
    errors: int = 0
    input: int = 0
    cached: int = 0
    cache_write: int = 0
    output: int = 0
    reasoning: int = 0
    cost_pico: int = 0
    """What has a price, in pico-USD; the states below are not in it."""
    unpriced: int = 0
    """Attempts with usage that the book has no price for."""
    partial: int = 0
    """Attempts of which a part has no price, since its details were not told."""
    elsewhere: int = 0
    """Attempts that are billed elsewhere: reserved capacity, batch jobs."""
    incomplete: int = 0
    """Attempts whose answer was cut short: what was seen until then counts."""
    untold: int = 0
    """Attempts that did not fail and told no usage."""
    why: Counter[tuple[str, str]] = dataclasses.field(default_factory=Counter, init=False)
    """Why attempts are ``unpriced`` or ``partial``, by state and flag (docs/prices.md)."""

    def add(self, other: Sums) -> None:
        """Add another's counts to these."""
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)

    @property
    def is_known(self) -> bool:
        """Whether `cost_pico` is all of it."""
        return not (self.unpriced or self.partial or self.elsewhere or self.untold)

    @property
    def known_pico(self) -> int | None:
        """`cost_pico`, or None where nothing of it has a price."""
        return self.cost_pico if self.cost_pico or self.is_known else None


@dataclasses.dataclass
class Line:
    """One line of a report."""

    key: tuple[str | None, ...]
    """A value for each dimension; None where the rows say nothing."""
    sums: Sums


@dataclasses.dataclass
class States:
    """What is not in the lines, or not what it seems.

    ``unknown``, ``in_flight`` and ``refused`` are of the report's period, by their begin, and of
    its conditions, as far as such rows say what these are about. ``lost``, ``torn``,
    ``unreadable`` and ``expired`` are of the whole ledgers: what became of no row cannot say whose
    it was.
    """

    unattributed: Sums = dataclasses.field(default_factory=Sums)
    """Of attempts that no project was named for."""
    unknown: int = 0
    """Attempts that began and have no end: their usage may be billed."""
    in_flight: int = 0
    refused: int = 0
    lost: int = 0
    """Rows that writers had no room for."""
    torn: int = 0
    unreadable: int = 0
    """Lines that are no rows, without the torn ones."""
    expired: int = 0
    """Rows that were pruned."""


@dataclasses.dataclass
class Report:
    """Sums of ledgers."""

    by: tuple[str, ...]
    since: dt.datetime | None
    until: dt.datetime | None
    lines: list[Line]
    total: Sums
    states: States
    book: PriceBook
    files: int
    where: tuple[Condition, ...] = ()
    names: dict[str, str] = dataclasses.field(default_factory=dict)
    """The names of projects by id, as far as they are known: what people are shown."""

    @property
    def is_of_part(self) -> bool:
        """Whether the lines are of a part of the ledgers alone."""
        return bool(self.where or self.since or self.until)

    @property
    def not_asked_of_begun(self) -> list[str]:
        """Names of `where` that attempts without an end, and refused calls, say nothing of."""
        return list(dict.fromkeys(each.name for each in self.where if each.name in OF_ANSWER))


def report(
    *paths: str | os.PathLike[str],
    by: Sequence[str] = ("project",),
    since: dt.datetime | None = None,
    until: dt.datetime | None = None,
    where: Iterable[str | Condition] = (),
    book: PriceBook | None = None,
    progress: Progress | None = None,
    named: bool = False,
) -> Report:
    """Sum up the ledgers of one or more machines, raw and compacted.

    ``by`` names dimensions: ``project``, ``model``, ``day``, ``tag:team``, ``label:feature`` … An
    attempt belongs to the time of its end, from ``since`` up to and without ``until``. ``where``
    are conditions such as ``project=proj_a`` and ``tag:team!=search``. Costs are those of ``book``,
    by default the one that ships. ``named``: also find the names of projects that the rows have.
    Raises ConfigurationError where DuckDB is needed and missing, as
    for compacted rows; RequestError for what cannot be grouped by.
    """
    by = (by,) if isinstance(by, str) else by
    where = list(where)
    book = book or PriceBook.shipped()
    asked, by = by, ([*by, _NAME] if named and "project" in by else by)
    # Complains before anything is read, and says what is to be read.
    query = query_for([*map(expression, by)], conditions(since, until, where), book)
    summing = _summing(by, since, until, where, book)
    with Source(*paths, query=query, progress=progress, summing=summing) as source:
        found = summed(source, *paths, by=by, since=since, until=until, where=where, book=book)
    return found if by is asked else _with_names(found)


def _with_names(found: Report) -> Report:
    """The report without its last dimension, the tag that has the names of projects."""
    at = found.by.index("project")
    merged: dict[tuple[str | None, ...], Sums] = {}
    for line in found.lines:
        merged.setdefault(line.key[:-1], Sums()).add(line.sums)
        project, name = line.key[at], name_in_tag(line.key[-1])
        if project and name:
            found.names.setdefault(project, name)
    return dataclasses.replace(found, by=found.by[:-1], lines=dearest_first(merged))


def names_in(source: Source) -> dict[str, str]:
    """The names of projects that the rows have, by id; the column ``tags`` must be there."""
    rows = run(
        source.database,
        f"SELECT project, max({expression(_NAME)}) FROM ended GROUP BY project",  # noqa: S608
    ).fetchall()
    return {project: name for project, tag in rows if project and (name := name_in_tag(tag))}


def summed(
    source: Source,
    *paths: str | os.PathLike[str],
    by: Sequence[str],
    since: dt.datetime | None,
    until: dt.datetime | None,
    where: Iterable[str | Condition],
    book: PriceBook,
) -> Report:
    """A report of ledgers that are read already: ``source`` of ``paths``."""
    keys = [expression(name) for name in by]
    lines, total, unattributed = priced(source, keys, conditions(since, until, where), book)
    chosen = tuple(map(condition, where))
    states = _states(source, paths, since, until, chosen)
    states.unattributed = unattributed
    return Report(
        by=tuple(by),
        since=since,
        until=until,
        lines=lines,
        total=total,
        states=states,
        book=book,
        files=source.files,
        where=chosen,
    )


def priced(
    source: Source,
    keys: list[str],
    chosen: list[str],
    book: PriceBook,
    priced_on: dt.date | None = None,
) -> tuple[list[Line], Sums, Sums]:
    """The sums of attempts, the dearest first; all of them; and those without a project.

    ``keys`` and ``chosen`` are SQL: what to group by, and which attempts. ``priced_on`` is a day
    whose prices apply to everything, whenever it ended.
    """
    day = None if priced_on is None else str(_number_of(priced_on))
    try:
        found = grouping(keys, chosen, book, day).groups(source)
        return _lines(found, book, len(keys), is_final=False)
    except OverflowError:  # the sums of single days are smaller
        source.read_whole()
        found = grouping([*keys, _DAY], chosen, book, day).groups(source)
        return _lines(found, book, len(keys), is_final=True)


def _summing(
    by: Sequence[str],
    since: dt.datetime | None,
    until: dt.datetime | None,
    where: Iterable[str | Condition],
    book: PriceBook,
) -> Summing:
    unmetered = {f"sum_{name}": 0 for name in METERS}
    return Summing(
        by,
        [condition(each) for each in where],
        since_us=None if since is None else _us(since),
        until_us=None if until is None else _us(until),
        days=_price_days(book),
        thresholds=sorted(book.thresholds),
        facts=list(groups.FACTS),
        others={**unmetered, **dict.fromkeys(groups.FACTS_OF_METERS, False)},
    )


def query_for(keys: list[str], chosen: list[str], book: PriceBook) -> str:
    """SQL that names the columns which `priced` needs for these."""
    return grouping(keys, chosen, book, _DAY).sql


def _lines(
    found: list[Group], book: PriceBook, keys: int, *, is_final: bool
) -> tuple[list[Line], Sums, Sums]:
    lines: dict[tuple[str | None, ...], Sums] = {}
    total, unattributed = Sums(), Sums()
    for group in found:
        sums = _priced(group, book, is_final=is_final)
        lines.setdefault(group.key[:keys], Sums()).add(sums)
        total.add(sums)
        if group.values["is_unattributed"]:
            unattributed.add(sums)
    return dearest_first(lines), total, unattributed


def _price_days(book: PriceBook) -> list[int]:
    """The days that lines of the book begin or end with, on which prices change."""
    changes = {day for line in book.lines for day in (line.first_day, line.end_day) if day}
    return sorted(map(_number_of, changes))


def _price_day(book: PriceBook) -> str:
    """The SQL of a day whose prices are those of the attempt's: there are far fewer of them."""
    days = _price_days(book)
    if not days:
        return "0"
    cases = " ".join(f"WHEN end_us >= {day * _DAY_US} THEN {day}" for day in reversed(days))
    return f"CASE {cases} ELSE {days[0] - 1} END"


def _number_of(day: dt.date) -> int:
    return (day - _FIRST_DAY).days


def dearest_first(lines: dict[tuple[str | None, ...], Sums]) -> list[Line]:
    """The lines of a report in their order."""
    return sorted(
        (Line(key, sums) for key, sums in lines.items()),
        key=lambda line: (-line.sums.cost_pico, -line.sums.attempts, str(line.key)),
    )


def conditions(
    since: dt.datetime | None, until: dt.datetime | None, where: Iterable[str | Condition]
) -> list[str]:
    """The SQL that chooses attempts of the table ``ended``."""
    found = [condition(each).sql for each in where]
    if since is not None:
        found.append(f"end_us >= {_us(since)}")
    if until is not None:
        found.append(f"end_us < {_us(until)}")
    return found


def _us(moment: dt.datetime) -> int:
    if moment.tzinfo is None:
        raise ValueError("a time needs a time zone, such as timezone.utc")
    return round(moment.timestamp()) * 1_000_000


class Grouping(NamedTuple):
    """The SQL of all groups."""

    sql: str
    sql_of_sums: str
    """The same of attempts that were summed up before."""
    keys: int
    """How many dimensions there are; they come first."""
    names: list[str]
    """Of the values after them; the last one has the facts, a bit each."""

    def groups(self, source: Source) -> list[Group]:
        """What it finds, besides what was summed up in reading."""
        if source.plain is not None:
            return source.groups
        sql = self._with_sums if source.has_sums else self.sql
        found = [self._group(found) for found in run(source.database, sql).fetchall()]
        return [*found, *source.groups]

    @property
    def _with_sums(self) -> str:
        """Groups that are in both are one."""
        both = f"({self.sql} UNION ALL {self.sql_of_sums})"
        names = [f"k{place}" for place in range(self.keys)]
        names += [name for name in self.names if name not in groups.SUMS]
        return groups.of_sums(both, [], dict(zip(names, names, strict=True)))

    def _group(self, found: tuple[Any, ...]) -> Group:
        *values, facts = found[self.keys :]
        named = dict(zip(self.names, values, strict=True))
        named.update({name: bool(facts >> bit & 1) for bit, name in enumerate(groups.ALL_FACTS)})
        return Group(found[: self.keys], named)


def grouping(
    keys: list[str], chosen: list[str], book: PriceBook, day: str | None = None
) -> Grouping:
    """Attempts by ``keys``, which are SQL, and by whatever changes how they are priced.

    ``day`` is that of the prices; by default each attempt's own.
    """
    listed = {f"k{place}": sql for place, sql in enumerate(keys)}
    values = {
        "model": "coalesce(model, '')",
        "region": "coalesce(region, '')",
        "tier": "coalesce(tier, '')",
        "day": _price_day(book) if day is None else day,
        "band": groups.band("input", book.thresholds),
        "outcome": "outcome",
    }
    of_sums = {**values, "band": groups.band(groups.LEAST_INPUT, book.thresholds)}
    return Grouping(
        groups.of_attempts("ended", chosen, {**listed, **values}, {}),
        groups.of_sums("sums", chosen, {**listed, **of_sums}),
        len(keys),
        [*values, *groups.SUMS],
    )


def _priced(group: Group, book: PriceBook, *, is_final: bool) -> Sums:
    """The sums of a group. Raises OverflowError where no price fits, unless ``is_final``."""
    values = group.values
    attempts: int = values["attempts"]
    failed = values["outcome"] == "error"
    sums = Sums(
        calls=values["calls"],
        attempts=attempts,
        errors=attempts if failed else 0,
        incomplete=attempts if values["outcome"] == "incomplete" else 0,
        **{
            name: int(values[f"sum_{name}"] or 0)
            for name in ("input", "cached", "cache_write", "output", "reasoning")
        },
    )
    try:
        cost = cost_of(group, book)
    except OverflowError:
        if not is_final:
            raise
        sums.unpriced = attempts
        sums.why["unpriced", "overflow"] = attempts
        return sums
    sums.cost_pico = cost.pico_usd or 0
    if cost.state == "unknown":
        sums.untold = 0 if failed else attempts
    elif cost.state in ("unpriced", "partial", "elsewhere"):
        setattr(sums, cost.state, attempts)
    if cost.why:
        sums.why[cost.state, cost.why] = attempts
    return sums


def cost_of(group: Group, book: PriceBook) -> Cost:
    """What a group costs. Raises OverflowError where no sum or price fits."""
    values = group.values
    if any(int(values[f"sum_{name}"] or 0) > _LARGEST for name in (*COUNTS, *METERS)):
        raise OverflowError
    model, serving = served_as(
        book, values["model"], values["region"], is_told=values["tells_serving"]
    )
    cost = book.price(
        model=model,
        region=values["region"],
        serving=serving,
        tier=values["tier"],
        end=values["day"] * _DAY_US,
        input_tokens=_told(values, "input"),
        cached_input_tokens=_told(values, "cached"),
        cache_write_tokens=_told(values, "cache_write"),
        output_tokens=_told(values, "output"),
        total_tokens=_total(values),
        meters=_meters(values),
        input_of_each=_input_of_each(values, book),
    )
    if "overflow" in cost.flags:
        raise OverflowError
    if values["has_other_meters"] and cost.state != "elsewhere":
        # Meters of a later writer: what they cost is not known here.
        return dataclasses.replace(cost, state="unpriced", pico_usd=None, parts=(), why="no_price")
    return cost


def served_as(book: PriceBook, name: str, region: str, *, is_told: bool) -> tuple[str, str]:
    """The model behind a name, and how it is served; as the book has it where nothing says it."""
    model, serving = served_model(name)
    return model, serving if is_told or model != name else book.serving_of(model, region)


def _meters(values: dict[str, Any]) -> dict[str, int]:
    found = {name: int(values[f"sum_{name}"]) for name in METERS if values[f"has_{name}"]}
    return found or ({"web_search": 0} if values["told_meters"] else {})


def _told(values: dict[str, Any], name: str) -> int | None:
    return int(values[f"sum_{name}"]) if values[f"told_{name}"] else None


def _total(values: dict[str, Any]) -> int | None:
    """The sum of the totals, which is one side's alone where each call's is."""
    total = _told(values, "total")
    if total is None or values["is_total_input"] or values["is_total_output"]:
        return total
    while total in (_told(values, "input"), _told(values, "output")):
        total += 1
    return total


def _input_of_each(values: dict[str, Any], book: PriceBook) -> int | None:
    band = values["band"]
    if band is None:
        return None
    return 0 if band == 0 else book.thresholds[int(band) - 1] + 1


def _states(
    source: Source,
    paths: tuple[str | os.PathLike[str], ...],
    since: dt.datetime | None,
    until: dt.datetime | None,
    where: tuple[Condition, ...],
) -> States:
    states = States(
        torn=source.faults["torn"],
        unreadable=sum(source.faults.values()) - source.faults["torn"],
        expired=source.rows_removed,
    )
    where = tuple(each for each in where if each.name not in OF_ANSWER)
    if source.plain is not None:
        _add_plain(states, source.plain, paths, since, until, where)
        return states
    chosen = " AND ".join(
        [
            "true",
            *([f"start_us >= {_us(since)}"] if since else []),
            *([f"start_us < {_us(until)}"] if until else []),
            *(each.sql for each in where),
        ]
    )

    def chosen_of(table: str, columns: str) -> str:
        timed = "SELECT * REPLACE (coalesce(end_us, start_us) AS end_us)"
        return f"SELECT {columns} FROM ({timed} FROM {table}) WHERE {chosen}"  # noqa: S608

    begun = run(source.database, chosen_of("begun", "writer, start_us")).fetchall()
    _add_begun(states, begun, paths)
    states.refused = _number(source, chosen_of("refused", "count(*)"))
    states.lost = _number(
        source,
        "SELECT coalesce(sum(most), 0) FROM "
        "(SELECT max(rows_lost) AS most FROM notes GROUP BY writer)",
    )
    return states


def _add_plain(
    states: States,
    rows: list[Row],
    paths: tuple[str | os.PathLike[str], ...],
    since: dt.datetime | None,
    until: dt.datetime | None,
    where: tuple[Condition, ...],
) -> None:
    """What the tables would say of these rows."""
    first = 0 if since is None else _us(since)
    end = _LARGEST if until is None else _us(until)
    begun: dict[tuple[str, int], Row] = {}
    lost: Counter[str] = Counter()

    def is_chosen(row: Row) -> bool:
        return first <= row["start_us"] < end and all(each.holds_for(row) for each in where)

    for row in rows:
        if row["kind"] == "begin":
            call = (row["op"], row["attempt"])
            begun[call] = min(begun.get(call, row), row, key=_age)
        elif row["kind"] == "refused":
            states.refused += is_chosen(row)
        else:
            lost[row["writer"]] = max(lost[row["writer"]], row.get("rows_lost", 0))
    states.lost = lost.total()
    chosen = [(row["writer"], row["start_us"]) for row in begun.values() if is_chosen(row)]
    _add_begun(states, chosen, paths)


def _age(row: Row) -> tuple[int, str, int]:
    return (row["start_us"], row["writer"], row["seq"])


def _add_begun(
    states: States, begun: list[tuple[str, int]], paths: tuple[str | os.PathLike[str], ...]
) -> None:
    living = _living(paths) if begun else set()
    young = time.time_ns() // 1000 - _HOUR_US
    states.in_flight = sum(writer in living and at > young for writer, at in begun)
    states.unknown = len(begun) - states.in_flight


def _number(source: Source, sql: str) -> int:
    (number,) = run(source.database, sql).fetchone() or (0,)
    return int(number)


def _living(paths: tuple[str | os.PathLike[str], ...]) -> set[str]:
    from ..ledger.compact import is_written

    found = (path for path in sources(*paths) if is_written(path))
    return {path.name.removesuffix(".jsonl").rpartition("-")[2] for path in found}
