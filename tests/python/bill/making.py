"""Months of usage, and the bill that AWS would make of them.

The strings are those that were observed on bills; nothing here knows how costmark reads them.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction

from costmark.bill import BillLine, BookPrices, LedgerLine, Window
from costmark.prices import PriceBook

ACCOUNT = "111122223333"
REGION = "us-east-1"
FIRST = dt.date(2026, 11, 1)
DAYS = [FIRST + dt.timedelta(days=number) for number in range(30)]
MONTH = Window(DAYS[0], DAYS[-1])
PROJECTS = [f"team-{letter}" for letter in "abcdefghij"]
SOL, LUNA, OSS, OPUS, GLM, QWEN = MODELS = [
    "openai.gpt-5.6-sol",
    "openai.gpt-5.6-luna",
    "openai.gpt-oss-120b",
    "anthropic.claude-opus-4-8",
    "zai.glm-5",
    "qwen.qwen3-32b",
]
# The price of Qwen changes within the month.
CHANGE = dt.date(2026, 11, 16)
BOOK = PriceBook.parse(
    "date 2026-11-30\n"
    + "".join(
        f"{model} {REGION} {serving} {tier} {kind} {time} - token {days} USD {price} 2026-11 test\n"
        for model, serving, tier, kind, time, days, price in [
            (SOL, "in-region", "standard", "input", "-", "- -", 4_400_000),
            (SOL, "in-region", "standard", "cached", "-", "- -", 440_000),
            (SOL, "in-region", "standard", "cache_write", "30m", "- -", 5_500_000),
            (SOL, "in-region", "standard", "output", "-", "- -", 22_000_000),
            (LUNA, "in-region", "standard", "input", "-", "- -", 220_000),
            (LUNA, "in-region", "standard", "cached", "-", "- -", 22_000),
            (LUNA, "in-region", "standard", "cache_write", "5m", "- -", 275_000),
            (LUNA, "in-region", "standard", "cache_write", "1h", "- -", 440_000),
            (LUNA, "in-region", "standard", "output", "-", "- -", 1_320_000),
            (LUNA, "in-region", "flex", "input", "-", "- -", 110_000),
            (LUNA, "in-region", "flex", "cached", "-", "- -", 11_000),
            (LUNA, "in-region", "flex", "output", "-", "- -", 660_000),
            (OSS, "in-region", "standard", "input", "-", "- -", 150_000),
            (OSS, "in-region", "standard", "output", "-", "- -", 600_000),
            (OSS, "in-region", "flex", "input", "-", "- -", 75_000),
            (OSS, "in-region", "flex", "output", "-", "- -", 300_000),
            (OSS, "in-region", "priority", "input", "-", "- -", 262_500),
            (OSS, "in-region", "priority", "output", "-", "- -", 1_050_000),
            (OPUS, "global", "standard", "input", "-", "- -", 5_000_000),
            (OPUS, "global", "standard", "cached", "-", "- -", 500_000),
            (OPUS, "global", "standard", "cache_write", "5m", "- -", 6_250_000),
            (OPUS, "global", "standard", "cache_write", "1h", "- -", 10_000_000),
            (OPUS, "global", "standard", "output", "-", "- -", 25_000_000),
            (OPUS, "in-region", "standard", "input", "-", "- -", 5_500_000),
            (OPUS, "in-region", "standard", "output", "-", "- -", 27_500_000),
            (GLM, "in-region", "standard", "input", "-", "- -", 1_000_000),
            (GLM, "in-region", "standard", "output", "-", "- -", 3_200_000),
            (QWEN, "in-region", "standard", "input", "-", f"- {CHANGE}", 150_000),
            (QWEN, "in-region", "standard", "input", "-", f"{CHANGE} -", 180_000),
            (QWEN, "in-region", "standard", "output", "-", "- -", 600_000),
        ]
    )
    + f"{SOL} {REGION} in-region standard input - 272000 token - - USD 8800000 2026-11 test\n"
    + f"{SOL} {REGION} in-region standard output - 272000 token - - USD 33000000 2026-11 test\n"
)
PRICES = BookPrices(BOOK)
# What stands on a bill for the tokens of these models.
USAGE_TYPES = {
    SOL: "USE1-openai.gpt-5.6-sol-mantle-{what}-{tier}",
    LUNA: "USE1-openai.gpt-5.6-luna-mantle-{what}-{tier}",
    OSS: "USE1-openai.gpt-oss-120b-mantle-{what}-{tier}",
    OPUS: "USE1-anthropic.claude-opus-4-8-mantle-{what}-global-{tier}",
    GLM: "USE1-zai.glm5-mantle-{what}-{tier}",
    QWEN: "USE1-qwen.qwen3-32b-mantle-{what}-{tier}",
}
WHAT = {
    ("input", ""): "input-tokens",
    ("output", ""): "output-tokens",
    ("cached", ""): "cache-read-tokens",
    ("cache_write", "5m"): "cache-write-tokens-5m",
    ("cache_write", "30m"): "cache-write-tokens-30m",
    ("cache_write", "1h"): "cache-write-tokens-1h",
}
WRITE_TIMES = {SOL: "30m", LUNA: "5m", OPUS: "5m"}
SERVINGS = {OPUS: "global"}


@dataclass(frozen=True)
class Charge:
    """Tokens as the bill has them, before they become a line."""

    day: dt.date
    tag: str
    model: str
    kind: str
    time: str
    tokens: int
    pico: int
    tier: str = "standard"

    @property
    def cost(self) -> Fraction:
        """In pico-USD."""
        return Fraction(self.tokens * self.pico)

    def line(self, **changes: object) -> BillLine:
        """The line of the bill."""
        name = USAGE_TYPES[self.model]
        made = BillLine(
            day=self.day,
            record_type="Usage",
            usage_type=name.format(what=WHAT[self.kind, self.time], tier=self.tier),
            quantity=Fraction(self.tokens, 1000),
            unit="1K tokens",
            cost=rounded(self.cost),
            service="AmazonBedrock",
            account=ACCOUNT,
            tag=self.tag,
        )
        return replace(made, **changes)  # type: ignore[arg-type]


def rounded(pico: Fraction) -> Fraction:
    """An amount in dollars as a bill has it, with ten decimals."""
    return Fraction(round(pico / 100), 10**10)


@functools.cache
def price(model: str, kind: str, time: str, day: dt.date, tier: str = "standard") -> int:
    """What the book has, found by the eye: one line that fits."""
    (found,) = (
        each.pico_usd
        for each in BOOK.lines
        if (each.model, each.kind, each.tier) == (model, kind, tier)
        and each.serving == SERVINGS.get(model, "in-region")
        and each.time_to_live in ("-", time)
        and not each.over
        and (each.first_day or dt.date.min) <= day < (each.end_day or dt.date.max)
    )
    assert found is not None
    return found


def used(day: int, project: int, model: int) -> tuple[int, int, int, int]:
    """Input, cached, written and output tokens; thousands, so that ten decimals are exact."""
    seed = day * 7 + project * 11 + model * 13
    has_cache = MODELS[model] in WRITE_TIMES
    return (
        (200 + seed % 89) * 1000,
        (30 + seed % 17) * 1000 if has_cache else 0,
        (10 + seed % 7) * 1000 if has_cache else 0,
        (50 + seed % 23) * 1000,
    )


def ledger_of(
    days: Iterable[int] = range(30),
    projects: Iterable[int] = range(10),
    models: Iterable[int] = range(6),
) -> list[LedgerLine]:
    """What the ledger has of these days, projects and models."""
    projects, models = list(projects), list(models)
    lines = []
    for day in days:
        for project in projects:
            for model in models:
                plain, cached, written, output = used(day, project, model)
                name = MODELS[model]
                lines.append(
                    LedgerLine(
                        day=DAYS[day],
                        account=ACCOUNT,
                        region=REGION,
                        project=f"proj_{project}",
                        endpoint="mantle",
                        model=name,
                        serving=SERVINGS.get(name, "in-region"),
                        tier="standard",
                        context="",
                        input=plain + cached + written,
                        cached=cached,
                        written=((WRITE_TIMES[name], written),) if written else (),
                        output=output,
                        tag=PROJECTS[project],
                        attempts=10,
                    )
                )
    return lines


def charges_of(ledger: Iterable[LedgerLine]) -> list[Charge]:
    """What AWS charges for it, where both agree."""
    found = []
    for line in ledger:
        written = sum(tokens for _, tokens in line.written)
        kinds = [
            ("input", "", line.input - line.cached - written),
            ("cached", "", line.cached),
            *(("cache_write", time or "", tokens) for time, tokens in line.written),
            ("output", "", line.output),
        ]
        for kind, time, tokens in kinds:
            if tokens:
                pico = price(line.model, kind, time, line.day)
                found.append(Charge(line.day, line.tag or "", line.model, kind, time, tokens, pico))
    return found


def cost_of(ledger: Iterable[LedgerLine]) -> Fraction:
    """What the ledger costs, in pico-USD."""
    return sum((charge.cost for charge in charges_of(ledger)), Fraction(0))
