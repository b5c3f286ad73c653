"""Plans as text that reads like Terraform's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from .planning import ARCHIVE, CREATE, UPDATE

if TYPE_CHECKING:
    from .planning import Change, Plan

_SIGNS = {CREATE: "+", UPDATE: "~", ARCHIVE: "-"}
_VERBS = {CREATE: "will be created", UPDATE: "will be updated", ARCHIVE: "will be archived"}


def plan_lines(plan: Plan) -> Iterator[str]:
    """The changes of a place, then the notes, then how many there are."""
    for change in plan.changes:
        yield from _change_lines(change)
        yield ""
    for note in plan.notes:
        yield f"  note: {note}"
    if plan.notes:
        yield ""
    yield summary(plan)


def summary(plan: Plan) -> str:
    """How many projects are created, changed and archived."""
    if not plan.changes:
        return "No changes. The projects are as the file says."
    counts = {sign: sum(each.action == sign for each in plan.changes) for sign in _SIGNS}
    return (
        f"Plan: {counts[CREATE]} to create, {counts[UPDATE]} to update, "
        f"{counts[ARCHIVE]} to archive."
    )


def _change_lines(change: Change) -> Iterator[str]:
    sign = _SIGNS[change.action]
    project = f" ({change.project})" if change.project else ""
    yield f'  # project "{change.name}"{project} {_VERBS[change.action]}'
    if change.why:
        yield f"  # because {change.why}"
    yield f'  {sign} project "{change.name}" {{'
    if change.action == CREATE:
        yield f"      + name = {_quoted(change.new_name)}"
    elif change.new_name is not None:
        yield f"      ~ name = {_quoted(change.old_name)} -> {_quoted(change.new_name)}"
    if change.tags:
        yield f"      {'+' if change.action == CREATE else '~'} tags = {{"
        yield from _tag_lines(change)
        yield "        }"
    yield "    }"


def _tag_lines(change: Change) -> Iterator[str]:
    width = max(len(_quoted(key)) for key in change.tags)
    for key, (old, new) in change.tags.items():
        name = _quoted(key).ljust(width)
        if old is None:
            yield f"          + {name} = {_quoted(new)}"
        elif new is None:
            yield f"          - {name} = {_quoted(old)} -> null"
        else:
            yield f"          ~ {name} = {_quoted(old)} -> {_quoted(new)}"


def _quoted(text: str | None) -> str:
    return json.dumps(text, ensure_ascii=True)
