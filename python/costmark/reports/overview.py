"""What a page shows of ledgers: spend over time, labels, the cache, latency and errors."""

from __future__ import annotations

import dataclasses
import datetime as dt
import time
from typing import TYPE_CHECKING, Any

from .._names import NAME_TAG
from ..ledger.groups import TELLS_SERVING
from ..prices import PriceBook
from .dimensions import expression
from .source import Source, run
from .summary import (
    Line,
    Report,
    Sums,
    conditions,
    dearest_first,
    names_in,
    priced,
    query_for,
    served_as,
    summed,
)

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable

    from .dimensions import Condition
    from .source import Progress

UTC = dt.timezone.utc
_DAY_US = 86_400_000_000
_LONGEST_US = 3660 * _DAY_US
_MOST_TAGS = 3
_MOST_LABELS = 4
_MOST_VALUES = 8
_MOST_MODELS = 12
_MOST_CODES = 6
_EPOCH = dt.date(1970, 1, 1)
# The steps, and up to how many days each is used for.
_SPANS = (("hour", 2), ("day", 62), ("week", 540))
_LENGTHS = {
    "hour": dt.timedelta(hours=1),
    "day": dt.timedelta(days=1),
    "week": dt.timedelta(weeks=1),
}
# What a page needs beside what is priced.
_COLUMNS = "project tags labels latency_us ttfb_us status error_code cost_pico"
_WRITES = ("cache_write_5m", "cache_write_30m", "cache_write_1h", "cache_write_12h")


@dataclasses.dataclass
class Cache:
    """What was read from the cache, and what that saved."""

    input: int = 0
    cached: int = 0
    saved_pico: int = 0
    """Less what writing to the cache cost; negative where that was more."""
    unpriced: int = 0
    """Cached and written tokens that the book has no prices to compare for."""


@dataclasses.dataclass
class Service:
    """How attempts went: times are those of attempts that did not fail."""

    attempts: int = 0
    errors: int = 0
    median_us: int | None = None
    slow_us: int | None = None
    """95 of 100 attempts were faster."""
    first_byte_us: int | None = None
    """Half of them had the first byte earlier."""


@dataclasses.dataclass
class Labels:
    """The values of a label that cost most."""

    name: str
    lines: list[Line]
    attempts: int
    """How many attempts have the label, with whatever value."""
    values: int


@dataclasses.dataclass
class Overview:
    """What a page shows. The report is by ``step``, project, model and ``tags``."""

    report: Report
    step: str
    """``hour``, ``day``, ``week`` or ``month``."""
    steps: list[dt.datetime]
    """The beginnings of all of them, without a gap; those of ten years at most."""
    tags: list[str]
    labels: list[Labels]
    cache: Cache
    cache_by_step: dict[dt.datetime, Cache]
    service: Service
    service_by_step: dict[dt.datetime, Service]
    service_by_model: dict[str, Service]
    error_codes: list[tuple[str, int]]

    def by(self, name: str) -> list[Line]:
        """The sums by one dimension of the report, the dearest first."""
        place = self.report.by.index(name)
        return _merged(self.report.lines, lambda key: (key[place],))

    def over_time(self, name: str) -> dict[str | None, dict[dt.datetime, Sums]]:
        """The sums of each value of a dimension, by step."""
        place = self.report.by.index(name)
        found: dict[str | None, dict[dt.datetime, Sums]] = {}
        for line in self.report.lines:
            at = found.setdefault(line.key[place], {})
            at.setdefault(moment_of(line.key[0]), Sums()).add(line.sums)
        return found

    @property
    def outside(self) -> int:
        """How many attempts ended at other times than ``steps``, as clocks went that were wrong."""
        known = set(self.steps)
        return sum(
            line.sums.attempts for line in self.report.lines if moment_of(line.key[0]) not in known
        )

    def table(self) -> list[Line]:
        """The sums of everything but the step."""
        return _merged(self.report.lines, lambda key: key[1:])


