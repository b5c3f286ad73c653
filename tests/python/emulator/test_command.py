"""The command line: options, environment, start and end."""

from __future__ import annotations

import ast
import json
import re
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPException
from typing import TYPE_CHECKING

import pytest

from emulator.support import BEARER, COMMAND, OSS, PACKAGE, Emulator

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Iterator

CHAT = "/v1/chat/completions"


@contextmanager
def started(*options: str, env: dict[str, str] | None = None) -> Iterator[Emulator]:
    emulator = Emulator(*options, env=env)
    try:
        yield emulator
    finally:
        if emulator.process.poll() is None:
            emulator.stop()


def run(*options: str) -> tuple[int, str]:
    done = subprocess.run([*COMMAND, *options], capture_output=True, text=True, timeout=20)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_start_and_end(sign: signal.Signals) -> None:
    with started() as emulator:
        assert re.fullmatch(r"listening on http://127\.0\.0\.1:\d+\n", emulator.first_line)
        connection = emulator.connect()  # idle, and in no way
        assert emulator.plain("GET", "/_emulator/usage").json == []
        begin = time.monotonic()
        assert emulator.stop(sign) == (0, "", "")
        assert time.monotonic() - begin < 5
        connection.close()


def test_it_ends_with_open_streams() -> None:
    with started() as emulator:
        emulator.fault("slow", delay_s=30)
        body = json.dumps(emulator.chat(stream=True)).encode()
        with emulator.connect() as connection:
            head = f"POST {CHAT} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {BEARER}\r\n"
            connection.sendall(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
            assert connection.recv(12) == b"HTTP/1.1 200"
            begin = time.monotonic()
            assert emulator.stop() == (0, "", "")
            assert time.monotonic() - begin < 5


def test_it_ends_while_an_answer_is_awaited() -> None:
    with started() as emulator:
        emulator.fault("slow", delay_s=30)
        with ThreadPoolExecutor() as pool:
            waiting = pool.submit(emulator.bearer, "POST", CHAT, emulator.chat())
            deadline = time.monotonic() + 5
            while not emulator.usage() and time.monotonic() < deadline:
                time.sleep(0.02)
            assert emulator.stop() == (0, "", "")
            assert isinstance(waiting.exception(timeout=5), (OSError, HTTPException))


def test_help_names_the_example_credentials_and_every_fault() -> None:
    from costmark.emulator.state.faults import KINDS

    code, text = run("--help")
    assert code == 0
    for word in ("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", BEARER, *KINDS):
        assert word in text


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["--host", "0.0.0.0"], "--allow-remote"),
        (["--host", "example.com"], "--allow-remote"),
        (["--port", "70000"], "expected 0 to 65535"),
        (["--account", "12"], "expected 12 digits"),
        (["--access-key-id", "AKID"], "no --secret-access-key"),
        (["--secret-access-key", "hush-hush"], "must follow an --access-key-id"),
        (["--credentials-file", "/nowhere/at/all"], "--credentials-file"),
        (["--background-s", "-1"], "expected 0 to 86400"),
        (["--background-s", "nan"], "expected 0 to 86400"),
        (["--surprise"], "--surprise"),
    ],
)
def test_bad_options(options: list[str], text: str) -> None:
    code, output = run(*options)
    assert code == 2
    assert text in output
    assert "hush-hush" not in output


def test_an_address_that_is_taken() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        code, output = run("--port", str(taken.getsockname()[1]))
    assert code == 1
    assert "cannot listen on 127.0.0.1" in output
    assert "listening on" not in output


