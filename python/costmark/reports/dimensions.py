"""What a report can be grouped and filtered by, and how each is read from a row."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from ..errors import RequestError

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


def names() -> list[str]:
    """The names, those of tags and labels as patterns."""
    return [*_COLUMNS, "tag:NAME", "label:NAME"]


def expression(name: str) -> str:
    """The SQL of a dimension: a text, or NULL where the row says nothing. Raises RequestError."""
    if name in _COLUMNS:
        return _COLUMNS[name]
    kind, colon, key = name.partition(":")
    if colon and key and kind in _MAPS:
        return f"map_extract({_MAPS[kind]}, {literal(key)})[1]"
    raise RequestError(
        f"cannot group by {name!r}; there are {', '.join(names())}", code="invalid_argument"
    )


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
    """Whether the dimension has the value, or has another one."""
    value: str | None

    @property
    def sql(self) -> str:
        """The SQL of it. Raises RequestError."""
        comparison = "IS NOT DISTINCT FROM" if self.is_equal else "IS DISTINCT FROM"
        wanted = "NULL" if self.value is None else literal(self.value)
        return f"({expression(self.name)}) {comparison} {wanted}"


def condition(text: str) -> Condition:
    """A condition, as in ``project=proj_a`` or ``tag:team!=search``. Raises RequestError."""
    name, found, value = text.partition("=")
    if found:
        return Condition(name.removesuffix("!"), not name.endswith("!"), value or None)
    raise RequestError(
        f"{text!r} is not a condition; say NAME=VALUE or NAME!=VALUE, with an empty VALUE for what "
        "says nothing",
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
