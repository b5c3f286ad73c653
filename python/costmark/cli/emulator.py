"""``costmark emulator``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..emulator.arguments import add_arguments
from ..emulator.command import run

if TYPE_CHECKING:
    from .output import Commands


def add_to(commands: Commands) -> None:
    """Add the command, with the emulator's own options."""
    parser = commands.add_parser("emulator", help="run a local Bedrock for development and tests")
    add_arguments(parser)
    parser.set_defaults(run=run)
