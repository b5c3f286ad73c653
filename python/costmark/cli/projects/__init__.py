"""``costmark projects``: one module for each group of its parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import as_code, importing, managing

if TYPE_CHECKING:
    from ..output import Commands

_GROUPS = (managing, as_code, importing)


def add_to(commands: Commands) -> None:
    """Add the command and its parts."""
    parser = commands.add_parser(
        "projects",
        help="create, list, tag and archive projects; make them what a file says",
        description="The projects of the account, on the plane of --plane: mantle (the "
        "bedrock-mantle endpoint) or bedrock (the control plane that boto3 speaks to). Credentials "
        "and region are those that a client would find; every option of costmark can be set in the "
        "environment. See docs/projects.md, and docs/projects-as-code.md for plan, apply, drift "
        "and import, which read costmark.toml.",
    )
    parts = parser.add_subparsers(metavar="PART", required=True)
    for group in _GROUPS:
        group.add_to(parts)
