"""Calls by the official client, a clock that goes forward, and the bill that AWS would show.

Nothing here stands in for anything: costmark attributes and signs the calls, the emulator bills
them by rates of its own, and boto3 asks for that bill.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import costmark
from cli.billing import DAY_S, OSS, Billed, billed, use_credentials
from costmark.cli.main import main
from harness import ACCESS_KEY_ID, SECRET_ACCESS_KEY

boto3 = pytest.importorskip("boto3")
httpx: Any = pytest.importorskip("httpx")
openai: Any = pytest.importorskip("openai")
pytest.importorskip("duckdb")

MANTLE = "bedrock-mantle.us-east-1.api.aws"
TERRA = "openai.gpt-5.6-terra"
KEY = "costmark_project"


class Redirected(httpx.HTTPTransport):  # type: ignore[misc]
    """A network in which the emulator has the address of Bedrock."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._target = httpx.URL(url)

    def handle_request(self, request: Any) -> Any:
        assert request.headers["host"] == MANTLE
        request.url = request.url.copy_with(
            scheme="http", host=self._target.host, port=self._target.port
        )
        return super().handle_request(request)


class Story:
    """A ledger of calls to two projects, and an emulator that has the same ones to bill."""

    def __init__(self, aws: Billed, folder: Path, exports: Path) -> None:
        self.aws = aws
        self.folder = folder
        self.exports = exports
        self.projects = {name: aws.project(name, costmark_project=name) for name in ("shop", "lab")}
        self.day = aws.today()

    def call(self, text: str, project: str | None, model: str = OSS) -> None:
        """A call through costmark."""
        tags = "; ".join(f"{id_}: {KEY}={name}" for name, id_ in self.projects.items())
        http_client = httpx.Client(transport=Redirected(self.aws.url))
        path = "/openai/v1" if model == TERRA else "/v1"
        named: dict[str, Any] = {} if project is None else {"project": self.projects[project]}
        with costmark.wrap(
            openai.OpenAI(
                base_url=f"https://{MANTLE}{path}", api_key="unused", http_client=http_client
            ),
            auth="sigv4",
            credentials=costmark.Credentials(ACCESS_KEY_ID, SECRET_ACCESS_KEY),
            ledger=str(self.folder / "ledger"),
            tags=tags,
            unattributed="allow",
            **named,
        ) as client:
            client.chat.completions.create(
                model=model, messages=[{"role": "user", "content": text}]
            )

    def billed(self) -> None:
        """Let the bill come, with the tags on it: by a backfill, as the calls are past by then."""
        if self.aws.today() != self.day:
            pytest.skip("midnight came in between")
        month = ("--since", f"{self.day:%Y-%m}", "--yes")
        for part in ("activate", "backfill"):
            self.aws.forward(DAY_S)
            more = month if part == "backfill" else ()
            assert main(["tags", part, *more, *self.aws.asked]) == 0
        self.aws.forward(DAY_S)

    def reconcile(self, against: str, *more: str) -> int:
        until = self.day + dt.timedelta(days=1)
        period = ("--since", str(self.day), "--until", str(until))
        ledger = ("--ledger", str(self.folder / "ledger"))
        asked = ("--against", against, *ledger, *period, *more, *self.aws.asked)
        return main(["reconcile", *asked])

    def result(self, capsys: pytest.CaptureFixture[str], against: str, *more: str) -> Any:
        capsys.readouterr()
        assert self.reconcile(against, "--format", "json", *more) == 0
        return json.loads(capsys.readouterr().out)


@pytest.fixture
def story(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Story]:
    use_credentials(monkeypatch)
    exports = tmp_path / "exports"
    with billed("--exports", str(exports)) as aws:
        yield Story(aws, tmp_path, exports)


def calls(story: Story) -> None:
    for number in range(3):
        story.call(f"Where is parcel {number}?", "shop")
        story.call(f"Why is the sky blue {'so ' * number}often?", "lab", TERRA)
    story.call("Who pays for this?", None)


def export(story: Story, table: str, *columns: str) -> Path:
    """Define an export with boto3, and let it be delivered."""
    client = boto3.client("bcm-data-exports", endpoint_url=story.aws.url, region_name="us-east-1")
    output = {
        "OutputType": "CUSTOM",
        "Format": "PARQUET",
        "Compression": "PARQUET",
        "Overwrite": "OVERWRITE_REPORT",
    }
    destination = {"S3Bucket": "bills", "S3Prefix": "x", "S3Region": "us-east-1"}
    definition = {
        "Name": table,
        "DataQuery": {"QueryStatement": f"SELECT {', '.join(columns)} FROM {table}"},
        "DestinationConfigurations": {
            "S3Destination": {**destination, "S3OutputConfigurations": output}
        },
        "RefreshCadence": {"Frequency": "SYNCHRONOUS"},
    }
    client.create_export(Export=definition)
    story.aws.emulator.fetch("/_emulator/exports", {})
    return story.exports / "bills/x" / table


