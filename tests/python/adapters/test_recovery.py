"""Signatures and tokens that the service refuses: mended and sent once more, or passed on."""

from __future__ import annotations

import gzip
import json
import logging
import os
import threading
import time
from collections.abc import Callable
from email.utils import formatdate
from typing import Any

import openai
import pytest

import costmark
from adapters.clients import SIGNED, httpx, plain, plain_async
from costmark._client.core_client import CoreClient, option_texts
from costmark._client.transport import attach
from harness import (
    CHAT_ANSWER,
    MESSAGES,
    MODEL,
    REGION,
    SECRET_ACCESS_KEY,
    Emulator,
    Received,
    Recorder,
    answer_json,
    run_emulator,
)

CHAT: dict[str, Any] = {"model": MODEL, "messages": MESSAGES}
FIRST, SECOND = "AKIDEXAMPLE", "AKIAIOSFODNN7EXAMPLE"
SECRETS = {FIRST: SECRET_ACCESS_KEY, SECOND: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}


class Source:
    """A credentials callback; the test says which keys it has, and which once it is asked again."""

    def __init__(self, key: str = FIRST, then: str | None = None) -> None:
        self.key = key
        self.then = then
        self.calls = 0
        self.error: Exception | None = None

    def __call__(self) -> costmark.Credentials:
        self.calls += 1
        if self.error is not None:
            raise self.error
        if self.calls > 1 and self.then is not None:
            self.key = self.then
        return costmark.Credentials(self.key, SECRETS[self.key])


def wrapped(
    server: Emulator | Recorder, source: Callable[[], costmark.Credentials], **options: Any
) -> openai.OpenAI:
    options = {**SIGNED, "credentials": source, "project": None, **options}
    return costmark.wrap(plain(server, max_retries=0), **options)


def wrapped_async(
    server: Emulator | Recorder, source: Callable[[], costmark.Credentials]
) -> openai.AsyncOpenAI:
    options: dict[str, Any] = {**SIGNED, "credentials": source}
    return costmark.wrap(plain_async(server, max_retries=0), **options)


def statuses(bedrock: Emulator) -> list[int]:
    return [each["status"] for each in bedrock.requests()]


def counted() -> tuple[int, int, int]:
    used = costmark.usage()["default"]
    return used.operations, used.attempts, used.failed_attempts


# --- Refused credentials --------------------------------------------------------------------------


@pytest.mark.parametrize("stream", [False, True])
def test_refused_credentials_are_replaced_within_the_call(bedrock: Emulator, stream: bool) -> None:
    source = Source()
    with wrapped(bedrock, source) as client:
        client.chat.completions.create(**CHAT)
        bedrock.fault("expired_token", access_key_id=FIRST, count=1000)
        source.key = SECOND
        answer: Any = client.chat.completions.create(**CHAT, stream=stream)
        assert list(answer)
    assert statuses(bedrock) == [200, 401, 200]
    assert [each["access_key_id"] for each in bedrock.usage()] == [FIRST, SECOND]
    assert source.calls == 2
    assert counted() == (2, 3, 1)


async def test_asynchronous_clients_do_the_same(bedrock: Emulator) -> None:
    source = Source()
    async with wrapped_async(bedrock, source) as client:
        await client.chat.completions.create(**CHAT)
        bedrock.fault("expired_token", access_key_id=FIRST, count=1000)
        source.key = SECOND
        await client.chat.completions.create(**CHAT)
        async for _ in await client.chat.completions.create(**CHAT, stream=True):
            pass
    assert statuses(bedrock) == [200, 401, 200, 200]
    assert counted() == (3, 4, 1)


