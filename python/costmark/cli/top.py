"""``costmark top``: what is spent now, live."""

from __future__ import annotations

import argparse
import contextlib
import os
import select
import sys
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import _core
from .._budgets import Budget, budget_of
from ..errors import ConfigurationError
from ..ledger.follow import Follower
from ..ledger.live import DAY_US, Today
from ..ledger.manifests import Layout, load
from ..ledger.parts import rows_of_parts
from ..ledger.read import require_rows
from ..reports import formats
from .output import plain
from .paths import note_empty
from .report import print_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import Console, RenderableType
    from rich.table import Table

    from ..ledger.live import Sums
    from .output import Commands

_LINES_AROUND = 6  # head, foot, the tables' own lines
_LINES_OF_A_BUDGET = 6  # of the screen, for each budget that is shown
_ROOMY = 30  # lines of a screen, from which on some are left empty
_WIDEST = 120
_NEARLY = 0.8  # of a budget
_ONE_LINE: Any = {"no_wrap": True, "overflow": "ellipsis"}
_MOST_SECONDS = 3600
_ORDERS = ("spend", "calls", "tokens", "rate")


def _seconds(text: str) -> float:
    """How long to wait for a key: what select() takes."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not 0 < seconds <= _MOST_SECONDS:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a number of seconds up to {_MOST_SECONDS}, as in 0.5"
        )
    return seconds


def _rank(sums: Sums, order: str, now_us: int) -> tuple[float, int]:
    first: float = {
        "spend": sums.cost_pico,
        "calls": sums.calls,
        "tokens": sums.input + sums.output,
        "rate": sums.minute.rates(now_us)[0],
    }[order]
    return first, sums.calls


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "top",
        help="watch calls, tokens and spend, live",
        description="Shows what projects and models use: calls and tokens a second over the last "
        "minute, and calls, errors, tokens and spend of this UTC day, as rows estimate "
        "it. q ends it, s changes the order. Needs costmark[report].",
    )
    parser.add_argument("--once", action="store_true", help="print one picture and end")
    parser.add_argument(
        "--sort", choices=_ORDERS, default="spend", help="the order (default: spend)"
    )
    parser.add_argument(
        "--interval", type=_seconds, default=1.0, metavar="SECONDS", help="between two pictures (1)"
    )
    parser.add_argument("paths", nargs="+", metavar="PATH", help="ledgers, or logs with rows")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    try:
        from rich.console import Console
        from rich.live import Live
    except ImportError:
        raise ConfigurationError(
            "`costmark top` draws with Rich; install costmark[report]", code="unsupported"
        ) from None
    console = Console()
    screen = _Screen(arguments)
    if arguments.once or not console.is_terminal:
        for path in arguments.paths:  # a log may still come to have rows while one watches it
            require_rows(Path(path))
        note_empty(arguments.paths)
        print_table(console, screen.picture(console))
        return 0
    with (
        contextlib.suppress(KeyboardInterrupt),
        _keys() as read_key,
        Live(console=console, screen=True, auto_refresh=False) as live,
    ):

        def draw() -> None:
            live.update(screen.picture(console), refresh=True)

        _watch(screen, draw, read_key, arguments.interval)
    return 0


def _watch(
    screen: _Screen, draw: Callable[[], None], read_key: Callable[[float], str], interval: float
) -> None:
    while True:
        draw()
        key = read_key(max(interval, 0.1))
        if key in ("q", "Q", "\x03", "\x04"):
            return
        if key == "s":
            screen.next_order()


class _Screen:
    """Follows ledgers and draws what they say."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self._paths = arguments.paths
        self._order = arguments.sort
        self._begin_day(time.time_ns() // 1000)

    def next_order(self) -> None:
        self._order = _ORDERS[(_ORDERS.index(self._order) + 1) % len(_ORDERS)]

    def picture(self, console: Console) -> RenderableType:
        now_us = time.time_ns() // 1000
        if now_us // DAY_US != self._today.day:
            self._begin_day(now_us)
        self._today.add(self._follower.rows())
        self._today.give_up(now_us)
        return _picture(self._today, now_us, self._order, console, self._budgets())

    def _budgets(self) -> list[Budget]:
        """Those of option `budgets`, of each path that is a ledger."""
        return [
            budget_of(fields)
            for path in self._paths
            if Path(path).is_dir()
            for fields in _core.configured_budgets({"ledger": str(path)})
        ]

    def _begin_day(self, now_us: int) -> None:
        at = datetime.fromtimestamp(now_us / 1e6, timezone.utc)
        self._follower = Follower(*self._paths, day=f"{at:%Y-%m-%d}")
        self._today = Today(now_us // DAY_US)
        for path in map(Path, self._paths):
            layout = Layout(path)
            for name in load(layout).parts if layout.is_compacted else ():
                if name.startswith(f"date={at:%Y-%m-%d}/"):
                    self._today.add(rows_of_parts(layout.rows / name))


def _picture(
    today: Today, now_us: int, order: str, console: Console, budgets: list[Budget]
) -> RenderableType:
    from rich.console import Group
    from rich.text import Text

    width, height = console.width, console.height
    fullest = sorted(budgets, key=_used, reverse=True)[: max(height // _LINES_OF_A_BUDGET, 1)]
    gap = [Text()] if height >= _ROOMY else []
    budget_lines = [*gap, _budget_table(fullest, len(budgets), width)] if fullest else []
    around = _LINES_AROUND + 3 * len(gap) + (len(fullest) + 1 + len(gap) if fullest else 0)
    room = max(height - around, 4)
    models = min(len(today.models), max(room // 3, room - len(today.projects), 2))
    calls, tokens = today.all.minute.rates(now_us)
    at = datetime.fromtimestamp(now_us / 1e6, timezone.utc)
    head = Text(f"costmark top  {at:%Y-%m-%d %H:%M:%S} UTC", style="bold")
    calls_of_day = "call" if today.all.calls == 1 else "calls"
    line = Text(
        f"{calls:.1f} calls/s   {_count(tokens)} tokens/s   {today.all.in_flight} in flight   "
        f"today {formats.spend(today.all)} in {_count(today.all.calls)} {calls_of_day}",
        **_ONE_LINE,
    )
    return Group(
        head,
        line,
        *gap,
        _table("project", today.projects, now_us, order, room - models, width),
        *gap,
        _table("model", today.models, now_us, order, models, width),
        *budget_lines,
        *gap,
        _states(today, width),
        Text(f"q quit   s order: {order}   + ? some of it has no price", style="dim", **_ONE_LINE),
    )


def _used(budget: Budget) -> float:
    """Which part of a budget is spent or reserved; above 1: it is exceeded."""
    return (budget.spent + budget.reserved) / max(budget.limit, 1)


def _budget_table(shown: list[Budget], count: int, width: int) -> RenderableType:
    """Those that are shown, the fullest first: red where nothing is left, yellow near it."""
    from rich.text import Text

    name = "BUDGET" if len(shown) == count else f"BUDGET (of {count})"
    table = _new_table(width)
    table.add_column(name, ratio=1, no_wrap=True, overflow="ellipsis")
    table.add_column("LIMIT", no_wrap=True)
    for column in ("SPENT", "RESERVED", "LEFT", "USED"):
        table.add_column(column, justify="right", no_wrap=True)
    for each in shown:
        used = _used(each)
        unit = "" if each.unit == "pico_usd" else f" {each.unit}"
        amounts = (each.limit, each.spent, each.reserved, each.left)
        limit, *amount = (_amount(number, each.unit) for number in amounts)
        table.add_row(
            Text(plain(each.name)),
            f"{limit}{unit}/{each.period} {each.action}",
            *amount,
            f"{min(100 * used, 9999):.0f}%",
            style="red" if each.left == 0 else "yellow" if used >= _NEARLY else "",
        )
    return table


def _amount(amount: int, unit: str) -> str:
    return formats.dollars(amount) if unit == "pico_usd" else _count(amount)


def _states(today: Today, width: int) -> RenderableType:
    """What the sums leave out, in words; red when there is any of it. Where not all of them have
    room, those that are 0 are left out.
    """
    from rich.text import Text

    found = {
        "unpriced": today.all.unpriced,
        "incomplete": today.all.incomplete,
        "untold": today.all.untold,
        "unattributed": today.unattributed,
        "refused": today.refused,
        "unknown": today.unknown,
        "lost": today.lost,
    }
    texts = [(f"{name} {_count(count)}", count) for name, count in found.items()]
    if sum(len(text) + 2 for text, _ in texts) - 2 > width:
        texts = [(text, count) for text, count in texts if count]
    parts = (Text(text, style="red" if count else "dim") for text, count in texts)
    return Text("  ", **_ONE_LINE).join(parts)


def _new_table(width: int) -> Table:
    from rich.table import Table

    return Table(box=None, width=min(width, _WIDEST), padding=(0, 1, 0, 0), header_style="reverse")


def _table(
    title: str, found: dict[str, Sums], now_us: int, order: str, rows: int, width: int
) -> RenderableType:
    table = _new_table(width)
    table.add_column(title.upper(), ratio=1, no_wrap=True, overflow="ellipsis")
    wide = width >= 100
    columns = ["CALL/S", "CALLS", "ERRORS", "FLIGHT", "INPUT", "OUTPUT", "SPEND"]
    if not wide:
        columns.remove("FLIGHT")
    for name in columns:
        table.add_column(name, justify="right", no_wrap=True, min_width=7 if wide else 6)
    ordered = sorted(found.items(), key=lambda each: _rank(each[1], order, now_us), reverse=True)
    shown = ordered if len(ordered) <= rows else ordered[: rows - 1]
    for name, sums in shown:
        table.add_row(*_cells(name, sums, now_us, wide=wide))
    if len(shown) < len(ordered):
        table.add_row(f"and {len(ordered) - len(shown)} more", *("" for _ in columns), style="dim")
    return table


def _cells(name: str, sums: Sums, now_us: int, *, wide: bool) -> list[RenderableType]:
    from rich.text import Text

    cells: list[RenderableType] = [
        Text(plain(name)),
        f"{sums.minute.rates(now_us)[0]:.1f}",
        _count(sums.calls),
        Text(_count(sums.errors), style="red" if sums.errors else ""),
        _count(sums.input),
        _count(sums.output),
        Text(formats.spend(sums)),
    ]
    if wide:
        cells.insert(4, _count(sums.in_flight))
    return cells


def _count(number: float) -> str:
    """A count in at most six characters."""
    if number < 10_000:
        return f"{number:.0f}"
    for unit in "kMGT":
        number /= 1000
        if number < 999.5:
            return f"{number:.3g}{unit}"
    return f"{number:.0f}T"


def _no_key(seconds: float) -> str:
    time.sleep(seconds)
    return ""


@contextlib.contextmanager
def _keys() -> Iterator[Callable[[float], str]]:
    """Read single keys, without their echo, while in the context."""
    import termios
    import tty

    descriptor = sys.stdin.fileno()
    if not os.isatty(descriptor):
        yield _no_key
        return
    before = termios.tcgetattr(descriptor)
    tty.setcbreak(descriptor)
    try:

        def read_key(seconds: float) -> str:
            ready, _, _ = select.select([descriptor], [], [], seconds)
            if not ready:
                return ""
            try:
                key = os.read(descriptor, 1)
            except OSError:
                key = b""
            return key.decode(errors="replace") or "q"  # the terminal is gone

        yield read_key
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
