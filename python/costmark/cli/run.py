"""``costmark run``."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from .. import _core
from .._client.patch import checked_rule
from .._client.wrap import Given
from .output import complain

if TYPE_CHECKING:
    from .output import Commands

_NOT_FOUND, _NOT_EXECUTABLE = 127, 126  # as shells say it


def add_to(commands: Commands) -> None:
    """Add the command, with every option that is no secret."""
    parser = commands.add_parser(
        "run",
        usage="costmark run [--OPTION VALUE]... [--] PROGRAM [ARGUMENT]...",
        help="start a program and its Python children with patch() in force",
        description="Starts a program in place of this one. It, and every Python process that it "
        "starts, begins with costmark.patch(). The options are those of 'costmark options'; each "
        "stands for the variable COSTMARK_... of the same name, which holds as well.",
        epilog="Secrets are given in COSTMARK_... variables alone: command lines can be seen by "
        "other users.",
    )
    for option in _core.options():
        name = option["name"].replace("_", "-")
        if option["type"] == "secret":
            parser.not_taken[f"--{name}"] = (
                f"other users could see it: give it in COSTMARK_{option['name'].upper()}"
            )
        else:
            parser.add_argument(
                f"--{name}", dest=option["name"], metavar="VALUE", help=argparse.SUPPRESS
            )
    parser.add_argument("program", metavar="PROGRAM", help="what to start, and its arguments")
    rest = parser.add_argument("arguments", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    rest.required = False  # not to be named where PROGRAM is missing
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Become the program."""
    for option in _core.options():
        value = getattr(arguments, option["name"], None)
        if value is not None:
            os.environ["COSTMARK_" + option["name"].upper()] = value
    checked_rule((), Given(None, None, None, {}))  # what is wrong with an option is said once
    program = arguments.program
    try:
        os.execvpe(program, [program, *arguments.arguments], _environment())  # noqa: S606
    except FileNotFoundError:
        complain(f"{program}: no such program")
        return _NOT_FOUND
    except OSError as error:
        complain(f"{program}: {error.strerror}")
        return _NOT_EXECUTABLE


def _environment() -> dict[str, str]:
    """Return the environment, with a sitecustomize in front of all others."""
    ours = str(Path(__file__).resolve().parents[1] / "_run")
    others = [
        each
        for each in os.environ.get("PYTHONPATH", "").split(os.pathsep)
        if each not in ("", ours)
    ]
    return {**os.environ, "PYTHONPATH": os.pathsep.join([ours, *others])}