def test_identity_options(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "credentials"
    file.write_text(
        "[default]\naws_access_key_id = AKIDFILE\naws_secret_access_key = file%secret\n"
        "[other]\naws_access_key_id = ASIAFILE\naws_secret_access_key = s\naws_session_token = t\n"
        "[empty]\nregion = us-east-1\n"
    )
    options = ["--region", "eu-west-1", "--account", "999988887777"]
    options += ["--service", "bedrock-mantle", "--service", "bedrock"]
    options += ["--access-key-id", "AKIDONE", "--secret-access-key", "one"]
    options += ["--access-key-id", "ASIATWO", "--secret-access-key", "two"]
    options += ["--session-token", "two-token", "--bearer-token", "mine"]
    options += ["--credentials-file", str(file), "--max-clock-skew-s", "10"]
    with started(*options) as emulator:

        def status(key: str, secret: str, token: str | None = None, **more: object) -> int:
            given = {"region": "eu-west-1", **more}
            signed = {"key": key, "secret": secret, "token": token, **given}
            return emulator.call("POST", CHAT, emulator.chat(), **signed).status

        assert status("AKIDONE", "one") == 200
        assert status("ASIATWO", "two", "two-token", service="bedrock") == 200
        assert status("ASIATWO", "two") == 401
        assert status("AKIDFILE", "file%secret") == 200
        assert status("ASIAFILE", "s", "t") == 200
        assert status("AKIDONE", "one", region="us-east-1") == 401
        assert status("AKIDONE", "one", at=time.time() - 20) == 401
        mine = {"Authorization": "Bearer mine"}
        shown = emulator.plain("GET", "/v1/organization/projects/default", headers=mine).json
        arn = "arn:aws:bedrock-mantle:eu-west-1:999988887777:project/default"
        assert shown["arn"] == arn


def test_the_environment_names_credentials_too() -> None:
    env = {
        "AWS_ACCESS_KEY_ID": "ASIAENV",
        "AWS_SECRET_ACCESS_KEY": "env-secret",
        "AWS_SESSION_TOKEN": "env-session-token",
        "AWS_BEARER_TOKEN_BEDROCK": "env-bearer-token",
    }
    with started(env=env) as emulator:
        signed = {"key": "ASIAENV", "secret": "env-secret", "token": "env-session-token"}
        assert emulator.call("POST", CHAT, emulator.chat(), **signed).status == 200
        bearer = {"Authorization": "Bearer env-bearer-token"}
        assert emulator.plain("POST", CHAT, emulator.chat(), bearer).status == 200
        log = emulator.plain("GET", "/_emulator/requests").body.decode()
        assert "env-session-token" not in log
        assert "env-bearer-token" not in log
        assert "Bearer ***" in log


def test_the_extra_is_named_when_it_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from costmark.emulator import main

    monkeypatch.delitem(sys.modules, "costmark.emulator.server", raising=False)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    assert main([]) == 2
    assert "pip install 'costmark[emulator]'" in capsys.readouterr().err


def test_it_shares_no_code_with_what_it_checks() -> None:
    for file in (PACKAGE / "emulator").rglob("*.py"):
        depth = len(file.relative_to(PACKAGE).parts) - 1
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom):
                assert node.level <= depth, file
                assert not (node.module or "").startswith("costmark"), file
            elif isinstance(node, ast.Import):
                assert all(not each.name.startswith("costmark") for each in node.names), file


# Which of the emulator's packages may import which.
ARROWS: dict[str, set[str]] = {
    "wire": set(),
    "auth": {"wire", "settings"},
    "model": {"wire"},
    "policy": {"wire", "auth", "settings"},
    "state": {"wire", "auth", "policy", "settings"},
    "billing": {"wire", "settings", "state"},
    "api": {"wire", "auth", "billing", "model", "state"},
}


@pytest.mark.parametrize("package", ARROWS)
def test_imports_point_down(package: str) -> None:
    root = PACKAGE / "emulator"
    found = set()
    for file in (root / package).rglob("*.py"):
        parts = file.relative_to(root).parts
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom) and node.level == len(parts):
                found.add((node.module or "").partition(".")[0])
    assert found == ARROWS[package]


def test_anonymous_and_lenient() -> None:
    with started("--anonymous", "--no-strict-body") as emulator:
        answer = emulator.plain("POST", CHAT, emulator.chat(surprise=1))
        assert answer.status == 200
        bad = emulator.plain("POST", CHAT, emulator.chat(), {"Authorization": "Bearer x"})
        assert bad.status == 401
        (record,) = emulator.usage()
        assert (record["signed_by"], record["access_key_id"]) == ("anonymous", None)


def test_strict_routes() -> None:
    with started("--strict-routes") as emulator:
        answer = emulator.bearer("POST", "/openai/v1/responses", {"model": OSS, "input": "x"})
        assert answer.status == 400
        assert answer.error["message"] == f"model `{OSS}` isn't supported on this route"
        assert emulator.bearer("POST", "/v1/responses", {"model": OSS, "input": "x"}).status == 200


def test_lenient_readings() -> None:
    spellings = ["/V1/responses/", "/v1/x/%2e%2e/%2572esponses;a=b", "/v1\\responses.%20"]
    body = {"model": OSS, "input": "x"}
    with started() as emulator:
        for path in spellings:
            assert emulator.bearer("POST", path, body).status == 404
        assert emulator.usage() == []
    with started("--lenient") as emulator:
        for path in spellings:
            assert emulator.bearer("POST", path, body).status == 200
        assert emulator.bearer("PUT", "/v1/responses", body).status == 200
        assert [record["api"] for record in emulator.usage()] == ["responses"] * 4


def test_projects_to_start_with() -> None:
    with started(
        "--project", "proj_readme:team=platform,env=prod", "--project", "proj_x"
    ) as server:
        answer = server.plain(
            "GET",
            "/v1/organization/projects/proj_readme",
            headers={"authorization": f"Bearer {BEARER}"},
        )
        assert answer.json["tags"] == {"team": "platform", "env": "prod"}


@pytest.mark.parametrize(
    ("project", "says"),
    [
        ("default", "proj_5d5ykleja6cwpirysbb7"),
        ("proj_a b", "proj_5d5ykleja6cwpirysbb7"),
        ("proj_a:team", "team=platform"),
        ("proj_a:=x", "team=platform"),
        ("proj_a:aws:x=y", "aws:"),
    ],
)
def test_projects_that_cannot_be(project: str, says: str) -> None:
    status, text = run("--project", project)
    assert status == 2
    assert says in text
