"""Plan files: what was planned, where, and for which state of the world."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..errors import ConfigurationError
from .model import IDENTITY_TAG
from .places import Place
from .planning import ARCHIVE, CREATE, UPDATE, Change

_VERSION = 1


@dataclass(frozen=True)
class Planned:
    """The changes of one place, and the hash of the state that they were planned for."""

    target: str
    place: Place
    state: str
    changes: tuple[Change, ...]

    def document(self) -> dict[str, Any]:
        """As a plan file has it."""
        return {
            "target": self.target,
            **asdict(self.place),
            "state": self.state,
            "changes": [change.document() for change in self.changes],
        }


def write_plan(path: Path, stack: str, planned: Sequence[Planned]) -> None:
    """Write a plan file."""
    places = [each.document() for each in planned]
    document = {"version": _VERSION, "stack": stack, "places": places}
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def read_plan(path: Path, stack: str) -> list[Planned]:
    """What a plan file of a stack says. ConfigurationError when it is not one."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        json.dumps(document, ensure_ascii=False).encode()  # ValueError for half a character
        if document["version"] != _VERSION:
            raise ValueError(f"version {document['version']!r}; expected {_VERSION}")
        planned = [_planned(each) for each in document["places"]]
        planned_for = document["stack"]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ConfigurationError(
            f"{path} is not a plan of 'costmark projects plan --out': "
            f"{type(error).__name__}: {error}"
        ) from None
    if planned_for != stack:
        raise ConfigurationError(f"{path} is a plan of the stack {planned_for!r}, not of {stack!r}")
    return planned


def _planned(members: dict[str, Any]) -> Planned:
    place = Place(*(_text(members[name]) for name in ("partition", "account", "region", "plane")))
    changes = tuple(_change(each) for each in members["changes"])
    return Planned(_text(members["target"]), place, _text(members["state"]), changes)


def _change(members: dict[str, Any]) -> Change:
    if members["action"] not in (CREATE, UPDATE, ARCHIVE):
        raise ValueError(f"unknown action {members['action']!r}")
    _text(members["name"])
    tags = {key: _values(each) for key, each in members["tags"].items()}
    if members["action"] == CREATE:
        _text(tags[IDENTITY_TAG][1])
    else:
        _text(members["project"])
    for name in ("project", "old_name", "new_name", "why"):
        _text_or_none(members[name])
    return Change(**{**members, "tags": tags})


def _values(value: Any) -> tuple[str | None, str | None]:
    """The value that a tag has, and the one that it gets."""
    if not isinstance(value, list) or value == [None, None]:
        raise TypeError(f"expected two values of a tag, not {value!r}")
    old, new = map(_text_or_none, value)
    return old, new


def _text_or_none(value: Any) -> str | None:
    return None if value is None else _text(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected a text, not {value!r}")
    return value
