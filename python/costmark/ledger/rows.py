"""A line of the ledger, read strictly: a row, or the fault that it has. The reader is in core."""

from __future__ import annotations

import functools
import json
from typing import Any, NamedTuple

from .. import _core

Row = dict[str, Any]


class Fault(NamedTuple):
    """What is wrong with a line."""

    kind: str
    """torn, utf8, nul, json, doubled, number, type, missing, version, longer."""
    reason: str
    """In words, with the member or the byte."""


def parse_line(line: bytes, *, in_log: bool = False) -> Row | Fault | None:
    """Read one line, with or without its newline. None for an empty line.

    ``in_log``: the line may be another program's: None again. A row may stand behind a
    prefix there, or in the member ``message`` or ``log`` of an object.
    """
    found = _core.parse_row(line, in_log)
    if found is None:
        return None
    return Fault(*found) if isinstance(found, tuple) else row_of(found)


def row_of(text: str) -> Row:
    """The row of a text that core has found to be one."""
    row: Row = json.loads(text)
    return row


@functools.cache
def schema() -> dict[str, Any]:
    """The JSON Schema of a row."""
    from importlib import resources

    text = resources.files(__package__).joinpath("row.schema.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found
