"""What teams pay for a month: sums to the pico, closed months that stay, and their corrections."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest

from costmark import ledger, prices
from costmark.cli.main import main
from costmark.errors import ConfigurationError
from costmark.reports import report
from costmark.reports.chargeback import (
    POOLS,
    ClosedMonths,
    Discount,
    Project,
    Rules,
    chargeback,
    read_discounts,
    read_projects,
    read_weights,
)
from costmark.reports.chargeback.amounts import amounts
from costmark.reports.chargeback.texts import as_csv, as_json, invoice
from costmark.reports.money import Column
from costmark.reports.page import chargeback_page
from costmark.reports.shares import rounded
from ledger.segments import DAY_US, attempt, write_segment
from reports.browsers import chromium, low_contrast, opened
from reports.test_page import ELEMENTS, HOSTILE, _Elements
from reports.test_report import BOOK, ledgers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from costmark.reports.chargeback import Chargeback

UTC = dt.timezone.utc
LATER = dt.datetime(2026, 5, 1, 12, tzinfo=UTC)
NONE = ClosedMonths(None)
MONTH = "2025-11"


def book(alpha: int = 100, beta: int = 10) -> prices.PriceBook:
    lines = [
        f"{model} us-east-1 in-region standard {kind} - - token - - USD {pico} 2025-11 x\n"
        for model, pico in (("alpha", alpha), ("beta", beta))
        for kind in ("input", "output")
    ]
    return prices.PriceBook.parse("date 2025-11-20\n" + "".join(lines))


def usage(seq: int, team: str | None, tokens: int, days: int = 0, **more: Any) -> dict[str, Any]:
    """A row of 2025-11-30 and later days: ``tokens`` of input, and no output."""
    tags = {} if team is None else {"team": team}
    given = {"model": "alpha", "region": "us-east-1", "project": f"proj_{team}", **more}
    row = attempt(seq, input=tokens, output=0, tags=tags, **given)
    row["end_us"] += days * DAY_US
    return {**row, "meters": {}}


def month_of(
    *folders: Path, month: str = MONTH, closed: ClosedMonths = NONE, **more: Any
) -> Chargeback:
    given = {"book": book(), "rules": Rules("tag:team"), **more}
    return chargeback(*folders, month=month, closed=closed, **given)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Search used 600, legal 300, the platform 90; 50 named no project, and 7 no team."""
    rows = [
        usage(0, "search", 600),
        usage(1, "legal", 30, model="beta"),
        usage(2, "legal", 270),
        usage(3, "platform", 90),
        usage(4, None, 50, project="default", project_source="none"),
        usage(5, None, 7),
        usage(6, "search", 5, model="unheard-of"),
    ]
    path = tmp_path / "ledger"
    write_segment(path, rows)
    return path


# --- Amounts --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rules", "wanted"),
    [
        # Own: search 60,000, legal 27,300, platform 9,000. To divide: 5,000 and 700.
        (Rules("tag:team"), [60_000 + 3115 + 436, 27_300 + 1418 + 198, 9_000 + 467 + 66]),
        (Rules("tag:team", split="even"), [61_901, 29_200, 10_899]),
        (
            Rules("tag:team", split="fixed", fixed={"legal": 3, "new": 1}),
            [60_000, 31_575, 9_000, 1_425],
        ),
        (Rules("tag:team", shared=("plat*",)), [60_000 + 10_103, 27_300 + 4_597]),
    ],
    ids=["direct", "even", "fixed", "shared"],
)
def test_the_rules_divide_what_is_shared(folder: Path, rules: Rules, wanted: list[int]) -> None:
    found = month_of(folder, rules=rules)
    got = sorted((charge.total_pico for charge in found.charges), reverse=True)
    assert sum(got) == sum(wanted) == found.total_pico == 102_000
    for amount, expected in zip(got, sorted(wanted, reverse=True), strict=True):
        assert abs(amount - expected) <= 2
    assert found.states["unpriced"] == 1
    assert not found.is_known


def test_tokens_as_the_key(folder: Path) -> None:
    found = month_of(folder, rules=Rules("tag:team", split="tokens"))
    parts = {charge.name: charge.parts["unattributed"] for charge in found.charges}
    whole = 605 + 300 + 90
    for name, tokens in (("search", 605), ("legal", 300), ("platform", 90)):
        assert abs(parts[name] - Fraction(5000 * tokens, whole)) < 1
    assert sum(parts.values()) == 5000


