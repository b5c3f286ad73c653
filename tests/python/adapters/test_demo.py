"""The demo, as a user runs it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("rich")
pytest.importorskip("boto3")
pytest.importorskip("duckdb")

COMMAND = [sys.executable, "-m", "costmark.demo"]


@pytest.mark.parametrize("surroundings", [{}, {"OPENAI_PROJECT_ID": "proj_of_somebody_else"}])
def test_client_server_and_bill_agree(surroundings: dict[str, str], tmp_path: Path) -> None:
    result = subprocess.run(
        COMMAND,
        capture_output=True,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path), **surroundings},
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    lines = result.stdout.splitlines()
    last = re.fullmatch(
        r"client, server and bill agree: (\d+) operations, [\d,]+ tokens", lines[-1]
    )
    assert last
    assert int(last[1]) >= 40
    for expected in (
        "client: by project",
        "client: by tag",
        "server: by project",
        "server: by tag",
        "team=platform",
        "env=staging",
        "costmark_project=customer-support-bot",
        "(no tag)",
        "Not sent: ",
        "bill: by team",
        "Ledger and bill agree: $",
        "residual: $0.00",
    ):
        assert expected in result.stdout
    assert result.stderr == ""
    for name in ("report", "bill"):
        (page,) = tmp_path.glob(f"costmark-demo-*/{name}.html")
        assert "customer-support-bot" in page.read_text(encoding="utf-8")


def test_from_the_demo_to_a_page(tmp_path: Path) -> None:
    """The two commands of the README, after a run whose rows are left out of the second bill."""
    ledger, page = tmp_path / "demo", tmp_path / "report.html"
    for arguments in (
        ["demo", "--ledger", str(ledger)],
        ["demo", "--ledger", str(ledger)],
        ["report", "--html", str(page), str(ledger)],
    ):
        done = subprocess.run(
            [sys.executable, "-m", "costmark", *arguments], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
    content = page.read_text(encoding="utf-8")
    for expected in ("openai.gpt-oss-120b", "customer-support-bot", "research", "study", "answer"):
        assert expected in content


@pytest.mark.parametrize("below", ["", "/folder"])
def test_a_ledger_that_is_a_file_fails_before_any_call(tmp_path: Path, below: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text("mine")
    done = subprocess.run(
        [sys.executable, "-m", "costmark", "demo", "--ledger", f"{path}{below}"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert f"--ledger {path}{below} cannot be a folder of rows" in done.stderr
    assert done.stdout == ""
    assert path.read_text() == "mine"


def test_it_ends_cleanly_when_interrupted() -> None:
    process = subprocess.Popen(COMMAND, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    line = process.stdout.readline()
    url = line.split()[-1].rstrip(".")
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode in (130, 0), out + err
    assert "Traceback" not in out + err
    port = int(url.rpartition(":")[2])
    assert not listens(port)


def listens(port: int) -> bool:
    import socket

    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
