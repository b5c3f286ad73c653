"""Calls that are cancelled, one at each place where they wait: the ledger has what the server saw.

Afterwards no connection is in use, no task runs, nothing was raised where no one looks, and the
client makes its next call. What was handed to the HTTP library and never arrived has a row without
a status: `cancelled`, and no tokens. What had not come so far has none.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import threading
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Generator
from pathlib import Path
from typing import Any, NamedTuple

import anyio
import pytest

import costmark
from adapters.clients import MAJOR, httpx, plain_async
from costmark import ledger
from harness import (
    ACCESS_KEY_ID,
    MESSAGES,
    MODEL,
    REGION,
    SECRET_ACCESS_KEY,
    Emulator,
    Recorder,
    run_emulator,
)

anthropic = pytest.importorskip("anthropic")

PROJECT = "proj_cancelled"
KEY = "ABSKEXAMPLE"
CHAT: dict[str, Any] = {"model": MODEL, "messages": MESSAGES}
STREAM: dict[str, Any] = {**CHAT, "stream": True}
MESSAGE: dict[str, Any] = {
    "model": "anthropic.claude-opus-4-8",
    "max_tokens": 20,
    "messages": MESSAGES,
}
SECOND = costmark.Credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")

Headers = dict[str, str]


# --- Clients --------------------------------------------------------------------------------------


def openai_client(server: Emulator, **options: Any) -> Any:
    return costmark.wrap(plain_async(server, api_key=KEY, max_retries=1), **options)


def anthropic_client(server: Emulator, **options: Any) -> Any:
    base_url = f"{server.url}/anthropic"
    client = anthropic.AsyncAnthropic(base_url=base_url, api_key=KEY, max_retries=1)
    return costmark.wrap(client, **options)


def httpx_client(server: Emulator, **options: Any) -> Any:
    client = httpx.AsyncClient(headers={"authorization": f"Bearer {KEY}"}, base_url=server.url)
    return costmark.wrap(client, **options)


def aiohttp_client(server: Emulator, **options: Any) -> Any:
    costmark.patch(hosts=[server.url.removeprefix("http://")], **options)
    aiohttp = pytest.importorskip("aiohttp")
    return aiohttp.ClientSession(server.url, headers={"authorization": f"Bearer {KEY}"})


async def ask_openai(client: Any, headers: Headers) -> None:
    await client.chat.completions.create(**CHAT, extra_headers=headers)


async def stream_openai(client: Any, headers: Headers) -> None:
    async with await client.chat.completions.create(**STREAM, extra_headers=headers) as stream:
        async for _ in stream:
            pass


async def ask_anthropic(client: Any, headers: Headers) -> None:
    await client.messages.create(**MESSAGE, extra_headers=headers)


async def stream_anthropic(client: Any, headers: Headers) -> None:
    async with client.messages.stream(**MESSAGE, extra_headers=headers) as stream:
        async for _ in stream:
            pass


async def ask_httpx(client: Any, headers: Headers) -> None:
    answer = await client.post("/v1/chat/completions", json=CHAT, headers=headers)
    answer.raise_for_status()


async def stream_httpx(client: Any, headers: Headers) -> None:
    path = "/v1/chat/completions"
    async with client.stream("POST", path, json=STREAM, headers=headers) as answer:
        async for _ in answer.aiter_bytes():
            pass


async def ask_aiohttp(client: Any, headers: Headers) -> None:
    path = "/v1/chat/completions"
    async with client.post(path, json=STREAM, headers=headers) as answer:
        answer.raise_for_status()
        await answer.read()


class Way(NamedTuple):
    make: Callable[..., Any]
    call: Callable[[Any, Headers], Awaitable[None]]


WAYS = {
    "openai": Way(openai_client, ask_openai),
    "openai stream": Way(openai_client, stream_openai),
    "anthropic": Way(anthropic_client, ask_anthropic),
    "anthropic stream": Way(anthropic_client, stream_anthropic),
    "httpx": Way(httpx_client, ask_httpx),
    "httpx stream": Way(httpx_client, stream_httpx),
    "aiohttp": Way(aiohttp_client, ask_aiohttp),
}


def in_use(client: Any) -> list[Any]:
    """The connections that a client has not got back."""
    if hasattr(client, "connector"):
        return list(client.connector._acquired)
    if MAJOR < 3:  # httpcore itself, before httpcore2, leaves some behind when it is cancelled
        return []
    pool = getattr(client, "_client", client)._transport._pool
    busy = [each for each in pool.connections if not (each.is_idle() or each.is_closed())]
    return busy + list(pool._requests)


async def close(client: Any) -> None:
    await (client.aclose() if hasattr(client, "aclose") else client.close())
    costmark.unpatch()


# --- What happens to a call -----------------------------------------------------------------------


class Keys:
    """Credentials that take their time; after the first ones, others."""

    def __init__(self) -> None:
        self.calls = 0

    async def __call__(self) -> costmark.Credentials:
        self.calls += 1
        await anyio.sleep(0.003)
        first = costmark.Credentials(ACCESS_KEY_ID, SECRET_ACCESS_KEY)
        return first if self.calls == 1 else SECOND


def options_of(situation: str, server: Emulator) -> dict[str, Any]:
    if situation in ("credentials", "refused"):
        return {
            "auth": "sigv4",
            "region": REGION,
            "base_url": server.url,
            "credentials": Keys(),
        }
    return {"auth": "none"}


def prepare(situation: str, server: Emulator) -> None:
    server.fetch("/_emulator/faults", method="DELETE")
    if situation == "slow":
        server.fault("slow", delay_s=0.003)
    elif situation == "retried":
        server.fault("status", status=503, retry_after=0.01)
    elif situation == "refused":
        server.fault("expired_token", access_key_id=ACCESS_KEY_ID, count=9)


# --- Cancelling -----------------------------------------------------------------------------------


class CancelledAt:
    """Awaits something, and has it cancelled where it waits for the time with that number."""

    def __init__(self, work: Awaitable[None], number: int, cancel: Callable[[Any], object]) -> None:
        self._work = work
        self._number = number
        self._cancel = cancel
        self.waits = 0

    def __await__(self) -> Generator[Any, Any, None]:
        steps: Any = self._work.__await__()
        advance, value = steps.send, None
        while True:
            try:
                waits_for = advance(value)
            except StopIteration:
                return
            if self.waits == self._number:
                self._cancel(waits_for)
            self.waits += 1
            try:
                advance, value = steps.send, (yield waits_for)
            except BaseException as error:  # noqa: BLE001 - passed on
                advance, value = steps.throw, error


async def cancel_task(work: Awaitable[None], number: int) -> bool:
    return await _in_task(work, number, lambda task, _: task.cancel())


async def cancel_task_when_it_goes_on(work: Awaitable[None], number: int) -> bool:
    """Cancel it when what it waited for is there, and it has not heard of that yet."""

    def cancel(task: Any, future: Any) -> None:
        if future is None:
            task.cancel()
        else:
            future.add_done_callback(lambda _: task.cancel())

    return await _in_task(work, number, cancel)


async def _in_task(work: Awaitable[None], number: int, cancel: Any) -> bool:
    async def run() -> None:
        await CancelledAt(work, number, lambda future: cancel(asyncio.current_task(), future))

    task = asyncio.ensure_future(run())
    try:
        await task
    except asyncio.CancelledError:
        return True
    return False


async def cancel_scope(work: Awaitable[None], number: int) -> bool:
    """Cancel it for good: all that it awaits from then on is cancelled as well."""
    with anyio.CancelScope() as scope:
        await CancelledAt(work, number, lambda _: scope.cancel())
    return scope.cancelled_caught


STYLES = {
    "task": cancel_task,
    "task that goes on": cancel_task_when_it_goes_on,
    "scope": cancel_scope,
}


async def cancel_everywhere(
    server: Emulator, folder: Path, way: Way, situation: str, style: str
) -> int:
    """Make a call and cancel it at its first wait, another at its second, until one is done."""
    number = 0
    while True:
        options = options_of(situation, server)
        client = way.make(server, project=PROJECT, ledger=folder, **options)
        prepare(situation, server)
        with costmark.labels(call=str(number)):
            call = way.call(client, {"x-call": str(number)})
            was_cancelled = await STYLES[style](call, number)
        assert in_use(client) == []
        prepare("", server)
        with costmark.labels(call=f"after {number}"):
            await way.call(client, {"x-call": f"after {number}"})
        assert in_use(client) == []
        await close(client)
        if not was_cancelled:
            return number
        number += 1


# --- What the server and the ledger have ----------------------------------------------------------


@pytest.fixture(scope="module")
def server() -> Generator[Emulator]:
    with run_emulator("--lenient", "--project", PROJECT) as emulator:
        yield emulator


@pytest.fixture
def emulator(server: Emulator) -> Emulator:
    for what in ("usage", "requests", "faults"):
        server.fetch(f"/_emulator/{what}", method="DELETE")
    return server


def by_call(server: Emulator) -> dict[str, list[dict[str, Any]]]:
    found = defaultdict(list)
    for request in server.requests():
        found[dict(request["headers"])["x-call"]].append(request)
    return found


def compare(server: Emulator, folder: Path) -> None:
    """Each request has its row, and each row its request unless it was cancelled before."""
    requests, used = by_call(server), {each["request_id"]: each for each in server.usage()}
    rows, begun = defaultdict(list), defaultdict(list)
    for row in ledger.read(folder):
        if row["kind"] in ("begin", "attempt"):
            key = row["op"], row["attempt"]
            begun[row["kind"]].append(key)
        if row["kind"] == "attempt":
            rows[row["labels"]["call"]].append(row)
    assert sorted(begun["begin"]) == sorted(begun["attempt"]) == sorted(set(begun["attempt"]))
    assert requests.keys() <= rows.keys()
    for call, attempts in rows.items():
        assert [row["attempt"] for row in attempts] == [*range(1, len(attempts) + 1)], call
        assert len({row["op"] for row in attempts}) == 1, call
        arrived = {request["request_id"] for request in requests[call]}
        answered = {row["request_id"] for row in attempts if "status" in row}
        assert answered <= arrived, call
        assert len(arrived) <= len(attempts) <= len(arrived) + 1, call
        for row in attempts:
            if "status" not in row:
                assert (row["outcome"], row.get("input")) == ("cancelled", None), call
            elif row["outcome"] == "ok":
                assert row["output"] == used[row["request_id"]]["output_tokens"], call
        if call.startswith("after"):
            assert [row["outcome"] for row in attempts] == ["ok"], call


def check(server: Emulator, folder: Path) -> None:
    """Compare them once the server has heard of all that was sent."""
    end = time.monotonic() + 5
    while True:
        try:
            compare(server, folder)
            return
        except AssertionError:
            if time.monotonic() > end:
                raise
        time.sleep(0.05)


# --- The tests ------------------------------------------------------------------------------------

SITUATIONS = [
    *[(way, "answered") for way in WAYS],
    *[(way, "credentials") for way in ("openai", "aiohttp")],
    *[(way, "refused") for way in ("openai stream", "anthropic", "httpx", "aiohttp")],
    *[(way, "retried") for way in ("openai", "anthropic")],
]
LONG = [("openai stream", "slow"), ("anthropic stream", "slow"), ("aiohttp", "slow")]
TRIED: list[Any] = ["task"]
if MAJOR >= 3:
    TRIED += [pytest.param(name, marks=pytest.mark.slow) for name in [*STYLES][1:]]
CASES = [*SITUATIONS, *[pytest.param(*each, marks=pytest.mark.slow) for each in LONG]]


@pytest.mark.parametrize("style", TRIED)
@pytest.mark.parametrize(("way", "situation"), CASES)
async def test_a_call_that_is_cancelled_wherever_it_waits(
    emulator: Emulator, tmp_path: Path, way: str, situation: str, style: str
) -> None:
    trouble: list[dict[str, Any]] = []
    tasks = asyncio.all_tasks()
    asyncio.get_running_loop().set_exception_handler(lambda _, context: trouble.append(context))
    number = await cancel_everywhere(emulator, tmp_path, WAYS[way], situation, style)
    assert number > 0
    await asyncio.sleep(0.02)
    assert asyncio.all_tasks() == tasks
    gc.collect()
    assert trouble == []
    check(emulator, tmp_path)


@pytest.mark.skipif(MAJOR < 3, reason="httpx, before httpx2, leaves generators to the collector")
@pytest.mark.parametrize(
    ("way", "situation"),
    [
        ("openai", "answered"),
        ("anthropic", "refused"),
        ("httpx", "credentials"),
    ],
)
def test_the_same_under_trio(emulator: Emulator, tmp_path: Path, way: str, situation: str) -> None:
    trio = pytest.importorskip("trio")

    async def main() -> int:
        return await cancel_everywhere(emulator, tmp_path, WAYS[way], situation, "scope")

    assert trio.run(main) > 0
    gc.collect()
    check(emulator, tmp_path)


@pytest.mark.parametrize("way", ["openai stream", "anthropic stream", "httpx stream", "aiohttp"])
async def test_calls_beside_one_that_fails(emulator: Emulator, tmp_path: Path, way: str) -> None:
    make, call = WAYS[way]
    client = make(emulator, project=PROJECT, ledger=tmp_path, auth="none")
    emulator.fault("slow", delay_s=0.01, count=20)

    async def labeled(name: str) -> None:
        with costmark.labels(call=name):
            await call(client, {"x-call": name})

    async def fail() -> None:
        await asyncio.sleep(0.2)
        raise ZeroDivisionError

    async def together() -> None:
        async with anyio.create_task_group() as group:
            for number in range(12):
                group.start_soon(labeled, str(number))
            group.start_soon(fail)

    with pytest.raises(Exception, match="unhandled errors") as caught:
        await together()
    assert [type(each) for each in getattr(caught.value, "exceptions", ())] == [ZeroDivisionError]
    assert in_use(client) == []
    for number, seconds in enumerate((0, 0.001, 0.02, 0.05, 0.1)):
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(labeled(f"timed {number}"), seconds)
        assert in_use(client) == []
    prepare("", emulator)
    await labeled("after")
    await close(client)
    check(emulator, tmp_path)


@pytest.mark.parametrize("way", ["openai", "anthropic", "httpx", "aiohttp"])
async def test_a_refusal_that_is_given_up_while_it_is_read_ahead(
    recorder: Recorder, tmp_path: Path, way: str
) -> None:
    make, call = WAYS[way]
    loop = asyncio.get_running_loop()
    arrived, ended = asyncio.Event(), threading.Event()

    def answer(handler: Any, _: Any) -> None:
        loop.call_soon_threadsafe(arrived.set)
        handler.send_response(403)
        handler.send_header("content-type", "application/json")
        handler.send_header("content-length", "500")
        handler.end_headers()
        handler.wfile.write(b'{"message":"The security token included in the request is expired"')
        ended.wait(20)

    recorder.answer = answer
    server = Emulator(recorder.url)
    options = options_of("credentials", server)
    client = make(server, project=PROJECT, ledger=tmp_path, **options)
    waiting = asyncio.ensure_future(call(client, {}))
    await arrived.wait()
    await asyncio.sleep(0.05)  # for the head of the answer
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert in_use(client) == []
    rows = [row for row in ledger.read(tmp_path) if row["kind"] == "attempt"]
    assert [(row["outcome"], row["status"]) for row in rows] == [("error", 403)]
    ended.set()
    await close(client)
