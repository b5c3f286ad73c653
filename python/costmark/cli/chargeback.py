"""``costmark chargeback``: what each team pays for a month."""

from __future__ import annotations

import argparse
import os
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from .._files import check_target
from .._names import FILE
from ..bill import Window
from ..bill.charged import charged
from ..errors import ConfigurationError
from ..reports import formats
from ..reports.chargeback import (
    AMOUNTS,
    POOLS,
    SPLITS,
    ClosedMonths,
    Rules,
    chargeback,
    read_discounts,
    read_projects,
    read_weights,
)
from ..reports.chargeback.amounts import amounts
from ..reports.chargeback.charges import UNSURE, bounds
from ..reports.chargeback.texts import as_csv, as_json, basis, in_words, states
from ..reports.dimensions import names as dimensions
from ..reports.page import chargeback_page
from . import reconcile
from .book import add_prices, chosen_book
from .names import known_names
from .output import complain, plain, write_page
from .paths import note_empty
from .period import period
from .report import console_for, print_fact, print_states, print_table, progress_bar

if TYPE_CHECKING:
    from ..reports.chargeback import Bill, Chargeback
    from .output import Commands

_TEXTS = {"csv": as_csv, "json": as_json}


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "chargeback",
        help="charge a month to teams, and close it",
        description="Charges a month of the ledgers to teams: list prices less discounts, or the "
        "bill's amounts divided by the ledger, and parts of what is shared or named no project. A "
        "closed month is shown as it was closed; what differs later is a correction in the month "
        "after. Needs costmark[report].",
    )
    parser.add_argument("--month", required=True, metavar="MONTH", help="such as 2026-11")
    parser.add_argument(
        "--by",
        action="append",
        required=True,
        metavar="NAME",
        help=f"whom to charge: tag:team, or another of {', '.join(dimensions())}",
    )
    parser.add_argument(
        "--split",
        choices=SPLITS,
        help="how to divide what is shared or unattributed: by direct cost (default), by tokens, "
        "in even parts, or by the weights of --fixed",
    )
    parser.add_argument("--fixed", metavar="NAME=N,...", help="weights, such as search=60,legal=40")
    parser.add_argument(
        "--shared",
        action="append",
        default=[],
        metavar="GLOB",
        help="whose cost is shared by the others; may be given several times",
    )
    parser.add_argument(
        "--discounts",
        metavar="FILE",
        help="lines of PERCENT MODELS FROM TO, such as 10 openai.* - -",
    )
    parser.add_argument(
        "--amounts",
        choices=AMOUNTS,
        default="list",
        help="list prices (default), or those of the --bill, which the ledger divides",
    )
    parser.add_argument(
        "--bill",
        type=reconcile.source,
        metavar="BILL",
        help="for --amounts bill: cur:PATH or cost-explorer, as for costmark reconcile",
    )
    parser.add_argument(
        "--tags",
        choices=["recorded", "current"],
        default="recorded",
        help="tags as the rows have them (default), or those that projects have now in --lock",
    )
    parser.add_argument(
        "--lock",
        metavar="FILE",
        help="the lock file that has the names of projects, and their tags for --tags current "
        "(default: COSTMARK_LOCK, or costmark.lock)",
    )
    parser.add_argument("--closed", metavar="FOLDER", help="the folder of closed months")
    parser.add_argument("--close", action="store_true", help="close the month: freeze its amounts")
    parser.add_argument(
        "--allow-empty", action="store_true", help="close a month also when there is no row of it"
    )
    parser.add_argument("--format", choices=["table", *_TEXTS], default="table")
    parser.add_argument("--html", metavar="FILE", help="also write a page")
    add_prices(parser)
    reconcile.add_bill_options(parser)
    parser.add_argument("paths", nargs="+", metavar="PATH", help="ledgers, or logs with rows")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    if len(arguments.month) != len("2026-11") or period(arguments.month) is None:
        raise ConfigurationError(
            f"{arguments.month!r} is not a month, as in 2026-11", code="invalid_argument"
        )
    if arguments.html is not None:
        check_target(arguments.html)
    by = _one_name(arguments.by)
    closed = _closed_months(arguments)
    if arguments.month in closed.months:
        when = closed.months[arguments.month].closed
        if arguments.close:
            raise ConfigurationError(
                f"{arguments.month} was closed on {when}", code="invalid_argument"
            )
        complain(f"{arguments.month} is shown as it was closed on {when}, by the rules of then")
    bills = None if arguments.bill is None else lambda month: _bill_of(arguments, month)
    try:
        with progress_bar() as progress:
            found = chargeback(
                *arguments.paths,
                month=arguments.month,
                rules=_rules(arguments, by),
                book=chosen_book(arguments.prices),
                closed=closed,
                progress=progress,
                bills=bills,
                tags_of_projects=_tags_of_projects(arguments),
            )
    except KeyboardInterrupt:
        complain("interrupted; nothing was changed")
        return 130
    for glob in found.unmatched:
        complain(f"--shared {glob!r} matches no {plain(found.rules.by)} of {found.month}")
    if found.is_empty:
        note_empty(arguments.paths, f"there is no row of {found.month} in these ledgers")
    if arguments.close:
        now = datetime.now(timezone.utc)
        found = closed.close(found, now, allow_empty=arguments.allow_empty)
        _warn_of_open(found)
    names = dict(found.names)
    if by == "project":
        names |= known_names(arguments, arguments.paths).by_id()
    if arguments.html is not None:
        write_page(arguments.html, chargeback_page(found, names))
    if arguments.format == "table":
        _print(found, names)
    else:
        sys.stdout.write(_TEXTS[arguments.format](found))
    return 0


