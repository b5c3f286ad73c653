"""``costmark projects import``: a project that there is becomes one of the file."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from ...errors import ConfigurationError
from ..output import complain
from .as_code import add_file, add_target, lock_beside, stack_and_addresses
from .managing import tags_in

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from ...stack.model import Seen, Stack
    from ...stack.world import World
    from ..output import Commands


def add_to(parts: Commands) -> None:
    """Add the part."""
    parser = parts.add_parser(
        "import",
        help="take a project into costmark.toml",
        description="Gives a project the tag of the stack, and adds it with its tags to "
        "costmark.toml, unless it is there. Comments and order of the file stay.",
        epilog="Tags that the file's tag_policy wants, and that the project lacks, come with "
        "--tags; the project gets them as well.",
    )
    parser.add_argument("name", metavar="NAME", help="its name in the file")
    parser.add_argument("project", metavar="ID", help="its id")
    parser.add_argument(
        "--tags",
        type=tags_in,
        default={},
        metavar="KEY=VALUE,...",
        help="for the file and the project, beside those that it has or in their place",
    )
    add_file(parser)
    add_target(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    from ..._files import write_whole
    from ...stack.editing import with_entry
    from ...stack.model import IDENTITY_TAG
    from ...stack.places import open_session
    from ...stack.runs import record

    stack, where = stack_and_addresses(arguments)
    if len(where) != 1:
        raise ConfigurationError(
            f"a project is in one place, and the target {arguments.target or 'selected'!r} has "
            f"{len(where)}",
            code="invalid_argument",
        )
    session = open_session(where[0])
    world = session.observe()
    name, identity = arguments.name, stack.identity(arguments.name)
    project = _importable(stack, world, name, arguments.project)
    own = {k: v for k, v in project.tags.items() if k != IDENTITY_TAG and not stack.ignores(k)}
    text = None
    there = next((entry for entry in stack.entries if entry.name == name), None)
    if there is None:
        with _advised(name, project.id):  # checked before anything is written
            text, stack = with_entry(arguments.file, name, {**own, **arguments.tags})
    elif not arguments.tags.items() <= there.tags.items():
        raise ConfigurationError(
            f"{name} is in {arguments.file} already, with its tags: change them there",
            code="invalid_argument",
        )
    wanted = {IDENTITY_TAG: identity, **arguments.tags}
    missing = {key: value for key, value in wanted.items() if project.tags.get(key) != value}
    if missing:
        session.api.add_tags(project.id, missing)
    if text is not None:
        write_whole(arguments.file, text)
        complain(f"added {name} to {arguments.file}")
    record(stack, session.place, session.observe(), lock_beside(arguments.file))
    print(f"{project.id} is {name} of the stack {stack.name}")
    return 0


@contextlib.contextmanager
def _advised(name: str, project_id: str) -> Iterator[None]:
    """Where the file would not have the project as it is, say how it can."""
    try:
        yield
    except ConfigurationError as error:
        raise ConfigurationError(
            f"{error}; nothing is written. Give the tags that it is to have: costmark projects "
            f"import {name} {project_id} --tags KEY=VALUE,...",
            code="invalid_argument",
        ) from None


def _importable(stack: Stack, world: World, name: str, project_id: str) -> Seen:
    """The project, unless it or the name is taken."""
    project = world.of_id(project_id)
    if project is None:
        raise ConfigurationError(f"there is no active project {project_id} here")
    identity = stack.identity(name)
    if project.identity not in (None, identity):
        raise ConfigurationError(
            f"{project_id} is {project.identity} already; remove it there, and its tag, first"
        )
    for other in world.of_identity(identity):
        if other.id != project_id:
            raise ConfigurationError(f"{name} is {other.id} already")
    for entry in stack.entries:
        if entry.name == name and entry.is_external:
            raise ConfigurationError(f"{name} is external in the file: it is not taken over")
    return project
