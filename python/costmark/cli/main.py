"""The command line as a whole: which commands there are, and how they end."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from .._files import file_problem
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

_INTERRUPTED = 128 + 2  # what shells make of SIGINT

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
    """Run the command line and return the exit status.

    0 is good, 1 an error, 2 wrong usage, 3 that there are differences, 130 an interrupt.
    """
    _open_what_is_closed()
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
    except BrokenPipeError:  # the reader has seen enough
        _drop_output()
        return 0
    except OSError as error:  # such as a disk that is full
        complain(file_problem(error))
        _drop_output()
        return 1
    except KeyboardInterrupt:
        complain("interrupted")
        return _INTERRUPTED
    return status


def _open_what_is_closed() -> None:
    """Have the three streams, or what is printed for one goes to another, or into a file."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115 - for the life of the process


def _drop_output() -> None:
    """Print no more: Python would try once more at the end, and fail with a traceback."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


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
