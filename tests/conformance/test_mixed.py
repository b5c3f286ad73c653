"""Calls of every kind from every language at once: the ledger is what the server recorded."""

from __future__ import annotations

import base64
import json
import random
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import mixed
import runners
from costmark import ledger
from costmark.reports import report
from harness import Emulator, run_program

OPENAI = ["chat", "chat", "responses", "background", "embeddings"]
ALL = [*OPENAI, "messages"]
TOKENS = {name: name for name in ("input", "cache_write", "output", "reasoning")} | {
    "cached": "cached_input"
}

# By label: a call, and in how many ways it is made.
Calls = dict[str, tuple[mixed.Call, int]]


@dataclass
class Part:
    """What one runner does."""

    runner: str
    ways: list[str]
    kinds: list[str]

    @property
    def project(self) -> str:
        """Each has its own."""
        return "proj_" + self.runner.replace("_", "")


def parts() -> list[Part]:
    """The runners that are built."""
    all_parts = [
        Part("capi", ["operation", "send"], ALL),
        Part("go", ["go"], ALL),
        Part("rust", ["tower", "reqwest"], ALL),
        Part("python_openai_sync", ["openai-sync"], OPENAI),
        Part("python_openai_async", ["openai-async"], OPENAI),
        Part("python_anthropic_sync", ["anthropic-sync"], ["messages"]),
        Part("python_anthropic_async", ["anthropic-async"], ["messages"]),
    ]
    return [part for part in all_parts if runners.command(part.runner)]


def ways_in_file(part: Part) -> list[str]:
    """Adapters run the cases of ``operation`` in ways of their own."""
    return part.ways if part.runner == "capi" else ["operation"]


def run_all(
    emulator: Emulator, folder: Path, cases: dict[str, list[dict[str, Any]]]
) -> dict[str, list[dict[str, Any]]]:
    """Run these cases, every runner at once. What each printed."""
    processes = {}
    for runner, of_runner in cases.items():
        path = folder / f"{runner}.json"
        path.write_text(json.dumps({"cases": of_runner}), encoding="utf-8")
        command = runners.command(runner)
        assert command is not None
        with path.with_suffix(".out").open("wb") as out:
            arguments = ["--cases", str(path), "--server", emulator.url]
            processes[runner] = subprocess.Popen([*command, *arguments], stdout=out)
    assert {name: process.wait() for name, process in processes.items()} == dict.fromkeys(cases, 0)
    printed = {}
    for runner in cases:
        lines = (folder / f"{runner}.out").read_text(encoding="utf-8").splitlines()
        printed[runner] = [json.loads(line) for line in lines]
    return printed


@pytest.fixture
def ledger_folder(tmp_path: Path) -> Path:
    return tmp_path / "ledger"


@pytest.mark.timeout(3000)
@pytest.mark.parametrize("count", [400, pytest.param(20_000, marks=pytest.mark.full)])
def test_the_ledger_is_what_the_server_recorded(
    count: int, tmp_path: Path, ledger_folder: Path
) -> None:
    found = parts()
    if not any(part.runner.startswith("python") for part in found):
        pytest.skip("costmark is not installed beside this interpreter")
    server = Path(__file__).with_name("mixed_server.py")
    projects = (argument for part in found for argument in ("--project", part.project))
    with run_program(str(server), *projects) as emulator:
        calls, printed = make_calls(emulator, tmp_path, ledger_folder, found, count)
        poll_elsewhere(emulator, tmp_path, ledger_folder, found, printed)
        usage, requests = emulator.usage(), emulator.requests()
    rows = list(ledger.read(ledger_folder))
    assert_calls_are_operations(calls, rows)
    assert_requests_have_rows(requests, rows)
    assert_tokens_are_equal(usage, rows)
    assert ledger.verify(ledger_folder).good
    assert_logs_are_equal(ledger_folder, tmp_path)


