"""A process that ends while daemon threads are inside the core ends as if they were not there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).with_name("at_exit.py")


# Of 20 runs, ten were aborted before threads that ask for the GIL too late were stopped.
@pytest.mark.parametrize("runs", [3, pytest.param(12, marks=pytest.mark.slow)])
@pytest.mark.parametrize(("kind", "threads"), [("signing", 1), ("asking", 16), ("streaming", 16)])
def test_daemon_threads_in_the_core_do_not_disturb_the_end(
    kind: str, threads: int, runs: int
) -> None:
    for _ in range(runs):
        command = [sys.executable, str(PROGRAM), kind, str(threads)]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert (ended.returncode, ended.stderr) == (0, "")
