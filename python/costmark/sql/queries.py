"""Views and report queries, in the part of SQL that DuckDB, Spark, Trino and Redshift share.

So there is no QUALIFY, no FILTER, no IS DISTINCT FROM, and of functions of time DATE_TRUNC alone:
the day is the partition, and the hour of the day is cut from a text. Sums are DECIMAL(38, 0), which
no count exceeds. Costs are the estimates of the rows, since a price book is not a table; `costmark
report` has prices of today.
"""

from __future__ import annotations

import dataclasses
from datetime import date, timedelta
from typing import TYPE_CHECKING

from ..errors import RequestError
from ..reports.source import OF_SETTLEMENT
from .dialects import TABLE, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .dialects import Dialect

_HOUR_US = 3_600_000_000
_DAY_US = 24 * _HOUR_US
_HOURS = "".join(f"{hour:02}" for hour in range(24))
# The division leaves no rest, so it is the same whether an engine divides whole numbers or others.
_PLACE_OF_HOUR = (
    f"CAST(({{end_us}} % {_DAY_US} - {{end_us}} % {_HOUR_US}) / {_HOUR_US // 2} AS INTEGER) + 1"
)
_MARGIN = timedelta(days=2)
_MAPS = {"tag": "tags", "label": "labels"}
_SCALARS = (
    *("kind", "writer", "seq", "op", "attempt", "start_us", "end_us", "latency_us", "ttfb_us"),
    *("machine", "account", "region", "url_host", "project", "project_source", "api", "model"),
    *("model_answered", "serving", "tier", "outcome", "status", "error_code", "response_id"),
    *("sdk", "input", "cached", "cache_write", "output", "reasoning", "total", "cost_pico"),
    *("cost_state", "price_book", "rows_lost", "date"),
)
# What a report is grouped by, as a column of `costmark_ended`, or an expression with such.
_DIMENSIONS = {
    "project": "{project}",
    "model": "{model}",
    "day": "{date}",
    "week": "SUBSTR(CAST(DATE_TRUNC('week', CAST({date} AS DATE)) AS VARCHAR(30)), 1, 10)",
    "month": "SUBSTR({date}, 1, 7)",
    "hour": f"{{date}} || 'T' || SUBSTR('{_HOURS}', {_PLACE_OF_HOUR}, 2) || ':00Z'",
    "source": "{project_source}",
    "sdk": "{sdk}",
    "tier": "{tier}",
    "api": "{api}",
    "region": "{region}",
    "account": "{account}",
    "serving": "{serving}",
    "outcome": "{outcome}",
    "host": "{url_host}",
    "machine": "{machine}",
}
# Counts of attempts, by what is true of each.
_COUNTS = {
    "calls": "{attempt} = 1",
    "errors": "{outcome} = 'error'",
    "unattributed": "{project_source} = 'none'",
    "unpriced": "{cost_state} = 'unpriced'",
    "partial": "{cost_state} = 'partial'",
    "elsewhere": "{cost_state} = 'elsewhere'",
    "incomplete": "{outcome} = 'incomplete'",
    "untold": "COALESCE({cost_state}, 'unknown') = 'unknown' AND {outcome} <> 'error'",
}
_SUMS = ("input", "cached", "cache_write", "output", "reasoning", "cost_pico")


@dataclasses.dataclass(frozen=True)
class Query:
    """A named statement."""

    name: str
    sql: str


def statements(
    dialect: Dialect, location: str, since: date | None = None, until: date | None = None
) -> list[Query]:
    """Make the table of the rows below ``location``, and the views that the queries read.

    The views have the attempts of the UTC days from ``since`` up to and without ``until``. Engines
    then read no other partitions than these, and those of two days on either side, where
    settlements and ends may be.
    """
    tables = [Query(TABLE, sql) for sql in dialect.tables(location.rstrip("/"))]
    views = _views(dialect, _days(since, until), _days(since, until, margin=_MARGIN))
    return tables + [Query(name, dialect.view(name, sql)) for name, sql in views.items()]


def queries(dialect: Dialect, *by: Sequence[str]) -> list[Query]:
    """Report queries: one for each list of dimensions in ``by``, or else for each dimension; the
    total; and the states that are in no line. Raises RequestError for an unknown dimension.
    """
    wanted = by or [*([name] for name in _DIMENSIONS), []]
    found = [_report(dialect, names) for names in wanted]
    return [*found, Query("states", _states(dialect))]


def names() -> list[str]:
    """What there is to group by, tags and labels as patterns."""
    return [*_DIMENSIONS, "tag:NAME", "label:NAME"]


class _Columns(dict[str, str]):
    """Columns of a table, quoted, for texts with their names in braces."""

    def __init__(self, dialect: Dialect, alias: str) -> None:
        super().__init__()
        self._dialect = dialect
        self._alias = alias

    def __missing__(self, name: str) -> str:
        return f"{self._alias}.{self._dialect.column(name)}"


