"""The amounts of a page, whatever was compared: all of them add up as they are shown."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from bill.making import MONTH, PRICES, charges_of, ledger_of
from bill.test_random import run, some_case
from bill.test_reconcile_page import BASIS
from costmark.bill import reconcile
from costmark.bill.page import reconcile_page
from costmark.bill.shown import Shown, percents
from costmark.reports.shares import rounded

if TYPE_CHECKING:
    from costmark.bill import Reconciliation


@pytest.fixture(scope="module")
def results() -> list[Reconciliation]:
    return [run(*some_case(seed)) for seed in range(60)]


def scaled(result: Reconciliation, factor: Fraction) -> Reconciliation:
    """The same differences between dearer tokens."""
    parts = [
        replace(
            part,
            ledger=part.ledger * factor,
            bill=part.bill * factor,
            why=tuple((name, cost * factor) for name, cost in part.why),
        )
        for part in result.parts
    ]
    names = ("ledger", "usage", "residual", "residual_absolute")
    return replace(
        result,
        parts=parts,
        causes=[replace(cause, cost=cause.cost * factor) for cause in result.causes],
        bars={name: cost * factor for name, cost in result.bars.items()},
        **{name: getattr(result, name) * factor for name in names},
    )


@pytest.mark.parametrize("factor", [Fraction(1), Fraction(10**9, 7)], ids=["small", "large"])
def test_everything_adds_up(results: list[Reconciliation], factor: Fraction) -> None:
    digits = set()
    for small in results:
        result = scaled(small, factor)
        shown = Shown(result)
        unit = Fraction(10**12, 10**shown.digits)
        digits.add(shown.digits)
        assert shown.ledger + sum(shown.causes.values()) == shown.bill
        assert abs(shown.bill * unit - result.usage) <= unit / 2
        first, second = ("tag", "model") if shown.has_projects else ("model", "kind")
        for name in (first, second):
            lines = shown.lines(name)
            assert sum(line.bill for line in lines) == shown.bill
            assert sum(line.ledger for line in lines) == shown.ledger
            assert sum(line.moved for line in lines) == 0
            assert sum(line.charge for line in lines) == shown.usage
            assert sum(line.difference for line in lines) == sum(shown.causes.values())
        for line in shown.lines(first):
            assert abs(line.bill * unit - line.group.bill) < unit
            cent = Fraction(10**12, 10**shown.charge_digits)
            assert abs(line.charge * cent - line.group.charge) < cent
        assert shown.usage + sum(shown.bars.values()) == shown.total
    assert digits == ({2, 4} if factor > 1 else {4})


def test_an_agreeing_bill_is_shown_in_cents() -> None:
    ledger = ledger_of([0], [0], [0])
    lines = [charge.line() for charge in charges_of(ledger)]
    agreeing = scaled(reconcile(ledger, lines, PRICES, MONTH), Fraction(10**5))
    page = reconcile_page(agreeing, BASIS)
    assert "Ledger and bill agree: $" in page
    assert not re.search(r"\$[\d,]+\.\d{3,}", page.partition("<main")[2])


def test_every_case_has_a_page(results: list[Reconciliation]) -> None:
    for result in results:
        page = reconcile_page(result, BASIS)
        assert "{" not in page.partition("<main")[2].partition("</main>")[0]


def test_shares_add_up_to_all() -> None:
    assert percents([Fraction(1), Fraction(1), Fraction(1)]) == ["33.4%", "33.3%", "33.3%"]
    assert percents([Fraction(3), Fraction(-1)]) == ["150.0%", "-50.0%"]
    assert percents([Fraction(0)]) == ["\u2013"]


def test_amounts_add_up_to_another_sum() -> None:
    amounts = [Fraction(3, 2), Fraction(-1, 4), Fraction(1, 3)]  # 19/12
    assert rounded(amounts, 1) == [2, 0, 0]
    assert rounded(amounts, 1, 1) == [1, 0, 0]
