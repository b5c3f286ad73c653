"""Experiments with the real clients and a ledger, against the emulator."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
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
