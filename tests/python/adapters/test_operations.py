"""One call of the user is one operation, whatever the SDK, or the host, makes of it."""

from __future__ import annotations

import asyncio
import copy
import logging
import pickle
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import Any

import openai
import pytest

import costmark
from adapters import clients
from adapters.clients import SIGNED, httpx
from costmark._client.call import Call
from costmark._client.core_client import CoreClient
from harness import (
    MESSAGES,
    MODEL,
    Emulator,
    Received,
    Recorder,
    answer_json,
    chunk,
    default_answer,
)

anthropic = pytest.importorskip("anthropic")
anthropic_clients = import_module("adapters.anthropic_clients")

CHAT: dict[str, Any] = {"model": MODEL, "messages": MESSAGES}
MESSAGE = anthropic_clients.CALL
SHAPES = ["plain", "raw", "streamed"]


def counted(project: str = "proj_a") -> tuple[int, int, int]:
    used = costmark.usage().get(project, costmark.ProjectUsage())
    return used.operations, used.attempts, used.failed_attempts


def fail_twice(recorder: Recorder, status: int = 500) -> None:
    """Answer each call at its third attempt, and at once."""

    def answer(handler: Any, request: Received) -> None:
        if len(recorder.requests) % 3:
            answer_json(handler, {"error": {"message": "busy"}}, status, retry_after_ms="1")
        else:
            default_answer(handler, request)

    recorder.answer = answer


def creator(client: Any, shape: str) -> tuple[Callable[..., Any], dict[str, Any]]:
    is_anthropic = isinstance(client, (anthropic.Anthropic, anthropic.AsyncAnthropic))
    resource = client.messages if is_anthropic else client.chat.completions
    arguments = MESSAGE if is_anthropic else CHAT
    if shape == "raw":
        return resource.with_raw_response.create, arguments
    return resource.create, {**arguments, "stream": shape == "streamed"}


def wrapped(module: Any, recorder: Recorder, *, asynchronous: bool = False, **options: Any) -> Any:
    make = module.plain_async if asynchronous else module.plain
    max_retries = options.pop("max_retries", 2)
    http_client = options.pop("http_client", None)
    given = {"max_retries": max_retries}
    if http_client is not None:
        given["http_client"] = http_client
    return costmark.wrap(make(recorder, **given), **{"project": "proj_a", **options})


# --- What the SDK repeats -------------------------------------------------------------------------


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("module", [clients, anthropic_clients])
def test_retries_of_the_sdk_join_its_call(recorder: Recorder, module: Any, shape: str) -> None:
    fail_twice(recorder)
    with wrapped(module, recorder) as client:
        create, arguments = creator(client, shape)
        for number in (1, 2):
            answer = create(**arguments)
            if shape == "streamed":
                list(answer)
            assert counted() == (number, 3 * number, 2 * number)
    assert len(recorder.requests) == 6


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("module", [clients, anthropic_clients])
async def test_so_they_do_for_asynchronous_clients(
    recorder: Recorder, module: Any, shape: str
) -> None:
    fail_twice(recorder)
    async with wrapped(module, recorder, asynchronous=True) as client:
        create, arguments = creator(client, shape)
        for number in (1, 2):
            answer = await create(**arguments)
            if shape == "streamed":
                async for _ in answer:
                    pass
            assert counted() == (number, 3 * number, 2 * number)


async def test_calls_at_the_same_time_are_operations_of_their_own(recorder: Recorder) -> None:
    async with wrapped(clients, recorder, asynchronous=True) as client:
        await asyncio.gather(*(client.chat.completions.create(**CHAT) for _ in range(8)))
    assert counted() == (8, 8, 0)


@pytest.mark.parametrize("module", [clients, anthropic_clients])
def test_numbers_in_headers_decide_nothing(recorder: Recorder, module: Any) -> None:
    with wrapped(module, recorder) as client:
        create, arguments = creator(client, "plain")
        for number in ("7", "0", "-1", "many"):
            create(**arguments, extra_headers={"x-stainless-retry-count": number})
    assert counted() == (4, 4, 0)


def test_every_page_is_an_operation_of_its_own(recorder: Recorder) -> None:
    def page(handler: Any, request: Received) -> None:
        last = len(recorder.requests) == 3
        entry = {"id": f"file-{len(recorder.requests)}", "object": "file"}
        answer_json(handler, {"data": [entry], "has_more": not last, "object": "list"})

    recorder.answer = page
    with wrapped(clients, recorder) as client:
        spy = spied(client)
        assert len(list(client.files.list(limit=1))) == 3
    assert spy.calls.count("begin") == 3


