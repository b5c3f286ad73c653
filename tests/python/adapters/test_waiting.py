"""Sources that take long: they hold up neither an event loop, nor Ctrl-C, nor who gave up."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import costmark
from adapters.clients import plain, plain_async
from harness import MESSAGES, MODEL, REGION, Recorder

CHAT: dict[str, Any] = {"model": MODEL, "messages": MESSAGES}
KEYS = costmark.Credentials("AKIDSLOW", "secret")
SIGV4: dict[str, Any] = {"auth": "sigv4", "region": REGION, "project": "proj_a"}


LONG_S = 30.0  # what a source waits for at most; a test that takes as long has failed


class Slow:
    """A source of credentials that answers when it is let go."""

    calls = cancelled = threads = 0

    def __init__(self) -> None:
        self._asked, self._go, self._ended = (threading.Event() for _ in range(3))

    def __call__(self) -> Any:
        self._begin()
        return self._end(self._go.wait(LONG_S))

    def _begin(self) -> None:
        self.calls += 1
        self._asked.set()

    def _end(self, let_go: bool) -> costmark.Credentials:
        self._ended.set()
        self.threads = threading.active_count()
        if not let_go:
            raise TimeoutError("the event loop stood still: it did not let this source go")
        return KEYS

    def is_asked(self) -> bool:
        return self._asked.is_set()

    def has_ended(self) -> bool:
        return self._ended.is_set()

    def let_go(self) -> None:
        self._go.set()


class SlowCoroutine(Slow):
    async def __call__(self) -> costmark.Credentials:
        self._begin()
        end = time.monotonic() + LONG_S
        try:
            while not self._go.is_set() and time.monotonic() < end:
                await _sleep(0.01)
        except BaseException:
            self.cancelled += 1
            raise
        return self._end(self._go.is_set())


class SlowProgram(Slow):
    """A `credential_process` of the default profile."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder = folder
        script, config = folder / "program.py", folder / "config"
        script.write_text(PROGRAM)
        config.write_text(f"[default]\ncredential_process = {sys.executable} {script} {LONG_S}\n")
        monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(folder / "none"))

    def is_asked(self) -> bool:
        return (self._folder / "asked").exists()

    def has_ended(self) -> bool:
        return (self._folder / "ended").exists()

    def let_go(self) -> None:
        (self._folder / "go").touch()


PROGRAM = """
import pathlib, sys, time
folder = pathlib.Path(__file__).parent
(folder / "asked").touch()
end = time.monotonic() + float(sys.argv[1])
while not (folder / "go").exists():
    if time.monotonic() > end:
        sys.exit("the event loop stood still: it did not let this program go")
    time.sleep(0.01)
(folder / "ended").touch()
print('{"Version": 1, "AccessKeyId": "AKIDSLOW", "SecretAccessKey": "secret"}')
"""


async def _sleep(seconds: float) -> None:
    if "trio" in sys.modules and sys.modules["trio"].lowlevel.in_trio_task():
        await sys.modules["trio"].sleep(seconds)
    else:
        await asyncio.sleep(seconds)


async def asked(source: Slow, times: int = 1) -> None:
    while not (source.is_asked() and source.calls in (0, times)):
        await _sleep(0.01)


async def let_go_when_asked(source: Slow) -> None:
    """Lets a source go that is asked, from the event loop: one that stands still cannot do it."""
    await asked(source)
    source.let_go()


async def gives_up(call: Any, source: Slow) -> None:
    """Who waits for a source and is cancelled ends at once, not with the source."""
    waiting = asyncio.ensure_future(call)
    await asked(source)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert not source.has_ended()


def key_of(recorder: Recorder) -> str:
    text = recorder.last.header("authorization") or ""
    return text.partition("Credential=")[2].partition("/")[0]


# --- asyncio --------------------------------------------------------------------------------------


KINDS = ["callback", "coroutine function", "program"]


@pytest.fixture
def source(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Slow]:
    """A source of the kind that the test is run with; let go at its end in any case."""
    kind = request.param
    made = SlowProgram(tmp_path, monkeypatch) if kind == "program" else kinds[kind]()
    yield made
    made.let_go()


kinds: dict[str, type[Slow]] = {"callback": Slow, "coroutine function": SlowCoroutine}


def given(source: Slow) -> dict[str, Any]:
    return {} if isinstance(source, SlowProgram) else {"credentials": source}


@pytest.mark.parametrize("source", KINDS, indirect=True)
async def test_the_loop_goes_on_while_credentials_are_fetched(
    recorder: Recorder, source: Slow
) -> None:
    async with costmark.wrap(plain_async(recorder), **given(source), **SIGV4) as client:
        await asyncio.gather(client.chat.completions.create(**CHAT), let_go_when_asked(source))
    assert key_of(recorder) == "AKIDSLOW"


@pytest.mark.parametrize("source", KINDS, indirect=True)
async def test_who_gives_up_does_not_wait(recorder: Recorder, source: Slow) -> None:
    async with costmark.wrap(plain_async(recorder), **given(source), **SIGV4) as client:
        await gives_up(client.chat.completions.create(**CHAT), source)
    assert not recorder.requests
    while isinstance(source, SlowCoroutine) and not source.cancelled:
        await _sleep(0.01)


