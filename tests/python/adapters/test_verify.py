"""The proof that an endpoint reads the project: over the emulator, and over servers that do not."""

from __future__ import annotations

import dataclasses
import json
import logging
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

import costmark
from adapters.clients import SIGNED, plain, plain_async, signed, signed_async
from costmark import ledger
from costmark.cli.main import main
from harness import (
    ACCESS_KEY_ID,
    CHAT_ANSWER,
    MESSAGES,
    MODEL,
    REGION,
    SECRET_ACCESS_KEY,
    Emulator,
    Received,
    Recorder,
    answer_json,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from http.server import BaseHTTPRequestHandler
    from pathlib import Path

CHAT: dict[str, Any] = {"model": MODEL, "messages": MESSAGES}


def impossible(request: Received) -> bool:
    return b'"project_id":"proj_costmark' in request.body


# --- Over the emulator, which verifies every signature and refuses unknown projects --------------


def test_honored(bedrock: Emulator, project_a: str) -> None:
    with signed(bedrock, project_a) as client:
        found = costmark.verify(client, model=MODEL)
    assert found.verdict == "honored", found.reason
    assert found.honored
    assert found.raise_unless_honored() is found
    assert (found.project, found.carrier, found.model) == (project_a, "body", MODEL)
    assert (found.api, found.endpoint) == (
        "chat_completions",
        f"{bedrock.base_url}/chat/completions",
    )
    first, second = found.probes
    assert (first.status, first.code) == (404, "not_found_error")
    assert (second.status, second.project) == (200, project_a)
    assert first.request_id.startswith("req_")
    assert second.output_tokens == 1
    (record,) = bedrock.usage()
    assert (record["project"], record["output_tokens"]) == (project_a, 1)
    assert costmark.usage()[project_a].operations == 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.verdict = "unknown"  # type: ignore[misc]


@pytest.mark.parametrize("carrier", ["header", "body", "body,header"])
@pytest.mark.parametrize("api", ["chat_completions", "responses"])
def test_each_carrier_and_api(bedrock: Emulator, project_a: str, carrier: str, api: str) -> None:
    client = costmark.wrap(plain(bedrock), project=project_a, carrier=carrier, **SIGNED)
    found = costmark.verify(client, model=MODEL, api=api)
    assert found.verdict == "honored", found.reason
    assert (found.carrier, found.api) == (carrier, api)


def test_the_mantle_kind_of_endpoint(bedrock: Emulator, project_a: str) -> None:
    client = costmark.wrap(plain(bedrock), project=project_a, endpoint="mantle", **SIGNED)
    assert costmark.verify(client, model=MODEL).carrier == "header"
    without_model = costmark.verify(client)
    assert without_model.verdict == "honored", without_model.reason
    assert without_model.probes[1].request == (
        f"GET {bedrock.base_url}/organization/projects/{project_a}"
    )
    assert len(bedrock.usage()) == 1, "only the probe with a model generated something"


def test_a_project_that_does_not_exist_or_is_archived(
    bedrock: Emulator, new_project: Callable[[], str]
) -> None:
    with signed(bedrock, "proj_nowhere") as client:
        found = costmark.verify(client, model=MODEL)
        assert found.verdict == "unknown"
        assert "'proj_nowhere' does not exist" in found.reason
        with pytest.raises(costmark.AttributionError, match="does not exist") as raised:
            found.raise_unless_honored()
        assert raised.value.code == "unattributed"
        assert raised.value.status == 404
        archived = new_project()
        client.post(f"/organization/projects/{archived}/archive", cast_to=object, body={})
        assert "archived" in costmark.verify(client, project=archived).reason


def test_its_row_has_the_region_and_so_a_price(
    bedrock: Emulator, project_a: str, tmp_path: Path
) -> None:
    with costmark.wrap(plain(bedrock), project=project_a, ledger=tmp_path, **SIGNED) as client:
        assert costmark.verify(client, model=MODEL).honored
    (row,) = (each for each in ledger.read(tmp_path) if each["kind"] == "attempt")
    assert (row["sdk"], row["project"]) == ("costmark verify", project_a)
    assert (row["region"], row["url_host"]) == (REGION, "127.0.0.1")
    assert row["cost_state"] == "priced"


def test_the_project_of_the_scope_and_of_the_call(
    bedrock: Emulator, project_a: str, project_b: str
) -> None:
    with signed(bedrock, project_a) as client:
        with costmark.project(project_b):
            assert costmark.verify(client, model=MODEL).project == project_b
        assert costmark.verify(client, project=project_b).project == project_b
    with (
        signed(bedrock) as client,
        pytest.raises(costmark.AttributionError, match="no project to verify"),
    ):
        costmark.verify(client)


def test_a_model_that_is_not_there_is_no_proof(bedrock: Emulator, project_a: str) -> None:
    with signed(bedrock, project_a) as client:
        found = costmark.verify(client, model="nobody.knows-it")
    assert found.verdict == "unknown"
    assert "does not have model 'nobody.knows-it'" in found.reason


def test_a_model_with_responses_only(bedrock: Emulator, project_a: str) -> None:
    client = costmark.wrap(
        plain(bedrock, base_url=f"{bedrock.url}/openai/v1"), project=project_a, **SIGNED
    )
    found = costmark.verify(client, model="openai.gpt-5.4")
    assert found.verdict == "honored", found.reason
    assert found.endpoint == f"{bedrock.url}/openai/v1/responses"


def test_messages(bedrock: Emulator, project_a: str) -> None:
    anthropic = pytest.importorskip("anthropic")
    base_url = f"{bedrock.url}/anthropic"
    client = anthropic.Anthropic(base_url=base_url, api_key="unused")
    costmark.wrap(client, project=project_a, endpoint="mantle", **SIGNED)
    found = costmark.verify(client, model="anthropic.claude-opus-4-8")
    assert found.verdict == "honored", found.reason
    assert (found.carrier, found.api) == ("workspace", "messages")
    assert found.endpoint == f"{base_url}/v1/messages"
    assert found.probes[0].code == "not_found_error"
    with pytest.raises(ValueError, match="'messages'"):
        costmark.verify(client, api="responses")


def test_a_service_that_fails_or_is_busy(bedrock: Emulator, project_a: str) -> None:
    with signed(bedrock, project_a) as client:
        bedrock.fault("status", status=429)
        found = costmark.verify(client, model=MODEL)
        assert found.verdict == "unknown"
        assert found.retryable
        assert costmark.verify(client, model=MODEL).verdict == "honored", "nothing was kept"


def test_bad_credentials(bedrock: Emulator, project_a: str) -> None:
    keys = costmark.Credentials(ACCESS_KEY_ID, "wrong")
    client = costmark.wrap(plain(bedrock), project=project_a, **{**SIGNED, "credentials": keys})
    found = costmark.verify(client, model=MODEL)
    assert found.verdict == "unknown"
    assert "access was denied (status 401)" in found.reason
    assert "wrong" not in repr(found)


async def test_asynchronous(bedrock: Emulator, project_a: str) -> None:
    async with signed_async(bedrock, project_a) as client:
        assert (await costmark.averify(client, model=MODEL)).honored
        with pytest.raises(TypeError, match="averify"):
            costmark.verify(client, model=MODEL)
    with signed(bedrock, project_a) as synchronous:
        assert (await costmark.averify(synchronous, model=MODEL)).honored


def test_only_wrapped_clients(bedrock: Emulator) -> None:
    for other in (plain(bedrock), object(), None):
        with pytest.raises(TypeError, match=r"costmark\.wrap"):
            costmark.verify(other)


def test_copies_share_what_is_known(bedrock: Emulator, project_a: str) -> None:
    with signed(bedrock, project_a) as client:
        first = costmark.verify(client, model=MODEL)
        before = len(bedrock.requests())
        assert costmark.verify(client.with_options(timeout=9), model=MODEL) == first
        assert len(bedrock.requests()) == before
        assert costmark.verify(client, model=MODEL, force=True) != first
        assert len(bedrock.requests()) == before + 2


def test_one_pair_of_probes_for_many_threads(bedrock: Emulator, project_a: str) -> None:
    with signed(bedrock, project_a) as client:
        before = len(bedrock.requests())
        start = threading.Barrier(8)

        def ask(_: int) -> str:
            start.wait()
            return costmark.verify(client, model=MODEL).verdict

        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(ask, range(8))) == {"honored"}
        assert len(bedrock.requests()) == before + 2


