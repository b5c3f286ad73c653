"""The gateways of docs/gateways.md, as an operator runs them, against the emulator."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import IO, TYPE_CHECKING, Any, cast
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from harness import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY, Emulator, run_emulator
from runners import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

BUILT = {"go": "build/go/gateway", "rust": "build/rust/*/costmark-example-gateway"}
TENANTS = {"key-a": "proj_a", "key-b": "proj_b"}
CHAT = {"model": "openai.gpt-oss-120b", "messages": [{"role": "user", "content": "Hello"}]}
SIGNING = {
    "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
    "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
    "AWS_REGION": REGION,
    "COSTMARK_AUTH": "sigv4",
    "COSTMARK_SERVICE": "bedrock-mantle",
}


def command_of(language: str) -> list[str] | None:
    if language == "python":
        has = find_spec("fastapi") is not None
        return [sys.executable, str(ROOT / "examples/python/gateway.py")] if has else None
    built = sorted(ROOT.glob(BUILT[language]), key=lambda path: path.stat().st_mtime)
    return [str(built[-1])] if built else None


@dataclass
class Gateway:
    url: str
    process: subprocess.Popen[str]

    def post(
        self, key: str, body: object, path: str = "/v1/chat/completions", **headers: str
    ) -> tuple[int, bytes]:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        fields = {"authorization": f"Bearer {key}", "content-type": "application/json", **named}
        try:
            with urlopen(Request(self.url + path, data, fields), timeout=30) as answer:
                return answer.status, answer.read()
        except HTTPError as error:
            with error:
                return error.code, error.read()

    def usage(self) -> list[str]:
        with urlopen(f"{self.url}/usage") as answer:
            return cast("bytes", answer.read()).decode().splitlines()

    def stop(self) -> list[str]:
        """Tell it to stop; returns what it printed at its end."""
        self.process.send_signal(signal.SIGTERM)
        printed, _ = self.process.communicate(timeout=40)
        assert self.process.returncode == 0
        return printed.splitlines()


@pytest.fixture(params=["python", "go", "rust"], scope="module")
def command(request: pytest.FixtureRequest) -> list[str]:
    found = command_of(request.param)
    if found is None:
        pytest.skip(f"the gateway of {request.param} is not built")
    return found


@contextmanager
def running(command: list[str], upstream: str, **settings: str) -> Iterator[Gateway]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "COSTMARK_", "OPENAI_"))
    }
    tenants = ",".join(f"{key}={project}" for key, project in TENANTS.items())
    process = subprocess.Popen(
        command,
        env={
            **kept,
            "GATEWAY_LISTEN": "127.0.0.1:0",
            "GATEWAY_TENANTS": tenants,
            "GATEWAY_UPSTREAM": upstream,
            **settings,
        },
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        line = cast("IO[str]", process.stdout).readline()
        assert line.startswith("listening on http://"), line
        yield Gateway(line.split()[-1], process)
    finally:
        process.kill()
        process.wait(10)
        cast("IO[str]", process.stdout).close()


@pytest.fixture(scope="module")
def _emulator() -> Iterator[Emulator]:
    projects = [f"--project={project}" for project in TENANTS.values()]
    with run_emulator(*projects) as emulator:
        yield emulator


@pytest.fixture
def emulator(_emulator: Emulator) -> Emulator:
    for what in ("usage", "requests", "faults"):
        _emulator.fetch(f"/_emulator/{what}", method="DELETE")
    return _emulator


@pytest.fixture(scope="module")
def _gateway(command: list[str], _emulator: Emulator) -> Iterator[Gateway]:
    with running(command, _emulator.url, **SIGNING) as gateway:
        yield gateway


@pytest.fixture
def gateway(_gateway: Gateway, emulator: Emulator) -> Gateway:
    return _gateway


def test_each_tenant_pays_for_itself(gateway: Gateway, emulator: Emulator) -> None:
    for key, project in TENANTS.items():
        status, body = gateway.post(
            key, CHAT, OpenAI_Project="proj_b", Anthropic_Workspace_Id="proj_b"
        )
        assert status == 200, body
        record = emulator.usage()[-1]
        assert (record["project"], record["signed_by"]) == (project, "sigv4")
        sums = f"input={record['input_tokens']} output={record['output_tokens']}"
        (line,) = (line for line in gateway.usage() if line.startswith(project))
        assert line.endswith(f"operations=1 attempts=1 {sums}")
    assert gateway.usage()[-1] == "unattributed=0 unrecognized=0"
    assert all(key not in json.dumps(emulator.requests()) for key in TENANTS)


def test_a_stream_passes_as_it_came(gateway: Gateway, emulator: Emulator) -> None:
    status, body = gateway.post("key-a", {**CHAT, "stream": True})
    assert status == 200
    assert body.startswith(b"data: {")
    assert body.endswith(b"data: [DONE]\n\n")
    assert b'"usage":{' not in body.replace(b" ", b"")  # asked for, counted, and hidden
    assert [record["project"] for record in emulator.usage()] == ["proj_a"]


@pytest.mark.parametrize(
    ("key", "body", "status", "why"),
    [
        ("key-c", CHAT, 401, b"unknown key"),
        ("key-a", {**CHAT, "project_id": "proj_b"}, 403, b"conflict"),
        ("key-a", b'{"model":"m","project_id":', 400, b"invalid_json"),
    ],
)
def test_what_is_refused_says_whose_fault_it_is(
    gateway: Gateway, emulator: Emulator, key: str, body: Any, status: int, why: bytes
) -> None:
    told = gateway.post(key, body)
    assert told[0] == status, told
    assert why in told[1]
    assert emulator.requests() == []


def test_what_bedrock_says_passes(gateway: Gateway, emulator: Emulator) -> None:
    status, body = gateway.post("key-a", {**CHAT, "model": "no.such-model"})
    assert status >= 400
    assert status == emulator.requests()[-1]["status"]
    assert b"error" in body


def test_without_credentials_callers_are_told_to_try_later(
    command: list[str], emulator: Emulator
) -> None:
    settings = {
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": "/nowhere",
        "AWS_SHARED_CREDENTIALS_FILE": "/nowhere",
    }
    without = {name: value for name, value in SIGNING.items() if "ACCESS_KEY" not in name}
    with running(command, emulator.url, **without, **settings) as gateway:
        status, told = gateway.post("key-a", CHAT)
    assert (status, told.strip()) == (503, b"try again later")
    assert emulator.requests() == []


def test_a_bedrock_that_is_gone_is_a_bad_gateway(command: list[str]) -> None:
    with running(command, "http://127.0.0.1:9", **SIGNING) as gateway:
        status, told = gateway.post("key-a", CHAT)
    assert (status, told.strip()) == (502, b"Bedrock did not answer")


def test_it_ends_what_is_open_and_reports(command: list[str], emulator: Emulator) -> None:
    with running(command, emulator.url, **SIGNING) as gateway:
        emulator.fault("slow", delay_s=1.5)
        answers: list[tuple[int, bytes]] = []
        call = threading.Thread(target=lambda: answers.append(gateway.post("key-b", CHAT)))
        call.start()
        time.sleep(0.7)  # it is under way
        report = gateway.stop()
        call.join()
    assert [status for status, _ in answers] == [200]
    (record,) = emulator.usage()
    assert report[0].startswith("proj_b ")
    sums = f"input={record['input_tokens']} output={record['output_tokens']}"
    assert report[0].endswith(f"operations=1 attempts=1 {sums}")
    assert report[1:] == ["unattributed=0 unrecognized=0"]
