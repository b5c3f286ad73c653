"""Calls of every kind, from threads and tasks at once, while credentials expire and calls fail.

Every client takes its credentials from the emulator, which issues them for two seconds and counts
each signature that does not verify.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import json
import random
import threading
import time
import traceback
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from unittest.mock import Mock
from urllib.request import urlopen

import anthropic
import openai

import costmark
from harness import MODEL, REGION, Emulator

LIFE_S = 2
PATIENCE_S = 60
CLAUDE = "anthropic.claude-opus-4-8"
# Answers and breaks that the faults cause; whatever else a call raises is a finding.
EXPECTED_STATUS = frozenset({429, 500, 503})
STEADY = ("proj_steady1", "proj_steady2", "proj_steady3")
FICKLE = "proj_fickle"  # of callers who leave before the answer has ended

Call = Callable[[random.Random], Any]


@dataclass
class Report:
    """What the callers saw."""

    succeeded: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)
    issued: int = 0
    memory_early: int = 0
    memory_late: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def success(self, kind: str) -> None:
        with self._lock:
            self.succeeded[kind] += 1

    def failure(self, error: BaseException) -> None:
        with self._lock:
            self.failed[type(error).__name__] += 1
            if not is_expected(error):
                self.findings.append("".join(traceback.format_exception(error)))


def is_expected(error: BaseException) -> bool:
    """Whether a fault of the emulator explains the error: a status, or a broken connection."""
    status = getattr(error, "status_code", None)
    if status is not None:
        return status in EXPECTED_STATUS
    if isinstance(error, costmark.Error):
        return False
    names = {cls.__name__ for cls in type(error).__mro__}
    # Of openai, anthropic, httpx and httpx2: an attempt that got no answer, or half of one.
    return bool(names & {"APIConnectionError", "TransportError", "APIError"})


def import_resources() -> None:
    """Import what the SDKs import when a resource is first used.

    Threads that do so at once may find their modules in a circle that Python calls a deadlock.
    """
    for module in ("openai.resources.chat.completions", "openai.resources.responses"):
        importlib.import_module(module)
    importlib.import_module("anthropic.resources.messages")


def resident_bytes() -> int:
    """Memory of this process that is in RAM."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


# --- Credentials --------------------------------------------------------------------------------


class Issuer:
    """Fetches credentials of two seconds from the emulator."""

    def __init__(self, emulator: Emulator) -> None:
        self.url = f"{emulator.url}/_emulator/credentials?life_s={LIFE_S}"
        self.calls = 0

    def __call__(self) -> costmark.Credentials:
        self.calls += 1
        with urlopen(self.url) as answer:
            issued = json.load(answer)
        end = datetime.strptime(issued["Expiration"], "%Y-%m-%dT%H:%M:%SZ")
        return costmark.Credentials(
            issued["AccessKeyId"],
            issued["SecretAccessKey"],
            issued["SessionToken"],
            expires_at=end.replace(tzinfo=timezone.utc).timestamp(),
        )


def write_profile(folder: Path, url: str) -> Path:
    """A config file whose profile `soak` runs a program for every set of credentials."""
    config = folder / "config"
    config.write_text(
        f"[profile soak]\nregion = {REGION}\n"
        f'credential_process = curl --silent --show-error --fail "{url}"\n'
    )
    return config


# --- What is called -----------------------------------------------------------------------------


