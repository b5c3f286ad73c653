"""A program that ends while daemon threads are in the core. Arguments: the kind, the threads."""

from __future__ import annotations

import random
import sys
import threading
import time
from collections.abc import Callable

from costmark import _core

URL = "https://gateway.example/v1/chat/completions"
SIGNED = {"auth": "sigv4", "region": "us-east-1", "base_url": "https://gateway.example/v1"}
HEADERS = [(b"content-type", b"application/json")]
BODY = b'{"model":"m","stream":true,"messages":[{"role":"user","content":"%s"}]}' % (b"x" * 20_000)
KEYS = _core.Credentials("AKIDEXAMPLE", "secret")


def sign(client: _core.Client) -> _core.Operation:
    """Begin and prepare an operation."""
    operation, _ = client.begin("POST", URL, HEADERS, BODY)
    operation.prepare("POST", URL, HEADERS, BODY)
    operation.sent()
    return operation


def signing() -> None:
    """Sign, over and over."""
    client = _core.Client(SIGNED, credentials=KEYS)
    while True:
        sign(client)


def asking() -> None:
    """Have each signature ask a callback first."""

    def ask() -> _core.Credentials:
        time.sleep(random.random() / 1000)
        return KEYS

    while True:
        sign(_core.Client(SIGNED, credentials=ask))


def streaming() -> None:
    """Read answers, in pieces for which the GIL is given away."""
    client = _core.Client({"project": "proj_a"})
    piece = b'data: {"choices":[{"index":0,"delta":{"content":"%s"}}]}\n\n' % (b"y" * 16_000)
    while True:
        operation = sign(client)
        operation.head(200, [(b"content-type", b"text/event-stream")])
        for _ in range(50):
            operation.feed(piece)
        operation.finish()


class Slow:
    """Gives the GIL away while the interpreter takes its modules apart, as closing files does."""

    def __del__(self, sleep: Callable[[float], None] = time.sleep) -> None:
        sleep(0.02)


last = Slow()
KINDS = {"signing": signing, "asking": asking, "streaming": streaming}

for _ in range(int(sys.argv[2])):
    threading.Thread(target=KINDS[sys.argv[1]], daemon=True).start()
time.sleep(0.02 + random.random() / 20)
