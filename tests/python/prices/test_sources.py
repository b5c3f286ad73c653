"""What others publish, read: understood exactly, or listed."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from costmark import ConfigurationError
from costmark._prices import aws, lines, published, usage_types
from costmark.prices import PriceBook

if TYPE_CHECKING:
    from costmark._prices.lines import Found

ALIASES = usage_types.shipped_aliases()


def texts(found: Found) -> list[str]:
    """The columns that differ, shortly."""
    return [
        f"{p.model} {p.region} {p.serving} {p.tier} {p.kind} {p.time_to_live} {p.over} {p.pico_usd}"
        for p in found.prices
    ]


@pytest.mark.parametrize(
    ("name", "meaning"),
    [
        ("USE1-openai.gpt-oss-120b-mantle-input-tokens-standard",
         "openai.gpt-oss-120b us-east-1 in-region standard input - 0"),
        ("UGW1-openai.gpt-5.6-luna-mantle-cache-write-tokens-30m-long-ctx-flex",
         "openai.gpt-5.6-luna us-gov-west-1 in-region flex cache_write 30m 272000"),
        ("USW2-anthropic.claude-opus-4-8-mantle-cache-read-tokens-global-batch",
         "anthropic.claude-opus-4-8 us-west-2 global batch cached - 0"),
        ("APN1-zai.glm5-mantle-output-tokens-priority",
         "zai.glm-5 ap-northeast-1 in-region priority output - 0"),
        ("APS3-m.a-mantle-output-tokens-ultrafast", "m.a None in-region ultrafast output - 0"),
    ],
)  # fmt: skip
def test_usage_types_are_read(name: str, meaning: str) -> None:
    found = usage_types.parse(name)
    parts = (found.model, found.region, found.serving, found.tier, found.kind)
    assert " ".join(map(str, (*parts, found.time_to_live, found.over))) == meaning


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("USE1-openai.gpt-oss-120b-input-tokens-standard", "not a usage type of mantle"),
        ("USE1-m-mantle-input-tokens", "not a usage type of mantle"),
        ("USE1-m-mantle-image-tokens-standard", "not a usage type of mantle"),
        ("USE1-m-mantle-input-tokens-global-long-ctx-standard", "not a usage type of mantle"),
        ("USE1-m-mantle-input-tokens-5m-standard", "a time to live"),
        ("USE1-m-mantle-input-tokens-long-ctx-standard", "the long context of m begins"),
    ],
)
def test_usage_types_that_are_not_understood_say_so(name: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        usage_types.parse(name)


def product(name: str, region: str | None = "us-east-1", **dimension: object) -> dict[str, object]:
    attributes = {"usagetype": name, **({"regionCode": region} if region else {})}
    price = {"unit": "1K tokens", "beginRange": "0", "pricePerUnit": {"USD": "0.0001"}, **dimension}
    term = {"effectiveDate": "2026-09-01T00:00:00Z", "priceDimensions": {"d": price}}
    return {"product": {"attributes": attributes}, "terms": {"OnDemand": {"t": term}}}


def test_products_that_are_not_understood_are_listed() -> None:
    good = "USE1-m-mantle-input-tokens-standard"
    products = [
        product(good),
        product("USE1-m-mantle-pixels-standard"),
        product("EUW1-m-mantle-input-tokens-standard"),
        product("XXX9-m-mantle-input-tokens-flex", region=None),
        product("USE1-m-mantle-output-tokens-standard", unit="hours"),
        product("USE1-m-mantle-output-tokens-flex", pricePerUnit={"CNY": "0.0001"}),
        product("USE1-m-mantle-output-tokens-priority", beginRange="1000"),
        product("USE1-m-mantle-output-tokens-batch", pricePerUnit={"USD": "0.0000000001"}),
        product("USE1-m-mantle-output-tokens-fast", pricePerUnit={"USD": "free"}),
        product("USE1-m-mantle-output-tokens-quick", pricePerUnit={"USD": "-1"}),
        product("USE1-Nova-input-tokens"),
    ]
    found = aws.read_products(products, "test", "2026-09-01", ALIASES)
    assert texts(found) == ["m us-east-1 in-region standard input - 0 100000"]
    assert [why for _, why in found.not_understood] == [
        "not a usage type of mantle as costmark knows them",
        "its prefix means eu-west-1, its regionCode is us-east-1",
        "no Region: neither a regionCode nor a prefix that is known",
        "the unit 'hours'",
        "the currency CNY; prices are in USD",
        "a price by volume",
        "1E-10 for 1000 is not a whole number of pico-USD",
        "the price 'free'",
        "-1 is not a price",
    ]
    assert found.left_out == {"usage types that are not mantle's": 1}


def test_a_price_ends_where_the_next_one_begins() -> None:
    both = product("USE1-m-mantle-input-tokens-standard")
    later = product("x", pricePerUnit={"USD": "0.0002"})["terms"]["OnDemand"]["t"]  # type: ignore[index]
    both["terms"]["OnDemand"]["u"] = {**later, "effectiveDate": "2026-10-01T00:00:00Z"}  # type: ignore[index]
    found = aws.read_products([both], "test", "2026-10-01", ALIASES)
    days = [(str(p.first_day), str(p.end_day), p.pico_usd) for p in found.prices]
    assert days == [("2026-09-01", "2026-10-01", 100000), ("2026-10-01", "None", 200000)]


LITELLM = """{
  "sample_spec": {"input_cost_per_token": 0.0},
  "gpt-4": {"litellm_provider": "openai", "input_cost_per_token": 3e-05},
  "bedrock_mantle/openai.gpt-5.6-sol": {
    "litellm_provider": "bedrock_mantle", "mode": "responses",
    "input_cost_per_token": 4.4e-06, "input_cost_per_token_above_272k_tokens": 8.8e-06,
    "output_cost_per_token": 2.2e-05, "cache_read_input_token_cost": 4.4e-07,
    "cache_creation_input_token_cost": 5.5e-06, "output_cost_per_token_flex": 1.1e-05,
    "search_context_cost_per_query": {"search_context_size_low": 0.012}},
  "bedrock_mantle/eu-west-1/anthropic.claude-opus-4-8": {
    "litellm_provider": "bedrock_mantle",
    "cache_creation_input_token_cost": 6.25e-06,
    "cache_creation_input_token_cost_above_1hr": 1e-05, "input_cost_per_token": 5e-13}
}"""


def test_litellm() -> None:
    found = published.read_litellm(LITELLM, "us-east-1", "2026-09-01")
    assert texts(found) == [
        "openai.gpt-5.6-sol us-east-1 in-region standard input - 0 4400000",
        "openai.gpt-5.6-sol us-east-1 in-region standard input - 272000 8800000",
        "openai.gpt-5.6-sol us-east-1 in-region standard output - 0 22000000",
        "openai.gpt-5.6-sol us-east-1 in-region standard cached - 0 440000",
        "openai.gpt-5.6-sol us-east-1 in-region standard cache_write - 0 5500000",
        "openai.gpt-5.6-sol us-east-1 in-region flex output - 0 11000000",
        "anthropic.claude-opus-4-8 eu-west-1 in-region standard cache_write 5m 0 6250000",
        "anthropic.claude-opus-4-8 eu-west-1 in-region standard cache_write 1h 0 10000000",
    ]
    assert [where.split(": ")[1] for where, _ in found.not_understood] == [
        "search_context_cost_per_query",
        "input_cost_per_token",
    ]
    assert found.left_out == {"entries of other providers": 2}
    nowhere = published.read_litellm(LITELLM, None, "2026-09-01")
    assert len(nowhere.prices) == 2
    assert "--region" in nowhere.not_understood[0][1]


GENAI = """[{"id": "openai", "models": [{"id": "gpt"}]}, {"id": "aws", "models": [
  {"id": "regional.openai.gpt-5.6-luna", "prices": [
    {"prices": {"input_mtok": 1.1, "output_mtok": 6.6}},
    {"constraint": {"start_date": "2026-07-30"}, "prices": {
      "input_mtok": {"base": 0.22, "tiers": [{"start": 272000, "price": 0.44}]},
      "requests_kcount": 3}},
    {"constraint": {"start_time": "08:00", "end_time": "09:00"}, "prices": {"input_mtok": 1}}]},
  {"id": "global.anthropic.claude-opus-4-8", "prices": {
     "cache_write_mtok": 6.25, "cache_write_1h_mtok": 10, "output_mtok": null}}]}]"""


def test_genai_prices() -> None:
    found = published.read_genai(GENAI, "us-east-1", "2026-09-01")
    assert texts(found) == [
        "openai.gpt-5.6-luna us-east-1 in-region standard input - 0 1100000",
        "openai.gpt-5.6-luna us-east-1 in-region standard output - 0 6600000",
        "openai.gpt-5.6-luna us-east-1 in-region standard input - 0 220000",
        "openai.gpt-5.6-luna us-east-1 in-region standard input - 272000 440000",
        "anthropic.claude-opus-4-8 us-east-1 global standard cache_write 5m 0 6250000",
        "anthropic.claude-opus-4-8 us-east-1 global standard cache_write 1h 0 10000000",
    ]
    assert [str(p.end_day) for p in found.prices][:3] == ["2026-07-30", "2026-07-30", "None"]
    assert [where for where, _ in found.not_understood] == [
        "regional.openai.gpt-5.6-luna",
        "regional.openai.gpt-5.6-luna: requests_kcount",
    ]
    with pytest.raises(ConfigurationError, match="--region"):
        published.read_genai(GENAI, None, "2026-09-01")


def test_genai_prices_of_groups_of_regions() -> None:
    """Its rule for names tells whether an entry is for inference profiles as well."""
    models = {
        "amazon.nova-lite-v1:0": {"contains": "amazon.nova-lite"},
        "openai.gpt-5.4": {"equals": "openai.gpt-5.4"},
        "regional.a.b": {"or": [{"starts_with": "a.b"}, {"contains": "us.a.b"}]},
        "regional.c.d": {"and": [{"contains": "c.d"}, {"ends_with": "z"}]},
        "regional.e.f": {"regex": "e"},
        "global.g.h": {"contains": "g.h"},
    }
    entries = [
        {"id": name, "match": rule, "prices": {"input_mtok": 1}} for name, rule in models.items()
    ]
    text = json.dumps([{"id": "aws", "models": entries}])
    found = published.read_genai(text, "us-east-1", "2026-09-01")
    assert [(price.model, price.serving) for price in found.prices] == [
        ("amazon.nova-lite-v1:0", "in-region"),
        ("amazon.nova-lite-v1:0", "geo"),
        ("openai.gpt-5.4", "in-region"),
        ("a.b", "in-region"),
        ("a.b", "geo"),
        ("c.d", "in-region"),
        ("e.f", "in-region"),
        ("g.h", "global"),
    ]


CSV = """model,region,serving,kind,unit,usd_per_million,pico_usd,from,currency
m,us-east-1,in-region,input,,0.15,,2026-09-01,
m,,in-region,web_search,request,,12000000000,,USD
m,us-east-1,in-region,output,,0.6,,2026-09-01,EUR
m,us-east-1,in-region,output,,0.60000000000001,,,
m,us-east-1,in-region,page,image,3,,,
m,us-east-1,in-region,output,,x,,,
m,us-east-1,in-region,output,,1,,yesterday,
m,us-east-1,in-region,output,,1,,,,more
"""


def test_tables() -> None:
    found = published.read_csv(CSV, "eu-west-1", "2026-09-01")
    assert texts(found) == [
        "m us-east-1 in-region standard input - 0 150000",
        "m eu-west-1 in-region standard web_search - 0 12000000000",
    ]
    assert [where for where, _ in found.not_understood] == [f"row {n}" for n in range(4, 10)]
    for text in ("", "model,region\n", CSV.replace("kind", "sort"), CSV.replace("pico_usd", "x")):
        with pytest.raises(ConfigurationError, match="the first row names"):
            published.read_csv(text, None, "2026-09-01")


@pytest.mark.parametrize(
    "read",
    [
        lambda text: aws.read_offer(text, "x", "2026-09-01", ALIASES),
        lambda text: published.read_litellm(text, "r", "2026-09-01"),
        lambda text: published.read_genai(text, "r", "2026-09-01"),
    ],
)
@pytest.mark.parametrize("text", ["", "{", "1", '"x"', "\x00"])
def test_files_of_another_kind_are_refused(read: Callable[[str], Found], text: str) -> None:
    with pytest.raises((ConfigurationError, json.JSONDecodeError)):
        read(text)


def prices_of(*texts_of_lines: str) -> PriceBook:
    return PriceBook.parse("date 2026-09-30\n" + "".join(f"{line}\n" for line in texts_of_lines))


def line(kind: str, pico: int, days: str = "- -", time: str = "-") -> str:
    return f"m r in-region standard {kind} {time} - token {days} USD {pico} 2026-09 test"


def test_merging_keeps_what_agrees_and_shows_what_does_not() -> None:
    old = prices_of(line("input", 1), line("output", 2), line("cached", 3, "- 2026-09-01"))
    new = prices_of(
        line("input", 1, "2026-09-01 -"), line("output", 5), line("cached", 4, "2026-09-01 -")
    )
    kept, conflicts = lines.merge([*old.lines, *new.lines])
    assert [(c.first.pico_usd, c.second.pico_usd) for c in conflicts] == [(2, 5)]
    assert sorted((p.kind, p.pico_usd) for p in kept) == [
        ("cached", 3),
        ("cached", 4),
        ("input", 1),
    ]
    untimed, timed = prices_of(line("cache_write", 6)), prices_of(line("cache_write", 6, time="5m"))
    assert len(lines.merge([*untimed.lines, *timed.lines])[1]) == 1


def test_whole_pico_alone_are_prices() -> None:
    assert lines.pico_usd(Decimal("2.20"), 1_000_000) == 2_200_000
    assert lines.pico_usd(Decimal("1e-12")) == 1
    for usd, units in (("1e-13", 1), ("0.0000015", 10**9), ("NaN", 1), ("Infinity", 1), ("-1", 1)):
        with pytest.raises(ValueError, match=r"not a (whole number|price)"):
            lines.pico_usd(Decimal(usd), units)
