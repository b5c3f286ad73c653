"""A stream that one thread reads may be closed by another."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).with_name("close_while_reading.py")


@pytest.mark.slow
def test_a_stream_that_is_closed_at_any_moment() -> None:
    command = [sys.executable, str(PROGRAM), "10"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert int(ended.stdout) > 20
