"""What holds of every reconciliation. Every run checks all of it, and stops at what does not hold.

::

    sum          ledger + causes + residual = the bill's usage
    bars         usage + what is not compared = the whole bill
    one place    each line of the bill is in one place: a bar, a key, or aside with a reason
    moved once   each token that one side has more is taken away once
    equal sides  keys on which both sides agree are in no cause
    parts        what is told of teams and models adds up to both sides, and to each cause
    bounds       those of a joint cause include its amount; details add up to their cause
    order        order, splitting and units of the lines change nothing that is compared
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from .._prices.units import tokens_per
from ..errors import InternalError
from .causes import RESIDUAL
from .keys import PICO, BillSide, Cells, Evidence, ledger_cells, merged

if TYPE_CHECKING:
    from .causes import Cause, Detail
    from .lines import BillLine, Key, LedgerLine, Place, Prices, ProjectTag
    from .reconcile import Reconciliation


class BrokenInvariantError(InternalError):
    """costmark has a mistake: something does not hold that always must."""

    def __init__(self, name: str, what: str) -> None:
        super().__init__(f"reconcile: invariant {name!r} does not hold: {what}; please report this")
        self.name = name


def check_sums(result: Reconciliation, bill: Sequence[BillLine]) -> None:
    """Check sum, bars and bounds; ``bill`` has all lines of the window."""
    explained = _sum(cause.cost for cause in result.causes)
    _equal("sum", result.ledger + explained + result.residual, result.usage)
    _equal("bars", result.total, _sum(line.cost for line in bill) * PICO)
    _equal("sum", result.residual, _sum(each.cost for each in result.residuals))
    _equal("sum", result.residual_absolute, _sum(abs(each.cost) for each in result.residuals))
    _check_parts(result)
    for cause in result.causes:
        _equal("bounds", _sum(detail.cost for detail in cause.details), cause.cost)
        if cause.is_joint:
            _check_bounds(cause)


def _check_parts(result: Reconciliation) -> None:
    _equal("parts", _sum(part.ledger for part in result.parts), result.ledger)
    _equal("parts", _sum(part.bill for part in result.parts), result.usage)
    sums: dict[str, Fraction] = defaultdict(Fraction)
    for part in result.parts:
        _equal("parts", part.ledger + _sum(cost for _, cost in part.why), part.bill)
        for name, cost in part.why:
            sums[name] += cost
    wanted = {cause.name: cause.cost for cause in result.causes} | {RESIDUAL: result.residual}
    for name in sums.keys() | wanted.keys():
        _equal("parts", sums.get(name, Fraction(0)), wanted.get(name, Fraction(0)))


def _check_bounds(cause: Cause) -> None:
    low = _sum(bound.low for bound in cause.bounds)
    high = _sum(bound.high for bound in cause.bounds)
    if not low <= cause.cost <= high:
        raise BrokenInvariantError("bounds", f"{cause.name!r} is {cause.cost}, not {low} to {high}")


def check_one_place(side: BillSide, bill: Sequence[BillLine]) -> None:
    """Check that each line of the bill is in one place."""
    placed = Counter(id(line) for lines in side.bars.values() for line in lines)
    placed.update(id(line) for lines in side.keyed.values() for line in lines)
    placed.update(id(each.line) for each in (*side.unmapped, *side.unit_faults))
    for line in bill:
        if placed[id(line)] != 1:
            what = f"{line.usage_type!r} of {line.day} is in {placed[id(line)]} places"
            raise BrokenInvariantError("one place", what)


def check_tokens(cells: Cells, taken: Mapping[Key, int], result: Reconciliation) -> None:
    """Check that each token was moved once, and that equal sides are in no cause."""
    for key, cell in cells.items():
        wanted = cell.bill - cell.ledger if cell.is_priced else 0
        if taken.get(key, 0) != wanted:
            what = f"{taken.get(key, 0)} of {wanted} tokens of {key} have a place"
            raise BrokenInvariantError("moved once", what)
    named = {key for cause in result.causes for each in cause.details for key in _keys(each)}
    for key in named & cells.keys():
        cell = cells[key]
        if cell.is_priced and (cell.bill, cell.bill_cost) == (
            cell.ledger,
            cell.ledger * cell.price,
        ):
            raise BrokenInvariantError("equal sides", f"{key} is in a cause")


def check_order(
    bill: Sequence[BillLine],
    merged_bill: Sequence[BillLine],
    ledger: Sequence[LedgerLine],
    compared: tuple[Cells, dict[Place, Evidence]],
    prices: Prices,
    projects: list[ProjectTag],
    *,
    with_tags: bool,
) -> None:
    """Check that the same lines, written otherwise, are compared as the same.

    All that follows works on what is compared here, and on nothing else.
    """
    otherwise = [half for line in reversed(bill) for half in _halves(line)]
    if merged(otherwise) != merged_bill:
        raise BrokenInvariantError(
            "order", "the lines of the bill, in halves and in tokens, differ"
        )
    if ledger_cells(reversed(ledger), prices, projects, with_tags=with_tags) != compared:
        raise BrokenInvariantError("order", "the lines of the ledger, the last one first, differ")


def _halves(line: BillLine) -> tuple[BillLine, BillLine]:
    size = tokens_per(line.unit)
    unit, quantity = (
        (line.unit, line.quantity) if size is None else ("tokens", line.quantity * size)
    )
    half = replace(line, unit=unit, quantity=quantity / 2, cost=line.cost / 2)
    return half, half


def _keys(detail: Detail) -> list[Key]:
    return [key for key in (detail.key, detail.to, *detail.others) if key is not None]


def _sum(amounts: Iterable[Fraction]) -> Fraction:
    return sum(amounts, Fraction(0))


def _equal(name: str, found: Fraction, wanted: Fraction) -> None:
    if found != wanted:
        raise BrokenInvariantError(name, f"{found} pico-USD are not {wanted}")
