"""A call that is covered in two places is prepared once; another call inside of it is not."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("httpx2")

import aiohttp
import openai
import requests
import urllib3

import costmark
from adapters.clients import SIGNED, httpx, plain, plain_async
from harness import (
    CHAT_STREAM,
    MESSAGES,
    MODEL,
    Emulator,
    Recorder,
    answer_json,
    answer_stream,
    default_answer,
)
from transports.libraries import JSON, chat_body
from transports.test_transports import billed, chat_url, counted, host_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


@pytest.fixture(autouse=True)
def _unpatched() -> Iterator[None]:
    yield
    costmark.unpatch()


def chat(client: Any) -> Any:
    return client.chat.completions.create(model=MODEL, messages=MESSAGES)


def test_sdk_clients_of_all_ages(recorder: Recorder) -> None:
    with plain(recorder) as before, plain(recorder) as wrapped:
        costmark.wrap(wrapped, project="proj_w")
        costmark.patch(hosts=[host_of(recorder)], project="proj_p")
        with plain(recorder) as after:
            for client in (before, wrapped, after, after.with_options(timeout=9)):
                chat(client)
    sent = [request.json()["project_id"] for request in recorder.requests]
    assert sent == ["proj_p", "proj_w", "proj_p", "proj_p"]
    assert {name: each[0] for name, each in counted().items()} == {"proj_p": 3, "proj_w": 1}


def test_the_http_client_of_a_wrapped_client_used_alone(recorder: Recorder) -> None:
    with httpx.Client() as shared, plain(recorder, http_client=shared) as client:
        costmark.wrap(client, project="proj_w")
        costmark.patch(hosts=[host_of(recorder)], project="proj_p")
        chat(client)
        shared.post(chat_url(recorder), json={"model": MODEL, "messages": MESSAGES})
    assert {name: each[0] for name, each in counted().items()} == {"proj_w": 1, "proj_p": 1}


async def test_an_sdk_on_aiohttp(bedrock: Emulator, project_a: str) -> None:
    if not hasattr(openai, "DefaultAioHttpClient"):
        pytest.skip("this openai has no client on aiohttp")
    costmark.patch(hosts=[host_of(bedrock)], project=project_a, **SIGNED)
    costmark.reset_usage()
    try:
        http_client = openai.DefaultAioHttpClient()
    except RuntimeError as error:
        pytest.skip(str(error))
    async with plain_async(bedrock, http_client=http_client) as client:
        await chat(client)
        stream: Any = await client.chat.completions.create(
            model=MODEL, messages=MESSAGES, stream=True
        )
        async for _ in stream:
            pass
    assert counted() == billed(bedrock)
    assert counted()[project_a][0] == 2


class _OnRequests(httpx.BaseTransport):  # type: ignore[misc]
    """A transport that somebody wrote."""

    def __init__(self) -> None:
        self.also: str | None = None

    def handle_request(self, request: Any) -> Any:
        if self.also is not None:
            requests.post(self.also, data=chat_body("another"), headers=JSON, timeout=9)
        answer = requests.request(
            request.method,
            str(request.url),
            data=request.read(),
            headers=dict(request.headers),
            timeout=9,
        )
        return httpx.Response(answer.status_code, content=answer.content)


def test_a_transport_that_sends_with_another_library(recorder: Recorder) -> None:
    costmark.patch(hosts=[host_of(recorder)], project="proj_p")
    transport = _OnRequests()
    with httpx.Client(transport=transport) as client:
        client.post(chat_url(recorder), json={"model": MODEL, "messages": MESSAGES})
        assert counted()["proj_p"][0] == 1
        assert recorder.last.body.count(b"proj_p") == 1
        # Another request of its own, to the same place, is covered by itself.
        transport.also = chat_url(recorder)
        client.post(chat_url(recorder), json={"model": MODEL, "messages": MESSAGES})
    assert [each.json()["project_id"] for each in recorder.requests] == ["proj_p"] * 3
    assert counted()["proj_p"][0] == 3


def test_headers_that_anyone_can_set_decide_nothing(recorder: Recorder) -> None:
    costmark.patch(hosts=[host_of(recorder)], unattributed="refuse")
    headers = {**JSON, "x-costmark": "1", "costmark": "prepared", "x-costmark-prepared": "1"}
    with httpx.Client() as client, pytest.raises(costmark.AttributionError):
        client.post(
            chat_url(recorder),
            content=chat_body(MODEL),
            headers=headers,
            extensions={"costmark": None},
        )
    with pytest.raises(costmark.AttributionError):
        requests.post(chat_url(recorder), data=chat_body(MODEL), headers=headers, timeout=9)
    assert recorder.requests == []


def test_retries_of_urllib3_are_attempts_of_one_call(recorder: Recorder) -> None:
    def answer(handler: Any, request: Any) -> None:
        if len(recorder.requests) < 3:
            answer_json(handler, {}, 503)
        else:
            default_answer(handler, request)

    recorder.answer = answer
    costmark.patch(hosts=[host_of(recorder)], project="proj_p")
    retries = urllib3.Retry(3, status_forcelist=[503], allowed_methods=None, backoff_factor=0)
    with urllib3.PoolManager(retries=retries) as manager:
        assert manager.request("POST", chat_url(recorder), body=chat_body(MODEL)).status == 200
    used = costmark.usage()["proj_p"]
    assert (used.operations, used.attempts, used.failed_attempts) == (1, 3, 2)
    assert [each.body.count(b"proj_p") for each in recorder.requests] == [1, 1, 1]


async def test_a_middleware_of_aiohttp_that_sends_twice(recorder: Recorder) -> None:
    async def twice(request: Any, handler: Any) -> Any:
        first = await handler(request)
        await first.read()
        return await handler(request)

    costmark.patch(hosts=[host_of(recorder)], project="proj_p")
    async with (
        aiohttp.ClientSession(middlewares=(twice,)) as session,
        session.post(chat_url(recorder), json={"model": MODEL, "messages": []}) as answer,
    ):
        assert (await answer.json())["usage"]["total_tokens"] == 10
        assert "proj_p" not in repr(answer.request_info)
    used = costmark.usage()["proj_p"]
    assert (used.operations, used.attempts) == (1, 2)
    assert recorder.requests[0].body == recorder.requests[1].body


async def test_reading_aiohttp_in_every_way(recorder: Recorder) -> None:
    costmark.patch(hosts=[host_of(recorder)], project="proj_p")
    lines = [line async for line in _lines(recorder)]
    assert lines[-2] == b"data: [DONE]\n"
    async with aiohttp.ClientSession() as session:
        stream = {"model": MODEL, "messages": [], "stream": True}
        async with session.post(chat_url(recorder), json=stream) as answer:
            assert await answer.content.readexactly(5) == b"data:"
            assert not answer.content.at_eof()
            pieces = [piece async for piece, _ in answer.content.iter_chunks()]
            assert b"".join(pieces).endswith(b"[DONE]\n\n")
            assert answer.content.at_eof()
            assert await answer.content.read() == b""
    assert costmark.usage()["proj_p"].total_tokens == 20


async def _lines(recorder: Recorder) -> Any:
    async with (
        aiohttp.ClientSession() as session,
        session.post(
            chat_url(recorder), json={"model": MODEL, "messages": [], "stream": True}
        ) as answer,
    ):
        async for line in answer.content:
            yield line


async def test_giving_up_an_answer_of_aiohttp(recorder: Recorder) -> None:
    halt = threading.Event()

    def answer(handler: Any, _: Any) -> None:
        answer_stream(handler, CHAT_STREAM[:1], end=False)
        halt.wait(9)

    recorder.answer = answer
    costmark.patch(hosts=[host_of(recorder)], project="proj_p")
    try:
        async with (
            aiohttp.ClientSession() as session,
            session.post(chat_url(recorder), json={"model": MODEL}) as response,
        ):
            await response.content.readline()
            with pytest.raises(asyncio.TimeoutError):  # which is no end yet
                await asyncio.wait_for(response.content.read(), 0.05)
    finally:
        halt.set()
    used = costmark.usage()["proj_p"]
    assert (used.attempts, used.incomplete_attempts) == (1, 1)


def test_unpatching_leaves_no_hook() -> None:
    owners = (httpx.Client, httpx.AsyncClient, aiohttp.ClientSession, requests.Session)
    owners += (urllib3.HTTPConnectionPool, urllib3.PoolManager)

    def methods() -> list[Any]:
        return [value for owner in owners for cls in owner.__mro__ for value in vars(cls).values()]

    before = methods()
    costmark.patch(hosts=["gateway.internal"])
    costmark.patch(hosts=["gateway.internal"])
    assert len([1 for a, b in zip(before, methods(), strict=True) if a is not b]) >= 6
    costmark.unpatch()
    assert all(a is b for a, b in zip(before, methods(), strict=True))
    assert {each.methods for each in costmark.coverage().hooks} == {()}


@pytest.mark.parametrize("authorization", ["AWS4-HMAC-SHA256 Credential=OTHER/1", "Bearer theirs"])
def test_what_is_sent_as_it_came_keeps_its_authorization(authorization: str) -> None:
    sent: list[Any] = []

    def answer(request: Any) -> Any:
        sent.append(request)
        return httpx.Response(200, json={})

    costmark.patch(unattributed="allow")  # there are no credentials, and none are asked for
    with httpx.Client(transport=httpx.MockTransport(answer)) as client:
        url = "https://bedrock-runtime.us-east-1.amazonaws.com/model/m/invoke"
        client.post(url, content=b'{"prompt":"Hello"}', headers={"authorization": authorization})
    assert sent[0].headers["authorization"] == authorization
    assert sent[0].content == b'{"prompt":"Hello"}'
    assert costmark.request_counts().unattributed == 1


def test_libraries_may_be_imported_later(recorder: Recorder) -> None:
    code = f"""
