"""The shipped book beside genai-prices, and lines of AWS beside a computation of their own."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime, timezone
from decimal import Decimal, localcontext

import pytest

from costmark import _core
from costmark._prices import aws, lines, usage_types
from costmark.prices import Cost, PriceBook

END = datetime(2026, 10, 12, tzinfo=timezone.utc)
# The differences that the price file explains, by model.
EXPLAINED = {
    "no GovCloud": re.compile(r"openai\.gpt-5\.4 us-gov-.*|openai\.gpt-5\.6-terra us-gov-.*"),
    "writes": re.compile(r"openai\.gpt-5\.[45] \* \S+ short cache_write"),
    "above 272,000": re.compile(r"openai\.gpt-5\.[45] \* \S+ long \S+"),
    "Qwen3 32B": re.compile(r"qwen\.qwen3-32b us-east-1 \S+ \S+ (output|cached|cache_write)"),
}


def calls() -> Iterator[tuple[str, dict[str, int]]]:
    """Calls of which each uses one more kind of tokens."""
    for band, base in (("short", 1000), ("long", 300_000)):
        yield f"{band} input", {"input_tokens": base}
        yield f"{band} output", {"input_tokens": base, "output_tokens": 700}
        yield f"{band} cached", {"input_tokens": base, "cached_input_tokens": 900}
        yield f"{band} cache_write", {"input_tokens": base, "cache_write_tokens": 800}


def ours(book: PriceBook, key: tuple[str, str, str], counts: dict[str, int]) -> Cost:
    model, region, serving = key
    written = counts.get("cache_write_tokens", 0)
    times = {"cache_write_5m": written} if serving == "global" else {}
    return book.price(
        model=model,
        region="eu-north-1" if region == "*" else region,
        serving=serving,
        tier="default",
        end=END,
        meters=times,
        **{"cached_input_tokens": 0, "cache_write_tokens": 0, "output_tokens": 0, **counts},
    )


def test_genai_prices_agrees_or_the_file_says_why() -> None:
    genai_prices = pytest.importorskip("genai_prices")
    book = PriceBook.shipped()
    equal, met = 0, set()
    for key in sorted({(line.model, line.region, line.serving) for line in book.lines}):
        for name, counts in calls():
            usage = genai_prices.Usage(
                input_tokens=counts["input_tokens"],
                output_tokens=counts.get("output_tokens", 0),
                cache_read_tokens=counts.get("cached_input_tokens", 0),
                cache_write_tokens=counts.get("cache_write_tokens", 0),
            )
            try:
                theirs = genai_prices.calc_price(
                    usage,
                    model_ref=("global." if key[2] == "global" else "") + key[0],
                    provider_id="aws",
                    genai_request_timestamp=END,
                )
            except LookupError:
                continue
            if ours(book, key, counts).pico_usd == theirs.total_price.scaleb(12):
                equal += 1
                continue
            what = f"{' '.join(key)} {name}"
            reasons = [why for why, fits in EXPLAINED.items() if fits.fullmatch(what)]
            assert reasons, what
            met.update(reasons)
    text = " ".join(_core.shipped_prices().replace("#", "").split())
    assert met == set(EXPLAINED)
    assert all(why in text for why in EXPLAINED)
    assert equal >= 40


# --- Lines of AWS -------------------------------------------------------------------------------

# As the price list has them: what AWS charges for how many tokens, and the words of the usage type.
RATES = {
    "USE1-openai.gpt-oss-120b-mantle-input-tokens-standard": ("0.0001500000", "1K tokens"),
    "USE1-openai.gpt-oss-120b-mantle-output-tokens-standard": ("0.0006000000", "1K tokens"),
    "USE1-openai.gpt-oss-120b-mantle-input-tokens-flex": ("0.000075", "1K tokens"),
    "USE1-openai.gpt-oss-120b-mantle-output-tokens-flex": ("0.0003", "1K tokens"),
    "USE1-openai.gpt-5.6-luna-mantle-input-tokens-standard": ("0.22", "1M tokens"),
    "USE1-openai.gpt-5.6-luna-mantle-output-tokens-standard": ("1.32", "1M tokens"),
    "USE1-openai.gpt-5.6-luna-mantle-cache-read-tokens-standard": ("0.022", "1M tokens"),
    "USE1-openai.gpt-5.6-luna-mantle-cache-write-tokens-30m-standard": ("0.275", "1M tokens"),
    "USE1-openai.gpt-5.6-luna-mantle-input-tokens-long-ctx-standard": ("0.00044", "1K tokens"),
    "USE1-openai.gpt-5.6-luna-mantle-output-tokens-long-ctx-standard": ("1.98", "1M tokens"),
    "USW2-anthropic.claude-opus-4-8-mantle-input-tokens-global-standard": ("5", "1M tokens"),
    "USW2-anthropic.claude-opus-4-8-mantle-output-tokens-global-standard": ("25", "1M tokens"),
    "USW2-anthropic.claude-opus-4-8-mantle-cache-write-tokens-5m-global-standard": (
        "6.25",
        "1M tokens",
    ),
    "USW2-anthropic.claude-opus-4-8-mantle-cache-write-tokens-1h-global-standard": (
        "10",
        "1M tokens",
    ),
    "USE1-zai.glm5-mantle-input-tokens-standard": ("0.0000000010", "tokens"),
    "USE1-zai.glm5-mantle-output-tokens-standard": ("0.000003200001", "tokens"),
}
PER = {"tokens": 1, "1K tokens": 1000, "1M tokens": 1_000_000}
# A call as the service meters it: usage types with their tokens, and the call as costmark sees it.
METERED = [
    ({"USE1-openai.gpt-oss-120b-mantle-input-tokens-standard": 4770},
     ("openai.gpt-oss-120b", "us-east-1", "in-region", "default", {"input_tokens": 4770})),
    ({"USE1-openai.gpt-oss-120b-mantle-input-tokens-flex": 1,
      "USE1-openai.gpt-oss-120b-mantle-output-tokens-flex": 999_999_937},
     ("openai.gpt-oss-120b", "us-east-1", "in-region", "flex",
      {"input_tokens": 1, "output_tokens": 999_999_937})),
    ({"USE1-openai.gpt-5.6-luna-mantle-input-tokens-standard": 271_000 - 3000 - 777,
      "USE1-openai.gpt-5.6-luna-mantle-cache-read-tokens-standard": 3000,
      "USE1-openai.gpt-5.6-luna-mantle-cache-write-tokens-30m-standard": 777,
      "USE1-openai.gpt-5.6-luna-mantle-output-tokens-standard": 31},
     ("openai.gpt-5.6-luna", "us-east-1", "in-region", "default",
      {"input_tokens": 271_000, "cached_input_tokens": 3000, "cache_write_tokens": 777,
       "output_tokens": 31})),
    ({"USE1-openai.gpt-5.6-luna-mantle-input-tokens-long-ctx-standard": 272_001,
      "USE1-openai.gpt-5.6-luna-mantle-output-tokens-long-ctx-standard": 5},
     ("openai.gpt-5.6-luna", "us-east-1", "in-region", "default",
      {"input_tokens": 272_001, "output_tokens": 5})),
    ({"USW2-anthropic.claude-opus-4-8-mantle-input-tokens-global-standard": 1234,
      "USW2-anthropic.claude-opus-4-8-mantle-cache-write-tokens-5m-global-standard": 40,
      "USW2-anthropic.claude-opus-4-8-mantle-cache-write-tokens-1h-global-standard": 60,
      "USW2-anthropic.claude-opus-4-8-mantle-output-tokens-global-standard": 7},
     ("anthropic.claude-opus-4-8", "us-west-2", "global", "standard",
      {"input_tokens": 1334, "cache_write_tokens": 100, "output_tokens": 7,
       "cache_write_5m": 40, "cache_write_1h": 60})),
    ({"USE1-zai.glm5-mantle-input-tokens-standard": 123_456_789,
      "USE1-zai.glm5-mantle-output-tokens-standard": 987_654_321},
     ("zai.glm-5", "us-east-1", "in-region", "default",
      {"input_tokens": 123_456_789, "output_tokens": 987_654_321})),
]  # fmt: skip


def offer_of(rates: dict[str, tuple[str, str]]) -> str:
    products, terms = {}, {}
    for number, (name, (usd, unit)) in enumerate(rates.items()):
        sku = f"SKU{number}"
        products[sku] = {"sku": sku, "attributes": {"usagetype": name}}
        dimension = {"unit": unit, "beginRange": "0", "pricePerUnit": {"USD": usd}}
        term = {"effectiveDate": "2026-09-01T00:00:00Z", "priceDimensions": {"d": dimension}}
        terms[sku] = {"t": term}
    offer = {"offerCode": "AmazonBedrock", "version": "1", "products": products}
    return json.dumps({**offer, "terms": {"OnDemand": terms}})


def book_of(rates: dict[str, tuple[str, str]]) -> PriceBook:
    aliases = usage_types.shipped_aliases()
    found = aws.read_offer(offer_of(rates), "offer", "2026-09-01", aliases)
    assert not found.not_understood
    return PriceBook.parse(lines.book_text(found.prices, END.date()))


def price_of(book: PriceBook, call: tuple[str, str, str, str, dict[str, int]]) -> Cost:
    model, region, serving, tier, counts = call
    tokens = {"cached_input_tokens": 0, "cache_write_tokens": 0, "output_tokens": 0}
    tokens.update({name: n for name, n in counts.items() if name.endswith("_tokens")})
    meters = {name: n for name, n in counts.items() if not name.endswith("_tokens")}
    return book.price(
        model=model, region=region, serving=serving, tier=tier, end=END, meters=meters, **tokens
    )


def charged(metered: dict[str, int]) -> Decimal:
    """What AWS charges for these tokens, in pico-USD."""
    with localcontext() as context:
        context.prec = 80
        parts = (
            Decimal(RATES[name][0]) * count / PER[RATES[name][1]] for name, count in metered.items()
        )
        return sum(parts, Decimal(0)) * 10**12


@pytest.mark.parametrize(("metered", "call"), METERED, ids=lambda value: str(value)[:30])
def test_costs_equal_those_of_the_metered_lines_to_the_pico(
    metered: dict[str, int], call: tuple[str, str, str, str, dict[str, int]]
) -> None:
    cost = price_of(book_of(RATES), call)
    assert cost.state == "priced"
    assert cost.pico_usd == charged(metered)


@pytest.mark.parametrize("gone", RATES)
def test_without_a_line_exactly_its_calls_are_unpriced(gone: str) -> None:
    whole, less = book_of(RATES), book_of({k: v for k, v in RATES.items() if k != gone})
    for metered, call in METERED:
        expected = price_of(whole, call)
        found = price_of(less, call)
        if gone in metered:
            assert (found.state, found.pico_usd) == ("unpriced", None)
        else:
            assert (found.state, found.pico_usd) == (expected.state, expected.pico_usd)
