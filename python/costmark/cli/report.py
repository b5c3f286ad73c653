"""``costmark report``: what was used, and what it costs."""

from __future__ import annotations

import argparse
import contextlib
import re
import sys
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from .._files import check_target
from ..errors import ConfigurationError
from ..reports import formats
from ..reports.dimensions import names
from ..reports.money import Column
from ..reports.overview import overview
from ..reports.page import overview_page
from ..reports.state_words import lines as state_lines
from ..reports.summary import report
from .absent import warn_of_absent
from .book import add_prices, chosen_book, remedy
from .names import add_lock, conditions_of, known_names
from .output import complain, fitted, plain, write_page
from .paths import note_empty
from .period import check_order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rich.console import Console
    from rich.text import Text

    from ..reports import Report
    from ..reports.source import Progress
    from ..reports.state_words import State
    from ..reports.summary import Sums
    from .output import Commands

_UNITS = {"h": "hours", "d": "days", "w": "weeks"}
_TEXTS = {"json": formats.as_json, "csv": formats.as_csv, "markdown": formats.as_markdown}
_LONG_BYTES = 64 << 20
_WIDTH_OF_FILES = 160


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "report",
        help="sum up the ledger by project, model, tag, day ...",
        description="Sums up ledgers of one or more machines, raw and compacted, with prices of "
        "the book. What has no price, or no end, or was lost, is told beside the sums. Needs "
        "costmark[report].",
    )
    parser.add_argument(
        "--by",
        action="append",
        default=[],
        metavar="NAMES",
        help=f"what to group by, separated by commas or given several times: {', '.join(names())} "
        "(default: project)",
    )
    parser.add_argument("--since", type=moment, metavar="TIME", help="from this day or time on")
    parser.add_argument("--until", type=moment, metavar="TIME", help="before this day or time")
    parser.add_argument(
        "--last", type=_span, metavar="SPAN", help="the last 24h, 7d, 4w, instead of --since"
    )
    parser.add_argument(
        "--where",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="only attempts of that value; != for all others; may be given several times",
    )
    parser.add_argument(
        "--format", choices=["table", *_TEXTS], help="how to print it (default: table)"
    )
    parser.add_argument(
        "--html",
        metavar="FILE",
        help="write a page with charts over time, labels, cache, latency and errors; one file that "
        "loads nothing",
    )
    add_prices(parser)
    add_lock(parser)
    parser.add_argument("paths", nargs="+", metavar="PATH", help="ledgers, or logs with rows")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    if arguments.last is not None and arguments.since is not None:
        raise ConfigurationError("give --last or --since, not both", code="invalid_argument")
    if arguments.html is not None and (arguments.by or arguments.format):
        raise ConfigurationError(
            "the page of --html has its own form; leave out --by and --format",
            code="invalid_argument",
        )
    if arguments.html is not None:
        check_target(arguments.html)
    now = datetime.now(timezone.utc)
    since = now - arguments.last if arguments.last is not None else arguments.since
    check_order(since, arguments.until)
    asked: dict[str, Any] = {
        "since": since,
        "until": arguments.until,
        "where": conditions_of(arguments, arguments.paths),
        "book": chosen_book(arguments.prices),
    }
    try:
        with progress_bar() as progress:
            if arguments.html is not None:
                found = overview(*arguments.paths, **asked, progress=progress)
                found.report.names.update(known_names(arguments, arguments.paths).by_id())
                note_empty(arguments.paths)
                warn_of_absent(arguments.paths, asked["where"], (), found.report)
                write_page(arguments.html, overview_page(found, now))
                return 0
            by = names_in(arguments.by)
            named = arguments.format not in ("json", "csv")
            sums = report(*arguments.paths, by=by, **asked, progress=progress, named=named)
            if named and "project" in by:
                sums.names.update(known_names(arguments, arguments.paths).by_id())
    except KeyboardInterrupt:
        complain("interrupted; nothing was changed")
        return 130
    note_empty(arguments.paths)
    warn_of_absent(arguments.paths, asked["where"], by, sums)
    if arguments.format in (None, "table"):
        _print(sums)
    else:
        sys.stdout.write(_TEXTS[arguments.format](sums))
    return 0


