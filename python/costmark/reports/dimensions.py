"""What a report can be grouped and filtered by, and how each is read from a row."""

from __future__ import annotations

import datetime as dt
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Mapping

_DAY = "strftime(make_timestamp(end_us), '%Y-%m-%d')"
# Of the table `ended`.
_COLUMNS = {
    "project": "project",
    "model": "model",
    "day": _DAY,
    "week": "strftime(date_trunc('week', make_timestamp(end_us)), '%Y-%m-%d')",
    "month": "strftime(make_timestamp(end_us), '%Y-%m')",
    "hour": "strftime(make_timestamp(end_us), '%Y-%m-%dT%H:00Z')",
    "source": "project_source",
    "sdk": "sdk",
    "tier": "tier",
    "api": "api",
    "region": "region",
    "account": "account",
    "serving": "serving",
    "outcome": "outcome",
    "host": "url_host",
    "machine": "machine",
}
_MAPS = {"tag": "tags", "label": "labels"}
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)
_HOUR_US = 3_600_000_000
_TIMES_US = dict.fromkeys(("day", "week", "month"), 24 * _HOUR_US) | {"hour": _HOUR_US}
# What only an answer tells: a row of an attempt that has no end, or was refused, does not have it.
OF_ANSWER = ("tier", "serving", "outcome")


def names() -> list[str]:
    """The names, those of tags and labels as patterns."""
    return [*_COLUMNS, "tag:NAME", "label:NAME"]


def expression(name: str) -> str:
    """The SQL of a dimension: a text, or NULL where the row says nothing. Raises RequestError."""
    if name in _COLUMNS:
        return _COLUMNS[name]
    if _is_in_map(name):
        kind, _, key = name.partition(":")
        return f"map_extract({_MAPS[kind]}, {literal(key)})[1]"
    raise RequestError(f"cannot group by {_unknown(name)}", code="invalid_argument")


def _unknown(name: str) -> str:
    near = get_close_matches(name.partition(":")[0], (*_COLUMNS, *_MAPS), 1)
    advice = f"; did you mean {near[0]}{':NAME' if near[0] in _MAPS else ''}?" if near else ""
    return f"{name!r}; there are {', '.join(names())}{advice}"


def _is_in_map(name: str) -> bool:
    kind, _, key = name.partition(":")
    return bool(key) and kind in _MAPS


def map_of(name: str) -> tuple[str, str]:
    """The column of a tag or a label, and its key; two empty texts for another dimension."""
    kind, _, key = name.partition(":")
    return (_MAPS[kind], key) if _is_in_map(name) else ("", "")


def place(name: str) -> tuple[str, str]:
    """The column of a dimension that is not a time, and the name in it where it is a map."""
    kind, _, key = name.partition(":")
    return (_COLUMNS[name], "") if name in _COLUMNS else (_MAPS[kind], key)


def unit_us(name: str) -> int:
    """The parts that a dimension divides time into, at most; 0 for one that is not a time."""
    return _TIMES_US.get(name, 0)


def text_of_time(name: str, at_us: int) -> str:
    """What a dimension that is a time says of this one."""
    at = _EPOCH + dt.timedelta(microseconds=at_us)
    if name == "week":
        at -= dt.timedelta(days=at.weekday())
    if name == "month":
        return f"{at:%Y-%m}"
    return f"{at:%Y-%m-%dT%H:00Z}" if name == "hour" else f"{at:%Y-%m-%d}"


class Condition(NamedTuple):
    """What chooses attempts."""

    name: str
    """Of a dimension."""
    is_equal: bool
    """Whether the dimension has one of the values, or another one."""
    values: tuple[str | None, ...]

    def __str__(self) -> str:
        values = ",".join(value or "" for value in self.values)
        return f"{self.name}{'=' if self.is_equal else '!='}{values}"

    @property
    def sql(self) -> str:
        """The SQL of it. Raises RequestError."""
        if self.name not in _COLUMNS and not _is_in_map(self.name):
            raise RequestError(
                f"where {str(self)!r}: cannot filter by {_unknown(self.name)}",
                code="invalid_argument",
            )
        of = expression(self.name)
        has = " OR ".join(f"({of}) IS NOT DISTINCT FROM {_sql(value)}" for value in self.values)
        return f"({has})" if self.is_equal else f"NOT ({has})"

    def holds(self, value: str | None) -> bool:
        """Whether an attempt with this value in the dimension is chosen."""
        return (value in self.values) == self.is_equal

    def holds_for(self, row: Mapping[str, Any]) -> bool:
        """Whether a row is chosen; its time is that of its end, or else of its begin."""
        return self.holds(_value_in(row, self.name))


def _sql(value: str | None) -> str:
    return "NULL" if value is None else literal(value)


def _value_in(row: Mapping[str, Any], name: str) -> str | None:
    if unit_us(name):
        return text_of_time(name, row.get("end_us", row["start_us"]))
    column, key = place(name)
    found: str | None = row.get(column, {}).get(key) if key else row.get(column)
    return found


def condition(given: str | Condition) -> Condition:
    """A condition, as in ``project=proj_a`` or ``tag:team!=search``. Raises RequestError."""
    if isinstance(given, Condition):
        return given
    name, found, value = given.partition("=")
    if found:
        return Condition(name.removesuffix("!"), not name.endswith("!"), (value or None,))
    raise RequestError(
        f"where {given!r} is not a condition; say NAME=VALUE or NAME!=VALUE, with an empty VALUE "
        "for what says nothing",
        code="invalid_argument",
    )


def literal(text: str) -> str:
    """A text as SQL has it."""
    if "\0" in text or _is_broken(text):
        raise RequestError(f"{text!r} has a NUL or is not UTF-8", code="invalid_argument")
    return "'" + text.replace("'", "''") + "'"


def _is_broken(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False
