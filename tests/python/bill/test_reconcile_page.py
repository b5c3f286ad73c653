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
    assumptions=("a call counts on the UTC day on which it ended",),
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


def planted() -> plants.Statement:
    month = plants.AGREEING.copy()
    for plant in PLANTED:
        plant(month)
    return month


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Reconciliation:
    """A month in which much differs, with tax and credits beside it."""
    folder = tmp_path_factory.mktemp("month")
    ledger, export = planted().write(folder)
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
    return Decimal(text.replace("$", "").replace(",", "").replace("+", "") or 0)


def percent(text: str) -> Decimal:
    return Decimal(text.removesuffix("%"))


def rows_of(opened_page: Any, label: str, part: str = "tbody") -> list[list[str]]:
    """The texts of a table, as they are seen."""
    found: list[list[str]] = opened_page.evaluate(
        """([label, part]) => [...document.querySelectorAll(`[aria-label="${label}"] ${part} tr`)]
            .map((row) => [...row.cells].map((cell) => cell.innerText.trim()))""",
        [label, part],
    )
    return found


# --- What finance asks ----------------------------------------------------------------------------


def test_who_pays_what(result: Reconciliation, page: Path, browser: Any) -> None:
    """What finance posts, from what is to be seen alone, without any script."""
    month = planted()
    with opened(browser, page, script=False) as seen:
        text = seen.inner_text("main")
        rows = {row[0]: row for row in rows_of(seen, "Projects")}
        (total,) = rows_of(seen, "Projects", "tfoot")
    for team in plants.TEAMS:
        spent = sum(each.cost for each in month.charges if each.tag == team)
        if team == "team-d":
            spent += sum(each.cost for each in month.charges if not each.tag)
        assert abs(dollars(rows[team][1]) - spent) <= Decimal("0.01")
    assert rows["Default or untagged"][1] == "$0.00"
    assert sum(dollars(row[1]) for row in rows.values()) == dollars(total[1])
    assert dollars(total[1]) == round(Decimal(int(result.usage)) / 10**12, 2)
    for row in rows.values():  # bill and moved less ledger are the difference, as it is shown
        bill, moved, ledger, difference = map(dollars, row[2:6])
        assert bill + moved - ledger == difference
    assert rows["team-d"][3] == "+$7.0699"
    assert rows["Default or untagged"][3] == "-$7.0699"
    # Who would be charged wrongly is said on top, and not as an order to lower it.
    assert "$7.0699 that team-d spent stands on the bill without a project." in text
    assert "This changes who pays, not the sum" in text
    assert "Billed without its project\n$7.0699" in text
    assert "-$7.0699" not in text.partition("Who spent what")[0]
    assert "this page does not divide that, and no project bears any of it" in text


def test_what_nobody_is_known_for_is_said() -> None:
    """And is not charged to anyone."""
    ledger = ledger_of([0], [0], [0])
    lines = [charge.line() for charge in charges_of(ledger)]
    lines.append(replace(lines[0], tag=""))
    page = reconcile_page(reconcile(ledger, lines, PRICES, MONTH), BASIS)
    amount = f"${float(lines[0].cost):.4f}"
    assert f"Of {amount} it is not known who spent it" in page
    (row,) = re.findall(
        r"<tr>(?:(?!</tr>).)*Default or untagged.*?</tr>", page.split("</table>")[0]
    )
    assert re.findall(r"[+-]?\$[\d.]+", row)[:4] == [amount, amount, "$0.0000", f"+{amount}"]


def test_why_ledger_and_bill_differ(result: Reconciliation, page: Path, browser: Any) -> None:
    """Each reason, its sense, its amount, whom it is about and who acts."""
    with opened(browser, page, script=False) as seen:
        text = seen.inner_text("main")
        rows = {row[0]: row for row in rows_of(seen, "Projects")}
        steps = seen.eval_on_selector_all(
            ".steps li", "items => items.map((i) => i.innerText.split('\\n').filter(Boolean))"
        )
    assert text.startswith(
        "AWS bills $1,851.9313 for tokens, $0.8254 (0.04%) more than the ledger has: "
        "+$1.0419 and -$0.2665 have a named reason, +$0.0500 is not explained."
    )
    assert "Among the named reasons: $0.0635 of the ledger is not billed yet" in text
    shown = [dollars(each[-1]) for each in steps]
    assert round(shown[0], 2) == round(Decimal(int(result.ledger)) / 10**12, 2)
    assert sum(shown[:-1]) == shown[-1]
    by_name = {each[0]: each for each in steps}
    for name in ("Other clients", "Billed as another tier", "Not billed yet"):
        cause = next(each for each in result.causes if each.name == name.lower())
        told = by_name[name]
        assert abs(dollars(told[-1]) - Decimal(int(cause.cost)) / 10**12) < Decimal("0.0001")
        assert "How sure: " in " ".join(told)
    for each in steps:
        if not each[0].startswith("The "):
            about = " ".join(each)
            for word in ("Project: ", "Day", "Who acts: ", "What to do: "):
                assert word in about
            assert "Model: " in about or "On the bill: USE1-nova" in about
    assert "Who acts: FinOps, with team-b." in " ".join(by_name["Billed as another tier"])
    assert "Project: all 10 projects. Model: zai.glm-5 (output tokens)." in text
    assert rows["team-g"][7].startswith("other clients +$0.3856")


