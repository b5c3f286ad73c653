"""The ledger's side: attempts summed as the bill sums them."""

from __future__ import annotations

import datetime as dt
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..prices import served_model
from ..reports.dimensions import literal
from ..reports.source import Source, run
from .lines import LedgerLine

if TYPE_CHECKING:
    from ..prices import PriceBook
    from ..reports.source import Progress
    from .book import BookPrices
    from .lines import Window

_DAY_US = 86_400_000_000
_MINUTE_US = 60_000_000
_TIMES = ("5m", "30m", "1h", "12h")
_NEAR_MINUTES = 10


@dataclass(frozen=True)
class LedgerSide:
    """What ledgers have of some days."""

    lines: list[LedgerLine]
    files: int
    attempts: int
    uncertain: int
    """Attempts that are incomplete, told no usage, or have no end."""


def read_ledger(
    *paths: str | os.PathLike[str],
    window: Window,
    book: PriceBook,
    prices: BookPrices,
    tag: str = "costmark_project",
    day_by: str = "end_us",
    progress: Progress | None = None,
) -> LedgerSide:
    """Sum up the attempts of these days.

    ``tag`` is the key of the tag whose values the rows have. ``day_by`` is the time that an attempt
    belongs to a day by: ``end_us`` or ``start_us``.
    """
    query = _sql(window, book, tag, day_by)
    with Source(*paths, query=query, progress=progress) as source:
        rows = run(source.database, query).fetchall()
        files = source.files
    names = _columns()
    lines = [_line(dict(zip(names, row, strict=True)), book, prices) for row in rows]
    return LedgerSide(
        lines=lines,
        files=files,
        attempts=sum(line.attempts for line in lines),
        uncertain=sum(line.uncertain for line in lines),
    )


_KEYS = {
    "account": "account",
    "region": "region",
    "project": "project",
    "host": "coalesce(url_host, '')",
    "model": "coalesce(model, '')",
    "tier": "coalesce(tier, '')",
}


def _columns() -> list[str]:
    return ["day", *_KEYS, "tag", "band", "near", *_sums()]


def _sums() -> dict[str, str]:
    return {
        "attempts": "count(*) FILTER (outcome IS DISTINCT FROM 'error')",
        "uncertain": "count(*) FILTER (is_uncertain)",
        "input": "sum(coalesce(input, 0))",
        "cached": "sum(coalesce(cached, 0))",
        "written": "sum(coalesce(cache_write, 0))",
        "output": "sum(coalesce(output, 0))",
        **{
            f"written_{time}": f"sum(coalesce(map_extract(meters, 'cache_write_{time}')[1], 0))"
            for time in _TIMES
        },
    }


def _sql(window: Window, book: PriceBook, tag: str, day_by: str) -> str:
    first = _us(window.first)
    end = _us(window.last + dt.timedelta(days=1))
    near = _NEAR_MINUTES * _MINUTE_US
    time = f"{day_by} % {_DAY_US}"
    band = " + ".join(f"(coalesce(input, 0) > {over})::INTEGER" for over in book.thresholds) or "0"
    keys = [
        f"{day_by} // {_DAY_US} AS day",
        *(f"{sql} AS {name}" for name, sql in _KEYS.items()),
        f"map_extract(tags, {literal(tag)})[1] AS tag",
        f"{band} AS band",
        f"CASE WHEN {time} < {near} OR start_us // {_DAY_US} < {day_by} // {_DAY_US} THEN 'begin' "
        f"WHEN {time} >= {_DAY_US - near} THEN 'end' ELSE '' END AS near",
    ]
    sums = [f"{sql} AS {name}" for name, sql in _sums().items()]
    # An attempt without an end counts on the day on which it began.
    return f"""
        WITH every AS (
            SELECT * EXCLUDE (kind), outcome IN ('incomplete', 'unknown', 'open')
                OR (input IS NULL AND outcome IS DISTINCT FROM 'error') AS is_uncertain
            FROM ended
            UNION ALL BY NAME
            SELECT * EXCLUDE (kind, end_us), start_us AS end_us, true AS is_uncertain FROM begun
        )
        SELECT {", ".join([*keys, *sums])} FROM every
        WHERE {day_by} >= {first} AND {day_by} < {end} GROUP BY ALL"""  # noqa: S608


def _us(day: dt.date) -> int:
    return (day - dt.date(1970, 1, 1)).days * _DAY_US


def _line(values: dict[str, Any], book: PriceBook, prices: BookPrices) -> LedgerLine:
    model, serving = served_model(values["model"])
    band = values["band"]
    written = {time: int(values[f"written_{time}"]) for time in _TIMES}
    rest = int(values["written"]) - sum(written.values())
    times: list[tuple[str | None, int]] = [(time, n) for time, n in written.items() if n]
    if rest > 0:
        times.append((None, rest))
    return LedgerLine(
        day=dt.date(1970, 1, 1) + dt.timedelta(days=values["day"]),
        account=values["account"],
        region=values["region"],
        project=values["project"],
        endpoint=_endpoint(values["host"]),
        model=model,
        serving=prices.serving(model, serving),
        tier="standard" if values["tier"] in ("", "default") else values["tier"],
        context=prices.context(model, book.thresholds[band - 1] + 1) if band else "",
        input=int(values["input"]),
        cached=int(values["cached"]),
        written=tuple(times),
        output=int(values["output"]),
        tag=values["tag"],
        attempts=values["attempts"],
        uncertain=values["uncertain"],
        near=values["near"],
    )


def _endpoint(host: str) -> str | None:
    for name in ("mantle", "runtime"):
        if f"bedrock-{name}" in host:
            return name
    return None
