"""``costmark export``: the ledger for Prometheus and for FinOps tools."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ..errors import ConfigurationError
from ..export import focus, prometheus
from ..reports.formats import counted, usd
from .book import add_prices, chosen_book
from .names import add_lock, known_names
from .output import complain, print_row
from .paths import note_empty
from .period import check_order
from .report import moment

if TYPE_CHECKING:
    from collections.abc import Callable

    from .output import Commands

_MOST_SERIES = 200
_SINCE_EVER = "its counters never fall, so they count from the beginning"
# Options that the other format has, and why not this one.
_NOT_APPLIED = {
    "prometheus": {
        "since": _SINCE_EVER,
        "until": _SINCE_EVER,
        "prices": "its counters never fall, so costs are those that the rows estimated",
        "focus_version": "that is of --format focus",
        "billing_account": "that is of --format focus",
        "lock": "it has the ids of projects",
    },
    "focus": {
        "tag": "every row of it has all tags",
        "limit": "it has no label sets",
    },
}


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "export",
        help="write the ledger as a file that other tools take",
        description="Writes ledgers of one or more machines as counters for node_exporter's "
        "textfile collector (prometheus), or as cost and usage by hour in the format FOCUS. Needs "
        "costmark[report].",
    )
    parser.add_argument("--format", choices=list(_FORMATS), required=True)
    parser.add_argument(
        "--out", required=True, metavar="FILE", help="the file, which is replaced as a whole"
    )
    _add_prometheus(parser.add_argument_group("prometheus"))
    _add_focus(parser.add_argument_group("focus"))
    parser.add_argument("paths", nargs="+", metavar="PATH", help="ledgers, or logs with rows")
    parser.set_defaults(run=_run)


def _add_prometheus(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--tag",
        action="append",
        metavar="NAME",
        help="a tag of projects as a label; may be given several times",
    )
    group.add_argument(
        "--limit",
        type=_positive,
        metavar="N",
        help="how many label sets have series of their own; the rest is one (default: 200)",
    )


def _add_focus(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--since", type=moment, metavar="TIME", help="from this day or time on")
    group.add_argument("--until", type=moment, metavar="TIME", help="before this day or time")
    group.add_argument("--focus-version", choices=focus.VERSIONS, help="of FOCUS (default: 1.2)")
    group.add_argument(
        "--billing-account",
        metavar="ID",
        help="the account that pays (default: the account of each call)",
    )
    add_prices(group)
    add_lock(group)


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 on")
    return int(text)


def _refuse_options_of_others(arguments: argparse.Namespace) -> None:
    for name, why in _NOT_APPLIED[arguments.format].items():
        if getattr(arguments, name) is not None:
            raise ConfigurationError(
                f"--{name.replace('_', '-')} does not apply to --format {arguments.format}: {why}",
                code="invalid_argument",
            )


def _run(arguments: argparse.Namespace) -> int:
    _refuse_options_of_others(arguments)
    check_order(arguments.since, arguments.until)
    run: Callable[[argparse.Namespace], int] = _FORMATS[arguments.format]
    status = run(arguments)
    note_empty(arguments.paths)
    return status


def _prometheus(arguments: argparse.Namespace) -> int:
    limit = arguments.limit or _MOST_SERIES
    written = prometheus.write(
        *arguments.paths, out=arguments.out, tags=arguments.tag or (), limit=limit
    )
    print_row("series", str(written.series))
    if written.in_other:
        complain(
            f"{written.in_other} label sets beyond --limit {limit} are one series, whose "
            "labels are all `other`"
        )
    return 0


def _focus(arguments: argparse.Namespace) -> int:
    written = focus.write(
        *arguments.paths,
        out=arguments.out,
        version=arguments.focus_version or "1.2",
        since=arguments.since,
        until=arguments.until,
        billing_account=arguments.billing_account,
        book=chosen_book(arguments.prices),
        names=known_names(arguments, arguments.paths).by_id(),
    )
    print_row("rows", str(written.rows))
    print_row("billed cost", f"{usd(written.cost_pico)} USD")
    for name in ("unpriced", "partial", "elsewhere"):
        print_row(name, counted(getattr(written, name), "attempt"))
    if written.unpriced or written.elsewhere:
        complain("unpriced and elsewhere are in no row: FOCUS could only say that they cost 0")
    complain(focus.WARNING)
    return 0


_FORMATS = {"prometheus": _prometheus, "focus": _focus}
