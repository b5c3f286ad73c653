"""``costmark costs`` against the emulator."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import re
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cli.billing import DAY_S, OSS, Billed, billed, use_credentials
from costmark.cli.main import main

if TYPE_CHECKING:
    from collections.abc import Iterator

pytest.importorskip("boto3")
pytest.importorskip("duckdb")

TYPES = [f"USE1-{OSS}-mantle-{side}-tokens-standard" for side in ("input", "output")]
PRICES = {"input_tokens": Decimal("0.15e-6"), "output_tokens": Decimal("0.60e-6")}
COSTS = "GetCostAndUsage"
SOL = "openai.gpt-5.6-sol"


class Story:
    """Two days of usage: a tagged call on each, and one that names no project on the second."""

    def __init__(self, aws: Billed) -> None:
        self.aws = aws
        self.first_day = aws.today()
        project = aws.project(team="search", costmark_project="shop")
        aws.call(project)
        aws.forward(DAY_S)
        assert main(["tags", "activate", "--key", "team", *aws.asked]) == 0
        aws.forward(DAY_S)
        self.tagged = [aws.call(project)]
        aws.forward(DAY_S)
        self.tagged.append(aws.call(project))
        self.untagged = aws.call()
        aws.forward(2 * DAY_S)
        self.since = self.first_day + dt.timedelta(days=2)
        self.until = self.since + dt.timedelta(days=2)
        self.period = ("--since", str(self.since), "--until", str(self.until))


@pytest.fixture(scope="module")
def told() -> Iterator[Story]:
    with pytest.MonkeyPatch.context() as patch, billed() as aws:
        use_credentials(patch)
        yield Story(aws)


@pytest.fixture
def story(told: Story, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Story:
    use_credentials(monkeypatch)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for what in ("requests", "faults"):
        told.aws.emulator.fetch(f"/_emulator/{what}", method="DELETE")
    return told


def cost(*records: dict[str, Any]) -> Decimal:
    return sum((record[k] * usd for record in records for k, usd in PRICES.items()), Decimal(0))


def tokens(*records: dict[str, Any]) -> int:
    return sum(record[name] for record in records for name in PRICES)


def run(story: Story, by: str, *more: str) -> int:
    return main(["costs", "--by", by, *story.period, *more, *story.aws.asked])


def lines(
    story: Story, capsys: pytest.CaptureFixture[str], by: str, *more: str
) -> dict[str | None, tuple[Decimal, int]]:
    capsys.readouterr()
    assert run(story, by, "--format", "json", *more) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["by"] == by
    every = {each["key"]: (Decimal(each["cost_usd"]), each["tokens"]) for each in found["lines"]}
    assert sum(amount for amount, _ in every.values()) == Decimal(found["total_usd"])
    return every


@pytest.mark.parametrize(("by", "value"), [("tag:team", "search"), ("project", "shop")])
def test_by_a_tag(story: Story, capsys: pytest.CaptureFixture[str], by: str, value: str) -> None:
    assert main(["tags", "status", *story.aws.asked]) == 0
    assert lines(story, capsys, by) == {
        value: (cost(*story.tagged), tokens(*story.tagged)),
        None: (cost(story.untagged), tokens(story.untagged)),
    }


def test_by_model_usage_type_and_day(story: Story, capsys: pytest.CaptureFixture[str]) -> None:
    every = [*story.tagged, story.untagged]
    assert lines(story, capsys, "model") == {OSS: (cost(*every), tokens(*every))}
    for usage_type, side in zip(TYPES, PRICES, strict=True):
        count = sum(record[side] for record in every)
        assert lines(story, capsys, "usage-type")[usage_type] == (count * PRICES[side], count)
    assert list(lines(story, capsys, "day").items()) == [
        (str(story.since), (cost(story.tagged[0]), tokens(story.tagged[0]))),
        (
            str(story.since + dt.timedelta(days=1)),
            (cost(*every[1:]), tokens(*every[1:])),
        ),
    ]


def test_what_it_costs_is_said_before_and_answers_are_kept(
    story: Story, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(story, "tag:team") == 0
    err = capsys.readouterr().err.splitlines()
    assert err == [
        "costmark: asking Cost Explorer for the services of Bedrock, 1 time ($0.01) and once more "
        "for each further page",
        "costmark: asking Cost Explorer for their costs, 2 times ($0.02) and once more for each "
        "further page",
        "costmark: asked Cost Explorer 3 times ($0.03)",
    ]
    assert run(story, "tag:team") == 0
    assert capsys.readouterr().err == "costmark: asked Cost Explorer 0 times ($0.00)\n"
    assert run(story, "project") == 0  # another query, of which the services are known
    assert "asked Cost Explorer 1 time ($0.01)" in capsys.readouterr().err
    assert run(story, "tag:team", "--no-cache") == 0
    assert "asked Cost Explorer 3 times" in capsys.readouterr().err


def test_another_endpoint_of_the_environment_has_answers_of_its_own(
    story: Story, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for url in (story.aws.url, story.aws.url.replace("127.0.0.1", "localhost")):
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        assert main(["costs", "--by", "tag:team", *story.period]) == 0
        assert "asked Cost Explorer 3 times" in capsys.readouterr().err


def kept(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "cache/costmark/cost-explorer").iterdir())


def test_who_asks_sees_no_answer_to_others(
    story: Story, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run(story, "tag:team") == 0
    assert len(kept(tmp_path)) == 3
    view = "arn:aws:billing::111122223333:billingview/primary"
    role = "arn:aws:iam::111122223333:role/payer"
    for option in (("--billing-view-arn", view), ("--billing-role-arn", role)):
        assert run(story, "tag:team", *option) == 0
        assert "asked Cost Explorer 3 times" in capsys.readouterr().err
    assert len(kept(tmp_path)) == 9
    assert {path.stat().st_mode & 0o777 for path in kept(tmp_path)} == {0o600}
    assert kept(tmp_path)[0].parent.stat().st_mode & 0o777 == 0o700
    (seen, *_) = story.aws.requests(COSTS)
    assert view not in seen["body"]
    assert view in story.aws.requests(COSTS)[2]["body"]


def test_estimated_answers_are_kept_for_hours_alone(
    story: Story, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run(story, "day") == 0
    assert "; estimated" in capsys.readouterr().out
    for path in kept(tmp_path):
        content = json.loads(path.read_text())
        path.write_text(json.dumps({**content, "at": content["at"] - 7 * 3600}))
    assert run(story, "day") == 0
    assert "asked Cost Explorer 3 times" in capsys.readouterr().err
    kept(tmp_path)[0].write_text("not what was written")
    assert run(story, "day") == 0
    assert "asked Cost Explorer 1 time " in capsys.readouterr().err


@pytest.mark.parametrize("calls", [0, 2])
def test_there_is_a_limit(story: Story, capsys: pytest.CaptureFixture[str], calls: int) -> None:
    assert run(story, "tag:team", "--max-calls", str(calls)) == 1
    err = capsys.readouterr().err
    assert f"at least, and --max-calls allows {calls}" in err
    asked = [*story.aws.requests(COSTS), *story.aws.requests("GetDimensionValues")]
    assert len(asked) == min(calls, 1)


def test_beside_the_days_before(story: Story, capsys: pytest.CaptureFixture[str]) -> None:
    second = str(story.since + dt.timedelta(days=1))
    period = ("--since", second, "--until", str(story.until))
    for by, unattributed in (("project", True), ("day", False)):
        asked = ["costs", "--by", by, *period, "--compare", *story.aws.asked]
        assert main([*asked, "--format", "json"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert found["compared_since"] == str(story.since)
        (line, *rest) = sorted(found["lines"], key=lambda each: each["key"] is None)
        assert Decimal(line["before_usd"]) == cost(story.tagged[0])
        assert [each["before_usd"] for each in rest] == (["0.00"] if unattributed else [])
        assert main(asked) == 0
        assert "change" in capsys.readouterr().out


def test_formats(story: Story, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(story, "tag:team") == 0
    table = capsys.readouterr().out
    assert table.startswith(f"{story.since} to ")
    assert re.search(r"^\(unattributed\) +[\d,]+ +(<?\$0\.\d{4}) +\d+\.\d%$", table, re.M)
    assert re.search(r"^total +[\d,]+ +", table, re.M)
    assert run(story, "tag:team", "--format", "csv") == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert {row["tag:team"]: Decimal(row["cost_usd"]) for row in rows} == {
        "search": cost(*story.tagged),
        "": cost(story.untagged),
    }
    assert run(story, "tag:team", "--format", "markdown") == 0
    markdown = capsys.readouterr().out
    assert "| search |" in markdown
    assert "| \\(unattributed\\) |" in markdown
    assert run(story, "model") == 0
    out = capsys.readouterr().out
    assert "gpt-oss-120b" in out.split(OSS)[1]  # the name that Cost Explorer has
    assert "more" not in out


def test_a_page(story: Story, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    page = tmp_path / "costs.html"
    assert run(story, "tag:team", "--compare", "--html", str(page)) == 0
    assert f"wrote {page}" in capsys.readouterr().err
    text = page.read_text(encoding="utf-8")
    assert "Bedrock: costs by tag:team" in text
    assert re.search(r'<th scope="row">search</th><td class="number">[\d,]+</td>', text)
    assert "Unattributed" in text
    assert "AWS may still change these amounts." in text
    assert not re.search(r'(?:src|href)="(?!#|data:)', text)
    assert run(story, "day", "--html", str(tmp_path / "no/such/folder.html")) == 1


def test_pages_are_followed_and_repeated_ones_refused(
    story: Story, capsys: pytest.CaptureFixture[str]
) -> None:
    """Four weeks with two usage types have more groups than a page takes."""
    with billed() as aws:
        project = aws.project(team="a")
        first = aws.today()
        for _ in range(28):
            aws.call(project)
            aws.forward(DAY_S)
        period = ["--since", str(first), "--until", str(first + dt.timedelta(days=28))]
        asked = ["costs", "--by", "day", *period, "--no-cache", *aws.asked]
        assert main([*asked, "--format", "json"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert len(found["lines"]) == 28
        assert Decimal(found["total_usd"]) == cost(*aws.emulator.usage())
        assert len(aws.requests(COSTS)) == 3
        aws.emulator.fault("repeat_page", api=COSTS, count=3)
        assert main(asked) == 1
        assert "the same next page again" in capsys.readouterr().err


def test_what_the_marketplace_bills_has_its_model_too(
    story: Story, capsys: pytest.CaptureFixture[str]
) -> None:
    with billed() as aws:
        records = {model: aws.call(model=model) for model in (OSS, SOL)}
        day = aws.today()
        aws.forward(2 * DAY_S)
        period = ["--since", str(day), "--until", str(day + dt.timedelta(days=1))]
        assert main(["costs", "--by", "model", *period, "--format", "json", *aws.asked]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {each["key"]: (each["names"], each["tokens"]) for each in found["lines"]} == {
        SOL: (["GPT-5.6 Sol"], tokens(records[SOL])),
        OSS: (["gpt-oss-120b"], tokens(records[OSS])),
    }
    assert found["notes"] == []


def test_faults(story: Story, capsys: pytest.CaptureFixture[str]) -> None:
    fault = {"api": COSTS, "status": 400}
    story.aws.emulator.fault("status", **fault, code="AccessDeniedException")
    assert run(story, "day") == 1
    err = capsys.readouterr().err
    assert "aws iam put-user-policy --user-name emulator --policy-name costmark-costs" in err
    assert '["ce:GetCostAndUsage", "ce:GetDimensionValues"]' in err
    story.aws.emulator.fault("status", **fault, code="LimitExceededException")
    assert run(story, "day") == 1
    assert "LimitExceededException" in capsys.readouterr().err
    view = "arn:aws:billing::999922223333:billingview/primary"
    assert run(story, "day", "--billing-view-arn", view) == 1
    assert "does not exist" in capsys.readouterr().err
    assert main(["costs", "--by", "day", "--since", "2026-11-02", "--until", "2026-11-02"]) == 1
    assert "there is no day" in capsys.readouterr().err


@pytest.mark.parametrize("by", ["tag:", "team", "account"])
def test_what_costs_cannot_be_asked_by(by: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["costs", "--by", by, "--since", "2026-11-01"])
    assert "is not tag:KEY, project, model, usage-type or day" in capsys.readouterr().err


def test_a_clock_that_is_a_day_off_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use_credentials(monkeypatch)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for offset in ("86400", "-86400"):
        with billed("--clock-offset-s", offset) as aws:
            assert main(["costs", "--by", "day", "--since", "2026-11-01", *aws.asked]) == 1
            assert "this machine's clock is wrong (`costmark doctor`" in capsys.readouterr().err