import costmark, sys
costmark.patch(hosts=[{host_of(recorder)!r}], project="proj_late")
assert not sys.modules.keys() & {{"httpx", "requests", "aiohttp"}}
import asyncio, aiohttp, httpx, requests
url, body = {chat_url(recorder)!r}, {{"model": "m", "messages": []}}
httpx.post(url, json=body)
requests.post(url, json=body)
async def later():
    async with aiohttp.ClientSession() as session, session.post(url, json=body) as answer:
        await answer.read()
asyncio.run(later())
print(costmark.usage()["proj_late"].attempts)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("3\n", "")
    assert [each.json()["project_id"] for each in recorder.requests] == ["proj_late"] * 3


@pytest.mark.parametrize(
    "target", ["/v1/responses;x=://", "/v1/responses;http://x", "//v1/responses"]
)
def test_a_path_that_looks_like_a_url_is_the_hosts(recorder: Recorder, target: str) -> None:
    costmark.patch(hosts=[host_of(recorder)], unattributed="refuse")
    with pytest.raises(costmark.AttributionError):
        requests.post(f"http://{host_of(recorder)}{target}", json={"model": "m"}, timeout=9)
    assert recorder.requests == []


def test_a_target_that_names_another_host_goes_to_that_of_the_pool(recorder: Recorder) -> None:
    costmark.patch(hosts=[host_of(recorder)], unattributed="refuse")
    name, _, port = host_of(recorder).partition(":")
    with urllib3.HTTPConnectionPool(name, int(port)) as pool, pytest.raises(costmark.Error):
        pool.urlopen(
            "POST",
            "http://other.example/v1/responses",
            body=b'{"model":"m"}',
            assert_same_host=False,
            retries=False,
        )
    assert recorder.requests == []


