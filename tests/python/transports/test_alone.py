"""Code without an SDK: Client, the two transports, and wrapped clients of httpx."""

from __future__ import annotations

import http.client
import json
import re
import textwrap
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("httpx2")

import httpx

import costmark
from adapters.clients import SIGNED
from harness import CHAT_ANSWER, CHAT_STREAM, MODEL, Emulator, Recorder, answer_json
from transports.libraries import JSON, chat_body
from transports.test_transports import billed, chat_url, counted, host_of

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _unpatched() -> Iterator[None]:
    yield
    costmark.unpatch()


# --- Clients and transports of httpx --------------------------------------------------------------


def test_a_wrapped_httpx_client(bedrock: Emulator, project_a: str, project_b: str) -> None:
    costmark.reset_usage()
    with costmark.wrap(
        httpx.Client(base_url=bedrock.base_url), project=project_a, **SIGNED
    ) as client:
        body = {"model": MODEL, "messages": [{"role": "user", "content": "Hello"}]}
        assert client.post("/chat/completions", json=body).status_code == 200
        with (
            costmark.project(project_b),
            client.stream("POST", "/chat/completions", json={**body, "stream": True}) as answer,
        ):
            assert b"[DONE]" in answer.read()
        assert counted() == billed(bedrock)
        assert set(counted()) == {project_a, project_b}


async def test_a_wrapped_asynchronous_client(bedrock: Emulator, project_a: str) -> None:
    costmark.reset_usage()
    client = costmark.wrap(httpx.AsyncClient(), base_url=bedrock.base_url, **SIGNED)
    async with client:
        with costmark.project(project_a):
            answer = await client.post(chat_url(bedrock), content=chat_body(MODEL), headers=JSON)
        assert answer.status_code == 200
    assert counted() == billed(bedrock)


def test_a_transport_tells_of_each_attempt(recorder: Recorder) -> None:
    told: list[costmark.Answer] = []
    transport = costmark.HTTPTransport(
        httpx.HTTPTransport(), project="proj_a", on_usage=told.append
    )
    with httpx.Client(transport=transport) as client:
        client.post(chat_url(recorder), content=chat_body(MODEL), headers=JSON)
    assert [(each.project, each.outcome, each.attempt) for each in told] == [("proj_a", "ok", 1)]


def test_unwrapping_a_client(recorder: Recorder) -> None:
    with httpx.Client() as client:
        before = dict(vars(client))
        assert costmark.wrap(client, project="proj_a") is client
        assert costmark.wrap(client, project="proj_b") is client
        client.post(chat_url(recorder), content=chat_body(MODEL), headers=JSON)
        assert recorder.last.json()["project_id"] == "proj_b"
        costmark.unwrap(client)
        assert vars(client).keys() == before.keys()
        client.post(chat_url(recorder), content=chat_body(MODEL), headers=JSON)
        assert recorder.last.body == chat_body(MODEL)


def test_the_transports(recorder: Recorder) -> None:
    transport = costmark.HTTPTransport(httpx.HTTPTransport(), project="proj_a")
    with httpx.Client(transport=transport) as client:
        client.post(chat_url(recorder), content=chat_body(MODEL), headers=JSON)
    assert recorder.last.json()["project_id"] == "proj_a"
    assert counted() == {"proj_a": (1, 7, 3)}
    refusing = costmark.HTTPTransport(httpx.HTTPTransport(), unattributed="refuse")
    with httpx.Client(transport=refusing) as client, pytest.raises(costmark.AttributionError):
        client.post(chat_url(recorder), content=chat_body(MODEL), headers=JSON)
    assert len(recorder.requests) == 1


async def test_the_asynchronous_transport(recorder: Recorder) -> None:
    transport = costmark.AsyncHTTPTransport(httpx.AsyncHTTPTransport(), project="proj_a")
    async with httpx.AsyncClient(transport=transport) as client:
        await client.post(chat_url(recorder), content=chat_body(MODEL), headers=JSON)
    assert recorder.last.json()["project_id"] == "proj_a"


def test_what_a_client_was_told_wins_over_patch(recorder: Recorder) -> None:
    class Retrying(httpx.BaseTransport):  # type: ignore[misc]
        def __init__(self, transport: Any) -> None:
            self.transport = transport

        def handle_request(self, request: Any) -> Any:
            return self.transport.handle_request(request)

    costmark.patch(hosts=[host_of(recorder)], project="proj_p")
    ours = costmark.HTTPTransport(httpx.HTTPTransport(), project="proj_t")
    for client in (
        costmark.wrap(httpx.Client(), project="proj_w"),
        httpx.Client(transport=ours),
        httpx.Client(transport=Retrying(ours)),
    ):
        with client:
            client.post(chat_url(recorder), content=chat_body(MODEL), headers=JSON)
    assert [each.json()["project_id"] for each in recorder.requests] == [
        *("proj_w", "proj_t", "proj_t"),
    ]
    assert {name: each[0] for name, each in counted().items()} == {"proj_w": 1, "proj_t": 2}


# --- Client ---------------------------------------------------------------------------------------


def test_sending(bedrock: Emulator, project_a: str, project_b: str) -> None:
    costmark.reset_usage()
    client = costmark.Client(bedrock.base_url, project=project_a, **SIGNED)
    answer = client.send("POST", "/chat/completions", body=chat_body(MODEL))
    assert (answer.status, answer.attempts) == (200, 1)
    assert json.loads(answer.body)["object"] == "chat.completion"
    assert answer.header("content-type") == "application/json"
    pieces: list[bytes] = []
    with costmark.project(project_b):
        body = chat_body(MODEL, stream=True)
        answer = client.send("POST", "/chat/completions", body=body, on_body=pieces.append)
    assert answer.body == b""
    assert b"".join(pieces).endswith(b"data: [DONE]\n\n")
    assert b'"choices":[]' not in b"".join(pieces)
    assert counted() == billed(bedrock)
    assert set(counted()) == {project_a, project_b}


