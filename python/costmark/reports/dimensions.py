"""What a report can be grouped and filtered by, and how each is read from a row."""

from __future__ import annotations

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


def condition(text: str) -> str:
    """The SQL of a condition, as in ``project=proj_a`` or ``tag:team!=search``. RequestError."""
    name, found, value = text.partition("=")
    if found:
        comparison = "IS DISTINCT FROM" if name.endswith("!") else "IS NOT DISTINCT FROM"
        wanted = "NULL" if value == "" else literal(value)
        return f"({expression(name.removesuffix('!'))}) {comparison} {wanted}"
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