def test_discounts_are_the_first_that_apply(folder: Path) -> None:
    discounts = (
        Discount("12.5", "be*"),
        Discount("50", "alpha", "2025-12-01"),
        Discount("10", "alpha", "2025-11-01", "2025-12-01"),
        Discount("99", "*"),
    )
    found = month_of(folder, rules=Rules("tag:team", discounts=discounts))
    own = {charge.name: charge.own for charge in found.charges}
    assert (own["legal"].list_pico, own["legal"].discount_pico) == (27_300, 2_700 + 38)
    assert own["search"].discount_pico == 6_000
    assert found.pools["unattributed"].discount_pico == 500
    assert found.total_pico == 102_000 - found.usage.discount_pico


def test_nothing_to_divide_by_is_shown(tmp_path: Path) -> None:
    write_segment(tmp_path, [usage(0, None, 10), usage(1, "search", 10, days=-40)])
    found = month_of(tmp_path)
    assert (found.charges, found.undivided, found.total_pico) == ([], {"unassigned": 1000}, 1000)
    (line,) = csv.DictReader(io.StringIO(as_csv(found)))
    assert (line["kind"], line["amount_usd"]) == ("undivided", "0.000000001")


def test_current_tags_take_the_place_of_recorded_ones(folder: Path, tmp_path: Path) -> None:
    lock = tmp_path / "costmark.lock"
    entries = [
        {"id": "proj_search", "tags": {"team": "find"}},
        {"id": "proj_legal", "account": "999988887777", "tags": {"team": "other account"}},
        {"id": "proj_None", "tags": {"team": "legal"}},
        {"id": "proj_platform", "region": "us-east-1", "tags": {"team": "infra"}},
        {"id": "proj_platform", "tags": {"team": "everywhere else"}},
    ]
    lock.write_text(json.dumps({"version": 1, "projects": entries}))
    found = month_of(folder, rules=Rules("tag:team", projects=read_projects(lock)))
    assert {charge.name: charge.own.list_pico for charge in found.charges} == {
        "find": 60_000,
        "infra": 9_000,
        "legal": 700,
        "other account": 27_300,  # of whose rows no account is known
    }
    rules = Rules("tag:team", projects=read_projects(lock))
    assert rules.current_name("111122223333", None, "proj_legal") is None
    assert rules.current_name(None, None, "proj_legal") == "other account"


@pytest.mark.parametrize("split", ["direct", "tokens", "even"])
def test_the_charges_add_up_to_the_report(tmp_path: Path, split: str) -> None:
    folders = ledgers(tmp_path, 4)
    rules = Rules("tag:team", split=split, shared=("it*",))
    for month in (MONTH, "2025-12"):
        since = dt.datetime.fromisoformat(f"{month}-01").replace(tzinfo=UTC)
        until = (since + dt.timedelta(days=31)).replace(day=1)
        wanted = report(*folders, by=["tag:team"], since=since, until=until, book=BOOK)
        found = month_of(*folders, month=month, rules=rules, book=BOOK)
        assert found.total_pico == wanted.total.cost_pico > 0
        assert found.usage.calls == wanted.total.calls
        assert found.states["unattributed"] == wanted.states.unattributed.attempts
        lines = invoice(found)
        assert sum(line.pico for line in lines) == found.total_pico


def test_cents_add_up_to_the_rounded_total() -> None:
    assert rounded([34, 33, 33], 100) == [1, 0, 0]
    assert rounded([149, 149, -149], 100) == [1, 1, -1]
    assert rounded([], 100) == []


