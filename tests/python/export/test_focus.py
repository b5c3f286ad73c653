"""FOCUS files, laid beside the report of the same rows, and before the official validator."""

from __future__ import annotations

import csv
import json
import re
import subprocess
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from costmark.cli.main import main
from costmark.errors import RequestError
from costmark.export import focus
from costmark.reports import report
from ledger.segments import NOON_US, attempt, write_segment
from reports.test_report import BOOK, ledgers

if TYPE_CHECKING:
    from collections.abc import Sequence

duckdb = pytest.importorskip("duckdb")

HOUR_US = 3_600_000_000
# FOCUS asks for these in every row of usage.
NOT_NULL = (
    *("BilledCost", "BillingAccountId", "BillingCurrency", "BillingPeriodStart"),
    *("BillingPeriodEnd", "ChargeCategory", "ChargeDescription", "ChargePeriodStart"),
    *("ChargePeriodEnd", "ConsumedQuantity", "ConsumedUnit", "ContractedCost"),
    *("ContractedUnitPrice", "EffectiveCost", "InvoiceIssuerName", "ListCost", "ListUnitPrice"),
    *(
        "PricingCategory",
        "PricingCurrency",
        "PricingQuantity",
        "PricingUnit",
        "ServiceCategory",
        "ServiceName",
    ),
    *("ServiceSubcategory", "SkuId", "SkuMeter", "SkuPriceId", "SkuPriceDetails", "SubAccountId"),
    *("SubAccountName", "Tags", "x_CostmarkEstimate", "x_CostmarkPriceBook"),
)
PROVIDERS = {
    "1.2": ("ProviderName", "PublisherName"),
    "1.4": ("ServiceProviderName", "HostProviderName"),
}


def rows_of(path: Path) -> list[dict[str, Any]]:
    table = duckdb.execute("SELECT * FROM read_parquet($1)", [str(path)])
    names = [column[0] for column in table.description]
    return [dict(zip(names, values, strict=True)) for values in table.fetchall()]


def billed(rows: Sequence[dict[str, Any]]) -> int:
    total = sum((Decimal(row["BilledCost"]) for row in rows), Decimal())
    pico = total.scaleb(12)
    assert pico == int(pico)
    return int(pico)


@pytest.mark.parametrize("version", focus.VERSIONS)
@pytest.mark.parametrize("seed", range(3))
def test_billed_cost_is_that_of_the_report_to_the_pico(
    tmp_path: Path, seed: int, version: str
) -> None:
    folders = ledgers(tmp_path / "ledgers", seed)
    out = tmp_path / "focus.parquet"
    written = focus.write(*folders, out=out, version=version, book=BOOK)
    rows = rows_of(out)
    wanted = report(*folders, by=["project"], book=BOOK)
    assert billed(rows) == wanted.total.cost_pico == written.cost_pico > 0
    assert (written.unpriced, written.partial, written.elsewhere) == (
        wanted.total.unpriced,
        wanted.total.partial,
        wanted.total.elsewhere,
    )
    by_project = Counter[str]()
    for row in rows:
        by_project[row["ResourceId"]] += billed([row])
    assert +by_project == {
        f"project/{line.key[0]}": line.sums.cost_pico
        for line in wanted.lines
        if line.sums.cost_pico
    }


@pytest.mark.parametrize("version", focus.VERSIONS)
def test_no_row_lacks_what_usage_must_have(tmp_path: Path, version: str) -> None:
    out = tmp_path / "focus.parquet"
    focus.write(*ledgers(tmp_path / "ledgers", 4), out=out, version=version, book=BOOK)
    rows = rows_of(out)
    for row in rows:
        lacking = [name for name in (*NOT_NULL, *PROVIDERS[version]) if row[name] is None]
        assert lacking == []
        assert row["BilledCost"] == row["ListUnitPrice"] * row["PricingQuantity"]
        assert row["ChargePeriodStart"].minute == 0
        assert row["BillingPeriodStart"] <= row["ChargePeriodStart"] < row["BillingPeriodEnd"]
        assert (row["RegionId"] is None) == (row["RegionName"] is None)
        assert row["x_CostmarkEstimate"] is True
    keys = [(row["ChargePeriodStart"], row["ResourceId"], row["SkuPriceId"], row["RegionId"],
             row["Tags"]) for row in rows]  # fmt: skip
    assert len(set(keys)) == len(keys)
    own = [name for name in rows[0] if name.startswith("x_")]
    assert list(rows[0])[-len(own) :] == own
    assert not {*PROVIDERS["1.2"], *PROVIDERS["1.4"]} - set(PROVIDERS[version]) & rows[0].keys()


