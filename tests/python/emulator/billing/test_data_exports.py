"""Exports that boto3's `bcm-data-exports` defines, and the files of their deliveries."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError  # type: ignore[import-untyped,unused-ignore]

from emulator.billing.asking import DAY_S, Asking
from emulator.billing.test_cost_explorer import INPUT, OUTPUT, activated, call, usd
from emulator.support import Emulator

if TYPE_CHECKING:
    from collections.abc import Iterator

duckdb = pytest.importorskip("duckdb")

COLUMNS = (
    "line_item_usage_start_date, line_item_usage_type, line_item_usage_amount, "
    "line_item_unblended_cost, tags, resource_tags, bill_invoice_id"
)


@pytest.fixture(scope="module")
def exporting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Asking, Path]]:
    folder = tmp_path_factory.mktemp("exports")
    emulator = Emulator("--exports", str(folder))
    yield Asking(emulator), folder / "bills"
    emulator.stop()


@pytest.fixture
def bucket(exporting: tuple[Asking, Path]) -> tuple[Asking, Path]:
    aws, root = exporting
    assert aws.emulator.plain("POST", "/_emulator/reset").status == 204
    shutil.rmtree(root, ignore_errors=True)
    return exporting


def definition(**changes: Any) -> dict[str, Any]:
    query = changes.pop("query", f"SELECT {COLUMNS} FROM COST_AND_USAGE_REPORT")
    output = {
        "OutputType": "CUSTOM",
        "Format": "PARQUET",
        "Compression": "PARQUET",
        "Overwrite": "OVERWRITE_REPORT",
    }
    return {
        "Name": changes.pop("name", "bill"),
        "DataQuery": {"QueryStatement": query},
        "DestinationConfigurations": {
            "S3Destination": {
                "S3Bucket": "bills",
                "S3Prefix": changes.pop("prefix", "costs"),
                "S3Region": "us-east-1",
                "S3OutputConfigurations": {**output, **changes},
            }
        },
        "RefreshCadence": {"Frequency": "SYNCHRONOUS"},
    }


def deliver(aws: Asking) -> list[Path]:
    return [Path(path) for path in aws.emulator.control("POST", "/_emulator/exports", {}).json]


def rows(path: Path) -> list[dict[str, Any]]:
    with duckdb.connect() as database:
        found = database.execute(f"SELECT * FROM read_parquet('{path}')")
        names = [each[0] for each in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def test_a_delivery_has_the_bill_so_far(bucket: tuple[Asking, Path]) -> None:
    aws, root = bucket
    project = aws.emulator.project(**{"Cost Center": "7"})
    call(aws, project)
    activated(aws, "Cost Center")
    used = call(aws, project)
    client = aws.client("bcm-data-exports")
    arn = client.create_export(Export=definition())["ExportArn"]
    aws.forward(DAY_S)
    month = used["time"][:7]
    (manifest,) = [path for path in deliver(aws) if month in str(path)]
    folder = root / "costs/bill"
    assert manifest == folder / f"metadata/BILLING_PERIOD={month}/bill-Manifest.json"
    content = json.loads(manifest.read_text())
    name = f"data/BILLING_PERIOD={month}/bill-00001.snappy.parquet"
    assert content["dataFiles"] == [f"s3://bills/costs/bill/{name}"]
    assert content["exportArn"] == arn
    found = [row for row in rows(folder / name) if row["tags"]]
    assert [row["line_item_usage_type"] for row in found] == [INPUT, OUTPUT]
    assert found[0]["tags"] == {"resourceTags/Cost Center": "7"}
    assert found[0]["resource_tags"] == {"user_cost_center": "7"}
    assert found[0]["line_item_usage_start_date"] == dt.datetime.fromisoformat(
        used["time"][:13] + ":00:00"
    )
    assert found[0]["line_item_unblended_cost"] == float(usd(used["input_tokens"], "0.07"))
    assert found[0]["bill_invoice_id"] == ""
    aws.forward(40 * DAY_S)
    deliver(aws)
    assert {row["bill_invoice_id"] for row in rows(folder / name)} == {
        f"EMULATOR-{month.replace('-', '')}"
    }


def test_new_deliveries_lie_beside_old_ones_where_that_was_asked(
    bucket: tuple[Asking, Path],
) -> None:
    aws, _ = bucket
    call(aws)
    aws.client("bcm-data-exports").create_export(Export=definition(Overwrite="CREATE_NEW_REPORT"))
    aws.forward(2 * DAY_S)
    (first,), (second,) = deliver(aws), deliver(aws)
    assert first != second
    assert first.parent.parent == second.parent.parent


def test_csv_and_focus(bucket: tuple[Asking, Path]) -> None:
    aws, root = bucket
    call(aws)
    columns = "ChargePeriodStart, ChargeCategory, x_UsageType, BilledCost, Tags"
    aws.client("bcm-data-exports").create_export(
        Export=definition(
            query=f"SELECT {columns} FROM FOCUS_1_0_AWS",
            Format="TEXT_OR_CSV",
            Compression="GZIP",
        )
    )
    aws.forward(2 * DAY_S)
    deliver(aws)
    (file,) = root.rglob("*.csv.gz")
    with gzip.open(file, "rt") as lines:
        (first, _) = csv.DictReader(lines)
    assert first["x_UsageType"] == INPUT
    assert first["Tags"] == "{}"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"query": "SELECT * FROM COST_AND_USAGE_REPORT"}, "has no column *"),
        ({"query": "SELECT x_UsageType FROM FOCUS_1_2_AWS"}, "no column x_UsageType"),
        ({"query": "SELECT a FROM b"}, "one of COST_AND_USAGE_REPORT, FOCUS_1_0_AWS"),
        ({"query": "DROP TABLE b"}, "must be a SELECT"),
        ({"prefix": "../../etc"}, "not a bucket, or a prefix"),
        ({"prefix": "/etc"}, "not a bucket, or a prefix"),
        ({"Compression": "GZIP"}, "PARQUET for PARQUET"),
        ({"Format": "ORC"}, "enum value set"),
    ],
)
def test_definitions_that_are_refused(
    bucket: tuple[Asking, Path], change: dict[str, str], message: str
) -> None:
    aws, root = bucket
    with pytest.raises(ClientError) as refused:
        aws.client("bcm-data-exports").create_export(Export=definition(**change))
    assert message in str(refused.value)
    assert not root.exists()


def test_two_exports_have_two_names(bucket: tuple[Asking, Path]) -> None:
    client = bucket[0].client("bcm-data-exports")
    client.create_export(Export=definition())
    with pytest.raises(ClientError, match="an export bill already"):
        client.create_export(Export=definition())


def test_without_a_folder_there_are_no_exports(aws: Asking) -> None:
    with pytest.raises(ClientError, match="--exports FOLDER"):
        aws.client("bcm-data-exports").create_export(Export=definition())
    assert deliver(aws) == []