def test_what_has_no_price_is_marked_wherever_it_counts(tmp_path: Path) -> None:
    rows = [
        usage(0, "search", 600),
        usage(1, "search", 600, model="unheard-of"),
        usage(2, "legal", 300),
        usage(3, "new", 5, model="unheard-of"),
        usage(4, None, 9, model="unheard-of", project="default", project_source="none"),
    ]
    write_segment(tmp_path, rows)
    found = month_of(tmp_path, book=book(alpha=10**11))
    shown = amounts(found)
    assert [line.name for line in shown.lines] == ["search", "legal", "new"]
    assert shown.listed.cells == ["$60.00 + ?", "$30.00", "no price"]
    # No team knows what its part of the unattributed is; one without a weight has none of it.
    assert shown.shared.cells == ["no price", "no price", "0"]
    assert shown.total.cells == ["$60.00 + ?", "$30.00 + ?", "no price"]
    assert shown.total.total() == "$90.00 + ?"
    assert shown.to_divide.cells == ["no price", "0", "0"]

    page = _Elements(chargeback_page(found)).text
    assert page.count("$60.00 + ?") == 2
    assert page.count("$90.00 + ?") == 3  # to be charged, and the sums of two columns
    lines = list(csv.DictReader(io.StringIO(as_csv(found))))
    got = [(line["unpriced"], line["partial"], line["is_known"]) for line in lines]
    assert got == [("1", "0", "false"), ("0", "0", "false"), ("1", "0", "false")]

    known = month_of(tmp_path, book=book(alpha=10**11), rules=Rules("tag:team", shared=("n*",)))
    assert amounts(known).to_divide.cells == ["no price", "0", "no price"]


def test_what_has_no_price_and_is_not_divided_is_a_line(tmp_path: Path) -> None:
    unheard_of = usage(0, None, 10, model="unheard-of")
    write_segment(tmp_path, [unheard_of, usage(1, "search", 10, days=-40)])
    found = month_of(tmp_path)
    (line,) = csv.DictReader(io.StringIO(as_csv(found)))
    assert (line["kind"], line["unpriced"], line["is_known"]) == ("undivided", "1", "false")
    assert amounts(found).total.cells == ["no price"]
    assert ">no price<" in chargeback_page(found)


def test_partly_priced_calls_stand_in_the_invoice(tmp_path: Path) -> None:
    row = usage(0, "search", 600)
    del row["output"]
    write_segment(tmp_path, [row])
    found = month_of(tmp_path)
    (line,) = csv.DictReader(io.StringIO(as_csv(found)))
    assert found.states["partial"] == 1
    assert (line["unpriced"], line["partial"], line["is_known"]) == ("0", "1", "false")


def test_a_closed_month_keeps_its_marks(folder: Path, tmp_path: Path) -> None:
    closed = ClosedMonths(tmp_path / "closed").close(month_of(folder), LATER)
    again = ClosedMonths(tmp_path / "closed").months[MONTH]
    assert amounts(again).total.cells == amounts(closed).total.cells
    assert amounts(again).total.cells[0].endswith(" + ?")


