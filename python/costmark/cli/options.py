"""``costmark options``."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from .. import _core

if TYPE_CHECKING:
    import argparse

    from .output import Commands


def add_to(commands: Commands) -> None:
    """Add the command."""
    commands.add_parser("options", help="print the table of options").set_defaults(run=run)


def run(_: argparse.Namespace) -> int:
    """Print every option with what it takes, its default, and what it is for."""
    print("\n\n".join(map(_described, _core.options())))
    return 0


def _described(option: _core._Option) -> str:
    text = textwrap.fill(option["description"], 96, initial_indent="    ", subsequent_indent="    ")
    return f"{option['name']}  ({_kind(option)}; COSTMARK_{option['name'].upper()})\n{text}"


def _kind(option: _core._Option) -> str:
    default = f", default {option['default']}" if option["default"] else ""
    if option["type"] == "integer":
        return f"{option['minimum']} to {option['maximum']}{default}"
    choices = option["choices"].replace("|", ", ")
    if option["type"] == "list":
        return f"list{' of ' + choices if choices else ''}{default}"
    return f"{choices or option['type']}{default}"
