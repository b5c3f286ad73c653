"""The command line as a whole: which commands there are, and how they end."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from ..errors import Error
from . import (
    budgets,
    chargeback,
    compare,
    costs,
    demo,
    doctor,
    emulator,
    experiments,
    export,
    export_setup,
    ledger,
    options,
    policy,
    prices,
    projects,
    reconcile,
    report,
    run,
    sql,
    tags,
    token,
    top,
    version,
)
from .output import Parser, complain

if TYPE_CHECKING:
    from collections.abc import Sequence

# Each adds its parser, whose default `run` is the command itself.
_COMMANDS = (
    budgets,
    chargeback,
    compare,
    costs,
    demo,
    doctor,
    emulator,
    experiments,
    export,
    export_setup,
    ledger,
    options,
    policy,
    prices,
    projects,
    reconcile,
    report,
    run,
    sql,
    tags,
    token,
    top,
    version,
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status: 0 good, 1 an error, 2 wrong usage."""
    parser = _parser()
    arguments = parser.parse_args(argv)
    if arguments.run is None:
        parser.print_help()
        return 2
    try:
        status: int = arguments.run(arguments)
        sys.stdout.flush()
    except Error as error:
        complain(str(error))
        return 1
    except FileNotFoundError as error:
        complain(f"there is no {error.filename}" if error.filename else str(error))
        return 1
    except PermissionError as error:
        complain(f"{error.filename} cannot be read or written: {error.strerror}")
        return 1
    except BrokenPipeError:  # the reader has seen enough; Python would flush once more at the end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return status


def _parser() -> Parser:
    parser = Parser(
        prog="costmark",
        description="Marks every Amazon Bedrock call with the project that pays for it.",
    )
    parser.add_argument("--version", action="version", version=version.line())
    parser.set_defaults(run=None)
    commands = parser.add_subparsers(metavar="COMMAND")
    for command in _COMMANDS:
        command.add_to(commands)
    return parser
