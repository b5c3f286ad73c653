"""``costmark version``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import _core

if TYPE_CHECKING:
    import argparse

    from .output import Commands


def add_to(commands: Commands) -> None:
    """Add the command."""
    commands.add_parser("version", help="print the version").set_defaults(run=run)


def run(_: argparse.Namespace) -> int:
    """Print the version; return the exit status."""
    print(line())
    return 0


def line() -> str:
    """Return the line that names the version."""
    return f"costmark {_core.version}"
