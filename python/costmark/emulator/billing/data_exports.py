"""Data Exports: what is to be exported, and the files that a delivery writes.

A folder of the machine stands in for the buckets, each of which is a folder below it.
"""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import json
import re
import tempfile
import uuid
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .aws_json import Answer, Asked, BillingError, Service, invalid
from .charges import DAY_S
from .cost_explorer import FINAL_AFTER_DAYS
from .tables import TABLES, Column, Line

if TYPE_CHECKING:
    from .account import Account

_QUERY = re.compile(r"\s*SELECT\s+(?P<columns>.+?)\s+FROM\s+(?P<table>\w+)\s*;?\s*", re.I | re.S)
_SAFE = re.compile(r"[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*")


@dataclass(frozen=True)
class Export:
    """A definition that was accepted."""

    name: str
    arn: str
    bucket: str
    prefix: str
    is_parquet: bool
    overwrites: bool
    columns: Mapping[str, Column]

    def folder(self, root: Path) -> Path:
        """Where its files lie."""
        return root / self.bucket / self.prefix / self.name


def create_export(account: Account, asked: Asked) -> Answer:
    """CreateExport: the columns are named, since there is no `SELECT *`."""
    if account.settings.exports is None:
        raise BillingError(
            "ValidationException",
            "The emulator has no folder for exports; start it with --exports FOLDER.",
        )
    definition = asked["Export"]
    destination = definition["DestinationConfigurations"]["S3Destination"]
    output = destination["S3OutputConfigurations"]
    name = definition["Name"]
    if any(each.name == name for each in account.exports):
        raise invalid(f"There is an export {name} already.")
    place = destination["S3Bucket"], destination["S3Prefix"]
    for text in place:
        if not _SAFE.fullmatch(text) or ".." in text:
            raise invalid(f"{text!r} is not a bucket, or a prefix, that exports can go to.")
    settings = account.settings
    export = Export(
        name=name,
        arn=f"arn:{settings.partition}:bcm-data-exports:us-east-1:{settings.account}:export/"
        f"{name}-{uuid.uuid4()}",
        bucket=place[0],
        prefix=place[1],
        is_parquet=output["Format"] == "PARQUET",
        overwrites=output["Overwrite"] == "OVERWRITE_REPORT",
        columns=_columns(definition["DataQuery"]["QueryStatement"]),
    )
    if (output["Compression"] == "PARQUET") != export.is_parquet or output["Compression"] == "ZIP":
        raise invalid("The compression is PARQUET for PARQUET, and GZIP for TEXT_OR_CSV.")
    account.exports.append(export)
    return {"ExportArn": export.arn}


def _columns(query: str) -> dict[str, Column]:
    match = _QUERY.fullmatch(query)
    table = TABLES.get(match["table"].upper()) if match else None
    if match is None or table is None:
        tables = ", ".join(TABLES)
        raise invalid(f"The query must be a SELECT of columns of one of {tables}.")
    names = [name.strip() for name in match["columns"].split(",")]
    unknown = [name for name in names if name not in table]
    if unknown:
        raise invalid(f"{match['table']} has no column {', '.join(unknown)}.")
    return {name: table[name] for name in names}


def deliver(account: Account) -> list[str]:
    """Write every export anew, and return the manifests."""
    root = account.settings.exports
    if root is None:
        return []
    return [
        str(_deliver_month(Path(root), export, month, lines, account.now()))
        for export in account.exports
        for month, lines in sorted(_months(account).items())
    ]


def _months(account: Account) -> dict[dt.date, list[Line]]:
    found: dict[dt.date, list[Line]] = defaultdict(list)
    for charge in account.charges():
        month = dt.date.fromisoformat(charge.day).replace(day=1)
        following = (month + dt.timedelta(days=31)).replace(day=1)
        end = dt.datetime.combine(following, dt.time(), dt.timezone.utc).timestamp()
        is_final = account.now() >= end + FINAL_AFTER_DAYS * DAY_S
        invoice = f"EMULATOR-{month:%Y%m}" if is_final else ""
        found[month].append(Line(charge, month, invoice))
    return found


def _deliver_month(
    root: Path, export: Export, month: dt.date, lines: list[Line], now: float
) -> Path:
    execution = f"{dt.datetime.fromtimestamp(now, dt.timezone.utc):%Y%m%dT%H%M%SZ}-{uuid.uuid4()}"
    folder = export.folder(root)
    below = Path(f"BILLING_PERIOD={month:%Y-%m}")
    if not export.overwrites:
        below /= execution
    ending = "snappy.parquet" if export.is_parquet else "csv.gz"
    file = folder / "data" / below / f"{export.name}-00001.{ending}"
    file.parent.mkdir(parents=True, exist_ok=True)
    rows = [{name: column.value(line) for name, column in export.columns.items()} for line in lines]
    (_write_parquet if export.is_parquet else _write_csv)(file, export.columns, rows)
    manifest = folder / "metadata" / below / f"{export.name}-Manifest.json"
    manifest.parent.mkdir(parents=True, exist_ok=True)
    key = file.relative_to(root / export.bucket).as_posix()
    content = {
        "exportArn": export.arn,
        "exportName": export.name,
        "executionId": execution,
        "dataFiles": [f"s3://{export.bucket}/{key}"],
    }
    manifest.write_text(json.dumps(content, indent=1), encoding="utf-8")
    return manifest


def _write_csv(file: Path, columns: Mapping[str, Column], rows: list[dict[str, Any]]) -> None:
    with gzip.open(file, "wt", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, list(columns))
        writer.writeheader()
        for row in rows:
            writer.writerow(
                {k: json.dumps(v) if isinstance(v, dict) else v for k, v in row.items()}
            )


def _write_parquet(file: Path, columns: Mapping[str, Column], rows: list[dict[str, Any]]) -> None:
    try:
        import duckdb
    except ImportError:
        raise BillingError(
            "ValidationException", "Parquet needs duckdb: pip install 'costmark[report]'"
        ) from None
    types = ", ".join(f"'{name}': '{column.type}'" for name, column in columns.items())
    with tempfile.TemporaryDirectory(prefix="costmark-") as folder, duckdb.connect() as database:
        lines = Path(folder, "rows.jsonl")
        lines.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        database.execute(
            f"CREATE TABLE rows AS SELECT * FROM read_json('{lines}', "  # noqa: S608
            f"format = 'newline_delimited', columns = {{{types}}})"
        )
        target = str(file).replace("'", "''")
        database.execute(f"COPY rows TO '{target}' (FORMAT parquet, COMPRESSION snappy)")


SERVICE = Service(
    name="bcm-data-exports",
    target="AWSBillingAndCostManagementDataExports",
    signing_name="bcm-data-exports",
    version="1.1",
    operations={"CreateExport": create_export},
)