def _days(since: date | None, until: date | None, margin: timedelta = timedelta()) -> str:
    """A condition on the partition, with the margin on either side."""
    conditions = [
        *([f"{{date}} >= {text(str(since - margin))}"] if since else []),
        *([f"{{date}} < {text(str(until + margin))}"] if until else []),
    ]
    return " AND ".join(conditions) or "1 = 1"


def _views(dialect: Dialect, days: str, days_around: str) -> dict[str, str]:
    of_unique = _of(dialect)
    return {
        "costmark_unique": _first(
            dialect, f"{dialect.table_schema}{TABLE}", days_around, ("writer", "seq"), "{date}"
        ),
        "costmark_attempts": _first(
            dialect,
            f"{dialect.schema}costmark_unique",
            "{kind} = 'attempt'",
            ("op", "attempt"),
            "{end_us} DESC, {writer}, {seq}",
        ),
        "costmark_settled": _first(
            dialect,
            f"{dialect.schema}costmark_unique",
            "{kind} = 'settle'",
            ("account", "region", "response_id"),
            "{end_us} DESC, {writer}, {seq}",
        ),
        "costmark_created": _created(dialect, of_unique),
        "costmark_ended": _ended(dialect, of_unique, days),
        "costmark_begun": _begun(dialect, of_unique, days),
        "costmark_refused": _refused(dialect, days),
        **({} if dialect.value_of_map else _unnested(dialect)),
    }


def _of(dialect: Dialect) -> tuple[str, ...]:
    return (*_SCALARS, *_MAPS.values()) if dialect.value_of_map else _SCALARS


def _first(dialect: Dialect, table: str, where: str, key: Iterable[str], order: str) -> str:
    """The first row of each key."""
    columns = _Columns(dialect, "r")
    listed = ", ".join(columns[name] for name in _of(dialect))
    kept = ", ".join(_Columns(dialect, "n")[name] for name in _of(dialect))
    keys = ", ".join(columns[name] for name in key)
    return (
        f"SELECT {kept}\nFROM (\n  SELECT {listed},\n"  # noqa: S608 - names of this module
        f"    ROW_NUMBER() OVER (PARTITION BY {keys} "
        f"ORDER BY {order.format_map(columns)}) AS place\n  FROM {table} AS r\n"
        f"  WHERE {where.format_map(columns)}\n) AS n\nWHERE n.place = 1"
    )


def _created(dialect: Dialect, columns: Iterable[str]) -> str:
    """Settlements with the attempt that created the response: others that name it came later."""
    a, s, n = (_Columns(dialect, alias) for alias in "asn")
    same = (
        f"{a['response_id']} = {s['response_id']}\n"
        f"    AND COALESCE({a['account']}, '') = COALESCE({s['account']}, '')\n"
        f"    AND COALESCE({a['region']}, '') = COALESCE({s['region']}, '')"
    )
    listed = ", ".join(s[name] for name in columns)
    kept = ", ".join(n[name] for name in columns)
    return (
        f"SELECT {kept}, n.attempt_writer, n.attempt_seq\n"  # noqa: S608 - as above
        f"FROM (\n  SELECT {listed},\n"
        f"    {a['writer']} AS attempt_writer, {a['seq']} AS attempt_seq,\n"
        f"    ROW_NUMBER() OVER (PARTITION BY {s['writer']}, {s['seq']} "
        f"ORDER BY {a['start_us']}, {a['writer']}, {a['seq']}) AS place\n"
        f"  FROM {dialect.schema}costmark_settled AS s\n"
        f"  JOIN {dialect.schema}costmark_attempts AS a\n    ON {same}\n) AS n\nWHERE n.place = 1"
    )


def _ended(dialect: Dialect, columns: Iterable[str], days: str) -> str:
    """Attempts with what their settlement says, and settlements without an attempt."""
    a, c, s = (_Columns(dialect, alias) for alias in "acs")
    joined = ",\n  ".join(
        f"CASE WHEN {c['kind']} IS NULL THEN {a[name]} ELSE {c[name]} END AS {dialect.column(name)}"
        if name in OF_SETTLEMENT
        else f"{a[name]} AS {dialect.column(name)}"
        for name in columns
    )
    alone = ", ".join(f"{s[name]} AS {dialect.column(name)}" for name in columns)
    created = f"LEFT JOIN {dialect.schema}costmark_created AS c\n  ON"
    return (
        f"SELECT {joined}\nFROM {dialect.schema}costmark_attempts AS a\n"
        f"{created} c.attempt_writer = {a['writer']} AND c.attempt_seq = {a['seq']}\n"
        f"WHERE {days.format_map(a)}\nUNION ALL\n"
        f"SELECT {alone}\nFROM {dialect.schema}costmark_settled AS s\n"
        f"{created} {c['writer']} = {s['writer']} AND {c['seq']} = {s['seq']}\n"
        f"WHERE {c['kind']} IS NULL AND {days.format_map(s)}"
    )


