"""The bill's amounts, charged by what the ledger knows: every pico is someone's."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from bill.files import write_csv
from bill.statement import ACCOUNT, GLM, OSS, TAG, Charge, book
from costmark import prices
from costmark.cli.main import main
from costmark.errors import ConfigurationError
from costmark.reports.chargeback import Bill, ClosedMonths, Rules, chargeback
from costmark.reports.chargeback.billing import Billing
from costmark.reports.chargeback.texts import as_csv, as_json
from costmark.reports.page import chargeback_page
from ledger.segments import DAY_US, attempt, write_segment
from reports.browsers import chromium, low_contrast, opened

DAY = dt.date(2025, 11, 10)
LATER = dt.datetime(2026, 5, 1, 12, tzinfo=dt.timezone.utc)
BOOK = prices.PriceBook.parse(book())
IN, GLM_IN = "input-tokens-standard", "input-tokens"
RULES = Rules("tag:team", amounts="bill")


def used(seq: int, project: str, team: str | None, model: str, tokens: int) -> dict[str, Any]:
    noon = (DAY - dt.date(1970, 1, 1)).days * DAY_US + DAY_US // 2
    tags = {TAG: project} | ({"team": team} if team else {})
    return attempt(
        seq,
        start_us=noon,
        end_us=noon + 9,
        account=ACCOUNT,
        region="us-east-1",
        url_host="bedrock-mantle.us-east-1.api.aws",
        project=f"proj_{project}",
        model=model,
        tier="default",
        input=tokens,
        output=0,
        meters={},
        tags=tags,
    )


ROWS = [
    used(0, "chat", "search", OSS, 600_000),
    used(1, "chat", "legal", OSS, 300_000),
    used(2, "docs", "legal", GLM, 100_000),
]


def charge(tag: str, model: str, what: str, tokens: int, price: str) -> Charge:
    return Charge(DAY, tag, model, what, tokens, Decimal(price))


# The bill has other prices than the book, and more than the ledger.
CHARGES = [
    charge("chat", OSS, IN, 950_000, "0.00021"),
    charge("docs", GLM, GLM_IN, 100_000, "0.0011"),
    charge(
        "docs", OSS, IN, 70_000, "0.00015"
    ),  # of a model that the ledger has not in this project
    charge("ghost", OSS, IN, 130_000, "0.00015"),  # of a project that it has not
    charge("", OSS, IN, 10_000, "0.00015"),
]
TAX, CREDIT = Decimal("0.0777777777"), Decimal("-0.01")


def statement(folder: Path, charges: list[Charge] = CHARGES, **changes: Any) -> Path:
    rows = [{**each.row(), **changes} for each in charges]
    for kind, cost in (("Tax", TAX), ("Credit", CREDIT)):
        beside = {"line_item_line_item_type": kind, "line_item_unblended_cost": f"{cost:f}"}
        rows.append({**rows[0], **beside, "line_item_usage_amount": "0"})
    return write_csv(folder / "bill.csv", rows)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_segment(tmp_path / "ledger", ROWS)
    (tmp_path / "book.txt").write_text(book())
    statement(tmp_path)
    return tmp_path


def command(folder: Path, *more: str) -> list[str]:
    return [
        *("chargeback", "--by", "tag:team", "--month", "2025-11", "--amounts", "bill"),
        *("--bill", f"cur:{folder / 'bill.csv'}", "--prices", str(folder / "book.txt")),
        *more,
        str(folder / "ledger"),
    ]


def pico(amount: Decimal) -> int:
    whole = amount * 10**12
    assert whole == int(whole)
    return int(whole)


def test_every_pico_of_the_bill_is_someones(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command(folder, "--format", "json")) == 0
    found = json.loads(capsys.readouterr().out)
    chat, glm, other, ghost, untagged = (pico(each.cost) for each in CHARGES)
    whole = chat + glm + other + ghost + untagged + pico(TAX) + pico(CREDIT)
    assert int(found["total"]["total_pico"]) == whole
    assert sum(int(each["total_pico"]) for each in found["charges"]) == whole
    # Two thirds of chat are search's; the projects of docs are legal's alone, whatever the model.
    before = {
        "search": Fraction(chat * 2, 3),
        "legal": Fraction(chat, 3) + glm + other,
        "unassigned": Fraction(ghost),
        "unattributed": Fraction(untagged),
    }
    beside = pico(TAX) + pico(CREDIT)
    tokens = sum(before.values())
    after = {name: part + beside * part / tokens for name, part in before.items()}
    billed = {each["name"]: int(each["billed_pico"]) for each in found["charges"]}
    billed |= {name: int(found["pools"][name]["billed_pico"]) for name in found["pools"]}
    assert billed.pop("shared") == 0
    assert billed.keys() == after.keys()
    for name, exact in after.items():
        assert abs(billed[name] - exact) < 3  # three roundings, each of less than a pico
    assert found["basis"] == "the bill of AWS, estimated by AWS, divided by the ledger"
    assert found["bill"]["tokens_pico"] == str(tokens)
    assert found["bill"]["beside"] == {"credits": str(pico(CREDIT)), "tax": str(pico(TAX))}
    assert found["total"]["is_known"]


def of_team(found: Any, name: str) -> int:
    (charge,) = (each for each in found["charges"] if each["name"] == name)
    return int(charge["billed_pico"])


def test_tokens_that_aws_billed_without_the_tag_are_still_the_projects(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    charges = [charge("chat", OSS, IN, 500_000, "0.00015"), charge("", OSS, IN, 400_000, "0.00015")]
    statement(folder, [*charges, charge("docs", GLM, GLM_IN, 100_000, "0.001")])
    assert main(command(folder, "--format", "json")) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["pools"]["unattributed"]["billed_pico"] == "0"
    tokens = {"search": pico(Decimal("0.09")), "legal": pico(Decimal("0.145"))}
    beside = pico(TAX) + pico(CREDIT)
    for name, own in tokens.items():
        exact = own * (1 + Fraction(beside, sum(tokens.values())))
        assert abs(of_team(found, name) - exact) < 1
    assert of_team(found, "search") + of_team(found, "legal") == pico(Decimal("0.235")) + beside


def test_a_bill_without_tags_is_divided_by_model(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    statement(folder, tags={})
    assert main(command(folder, "--grain", "model", "--format", "json")) == 0
    found = json.loads(capsys.readouterr().out)
    oss = sum(pico(each.cost) for each in CHARGES if each.model == OSS)
    tokens = int(found["bill"]["tokens_pico"])
    exact = Fraction(oss * 2, 3) * (1 + Fraction(pico(TAX) + pico(CREDIT), tokens))
    assert abs(of_team(found, "search") - exact) < 3
    assert found["bill"]["tag"] == ""


def test_texts_say_what_the_amounts_are(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(command(folder)) == 0
    text = capsys.readouterr().out
    assert "2025-11, not closed. The bill of AWS, estimated by AWS, divided by the ledger." in text
    assert "Amounts are those of the bill" in " ".join(text.split())
    assert "bill.csv" in text
    assert main(command(folder, "--format", "csv")) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    whole = sum(each.cost for each in CHARGES) + TAX + CREDIT
    assert sum(Decimal(row["amount_usd"]) for row in rows) == whole
    assert sum(Decimal(row["invoice_usd"]) for row in rows) == round(whole, 2)
    assert {row["basis"] for row in rows} == {
        "the bill of AWS, estimated by AWS, divided by the ledger"
    }


@pytest.mark.parametrize("width", [390, 1440])
def test_the_page_says_so(folder: Path, width: int) -> None:
    page = folder / "page.html"
    assert main(command(folder, "--html", str(page))) == 0
    with chromium() as browser, opened(browser, page, width=width, scheme="dark") as seen:
        text = seen.inner_text("body")
        assert low_contrast(seen) == []
        overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert seen.evaluate(overflow) == 0
    assert "The amounts of the bill of AWS, divided by what the ledger has. AWS may still" in text
    assert "not AWS's bill" not in text
    assert "All of Bedrock" in text


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--month", "2025-10"], "has no line of 2025-10"),
        (["--discounts", "discounts.txt"], "discounts are for list prices"),
    ],
)
def test_what_cannot_be_charged_by_a_bill(
    folder: Path,
    more: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(folder)
    Path("discounts.txt").write_text("5 * - -\n")
    assert main(command(folder, *more)) == 1
    assert message in capsys.readouterr().err


def test_a_bill_must_be_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = command(folder)
    place = arguments.index("--bill")
    assert main([*arguments[:place], *arguments[place + 2 :]]) == 1
    assert "name it with --bill" in capsys.readouterr().err


# --- Closed months --------------------------------------------------------------------------------


def bill_of(chat: int, tax: int = 7) -> Bill:
    billing = Billing("CUR 2.0, x", TAG, is_estimated=False, tokens_pico=chat, beside={"tax": tax})
    return Bill(billing, {("chat", OSS): chat}, lambda *key: key[3] or "")


def test_a_closed_month_stays_and_a_later_bill_corrects_it(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger"
    write_segment(ledger, ROWS[:2])
    given: dict[str, Any] = {"rules": RULES, "book": BOOK}
    closed = ClosedMonths(tmp_path / "closed")
    first = chargeback(
        ledger, month="2025-11", closed=closed, bills=lambda _: bill_of(1000), **given
    )
    assert first.amounts == {"search": 667 + 5, "legal": 333 + 2}
    closed.close(first, LATER)
    again = ClosedMonths(tmp_path / "closed").months["2025-11"]
    assert again.billing == first.billing
    assert again.amounts == first.amounts
    page = chargeback_page(again)

    def later(month: str) -> Bill:
        return bill_of(1300) if month == "2025-11" else bill_of(0, 0)

    months = ClosedMonths(tmp_path / "closed")
    found = chargeback(ledger, month="2025-12", closed=months, bills=later, **given)
    assert {each.name: each.pico for each in found.corrections} == {"search": 200, "legal": 100}
    assert chargeback_page(months.months["2025-11"]) == page
    assert '"billed_pico": "672"' in as_json(again)
    assert "the bill of AWS, divided by the ledger" in as_csv(again)

    def gone(month: str) -> Bill:
        if month == "2025-11":
            raise ConfigurationError("the bill has no line of 2025-11")
        return bill_of(0, 0)

    found = chargeback(ledger, month="2025-12", closed=months, bills=gone, **given)
    assert found.corrections == []
    assert found.notes == ["2025-11 is not corrected: the bill has no line of 2025-11."]


def test_credits_above_the_bill_are_divided_too(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger"
    write_segment(ledger, ROWS[:2])
    found = chargeback(
        ledger,
        month="2025-11",
        closed=ClosedMonths(None),
        bills=lambda _: bill_of(900, -1501),
        rules=RULES,
        book=BOOK,
    )
    assert found.total_pico == 900 - 1501
    assert all(amount < 0 for amount in found.amounts.values())
