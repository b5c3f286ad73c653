"""Costs by boto3's `ce`, from calls to their lines on the bill."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from botocore.exceptions import ClientError  # type: ignore[import-untyped,unused-ignore]

from emulator.billing.asking import DAY_S, HOUR_S, Asking, period
from emulator.support import OSS, SOL

USAGE_TYPE = ("DIMENSION", "USAGE_TYPE")
SERVICE = ("DIMENSION", "SERVICE")
INPUT = "USE1-openai.gpt-oss-20b-mantle-input-tokens-standard"
OUTPUT = "USE1-openai.gpt-oss-20b-mantle-output-tokens-standard"
CLAUDE = "anthropic.claude-opus-4-8"


def call(aws: Asking, project: str | None = None, model: str = OSS) -> dict[str, Any]:
    """One call; returns its usage record."""
    emulator = aws.emulator
    body = emulator.chat(model=model)
    path = "/openai/v1/chat/completions" if model == SOL else "/v1/chat/completions"
    headers = {} if project is None else {"OpenAI_Project": project}
    assert emulator.bearer("POST", path, body, **headers).status == 200
    return emulator.usage()[-1]


def activated(aws: Asking, *keys: str) -> None:
    """Let keys be seen, activate them, and wait until that holds."""
    aws.forward(DAY_S)
    entries = [{"TagKey": key, "Status": "Active"} for key in keys]
    answer = aws.ce.update_cost_allocation_tags_status(CostAllocationTagsStatus=entries)
    assert answer["Errors"] == []
    aws.forward(DAY_S)


def usd(tokens: int, per_million: str) -> str:
    return f"{Decimal(per_million) * tokens / 1_000_000:f}".rstrip("0").rstrip(".")


def refusal(error: pytest.ExceptionInfo[Any]) -> tuple[str, int]:
    answer = error.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]


def test_usage_is_billed_a_day_later(aws: Asking) -> None:
    used = call(aws)
    aws.forward(DAY_S - HOUR_S)
    assert aws.groups(USAGE_TYPE) == {}
    aws.forward(HOUR_S)
    assert aws.groups(USAGE_TYPE) == {
        (INPUT,): usd(used["input_tokens"], "0.07"),
        (OUTPUT,): usd(used["output_tokens"], "0.30"),
    }
    quantities = [
        group["Metrics"]["UsageQuantity"]
        for result in aws.costs(USAGE_TYPE)
        for group in result["Groups"]
    ]
    assert quantities == [
        {"Amount": usd(used[f"{side}_tokens"], "1000"), "Unit": "1K tokens"}
        for side in ("input", "output")
    ]


def test_a_total_is_empty_where_there_are_groups_and_whole_where_there_are_none(
    aws: Asking,
) -> None:
    used = call(aws)
    aws.forward(2 * DAY_S)
    whole = Decimal(usd(used["input_tokens"], "0.07")) + Decimal(usd(used["output_tokens"], "0.3"))
    day = used["time"][:10]
    (result,) = (each for each in aws.costs() if each["TimePeriod"]["Start"] == day)
    assert Decimal(result["Total"]["UnblendedCost"]["Amount"]) == whole
    assert result["Total"]["UnblendedCost"]["Unit"] == "USD"
    assert result["Groups"] == []
    assert {str(each["Total"]) for each in aws.costs(USAGE_TYPE)} == {"{}"}
    assert len(aws.costs()) == 15  # days without usage are there as well
    monthly = aws.costs(Granularity="MONTHLY")
    amounts = [Decimal(each["Total"]["UnblendedCost"]["Amount"]) for each in monthly]
    assert sum(amounts) == whole


def test_the_end_of_a_period_is_exclusive(aws: Asking) -> None:
    day = dt.date.fromisoformat(call(aws)["time"][:10])
    aws.forward(2 * DAY_S)
    following = day + dt.timedelta(days=1)
    for first, end, is_there in (
        (day, following, True),
        (day - dt.timedelta(days=1), day, False),
        (following, following + dt.timedelta(days=1), False),
    ):
        asked = {"Start": first.isoformat(), "End": end.isoformat()}
        assert bool(aws.groups(USAGE_TYPE, TimePeriod=asked)) == is_there


def test_costs_by_a_tag_that_is_active(aws: Asking) -> None:
    project = aws.emulator.project(team="search", app="x")
    call(aws, project)
    activated(aws, "team", "app")
    assert aws.groups(("TAG", "team"), USAGE_TYPE).keys() == {
        ("team$", INPUT),
        ("team$", OUTPUT),
    }  # what was used before is not tagged
    used = call(aws, project)
    call(aws)
    aws.forward(DAY_S)
    assert aws.groups(("TAG", "team"), USAGE_TYPE)[("team$search", INPUT)] == usd(
        used["input_tokens"], "0.07"
    )
    asked = {"TimePeriod": period(aws.today())}
    assert aws.ce.get_tags(**asked)["Tags"] == ["app", "team"]
    assert aws.ce.get_tags(**asked, TagKey="team")["Tags"] == ["", "search"]


def test_the_services_and_units_of_models(aws: Asking) -> None:
    call(aws, model=SOL)
    message = {"model": CLAUDE, "max_tokens": 9, "messages": aws.emulator.chat()["messages"]}
    answer = aws.emulator.bearer(
        "POST", "/anthropic/v1/messages", message, anthropic_version="2023-06-01"
    )
    assert answer.status == 200, answer.body
    call(aws)
    aws.forward(2 * DAY_S)
    edition = "OpenAI GPT-5.6 Sol (Amazon Bedrock Edition)"
    assert aws.groups(SERVICE, USAGE_TYPE).keys() == {
        ("Amazon Bedrock", INPUT),
        ("Amazon Bedrock", OUTPUT),
        ("Amazon Bedrock Service", f"USE1-{CLAUDE}-mantle-input-tokens-global-standard"),
        ("Amazon Bedrock Service", f"USE1-{CLAUDE}-mantle-output-tokens-global-standard"),
        (edition, "USE1-MP:USE1_input_tokens_standard-Units"),
        (edition, "USE1-MP:USE1_output_tokens_standard-Units"),
    }
    (total,) = (
        each["Total"]["UsageQuantity"]["Unit"]
        for each in aws.costs()
        if each["Total"]["UsageQuantity"]["Amount"] != "0"
    )
    assert total == "N/A"  # of unlike units
    values = aws.ce.get_dimension_values(
        TimePeriod=period(aws.today()), Dimension="SERVICE", SearchString="edition"
    )
    assert [each["Value"] for each in values["DimensionValues"]] == [edition]


def test_product_attributes(aws: Asking) -> None:
    call(aws, model=SOL)
    call(aws)
    aws.forward(2 * DAY_S)
    by_model = aws.groups(("PRODUCT_ATTRIBUTE", "model"), ("PRODUCT_ATTRIBUTE", "inferenceType"))
    assert by_model.keys() == {
        ("model$GPT-5.6 Sol", "inferenceType$Input tokens"),
        ("model$GPT-5.6 Sol", "inferenceType$Output tokens"),
        ("model$gpt-oss-20b", "inferenceType$Input tokens"),
        ("model$gpt-oss-20b", "inferenceType$Output tokens"),
    }
    assert aws.groups(("PRODUCT_ATTRIBUTE", "feature")).keys() == {("feature$",)}
    only = {"ProductAttributes": {"Key": "model", "Values": ["GPT-5.6 Sol"]}}
    assert aws.groups(SERVICE, Filter=only).keys() == {
        ("OpenAI GPT-5.6 Sol (Amazon Bedrock Edition)",)
    }
    with pytest.raises(ClientError) as refused:
        aws.groups(SERVICE, Filter={"Not": only})
    assert refusal(refused) == ("ValidationException", 400)
    with pytest.raises(ClientError) as refused:
        aws.groups(
            ("PRODUCT_ATTRIBUTE", "model"),
            TimePeriod={"Start": "2026-08-31", "End": "2026-09-02"},
        )
    assert refusal(refused) == ("DataUnavailableException", 400)
    asked = {"TimePeriod": period(aws.today()), "Dimension": "SERVICE"}
    with pytest.raises(ClientError, match="needs one by SERVICE"):
        aws.ce.get_dimension_values(**asked, Filter=only)
    values = aws.ce.get_dimension_values(
        **{**asked, "Dimension": "PRODUCT_ATTRIBUTE", "DimensionKey": "provider"}
    )
    assert [each["Value"] for each in values["DimensionValues"]] == ["OpenAI"]


def dimension(key: str, *values: str, **more: Any) -> dict[str, Any]:
    return {"Dimensions": {"Key": key, "Values": list(values), **more}}


def test_filters(aws: Asking) -> None:
    project = aws.emulator.project(team="search")
    call(aws, project)
    activated(aws, "team")
    call(aws, project)
    call(aws)
    aws.forward(DAY_S)
    tagged = {"Tags": {"Key": "team", "Values": ["search"]}}
    untagged = {"Tags": {"Key": "team", "MatchOptions": ["ABSENT"]}}
    of_input = dimension("USAGE_TYPE", INPUT)
    by = ("TAG", "team"), USAGE_TYPE
    both = {("team$search", INPUT), ("team$search", OUTPUT)}
    rest = {("team$", INPUT), ("team$", OUTPUT)}
    for expression, found in (
        (tagged, both),
        (untagged, rest),
        ({"Not": tagged}, rest),
        ({"And": [tagged, of_input]}, {("team$search", INPUT)}),
        ({"Or": [tagged, of_input]}, {*both, ("team$", INPUT)}),
        ({"And": [{"Not": tagged}, {"Or": [of_input, untagged]}]}, rest),
        (dimension("RECORD_TYPE", "Credit", "Tax"), set()),
        (dimension("LINKED_ACCOUNT", "111122223333"), both | rest),
        (dimension("SERVICE", "bedrock", MatchOptions=["ENDS_WITH", "CASE_INSENSITIVE"]), {1}),
        (dimension("USAGE_TYPE", "-output-", MatchOptions=["CONTAINS"]), {2}),
    ):
        groups = aws.groups(*by, Filter=expression).keys()
        wanted: Any = {1: both | rest, 2: {k for k in both | rest if k[1] == OUTPUT}}
        (one, *more) = found or {None}
        assert groups == (wanted[one] if one in wanted and not more else found), expression


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"Metrics": ["Dollars"]}, "Metrics must be of"),
        ({"TimePeriod": {"Start": "2026-11-02", "End": "2026-11-02"}}, "before end date"),
        ({"TimePeriod": {"Start": "today", "End": "2026-11-02"}}, "regular expression"),
        ({"TimePeriod": {"Start": "2026-11-02", "End": "9999-12-31"}}, "too far ahead"),
        ({"Granularity": "WEEKLY"}, r"enum value set: \[DAILY, MONTHLY, HOURLY\]"),
        ({"GroupBy": [{"Type": "TAG", "Key": k} for k in "abc"]}, "at most 2"),
        ({"GroupBy": [{"Type": "DIMENSION", "Key": "TENANCY"}]}, "TENANCY"),
        ({"GroupBy": [{"Type": "PRODUCT_ATTRIBUTE", "Key": "Model"}]}, "they are provider, model"),
        ({"Filter": {}}, "exactly one"),
        ({"Filter": {"And": [dimension("SERVICE", "x")]}}, "at least two"),
        ({"Filter": dimension("SERVICE")}, "must not be empty"),
        ({"NextPageToken": "made up"}, "not one that was given out"),
        ({"TimePeriod": {"Start": "2020-01-01", "End": "2020-01-02"}}, "no data before"),
        ({"BillingViewArn": "arn:aws:billing::999922223333:billingview/primary"}, "not exist"),
    ],
)
def test_requests_that_cannot_be_served(aws: Asking, change: dict[str, Any], message: str) -> None:
    with pytest.raises(ClientError, match=message):
        aws.costs(**{"TimePeriod": period(aws.today()), **change})


def test_pages(aws: Asking) -> None:
    """Three projects on fourteen days have more groups than a page takes."""
    projects = [aws.emulator.project(team=name) for name in ("a", "b", "c")]
    call(aws, projects[0])
    activated(aws, "team")
    for _ in range(14):
        for project in projects:
            call(aws, project)
        aws.forward(DAY_S)
    aws.checked.clear()
    groups = aws.costs(("TAG", "team"), USAGE_TYPE)
    assert aws.checked == ["GetCostAndUsage"] * 2
    assert sum(len(each["Groups"]) for each in groups) == 14 * 6
    request = {
        "TimePeriod": period(aws.today()),
        "Granularity": "DAILY",
        "Metrics": ["UnblendedCost"],
        "GroupBy": [{"Type": "TAG", "Key": "team"}, {"Type": "DIMENSION", "Key": "USAGE_TYPE"}],
    }
    token = aws.ce.get_cost_and_usage(**request)["NextPageToken"]
    with pytest.raises(ClientError) as refused:
        aws.ce.get_cost_and_usage(**{**request, "Metrics": ["BlendedCost"]}, NextPageToken=token)
    assert refusal(refused) == ("RequestChangedException", 400)


def test_a_period_is_estimated_until_its_month_is_final(aws: Asking) -> None:
    day = dt.date.fromisoformat(call(aws)["time"][:10])
    asked = {"Start": day.isoformat(), "End": (day + dt.timedelta(days=1)).isoformat()}
    aws.forward(DAY_S)
    assert [each["Estimated"] for each in aws.costs(TimePeriod=asked)] == [True]
    aws.forward(36 * DAY_S)
    assert [each["Estimated"] for each in aws.costs(TimePeriod=asked)] == [False]


def test_faults_that_name_the_operation(aws: Asking) -> None:
    aws.emulator.fault("status", api="GetTags", status=400, code="ThrottlingException")
    aws.emulator.fault("status", status=503)  # names none: it waits for inference
    assert aws.costs() != []
    with pytest.raises(ClientError) as refused:
        aws.ce.get_tags(TimePeriod=period(aws.today()))
    assert refusal(refused) == ("ThrottlingException", 400)
    assert aws.ce.get_tags(TimePeriod=period(aws.today()))["Tags"] == []
    assert aws.emulator.bearer("POST", "/v1/chat/completions", aws.emulator.chat()).status == 503


def test_who_may_ask(aws: Asking) -> None:
    for options, code in (
        ({"aws_secret_access_key": "wrong"}, "InvalidSignatureException"),
        ({"aws_access_key_id": "AKIAUNKNOWN"}, "UnrecognizedClientException"),
    ):
        stranger = Asking(aws.emulator)
        client = stranger.client("ce")
        credentials = client._request_signer._credentials
        credentials.access_key = options.get("aws_access_key_id", credentials.access_key)
        credentials.secret_key = options.get("aws_secret_access_key", credentials.secret_key)
        with pytest.raises(ClientError) as refused:
            client.get_tags(TimePeriod=period(aws.today()))
        assert refusal(refused) == (code, 403)
    target = {"X-Amz-Target": "AWSInsightsIndexService.GetTags"}
    unsigned = aws.emulator.plain("POST", "/", {}, target)
    assert unsigned.json["__type"] == "MissingAuthenticationTokenException"
    bearer = aws.emulator.plain("POST", "/", {}, {**target, "Authorization": "Bearer ABSKEXAMPLE"})
    assert bearer.json["__type"] == "UnrecognizedClientException"
    unknown = aws.emulator.plain("POST", "/", {}, {"X-Amz-Target": "AWSInsightsIndexService.Go"})
    assert unknown.json["__type"] == "UnknownOperationException"