def test_the_options_of_a_caller_are_left_as_they_were(recorder: Recorder) -> None:
    from openai._models import FinalRequestOptions

    options = FinalRequestOptions.construct(
        method="post", url="/chat/completions", json_data={"model": MODEL, "messages": MESSAGES}
    )
    before = dict(vars(options))
    with wrapped(clients, recorder) as client:
        for _ in range(2):
            client.request(object, options)
    assert vars(options) == before
    assert counted() == (2, 2, 0)


def test_the_sdk_may_log_its_options(recorder: Recorder, caplog: pytest.LogCaptureFixture) -> None:
    with wrapped(clients, recorder) as client, caplog.at_level(logging.DEBUG, "openai"):
        client.chat.completions.create(**CHAT)
    assert "HTTP Request" in caplog.text
    assert "Call object" not in caplog.text


def test_copies_of_a_call_are_the_same_call() -> None:
    call = Call()
    assert copy.copy(call) is call
    assert copy.deepcopy({"a": [call]})["a"][0] is call
    assert pickle.loads(pickle.dumps(call)).operation is None


# --- Errors ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("module", [clients, anthropic_clients])
async def test_errors_come_at_once_and_as_they_are(recorder: Recorder, module: Any) -> None:
    asked = 0

    def fail() -> costmark.Credentials:
        nonlocal asked
        asked += 1
        raise RuntimeError("the vault is sealed")

    signing = {"auth": "sigv4", "region": "us-east-1", "credentials": fail, "max_retries": 5}
    cases: list[tuple[dict[str, Any], type[Exception]]] = [
        ({"unattributed": "refuse", "project": None, "max_retries": 5}, costmark.AttributionError),
        (signing, costmark.CredentialsError),
        ({"auth": "bearer", "bearer_token": lambda: "a b"}, costmark.CredentialsError),
    ]
    for options, kind in cases:
        with wrapped(module, recorder, **options) as client:
            create, arguments = creator(client, "plain")
            with pytest.raises(kind):
                create(**arguments)
        async with wrapped(module, recorder, asynchronous=True, **options) as client:
            create, arguments = creator(client, "plain")
            with pytest.raises(kind):
                await create(**arguments)
    assert asked == 2
    assert recorder.requests == []
    assert counted() == (0, 0, 0)
    assert counted("default") == (0, 0, 0)


def test_a_token_that_is_gone_between_two_attempts(recorder: Recorder) -> None:
    fail_twice(recorder)
    asked = 0

    def ask_token() -> str:
        nonlocal asked
        asked += 1
        if asked > 1:
            raise RuntimeError("the vault is sealed")
        return "token-1"

    with (
        wrapped(clients, recorder, auth="bearer", bearer_token=ask_token) as client,
        pytest.raises(costmark.CredentialsError, match="bearer token callback raised"),
    ):
        client.chat.completions.create(**CHAT)
    assert len(recorder.requests) == 1
    assert counted() == (1, 1, 1)


async def test_the_event_loop_is_not_held_up_by_a_source(recorder: Recorder) -> None:
    loop = threading.get_ident()
    seen: list[int] = []

    def token() -> str:
        seen.append(threading.get_ident())
        return "token-1"

    def credentials() -> costmark.Credentials:
        seen.append(threading.get_ident())
        return clients.CREDENTIALS

    for options in (
        {"auth": "bearer", "bearer_token": token},
        {**SIGNED, "credentials": credentials},
    ):
        async with wrapped(clients, recorder, asynchronous=True, **options) as client:
            await client.chat.completions.create(**CHAT)
    assert len(seen) == 2
    assert loop not in seen