def test_what_is_not_explained_has_one_name(page: Path, browser: Any) -> None:
    """What is not understood is no reason."""
    with opened(browser, page, script=False) as seen:
        text = seen.inner_text("main")
        rows = {row[0]: row for row in rows_of(seen, "Projects")}
        listed = rows_of(seen, "Not explained")
    assert "Not explained\n$0.0500" in text
    assert "not explained: no reason fits +$0.0200" in rows["team-j"][7]
    assert "not explained: unknown kind of usage +$0.0300" in rows["team-a"][7]
    assert sum(dollars(row[1]) for row in listed) == Decimal("0.05")
    assert not re.search("unmapped|not understood|residual|no known reason", text, re.I)
    assert "99.998% of what AWS bills for tokens is of a known kind" in text


def test_every_table_adds_up_and_agrees_with_the_others(page: Path, browser: Any) -> None:
    """As it is shown, to the last digit."""
    each = "By project and model"
    with opened(browser, page, script=False) as seen:
        seen.click("details:has(table) summary")
        projects, models = rows_of(seen, "Projects"), rows_of(seen, "Models")
        lines = [*rows_of(seen, each), *rows_of(seen, f"{each}, without a difference")]
        totals = {
            label: rows_of(seen, label, "tfoot")[0]
            for label in ("Projects", "Models", each, f"{each}, without a difference")
        }
        differing = rows_of(seen, each)
    assert len(differing) == 17
    assert len(lines) == 62
    for label, rows in (("Projects", projects), ("Models", models), (each, differing)):
        for column in range(1, 6 if label != "Models" else 4):
            whole = sum(dollars(row[column]) for row in rows)
            assert whole == dollars(totals[label][column])
    assert sum(percent(row[6]) for row in projects) == 100
    assert sum(percent(row[4]) for row in models) == 100
    for project in projects:
        of = [line for line in lines if line[0].split("\n")[0] == project[0]]
        for column in range(1, 6):
            assert sum(dollars(line[column]) for line in of) == dollars(project[column])
    for model in models:
        of = [line for line in lines if line[0].split("\n")[-1] == model[0]]
        for here, there in ((1, 2), (2, 4), (3, 5)):
            assert sum(dollars(line[there]) for line in of) == dollars(model[here])
    for row in projects:  # the reasons of a line are its difference
        reasons = re.findall(r"[+-]\$[\d.]+", row[7])
        assert sum(map(dollars, reasons)) == dollars(row[5])


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (
            {"is_estimated": True},
            "The bill is not final: it is estimated. AWS may still change it.",
        ),
        ({"is_estimated": False}, "The bill is final. AWS marks none of these lines"),
        (
            {"is_estimated": False, "tells_if_final": False},
            "Whether the bill is final is not known. This copy",
        ),
    ],
)
def test_which_bill_it_is_stands_on_top(
    result: Reconciliation,
    changed: dict[str, Any],
    said: str,
    tmp_path: Path,
    browser: Any,
) -> None:
    basis = replace(BASIS, payers=("111122223333",), invoices=("EUINV26-1",), **changed)
    file = tmp_path / "page.html"
    file.write_text(reconcile_page(result, basis), encoding="utf-8")
    with opened(browser, file, script=False) as seen:
        text = seen.inner_text(".opening")
        pairs = seen.eval_on_selector_all(
            ".about div", "rows => rows.map((row) => [...row.children].map((e) => e.innerText))"
        )
    assert said in text
    told = dict(pairs)
    assert told["Period"] == "1 Nov 2026 to 30 Nov 2026, a whole month in UTC"
    assert told["Currency"] == "US dollars (USD)"
    assert told["Payer account"] == "111122223333"
    assert told["Invoice"] == "EUINV26-1"
    assert told["Bill"] == "AWS's data of 4 Dec 2026, 09:00 UTC"
    assert told["Price book"].startswith("list prices as costmark had them on ")
    whole = round(Decimal(int(result.total)) / 10**12, 2)
    assert told["All of Bedrock"].startswith(f"${whole:,} with credits and tax")


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


