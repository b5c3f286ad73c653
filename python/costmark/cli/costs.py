"""``costmark costs``: what AWS charged, by tag, project, model, usage type or day."""

from __future__ import annotations

import argparse
import sys
from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING

from .._files import check_target
from .._prices import usage_types as aliases
from ..bill import Window, spend_formats
from ..bill.cost_explorer import Session, fetch, knows_services
from ..bill.kept import KeptAnswers, default_folder
from ..bill.spend import Spend, add_names, compared, key_of, previous, spend
from ..bill.spend_page import spend_page
from ..bill.usage_types import Reader
from ..errors import ConfigurationError, ServiceError
from ..prices import PriceBook
from .aws import Identity, add_identity, asking, grant
from .output import complain, plain, write_page
from .report import console_for, print_table

if TYPE_CHECKING:
    from .output import Commands

_PRICE_CENTS = 1
_MOST_CALLS = 100
_FORMATS = {
    "json": spend_formats.as_json,
    "csv": spend_formats.as_csv,
    "markdown": spend_formats.as_markdown,
}


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "costs",
        help="what AWS charged, by tag, project, model, usage type or day",
        description="Asks Cost Explorer what Bedrock cost, at $0.01 for each page of an answer; "
        "how many there are is said before. Answers are kept, those of estimated days for six "
        "hours. Needs costmark[aws,report]. docs/costs.md has more.",
    )
    parser.add_argument(
        "--by",
        type=_by,
        required=True,
        metavar="WHAT",
        help="tag:KEY, project, model, usage-type or day",
    )
    parser.add_argument("--since", type=_day, required=True, metavar="DAY", help="the first day")
    parser.add_argument(
        "--until", type=_day, metavar="DAY", help="before this day (default: today, in UTC)"
    )
    parser.add_argument("--compare", action="store_true", help="beside as many days before these")
    parser.add_argument(
        "--tag",
        default="costmark_project",
        metavar="KEY",
        help="the tag that tells projects apart on the bill (default: %(default)s)",
    )
    parser.add_argument(
        "--format", choices=["table", *_FORMATS], default="table", help="how to print it"
    )
    parser.add_argument("--html", metavar="FILE", help="also write a page, which loads nothing")
    group = parser.add_argument_group("asking AWS")
    group.add_argument(
        "--account",
        action="append",
        default=[],
        help="only this account; may be given several times (default: all, summed)",
    )
    group.add_argument(
        "--max-calls",
        type=int,
        default=_MOST_CALLS,
        metavar="N",
        help="how often to ask at most (default: %(default)s)",
    )
    group.add_argument("--no-cache", action="store_true", help="ask anew, and keep nothing")
    add_identity(group, with_view=True)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    until = arguments.until or datetime.now(timezone.utc).date()
    window = Window(arguments.since, until - timedelta(days=1))
    if window.last < window.first:
        raise ConfigurationError(
            f"there is no day from {arguments.since} to {window.last}: the day of --until does not "
            "count",
            code="invalid_argument",
        )
    if arguments.html is not None:
        check_target(arguments.html)
    identity = Identity.of(arguments)
    with asking("Cost Explorer", lambda: _remedy(identity)):
        found = _found(arguments, identity, window)
    if arguments.html is not None:
        write_page(arguments.html, spend_page(found, datetime.now(timezone.utc)))
    if arguments.format == "table":
        _print(found)
    else:
        sys.stdout.write(_FORMATS[arguments.format](found))
    return 0


def _remedy(identity: Identity) -> str:
    return grant(identity, "costmark-costs", "ce:GetCostAndUsage", "ce:GetDimensionValues")


def _found(arguments: argparse.Namespace, identity: Identity, window: Window) -> Spend:
    cache = None
    if not arguments.no_cache:
        # The environment may name an endpoint too, such as a local one.
        caller = f"{identity.caller()} {identity.client('ce').meta.endpoint_url}"
        cache = KeptAnswers(default_folder(), caller)
    session = Session(identity.client("ce"), arguments.max_calls, 0, identity.view, cache)
    now = _spent(arguments, session, window)
    if arguments.compare:
        now = compared(now, _spent(arguments, session, previous(window), is_named=False))
    complain(f"asked Cost Explorer {_times(session.calls)}")
    return now


def _spent(
    arguments: argparse.Namespace, session: Session, window: Window, *, is_named: bool = True
) -> Spend:
    by = arguments.by
    tag = arguments.tag if by == "project" else by[4:] if by.startswith("tag:") else None
    if not knows_services(session, window):
        _announce(session, 1, "for the services of Bedrock")
    answer = fetch(
        session,
        window,
        tag,
        arguments.account,
        planned=lambda requests: _announce(session, requests, "for their costs"),
    )
    models = {price.model for price in PriceBook.shipped().lines}
    key = key_of(by, Reader(aliases.shipped_aliases(), models))
    try:
        found = spend(by, window, answer.lines, key)
    except ValueError as error:
        raise ServiceError(f"Cost Explorer has {error}; amounts are in USD here") from None
    found.is_estimated = answer.is_estimated
    if is_named and by == "model":
        add_names(
            found,
            session,
            answer.lines,
            key,
            planned=lambda requests: _announce(session, requests, "for its names of the models"),
        )
    return found


def _announce(session: Session, requests: int, what: str) -> None:
    """Say what is about to be spent. ConfigurationError where that is not allowed."""
    if session.calls + requests > session.most_calls:
        raise ConfigurationError(
            f"these costs take {_times(session.calls + requests)} at least, and --max-calls allows "
            f"{session.most_calls}",
            code="invalid_argument",
        )
    if requests:
        complain(
            f"asking Cost Explorer {what}, {_times(requests)} and once more for each further page"
        )


def _times(calls: int) -> str:
    cents = calls * _PRICE_CENTS
    return f"{calls} time{'' if calls == 1 else 's'} (${cents // 100}.{cents % 100:02})"


def _print(found: Spend) -> None:
    from rich.table import Table
    from rich.text import Text

    console = console_for()
    console.print(spend_formats.heading(found), style="dim", markup=False)
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold", show_footer=True)
    texts = (found.by, "AWS's name")
    columns = spend_formats.titles(found)
    for title, footer in zip(columns, spend_formats.total_row(found), strict=True):
        is_text = title in texts
        table.add_column(
            plain(title),
            footer=footer,
            justify="left" if is_text else "right",
            overflow="fold",
            no_wrap=not is_text,
        )
    for row in spend_formats.rows(found):
        table.add_row(*(Text(plain(cell)) for cell in row))
    print_table(console, table)
    for name, cost in spend_formats.states(found):
        console.print(f"{name:<14}{cost}  not usage", style="dim", markup=False)
    for note in found.notes:
        console.print(note, markup=False)


def _by(text: str) -> str:
    if text in ("project", "model", "usage-type", "day") or (text.startswith("tag:") and text[4:]):
        return text
    raise argparse.ArgumentTypeError(f"{text!r} is not tag:KEY, project, model, usage-type or day")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day, as in 2026-11-01") from None
