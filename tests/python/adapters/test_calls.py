"""Every way of calling, against the emulator: signed, attributed, counted to the token."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

import openai
import pydantic

import costmark
from adapters.clients import httpx, plain, signed, signed_async
from harness import MESSAGES, MODEL, Emulator

if TYPE_CHECKING:
    import pytest


def assert_sides_agree(bedrock: Emulator) -> None:
    """What was counted here is what the server recorded, project by project."""
    server: dict[str, Counter[str]] = {}
    for record in bedrock.usage():
        sums = server.setdefault(record["project"], Counter())
        sums["operations"] += 1
        for name in ("input", "cached_input", "cache_write", "output", "reasoning"):
            sums[f"{name}_tokens"] += record[f"{name}_tokens"]
    client = {
        project: Counter({name: getattr(used, name) for name in server.get(project, Counter())})
        for project, used in costmark.usage().items()
    }
    assert client == server
    assert server


class Size(pydantic.BaseModel):
    size: int


def all_sync_calls(client: openai.OpenAI) -> int:
    chat, responses = client.chat.completions, client.responses
    answer = chat.create(model=MODEL, messages=MESSAGES)
    assert answer.choices[0].message.content
    chat.parse(model=MODEL, messages=MESSAGES, response_format=Size)
    for _ in chat.create(model=MODEL, messages=MESSAGES, stream=True):
        pass
    with chat.create(
        model=MODEL, messages=MESSAGES, stream=True, stream_options={"include_usage": True}
    ) as chunks:
        assert [c.usage for c in chunks if not c.choices][-1]
    with chat.stream(model=MODEL, messages=MESSAGES) as events:
        assert events.get_final_completion().choices[0].message.content
    raw = chat.with_raw_response.create(model=MODEL, messages=MESSAGES)
    assert raw.headers["content-type"].startswith("application/json")
    assert raw.parse().usage
    with chat.with_streaming_response.create(model=MODEL, messages=MESSAGES) as streamed:
        assert streamed.parse().usage
    with client.with_streaming_response.chat.completions.create(
        model=MODEL, messages=MESSAGES, stream=True
    ) as streamed:
        assert [line for line in streamed.iter_lines() if line][-1] == "data: [DONE]"
    assert responses.create(model=MODEL, input="Hello").usage
    responses.parse(model=MODEL, input="Hello", text_format=Size)
    assert list(responses.create(model=MODEL, input="Hello", stream=True))
    with responses.stream(model=MODEL, input="Hello") as response_events:
        assert response_events.get_final_response().usage
    responses.with_raw_response.create(model=MODEL, input="Hello").parse()
    with responses.with_streaming_response.create(model=MODEL, input="Hello") as streamed:
        streamed.read()
    return 14


async def all_async_calls(client: openai.AsyncOpenAI) -> int:
    chat, responses = client.chat.completions, client.responses
    await chat.create(model=MODEL, messages=MESSAGES)
    await chat.parse(model=MODEL, messages=MESSAGES, response_format=Size)
    async for _ in await chat.create(model=MODEL, messages=MESSAGES, stream=True):
        pass
    async with chat.stream(model=MODEL, messages=MESSAGES) as events:
        await events.get_final_completion()
    (await chat.with_raw_response.create(model=MODEL, messages=MESSAGES)).parse()
    async with chat.with_streaming_response.create(model=MODEL, messages=MESSAGES) as streamed:
        await streamed.read()
    assert (await responses.create(model=MODEL, input="Hello")).usage
    await responses.parse(model=MODEL, input="Hello", text_format=Size)
    async for _ in await responses.create(model=MODEL, input="Hello", stream=True):
        pass
    async with responses.stream(model=MODEL, input="Hello") as response_events:
        await response_events.get_final_response()
    (await client.with_raw_response.responses.create(model=MODEL, input="Hello")).parse()
    return 11


def test_synchronous(bedrock: Emulator, project_a: str, project_b: str) -> None:
    with signed(bedrock, project_b) as client:
        number = all_sync_calls(client)
        with costmark.project(project_a):
            all_sync_calls(client)
    assert_sides_agree(bedrock)
    used = costmark.usage()
    assert {project: sums.operations for project, sums in used.items()} == {
        project_a: number,
        project_b: number,
    }
    assert {record["signed_by"] for record in bedrock.usage()} == {"sigv4"}
    assert all(sums.attempts == sums.operations for sums in used.values())


async def test_asynchronous(bedrock: Emulator, project_a: str, project_b: str) -> None:
    async with signed_async(bedrock, project_b) as client:
        number = await all_async_calls(client)
        with costmark.project(project_a):
            await all_async_calls(client)
    assert_sides_agree(bedrock)
    assert {project: sums.operations for project, sums in costmark.usage().items()} == {
        project_a: number,
        project_b: number,
    }


async def test_asynchronous_with_aiohttp(bedrock: Emulator, project_a: str) -> None:
    async with signed_async(
        bedrock, project_a, http_client=openai.DefaultAioHttpClient()
    ) as client:
        number = await all_async_calls(client)
    assert_sides_agree(bedrock)
    assert costmark.usage()[project_a].operations == number


def test_several_event_loops(bedrock: Emulator, project_a: str) -> None:
    async def one_call() -> None:
        async with signed_async(bedrock, project_a) as client:
            await client.responses.create(model=MODEL, input="Hello")

    for _ in range(3):
        asyncio.run(one_call())
    assert_sides_agree(bedrock)


def test_one_async_client_in_several_event_loops(bedrock: Emulator, project_a: str) -> None:
    # Kept connections belong to their loop, with or without us.
    http_client = openai.DefaultAsyncHttpxClient(limits=httpx.Limits(max_keepalive_connections=0))
    client = signed_async(bedrock, http_client=http_client)
    with costmark.project(project_a):
        calls = [client.responses.create(model=MODEL, input="Hello") for _ in range(3)]
    for call in calls:
        assert asyncio.run(call).usage  # type: ignore[arg-type]
    assert_sides_agree(bedrock)
    assert costmark.usage()[project_a].operations == 3


def test_calls_without_a_project_go_to_the_default_one(bedrock: Emulator) -> None:
    with signed(bedrock) as client:
        client.responses.create(model=MODEL, input="Hello")
    assert list(costmark.usage()) == ["default"]
    assert_sides_agree(bedrock)


def test_bearer_tokens(bedrock: Emulator, project_a: str) -> None:
    token = "bedrock-api-key-tests"
    from harness import run_emulator

    with run_emulator("--bearer-token", token) as other:
        asked = []

        def ask() -> str:
            asked.append(1)
            return token

        for options in ({"bearer_token": token}, {"bearer_token": ask}):
            with costmark.wrap(plain(other), auth="bearer", **options) as client:
                client.responses.create(model=MODEL, input="Hello")
        assert {record["signed_by"] for record in other.usage()} == {"bearer"}
        assert asked == [1]


def test_the_default_chain_reads_the_environment(
    bedrock: Emulator, project_a: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from harness import ACCESS_KEY_ID, SECRET_ACCESS_KEY

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY_ID)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("COSTMARK_AUTH", "sigv4")
    monkeypatch.setenv("COSTMARK_PROJECT", project_a)
    with costmark.wrap(plain(bedrock)) as client:
        client.responses.create(model=MODEL, input="Hello")
    assert_sides_agree(bedrock)
    assert list(costmark.usage()) == [project_a]


def test_other_resources_pass(bedrock: Emulator) -> None:
    with signed(bedrock) as client:
        assert client.models.list().data
        assert MODEL in {model.id for model in client.models.list()}
    assert costmark.usage() == {}


async def test_other_asynchronous_resources_pass(bedrock: Emulator) -> None:
    async with signed_async(bedrock) as client:
        assert (await client.models.list()).data
        assert MODEL in [model.id async for model in client.models.list()]
    assert costmark.usage() == {}
