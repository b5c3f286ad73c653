"""What a file says, and what there is."""

from __future__ import annotations

import fnmatch
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

IDENTITY_TAG = "costmark_project"
MOST_TAGS = 50  # of a project, the reserved one included
RESERVED_STACK = "experiment"
ALWAYS_IGNORED = ("aws:*",)


class Project(Protocol):
    """A project as the Projects API shows it."""

    @property
    def id(self) -> str: ...  # noqa: D102
    @property
    def arn(self) -> str: ...  # noqa: D102
    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def status(self) -> str: ...  # noqa: D102
    @property
    def tags(self) -> Mapping[str, str] | None: ...  # noqa: D102
    @property
    def created_at(self) -> Any: ...  # noqa: D102


class ProjectsAPI(Protocol):
    """What of `costmark.Projects` is used."""

    def create(self, name: str, tags: Mapping[str, str] | None = None) -> Project: ...  # noqa: D102
    def get(self, project: str) -> Project: ...  # noqa: D102
    def list(self, *, include_archived: bool = False) -> Iterator[Project]: ...  # noqa: D102
    def rename(self, project: str, name: str) -> Any: ...  # noqa: D102
    def tags(self, project: str) -> Mapping[str, str]: ...  # noqa: D102
    def add_tags(self, project: str, tags: Mapping[str, str]) -> Any: ...  # noqa: D102
    def remove_tags(self, project: str, keys: Collection[str]) -> Any: ...  # noqa: D102
    def archive(self, project: str) -> Any: ...  # noqa: D102


@dataclass(frozen=True)
class Entry:
    """A project of the file."""

    name: str
    tags: Mapping[str, str] = field(default_factory=dict)
    renamed_from: str | None = None
    is_external: bool = False  # another tool owns it: read, never written
    id: str | None = None  # of an external one


@dataclass(frozen=True)
class Target:
    """An account, the regions in it, and how it is reached."""

    name: str
    account: str | None = None
    regions: tuple[str, ...] = ()
    plane: str | None = None
    profile: str | None = None
    role_arn: str | None = None
    external_id: str | None = None


@dataclass(frozen=True)
class Stack:
    """What one file manages."""

    name: str
    entries: tuple[Entry, ...] = ()
    targets: tuple[Target, ...] = ()
    plane: str = "mantle"
    ignore_tags: tuple[str, ...] = ()

    def identity(self, name: str) -> str:
        """The value of the reserved tag of a project."""
        return f"{self.name}/{name}"

    def ignores(self, key: str) -> bool:
        """Whether a tag is left as it is."""
        patterns = (*ALWAYS_IGNORED, *self.ignore_tags)
        return any(fnmatch.fnmatchcase(key, pattern) for pattern in patterns)


@dataclass(frozen=True)
class Seen:
    """A project as it was seen, with its tags."""

    id: str
    name: str
    tags: Mapping[str, str]
    order: tuple[float, str]  # of creation: the first of several wins
    arn: str = ""
    is_archived: bool = False

    @property
    def identity(self) -> str | None:
        """The value of the reserved tag."""
        return self.tags.get(IDENTITY_TAG)
