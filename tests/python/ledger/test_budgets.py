"""Budgets in real calls, in many processes at once, and on the command line."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

import costmark
from adapters.clients import SIGNED, create_project, plain, plain_async, signed
from costmark import ledger
from costmark.cli.main import main
from harness import MESSAGES, MODEL, Emulator
from ledger.segments import attempt, write_segment

if TYPE_CHECKING:
    from pathlib import Path

    import openai

PICO = 10**12


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "ledger"


def wrapped(bedrock: Emulator, folder: Path, budgets: str, **options: Any) -> openai.OpenAI:
    options = {"budget_unpriced": "allow", **SIGNED, **options}
    return costmark.wrap(plain(bedrock), ledger=str(folder), budgets=budgets, **options)


def ask(client: Any, **more: Any) -> Any:
    return client.chat.completions.create(model=MODEL, messages=MESSAGES, **more)


def of_name(name: str) -> costmark.Budget:
    (found,) = (each for each in costmark.budgets() if each.name == name)
    return found


# --- In real calls -------------------------------------------------------------------------------


def test_a_call_beyond_a_budget_is_never_sent(bedrock: Emulator, folder: Path) -> None:
    project = create_project(signed(bedrock), "budgets")
    client = wrapped(bedrock, folder, f"mine: project={project} 1calls/day refuse", project=project)
    ask(client)
    before = len(bedrock.usage())
    with pytest.raises(costmark.BudgetError, match="budget 'mine' of 1 call a day") as caught:
        ask(client)
    assert caught.value.code == "budget_exceeded"
    assert len(bedrock.usage()) == before
    (row,) = (row for row in ledger.read(folder) if row["kind"] == "refused")
    assert (row["error_code"], row["project"]) == ("budget_exceeded", project)
    with costmark.override_budgets():
        ask(client)
    found = of_name("mine")
    assert (found.subject, found.value, found.unit) == ("project", project, "calls")
    assert (found.limit, found.spent, found.reserved, found.left) == (1, 2, 0, 0)
    assert found.reset.timestamp() % 86_400 == 0
    assert 0 < found.reset.timestamp() - time.time() <= 86_400


async def test_asynchronous_calls_and_streams_settle(bedrock: Emulator, folder: Path) -> None:
    client = costmark.wrap(
        plain_async(bedrock),
        ledger=str(folder),
        budgets="t: all 100000tokens/month refuse",
        **SIGNED,
    )
    async with client:
        answer = await ask(client)
        assert of_name("t").spent == answer.usage.total_tokens
        stream = await ask(client, stream=True, max_tokens=50)
        assert of_name("t").reserved > 50
        async for _ in stream:
            pass
    assert of_name("t").reserved == 0
    assert of_name("t").spent == sum(row["total"] for row in ledger.read(folder) if "total" in row)


def test_a_threshold_is_a_warning_once(
    bedrock: Emulator, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    client = wrapped(bedrock, folder, "c: all 4calls/day warn at=50")
    with caplog.at_level(logging.WARNING, logger="costmark"):
        for _ in range(6):
            ask(client)
    told = [r.getMessage() for r in caplog.records if "budget 'c'" in r.getMessage()]
    assert len(told) == 1
    assert told[0].startswith(
        "50% of budget 'c' of 4 calls a day for all calls are used: 1 call spent"
    )


def test_labels_and_overrides_nest() -> None:
    from costmark._client.scope import current_frame

    def overrides() -> bool:
        frame = current_frame()
        return frame is not None and getattr(frame[4], "overrides_budgets", False)

    with costmark.override_budgets():
        with costmark.labels(user="ann"), costmark.project("proj_a"):
            assert overrides()
            assert costmark.current_labels() == {"user": "ann"}
            assert costmark.bind(overrides)()
        assert overrides()
        assert costmark.current_labels() == {}
    with costmark.labels(user="ann"):
        assert not overrides()
        with costmark.override_budgets():
            assert overrides()
            assert costmark.current_labels() == {"user": "ann"}
        assert not overrides()


# --- Many processes ------------------------------------------------------------------------------

WORKER = """
import json, os, sys, threading, time
from costmark import _core
ledger, budgets, threads, work = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
client = _core.Client(
    {"ledger": ledger, "budgets": budgets, "ledger_begin": "false", "project": "proj_a"},
    environment={},
)
URL = "http://127.0.0.1:8080/v1/chat/completions"
HEADERS = [(b"Content-Type", b"application/json")]
BODY = b'{"model":"m","messages":[]}'
ANSWER = b'{"id":"c","model":"m","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":1}}'
sent, lock = 0, threading.Lock()

def begin():
    global sent
    operation, _ = client.begin("POST", URL, HEADERS, BODY)
    operation.prepare("POST", URL, HEADERS, BODY)
    operation.sent()
    with lock:
        sent += 1
    return operation

def call_until_refused():
    while True:
        try:
            operation = begin()
        except Exception as error:
            assert error.code == "budget_exceeded", error
            return
        time.sleep(0.001)
        operation.head(200, HEADERS)
        operation.feed(ANSWER)
        operation.finish()

def use_up():
    running = [threading.Thread(target=call_until_refused) for _ in range(threads)]
    for each in running: each.start()
    for each in running: each.join()

if work == "hold":
    held = [begin() for _ in range(threads)]
    print(sent, flush=True)
    sys.stdin.read()
