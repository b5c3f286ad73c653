"""Strict reading and plain writing of JSON."""

from __future__ import annotations

import json
from typing import Any, NoReturn


class BadJsonError(ValueError):
    """A text that is not JSON; the message says what and where."""


class JsonObject(dict[str, Any]):
    """An object that remembers which of its members occurred more than once."""

    duplicates: tuple[str, ...] = ()


def _object(pairs: list[tuple[str, Any]]) -> JsonObject:
    result = JsonObject(pairs)
    if len(result) != len(pairs):
        names = [name for name, _ in pairs]
        result.duplicates = tuple(name for name in result if names.count(name) > 1)
    return result


def _constant(name: str) -> NoReturn:
    raise BadJsonError(f"expected value, found `{name}`")


_decoder = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant)


def loads(body: bytes) -> Any:
    """Read one JSON text: UTF-8 without a byte order mark, nothing but RFC 8259."""
    try:
        return _decoder.decode(body.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise BadJsonError(f"invalid UTF-8 at byte {error.start}") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno} column {error.colno}"
        raise BadJsonError(f"{error.msg} at {where}") from None
    except RecursionError:
        raise BadJsonError("recursion limit exceeded") from None
    except ValueError as error:
        raise BadJsonError(str(error)) from None


def dumps(value: Any) -> bytes:
    """Write compact JSON; ASCII only, so that lone surrogates survive."""
    return json.dumps(value, separators=(",", ":")).encode("ascii")