@pytest.mark.parametrize("source", KINDS[:2], indirect=True)
async def test_one_fetches_and_the_others_wait_whoever_is_cancelled(
    recorder: Recorder, source: Slow
) -> None:
    async with costmark.wrap(plain_async(recorder), credentials=source, **SIGV4) as client:
        calls = [asyncio.ensure_future(client.chat.completions.create(**CHAT)) for _ in range(60)]
        await asked(source)
        await asyncio.sleep(0.3)
        calls[0].cancel()  # the one that fetches
        calls[1].cancel()
        await asyncio.sleep(0.1)
        source.let_go()
        done = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(each) for each in done[:2]] == [asyncio.CancelledError] * 2
    assert not [each for each in done[2:] if isinstance(each, BaseException)]
    assert (source.calls, source.cancelled) == (1, 0)
    assert source.threads < 20 + len(recorder.requests)  # of the server, one a connection
    assert costmark.usage()["proj_a"].operations == 58


async def test_only_the_last_one_that_is_cancelled_ends_the_fetch(recorder: Recorder) -> None:
    source = SlowCoroutine()
    async with costmark.wrap(plain_async(recorder), credentials=source, **SIGV4) as client:
        calls = [asyncio.ensure_future(client.chat.completions.create(**CHAT)) for _ in range(3)]
        await asked(source)
        await asyncio.sleep(0.5)
        for number, call in enumerate(calls):
            assert (source.calls, source.cancelled) == (1, 0), number
            call.cancel()
            await asyncio.sleep(0.05)
        await asyncio.gather(*calls, return_exceptions=True)
        assert source.cancelled == 1
        source.let_go()
        await client.chat.completions.create(**CHAT)
    assert source.calls == 2


async def test_a_failure_is_that_of_all_who_waited(recorder: Recorder) -> None:
    calls = 0

    async def fail() -> costmark.Credentials:
        nonlocal calls
        calls += 1
        await asyncio.sleep(1)
        raise RuntimeError("the vault is shut")

    async with costmark.wrap(plain_async(recorder), credentials=fail, **SIGV4) as client:
        errors = await asyncio.gather(
            *(client.chat.completions.create(**CHAT) for _ in range(5)), return_exceptions=True
        )
    assert [type(each) for each in errors] == [costmark.CredentialsError] * 5
    assert [type(each.__cause__) for each in errors] == [RuntimeError] * 5
    assert len({id(each) for each in errors}) > 1  # a traceback each
    assert calls == 1


@pytest.mark.parametrize("source", KINDS[:2], indirect=True)
async def test_a_renewal_ahead_of_time_holds_up_no_call(recorder: Recorder, source: Slow) -> None:
    first = costmark.Credentials("AKIDFIRST", "secret", expires_at=time.time() + 8)
    given_first = False

    def credentials() -> Any:
        nonlocal given_first
        if not given_first:
            given_first = True
            return first if type(source) is Slow else _at_once(first)
        return source()

    async def _at_once(value: Any) -> Any:
        return value

    async with costmark.wrap(plain_async(recorder), credentials=credentials, **SIGV4) as client:
        while not source.calls:  # the last quarter of the time before it expires
            await asyncio.sleep(0.05)
            await client.chat.completions.create(**CHAT)
            assert key_of(recorder) == "AKIDFIRST"
        await client.chat.completions.create(**CHAT)
        assert key_of(recorder) == "AKIDFIRST"
        assert not source.has_ended()
        source.let_go()
        while key_of(recorder) == "AKIDFIRST":
            await asyncio.sleep(0.05)
            await client.chat.completions.create(**CHAT)
    assert key_of(recorder) == "AKIDSLOW"
    assert source.calls == 1


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
    source = Slow()
    async with costmark.wrap(plain_async(recorder), auth="bearer", bearer_token=source) as client:
        await gives_up(client.chat.completions.create(**CHAT), source)
    source.let_go()


@pytest.mark.parametrize("source", KINDS[:2], indirect=True)
async def test_an_async_token_provider(source: Slow) -> None:
    provider = costmark.async_token_provider(REGION, credentials=source)
    *tokens, _ = await asyncio.gather(*(provider() for _ in range(20)), let_go_when_asked(source))
    assert len(set(tokens)) == 1
    assert str(tokens[0]).startswith("bedrock-api-key-")
    assert source.calls == 1


@pytest.mark.parametrize("source", KINDS[:2], indirect=True)
async def test_who_gives_up_a_token_does_not_wait(source: Slow) -> None:
    await gives_up(costmark.async_token_provider(REGION, credentials=source)(), source)


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


@pytest.mark.parametrize("source", KINDS[:2], indirect=True)
def test_under_trio(recorder: Recorder, source: Slow) -> None:
    trio: Any = pytest.importorskip("trio")

    async def main() -> None:
        client = costmark.wrap(plain_async(recorder), credentials=source, **SIGV4)
        async with client, trio.open_nursery() as calls:
            calls.start_soon(let_go_when_asked, source)
            for _ in range(5):
                calls.start_soon(lambda: client.chat.completions.create(**CHAT))
        assert source.calls == 1
        assert len(recorder.requests) == 5
        hanging = type(source)()
        client = costmark.wrap(plain_async(recorder), credentials=hanging, **SIGV4)
        async with client, trio.open_nursery() as calls:
            calls.start_soon(lambda: client.chat.completions.create(**CHAT))
            await asked(hanging)
            calls.cancel_scope.cancel()
        assert not hanging.has_ended()
        await trio.sleep(0.1)
        if isinstance(hanging, SlowCoroutine):
            assert hanging.cancelled == 1
        hanging.let_go()

    trio.run(main)


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
        SlowProgram(tmp_path, monkeypatch)
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
        assert time.monotonic() - began < LONG_S / 2
        process.wait(10)
    finally:
        release.set()
        process.kill()
        process.wait()
        process.stdout.close()
