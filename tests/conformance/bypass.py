"""Makes the attempts of ``bypass.json`` in every language, and prints what came of each.

python bypass.py [--endpoint custom|mantle] [RUNNER...]

What counts is what the emulator recorded. Ends with status 1 when an attempt got through without
a project.
"""

from __future__ import annotations

import argparse
import base64
import json
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import IO, TYPE_CHECKING, Any, cast

sys.path.append(str(Path(__file__).parents[1] / "python"))

import runners
from harness import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY, Emulator, run_emulator

if TYPE_CHECKING:
    from collections.abc import Iterator

Attempt = dict[str, Any]

TABLE: dict[str, Any] = json.loads(
    Path(__file__).with_name("bypass.json").read_text(encoding="utf-8")
)
ATTEMPTS: list[Attempt] = TABLE["attempts"]

# The ways of each runner.
WAYS = {
    "core": ["operation", "send"],
    "capi": ["operation", "send"],
    "go": ["go"],
    "rust": ["tower", "reqwest"],
    "python": ["sync"],
}
ENDPOINTS = ("custom", "mantle")
PROJECT = "proj_bypass"
NAME = "x-attempt"  # the header that says which one a request is of
KEY = ["authorization", "Bearer ABSKEXAMPLE"]
SIGNED = {
    "auth": "sigv4",
    "access_key_id": ACCESS_KEY_ID,
    "secret_access_key": SECRET_ACCESS_KEY,
    "region": REGION,
    "service": "bedrock-mantle",
}
REFUSED_BY_THE_SERVICE = (401, 403)


def body_of(attempt: Attempt) -> bytes:
    """The body as it is sent."""
    body = attempt["body"]
    if isinstance(body, dict):
        return base64.b64decode(body["base64"])
    text: str = TABLE["bodies"][body]
    return text.encode()


def payer(request: dict[str, Any]) -> str:
    """The project that a request named which the emulator received, perhaps by way of a proxy."""
    headers = dict(request["headers"])
    for name in headers.get("connection", "").split(","):
        headers.pop(name.strip().lower(), None)
    carriers = ("openai-project", "anthropic-workspace-id", "x-amzn-bedrock-projectidentifier")
    named = next((headers[name] for name in carriers if headers.get(name)), None)
    if named is None:
        try:
            body = json.loads(request["body"])
            named = body.get("project_id") or body.get("projectIdentifier")
        except (ValueError, AttributeError):
            named = None
    return named or "default"


# --- A server that redirects ----------------------------------------------------------------------