def test_the_cents_of_table_and_page_are_those_of_the_invoice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    third = 333_500_000_000  # three amounts of $33.3350, which round to $100.00 or $100.02
    rows = [usage(n, f"team-{n}", 100) for n in range(3)]
    write_segment(tmp_path / "ledger", [*rows, usage(3, None, 7)])
    priced = book(alpha=third)
    found = month_of(tmp_path / "ledger", book=priced)
    file = tmp_path / "prices"
    file.write_text(priced.canonical)
    invoiced = {
        line["tag:team"]: f"${line['invoice_usd']}"
        for line in csv.DictReader(io.StringIO(as_csv(found)))
    }
    command = ["chargeback", "--by", "tag:team", "--month", MONTH, "--prices", str(file)]
    assert main([*command, str(tmp_path / "ledger")]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    table = {line[0]: line[-1] for line in lines if line}
    assert {name: table[name] for name in invoiced} == invoiced
    assert len(set(invoiced.values())) > 1  # a cent more for one of three that are equal
    cells = [Decimal(cell[1:]) for cell in invoiced.values()]
    assert table["total"] == f"${sum(cells)}"
    page = _Elements(chargeback_page(found)).text
    for cell in [*invoiced.values(), table["total"]]:
        assert cell in page


def test_every_column_adds_up_as_it_is_shown(tmp_path: Path) -> None:
    rows = [usage(n, f"team-{n}", 101 + 7 * n) for n in range(7)]
    write_segment(tmp_path, [*rows, usage(7, None, 333)])
    rules = Rules("tag:team", shared=("team-1",), discounts=(Discount("7.77", "*"),))
    shown = amounts(month_of(tmp_path, rules=rules, book=book(alpha=12_345_678_901)))

    def number(cell: str) -> Decimal:
        return Decimal(cell.replace("$", ""))

    pools = [shown.pools[name] for name in ("unassigned", "shared")]
    for column in (*shown.own.values(), shown.shared, shown.total, *pools):
        assert sum(map(number, column.cells)) == number(column.total()) != 0


def test_amounts_below_what_is_shown() -> None:
    column = Column([4, -4, 0, 10**12], 2)
    assert column.cells == ["<$0.01", "-<$0.01", "0", "$1.00"]
    assert Column([-(15 * 10**11), 10**15], 2).cells == ["-$1.50", "$1,000.00"]
    assert Column([], 2).total() == "0"


# --- Closed months --------------------------------------------------------------------------------


def two_months(path: Path) -> Path:
    rows = [
        usage(0, "search", 600),
        usage(1, "legal", 300, model="beta"),
        usage(2, None, 90, project="default", project_source="none"),
        usage(3, "search", 60, days=5),
        usage(4, "ops", 60, days=5),
        usage(5, "search", 10, days=40),
    ]
    write_segment(path, rows)
    return path


def test_a_corrected_price_leaves_the_closed_month_and_corrects_the_next(tmp_path: Path) -> None:
    folder = two_months(tmp_path / "ledger")
    ledger.compact(folder)
    books = tmp_path / "closed"
    first = ClosedMonths(books).close(month_of(folder), LATER)
    assert first.manifests
    page = chargeback_page(first)

    def again(month: str, **more: Any) -> Chargeback:
        return month_of(folder, month=month, closed=ClosedMonths(books), **more)

    dearer = {"book": book(alpha=130)}
    assert again(MONTH, **dearer) == first
    assert chargeback_page(again(MONTH, **dearer)) == page
    assert "November 2025, closed on 2026-05-01" in page

    second = again("2025-12", **dearer)
    wanted = month_of(folder, **dearer)
    by_name = {each.name: each.pico for each in second.corrections}
    assert {each.month for each in second.corrections} == {MONTH}
    assert sum(by_name.values()) == wanted.total_pico - first.total_pico == 690 * 30
    for name, pico in by_name.items():
        assert first.amounts[name] + pico == wanted.amounts[name]
    assert second.total_pico == 120 * 130 + 690 * 30
    assert "Corrections of earlier months" in chargeback_page(second)
    kinds = [row["kind"] for row in csv.DictReader(io.StringIO(as_csv(second)))]
    assert kinds == ["charge", "charge", "correction", "correction"]

    # A correction is charged once; what changes later is the difference to all that was charged.
    ClosedMonths(books).close(second, LATER)
    assert again("2026-01", **dearer).corrections == []
    third = again("2026-01", book=book(alpha=120))
    sums = dict.fromkeys((MONTH, "2025-12"), 0)
    for each in third.corrections:
        sums[each.month] += each.pico
    assert sums == {MONTH: -690 * 10, "2025-12": -120 * 10}


def test_late_rows_are_corrections(tmp_path: Path) -> None:
    folder = two_months(tmp_path / "ledger")
    months = tmp_path / "closed"
    ClosedMonths(months).close(month_of(folder), LATER)
    write_segment(
        folder,
        [usage(0, "new", 50, writer="f" * 16, op="late")],
        writer="ffffffffffffffff",
        start=9,
    )
    found = month_of(folder, month="2025-12", closed=ClosedMonths(months))
    by_name = {each.name: each.pico for each in found.corrections}
    assert by_name["new"] > 5000
    assert sum(by_name.values()) == 5000


def test_a_correction_of_which_not_all_has_a_price_is_marked(tmp_path: Path) -> None:
    folder = two_months(tmp_path / "ledger")
    months = tmp_path / "closed"
    ClosedMonths(months).close(month_of(folder), LATER)
    late = [usage(0, "new", 50, op="late"), usage(1, "new", 7, op="later", model="unheard-of")]
    rows = [{**row, "writer": "f" * 16} for row in late]
    write_segment(folder, rows, writer="f" * 16, start=9)
    found = month_of(folder, month="2025-12", closed=ClosedMonths(months))
    known = {each.name: each.is_known for each in found.corrections}
    assert known.pop("new") is False
    assert all(known.values())
    assert not found.is_known
    (line,) = (each for each in invoice(found) if (each.kind, each.name) == ("correction", "new"))
    assert not line.is_known
    shown = amounts(found)
    assert shown.total.cells[shown.lines.index(line)].endswith(" + ?")
    assert chargeback_page(found).count(" + ?</td>") >= 2  # the line, and the sum of corrections
    ClosedMonths(months).close(found, LATER)
    assert ClosedMonths(months).months["2025-12"].corrections == found.corrections


def test_a_closed_month_keeps_its_rules(tmp_path: Path) -> None:
    folder = two_months(tmp_path / "ledger")
    months = tmp_path / "closed"
    rules = Rules(
        "tag:team",
        split="fixed",
        fixed={"legal": 1},
        discounts=(Discount("10", "*"),),
        projects=(Project("proj_search", None, None, {"team": "find"}),),
    )
    closed = ClosedMonths(months).close(month_of(folder, rules=rules), LATER)
    assert ClosedMonths(months).months[MONTH] == closed
    found = month_of(folder, month="2025-12", closed=ClosedMonths(months))
    assert found.corrections == []


def test_rows_that_are_gone_correct_nothing(tmp_path: Path) -> None:
    months = tmp_path / "closed"
    folder = two_months(tmp_path / "ledger")
    ClosedMonths(months).close(month_of(folder), LATER)
    ledger.compact(folder)
    ledger.prune(folder, rows_before=dt.date(2025, 12, 1))
    found = month_of(folder, month="2025-12", closed=ClosedMonths(months))
    assert found.corrections == []
    assert found.notes == [f"{MONTH} is not corrected: 0 of its 3 attempts are in these ledgers."]


def test_what_cannot_be_closed(tmp_path: Path) -> None:
    folder = two_months(tmp_path / "ledger")
    path = tmp_path / "closed"
    found = month_of(folder)
    with pytest.raises(ConfigurationError, match="is not over"):
        ClosedMonths(path).close(found, dt.datetime(2025, 11, 30, 23, 59, tzinfo=UTC))
    with pytest.raises(ConfigurationError, match="--closed FOLDER"):
        NONE.close(found, LATER)
    assert not path.exists()
    beside = ClosedMonths(path)  # a second process that read the folder before
    ClosedMonths(path).close(found, LATER)
    with pytest.raises(ConfigurationError, match="closed the month"):
        beside.close(found, LATER)
    later = month_of(folder, month="2026-01", closed=ClosedMonths(path))
    assert later.notes == ["Corrections of closed months are in 2025-12, which is open."]
    with pytest.raises(ConfigurationError, match="2025-12 is next"):
        ClosedMonths(path).close(later, LATER)
    with pytest.raises(ConfigurationError, match="not by project"):
        month_of(folder, month="2025-12", closed=ClosedMonths(path), rules=Rules("project"))
    assert [each.name for each in path.iterdir()] == [f"{MONTH}.json"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"list_pico": "60000"', '"list_pico": "60001"', "was changed after it was closed"),
        ('"v": 1', '"v": 2', "later version"),
        ("{", "", "is not a closed month"),
        ('"sha256"', '"sha512"', "is not a closed month"),
    ],
)
def test_a_file_that_was_changed_is_noticed(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    folder = two_months(tmp_path / "ledger")
    path = tmp_path / "closed"
    ClosedMonths(path).close(month_of(folder), LATER)
    file = path / f"{MONTH}.json"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))
    with pytest.raises(ConfigurationError, match=message):
        ClosedMonths(path)