def test_the_filter_adds_up_what_it_shows(page: Path, browser: Any) -> None:
    label = "By project and model"
    with opened(browser, page) as seen:
        written = rows_of(seen, label, "tfoot")[0]
        seen.fill("#each-tools input", "team-g haiku")
        shown = seen.locator(f"[aria-label='{label}'] tbody tr:visible")
        assert shown.count() == 1
        assert "other clients" in shown.inner_text()
        assert rows_of(seen, label, "tfoot")[0][:3] == [
            "Total of 1 line shown",
            "$17.35",
            "$17.3549",
        ]
        # Lines that agree are folded away, and come out where the filter finds them.
        seen.fill("#each-tools input", "team-d")
        told = seen.inner_text("#each-tools output")
        whole = {row[0]: row for row in rows_of(seen, "Projects")}["team-d"]
        assert told == f"6 of 62 lines, {whole[1]} in all"
        tables = [label, f"{label}, without a difference"]
        totals = [rows_of(seen, each, "tfoot")[0] for each in tables]
        for column, amount in ((1, whole[1]), (2, whole[2])):
            assert sum(dollars(total[column]) for total in totals) == dollars(amount)
        seen.fill("#each-tools input", "nothing of the kind")
        assert rows_of(seen, label, "tfoot")[0][1] == "$0.00"
        seen.fill("#each-tools input", "")
        assert rows_of(seen, label, "tfoot")[0] == written


def test_names_stay_beside_their_amounts_on_a_phone(page: Path, browser: Any) -> None:
    with opened(browser, page, width=390) as seen:
        for label in ("Projects", "By project and model"):
            box = f"[aria-label='{label}']"
            cells = f"{box} tr:first-child > :nth-child(-n+3)"
            ends = seen.eval_on_selector_all(
                cells, "cells => cells.map((cell) => cell.getBoundingClientRect().right)"
            )
            assert max(ends) <= 390  # what is charged and billed is seen at once
            seen.eval_on_selector(box, "box => { box.scrollLeft = 200 }")
            lefts = seen.eval_on_selector_all(
                f"{box} th:first-child",
                "cells => cells.map((cell) => cell.getBoundingClientRect().left)",
            )
            assert len(set(lefts)) == 1  # head, names and total


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
    assert "Not explained, line by line" not in agreeing
    empty = reconcile_page(reconcile([], [], PRICES, Window(DAYS[0], DAYS[0])), BASIS)
    assert "There is nothing to compare" in empty
    assert "<script" not in empty


def test_amounts_too_small_for_the_page_are_no_zeros() -> None:
    ledger = ledger_of([0], [0], [0])
    lines = [charge.line() for charge in charges_of(ledger)]
    lines[0] = replace(lines[0], cost=lines[0].cost + Fraction(1, 10**6))
    page = reconcile_page(reconcile(ledger, lines, PRICES, MONTH), BASIS)
    assert "&lt;$0.0001 (less than 0.01%) more" in page


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
    assert amounts[1:4] == ["+$0.3856", "-$0.2030", "$0.0000"]
    assert sum(map(dollars, amounts[:-1])) == dollars(amounts[-1])


@pytest.mark.parametrize("name", sorted(wording._CAUSES))
def test_every_cause_has_advice(name: str) -> None:
    """Of its own, beside others, and where it is one of several."""
    (own,) = wording.advice(name)
    joint = causes.joint_name([name, causes.OTHER_CLIENTS])
    assert own in wording.advice(joint)


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
    assert re.search(
        r"\| team-d \| \$186\.25 \| \$179\.18 \| \$186\.18 \| billed without its project", text
    )
    assert "| not explained: no reason fits | +$0.0200 |" in text
    assert "+$1.0419 and -$0.2665 have causes, $0.0500 has none" in text
    assert "<script>" not in as_markdown(hostile(), BASIS)


def test_projects_without_the_tag_have_their_names(result: Reconciliation) -> None:
    lacking = replace(result, projects_without_tag=["proj_1", "proj_2"])
    basis = replace(BASIS, names={"proj_1": "<chat>"})
    assert "taken as untagged: &lt;chat&gt; (proj_1), proj_2<" in reconcile_page(lacking, basis)
    assert "<chat> (proj_1)" in formats.as_table(lacking, basis)
    assert "taken as untagged: proj_1, proj_2<" in reconcile_page(lacking, BASIS)
