"""Has the runners read each answer of ``answers.json`` in two pieces, cut at each place in turn.

python cuts.py [RUNNER...]

Ends with status 1 when an answer was read differently at a place.
"""

from __future__ import annotations

import argparse
import base64
import json
import re
import subprocess
import sys
import threading
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import TYPE_CHECKING, Any

import expect
import runners

if TYPE_CHECKING:
    from collections.abc import Iterator

Case = dict[str, Any]

SECONDS = 300

# The ways of each runner. What comes over HTTP is cut by the server below.
WAYS = {
    "core": ["operation", "send"],
    "capi": ["operation", "send"],
    "go": ["go"],
    "rust": ["tower", "reqwest"],
    "python": ["sync", "async"],
}
# Those that stand whole in `cases.json`.
ANSWERS: list[Case] = [
    case
    for case in runners.ALL
    if re.fullmatch("(answer|shared)-.*(?<!-bytewise|..-sevens)", case["name"])
]


# --- A server -------------------------------------------------------------------------------------


class _Connection(StreamRequestHandler):
    """Answers ``/INDEX.CUT/...`` with an answer in two chunks, for as long as it is asked."""

    server: Server

    def handle(self) -> None:
        while line := self.rfile.readline():
            length = 0
            while (field := self.rfile.readline()) != b"\r\n":
                name, _, value = field.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
            self.rfile.read(length)
            index, cut = line.split(b"/")[1].split(b".")
            self.wfile.write(self.server.head_of[int(index)] + _chunks(int(index), int(cut)))


def _chunks(index: int, cut: int) -> bytes:
    body = body_of(ANSWERS[index])
    pieces = [piece for piece in (body[:cut], body[cut:]) if piece]  # an empty one is the end
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in (*pieces, b""))


class Server(ThreadingTCPServer):
    """Sends the answers."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.head_of = [_head_of(case) for case in ANSWERS]

    @property
    def origin(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.server_address[1]}"


def _head_of(case: Case) -> bytes:
    fields = [*_answer(case)["headers"], ["Transfer-Encoding", "chunked"]]
    head = ["HTTP/1.1 200 OK", *(": ".join(field) for field in fields), "", ""]
    return "\r\n".join(head).encode()


# --- A runner -------------------------------------------------------------------------------------


def results(runner: str) -> dict[str, list[str]]:
    """What is wrong, by way. Raises where the runner fails."""
    command = command_of(runner)
    assert command is not None, f"the runner of {runner} is not built"
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        asked = "\n".join(json.dumps(line) for line in _lines(runner, server.origin))
        try:
            done = subprocess.run(
                [*command],
                input=asked,
                capture_output=True,
                text=True,
                timeout=SECONDS,
                check=False,
            )
        finally:
            server.shutdown()
            thread.join()
    assert not done.returncode, done.stderr[-2000:]
    told = [json.loads(line) for line in done.stdout.splitlines()]
    return {way: _wrong(way, told) for way in WAYS[runner]}


def _lines(runner: str, origin: str) -> Iterator[Case]:
    for way in WAYS[runner]:
        for index, case in enumerate(ANSWERS):
            request = case["calls"][0]["request"]
            yield {
                "name": case["name"],
                "way": way,
                "options": {**case["client"]["options"], "max_attempts": "1"},
                "url": f"{origin}/{index}",
                "path": request["path"],
                "headers": request["headers"],
                "body": base64.b64encode(request["body"].encode()).decode(),
                "answer": {
                    "headers": _answer(case)["headers"],
                    "body": base64.b64encode(body_of(case)).decode(),
                },
            }


def _wrong(way: str, told: list[Case]) -> list[str]:
    found = []
    for case in ANSWERS:
        lines = [line for line in told if (line["name"], line["way"]) == (case["name"], way)]
        found += [f"{case['name']}: {difference}" for difference in differences(case, lines)]
    return found


def differences(case: Case, lines: list[Case]) -> list[str]:
    """What is not as the case says, one sentence each, with the places of the cuts."""
    cuts = [cut for line in lines for cut in range(line["from"], line["to"] + 1)]
    size = len(body_of(case))
    if cuts != list(range(size + 1)):
        return [f"cut at {cuts}, and not at each place from 0 to {size}"]
    found = []
    passed = _passed(case, lines)
    row = case["rows"][0]
    wanted = {"outcome": row["outcome"], "usage": row["usage"], "flags": sorted(row["flags"])}
    for line in lines:
        where = f"cut at {line['from']} to {line['to']}"
        rows = [_comparable(each) for each in line["rows"]]
        if rows != [wanted]:
            found.append(f"{where}: reported {rows or line}, and not {wanted}")
        if base64.b64decode(line["passed"]) != passed:
            found.append(
                f"{where}: passed on {base64.b64decode(line['passed'])!r}, and not {passed!r}"
            )
    return found


def _comparable(row: Case) -> Case:
    usage = {name: count for name, count in row["usage"].items() if count is not None}
    return {"outcome": row["outcome"], "usage": usage, "flags": sorted(row["flags"])}


def _passed(case: Case, lines: list[Case]) -> bytes:
    """What the caller must get, wherever the answer is cut."""
    result = case["calls"][0].get("result", {})
    if result.get("any"):
        return base64.b64decode(lines[0]["passed"])
    body = body_of(case)
    return expect.without_usage_chunks(body) if result.get("without_usage_chunk") else body


def _answer(case: Case) -> Case:
    answer: Case = case["calls"][0]["answers"][0]
    return answer


def body_of(case: Case) -> bytes:
    """The answer of a case."""
    body: str = _answer(case)["body"]
    return body.encode()


def command_of(runner: str) -> list[str] | None:
    """What starts a runner; None where it is not built."""
    if runner == "python":
        return [sys.executable, str(Path(__file__).with_name("cuts_python.py"))]
    command = runners.command(runner)
    return [*command, "--cuts"] if command else None


def main() -> int:
    """Print what differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runners", nargs="*", metavar="RUNNER", help=", ".join(WAYS))
    named = parser.parse_args().runners or [name for name in WAYS if command_of(name)]
    wrong = 0
    places = sum(len(body_of(case)) + 1 for case in ANSWERS)
    for name in named:
        for way, found in results(name).items():
            print(*found, f"{name}.{way}: {len(ANSWERS)} answers, {places} places", sep="\n")
            wrong += len(found)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