def overview(
    *paths: str | os.PathLike[str],
    since: dt.datetime | None = None,
    until: dt.datetime | None = None,
    where: Iterable[str | Condition] = (),
    book: PriceBook | None = None,
    progress: Progress | None = None,
) -> Overview:
    """Sum up ledgers for a page. The arguments are those of `report`."""
    where = list(where)
    chosen = conditions(since, until, where)
    book = book or PriceBook.shipped()
    query = f"{query_for([], chosen, book)} {_COLUMNS}"
    with Source(*paths, query=query, progress=progress) as source:
        view = _View(source, chosen, book)
        step, steps = view.steps(since, until)
        named = view.names_in("tags")  # that of the project's name says what the project does
        tags = [name for name in named if name != NAME_TAG][:_MOST_TAGS]
        by = [step, "project", "model", *(f"tag:{name}" for name in tags)]
        found = summed(source, *paths, by=by, since=since, until=until, where=where, book=book)
        at = expression(step)
        found.names.update(names_in(source))
        cache = {moment_of(key): value for key, value in view.cache(at).items()}
        models = view.service("coalesce(model, '')")
        return Overview(
            report=found,
            step=step,
            steps=steps,
            tags=tags,
            labels=[view.labels(name) for name in view.names_in("labels")[:_MOST_LABELS]],
            cache=_all_of(cache.values()),
            cache_by_step=cache,
            service=view.service("''").get("", Service()),
            service_by_step={moment_of(key): value for key, value in view.service(at).items()},
            service_by_model=dict(list(models.items())[:_MOST_MODELS]),
            error_codes=view.error_codes(),
        )


