"""aiobotocore's clients, and aioboto3's, whose botocore may be older than the projects."""

from __future__ import annotations

import asyncio
import gc
import json
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("aiobotocore")

from aiobotocore.config import AioConfig  # type: ignore[import-not-found,unused-ignore]
from aiobotocore.session import get_session  # type: ignore[import-not-found,unused-ignore]

import costmark
from botocore_clients.support import ASKED, INVOKED, KEYS, NOVA, OTHER, PROJECT
from costmark import ledger
from harness import REGION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from harness import Emulator


@pytest.fixture(autouse=True)
def _unpatched() -> Iterator[None]:
    yield
    costmark.unpatch()


def made(url: str, attempts: int = 1, **config: Any) -> Any:
    retries = {"total_max_attempts": attempts, "mode": "standard"}
    return get_session().create_client(
        "bedrock-runtime",
        region_name=REGION,
        endpoint_url=url,
        config=AioConfig(retries=retries, **config),
        **KEYS,
    )


async def converse(runtime: Any) -> Any:
    return await runtime.converse(**ASKED)


async def converse_stream(runtime: Any) -> Any:
    return [each async for each in (await runtime.converse_stream(**ASKED))["stream"]]


async def invoke(runtime: Any) -> Any:
    return json.loads(await (await runtime.invoke_model(**INVOKED))["body"].read())


async def invoke_stream(runtime: Any) -> Any:
    answer = await runtime.invoke_model_with_response_stream(**INVOKED)
    return [each async for each in answer["body"]]


CALLS = [converse, converse_stream, invoke, invoke_stream]
each_call = pytest.mark.parametrize("call", CALLS)


def counted() -> list[tuple[str, int, int]]:
    return [(name, u.input_tokens, u.output_tokens) for name, u in costmark.usage().items()]


def billed(bedrock: Emulator) -> list[tuple[str, int, int]]:
    return [(r["project"], r["input_tokens"], r["output_tokens"]) for r in bedrock.usage()]


@each_call
async def test_calls_are_attributed_and_counted(
    call: Callable[..., Any], bedrock: Emulator, tmp_path: Path
) -> None:
    async with made(bedrock.url) as runtime:
        costmark.wrap(runtime, project=PROJECT, ledger=tmp_path / "rows")
        result = await call(runtime)
    assert counted() == billed(bedrock)
    assert counted()[0][0] == PROJECT
    (row,) = [row for row in ledger.read(tmp_path / "rows") if row["kind"] == "attempt"]
    assert (row["outcome"], row["model"]) == ("ok", NOVA)
    async with made(bedrock.url) as plain:
        other = await call(plain)
    assert result == other or call is converse


@each_call
async def test_patch_covers_new_clients_once(call: Callable[..., Any], bedrock: Emulator) -> None:
    costmark.patch([bedrock.url.removeprefix("http://")], project=PROJECT)
    async with made(bedrock.url) as runtime:
        await call(runtime)
    assert counted() == billed(bedrock)
    assert costmark.usage()[PROJECT].attempts == 1
    assert bedrock.usage()[0]["signed_by"] == "sigv4"


async def test_a_call_belongs_to_the_scope_it_is_made_in(bedrock: Emulator) -> None:
    async with made(bedrock.url) as runtime:
        costmark.wrap(runtime, project=PROJECT)
        with costmark.project(OTHER):
            made_inside = converse(runtime), asyncio.ensure_future(invoke(runtime))
            later = runtime.converse(**ASKED)
        await asyncio.gather(*made_inside)
        await later
    # The first one is a coroutine of the test's own, which calls when it is awaited.
    assert sorted(each[0] for each in billed(bedrock)) == [PROJECT, OTHER, OTHER]


@each_call
async def test_without_a_project_nothing_is_sent(
    call: Callable[..., Any], bedrock: Emulator
) -> None:
    async with made(bedrock.url) as runtime:
        costmark.wrap(runtime, unattributed="refuse")
        with pytest.raises(costmark.AttributionError, match="no project is named"):
            await call(runtime)
    assert bedrock.requests() == []


