"""What expect.py and server.py themselves must notice: a check that cannot fail checks nothing."""

from __future__ import annotations

import base64
import copy
import http.client
import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

import cases
import expect
from runners import report_of

Line = dict[str, Any]

# One case of each kind, all of whose lines count.
TELLING = [
    "decision-argument",
    "decision-bad-json",
    "carriers-mantle-chat",
    "carriers-stream-usage",
    "auth-sigv4",
    "auth-bearer-callback",
    "refusal-token-renewed",
    "retries-advised",
    "retries-beside-cancelled",
    "streams-messages-cut",
    "odd-usage-text",
]
# Said for the reader, or compared only where a case names it.
UNCOMPARED = {"case", "way", "request_id", "response_id", "pause_ms", "reads_ahead", "tokens",
              "credentials", "refused", "at"}  # fmt: skip


def _changed(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    return f"AAAA{value}"


def _changes(line: Line) -> Iterator[tuple[str, Line]]:
    """The line with one leaf changed, each in turn."""
    for member, value in line.items():
        if member in UNCOMPARED or member == "line":
            continue
        if isinstance(value, dict):
            for name, changed in _changes(value):
                yield f"{member}.{name}", {**line, member: changed}
        elif isinstance(value, list):
            yield member, {**line, member: [] if value else ["something"]}
        else:
            yield member, {**line, member: _changed(value)}


@pytest.fixture(params=TELLING)
def told(request: pytest.FixtureRequest) -> tuple[Line, list[Line], list[Line]]:
    report = report_of("core")
    if report is None:
        pytest.skip("the core's runner is not built")
    name = request.param
    return report.cases[name], report.lines[name]["operation"], report.received[name, "operation"]


def test_every_line_counts(told: tuple[Line, list[Line], list[Line]]) -> None:
    case, lines, received = told
    assert not expect.differences(case, "operation", lines, received)
    for at, line in enumerate(lines):
        if line["line"] == "callbacks":
            continue
        without = lines[:at] + lines[at + 1 :]
        assert expect.differences(case, "operation", without, received), line
        twice = [*lines[: at + 1], *lines[at:]]
        assert expect.differences(case, "operation", twice, received), line


def test_every_member_of_a_line_counts(told: tuple[Line, list[Line], list[Line]]) -> None:
    case, lines, received = told
    for at, line in enumerate(lines):
        for name, changed in _changes(line):
            others = [*lines[:at], changed, *lines[at + 1 :]]
            assert expect.differences(case, "operation", others, received), (line, name)


def test_everything_that_was_received_counts(told: tuple[Line, list[Line], list[Line]]) -> None:
    case, lines, received = told
    for at, record in enumerate(received):
        for changed in _changed_requests(record):
            others = [*received[:at], changed, *received[at + 1 :]]
            assert expect.differences(case, "operation", lines, others), changed


def _changed_requests(record: Line) -> Iterator[Line]:
    yield {**record, "method": "PUT"}
    yield {**record, "path": record["path"] + "/"}
    body = base64.b64decode(record["body"])
    yield {**record, "body": base64.b64encode(body + b" ").decode()}
    for header in (["OpenAI-Project", "proj_z"], ["anthropic-workspace-id", "proj_z"],
                   ["Authorization", "Bearer z"]):  # fmt: skip
        yield {**record, "headers": [*record["headers"], header]}
    own = {"content-type", "openai-project", "authorization", "x-amz-date"}
    for header in record["headers"]:
        if header[0].lower() in own:
            yield {**record, "headers": [h for h in record["headers"] if h != header]}


def test_a_request_too_many_is_noticed(told: tuple[Line, list[Line], list[Line]]) -> None:
    case, lines, received = told
    extra = received[-1] if received else {"call": 0, "method": "POST", "path": "/", "headers": [],
                                           "body": "", "at": 0.0}  # fmt: skip
    assert expect.differences(case, "operation", lines, [*received, extra])


@pytest.mark.parametrize(
    ("case", "complaint"),
    [
        ({"name": "odd-x", "calls": [{"anwsers": []}]}, "anwsers"),
        ({"name": "Odd"}, "lower case"),
        ({"name": "odd-x", "rows": [{"usage": {"inptu": 1}}]}, "inptu"),
        ({"name": "odd-x", "calls": [{"host": {"does": "nothing"}}]}, "unknown host"),
    ],
)
def test_a_misspelled_case_is_refused(case: Line, complaint: str) -> None:
    with pytest.raises(cases.BadCaseError, match=complaint):
        cases.check_case(copy.deepcopy(case))


def test_what_runners_read_gives_nothing_away() -> None:
    shown = json.loads(cases.for_runners(cases.load()))["cases"]
    members = {member for case in shown for member in case}
    assert members == {"name", "ways", "client", "calls"}
    assert {m for case in shown for call in case["calls"] for m in call} == {
        "request", "host", "beside"
    }  # fmt: skip


def test_the_server_as_a_program() -> None:
    command = [sys.executable, str(cases.HERE / "server.py")]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout
        assert server.stdin
        port = int(server.stdout.readline())
        link = http.client.HTTPConnection("127.0.0.1", port, timeout=10)

        def ask(method: str, path: str, body: str = "") -> tuple[int, bytes]:
            link.request(method, path, body, {"Content-Type": "application/json"})
            answer = link.getresponse()
            return answer.status, answer.read()

        run = "retries-advised.test"
        assert ask("POST", f"/_begin/{run}")[0] == 200
        assert ask("POST", "/_begin/no-such-case")[0] == 404
        statuses = [ask("POST", f"/{run}/0/v1/x", "{}")[0] for _ in range(4)]
        assert statuses == [500, 500, 200, 418]
        received = json.loads(ask("GET", f"/_received/{run}")[1])
        assert [base64.b64decode(r["body"]) for r in received] == [b"{}"] * 4
        assert received[0]["path"] == "/v1/x"
        ask("POST", f"/_begin/{run}")
        assert json.loads(ask("GET", f"/_received/{run}")[1]) == []
        assert json.loads(ask("GET", "/_cases")[1])["cases"]
        link.close()
        server.stdin.close()
        assert server.wait(timeout=10) == 0
