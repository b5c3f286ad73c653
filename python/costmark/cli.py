"""The command ``costmark``."""

from __future__ import annotations

import argparse
import sys
import textwrap
from typing import TYPE_CHECKING

from . import _core

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] == ["emulator"]:  # has options, and dependencies, of its own
        from .emulator import main as emulator

        return emulator(arguments[1:])
    parser = _parser()
    namespace = parser.parse_args(arguments)
    try:
        if namespace.command == "options":
            print(option_table())
        elif namespace.command == "version":
            print(f"costmark {_core.version}")
        else:
            parser.print_help()
            return 2
    except BrokenPipeError:
        sys.stderr.close()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="costmark",
        description="Marks every Amazon Bedrock call with the project that pays for it.",
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.add_parser("emulator", help="run a local Bedrock for development and tests")
    commands.add_parser("options", help="print the table of options")
    commands.add_parser("version", help="print the version")
    return parser


def option_table() -> str:
    """Return every option with what it takes, its default, and what it is for."""
    return "\n\n".join(
        f"{option['name']}  ({_kind(option)}; COSTMARK_{option['name'].upper()})\n"
        + textwrap.fill(option["description"], 96, initial_indent="    ", subsequent_indent="    ")
        for option in _core.options()
    )


def _kind(option: _core._Option) -> str:
    default = f", default {option['default']}" if option["default"] else ""
    if option["type"] == "integer":
        return f"{option['minimum']} to {option['maximum']}{default}"
    choices = option["choices"].replace("|", ", ")
    if option["type"] == "list":
        return f"list{' of ' + choices if choices else ''}{default}"
    return f"{choices or option['type']}{default}"


if __name__ == "__main__":
    sys.exit(main())
