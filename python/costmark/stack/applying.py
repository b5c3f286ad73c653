"""Writing a plan. What fails halfway is finished by the next run, which reads the state again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import Error
from .model import IDENTITY_TAG
from .planning import ARCHIVE, CREATE
from .world import observe_identity, seen

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .model import ProjectsAPI, Seen
    from .planning import Change


@dataclass(frozen=True)
class Outcome:
    """What became of one change: the project, or the error."""

    change: Change
    project: str | None
    error: str | None = None


def apply_changes(api: ProjectsAPI, changes: Iterable[Change]) -> list[Outcome]:
    """Write the changes. One that fails does not keep the others from being written."""
    return [_outcome(api, change) for change in changes]


def _outcome(api: ProjectsAPI, change: Change) -> Outcome:
    try:
        return Outcome(change, _apply(api, change))
    except Error as error:
        return Outcome(change, change.project, str(error))


def _apply(api: ProjectsAPI, change: Change) -> str:
    if change.action == CREATE:
        return ensure(api, change.name, change.added).id
    assert change.project is not None  # noqa: S101 - only what is created has none
    if change.action == ARCHIVE:
        api.archive(change.project)
    else:
        _update(api, change.project, change)
    return change.project


def _update(api: ProjectsAPI, project: str, change: Change) -> None:
    """Overwrite, untag, add: in this order a project never has more tags than it may."""
    if change.new_name is not None:
        api.rename(project, change.new_name)
    if change.overwritten:
        api.add_tags(project, change.overwritten)
    if change.removed:
        api.remove_tags(project, change.removed)
    if change.added:
        api.add_tags(project, change.added)


def ensure(api: ProjectsAPI, name: str, tags: Mapping[str, str]) -> Seen:
    """Create a project that was not there, unless another process was faster.

    ::

        create ─► list again ─► ours is the oldest ─► it stays
                                another is older   ─► archive ours, take that

    "Oldest" is by time of creation, then by id, so that all who race see the same winner. A list
    that lags hides a rival: then both stay, until a later run sees both and archives the younger.
    """
    identity = tags[IDENTITY_TAG]
    made = seen(api.create(name, tags), tags)
    rivals = {each.id: each for each in observe_identity(api, name, identity)}
    winner = min({made.id: made, **rivals}.values(), key=lambda each: each.order)
    if winner.id != made.id:
        api.archive(made.id)
    return winner
