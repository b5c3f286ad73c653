"""A line of the ledger, read strictly: a row, or the fault that it has."""

from __future__ import annotations

import functools
import json
import re
from importlib import resources
from typing import Any, NamedTuple, NoReturn

Row = dict[str, Any]

_LARGEST = 2**63 - 1
_SMALLEST = -(2**63)
_VERSION = 1
# Members of log formats that hold the line of a program: CloudWatch exports, Fluent Bit, Docker.
_WRAPPERS = ("message", "log")
_DEEPEST_WRAPPER = 3
_BEGIN_OF_ROW = re.compile(r'\{\s*"v"\s*:')


class Fault(NamedTuple):
    """What is wrong with a line."""

    kind: str
    """torn, utf8, nul, json, doubled, number, type, missing, version."""
    reason: str
    """In words, with the member or the byte."""


class _BadRowError(ValueError):
    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.fault = Fault(kind, reason)


def parse_line(line: bytes, *, in_log: bool = False) -> Row | Fault | None:
    """Read one line, with or without its newline. None for an empty line.

    ``in_log``: the line may be another program's: None again. A row may stand behind a
    prefix there, or in the member ``message`` or ``log`` of an object.
    """
    line = line.strip(b" \t\r\n")
    if not line:
        return None
    if b"\0" in line:
        return None if in_log else Fault("nul", f"byte {line.index(0)} is NUL")
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data":
            return Fault("torn", f"the line ends after {len(line)} bytes, in the middle of a row")
        return Fault("utf8", f"byte {error.start} is not UTF-8")
    try:
        return _row_in_log(text, 0) if in_log else _row_of(text)
    except _BadRowError as error:
        return error.fault


def _row_of(text: str) -> Row:
    row = _value_of(text)
    if not isinstance(row, dict):
        raise _BadRowError("json", "the line is no JSON object")
    _check(row)
    return row


def _row_in_log(text: str, depth: int) -> Row | None:
    begin = _BEGIN_OF_ROW.search(text)
    if begin is not None and (begin.start() == 0 or not text.startswith("{")):
        return _row_of(text[begin.start() :])
    if not text.startswith("{") or depth == _DEEPEST_WRAPPER:
        return None
    try:
        value = _value_of(text)
    except _BadRowError:
        return None
    for name in _WRAPPERS:
        if isinstance(value, dict) and isinstance(value.get(name), str):
            return _row_in_log(value[name].strip(), depth + 1)
    return None


def _value_of(text: str) -> object:
    try:
        value, end = _DECODER.raw_decode(text)
    except json.JSONDecodeError as error:
        raise _BadRowError(*_broken(text, error)) from None
    except RecursionError:
        raise _BadRowError("json", "the line is nested too deeply") from None
    if text[end:].strip():
        raise _BadRowError("json", f"character {end} begins a second value on the line")
    return value


def _broken(text: str, error: json.JSONDecodeError) -> tuple[str, str]:
    if _is_cut(text, error):
        return "torn", f"the line ends after {len(text)} characters, in the middle of a row"
    return "json", f"{error.msg} at character {error.pos}"


def _is_cut(text: str, error: json.JSONDecodeError) -> bool:
    """Whether the text may be the beginning of a row."""
    if error.msg.startswith("Unterminated string") or error.pos >= len(text):
        return text.startswith("{")
    rest = text[error.pos :]
    is_word = any(word.startswith(rest) for word in ("true", "false", "null", "-"))
    is_escape = error.msg.startswith("Invalid") and len(rest) < len(r"\u0000")
    return text.startswith("{") and (is_word or is_escape)


def _refuse_fraction(text: str) -> NoReturn:
    raise _BadRowError("number", f"{text[:40]} is no integer")


def _bounded_integer(text: str) -> int:
    if len(text) > 20 or not _SMALLEST <= int(text) <= _LARGEST:  # as long as -2^63
        raise _BadRowError("number", f"{text[:40]} does not fit into 64 bits")
    return int(text)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        names = [name for name, _ in pairs]
        doubled = next(name for name in names if names.count(name) > 1)
        raise _BadRowError("doubled", f"member {doubled!r} occurs twice")
    return value


_DECODER = json.JSONDecoder(
    object_pairs_hook=_once,
    parse_int=_bounded_integer,
    parse_float=_refuse_fraction,
    parse_constant=_refuse_fraction,
)

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
}


@functools.cache
def schema() -> dict[str, Any]:
    """The JSON Schema of a row."""
    text = resources.files(__package__).joinpath("row.schema.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def _check(row: Row) -> None:
    known = schema()
    if row.get("v", _VERSION) != _VERSION:
        raise _BadRowError("version", f"version {row['v']!r} is not {_VERSION}")
    _check_members(row, known["required"])
    for name, value in row.items():
        form = known["properties"].get(name)
        if form is None:
            continue  # of a later writer
        _check_value(name, value, form)
    for rule in known["allOf"]:
        condition = rule["if"]["properties"]["kind"]
        if row["kind"] in condition.get("enum", [condition.get("const")]):
            _check_members(row, rule["then"]["required"])


def _check_members(row: Row, names: list[str]) -> None:
    for name in names:
        if name not in row:
            raise _BadRowError("missing", f"member {name!r} is missing")


def _check_value(name: str, value: object, form: dict[str, Any]) -> None:
    wanted = form["type"]
    if not isinstance(value, _TYPES[wanted]) or (wanted == "integer" and isinstance(value, bool)):
        raise _BadRowError("type", f"member {name!r} is not of type {wanted}")
    if "enum" in form and value not in form["enum"]:
        raise _BadRowError("type", f"member {name!r} is none of {', '.join(form['enum'])}")
    if "minimum" in form and isinstance(value, int) and value < form["minimum"]:
        raise _BadRowError("number", f"member {name!r} is below {form['minimum']}")
    if "pattern" in form and isinstance(value, str) and not re.search(form["pattern"], value):
        raise _BadRowError("type", f"member {name!r} does not match {form['pattern']}")
    if isinstance(value, dict):
        for key, each in value.items():
            _check_value(f"{name}.{key}", each, form["additionalProperties"])
    if isinstance(value, list):
        for each in value:
            _check_value(name, each, form["items"])
