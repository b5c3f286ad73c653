"""``costmark report``: what is printed, and what is refused."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from costmark import ledger
from costmark.cli.main import main
from costmark.reports.formats import dollars, usd
from ledger.segments import attempt, line_of, note, write_segment

if TYPE_CHECKING:
    from pathlib import Path

PRICED: dict[str, Any] = {
    "model": "openai.gpt-oss-120b",
    "region": "us-east-1",
    "tier": "default",
    "meters": {},
}
YEAR_US = 365 * 86_400_000_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    later: dict[str, Any] = {
        "start_us": attempt(0)["start_us"] + YEAR_US,
        "end_us": attempt(0)["end_us"] + YEAR_US,
    }
    rows = [
        attempt(0, **PRICED, **later, project="proj_a", input=1000, output=200),
        attempt(1, **PRICED, **later, project="proj_b", input=10, output=1),
        attempt(2, **{**PRICED, "model": "secret"}, **later, project="=cmd()|[x]\x1b[2J"),
        attempt(3, **PRICED, **later, project="default", project_source="none"),
        {**note(4, "lost"), "rows_lost": 9},
    ]
    write_segment(tmp_path, rows, tail=line_of(attempt(5))[:40])
    return tmp_path


def shown(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["report", *arguments]) == 0
    return capsys.readouterr().out


def test_the_table(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(capsys, str(folder))
    lines = {line.split()[0]: line.split() for line in text.splitlines() if line.strip()}
    assert lines["proj_a"] == ["proj_a", "1", "0", "1,000", "200", "$0.0003"]
    assert lines["=cmd()|[x]\\x1b[2J"][-2:] == ["no", "price"]
    assert lines["total"][1:5] == ["4", "0", "1,035", "205"]
    assert lines["unattributed"][1:3] == ["1", "attempt"]
    assert " ".join(lines["unpriced"]).endswith("without a price in the book (no_model 1)")
    assert lines["lost"][1] == "9"
    assert lines["torn"][1] == "1"
    assert lines["prices"][2] == "2026-09-30"


def test_an_empty_value_does_not_look_like_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels: list[dict[str, str]] = [{"user": ""}, {}, {"user": "ann"}]
    rows = [attempt(seq, **PRICED, labels=each) for seq, each in enumerate(labels)]
    write_segment(tmp_path, rows)
    by_user = ["--by", "label:user", str(tmp_path)]
    text = shown(capsys, *by_user)
    assert {'""', "(none)", "ann"} <= {line.split(" ")[0] for line in text.splitlines()}
    assert not any(line.endswith(" ") for line in text.splitlines())
    text = shown(capsys, "--format", "markdown", *by_user)
    assert '| "" |' in text
    assert "| (none) |" in text
    cells = {row["label:user"] for row in csv.DictReader(shown_lines(capsys, *by_user))}
    assert cells == {'""', "", "ann"}
    assert main(["compare", "2025-11", "2025-12", str(tmp_path), "--by", "label:user"]) == 0
    text = capsys.readouterr().out
    assert {'""', "(none)", "ann"} <= {line.split(" ")[0] for line in text.splitlines()}


def shown_lines(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    return shown(capsys, "--format", "csv", *arguments).splitlines()


@pytest.mark.parametrize("count", [1, 2])
def test_one_of_a_thing_is_no_several(
    tmp_path: Path, count: int, capsys: pytest.CaptureFixture[str]
) -> None:
    begun = [{**attempt(seq), "kind": "begin"} for seq in range(count)]
    for row in begun:
        for name in ("outcome", "end_us", "latency_us", "status", "cost_pico"):
            del row[name]
    lost = {**note(count, "lost"), "rows_lost": count}
    write_segment(tmp_path, [*begun, attempt(9), lost])
    wanted = {
        1: ("1 attempt that began and has no end", "1 row that had no room"),
        2: ("2 attempts that began and have no end", "2 rows that had no room"),
    }[count]
    text = shown(capsys, str(tmp_path))
    assert text.splitlines()[0].endswith(", 1 file")
    assert all(each in text for each in wanted)
    main(["ledger", "verify", str(tmp_path)])
    text = capsys.readouterr().out
    assert all(each in text for each in wanted)


def test_json_has_amounts_as_texts(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(shown(capsys, "--format", "json", "--by", "project,tag:team", str(folder)))
    assert found["by"] == ["project", "tag:team"]
    first = found["lines"][0]
    assert (first["project"], first["tag:team"]) == ("proj_a", "search")
    assert (first["cost_pico"], first["cost_usd"]) == ("270000000", "0.00027")
    assert found["states"]["lost"] == 9
    amounts = [line["cost_pico"] for line in found["lines"]]
    assert amounts.count(None) == 1  # of the model without a price
    assert sum(int(amount) for amount in amounts if amount) == int(found["total"]["cost_pico"])


def test_csv_is_safe_in_spreadsheets(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = list(csv.DictReader(io.StringIO(shown(capsys, "--format", "csv", str(folder)))))
    assert {row["project"][:6] for row in rows} == {"proj_a", "proj_b", "'=cmd(", "defaul"}
    for row in rows:
        if row["cost_usd"]:
            assert Decimal(row["cost_usd"]) == Decimal(row["cost_pico"]) / 10**12
        else:
            assert row["unpriced"] == "1"


def test_markdown_escapes_what_callers_wrote(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = shown(capsys, "--format", "markdown", str(folder))
    assert "| =cmd\\(\\)\\|\\[x\\] \\[2J |" in text
    assert "| **total** | 4 | 0 | 1,035 | 205 |" in text


def test_periods(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def calls(*arguments: str) -> int:
        out = shown(capsys, "--format", "json", *arguments, str(folder))
        found: int = json.loads(out)["total"]["calls"]
        return found

    assert calls("--since", "2026-11-30") == 4
    assert calls("--until", "2026-11-30T12:00Z") == 0
    assert calls("--since", "2026-11-30T12:00+00:00", "--until", "2026-12-01") == 4
    assert calls("--last", "1h", "--where", "project=proj_a") in (0, 1)
    assert calls("--where", "project!=proj_a") == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--since", "yesterday"], "as in 2026-11-30"),
        (["--last", "a week"], "as in 24h, 7d or 4w"),
        (["--last", "999999w"], "as in 24h, 7d or 4w"),
        (["--last", "0d"], "as in 24h, 7d or 4w"),
    ],
)
def test_what_is_misspelled(
    folder: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["report", *arguments, str(folder)])
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--last", "1d", "--since", "2026-11-30"], "not both"),
        (["--by", "team"], "cannot group by"),
        (["--where", "team"], "not a condition"),
        (["--prices", "/no/such/book"], "/no/such/book"),
    ],
)
def test_what_is_refused(
    folder: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", *arguments, str(folder)]) == 1
    assert message in capsys.readouterr().err


def test_a_compacted_ledger_gives_the_same_page(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def page() -> list[str]:  # without the number of files
        return shown(capsys, "--by", "project,day,model", str(folder)).splitlines()[1:]

    before = page()
    ledger.compact(folder)
    ledger.prune(folder)
    assert page() == before


@pytest.mark.parametrize(
    ("pico", "exact", "short"),
    [
        (0, "0.00", "$0.0000"),
        (1, "0.000000000001", "<$0.0001"),
        (12_500_000_000_000, "12.5", "$12.50"),
        (1_234_567_890_123_456_789, "1234567.890123456789", "$1,234,567.89"),
    ],
)
def test_amounts(pico: int, exact: str, short: str) -> None:
    assert usd(pico) == exact
    assert dollars(pico) == short


def states_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[dict[str, str], str]:
    """The states of a report that there are, and the line of the others."""
    text = shown(capsys, *arguments)
    lines = dict(line.split(maxsplit=1) for line in text.splitlines() if "  " in line)
    return lines, lines.get("none", "")


@pytest.mark.parametrize("compacted", [False, True])
def test_states_are_those_of_the_filter(
    tmp_path: Path, compacted: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    common: dict[str, Any] = {"outcome": None, "tags": {"team": "search"}, "error_code": "budget"}
    rows = [
        attempt(0, **PRICED, project="proj_a"),
        attempt(1, kind="refused", project="proj_a", **common),
        attempt(2, kind="refused", project="proj_b", **{**common, "tags": {"team": "ops"}}),
        attempt(3, kind="refused", project="proj_b", **common),
        attempt(4, kind="begin", project="proj_b", **common, end_us=None),
        {**note(5, "lost"), "rows_lost": 9},
    ]
    rows = [{name: value for name, value in row.items() if value is not None} for row in rows]
    write_segment(tmp_path, [*rows, note(6, "close")], tail=b"" if compacted else b"{torn\n")
    if compacted:
        ledger.compact(tmp_path)

    def refused_and_unknown(*where: str) -> tuple[int, int]:
        conditions = [each for condition in where for each in ("--where", condition)]
        value = json.loads(shown(capsys, "--format", "json", *conditions, str(tmp_path)))
        return value["states"]["refused"], value["states"]["unknown"]

    assert refused_and_unknown() == (3, 1)
    assert refused_and_unknown("project=proj_a") == (1, 0)
    assert refused_and_unknown("project!=proj_a") == (2, 1)
    assert refused_and_unknown("project=proj_b", "tag:team=search") == (1, 1)
    assert refused_and_unknown("day=2025-11-30") == (3, 1)
    assert refused_and_unknown("month=2025-12") == (0, 0)
    # What only an answer tells: such rows are counted whatever it would have been, and said to be.
    assert refused_and_unknown("tier=flex", "project=proj_a") == (1, 0)
    lines, others = states_of(capsys, "--where", "tier=flex", "--where", "project=proj_a",
                              str(tmp_path))  # fmt: skip
    assert lines["refused"] == "1 call not sent; whatever their tier, which they lack"
    # Of whom no row tells: of the whole ledger.
    assert lines["lost"].endswith("as their writers say; of the whole ledger")
    assert "(of the whole ledger)" in others
    lines, others = states_of(capsys, str(tmp_path))
    assert "whole ledger" not in lines["lost"] + others


def test_a_filter_is_said(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    chosen = ["--where", "project!=<b>_x", "--where", "model=", str(folder)]
    assert shown(capsys, *chosen).startswith(
        "the beginning to now UTC, only project!=<b>_x, model=,"
    )
    assert "only project\\!=\\<b\\>\\_x, model=;" in shown(capsys, "--format", "markdown", *chosen)
    page = tmp_path / "page.html"
    shown(capsys, "--html", str(page), *chosen)
    assert "only project!=&lt;b&gt;_x, model=</p>" in page.read_text()


def test_every_state_is_named_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, others = states_of(capsys, str(folder))
    assert (
        others.split(maxsplit=1)[1]
        == "partial, elsewhere, incomplete, untold, unknown, in flight, refused, unreadable"
    )
    text = shown(capsys, "--format", "markdown", str(folder))
    assert "| none of | partial, elsewhere" in text


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("shade=red", "where 'shade=red': cannot filter by 'shade'; there are project, model"),
        ("labl:user=x", "did you mean label:NAME?"),
        ("project", "where 'project' is not a condition"),
    ],
)
def test_an_error_of_where_speaks_of_where(
    folder: Path, condition: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", "--where", condition, str(folder)]) == 1
    told = capsys.readouterr().err
    assert said in told
    assert "group" not in told


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["--by", "tag:taem"],
            "warning: no row of these ledgers has a tag 'taem'; there are team; did",
        ),
        (["--by", "day,label:users"], "has a label 'users'; there are feature, user; did you mean"),
        (["--where", "tag:x!=1"], "has a tag 'x'; there are team"),
        (["--where", "tag:x=1"], "has a tag 'x'; there are team"),
        (["--where", "project=proj_z"], "no attempt fits --where project=proj_z"),
        (["--where", "tag:team=x", "--by", "tag:team"], "no attempt fits --where tag:team=x"),
    ],
)
def test_what_no_row_has_is_warned_of(
    folder: Path, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", *arguments, str(folder)]) == 0
    told = capsys.readouterr().err
    assert said in told
    assert told.count("\n") == 1


def test_what_some_row_has_is_not_warned_of(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_segment(folder, [attempt(0, "ff" * 8, tags={"env": "prod"})], writer="ff" * 8)
    for arguments in (["--by", "tag:env"], ["--where", "project=proj_b", "--by", "tag:env"]):
        assert main(["report", *arguments, str(folder)]) == 0
        assert capsys.readouterr().err == ""


@pytest.mark.parametrize("tokens", [30, 700_000])
def test_what_is_shown_adds_up(
    tmp_path: Path, tokens: int, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [
        attempt(n, **PRICED, project=f"proj_{n}", input=tokens * (1_000 + 77 * n), output=0)
        for n in range(9)
    ]
    write_segment(tmp_path, rows)
    book = tmp_path / "book"
    kinds = ("input", "output")
    line = "openai.gpt-oss-120b us-east-1 in-region standard {} - - token - - USD 15003 2025-11 x"
    book.write_text("\n".join(["date 2025-11-01", *map(line.format, kinds), ""]))
    for more in ([], ["--format", "markdown"]):
        text = shown(capsys, "--prices", str(book), *more, str(tmp_path)).replace("*", "")
        cells = [line.strip("| ").split()[-1] for line in text.splitlines() if "$" in line]
        *amounts, total = [Decimal(cell.strip("$").replace(",", "")) for cell in cells]
        assert len(amounts) == 9
        assert sum(amounts) == total
        assert {each.as_tuple().exponent for each in amounts} == {-2 if tokens > 30 else -4}