# --- Over servers that know nothing of projects --------------------------------------------------


def test_a_server_that_ignores_the_project(recorder: Recorder) -> None:
    client = costmark.wrap(plain(recorder, api_key="sk-gateway"), project="proj_a")
    found = costmark.verify(client, model=MODEL)
    assert found.verdict == "not_honored"
    with pytest.raises(costmark.AttributionError, match="ignores the project"):
        found.raise_unless_honored()
    (request,) = recorder.requests
    assert request.json() == {
        "project_id": found.probes[0].project,
        "model": MODEL,
        "messages": [{"role": "user", "content": "1"}],
        "max_completion_tokens": 1,
    }
    assert request.header("authorization") == "Bearer sk-gateway", "as the client's own requests"
    assert request.header("accept-encoding") is None
    assert "sk-gateway" not in repr(found)
    assert costmark.usage()["default"].output_tokens == 3, "it is the default project's"


def test_a_gateway_that_refuses_unknown_projects(recorder: Recorder) -> None:
    def answer(handler: BaseHTTPRequestHandler, request: Received) -> None:
        if impossible(request):
            answer_json(handler, {"detail": "no such budget"}, 403)
        else:
            answer_json(handler, CHAT_ANSWER)

    recorder.answer = answer
    client = costmark.wrap(plain(recorder), project="proj_a")
    found = costmark.verify(client, model=MODEL)
    assert found.verdict == "honored", found.reason
    assert [probe.status for probe in found.probes] == [403, 200, 403]


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (404, b"", "nothing answers"),
        (404, b'{"error":{"message":"The model does not exist","param":"model"}}', "model"),
        (401, b'{"error":{"code":"invalid_api_key"}}', "access was denied"),
        (403, b"{}", "no proof"),
        (429, b"", "busy"),
        (500, b"secret sk-leak", "service failed"),
        (302, b"", "points elsewhere"),
        (200, b"<html>", "not this API"),
    ],
)
def test_answers_that_prove_nothing(
    recorder: Recorder, status: int, body: bytes, reason: str
) -> None:
    def answer(handler: BaseHTTPRequestHandler, _: Received) -> None:
        handler.send_response(status)
        handler.send_header("location", "https://elsewhere.example/")
        handler.send_header("content-length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    recorder.answer = answer
    client = costmark.wrap(plain(recorder), project="proj_a")
    found = costmark.verify(client, model=MODEL)
    assert found.verdict == "unknown"
    assert reason in found.reason
    assert "sk-leak" not in repr(found)


def test_no_answer_proves_nothing(recorder: Recorder) -> None:
    def hang_up(handler: BaseHTTPRequestHandler, _: Received) -> None:
        handler.close_connection = True

    release = threading.Event()

    def hang(_: BaseHTTPRequestHandler, __: Received) -> None:
        release.wait(20)

    client = costmark.wrap(plain(recorder), project="proj_a")
    recorder.answer = hang_up
    found = costmark.verify(client, model=MODEL)
    assert (found.verdict, found.probes[0].status) == ("unknown", None)
    assert "no answer" in found.reason
    recorder.answer = hang
    found = costmark.verify(client, model=MODEL, timeout=0.2)
    release.set()
    assert (found.verdict, found.retryable) == ("unknown", True)


def test_nobody_listens_or_nobody_speaks_tls() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
        client = costmark.wrap(plain(Recorder(f"http://{address}")), project="proj_a")
        found = costmark.verify(client, model=MODEL)
    assert (found.verdict, found.retryable) == ("unknown", True)


def test_tls_that_cannot_be_trusted_proves_nothing(recorder: Recorder) -> None:
    address = recorder.url.removeprefix("http://")
    client = costmark.wrap(plain(Recorder(f"https://{address}")), project="proj_a")
    found = costmark.verify(client, model=MODEL)
    assert found.verdict == "unknown"
    assert recorder.requests == []


# --- Option `verify` -----------------------------------------------------------------------------


def test_the_option_refuses_calls_before_they_are_sent(recorder: Recorder) -> None:
    client = costmark.wrap(plain(recorder), project="proj_a", verify=True)
    for _ in range(2):
        with pytest.raises(costmark.AttributionError, match="option 'verify'") as raised:
            client.chat.completions.create(**CHAT)
        assert raised.value.code == "unattributed"
    (probe,) = recorder.requests
    assert impossible(probe)


async def test_the_option_of_an_asynchronous_client(
    recorder: Recorder, bedrock: Emulator, project_a: str
) -> None:
    async with costmark.wrap(plain_async(recorder), project="proj_a", verify=True) as refused:
        with pytest.raises(costmark.AttributionError, match="option 'verify'"):
            await refused.chat.completions.create(**CHAT)
    async with costmark.wrap(plain_async(bedrock), verify=True, **SIGNED) as client:
        with costmark.project(project_a):
            await client.chat.completions.create(**CHAT)
            await client.chat.completions.create(**CHAT)
    assert [record["project"] for record in bedrock.usage()] == [project_a] * 3


def test_the_option_lets_proven_calls_pass(bedrock: Emulator, project_a: str) -> None:
    client = costmark.wrap(plain(bedrock), project=project_a, verify=True, **SIGNED)
    for _ in range(3):
        client.chat.completions.create(**CHAT)
    assert len(bedrock.usage()) == 4, "three calls, and one probe that was served"


def test_the_option_lets_calls_pass_when_nothing_can_be_proven(
    bedrock: Emulator, project_a: str, caplog: pytest.LogCaptureFixture
) -> None:
    client = costmark.wrap(plain(bedrock), project=project_a, verify=True, **SIGNED)
    bedrock.fault("status", status=429)
    with caplog.at_level(logging.WARNING, "costmark"):
        client.chat.completions.create(**CHAT)
    assert "could not be verified, and calls go on" in caplog.text
    assert SECRET_ACCESS_KEY not in caplog.text


def test_the_option_of_the_environment(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COSTMARK_VERIFY", "true")
    client = costmark.wrap(plain(recorder), project="proj_a")
    with pytest.raises(costmark.AttributionError, match="option 'verify'"):
        client.chat.completions.create(**CHAT)


# --- The command ---------------------------------------------------------------------------------


@pytest.fixture
def doctor(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., tuple[int, str, str]]]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY_ID)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY)

    def run(*arguments: str) -> tuple[int, str, str]:
        status = main(["doctor", "attribution", *arguments])
        out, err = capsys.readouterr()
        assert SECRET_ACCESS_KEY not in out + err
        return status, out, err

    return run


def test_command(
    doctor: Callable[..., tuple[int, str, str]],
    bedrock: Emulator,
    recorder: Recorder,
    project_a: str,
) -> None:
    place = ("--base-url", bedrock.base_url, "--region", REGION, "--option", "auth=sigv4")
    status, out, _ = doctor(*place, "--project", project_a, "--model", MODEL)
    assert status == 0, out
    assert out.startswith("verdict        honored\nbecause        a project that cannot exist")
    assert "404 not_found_error: refused: no such project (request req_" in out
    status, out, _ = doctor(*place, "--project", project_a, "--model", "no.such-model")
    assert status == 2
    assert out.startswith("verdict        unknown\n")
    status, out, _ = doctor(
        *("--base-url", recorder.base_url, "--project", "proj_a", "--model", MODEL, "--json")
    )
    assert status == 1
    shown = json.loads(out)
    assert shown["verdict"] == "not_honored"
    assert shown["probes"][0]["status"] == 200
    status, out, err = doctor(*place)
    assert (status, out) == (2, "")
    assert "no project to verify" in err
    status, _, err = doctor(*place, "--option", "auth")
    assert status == 2
    assert "NAME=VALUE" in err
