"""Calls that reach no server: what came of them is told to the core."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from costmark import _core

URL = "http://127.0.0.1:9/v1/chat/completions"
FIELDS = (("Content-Type", "application/json"),)
BODY = b'{"model":"m"}'
ANSWER = b'{"id":"c1","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":1}}'


def begin(client: _core.Client, name: str) -> _core.Operation:
    """Send an attempt, whose label ``call`` is the name."""
    labels = (("call", name),)
    operation, _ = client.begin("POST", URL, FIELDS, BODY, None, None, False, None, labels)
    operation.prepare("POST", URL, FIELDS, BODY, False, True)
    return operation


def end(operation: _core.Operation) -> None:
    """It is answered."""
    operation.head(200, FIELDS)
    operation.feed(ANSWER)
    operation.finish()


def make_call(client: _core.Client, name: str) -> None:
    """One attempt that is sent and answered."""
    end(begin(client, name))
