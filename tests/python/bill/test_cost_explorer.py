"""Cost Explorer, asked by boto3 as it is, and its answers as lines of a bill."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import boto3  # type: ignore[import-untyped,unused-ignore]
import pytest

from bill.making import ACCOUNT, DAYS, MODELS, MONTH, OSS, PRICES, SOL, charges_of, ledger_of
from bill.serving import serving
from costmark.bill import BillLine, Window, reconcile
from costmark.bill.cost_explorer import Session, answer_of, fetch
from costmark.errors import ConfigurationError, ServiceError

TAG = "costmark_project"
SOL_EDITION = "OpenAI GPT-5.6 Sol (Amazon Bedrock Edition)"
SOL_TYPES = {
    "input": "USE1-MP:USE1_input_tokens_standard-Units",
    "cached": "USE1-MP:USE1_CacheReadInputTokenCount-Units",
    "cache_write": "USE1-MP:USE1_CacheWrite30mInputTokenCount-Units",
    "output": "USE1-MP:USE1_output_tokens_standard-Units",
}


class CostExplorer:
    """Answers from lines of a bill, a few groups a page."""

    def __init__(self, lines: list[BillLine]) -> None:
        self.lines = lines
        self.requests: list[dict[str, Any]] = []
        self.page = 3
        self.loops = False

    def answer(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        self.requests.append(request)
        if operation == "GetDimensionValues":
            names = {line.service for line in self.lines}
            values = [{"Value": each, "Attributes": {}} for each in sorted(names)]
            return {"DimensionValues": values, "ReturnSize": len(values), "TotalSize": len(values)}
        assert operation == "GetCostAndUsage"
        groups = self._groups(request)
        begin = int(request.get("NextPageToken", "0"))
        shown = groups[begin : begin + self.page]
        found: dict[str, Any] = {
            "GroupDefinitions": request["GroupBy"],
            "ResultsByTime": [self._result(*group) for group in shown],
        }
        if self.loops:
            found["NextPageToken"] = "1"
        elif begin + self.page < len(groups):
            found["NextPageToken"] = str(begin + self.page)
        return found

    def _groups(self, request: dict[str, Any]) -> list[tuple[str, list[str], BillLine]]:
        period = request["TimePeriod"]
        groups: dict[tuple[str, ...], BillLine] = {}
        for line in self.lines:
            day = line.day.isoformat()
            if not period["Start"] <= day < period["End"] or not fits(line, request["Filter"]):
                continue
            keys = (day, *(key_of(line, each) for each in request["GroupBy"]))
            known = groups.get(keys, replace(line, quantity=Fraction(0), cost=Fraction(0)))
            groups[keys] = replace(
                known, quantity=known.quantity + line.quantity, cost=known.cost + line.cost
            )
        return [(keys[0], list(keys[1:]), line) for keys, line in sorted(groups.items())]

    def _result(self, day: str, keys: list[str], line: BillLine) -> dict[str, Any]:
        metrics = {
            "UnblendedCost": {"Amount": decimal(line.cost), "Unit": line.currency},
            "UsageQuantity": {"Amount": decimal(line.quantity), "Unit": line.unit},
        }
        return {
            "TimePeriod": {"Start": day, "End": day},
            "Total": {},
            "Groups": [{"Keys": keys, "Metrics": metrics}],
            "Estimated": day == DAYS[2].isoformat(),
        }


def decimal(number: Fraction) -> str:
    digits = f"{abs(number.numerator) * 10**12 // number.denominator:013}"
    return f"{'-' if number < 0 else ''}{digits[:-12]}.{digits[-12:]}"


def key_of(line: BillLine, group: dict[str, str]) -> str:
    if group["Type"] == "TAG":
        return f"{group['Key']}${line.tag}"
    names = {"USAGE_TYPE": "usage_type", "SERVICE": "service", "RECORD_TYPE": "record_type"}
    return str(getattr(line, names[group["Key"]]))


def fits(line: BillLine, condition: dict[str, Any]) -> bool:
    if "And" in condition:
        return all(fits(line, each) for each in condition["And"])
    if "Not" in condition:
        return not fits(line, condition["Not"])
    names = {"RECORD_TYPE": "record_type", "SERVICE": "service", "LINKED_ACCOUNT": "account"}
    wanted = condition["Dimensions"]
    return getattr(line, names[wanted["Key"]]) in wanted["Values"]


def session_of(url: str, most_calls: int = 100) -> Session:
    client = boto3.client(
        "ce",
        region_name="us-east-1",
        endpoint_url=url,
        aws_access_key_id="AKIDEXAMPLE",
        aws_secret_access_key="secret",
    )
    return Session(client, most_calls)


LEDGER = ledger_of(range(3), [0, 1], [MODELS.index(OSS), MODELS.index(SOL)])


def bill() -> list[BillLine]:
    lines = []
    for charge in charges_of(LEDGER):
        line = charge.line(service="Amazon Bedrock")
        if charge.model == SOL:
            line = replace(
                line,
                service=SOL_EDITION,
                usage_type=SOL_TYPES[charge.kind],
                quantity=line.quantity / 1000,
                unit="1M tokens",
            )
        lines.append(line)
    other = replace(lines[0], usage_type="", quantity=Fraction(0), unit="N/A", tag="")
    lines.append(replace(other, record_type="Tax", cost=Fraction("2.5")))
    lines.append(replace(other, record_type="Credit", cost=Fraction(-1)))
    return lines


def test_what_boto3_fetches_adds_up() -> None:
    explorer = CostExplorer(bill())
    with serving(explorer) as url:
        answer = fetch(session_of(url), MONTH, TAG, [ACCOUNT])
    result = reconcile(LEDGER, answer.lines, PRICES, MONTH)
    assert result.causes == []
    assert result.residual_absolute == 0
    assert result.bars == {"credits": -(10**12), "tax": 5 * 10**12 // 2}
    assert answer.is_estimated
    assert answer.calls == len(explorer.requests) > 10  # every page is one
    costs = [request for request in explorer.requests if "Granularity" in request]
    assert all(len(request["GroupBy"]) == 2 for request in costs)
    assert {request["TimePeriod"]["End"] for request in costs} == {"2026-12-01"}  # exclusive


def test_accounts_that_are_not_told_apart_are_summed_over() -> None:
    with serving(CostExplorer(bill())) as url:
        answer = fetch(session_of(url), Window(DAYS[0], DAYS[1]), TAG)
    result = reconcile(LEDGER, answer.lines, PRICES, Window(DAYS[0], DAYS[1]))
    assert result.causes == []
    assert (OSS, "account") in [(each.model, each.field) for each in result.coarsened]


def test_a_bill_without_projects_is_asked_for_models() -> None:
    explorer = CostExplorer(bill())
    with serving(explorer) as url:
        answer = fetch(session_of(url), MONTH, None)
    assert {line.tag for line in answer.lines} == {None}
    assert reconcile(LEDGER, answer.lines, PRICES, MONTH, grain="model").causes == []
    usage = [r for r in explorer.requests if "Granularity" in r and "Not" not in str(r["Filter"])]
    assert all(len(request["GroupBy"]) == 1 for request in usage)


def test_calls_have_a_limit() -> None:
    explorer = CostExplorer(bill())
    with (
        serving(explorer) as url,
        pytest.raises(ConfigurationError, match="asked 4 times, as many as --max-calls"),
    ):
        fetch(session_of(url, 4), MONTH, TAG)
    assert len(explorer.requests) == 4


def test_a_page_that_names_itself_ends() -> None:
    explorer = CostExplorer(bill())
    explorer.loops = True
    with serving(explorer) as url, pytest.raises(ServiceError, match="the same page came again"):
        fetch(session_of(url), MONTH, TAG)


def group(key: str, cost: str = "0.0007155") -> dict[str, Any]:
    usage_type = "USE1-openai.gpt-oss-120b-mantle-input-tokens-standard"
    return {
        "Keys": [key, usage_type],
        "Metrics": {
            "UnblendedCost": {"Amount": cost, "Unit": "USD"},
            "UsageQuantity": {"Amount": "4.77", "Unit": "1K tokens"},
        },
    }


def page(*groups: dict[str, Any], estimated: bool = False) -> dict[str, Any]:
    period = {"Start": "2026-11-01", "End": "2026-11-02"}
    result = {"TimePeriod": period, "Total": {}, "Groups": list(groups), "Estimated": estimated}
    return {"ResultsByTime": [result]}


def test_groups_without_a_value_are_untagged() -> None:
    pages = [page(group(f"{TAG}$team-a"), group(f"{TAG}$")), page(group(f"{TAG}$a$b"))]
    answer = answer_of(pages, service="Amazon Bedrock", tag=TAG)
    assert [line.tag for line in answer.lines] == ["team-a", "", "a$b"]
    assert {(line.day, line.quantity, line.cost) for line in answer.lines} == {
        (DAYS[0], Fraction("4.77"), Fraction("0.0007155"))
    }
    assert not answer.is_estimated
    assert answer_of([page(estimated=True)], tag=TAG).is_estimated


def test_a_group_of_another_tag_is_an_error() -> None:
    with pytest.raises(ServiceError, match=r"'team\$search'"):
        answer_of([page(group("team$search"))], tag=TAG)
