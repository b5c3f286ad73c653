"""``costmark demo``: from projects to the bill, at a local Bedrock."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ConfigurationError

if TYPE_CHECKING:
    import argparse

    from .output import Commands


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "demo",
        help="watch it all at a local Bedrock: projects, calls, the bill",
        description="Starts the emulator, makes two projects as a file says, calls them with "
        "openai, anthropic, boto3 and from C, runs an experiment, and is stopped by a budget. Then "
        "it lets days pass, reads the bill with boto3, lays the ledger beside it, and writes two "
        "pages. Needs costmark[demo]; the calls from C need a compiler and the C library.",
    )
    parser.add_argument(
        "--ledger",
        metavar="FOLDER",
        help="keep the ledger of the calls there (default: in a new temporary folder)",
    )
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    try:
        from .. import demo
    except ImportError as error:
        raise ConfigurationError(
            f"the demo needs {error.name}; install costmark[demo]", code="unsupported"
        ) from None
    if arguments.ledger is not None:
        _make_folder(arguments.ledger)
    return demo.main(arguments.ledger)


def _make_folder(path: str) -> None:
    """Where it is none, all rows would be lost, and the calls go through. ConfigurationError."""
    try:
        Path(path).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = "it is a file" if isinstance(error, FileExistsError) else error.strerror
        raise ConfigurationError(
            f"--ledger {path} cannot be a folder of rows: {reason}; name a folder, which is made "
            "where there is none",
            code="invalid_argument",
        ) from None