def test_parquet_is_typed(tmp_path: Path) -> None:
    out = tmp_path / "focus.parquet"
    focus.write(*ledgers(tmp_path / "ledgers", 5), out=out, book=BOOK)
    described = duckdb.execute(f"DESCRIBE SELECT * FROM '{out}'").fetchall()
    types = {name: kind for name, kind, *_ in described}
    money = [name for name in types if re.search("Cost$|UnitPrice$|Quantity$", name)]
    assert {types[name] for name in money} == {"DECIMAL(38,12)"}
    times = [name for name in types if re.search("Period(Start|End)$", name)]
    assert {types[name] for name in times} == {"TIMESTAMP"}
    assert len(money) == 11
    assert len(times) == 4


def test_tokens_are_in_one_row_each(tmp_path: Path) -> None:
    used = {"model": "alpha", "region": "us-east-1", "meters": {}, "tags": {"b": "2", "a": "1"}}
    counts = {"input": 100, "cached": 30, "output": 50, "reasoning": 20, "total": 150}
    same_hour = attempt(1, **used, **counts, account="111122223333")
    later = attempt(2, **used, **counts, account="111122223333") | {"end_us": NOON_US + HOUR_US}
    write_segment(tmp_path, [same_hour, {**same_hour, "seq": 3, "op": "other"}, later])
    out = tmp_path / "focus.parquet"
    focus.write(tmp_path, out=out, book=BOOK)
    found = [
        (
            f"{row['ChargePeriodStart']:%H:%M}",
            json.loads(row["SkuPriceDetails"])["TokenType"],
            int(row["ConsumedQuantity"]),
            row["ConsumedUnit"],
        )
        for row in rows_of(out)
    ]
    assert sorted(found) == [
        ("12:00", "CacheRead", 60, "Tokens"),
        ("12:00", "Input", 140, "Tokens"),
        ("12:00", "Output", 100, "Tokens"),
        ("13:00", "CacheRead", 30, "Tokens"),
        ("13:00", "Input", 70, "Tokens"),
        ("13:00", "Output", 50, "Tokens"),
    ]
    for row in rows_of(out):
        assert json.loads(row["SkuPriceDetails"])["ModelId"] == "alpha"
        assert json.loads(row["Tags"]) == {"a": "1", "b": "2"}
        assert row["BillingAccountId"] == row["SubAccountId"] == "111122223333"