def _not_divided(found: Chargeback, pool: str) -> str:
    return "; not divided: no one has a weight" if pool in found.undivided else ""


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def _warn_of_open(found: Chargeback) -> None:
    if found.billing is not None:
        if found.billing.is_estimated:
            complain(
                f"warning: {found.month} is closed by a bill that AWS may still change; what it "
                "changes is a correction of the next month"
            )
        return
    left = [f"{found.states[name]:,} {name}" for name in UNSURE if found.states[name]]
    if left:
        complain(
            f"warning: {found.month} is closed without what has no price: {', '.join(left)} "
            "attempts; once it has one, a correction of the next month charges it"
        )


def _one_name(given: list[str]) -> str:
    if len(given) > 1 or "," in given[0]:
        raise ConfigurationError(
            f"--by {' --by '.join(given)} names more than one; a month is charged by one name, "
            "such as tag:team",
            code="invalid_argument",
        )
    return given[0]


def _closed_months(arguments: argparse.Namespace) -> ClosedMonths:
    if arguments.closed is not None and not Path(arguments.closed).is_dir():
        if not arguments.close:
            raise ConfigurationError(
                f"there is no folder of closed months at {arguments.closed}; --close makes it",
                code="invalid_argument",
            )
        complain(f"{plain(arguments.closed)} is a new folder of closed months")
    return ClosedMonths(arguments.closed)


def _lock_of(arguments: argparse.Namespace) -> str:
    given: str | None = arguments.lock
    return given if given is not None else os.environ.get("COSTMARK_LOCK") or FILE


def _tags_of_projects(arguments: argparse.Namespace) -> set[str]:
    """The keys of the tags of the lock, where there is one."""
    path = _lock_of(arguments)
    known = read_projects(path) if Path(path).is_file() else ()
    return {key for project in known for key in project.tags}


def _rules(arguments: argparse.Namespace, by: str) -> Rules:
    return Rules(
        by=by,
        split=arguments.split or ("fixed" if arguments.fixed else "direct"),
        fixed=read_weights(arguments.fixed) if arguments.fixed else {},
        shared=tuple(arguments.shared),
        discounts=read_discounts(arguments.discounts) if arguments.discounts else (),
        amounts=arguments.amounts,
        projects=read_projects(_lock_of(arguments)) if arguments.tags == "current" else None,
    )


def _bill_of(arguments: argparse.Namespace, month: str) -> Bill:
    """The bill of a month, reconciled with the ledger. ConfigurationError where it has no line."""
    begin, end = bounds(month)
    window = Window(begin.date(), end.date() - timedelta(days=1))
    lock = _lock_of(arguments)
    has_lock = Path(lock).is_file()
    result, basis, projects = reconcile.reconciled(
        argparse.Namespace(
            **{**vars(arguments), "lock": lock if has_lock else None, "ledger": arguments.paths},
            against=arguments.bill,
            calls=False,
            day_by="end",
        ),
        window,
        chosen_book(arguments.prices),
    )
    if not (result.usage or result.bars):
        raise ConfigurationError(
            f"the bill ({arguments.bill[1] or arguments.bill[0]}) has no line of {month}",
            code="invalid_argument",
        )
    return charged(result, basis, projects)


def _print(found: Chargeback, names: dict[str, str]) -> None:
    from rich.table import Table
    from rich.text import Text

    console = console_for()
    status = f"closed on {found.closed}" if found.closed else "not closed"
    console.print(f"{found.month}, {status}. {_capital(basis(found))}.", markup=False)
    for said in in_words(found.rules):
        console.print(plain(said), markup=False, style="dim")
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold", show_footer=True)
    table.add_column(plain(found.rules.by), footer="total", overflow="fold")
    shown = amounts(found)
    columns = {**shown.own, "shared": shown.shared, "total": shown.total}
    if found.billing is not None:
        columns["at list prices"] = shown.listed
    for name, column in columns.items():
        footer = column.total() if name == "total" else ""
        table.add_column(name, justify="right", no_wrap=True, footer=footer)
    cells = zip(*(column.cells for column in columns.values()), strict=True)
    for line, texts in zip(shown.lines, cells, strict=True):
        named = formats.shown_keys([found.rules.by], names, [line.name])[0]
        whom = Text(plain(named)) if named else Text("(undivided)", "dim")
        if line.kind == "correction":
            whom.append(f" (correction of {line.month})", "dim")
        table.add_row(whom, *texts)
    print_table(console, table)
    console.print()
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("divided", "amount", ""):
        table.add_column(name, justify="right" if name == "amount" else "left")
    for (pool, said), amount in zip(POOLS.items(), shown.to_divide.cells, strict=True):
        table.add_row(pool, amount, f"{said}{_not_divided(found, pool)}")
    print_table(console, table)
    console.print()
    print_states(console, states(found))
    old = "; it is more than 30 days old" if found.book_is_old else ""
    print_fact(console, "prices of", f"{found.book_date} ({found.book[:12]}){old}")
    if found.billing is not None:
        print_fact(console, "bill", found.billing.source)
    for note in found.notes:
        console.print(plain(note), markup=False)
