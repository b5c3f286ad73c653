"""``costmark demo``: the official client makes attributed calls to a local Bedrock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import ConfigurationError

if TYPE_CHECKING:
    import argparse

    from .output import Commands


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "demo",
        help="watch attributed calls to a local Bedrock",
        description="Starts the emulator, makes some forty calls with the official OpenAI client, "
        "and lays what both sides counted side by side. Needs costmark[demo].",
    )
    parser.add_argument("--ledger", metavar="FOLDER", help="also keep a ledger of the calls there")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    try:
        from .. import demo
    except ImportError as error:
        raise ConfigurationError(
            f"the demo needs {error.name}; install costmark[demo]", code="unsupported"
        ) from None
    return demo.main(arguments.ledger)
