"""Exports as AWS writes them: columns, maps, folders and manifests."""

from __future__ import annotations

import csv
import gzip
import json
from typing import TYPE_CHECKING, Any

import duckdb

from costmark.ledger.parts import exactly

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from costmark.bill import BillLine

MAP = "MAP(VARCHAR, VARCHAR)"
TYPES = {
    "bill_invoice_id": "VARCHAR",
    "bill_payer_account_id": "VARCHAR",
    "line_item_usage_start_date": "TIMESTAMP",
    "line_item_line_item_type": "VARCHAR",
    "line_item_usage_type": "VARCHAR",
    "line_item_usage_amount": "DOUBLE",
    "pricing_unit": "VARCHAR",
    "line_item_unblended_cost": "DOUBLE",
    "line_item_currency_code": "VARCHAR",
    "line_item_product_code": "VARCHAR",
    "line_item_usage_account_id": "VARCHAR",
    "line_item_operation": "VARCHAR",
    "product": MAP,
    "product_region_code": "VARCHAR",
    "resource_tags": MAP,
    "tags": MAP,
}
FOCUS_TYPES = {
    "ChargePeriodStart": "TIMESTAMP",
    "ChargeCategory": "VARCHAR",
    "x_UsageType": "VARCHAR",
    "PricingQuantity": "DOUBLE",
    "PricingUnit": "VARCHAR",
    "BilledCost": "DOUBLE",
    "BillingCurrency": "VARCHAR",
    "x_ServiceCode": "VARCHAR",
    "ServiceName": "VARCHAR",
    "SubAccountId": "VARCHAR",
    "RegionId": "VARCHAR",
    "Tags": MAP,
}


def row_of(line: BillLine, hour: int = 7, **changes: Any) -> dict[str, Any]:
    """A row of CUR 2.0."""
    return {
        "bill_invoice_id": "",
        "line_item_usage_start_date": f"{line.day} {hour:02}:00:00",
        "line_item_line_item_type": line.record_type,
        "line_item_usage_type": line.usage_type,
        "line_item_usage_amount": float(line.quantity),
        "pricing_unit": line.unit,
        "line_item_unblended_cost": float(line.cost),
        "line_item_currency_code": line.currency,
        "line_item_product_code": "AmazonBedrock",
        "line_item_usage_account_id": line.account or "",
        "line_item_operation": "CreateInference",
        "product": {"product_name": line.product or "Amazon Bedrock"},
        "product_region_code": "us-east-1",
        "resource_tags": {"user_costmark_project": line.tag} if line.tag else {},
        "tags": {"resourceTags/costmark_project": line.tag} if line.tag else {},
        **changes,
    }


def focus_row_of(line: BillLine, hour: int = 7) -> dict[str, Any]:
    """The same line in FOCUS 1.0."""
    return {
        "ChargePeriodStart": f"{line.day} {hour:02}:00:00",
        "ChargeCategory": line.record_type,
        "x_UsageType": line.usage_type,
        "PricingQuantity": float(line.quantity),
        "PricingUnit": line.unit,
        "BilledCost": float(line.cost),
        "BillingCurrency": line.currency,
        "x_ServiceCode": "AmazonBedrock",
        "ServiceName": line.product or "Amazon Bedrock",
        "SubAccountId": line.account or "",
        "RegionId": "us-east-1",
        "Tags": {"user:costmark_project": line.tag} if line.tag else {},
    }


def without(rows: list[dict[str, Any]], *names: str) -> list[dict[str, Any]]:
    return [{k: v for k, v in row.items() if k not in names} for row in rows]


def write_csv(path: Path, rows: list[dict[str, Any]]) -> Path:
    """Maps are JSON texts there; ``.gz`` is compressed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(path, "wt") if path.suffix == ".gz" else path.open("w") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        for row in rows:
            writer.writerow(
                {k: json.dumps(v) if isinstance(v, dict) else v for k, v in row.items()}
            )
    return path


def write_parquet(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    types = {**TYPES, **FOCUS_TYPES}
    names = list(rows[0])
    columns = ", ".join(f"'{name}': '{types[name]}'" for name in names)
    lines = path.with_suffix(".jsonl")
    lines.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with duckdb.connect() as database:
        database.execute(
            f"COPY (SELECT * FROM read_json('{exactly(lines)}', format = 'newline_delimited', "
            f"columns = {{{columns}}})) TO '{path}' (FORMAT parquet)"
        )
    lines.unlink()
    return path


def write_manifest(
    root: Path, period: str, files: Iterable[Path], execution: str = "e1", folder: str = ""
) -> Path:
    """The manifest of one execution of an export that lies in a bucket."""
    path = root / "metadata" / f"BILLING_PERIOD={period}" / folder / "bill-Manifest.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    names = [f"s3://bucket/some/prefix/bill/{file.relative_to(root).as_posix()}" for file in files]
    path.write_text(json.dumps({"executionId": execution, "dataFiles": names}))
    return path
