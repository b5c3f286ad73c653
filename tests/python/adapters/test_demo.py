"""The demo, as a user runs it."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("rich")
pytest.importorskip("boto3")
pytest.importorskip("duckdb")
pytest.importorskip("tomlkit")

pytestmark = pytest.mark.timeout(300)  # several runs of the demo, of seconds each
ROOT = Path(__file__).resolve().parents[3]
LIBRARY = os.environ.get("COSTMARK_LIBRARY")  # before a test takes it away
README = ROOT / "README.md"
COMMAND = [sys.executable, "-m", "costmark.demo"]


def test_client_server_and_bill_agree(tmp_path: Path) -> None:
    """Whatever the environment says, and without a C compiler."""
    surroundings = {"OPENAI_PROJECT_ID": "proj_of_somebody_else", "PATH": "/nowhere"}
    result = subprocess.run(
        COMMAND,
        capture_output=True,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path), **surroundings},
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    lines = result.stdout.splitlines()
    agreed = re.search(
        r"^client, server and bill agree: (\d+) operations, [\d,]+ tokens$",
        result.stdout,
        re.MULTILINE,
    )
    assert agreed
    assert int(agreed[1]) >= 40
    for expected in (
        "+ customer-support-bot  team=platform, env=prod",
        "Applied: 2 of 2. Planned again: No changes.",
        "openai     Chat and Responses",
        "anthropic  Messages",
        "boto3      Converse",
        "C          none: there is no C compiler",
        "Not sent:  budget 'trial'",
        "prompt-ab-7  2 calls",
        "(no tag)",
        "Ledger and bill agree: $",
        "residual: $0.00",
    ):
        assert expected in result.stdout
    assert result.stderr == ""
    assert [line for line in lines if len(line) > 80 and str(tmp_path) not in line] == []
    for name in ("report", "bill"):
        (page,) = tmp_path.glob(f"costmark-demo-*/{name}.html")
        assert "customer-support-bot" in page.read_text(encoding="utf-8")
    assert [path.name for path in tmp_path.iterdir()] == [page.parent.name]


def library() -> Path | None:
    built = [Path(LIBRARY)] if LIBRARY else [ROOT / "build/release/capi/libcostmark.so"]
    return next((path for path in built if path.exists()), None)


def test_it_calls_from_c_where_there_is_the_library(tmp_path: Path) -> None:
    found = library()
    if found is None or not (shutil.which("cc") and shutil.which("pkg-config")):
        pytest.skip("no C compiler, no pkg-config, or no C library of this tree")
    Path(tmp_path, "costmark.pc").write_text(
        "Name: costmark\nDescription: of this tree\nVersion: 0\n"
        f"Cflags: -I{ROOT}/capi/include\nLibs: -L{found.parent} -lcostmark\n"
    )
    done = subprocess.run(
        COMMAND,
        capture_output=True,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path), "PKG_CONFIG_PATH": str(tmp_path)},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "C          Chat, sent by the library itself" in done.stdout
    rows = [
        json.loads(line)
        for path in tmp_path.glob("costmark-demo-*/raw/*/*.jsonl")
        for line in path.read_text().splitlines()
    ]
    of_c = [row for row in rows if row["kind"] == "attempt" and "sdk" not in row]
    assert [(row["outcome"], row["tags"]["team"]) for row in of_c] == [("ok", "platform")] * 2


def costmark(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "costmark", *arguments], capture_output=True, text=True, cwd=folder
    )
    assert done.returncode == 0, (arguments, done.stdout + done.stderr)
    return done.stdout


def spent(page: Path) -> str:
    """The figure that a page begins with."""
    found = re.search(r"\$\d+\.\d+( \+ \?)?", page.read_text(encoding="utf-8").partition("<h1")[2])
    assert found
    return found[0]


def test_from_the_demo_to_a_page(tmp_path: Path) -> None:
    """The two commands of the README: every page, every command and the bill have one sum."""
    chapter = README.read_text(encoding="utf-8").partition("**Reports.**")[2]
    printed = chapter.partition("```sh\n")[2].partition("```")[0]
    for line in printed.splitlines():
        program, *arguments = shlex.split(line, comments=True)
        assert program == "costmark"
        said = costmark(tmp_path, *arguments)
        if arguments[0] == "demo":
            told = said
    ledger = tmp_path / "demo-ledger"
    pages = [tmp_path / "report.html", ledger / "report.html", ledger / "bill.html"]
    sums = [spent(page) for page in pages]
    assert sums == [f"{sums[0]}"] * 3, sums
    assert f"Ledger and bill agree: {sums[0]} of tokens." in told
    content = pages[0].read_text(encoding="utf-8")
    for expected in ("openai.gpt-oss-120b", "customer-support-bot", "research", "study", "answer"):
        assert expected in content
    book = str(ledger / "prices.txt")
    by_team = costmark(tmp_path, "report", "--prices", book, "--by", "tag:team", str(ledger))
    assert "unpriced" in by_team.partition("none of")[2]
    assert re.search(r"^\(none\) +2 ", by_team, re.MULTILINE)  # those without a project alone
    total = re.search(r"^total +\d+ .* (\$\S+)$", by_team, re.MULTILINE)
    assert total
    assert total[1] == sums[0]


def test_every_command_that_it_prints_runs(tmp_path: Path) -> None:
    ledger = tmp_path / "a ledger"
    said = costmark(tmp_path, "demo", "--ledger", str(ledger))
    commands = re.findall(r"^    (costmark .*)$", said, re.MULTILINE)
    parts = {}
    for command in commands:
        arguments = shlex.split(command)[1:]
        parts[arguments[0]] = costmark(tmp_path, *arguments)
    assert list(parts) == ["report", "compare", "chargeback", "reconcile"]
    assert re.search(r"^total .*\$\d", parts["compare"], re.MULTILINE)
    assert re.search(r"^research +\$0\.\d+", parts["chargeback"], re.MULTILINE)
    assert "Ledger and bill agree: $" in parts["reconcile"]
    # A later run has no bill of what came before.
    again = costmark(tmp_path, "demo", "--ledger", str(ledger))
    commands = re.findall(r"^    costmark (\w+) ", again, re.MULTILINE)
    assert commands == ["report", "compare", "chargeback"]
    assert "rows of an earlier run, of which there is no bill" in " ".join(again.split())


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
