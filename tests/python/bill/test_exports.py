"""CUR 2.0 and FOCUS, in the forms that AWS writes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb
import pytest

from bill.files import (
    focus_row_of,
    row_of,
    without,
    write_csv,
    write_manifest,
    write_parquet,
)
from bill.making import DAYS, LUNA, MODELS, MONTH, OSS, PRICES, charges_of, ledger_of
from costmark.bill import BillLine, Window, reconcile
from costmark.bill.exports import read_export
from costmark.errors import ConfigurationError

TAG = "costmark_project"
LEDGER = ledger_of(range(3), [0, 1], [MODELS.index(OSS), MODELS.index(LUNA)])
LINES = [charge.line() for charge in charges_of(LEDGER)]
Write = Callable[[Path, list[dict[str, Any]]], Path]


def plain(lines: list[BillLine]) -> set[tuple[object, ...]]:
    return {
        (line.day, line.record_type, line.usage_type, line.quantity, line.unit, line.cost, line.tag)
        for line in lines
    }


@pytest.mark.parametrize("name", ["bill.parquet", "bill.csv", "bill.csv.gz"])
@pytest.mark.parametrize("row", [row_of, focus_row_of])
def test_every_form_has_the_same_lines(
    tmp_path: Path, name: str, row: Callable[[BillLine], dict[str, Any]]
) -> None:
    write = write_parquet if name.endswith("parquet") else write_csv
    export = read_export(write(tmp_path / name, [row(line) for line in LINES]), MONTH, TAG)
    assert plain(export.lines) == plain(LINES)
    assert export.format == ("CUR 2.0" if row is row_of else "FOCUS")
    assert reconcile(LEDGER, export.lines, PRICES, MONTH).causes == []


def test_hours_are_summed_and_counted(tmp_path: Path) -> None:
    line = replace(LINES[0], quantity=Fraction("4.77"), cost=Fraction("0.0007155"))
    rows = [row_of(line, hour=hour) for hour in range(24)]
    rows += [row_of(line, hour=0)]  # a part of the same hour
    (found,) = read_export(write_parquet(tmp_path / "b.parquet", rows), MONTH, TAG).lines
    # Numbers keep the digits that they were written with: 4.77 of "1K tokens" are 4,770 tokens.
    assert (found.quantity, found.cost) == (25 * line.quantity, 25 * line.cost)
    assert found.lines == 24


@pytest.mark.parametrize(("write", "name"), [(write_parquet, "b.parquet"), (write_csv, "b.csv")])
@pytest.mark.parametrize("gone", ["tags", "resource_tags", None, "both"])
def test_both_spellings_of_tags(tmp_path: Path, write: Write, name: str, gone: str | None) -> None:
    names = {None: (), "both": ("tags", "resource_tags")}.get(gone, (str(gone),))
    rows = without([row_of(line) for line in (*LINES, replace(LINES[0], tag=""))], *names)
    export = read_export(write(tmp_path / name, rows), MONTH, TAG)
    tags = {line.tag for line in export.lines}
    assert tags == ({None} if gone == "both" else {"", "team-a", "team-b"})
    assert bool(export.notes) == (gone == "tags")  # resource_tags alone: keys may have merged


def test_keys_of_tags_are_normalized_as_aws_does(tmp_path: Path) -> None:
    rows = [
        row_of(LINES[0], tags={}, resource_tags={"user_karpenter_sh_nodepool": "a"}),
        row_of(LINES[1], tags={"resourceTags/karpenter.sh/nodepool": "b"}, resource_tags={}),
    ]
    for write, name in ((write_parquet, "b.parquet"), (write_csv, "b.csv")):
        export = read_export(write(tmp_path / name, rows), MONTH, "karpenter.sh/nodepool")
        assert {line.tag for line in export.lines} == {"a", "b"}


def test_only_bedrock_is_read_and_only_these_days(tmp_path: Path) -> None:
    other = row_of(
        LINES[0],
        line_item_product_code="AmazonEC2",
        line_item_usage_type="BoxUsage:t3.nano",
        product={"product_name": "Amazon Elastic Compute Cloud"},
    )
    market = row_of(
        LINES[0],
        line_item_product_code="k5bywj2464j7c",
        line_item_usage_type="USE1-MP:USE1_input_tokens_global_standard-Units",
        product={"product_name": "OpenAI GPT-5.6 Sol (Amazon Bedrock Edition)"},
    )
    rows = [other, market, *(row_of(line) for line in LINES)]
    first = Window(DAYS[0], DAYS[0])
    export = read_export(write_parquet(tmp_path / "b.parquet", rows), first, TAG)
    assert {line.day for line in export.lines} == {DAYS[0]}
    assert "BoxUsage:t3.nano" not in {line.usage_type for line in export.lines}
    (sol,) = (line for line in export.lines if "-MP:" in line.usage_type)
    assert sol.product == "OpenAI GPT-5.6 Sol (Amazon Bedrock Edition)"


def test_lines_that_say_little(tmp_path: Path) -> None:
    """Taxes have no quantity, and CSV has another way to write times."""
    tax = row_of(
        replace(LINES[0], record_type="Tax", tag=""),
        line_item_usage_amount="",
        line_item_usage_type="",
        pricing_unit="",
        line_item_usage_start_date="2026-11-01T00:00:00.000Z",
        line_item_unblended_cost="1.0E-7",
        product="",
        tags="",
        resource_tags="",
    )
    (found,) = read_export(write_csv(tmp_path / "b.csv", [tax]), MONTH, TAG).lines
    assert (found.day, found.quantity, found.cost) == (DAYS[0], 0, Fraction(1, 10**7))
    assert (found.record_type, found.usage_type, found.tag) == ("Tax", "", "")


def test_an_export_without_lines_is_empty(tmp_path: Path) -> None:
    write_manifest(tmp_path, "2026-11", [])
    assert read_export(tmp_path, MONTH, TAG).lines == []


def test_missing_columns_are_named(tmp_path: Path) -> None:
    rows = without([row_of(LINES[0])], "pricing_unit", "line_item_currency_code")
    path = write_csv(tmp_path / "bill.csv", rows)
    with pytest.raises(
        ConfigurationError, match="pricing_unit, line_item_currency_code; name them"
    ):
        read_export(path, MONTH, TAG)


def test_focus_without_usage_types_has_totals_only(tmp_path: Path) -> None:
    rows = without([focus_row_of(line) for line in LINES], "x_UsageType")
    export = read_export(write_parquet(tmp_path / "b.parquet", rows), MONTH, TAG)
    assert not export.has_usage_types
    assert sum(line.cost for line in export.lines) == sum(line.cost for line in LINES)


def test_lines_without_an_invoice_are_estimated(tmp_path: Path) -> None:
    rows = [row_of(LINES[0], bill_invoice_id="1"), row_of(LINES[1])]
    assert read_export(write_csv(tmp_path / "b.csv", rows), MONTH, TAG).is_estimated
    export = read_export(write_csv(tmp_path / "b.csv", rows[:1]), MONTH, TAG)
    assert not export.is_estimated
    assert export.tells_invoices
    assert export.invoices == {"1"}
    silent = read_export(
        write_csv(tmp_path / "b.csv", without(rows, "bill_invoice_id")), MONTH, TAG
    )
    assert not silent.tells_invoices
    assert silent.invoices == set()


def test_who_pays_and_on_which_invoices(tmp_path: Path) -> None:
    rows = [
        row_of(LINES[0], bill_invoice_id=invoice) | {"bill_payer_account_id": payer}
        for invoice, payer in (("2", "999988887777"), ("1", "999988887777"), ("", None))
    ]
    export = read_export(write_parquet(tmp_path / "b.parquet", rows), MONTH, TAG)
    assert (export.invoices, export.payers) == ({"1", "2"}, {"999988887777"})
    assert export.is_estimated


# --- Which files count ----------------------------------------------------------------------------


def write_month(
    root: Path, name: str, lines: list[BillLine], period: str = "2026-11", folder: str = ""
) -> list[Path]:
    path = root / "data" / f"BILLING_PERIOD={period}" / folder / f"{name}.snappy.parquet"
    return [write_parquet(path, [row_of(line) for line in lines])]


def test_the_files_are_those_of_the_manifest(tmp_path: Path) -> None:
    files = write_month(tmp_path, "bill-00001", LINES)
    write_month(tmp_path, "bill-00002", LINES)  # of an earlier refresh that had more files
    write_manifest(tmp_path, "2026-11", files, execution="e7")
    for path in (tmp_path, tmp_path / "metadata/BILLING_PERIOD=2026-11/bill-Manifest.json"):
        export = read_export(path, MONTH, TAG)
        assert plain(export.lines) == plain(LINES)
        assert export.snapshot == ["2026-11, execution e7"]


def test_a_month_that_is_refreshed_twice_counts_once(tmp_path: Path) -> None:
    times = ["2026-11-20T01:00:00Z-a", "2026-11-21T01:00:00Z-b", "2026-11-19T01:00:00Z-c"]
    for time in times:
        files = write_month(tmp_path, "bill-00001", LINES[: 3 + len(times)], folder=time)
        if time.endswith("b"):
            files = write_month(tmp_path, "bill-00001", LINES, folder=time)
        write_manifest(tmp_path, "2026-11", files, execution=time[-1], folder=time)
    export = read_export(tmp_path, MONTH, TAG)
    assert plain(export.lines) == plain(LINES)
    assert export.snapshot == ["2026-11, execution b"]


def test_months_are_read_that_have_days(tmp_path: Path) -> None:
    october = [replace(line, day=line.day.replace(month=10)) for line in LINES]
    for period, lines in (("2026-10", october), ("2026-11", LINES)):
        # Both months have files of the same name.
        write_manifest(tmp_path, period, write_month(tmp_path, "bill-00001", lines, period))
    both = Window(october[0].day, MONTH.last)
    assert plain(read_export(tmp_path, both, TAG).lines) == plain([*october, *LINES])
    assert plain(read_export(tmp_path, MONTH, TAG).lines) == plain(LINES)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda root: next(root.rglob("*.json")).unlink(), "has no manifest"),
        (lambda root: next(root.rglob("*.parquet")).unlink(), "which is not beside it"),
        (lambda root: next(root.rglob("*.json")).write_text("{}"), "list 'dataFiles'"),
        (lambda root: next(root.rglob("*.json")).write_text("{"), "not a manifest"),
        (lambda root: next(root.rglob("*.parquet")).write_text("PAR1"), "cannot be read"),
        (lambda root: next(root.rglob("*.json")).parent.rename(root / "m"), "no folder BILLING"),
    ],
)
def test_what_is_broken_is_named(
    tmp_path: Path, spoil: Callable[[Path], object], message: str
) -> None:
    write_manifest(tmp_path, "2026-11", write_month(tmp_path, "bill-00001", LINES))
    spoil(tmp_path)
    with pytest.raises(ConfigurationError, match=message):
        read_export(tmp_path, MONTH, TAG)


def test_an_export_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no export at"):
        read_export(tmp_path / "no", MONTH, TAG)
    write_manifest(tmp_path, "2026-11", write_month(tmp_path, "bill-00001", LINES))
    december = Window(DAYS[0].replace(month=12), DAYS[0].replace(month=12))
    with pytest.raises(ConfigurationError, match="no month from 2026-12 to 2026-12"):
        read_export(tmp_path, december, TAG)


# --- Size -----------------------------------------------------------------------------------------

_PROGRAM = """
import resource, sys
from costmark.bill.exports import read_export
from bill.making import MONTH
export = read_export(sys.argv[1], MONTH, "costmark_project")
print(len(export.lines), sum(line.lines for line in export.lines))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


