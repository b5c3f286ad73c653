"""The Price List: what the rates of the emulator's bill are."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from .aws_json import Answer, Asked, BillingError, Service
from .charges import plain
from .pages import page_of
from .rates import INFERENCE_TYPES, RATES, Rate

if TYPE_CHECKING:
    from .account import Account

_FORMAT = "aws_v1"
_PUBLISHED = "2026-11-01T00:00:00Z"
_EFFECTIVE = "2026-07-01T00:00:00Z"
_ON_DEMAND = "JRTCKXETXF"
_RATE_CODE = "6YS6EN2CT7"


def get_products(account: Account, asked: Asked) -> Answer:
    """GetProducts: each product a text of JSON."""
    codes = {rate.service[1] for rate in RATES.values()}
    if asked["ServiceCode"] not in codes:
        raise BillingError("NotFoundException", f"There is no service {asked['ServiceCode']}.")
    if asked.get("FormatVersion", _FORMAT) != _FORMAT:
        raise BillingError("InvalidParameterException", f"The format is {_FORMAT}.")
    found = [
        product
        for product in _products(account.settings.region)
        if product["serviceCode"] == asked["ServiceCode"]
        and all(_fits(product, each) for each in asked.get("Filters", ()))
    ]
    shown, following = page_of(found, asked, asked.get("MaxResults", 100))
    return {
        "FormatVersion": _FORMAT,
        "PriceList": [json.dumps(product) for product in shown],
        **following,
    }


def _fits(product: dict[str, Any], asked: Asked) -> bool:
    attributes: dict[str, str] = product["product"]["attributes"]
    value = attributes.get(asked["Field"])
    listed = [each.strip() for each in asked["Value"].split(",")]
    tests: dict[str, Callable[[str], bool]] = {
        "TERM_MATCH": lambda text: text == asked["Value"],
        "EQUALS": lambda text: text == asked["Value"],
        "CONTAINS": lambda text: asked["Value"] in text,
        "ANY_OF": lambda text: text in listed,
        "NONE_OF": lambda text: text not in listed,
    }
    return value is not None and tests[asked["Type"]](value)


def _products(region: str) -> Iterator[dict[str, Any]]:
    for rate in RATES.values():
        for kind in rate.usd:
            for is_long in (False, True) if rate.long_usd else (False,):
                yield _product(rate, kind, region, is_long=is_long)


def _product(rate: Rate, kind: str, region: str, *, is_long: bool) -> dict[str, Any]:
    usage_type = rate.usage_type(region, kind, is_long=is_long)
    identity = f"{rate.service[1]} {rate.model} {usage_type}"
    sku = hashlib.sha256(identity.encode()).hexdigest()[:16].upper()
    offer = f"{sku}.{_ON_DEMAND}"
    name, code = rate.service
    usd = plain(rate.usd_of(kind, is_long=is_long) * rate.unit_tokens)
    return {
        "product": {
            "productFamily": "Generative AI",
            "attributes": {
                "servicecode": code,
                "servicename": name,
                "regionCode": region,
                "locationType": "AWS Region",
                "usagetype": usage_type,
                "operation": rate.operation,
                "provider": rate.provider,
                "model": rate.display,
                "inferenceType": INFERENCE_TYPES[kind],
                "service_tier": "standard",
                "feature": "",
            },
            "sku": sku,
        },
        "serviceCode": code,
        "terms": {
            "OnDemand": {
                offer: {
                    "priceDimensions": {
                        f"{offer}.{_RATE_CODE}": {
                            "unit": rate.unit,
                            "endRange": "Inf",
                            "beginRange": "0",
                            "description": f"${usd} per {rate.unit} of {rate.display}",
                            "appliesTo": [],
                            "rateCode": f"{offer}.{_RATE_CODE}",
                            "pricePerUnit": {"USD": usd},
                        }
                    },
                    "sku": sku,
                    "effectiveDate": _EFFECTIVE,
                    "offerTermCode": _ON_DEMAND,
                    "termAttributes": {},
                }
            }
        },
        "version": "20261101000000",
        "publicationDate": _PUBLISHED,
    }


SERVICE = Service(
    name="pricing",
    target="AWSPriceListService",
    signing_name="pricing",
    version="1.1",
    operations={"GetProducts": get_products},
)
