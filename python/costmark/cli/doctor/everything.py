"""``costmark doctor`` without a subject: all checks on one page."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from ...errors import Error
from ..aws import Identity, add_identity
from . import attribution, books, environment, service
from .check import Check, Page, skipped

_NOT_ASKED = "what is red above comes first"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the page."""
    parser.add_argument(
        "--json", action="store_true", help="for a ticket: the same as JSON, without any secret"
    )
    parser.add_argument(
        "--key",
        action="append",
        default=[],
        metavar="KEY",
        help="a tag that the project must have (default: costmark_project)",
    )
    group = parser.add_argument_group("asking Cost Explorer")
    group.add_argument(
        "--billing",
        action="store_true",
        help="ask whether the keys are activated, at $0.01; needs costmark[aws]",
    )
    add_identity(group, with_view=False)


def run(arguments: argparse.Namespace) -> int:
    """Print every check, and return the exit status: 1 where one is red."""
    page = Page()
    page.add(environment.versions())
    page.add(environment.options())
    project, named = environment.named_project()
    authorized, region, credentials = environment.credentials()
    page.add(credentials)
    place = environment.Place(project, region, attribution.base_url(None), authorized)
    page.add(environment.endpoint(place))
    page.add(environment.route(place))
    kept = list(_books(page))  # before a probe adds a row of its own
    page.add(_service(page, place, list(named), arguments))
    page.add(kept)
    print(page.as_json() if arguments.json else page.text())
    return 1 if page.has_red() else 0


def _service(
    page: Page, place: environment.Place, named: list[Check], arguments: argparse.Namespace
) -> Iterator[Check]:
    """What the endpoint says, where there is a project, and it can be asked at all."""
    is_named = all(each.state == "green" for each in named)
    if not is_named or page.has_red("options", "credentials", "endpoint"):
        yield from (_unasked(each) if each.state == "green" else each for each in named)
        names = ("permissions", "carrier", "tags")
        yield from (skipped(name, _NOT_ASKED) for name in names)
    else:
        found, checks = service.project(place)
        yield from checks
        if any(each.state == "red" for each in checks):
            yield from (skipped(name, _NOT_ASKED) for name in ("carrier", "tags"))
        else:
            yield from _guarded("carrier", service.carrier(place))
            if found is not None:
                yield from service.tags(place, found, arguments.key)
            else:
                yield skipped("tags", "the project cannot be read")
    if arguments.billing:
        yield from service.activated(arguments.key, Identity.of(arguments))
    else:
        yield skipped("keys", "whether they are activated was not asked", "--billing, for $0.01")


def _unasked(named: Check) -> Check:
    return skipped(named.name, f"{named.found} is named; whether it exists was not asked")


def _books(page: Page) -> Iterator[Check]:
    found, checks = books.ledger()
    yield from checks
    if found is not None:
        yield from books.unattributed(found)
    yield from books.prices(found)
    if page.has_red("options"):
        yield skipped("budgets", _NOT_ASKED)
    else:
        yield from books.budgets()
    yield from books.libraries()


def _guarded(name: str, checks: Iterator[Check]) -> Iterator[Check]:
    try:
        yield from checks
    except Error as error:
        yield Check(name, "red", str(error), "see the reason", "minutes")
