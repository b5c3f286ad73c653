"""Experiments with the real clients and a ledger, against the emulator."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
import threading
import time
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest
from openai import OpenAI

import costmark
from costmark._experiments import kept
from costmark.cli.main import main
from harness import ACCESS_KEY_ID, MESSAGES, MODEL, SECRET_ACCESS_KEY, Emulator, run_emulator

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def ledger(bedrock: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in {
        "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
        "AWS_REGION": "us-east-1",
        "COSTMARK_BASE_URL": bedrock.base_url,
        "COSTMARK_AUTH": "sigv4",
        "COSTMARK_LEDGER": str(tmp_path),
    }.items():
        monkeypatch.setenv(name, value)
    return tmp_path


def client(bedrock: Emulator) -> OpenAI:
    return costmark.wrap(OpenAI(base_url=bedrock.base_url, api_key="unused", max_retries=0))


def call(openai: OpenAI) -> None:
    openai.chat.completions.create(model=MODEL, messages=MESSAGES)


def experiments(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    capsys.readouterr()
    assert main(["experiments", *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_calls_belong_to_it_and_its_totals_are_kept(
    bedrock: Emulator, ledger: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    openai = client(bedrock)
    with costmark.experiment("ab-7", tags={"team": "x"}) as exp:
        call(openai)
        thread = threading.Thread(target=call, args=(openai,))
        thread.start()
        thread.join()
        with costmark.labels(step="2"):
            call(openai)
    records = bedrock.usage()
    assert [each["project"] for each in records] == [exp.id] * 3
    assert exp.totals is not None
    assert (exp.totals.calls, exp.totals.attempts) == (3, 3)
    assert exp.totals.input == sum(each["input_tokens"] for each in records)
    assert exp.totals.output == sum(each["output_tokens"] for each in records)
    assert exp.totals.cost_pico > 0
    (ended,) = (each for each in experiments(capsys, "list") if each["name"] == "ab-7")
    assert (ended["project"], ended["state"]) == (exp.id, "ended")
    assert ended["totals"]["input"] == exp.totals.input
    assert ended["tags"].items() >= {"costmark_project": "experiment/ab-7", "team": "x"}.items()
    assert costmark.Projects().get(exp.id or "").archived


def test_rows_have_its_tags_so_that_its_team_is_charged(
    bedrock: Emulator, ledger: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("duckdb")
    openai = client(bedrock)  # made before there was the experiment
    with (
        contextlib.suppress(KeyError),
        costmark.experiment("tagged", tags={"team": "x", "cost": "7"}),
    ):
        call(openai)
        raise KeyError
    with costmark.experiment("tagged", tags={"team": "y"}) as exp:  # continued, with another team
        call(openai)
    rows = [row for row in costmark.ledger.read(ledger) if row["kind"] == "attempt"]
    assert [row["project"] for row in rows] == [exp.id] * 2
    assert [row["tags"] for row in rows] == [
        {"costmark_project": "experiment/tagged", "team": team, "cost": "7"} for team in "xy"
    ]
    day = datetime.fromtimestamp(rows[0]["end_us"] / 1e6, timezone.utc)
    arguments = ["--by", "tag:team", "--month", f"{day:%Y-%m}", "--format", "json", str(ledger)]
    capsys.readouterr()
    assert main(["chargeback", *arguments]) == 0
    charged = json.loads(capsys.readouterr().out)
    assert {line["name"] for line in charged["charges"]} == {"x", "y"}
    assert main(["experiments", "list"]) == 0
    line = next(each for each in capsys.readouterr().out.splitlines() if "tagged" in each)
    assert re.fullmatch(rf"tagged  {exp.id}  ended \S+Z  2 calls  <?\$0\.\d{{4}}", line)


def test_the_list_says_until_when_each_runs(
    bedrock: Emulator, ledger: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del ledger
    with costmark.experiment("listed", ttl="1h") as exp:
        call(client(bedrock))
        assert main(["experiments", "list"]) == 0
        assert re.search(rf"^listed  {exp.id}  running, ends 2\S+Z$", capsys.readouterr().out, re.M)
    assert main(["experiments", "list"]) == 0
    assert re.search(r"^listed .* ended \S+  1 call  <?\$", capsys.readouterr().out, re.M)


def test_the_endpoint_may_be_named(
    bedrock: Emulator,
    ledger: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    exp = costmark.experiment("elsewhere")
    with pytest.raises(KeyError), exp:
        raise KeyError
    monkeypatch.delenv("COSTMARK_BASE_URL")
    for part in ("list", "gc"):
        found = experiments(capsys, part, "--base-url", bedrock.base_url)
        assert {each["project"] for each in found} == ({exp.id} if part == "list" else set())


@pytest.mark.usefixtures("ledger")
def test_nothing_is_told_in_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    with run_emulator() as fresh:
        for part, told in (
            (["list"], "no experiment has a project, and no totals of one were kept"),
            (["gc"], "there is no experiment whose time is over"),
            (["gc", "--dry-run"], "there is no experiment whose time is over"),
        ):
            assert main(["experiments", *part, "--base-url", fresh.base_url]) == 0
            assert capsys.readouterr() == ("", f"costmark: {told}\n")


CRASH = """
import os
import costmark
with costmark.experiment("crashed", ttl="2s"):
    os._exit(7)
"""


def test_gc_finds_what_a_crash_left_once_its_time_is_over(
    ledger: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert subprocess.run([sys.executable, "-c", CRASH], check=False).returncode == 7
    (left,) = (each for each in experiments(capsys, "list") if each["name"] == "crashed")
    assert left["state"] in ("open", "over")
    with costmark.experiment("open", ttl="1h") as running:
        time.sleep(2.1)
        assert experiments(capsys, "gc", "--dry-run") == [
            {"name": "crashed", "project": left["project"]}
        ]
        assert len(experiments(capsys, "gc")) == 1
        assert experiments(capsys, "gc") == []
        assert not costmark.Projects().get(running.id or "").archived
    assert costmark.Projects().get(left["project"]).archived


@pytest.mark.parametrize("torn", [b'{"name": "a', b"\xff", b"[]", b"[" * 100_000])
def test_half_a_line_of_totals_is_told(torn: bytes, tmp_path: Path) -> None:
    (tmp_path / "experiments.jsonl").write_bytes(b'{"name": "a"}\n' + torn)
    with pytest.raises(costmark.ConfigurationError, match=r"experiments.jsonl:2: not the totals"):
        kept(str(tmp_path))
