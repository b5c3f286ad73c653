"""Cost Explorer: costs by period and group, and the values that there are to ask for."""

from __future__ import annotations

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
_DAYS_OF_HOURS = 14
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
    first: dt.datetime
    end: dt.datetime
    has_hours: bool = False

    def describe(self) -> dict[str, str]:
        shown = "%Y-%m-%dT%H:%M:%SZ" if self.has_hours else "%Y-%m-%d"
        return {"Start": f"{self.first:{shown}}", "End": f"{self.end:{shown}}"}

    def has(self, charge: Charge) -> bool:
        return self.first.timestamp() <= charge.hour < self.end.timestamp()


def _asked_period(account: Account, asked: Asked) -> _Period:
    texts = asked["TimePeriod"]["Start"], asked["TimePeriod"]["End"]
    has_hours = asked.get("Granularity") == "HOURLY"
    try:
        first, end = (_moment(text, has_hours=has_hours) for text in texts)
    except ValueError:
        what = "an hour in UTC, as in 2026-11-30T00:00:00Z" if has_hours else "a day"
        raise invalid(f"{' or '.join(texts)} is not {what}.") from None
    if first >= end:
        raise invalid("Start date (and hour) should be before end date (and hour)")
    now = dt.datetime.fromtimestamp(account.now(), dt.timezone.utc)
    if end > now + dt.timedelta(days=_DAYS_AHEAD):
        raise invalid(f"There is no data until {end:%Y-%m-%d}, which is too far ahead.")
    if has_hours:
        _check_hours(account, first, now)
    elif first < (oldest := _oldest_month(now)):
        raise BillingError(
            "DataUnavailableException", f"There is no data before {oldest:%Y-%m-%d}."
        )
    return _Period(first, end, has_hours)


def _moment(text: str, *, has_hours: bool) -> dt.datetime:
    form = "%Y-%m-%dT%H:%M:%SZ" if has_hours else "%Y-%m-%d"
    found = dt.datetime.strptime(text if has_hours else text[:10], form)
    return found.replace(minute=0, second=0, tzinfo=dt.timezone.utc)


def _check_hours(account: Account, first: dt.datetime, now: dt.datetime) -> None:
    if not account.settings.hourly:
        raise BillingError("DataUnavailableException", "Hourly data was not opted in to.")
    if first < now - dt.timedelta(days=_DAYS_OF_HOURS):
        raise invalid(f"Hours are kept for {_DAYS_OF_HOURS} days.")


def _oldest_month(now: dt.datetime) -> dt.datetime:
    month = now.year * 12 + now.month - 1 - _MONTHS_BACK
    return dt.datetime(month // 12, month % 12 + 1, 1, tzinfo=dt.timezone.utc)


def _periods(whole: _Period, granularity: str) -> Iterator[_Period]:
    steps = {"HOURLY": dt.timedelta(hours=1), "DAILY": dt.timedelta(days=1)}
    first = whole.first
    while first < whole.end:
        following = first + steps[granularity] if granularity in steps else _next_month(first)
        yield _Period(first, min(following, whole.end), whole.has_hours)
        first = following


def _next_month(moment: dt.datetime) -> dt.datetime:
    return (moment.replace(day=1, hour=0) + dt.timedelta(days=32)).replace(day=1)


def _is_estimated(period: _Period, now: float) -> bool:
    month_end = _next_month(period.end - dt.timedelta(seconds=1))
    return now < month_end.timestamp() + FINAL_AFTER_DAYS * DAY_S


def _through_view(account: Account, asked: Asked) -> Account:
    """The account as a billing view shows it, to whom it was shared with as well."""
    arn = asked.get("BillingViewArn")
    if arn is None:
        return account
    match = _VIEW.fullmatch(arn)
    if match is None or match[1] != account.settings.account:
        raise BillingError("ResourceNotFoundException", f"The billing view {arn} does not exist.")
    if match[2] == "primary" and not account.pays:
        raise BillingError("AccessDeniedException", f"The billing view {arn} is not shared.", 400)
    return account.seen_by(match[1])


# --- GetCostAndUsage ------------------------------------------------------------------------------


@dataclass
class _Sums:
    cost: Decimal = Decimal(0)
    quantity: Decimal = Decimal(0)
    units: set[str] = field(default_factory=set)

    def add(self, charge: Charge) -> None:
        self.cost += charge.cost
        self.quantity += charge.quantity
        if charge.quantity:
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
    account = _through_view(account, asked)
    whole = _asked_period(account, asked)
    metrics = _asked_metrics(asked)
    groups = asked.get("GroupBy") or []
    values = [_grouped_by(group) for group in groups]
    _check_product_attributes(whole, asked, groups)
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
        "DimensionValueAttributes": _attributes(charges, groups),
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
    if uses and whole.first.date() < _FIRST_PRODUCT_ATTRIBUTES:
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


def _attributes(charges: Iterable[Charge], groups: list[Asked]) -> list[dict[str, Any]]:
    if not any(group.get("Key") == "LINKED_ACCOUNT" for group in groups):
        return []
    return [
        {"Value": each, "Attributes": {"description": f"Emulator {each}"}}
        for each in sorted({charge.account for charge in charges})
    ]


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
    account = _through_view(account, asked)
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