@pytest.mark.parametrize("path", ["/https://api.foo.com/v1/messages", "/v1/messages"])
def test_requests_elsewhere_pass_whatever_their_url(recorder: Recorder, path: str) -> None:
    costmark.patch(hosts=["bedrock.example"], project="proj_p", unattributed="refuse")
    answer = requests.post(f"http://{host_of(recorder)}{path}", data=b"{}", timeout=9)
    assert answer.ok
    assert len(recorder.requests) == 1


async def test_a_task_that_was_started_below_is_another_call(recorder: Recorder) -> None:
    later: list[asyncio.Task[Any]] = []
    go_on = asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        yield chat_body(MODEL)

    async def afterwards() -> None:
        await go_on.wait()
        async with aiohttp.ClientSession() as session:
            await session.post(chat_url(recorder), data=body(), headers=JSON)

    class Below(httpx.AsyncHTTPTransport):  # type: ignore[misc]
        async def handle_async_request(self, request: Any) -> Any:
            later.append(asyncio.create_task(afterwards()))
            return await super().handle_async_request(request)

    costmark.patch(hosts=[host_of(recorder)], unattributed="refuse")
    async with httpx.AsyncClient(transport=Below()) as client:
        with costmark.project("proj_p"):
            await client.post(chat_url(recorder), content=chat_body(MODEL), headers=JSON)
    go_on.set()
    with pytest.raises(costmark.Error):  # a stream cannot be looked at
        await later[0]
    assert [request.json()["project_id"] for request in recorder.requests] == ["proj_p"]


@pytest.mark.parametrize("host", ["localhost.", "LOCALHOST"])
def test_a_host_is_covered_however_it_is_spelled(recorder: Recorder, host: str) -> None:
    port = host_of(recorder).partition(":")[2]
    costmark.patch(hosts=[f"localhost:{port}"], unattributed="refuse")
    url = f"http://{host}:{port}/v1/chat/completions"
    for send in (httpx.post, requests.post):
        with pytest.raises(costmark.AttributionError):
            send(url, json={"model": MODEL, "messages": MESSAGES}, timeout=9)
    assert recorder.requests == []


def test_a_transport_that_has_one_of_ours_and_another(recorder: Recorder) -> None:
    class Router(httpx.BaseTransport):  # type: ignore[misc]
        def __init__(self) -> None:
            self.ours = costmark.HTTPTransport(httpx.HTTPTransport(), project="proj_own")
            self.plain = httpx.HTTPTransport()

        def handle_request(self, request: Any) -> Any:
            way = self.ours if "x-ours" in request.headers else self.plain
            return way.handle_request(request)

    costmark.patch(hosts=[host_of(recorder)], project="proj_p", unattributed="refuse")
    with httpx.Client(transport=Router()) as client:
        for headers in ({}, {"x-ours": "1"}):
            client.post(chat_url(recorder), content=chat_body(MODEL), headers={**JSON, **headers})
    assert [request.json()["project_id"] for request in recorder.requests] == ["proj_p"] * 2
    assert counted()["proj_p"][0] == 2
