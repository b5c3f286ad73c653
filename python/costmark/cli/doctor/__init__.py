"""``costmark doctor``: one module for each subject, and one for all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import attribution, credentials, everything, permissions, route

if TYPE_CHECKING:
    from ..output import Commands

_SUBJECTS = (credentials, route, attribution, permissions)


def add_to(commands: Commands) -> None:
    """Add the command and its subjects."""
    parser = commands.add_parser(
        "doctor",
        help="explain what costmark finds, and what it does not",
        description="Without SUBJECT, checks all that a call needs, by what the environment says, "
        "on one page: each check is green, yellow or red, with what to do and how long it takes. "
        "With option verify_model (COSTMARK_VERIFY_MODEL) that spends a few tokens of the project. "
        "Exit status 1 when something is red. docs/doctor.md",
    )
    everything.add_arguments(parser)
    parser.set_defaults(run=everything.run)
    subjects = parser.add_subparsers(dest="subject", metavar="SUBJECT")
    for subject in _SUBJECTS:
        subject.add_to(subjects)
