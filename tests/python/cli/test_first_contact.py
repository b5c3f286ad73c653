"""What a new user meets first: the command without a subject, and the texts of first mistakes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

import costmark
from costmark.cli.main import main
from harness import Emulator, run_emulator

if TYPE_CHECKING:
    from collections.abc import Iterator

PROJECT = "proj_5d5ykleja6cwpirysbb7"


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> pytest.MonkeyPatch:
    """An environment with nothing in it that costmark or an SDK would read."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "COSTMARK_", "OPENAI_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return monkeypatch


@pytest.fixture(scope="module")
def running() -> Iterator[Emulator]:
    with run_emulator("--project", f"{PROJECT}:costmark_project=chat") as emulator:
        yield emulator


def shown(capsys: pytest.CaptureFixture[str], *command: str) -> tuple[int, str]:
    status = main(command)
    out, err = capsys.readouterr()
    return status, out + err


# --- The command line -----------------------------------------------------------------------------


@pytest.mark.parametrize("module", ["costmark", "costmark.cli"])
def test_the_package_is_the_command(module: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", module, "--version"], capture_output=True, text=True, timeout=20
    )
    assert (done.returncode, done.stdout) == (0, f"costmark {costmark.__version__}\n")


# --- costmark doctor ------------------------------------------------------------------------------


def test_the_doctor_tells_all_that_is_missing_at_once(
    bare: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bare.setenv("COSTMARK_PROJET", PROJECT)
    status, text = shown(capsys, "doctor")
    assert status == 1
    assert "COSTMARK_PROJET is no option of costmark and is not read; did you mean" in text
    assert "do: name a project in COSTMARK_PROJECT" in text
    assert "do: give costmark AWS credentials, or a bearer token (docs/credentials.md)" in text
    assert "do: set a region (AWS_REGION)" in text
    assert text.splitlines()[-1].startswith("to do: 3 red, ")


def test_the_doctor_finds_nothing_missing(
    bare: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], running: Emulator
) -> None:
    bare.setenv("OPENAI_BASE_URL", running.base_url)
    bare.setenv("OPENAI_API_KEY", "ABSKEXAMPLE")
    bare.setenv("COSTMARK_PROJECT", PROJECT)
    bare.setenv("COSTMARK_VERIFY_MODEL", "openai.gpt-oss-20b")
    status, text = shown(capsys, "doctor")
    assert status == 0, text
    assert "red" not in text.split(), text
    assert re.search(r"^green +carrier +.* is read: ", text, re.MULTILINE)
    assert "ABSKEXAMPLE" not in text


def test_the_doctor_shows_a_project_that_is_a_name(
    bare: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bare.setenv("COSTMARK_PROJECT", "Team Platform")
    status, text = shown(capsys, "doctor")
    assert status == 1
    assert "'Team Platform' looks like a project's name; take its id" in text


def test_attribution_takes_the_sdks_url_and_key(
    bare: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], running: Emulator
) -> None:
    command = ("doctor", "attribution", "--project", PROJECT, "--model", "openai.gpt-oss-20b")
    bare.setenv("OPENAI_BASE_URL", running.base_url)
    status, text = shown(capsys, *command)
    assert status == 2, "without a key nothing authorizes"
    assert "auth=bearer" in text
    bare.setenv("OPENAI_API_KEY", "ABSKEXAMPLE")
    status, text = shown(capsys, *command)
    assert status == 0, text
    assert "honored" in text
    assert "ABSKEXAMPLE" not in text
    bare.setenv("COSTMARK_AUTH", "none")  # who says how is obeyed
    assert shown(capsys, *command)[0] == 2


