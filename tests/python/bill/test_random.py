"""What holds of every reconciliation, on bills and ledgers that have little in common."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import replace
from fractions import Fraction

import pytest

from bill.making import ACCOUNT, DAYS, MODELS, MONTH, PRICES, PROJECTS, USAGE_TYPES, WHAT
from costmark.bill import BillLine, LedgerLine, Place, Reconciliation, reconcile

TIMES = ["5m", "30m", "1h", None]


def some_ledger(rng: random.Random) -> list[LedgerLine]:
    lines = []
    for _ in range(rng.randint(0, 12)):
        cached, written, rest = (rng.choice([0, 10, 250, 1000]) for _ in range(3))
        time = rng.choice(TIMES)
        lines.append(
            LedgerLine(
                day=rng.choice(DAYS[:4]),
                account=rng.choice([ACCOUNT, ACCOUNT, None]),
                region=rng.choice(["us-east-1", "us-east-1", "eu-west-1", None]),
                project=rng.choice(["proj_0", "proj_1", "default", None]),
                endpoint=rng.choice(["mantle", "mantle", "runtime", None]),
                model=rng.choice([*MODELS, "openai.gpt-7"]),
                serving=rng.choice(["in-region", "in-region", "global", "geo"]),
                tier=rng.choice(["standard", "standard", "flex", "priority"]),
                context=rng.choice(["", "", "long"]),
                input=cached + written + rest,
                cached=cached,
                written=((time, written),) if written else (),
                output=rng.choice([0, 5, 300]),
                tag=rng.choice([PROJECTS[0], PROJECTS[1], None]),
                attempts=rng.randint(1, 5),
                uncertain=rng.choice([0, 0, 1]),
                near=rng.choice(["", "", "begin", "end"]),
            )
        )
    return lines


def some_bill(rng: random.Random, ledger: list[LedgerLine]) -> list[BillLine]:
    lines = []
    for _ in range(rng.randint(0, 14)):
        kind = rng.choice(list(WHAT.values()))
        tier = rng.choice(["standard", "standard", "flex", "priority"])
        name = USAGE_TYPES[rng.choice(MODELS)].format(what=kind, tier=tier)
        tokens = rng.choice([10, 250, 260, 1000, 1250])
        model = rng.choice(ledger).model if ledger and rng.random() < 0.3 else None
        if model is not None:
            name = f"USE1-{model}-mantle-{kind}-{tier}"
        line = BillLine(
            day=rng.choice(DAYS[:4]),
            record_type=rng.choice(["Usage"] * 8 + ["Tax", "Credit", "New"]),
            usage_type=rng.choice([name] * 8 + ["USE1-what", "USE1-MP:USE1_input_tokens-Units"]),
            quantity=Fraction(tokens, 1000),
            unit=rng.choice(["1K tokens"] * 8 + ["Units", "queries"]),
            cost=Fraction(rng.choice([0, 1, 55, 12_345, -7]), 10**10) + Fraction(tokens, 10**7),
            service="AmazonBedrock",
            product=rng.choice(["", "Claude Opus 4.8 (Amazon Bedrock Edition)"]),
            account=rng.choice([ACCOUNT, ACCOUNT, None]),
            tag=rng.choice([PROJECTS[0], PROJECTS[1], ""]),
            lines=rng.choice([1, 24]),
        )
        lines.append(line)
    if ledger:
        lines.append(replace(lines[0], tag=PROJECTS[0]) if lines else _line_of(ledger[0]))
    return lines


def _line_of(line: LedgerLine) -> BillLine:
    name = f"USE1-{line.model}-mantle-input-tokens-standard"
    return BillLine(
        line.day, "Usage", name, Fraction(1), "1K tokens", Fraction(1, 100), tag=PROJECTS[0]
    )


def some_case(seed: int) -> tuple[list[LedgerLine], list[BillLine], dict[str, object]]:
    rng = random.Random(seed)
    ledger = some_ledger(rng)
    bill = some_bill(rng, ledger)
    options: dict[str, object] = {
        "grain": rng.choice(["project", "model"]),
        "as_of": DAYS[0] + dt.timedelta(days=rng.randint(1, 9)),
        "counts": {
            Place(line.day, line.account, line.region, line.tag or "", line.model): rng.randint(
                0, 9
            )
            for line in ledger
            if rng.random() < 0.3
        },
    }
    billed = any(line.tag for line in bill if line.record_type == "Usage")
    if not billed or not any(line.tag for line in ledger):  # there is no grain of projects
        options["grain"] = "model"
    return ledger, bill, options


def run(
    ledger: list[LedgerLine], bill: list[BillLine], options: dict[str, object]
) -> Reconciliation:
    return reconcile(ledger, bill, PRICES, MONTH, models=MODELS, **options)  # type: ignore[arg-type]


def holds(seed: int) -> None:
    """`reconcile` asserts its own invariants; these are seen from without."""
    ledger, bill, options = some_case(seed)
    result = run(ledger, bill, options)
    whole = sum((line.cost for line in bill), Fraction(0)) * 10**12
    causes = sum((cause.cost for cause in result.causes), Fraction(0))
    assert result.ledger + causes + result.residual + sum(result.bars.values()) == whole
    assert result.residual == sum((each.cost for each in result.residuals), Fraction(0))
    assert 0 <= result.coverage <= 1
    assert all(cause.cost or cause.tokens for cause in result.causes)
    rng = random.Random(-seed - 1)
    rng.shuffle(ledger)
    mixed = [part for line in bill for part in halves(line)]
    rng.shuffle(mixed)
    again = run(ledger, mixed, options)
    assert again == replace(result, unmapped=again.unmapped, unit_faults=again.unit_faults)


def halves(line: BillLine) -> list[BillLine]:
    half = replace(line, quantity=line.quantity / 2, cost=line.cost / 2)
    return [half, half]


@pytest.mark.parametrize("block", range(10))
def test_invariants(block: int) -> None:
    for seed in range(100 * block, 100 * block + 100):
        holds(seed)


@pytest.mark.full
@pytest.mark.timeout(1800)
def test_invariants_of_more() -> None:
    for seed in range(1000, 20_000):
        holds(seed)


def test_the_cases_have_everything_in_them() -> None:
    names: set[str] = set()
    for seed in range(200):
        result = run(*some_case(seed))
        names |= {name for cause in result.causes for name in cause.name.split(" or ")}
        names |= set(result.bars)
        names |= {"residual"} if result.residual_absolute else set()
    for name in ("unmapped", "unpriced", "other clients", "not billed yet", "residual", "tax"):
        assert name in names
    assert {"billed as another tier", "billed on another day", "unit fault"} & names
