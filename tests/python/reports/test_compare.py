"""What changed and why: the reasons add up to the change, to the pico."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import random
import re
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest

from costmark import prices
from costmark.cli.main import main
from costmark.cli.period import period
from costmark.errors import RequestError
from costmark.reports import Report, States, compare_formats, report
from costmark.reports.compare import Change, Comparison, Side, compare
from costmark.reports.shares import divided, ratio
from costmark.reports.summary import Sums
from ledger.segments import DAY_US, attempt, write_segment
from reports.test_report import BOOK, ledgers

if TYPE_CHECKING:
    from pathlib import Path

UTC = dt.timezone.utc
# The price of alpha doubles in December; gamma appears then.
DATED = prices.PriceBook.parse(
    """date 2025-12-01
alpha us-east-1 in-region standard input - - token - 2025-12-01 USD 100 2025-11 a
alpha us-east-1 in-region standard output - - token - 2025-12-01 USD 400 2025-11 a
alpha us-east-1 in-region standard input - - token 2025-12-01 - USD 200 2025-12 a
alpha us-east-1 in-region standard output - - token 2025-12-01 - USD 800 2025-12 a
beta us-east-1 in-region standard input - - token - - USD 10 2025-11 b
beta us-east-1 in-region standard output - - token - - USD 40 2025-11 b
gamma us-east-1 in-region standard input - - token 2025-12-01 - USD 7 2025-12 c
gamma us-east-1 in-region standard output - - token 2025-12-01 - USD 9 2025-12 c
"""
)


def month(number: int, *paths: Path) -> Side:
    begin = dt.datetime(2025, number, 1, tzinfo=UTC)
    return Side(f"2025-{number}", paths, begin, (begin + dt.timedelta(days=31)).replace(day=1))


def usage(
    seq: int, model: str, tokens: tuple[int, int], days: int = 0, **more: Any
) -> dict[str, Any]:
    row = attempt(seq, model=model, region="us-east-1", input=tokens[0], output=tokens[1], **more)
    row["end_us"] += days * DAY_US
    return {**row, "meters": {}}


def reasons(found: Comparison) -> tuple[int, int, int]:
    total = found.total
    return total.volume_pico, total.mix_pico, total.price_pico


def check_sums(found: Comparison) -> None:
    for change in [*found.changes, found.total]:
        assert change.volume_pico + change.mix_pico + change.price_pico == change.cost_pico
    for name in ("volume_pico", "mix_pico", "price_pico", "cost_pico"):
        lines = sum(getattr(change, name) for change in found.changes)
        assert getattr(found.total, name) == lines


@pytest.mark.parametrize(
    ("after", "wanted"),
    [
        ([("alpha", (20, 20))], (5000, 0, 0)),  # twice as much of the same
        ([("alpha", (5, 5))], (-2500, 0, 0)),
        ([("alpha", (15, 5))], (0, -1500, 0)),  # as many tokens, fewer of them output
        ([("beta", (10, 10))], (0, -4500, 0)),  # a cheaper model
        ([], (-5000, 0, 0)),
    ],
)
def test_each_reason_alone(
    tmp_path: Path, after: list[tuple[str, tuple[int, int]]], wanted: tuple[int, int, int]
) -> None:
    before, now = tmp_path / "a", tmp_path / "b"
    write_segment(before, [usage(0, "alpha", (10, 10))])
    write_segment(now, [usage(seq, *each) for seq, each in enumerate(after)])
    found = compare(Side("a", (before,)), Side("b", (now,)), book=DATED)
    assert reasons(found) == wanted
    check_sums(found)


def test_a_price_that_changed_between_the_periods(tmp_path: Path) -> None:
    rows = [usage(0, "alpha", (10, 10)), usage(1, "alpha", (10, 10), days=3)]
    write_segment(tmp_path, rows)
    found = compare(month(11, tmp_path), month(12, tmp_path), book=DATED)
    assert reasons(found) == (0, 0, 5000)
    assert found.priced_on == dt.date(2025, 11, 30)
    check_sums(found)


def test_a_model_without_a_price_before_counts_as_mix(tmp_path: Path) -> None:
    rows = [
        usage(0, "alpha", (10, 10)),
        usage(1, "alpha", (10, 0), days=3),
        usage(2, "gamma", (10, 0), days=3, project="proj_new"),
    ]
    write_segment(tmp_path, rows)
    found = compare(month(11, tmp_path), month(12, tmp_path), book=DATED)
    assert found.not_compared == 1
    by_key = {change.key: change for change in found.changes}
    assert by_key["proj_new",].mix_pico == 70
    assert by_key["proj_a",].price_pico == 1000
    check_sums(found)


def test_from_nothing_all_is_volume(tmp_path: Path) -> None:
    write_segment(tmp_path, [usage(0, "beta", (10, 10), days=3)])
    found = compare(month(11, tmp_path), month(12, tmp_path), book=DATED)
    assert (found.priced_on, reasons(found)) == (None, (500, 0, 0))
    check_sums(found)


@pytest.mark.parametrize("by", [["project"], ["model", "tag:team"], []])
@pytest.mark.parametrize("seed", range(2))
def test_the_reasons_add_up_whatever_is_in_the_ledgers(
    tmp_path: Path, seed: int, by: list[str]
) -> None:
    folders = ledgers(tmp_path, seed, 200)
    for sides in (
        (month(11, *folders), month(12, *folders)),
        (month(12, *folders), month(11, *folders)),
        (Side("a", (folders[0],)), Side("b", (folders[1],))),
    ):
        found = compare(*sides, by=by, book=BOOK)
        check_sums(found)
        assert found.total.cost_pico != 0
        for side, shown in zip(sides, (found.before, found.after), strict=True):
            wanted = report(*side.paths, by=by, since=side.since, until=side.until, book=BOOK)
            assert (shown.lines, shown.total) == (wanted.lines, wanted.total)


def test_parts_are_as_near_as_whole_numbers_can_be() -> None:
    rng = random.Random(3)
    for _ in range(500):
        weights = [rng.choice([0, 1, 7, 10**15, 2**62]) for _ in range(rng.randrange(1, 9))]
        total = rng.randrange(-(10**18), 10**18)
        if not any(weights):
            continue
        parts = divided(total, weights)
        assert sum(parts) == total
        for part, weight in zip(parts, weights, strict=True):
            assert abs(part - Fraction(total * weight, sum(weights))) < 1
            assert part == 0 or weight
    assert divided(10, [1, 1, 1]) == [4, 3, 3]
    assert divided(0, [0, 0]) == [0, 0]
    assert divided(0, []) == []
    for total, weights in ((1, []), (1, [0]), (1, [2, -1])):
        with pytest.raises(ValueError, match="weights of 0 or more"):
            divided(total, weights)
    assert [ratio(n, 1, 2) for n in (-3, -1, 1, 3)] == [-1, 0, 1, 2]


# --- The command ----------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = [
        usage(0, "openai.gpt-oss-20b", (10_000, 10), project="=1+1"),
        usage(1, "openai.gpt-oss-20b", (30_000, 10), days=3, project="=1+1"),
        usage(2, "unheard-of", (10, 10), days=3),
    ]
    later = {"start_us": 365 * DAY_US, "end_us": 365 * DAY_US}
    for row in rows:
        for name, more in later.items():
            row[name] += more
    write_segment(tmp_path, rows)
    return tmp_path


def test_the_command(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    months = ["compare", "2026-11", "2026-12", str(folder)]
    assert main(months) == 0
    text = capsys.readouterr().out
    assert "2026-11: $0.0007. 2026-12: $0.0021 + ?. Change: +$0.0014 + ? (" in text
    (line,) = (each for each in text.splitlines() if each.startswith("total"))
    assert "  +$0.0014 + ?  " in line
    (line,) = (each for each in text.splitlines() if each.startswith("proj_a"))
    assert line.split() == ["proj_a", "$0.0000", "no", "price", "0", "+", "?", "0", "0", "0"]
    assert not any(line.endswith(" ") for line in text.splitlines())
    assert "unpriced      0 before, 1 after" in text
    assert main([*months, "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    total = found["total"]
    assert total["before_pico"] == str(10_000 * 70_000 + 10 * 300_000)
    parts = [int(total[f"{name}_pico"]) for name in ("volume", "mix", "price")]
    assert sum(parts) == int(total["change_pico"])
    assert main([*months, "--format", "csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["project"] for row in rows] == ["'=1+1", "proj_a"]
    assert rows[0]["before_usd"] == "0.000703"


def test_two_ledgers(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "other"
    write_segment(other, [usage(0, "openai.gpt-oss-20b", (1, 1))])
    assert main(["compare", str(folder), str(other), "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["before"], found["after"]) == (str(folder), str(other))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["2026-13", "2026-12", "PATH"], "is not a period"),
        (["2026-11", "2026-12"], "name the ledgers after the two periods"),
        (["2026-11", "2026-12", "PATH", "--by", "shade"], "cannot group by"),
        (["nowhere", "elsewhere"], "there is no ledger"),
    ],
)
def test_what_is_refused(
    folder: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [str(folder) if each == "PATH" else each for each in arguments]
    assert main(["compare", *given]) == 1
    assert message in capsys.readouterr().err


def test_conditions_are_checked_before_anything_is_read(tmp_path: Path) -> None:
    side = Side("x", (tmp_path / "nowhere",))
    with pytest.raises(RequestError):
        compare(side, side, where=["shade=red"])


@pytest.mark.parametrize(
    ("text", "begin", "end"),
    [
        ("2026", "2026-01-01", "2027-01-01"),
        ("2026-12", "2026-12-01", "2027-01-01"),
        ("2028-02-29", "2028-02-29", "2028-03-01"),
        ("2026-10-01..2026-10-07", "2026-10-01", "2026-10-08"),
        ("2026-10..2026-11", "2026-10-01", "2026-12-01"),
    ],
)
def test_periods(text: str, begin: str, end: str) -> None:
    found = period(text)
    assert found is not None
    assert [f"{moment:%Y-%m-%d}" for moment in found] == [begin, end]
    assert found[0].tzinfo is UTC


@pytest.mark.parametrize(
    "text", ["", "26", "2026-13", "2026-02-30", "2026-12..2026-11", "..", "2026..", "9999", "0000"]
)
def test_no_periods(text: str) -> None:
    assert period(text) is None


def test_a_period_without_attempts_is_told_with_those_that_have_some(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", "2020-01", "2020-02", str(folder)]) == 0
    text, told = capsys.readouterr()
    assert "2020-01: no attempts. 2020-02: no attempts." in text
    (first, second) = told.splitlines()
    assert re.fullmatch(
        r"costmark: 2020-01 has no attempt; these .* attempts in 20\d\d-\d\d.*", first
    )
    assert second.startswith("costmark: 2020-02 has no attempt")


@pytest.mark.parametrize("seed", range(20))
def test_what_is_shown_adds_up_down_and_across(seed: int) -> None:
    rng = random.Random(seed)
    changes = []
    for n in range(rng.randrange(1, 60)):
        most = 10 ** rng.randrange(6, 14)
        before, after = (Sums(attempts=1, cost_pico=rng.randrange(most)) for _ in range(2))
        if rng.random() < 0.4:  # nothing has changed, or it is new, or gone
            kind = rng.randrange(3)
            before, after = ((before, before), (Sums(), after), (before, Sums()))[kind]
        whole = after.cost_pico - before.cost_pico
        volume = rng.choice([0, whole, rng.randrange(-most, most) if whole else 0])
        price = rng.choice([0, 0, rng.randrange(most) if whole else 0])
        changes.append(Change((str(n),), before, after, volume, whole - volume - price, price))
    total = Change((), Sums(), Sums())
    for each in changes:
        total.before.add(each.before)
        total.after.add(each.after)
        for name in ("volume_pico", "mix_pico", "price_pico"):
            setattr(total, name, getattr(total, name) + getattr(each, name))
    shown = compare_formats.Table(as_comparison(changes, total))

    def amount(text: str) -> Decimal:
        return Decimal(0) if "<" in text else Decimal(re.sub(r"[$,]", "", text))

    columns = {name: [*map(amount, cells)] for name, cells in shown.cells.items()}
    for name, cells in columns.items():
        assert sum(cells) == amount(shown.totals[name])
    for at, each in enumerate(changes):
        row = {name: cells[at] for name, cells in columns.items()}
        assert row["change"] == row["after"] - row["before"]
        assert row["change"] == row["volume"] + row["mix"] + row["price"]
        if not each.cost_pico:
            assert shown.cells["change"][at] == "0"
        for name in ("before", "after"):
            exact = Decimal(getattr(each, name).cost_pico) / 10**12
            assert abs(row[name] - exact) < Decimal("0.0101")
            assert exact or not row[name]


def as_comparison(changes: list[Change], total: Change) -> Comparison:
    side = report_of(total.before), report_of(total.after)
    return Comparison(("project",), ("a", "b"), *side, changes, total, None, 0)


def report_of(total: Sums) -> Report:
    return Report((), None, None, [], total, States(), BOOK, 0)
