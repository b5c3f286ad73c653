"""CloudWatch's metrics of both endpoints, from the same usage as the bill, but soon."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from .aws_json import Answer, Asked, BillingError, Service
from .charges import DAY_S, HOUR_S, seconds_of
from .pages import page_of
from .rates import rate_of

if TYPE_CHECKING:
    from ..state.records import UsageRecord
    from .account import Account

SHOWN_AFTER_S = 90
LISTED_FOR_S = 14 * DAY_S

_MOST_QUERIES = 500
_MOST_POINTS = 100_800
_LISTED_A_PAGE = 500
_MINUTE_S = 60
# Points of an age are there in periods of so many seconds and no shorter ones.
_KEPT = ((15 * DAY_S, _MINUTE_S), (63 * DAY_S, 5 * _MINUTE_S), (455 * DAY_S, HOUR_S))
Number = Callable[["UsageRecord"], int]
Grain = tuple[str, ...]

_INPUT: Number = attrgetter("input_tokens")
_OUTPUT: Number = attrgetter("output_tokens")
_APART: tuple[Grain, ...] = ((), ("Project",), ("Model",))
_TOGETHER: Grain = ("Model", "Project")
_BY_ID: tuple[Grain, ...] = ((), ("ModelId",))


def _one(_: UsageRecord) -> int:
    return 1


@dataclass(frozen=True)
class _Metric:
    """What is counted, and by which dimensions."""

    number: Number
    grains: tuple[Grain, ...]


# By namespace, which is that of an endpoint.
_METRICS: dict[str, dict[str, _Metric]] = {
    "AWS/BedrockMantle": {
        "Inferences": _Metric(_one, (*_APART, _TOGETHER)),
        "TotalInputTokens": _Metric(_INPUT, _APART),
        "TotalOutputTokens": _Metric(_OUTPUT, _APART),
        "InputTokens": _Metric(_INPUT, (_TOGETHER,)),
        "OutputTokens": _Metric(_OUTPUT, (_TOGETHER,)),
    },
    "AWS/Bedrock": {
        "Invocations": _Metric(_one, _BY_ID),
        "InputTokenCount": _Metric(_INPUT, _BY_ID),
        "OutputTokenCount": _Metric(_OUTPUT, _BY_ID),
    },
}
_NAMESPACES = {"mantle": "AWS/BedrockMantle", "runtime": "AWS/Bedrock"}

Dimensions = tuple[tuple[str, str], ...]


def _refused(message: str) -> BillingError:
    return BillingError("InvalidParameterValueException", message)


def _shown(account: Account) -> Iterator[tuple[str, UsageRecord]]:
    """The requests that CloudWatch has counted, with their namespaces."""
    latest = account.now() - SHOWN_AFTER_S
    for record in account.usage():
        if seconds_of(record) <= latest:
            yield _NAMESPACES[rate_of(record.model)[0].endpoint], record


def _dimensions(record: UsageRecord, grain: Grain) -> Dimensions:
    values = {"Project": record.project, "Model": record.model, "ModelId": record.model}
    return tuple((name, values[name]) for name in grain)


# --- ListMetrics ----------------------------------------------------------------------------------


def list_metrics(account: Account, asked: Asked) -> Answer:
    """ListMetrics, which forgets what had no data for two weeks."""
    kept = 3 * HOUR_S if "RecentlyActive" in asked else LISTED_FOR_S
    found = {
        (namespace, name, _dimensions(record, grain))
        for namespace, record in _shown(account)
        if seconds_of(record) >= account.now() - kept
        for name, metric in _METRICS[namespace].items()
        for grain in metric.grains
    }
    listed = [each for each in sorted(found) if _is_asked_for(*each, asked)]
    shown, following = page_of(
        *(listed, asked, _LISTED_A_PAGE),
        refused="InvalidParameterValueException",
        changed="InvalidParameterValueException",
    )
    return {
        "Metrics": [
            {
                "Namespace": namespace,
                "MetricName": name,
                "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions],
            }
            for namespace, name, dimensions in shown
        ],
        **following,
    }


def _is_asked_for(namespace: str, name: str, dimensions: Dimensions, asked: Asked) -> bool:
    values = dict(dimensions)
    return (
        asked.get("Namespace") in (None, namespace)
        and asked.get("MetricName") in (None, name)
        and all(
            each["Name"] in values and each.get("Value") in (None, values[each["Name"]])
            for each in asked.get("Dimensions", ())
        )
    )


# --- GetMetricData --------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Point:
    query: int
    time: int
    value: float


def get_metric_data(account: Account, asked: Asked) -> Answer:
    """GetMetricData. A result that a page has no room for goes on as PartialData on the next."""
    queries = asked["MetricDataQueries"]
    if not 1 <= len(queries) <= _MOST_QUERIES:
        raise _refused(f"MetricDataQueries must have 1 to {_MOST_QUERIES} members.")
    if len({query["Id"] for query in queries}) != len(queries):
        raise _refused("The values for parameter Id in MetricDataQueries are not unique.")
    begin, end = _seconds(asked["StartTime"]), _seconds(asked["EndTime"])
    if begin >= end:
        raise _refused("The parameter StartTime must be less than the parameter EndTime.")
    points = [
        point
        for place, query in enumerate(queries)
        for point in _points(account, place, query, begin, end)
    ]
    is_ascending = asked.get("ScanBy") == "TimestampAscending"
    points.sort(key=lambda point: (point.time if is_ascending else -point.time, point.query))
    most = min(asked.get("MaxDatapoints", _MOST_POINTS), _MOST_POINTS)
    if most < 1:
        raise _refused("MaxDatapoints must be at least 1.")
    shown, following = page_of(
        *(points, asked, most), refused="InvalidNextToken", changed="InvalidNextToken"
    )
    results = [
        _result(place, query, shown, is_complete=not following)
        for place, query in enumerate(queries)
    ]
    return {"MetricDataResults": results, "Messages": [], **following}


def _seconds(time: Any) -> float:
    if isinstance(time, str):
        try:
            return dt.datetime.fromisoformat(time.replace("Z", "+00:00")).timestamp()
        except ValueError:
            raise _refused(f"{time!r} is not a time.") from None
    return float(time)


def _result(place: int, query: Asked, shown: Any, *, is_complete: bool) -> dict[str, Any]:
    own = [point for point in shown if point.query == place]
    label = query.get("Label") or query["MetricStat"]["Metric"].get("MetricName", "")
    return {
        "Id": query["Id"],
        "Label": label,
        "Timestamps": [point.time for point in own],
        "Values": [point.value for point in own],
        "StatusCode": "Complete" if is_complete else "PartialData",
    }


def _points(
    account: Account, place: int, query: Asked, begin: float, end: float
) -> Iterator[_Point]:
    stat = query.get("MetricStat")
    if stat is None:
        raise _refused("Expressions are not served here; MetricDataQueries take a MetricStat.")
    period = stat["Period"]
    if period % _MINUTE_S:
        raise _refused(f"The period {period} is not a multiple of {_MINUTE_S} seconds.")
    values: dict[int, list[int]] = defaultdict(list)
    for time, value in _measured(account, stat["Metric"]):
        at = time // period * period
        if begin <= at < end and _is_kept(account.now() - time, period):
            values[at].append(value)
    for at, numbers in values.items():
        yield _Point(place, at, _statistic(stat["Stat"], numbers))


def _measured(account: Account, metric: Asked) -> Iterator[tuple[int, int]]:
    wanted = tuple(sorted((each["Name"], each["Value"]) for each in metric.get("Dimensions", ())))
    grain = tuple(key for key, _ in wanted)
    counted = _METRICS.get(metric.get("Namespace", ""), {}).get(metric.get("MetricName", ""))
    if counted is None or grain not in counted.grains:
        return
    for namespace, record in _shown(account):
        if namespace == metric.get("Namespace") and _dimensions(record, grain) == wanted:
            yield seconds_of(record), counted.number(record)


def _is_kept(age: float, period: int) -> bool:
    return any(age <= most and period % shortest == 0 for most, shortest in _KEPT)


def _statistic(name: str, numbers: list[int]) -> float:
    statistics: dict[str, Callable[[list[int]], float]] = {
        "Sum": sum,
        "SampleCount": len,
        "Average": lambda values: sum(values) / len(values),
        "Minimum": min,
        "Maximum": max,
    }
    if name not in statistics:
        raise _refused(f"The statistic {name!r} is not one of {', '.join(statistics)}.")
    return float(statistics[name](numbers))


SERVICE = Service(
    name="cloudwatch",
    target="GraniteServiceVersion20100801",
    signing_name="monitoring",
    version="1.0",
    operations={"GetMetricData": get_metric_data, "ListMetrics": list_metrics},
    is_global=False,
    names_query_errors=True,
)
