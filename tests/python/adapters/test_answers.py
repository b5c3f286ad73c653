"""Answers on their way to the caller: counted once, passed on as they came."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import gzip
import time
from typing import Any

import openai
import pytest

import costmark
from adapters.clients import httpx, plain, plain_async, signed
from harness import (
    CHAT_ANSWER,
    CHAT_STREAM,
    DONE,
    MESSAGES,
    MODEL,
    Emulator,
    Recorder,
    answer_json,
    answer_stream,
    chunk,
    default_answer,
)

CHAT: dict[str, Any] = {"model": MODEL, "messages": MESSAGES}


def counted() -> tuple[int, int, int, int, int]:
    """Operations, attempts, failed and incomplete ones, and tokens of proj_a."""
    used = costmark.usage()["proj_a"]
    return (
        used.operations,
        used.attempts,
        used.failed_attempts,
        used.incomplete_attempts,
        used.total_tokens,
    )


def wrapped(recorder: Recorder, **options: Any) -> openai.OpenAI:
    return costmark.wrap(plain(recorder, **options), project="proj_a")


def wrapped_async(recorder: Recorder, **options: Any) -> openai.AsyncOpenAI:
    return costmark.wrap(plain_async(recorder, **options), project="proj_a")


# --- The usage chunk ------------------------------------------------------------------------------


def raw_stream(client: openai.OpenAI, **arguments: Any) -> tuple[bytes, Any]:
    create = client.chat.completions.with_streaming_response.create
    with create(**CHAT, stream=True, **arguments) as response:
        return b"".join(response.iter_bytes()), response.headers


@pytest.mark.parametrize("split", [1, 2, 7, 4096])
def test_the_usage_chunk_is_asked_for_and_hidden(recorder: Recorder, split: int) -> None:
    whole = b"".join(CHAT_STREAM)
    pieces = [whole[i : i + split] for i in range(0, len(whole), split)]
    recorder.answer = lambda handler, _: answer_stream(handler, pieces)
    with wrapped(recorder) as client:
        passed_on, _ = raw_stream(client)
    assert recorder.last.json()["stream_options"] == {"include_usage": True}
    assert passed_on == b"".join(CHAT_STREAM[:3] + CHAT_STREAM[4:])
    assert counted() == (1, 1, 0, 0, 10)


def test_who_asks_for_the_usage_chunk_gets_it(recorder: Recorder) -> None:
    with wrapped(recorder) as client:
        passed_on, _ = raw_stream(client, stream_options={"include_usage": True})
    assert passed_on == b"".join(CHAT_STREAM)
    assert counted() == (1, 1, 0, 0, 10)


def test_usage_is_not_asked_for_when_told_not_to(recorder: Recorder) -> None:
    with costmark.wrap(plain(recorder), project="proj_a", stream_usage=False) as client:
        raw_stream(client)
    assert "stream_options" not in recorder.last.json()


@pytest.mark.parametrize("hidden", [True, False])
def test_encoded_streams(recorder: Recorder, hidden: bool) -> None:
    data = gzip.compress(b"".join(CHAT_STREAM))
    pieces = [data[i : i + 5] for i in range(0, len(data), 5)]
    recorder.answer = lambda handler, _: answer_stream(handler, pieces, content_encoding="gzip")
    options = {} if hidden else {"stream_options": {"include_usage": True}}
    with wrapped(recorder) as client:
        passed_on, headers = raw_stream(client, **options)
    assert passed_on == b"".join(CHAT_STREAM[:3] + CHAT_STREAM[4:] if hidden else CHAT_STREAM)
    assert headers.get("content-encoding") == (None if hidden else "gzip")
    assert counted() == (1, 1, 0, 0, 10)


def answer_gzip(handler: Any, _: Any) -> None:
    import json

    data = gzip.compress(json.dumps(CHAT_ANSWER).encode())
    handler.send_response(200)
    handler.send_header("content-type", "application/json")
    handler.send_header("content-encoding", "gzip")
    handler.send_header("content-length", str(len(data)))
    handler.end_headers()
    handler.wfile.write(data)


def test_encoded_answers(recorder: Recorder) -> None:
    recorder.answer = answer_gzip
    with wrapped(recorder) as client:
        assert client.chat.completions.create(**CHAT).usage
    assert counted() == (1, 1, 0, 0, 10)


async def test_encoded_answers_of_asynchronous_clients(recorder: Recorder) -> None:
    recorder.answer = answer_gzip
    async with wrapped_async(recorder) as client:
        assert (await client.chat.completions.create(**CHAT)).usage
    assert counted() == (1, 1, 0, 0, 10)


def test_a_broken_encoding_is_the_callers_to_see(recorder: Recorder) -> None:
    def broken(handler: Any, _: Any) -> None:
        answer_json(handler, CHAT_ANSWER, content_encoding="gzip")

    recorder.answer = broken
    with wrapped(recorder, max_retries=0) as client, pytest.raises(openai.APIConnectionError):
        client.chat.completions.create(**CHAT)
    assert counted() == (1, 1, 0, 1, 0)


def test_what_is_not_hidden_comes_byte_for_byte(recorder: Recorder) -> None:
    with plain(recorder) as client:
        before = client.chat.completions.with_raw_response.create(**CHAT)
    with wrapped(recorder) as client:
        after = client.chat.completions.with_raw_response.create(**CHAT)
    assert after.content == before.content
    ignored = ("date",)
    assert [h for h in before.headers.multi_items() if h[0] not in ignored] == [
        h for h in after.headers.multi_items() if h[0] not in ignored
    ]


# --- Retries --------------------------------------------------------------------------------------


def test_retries_are_attempts_of_one_operation(bedrock: Emulator, project_a: str) -> None:
    bedrock.fault("status", status=429, count=2, retry_after=0.01)
    with signed(bedrock, project_a) as client:
        client.chat.completions.create(**CHAT)
    used = costmark.usage()[project_a]
    assert (used.operations, used.attempts, used.failed_attempts) == (1, 3, 2)
    assert used.total_tokens == sum(r["input_tokens"] + r["output_tokens"] for r in bedrock.usage())
    sent = [r for r in bedrock.requests() if "chat" in r["path"]]
    assert [r["status"] for r in sent] == [429, 429, 200]


def test_every_attempt_is_signed_afresh(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("openai._constants.INITIAL_RETRY_DELAY", 0)

    def fail_twice(handler: Any, request: Any) -> None:
        if len(recorder.requests) < 3:
            answer_json(handler, {"error": {}}, 503, retry_after_ms="1100")
        else:
            default_answer(handler, request)

    recorder.answer = fail_twice
    credentials = costmark.Credentials("AK", "secret")
    with costmark.wrap(
        plain(recorder), project="proj_a", auth="sigv4", region="us-east-1", credentials=credentials
    ) as client:
        client.chat.completions.create(**CHAT)
    dates = [request.header("x-amz-date") for request in recorder.requests]
    assert len(set(dates)) == 3
    assert counted() == (1, 3, 2, 0, 10)


def test_lost_connections_are_failed_attempts(recorder: Recorder) -> None:
    def hang_up_first(handler: Any, request: Any) -> None:
        if len(recorder.requests) == 1:
            handler.connection.close()
            handler.close_connection = True
        else:
            default_answer(handler, request)

    recorder.answer = hang_up_first
    with wrapped(recorder) as client:
        client.chat.completions.create(**CHAT)
    assert counted() == (1, 2, 1, 0, 10)


def test_an_unreachable_server(recorder: Recorder) -> None:
    client = costmark.wrap(
        openai.OpenAI(base_url="http://127.0.0.1:1/v1", api_key="x", max_retries=1),
        project="proj_a",
    )
    with client, pytest.raises(openai.APIConnectionError):
        client.chat.completions.create(**CHAT)
    assert counted() == (1, 2, 2, 0, 0)


def test_error_answers_reach_the_caller_as_the_sdks(recorder: Recorder) -> None:
    recorder.answer = lambda handler, _: answer_json(handler, {"error": {"message": "no"}}, 404)
    with wrapped(recorder) as client, pytest.raises(openai.NotFoundError):
        client.chat.completions.create(**CHAT)
    assert counted() == (1, 1, 1, 0, 0)


# --- Streams that do not end well -----------------------------------------------------------------


def test_a_stream_that_breaks_off_is_incomplete(recorder: Recorder) -> None:
    recorder.answer = lambda handler, _: answer_stream(handler, CHAT_STREAM[:2], end=False)
    broken = (openai.APIConnectionError, httpx.RemoteProtocolError)
    with wrapped(recorder, max_retries=0) as client, pytest.raises(broken):
        list(client.chat.completions.create(**CHAT, stream=True))
    assert counted() == (1, 1, 0, 1, 0)


def test_what_was_held_back_is_passed_on_when_a_stream_breaks_off(recorder: Recorder) -> None:
    recorder.answer = lambda handler, _: answer_stream(
        handler, [CHAT_STREAM[0], CHAT_STREAM[1][:20]], end=False
    )
    passed_on = b""
    create = wrapped(recorder).chat.completions.with_streaming_response.create
    broken = contextlib.suppress(openai.APIConnectionError, httpx.RemoteProtocolError)
    with create(**CHAT, stream=True) as response, broken:
        for piece in response.iter_bytes():
            passed_on += piece
    assert passed_on == CHAT_STREAM[0] + CHAT_STREAM[1][:20]


def endless(handler: Any, _: Any) -> None:
    try:
        answer_stream(handler, [chunk("word")] * 50, end=False)
        handler.connection.recv(1)  # until the caller hangs up
    finally:
        handler.close_connection = True


def test_a_stream_that_the_caller_leaves_is_counted_once(recorder: Recorder) -> None:
    recorder.answer = endless
    with wrapped(recorder) as client:
        with client.chat.completions.create(**CHAT, stream=True) as stream:
            next(iter(stream))
        stream = client.chat.completions.create(**CHAT, stream=True)
        next(iter(stream))
        stream.close()
        del stream
        gc.collect()
    assert counted() == (2, 2, 0, 2, 0)


@pytest.mark.parametrize("pause", [0, 10])
async def test_a_cancelled_task(recorder: Recorder, pause: float) -> None:
    recorder.answer = endless
    async with wrapped_async(recorder) as client:

        async def read() -> None:
            async with await client.chat.completions.create(**CHAT, stream=True) as stream:
                async for _ in stream:
                    await asyncio.sleep(pause)

        task = asyncio.create_task(read())
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert counted() == (1, 1, 0, 1, 0)


async def test_a_task_cancelled_before_the_answer(recorder: Recorder) -> None:
    recorder.answer = lambda handler, request: time.sleep(0.5)
    async with wrapped_async(recorder) as client:
        task = asyncio.create_task(client.chat.completions.create(**CHAT))  # type: ignore[arg-type]
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert counted() == (1, 1, 0, 1, 0)


def test_timeouts(recorder: Recorder) -> None:
    recorder.answer = lambda handler, request: time.sleep(0.5)
    client = wrapped(recorder, timeout=0.1, max_retries=0)
    with client, pytest.raises(openai.APITimeoutError):
        client.chat.completions.create(**CHAT)
    assert counted() == (1, 1, 1, 0, 0)


def test_timeouts_within_a_stream(recorder: Recorder) -> None:
    recorder.answer = endless
    client = wrapped(recorder, timeout=0.1, max_retries=0)
    with client, pytest.raises((openai.APITimeoutError, httpx.ReadTimeout)):
        list(client.chat.completions.create(**CHAT, stream=True))
    assert counted() == (1, 1, 0, 1, 0)


def test_a_stream_closed_after_its_last_event_is_complete(recorder: Recorder) -> None:
    def slow_end(handler: Any, _: Any) -> None:
        answer_stream(handler, [*CHAT_STREAM[:4], DONE], end=False)
        time.sleep(0.3)
        with contextlib.suppress(OSError):  # newer SDKs have hung up
            handler.wfile.write(b"0\r\n\r\n")

    recorder.answer = slow_end
    with wrapped(recorder) as client:
        assert list(client.chat.completions.create(**CHAT, stream=True))
    assert counted() == (1, 1, 0, 0, 10)
