"""AWS price lists: offer files, and what GetProducts answers."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from ..errors import ConfigurationError
from ..prices import Price
from . import usage_types
from .lines import Found, pico_usd
from .units import tokens_per

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SERVICES = ("AmazonBedrock", "AmazonBedrockService", "AmazonBedrockFoundationModels")


def read_offer(text: str, name: str, as_of: str, aliases: usage_types.Aliases) -> Found:
    """Read an offer file (index.json of one Region or of all)."""
    offer = json.loads(text)
    if not isinstance(offer, dict) or not isinstance(offer.get("products"), dict):
        raise ConfigurationError(f"{name} is no AWS offer file: it has no object 'products'")
    on_demand = offer.get("terms", {}).get("OnDemand", {})
    source = f"AWS offer file {offer.get('offerCode', name)}"
    if version := offer.get("version"):
        source += f", version {version}"
    products = (
        {"product": product, "terms": {"OnDemand": on_demand.get(sku, {})}}
        for sku, product in offer["products"].items()
    )
    return read_products(products, source, as_of, aliases)


def read_products(
    products: Iterable[Any], source: str, as_of: str, aliases: usage_types.Aliases
) -> Found:
    """Read products in the form of GetProducts: ``{product: ..., terms: ...}`` each."""
    found = Found()
    for product in products:
        attributes = product.get("product", {}).get("attributes", {})
        name = str(attributes.get("usagetype", ""))
        if not usage_types.is_mantle(name):
            found.leave_out("usage types that are not mantle's")
            continue
        try:
            used = usage_types.parse(name, aliases)
            region = _region_of(attributes, used)
        except ValueError as error:
            found.miss(name, str(error))
            continue
        _add_terms(found, name, used, region, product, as_of, source)
    return found


def _region_of(attributes: dict[str, Any], used: usage_types.UsageType) -> str:
    named = attributes.get("regionCode") or used.region
    if not named:
        raise ValueError("no Region: neither a regionCode nor a prefix that is known")
    if used.region and named != used.region:
        raise ValueError(f"its prefix means {used.region}, its regionCode is {named}")
    return str(named)


def _add_terms(
    found: Found,
    name: str,
    used: usage_types.UsageType,
    region: str,
    product: dict[str, Any],
    as_of: str,
    source: str,
) -> None:
    dated = sorted(_dimensions(product), key=lambda pair: pair[0])
    if not dated:
        found.miss(name, "it has no price on demand")
    for day, dimension in dated:
        # A price holds until the next one begins.
        end = next((later for later, _ in dated if later > day), None)
        try:
            price = _pico_of(dimension)
        except ValueError as error:
            found.miss(name, str(error))
            continue
        found.prices.append(
            Price(
                model=used.model,
                region=region,
                serving=used.serving,
                tier=used.tier,
                kind=used.kind,
                time_to_live=used.time_to_live,
                over=used.over,
                first_day=day,
                end_day=end,
                pico_usd=price,
                as_of=as_of,
                source=f"{source}, {name}",
            )
        )


def _dimensions(product: dict[str, Any]) -> Iterator[tuple[date, dict[str, Any]]]:
    for term in product.get("terms", {}).get("OnDemand", {}).values():
        day = date.fromisoformat(str(term["effectiveDate"])[:10])
        for dimension in term.get("priceDimensions", {}).values():
            yield day, dimension


def _pico_of(dimension: dict[str, Any]) -> int:
    units = tokens_per(str(dimension.get("unit", "")))
    if units is None:
        raise ValueError(f"the unit {dimension.get('unit')!r}")
    if str(dimension.get("beginRange", "0")) != "0":
        raise ValueError("a price by volume")
    prices = dimension.get("pricePerUnit", {})
    if list(prices) != ["USD"]:
        raise ValueError(f"the currency {', '.join(prices) or '(none)'}; prices are in USD")
    try:
        usd = Decimal(str(prices["USD"]))
    except InvalidOperation:
        raise ValueError(f"the price {prices['USD']!r}") from None
    return pico_usd(usd, units)


def fetch_products(client: Any, regions: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Ask the Price List for the mantle products of some Regions; `client` is boto3's pricing."""
    pages = client.get_paginator("get_products")
    for region in regions:
        filters = [
            {"Type": "CONTAINS", "Field": "usagetype", "Value": "-mantle-"},
            {"Type": "TERM_MATCH", "Field": "regionCode", "Value": region},
        ]
        for service in SERVICES:
            asked = pages.paginate(
                ServiceCode=service,
                FormatVersion="aws_v1",
                Filters=filters,
                PaginationConfig={"PageSize": 100},
            )
            for page in asked:
                yield from map(json.loads, page["PriceList"])