def names_in(given: list[str]) -> list[str]:
    """The names that --by was given, each once; by default the project."""
    texts = given or ["project"]
    return list(dict.fromkeys(name for text in texts for name in text.split(",") if name))


def moment(text: str) -> datetime:
    """A day or a time, in UTC where it names no zone. Raises ArgumentTypeError."""
    try:
        found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a time, as in 2026-11-30 or 2026-11-30T12:00Z"
        ) from None
    return found if found.tzinfo else found.replace(tzinfo=timezone.utc)


def _span(text: str) -> timedelta:
    match = re.fullmatch(r"(0*[1-9]\d{0,3})([hdw])", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a span, as in 24h, 7d or 4w")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


@contextlib.contextmanager
def progress_bar() -> Iterator[Progress | None]:
    """A bar on the terminal, once there is enough to read that one waits for it."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading", visible=False)

        def progress(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total, visible=total > _LONG_BYTES)

        yield progress


def console_for() -> Console:
    """The standard output, of a fixed width where it is no terminal."""
    from rich.console import Console

    class Output(Console):
        def on_broken_pipe(self) -> None:  # Rich would exit with 1
            raise BrokenPipeError

    console = Output(highlight=False)
    if not console.is_terminal:
        console.width = _WIDTH_OF_FILES
    return console


def _print(found: Report) -> None:
    console = console_for()
    console.print(
        plain(f"{formats.period(found)}, {formats.counted(found.files, 'file')}"),
        style="dim",
        markup=False,
    )
    print_table(console, _table(found, console))
    console.print()
    print_states(console, formats.states(found))
    print_fact(console, "prices of", formats.prices(found))
    said, commands = remedy(why for state, why in found.total.why if state == "unpriced")
    if said:
        print_fact(console, "to price it", said)
    for each in commands:  # to be copied
        console.print(f"{'':<14}{each}", markup=False, soft_wrap=True)


def print_states(console: Console, states: Sequence[State]) -> None:
    """Print what sums leave out: a line for each state that there is, and one for all others."""
    for name, value in state_lines(states):
        print_fact(console, name, value, style="dim" if name == "none of" else "")


def print_fact(console: Console, name: str, value: str, style: str = "") -> None:
    """Print a name and its value, the values one below the other."""
    for line in fitted(plain(value), sys.stdout, f"{name:<14}"):
        console.print(line, style=style, markup=False, soft_wrap=True)


def print_table(console: Console, table: object) -> None:
    """Print a table without blanks at the ends of its lines."""
    with console.capture() as captured:
        console.print(table)
    for line in captured.get().splitlines():
        console.file.write(f"{line.rstrip()}\n")


def key_cell(text: str | None) -> Text:
    """A value that a line is about, in a table."""
    from rich.text import Text

    return Text(plain(formats.key_text(text)), "" if text else "dim")


def _table(found: Report, console: Console) -> object:
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold", show_footer=bool(found.by))
    for place, name in enumerate(found.by):
        table.add_column(plain(name), footer="total" if place == 0 else "", overflow="fold")
    cells: dict[str, Callable[[Sums], str]] = {
        "calls": lambda sums: f"{sums.calls:,}",
        "errors": lambda sums: f"{sums.errors:,}",
        "input": lambda sums: f"{sums.input:,}",
        "output": lambda sums: f"{sums.output:,}",
    }
    costs = Column.of([line.sums for line in found.lines])
    for name, cell in cells.items():
        table.add_column(name, justify="right", footer=cell(found.total), no_wrap=True)
    table.add_column("cost", justify="right", footer=costs.total(), no_wrap=True)
    for line, cost in zip(found.lines, costs.cells, strict=True):
        key = [key_cell(text) for text in formats.shown_keys(found.by, found.names, line.key)]
        table.add_row(*key, *(cell(line.sums) for cell in cells.values()), cost)
    return table
