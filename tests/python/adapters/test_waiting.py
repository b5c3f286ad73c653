"""Sources that take long: they hold up neither an event loop, nor Ctrl-C, nor who gave up."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

import costmark
from adapters.clients import plain, plain_async
from harness import MESSAGES, MODEL, REGION, Recorder

CHAT: dict[str, Any] = {"model": MODEL, "messages": MESSAGES}
KEYS = costmark.Credentials("AKIDSLOW", "secret")
SIGV4: dict[str, Any] = {"auth": "sigv4", "region": REGION, "project": "proj_a"}


class Slow:
    """A source of credentials that takes its time."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.calls = self.cancelled = self.threads = 0

    def __call__(self) -> costmark.Credentials:
        self.calls += 1
        time.sleep(self.seconds)
        self.threads = threading.active_count()
        return KEYS


class SlowCoroutine(Slow):
    async def __call__(self) -> costmark.Credentials:  # type: ignore[override]
        self.calls += 1
        try:
            await _sleep(self.seconds)
        except BaseException:
            self.cancelled += 1
            raise
        self.threads = threading.active_count()
        return KEYS


async def _sleep(seconds: float) -> None:
    if "trio" in sys.modules and sys.modules["trio"].lowlevel.in_trio_task():
        await sys.modules["trio"].sleep(seconds)
    else:
        await asyncio.sleep(seconds)