# --- What the host changes or repeats -------------------------------------------------------------


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_what_is_sent_is_prepared_from_what_is_there(
    bedrock: Emulator, project_a: str, asynchronous: bool
) -> None:
    """An event hook changes headers, body and URL after the operation has begun."""

    def change(request: Any) -> None:
        content = request.content.replace(b"shoes", b"boots")
        request.headers["content-type"] = "application/json; charset=utf-8"
        request.headers["x-amz-meta-hook"] = "yes"
        request.headers["content-length"] = str(len(content))
        request._content, request.stream = content, httpx.ByteStream(content)
        request.url = request.url.copy_merge_params({"n": "1"})

    async def change_async(request: Any) -> None:
        change(request)

    if asynchronous:
        http = openai.DefaultAsyncHttpxClient(event_hooks={"request": [change_async]})
        async with clients.signed_async(bedrock, project_a, http_client=http) as client_:
            assert (await client_.chat.completions.create(**CHAT)).usage
    else:
        http_ = openai.DefaultHttpxClient(event_hooks={"request": [change]})
        with clients.signed(bedrock, project_a, http_client=http_) as client:
            assert client.chat.completions.create(**CHAT).usage
    (sent,) = (each for each in bedrock.requests() if "chat" in each["path"])
    assert sent["status"] == 200
    assert "x-amz-meta-hook" in str(sent["headers"])
    assert counted(project_a) == (1, 1, 0)


def test_a_project_that_a_hook_names_counts(recorder: Recorder) -> None:
    def name(request: Any) -> None:
        request.headers["openai-project"] = "proj_hook"

    http = openai.DefaultHttpxClient(event_hooks={"request": [name]})
    with wrapped(clients, recorder, http_client=http) as client:
        client.chat.completions.create(**CHAT)
    assert recorder.last.json()["project_id"] == "proj_hook"
    assert counted("proj_hook") == (1, 1, 0)
    assert counted("proj_a") == (0, 0, 0)


class SendsTwice(httpx.Client):  # type: ignore[misc]
    def send(self, request: Any, **options: Any) -> Any:
        first = super().send(request, **options)
        first.read()
        return super().send(request, **options)


class SendsTwiceAtOnce(httpx.Client):  # type: ignore[misc]
    def send(self, request: Any, **options: Any) -> Any:
        send = super().send
        with ThreadPoolExecutor(2) as pool:
            answers = [pool.submit(send, request, **options) for _ in range(2)]
            return [each.result() for each in answers][-1]


def both_must_wait(recorder: Recorder) -> None:
    """No answer before two requests are there."""
    together = threading.Barrier(2)

    def answer(handler: Any, request: Received) -> None:
        together.wait(10)
        default_answer(handler, request)

    recorder.answer = answer


def test_an_http_client_that_sends_twice(recorder: Recorder) -> None:
    with wrapped(clients, recorder, http_client=SendsTwice()) as client:
        client.chat.completions.create(**CHAT)
    assert counted() == (1, 2, 0)


def test_an_http_client_that_sends_twice_at_once(recorder: Recorder) -> None:
    both_must_wait(recorder)
    with wrapped(clients, recorder, http_client=SendsTwiceAtOnce()) as client:
        spy = spied(client)
        client.chat.completions.create(**CHAT)
    assert counted() == (1, 2, 0)
    assert spy.calls.count("beside") == 1
    one, other = spy.operations
    assert one.id == other.id
    assert sorted((each.report["attempt"], each.report["concurrent"]) for each in (one, other)) in (
        [(1, False), (2, True)],
        [(1, True), (2, False)],
    )


def repeats(request: Any, call_next: Any) -> Any:
    call_next(request).http_response.read()
    return call_next(request)


async def repeats_at_once(request: Any, call_next: Any) -> Any:
    answers = await asyncio.gather(call_next(request), call_next(request))
    return answers[0]


@pytest.mark.skipif(
    not hasattr(anthropic.Anthropic, "with_middleware"), reason="this SDK has no middleware"
)
async def test_middleware_that_sends_twice(recorder: Recorder) -> None:
    with wrapped(anthropic_clients, recorder).with_middleware(repeats) as client:
        client.messages.create(**MESSAGE)
    assert counted() == (1, 2, 0)
    both_must_wait(recorder)
    client_ = wrapped(anthropic_clients, recorder, asynchronous=True)
    async with client_.with_middleware(repeats_at_once) as client_:
        await client_.messages.create(**MESSAGE)
    assert counted() == (2, 4, 0)