def write_large(path: Path, gigabytes: float) -> int:
    """Rows of different resources, hours, tags and types, as many as make such a CSV file."""
    rows = int(gigabytes * 2**30 / 280)
    sql = f"""
        SELECT '' AS bill_invoice_id,
            strftime(TIMESTAMP '2026-11-01' + INTERVAL 1 HOUR * (i % 720), '%Y-%m-%dT%H:%M:%S.000Z')
                AS line_item_usage_start_date,
            'Usage' AS line_item_line_item_type,
            CASE WHEN i % 2 = 0 THEN 'USE1-openai.gpt-oss-120b-mantle-input-tokens-standard'
                ELSE 'BoxUsage:t3.nano' END AS line_item_usage_type,
            1.5 AS line_item_usage_amount, '1K tokens' AS pricing_unit,
            0.000225 AS line_item_unblended_cost, 'USD' AS line_item_currency_code,
            CASE WHEN i % 2 = 0 THEN 'AmazonBedrock' ELSE 'AmazonEC2' END AS line_item_product_code,
            '111122223333' AS line_item_usage_account_id,
            'arn:aws:bedrock-mantle:us-east-1:111122223333:project/' || (hash(i) // 3)
                AS line_item_resource_id,
            '{{"product_name":"Amazon ' || ['Bedrock', 'EC2'][1 + i % 2] || '"}}' AS product,
            '{{"resourceTags/costmark_project":"team-' || (i % 50) || '"}}' AS tags
        FROM range({rows}) t(i)"""
    with duckdb.connect(config={"memory_limit": "1GB", "threads": 2}) as database:
        database.execute(f"COPY ({sql}) TO '{path}' (FORMAT csv, HEADER)")
    return rows


@pytest.mark.full
@pytest.mark.timeout(3600)
def test_large_exports_are_not_loaded_whole(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    path = tmp_path / "bill.csv"
    gigabytes = pytestconfig.getoption("--cur-gigabytes")
    rows = write_large(path, gigabytes)
    assert path.stat().st_size >= gigabytes * 2**30
    paths = os.pathsep.join(each for each in sys.path if each)
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, str(path)],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": paths},
    )
    counts, peak = done.stdout.splitlines()  # no bar of progress among them
    assert int(counts.split()[1]) == (rows + 1) // 2  # each line of Bedrock is one of its own
    assert int(peak) < 2 * 2**30