def test_a_month_that_was_replaced_is_noticed(tmp_path: Path) -> None:
    folder = two_months(tmp_path / "ledger")
    path = tmp_path / "closed"
    ClosedMonths(path).close(month_of(folder), LATER)
    ClosedMonths(path).close(month_of(folder, month="2025-12", closed=ClosedMonths(path)), LATER)
    other = tmp_path / "other"
    ClosedMonths(other).close(month_of(folder, book=book(alpha=1)), LATER)
    (path / f"{MONTH}.json").write_bytes((other / f"{MONTH}.json").read_bytes())
    with pytest.raises(ConfigurationError, match="or a month before it, was changed"):
        ClosedMonths(path)


# --- Files and texts ------------------------------------------------------------------------------


def test_discounts_are_read_strictly(tmp_path: Path) -> None:
    file = tmp_path / "discounts"
    file.write_text("# all of ours\n\n12.5 anthropic.* 2026-01-01 -  # negotiated\n7 * - -\n")
    assert read_discounts(file) == (
        Discount("12.5", "anthropic.*", "2026-01-01", "-"),
        Discount("7", "*"),
    )
    for line in ("7 *", "101 * - -", "-1 * - -", "1e1 * - -", "7 * 2026-13-01 -", "7 * 20260101 -"):
        file.write_text(f"\n{line}\n")
        with pytest.raises(ConfigurationError, match=r"discounts:2: a discount is PERCENT"):
            read_discounts(file)


