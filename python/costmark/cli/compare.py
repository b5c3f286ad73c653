"""``costmark compare``: what changed between two periods or ledgers, and why."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ConfigurationError
from ..reports import compare_formats, formats
from ..reports.compare import Side, compare
from ..reports.dimensions import names
from ..reports.summary import report
from .absent import warn_of_absent
from .book import add_prices, chosen_book
from .names import add_lock, conditions_of, known_names
from .output import complain, plain
from .paths import note_empty
from .period import period
from .report import console_for, key_cell, names_in, print_fact, print_table, progress_bar

if TYPE_CHECKING:
    import argparse

    from ..reports import Report
    from ..reports.compare import Comparison
    from .output import Commands

_MOST_MONTHS = 12
_TEXTS = {"json": compare_formats.as_json, "csv": compare_formats.as_csv}


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "compare",
        help="tell what changed and why: volume, mix, price",
        description="Compares the costs of two periods of the ledgers PATH, or of two ledgers when "
        "no PATH is given. The three reasons add up to the change: volume (more tokens, were they "
        "like those before), mix (other models, or other shares of cached and output tokens) and "
        "price. Needs costmark[report].",
    )
    parser.add_argument("before", metavar="A", help="2026-10, 2026-10-05, 2026-10-01..2026-10-07")
    parser.add_argument("after", metavar="B", help="another one; or A and B are ledgers")
    parser.add_argument(
        "paths", nargs="*", default=[], metavar="PATH", help="ledgers, or logs with rows"
    )
    parser.add_argument(
        "--by",
        action="append",
        default=[],
        metavar="NAMES",
        help=f"separated by commas or given several times: {', '.join(names())} (default: project)",
    )
    parser.add_argument(
        "--where",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="only attempts of that value; != for all others; may be given several times",
    )
    parser.add_argument("--format", choices=["table", *_TEXTS], default="table")
    add_prices(parser)
    add_lock(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    sides = [_side(text, arguments.paths) for text in (arguments.before, arguments.after)]
    paths = list(dict.fromkeys(str(path) for side in sides for path in side.paths))
    try:
        with progress_bar() as progress:
            found = compare(
                *sides,
                by=names_in(arguments.by),
                where=conditions_of(arguments, paths),
                book=chosen_book(arguments.prices),
                progress=progress,
            )
    except KeyboardInterrupt:
        complain("interrupted; nothing was changed")
        return 130
    if "project" in found.by:
        found.project_names.update(known_names(arguments, paths).by_id())
    note_empty(paths)
    for at, side in enumerate(sides):
        _note_nothing(side, (found.before, found.after)[at])
    warn_of_absent(paths, found.before.where, found.by, found.before, found.after)
    if arguments.format == "table":
        _print(found)
    else:
        sys.stdout.write(_TEXTS[arguments.format](found))
    return 0


def _note_nothing(side: Side, found: Report) -> None:
    """Say which period has no attempt, and which ones have some."""
    if found.total.attempts or side.since is None:
        return
    months = report(*side.paths, by=["month"], book=found.book).lines
    had = sorted(line.key[0] for line in months if line.key[0])
    if not had:
        return
    more = len(had) - _MOST_MONTHS
    listed = ", ".join(had[-_MOST_MONTHS:]) + (f" and {more} earlier months" if more > 0 else "")
    fits = " that fits --where" if found.where else ""
    complain(f"{side.name} has no attempt{fits}; these ledgers have attempts in {listed}")


def _side(text: str, paths: list[str]) -> Side:
    span = period(text)
    if paths and span is None:
        raise ConfigurationError(
            f"{text!r} is not a period, as in 2026-10, 2026-10-05 or 2026-10-01..2026-10-07",
            code="invalid_argument",
        )
    if not paths and span is not None and not Path(text).exists():
        raise ConfigurationError(
            f"name the ledgers after the two periods; there is no ledger {text!r}",
            code="invalid_argument",
        )
    if not paths or span is None:
        return Side(plain(text), (text,))
    return Side(text, tuple(paths), *span)


def _print(found: Comparison) -> None:
    from rich.table import Table

    console = console_for()
    shown = compare_formats.Table(found)
    for line in compare_formats.in_words(found, shown):
        console.print(line, markup=False)
    console.print()
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold", show_footer=True)
    for place, name in enumerate(found.by):
        table.add_column(plain(name), footer="" if place else "total", overflow="fold")
    for name, footer in shown.totals.items():
        table.add_column(name, justify="right", footer=footer, no_wrap=True)
    for change, *cells in zip(found.changes, *shown.cells.values(), strict=True):
        named = formats.shown_keys(found.by, found.project_names, change.key)
        table.add_row(*map(key_cell, named), *cells)
    print_table(console, table)
    console.print()
    for name, value in compare_formats.state_lines(found):
        print_fact(console, name, value, style="dim" if name == "none of" else "")
    print_fact(console, "prices of", formats.prices(found.after))
