"""An independent strict reader of rows: Python's own JSON, and the schema taken at its word."""

from __future__ import annotations

import functools
import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from costmark.ledger import Fault, Row
from costmark.ledger.rows import schema

if TYPE_CHECKING:
    from collections.abc import Iterable

_LARGEST = 2**63 - 1
_SMALLEST = -(2**63)
_VERSION = 1
_DEEPEST = 64


class _BadRowError(ValueError):
    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.fault = Fault(kind, reason)


def parse(line: bytes) -> Row | Fault | None:
    """A line of a segment."""
    line = line.strip(b" \t\r\n")
    if not line:
        return None
    if b"\0" in line:
        return Fault("nul", f"byte {line.index(0)} is NUL")
    try:
        return _row_of(line.decode())
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data":
            return Fault("torn", f"the line ends after {len(line)} bytes, in the middle of a row")
        return Fault("utf8", f"byte {error.start} is not UTF-8")
    except _BadRowError as error:
        return error.fault


def _row_of(text: str) -> Row:
    row = _value_of(text)
    if not isinstance(row, dict):
        raise _BadRowError("json", "the line is no JSON object")
    if _SURROGATE.search(text):
        _refuse_halves(text)
    _check(row)
    return row


def _refuse_halves(text: str) -> None:
    """Half a pair of surrogates is no character, and no engine takes it."""
    try:
        json.dumps(json.loads(text), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise _BadRowError("utf8", "a string has half a pair of surrogates") from None


def _value_of(text: str) -> object:
    try:
        value, end = _DECODER.raw_decode(text)
    except json.JSONDecodeError as error:
        raise _BadRowError(*_broken(text, error)) from None
    except RecursionError:
        raise _BadRowError("json", "the line is nested too deeply") from None
    except _BadRowError:
        raise
    except ValueError:  # of int(), past some thousands of digits
        raise _BadRowError("number", "a number does not fit into 64 bits") from None
    if text[end:].strip(" \t\r\n"):
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


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        names = [name for name, _ in pairs]
        doubled = next(name for name in names if names.count(name) > 1)
        raise _BadRowError("doubled", f"member {doubled!r} occurs twice")
    return value


_DECODER = json.JSONDecoder(
    object_pairs_hook=_once, parse_float=_refuse_fraction, parse_constant=_refuse_fraction
)
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


class _Form(NamedTuple):
    """What the schema says of a member."""

    type: type[Any]
    type_name: str
    smallest: int
    largest: int
    allowed: tuple[object, ...]
    pattern: re.Pattern[str] | None
    inner: _Form | None
    """Of the values of an object, or the items of an array."""
    is_plain: bool
    """The type says all."""


_TYPES: dict[str, type[Any]] = {
    "string": str,
    "integer": int,
    "boolean": bool,
    "object": dict,
    "array": list,
}


@functools.cache
def _forms() -> dict[str, _Form]:
    return {name: _form(form) for name, form in schema()["properties"].items()}


@functools.cache
def _plain() -> dict[str, type[Any]]:
    """Members of which the type says all: most of a row, and quick to check."""
    return {name: form.type for name, form in _forms().items() if form.is_plain}


@functools.cache
def _limits() -> dict[str, tuple[int, int]]:
    """Members that are integers, from and up to."""
    forms = _forms().items()
    return {name: (form.smallest, form.largest) for name, form in forms if form.type is int}


def _form(form: dict[str, Any]) -> _Form:
    inner = form.get("additionalProperties") or form.get("items")
    kind = _TYPES[form["type"]]
    return _Form(
        type=kind,
        type_name=form["type"],
        smallest=form.get("minimum", _SMALLEST),
        largest=form.get("maximum", _LARGEST),
        allowed=tuple(form.get("enum", ())),
        pattern=re.compile(form["pattern"]) if "pattern" in form else None,
        inner=_form(inner) if inner else None,
        is_plain=kind in (str, bool) and not {"enum", "pattern"} & set(form),
    )


@functools.cache
def _required() -> dict[str, tuple[str, ...]]:
    """The members that a row of each kind must have."""
    known = schema()
    required = {kind: list(known["required"]) for kind in known["properties"]["kind"]["enum"]}
    for rule in known["allOf"]:
        condition = rule["if"]["properties"]["kind"]
        for kind in condition.get("enum", [condition.get("const")]):
            required[kind] += rule["then"]["required"]
    return {kind: tuple(names) for kind, names in required.items()}


def _check(row: Row) -> None:
    if row.get("v", _VERSION) != _VERSION:
        raise _BadRowError("version", f"version {row['v']!r} is not {_VERSION}")
    _check_members(row, schema()["required"])
    forms, plain, limits = _forms(), _plain(), _limits()
    for name, value in row.items():
        kind = type(value)
        if kind is plain.get(name):
            continue
        if kind is int and name in limits:
            smallest, largest = limits[name]
            if smallest <= value <= largest:
                continue
        if name in forms:
            _check_value(name, value, forms[name])
        else:
            _check_unknown(name, value)
    _check_members(row, _required()[row["kind"]])


def _check_unknown(name: str, value: object, depth: int = 0) -> None:
    """A member of a later writer may be anything, but its numbers fit, and it is not too deep."""
    if depth > _DEEPEST:
        raise _BadRowError("json", f"member {name!r} is nested too deeply")
    if isinstance(value, int):
        if not _SMALLEST <= value <= _LARGEST:
            raise _BadRowError("number", f"member {name!r} does not fit into 64 bits")
    elif isinstance(value, (dict, list)):
        for each in value.values() if isinstance(value, dict) else value:
            _check_unknown(name, each, depth + 1)


def _check_members(row: Row, names: Iterable[str]) -> None:
    for name in names:
        if name not in row:
            raise _BadRowError("missing", f"member {name!r} is missing")


def _check_value(name: str, value: Any, form: _Form) -> None:
    if type(value) is not form.type:
        raise _BadRowError("type", f"member {name!r} is not of type {form.type_name}")
    if form.type is int:
        if value < form.smallest:
            raise _BadRowError("number", f"member {name!r} is below {form.smallest}")
        if value > form.largest:
            raise _BadRowError("number", f"member {name!r} is above {form.largest}")
    if form.allowed and value not in form.allowed:
        allowed = ", ".join(map(str, form.allowed))
        raise _BadRowError("type", f"member {name!r} is none of {allowed}")
    if form.pattern is not None and not form.pattern.search(value):
        raise _BadRowError("type", f"member {name!r} does not match {form.pattern.pattern}")
    if form.inner is not None:
        named = value.items() if form.type is dict else ((None, each) for each in value)
        for key, each in named:
            _check_value(name if key is None else f"{name}.{key}", each, form.inner)