def test_csv_says_the_same_and_has_no_formulas(tmp_path: Path) -> None:
    folders = ledgers(tmp_path / "ledgers", 6)
    odd = attempt(0, "00000000000000ff", model="alpha", region="us-east-1", account="=1+1",
                  project="=cmd|' /C calc'!A0", meters={}, tags={"team": '=1,"2"\n'})  # fmt: skip
    write_segment(folders[0], [odd], writer="00000000000000ff", start=9)
    focus.write(*folders, out=tmp_path / "focus.csv", book=BOOK)
    focus.write(*folders, out=tmp_path / "focus.parquet", book=BOOK)
    with open(tmp_path / "focus.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    typed = rows_of(tmp_path / "focus.parquet")
    assert list(rows[0]) == list(typed[0])
    assert billed(rows) == billed(typed)
    assert {row["ChargePeriodStart"] for row in rows} == {
        f"{row['ChargePeriodStart']:%Y-%m-%dT%H:%M:%SZ}" for row in typed
    }
    assert not [value for row in rows for value in row.values() if value.startswith(("=", "@"))]


def test_what_has_no_price_is_told_and_in_no_row(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_segment(tmp_path, [attempt(0, model="unheard-of", region="us-east-1", meters={})])
    out = tmp_path / "focus.parquet"
    assert main(["export", "--format", "focus", "--out", str(out), str(tmp_path)]) == 0
    assert rows_of(out) == []
    shown = capsys.readouterr()
    assert re.search(r"^unpriced +1 attempt$", shown.out, re.MULTILINE)
    assert "are in no row" in shown.err
    assert "never add them to AWS's own FOCUS export" in shown.err


def test_the_period_is_that_of_the_report(tmp_path: Path) -> None:
    folders = ledgers(tmp_path / "ledgers", 7)
    day = rows_day(folders)
    out = tmp_path / "focus.parquet"
    focus.write(*folders, out=out, since=day[0], until=day[1], book=BOOK)
    wanted = report(*folders, since=day[0], until=day[1], book=BOOK)
    assert billed(rows_of(out)) == wanted.total.cost_pico > 0
    assert wanted.total.cost_pico < report(*folders, book=BOOK).total.cost_pico


def rows_day(folders: list[Path]) -> tuple[Any, Any]:
    from datetime import datetime, timedelta

    (first, *_) = sorted(report(*folders, by=["day"], book=BOOK).lines, key=lambda line: line.key)
    begin = datetime.fromisoformat(f"{first.key[0]}T00:00:00+00:00")
    return begin, begin + timedelta(days=1)


def test_an_unknown_kind_of_file_or_version_is_refused(tmp_path: Path) -> None:
    write_segment(tmp_path, [attempt(0)])
    with pytest.raises(RequestError, match=r"\.parquet or \.csv"):
        focus.write(tmp_path, out=tmp_path / "focus.json")
    with pytest.raises(RequestError, match=r"1\.2, 1\.4"):
        focus.write(tmp_path, out=tmp_path / "focus.csv", version="1.0")


# These two contradict each other: one asks of every row for an invoice, the other for none.
CONTRADICTING = {"InvoiceId-C-004-C", "InvoiceId-C-005-C"}
# What FOCUS asks for of a provider that has these; rules of other features do not apply.
FEATURES = (
    *("USAGE_MEASUREMENT_SUPPORTED", "PUBLIC_PRICE_LIST_SUPPORTED", "UNIT_PRICING_SUPPORTED"),
    *("SUB_ACCOUNT_SUPPORTED", "REGION_SUPPORTED", "TAGGING_SUPPORTED"),
    *("MULTIPLE_PRICING_CATEGORIES_SUPPORTED", "NEGOTIATED_PRICING_SUPPORTED"),
    *("BILLING_BASED_ON_PROVISIONED_RESOURCES_SUPPORTED", "RESOURCE_TYPE_ASSIGNMENT_SUPPORTED"),
)
VENV = Path(__file__).parents[3] / ".venvs" / "focus"


@pytest.mark.full
@pytest.mark.timeout(600)
@pytest.mark.skipif(not VENV.exists(), reason="./dev test installs it where there is a Python 3.12")
def test_the_official_validator_finds_nothing(tmp_path: Path) -> None:
    out = tmp_path / "focus.parquet"
    focus.write(*ledgers(tmp_path / "ledgers", 8), out=out, book=BOOK)
    (packages,) = VENV.glob("lib/python*/site-packages")
    command = [VENV / "bin/focus-validator", "--data-file", out, "--validate-version", "1.2"]
    done = subprocess.run(
        [*command, "--block-download", "--applicability-criteria", ",".join(FEATURES)],
        cwd=packages,  # where it finds its rules
        capture_output=True,
        text=True,
        check=True,
    )
    # It ends with 0 whatever it finds.
    summary = re.search(r"Total: (\d+) \| Pass: (\d+) \| Fail: (\d+)", done.stdout)
    assert summary, done.stdout
    failed = set(re.findall(r"([\w-]+): FAIL ", done.stdout))
    assert len(failed) == int(summary[3])
    assert failed <= CONTRADICTING, done.stdout
    assert int(summary[2]) > 250
