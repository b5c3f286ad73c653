"""``costmark export-setup``: what it prints is taken, delivered, and read again."""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from cli.billing import DAY_S, billed, use_credentials
from costmark.bill import Window
from costmark.bill.exports import read_export
from costmark.cli.main import main

if TYPE_CHECKING:
    from pathlib import Path

boto3 = pytest.importorskip("boto3")
duckdb = pytest.importorskip("duckdb")

WHERE = ("--bucket", "bills", "--account", "111122223333", "--name", "costs-of-us")
TYPES = {
    "VARCHAR": "string",
    "DOUBLE": "double",
    "TIMESTAMP": "timestamp",
    "MAP(VARCHAR, VARCHAR)": "map<string,string>",
}


def printed(capsys: pytest.CaptureFixture[str], part: str, table: str = "cur") -> str:
    assert main(["export-setup", *WHERE, "--table", table, "--print", part]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("table", ["cur", "focus-1.0", "focus-1.2"])
def test_its_export_is_delivered_and_read(
    table: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    use_credentials(monkeypatch)
    with billed("--exports", str(tmp_path)) as aws:
        client = boto3.client("bcm-data-exports", region_name="us-east-1", endpoint_url=aws.url)
        client.create_export(**json.loads(printed(capsys, "definition", table)))
        day = aws.today()
        record = aws.call(aws.project(costmark_project="shop"))
        aws.forward(2 * DAY_S)
        aws.emulator.fetch("/_emulator/exports", {})
    folder = tmp_path / "bills/costmark/costs-of-us"
    export = read_export(folder, Window(day, day + dt.timedelta(days=1)), "costmark_project")
    assert sum(line.quantity * 1000 for line in export.lines) == (
        record["input_tokens"] + record["output_tokens"]
    )
    assert {line.tag for line in export.lines} == {""}
    assert export.has_usage_types == (table != "focus-1.2")
    (file,) = (folder / "data").rglob("*.parquet")
    with duckdb.connect() as database:
        rows = database.execute(f"DESCRIBE SELECT * FROM read_parquet('{file}')").fetchall()
    delivered = [(name.lower(), TYPES[kind]) for name, kind, *_ in rows if name != "BILLING_PERIOD"]
    assert re.findall(r"^  `(\w+)` (\S+?),?$", printed(capsys, "ddl", table), re.M) == delivered
    assert f"LOCATION 's3://bills/{folder.relative_to(tmp_path / 'bills')}/data/'" in printed(
        capsys, "ddl", table
    )


def test_the_bucket_lets_only_exports_of_the_account_in(
    capsys: pytest.CaptureFixture[str],
) -> None:
    (statement,) = json.loads(printed(capsys, "policy"))["Statement"]
    assert statement["Resource"] == ["arn:aws:s3:::bills", "arn:aws:s3:::bills/*"]
    assert statement["Condition"]["StringLike"]["aws:SourceAccount"] == "111122223333"


def test_everything_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, "all")
    for part in ("definition", "policy", "ddl"):
        assert printed(capsys, part) in text


@pytest.mark.parametrize(
    "bad",
    [
        {"--bucket": "Bills_"},
        {"--account": "1"},
        {"--prefix": "a b"},
        {"--name": "x;y"},
        {"--table": "cur-1"},
    ],
)
def test_bad_options(bad: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    given: dict[str, Any] = {"--bucket": "bills", "--account": "111122223333", **bad}
    with pytest.raises(SystemExit, match="2"):
        main(["export-setup", *(word for pair in given.items() for word in pair)])
    assert next(iter(bad)) in capsys.readouterr().err
