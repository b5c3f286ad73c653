"""Who may use the emulator's own endpoints, what they show, and what the log says."""

from __future__ import annotations

import http.client
import json
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from emulator.support import BEARER, COMMAND, OSS

if TYPE_CHECKING:
    from collections.abc import Iterator

PROMPT = "the number of my account is 4711"
JSON = {"content-type": "application/json"}


class Running:
    """An emulator as a user starts it."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.process = process
        self.port = port

    def ask(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        given = {name.lower(): value for name, value in (headers or {}).items()}
        try:
            connection.putrequest(method, path, skip_host=True)
            for name, value in {"host": f"127.0.0.1:{self.port}", **given}.items():
                connection.putheader(name, value)
            connection.putheader("content-length", str(len(body)))
            connection.endheaders(body)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def chat(self) -> None:
        body = {"model": OSS, "messages": [{"role": "user", "content": PROMPT}]}
        headers = {**JSON, "authorization": f"Bearer {BEARER}"}
        status, _ = self.ask("POST", "/v1/chat/completions", json.dumps(body).encode(), headers)
        assert status == 200


@contextmanager
def run(*options: str) -> Iterator[Running]:
    process = subprocess.Popen(
        [*COMMAND, "--port", "0", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield Running(process, int(process.stdout.readline().rpartition(":")[2]))
    finally:
        process.terminate()
        process.communicate(timeout=20)


@pytest.fixture(scope="module")
def emulator() -> Iterator[Running]:
    with run() as running:
        yield running


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:80", "169.254.169.254", "[", "localhost.evil.example", ""],
)
@pytest.mark.parametrize("path", ["/_emulator/usage", "/_emulator/credentials"])
def test_another_host_is_refused(emulator: Running, host: str, path: str) -> None:
    status, body = emulator.ask("GET", path, headers={"Host": host})
    assert status == 403
    assert b"is not a name of this emulator" in body


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:1", "127.0.0.1", "[::1]:9", "a.localhost"]
)
def test_every_name_of_loopback_is_good(emulator: Running, host: str) -> None:
    assert emulator.ask("GET", "/_emulator/usage", headers={"Host": host})[0] == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "http://[", **JSON},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
    ids=str,
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/_emulator/reset"),
        ("DELETE", "/_emulator/usage"),
        ("POST", "/_emulator/faults"),
        ("GET", "/_emulator/credentials"),
    ],
)
def test_a_page_of_elsewhere_is_refused(
    emulator: Running, method: str, path: str, headers: dict[str, str]
) -> None:
    emulator.ask("DELETE", "/_emulator/usage")
    emulator.chat()
    assert emulator.ask(method, path, headers=headers)[0] == 403
    assert len(json.loads(emulator.ask("GET", "/_emulator/usage")[1])) == 1


def test_a_page_of_its_own_is_let_in(emulator: Running) -> None:
    own = {"Origin": f"http://127.0.0.1:{emulator.port}", "Sec-Fetch-Site": "same-origin", **JSON}
    assert emulator.ask("POST", "/_emulator/reset", headers=own)[0] == 204


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", None],
)
def test_a_write_that_is_not_json_is_refused(emulator: Running, content_type: str | None) -> None:
    headers = {} if content_type is None else {"Content-Type": content_type}
    body = json.dumps({"kind": "status"}).encode()
    assert emulator.ask("POST", "/_emulator/faults", body, headers)[0] == 415
    assert json.loads(emulator.ask("GET", "/_emulator/faults")[1]) == []
    if content_type:
        assert emulator.ask("POST", "/_emulator/reset", headers=headers)[0] == 415


def test_json_with_a_charset_is_json(emulator: Running) -> None:
    headers = {"Content-Type": "Application/JSON; charset=utf-8"}
    body = json.dumps({"kind": "status"}).encode()
    assert emulator.ask("POST", "/_emulator/faults", body, headers)[0] == 200
    assert emulator.ask("DELETE", "/_emulator/faults")[0] == 204


def test_prompts_are_hidden_unless_asked_for(emulator: Running) -> None:
    def seen(running: Running) -> tuple[bytes, dict[str, Any]]:
        running.chat()
        _, text = running.ask("GET", "/_emulator/requests")
        found: list[dict[str, Any]] = json.loads(text)
        return text, found[-1]

    text, request = seen(emulator)
    assert PROMPT.encode() not in text
    assert request["body"] is None
    assert request["body_bytes"] > len(PROMPT)
    assert len(request["body_sha256"]) == 64
    with run("--show-prompts") as showing:
        text, request = seen(showing)
        assert PROMPT in request["body"]


def test_a_wrong_path_is_answered_as_aws_does_and_logged() -> None:
    with run() as running:
        assert running.ask("POST", "/v1/chat/completion", b"{}", JSON) == (404, b"")
        assert running.ask("GET", "/v1/chat/completions") == (405, b"")
        assert running.ask("GET", "/%0Aevil%1b") == (404, b"")
        running.process.terminate()
        _, log = running.process.communicate(timeout=20)
    lines = log.splitlines()
    assert len(lines) == 3, log
    assert "POST /v1/chat/completion: there is no such path" in lines[0]
    assert lines[0].endswith("did you mean /v1/chat/completions?")
    assert "GET /v1/chat/completions: this path takes POST" in lines[1]
    assert r"/\nevil\x1b" in lines[2]


def test_who_lets_others_in_lets_their_names_in() -> None:
    with run("--host", "127.0.0.1", "--allow-remote") as running:
        assert running.ask("GET", "/_emulator/usage", headers={"Host": "emulator:8080"})[0] == 200
        origin = {"Host": "emulator:8080", "Origin": "https://evil.example"}
        assert running.ask("GET", "/_emulator/usage", headers=origin)[0] == 403
