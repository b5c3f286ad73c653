"""The tables of Data Exports: their columns, and what each line of the bill has in them."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .charges import HOUR_S, plain

if TYPE_CHECKING:
    from .charges import Charge

_TEXT, _NUMBER, _TIME, _MAP = "VARCHAR", "DOUBLE", "TIMESTAMP", "MAP(VARCHAR, VARCHAR)"


@dataclass(frozen=True)
class Line:
    """A line of the bill of one month."""

    charge: Charge
    month: dt.date
    invoice: str
    """Empty until the bill is final."""


@dataclass(frozen=True)
class Column:
    """A column: its type, and its value in a line."""

    type: str
    value: Callable[[Line], Any]


def _stamp(seconds: float) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.timezone.utc).strftime("%Y-%m-%d %H:%M:%S")


def _text(value: Callable[[Line], str]) -> Column:
    return Column(_TEXT, value)


def _number(value: Callable[[Line], Any]) -> Column:
    return Column(_NUMBER, lambda line: float(value(line)))


def _time(value: Callable[[Line], float]) -> Column:
    return Column(_TIME, lambda line: _stamp(value(line)))


def _following(month: dt.date) -> dt.date:
    return (month + dt.timedelta(days=31)).replace(day=1)


def _midnight(day: dt.date) -> float:
    return dt.datetime.combine(day, dt.time(), dt.timezone.utc).timestamp()


def _month_begin(line: Line) -> float:
    return _midnight(line.month)


def _month_end(line: Line) -> float:
    return _midnight(_following(line.month))


def _snake(key: str) -> str:
    return re.sub("[^a-z0-9]+", "_", key.lower())


def _tags(spelled: Callable[[str], str]) -> Column:
    return Column(_MAP, lambda line: {spelled(k): v for k, v in line.charge.tags.items()})


# The ChargeCategory of FOCUS by the line item type of CUR.
_CATEGORIES = {
    "Usage": "Usage",
    "Tax": "Tax",
    "Credit": "Credit",
    "RIFee": "Purchase",
    "Fee": "Purchase",
}
_CUR = {
    "bill_bill_type": _text(lambda _: "Anniversary"),
    "bill_billing_entity": _text(
        lambda line: "AWS Marketplace" if line.charge.rate.is_marketplace else "AWS"
    ),
    "bill_billing_period_start_date": _time(_month_begin),
    "bill_billing_period_end_date": _time(_month_end),
    "bill_invoice_id": _text(lambda line: line.invoice),
    "bill_payer_account_id": _text(lambda line: line.charge.payer),
    "line_item_currency_code": _text(lambda _: "USD"),
    "line_item_line_item_description": _text(
        lambda line: f"${plain(line.charge.usd_per_unit)} per {line.charge.rate.unit}"
    ),
    "line_item_line_item_type": _text(lambda line: line.charge.record_type),
    "line_item_operation": _text(lambda line: line.charge.rate.operation),
    "line_item_product_code": _text(lambda line: line.charge.rate.service[1]),
    "line_item_resource_id": _text(lambda _: ""),
    "line_item_unblended_cost": _number(lambda line: line.charge.cost),
    "line_item_unblended_rate": _text(lambda line: plain(line.charge.usd_per_unit)),
    "line_item_usage_account_id": _text(lambda line: line.charge.account),
    "line_item_usage_amount": _number(lambda line: line.charge.quantity),
    "line_item_usage_end_date": _time(lambda line: line.charge.hour + HOUR_S),
    "line_item_usage_start_date": _time(lambda line: line.charge.hour),
    "line_item_usage_type": _text(lambda line: line.charge.usage_type),
    "pricing_term": _text(lambda _: "OnDemand"),
    "pricing_unit": _text(lambda line: line.charge.rate.unit),
    "product": Column(
        _MAP,
        lambda line: {
            "product_name": line.charge.rate.service[0],
            "region": line.charge.region,
            "model": line.charge.rate.display,
        },
    ),
    "product_region_code": _text(lambda line: line.charge.region),
    "product_servicecode": _text(lambda line: line.charge.rate.service[1]),
    "resource_tags": _tags(lambda key: f"user_{_snake(key)}"),
    "tags": _tags(lambda key: f"resourceTags/{key}"),
}
_FOCUS_1_2 = {
    "BilledCost": _number(lambda line: line.charge.cost),
    "BillingAccountId": _text(lambda line: line.charge.payer),
    "BillingCurrency": _text(lambda _: "USD"),
    "BillingPeriodEnd": _time(_month_end),
    "BillingPeriodStart": _time(_month_begin),
    "ChargeCategory": _text(lambda line: _CATEGORIES.get(line.charge.record_type, "Adjustment")),
    "ChargePeriodEnd": _time(lambda line: line.charge.hour + HOUR_S),
    "ChargePeriodStart": _time(lambda line: line.charge.hour),
    "ConsumedQuantity": _number(lambda line: line.charge.quantity),
    "ConsumedUnit": _text(lambda line: line.charge.rate.unit),
    "EffectiveCost": _number(lambda line: line.charge.cost),
    "ListCost": _number(lambda line: line.charge.cost),
    "PricingQuantity": _number(lambda line: line.charge.quantity),
    "PricingUnit": _text(lambda line: line.charge.rate.unit),
    "ProviderName": _text(lambda _: "AWS"),
    "PublisherName": _text(lambda line: line.charge.rate.provider),
    "RegionId": _text(lambda line: line.charge.region),
    "ServiceCategory": _text(lambda _: "AI and Machine Learning"),
    "ServiceName": _text(lambda line: line.charge.rate.service[0]),
    "SubAccountId": _text(lambda line: line.charge.account),
    "Tags": _tags(lambda key: f"user:{key}"),
    "x_Operation": _text(lambda line: line.charge.rate.operation),
    "x_ServiceCode": _text(lambda line: line.charge.rate.service[1]),
}
_FOCUS_1_0 = {**_FOCUS_1_2, "x_UsageType": _text(lambda line: line.charge.usage_type)}

TABLES: Mapping[str, Mapping[str, Column]] = {
    "COST_AND_USAGE_REPORT": _CUR,
    "FOCUS_1_0_AWS": _FOCUS_1_0,
    "FOCUS_1_2_AWS": _FOCUS_1_2,
}
