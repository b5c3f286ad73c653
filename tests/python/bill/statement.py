"""A month as files: the rows of a ledger, and the statement that AWS would send for it.

Both are written from one list of uses, by the strings that were seen on bills and in decimals.
Nothing here knows how costmark reads usage types, or what it compares.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from bill.files import write_csv
from ledger.segments import DAY_US, attempt, write_segment

ACCOUNT = "111122223333"
DAYS = [dt.date(2026, 11, 1) + dt.timedelta(days=number) for number in range(30)]
TEAMS = [f"team-{letter}" for letter in "abcdefghij"]
TAG = "costmark_project"


@dataclass(frozen=True)
class Sku:
    """What is charged for one kind of token."""

    usage_type: str
    unit: str
    price: Decimal
    """Of one unit, in dollars."""
    product: str = "Amazon Bedrock"
    code: str = "AmazonBedrock"

    @property
    def size(self) -> int:
        return {"1K tokens": 1000, "1M tokens": 1_000_000}[self.unit]


def _skus(form: str, unit: str, prices: dict[str, str], **names: str) -> dict[str, Sku]:
    return {
        what: Sku(form.replace("*", what), unit, Decimal(price), **names)
        for what, price in prices.items()
    }


_SOL = {"product": "OpenAI GPT-5.6 Sol (Amazon Bedrock Edition)", "code": "k5bywj2464j7c"}
_HAIKU = {"product": "Claude Haiku 4.5 (Amazon Bedrock Edition)", "code": "prod-haiku45"}
# By the model as requests name it; where it is served, and what is charged for it.
MODELS: dict[str, tuple[str, str, dict[str, Sku]]] = {
    "openai.gpt-oss-120b": (
        "bedrock-mantle.us-east-1.api.aws",
        "us-east-1",
        _skus(
            "USE1-openai.gpt-oss-120b-mantle-*",
            "1K tokens",
            {
                "input-tokens-standard": "0.00015",
                "output-tokens-standard": "0.0006",
                "input-tokens-flex": "0.000075",
                "output-tokens-flex": "0.0003",
            },
        ),
    ),
    "global.anthropic.claude-opus-4-8": (
        "bedrock-mantle.us-west-2.api.aws",
        "us-west-2",
        _skus(
            "USW2-anthropic.claude-opus-4-8-mantle-*-global-standard",
            "1K tokens",
            {
                "input-tokens": "0.005",
                "cache-read-tokens": "0.0005",
                "cache-write-tokens-5m": "0.00625",
                "output-tokens": "0.025",
            },
            code="AmazonBedrockService",
        ),
    ),
    "global.openai.gpt-5.6-sol": (
        "bedrock-mantle.us-east-1.api.aws",
        "us-east-1",
        _skus(
            "USE1-MP:USE1_*_global_standard-Units",
            "1M tokens",
            {"input_tokens": "4.4", "cache_read_tokens": "0.44", "output_tokens": "22"},
            **_SOL,
        ),
    ),
    "global.anthropic.claude-haiku-4-5-20251001-v1:0": (
        "bedrock-runtime.us-east-1.amazonaws.com",
        "us-east-1",
        _skus(
            "USE1-MP:USE1_*_Global-Units",
            "1M tokens",
            {
                "InputTokenCount": "1",
                "CacheReadInputTokenCount": "0.1",
                "CacheWrite1hInputTokenCount": "2",
                "OutputTokenCount": "5",
            },
            **_HAIKU,
        ),
    ),
    "zai.glm-5": (
        "bedrock-mantle.us-east-1.api.aws",
        "us-east-1",
        _skus(
            "USE1-zai.glm5-mantle-*-standard",
            "1K tokens",
            {"input-tokens": "0.001", "output-tokens": "0.0032"},
        ),
    ),
    "openai.gpt-oss-20b": (
        "bedrock-runtime.us-east-1.amazonaws.com",
        "us-east-1",
        _skus(
            "USE1-openai.gpt-oss-20b-*",
            "1K tokens",
            {"input-tokens": "0.00007", "output-tokens": "0.0003"},
        ),
    ),
}
OSS, OPUS, SOL, HAIKU, GLM, OSS20 = MODELS
# The same prices, as lines of a price book: "what" is its kind and cache time there.
_BOOK = {
    "input": ("input", "-"),
    "output": ("output", "-"),
    "read": ("cached", "-"),
    "5m": ("cache_write", "5m"),
    "1h": ("cache_write", "1h"),
}


def book() -> str:
    """A price book of these prices, in whole pico-USD for a token."""
    lines = ["date 2026-11-30"]
    for name, (_, region, skus) in MODELS.items():
        serving = "global" if name.startswith("global.") else "in-region"
        for what, sku in skus.items():
            tier = "flex" if what.endswith("flex") else "standard"
            kind, time = _BOOK[kind_of(what)]
            pico = sku.price * 10**12 / sku.size
            lines.append(
                f"{name.removeprefix('global.')} {region} {serving} {tier} {kind} {time} - token "
                f"- - USD {pico:.0f} 2026-11 test"
            )
    return "\n".join(lines) + "\n"


def kind_of(what: str) -> str:
    """The kind of token of a SKU, by the words in its name."""
    lowered = what.lower()
    for word, kind in (("write", "1h" if "1h" in lowered else "5m"), ("read", "read")):
        if word in lowered:
            return kind
    return "output" if "output" in lowered else "input"


@dataclass
class Charge:
    """An amount of tokens on the statement."""

    day: dt.date
    tag: str
    model: str
    what: str
    tokens: int
    price: Decimal
    usage_type: str = ""
    """In place of that of the SKU."""

    @property
    def sku(self) -> Sku:
        return MODELS[self.model][2][self.what]

    @property
    def cost(self) -> Decimal:
        """In dollars, with the ten decimals of a bill."""
        return (Decimal(self.tokens) / self.sku.size * self.price).quantize(Decimal("1e-10"))

    def row(self) -> dict[str, Any]:
        sku = self.sku
        return {
            "bill_invoice_id": "",
            "line_item_usage_start_date": f"{self.day}T12:00:00.000Z",
            "line_item_line_item_type": "Usage",
            "line_item_usage_type": self.usage_type or sku.usage_type,
            "line_item_usage_amount": f"{Decimal(self.tokens) / sku.size:f}",
            "pricing_unit": sku.unit,
            "line_item_unblended_cost": f"{self.cost:f}",
            "line_item_currency_code": "USD",
            "line_item_product_code": sku.code,
            "line_item_usage_account_id": ACCOUNT,
            "product": {"product_name": sku.product},
            "tags": {f"resourceTags/{TAG}": self.tag} if self.tag else {},
        }


@dataclass
class Statement:
    """A month as both sides have it."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    charges: list[Charge] = field(default_factory=list)

    @classmethod
    def of_a_month(cls) -> Statement:
        """30 days, 10 projects and 6 models, on which both sides agree."""
        month = cls()
        for place, (day, team, model) in enumerate(
            (day, team, model) for day in DAYS for team in range(10) for model in MODELS
        ):
            seed = place * 7919 % 10_007
            counts = {"input": 200_000 + seed, "output": 50_000 + 3 * seed}
            counts |= {"read": 30_000 + seed, "5m": 9_000 + seed, "1h": 8_000 + seed}
            month.use(day, team, model, counts)
        return month

    def use(self, day: dt.date, team: int, model: str, counts: dict[str, int], **row: Any) -> None:
        """Add a call, and what is charged for it; other kinds than the model has are left out."""
        host, region, skus = MODELS[model]
        used = {}
        for what, sku in skus.items():
            kind = kind_of(what)
            if kind in counts and not what.endswith("flex"):
                used[kind] = counts[kind]
                self.charges.append(Charge(day, TEAMS[team], model, what, counts[kind], sku.price))
        noon = (day - dt.date(1970, 1, 1)).days * DAY_US + DAY_US // 2
        written = {f"cache_write_{time}": used[time] for time in ("5m", "1h") if time in used}
        number = len(self.rows)
        self.rows.append(
            attempt(
                number,
                **{
                    "start_us": noon - 5,
                    "end_us": noon,
                    "account": ACCOUNT,
                    "region": region,
                    "url_host": host,
                    "project": f"proj_{team}",
                    "model": model,
                    "tier": "default",
                    "input": sum(n for kind, n in used.items() if kind != "output"),
                    "cached": used.get("read", 0),
                    "cache_write": sum(written.values()),
                    "output": used.get("output", 0),
                    "meters": written,
                    "tags": {TAG: TEAMS[team]},
                    **row,
                },
            )
        )

    def copy(self) -> Statement:
        """One that can be changed."""
        return Statement([*self.rows], [replace(charge) for charge in self.charges])

    def at(self, days: range, team: int, model: str, *kinds: str) -> Iterator[Charge]:
        """Charges of some days."""
        wanted = [DAYS[day] for day in days]
        for charge in self.charges:
            fits = charge.day in wanted and (charge.tag, charge.model) == (TEAMS[team], model)
            if fits and (not kinds or kind_of(charge.what) in kinds):
                yield charge

    def write(self, folder: Path) -> tuple[Path, Path]:
        """The ledger and the export, as they lie on a disk."""
        write_segment(folder / "ledger", self.rows)
        rows = [charge.row() for charge in self.charges if charge.tokens]
        return folder / "ledger", write_csv(folder / "statement.csv", rows)