CUR = (
    *("line_item_usage_start_date", "line_item_line_item_type", "line_item_usage_type"),
    *("line_item_usage_amount", "pricing_unit", "line_item_unblended_cost"),
    *("line_item_currency_code", "line_item_product_code", "line_item_usage_account_id"),
    *("product", "product_region_code", "bill_invoice_id"),
)
FOCUS = (
    *("ChargePeriodStart", "ChargeCategory", "PricingQuantity", "PricingUnit", "BilledCost"),
    *("BillingCurrency", "x_ServiceCode", "ServiceName", "SubAccountId", "RegionId", "x_UsageType"),
    "Tags",
)


def check_agreement(found: Any) -> None:
    assert found["headline"].startswith("Ledger and bill agree: $")
    assert found["causes"] == []
    assert found["residual"]["absolute"]["pico"] == "0"
    assert found["usage"]["pico"] == found["ledger"]["pico"] != "0"


def test_ledger_and_bill_agree(story: Story, capsys: pytest.CaptureFixture[str]) -> None:
    calls(story)
    story.billed()
    check_agreement(story.result(capsys, "cost-explorer", "--tolerance", "0", "--exit-code"))
    account = ("--account", "111122223333")
    check_agreement(story.result(capsys, "cost-explorer", *account))
    folder = export(story, "COST_AND_USAGE_REPORT", *CUR, "tags")
    check_agreement(story.result(capsys, f"cur:{folder}"))
    story.aws.emulator.fetch("/_emulator/exports", {})  # a month that is delivered again
    check_agreement(story.result(capsys, f"cur:{folder}"))
    check_agreement(story.result(capsys, f"cur:{export(story, 'FOCUS_1_0_AWS', *FOCUS)}"))


def test_cloudwatch_has_the_same_calls_and_tokens(
    story: Story, capsys: pytest.CaptureFixture[str]
) -> None:
    calls(story)
    assert story.reconcile("cloudwatch", "--exit-code") == 3  # not yet
    story.aws.forward(120)
    assert story.reconcile("cloudwatch", "--exit-code") == 0
    story.aws.call(story.projects["shop"])
    story.aws.forward(120)
    assert story.reconcile("cloudwatch", "--exit-code") == 3
    assert story.projects["shop"] in capsys.readouterr().out


def test_where_the_difference_is(story: Story, capsys: pytest.CaptureFixture[str]) -> None:
    """Somebody calls under the project of the shop, past costmark."""
    calls(story)
    record = story.aws.call(story.projects["shop"])
    story.billed()
    cost = 150_000 * record["input_tokens"] + 600_000 * record["output_tokens"]
    found = story.result(capsys, "cost-explorer")
    assert [(each["name"], each["pico"]) for each in found["causes"]] == [
        ("other clients", str(cost))
    ]
    tags = {detail["key"]["tag"] for detail in found["causes"][0]["details"]}
    assert tags == {"shop"}
    assert found["residual"]["absolute"]["pico"] == "0"
    assert story.reconcile("cost-explorer", "--tolerance", "0", "--exit-code") == 0


def test_calls_past_costmark_that_name_no_project(
    story: Story, capsys: pytest.CaptureFixture[str]
) -> None:
    calls(story)
    story.aws.call()
    story.billed()
    (cause,) = story.result(capsys, "cost-explorer")["causes"]
    assert cause["name"] == "default or untagged"


def test_a_tag_that_was_not_activated(story: Story, capsys: pytest.CaptureFixture[str]) -> None:
    """Its spend is on the bill, and under no project: that is said, and models can be compared."""
    story.call("Where is my parcel?", "shop")
    story.aws.forward(2 * DAY_S)
    assert story.reconcile("cost-explorer") == 1
    assert "is the tag activated in Billing" in capsys.readouterr().err
    check_agreement(story.result(capsys, "cost-explorer", "--grain", "model"))


def test_a_bill_that_has_not_come_yet(story: Story, capsys: pytest.CaptureFixture[str]) -> None:
    story.call("Where is my parcel?", "shop")
    found = story.result(capsys, "cost-explorer")
    assert [each["name"] for each in found["causes"]] == ["not billed yet"]


def test_faults(story: Story, capsys: pytest.CaptureFixture[str]) -> None:
    calls(story)
    story.billed()
    fault = {"api": "GetCostAndUsage", "status": 400}
    story.aws.emulator.fault("status", **fault, code="ThrottlingException")
    assert story.reconcile("cost-explorer") == 1
    assert "ThrottlingException" in capsys.readouterr().err
    story.aws.emulator.fault("status", **fault, code="AccessDeniedException")
    assert story.reconcile("cost-explorer") == 1
    assert "--policy-name costmark-reconcile" in capsys.readouterr().err
    folder = export(story, "COST_AND_USAGE_REPORT", *(c for c in CUR if c != "pricing_unit"))
    assert story.reconcile(f"cur:{folder}") == 1
    assert "no column pricing_unit" in capsys.readouterr().err
    folder = export(story, "FOCUS_1_2_AWS", *(c for c in FOCUS if c != "x_UsageType"))
    assert story.reconcile(f"cur:{folder}") == 1
    assert "names no usage types" in capsys.readouterr().err
