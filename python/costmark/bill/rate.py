"""Why the bill has another price than the book."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from typing import TYPE_CHECKING

from . import causes
from .causes import Bounds, Detail, Drift, Found

if TYPE_CHECKING:
    from .keys import Cell, Cells
    from .lines import Key, Prices

# The bill has ten decimals of a dollar, so each line may be off by half of the last one.
_HALF_DIGIT_PICO = 50
_FEWEST_DAYS = 2
_FEWEST_TOKENS = 100_000


def explain_rates(cells: Cells, prices: Prices, found: Found) -> None:
    """Name what the bill's costs differ by from its own tokens at the book's prices."""
    open_rates: dict[Key, Fraction] = {}
    for key, cell in cells.items():
        if not cell.is_priced:
            continue
        rate = cell.bill_cost - cell.bill * cell.price
        if abs(rate) <= cell.lines * _HALF_DIGIT_PICO:
            found.add(causes.ROUNDING, Detail(key, 0, rate))
            found.change(key, causes.ROUNDING, rate)
        elif not _explain_by_another_price(key, cell, rate, prices, found):
            open_rates[key] = rate
    _explain_by_drift(cells, open_rates, found)
    for key, rate in open_rates.items():
        found.residuals[key] += rate


def _explain_by_another_price(
    key: Key, cell: Cell, rate: Fraction, prices: Prices, found: Found
) -> bool:
    if not cell.bill:
        return False
    bound = cell.lines * _HALF_DIGIT_PICO
    fitting = [
        name
        for name, price in prices.others(key).items()
        if abs(cell.bill_cost - cell.bill * price) <= bound
    ]
    if not fitting:
        return False
    detail = Detail(key, cell.bill, rate)
    names = [causes.priced_as(name) for name in fitting]
    if len(names) == 1:
        found.add(names[0], detail)
    else:
        low, high = min(rate, Fraction(0)), max(rate, Fraction(0))
        found.add_joint(detail, [Bounds(name, low, high) for name in names])
    found.change(key, causes.joint_name(names), rate)
    return True


@dataclass
class _Run:
    """Days in a row with one price that fits all lines: from `low` to `high`, in pico-USD."""

    keys: list[Key]
    low: Fraction
    high: Fraction
    days: int = 1


def _explain_by_drift(cells: Cells, open_rates: dict[Key, Fraction], found: Found) -> None:
    groups: dict[Key, dict[dt.date, list[Key]]] = defaultdict(lambda: defaultdict(list))
    for key, cell in cells.items():
        if cell.is_priced and cell.bill:
            priced_alike = key._replace(day=dt.date.min, account=None, tag=None, endpoint=None)
            groups[priced_alike][key.day].append(key)
    for days in groups.values():
        for run in _runs(cells, days, open_rates):
            tokens = sum(cells[key].bill for key in run.keys)
            if run.days >= _FEWEST_DAYS and tokens >= _FEWEST_TOKENS:
                _note_drift(cells, run, open_rates, found)


def _runs(
    cells: Cells, days: dict[dt.date, list[Key]], open_rates: dict[Key, Fraction]
) -> list[_Run]:
    runs: list[_Run] = []
    current: _Run | None = None
    for day in sorted(days):
        run = _of_day(cells, days[day], open_rates)
        if run is None or current is None:
            current = run
        else:
            low, high = max(current.low, run.low), min(current.high, run.high)
            if low > high:
                current = run
            else:
                current.keys += run.keys
                current.low, current.high, current.days = low, high, current.days + 1
                continue
        if current is not None:
            runs.append(current)
    return runs


def _of_day(cells: Cells, keys: list[Key], open_rates: dict[Key, Fraction]) -> _Run | None:
    """A day on which every line has one price, and none is explained otherwise."""
    if any(key not in open_rates for key in keys):
        return None
    lows, highs = [], []
    for key in keys:
        cell = cells[key]
        bound = cell.lines * _HALF_DIGIT_PICO
        lows.append((cell.bill_cost - bound) / cell.bill)
        highs.append((cell.bill_cost + bound) / cell.bill)
    low, high = max(lows), min(highs)
    return _Run(sorted(keys, key=repr), low, high) if low <= high else None


def _note_drift(cells: Cells, run: _Run, open_rates: dict[Key, Fraction], found: Found) -> None:
    first = run.keys[0]
    since = min(key.day for key in run.keys).isoformat()
    name = f"price drift since {since}"
    for key in run.keys:
        rate = open_rates.pop(key)
        found.add(name, Detail(key, cells[key].bill, rate))
        found.change(key, name, rate)
    found.drifts.append(
        Drift(
            key=first,
            since=since,
            book_pico=cells[first].price,
            bill_pico=_likely(cells, run),
            tokens=sum(cells[key].bill for key in run.keys),
        )
    )


def _likely(cells: Cells, run: _Run) -> Fraction:
    """The whole price in the range, where there is just one; else the mean."""
    if ceil(run.low) == floor(run.high):
        return Fraction(ceil(run.low))
    tokens = sum(cells[key].bill for key in run.keys)
    return sum((cells[key].bill_cost for key in run.keys), Fraction(0)) / tokens