def test_weights_and_rules_are_read_strictly(tmp_path: Path) -> None:
    assert read_weights("a=1,b=c=20") == {"a": 1, "b=c": 20}
    for text in ("", "a", "a=", "a=-1", "a=1.5", "a=1,a=2", "a=0"):
        with pytest.raises(ConfigurationError):
            read_weights(text)
    for rules in ({"split": "fair"}, {"split": "fixed"}, {"fixed": {"a": 1}}):
        with pytest.raises(ConfigurationError):
            Rules("tag:team", **rules)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="current tags are for tag:NAME"):
        Rules("project", projects=())
    for text in ("", "[]", '{"projects": [{}]}', '{"projects": 7}'):
        (tmp_path / "lock").write_text(text)
        with pytest.raises(ConfigurationError, match="is not a lock file"):
            read_projects(tmp_path / "lock")


def test_the_invoice_is_safe_in_spreadsheets_and_exact(tmp_path: Path) -> None:
    rows = [usage(n, text, 3 + n) for n, text in enumerate(HOSTILE)]
    write_segment(tmp_path, rows)
    found = month_of(tmp_path, book=book(alpha=10**10 // 3))
    lines = list(csv.DictReader(io.StringIO(as_csv(found))))
    assert all(not line["tag:team"].startswith(("=", "+", "-", "@", "\t")) for line in lines)
    assert any(line["tag:team"].startswith("'=HYPERLINK") for line in lines)
    assert sum(Decimal(line["amount_usd"]) for line in lines) * 10**12 == found.total_pico
    total = Decimal(found.total_pico) / 10**12
    assert sum(Decimal(line["invoice_usd"]) for line in lines) == round(total, 2)
    for line in lines:
        parts = [Decimal(line[f"{name}_usd"]) for name in ("list", "discount", *POOLS)]
        assert sum(parts) == Decimal(line["amount_usd"])
        assert line["basis"] == "list price estimate"
    told = json.loads(as_json(found))
    assert told["total"]["total_pico"] == str(found.total_pico)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as found:
        yield found


@pytest.mark.parametrize(
    ("width", "scheme", "script"),
    [(390, "dark", False), (1440, "light", True), (390, "light", True)],
)
def test_the_page_can_be_read(
    browser: Any, tmp_path: Path, width: int, scheme: str, script: bool
) -> None:
    rows = [usage(n, text, 10**9 + n) for n, text in enumerate([*HOSTILE, "search"])]
    write_segment(tmp_path / "ledger", rows)
    rules = Rules("tag:team", shared=("sea*",), discounts=(Discount("5", "</td>*"),))
    made = chargeback_page(month_of(tmp_path / "ledger", rules=rules))
    found = _Elements(made)
    assert set(found.names) <= set(ELEMENTS.split())
    for text in HOSTILE:
        assert text.replace("\u202e", "\\u202e") in found.text
    file = tmp_path / "page.html"
    file.write_text(made, encoding="utf-8")
    with opened(browser, file, width=width, scheme=scheme, script=script) as shown:
        assert shown.evaluate("document.documentElement.scrollWidth") == width
        assert low_contrast(shown) == []
        assert shown.locator("table.sorts tbody tr").count() == len(HOSTILE)
        assert shown.get_by_text("Shared is what belongs to sea*").count() == 1


# --- The command ----------------------------------------------------------------------------------


def test_the_command_closes_a_month(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = two_months(tmp_path / "ledger")
    file = tmp_path / "prices"
    file.write_text(book().canonical)
    page = tmp_path / "page.html"
    closed = tmp_path / "closed"
    common = ["chargeback", "--by", "tag:team", "--prices", str(file), "--closed", str(closed)]
    november = [*common, "--month", MONTH, str(folder)]
    assert main([*november, "--close", "--html", str(page), "--format", "json"]) == 0
    told = capsys.readouterr()
    assert json.loads(told.out)["total"]["total_pico"] == "72000"
    assert "closed on" in page.read_text(encoding="utf-8")
    assert main([*november, "--close"]) == 1
    assert f"{MONTH} was closed on" in capsys.readouterr().err

    file.write_text(book(alpha=200).canonical)
    assert main(november) == 0
    told = capsys.readouterr()
    assert "is shown as it was closed" in told.err
    assert "closed on" in told.out
    assert main([*common, "--month", "2025-12", "--format", "csv", str(folder)]) == 0
    lines = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    corrections = [line for line in lines if line["kind"] == "correction"]
    assert {line["for_month"] for line in corrections} == {MONTH}
    assert sum(Decimal(line["amount_usd"]) for line in corrections) * 10**12 == 690 * 100


def test_the_table(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    discounts = tmp_path / "discounts"
    discounts.write_text("10 * - -\n")
    arguments = ["--split", "even", "--shared", "platform", "--discounts", str(discounts)]
    by = ["--by", "tag:team", "--month", MONTH]
    assert main(["chargeback", *by, *arguments, str(folder)]) == 0
    text = capsys.readouterr().out
    assert "Shared and unattributed cost is divided in even parts." in text
    assert "Shared is what belongs to platform." in text
    lines = {line.split()[0]: line.split() for line in text.splitlines() if line.strip()}
    assert lines["unpriced"][:3] == ["unpriced", "7", "attempts"]  # by the shipped book
    assert lines["unattributed"][1:] == ["1", "attempt", "without", "a", "project"]
    assert "unknown" not in lines
    assert {"unknown,", "torn,", "lost"} <= set(lines["none"])
    assert "no price" in text


def test_closing_warns_of_what_has_no_price(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "prices"
    file.write_text(book().canonical)
    common = ["chargeback", "--by", "tag:team", "--month", MONTH, "--prices", str(file)]
    assert main([*common, "--closed", str(tmp_path / "c"), "--close", str(folder)]) == 0
    said = f"warning: {MONTH} is closed without what has no price: 1 unpriced attempts"
    assert said in capsys.readouterr().err
    assert main([*common, str(folder)]) == 0
    assert "warning" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--by", "tag:team", "--month", "2025-13"], "is not a month"),
        (["--by", "tag:team", "--month", "9999-12"], "is not a month"),
        (["--by", "tag:team", "--month", "0000-01"], "is not a month"),
        (["--by", "tag:team", "--month", "\u0662\u0660\u0662\u0665-11"], "is not a month"),
        (["--by", "team", "--month", MONTH], "cannot group by"),
        (["--by", "tag:team", "--month", MONTH, "--split", "fixed"], "given together"),
        (
            ["--by", "tag:team", "--month", MONTH, "--tags", "current", "--lock", "/no/lock"],
            "/no/lock",
        ),
        (["--by", "tag:team", "--month", MONTH, "--close"], "--closed FOLDER"),
    ],
)
def test_what_is_refused(
    folder: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["chargeback", *arguments, str(folder)]) == 1
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ([], "no row of these ledgers has a tag 'taem'; there are team; did you mean 'team'?"),
        (["--tags", "current"], "no project of the lock has a tag 'taem'; there are owner, taam"),
    ],
)
def test_a_tag_that_nothing_has_is_an_error(
    folder: Path, tmp_path: Path, more: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    lock = tmp_path / "lock"
    entry = {"id": "proj_a", "tags": {"taam": "x", "owner": "y"}}
    lock.write_text(json.dumps({"version": 1, "projects": [entry]}))
    arguments = ["chargeback", "--month", MONTH, "--lock", str(lock), str(folder)]
    assert main([*arguments, "--by", "tag:taem", *more]) == 1
    told = capsys.readouterr()
    assert f"tag:taem charges no one: {said}" in told.err
    assert told.out == ""
    assert main([*arguments, "--by", "label:taem"]) == 1
    assert "no row of these ledgers has a label" in capsys.readouterr().err
    # What projects have now, and no row, is told how to charge by.
    assert main([*arguments, "--by", "tag:owner"]) == 0
    assert "Projects have it now: --tags current." in capsys.readouterr().out
    assert main([*arguments, "--by", "tag:owner", "--tags", "current"]) == 0
    assert "--tags current" not in capsys.readouterr().out
