"""Prices by boto3's `pricing`, and as `costmark prices` reads them."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError  # type: ignore[import-untyped,unused-ignore]

from costmark.emulator.billing.rates import RATES
from emulator.billing.test_cost_explorer import INPUT, OUTPUT, refusal

if TYPE_CHECKING:
    from emulator.billing.asking import Asking


def products(aws: Asking, service: str = "AmazonBedrock", *filters: str) -> list[dict[str, Any]]:
    asked = [
        dict(zip(("Type", "Field", "Value"), each.split(" "), strict=True)) for each in filters
    ]
    pages = aws.pricing.get_paginator("get_products").paginate(
        ServiceCode=service, Filters=asked, PaginationConfig={"PageSize": 7}
    )
    return [json.loads(text) for page in pages for text in page["PriceList"]]


def test_a_product_has_its_price_and_its_unit(aws: Asking) -> None:
    (product,) = products(aws, "AmazonBedrock", f"TERM_MATCH usagetype {INPUT}")
    attributes = product["product"]["attributes"]
    assert attributes["regionCode"] == "us-east-1"
    assert attributes["inferenceType"] == "Input tokens"
    ((_, term),) = product["terms"]["OnDemand"].items()
    ((_, price),) = term["priceDimensions"].items()
    assert (price["unit"], price["pricePerUnit"]) == ("1K tokens", {"USD": "0.00007"})


def test_filters_and_pages(aws: Asking) -> None:
    every = products(aws)
    assert len(every) > 20
    assert len({each["product"]["sku"] for each in every}) == len(every)
    for count, condition in (
        (2, f"ANY_OF usagetype {INPUT},{OUTPUT}"),
        (len(every) - 2, f"NONE_OF usagetype {INPUT},{OUTPUT}"),
        (2, "CONTAINS usagetype openai.gpt-oss-20b-mantle"),
        (len(every), "EQUALS regionCode us-east-1"),
        (0, "EQUALS regionCode us-west-2"),
        (0, "EQUALS color blue"),
    ):
        assert len(products(aws, "AmazonBedrock", condition)) == count, condition


def test_services_that_are_not_there(aws: Asking) -> None:
    with pytest.raises(ClientError) as refused:
        products(aws, "AmazonNothing")
    assert refusal(refused) == ("NotFoundException", 400)
    with pytest.raises(ClientError, match="at most 100"):
        aws.pricing.get_products(ServiceCode="AmazonBedrock", MaxResults=101)


def test_rates_of_the_runtime_endpoint_are_those_of_genai_prices() -> None:
    published: Any = pytest.importorskip("genai_prices.data")
    (aws,) = (provider for provider in published.providers if provider.id == "aws")
    prices = {model.id: model.prices for model in aws.models}
    runtime = [rate for rate in RATES.values() if rate.endpoint == "runtime"]
    assert len(runtime) > 5
    names = {
        "input": "input_mtok",
        "output": "output_mtok",
        "cache-read": "cache_read_mtok",
        "cache-write": "cache_write_mtok",
    }
    for rate in runtime:
        price = prices.get(rate.model) or prices[f"global.{rate.model}"]
        for kind, usd in rate.usd.items():
            assert getattr(price, names[kind]) == Decimal(usd), (rate.model, kind)
