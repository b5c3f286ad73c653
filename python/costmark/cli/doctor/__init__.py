"""``costmark doctor``: one module for each subject."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import attribution, credentials, route

if TYPE_CHECKING:
    from ..output import Commands

_SUBJECTS = (credentials, route, attribution)


def add_to(commands: Commands) -> None:
    """Add the command and its subjects."""
    parser = commands.add_parser("doctor", help="explain what costmark finds, and what it does not")
    subjects = parser.add_subparsers(dest="subject", metavar="SUBJECT", required=True)
    for subject in _SUBJECTS:
        subject.add_to(subjects)
