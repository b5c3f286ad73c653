"""A process that ends while daemon threads are inside the core ends as if they were not there."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness import default_answer

if TYPE_CHECKING:
    from http.server import BaseHTTPRequestHandler

    from harness import Received, Recorder

PROGRAM = Path(__file__).with_name("at_exit.py")
LATE = Path(__file__).with_name("late_callback.py")


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


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc has what makes the process linger")
def test_a_callback_whose_turn_comes_after_the_interpreter(recorder: Recorder) -> None:
    def answer(handler: BaseHTTPRequestHandler, request: Received) -> None:
        process.stdin.close()
        time.sleep(0.5)
        default_answer(handler, request)

    recorder.answer = answer
    with subprocess.Popen(
        [sys.executable, str(LATE), recorder.url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.wait(30) == 1
        assert process.stdout.read() == ""


CALLS_BACK_AT_THE_END = """
import os
from costmark import _core

class Last:
    def __del__(self, core=_core, write=os.write):
        def keys(keys=core.Credentials("AKIDEXAMPLE", "secret")):
            return keys

        url = "https://gateway.example/v1/chat/completions"
        request = "POST", url, [(b"content-type", b"application/json")], b'{"model":"m"}'
        options = {"auth": "sigv4", "region": "us-east-1", "base_url": url}
        operation, _ = core.Client(options, credentials=keys).begin(*request)
        operation.prepare(*request)
        write(1, b"signed")

last = Last()
"""


def test_the_thread_that_ends_the_interpreter_is_called_back_as_ever() -> None:
    command = [sys.executable, "-c", CALLS_BACK_AT_THE_END]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "signed", "")
