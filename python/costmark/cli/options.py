"""``costmark options``."""

from __future__ import annotations

import shlex
import textwrap
from typing import TYPE_CHECKING

from .. import _core

if TYPE_CHECKING:
    import argparse

    from .output import Commands


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "options",
        help="print the table of options",
        description="Prints every option with what it takes, its default, and what it is for.",
    )
    parser.add_argument(
        "--export",
        nargs="?",
        const="costmark.toml",
        metavar="FILE",
        help="print the options that costmark.toml, or FILE, has, as commands that set "
        'the environment: eval "$(costmark options --export)"',
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the table of options, or those of a file."""
    if arguments.export is None:
        print("\n\n".join(map(_described, _core.options())))
        return 0
    from ..stack.options import options

    for name, value in options(arguments.export).items():
        print(f"export COSTMARK_{name.upper()}={shlex.quote(value)}")
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