class _Redirecting(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Redirects

    def do_POST(self) -> None:
        self.close_connection = True
        length = self.headers.get("content-length")
        if length:
            self.rfile.read(int(length))
        elif "chunked" in self.headers.get("transfer-encoding", ""):
            while size := int(self.rfile.readline(), 16):
                self.rfile.read(size + 2)
        self.send_response(self.server.status)
        self.send_header("location", self.server.location)
        self.send_header("content-length", "0")
        self.end_headers()

    do_GET = do_PUT = do_POST  # noqa: N815 - their names are given

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Redirects(ThreadingHTTPServer):
    """Answers every request with one status and one place."""

    status = 307
    location = ""

    @property
    def url(self) -> str:
        """Its origin."""
        return f"http://127.0.0.1:{self.server_port}"


# --- A runner -------------------------------------------------------------------------------------


@dataclass
class Past:
    """Where attempts arrive."""

    emulator: Emulator
    redirects: Redirects
    _runners: dict[str, subprocess.Popen[str]] = field(default_factory=dict)

    def results(self, runner: str, way: str, endpoint: str) -> dict[str, str]:
        """What came of each attempt, made with and without a project: ``refused``, ``attributed``,
        ``-`` if it cannot be made, or what is wrong.
        """
        for what in ("usage", "requests"):
            self.emulator.fetch(f"/_emulator/{what}", method="DELETE")
        attempts = [each for each in ATTEMPTS if each.get("endpoint", endpoint) == endpoint]
        for attempt in attempts:
            self._make(runner, way, endpoint, attempt, "")
        results = dict.fromkeys(self._came(), "WITHOUT A PROJECT")
        told = {
            attempt["name"]: self._make(runner, way, endpoint, attempt, PROJECT)
            for attempt in attempts
        }
        came = self._came()
        for attempt in attempts:
            name = attempt["name"]
            if name not in results:
                results[name] = self._result(attempt, told[name], came.get(name, []))
        if paid := {record["project"] for record in self.emulator.usage()} - {PROJECT}:
            results["all together"] = f"UNATTRIBUTED: {sorted(paid)} paid"
        return results

    def _came(self) -> dict[str, list[str]]:
        """The projects that the requests of each attempt named which the emulator took."""
        came: dict[str, list[str]] = {}
        for request in self.emulator.requests():
            if request["status"] not in REFUSED_BY_THE_SERVICE:
                name = dict(request["headers"])[NAME]
                came.setdefault(name, []).append(payer(request))
        return came

    @staticmethod
    def _result(attempt: Attempt, told: dict[str, Any], paid: list[str]) -> str:
        if "skip" in told:
            return "-"
        if set(paid) - {PROJECT}:
            return f"UNATTRIBUTED: {paid} paid"
        if paid:
            return (
                "attributed" if attempt.get("carrier", True) else "UNATTRIBUTED: without a carrier"
            )
        if "refused" in told or "failed" in told or told["status"] >= 300:
            return "refused"
        return f"LOST: {told}"

    def _make(
        self, runner: str, way: str, endpoint: str, attempt: Attempt, project: str
    ) -> dict[str, Any]:
        origin, path = self.emulator.url, attempt["path"]
        if status := attempt.get("redirect"):
            self.redirects.status, self.redirects.location = status, origin + path
            origin, path = self.redirects.url, attempt.get("redirect_path", path)
        signed = attempt.get("signed", False)
        line = {
            "way": way,
            "does": attempt.get("does", "send"),
            "options": {
                "unattributed": "refuse",
                "endpoint": endpoint,
                "max_attempts": "1",
                **({**SIGNED, "base_url": origin} if signed else {"auth": "none"}),
            },
            "method": attempt["method"],
            "url": origin + path,
            "headers": [*attempt["headers"], [NAME, attempt["name"]], *([] if signed else [KEY])],
            "body": base64.b64encode(body_of(attempt)).decode(),
            "scope": project,
        }
        process = self._runner(runner)
        cast("IO[str]", process.stdin).write(json.dumps(line) + "\n")
        cast("IO[str]", process.stdin).flush()
        answer = cast("IO[str]", process.stdout).readline()
        if not answer:
            raise RuntimeError(f"{runner} ended at {attempt['name']}")
        told: dict[str, Any] = json.loads(answer)
        return told

    def _runner(self, name: str) -> subprocess.Popen[str]:
        if name not in self._runners:
            command = command_of(name)
            assert command is not None, f"the runner of {name} is not built"
            self._runners[name] = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
        return self._runners[name]

    def close(self) -> None:
        """End the runners."""
        for process in self._runners.values():
            cast("IO[str]", process.stdin).close()
            process.wait(10)
            cast("IO[str]", process.stdout).close()


def command_of(runner: str) -> list[str] | None:
    """What starts a runner; None where it is not built."""
    if runner == "python":
        return [sys.executable, str(Path(__file__).with_name("bypass_python.py"))]
    command = runners.command(runner)
    return [*command, "--bypass"] if command else None


@contextmanager
def past() -> Iterator[Past]:
    """An emulator that reads requests as the most lenient server would, and who sends to it."""
    with ExitStack() as stack:
        emulator = stack.enter_context(run_emulator("--lenient", "--project", PROJECT))
        redirects = stack.enter_context(Redirects(("127.0.0.1", 0), _Redirecting))
        thread = Thread(target=redirects.serve_forever, args=(0.02,))
        thread.start()
        stack.callback(thread.join)
        stack.callback(redirects.shutdown)
        made = Past(emulator, redirects)
        stack.callback(made.close)
        yield made


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--endpoint", choices=ENDPOINTS, default="custom")
    parser.add_argument("runners", nargs="*", metavar="RUNNER", help=", ".join(WAYS))
    arguments = parser.parse_args()
    named = arguments.runners or [name for name in WAYS if command_of(name)]
    columns = [(name, way) for name in named for way in WAYS[name]]
    with past() as sends:
        results = [sends.results(*column, arguments.endpoint) for column in columns]
    names = list({name: None for column in results for name in column})
    print(f"{'attempt':32}", *(f"{runner + '.' + way:14}" for runner, way in columns))
    for name in names:
        print(f"{name:32}", *(f"{column.get(name, '-'):14}" for column in results))
    wrong = [name for column in results for name in wrong_of(column)]
    print(f"{len(ATTEMPTS)} attempts, {len(columns)} ways: {len(wrong)} got through")
    return 1 if wrong else 0


def wrong_of(results: dict[str, str]) -> dict[str, str]:
    """Those that are neither refused nor attributed, nor impossible."""
    good = ("attributed", "refused", "-")
    return {name: result for name, result in results.items() if result not in good}


if __name__ == "__main__":
    sys.exit(main())
