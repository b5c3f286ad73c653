"""How the commands take the names of projects, and which ones they show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._names import ProjectNames, names_of, region_of_environment
from ..errors import ConfigurationError
from ..reports.dimensions import condition
from .output import complain

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from ..reports.dimensions import Condition


def add_lock(parser: argparse._ActionsContainer) -> None:
    """Add the option that says where the names are."""
    parser.add_argument(
        "--lock",
        metavar="FILE",
        help="the lock file that has the names of projects (default: COSTMARK_LOCK, or "
        "costmark.lock if it is here; '' for none)",
    )


def known_names(arguments: argparse.Namespace, ledgers: Iterable[str] = ()) -> ProjectNames:
    """The names to show; a lock that cannot be read only hides them, unless it was asked for."""
    try:
        return names_of(arguments.lock).with_experiments(ledgers)
    except (ConfigurationError, OSError) as error:
        if arguments.lock is not None:
            raise
        complain(f"names of projects are not shown: {error}")
        return ProjectNames().with_experiments(ledgers)


def projects_of(
    arguments: argparse.Namespace, given: Iterable[str], region: str | None = None
) -> list[str]:
    """The ids of projects that --project names, in a Region; an ARN, which says more, stays."""
    return [
        text
        if text.startswith("arn:")
        else names_of(arguments.lock).id_of(text, "--project", region or region_of_environment())
        for text in given
    ]


def conditions_of(arguments: argparse.Namespace, ledgers: Iterable[str] = ()) -> list[Condition]:
    """What --where says, with ids in place of the names of projects."""
    return [_resolved(condition(each), arguments, ledgers) for each in arguments.where]


def _resolved(given: Condition, arguments: argparse.Namespace, ledgers: Iterable[str]) -> Condition:
    if given.name != "project" or given.values == (None,):
        return given
    names = names_of(arguments.lock).with_experiments(ledgers)
    found = [names.ids_of(text or "", f"--where {given}") for text in given.values]
    return given._replace(values=tuple(each for ids in found for each in ids))
