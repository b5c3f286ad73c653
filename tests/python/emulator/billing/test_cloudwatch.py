"""Metrics by boto3's `cloudwatch`."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from botocore.exceptions import ClientError  # type: ignore[import-untyped,unused-ignore]

from emulator.billing.asking import DAY_S, HOUR_S, Asking
from emulator.billing.test_cost_explorer import call
from emulator.support import OSS, SOL

NAMESPACE = "AWS/BedrockMantle"


def query(
    name: str,
    by: dict[str, str] | None = None,
    *,
    period: int = DAY_S,
    stat: str = "Sum",
    namespace: str = NAMESPACE,
) -> dict[str, Any]:
    return {
        "Id": f"q_{name.lower()}",
        "MetricStat": {
            "Metric": {
                "Namespace": namespace,
                "MetricName": name,
                "Dimensions": [{"Name": key, "Value": value} for key, value in (by or {}).items()],
            },
            "Period": period,
            "Stat": stat,
        },
    }


def data(aws: Asking, *queries: dict[str, Any], days: int = 2, **more: Any) -> list[dict[str, Any]]:
    today = aws.today()
    answer = aws.cloudwatch.get_metric_data(
        MetricDataQueries=list(queries),
        StartTime=midnight(today - dt.timedelta(days=days)),
        EndTime=midnight(today + dt.timedelta(days=1)),
        **more,
    )
    return list(answer["MetricDataResults"])


def midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), dt.timezone.utc)


def values(aws: Asking, *queries: dict[str, Any], **more: Any) -> list[list[float]]:
    return [each["Values"] for each in data(aws, *queries, **more)]


def test_calls_and_tokens_by_project_and_model(aws: Asking) -> None:
    project = aws.emulator.project()
    first, second = call(aws, project), call(aws, project)
    call(aws, model=SOL)
    both = {"Project": project, "Model": OSS}
    assert values(aws, query("Inferences", both)) == [[]]  # not at once
    aws.forward(90)
    assert values(
        aws,
        query("Inferences", both),
        query("InputTokens", both),
        query("OutputTokens", both),
    ) == [
        [2.0],
        [float(first["input_tokens"] + second["input_tokens"])],
        [float(first["output_tokens"] + second["output_tokens"])],
    ]
    grains: list[tuple[dict[str, str], float]] = [
        ({}, 3.0),
        ({"Project": project}, 2.0),
        ({"Project": "default"}, 1.0),
        ({"Model": SOL}, 1.0),
    ]
    for dimensions, calls in grains:
        assert values(aws, query("Inferences", dimensions)) == [[calls]]
    # Tokens have other names by one of them alone.
    assert values(aws, query("InputTokens", {"Project": project})) == [[]]
    assert values(aws, query("TotalInputTokens", {"Project": project})) != [[]]
    assert values(aws, query("Inferences", stat="SampleCount")) == [[3.0]]
    assert values(aws, query("OutputTokens", both, stat="Maximum")) == [
        [float(max(each["output_tokens"] for each in (first, second)))]
    ]


def test_the_list_forgets_after_two_weeks(aws: Asking) -> None:
    project = aws.emulator.project()
    call(aws, project)

    def listed(**asked: Any) -> list[dict[str, Any]]:
        answer = aws.cloudwatch.list_metrics(Namespace=NAMESPACE, **asked)
        return list(answer["Metrics"])

    assert listed() == []
    aws.forward(120)
    assert len(listed(MetricName="Inferences")) == 4
    (pair,) = listed(MetricName="InputTokens")
    assert {each["Name"]: each["Value"] for each in pair["Dimensions"]} == {
        "Project": project,
        "Model": OSS,
    }
    assert len(listed(Dimensions=[{"Name": "Project"}], MetricName="Inferences")) == 2
    assert listed(Dimensions=[{"Name": "Project", "Value": "other"}]) == []
    assert listed(RecentlyActive="PT3H") != []
    aws.forward(4 * HOUR_S)
    assert listed(RecentlyActive="PT3H") == []
    aws.forward(13 * DAY_S)
    assert listed() != []
    aws.forward(DAY_S)
    assert listed() == []
    assert values(aws, query("Inferences"), days=20) == [[1.0]]  # the data is there still


def test_old_points_are_there_in_longer_periods_alone(aws: Asking) -> None:
    call(aws)
    for days, shortest in ((1, 60), (20, 300), (70, 3600)):
        aws.emulator.control(
            "POST", "/_emulator/clock", {"forward_s": (days - {1: 0, 20: 1, 70: 20}[days]) * DAY_S}
        )
        for period in (60, 300, 3600):
            found = values(aws, query("Inferences", period=period), days=days + 1)
            assert found == ([[1.0]] if period >= shortest else [[]]), (days, period)


def test_results_that_go_on_on_the_next_page(aws: Asking) -> None:
    for _ in range(3):
        call(aws)
        aws.forward(DAY_S)
    today = aws.today()
    pages = list(
        aws.cloudwatch.get_paginator("get_metric_data").paginate(
            MetricDataQueries=[query("Inferences"), query("TotalInputTokens")],
            StartTime=midnight(today - dt.timedelta(days=5)),
            EndTime=midnight(today + dt.timedelta(days=1)),
            MaxDatapoints=4,
            ScanBy="TimestampAscending",
        )
    )
    states = [[each["StatusCode"] for each in page["MetricDataResults"]] for page in pages]
    assert states == [["PartialData"] * 2, ["Complete"] * 2]
    times = [t for page in pages for t in page["MetricDataResults"][0]["Timestamps"]]
    assert times == sorted(times)
    assert len(times) == 3
    (newest_first, _) = data(aws, query("Inferences"), query("TotalInputTokens"), days=5)
    assert newest_first["Timestamps"] == times[::-1]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"MetricDataQueries": [query("Inferences")] * 2}, "not unique"),
        ({"MetricDataQueries": []}, "1 to 500"),
        ({"MetricDataQueries": [query("Inferences", period=90)]}, "multiple of 60"),
        ({"MetricDataQueries": [query("Inferences", stat="p99")]}, "statistic 'p99'"),
        ({"MetricDataQueries": [{"Id": "e", "Expression": "1 + 1"}]}, "Expressions"),
        ({"EndTime": dt.datetime(2020, 1, 1, tzinfo=dt.timezone.utc)}, "less than"),
    ],
)
def test_requests_that_cannot_be_served(aws: Asking, changes: dict[str, Any], message: str) -> None:
    call(aws)
    aws.forward(120)
    request = {
        "MetricDataQueries": [query("Inferences")],
        "StartTime": midnight(aws.today() - dt.timedelta(days=2)),
        "EndTime": midnight(aws.today() + dt.timedelta(days=1)),
        **changes,
    }
    with pytest.raises(ClientError, match=message) as refused:
        aws.cloudwatch.get_metric_data(**request)
    assert refused.value.response["Error"]["Code"] == "InvalidParameterValue"
