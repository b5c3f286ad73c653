"""Bills that are broken, or that say what no bill should: each is named, or read as it is meant."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import boto3  # type: ignore[import-untyped,unused-ignore]
import pytest

from bill.files import row_of, without, write_csv, write_manifest, write_parquet
from bill.making import MODELS, MONTH, OSS, PRICES, charges_of, ledger_of
from bill.serving import serving
from bill.test_cost_explorer import CostExplorer
from costmark.bill import Window, reconcile
from costmark.bill.cost_explorer import Session, fetch
from costmark.bill.exports import read_export
from costmark.bill.kept import ESTIMATED_S, FINAL_S, KeptAnswers
from costmark.errors import ConfigurationError, ServiceError

TAG = "costmark_project"
LEDGER = ledger_of(range(3), [0, 1], [MODELS.index(OSS)])
LINES = [charge.line() for charge in charges_of(LEDGER)]
ROWS = [row_of(line) for line in LINES]
TOTAL = sum(line.cost for line in LINES)


def of_month(root: Path, *parts: list[dict[str, Any]]) -> Path:
    files = [
        write_csv(root / f"data/BILLING_PERIOD=2026-11/bill-{number}.csv.gz", rows)
        for number, rows in enumerate(parts)
    ]
    write_manifest(root, "2026-11", files)
    return root


def total(path: Path) -> Fraction:
    return sum((line.cost for line in read_export(path, MONTH, TAG).lines), Fraction(0))


# --- Exports --------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", [".snappy.parquet", ".csv.gz"])
@pytest.mark.parametrize("kept", [0.0, 0.4, 0.999])
def test_a_file_that_is_cut_is_never_read_in_part(tmp_path: Path, ending: str, kept: float) -> None:
    write = write_parquet if ending.endswith("parquet") else write_csv
    file = write(tmp_path / f"bill{ending}", ROWS * 20)
    content = file.read_bytes()
    file.write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(ConfigurationError, match=file.name):
        read_export(file, MONTH, TAG)


def test_columns_in_another_order(tmp_path: Path) -> None:
    turned = [dict(reversed(row.items())) for row in ROWS[4:]]
    assert total(of_month(tmp_path, ROWS[:4], turned)) == TOTAL


def test_one_of_the_files_lacks_the_costs(tmp_path: Path) -> None:
    """It would count as nothing."""
    root = of_month(tmp_path, ROWS[:4], without(ROWS[4:], "line_item_unblended_cost"))
    with pytest.raises(ConfigurationError, match=r"bill-1.csv.gz has no column line_item_unblend"):
        read_export(root, MONTH, TAG)


def test_a_month_without_an_export_is_told(tmp_path: Path) -> None:
    root = of_month(tmp_path, ROWS)
    window = Window(dt.date(2026, 9, 15), dt.date(2026, 12, 1))
    found = read_export(root, window, TAG)
    assert found.notes[0].startswith("there is no export of 2026-09, 2026-10, 2026-12: ")
    assert read_export(root, MONTH, TAG).notes == []


def test_a_month_without_lines(tmp_path: Path) -> None:
    write_manifest(tmp_path, "2026-11", [])
    assert read_export(tmp_path, MONTH, TAG).lines == []


def test_keys_of_tags_that_differ_in_case(tmp_path: Path) -> None:
    """In `resource_tags` they are one, and whose value that is cannot be told."""
    exact = {"resourceTags/costmark_project": "a", "resourceTags/Costmark_Project": "b"}
    row = {**ROWS[0], "tags": exact, "resource_tags": {"user_costmark_project": "b"}}
    found = read_export(write_parquet(tmp_path / "both.parquet", [row]), MONTH, TAG)
    assert ([line.tag for line in found.lines], found.notes) == (["a"], [])
    row = {**row, "tags": {"resourceTags/Costmark_Project": "b"}}
    for file in (
        write_parquet(tmp_path / "other.parquet", [row]),
        write_csv(tmp_path / "other.csv", [row]),
    ):
        found = read_export(file, MONTH, TAG)
        assert [line.tag for line in found.lines] == ["b"]
        assert "some lines have costmark_project in another spelling alone" in found.notes[0]


def test_fifty_keys_of_tags(tmp_path: Path) -> None:
    tags = {f"resourceTags/key-{number}": "x" for number in range(49)}
    rows = [{**row, "tags": {**tags, **row["tags"]}} for row in ROWS]
    found = read_export(write_parquet(tmp_path / "tags.parquet", rows), MONTH, TAG)
    assert {line.tag for line in found.lines} == {line.tag for line in LINES}


def test_numbers_with_exponents_and_many_decimals(tmp_path: Path) -> None:
    texts = ("7.155E-4", "1e-10", "0.000000000001")
    rows = [{**ROWS[0], "line_item_unblended_cost": text} for text in texts]
    assert total(write_csv(tmp_path / "bill.csv", rows)) == sum(map(Fraction, texts))


def test_a_correction_is_not_what_is_not_billed_yet() -> None:
    """A line of the bill below zero, of a key that the ledger does not have."""
    line = replace(LINES[0], tag="elsewhere", quantity=-LINES[0].quantity, cost=-LINES[0].cost)
    result = reconcile(
        LEDGER, [*LINES, line], PRICES, MONTH, models=MODELS, as_of=line.day, lag_days=3
    )
    assert [each.name for each in result.causes] == []
    assert result.residual == line.cost * 10**12
    halves = [
        replace(LINES[0], quantity=part * LINES[0].quantity, cost=part * LINES[0].cost)
        for part in (2, -1)
    ]
    assert reconcile(LEDGER, [*halves, *LINES[1:]], PRICES, MONTH, models=MODELS).causes == []


# --- Cost Explorer --------------------------------------------------------------------------------


class Changed(CostExplorer):
    """One whose pages are changed on their way."""

    def __init__(self, change: Any) -> None:
        super().__init__(LINES)
        self.change = change

    def answer(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        if operation != "GetCostAndUsage":
            return super().answer(operation, request)
        return self.change(super().answer, request)


def fetched(service: CostExplorer, most: int = 30) -> Any:
    with serving(service) as url:
        client = boto3.client(
            "ce",
            region_name="us-east-1",
            endpoint_url=url,
            aws_access_key_id="AKIDEXAMPLE",
            aws_secret_access_key="secret",
        )
        return fetch(Session(client, most), MONTH, TAG)


def test_a_page_that_comes_again_under_another_token_is_not_added() -> None:
    numbers = iter(range(10_000))

    def first_again(answer: Any, request: Any) -> Any:
        first = {name: value for name, value in request.items() if name != "NextPageToken"}
        found = answer("GetCostAndUsage", first)
        return {**found, "NextPageToken": f"again-{next(numbers)}"}

    with pytest.raises(ServiceError, match="twice: the same page came again"):
        fetched(Changed(first_again))


@pytest.mark.parametrize("length", [1, 2, 3])
def test_tokens_that_lead_in_a_circle_end(length: int) -> None:
    numbers = iter(range(10_000))

    def circle(answer: Any, request: Any) -> Any:
        token = f"t{next(numbers) % length}"
        return {"ResultsByTime": [], "GroupDefinitions": [], "NextPageToken": token}

    with pytest.raises(ServiceError, match="the same next page again"):
        fetched(Changed(circle))


def amounts(text: str) -> Any:
    def changed(answer: Any, request: Any) -> Any:
        found = answer("GetCostAndUsage", request)
        for result in found["ResultsByTime"]:
            for group in result["Groups"]:
                group["Metrics"]["UnblendedCost"]["Amount"] = text
        return found

    return Changed(changed)


@pytest.mark.parametrize("text", ["1.2345678901234567", "1E-10", "-7.155e-4", "0"])
def test_amounts_keep_their_digits(text: str) -> None:
    costs = {line.cost for line in fetched(amounts(text)).lines if line.usage_type}
    assert costs == {Fraction(text)}


@pytest.mark.parametrize("text", ["NaN", "much", "", "1/0"])
def test_amounts_that_are_none(text: str) -> None:
    with pytest.raises(ServiceError, match="which is no number"):
        fetched(amounts(text))


# --- Kept answers ---------------------------------------------------------------------------------

PAGES = [{"ResultsByTime": [{"Estimated": False, "Groups": [], "TimePeriod": {}}]}]
ESTIMATED = [{"ResultsByTime": [{"Estimated": True}]}]
ASKED = ("get_cost_and_usage", {"a": 1})


@pytest.mark.parametrize(("pages", "life"), [(PAGES, FINAL_S), (ESTIMATED, ESTIMATED_S)])
@pytest.mark.parametrize(("age", "is_kept"), [(-86_400, False), (-1, False), (0, True), (1, False)])
def test_how_long_an_answer_is_kept(
    tmp_path: Path, pages: Any, life: int, age: int, is_kept: bool
) -> None:
    """Also where the clock was a day ahead, so that the answer is of tomorrow."""
    KeptAnswers(tmp_path, "me", now=lambda: 1e9).keep(*ASKED, pages)
    later = 1e9 + age if age < 0 else 1e9 + life * age
    found = KeptAnswers(tmp_path, "me", now=lambda: later).pages(*ASKED)
    assert (found == pages) is is_kept


@pytest.mark.parametrize(
    "change",
    [
        lambda kept: {**kept, "pages": [{}]},
        lambda kept: {**kept, "pages": []},
        lambda kept: {**kept, "at": kept["at"] + 60},
        lambda kept: {"at": kept["at"], "pages": kept["pages"]},
        lambda kept: [kept],
        lambda kept: None,
    ],
)
def test_an_answer_that_was_edited_is_asked_for_again(tmp_path: Path, change: Any) -> None:
    answers = KeptAnswers(tmp_path, "me", now=lambda: 1e9)
    answers.keep(*ASKED, PAGES)
    (file,) = tmp_path.iterdir()
    file.write_text(json.dumps(change(json.loads(file.read_text()))))
    assert answers.pages(*ASKED) is None
    file.write_text("[" * 100_000)
    assert answers.pages(*ASKED) is None