def test_what_a_callback_raises_ends_the_call(recorder: Recorder) -> None:
    def stop(_: bytes) -> None:
        raise LookupError("enough")

    client = costmark.Client(recorder.base_url, project="proj_a")
    with pytest.raises(LookupError, match="enough"):
        client.send("POST", "/chat/completions", body=chat_body(MODEL), on_body=stop)
    assert costmark.usage()["proj_a"].attempts == 1


def test_sending_again(recorder: Recorder) -> None:
    recorder.answer = lambda handler, _: answer_json(
        handler, CHAT_ANSWER, 503 if len(recorder.requests) == 1 else 200, retry_after_ms="1"
    )
    client = costmark.Client(recorder.base_url, project="proj_a")
    assert client.send("POST", "/chat/completions", body=chat_body(MODEL)).attempts == 2
    recorder.answer = lambda handler, _: answer_json(handler, CHAT_ANSWER, 503)
    once = client.send("POST", "/chat/completions", body=chat_body(MODEL), max_attempts=1)
    assert (once.status, once.attempts, json.loads(once.body)) == (503, 1, CHAT_ANSWER)


def test_a_url_without_a_scheme_is_below_the_base_url(recorder: Recorder) -> None:
    client = costmark.Client(recorder.base_url, project="proj_a")
    below = ("/chat/completions", "chat/completions", "chat/completions?next=http://a/")
    for url in (*below, chat_url(recorder)):
        client.send("POST", url, body=chat_body(MODEL))
        assert recorder.last.path.startswith("/v1/chat/completions")
    with pytest.raises(costmark.RequestError, match="http:// or https://"):
        costmark.Client(project="proj_a").send("POST", "chat/completions", body=b"{}")


@pytest.mark.parametrize("timeout", [-1, float("nan"), 1e9])
def test_bad_timeouts(recorder: Recorder, timeout: float) -> None:
    client = costmark.Client(recorder.base_url, project="proj_a")
    with pytest.raises(ValueError, match="timeout"):
        client.send("POST", "/chat/completions", body=chat_body(MODEL), timeout=timeout)


def test_refusals_come_before_anything_is_sent(recorder: Recorder) -> None:
    client = costmark.Client(recorder.base_url, unattributed="refuse")
    for call in (client.send, client.prepare):
        with pytest.raises(costmark.AttributionError):
            call("POST", "/chat/completions", body=chat_body(MODEL))
    with pytest.raises(costmark.ConfigurationError, match="configured for"):
        client.send("POST", "http://127.0.0.1:9/v1/chat/completions", body=chat_body(MODEL))
    assert recorder.requests == []


@pytest.mark.parametrize("stream", [False, True])
def test_preparing_and_observing(bedrock: Emulator, project_a: str, stream: bool) -> None:
    costmark.reset_usage()
    client = costmark.Client(bedrock.base_url, project=project_a, **SIGNED)
    options = {"stream": True} if stream else {}
    prepared = client.prepare("POST", "/chat/completions", body=chat_body(MODEL, **options))
    assert prepared.project == project_a
    assert "AWS4" not in repr(prepared)
    connection = http.client.HTTPConnection(host_of(bedrock))
    connection.request(prepared.method, prepared.target, prepared.body, prepared.headers)
    answer = connection.getresponse()
    with prepared.observe(answer.status, answer.getheaders()) as observed:
        body = b"".join(map(observed.feed, iter(answer.read1, b""))) + observed.finish()
    connection.close()
    assert answer.status == 200
    assert b'"choices":[]' not in body
    assert counted() == billed(bedrock)


def test_giving_up(recorder: Recorder) -> None:
    client = costmark.Client(recorder.base_url, project="proj_a")
    body = chat_body(MODEL, stream=True)
    with client.prepare("POST", "/chat/completions", body=body).observe(200) as observed:
        observed.feed(CHAT_STREAM[0])
    client.prepare("POST", "/chat/completions", body=body).fail()
    used = costmark.usage()["proj_a"]
    assert (used.attempts, used.incomplete_attempts, used.failed_attempts) == (2, 1, 1)


# --- The examples of the docstrings ---------------------------------------------------------------


@pytest.mark.parametrize(
    "documented",
    [costmark.HTTPTransport, costmark.AsyncHTTPTransport, costmark.Client, costmark.patch],
    ids=lambda each: str(each.__name__),
)
def test_examples_run(recorder: Recorder, documented: Any) -> None:
    text = textwrap.dedent(" " * 4 + documented.__doc__)
    examples = re.findall(r"::\n\n((?: {4}.*\n|\n)+)", text + "\n")
    assert examples
    shown: list[bytes] = []
    names = {
        "costmark": costmark,
        "httpx": httpx,
        "body": chat_body(MODEL),
        "show": shown.append,
        "connection": http.client.HTTPConnection(host_of(recorder)),
    }
    for example in examples:
        code = textwrap.dedent(example)
        code = code.replace("https://bedrock-mantle.us-east-1.api.aws/v1", recorder.base_url)
        code = code.replace("https://gateway.internal", recorder.url)
        code = code.replace("gateway.internal", host_of(recorder))
        code = code.replace("{...}", "{}").replace('{"model": ...}', '{"model": "m"}')
        exec(code, names)
    names["connection"].close()
    if documented in (costmark.Client, costmark.patch):
        assert recorder.last.json()["project_id"] == "proj_support"
