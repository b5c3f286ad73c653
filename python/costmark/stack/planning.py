"""The difference between what a file says and what there is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..errors import ConfigurationError
from .model import IDENTITY_TAG, MOST_TAGS, Entry

if TYPE_CHECKING:
    from .model import Seen, Stack
    from .world import World

CREATE, UPDATE, ARCHIVE = "create", "update", "archive"


@dataclass(frozen=True)
class Change:
    """What is to be written about one project; applying it sends at least one write."""

    action: str
    name: str  # in the file, or what it was there
    project: str | None  # its id; None for one that is created
    old_name: str | None = None
    new_name: str | None = None
    # Tags with the value that they have and the one that they get; None where there is none.
    tags: Mapping[str, tuple[str | None, str | None]] = field(default_factory=dict)
    why: str | None = None

    @property
    def overwritten(self) -> dict[str, str]:
        """The tags that have another value."""
        return {
            k: new for k, (old, new) in self.tags.items() if old is not None and new is not None
        }

    @property
    def removed(self) -> list[str]:
        """The tags that are taken off."""
        return [key for key, (_, new) in self.tags.items() if new is None]

    @property
    def added(self) -> dict[str, str]:
        """The tags that are new."""
        return {k: new for k, (old, new) in self.tags.items() if old is None and new is not None}

    def document(self) -> dict[str, Any]:
        """The change as JSON has it."""
        return {
            "action": self.action,
            "name": self.name,
            "project": self.project,
            "old_name": self.old_name,
            "new_name": self.new_name,
            "tags": {key: list(values) for key, values in self.tags.items()},
            "why": self.why,
        }


@dataclass(frozen=True)
class Plan:
    """The changes of one place, and what is worth knowing beside them."""

    changes: tuple[Change, ...]
    notes: tuple[str, ...] = ()


def make_plan(stack: Stack, world: World, *, allow_archive: bool = False) -> Plan:
    """What has to be written so that the world is as the file says."""
    changes: list[Change] = []
    notes: list[str] = []
    for entry in stack.entries:
        if entry.is_external:
            external(entry, world)
        else:
            changes += _entry(entry, stack, world, notes)
    changes += _left_over(stack, world, notes, allow_archive=allow_archive)
    return Plan(tuple(changes), tuple(notes))


def owned(entry: Entry, stack: Stack, world: World) -> list[Seen]:
    """The projects that are this entry: by the tag alone, never by the name."""
    found = world.of_identity(stack.identity(entry.name))
    if not found and entry.renamed_from is not None:
        found = world.of_identity(stack.identity(entry.renamed_from))
    return found


def external(entry: Entry, world: World) -> Seen:
    """The project of another tool: of its id, or the only one of its name. ConfigurationError."""
    if entry.id is not None:
        found = world.of_id(entry.id)
        if found is None:
            raise ConfigurationError(f"{entry.name!r} is external, and {entry.id} is not there")
        return found
    named = world.of_name(entry.name)
    if len(named) == 1:
        return named[0]
    ids = ", ".join(each.id for each in named)
    raise ConfigurationError(
        f"{entry.name!r} is external, and "
        + (f"{ids} have this name: say which one with id" if named else "no project has this name")
    )


def _entry(entry: Entry, stack: Stack, world: World, notes: list[str]) -> Iterator[Change]:
    found = owned(entry, stack, world)
    if not found:
        notes.extend(
            f"{other.id} has the name {entry.name!r} and not the tag of this stack, so it is left "
            f"alone; to take it over: costmark projects import {entry.name} {other.id}"
            for other in world.of_name(entry.name)
        )
        yield _creation(entry, stack)
        return
    yield from _update(entry, stack, found[0])
    for duplicate in found[1:]:
        yield Change(
            ARCHIVE,
            entry.name,
            duplicate.id,
            old_name=duplicate.name,
            why=f"a duplicate of {found[0].id}, which is older: two processes created it at once",
        )


def wanted_tags(entry: Entry, stack: Stack) -> dict[str, str]:
    """The tags that a project is to have, the reserved one first."""
    return {IDENTITY_TAG: stack.identity(entry.name), **entry.tags}


def _creation(entry: Entry, stack: Stack) -> Change:
    tags = {key: (None, value) for key, value in wanted_tags(entry, stack).items()}
    return Change(CREATE, entry.name, None, new_name=entry.name, tags=tags)


def _update(entry: Entry, stack: Stack, found: Seen) -> Iterator[Change]:
    wanted = wanted_tags(entry, stack)
    kept = [key for key in found.tags if stack.ignores(key)]
    if len(kept) + len(wanted) > MOST_TAGS:
        raise ConfigurationError(
            f"{entry.name!r} would have {len(kept) + len(wanted)} tags, {len(kept)} of which are "
            f"among ignore_tags; at most {MOST_TAGS}"
        )
    tags: dict[str, tuple[str | None, str | None]] = {}
    for key in sorted({*wanted, *found.tags} - set(kept)):
        old, new = found.tags.get(key), wanted.get(key)
        if old != new:
            tags[key] = (old, new)
    is_renamed = found.name != entry.name
    if tags or is_renamed:
        yield Change(
            UPDATE,
            entry.name,
            found.id,
            old_name=found.name,
            new_name=entry.name if is_renamed else None,
            tags=tags,
        )


def _left_over(
    stack: Stack, world: World, notes: list[str], *, allow_archive: bool
) -> Iterator[Change]:
    """What has the stack's tag and is not in the file."""
    known = {found.id for entry in stack.entries for found in owned(entry, stack, world)}
    for seen in world.of_stack(stack):
        if seen.id in known:
            continue
        name = (seen.identity or "").partition("/")[2]
        if allow_archive:
            yield Change(ARCHIVE, name, seen.id, old_name=seen.name, why="it is not in the file")
        else:
            notes.append(
                f"{seen.id} ({name}) is not in the file and stays; --allow-archive archives it, "
                "which cannot be undone"
            )
