"""What was spent, by tag, project, model, usage type or day, as Cost Explorer says."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

from .._prices.units import tokens_per
from .cost_explorer import attributed
from .keys import PICO, bar_of
from .lines import BillLine

if TYPE_CHECKING:
    from .cost_explorer import Session
    from .lines import Window
    from .usage_types import Reader

FIRST_NAMES = dt.date(2026, 9, 1)
"""Since when Cost Explorer tells models apart by itself."""

KeyOf = Callable[[BillLine], "str | None"]


@dataclass
class Spent:
    """What one value cost. Amounts in pico-USD."""

    key: str | None
    """None: unattributed."""
    cost: int = 0
    tokens: int = 0
    before: int | None = None
    """The cost in the period before, where that was asked for."""
    names: set[str] = field(default_factory=set)
    """What AWS calls a model."""


@dataclass
class Spend:
    """The costs of a period."""

    by: str
    window: Window
    lines: list[Spent]
    """The largest first."""
    other: dict[str, int]
    """Credits, taxes and the rest, which belong to no value."""
    is_estimated: bool
    previous: Window | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def total(self) -> int:
        """Of all values."""
        return sum(line.cost for line in self.lines)

    @property
    def total_before(self) -> int:
        """Of all values, in the period before."""
        return sum(line.before or 0 for line in self.lines)


def key_of(by: str, reader: Reader) -> KeyOf:
    """The value of a line that is asked for, by its name: `model`, `day`, `tag:team` …"""

    def model(line: BillLine) -> str:
        try:
            return reader.charge(line).model
        except ValueError:  # searches and the like, and what no grammar knows
            return line.usage_type

    keys: dict[str, KeyOf] = {
        "model": model,
        "usage-type": lambda line: line.usage_type,
        "day": lambda line: line.day.isoformat(),
    }
    return keys.get(by, lambda line: line.tag or None)


def spend(by: str, window: Window, lines: Iterable[BillLine], key: KeyOf) -> Spend:
    """Sum up lines of a bill. Everything is in US dollars, or a ValueError says so."""
    found: dict[str | None, Spent] = {}
    other: dict[str, int] = defaultdict(int)
    for line in lines:
        if line.currency != "USD" and line.cost:
            raise ValueError(f"a bill in {line.currency or 'no currency'}")
        cost = round(line.cost * PICO)
        bar = bar_of(line.record_type)
        if bar is not None:
            other[bar] += cost
            continue
        value = key(line)
        at = found.setdefault(value, Spent(value))
        at.cost += cost
        at.tokens += _tokens(line)
    return Spend(by, window, _sorted(by, found.values()), dict(sorted(other.items())), False)


def _tokens(line: BillLine) -> int:
    size = tokens_per(line.unit)
    return 0 if size is None else round(line.quantity * size)


def _sorted(by: str, lines: Iterable[Spent]) -> list[Spent]:
    if by == "day":
        return sorted(lines, key=lambda line: line.key or "")
    return sorted(lines, key=lambda line: (-line.cost, -(line.before or 0), line.key or ""))


def previous(window: Window) -> Window:
    """As many days before a window."""
    from .lines import Window

    days = window.last - window.first + dt.timedelta(days=1)
    return Window(window.first - days, window.first - dt.timedelta(days=1))


def compared(now: Spend, before: Spend) -> Spend:
    """Costs beside those of the period before; days are compared by their place in it."""
    shift = now.window.first - before.window.first
    lines = {line.key: line for line in now.lines}
    for line in lines.values():
        line.before = 0
    for line in before.lines:
        value = line.key
        if now.by == "day" and value is not None:
            value = (dt.date.fromisoformat(value) + shift).isoformat()
        at = lines.setdefault(value, Spent(value, before=0))
        at.before = (at.before or 0) + line.cost
    now.lines = _sorted(now.by, lines.values())
    now.previous = before.window
    return now


def add_names(
    found: Spend,
    session: Session,
    lines: list[BillLine],
    key: KeyOf,
    planned: Callable[[int], None],
) -> None:
    """Add what AWS calls the models, and check that its own sums are the same."""
    usage = [line for line in lines if bar_of(line.record_type) is None]
    if found.window.first < FIRST_NAMES or not usage:
        return
    products = {(line.service, line.usage_type): key(line) for line in usage}
    by_key = {line.key: line for line in found.lines}
    total = Fraction(0)
    for service, name, usage_type, cost in attributed(session, found.window, usage, planned):
        total += cost
        at = by_key.get(products.get((service, usage_type)))
        if at is not None and name:
            at.names.add(name)
    difference = round(total * PICO) - found.total
    if difference:
        found.notes.append(
            "by its product attributes Cost Explorer has "
            f"${abs(difference) / PICO:.10f} {'more' if difference > 0 else 'less'}"
        )