def _begun(dialect: Dialect, columns: Iterable[str], days: str) -> str:
    """Attempts that began and have no end, each once."""
    a, b = _Columns(dialect, "a"), _Columns(dialect, "b")
    begins = _first(
        dialect,
        f"{dialect.schema}costmark_unique",
        "{kind} = 'begin'",
        ("op", "attempt"),
        "{start_us}, {writer}, {seq}",
    )
    listed = ", ".join(b[name] for name in columns)
    return (
        f"SELECT {listed}\nFROM (\n{begins}\n) AS b\n"
        f"LEFT JOIN {dialect.schema}costmark_attempts AS a\n"
        f"  ON {a['op']} = {b['op']} AND {a['attempt']} = {b['attempt']}\n"
        f"WHERE {a['kind']} IS NULL AND {days.format_map(b)}"
    )


def _refused(dialect: Dialect, days: str) -> str:
    """Calls that a policy refused."""
    columns = _Columns(dialect, "r")
    return (
        f"SELECT {', '.join(columns[name] for name in _of(dialect))}\n"
        f"FROM {dialect.schema}costmark_unique AS r\n"
        f"WHERE {columns['kind']} = 'refused' AND {days.format_map(columns)}"
    )


def _unnested(dialect: Dialect) -> dict[str, str]:
    """Tags and labels as rows, where a map is no value that a view can have."""
    r = _Columns(dialect, "r")
    m = _Columns(dialect, "m")
    return {
        f"costmark_{name}": f"SELECT DISTINCT {r['writer']}, {r['seq']}, {m['key']}, {m['value']}\n"
        f"FROM {dialect.table_schema}{TABLE} AS r, r.{name} AS m"
        for name in _MAPS.values()
    }


def _report(dialect: Dialect, by: Sequence[str]) -> Query:
    columns = _Columns(dialect, "e")
    keys, joins = [], []
    for place, name in enumerate(by):
        key, join = _dimension(dialect, columns, name, place)
        keys.append(key)
        joins += [join] if join else []
    listed = [
        *(
            f"{key} AS {dialect.column(name.replace(':', '_'))}"
            for key, name in zip(keys, by, strict=True)
        ),
        "COUNT(*) AS attempts",
        *(
            f"COUNT(CASE WHEN {condition.format_map(columns)} THEN 1 END) AS {name}"
            for name, condition in _COUNTS.items()
        ),
        *(
            f"COALESCE(SUM(CAST({columns[name]} AS DECIMAL(38, 0))), 0) AS sum_{name}"
            for name in _SUMS
        ),
    ]
    selected = ",\n  ".join(listed)
    ends = [f"FROM {dialect.schema}costmark_ended AS e", *joins]
    if keys:
        ends.append(f"GROUP BY {', '.join(keys)}")
        ends.append("ORDER BY sum_cost_pico DESC, attempts DESC")
    sql = f"SELECT\n  {selected}\n" + "\n".join(ends)
    return Query(f"by {', '.join(by)}" if by else "total", sql)


def _dimension(dialect: Dialect, columns: _Columns, name: str, place: int) -> tuple[str, str]:
    """The expression of a dimension, and the join that it needs."""
    if name in _DIMENSIONS:
        return _DIMENSIONS[name].format_map(columns), ""
    kind, _, key = name.partition(":")
    if not key or kind not in _MAPS:
        raise RequestError(
            f"cannot group by {name!r}; there are {', '.join(names())}", code="invalid_argument"
        )
    table = _MAPS[kind]
    if dialect.value_of_map:
        return dialect.value(columns[table], key), ""
    m = _Columns(dialect, f"m{place}")
    return m["value"], (
        f"LEFT JOIN {dialect.schema}costmark_{table} AS m{place}\n"
        f"  ON {m['writer']} = {columns['writer']} AND {m['seq']} = {columns['seq']} "
        f"AND {m['key']} = {text(key)}"
    )


def _states(dialect: Dialect) -> str:
    u, n = _Columns(dialect, "u"), _Columns(dialect, "n")
    unique = f"{dialect.schema}costmark_unique"
    lost = (
        f"SELECT {u['writer']}, MAX({u['rows_lost']}) AS most\n"  # noqa: S608 - as above
        f"    FROM {unique} AS u\n"
        f"    WHERE {u['kind']} = 'note'\n    GROUP BY {u['writer']}"
    )
    return (
        "SELECT 'unfinished' AS state, CAST(COUNT(*) AS DECIMAL(38, 0)) AS amount\n"
        f"FROM {dialect.schema}costmark_begun AS b\nUNION ALL\n"
        "SELECT 'refused' AS state, CAST(COUNT(*) AS DECIMAL(38, 0)) AS amount\n"
        f"FROM {dialect.schema}costmark_refused AS r\nUNION ALL\n"
        f"SELECT 'lost' AS state, COALESCE(SUM(CAST({n['most']} AS DECIMAL(38, 0))), 0) AS amount\n"
        f"FROM (\n    {lost}\n) AS n"
    )
