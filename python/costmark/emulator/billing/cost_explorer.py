"""Cost Explorer: costs by period and group, and the values that there are to ask for."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from . import tag_keys
from .aws_json import Answer, Asked, BillingError, Service, invalid
from .charges import DAY_S, plain
from .expressions import (
    Value,
    dimension,
    fits,
    names_a_service,
    product_attribute,
    tag_value,
    uses_product_attributes,
)
from .pages import page_of

if TYPE_CHECKING:
    from .account import Account
    from .charges import Charge

GROUPS_A_PAGE = 50
FINAL_AFTER_DAYS = 5
"""How many days after a month its bill is final."""

_MONTHS_BACK = 13
_DAYS_AHEAD = 366
_FIRST_PRODUCT_ATTRIBUTES = dt.date(2026, 9, 1)
_COSTS = (
    *("AmortizedCost", "BlendedCost", "NetAmortizedCost", "NetUnblendedCost"),
    "UnblendedCost",
)
_METRICS = (*_COSTS, "NormalizedUsageAmount", "UsageQuantity")
_MOST_GROUPINGS = 2
_VIEW = re.compile(r"arn:[a-z-]+:billing::(\d{12}):billingview/(primary|custom-[\w-]+)")


# --- Periods --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Period:
    first: dt.date
    end: dt.date

    def describe(self) -> dict[str, str]:
        return {"Start": self.first.isoformat(), "End": self.end.isoformat()}

    def has(self, charge: Charge) -> bool:
        return self.first.isoformat() <= charge.day < self.end.isoformat()


def _asked_period(account: Account, asked: Asked) -> _Period:
    texts = asked["TimePeriod"]["Start"], asked["TimePeriod"]["End"]
    try:
        first, end = (dt.date.fromisoformat(text[:10]) for text in texts)
    except ValueError:
        raise invalid(f"{' or '.join(texts)} is not a day.") from None
    if first >= end:
        raise invalid("Start date (and hour) should be before end date (and hour)")
    today = _day_of(account.now())
    month = today.year * 12 + today.month - 1 - _MONTHS_BACK
    oldest = dt.date(month // 12, month % 12 + 1, 1)
    if end > today + dt.timedelta(days=_DAYS_AHEAD):
        raise invalid(f"There is no data until {end}, which is too far ahead.")
    if first < oldest:
        raise BillingError("DataUnavailableException", f"There is no data before {oldest}.")
    return _Period(first, end)


def _day_of(seconds: float) -> dt.date:
    return dt.datetime.fromtimestamp(seconds, dt.timezone.utc).date()


def _periods(whole: _Period, granularity: str) -> Iterator[_Period]:
    first = whole.first
    while first < whole.end:
        if granularity == "DAILY":
            following = first + dt.timedelta(days=1)
        else:
            following = (first.replace(day=1) + dt.timedelta(days=32)).replace(day=1)
        yield _Period(first, min(following, whole.end))
        first = following


def _is_estimated(period: _Period, now: float) -> bool:
    last = period.end - dt.timedelta(days=1)
    month_end = (last.replace(day=1) + dt.timedelta(days=32)).replace(day=1)
    return now < calendar.timegm(month_end.timetuple()) + FINAL_AFTER_DAYS * DAY_S


def _check_view(account: Account, asked: Asked) -> None:
    arn = asked.get("BillingViewArn")
    if arn is None:
        return
    match = _VIEW.fullmatch(arn)
    if match is None or match[1] != account.settings.account:
        raise BillingError("ResourceNotFoundException", f"The billing view {arn} does not exist.")


# --- GetCostAndUsage ------------------------------------------------------------------------------


@dataclass
class _Sums:
    cost: Decimal = Decimal(0)
    quantity: Decimal = Decimal(0)
    units: set[str] = field(default_factory=set)

    def add(self, charge: Charge) -> None:
        self.cost += charge.cost
        self.quantity += charge.quantity
        self.units.add(charge.rate.unit)

    def metrics(self, names: Iterable[str]) -> dict[str, dict[str, str]]:
        found = {}
        for name in names:
            if name in _COSTS:
                found[name] = {"Amount": plain(self.cost), "Unit": "USD"}
            elif name == "UsageQuantity":
                unit = next(iter(self.units)) if len(self.units) == 1 else "N/A"
                found[name] = {"Amount": plain(self.quantity), "Unit": unit}
            else:
                found[name] = {"Amount": "0", "Unit": "N/A"}
        return found


def get_cost_and_usage(account: Account, asked: Asked) -> Answer:
    """GetCostAndUsage, a page of it."""
    _check_view(account, asked)
    whole = _asked_period(account, asked)
    metrics = _asked_metrics(asked)
    groups = asked.get("GroupBy") or []
    values = [_grouped_by(group) for group in groups]
    _check_product_attributes(whole, asked, groups)
    if asked["Granularity"] == "HOURLY":
        raise BillingError("DataUnavailableException", "Hourly data was not opted in to.")
    charges = list(filter(fits(asked.get("Filter")), account.charges()))
    rows = [
        (period, row)
        for period in _periods(whole, asked["Granularity"])
        for row in _rows_of(period, charges, values)
    ]
    shown, following = page_of(
        *(rows, asked, GROUPS_A_PAGE),
        token="NextPageToken",  # noqa: S106 - the name of a member
        changed="RequestChangedException",
    )
    return {
        "GroupDefinitions": groups,
        "ResultsByTime": _results(shown, metrics, account.now()),
        "DimensionValueAttributes": _attributes(account, groups),
        **following,
    }


def _asked_metrics(asked: Asked) -> list[str]:
    metrics = list(asked["Metrics"])
    unknown = [name for name in metrics if name not in _METRICS]
    if unknown or not metrics:
        raise invalid(f"Metrics must be of {', '.join(_METRICS)}; got {', '.join(unknown)}")
    return metrics


def _grouped_by(group: Asked) -> Value:
    kind, key = group.get("Type", "DIMENSION"), group.get("Key", "")
    prefixes = {"TAG": tag_value, "PRODUCT_ATTRIBUTE": product_attribute}
    if kind == "COST_CATEGORY":
        return lambda _: f"{key}$"
    if kind not in prefixes:
        return dimension(key)
    value = prefixes[kind](key)
    return lambda charge: f"{key}${value(charge)}"


def _check_product_attributes(whole: _Period, asked: Asked, groups: list[Asked]) -> None:
    if len(groups) > _MOST_GROUPINGS:
        raise invalid(f"GroupBy takes at most {_MOST_GROUPINGS} groups.")
    uses = uses_product_attributes(asked.get("Filter")) or any(
        group.get("Type") == "PRODUCT_ATTRIBUTE" for group in groups
    )
    if uses and whole.first < _FIRST_PRODUCT_ATTRIBUTES:
        raise BillingError(
            "DataUnavailableException",
            f"There are no product attributes before {_FIRST_PRODUCT_ATTRIBUTES}.",
        )


_Row = tuple[tuple[str, ...], _Sums] | None


def _rows_of(period: _Period, charges: list[Charge], values: list[Value]) -> list[_Row]:
    """The groups of a period, or one row without any, so that every period is told."""
    sums: dict[tuple[str, ...], _Sums] = defaultdict(_Sums)
    for charge in charges:
        if period.has(charge):
            sums[tuple(value(charge) for value in values)].add(charge)
    if not values:
        return [((), sums[()])]
    return [*sorted(sums.items())] or [None]


def _results(
    rows: Iterable[tuple[_Period, _Row]], metrics: list[str], now: float
) -> list[dict[str, Any]]:
    results: dict[_Period, dict[str, Any]] = {}
    for period, row in rows:
        result = results.setdefault(
            period,
            {
                "TimePeriod": period.describe(),
                "Total": {},
                "Groups": [],
                "Estimated": _is_estimated(period, now),
            },
        )
        if row is None:
            continue
        keys, sums = row
        if keys:
            result["Groups"].append({"Keys": list(keys), "Metrics": sums.metrics(metrics)})
        else:
            result["Total"] = sums.metrics(metrics)
    return list(results.values())


def _attributes(account: Account, groups: list[Asked]) -> list[dict[str, Any]]:
    if not any(group.get("Key") == "LINKED_ACCOUNT" for group in groups):
        return []
    return [{"Value": account.settings.account, "Attributes": {"description": "Emulator"}}]


# --- What there is to ask for ---------------------------------------------------------------------


def get_dimension_values(account: Account, asked: Asked) -> Answer:
    """GetDimensionValues."""
    name = asked["Dimension"]
    value = (
        product_attribute(asked.get("DimensionKey", ""))
        if name == "PRODUCT_ATTRIBUTE"
        else dimension(name)
    )
    found = _values(account, asked, lambda charge: [value(charge)])
    shown, following = _discovered(found, asked)
    return {
        "DimensionValues": [{"Value": each, "Attributes": {}} for each in shown],
        "ReturnSize": len(shown),
        "TotalSize": len(found),
        **following,
    }


def get_tags(account: Account, asked: Asked) -> Answer:
    """GetTags: the keys, or the values of one."""
    key = asked.get("TagKey")
    if key is None:
        found = _values(account, asked, lambda charge: charge.tags)
    else:
        value = tag_value(key)
        found = _values(account, asked, lambda charge: [value(charge)])
    shown, following = _discovered(found, asked)
    return {
        "Tags": list(shown),
        "ReturnSize": len(shown),
        "TotalSize": len(found),
        **following,
    }


def _values(account: Account, asked: Asked, values: Any) -> list[str]:
    _check_view(account, asked)
    whole = _asked_period(account, asked)
    expression = asked.get("Filter")
    if uses_product_attributes(expression) and not names_a_service(expression):
        raise invalid("A filter by ProductAttributes needs one by SERVICE here.")
    wanted = fits(expression)
    search = asked.get("SearchString", "").casefold()
    return sorted(
        {
            value
            for charge in account.charges()
            if whole.has(charge) and wanted(charge)
            for value in values(charge)
            if search in value.casefold()
        }
    )


def _discovered(found: list[str], asked: Asked) -> Any:
    return page_of(
        *(found, asked, asked.get("MaxResults", 1000)),
        token="NextPageToken",  # noqa: S106 - the name of a member
        changed="RequestChangedException",
    )


SERVICE = Service(
    name="ce",
    target="AWSInsightsIndexService",
    signing_name="ce",
    version="1.1",
    operations={
        "GetCostAndUsage": get_cost_and_usage,
        "GetDimensionValues": get_dimension_values,
        "GetTags": get_tags,
        "ListCostAllocationTags": tag_keys.listing,
        "UpdateCostAllocationTagsStatus": tag_keys.update,
        "StartCostAllocationTagBackfill": tag_keys.start_backfill,
        "ListCostAllocationTagBackfillHistory": tag_keys.backfill_history,
    },
)
