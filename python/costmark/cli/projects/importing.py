"""``costmark projects import``: a project that there is becomes one of the file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import ConfigurationError
from ..output import complain
from .as_code import add_file, add_target, lock_beside, stack_and_addresses

if TYPE_CHECKING:
    import argparse

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
    )
    parser.add_argument("name", metavar="NAME", help="its name in the file")
    parser.add_argument("project", metavar="ID", help="its id")
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
    tags = {k: v for k, v in project.tags.items() if k != IDENTITY_TAG and not stack.ignores(k)}
    text = None
    if all(entry.name != name for entry in stack.entries):
        text, stack = with_entry(arguments.file, name, tags)  # checked before anything is written
    if project.identity != identity:
        session.api.add_tags(project.id, {IDENTITY_TAG: identity})
    if text is not None:
        write_whole(arguments.file, text)
        complain(f"added {name} to {arguments.file}")
    record(stack, session.place, session.observe(), lock_beside(arguments.file))
    print(f"{project.id} is {name} of the stack {stack.name}")
    return 0


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
