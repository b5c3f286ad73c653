"""A call belongs to the scope in which it is made, wherever it is awaited or entered."""

from __future__ import annotations

import asyncio
import gc
import warnings
from typing import TYPE_CHECKING, Any

import pytest

import costmark
from adapters.clients import plain, plain_async
from harness import MESSAGES, MODEL, Recorder, answer_json

if TYPE_CHECKING:
    from collections.abc import Callable

    import openai

CHAT = {"model": MODEL, "messages": MESSAGES}


async def read(stream: Any) -> None:
    async for _ in stream:
        pass


async def awaited(call: Any) -> None:
    await call


async def entered(manager: Any) -> None:
    async with manager as value:
        if hasattr(value, "read"):
            await value.read()
        else:
            await read(value)


async def streamed(call: Any) -> None:
    await read(await call)


ASYNC_CALLS: dict[str, tuple[Callable[[openai.AsyncOpenAI], Any], Any]] = {
    "create": (lambda c: c.chat.completions.create(**CHAT), awaited),
    "parse": (lambda c: c.chat.completions.parse(**CHAT), awaited),
    "create stream": (lambda c: c.chat.completions.create(**CHAT, stream=True), streamed),
    "stream": (lambda c: c.chat.completions.stream(**CHAT), entered),
    "raw": (lambda c: c.chat.completions.with_raw_response.create(**CHAT), awaited),
    "raw of chat": (lambda c: c.chat.with_raw_response.completions.create(**CHAT), awaited),
    "raw of client": (lambda c: c.with_raw_response.chat.completions.create(**CHAT), awaited),
    "streaming": (lambda c: c.chat.completions.with_streaming_response.create(**CHAT), entered),
    "streaming of client": (
        lambda c: c.with_streaming_response.chat.completions.create(**CHAT),
        entered,
    ),
    "post": (lambda c: c.post("/chat/completions", cast_to=object, body=CHAT), awaited),
    "kept method": (lambda c: (lambda create: create(**CHAT))(c.chat.completions.create), awaited),
}


@pytest.mark.parametrize("name", ASYNC_CALLS)
async def test_awaited_outside(recorder: Recorder, name: str) -> None:
    call, finish = ASYNC_CALLS[name]
    async with costmark.wrap(plain_async(recorder), unattributed="allow") as client:
        with costmark.project("proj_a"):
            made_in_a = call(client)
        made_outside = call(client)
        await finish(made_in_a)
        with costmark.project("proj_b"):
            await finish(made_outside)
            assert costmark.current_project() == "proj_b"
    projects = [request.json().get("project_id") for request in recorder.requests]
    assert projects == ["proj_a", None]


SYNC_MANAGERS: dict[str, Callable[[openai.OpenAI], Any]] = {
    "stream": lambda c: c.chat.completions.stream(**CHAT),
    "streaming": lambda c: c.chat.completions.with_streaming_response.create(**CHAT),
    "streaming of client": lambda c: c.with_streaming_response.chat.completions.create(**CHAT),
}


@pytest.mark.parametrize("name", SYNC_MANAGERS)
def test_entered_outside(recorder: Recorder, name: str) -> None:
    make = SYNC_MANAGERS[name]
    with costmark.wrap(plain(recorder), unattributed="allow") as client:
        with costmark.project("proj_a"):
            made_in_a = make(client)
        made_outside = make(client)
        with made_in_a as value:
            value.read() if hasattr(value, "read") else list(value)
        with costmark.project("proj_b"), made_outside as value:
            value.read() if hasattr(value, "read") else list(value)
            assert costmark.current_project() == "proj_b"
    projects = [request.json().get("project_id") for request in recorder.requests]
    assert projects == ["proj_a", None]


async def test_gathered_later(recorder: Recorder) -> None:
    async with costmark.wrap(plain_async(recorder)) as client:
        calls = []
        for number in range(20):
            with costmark.project(f"proj_{number}"):
                message = [{"role": "user", "content": str(number)}]
                calls.append(client.chat.completions.create(model=MODEL, messages=message))
        await asyncio.gather(*calls)
    for request in recorder.requests:
        body = request.json()
        assert body["project_id"] == f"proj_{body['messages'][0]['content']}"


async def test_a_paginator_fetches_in_the_scope_of_the_call(recorder: Recorder) -> None:
    recorder.answer = lambda handler, _: answer_json(handler, {"object": "list", "data": []})
    async with costmark.wrap(plain_async(recorder), carrier="header") as client:
        with costmark.project("proj_a"):
            pages = client.models.list()
        await pages
    assert recorder.last.header("openai-project") == "proj_a"


async def test_resources_made_before_wrapping(recorder: Recorder) -> None:
    async with plain_async(recorder) as client:
        completions = client.chat.completions
        _ = completions.with_raw_response
        costmark.wrap(client)
        with costmark.project("proj_a"):
            calls = [completions.create(**CHAT), completions.with_raw_response.create(**CHAT)]
        for call in calls:
            await call
    assert [request.json()["project_id"] for request in recorder.requests] == ["proj_a"] * 2


async def test_classes_may_be_instrumented_later(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    from openai.resources.chat.completions import AsyncCompletions

    seen = []
    original = AsyncCompletions.create

    async def traced(self: Any, *args: Any, **kwargs: Any) -> Any:
        seen.append(kwargs["model"])
        return await original(self, *args, **kwargs)

    async with costmark.wrap(plain_async(recorder), project="proj_a") as client:
        await client.chat.completions.create(**CHAT)
        monkeypatch.setattr(AsyncCompletions, "create", traced)
        await client.chat.completions.create(**CHAT)
    assert seen == [MODEL]


async def test_other_clients_are_passed_by(recorder: Recorder) -> None:
    async with costmark.wrap(plain_async(recorder)) as wrapped, plain_async(recorder) as other:
        assert vars(wrapped.chat.completions).keys() > vars(other.chat.completions).keys()
        assert "create" not in vars(other.chat.completions)
        with costmark.project("proj_a"):
            await other.chat.completions.create(**CHAT)
            await other.chat.completions.with_raw_response.create(**CHAT)
    assert all("project_id" not in request.json() for request in recorder.requests)


async def test_arguments_are_checked_when_the_call_is_made(recorder: Recorder) -> None:
    async with costmark.wrap(plain_async(recorder)) as client:
        with pytest.raises(TypeError, match="messages"):
            client.chat.completions.create(model=MODEL)  # type: ignore[call-overload]


@pytest.mark.parametrize("name", ["create", "parse", "create stream", "raw", "post"])
async def test_calls_given_up_before_they_began_leave_no_noise(
    recorder: Recorder, name: str
) -> None:
    make = ASYNC_CALLS[name][0]
    async with costmark.wrap(plain_async(recorder)) as client:
        task = asyncio.create_task(make(client))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        del task
        make(client).close()
        gc.collect()
    assert not recorder.requests


@pytest.mark.parametrize("name", ["create", "post", "raw"])
async def test_calls_never_awaited_are_complained_about_once(recorder: Recorder, name: str) -> None:
    async with plain_async(recorder) as client, costmark.wrap(plain_async(recorder)) as wrapped:
        messages = []
        for each in (client, wrapped):
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                ASYNC_CALLS[name][0](each)
                gc.collect()
            messages.append([str(warning.message) for warning in caught])
        assert len(messages[0]) == 1
        assert messages[0] == messages[1]
