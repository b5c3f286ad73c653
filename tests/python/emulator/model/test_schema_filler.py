"""Values made for JSON schemas."""

from __future__ import annotations

from typing import Any

import pytest

TREE = {
    "$ref": "#/$defs/node",
    "$defs": {
        "node": {
            "type": "object",
            "properties": {
                "name": {"type": "string"},
                "children": {"type": "array", "items": {"$ref": "#/$defs/node"}},
                "parent": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]},
            },
            "required": ["name", "children", "parent"],
        }
    },
}


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "string"}, "text"),
        ({"type": "string", "minLength": 6}, "textxx"),
        ({"type": "string", "maxLength": 2}, "te"),
        ({"type": "string", "format": "date"}, "2026-01-02"),
        ({"type": "integer"}, 1),
        ({"type": "integer", "minimum": 10, "multipleOf": 4}, 12),
        ({"type": "integer", "exclusiveMinimum": 3}, 4),
        ({"type": "integer", "maximum": -5}, -7),
        ({"type": "number", "minimum": 0.25, "maximum": 0.5}, 0.375),
        ({"type": "boolean"}, True),
        ({"type": "null"}, None),
        ({"type": ["null", "integer"]}, 1),
        ({"enum": ["b", "a"]}, "b"),
        ({"const": {"x": 1}}, {"x": 1}),
        ({"type": "array", "items": {"type": "integer"}, "minItems": 3}, [1, 1, 1]),
        ({"type": "array", "items": {"type": "integer"}, "maxItems": 0}, []),
        ({"type": "array", "prefixItems": [{"type": "null"}], "items": {"const": 2}}, [None]),
        ({"anyOf": [{"$ref": "#/none"}, {"type": "boolean"}]}, True),
        (
            {
                "allOf": [
                    {"type": "object", "properties": {"a": {"const": 1}}, "required": ["a"]},
                    {"properties": {"b": {"const": 2}}, "required": ["b"]},
                ]
            },
            {"a": 1, "b": 2},
        ),
        ({"type": "object", "properties": {"a": {"type": "string"}}}, {"a": "text"}),
    ],
)
def test_values(schema: Any, value: Any) -> None:
    from costmark.emulator.model.schema_filler import fill

    assert fill(schema) == value


def test_recursive_schemas_come_to_an_end() -> None:
    from costmark.emulator.model.schema_filler import fill

    node = fill(TREE)
    assert node["name"] == "text"
    depth = 0
    while node["parent"] is not None:
        node, depth = node["parent"], depth + 1
    assert 1 <= depth < 10


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#/nowhere"},
        {"$ref": "https://example.com/schema"},
        {"$ref": "#"},
        {"type": "object", "properties": {"a": 7}, "required": ["a"]},
    ],
)
def test_schemas_that_cannot_be_filled(schema: Any) -> None:
    from costmark.emulator.model import schema_filler

    with pytest.raises(schema_filler.UnfillableError):
        schema_filler.fill(schema)