def make_calls(
    emulator: Emulator, tmp_path: Path, folder: Path, found: list[Part], count: int
) -> tuple[Calls, dict[str, list[dict[str, Any]]]]:
    choose = random.Random(count)
    each = -(-count // sum(len(part.ways) for part in found))
    cases = {}
    calls: Calls = {}
    for part in found:
        made = []
        for number in range(each):
            call = mixed.some_call(choose, part.kinds)
            made.append(call.to_json(f"{part.runner}-{number}", part.project))
            calls[f"{part.runner}-{number}"] = (call, len(part.ways))
        cases[part.runner] = mixed.cases_of(
            "mixed", ways_in_file(part), str(folder), part.project, made
        )
    return calls, run_all(emulator, tmp_path, cases)


def poll_elsewhere(
    emulator: Emulator,
    tmp_path: Path,
    folder: Path,
    found: list[Part],
    printed: dict[str, list[dict[str, Any]]],
) -> None:
    """Each background response is polled by the next two runners after the one that created it."""
    able = [part for part in found if "background" in part.kinds]
    polls: dict[str, list[dict[str, Any]]] = {part.runner: [] for part in able}
    for place, part in enumerate(able):
        for line in printed[part.runner]:
            if line["line"] != "result" or not (created := response_of(line)):
                continue
            for other in (able[place - 2], able[place - 1]):
                polls[other.runner].append(mixed.poll(created, part.project))
    cases = {
        part.runner: mixed.cases_of(
            "polls", ways_in_file(part)[:1], str(folder), part.project, polls[part.runner]
        )
        for part in able
    }
    run_all(emulator, tmp_path, cases)


def response_of(line: dict[str, Any]) -> str | None:
    """The id of a background response that was created."""
    try:
        body = json.loads(base64.b64decode(line["passed"]))
    except ValueError:  # a stream
        return None
    return str(body["id"]) if body.get("background") else None


def assert_calls_are_operations(calls: Calls, rows: list[ledger.Row]) -> None:
    """Each call is one operation, and each attempt of it has a begin and an end."""
    begun = Counter((r["op"], r["attempt"]) for r in rows if r["kind"] == "begin")
    ended = Counter((r["op"], r["attempt"]) for r in rows if r["kind"] == "attempt")
    assert begun == ended
    assert set(ended.values()) == {1}
    operations: dict[str, list[ledger.Row]] = {}
    for row in rows:
        if row["kind"] == "attempt":
            operations.setdefault(row["op"], []).append(row)
    named = Counter(of_operation[0]["labels"]["call"] for of_operation in operations.values())
    assert named == {name: ways for name, (_, ways) in calls.items()}
    for attempts in operations.values():
        attempts.sort(key=lambda row: row["attempt"])
        name = attempts[0]["labels"]["call"]
        call, _ = calls[name]
        assert {row["labels"]["call"] for row in attempts} == {name}
        assert [row["attempt"] for row in attempts] == list(range(1, len(attempts) + 1)), name
        assert [row.get("status", 0) for row in attempts] == call.statuses, name
        assert attempts[-1]["outcome"] in call.outcomes, (name, attempts[-1])
        assert {row["outcome"] for row in attempts[:-1]} <= {"error"}, name


def assert_requests_have_rows(requests: list[dict[str, Any]], rows: list[ledger.Row]) -> None:
    """By request id, and those without an answer by their number."""
    posts = [request for request in requests if request["method"] == "POST"]
    attempts = [row for row in rows if row["kind"] == "attempt"]
    answered = {each["request_id"]: each["status"] for each in posts if each["status"]}
    told = {row["request_id"]: row["status"] for row in attempts if "request_id" in row}
    assert told == answered
    assert len(posts) - len(answered) == sum("request_id" not in row for row in attempts)
    assert all(row["outcome"] == "error" for row in attempts if "request_id" not in row)


def assert_tokens_are_equal(usage: list[dict[str, Any]], rows: list[ledger.Row]) -> None:
    records = {record["request_id"]: record for record in usage}
    ended = [row for row in ledger.Attempts(rows).ended() if row["outcome"] != "error"]
    mine = {row["request_id"]: row for row in ended}
    assert len(mine) == len(ended)
    assert mine.keys() == records.keys()
    outcomes: Counter[tuple[str, str]] = Counter()
    for request_id, record in records.items():
        row = mine[request_id]
        outcomes[record["outcome"], row["outcome"]] += 1
        assert row["project"] == record["project"]
        counts = {name: row.get(name, 0) for name in TOKENS}
        recorded = {name: record[f"{of_server}_tokens"] for name, of_server in TOKENS.items()}
        if row["outcome"] == "ok":
            assert counts == recorded, row
        else:
            assert all(counts[name] <= recorded[name] for name in TOKENS), (row, record)
    assert outcomes.keys() <= {
        ("completed", "ok"),
        ("cut", "incomplete"),
        ("cancelled", "cancelled"),
        ("completed", "cancelled"),  # it had been sent as a whole when it was left
    }
    assert min(outcomes["completed", "ok"], outcomes["cut", "incomplete"]) > 0


def assert_logs_are_equal(folder: Path, tmp_path: Path) -> None:
    """The same lines twice, in any order, and as a log has them."""
    lines = [line for path in ledger.sources(folder) for line in path.read_bytes().splitlines()]
    wrapped = [
        json.dumps({"log": line.decode() + "\n", "stream": "stdout"}).encode() for line in lines
    ]
    everything = [*lines, *wrapped, *(b"GET / 200" for _ in range(10))]
    random.Random(1).shuffle(everything)
    log = tmp_path / "service.log"
    log.write_bytes(b"\n".join(everything))
    by = ["project", "model", "tier", "source"]
    once, again = report(folder, by=by), report(log, by=by)
    assert lines_of(again) == lines_of(once)
    assert again.total == once.total
    assert lines_of(report(folder, log, by=by)) == lines_of(once)


def lines_of(found: Any) -> list[Any]:
    return sorted((str(line.key), str(line.sums)) for line in found.lines)
