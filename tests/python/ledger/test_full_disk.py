"""A disk that is full: no call fails, and the counters tell the truth."""

from __future__ import annotations

import gc
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

import costmark
from costmark import _core, ledger

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

URL = "http://127.0.0.1:9/v1/chat/completions"
FIELDS = (("Content-Type", "application/json"),)
ANSWER = b'{"id":"c1","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":1}}'


def mount(*arguments: str) -> bool:
    if shutil.which("mount") is None:
        return False
    return subprocess.run(["mount", *arguments], capture_output=True, check=False).returncode == 0


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if not mount("-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)):
        pytest.skip("only root may mount a small disk")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def make_call(client: _core.Client) -> None:
    operation, _ = client.begin("POST", URL, FIELDS, b'{"model":"m"}')
    operation.prepare("POST", URL, FIELDS, b'{"model":"m"}', False, True)
    operation.head(200, FIELDS)
    operation.feed(ANSWER)
    operation.finish()


def test_rows_wait_until_there_is_space_again(disk: Path) -> None:
    before = costmark.ledger_counts()
    options = {"ledger": str(disk / "ledger"), "ledger_begin": "false", "auth": "none"}
    client = _core.Client(options)
    for _ in range(300):
        make_call(client)
    full = costmark.ledger_counts()
    assert full.rows_waiting - before.rows_waiting > 0
    written = full.rows_written - before.rows_written
    assert written + full.rows_waiting - before.rows_waiting == 301  # a note that it began, too
    assert mount("-o", "remount,size=4m", str(disk))
    make_call(client)
    after = costmark.ledger_counts()
    assert after.rows_written - before.rows_written == 302
    assert (after.rows_waiting, after.rows_lost) == (before.rows_waiting, before.rows_lost)
    del client
    gc.collect()
    rows = list(ledger.read(disk, notes=True))
    assert [row["seq"] for row in rows] == list(range(303))
    assert sum(row["kind"] == "attempt" for row in rows) == 301
