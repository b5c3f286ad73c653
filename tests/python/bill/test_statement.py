"""Causes that are planted into files, and found again to the pico, from the ledger to the name."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from bill.statement import (
    DAYS,
    GLM,
    HAIKU,
    MODELS,
    OPUS,
    OSS,
    OSS20,
    SOL,
    TAG,
    TEAMS,
    Charge,
    Statement,
    book,
)
from costmark.bill import BookPrices, Reconciliation, Window, reconcile
from costmark.bill.exports import read_export
from costmark.bill.usage import read_ledger
from costmark.prices import PriceBook
from ledger.segments import DAY_US

BOOK = PriceBook.parse(book())
PRICES = BookPrices(BOOK)
MONTH = Window(DAYS[0], DAYS[-1])
AGREEING = Statement.of_a_month()
Wanted = dict[str, Decimal]


def reconciled(month: Statement, folder: Path) -> Reconciliation:
    ledger, export = month.write(folder)
    side = read_ledger(ledger, window=MONTH, book=BOOK, prices=PRICES, tag=TAG)
    bill = read_export(export, MONTH, TAG)
    return reconcile(
        side.lines, bill.lines, PRICES, MONTH, models=PRICES.models, as_of=DAYS[-1], lag_days=1
    )


# Each plant changes the month, and says what it is called and what it costs.


def another_tier(month: Statement) -> Wanted:
    cost = Decimal(0)
    for charge in month.at(range(3, 9), 1, OSS):
        before, charge.what = charge.cost, charge.what.replace("standard", "flex")
        charge.price = charge.sku.price
        cost += charge.cost - before
    return {"billed as another tier": cost}


def another_day(month: Statement) -> Wanted:
    """A call that ends half a minute before midnight, and is billed with the day after."""
    midnight = (DAYS[15] - dt.date(1970, 1, 1)).days * DAY_US
    times = {"start_us": midnight - 60_000_000, "end_us": midnight - 30_000_000}
    month.use(DAYS[14], 2, GLM, {"input": 7_001, "output": 301}, **times)
    for charge in month.charges[-2:]:
        charge.day = DAYS[15]
    return {"billed on another day": Decimal(0)}


def without_its_tag(month: Statement) -> Wanted:
    for charge in month.at(range(24, 27), 3, SOL):
        charge.tag = ""
    return {"billed as default or untagged": Decimal(0)}


def cache_in_the_input(month: Statement) -> Wanted:
    cost = Decimal(0)
    for day in (2, 20):
        (read,) = month.at(range(day, day + 1), 4, SOL, "read")
        (plain,) = month.at(range(day, day + 1), 4, SOL, "input")
        before = plain.cost
        plain.tokens += read.tokens
        cost += plain.cost - before
    return {"cache counted twice": cost}


def cache_left_out(month: Statement) -> Wanted:
    cost = Decimal(0)
    for charge in month.at(range(4, 7), 5, OPUS, "read"):
        cost -= charge.cost
        charge.tokens = 0
    return {"cache not billed": cost}


def another_program(month: Statement) -> Wanted:
    sku = MODELS[HAIKU][2]["OutputTokenCount"]
    extra = Charge(DAYS[9], TEAMS[6], HAIKU, "OutputTokenCount", 77_123, sku.price)
    month.charges.append(extra)
    return {"other clients": extra.cost}


def no_project(month: Statement) -> Wanted:
    sku = MODELS[OSS20][2]["output-tokens"]
    extra = Charge(DAYS[8], "", OSS20, "output-tokens", 123_457, sku.price)
    month.charges.append(extra)
    return {"default or untagged": extra.cost}


def the_last_day(month: Statement) -> Wanted:
    cost = Decimal(0)
    for charge in month.at(range(29, 30), 7, OSS):
        cost -= charge.cost
        charge.tokens = 0
    return {"not billed yet": cost}


def a_new_price(month: Statement) -> Wanted:
    cost = Decimal(0)
    for charge in month.charges:
        if charge.model == GLM and charge.what == "output-tokens" and charge.day >= DAYS[20]:
            before, charge.price = charge.cost, Decimal("0.0033")
            cost += charge.cost - before
    return {f"price drift since {DAYS[20]}": cost}


def the_price_of_flex(month: Statement) -> Wanted:
    cost = Decimal(0)
    for charge in month.at(range(12, 15), 8, OSS, "output"):
        before, charge.price = charge.cost, Decimal("0.0003")
        cost += charge.cost - before
    return {"priced as tier flex": cost}


def a_new_kind(month: Statement) -> Wanted:
    extra = replace(month.charges[0], usage_type="USE1-nova-pro-mantle-hologram-tokens-standard")
    month.charges.append(extra)
    return {"unmapped": extra.cost}


def a_new_model(month: Statement) -> Wanted:
    extra = replace(
        month.charges[0], usage_type="USE1-openai.gpt-7-mantle-input-tokens-standard", tokens=900
    )
    month.charges.append(extra)
    return {"unpriced": extra.cost}


PLANTS: list[Callable[[Statement], Wanted]] = [
    another_tier,
    another_day,
    without_its_tag,
    cache_in_the_input,
    cache_left_out,
    another_program,
    no_project,
    the_last_day,
    a_new_price,
    the_price_of_flex,
    a_new_kind,
    a_new_model,
]


def check(month: Statement, wanted: Wanted, folder: Path) -> None:
    result = reconciled(month, folder)
    found = {cause.name: cause.cost for cause in result.causes}
    assert found == {name: Fraction(cost) * 10**12 for name, cost in wanted.items()}
    assert result.residual_absolute == 0
    assert result.total == Fraction(sum(charge.cost for charge in month.charges)) * 10**12


def test_an_agreeing_month(tmp_path: Path) -> None:
    assert len(AGREEING.rows) == 30 * 10 * 6
    check(AGREEING.copy(), {}, tmp_path)


@pytest.mark.parametrize("plant", PLANTS)
def test_alone(plant: Callable[[Statement], Wanted], tmp_path: Path) -> None:
    month = AGREEING.copy()
    check(month, plant(month), tmp_path)


@pytest.mark.parametrize("seed", range(3))
def test_five_at_once(seed: int, tmp_path: Path) -> None:
    month = AGREEING.copy()
    wanted: Wanted = {}
    for plant in random.Random(seed).sample(PLANTS, 5):
        wanted |= plant(month)
    check(month, wanted, tmp_path)


# --- What no step knows ---------------------------------------------------------------------------


def another_tier_and_project(month: Statement) -> None:
    """Two fields differ at once."""
    for charge in month.at(range(10, 11), 1, OSS):
        charge.tag, charge.what = TEAMS[2], charge.what.replace("standard", "flex")
        charge.price = charge.sku.price


def another_model(month: Statement) -> None:
    """The output of one model is billed as that of another."""
    (charge,) = month.at(range(17, 18), 9, GLM, "output")
    charge.model, charge.what = OSS, "output-tokens-standard"
    charge.price = charge.sku.price


def output_as_input(month: Statement) -> None:
    (charge,) = month.at(range(18, 19), 9, OSS20, "output")
    charge.what = "input-tokens"
    charge.price = charge.sku.price


def a_surcharge_of_seven_percent(month: Statement) -> None:
    (charge,) = month.at(range(19, 20), 9, HAIKU, "output")
    charge.price *= Decimal("1.07")


def a_twentieth_less(month: Statement) -> None:
    for charge in month.at(range(20, 21), 9, SOL):
        charge.tokens -= charge.tokens // 20


@pytest.mark.parametrize(
    "disturb",
    [
        another_tier_and_project,
        another_model,
        output_as_input,
        a_surcharge_of_seven_percent,
        a_twentieth_less,
    ],
)
def test_the_unknown_is_residual(disturb: Callable[[Statement], None], tmp_path: Path) -> None:
    month = AGREEING.copy()
    before = sum(charge.cost for charge in month.charges)
    disturb(month)
    result = reconciled(month, tmp_path)
    assert result.causes == []
    difference = sum(charge.cost for charge in month.charges) - before
    assert result.residual == Fraction(difference) * 10**12
    assert result.residual_absolute >= abs(result.residual) > 0