@dataclass
class Load:
    """The workload against one emulator."""

    emulator: Emulator
    sources: Sequence[dict[str, Any]]  # arguments of `wrap`, each with another source of keys
    threads: int = 6
    tasks: int = 6
    seed: int = 1
    report: Report = field(default_factory=Report)

    def run(self, seconds: float) -> Report:
        """Keep everybody busy for a while."""
        import_resources()
        self.end = time.monotonic() + seconds
        workers = [
            threading.Thread(target=self._thread, args=(number,)) for number in range(self.threads)
        ]
        workers.append(threading.Thread(target=lambda: asyncio.run(self._loop())))
        workers.append(threading.Thread(target=self._faults))
        for each in workers:
            each.start()
        time.sleep(seconds / 5)  # until pools and buffers have grown
        self.report.memory_early = resident_bytes()
        for each in workers:
            each.join()
        self.report.memory_late = resident_bytes()
        return self.report

    def _on(self) -> bool:
        """Whether to go on: on a busy machine until everything was done once, but not for ever."""
        if self.report.findings:
            return False
        late = time.monotonic() - self.end
        return late < 0 or (late < PATIENCE_S and len(self.report.succeeded) < KINDS)

    def _faults(self) -> None:
        """Throttling, failures and lost connections, at random."""
        chance = random.Random(self.seed)
        while self._on():
            kind = chance.choice(["status", "status", "drop", "reset", "drop_stream"])
            fault: dict[str, Any] = {"kind": kind}
            if kind == "status":
                fault["status"] = chance.choice(sorted(EXPECTED_STATUS))
                fault["headers"] = {"retry-after-ms": str(chance.randrange(1, 80))}
            if kind == "drop_stream":
                fault["after_events"] = chance.randrange(4)
            self.emulator.fault(**fault)
            time.sleep(chance.uniform(0.01, 0.15))
        self.emulator.fetch("/_emulator/faults", method="DELETE")

    def _thread(self, number: int) -> None:
        client, claude = self._clients(number, openai.OpenAI, anthropic.Anthropic)
        calls = sync_calls(client, claude)
        chance = random.Random(self.seed * 1000 + number)
        with client, claude:
            while self._on():
                kind = chance.choice(list(calls))
                try:
                    with costmark.project(project_for(kind, chance)):
                        calls[kind](chance)
                except Exception as error:  # noqa: BLE001 - checked there
                    self.report.failure(error)
                else:
                    self.report.success(kind)

    async def _loop(self) -> None:
        await asyncio.gather(*(self._task(number) for number in range(self.tasks)))

    async def _task(self, number: int) -> None:
        client, claude = self._clients(number, openai.AsyncOpenAI, anthropic.AsyncAnthropic)
        calls = async_calls(client, claude)
        chance = random.Random(self.seed * 2000 + number)
        async with client, claude:
            while self._on():
                kind = chance.choice(list(calls))
                try:
                    with costmark.project(project_for(kind, chance)):
                        await calls[kind](chance)
                except Exception as error:  # noqa: BLE001 - checked there
                    self.report.failure(error)
                else:
                    self.report.success(kind)

    def _clients(self, number: int, of_openai: Any, of_anthropic: Any) -> tuple[Any, Any]:
        source = self.sources[number % len(self.sources)]
        common = {"api_key": "unused", "max_retries": 6}
        client = of_openai(base_url=self.emulator.base_url, **common)
        claude = of_anthropic(base_url=f"{self.emulator.url}/anthropic", **common)
        return tuple(costmark.wrap(each, auth="sigv4", **source) for each in (client, claude))


def project_for(kind: str, chance: random.Random) -> str:
    return FICKLE if kind.startswith("left") else chance.choice(STEADY)


def prompt(chance: random.Random) -> list[Any]:
    words = chance.choices(["What", "is", "größer", "als", "日本", "\U0001f600", '"'], k=40)
    return [{"role": "user", "content": " ".join(words)}] * chance.randint(1, 20)


def chat(chance: random.Random, **more: Any) -> dict[str, Any]:
    return {"model": MODEL, "messages": prompt(chance), **more}


def response(chance: random.Random, **more: Any) -> dict[str, Any]:
    return {"model": MODEL, "input": prompt(chance), **more}


def message(chance: random.Random, **more: Any) -> dict[str, Any]:
    return {"model": CLAUDE, "max_tokens": 50, "messages": prompt(chance), **more}


def sync_calls(client: Any, claude: Any) -> dict[str, Call]:
    """What a thread does; who leaves a stream is `left ...`."""
    ask, respond = client_methods(client)
    return {
        "chat": lambda c: ask(**chat(c)),
        "chat streamed": lambda c: drain(ask(**chat(c, stream=True))),
        "chat of a copy": lambda c: client.with_options(timeout=60).chat.completions.create(
            **chat(c)
        ),
        "response": lambda c: respond(**response(c)),
        "response streamed": lambda c: drain(respond(**response(c, stream=True))),
        "message": lambda c: claude.messages.create(**message(c)),
        "message streamed": lambda c: drain(claude.messages.create(**message(c, stream=True))),
        "left by closing it": lambda c: leave(ask(**chat(c, stream=True))),
    }


def async_calls(client: Any, claude: Any) -> dict[str, Call]:
    """What a task does."""
    ask, respond = client_methods(client)
    return {
        "async chat": lambda c: ask(**chat(c)),
        "async chat streamed": lambda c: drain_async(ask(**chat(c, stream=True))),
        "async response": lambda c: respond(**response(c)),
        "async response streamed": lambda c: drain_async(respond(**response(c, stream=True))),
        "async message": lambda c: claude.messages.create(**message(c)),
        "async message streamed": lambda c: drain_async(
            claude.messages.create(**message(c, stream=True))
        ),
        "left by a cancelled task": lambda c: cancel(ask(**chat(c, stream=True)), c),
    }


def client_methods(client: Any) -> tuple[Any, Any]:
    return client.chat.completions.create, client.responses.create


def drain(stream: Any) -> None:
    for _ in stream:
        pass


def leave(stream: Any) -> None:
    with stream:
        next(iter(stream), None)


async def drain_async(stream: Awaitable[Any]) -> None:
    async for _ in await stream:
        pass


async def cancel(stream: Awaitable[Any], chance: random.Random) -> None:
    """Give a call up somewhere between its beginning and its end."""
    task = asyncio.ensure_future(drain_async(stream))
    await asyncio.sleep(chance.uniform(0, 0.1))
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


KINDS = len(sync_calls(Mock(), Mock())) + len(async_calls(Mock(), Mock()))