def test_redirects_join_their_call(recorder: Recorder) -> None:
    def redirect(handler: Any, request: Received) -> None:
        if request.path.endswith("moved"):
            return default_answer(handler, request)
        handler.send_response(307)
        handler.send_header("location", request.path + "?to=moved")
        handler.send_header("content-length", "0")
        return handler.end_headers()

    recorder.answer = redirect
    with wrapped(clients, recorder) as client:
        client.chat.completions.create(**CHAT)
    assert len(recorder.requests) == 2
    assert counted()[:2] == (1, 2)
    # Not where a request was signed.
    with wrapped(clients, recorder, **SIGNED) as client, pytest.raises(openai.APIStatusError):
        client.chat.completions.create(**CHAT)
    assert len(recorder.requests) == 3


async def test_requests_below_the_sdk_are_operations_of_their_own(recorder: Recorder) -> None:
    def request(client: Any) -> Any:
        url = f"{recorder.base_url}/chat/completions"
        return client._client.build_request("POST", url, json={"model": MODEL, "messages": []})

    with wrapped(clients, recorder) as client:
        for _ in range(2):
            client._client.send(request(client))
        assert counted() == (2, 2, 0)
        # The same one again is another attempt.
        twice = request(client)
        for _ in range(2):
            client._client.send(twice)
        assert counted() == (3, 4, 0)
    async with wrapped(clients, recorder, asynchronous=True) as client:
        await client._client.send(request(client))
    assert counted() == (4, 5, 0)
    assert all(each.json()["project_id"] == "proj_a" for each in recorder.requests)


def test_requests_do_not_share_an_operation_by_sharing_extensions(recorder: Recorder) -> None:
    shared: dict[str, Any] = {}
    with wrapped(clients, recorder) as client:
        for _ in range(2):
            client._client.post(
                f"{recorder.base_url}/chat/completions",
                json={"model": MODEL, "messages": []},
                extensions=shared,
            )
    assert counted() == (2, 2, 0)
    assert shared == {}


def test_a_request_that_another_client_built_is_not_its_operation(recorder: Recorder) -> None:
    with wrapped(clients, recorder) as one, wrapped(clients, recorder, project="proj_b") as other:
        url = f"{recorder.base_url}/chat/completions"
        request = one._client.build_request("POST", url, json={"model": MODEL, "messages": []})
        one._client.send(request)
        other._client.send(request)
    assert [each.json()["project_id"] for each in recorder.requests] == ["proj_a", "proj_b"]
    assert counted("proj_a") == counted("proj_b") == (1, 1, 0)


def test_an_answer_that_is_closed_late_ends_no_other_attempt(recorder: Recorder) -> None:
    with wrapped(clients, recorder) as client:
        url = f"{recorder.base_url}/chat/completions"
        request = client._client.build_request("POST", url, json={"model": MODEL, "messages": []})
        first = client._client.send(request, stream=True)
        stream = first.stream
        first.read()
        second = client._client.send(request, stream=True)
        getattr(stream, "_stream", stream).close()
        stream.close()
        second.read()
    assert counted() == (1, 2, 0)
    assert costmark.usage()["proj_a"].incomplete_attempts == 0
    assert costmark.usage()["proj_a"].output_tokens == 6


def test_the_transport_is_made_once(recorder: Recorder) -> None:
    with wrapped(clients, recorder) as client:
        view, url = client._client, httpx.URL(recorder.url)
        assert view._transport_for_url(url) is view._transport_for_url(url)


# --- The binding ----------------------------------------------------------------------------------


class Spy:
    """Counts what is asked of the binding."""

    def __init__(self, target: Any, spy: Spy | None = None) -> None:
        self._target = target
        self.calls: list[str] = spy.calls if spy else []
        self.operations: list[Any] = spy.operations if spy else []

    def __getattr__(self, name: str) -> Any:
        self.calls.append(name)
        value = getattr(self._target, name)
        if name not in ("begin", "beside"):
            return value

        def begin(*arguments: Any) -> Any:
            operation, ready = value(*arguments)
            self.operations.append(operation)
            return Spy(operation, self), ready

        return begin


def spied(client: Any) -> Spy:
    core = vars(client)["_costmark"].core
    core._core = Spy(core._core)
    spy: Spy = core._core
    return spy


ORDINARY = ["begin", "prepare", "head", "feed", "finish"]


def test_an_ordinary_call_crosses_into_the_core_five_times_and_for_each_piece(
    recorder: Recorder,
) -> None:
    with wrapped(clients, recorder, **SIGNED) as client:
        spy = spied(client)
        client.chat.completions.create(**CHAT)
        assert spy.calls == ORDINARY
        spy.calls.clear()
        list(client.chat.completions.create(**CHAT, stream=True))
        # Some SDKs close a stream behind its last event.
        calls = [each for each in spy.calls if each != "feed"]
        assert calls in ([*ORDINARY[:3], "fail"], [*ORDINARY[:3], "finish"])


