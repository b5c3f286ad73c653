"""A child that was forked while another thread was inside of an operation."""

from __future__ import annotations

import os
import signal
import threading
from typing import Any

import pytest

from costmark import _core

URL = "https://gateway.example/v1/chat/completions"
HEADERS = [(b"content-type", b"application/json")]
BODY = b'{"model":"m","messages":[]}'


def begin(client: _core.Client) -> _core.Operation:
    operation, _ = client.begin("POST", URL, HEADERS, BODY)
    operation.prepare("POST", URL, HEADERS, BODY)
    return operation


def test_an_operation_of_another_thread_is_an_error_in_the_child() -> None:
    inside, go_on = threading.Event(), threading.Event()

    def told(_: dict[str, Any]) -> None:
        inside.set()
        go_on.wait(30)

    operation = begin(_core.Client({"project": "proj_a"}, on_usage=told))
    operation.sent()
    operation.head(200, [])
    thread = threading.Thread(target=operation.finish)
    thread.start()
    assert inside.wait(30)
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        os._exit(uses_in_child(operation))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    go_on.set()
    thread.join(30)
    assert operation.report["outcome"] == "incomplete"  # the parent's went on


def uses_in_child(operation: _core.Operation) -> int:
    """Use the operation, and one of the child's own; 0 if each does what it should."""
    with pytest.raises(RuntimeError, match="begin an operation of its own in the child"):
        operation.finish()
    begin(_core.Client({"project": "proj_a"})).fail("cancelled")
    return 0
