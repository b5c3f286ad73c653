"""Writers, compactors and readers at once, all but the readers killed at any moment."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import random
import signal
import time
from typing import TYPE_CHECKING

import pytest

from costmark import _core, ledger
from ledger.calls import make_call

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.process import BaseProcess
    from pathlib import Path

FORK = multiprocessing.get_context("fork")


def write(folder: Path, told: int) -> None:
    """Make calls for ever; each one that is done is told by its number."""
    writer = os.urandom(8).hex()  # a process id comes again
    client = _core.Client({"ledger": str(folder), "auth": "none"})
    call = 0
    while True:
        make_call(client, f"{writer}-{call}")
        os.write(told, f"{writer}-{call}\n".encode())
        call += 1
        time.sleep(0.002)
        if call % 50 == 0:
            client = _core.Client({"ledger": str(folder), "auth": "none"})  # the old one ends


def compact(folder: Path, verb: Callable[[Path], object]) -> None:
    while True:
        with contextlib.suppress(ledger.BusyError):
            verb(folder)


class Crowd:
    """Processes of which any may be killed, and another takes its place."""

    def __init__(self, folder: Path, told: int) -> None:
        (folder / "raw").mkdir(parents=True)
        self._works: list[tuple[Callable[..., None], tuple[object, ...]]] = [
            (write, (folder, told)),
            (write, (folder, told)),
            (write, (folder, told)),
            (compact, (folder, ledger.compact)),
            (compact, (folder, ledger.compact)),
            (compact, (folder, ledger.prune)),
        ]
        self._running = [self._start(number) for number in range(len(self._works))]

    def _start(self, number: int) -> BaseProcess:
        work, arguments = self._works[number]
        process = FORK.Process(target=work, args=arguments, daemon=True)
        process.start()
        return process

    def _end(self, number: int) -> None:
        process = self._running[number]
        assert process.is_alive(), f"{self._works[number]} ended by itself: {process.exitcode}"
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL

    def kill_one(self, choose: random.Random) -> None:
        number = choose.randrange(len(self._works))
        self._end(number)
        self._running[number] = self._start(number)

    def end(self) -> None:
        for number in range(len(self._works)):
            self._end(number)


def told_by(descriptor: int) -> set[str]:
    """The calls that were told to be done; a writer that is killed may cut its last line."""
    text = b""
    with contextlib.suppress(BlockingIOError):
        while piece := os.read(descriptor, 1 << 20):
            text += piece
    return set(text.decode().split("\n")[:-1])


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kills", [12, pytest.param(1000, marks=pytest.mark.full)])
def test_nothing_is_lost_or_doubled(tmp_path: Path, kills: int) -> None:
    folder = tmp_path / "ledger"
    choose = random.Random(kills)
    reading, telling = os.pipe()
    os.set_blocking(reading, False)
    crowd = Crowd(folder, telling)
    done: set[str] = set()
    try:
        for kill in range(kills):
            time.sleep(choose.uniform(0.01, 0.15))
            done |= told_by(reading)
            if kill % max(10, kills // 20) == 0:  # the writers go on meanwhile
                known = set(done)
                found = calls_in(folder)
                assert known <= found.keys()
                assert set(found.values()) <= {1}
            crowd.kill_one(choose)
    finally:
        crowd.end()
    done |= told_by(reading)
    for _ in range(2):
        found = calls_in(folder)
        assert done <= found.keys()
        assert set(found.values()) == {1}
        findings = ledger.verify(folder)
        assert (findings.changed, findings.gaps, findings.lost) == ([], {}, 0)
        assert all(fault.kind == "torn" for _, _, fault in findings.faults)
        ledger.compact(folder)
        ledger.prune(folder)
    assert len(done) > kills
    assert findings.manifests > kills // 10


def calls_in(folder: Path) -> dict[str, int]:
    """How often each call ended, as far as it can be read now."""
    found: dict[str, int] = {}
    for row in ledger.read(folder):
        if row["kind"] == "attempt":
            call = row["labels"]["call"]
            found[call] = found.get(call, 0) + 1
    return found