async def test_so_does_an_asynchronous_one(recorder: Recorder) -> None:
    async with wrapped(clients, recorder, asynchronous=True, **SIGNED) as client:
        spy = spied(client)
        await client.chat.completions.create(**CHAT)
        # Credentials that were given are at hand.
        assert spy.calls in (ORDINARY, ["begin", "ready", *ORDINARY[1:]])
        spy.calls.clear()
        await client.chat.completions.create(**CHAT)
        assert spy.calls == ORDINARY


def test_a_retry_crosses_once_more_to_be_ready(recorder: Recorder) -> None:
    fail_twice(recorder)
    with wrapped(clients, recorder) as client:
        spy = spied(client)
        client.chat.completions.create(**CHAT)
    assert spy.calls.count("begin") == 1
    assert spy.calls.count("ready") == spy.calls.count("prepare") - 1 == 2


def test_a_stream_that_one_thread_reads_and_another_closes(recorder: Recorder) -> None:
    """`feed` gives the GIL away from 4 KiB on, while `fail` ends the attempt."""
    piece = chunk("x" * 20_000)
    end = time.monotonic() + 1.0
    core = CoreClient({"project": "proj_a"})
    body = b'{"model":"m","messages":[],"stream":true}'
    url, headers = "http://gateway.example/v1/chat/completions", [("content-type", "text/json")]
    rounds = 0
    with ThreadPoolExecutor(3) as pool:
        while time.monotonic() < end:
            operation, _ = core._core.begin("POST", url, headers, body)
            operation.prepare("POST", url, headers, body)
            operation.sent()
            operation.head(200, [("content-type", "text/event-stream")])
            start = threading.Barrier(3)

            def read(operation: Any = operation, start: threading.Barrier = start) -> None:
                start.wait()
                for _ in range(20):
                    assert operation.feed(piece) == piece

            def close(operation: Any = operation, start: threading.Barrier = start) -> None:
                start.wait()
                time.sleep(0.0005)
                operation.fail("cancelled")
                operation.prepare("POST", url, headers, body)

            done = [pool.submit(read), pool.submit(read), pool.submit(close)]
            for each in done:
                each.result(30)
            rounds += 1
    assert rounds > 5
    assert counted() == (rounds, rounds, 0)
    assert costmark.usage()["proj_a"].incomplete_attempts == rounds


def test_an_operation_in_its_own_callback_is_refused(recorder: Recorder) -> None:
    core = CoreClient
    url, headers, body = f"{recorder.base_url}/responses", [], b'{"model":"m"}'
    caught: list[str] = []
    operation: Any = None

    def token() -> str:
        if operation is not None:
            try:
                operation.sent()
            except RuntimeError as error:
                caught.append(str(error))
        return "token-1"

    client = core({"auth": "bearer", "base_url": recorder.base_url}, bearer_token=token)
    operation, _ = client._core.begin("POST", url, headers, body)
    operation.ready()
    assert len(caught) == 1
    assert "callback" in caught[0]


# --- A source of credentials that calls through the client that is asking it ----------------------


@pytest.mark.parametrize("on_main_thread", [True, False])
@pytest.mark.parametrize("kind", ["credentials", "bearer_token"])
def test_a_source_that_calls_through_its_own_client(
    recorder: Recorder, kind: str, on_main_thread: bool
) -> None:
    caught: list[BaseException] = []

    def ask() -> Any:
        try:
            client.chat.completions.create(**CHAT)
        except costmark.CredentialsError as error:
            caught.append(error)
        return "token" if kind == "bearer_token" else clients.CREDENTIALS

    options = (
        {"auth": "bearer"} if kind == "bearer_token" else {"auth": "sigv4", "region": "us-east-1"}
    )
    with wrapped(clients, recorder, **options, **{kind: ask}) as client:
        if on_main_thread:
            client.chat.completions.create(**CHAT)
        else:
            with ThreadPoolExecutor(1) as pool:
                pool.submit(client.chat.completions.create, **CHAT).result(20)
    assert caught
    said = f"{caught[0]} {caught[0].__cause__}"
    assert "calls through the client" in said or "call through the client" in said
