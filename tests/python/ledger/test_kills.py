"""Four writers that are killed at random moments: what they were told is there, once."""

from __future__ import annotations

import os
import random
import signal
import time
import traceback
from collections import Counter
from typing import TYPE_CHECKING

import pytest

import costmark
from adapters.clients import SIGNED, plain
from costmark import ledger
from costmark.cli.main import main
from harness import MESSAGES, MODEL, Emulator

if TYPE_CHECKING:
    from pathlib import Path

    import openai

WRITERS = 4
KILLS = int(os.environ.get("TEST_KILLS", "10000"))  # of the slow test


class Caller:
    """A child that calls for ever, with the client that its parent has made."""

    def __init__(self, client: openai.OpenAI, name: str) -> None:
        self._reading, self._telling = os.pipe()
        self._pid = os.fork()
        if self._pid != 0:
            os.close(self._telling)
            return
        try:
            call = 0
            while True:
                self._call(client, f"{name}-{call}")
                call += 1
        except BaseException:
            traceback.print_exc()
            raise
        finally:
            os._exit(1)

    def _call(self, client: openai.OpenAI, name: str) -> None:
        with costmark.labels(call=name):
            answer = client.chat.completions.with_raw_response.create(
                model=MODEL, messages=MESSAGES, extra_headers={"x-call": name}
            )
        os.write(self._telling, f"{name} {answer.headers['x-request-id']}\n".encode())

    def first(self) -> bytes:
        """What it is told first; it is waited for."""
        return os.read(self._reading, 1 << 16)

    def kill(self) -> bytes:
        """End it, and return what else it was told."""
        os.kill(self._pid, signal.SIGKILL)
        _, status = os.waitpid(self._pid, 0)
        assert os.waitstatus_to_exitcode(status) == -signal.SIGKILL, "it ended by itself"
        told = b""
        while piece := os.read(self._reading, 1 << 16):
            told += piece
        os.close(self._reading)
        return told


class Server:
    """The requests that reached the emulator, which keeps the last thousand of them."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self.calls: dict[str, str] = {}  # by request id

    def look(self) -> None:
        found = self._emulator.requests()
        assert len(found) < 1000 or found[0]["request_id"] in self.calls, "some were not seen"
        for request in found:
            self.calls[request["request_id"]] = dict(request["headers"])["x-call"]


def disturb(emulator: Emulator) -> None:
    """Some are killed in a second attempt, or while they wait for it."""
    soon = {"headers": {"retry-after-ms": "2"}}
    emulator.fault("status", status=500, count=3, **soon)
    emulator.fault("slow", delay_s=0.02, count=2)
    emulator.fault("status", status=429, count=3, **soon)


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kills", [12, pytest.param(KILLS, marks=pytest.mark.full)])
def test_what_a_caller_was_told_is_there_once(
    bedrock: Emulator, tmp_path: Path, kills: int, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "ledger"
    choose = random.Random(kills)
    client = costmark.wrap(plain(bedrock, max_retries=9), ledger=str(folder), **SIGNED)
    server = Server(bedrock)
    told = b""
    for number in range(kills // WRITERS):
        disturb(bedrock)
        callers = [Caller(client, f"{number}-{each}") for each in range(WRITERS)]
        told += b"".join(caller.first() for caller in callers)
        time.sleep(choose.uniform(0, 0.04))
        told += b"".join(caller.kill() for caller in callers)
        if number % 10 == 0:
            server.look()
    bedrock.fetch("/_emulator/faults", method="DELETE")
    server.look()
    acknowledged = dict(line.split()[::-1] for line in told.decode().splitlines())

    rows = [row for row in ledger.read(folder) if row["kind"] in ("begin", "attempt")]
    keys = Counter((row["kind"], row["op"], row["attempt"]) for row in rows)
    assert set(keys.values()) == {1}
    ended = [row for row in rows if row["kind"] == "attempt"]
    answered = {row["request_id"]: row["labels"]["call"] for row in ended if "request_id" in row}
    assert len(answered) == sum("request_id" in row for row in ended)
    assert acknowledged.items() <= answered.items()
    assert answered.items() <= server.calls.items()
    # Each request that arrived has an attempt that ended, or one that began.
    begun = {(row["op"], row["attempt"]): row["labels"]["call"] for row in rows}
    of_call, arrived = Counter(begun.values()), Counter(server.calls.values())
    assert all(of_call[call] >= count for call, count in arrived.items())
    unfinished = [row for row in rows if ("attempt", row["op"], row["attempt"]) not in keys]
    assert len(unfinished) <= kills
    assert any(row["attempt"] > 1 for row in unfinished) or kills < 1000

    found = ledger.verify(folder)
    assert (found.gaps, found.lost, found.doubled) == ({}, 0, 0)
    assert all(fault.kind == "torn" for _, _, fault in found.faults)
    assert found.unknown == len(unfinished)
    assert main(["ledger", "verify", str(folder)]) == int(bool(found.faults))
    assert main(["report", "--by", "project", str(folder)]) == 0
    assert "default" in capsys.readouterr().out
