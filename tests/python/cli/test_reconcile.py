"""``costmark reconcile`` on ledgers and exports that are files."""

from __future__ import annotations

import datetime as dt
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bill.files import focus_row_of, row_of, without, write_csv, write_manifest, write_parquet
from bill.making import (
    ACCOUNT,
    BOOK,
    DAYS,
    LUNA,
    MODELS,
    OPUS,
    OSS,
    REGION,
    SOL,
    charges_of,
    ledger_of,
)
from bill.serving import serving
from bill.test_cloudwatch import CloudWatch
from bill.test_cost_explorer import CostExplorer
from cli.billing import billed, use_credentials
from costmark import ledger as ledgers
from costmark.bill.formats import money
from costmark.cli.main import main
from ledger.segments import DAY_US, attempt, write_segment

if TYPE_CHECKING:
    from costmark.bill import BillLine, LedgerLine

LEDGER = ledger_of(range(4), [0, 1], [MODELS.index(model) for model in (OSS, LUNA, SOL)])
MANUAL = Path(__file__).parents[3] / "docs/reconcile.md"
DAYS_OF_IT = ["--since", "2026-11-01", "--until", "2026-11-05"]


def rows_of(lines: list[LedgerLine], **members: Any) -> list[dict[str, Any]]:
    """Each line as the attempts that it is the sum of: two."""
    rows: list[dict[str, Any]] = []
    for line in lines:
        noon = (line.day - dt.date(1970, 1, 1)).days * DAY_US + DAY_US // 2
        for _ in range(2):
            written = {f"cache_write_{time}": tokens // 2 for time, tokens in line.written if time}
            row = attempt(
                len(rows),
                start_us=noon - 5,
                end_us=noon,
                account=ACCOUNT,
                region=REGION,
                url_host="bedrock-mantle.us-east-1.api.aws",
                project=line.project,
                model=line.model,
                tier="default",
                input=line.input // 2,
                cached=line.cached // 2,
                cache_write=sum(written.values()),
                output=line.output // 2,
                meters=written,
                tags={"costmark_project": line.tag},
                op=f"op-{len(rows)}",
            )
            rows.append({**row, **members})
    return rows


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "book.txt").write_text(BOOK.canonical)
    write_segment(tmp_path / "ledger", rows_of(LEDGER))
    write_bill(tmp_path, [charge.line() for charge in charges_of(LEDGER)])
    return tmp_path


def write_bill(folder: Path, lines: list[BillLine]) -> None:
    path = folder / "cur/data/BILLING_PERIOD=2026-11/bill-00001.snappy.parquet"
    write_parquet(path, [row_of(line) for line in lines])
    write_manifest(folder / "cur", "2026-11", [path], execution="e1")


def run(folder: Path, *more: str, against: str | None = None) -> int:
    return main(
        [
            "reconcile",
            *("--ledger", str(folder / "ledger")),
            *("--against", against or f"cur:{folder / 'cur'}"),
            *("--prices", str(folder / "book.txt")),
            *DAYS_OF_IT,
            *more,
        ]
    )


def as_json(folder: Path, capsys: pytest.CaptureFixture[str], *more: str, **named: Any) -> Any:
    assert run(folder, "--format", "json", *more, **named) == 0
    return json.loads(capsys.readouterr().out)


