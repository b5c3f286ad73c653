"""The steps of reconciling, one by one, on bills of a few lines."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest

from bill.making import (
    ACCOUNT,
    DAYS,
    LUNA,
    MODELS,
    MONTH,
    OPUS,
    OSS,
    PRICES,
    QWEN,
    SOL,
    Charge,
    charges_of,
    cost_of,
    ledger_of,
    price,
)
from costmark._prices.usage_types import shipped_aliases
from costmark.bill import (
    BillLine,
    LedgerLine,
    Place,
    ProjectTag,
    Window,
    invariants,
    reconcile,
)
from costmark.bill.invariants import BrokenInvariantError
from costmark.bill.keys import Cell, ledger_cells, merged, split_bill
from costmark.bill.usage_types import Reader
from costmark.errors import ConfigurationError

if TYPE_CHECKING:
    from costmark.bill import Cause, Reconciliation

ONE = [MODELS.index(OSS)]


def run(
    ledger: list[LedgerLine], bill: list[BillLine], window: Window = MONTH, **options: Any
) -> Reconciliation:
    options.setdefault("models", MODELS)
    return reconcile(ledger, bill, PRICES, window, **options)


def lines_of(charges: list[Charge]) -> list[BillLine]:
    return [charge.line() for charge in charges]


def only(result: Reconciliation) -> Cause:
    (cause,) = result.causes
    assert result.residual_absolute == 0
    return cause


def names(result: Reconciliation) -> dict[str, Fraction]:
    return {cause.name: cause.cost for cause in result.causes}


def calls(line: LedgerLine) -> Place:
    return Place(line.day, line.account, line.region, line.tag, line.model)


# --- 2: the window --------------------------------------------------------------------------------


def test_days_outside_of_the_window_are_on_neither_side() -> None:
    ledger = ledger_of(range(5), [0], ONE)
    bill = lines_of(charges_of(ledger))
    inner = Window(DAYS[1], DAYS[3])
    result = run(ledger[:4], bill, inner)
    assert result.ledger == result.usage == cost_of(ledger[1:4])
    assert result.causes == []


# --- 3: arithmetic --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("quantity", "unit"),
    [
        (Fraction("4.77"), "1K tokens"),
        (Fraction(4770), "tokens"),
        (Fraction("0.00477"), "1M tokens"),
    ],
)
def test_a_quantity_is_read_by_its_unit(quantity: Fraction, unit: str) -> None:
    # Seen in Cost Explorer: 4.77 of "1K tokens" at USD 0.00015 are USD 0.0007155.
    ledger = [replace(ledger_of([0], [0], ONE)[0], input=4770, output=0)]
    line = BillLine(
        day=DAYS[0],
        record_type="Usage",
        usage_type="USE1-openai.gpt-oss-120b-mantle-input-tokens-standard",
        quantity=quantity,
        unit=unit,
        cost=Fraction("0.0007155"),
        account=ACCOUNT,
        tag="team-a",
    )
    result = run(ledger, [line])
    assert result.causes == []
    assert result.usage == result.ledger == 715_500_000


def test_an_unknown_unit_is_unmapped_and_a_broken_count_a_unit_fault() -> None:
    ledger = ledger_of([0], [0], ONE)
    charge_in, charge_out = charges_of(ledger)
    bill = [
        charge_in.line(unit="Units"),
        charge_out.line(quantity=Fraction("0.0005"), cost=Fraction(1)),
    ]
    result = run(ledger, bill, as_of=DAYS[1])
    assert names(result)["unmapped"] == charge_in.cost
    assert names(result)["unit fault"] == 10**12
    assert [each.why for each in result.unmapped] == ["the unit 'Units'"]
    assert result.unit_faults[0].why == "0.5 tokens, which is no whole number"
    assert result.coverage == 0


# --- 4: record types ------------------------------------------------------------------------------


def test_only_usage_is_compared() -> None:
    ledger = ledger_of([0], [0], ONE)
    charges = lines_of(charges_of(ledger))
    other = {
        "Credit": ("credits", "-3"),
        "Refund": ("refunds", "-1"),
        "Tax": ("tax", "2.5"),
        "Recurring": ("fees", "4"),
        "EdpDiscount": ("private discounts", "-0.5"),
        "SavingsPlanCoveredUsage": ("savings plans", "7"),
        "SavingsPlanNegation": ("savings plans", "-7"),
        "Something New": ("other: Something New", "1"),
    }
    bill = [
        *charges,
        *(replace(charges[0], record_type=t, cost=Fraction(c)) for t, (_, c) in other.items()),
        replace(
            charges[0],
            usage_type="USE1-openai.gpt-oss-120b-mantle-reserved-1-month",
            cost=Fraction(9),
        ),
        replace(
            charges[0], usage_type="USE1-mantle-web-search", unit="1K queries", cost=Fraction(12)
        ),
    ]
    result = run(ledger, bill)
    assert result.causes == []
    wanted: dict[str, Fraction] = {
        "reserved capacity": Fraction(9),
        "usage without tokens": Fraction(12),
    }
    for bar, cost in other.values():
        wanted[bar] = wanted.get(bar, Fraction(0)) + Fraction(cost)
    assert result.bars == {bar: cost * 10**12 for bar, cost in wanted.items()}
    assert result.total == sum(line.cost for line in bill) * 10**12


@pytest.mark.parametrize("currencies", [["USD", "EUR"], ["EUR", "EUR"]])
def test_another_currency_stops(currencies: list[str]) -> None:
    ledger = ledger_of([0], [0], ONE)
    bill = [
        replace(line, currency=currency)
        for line, currency in zip(lines_of(charges_of(ledger)), currencies, strict=True)
    ]
    with pytest.raises(ConfigurationError, match="EUR"):
        run(ledger, bill)


# --- 5 and 6: keys of the bill --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("usage_type", "product", "wanted"),
    [
        (
            "USE1-openai.gpt-oss-120b-mantle-input-tokens-standard",
            "",
            ("us-east-1", "mantle", OSS, "input", "", "standard", "in-region", ""),
        ),
        (
            "USE1-zai.glm5-mantle-output-tokens-standard",
            "",
            ("us-east-1", "mantle", "zai.glm-5", "output", "", "standard", "in-region", ""),
        ),
        (
            "USW2-anthropic.claude-opus-4-8-mantle-cache-read-tokens-global-standard",
            "",
            ("us-west-2", "mantle", OPUS, "cached", "", "standard", "global", ""),
        ),
        (
            "USE1-openai.gpt-5.6-luna-mantle-cache-write-tokens-5m-long-ctx-flex",
            "",
            ("us-east-1", "mantle", LUNA, "cache_write", "5m", "flex", "in-region", "long"),
        ),
        (
            "USE1-openai.gpt-5.6-sol-mantle-cache-write-tokens-standard",
            "",
            ("us-east-1", "mantle", SOL, "cache_write", None, "standard", "in-region", ""),
        ),
        (
            "EUC1-openai.gpt-oss-120b-input-tokens",
            "",
            ("eu-central-1", "runtime", OSS, "input", "", "standard", "in-region", ""),
        ),
        (
            "USE1-openai.gpt-oss-120b-output-tokens-flex",
            "",
            ("us-east-1", "runtime", OSS, "output", "", "flex", "in-region", ""),
        ),
        (
            "USE1-openai.gpt-5.6-sol-output-tokens-cross-region-global",
            "",
            ("us-east-1", "runtime", SOL, "output", "", "standard", "global", ""),
        ),
        (
            "USE1-MP:USE1_input_tokens_global_standard-Units",
            "OpenAI GPT-5.6 Sol (Amazon Bedrock Edition)",
            ("us-east-1", None, SOL, "input", "", "standard", "global", ""),
        ),
        (
            "USE1-MP:USE1_CacheWrite1hInputTokenCount_Global-Units",
            "Claude Opus 4.8 (Amazon Bedrock Edition)",
            ("us-east-1", None, OPUS, "cache_write", "1h", "standard", "global", ""),
        ),
    ],
)
def test_usage_types_that_were_seen(usage_type: str, product: str, wanted: tuple[Any, ...]) -> None:
    line = BillLine(
        DAYS[0],
        "Usage",
        usage_type,
        Fraction(1),
        "1M tokens",
        Fraction(1),
        product=product,
        tag="x",
    )
    result = run([], [line])
    (key,) = {detail.key for cause in result.causes for detail in cause.details}
    assert key is not None
    assert (
        key.region,
        key.endpoint,
        key.model,
        key.kind,
        key.time,
        key.tier,
        key.serving,
        key.context,
    ) == wanted
    assert result.coverage == 1


@pytest.mark.parametrize(
    ("usage_type", "product", "why"),
    [
        ("USE1-openai.gpt-oss-120b-mantle-hologram-tokens-standard", "", "not a usage type"),
        ("USE1-openai.gpt-oss-120b-mantle-input-tokens-1h-standard", "", "time to live"),
        ("XXQ9-openai.gpt-oss-120b-mantle-input-tokens-standard", "", "Region prefix"),
        ("USE1-TimedStorage", "", "does not know"),
        ("", "", "does not know"),
        (
            "USE1-MP:USE1_input_tokens_global_standard-Units",
            "Nova (Amazon Bedrock Edition)",
            "no model",
        ),
        ("USE1-MP:USE1_hologram-Units", "Claude Opus 4.8", "Marketplace"),
    ],
)
def test_what_is_not_understood_is_loud(usage_type: str, product: str, why: str) -> None:
    line = BillLine(
        DAYS[0],
        "Usage",
        usage_type,
        Fraction(1),
        "1K tokens",
        Fraction(5),
        product=product,
        tag="x",
    )
    result = run([], [line])
    cause = only(result)
    assert (cause.name, cause.cost) == ("unmapped", 5 * 10**12)
    assert why in result.unmapped[0].why
    assert result.coverage == 0


# --- 7: keys of the ledger ------------------------------------------------------------------------


def test_kinds_are_disjoint() -> None:
    line = replace(
        ledger_of([0], [0], [MODELS.index(LUNA)])[0],
        input=1_000_000,
        cached=300_000,
        written=(("5m", 100_000), ("1h", 50_000)),
        output=7_000,
    )
    wanted = 550_000 * 220_000 + 300_000 * 22_000 + 100_000 * 275_000 + 50_000 * 440_000
    assert run([line], []).ledger == wanted + 7_000 * 1_320_000


def test_the_tag_value_is_the_one_of_the_day() -> None:
    ledger = [replace(line, tag=None) for line in ledger_of(range(4), [0], ONE)]
    moved = [
        ProjectTag("proj_0", "team-old", end_day=DAYS[2]),
        ProjectTag("proj_0", "team-new", first_day=DAYS[2]),
    ]
    tags = ["team-old", "team-old", "team-new", "team-new"]
    billed = [replace(line, tag=tag) for line, tag in zip(ledger, tags, strict=True)]
    result = run(ledger, lines_of(charges_of(billed)), projects=moved)
    assert result.causes == []


# --- 8: coarsening --------------------------------------------------------------------------------


def test_what_one_side_does_not_know_is_summed_over() -> None:
    ledger = ledger_of([0], [0, 1], [MODELS.index(SOL)])
    charges = charges_of(ledger)
    bill = [
        # The Marketplace names no endpoint, and this write no time to live.
        charge.line(
            usage_type={
                "input": "USE1-MP:USE1_input_tokens_standard-Units",
                "cached": "USE1-MP:USE1_CacheReadInputTokenCount-Units",
                "cache_write": "USE1-MP:USE1_CacheWriteInputTokenCount-Units",
                "output": "USE1-MP:USE1_output_tokens_standard-Units",
            }[charge.kind],
            product="OpenAI GPT-5.6 Sol (Amazon Bedrock Edition)",
        )
        for charge in charges
    ]
    result = run(ledger, bill)
    assert result.causes == []
    assert [(each.model, each.field) for each in result.coarsened] == [
        (SOL, "endpoint"),
        (SOL, "time"),
    ]
    assert run(ledger, lines_of(charges)).coarsened == []


@pytest.mark.parametrize("tag", [None, ""])
def test_without_tag_values_there_is_no_project_grain(tag: str | None) -> None:
    ledger = ledger_of([0], [0, 1], ONE)
    bill = [charge.line(tag=tag) for charge in charges_of(ledger)]
    with pytest.raises(ConfigurationError, match="grain 'model'"):
        run(ledger, bill)
    result = run(ledger, bill, grain="model")
    assert result.causes == []
    assert result.ledger == result.usage == cost_of(ledger)


def test_a_ledger_without_tag_values_has_no_project_grain_either() -> None:
    ledger = [replace(line, tag=None) for line in ledger_of([0], [0, 1], ONE)]
    bill = lines_of(charges_of(ledger_of([0], [0, 1], ONE)))
    with pytest.raises(ConfigurationError, match="any project, such as proj_0"):
        run(ledger, bill)
    # Of one project that has none the rest can still be compared.
    result = run(ledger, bill, projects=[ProjectTag("proj_0", "team-a")], as_of=DAYS[9])
    assert result.projects_without_tag == ["proj_1"]
    # Calls of project default are untagged on both sides.
    default = [replace(line, project="default") for line in ledger]
    untagged = [charge.line() for charge in charges_of(default)]
    assert names(run(default, [*bill, *untagged])) == {"other clients": cost_of(default)}


# --- 9 and 10: prices, the exact split ------------------------------------------------------------


def test_what_has_no_price_is_never_zero_dollars() -> None:
    odd = replace(ledger_of([0], [0], ONE)[0], model="openai.gpt-7")
    bill = [
        BillLine(
            DAYS[0],
            "Usage",
            "USE1-openai.gpt-7-mantle-input-tokens-standard",
            Fraction(odd.input, 1000),
            "1K tokens",
            Fraction(3),
            account=ACCOUNT,
            tag="team-a",
        )
    ]
    result = run([odd], bill)
    assert result.ledger == 0
    assert names(result) == {"unpriced": Fraction(3 * 10**12)}
    assert result.unpriced_tokens == odd.input + odd.output


def test_a_difference_is_split_into_volume_and_rate() -> None:
    ledger = ledger_of([0], [0], ONE)
    bill_in, bill_out = charges_of(ledger)
    more = replace(bill_in, tokens=bill_in.tokens + 2000, pico=75_000)  # priced as flex
    result = run(ledger, lines_of([more, bill_out]))
    assert names(result) == {
        "other clients": Fraction(2000 * 150_000),
        "priced as tier flex": Fraction(more.tokens * (75_000 - 150_000)),
    }
    assert result.residual_absolute == 0


# --- 11: moves ------------------------------------------------------------------------------------


def test_tokens_near_midnight_may_be_billed_on_the_next_day() -> None:
    model = MODELS.index(QWEN)
    before, after = ledger_of([14, 15], [0], [model])  # the price changes between them
    late = replace(before, input=5000, output=0, attempts=1, near="end")
    bill = charges_of([before, replace(after, input=after.input + 5000)])
    result = run([before, late, after], lines_of(bill))
    cause = only(result)
    assert cause.name == "billed on another day"
    assert (cause.tokens, cause.cost) == (5000, 5000 * (180_000 - 150_000))
    assert cause.details[0].to is not None
    assert cause.details[0].to.day == after.day
    # The same away from midnight is no such move.
    other = run([before, replace(late, near=""), after], lines_of(bill))
    assert "billed on another day" not in names(other)


def test_tokens_of_another_tier() -> None:
    ledger = ledger_of([0], [0], ONE)
    bill_in, bill_out = charges_of(ledger)
    flex = replace(bill_in, tier="flex", tokens=8000, pico=75_000)
    rest = replace(bill_in, tokens=bill_in.tokens - 8000)
    cause = only(run(ledger, lines_of([rest, flex, bill_out])))
    assert cause.name == "billed as another tier"
    assert (cause.tokens, cause.cost) == (8000, 8000 * (75_000 - 150_000))


def test_tokens_of_another_serving_and_another_context() -> None:
    opus = ledger_of([0], [0], [MODELS.index(OPUS)])
    line = replace(opus[0], input=1000, cached=0, written=(), output=0)
    charge = Charge(line.day, "team-a", OPUS, "input", "", 1000, 5_500_000)
    bill = [charge.line(usage_type="USE1-anthropic.claude-opus-4-8-mantle-input-tokens-standard")]
    cause = only(run([line], bill))
    assert (cause.name, cause.cost) == ("billed as another serving", 1000 * 500_000)

    line = replace(
        ledger_of([0], [0], [MODELS.index(SOL)])[0], input=1000, cached=0, written=(), output=0
    )
    charge = Charge(line.day, "team-a", SOL, "input", "", 1000, 8_800_000)
    bill = [charge.line(usage_type="USE1-openai.gpt-5.6-sol-mantle-input-tokens-long-ctx-standard")]
    cause = only(run([line], bill))
    assert (cause.name, cause.cost) == ("billed as another context", 1000 * 4_400_000)


def test_tokens_of_another_cache_time() -> None:
    ledger = ledger_of([0], [0], [MODELS.index(LUNA)])
    bill = [
        replace(charge, time="1h", pico=440_000) if charge.kind == "cache_write" else charge
        for charge in charges_of(ledger)
    ]
    cause = only(run(ledger, lines_of(bill)))
    assert cause.name == "billed as another cache time"
    assert cause.cost == ledger[0].written[0][1] * (440_000 - 275_000)


def test_tokens_without_their_tag() -> None:
    ledger = ledger_of([0], [0, 1], ONE)
    charges = charges_of(ledger)
    bill = [replace(each, tag="") if each.tag == "team-a" else each for each in charges]
    cause = only(run(ledger, lines_of(bill)))
    assert cause.name == "billed as default or untagged"
    assert (cause.tokens, cause.cost) == (sum(c.tokens for c in charges if c.tag == "team-a"), 0)


def test_an_earlier_step_wins() -> None:
    """A deficit that fits a move between days and one between tiers is moved between days."""
    before, after = ledger_of([0, 1], [0], ONE)
    late = replace(before, input=5000, output=0, near="end")
    flex = Charge(before.day, "team-a", OSS, "input", "", 5000, 75_000, tier="flex")
    bill = charges_of([before, replace(after, input=after.input + 5000)])
    result = run([before, late, after], lines_of([*bill, flex]))
    assert names(result) == {
        "billed on another day": Fraction(0),
        "other clients": Fraction(5000 * 75_000),
    }


# --- 12: the cache --------------------------------------------------------------------------------


def cache_month() -> tuple[LedgerLine, dict[str, Charge]]:
    (line,) = ledger_of([0], [0], [MODELS.index(SOL)])
    return line, {charge.kind: charge for charge in charges_of([line])}


@pytest.mark.parametrize("kinds", [["cached"], ["cache_write"], ["cached", "cache_write"]])
def test_tokens_that_are_in_the_input_as_well(kinds: list[str]) -> None:
    line, charges = cache_month()
    twice = sum(charges[kind].tokens for kind in kinds)
    charges["input"] = replace(charges["input"], tokens=charges["input"].tokens + twice)
    cause = only(run([line], lines_of(list(charges.values()))))
    assert (cause.name, cause.tokens) == ("cache counted twice", twice)
    assert cause.cost == twice * 4_400_000


def test_cached_tokens_that_are_not_billed() -> None:
    line, charges = cache_month()
    cached = charges.pop("cached")
    cause = only(run([line], lines_of(list(charges.values()))))
    assert (cause.name, cause.cost) == ("cache not billed", -cached.cost)


def test_cached_tokens_that_are_billed_as_input() -> None:
    line, charges = cache_month()
    cached = charges.pop("cached")
    charges["input"] = replace(charges["input"], tokens=charges["input"].tokens + cached.tokens)
    cause = only(run([line], lines_of(list(charges.values()))))
    assert (cause.name, cause.cost) == (
        "cache billed as input",
        cached.tokens * (4_400_000 - 440_000),
    )


def test_cached_tokens_may_be_among_other_input() -> None:
    line, charges = cache_month()
    cached = charges.pop("cached")
    more = cached.tokens + 3000
    charges["input"] = replace(charges["input"], tokens=charges["input"].tokens + more)
    cause = only(run([line], lines_of(list(charges.values()))))
    assert cause.is_joint
    assert cause.cost == more * 4_400_000 - cached.cost
    assert {bound.name: (bound.low, bound.high) for bound in cause.bounds} == {
        "cache billed as input": (0, cached.tokens * (4_400_000 - 440_000)),
        "cache not billed": (-cached.cost, 0),
        "other clients": (0, more * 4_400_000),
    }


# --- 13: two partners -----------------------------------------------------------------------------


def test_two_partners_are_one_joint_cause() -> None:
    (line,) = ledger_of([0], [0], ONE)
    flex = replace(line, tier="flex", input=6000, output=0)
    priority = replace(line, tier="priority", input=9000, output=0)
    standard = replace(line, input=0)
    bill = [
        Charge(line.day, "team-a", OSS, "input", "", 10_000, 150_000),
        *charges_of([standard]),
    ]
    result = run([standard, flex, priority], lines_of(bill))
    cause = only(result)
    assert cause.name == "billed as another tier or something else"
    assert cause.cost == 10_000 * 150_000 - 6000 * 75_000 - 9000 * 262_500
    (detail,) = cause.details
    keys = [key for key in (detail.key, *detail.others) if key is not None]
    assert {key.tier for key in keys} == {"standard", "flex", "priority"}
    move = {bound.name: bound for bound in cause.bounds}["billed as another tier"]
    # At least 1,000 tokens were flex ones, at most 6,000; costmark's bounds include that.
    for flexed in (1000, 6000):
        cost = flexed * (150_000 - 75_000) + (10_000 - flexed) * (150_000 - 262_500)
        assert move.low <= cost <= move.high


def test_two_partners_that_both_fit_leave_nothing_to_guess() -> None:
    ledger = ledger_of([0], [0, 1, 2], ONE)
    bill = [replace(charge, tag="") for charge in charges_of(ledger[:2])] + charges_of(ledger[2:])
    cause = only(run(ledger, lines_of(bill)))
    assert not cause.is_joint
    assert cause.name == "billed as default or untagged"


# --- 14: surplus ----------------------------------------------------------------------------------


def surplus(tag: str = "team-a", **options: Any) -> Reconciliation:
    ledger = [
        replace(line, uncertain=options.pop("uncertain", 0)) for line in ledger_of([0], [0], ONE)
    ]
    seen = options.pop("seen", None)
    if seen is not None:
        options["counts"] = {calls(ledger[0]): seen}
    extra = Charge(DAYS[0], tag, OSS, "output", "", 4000, 600_000)
    return run(ledger, lines_of([*charges_of(ledger), extra]), **options)


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"tag": ""}, "default or untagged"),
        ({}, "other clients"),
        ({"seen": 25}, "other clients"),
        ({"uncertain": 2, "seen": 10}, "incomplete or unknown operations"),
    ],
)
def test_a_surplus_has_a_name(options: dict[str, Any], name: str) -> None:
    cause = only(surplus(**options))
    assert (cause.name, cause.cost) == (name, 4000 * 600_000)


@pytest.mark.parametrize("seen", [None, 25])
def test_a_surplus_may_have_two_causes(seen: int | None) -> None:
    cause = only(surplus(uncertain=2, seen=seen))
    assert cause.is_joint
    assert cause.cost == 4000 * 600_000
    assert {(bound.name, bound.low, bound.high) for bound in cause.bounds} == {
        ("incomplete or unknown operations", 0, cause.cost),
        ("other clients", 0, cause.cost),
    }


def test_a_surplus_that_is_missing_elsewhere_is_nobody_elses() -> None:
    """As many tokens are missing of another model: no step knows the way, and none is made up."""
    ledger = ledger_of([0], [0], [MODELS.index(OSS), MODELS.index(QWEN)])
    charges = charges_of(ledger)
    place = [(each.model, each.kind) for each in charges].index((QWEN, "output"))
    lost = charges.pop(place)
    charges.append(replace(lost, model=OSS, pico=600_000, tokens=lost.tokens))
    result = run(ledger, lines_of(charges))
    assert result.causes == []
    assert result.residual_absolute == 2 * lost.tokens * 600_000


def test_a_surplus_though_every_call_is_known_stays_open() -> None:
    result = surplus(seen=10)
    assert result.causes == []
    assert result.residual == result.residual_absolute == 4000 * 600_000


# --- 15: deficits ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("age", "name"), [(2, "not billed yet"), (3, None)])
def test_a_deficit_of_a_young_day_is_not_billed_yet(age: int, name: str | None) -> None:
    ledger = ledger_of([0, 1], [0], ONE)
    bill = lines_of(charges_of(ledger[:1]))
    result = run(ledger, bill, as_of=DAYS[1] + dt.timedelta(days=age))
    missing = -cost_of(ledger[1:])
    if name is None:
        assert result.causes == []
        assert result.residual == missing
    else:
        assert names(result) == {name: missing}
        assert result.residual_absolute == 0


# --- 16: rates ------------------------------------------------------------------------------------


def test_half_of_the_tenth_decimal_is_rounding() -> None:
    ledger = ledger_of([0], [0], ONE)
    bill_in, bill_out = lines_of(charges_of(ledger))
    half = Fraction(5, 10**11)
    cause = only(run(ledger, [replace(bill_in, cost=bill_in.cost + half), bill_out]))
    assert (cause.name, cause.cost) == ("rounding", 50)
    more = run(ledger, [replace(bill_in, cost=bill_in.cost + 2 * half), bill_out])
    assert more.causes == []
    assert more.residual == 100
    # Twenty-four hours were rounded one by one.
    hours = replace(bill_in, cost=bill_in.cost + 24 * half, lines=24)
    assert only(run(ledger, [hours, bill_out])).name == "rounding"


def test_a_price_of_another_kind() -> None:
    line, charges = cache_month()
    charges["cached"] = replace(charges["cached"], pico=4_400_000)
    cause = only(run([line], lines_of(list(charges.values()))))
    assert cause.name == "priced as input"
    assert cause.cost == charges["cached"].tokens * (4_400_000 - 440_000)


def test_a_price_that_drifts() -> None:
    ledger = ledger_of(range(10), [0, 1], ONE)
    bill = [
        replace(charge, pico=170_000)
        if charge.kind == "input" and charge.day >= DAYS[6]
        else charge
        for charge in charges_of(ledger)
    ]
    result = run(ledger, lines_of(bill))
    cause = only(result)
    tokens = sum(c.tokens for c in bill if c.pico == 170_000)
    assert (cause.name, cause.cost) == ("price drift since 2026-11-07", tokens * 20_000)
    (drift,) = result.drifts
    assert (drift.book_pico, drift.bill_pico, drift.tokens) == (150_000, 170_000, tokens)


@pytest.mark.parametrize("prices", [(170_000, 150_000), (170_000, 190_000)])
def test_a_price_of_one_day_is_no_drift(prices: tuple[int, int]) -> None:
    ledger = ledger_of(range(2), [0], ONE)
    bill = [
        replace(charge, pico=prices[DAYS.index(charge.day)]) if charge.kind == "input" else charge
        for charge in charges_of(ledger)
    ]
    result = run(ledger, lines_of(bill))
    assert result.causes == []
    assert result.drifts == []
    assert result.residual == sum(c.cost for c in bill) - cost_of(ledger)


def test_a_price_of_few_tokens_is_no_drift() -> None:
    ledger = [replace(line, input=49_000) for line in ledger_of(range(2), [0], ONE)]
    bill = [
        replace(charge, pico=170_000) if charge.kind == "input" else charge
        for charge in charges_of(ledger)
    ]
    assert run(ledger, lines_of(bill)).causes == []


# --- 17: the residual -----------------------------------------------------------------------------


def test_opposite_residuals_do_not_hide_each_other() -> None:
    ledger = ledger_of([0], [0, 1], ONE)
    bill = lines_of(charges_of(ledger))
    bill[0] = replace(bill[0], cost=bill[0].cost + Fraction(1, 1000))
    bill[2] = replace(bill[2], cost=bill[2].cost - Fraction(1, 1000))
    result = run(ledger, bill)
    assert result.causes == []
    assert result.residual == 0
    assert result.residual_absolute == 2 * 10**9
    assert len(result.residuals) == 2


# --- 18: invariants -------------------------------------------------------------------------------


def test_amounts_that_do_not_add_up_are_named() -> None:
    ledger = ledger_of([0], [0], ONE)
    bill = lines_of(charges_of(ledger))
    bill.append(replace(bill[0], record_type="Tax"))
    result = surplus(uncertain=2)
    (cause,) = result.causes
    bounds = tuple(replace(bound, high=bound.low) for bound in cause.bounds)
    too_small = replace(cause, bounds=bounds)
    other = replace(cause, details=cause.details * 2)
    whole = [replace(bill[0], cost=result.total / 10**12)]
    agreeing = run(ledger, bill)
    invariants.check_sums(agreeing, bill)
    for name, found, lines in (
        ("sum", replace(agreeing, ledger=agreeing.ledger + 1), bill),
        ("sum", replace(agreeing, residual_absolute=Fraction(1)), bill),
        ("bars", agreeing, bill[:-1]),
        ("parts", replace(agreeing, parts=agreeing.parts[1:]), bill),
        ("bounds", replace(result, causes=[other]), whole),
        ("bounds", replace(result, causes=[too_small]), whole),
    ):
        with pytest.raises(
            BrokenInvariantError, match=rf"invariant '{name}'.*please report"
        ) as raised:
            invariants.check_sums(found, lines)
        assert raised.value.name == name


def test_lines_in_two_places_are_named() -> None:
    ledger = ledger_of([0], [0], ONE)
    bill = merged(lines_of(charges_of(ledger)))
    side = split_bill(bill, Reader(shipped_aliases(), MODELS), with_tags=True)
    invariants.check_one_place(side, bill)
    side.bars["tax"] = [bill[0]]
    with pytest.raises(BrokenInvariantError, match=r"'one place'.*is in 2 places"):
        invariants.check_one_place(side, bill)
    with pytest.raises(BrokenInvariantError, match=r"'one place'.*is in 0 places"):
        invariants.check_one_place(side, [bill[1], replace(bill[1])])


def test_tokens_that_are_moved_twice_or_never_are_named() -> None:
    result = surplus()
    (cause,) = result.causes
    key = cause.details[0].key
    assert key is not None
    cells = {key: Cell(ledger=5, bill=4005, ledger_cost=5, bill_cost=Fraction(4005))}
    invariants.check_tokens(cells, {key: 4000}, result)
    for taken in ({}, {key: 8000}):
        with pytest.raises(BrokenInvariantError, match=r"'moved once'.*of 4000 tokens"):
            invariants.check_tokens(cells, taken, result)
    equal = {key: Cell(ledger=5, bill=5, ledger_cost=5, bill_cost=Fraction(5))}
    with pytest.raises(BrokenInvariantError, match="'equal sides'"):
        invariants.check_tokens(equal, {}, result)


def test_an_order_that_matters_is_named() -> None:
    ledger = ledger_of([0], [0, 1], ONE)
    bill = lines_of(charges_of(ledger))
    compared = ledger_cells(ledger, PRICES, [], with_tags=True)

    def check(bill: list[BillLine], ledger: list[LedgerLine]) -> None:
        theirs = merged(lines_of(charges_of(ledger_of([0], [0, 1], ONE))))
        invariants.check_order(bill, theirs, ledger, compared, PRICES, [], with_tags=True)

    check(bill, ledger)
    with pytest.raises(BrokenInvariantError, match=r"'order'.*lines of the bill"):
        check(bill[1:], ledger)
    with pytest.raises(BrokenInvariantError, match=r"'order'.*lines of the ledger"):
        check(bill, ledger[1:])


def test_the_prices_of_the_tests_are_those_of_the_book() -> None:
    assert price(QWEN, "input", "", DAYS[14]) == 150_000
    assert price(QWEN, "input", "", DAYS[15]) == 180_000
