"""Disks, folders, pipes and clocks that fail: no call does, and the counters tell the truth."""

from __future__ import annotations

import contextlib
import gc
import os
import shutil
import subprocess
import sys
from typing import IO, TYPE_CHECKING, Any

import pytest

import costmark
from costmark import _core, ledger
from ledger.calls import make_call

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OPTIONS = {"ledger_begin": "false", "auth": "none", "unattributed": "allow"}
SMALL_DISK = 64 << 10


class Counts:
    """What became of the rows of this process, since this was made."""

    def __init__(self) -> None:
        self._before = costmark.ledger_counts()

    def __call__(self) -> dict[str, int]:
        now = costmark.ledger_counts()
        names = ("written", "waiting", "lost", "torn")
        counts = {n: getattr(now, f"rows_{n}") - getattr(self._before, f"rows_{n}") for n in names}
        return {name: count for name, count in counts.items() if count}


@pytest.fixture
def counts() -> Counts:
    gc.collect()  # what earlier tests left ends now
    return Counts()


def client_of(target: object, **more: Any) -> _core.Client:
    return _core.Client({"ledger": str(target), **OPTIONS}, **more)


def read(*paths: Path) -> tuple[list[str], list[ledger.Row]]:
    """The names of the calls that have a row, and the notes. No number is missing or twice."""
    rows = list(ledger.read(*paths, notes=True))
    numbers: dict[str, list[int]] = {}
    for row in rows:
        numbers.setdefault(row["writer"], []).append(row["seq"])
    for of_writer in numbers.values():
        assert len(of_writer) == len(set(of_writer))
    calls = [row["labels"]["call"] for row in rows if row["kind"] == "attempt"]
    return calls, [row for row in rows if row["kind"] == "note"]


def names(count: int) -> list[str]:
    return [str(number) for number in range(count)]


# --- Disks ----------------------------------------------------------------------------------------


def mount(*arguments: str) -> bool:
    if shutil.which("mount") is None:
        return False
    return subprocess.run(["mount", *arguments], capture_output=True, check=False).returncode == 0


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if not mount("-t", "tmpfs", "-o", f"size={SMALL_DISK}", "tmpfs", str(folder)):
        pytest.skip("only root may mount a small disk")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_rows_wait_until_there_is_space_again(disk: Path, counts: Counts) -> None:
    client = client_of(disk / "ledger")
    for name in names(300):
        make_call(client, name)
    full = counts()
    assert full["waiting"] > 0
    assert full["written"] + full["waiting"] == 301  # a note that it began, too
    assert mount("-o", "remount,size=4m", str(disk))
    make_call(client, "300")
    assert counts() == {"written": 302}
    del client
    gc.collect()
    calls, notes = read(disk)
    assert calls == names(301)
    assert [note["note"] for note in notes] == ["open", "close"]


def test_what_has_no_room_to_wait_is_lost_and_noted(disk: Path, counts: Counts) -> None:
    said: list[str] = []
    client = client_of(disk / "ledger", log=lambda _, text: said.append(text))
    made = 0
    while counts().get("lost", 0) < 100:
        make_call(client, str(made))
        made += 1
    full = counts()
    assert full["written"] + full["waiting"] + full["lost"] == made + 1
    assert len(said) == 1  # and no other one for a minute
    assert "No space left on device" in said[0]
    assert mount("-o", "remount,size=16m", str(disk))
    make_call(client, "last")
    del client
    gc.collect()
    calls, notes = read(disk)
    assert len(calls) == made + 1 - full["lost"]
    assert calls == [*names(made - full["lost"]), "last"]
    (lost,) = [note for note in notes if note["note"] == "lost"]
    assert lost["rows_lost"] == full["lost"]
    assert "No space" in lost["reason"]
    found = ledger.verify(disk / "ledger")
    assert (found.lost, sum(map(len, *found.gaps.values()))) == (full["lost"], full["lost"])
    assert found.faults == []


def test_a_disk_that_can_only_be_read(disk: Path, counts: Counts) -> None:
    assert mount("-o", "remount,ro", str(disk))
    client = client_of(disk / "ledger")
    for name in names(3):
        make_call(client, name)
    assert counts() == {"waiting": 3}
    assert mount("-o", "remount,rw", str(disk))
    make_call(client, "3")
    assert counts() == {"written": 5}
    assert sorted(read(disk)[0]) == names(4)


# --- Folders, pipes, processes --------------------------------------------------------------------