def test_the_second_refusal_is_the_callers(bedrock: Emulator) -> None:
    source = Source(then=SECOND)
    with wrapped(bedrock, source) as client:
        bedrock.fault("expired_token", count=2)
        with pytest.raises(openai.AuthenticationError, match="expired") as caught:
            client.chat.completions.create(**CHAT)
        seen = [each["request_id"] for each in bedrock.requests()]
        assert caught.value.request_id == seen[1]
        assert len(seen) == 2
        # The same keys again: they are not asked for, and not sent twice, for every call.
        bedrock.fault("expired_token", count=3)
        for _ in range(3):
            with pytest.raises(openai.AuthenticationError):
                client.chat.completions.create(**CHAT)
        assert statuses(bedrock) == [401] * 5
        # It was a passing refusal.
        assert client.chat.completions.create(**CHAT).usage
    assert source.calls <= 3
    assert counted() == (5, 6, 5)


def test_another_calls_newer_credentials_are_left_alone(bedrock: Emulator) -> None:
    source = Source()
    with wrapped(bedrock, source) as client:
        client.chat.completions.create(**CHAT)
        bedrock.fault("expired_token", access_key_id=FIRST, count=1000, delay_s=0.3)
        source.key = SECOND
        threads = [
            threading.Thread(target=client.chat.completions.create, kwargs=CHAT) for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert source.calls == 2
    assert [each["access_key_id"] for each in bedrock.usage()] == [FIRST] + [SECOND] * 8


@pytest.mark.parametrize("status", [401, 403])
def test_a_missing_permission_is_passed_on(bedrock: Emulator, status: int) -> None:
    source = Source()
    message = "User: arn:x is not authorized to perform: bedrock-mantle:CreateInference"
    bedrock.fault("status", status=status, code="access_denied", message=message)
    with (
        wrapped(bedrock, source) as client,
        pytest.raises(openai.APIStatusError, match="not authorized"),
    ):
        client.chat.completions.create(**CHAT)
    assert statuses(bedrock) == [status]
    assert source.calls == 1


def test_without_authorization_of_ours_nothing_is_sent_twice(recorder: Recorder) -> None:
    recorder.answer = refuse
    with costmark.wrap(plain(recorder, max_retries=0), unattributed="allow") as client:
        for call in (client.chat.completions.create, client.with_options().chat.completions.create):
            with pytest.raises(openai.AuthenticationError):
                call(**CHAT)
    assert len(recorder.requests) == 2


def refuse(handler: Any, _: Received, **headers: str) -> None:
    error = {
        "code": "invalid_api_key",
        "type": "permission_denied_error",
        "message": "The security token included in the request is expired",
        "param": None,
    }
    answer_json(handler, {"error": error}, 401, **headers)


def test_what_is_sent_again_is_the_same_request(recorder: Recorder) -> None:
    refusals = iter([refuse])
    recorder.answer = lambda handler, request: next(refusals, answer)(handler, request)

    def answer(handler: Any, _: Received) -> None:
        answer_json(handler, CHAT_ANSWER)

    source = Source(then=SECOND)
    with wrapped(recorder, source) as client, costmark.project("proj_a"):
        client.chat.completions.create(**CHAT, extra_headers={"X-Mine": "yes"})
    first, second = recorder.requests
    changing = {"authorization", "x-amz-date"}
    assert first.body == second.body
    assert first.json()["project_id"] == "proj_a"
    assert [each for each in first.headers if each[0].lower() not in changing] == [
        each for each in second.headers if each[0].lower() not in changing
    ]


def test_keys_that_were_refused_are_not_sent_again(bedrock: Emulator) -> None:
    source = Source()
    with wrapped(bedrock, source) as client:
        bedrock.fault("expired_token", count=2)
        with pytest.raises(openai.AuthenticationError, match="expired"):
            client.chat.completions.create(**CHAT)
    assert statuses(bedrock) == [401]
    assert source.calls == 2
    assert counted() == (1, 1, 1)


# --- Refusals of every shape ----------------------------------------------------------------------


def test_refusals_that_are_compressed(recorder: Recorder) -> None:
    def compressed(handler: Any, _: Received) -> None:
        message = "The security token included in the request is invalid."
        data = gzip.compress(json.dumps({"message": message}).encode())
        handler.send_response(403)
        handler.send_header("content-type", "application/json")
        handler.send_header("content-encoding", "gzip")
        handler.send_header("content-length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)

    recorder.answer = compressed
    source = Source(then=SECOND)
    with wrapped(recorder, source) as client, pytest.raises(openai.PermissionDeniedError) as got:
        client.chat.completions.create(**CHAT)
    assert "is invalid" in got.value.response.text
    assert len(recorder.requests) == 2


def test_refusals_told_by_a_header(recorder: Recorder) -> None:
    def empty(handler: Any, _: Received) -> None:
        answer_json(handler, {}, 403, x_amzn_errortype="ExpiredTokenException:http://x/")

    recorder.answer = empty
    source = Source(then=SECOND)
    with wrapped(recorder, source) as client, pytest.raises(openai.PermissionDeniedError):
        client.chat.completions.create(**CHAT)
    assert len(recorder.requests) == 2


async def test_long_refusals_are_passed_on(recorder: Recorder) -> None:
    text = "x" * 1_000_000

    def long(handler: Any, _: Received) -> None:
        answer_json(handler, {"message": text}, 401, x_amzn_errortype="ExpiredTokenException")

    recorder.answer = long
    with wrapped(recorder, Source()) as client, pytest.raises(openai.AuthenticationError) as got:
        client.chat.completions.create(**CHAT)
    assert got.value.response.json()["message"] == text
    async with wrapped_async(recorder, Source()) as client_:
        with pytest.raises(openai.AuthenticationError) as got:
            await client_.chat.completions.create(**CHAT)
    assert got.value.response.json()["message"] == text
    assert len(recorder.requests) == 2


async def test_refusals_that_break_off_fail_as_they_did(recorder: Recorder) -> None:
    def broken(handler: Any, _: Received) -> None:
        handler.send_response(401)
        handler.send_header("content-type", "application/json")
        handler.send_header("content-length", "1000")
        handler.end_headers()
        handler.wfile.write(b'{"message":')
        handler.close_connection = True

    recorder.answer = broken
    failures = []
    for client in (plain(recorder, max_retries=0), wrapped(recorder, Source())):
        with client, pytest.raises(openai.OpenAIError) as got:
            client.chat.completions.create(**CHAT)
        failures.append(type(got.value))
    async with wrapped_async(recorder, Source()) as client_:
        with pytest.raises(openai.OpenAIError) as got:
            await client_.chat.completions.create(**CHAT)
        failures.append(type(got.value))
    assert len(set(failures)) == 1
    assert len(recorder.requests) == 3


# --- Bodies that cannot be sent again -------------------------------------------------------------


class Tokens:
    """A bearer token callback that keeps its token."""

    def __init__(self) -> None:
        self.number = 1
        self.refused: list[str] = []

    def __call__(self) -> str:
        return f"token-{self.number}"

    def invalidate(self, token: str) -> None:
        self.refused.append(token)
        self.number += 1


def token_client(recorder: Recorder, tokens: Callable[[], str]) -> Any:
    options = option_texts(
        {"auth": "bearer", "base_url": recorder.base_url, "unattributed": "allow"}
    )
    return attach(httpx.Client(), CoreClient(options, bearer_token=tokens))


def test_streamed_bodies_are_not_sent_again(recorder: Recorder) -> None:
    recorder.answer = refuse
    tokens = Tokens()
    with token_client(recorder, tokens) as client:
        url = f"{recorder.base_url}/files"
        headers = {"content-type": "application/octet-stream"}
        answer = client.post(url, content=iter([b"a", b"b"]), headers=headers)
        assert answer.status_code == 401
        assert [each.body for each in recorder.requests] == [b"ab"]
        assert tokens.refused == ["token-1"]  # the next request has another
        client.post(url, content=b"ab", headers=headers)
    sent = [each.header("authorization") for each in recorder.requests]
    assert sent == ["Bearer token-1", "Bearer token-2", "Bearer token-3"]


async def test_transports_for_tests_whose_answers_are_there_at_once() -> None:
    seen: list[str] = []

    def answer(request: Any) -> Any:
        seen.append(request.headers["authorization"])
        code = "ExpiredTokenException" if len(seen) % 2 else ""
        return httpx.Response(403 if code else 200, headers={"x-amzn-errortype": code}, json={})

    url = "https://bedrock-mantle.us-east-1.api.aws/v1/models"
    engine = CoreClient({}, bearer_token=Tokens())
    transport = httpx.MockTransport(answer)
    with attach(httpx.Client(transport=transport), engine) as client:
        assert client.get(url).status_code == 200
    async with attach(httpx.AsyncClient(transport=transport), engine) as async_client:
        assert (await async_client.get(url)).status_code == 200
    assert [each[-1] for each in seen] == ["1", "2", "2", "3"]


def test_a_token_that_comes_back_is_not_sent_again(recorder: Recorder) -> None:
    recorder.answer = refuse
    with token_client(recorder, lambda: "always-the-same") as client:
        answer = client.post(f"{recorder.base_url}/files", content=b"{}")
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "invalid_api_key"
    assert len(recorder.requests) == 1


def test_a_refused_minted_token_is_minted_anew(bedrock: Emulator) -> None:
    source = Source()
    provider = costmark.token_provider(REGION, credentials=source)
    options: dict[str, Any] = {
        "auth": "bearer",
        "unattributed": "allow",
        "bearer_token": provider,
    }
    with costmark.wrap(plain(bedrock, max_retries=0), **options) as client:
        client.chat.completions.create(**CHAT)
        bedrock.fault("expired_token", access_key_id=FIRST, count=1000)
        source.key = SECOND
        client.chat.completions.create(**CHAT)
    assert [each["access_key_id"] for each in bedrock.usage()] == [FIRST, SECOND]
    assert source.calls == 2


# --- The clock ------------------------------------------------------------------------------------


@pytest.mark.parametrize("offset", [600, -600])
def test_a_clock_ten_minutes_off_costs_one_refusal(
    offset: int, caplog: pytest.LogCaptureFixture
) -> None:
    with run_emulator("--clock-offset-s", str(offset)) as emulator:
        source = Source()
        with wrapped(emulator, source) as client, caplog.at_level(logging.WARNING, "costmark"):
            for _ in range(3):
                assert client.chat.completions.create(**CHAT).usage
        assert statuses(emulator) == [401, 200, 200, 200]
        assert source.calls == 1
    (line,) = [each.message for each in caplog.records if "clock" in each.message]
    assert ("behind" if offset > 0 else "ahead") in line
    assert counted() == (3, 4, 1)


async def test_asynchronous_clients_learn_the_clock_too() -> None:
    with run_emulator("--clock-offset-s", "600") as emulator:
        async with wrapped_async(emulator, Source()) as client:
            await client.chat.completions.create(**CHAT)
            await client.chat.completions.create(**CHAT)
        assert statuses(emulator) == [401, 200, 200]


def test_a_clock_that_is_set_right_is_noticed(recorder: Recorder) -> None:
    offset = 600.0

    def verify(handler: Any, request: Received) -> None:
        now = time.time() + offset
        date = {"Date": formatdate(now, usegmt=True)}
        handler.date_time_string = lambda *_: date["Date"]
        signed_at = request.header("x-amz-date") or ""
        if abs(time.mktime(time.strptime(signed_at, "%Y%m%dT%H%M%SZ")) - time.timezone - now) < 300:
            answer_json(handler, CHAT_ANSWER)
        else:
            message = f"Signature expired: {signed_at} is now earlier than {now}"
            answer_json(handler, {"message": message}, 403)

    recorder.answer = verify
    with wrapped(recorder, Source()) as client:
        client.chat.completions.create(**CHAT)
        offset = 0.0
        client.chat.completions.create(**CHAT)
        client.chat.completions.create(**CHAT)
    assert len(recorder.requests) == 5


# --- Faults of the source -------------------------------------------------------------------------


def test_a_source_that_fails_after_a_refusal(
    bedrock: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    source = Source()
    with wrapped(bedrock, source) as client, caplog.at_level(logging.WARNING, "costmark"):
        client.chat.completions.create(**CHAT)
        source.error = RuntimeError("the vault is sealed")
        bedrock.fault("expired_token", count=1)
        with pytest.raises(openai.AuthenticationError, match="expired"):
            client.chat.completions.create(**CHAT)
        source.error = None
        assert client.chat.completions.create(**CHAT).usage
    assert "the credentials callback raised RuntimeError" in caplog.text
    assert SECRET_ACCESS_KEY not in caplog.text


# --- Threads and forks ----------------------------------------------------------------------------


@pytest.mark.timeout(600)
def test_sixty_four_threads_while_credentials_end_every_second(
    request: pytest.FixtureRequest, bedrock: Emulator
) -> None:
    duration = request.config.getoption("--expiry-seconds")
    lock = threading.Lock()
    calls, inside, most_inside = 0, 0, 0

    def issue() -> costmark.Credentials:
        nonlocal calls, inside, most_inside
        with lock:
            calls, inside = calls + 1, inside + 1
            most_inside = max(most_inside, inside)
        end = 0
        while end <= time.time():  # it may have come too late
            issued = bedrock.fetch("/_emulator/credentials?life_s=1")
            end = int(end_of(issued))
        with lock:
            inside -= 1
        return costmark.Credentials(
            issued["AccessKeyId"], issued["SecretAccessKey"], issued["Token"], expires_at=end
        )

    failures: list[BaseException] = []
    succeeded = [0] * 64
    bedrock.fetch("/_emulator/authorizations", method="DELETE")
    client = wrapped(bedrock, issue)
    start = time.monotonic()
    stop = start + duration

    def work(number: int) -> None:
        try:
            while not succeeded[number] or time.monotonic() < stop:
                client.chat.completions.create(**CHAT)
                succeeded[number] += 1
        except BaseException as error:  # noqa: BLE001 - any of them is a failure
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    client.close()
    authorizations = bedrock.fetch("/_emulator/authorizations")
    assert not failures, failures[0]
    assert authorizations["refused"] == {}
    assert authorizations["accepted"] == {"sigv4": sum(succeeded)}
    assert most_inside == 1
    assert duration / 2 <= calls <= time.monotonic() - start + 2, calls
    assert counted()[:2] == (sum(succeeded), sum(succeeded))


def end_of(issued: dict[str, Any]) -> float:
    from datetime import datetime

    return datetime.fromisoformat(issued["Expiration"].replace("Z", "+00:00")).timestamp()


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_during_a_refresh_leaves_the_child_a_working_client(bedrock: Emulator) -> None:
    parent = os.getpid()
    entered, release = threading.Event(), threading.Event()

    def ask() -> costmark.Credentials:
        if os.getpid() == parent:
            entered.set()
            release.wait(30)
        return costmark.Credentials(FIRST, SECRETS[FIRST])

    with wrapped(bedrock, ask) as client:
        threads = [
            threading.Thread(target=client.chat.completions.create, kwargs=CHAT) for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        assert entered.wait(10)
        time.sleep(0.1)  # time for the others to queue up
        child = os.fork()
        if child == 0:
            good = False
            try:
                good = client.chat.completions.create(**CHAT, timeout=10).usage is not None
            finally:
                os._exit(0 if good else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        release.set()
        for thread in threads:
            thread.join()
    assert len(bedrock.usage()) == 5


# --- The Messages API -----------------------------------------------------------------------------


def test_the_anthropic_sdk(bedrock: Emulator) -> None:
    anthropic = pytest.importorskip("anthropic")
    source = Source()
    client = anthropic.Anthropic(
        base_url=f"{bedrock.url}/anthropic", api_key="placeholder", max_retries=0
    )
    options: dict[str, Any] = {**SIGNED, "credentials": source}
    ask: dict[str, Any] = {
        "model": "anthropic.claude-opus-4-8",
        "max_tokens": 16,
        "messages": MESSAGES,
    }
    with costmark.wrap(client, **options) as used:
        used.messages.create(**ask)
        bedrock.fault("expired_token", access_key_id=FIRST, count=1000)
        source.key = SECOND
        used.messages.create(**ask)
    assert statuses(bedrock) == [200, 401, 200]
    for each in bedrock.requests():
        assert "placeholder" not in json.dumps(each["headers"])
