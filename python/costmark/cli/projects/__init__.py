"""``costmark projects``: one module for each group of its parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import as_code, importing

if TYPE_CHECKING:
    from ..output import Commands

_GROUPS = (as_code, importing)


def add_to(commands: Commands) -> None:
    """Add the command and its parts."""
    parser = commands.add_parser("projects", help="projects", description="Projects.")
    parts = parser.add_subparsers(metavar="PART", required=True)
    for group in _GROUPS:
        group.add_to(parts)