def test_a_folder_that_is_removed_while_it_is_written(tmp_path: Path, counts: Counts) -> None:
    folder = tmp_path / "ledger"
    client = client_of(folder)
    make_call(client, "removed")
    shutil.rmtree(folder)
    for name in names(3):
        make_call(client, name)
    assert counts() == {"written": 6}  # and two notes that it began
    folder.rename(tmp_path / "moved")  # that is seen by nobody, and loses nothing
    make_call(client, "3")
    del client
    gc.collect()
    calls, notes = read(tmp_path / "moved")
    assert calls == names(4)
    assert [note["note"] for note in notes] == ["open", "close"]


def test_a_pipe_that_nobody_reads(tmp_path: Path, counts: Counts) -> None:
    reading, writing = os.pipe()
    client = client_of(f"fd:{writing}")
    made = 0
    while counts().get("lost", 0) < 10:
        make_call(client, str(made))
        made += 1
    full = counts()
    assert full["written"] + full["waiting"] + full["lost"] == made + 1
    log = tmp_path / "pipe.log"
    os.set_blocking(reading, False)
    later = 0
    with log.open("wb") as file:
        while "waiting" in counts():
            drain(reading, file)
            make_call(client, f"later-{later}")
            later += 1
        drain(reading, file)
        del client
        gc.collect()
        drain(reading, file)
    os.close(reading)
    os.close(writing)
    calls, notes = read(log)
    assert calls == [*names(made - full["lost"]), *(f"later-{n}" for n in range(later))]
    assert [note["note"] for note in notes] == ["open", "lost", "close"]
    lost = full["lost"]
    assert notes[-1]["rows_lost"] == lost
    found = ledger.verify(log)
    assert (found.lost, sum(map(len, *found.gaps.values())), found.faults) == (lost, lost, [])


def drain(descriptor: int, to: IO[bytes]) -> None:
    """Read what is in a pipe."""
    with contextlib.suppress(BlockingIOError):
        while piece := os.read(descriptor, 1 << 16):
            to.write(piece)


def test_forks(tmp_path: Path, counts: Counts) -> None:
    folder = tmp_path / "ledger"
    client = client_of(folder)
    make_call(client, "before")
    children = []
    for number in range(20):
        child = os.fork()
        if child == 0:
            try:
                mine = Counts()
                for call in range(5):
                    make_call(client, f"{number}-{call}")
                os._exit(0 if mine() == {"written": 6} else 1)
            finally:
                os._exit(2)
        children.append(child)
        make_call(client, f"parent-{number}")
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 20
    make_call(client, "after")
    assert counts() == {"written": 23}
    calls, notes = read(folder)
    assert len(calls) == len(set(calls)) == 122
    assert len({note["writer"] for note in notes}) == len(list(folder.glob("raw/*/*"))) == 21
    assert ledger.verify(folder).good


# --- Clocks ---------------------------------------------------------------------------------------

CLOCK = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <time.h>

long seconds_behind;

int clock_gettime(clockid_t clock, struct timespec *time) {
  static int (*real)(clockid_t, struct timespec *);
  if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
  const int status = real(clock, time);
  if (clock == CLOCK_REALTIME) time->tv_sec -= seconds_behind;
  return status;
}
"""
BACK = """
import ctypes, sys
from costmark import _core
from ledger.calls import make_call, begin, end

behind = ctypes.c_long.in_dll(ctypes.CDLL(None), "seconds_behind")
client = _core.Client({"ledger": sys.argv[1], "auth": "none"})
make_call(client, "before")
operation = begin(client, "across")
behind.value = 3600
end(operation)
make_call(client, "after")
behind.value = 2 * 86400
make_call(client, "days before")
"""


def test_a_clock_that_goes_back(tmp_path: Path) -> None:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("there is no C compiler")
    source, clock, folder = tmp_path / "clock.c", tmp_path / "clock.so", tmp_path / "ledger"
    source.write_text(CLOCK)
    subprocess.run([compiler, "-shared", "-fPIC", "-o", clock, source, "-ldl"], check=True)
    environment = {**os.environ, "LD_PRELOAD": str(clock), "PYTHONPATH": os.pathsep.join(sys.path)}
    program = [sys.executable, "-c", BACK, str(folder)]
    subprocess.run(program, env=environment, check=True, timeout=60)
    rows = [row for row in ledger.read(folder) if row["kind"] == "attempt"]
    times = {row["labels"]["call"]: row for row in rows}
    assert times.keys() == {"before", "across", "after", "days before"}
    assert all(0 <= row["end_us"] - row["start_us"] == row["latency_us"] for row in rows)
    assert times["across"]["latency_us"] < 60_000_000
    back = times["across"]["start_us"] - times["after"]["start_us"]
    assert 3500_000_000 < back <= 3600_000_000
    assert len(list(folder.glob("raw/*"))) >= 2
    found = ledger.verify(folder)
    assert found.good
    assert (found.in_flight, found.unknown) == (0, 0)