class _View:
    """The attempts that were asked for."""

    def __init__(self, source: Source, chosen: list[str], book: PriceBook) -> None:
        self._source = source
        self._chosen = chosen
        self._where = " AND ".join(chosen) or "true"
        self._book = book

    def _all(self, sql: str) -> list[tuple[Any, ...]]:
        return run(self._source.database, sql).fetchall()

    def steps(
        self, since: dt.datetime | None, until: dt.datetime | None
    ) -> tuple[str, list[dt.datetime]]:
        """How to divide the time, and the beginnings of the pieces."""
        sql = f"SELECT min(end_us), max(end_us) FROM ended WHERE {self._where}"  # noqa: S608
        ((first, last),) = self._all(sql)
        if first is None:
            return "day", []
        now_us = time.time_ns() // 1000
        last = min(last, now_us + _DAY_US)  # clocks may be wrong by any number of years
        first = min(max(first, last - _LONGEST_US), last)
        begin = since or dt.datetime.fromtimestamp(first // 1_000_000, UTC)
        end = dt.datetime.fromtimestamp(last // 1_000_000, UTC)
        if until is not None:
            end = max(end, min(until, dt.datetime.now(UTC)) - dt.timedelta(seconds=1))
        step = next((name for name, days in _SPANS if end - begin <= dt.timedelta(days)), "month")
        return step, _moments(step, begin.astimezone(UTC), end.astimezone(UTC))

    def names_in(self, column: str) -> list[str]:
        """The names in a map, those that most attempts have first."""
        sql = f"""SELECT name FROM
        (SELECT unnest(map_keys({column})) AS name FROM ended WHERE {self._where})
        WHERE NOT contains(name, chr(0)) GROUP BY name ORDER BY count(*) DESC, name"""  # noqa: S608
        return [name for (name,) in self._all(sql)]

    def labels(self, name: str) -> Labels:
        """The values of a label that cost most; a label may have thousands of them.

        The estimates of the rows, and else their tokens, say which are priced by the book.
        """
        value = expression(f"label:{name}")
        has_it = f"{self._where} AND {value} IS NOT NULL"
        ((attempts, values),) = self._all(
            f"SELECT count(*), count(DISTINCT {value}) FROM ended WHERE {has_it}"  # noqa: S608
        )
        dearest = f"""SELECT value FROM (SELECT {value} AS value, sum(cost_pico) AS cost,
            sum(coalesce(input, 0)::HUGEINT + coalesce(output, 0)) AS tokens
            FROM ended WHERE {has_it} GROUP BY value)
            ORDER BY cost DESC NULLS LAST, tokens DESC, value LIMIT {4 * _MOST_VALUES}"""  # noqa: S608
        among = [*self._chosen, f"{value} IN ({dearest})"]
        lines, _, _ = priced(self._source, [value], among, self._book)
        return Labels(name, lines[:_MOST_VALUES], attempts, values)

    def cache(self, at: str) -> dict[str, Cache]:
        """What the cache did, by step."""
        meters = {name: f"coalesce(map_extract(meters, '{name}')[1], 0)" for name in _WRITES}
        band = " + ".join(f"(input > {over})::INTEGER" for over in self._book.thresholds) or "0"
        sums = [f"sum({sql}::HUGEINT)" for sql in ("input", "cached", "cache_write")]
        sums += [f"sum({sql}::HUGEINT)" for sql in meters.values()]
        sql = f"""SELECT {at}, coalesce(model, ''), coalesce(region, ''), coalesce(tier, ''),
        coalesce({TELLS_SERVING}, false) AS told, end_us // {_DAY_US} AS day, {band} AS band,
        {", ".join(sums)}
        FROM ended WHERE {self._where} AND input IS NOT NULL GROUP BY ALL"""  # noqa: S608
        found: dict[str, Cache] = {}
        for step, model, region, tier, is_told, *numbers in self._all(sql):
            day, band_of, whole, cached, written, *timed = numbers
            cache = found.setdefault(step, Cache())
            cache.input += int(whole)
            cache.cached += int(cached or 0)
            if cached or written:
                served = served_as(self._book, model, region, is_told=is_told)
                rates = self._rates(*served, region, tier, day, band_of)
                counts = {name: int(n) for name, n in zip(_WRITES, timed, strict=True) if n}
                untimed = int(written or 0) - sum(counts.values())
                _save(cache, rates, {"cached": int(cached or 0), "cache_write": untimed, **counts})
        return found

    def _rates(
        self, model: str, serving: str, region: str, tier: str, day: int, band: int
    ) -> dict[str, int]:
        """The prices of a token, by kind."""
        rates = self._book.rates(
            model=model,
            region=region,
            serving=serving,
            tier=tier,
            day=_EPOCH + dt.timedelta(day),
            input_tokens=self._book.thresholds[band - 1] + 1 if band else 0,
        )
        return {
            kind: line.pico_usd for kind, line in rates.lines.items() if line.pico_usd is not None
        }

    def service(self, key: str) -> dict[str, Service]:
        """How attempts went, by an expression; the most used first."""
        good = "FILTER (outcome IN ('ok', 'incomplete'))"
        sql = f"""SELECT {key} AS key, count(*) AS attempts, count(*) FILTER (outcome = 'error'),
        quantile_disc(latency_us, 0.5) {good}, quantile_disc(latency_us, 0.95) {good},
        quantile_disc(ttfb_us, 0.5) {good}
        FROM ended WHERE {self._where} GROUP BY key ORDER BY attempts DESC, key"""  # noqa: S608
        return {key: Service(*values) for key, *values in self._all(sql)}

    def error_codes(self) -> list[tuple[str, int]]:
        """What failed attempts say, the most frequent first."""
        sql = f"""SELECT coalesce(error_code, status::VARCHAR, '') AS code, count(*) AS attempts
        FROM ended WHERE {self._where} AND outcome = 'error'
        GROUP BY code ORDER BY attempts DESC, code LIMIT {_MOST_CODES}"""  # noqa: S608
        return [(code, count) for code, count in self._all(sql)]


def _save(cache: Cache, rates: dict[str, int], counts: dict[str, int]) -> None:
    """Add what these tokens would have cost as plain input, less what they cost."""
    for kind, count in counts.items():
        price = rates.get(kind, rates.get("cache_write") if kind in _WRITES else None)
        if price is None or "input" not in rates:
            cache.unpriced += count
        else:
            cache.saved_pico += count * (rates["input"] - price)


def _all_of(caches: Iterable[Cache]) -> Cache:
    total = Cache()
    for cache in caches:
        for name, value in vars(cache).items():
            setattr(total, name, getattr(total, name) + value)
    return total


def _merged(
    lines: list[Line], key_of: Callable[[tuple[str | None, ...]], tuple[str | None, ...]]
) -> list[Line]:
    found: dict[tuple[str | None, ...], Sums] = {}
    for line in lines:
        found.setdefault(key_of(line.key), Sums()).add(line.sums)
    return dearest_first(found)


def moment_of(text: str | None) -> dt.datetime:
    """The beginning of a step, as its dimension names it; the latest time for no calendar's."""
    text = (text or "").removesuffix("Z")
    try:
        moment = dt.datetime.fromisoformat(f"{text}-01" if len(text) == 7 else text)
    except ValueError:
        moment = dt.datetime.max
    return moment.replace(tzinfo=UTC)


def end_of(step: str, moment: dt.datetime) -> dt.datetime:
    """The end of the step that begins then."""
    if step == "month":
        return (moment + dt.timedelta(days=31)).replace(day=1)
    return moment + _LENGTHS[step]


def _moments(step: str, begin: dt.datetime, end: dt.datetime) -> list[dt.datetime]:
    moment = begin.replace(minute=0, second=0, microsecond=0)
    if step != "hour":
        moment = moment.replace(hour=0)
    if step == "week":
        moment -= dt.timedelta(days=moment.weekday())
    if step == "month":
        moment = moment.replace(day=1)
    found = []
    while moment <= end:
        found.append(moment)
        moment = end_of(step, moment)
    return found
