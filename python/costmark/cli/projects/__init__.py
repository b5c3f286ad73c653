"""``costmark projects``: plan, apply, drift, import."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import as_code, importing

if TYPE_CHECKING:
    from ..output import Commands


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser("projects", help="projects", description="Projects.")
    parts = parser.add_subparsers(metavar="PART", required=True)
    as_code.add_to(parts)
    importing.add_to(parts)
