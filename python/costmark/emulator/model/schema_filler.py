"""A small value that satisfies a JSON schema, the same one every time."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping
from typing import Any

_FORMATS = {
    "date-time": "2026-01-02T03:04:05Z",
    "date": "2026-01-02",
    "time": "03:04:05Z",
    "duration": "P1D",
    "email": "someone@example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}
# Below this depth optional things are left out, so that a recursive schema comes to an end.
_OPTIONAL_DEPTH = 6
_MAX_DEPTH = 64


class UnfillableError(ValueError):
    """A schema for which no value was found."""


def fill(schema: Any) -> Any:
    """A value for `schema`."""
    return _Filler(schema if isinstance(schema, Mapping) else {}).value(schema, 0)


class _Filler:
    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root

    def value(self, schema: Any, depth: int) -> Any:
        if depth > _MAX_DEPTH:
            raise UnfillableError("The schema requires a value of infinite depth.")
        if schema is True or schema == {}:
            return "value"
        if not isinstance(schema, Mapping):
            raise UnfillableError("A schema must be an object.")
        if "$ref" in schema:
            return self.value(self._resolve(schema["$ref"]), depth + 1)
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return schema["enum"][0]
        if schema.get("allOf"):
            return self.value(self._merged(schema), depth + 1)
        for union in ("anyOf", "oneOf"):
            if schema.get(union):
                return self._first_of(schema[union], depth)
        return self._of_type(schema, depth)

    def _resolve(self, reference: Any) -> Any:
        target: Any = self._root
        if not isinstance(reference, str) or not reference.startswith("#"):
            raise UnfillableError(f"The reference {reference!r} leads out of the schema.")
        for part in filter(None, reference[1:].split("/")):
            part = part.replace("~1", "/").replace("~0", "~")
            if not isinstance(target, Mapping) or part not in target:
                raise UnfillableError(f"The reference {reference!r} leads nowhere.")
            target = target[part]
        return target

    def _merged(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        merged = {key: value for key, value in schema.items() if key != "allOf"}
        for part in schema["allOf"]:
            while isinstance(part, Mapping) and "$ref" in part:
                part = self._resolve(part["$ref"])
            for key, value in part.items():
                if key == "properties":
                    merged[key] = {**merged.get(key, {}), **value}
                elif key == "required":
                    merged[key] = [*merged.get(key, []), *value]
                else:
                    merged[key] = value
        return merged

    def _first_of(self, choices: list[Any], depth: int) -> Any:
        if depth > _OPTIONAL_DEPTH and {"type": "null"} in choices:
            return None
        for choice in choices:
            with contextlib.suppress(UnfillableError):
                return self.value(choice, depth + 1)
        raise UnfillableError("No branch of a union can be filled.")

    def _of_type(self, schema: Mapping[str, Any], depth: int) -> Any:
        kind = schema.get("type")
        if isinstance(kind, list):
            named = [each for each in kind if each != "null"]
            kind = named[0] if named and depth <= _OPTIONAL_DEPTH else kind[-1]
        if kind is None:
            kind = "object" if "properties" in schema else "string"
        if kind == "object":
            return self._object(schema, depth)
        if kind == "array":
            return self._array(schema, depth)
        if kind in ("integer", "number"):
            return _number(schema, whole=kind == "integer")
        if kind == "string":
            return _string(schema)
        return True if kind == "boolean" else None

    def _object(self, schema: Mapping[str, Any], depth: int) -> dict[str, Any]:
        required = set(schema.get("required", ()))
        result = {}
        for name, member in schema.get("properties", {}).items():
            if name in required:
                result[name] = self.value(member, depth + 1)
            elif depth <= _OPTIONAL_DEPTH:
                with contextlib.suppress(UnfillableError):
                    result[name] = self.value(member, depth + 1)
        return result

    def _array(self, schema: Mapping[str, Any], depth: int) -> list[Any]:
        least = int(schema.get("minItems", 0))
        wanted = max(least, 1 if depth <= _OPTIONAL_DEPTH else 0)
        items = min(wanted, int(schema.get("maxItems", wanted)))
        prefix = schema.get("prefixItems", [])[: items or None]
        rest = [schema.get("items", True)] * max(0, items - len(prefix))
        return [self.value(each, depth + 1) for each in [*prefix, *rest]]


def _number(schema: Mapping[str, Any], *, whole: bool) -> int | float:
    step = schema.get("multipleOf", 1)
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    high = schema.get("maximum", schema.get("exclusiveMaximum"))
    if low is None:
        low = 1 if high is None or high > 1 else high - 2 * step
    value = math.ceil(low / step) * step
    if "exclusiveMinimum" in schema and value <= schema["exclusiveMinimum"]:
        value += step
    if high is not None and value > high and not whole:
        value = (low + high) / 2
    return int(value) if whole else value


def _string(schema: Mapping[str, Any]) -> str:
    text = _FORMATS.get(schema.get("format", ""), "text")
    least = int(schema.get("minLength", 0))
    most = int(schema.get("maxLength", max(least, len(text))))
    return text.ljust(least, "x")[:most]
