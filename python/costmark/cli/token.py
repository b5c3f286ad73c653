"""``costmark token``."""

from __future__ import annotations

import sys
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from .. import _core
from .output import complain

if TYPE_CHECKING:
    import argparse

    from .output import Commands

_LONGEST_S = 43200


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "token",
        help="print a short-term Bedrock API key",
        description="Makes a short-term Bedrock API key out of the AWS credentials that `costmark "
        "doctor credentials` shows, and prints it. Nothing is sent.",
    )
    parser.add_argument(
        "--region",
        help="where it is good (default: the region of the environment, then of the profile)",
    )
    parser.add_argument(
        "--expires-in",
        type=int,
        default=_LONGEST_S,
        metavar="SECONDS",
        help="how long it is good, at most %(default)s, and never longer than the credentials "
        "(default: %(default)s)",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print a token alone, so that ``$(costmark token)`` is one; on a screen, with a warning."""
    tokens = _core.BearerTokens(arguments.region, arguments.expires_in, None, complain)
    token, expires_at = tokens.get()
    if sys.stdout.isatty():
        end = datetime.fromtimestamp(expires_at, timezone.utc)
        complain(f"until {end:%Y-%m-%dT%H:%M:%SZ} this token lets its holder call Bedrock as you")
    print(token)
    return 0