@each_call
async def test_attempts_are_of_one_operation(call: Callable[..., Any], bedrock: Emulator) -> None:
    bedrock.fault("status", status=503)
    async with made(bedrock.url, attempts=3) as runtime:
        costmark.wrap(runtime, project=PROJECT)
        await call(runtime)
    usage = costmark.usage()[PROJECT]
    assert (usage.operations, usage.attempts, usage.failed_attempts) == (1, 2, 1)


async def test_tasks_share_a_client(bedrock: Emulator) -> None:
    async def work(runtime: Any, number: int) -> None:
        with costmark.project(PROJECT if number % 2 else OTHER):
            for call in CALLS:
                await call(runtime)

    async with made(bedrock.url) as runtime:
        costmark.wrap(runtime)
        await asyncio.gather(*(work(runtime, number) for number in range(8)))
    for project in (PROJECT, OTHER):
        records = [each for each in billed(bedrock) if each[0] == project]
        assert costmark.usage()[project].operations == len(records) == 16
        assert costmark.usage()[project].output_tokens == sum(each[2] for each in records)


async def test_a_reader_who_stops(bedrock: Emulator, tmp_path: Path) -> None:
    bedrock.fault("slow", delay_s=0.05)
    async with made(bedrock.url) as runtime:
        costmark.wrap(runtime, project=PROJECT, ledger=tmp_path / "rows")
        stream = (await runtime.converse_stream(**ASKED))["stream"]
        async for _ in stream:
            break
        stream.close()
        del stream
        gc.collect()
    rows = [row for row in ledger.read(tmp_path / "rows") if row["kind"] == "attempt"]
    assert [row["outcome"] for row in rows] == ["cancelled"]


async def test_a_task_that_is_cancelled(bedrock: Emulator) -> None:
    bedrock.fault("slow", delay_s=5)
    async with made(bedrock.url) as runtime:
        costmark.wrap(runtime, project=PROJECT)
        task = asyncio.ensure_future(converse(runtime))
        await asyncio.sleep(0.2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        del task
        gc.collect()
        await converse(runtime)
    usage = costmark.usage()[PROJECT]
    assert (usage.operations, usage.attempts, usage.failed_attempts) == (2, 2, 0)


async def cancelled(call: Any) -> None:
    """Await a call in this task, and be cancelled meanwhile."""
    task: Any = asyncio.current_task()
    asyncio.get_running_loop().call_later(0.3, task.cancel)
    with pytest.raises(asyncio.CancelledError):
        await call
    getattr(task, "uncancel", int)()  # since Python 3.11


async def test_what_is_sent_after_a_cancelled_call_is_covered(bedrock: Emulator) -> None:
    import aiohttp  # which aiobotocore sends with

    costmark.patch([bedrock.url.removeprefix("http://")], project=PROJECT)
    bedrock.fault("slow", delay_s=5)
    async with made(bedrock.url) as runtime:
        await cancelled(converse(runtime))
    gc.collect()
    sent = bedrock.requests()[-1]
    async with aiohttp.ClientSession() as session:
        await session.post(bedrock.url + sent["path"], data=sent["body"].encode())
    assert costmark.usage()[PROJECT].attempts == 2


async def test_sessions_of_aioboto3(bedrock: Emulator) -> None:
    aioboto3 = pytest.importorskip("aioboto3")
    costmark.patch([bedrock.url.removeprefix("http://")], project=PROJECT)
    session = aioboto3.Session(region_name=REGION, **KEYS)
    async with session.client("bedrock-runtime", endpoint_url=bedrock.url) as runtime:
        for call in CALLS:
            await call(runtime)
    assert [each[0] for each in billed(bedrock)] == [PROJECT] * 4
    assert costmark.usage()[PROJECT].operations == 4