def test_a_ledger_and_a_bill_that_agree(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(folder, "--exit-code", "--tolerance", "0") == 0
    text = capsys.readouterr().out
    assert text.startswith("Ledger and bill agree: $")
    assert "bill: CUR 2.0" in text
    assert "2026-11, execution e1" in text
    assert f"prices of {BOOK.date} ({BOOK.hash[:12]})" in text
    assert "100.0% of what the bill charges for tokens is of a known kind" in text
    assert "a call counts on the UTC day on which it ended" in text
    assert "the bill is estimated" in text


def test_compacted_ledgers_are_the_same(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wanted = as_json(folder, capsys)
    ledgers.compact(folder / "ledger")
    ledgers.prune(folder / "ledger")
    assert as_json(folder, capsys) == wanted


def test_the_residual_above_the_tolerance(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, *rest = [charge.line() for charge in charges_of(LEDGER)]
    write_bill(folder, [replace(first, cost=first.cost + 3), *rest])
    assert run(folder) == 0
    assert run(folder, "--exit-code", "--tolerance", "3.01") == 0
    capsys.readouterr()
    assert run(folder, "--exit-code", "--tolerance", "2.99") == 3
    text = capsys.readouterr().out
    assert "$3.0000 has none" in text
    assert "+$3.0000  2026-11-01 111122223333 us-east-1 team-a mantle" in text
    found = as_json(folder, capsys)
    assert found["residual"]["pico"] == "3000000000000"
    assert found["residual"]["absolute"]["usd"] == "3.00"


def test_what_is_not_understood_of_the_bill_is_left_as_well(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, *rest = [charge.line() for charge in charges_of(LEDGER)]
    unknown = replace(first, usage_type="USE1-SomethingNew-7", cost=first.cost + 5)
    write_bill(folder, [first, unknown, *rest])
    assert run(folder, "--exit-code", "--tolerance", "4.99") == 3
    assert "unmapped" in capsys.readouterr().out
    assert run(folder, "--exit-code", "--tolerance", "6") == 0


def test_nothing_on_either_side_is_not_agreement(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    early = ["--since", "2026-10-01", "--until", "2026-10-05"]
    bill = write_csv(folder / "bill.csv", [row_of(charge.line()) for charge in charges_of(LEDGER)])
    assert run(folder, *early, against=f"cur:{bill}") == 0
    text = capsys.readouterr().out
    assert text.startswith("There is nothing to compare: neither the ledger nor the bill")
    assert "agree" not in text
    assert f"  bill: CUR 2.0, {bill}\n" in text


def test_the_headline_has_amounts_that_make_up_for_each_other(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A day that is not billed yet hides as much of a model that nobody knows."""
    *lines, last = [charge.line() for charge in charges_of(LEDGER)]
    odd = replace(last, usage_type="USE1-some.new-model-mantle-input-tokens-standard")
    write_bill(folder, [*lines, odd])
    assert run(folder, "--lag", "100000") == 0
    text = capsys.readouterr().out
    amount = money(last.cost * 10**12)
    (headline, *_) = text.splitlines()
    assert f"; +{amount} and -{amount} have causes, $0.0000 has none." in headline
    assert f" {amount} of the ledger is not billed yet." in headline
    assert f" The book has no price for {amount} of the bill." in headline
    assert "models that neither book nor ledger knows" in text
    assert "\n  some.new-model\n" in text
    assert as_json(folder, capsys, "--lag", "100000")["unknown_models"] == ["some.new-model"]


@pytest.mark.parametrize(
    ("column", "value", "what"),
    [
        ("line_item_unblended_cost", "12,50", "an amount"),
        ("line_item_usage_amount", "many", "a number"),
        ("line_item_usage_start_date", "11/01/2026", "a day"),
    ],
)
def test_a_bad_value_is_named_and_no_sql(
    folder: Path, column: str, value: str, what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [row_of(charge.line()) for charge in charges_of(LEDGER)]
    bill = write_csv(folder / "bill.csv", [*rows, {**rows[0], column: value}])
    assert run(folder, against=f"cur:{bill}") == 1
    message = capsys.readouterr().err
    assert f"{bill}: column {column} has {value!r}, which is not {what}" in message
    assert "SELECT" not in message
    assert "CAST" not in message


def test_the_example_of_the_manual(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """docs/reconcile.md has a bill of two lines, and what is printed for it."""
    manual = MANUAL.read_text()
    (bill,) = re.findall(r"```csv\n(.*?)```", manual, re.DOTALL)
    (printed,) = re.findall(r"\$ costmark .*cur:november.csv[^\n]*\n(.*?)```", manual, re.DOTALL)
    path = tmp_path / "november.csv"
    path.write_text(bill)
    noon = (dt.date(2026, 11, 3) - dt.date(1970, 1, 1)).days * DAY_US + DAY_US // 2
    row = attempt(
        0,
        start_us=noon - 5,
        end_us=noon,
        account="111122223333",
        region="us-east-1",
        url_host="bedrock-mantle.us-east-1.api.aws",
        tier="default",
        input=2_000_000,
        output=300_000,
        meters={},
        tags={"costmark_project": "team-a"},
    )
    write_segment(tmp_path / "ledger", [row])
    command = ["reconcile", "--ledger", str(tmp_path / "ledger"), "--against", f"cur:{path}"]
    assert main([*command, "--since", "2026-11-03", "--until", "2026-11-04"]) == 0
    assert capsys.readouterr().out.partition("\n\nrests on:")[0] + "\n" == printed


def test_the_page_and_the_other_formats(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = folder / "reconcile.html"
    assert run(folder, "--html", str(page), "--format", "markdown") == 0
    out, err = capsys.readouterr()
    assert f"wrote {page}" in err
    assert "the ledger has 48 attempts of these days in 1 file" in out
    text = page.read_text()
    assert "Ledger and bill agree: $" in text
    assert "The newest file of the bill was written on " in text
    assert run(folder, "--format", "csv") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "step,what,costmark_project,model,usd,first_day,last_day"
    assert len(lines) == 1 + 2 * 3
    # Neither is left half written, nor without a folder; and CloudWatch has no costs to show.
    assert run(folder, "--html", str(folder / "no/such/page.html")) == 1
    for more in (["--html", str(page)], ["--format", "csv"]):
        assert run(folder, *more, against="cloudwatch") == 1
        assert "CloudWatch has no costs" in capsys.readouterr().err


def test_json_adds_up(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [charge.line() for charge in charges_of(LEDGER)]
    lines[0] = replace(lines[0], tag="")
    lines[1] = replace(lines[1], usage_type="USE1-what\x1b[2J-mantle-", cost=lines[1].cost)
    lines.append(replace(lines[2], record_type="Tax", cost=lines[2].cost))
    write_bill(folder, lines)
    found = as_json(folder, capsys)
    amounts = [int(cause["pico"]) for cause in found["causes"]]
    whole = int(found["ledger"]["pico"]) + sum(amounts) + int(found["residual"]["pico"])
    assert whole == int(found["usage"]["pico"])
    assert int(found["total"]["pico"]) == whole + int(found["bars"]["tax"]["pico"])
    assert {cause["name"] for cause in found["causes"]} >= {
        "unmapped",
        "billed as default or untagged",
    }
    assert found["unmapped"][0]["usage_type"] == "USE1-what\x1b[2J-mantle-"
    assert found["prices"]["hash"] == BOOK.hash
    assert run(folder) == 0
    assert "\x1b" not in capsys.readouterr().out


def test_incomplete_and_unfinished_attempts(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The bill has more output than the ledger, which has attempts that it knows too little of."""
    lines = [charge.line() for charge in charges_of(LEDGER)]
    place = next(i for i, line in enumerate(lines) if "output" in line.usage_type)
    lines[place] = replace(lines[place], quantity=lines[place].quantity + 5)
    write_bill(folder, lines)
    assert next(cause["name"] for cause in as_json(folder, capsys)["causes"]) == "other clients"
    begun = {**rows_of(LEDGER[:1])[0], "kind": "begin", "op": "open", "seq": 0}
    for name in ("input", "cached", "cache_write", "output", "outcome", "end_us", "meters"):
        del begun[name]
    writer = "aaaaaaaaaaaaaaaa"
    write_segment(folder / "ledger", [{**begun, "writer": writer}], writer=writer)
    (cause,) = (c for c in as_json(folder, capsys)["causes"] if c["bounds"])
    assert cause["name"] == "incomplete or unknown operations or other clients"


def test_projects_of_experiments_have_the_tags_that_they_had_at_their_end(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = LEDGER[0].project
    untagged = [{**row, "tags": {}} if row["project"] == name else row for row in rows_of(LEDGER)]
    bill = f"cur:{folder / 'cur'}"
    write_segment(folder / "other/ledger", untagged)
    (folder / "other/book.txt").write_text(BOOK.canonical)
    assert as_json(folder / "other", capsys, against=bill)["residual"]["absolute"]["pico"] != "0"
    kept = {"name": "ab-7", "project": name, "tags": {"costmark_project": LEDGER[0].tag}}
    earlier = {"name": "ab-6", "project": "proj_before_tags_were_kept"}
    (folder / "other/ledger/experiments.jsonl").write_text(
        "".join(json.dumps(each) + "\n" for each in (earlier, kept))
    )
    found = as_json(folder / "other", capsys, against=bill)
    assert (found["causes"], found["residual"]["absolute"]["pico"]) == ([], "0")


def test_a_model_that_is_served_in_one_way_alone_need_not_say_so(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Claude on mantle: requests name no serving, and the bill says global."""
    lines = ledger_of(range(4), [0, 1], [MODELS.index(OPUS)])
    write_segment(folder / "opus/ledger", rows_of(lines))
    write_bill(folder / "opus", [charge.line() for charge in charges_of(lines)])
    lines_of_book = (line.text for line in BOOK.lines if line.serving == "global")
    (folder / "opus/book.txt").write_text("\n".join(["date 2026-11-30", *lines_of_book, ""]))
    found = as_json(folder / "opus", capsys)
    assert (found["causes"], found["residual"]["absolute"]["pico"]) == ([], "0")


def test_rows_without_tags_take_them_from_the_lock_file(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in (folder / "ledger").rglob("*.jsonl"):
        path.unlink()
    write_segment(folder / "ledger", rows_of(LEDGER, tags={}))
    lock = folder / "costmark.lock"
    projects = [
        {"id": "proj_0", "account": ACCOUNT, "tags": {"costmark_project": "team-a"}},
        {"id": "proj_1", "tags": {"costmark_project": "old"}, "until": "2026-11-01"},
        {"id": "proj_1", "tags": {"costmark_project": "team-b"}, "since": "2026-11-01"},
        {"id": "proj_2", "tags": {"team": "x"}},
    ]
    lock.write_text(json.dumps({"version": 1, "projects": projects}))
    assert as_json(folder, capsys, "--lock", str(lock))["causes"] == []
    for wrong in ('{"version": 1}', "[" * 100_000):
        lock.write_text(wrong)
        assert run(folder, "--lock", str(lock)) == 1
        assert "is not a lock file" in capsys.readouterr().err


def test_a_bill_without_tags_needs_the_grain_of_models(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_bill(folder, [replace(charge.line(), tag="") for charge in charges_of(LEDGER)])
    assert run(folder) == 1
    assert "The grain 'model' compares without projects" in capsys.readouterr().err
    found = as_json(folder, capsys, "--grain", "model")
    assert (found["causes"], found["residual"]["pico"]) == ([], "0")


def test_focus_without_usage_types_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [focus_row_of(charge.line()) for charge in charges_of(LEDGER)]
    path = write_csv(folder / "focus.csv.gz", without(rows, "x_UsageType"))
    assert run(folder, against=f"cur:{path}") == 1
    assert "names no usage types" in capsys.readouterr().err
    path = write_csv(folder / "focus10.csv.gz", rows)
    assert as_json(folder, capsys, against=f"cur:{path}")["causes"] == []


def test_against_cost_explorer(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    lines = [charge.line(service="Amazon Bedrock") for charge in charges_of(LEDGER)]
    explorer = CostExplorer(lines)
    explorer.page = 1000
    with serving(explorer) as url:
        more = ["--endpoint-url", url, "--account", ACCOUNT]
        assert run(folder, "--format", "json", *more, against="cost-explorer") == 0
        out, err = capsys.readouterr()
        assert run(folder, *more, "--max-calls", "1", against="cost-explorer") == 1
    found = json.loads(out)
    assert (found["causes"], found["residual"]["pico"]) == ([], "0")
    assert found["bill"]["source"] == "Cost Explorer"
    assert "at most 100 times, at $0.01 each" in err
    assert "as many as --max-calls allows" in capsys.readouterr().err


def test_against_cloudwatch(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    three_days = ["--until", "2026-11-04", "--exit-code"]
    service = CloudWatch.of([replace(line, attempts=2) for line in LEDGER])
    with serving(service) as url:
        more = ["--endpoint-url", url, *three_days]
        assert run(folder, *more, against="cloudwatch") == 0
        text = capsys.readouterr().out
        assert text.count("agrees") == 6
        assert "0 of them differ" in text
        next(iter(service.points.values())).output += 1000
        assert run(folder, *more, against="cloudwatch") == 3
        assert "output -1,000" in capsys.readouterr().out
        assert run(folder, *more, "--format", "json", against="cloudwatch") == 3
        found = json.loads(capsys.readouterr().out)
        assert (found["differing"], len(found["series"])) == (1, 18)
        # The number of calls beside a bill.
        assert run(folder, *more, "--calls", "--format", "json") == 0
        assert json.loads(capsys.readouterr().out)["causes"] == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--against", "s3://bucket"], "as in cur:PATH"),
        (["--against", "cur:"], "as in cur:PATH"),
        (["--since", "yesterday"], "as in 2026-11-01"),
        (["--tolerance", "-1"], "as in 0.01"),
        (["--tolerance", "nan"], "as in 0.01"),
    ],
)
def test_what_is_misspelled(
    folder: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        run(folder, *arguments)
    assert message in capsys.readouterr().err


def test_who_may_not_read_metrics_gets_the_command(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use_credentials(monkeypatch)
    with billed() as aws:
        for operation in ("ListMetrics", "GetMetricData"):
            aws.emulator.fault("status", status=400, code="AccessDenied", api=operation)
        assert run(folder, *aws.asked, against="cloudwatch") == 1
    error = capsys.readouterr().err
    assert "put-user-policy --user-name emulator --policy-name costmark-cloudwatch" in error
    assert "cloudwatch:GetMetricData" in error


def test_a_window_without_days(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(folder, "--until", "2026-11-01") == 1
    assert "there is no day from 2026-11-01 to 2026-10-31" in capsys.readouterr().err
    assert run(folder, "--since", str(DAYS[0].replace(year=2999)), "--until", "2026-11-02") == 1