class Ticks:
    """How long the event loop stood still at most."""

    longest = 0.0

    async def __aenter__(self) -> Ticks:
        self._task = asyncio.create_task(self._tick())
        await asyncio.sleep(0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()

    async def _tick(self) -> None:
        while True:
            before = time.monotonic()
            await asyncio.sleep(0.01)
            self.longest = max(self.longest, time.monotonic() - before)


def program(folder: Path, monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    script = folder / "program.py"
    answer = '{"Version": 1, "AccessKeyId": "AKIDSLOW", "SecretAccessKey": "secret"}'
    script.write_text(f"import time\ntime.sleep({seconds})\nprint({answer!r})\n")
    config = folder / "config"
    config.write_text(f"[default]\ncredential_process = {sys.executable} {script}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(folder / "none"))


def key_of(recorder: Recorder) -> str:
    text = recorder.last.header("authorization") or ""
    return text.partition("Credential=")[2].partition("/")[0]


# --- asyncio --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["callback", "coroutine function", "program"])
async def test_the_loop_goes_on_while_credentials_are_fetched(
    recorder: Recorder, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    credentials: Any = {"callback": Slow(1), "coroutine function": SlowCoroutine(1)}.get(kind)
    if kind == "program":
        program(tmp_path, monkeypatch, 1)
    async with plain_async(recorder) as plain_client:  # imports what a first call imports
        await plain_client.chat.completions.create(**CHAT)
    async with costmark.wrap(plain_async(recorder), credentials=credentials, **SIGV4) as client:
        async with Ticks() as ticks:
            await client.chat.completions.create(**CHAT)
        assert key_of(recorder) == "AKIDSLOW"
    assert ticks.longest < 0.7


@pytest.mark.parametrize("kind", ["callback", "coroutine function", "program"])
async def test_who_gives_up_does_not_wait(
    recorder: Recorder, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    credentials: Any = {"callback": Slow(5), "coroutine function": SlowCoroutine(5)}.get(kind)
    if kind == "program":
        program(tmp_path, monkeypatch, 5)
    async with costmark.wrap(plain_async(recorder), credentials=credentials, **SIGV4) as client:
        began = time.monotonic()
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(client.chat.completions.create(**CHAT), 0.5)
        assert time.monotonic() - began < 2.5
    assert not recorder.requests
    if isinstance(credentials, SlowCoroutine):
        assert credentials.cancelled == 1


@pytest.mark.parametrize("make", [Slow, SlowCoroutine])
async def test_one_fetches_and_the_others_wait_whoever_is_cancelled(
    recorder: Recorder, make: type[Slow]
) -> None:
    source = make(1.5)
    async with costmark.wrap(plain_async(recorder), credentials=source, **SIGV4) as client:
        calls = [asyncio.ensure_future(client.chat.completions.create(**CHAT)) for _ in range(60)]
        await asyncio.sleep(0.5)
        calls[0].cancel()  # the one that fetches
        calls[1].cancel()
        done = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(each) for each in done[:2]] == [asyncio.CancelledError] * 2
    assert not [each for each in done[2:] if isinstance(each, BaseException)]
    assert (source.calls, source.cancelled) == (1, 0)
    assert source.threads < 20 + len(recorder.requests)  # of the server, one a connection
    assert costmark.usage()["proj_a"].operations == 58


async def test_only_the_last_one_that_is_cancelled_ends_the_fetch(recorder: Recorder) -> None:
    source = SlowCoroutine(20)
    async with costmark.wrap(plain_async(recorder), credentials=source, **SIGV4) as client:
        calls = [asyncio.ensure_future(client.chat.completions.create(**CHAT)) for _ in range(3)]
        await asyncio.sleep(0.3)
        for number, call in enumerate(calls):
            assert (source.calls, source.cancelled) == (1, 0), number
            call.cancel()
            await asyncio.sleep(0.05)
        await asyncio.gather(*calls, return_exceptions=True)
        assert source.cancelled == 1
        source.seconds = 0
        await client.chat.completions.create(**CHAT)
    assert source.calls == 2


async def test_a_failure_is_that_of_all_who_waited(recorder: Recorder) -> None:
    calls = 0

    async def fail() -> costmark.Credentials:
        nonlocal calls
        calls += 1
        await asyncio.sleep(0.3)
        raise RuntimeError("the vault is shut")

    async with costmark.wrap(plain_async(recorder), credentials=fail, **SIGV4) as client:
        errors = await asyncio.gather(
            *(client.chat.completions.create(**CHAT) for _ in range(5)), return_exceptions=True
        )
    assert [type(each) for each in errors] == [costmark.CredentialsError] * 5
    assert [type(each.__cause__) for each in errors] == [RuntimeError] * 5
    assert len({id(each) for each in errors}) > 1  # a traceback each
    assert calls == 1


@pytest.mark.parametrize("make", [Slow, SlowCoroutine])
async def test_a_renewal_ahead_of_time_holds_up_no_call(
    recorder: Recorder, make: type[Slow]
) -> None:
    class Renewed(make):  # type: ignore[misc,valid-type]
        def __call__(self) -> Any:
            if self.calls == 0:
                self.calls += 1
                first = costmark.Credentials("AKIDFIRST", "secret", expires_at=time.time() + 5)
                return first if make is Slow else _later(first)
            return super().__call__()

    async def _later(value: Any) -> Any:
        return value

    source = Renewed(1)
    async with costmark.wrap(plain_async(recorder), credentials=source, **SIGV4) as client:
        await client.chat.completions.create(**CHAT)
        await asyncio.sleep(3.9)  # due at most 3.75 s after
        async with Ticks() as ticks:
            began = time.monotonic()
            await client.chat.completions.create(**CHAT)
            took = time.monotonic() - began
            assert key_of(recorder) == "AKIDFIRST"
            await asyncio.sleep(max(0, 1.2 - took))
        await client.chat.completions.create(**CHAT)
    assert took < 0.8
    assert ticks.longest < 0.6
    assert key_of(recorder) == "AKIDSLOW"
    assert source.calls == 2


async def test_a_source_that_calls_through_the_client_that_asks_it(recorder: Recorder) -> None:
    async def ask() -> costmark.Credentials:
        await client.chat.completions.create(**CHAT)
        return KEYS

    async with costmark.wrap(plain_async(recorder), credentials=ask, **SIGV4) as client:
        with pytest.raises(costmark.CredentialsError) as caught:
            await asyncio.wait_for(client.chat.completions.create(**CHAT), 10)
    assert "a client of its own" in str(caught.value.__cause__)


# --- Bearer tokens --------------------------------------------------------------------------------


async def test_a_token_callback_may_be_a_coroutine_function(recorder: Recorder) -> None:
    asked = 0

    async def token() -> str:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0.3)
        return f"token-{asked}"

    async with costmark.wrap(plain_async(recorder), auth="bearer", bearer_token=token) as client:
        await asyncio.gather(*(client.chat.completions.create(**CHAT) for _ in range(20)))
        assert {each.header("authorization") for each in recorder.requests} == {"Bearer token-1"}
        await client.chat.completions.create(**CHAT)
    assert recorder.last.header("authorization") == "Bearer token-2"
    assert asked == 2


async def test_a_slow_token_callback_holds_up_no_one(recorder: Recorder) -> None:
    def token() -> str:
        time.sleep(5)
        return "token"

    async with costmark.wrap(plain_async(recorder), auth="bearer", bearer_token=token) as client:
        began = time.monotonic()
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(client.chat.completions.create(**CHAT), 0.3)
        assert time.monotonic() - began < 2


@pytest.mark.parametrize("make", [Slow, SlowCoroutine])
async def test_an_async_token_provider(make: type[Slow]) -> None:
    source: Any = make(0.5)
    provider = costmark.async_token_provider(REGION, credentials=source)
    async with Ticks() as ticks:
        tokens = await asyncio.gather(*(provider() for _ in range(20)))
    assert len(set(tokens)) == 1
    assert tokens[0].startswith("bedrock-api-key-")
    assert source.calls == 1
    assert ticks.longest < 0.4
    slow: Any = make(5)
    began = time.monotonic()
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(costmark.async_token_provider(REGION, credentials=slow)(), 0.3)
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("argument", ["credentials", "bearer_token"])
def test_a_synchronous_client_takes_no_coroutine_functions(
    recorder: Recorder, argument: str
) -> None:
    async def source() -> Any:
        return KEYS

    refused: dict[str, Any] = {argument: source}
    with pytest.raises(TypeError, match="source is asynchronous"):
        costmark.wrap(plain(recorder), **refused)
    with pytest.raises(TypeError, match="asynchronous"):
        costmark.token_provider(REGION, credentials=source)  # type: ignore[arg-type]
    way = "sigv4" if argument == "credentials" else "bearer"
    host = recorder.url.removeprefix("http://")
    costmark.patch(hosts=[host], auth=way, region=REGION, **refused)
    try:
        with plain(recorder) as client, pytest.raises(costmark.CredentialsError) as caught:
            client.chat.completions.create(**CHAT)
    finally:
        costmark.unpatch()
    assert "source is asynchronous" in str(caught.value.__cause__)


# --- trio -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [Slow, SlowCoroutine])
def test_under_trio(recorder: Recorder, make: type[Slow]) -> None:
    trio: Any = pytest.importorskip("trio")
    longest = 0.0

    async def tick() -> None:
        nonlocal longest
        while True:
            before = time.monotonic()
            await trio.sleep(0.01)
            longest = max(longest, time.monotonic() - before)

    async def main() -> None:
        source, hanging = make(1), make(20)
        client = costmark.wrap(plain_async(recorder), credentials=source, **SIGV4)
        async with client, trio.open_nursery() as nursery:
            nursery.start_soon(tick)
            async with trio.open_nursery() as calls:
                for _ in range(5):
                    calls.start_soon(lambda: client.chat.completions.create(**CHAT))
            nursery.cancel_scope.cancel()
        assert source.calls == 1
        assert len(recorder.requests) == 5
        client = costmark.wrap(plain_async(recorder), credentials=hanging, **SIGV4)
        async with client:
            began = time.monotonic()
            with trio.move_on_after(0.3) as scope:
                await client.chat.completions.create(**CHAT)
            assert scope.cancelled_caught
            assert time.monotonic() - began < 2
            await trio.sleep(0.1)
        if make is SlowCoroutine:
            assert hanging.cancelled == 1

    trio.run(main)
    assert longest < 0.7


# --- Ctrl-C ---------------------------------------------------------------------------------------

HANGING = """
import os, sys, threading, time
import costmark, openai

entered = threading.Event()

def hang():
    print("asked", flush=True)
    entered.set()
    time.sleep(60)

def keys():
    if threading.current_thread() is not threading.main_thread():
        entered.set()
    return costmark.Credentials("AKIDEXAMPLE", "secret")

def call():
    client.chat.completions.create(model="m", messages=[])

kind, url = sys.argv[1:]
client = openai.OpenAI(base_url=url + "/v1", api_key="unused", max_retries=0)
own = {"credentials": hang} if kind in ("callback", "of another thread") else {}
if kind == "proof of another thread":
    own = {"credentials": keys, "verify": True, "project": "proj_a"}
costmark.wrap(client, auth="sigv4", region="us-east-1", **own)
if "another thread" in kind:
    threading.Thread(target=call, daemon=True).start()
    entered.wait(30)
    time.sleep(0.3)
if kind not in ("callback", "of another thread"):
    print("asked", flush=True)
try:
    costmark.token("us-east-1") if kind == "token" else call()
except KeyboardInterrupt:
    print("interrupted", flush=True)
    os._exit(0)
"""


@pytest.mark.parametrize(
    "kind",
    ["program", "container", "callback", "of another thread", "proof of another thread", "token"],
)
def test_ctrl_c_ends_a_source_that_hangs(
    recorder: Recorder, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = threading.Event()
    recorder.answer = lambda *_: release.wait(60)  # type: ignore[assignment]
    if kind == "container":
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{recorder.url}/credentials")
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    else:
        program(tmp_path, monkeypatch, 60)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(
        [sys.executable, "-c", HANGING, kind, recorder.url],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "asked\n"
        time.sleep(1.2)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "interrupted\n"
        assert time.monotonic() - began < 1
        process.wait(10)
    finally:
        release.set()
        process.kill()
        process.wait()
        process.stdout.close()
