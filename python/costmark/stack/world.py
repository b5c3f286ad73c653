"""What there is: the projects of one account, region and plane, as they are now."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .model import Seen

if TYPE_CHECKING:
    from .model import Project, ProjectsAPI, Stack

_NEVER = float("inf")


@dataclass(frozen=True)
class World:
    """The active projects, oldest first, without `default`."""

    projects: tuple[Seen, ...]
    accounts: frozenset[str] = frozenset()  # of the ARNs that were listed, that of `default` too

    def of_identity(self, identity: str) -> list[Seen]:
        """Those with this identity: more than one where two processes created it at once."""
        return [each for each in self.projects if each.identity == identity]

    def of_name(self, name: str) -> list[Seen]:
        """Those of this name, whatever they are."""
        return [each for each in self.projects if each.name == name]

    def of_stack(self, stack: Stack) -> list[Seen]:
        """Those that the stack manages."""
        return [e for e in self.projects if (e.identity or "").startswith(f"{stack.name}/")]

    def of_id(self, project_id: str) -> Seen | None:
        """The one with this id."""
        return next((each for each in self.projects if each.id == project_id), None)

    def state(self, stack: Stack) -> str:
        """A hash of what the stack manages and reads: it differs when any of that has changed."""
        ids = {each.id for each in self.of_stack(stack)}
        ids |= {entry.id for entry in stack.entries if entry.id is not None}
        names = {entry.name for entry in stack.entries}
        concerned: list[Any] = [
            [each.id, each.name, sorted(each.tags.items())]
            for each in self.projects
            if each.id in ids or each.name in names
        ]
        text = json.dumps(sorted(concerned), separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def observe(api: ProjectsAPI) -> World:
    """The world as it is now. A plane whose list has no tags is asked for those of each project."""
    listed = list(api.list())
    projects = sorted(_seen(api, listed), key=lambda each: each.order)
    return World(tuple(projects), frozenset(account_of(each.arn) for each in listed))


def account_of(arn: str) -> str:
    """The account of an ARN."""
    return (arn.split(":") + [""] * 5)[4]


def observe_identity(api: ProjectsAPI, name: str, identity: str) -> list[Seen]:
    """The active projects of an identity, oldest first; only those of this name are looked at."""
    found = _seen(api, (each for each in api.list() if each.name == name))
    return sorted((e for e in found if e.identity == identity), key=lambda each: each.order)


def _seen(api: ProjectsAPI, projects: Iterable[Project]) -> Iterator[Seen]:
    for project in projects:
        if project.status == "active" and project.id != "default":
            yield seen(project, project.tags if project.tags is not None else api.tags(project.id))


def seen(project: Project, tags: Any) -> Seen:
    """A project with the tags that it has."""
    return Seen(
        id=project.id,
        name=project.name,
        tags=dict(tags),
        order=(_seconds(project.created_at), project.id),
        arn=project.arn,
    )


def _seconds(moment: Any) -> float:
    if moment is None:
        return _NEVER
    return float(moment.timestamp() if hasattr(moment, "timestamp") else moment)
