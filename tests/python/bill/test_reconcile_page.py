"""The page of a reconciliation: that finance can answer from it, and that it can be read."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest

from bill import test_statement as plants
from bill.making import BOOK, DAYS, MONTH, PRICES, charges_of, ledger_of
from costmark.bill import Window, causes, formats, reconcile, wording
from costmark.bill.exports import read_export
from costmark.bill.page import reconcile_page
from costmark.bill.tables import as_csv, as_markdown
from costmark.bill.usage import read_ledger
from reports.browsers import chromium, low_contrast, opened

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from costmark.bill import BillLine, Reconciliation

NOW = dt.datetime(2026, 12, 4, 9, tzinfo=dt.timezone.utc)
BASIS = formats.Basis(
    book=BOOK,
    source="CUR 2.0, /data/bill",
    snapshot=("2026-11, execution e1",),
    is_estimated=True,
    assumptions=("a call belongs to the day of its end",),
    tag="costmark_project",
    made=NOW,
    ledger=("the ledger has 1,800 attempts of these days in 3 files",),
    written=NOW,
)
PLANTED = (
    plants.another_tier,
    plants.without_its_tag,
    plants.another_program,
    plants.the_last_day,
    plants.a_new_price,
    plants.a_new_kind,
    plants.a_surcharge_of_seven_percent,
)


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Reconciliation:
    """A month in which much differs, with tax and credits beside it."""
    folder = tmp_path_factory.mktemp("month")
    month = plants.AGREEING.copy()
    for plant in PLANTED:
        plant(month)
    ledger, export = month.write(folder)
    side = read_ledger(ledger, window=MONTH, book=plants.BOOK, prices=plants.PRICES)
    lines = read_export(export, MONTH, "costmark_project").lines
    lines.append(replace(lines[0], record_type="Tax", cost=Fraction("311.25")))
    lines.append(replace(lines[0], record_type="Credit", cost=Fraction(-500)))
    models = plants.PRICES.models
    return reconcile(
        side.lines, lines, plants.PRICES, MONTH, models=models, as_of=DAYS[-1], lag_days=1
    )


@pytest.fixture(scope="module")
def page(result: Reconciliation, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("page") / "reconcile.html"
    file.write_text(reconcile_page(result, BASIS), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as found:
        yield found


def dollars(text: str) -> Decimal:
    return Decimal(text.replace("$", "").replace(",", "").replace("+", ""))


def rows_of(opened_page: Any, label: str) -> list[list[str]]:
    """The texts of a table, as they are seen."""
    found: list[list[str]] = opened_page.evaluate(
        """(label) => [...document.querySelectorAll(`[aria-label="${label}"] tbody tr`)]
            .map((row) => [...row.cells].map((cell) => cell.innerText.trim()))""",
        label,
    )
    return found


# --- What finance asks ----------------------------------------------------------------------------


def test_who_spent_what_and_why_it_differs(
    result: Reconciliation, page: Path, browser: Any
) -> None:
    """From what is to be seen alone, without any script."""
    month = plants.AGREEING.copy()
    for plant in PLANTED:
        plant(month)
    with opened(browser, page, script=False) as seen:
        text = seen.inner_text("main")
        projects = {row[0]: row for row in rows_of(seen, "Projects")}
        steps = seen.eval_on_selector_all(
            ".steps li", "items => items.map((i) => i.innerText.split('\\n').filter(Boolean))"
        )
    # Which team spent what.
    for team in plants.TEAMS:
        billed = sum(
            each.cost for each in month.charges if each.tag == team and each.usage_type == ""
        )
        unmapped = sum(each.cost for each in month.charges if each.tag == team and each.usage_type)
        assert abs(dollars(projects[team][1]) - billed - unmapped) <= Decimal("0.01")
    # Why the ledger differs from the invoice: each reason, its sense, its amount.
    assert re.match(
        r"AWS charges \$[\d,.]+ for tokens, \$[\d.]+ (more|less) than the ledger has: named "
        r"reasons account for \+\$[\d.]+ and -\$[\d.]+, and \$0.0200 has no known reason\.",
        text,
    )
    assert "of the ledger is not billed yet" in text
    shown = [dollars(each[-1]) for each in steps]
    assert round(shown[0], 2) == round(Decimal(int(result.ledger)) / 10**12, 2)
    assert sum(shown[:-1]) == shown[-1]  # as it is shown, to the cent
    by_name = {each[0]: dollars(each[-1]) for each in steps}
    for name in ("Other clients", "Billed as another tier", "Not billed yet", "Unmapped"):
        cause = next(each for each in result.causes if each.name == name.lower())
        assert abs(by_name[name] - Decimal(int(cause.cost)) / 10**12) < Decimal("0.01")
    for each in steps:  # how sure that is, and what to do about it
        if not each[0].startswith(("The ", "No known")):
            assert "How sure: " in " ".join(each)
        if not each[0].startswith("The "):
            assert "To do: " in " ".join(each)
    assert "Whose bill it changes: team-d -$7.0699, default or untagged +$7.0699." in text
    assert "programs that use it and do not write to this ledger" in text
    assert projects["team-g"][5].startswith("other clients +$0.3856")
    assert "no known reason +$0.0200" in projects["team-j"][5]
    assert projects["Default or untagged"][5].startswith("billed as default or untagged +$")
    # What the invoice says in all.
    beside = [line.split("\t") for line in text.splitlines() if line.startswith("All of Bedrock\t")]
    assert dollars(beside[0][-1]) == round(Decimal(int(result.total)) / 10**12, 2)
    assert "Found as well, without a change of the sum" in text
    assert "The newest file of the bill was written on 2026-12-04 09:00 UTC" in text
    assert "The bill is estimated: AWS may still change it" in text


def test_the_difference_of_a_line_is_the_sum_of_its_reasons(result: Reconciliation) -> None:
    assert sum(part.bill for part in result.parts) == result.usage
    for part in result.parts:
        assert part.ledger + sum(cost for _, cost in part.why) == part.bill


# --- That it can be read --------------------------------------------------------------------------


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_the_page_can_be_read(
    page: Path, browser: Any, width: int, scheme: str, script: bool
) -> None:
    with opened(browser, page, width=width, scheme=scheme, script=script) as seen:
        overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert seen.evaluate(overflow) == 0
        assert low_contrast(seen) == []
        clipped = "box => box.scrollWidth - box.clientWidth"
        assert seen.eval_on_selector('[aria-label="Also on the bill"]', clipped) <= 0
        bars = seen.eval_on_selector_all(
            ".step rect", "bars => bars.map((bar) => bar.getBoundingClientRect().width)"
        )
        assert len(bars) >= 7
        assert min(bars) > 0.5
        assert seen.is_visible("#each-tools input") == script


def test_the_filter_finds_a_team(page: Path, browser: Any) -> None:
    with opened(browser, page) as seen:
        seen.fill("#each-tools input", "team-g haiku")
        shown = seen.locator("[aria-label='By project and model'] tbody tr:visible")
        assert shown.count() == 1
        assert "other clients" in shown.inner_text()


HOSTILE = ["</script><script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "=cmd|'/c'!A1"]


def hostile() -> Reconciliation:
    ledger = [
        replace(line, tag=tag)
        for line, tag in zip(ledger_of([0], [0, 1, 2], [0]), HOSTILE, strict=True)
    ]
    lines: list[BillLine] = [charge.line() for charge in charges_of(ledger)]
    lines[0] = replace(lines[0], usage_type=f"USE1-{HOSTILE[0]}-mantle-x", tag=HOSTILE[0])
    return reconcile(ledger, lines, PRICES, MONTH)


def test_nothing_of_a_bill_breaks_out(tmp_path: Path, browser: Any) -> None:
    file = tmp_path / "page.html"
    file.write_text(reconcile_page(hostile(), BASIS), encoding="utf-8")
    with opened(browser, file) as seen:
        names = [row[0] for row in rows_of(seen, "Projects")]
        assert set(HOSTILE) <= set(names)
        assert seen.locator("img").count() == 0
        assert seen.locator("script").count() == 1


def test_an_agreeing_and_an_empty_month_have_pages() -> None:
    ledger = ledger_of([0], [0], [0])
    lines = [charge.line() for charge in charges_of(ledger)]
    agreeing = reconcile_page(reconcile(ledger, lines, PRICES, MONTH), BASIS)
    assert "Ledger and bill agree: $" in agreeing
    assert agreeing.count("Agrees") == 3
    assert "To look into" not in agreeing
    empty = reconcile_page(reconcile([], [], PRICES, Window(DAYS[0], DAYS[0])), BASIS)
    assert "There is nothing to compare" in empty
    assert "<script" not in empty


def test_each_figure_is_rounded_by_itself() -> None:
    """Figures that are equal are shown as equal: they are no parts of a sum."""
    cost = Fraction(1_624_800_000)
    ledger = ledger_of([0], [0], [0])
    lines = [charge.line() for charge in charges_of(ledger)]
    result = reconcile(ledger, lines, PRICES, Window(DAYS[0], DAYS[0]))
    page = reconcile_page(replace(result, usage=cost, ledger=cost), BASIS)
    assert re.findall(r"\$[\d.]*\d", page.partition("From the ledger")[0]) == ["$0.0016"] * 4


def test_small_steps_have_their_digits(tmp_path: Path, browser: Any) -> None:
    """Cents that rounding moves between steps of less than a dollar would look like faults."""
    month = plants.AGREEING.copy()
    plants.another_program(month)
    plants.another_tier(month)
    file = tmp_path / "page.html"
    file.write_text(reconcile_page(plants.reconciled(month, tmp_path), BASIS), encoding="utf-8")
    with opened(browser, file) as seen:
        amounts = seen.eval_on_selector_all(
            ".steps .number", "cells => cells.map((cell) => cell.innerText)"
        )
    assert amounts[1:4] == ["+$0.3856", "-$0.2030", "0"]
    assert sum(map(dollars, amounts[:-1])) == dollars(amounts[-1])


@pytest.mark.parametrize("name", sorted(wording._CAUSES))
def test_every_cause_has_advice(name: str) -> None:
    """Of its own, beside others, and where it is one of several."""
    assert wording.to_do(name)
    joint = causes.joint_name([name, causes.OTHER_CLIENTS])
    assert wording.to_do(name) in wording.to_do(joint)


def test_the_grain_of_models_has_no_projects() -> None:
    ledger = ledger_of([0], [0], [0])
    lines = [replace(charge.line(), tag=None) for charge in charges_of(ledger)]
    shown = reconcile_page(reconcile(ledger, lines, PRICES, MONTH, grain="model"), BASIS)
    assert "compared by model alone, without projects" in shown
    assert "By model and kind of token" in shown


# --- For spreadsheets and notes -------------------------------------------------------------------


def test_the_lines_of_the_csv_add_up_to_the_bill(result: Reconciliation) -> None:
    rows = list(csv.DictReader(io.StringIO(as_csv(result, BASIS))))
    assert sum(Decimal(row["usd"]) for row in rows) * 10**12 == Decimal(int(result.total))
    team = [row for row in rows if row["costmark_project"] == "team-g"]
    (extra,) = (row for row in team if row["what"] == "other clients")
    assert extra["usd"] == "0.385615"
    assert {row["step"] for row in rows} == {"ledger", "cause", "residual", "beside"}
    cells = [
        row["costmark_project"] for row in csv.DictReader(io.StringIO(as_csv(hostile(), BASIS)))
    ]
    assert f"'{HOSTILE[2]}" in cells


def test_markdown_has_the_same(result: Reconciliation) -> None:
    text = as_markdown(result, BASIS)
    assert text.startswith(formats.headline(result))
    assert "| other clients | +$0.3856 | Billed to the project" in text
    assert re.search(r"\| team-g \| \$185\.\d\d \| \$184\.\d\d \| other clients \+\$0\.3856", text)
    assert "<script>" not in as_markdown(hostile(), BASIS)
