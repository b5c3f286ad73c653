"""A stream that one thread reads may be closed by another."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).with_name("close_while_reading.py")


@pytest.mark.parametrize("seconds", [2, pytest.param(10, marks=pytest.mark.slow)])
def test_a_stream_that_is_closed_at_any_moment(seconds: int) -> None:
    command = [sys.executable, str(PROGRAM), str(seconds)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert int(ended.stdout) > 2 * seconds
