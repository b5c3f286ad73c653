"""CloudWatch, asked by boto3 as it is."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import boto3  # type: ignore[import-untyped,unused-ignore]
import pytest

from bill.making import (
    DAYS,
    LUNA,
    MODELS,
    OSS,
    PRICES,
    REGION,
    Charge,
    charges_of,
    ledger_of,
)
from bill.serving import serving
from costmark.bill import LedgerLine, Window, formats, reconcile
from costmark.bill.cloudwatch import Comparison, Counts, Series, compare, regions
from costmark.errors import ServiceError

WINDOW = Window(DAYS[0], DAYS[2])
LEDGER = ledger_of(range(3), [0, 1], [MODELS.index(OSS), MODELS.index(LUNA)])


NAMES = {
    "AWS/BedrockMantle": ("Inferences", "InputTokens", "OutputTokens"),
    "AWS/Bedrock": ("Invocations", "InputTokenCount", "OutputTokenCount"),
}


def series_of(line: LedgerLine) -> Series:
    return Series(line.day, REGION, line.project or "default", line.model)


@dataclass
class CloudWatch:
    """Points of a day each. Pages are short, and every result is partial but on its last page."""

    points: dict[Series, Counts] = field(default_factory=dict)
    listed: list[tuple[str, str]] = field(default_factory=list)
    runtime_listed: list[str] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    last_state: str = "Complete"

    @classmethod
    def of(cls, ledger: Iterable[LedgerLine]) -> CloudWatch:
        return cls(
            {series_of(line): Counts(line.attempts, line.input, line.output) for line in ledger}
        )

    def answer(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        if operation == "ListMetrics":
            if request["Namespace"] == "AWS/Bedrock":
                return {"Metrics": [runtime_metric(model) for model in self.runtime_listed]}
            return {"Metrics": [metric_of(*pair) for pair in self.listed] + [metric_of("x", None)]}
        assert operation == "GetMetricData"
        self.requests.append(request)
        day = int(request.get("NextToken", "0"))
        results = [
            self._result(query, DAYS[day], day == 2) for query in request["MetricDataQueries"]
        ]
        found: dict[str, Any] = {"MetricDataResults": results, "Messages": []}
        if day < 2:
            found["NextToken"] = str(day + 1)
        return found

    def _result(self, query: dict[str, Any], day: dt.date, is_last: bool) -> dict[str, Any]:
        stat = query["MetricStat"]
        assert (stat["Period"], stat["Stat"]) == (86_400, "Sum")
        names = {each["Name"]: each["Value"] for each in stat["Metric"]["Dimensions"]}
        namespace = stat["Metric"]["Namespace"]
        if namespace == "AWS/Bedrock":
            at = self.points.get(Series(day, REGION, "*", names["ModelId"]))
        else:
            at = self.points.get(Series(day, REGION, names["Project"], names["Model"]))
        values: list[float] = []
        if at is not None:
            place = NAMES[namespace].index(stat["Metric"]["MetricName"])
            values = [float((at.calls, at.input, at.output)[place])]
        midnight = dt.datetime.combine(day, dt.time(), dt.timezone.utc).timestamp()
        return {
            "Id": query["Id"],
            "Label": "x",
            "Timestamps": [midnight] * len(values),
            "Values": values,
            "StatusCode": self.last_state if is_last else "PartialData",
        }


def metric_of(project: str, model: str | None) -> dict[str, Any]:
    dimensions = [{"Name": "Project", "Value": project}]
    if model is not None:
        dimensions.append({"Name": "Model", "Value": model})
    return {
        "Namespace": "AWS/BedrockMantle",
        "MetricName": "Inferences",
        "Dimensions": dimensions,
    }


def runtime_metric(model: str) -> dict[str, Any]:
    dimensions = [{"Name": "ModelId", "Value": model}]
    return {"Namespace": "AWS/Bedrock", "MetricName": "Invocations", "Dimensions": dimensions}


def compared(service: CloudWatch, ledger: list[LedgerLine] = LEDGER) -> Comparison:
    with serving(service) as url:
        client = boto3.client(
            "cloudwatch",
            region_name=REGION,
            endpoint_url=url,
            aws_access_key_id="AKIDEXAMPLE",
            aws_secret_access_key="secret",
        )
        return compare(ledger, dict.fromkeys(regions(ledger), client), WINDOW)


def test_counts_that_agree() -> None:
    service = CloudWatch.of(LEDGER)
    found = compared(service)
    assert found.differing == []
    assert len(found.series) == len(LEDGER)
    assert len(service.requests) == 3  # partial results are followed
    midnight = dt.datetime(2026, 11, 1, tzinfo=dt.timezone.utc).timestamp()
    assert service.requests[0]["StartTime"] == midnight
    assert service.requests[0]["EndTime"] == midnight + 3 * 86_400


def test_what_the_ledger_does_not_have_is_found_in_the_list() -> None:
    service = CloudWatch.of(LEDGER)
    other = Series(DAYS[1], REGION, "proj_9", OSS)
    service.points[other] = Counts(4, 400, 40)
    assert compared(service).differing == []  # not asked for
    service.listed = [("proj_9", OSS), ("proj_0", OSS)]
    found = compared(service)
    assert found.differing == [other]
    assert found.sums((REGION, "proj_9", OSS)) == (Counts(), Counts(4, 400, 40))


def test_a_result_that_stays_partial_is_an_error() -> None:
    service = CloudWatch.of(LEDGER)
    service.last_state = "PartialData"
    with pytest.raises(ServiceError, match=r"Inferences of proj_0 and openai.* is PartialData"):
        compared(service)


def test_queries_come_in_batches_of_500() -> None:
    many = [replace(LEDGER[0], project=f"proj_{number:03}") for number in range(200)]
    service = CloudWatch.of(many)
    assert compared(service, many).differing == []
    sizes = [len(request["MetricDataQueries"]) for request in service.requests]
    assert sizes == [500] * 3 + [100] * 3


def test_runtime_is_compared_by_model_alone() -> None:
    """Two projects and another client are one there; a profile counts for its model."""
    runtime = [
        replace(line, endpoint="runtime", serving="global", day=DAYS[0])
        for line in LEDGER
        if line.model == LUNA and line.day == DAYS[0]
    ]
    assert {line.project for line in runtime} == {"proj_0", "proj_1"}
    plain = sum(line.input - line.cached - sum(n for _, n in line.written) for line in runtime)
    output = sum(line.output for line in runtime)
    service = CloudWatch.of(LEDGER)
    service.points[Series(DAYS[0], REGION, "*", f"global.{LUNA}")] = Counts(20, plain, output)
    assert compared(service, [*LEDGER, *runtime]).differing == []
    # What another client asked for by another profile is seen in the list.
    service.points[Series(DAYS[0], REGION, "*", f"eu.{LUNA}")] = Counts(1, 2, 3)
    service.runtime_listed = [f"eu.{LUNA}"]
    found = compared(service, [*LEDGER, *runtime])
    assert found.differing == [Series(DAYS[0], REGION, "*", LUNA)]
    table = formats.counts_table(found, WINDOW)
    assert re.search(r"\(runtime, every project\) +openai.gpt-5.6-luna .* output -3", table)
    assert "CloudWatch has models and no projects" in table
    # Calls of the runtime endpoint say nothing of a project's.
    places = found.counts([*LEDGER, *runtime], [], with_tags=True)
    assert sum(places.values()) == 10 * len(LEDGER)


def test_calls_of_other_endpoints_are_not_compared() -> None:
    other = [replace(line, endpoint=None) for line in LEDGER]
    assert regions(other) == []
    assert "runtime" not in formats.counts_table(compared(CloudWatch.of(LEDGER), LEDGER), WINDOW)


@pytest.mark.parametrize(
    ("calls", "name"),
    [
        (10, "incomplete or unknown operations"),
        (14, "incomplete or unknown operations or other clients"),
    ],
)
def test_its_calls_tell_unknown_usage_from_other_clients(calls: int, name: str) -> None:
    ledger = [replace(LEDGER[0], uncertain=1), *LEDGER[1:]]
    service = CloudWatch.of(ledger)
    service.points[series_of(ledger[0])].calls = calls
    counts = compared(service, ledger).counts(ledger, [], with_tags=True)
    assert len(counts) == len(ledger)
    extra = Charge(DAYS[0], "team-a", ledger[0].model, "output", "", 9000, 600_000)
    bill = [charge.line() for charge in [*charges_of(ledger), extra]]
    result = reconcile(ledger, bill, PRICES, WINDOW, counts=counts)
    (cause,) = result.causes
    assert (cause.name, cause.cost) == (name, extra.cost)