elif work == "fork":
    mine = begin()
    print(0, flush=True)
    child = os.fork()
    if child == 0:
        sent = 0
        use_up()
        os.write(1, f"{sent}\\n".encode())
        os._exit(0)
    use_up()
    os.waitpid(child, 0)
    mine.head(200, HEADERS); mine.feed(ANSWER); mine.finish()
    print(sent, flush=True)
else:
    use_up()
    print(sent, flush=True)
"""


def start(folder: Path, budgets: str, threads: int, work: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", WORKER, str(folder), budgets, str(threads), work]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


@pytest.mark.parametrize(
    ("limit", "processes", "threads"),
    [(100, 3, 8), pytest.param(1000, 8, 64, marks=pytest.mark.full)],
)
def test_many_processes_exceed_a_limit_by_no_more_than_is_documented(
    folder: Path, limit: int, processes: int, threads: int
) -> None:
    budgets = f"c: all {limit}calls/month refuse"
    holder = start(folder, budgets, threads // 4, "hold")
    assert holder.stdout is not None
    held = int(holder.stdout.readline())
    forking = start(folder, budgets, threads, "fork")
    assert forking.stdout is not None
    assert forking.stdout.readline() == b"0\n"  # its call has begun, before all is used up
    running = [forking, *(start(folder, budgets, threads, "use up") for _ in range(processes - 1))]
    os.kill(holder.pid, signal.SIGKILL)
    holder.communicate()
    sent = 0
    for each in running:
        told, _ = each.communicate(timeout=100)
        assert each.returncode == 0
        sent += sum(map(int, told.split()))
    all_processes = processes + 2  # the holder, and the child of the one that forks
    assert held == threads // 4
    assert sent + held <= limit + (all_processes - 1) * max(limit // 16, 1) + held
    # The limit is used up, but for what the holder still had while the last of them were refused.
    assert sent >= limit - held
    rows = [row for row in ledger.read(folder) if row["kind"] == "attempt"]
    assert sum(row["outcome"] == "ok" for row in rows) == sent


# --- On the command line -------------------------------------------------------------------------


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["budgets", *arguments]) == 0
    return capsys.readouterr().out


def test_the_command_line_shows_and_rebuilds(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time_ns() // 1000
    year_ago = now - 366 * 86_400_000_000
    members: dict[str, Any] = {"start_us": now - 5, "end_us": now, "cost_pico": PICO // 4}
    failed = attempt(5, **members, outcome="error", status=500)
    for count in ("input", "output"):
        del failed[count]
    write_segment(
        folder,
        [
            attempt(0, **members, total=12),
            attempt(1, **members, total=13),
            attempt(2, **members, op="0192f0c1-0000-7000-8000-000000000001", total=5),  # a retry
            attempt(3, **members, project="proj_b", total=100, labels={"user": "eve"}),
            attempt(4, **{**members, "end_us": year_ago}, total=1000),
            failed,
        ],
    )
    monkeypatch.setenv("COSTMARK_LEDGER", str(folder))
    monkeypatch.setenv(
        "COSTMARK_BUDGETS",
        "calls: project=proj_a 10calls/month refuse; tokens: all 1000tokens/month warn; "
        "usd: tag.team=search 2.5usd/month refuse; eve: label.user=eve 90tokens/month warn",
    )
    lines = run(capsys).splitlines()
    assert lines[0].split() == [
        *("BUDGET", "FOR", "LIMIT", "SPENT", "RESERVED", "LEFT", "RESET", "(UTC)"),
    ]
    assert lines[1].split()[:6] == [
        *("calls", "project=proj_a", "10calls/month", "refuse", "0calls", "0calls"),
    ]
    run(capsys, "rebuild")
    found = {each["name"]: each for each in json.loads(run(capsys, "show", "--json"))}
    assert {name: each["spent"] for name, each in found.items()} == {
        "calls": "2",
        "tokens": "130",
        "usd": str(PICO),
        "eve": "100",
    }
    assert found["eve"]["left"] == "0"
    assert found["usd"]["reset"].endswith("-01T00:00:00Z")
    assert main(["top", "--once", str(folder)]) == 0
    assert "$2.5000/month refuse" in capsys.readouterr().out
    # Other budgets, in place of the variable; and none.
    assert "0calls" in run(capsys, "--budgets", "x: all 5calls/day warn")
    monkeypatch.delenv("COSTMARK_BUDGETS")
    assert main(["budgets"]) == 1
    assert "there are no budgets" in capsys.readouterr().err


def test_amounts_add_up_as_they_are_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = time.time_ns() // 1000
    rows = [attempt(0, start_us=now - 5, end_us=now, cost_pico=650_000_001)]
    write_segment(tmp_path, rows, day=time.strftime("%Y-%m-%d", time.gmtime()))
    monkeypatch.setenv("COSTMARK_LEDGER", str(tmp_path))
    monkeypatch.setenv("COSTMARK_BUDGETS", "small: all 0.001usd/day refuse")
    _, line = run(capsys, "rebuild").splitlines()
    limit, spent, reserved, left = (
        Decimal(cell.partition("usd")[0]) for cell in line.split() if "usd" in cell
    )
    assert (limit, spent, reserved) == (Decimal("0.001"), Decimal("0.000650000001"), 0)
    assert left == limit - spent - reserved
    (found,) = json.loads(run(capsys, "--json"))
    assert found["unit"] == "pico_usd"
    assert (found["limit"], found["left"]) == ("1000000000", "349999999")
