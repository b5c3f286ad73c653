"""``costmark.lock``: which project has which id. A cache that the reserved tag rebuilds.

Clients read it for the names and tags of projects (option ``lock``); docs/projects-as-code.md lists
its members.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._files import write_whole
from ..errors import ConfigurationError
from .planning import external, owned, wanted_tags

if TYPE_CHECKING:
    from .model import Seen, Stack
    from .world import World

NAME = "costmark.lock"
VERSION = 1

_KEY = ("partition", "account", "region", "plane", "name")
_TEXTS = (*_KEY, "stack", "id")
# What a row of the ledger has place for (docs/ledger.md).
_MOST_ROW_TAGS = 16
_MOST_ROW_BYTES = 2048

Place = Mapping[str, str]  # partition, account, region, plane


@dataclass
class Lock:
    """The entries of a lock file, and the past ones."""

    projects: list[dict[str, Any]]
    history: list[dict[str, Any]]

    def at(self, place: Place, stack: str) -> dict[str, dict[str, Any]]:
        """The entries of a stack in one place, by name."""
        return {e["name"]: e for e in self.projects if _is_at(e, place) and e["stack"] == stack}

    def record(self, place: Place, stack: Stack, world: World, today: str) -> None:
        """Take over what there is in one place; what was known otherwise goes into the history."""
        now = [_entry(name, seen, place, stack) for name, seen in found(stack, world)]
        kept = [e for e in self.projects if not (_is_at(e, place) and e["stack"] == stack.name)]
        self.projects = sorted([*kept, *now], key=lambda each: [each[name] for name in _KEY])
        open_ones = [e for e in self.history if e["until"] is None and _is_at(e, place)]
        past = {_identity(e): e for e in open_ones if e["stack"] == stack.name}
        current = {_identity(e): e for e in now}
        for identity in past.keys() - current.keys():
            past[identity]["until"] = today
        for identity in sorted(current.keys() - past.keys()):
            members = {name: current[identity][name] for name in _TEXTS}
            begun = {"tag": identity[0], **members, "from": today, "until": None}
            self.history.append(begun)


def _identity(entry: Mapping[str, Any]) -> tuple[str, str]:
    """The tag and the id: a dated pair of them is what a bill is joined by."""
    return f"{entry['stack']}/{entry['name']}", entry["id"]


def _is_at(entry: Mapping[str, Any], place: Place) -> bool:
    return all(entry[name] == place[name] for name in _KEY[:-1])


def found(stack: Stack, world: World) -> Iterator[tuple[str, Seen]]:
    """Each entry of the file that is there, with its project."""
    for entry in stack.entries:
        seen = [external(entry, world)] if entry.is_external else owned(entry, stack, world)
        if seen:
            yield entry.name, seen[0]


def _entry(name: str, seen: Seen, place: Place, stack: Stack) -> dict[str, Any]:
    entry = next(each for each in stack.entries if each.name == name)
    known = dict(seen.tags) if entry.is_external else wanted_tags(entry, stack)
    return {
        **{member: place[member] for member in _KEY[:-1]},
        "name": name,
        "stack": stack.name,
        "id": seen.id,
        "arn": seen.arn,
        "tags": for_rows({key: seen.tags[key] for key in known if key in seen.tags}),
    }


def for_rows(tags: Mapping[str, str]) -> dict[str, str]:
    """The first tags, as many as a row has place for."""
    kept: dict[str, str] = {}
    size = 0
    for key, value in list(tags.items())[:_MOST_ROW_TAGS]:
        size += len(key.encode()) + len(value.encode())
        if size > _MOST_ROW_BYTES:
            break
        kept[key] = value
    return kept


def read_lock(path: Path) -> Lock:
    """What a lock file has; nothing where there is none. Raises ConfigurationError."""
    try:
        if path.exists() and not path.is_file():  # a pipe would be waited for
            raise _broken(path, "not a file")
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Lock([], [])
    except UnicodeDecodeError as error:
        raise _broken(path, f"not UTF-8 at byte {error.start}") from None
    try:
        document = json.loads(text)
        json.dumps(document, ensure_ascii=False).encode()  # as it will be written again
    except json.JSONDecodeError as error:
        raise _broken(path, f"{error.msg}", f":{error.lineno}:{error.colno}") from None
    except (ValueError, RecursionError):
        raise _broken(path, "a number, a nesting or half a character that no lock has") from None
    if not isinstance(document, dict) or document.get("version") != VERSION:
        raise _broken(path, f"expected an object whose version is {VERSION}")
    projects = _checked(path, document, "projects", _TEXTS)
    _check_tags(path, projects)
    _refuse_ambiguous(path, projects)
    return Lock(projects, _checked(path, document, "history", (*_TEXTS, "tag", "from")))


def _broken(path: Path, what: str, where: str = "") -> ConfigurationError:
    return ConfigurationError(
        f"{path}{where}: {what}; the lock is a cache: remove it, and 'costmark projects apply' "
        "writes it anew"
    )


def _checked(
    path: Path, document: Mapping[str, Any], member: str, texts: Sequence[str]
) -> list[dict[str, Any]]:
    entries = document.get(member, [])
    if not isinstance(entries, list):
        raise _broken(path, f"{member!r} is not an array")
    for number, entry in enumerate(entries, start=1):
        if not isinstance(entry, dict):
            raise _broken(path, f"{member} {number} is not an object")
        for name in texts:
            if not isinstance(entry.get(name), str):
                raise _broken(path, f"{member} {number} has no text in {name!r}")
        entry.setdefault("until", None) if member == "history" else None
    return entries


def _check_tags(path: Path, projects: Sequence[Mapping[str, Any]]) -> None:
    for number, entry in enumerate(projects, start=1):
        tags = entry.get("tags", {})
        if not isinstance(tags, dict) or not all(isinstance(v, str) for v in tags.values()):
            raise _broken(path, f"projects {number}: 'tags' is not an object of texts")


def _refuse_ambiguous(path: Path, projects: Sequence[Mapping[str, Any]]) -> None:
    seen: set[tuple[str, ...]] = set()
    for entry in projects:
        key = (entry["stack"], *(entry[name] for name in _KEY))
        if key in seen:
            place = "/".join(key[1:-1])
            raise _broken(path, f"{entry['name']!r} is there twice for {place}")
        seen.add(key)


@contextlib.contextmanager
def changing(path: Path) -> Iterator[Lock]:
    """The lock file, to be changed: one process at a time, and written whole or not at all."""
    folder = os.open(path.absolute().parent, os.O_RDONLY)  # no file of its own to leave behind
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        lock = read_lock(path)
        yield lock
        _write(path, lock)
    finally:
        os.close(folder)


def _write(path: Path, lock: Lock) -> None:
    document = {"version": VERSION, "projects": lock.projects, "history": lock.history}
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return
    write_whole(path, text)