def test_a_gateway_that_wants_a_key_is_told(
    bare: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Gateway(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(401)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Gateway) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            url = f"http://127.0.0.1:{server.server_port}/v1"
            arguments = ("doctor", "attribution", "--project", PROJECT, "--model", "m")
            status, text = shown(capsys, *arguments, "--base-url", url)
        finally:
            server.shutdown()
            thread.join()
    assert status == 2
    assert "carried no authorization" in text
    assert "'bearer_token', with auth=bearer" in text


# --- Texts ----------------------------------------------------------------------------------------


def test_a_misspelled_variable_is_a_warning_once() -> None:
    code = """
import logging, os, sys
logging.basicConfig(level=logging.WARNING, format="%(message)s")
import openai, costmark
for _ in range(2):
    costmark.wrap(openai.OpenAI(base_url="http://127.0.0.1:1/v1", api_key="unused"))
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "COSTMARK_UNATRIBUTED": "refuse"},
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("\n") == 1
    assert "COSTMARK_UNATRIBUTED" in done.stderr
    assert "did you mean COSTMARK_UNATTRIBUTED?" in done.stderr


def test_a_project_that_is_no_id_says_what_it_looks_like() -> None:
    with pytest.raises(costmark.AttributionError, match="is an ARN, and not one of a project"):
        costmark.project("arn:aws:bedrock:us-east-1:111122223333:guardrail/g")
    name = "'My Team' looks like a project's name"
    with pytest.raises(costmark.AttributionError, match=name):
        costmark.Client(project="My Team")
    client = costmark.Client("http://127.0.0.1:1/v1")
    # A scope may name what only the client's lock knows.
    with costmark.project("My Team"), pytest.raises(costmark.AttributionError, match=name):
        client.prepare("POST", "/chat/completions", body=b'{"model": "m-1"}')


def test_patch_names_the_variable_whose_host_it_does_not_cover(
    bare: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    bare.setenv("OPENAI_BASE_URL", "http://gateway.internal:8443/v1")
    costmark.patch()
    try:
        (warning,) = [each.message for each in caplog.records if "covers no call" in each.message]
    finally:
        costmark.unpatch()
    assert "gateway.internal:8443 (OPENAI_BASE_URL leads there)" in warning


def test_the_unattributed_warning_names_everything(caplog: pytest.LogCaptureFixture) -> None:
    openai = pytest.importorskip("openai")
    client = openai.OpenAI(base_url="http://127.0.0.1:1/v1", api_key="unused", max_retries=0)
    with pytest.raises(openai.APIConnectionError):
        costmark.wrap(client).chat.completions.create(model="m-1", messages=[])
    warning = next(each.message for each in caplog.records if "named no project" in each.message)
    for said in ("costmark", "127.0.0.1", "'m-1'", "COSTMARK_PROJECT", "unattributed=refuse"):
        assert said in warning


def test_wrap_says_what_it_was_given() -> None:
    openai = pytest.importorskip("openai")
    requests = pytest.importorskip("requests")
    httpx = pytest.importorskip("httpx")
    boto3 = pytest.importorskip("boto3")
    wrong: list[tuple[Any, str]] = [
        (
            openai.OpenAI,
            r"the class openai\.OpenAI itself: make a client of it first, as in wrap",
        ),
        (openai, "the module openai: make a client"),
        (requests.Session(), r"requests\.sessions\.Session: costmark\.patch\(\) covers"),
        (httpx.HTTPTransport(), r"put costmark\.HTTPTransport or AsyncHTTPTransport around it"),
        (openai.OpenAI(api_key="x").responses, r"Responses: wrap the client that it belongs to"),
        (boto3.Session(), r"boto3\.session\.Session: make a client of it first"),
        (costmark.Client(), r"Client: it attributes by itself"),
        (7, r"boto3\.client\(.bedrock-runtime.\), not builtins\.int: it is no client"),
        ("https://gateway.internal", "not builtins.str"),
    ]
    for given, text in wrong:
        with pytest.raises(TypeError, match=text):
            costmark.wrap(given)
    with pytest.raises(TypeError, match="on_usage takes a callable"):
        costmark.wrap(openai.OpenAI(base_url="http://a/v1", api_key="x"), on_usage=7)


# --- Usage ----------------------------------------------------------------------------------------


def test_usage_is_json_and_by_model(running: Emulator) -> None:
    openai = pytest.importorskip("openai")
    costmark.reset_usage()
    answers: list[costmark.Answer] = []
    plain = openai.OpenAI(base_url=running.base_url, api_key="ABSKEXAMPLE")
    client = costmark.wrap(plain, project=PROJECT, on_usage=answers.append)
    models = ("openai.gpt-oss-20b", "openai.gpt-oss-120b")
    for model in (*models, models[0]):
        client.responses.create(model=model, input="Hello")
    used = costmark.usage()
    read: Any = json.loads(json.dumps(used))
    assert read == used
    assert set(read[PROJECT]["models"]) == set(models)
    assert read[PROJECT]["models"][models[0]]["operations"] == 2
    sums = used[PROJECT]
    for name in ("operations", "input_tokens", "output_tokens", "total_tokens"):
        of_models = [getattr(each, name) for each in sums.models.values()]
        assert getattr(sums, name) == sum(of_models) > 0
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = sums.nothing
    assert [answer.model for answer in answers] == [*models, models[0]]
    assert sum(answer.input_tokens or 0 for answer in answers) == sums.input_tokens
    first = answers[0]
    assert (first.kind, first.project, first.outcome) == ("attempt", PROJECT, "ok")
    assert (first.http_status, first.attempt, first.error_code) == (200, 1, None)
    assert json.loads(first.usage_json or "")["input_tokens"] == first.input_tokens
    assert first.latency_us > 0


def test_what_a_usage_callback_raises_stops_no_call(
    running: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    openai = pytest.importorskip("openai")
    unraisable: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", unraisable.append)

    def fail(_: costmark.Answer) -> None:
        raise ValueError("a fault of the callback")

    plain = openai.OpenAI(base_url=running.base_url, api_key="ABSKEXAMPLE")
    client = costmark.wrap(plain, project=PROJECT, on_usage=fail)
    assert client.responses.create(model="openai.gpt-oss-20b", input="Hello").output_text
    assert [str(each.exc_value) for each in unraisable] == ["a fault of the callback"]


def test_a_failed_attempt_tells_why(running: Emulator) -> None:
    openai = pytest.importorskip("openai")
    answers: list[costmark.Answer] = []
    plain = openai.OpenAI(base_url=running.base_url, api_key="ABSKEXAMPLE", max_retries=0)
    client = costmark.wrap(plain, project="proj_0000000000000000000a", on_usage=answers.append)
    with pytest.raises(openai.APIStatusError):
        client.responses.create(model="openai.gpt-oss-20b", input="Hello")
    (answer,) = answers
    assert (answer.outcome, answer.input_tokens, answer.usage_json) == ("error", None, None)
    assert answer.http_status is not None
    assert answer.http_status >= 400
    assert answer.error_code
