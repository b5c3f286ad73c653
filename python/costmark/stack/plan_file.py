"""Plan files: what was planned, where, and for which state of the world."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..errors import ConfigurationError
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
        if document["version"] != _VERSION:
            raise ValueError(f"version {document['version']!r}; expected {_VERSION}")
        planned = [_planned(each) for each in document["places"]]
        planned_for = document["stack"]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
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
    if members["action"] != CREATE:
        _text(members["project"])
    tags = {_text(key): (old, new) for key, (old, new) in members["tags"].items()}
    return Change(**{**members, "tags": tags})


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected a text, not {value!r}")
    return value
