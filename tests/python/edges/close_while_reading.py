"""Reads streams on some threads and closes them on another, for so many seconds.

`./dev test --python-asan` does so for a minute, with a module that was built for AddressSanitizer.
"""

from __future__ import annotations

import random
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from costmark import _core

URL = "https://gateway.example/v1/chat/completions"
HEADERS = [(b"content-type", b"application/json")]
BODY = b'{"model":"m","messages":[],"stream":true}'
KIB = 1024


def piece() -> bytes:
    """One event of a stream."""
    text = b"y" * random.randrange(4 * KIB, 64 * KIB)
    return b'data: {"choices":[{"index":0,"delta":{"content":"%s"}}]}\n\n' % text


def read(operation: _core.Operation, start: threading.Barrier) -> None:
    """Read pieces, also after the end."""
    start.wait()
    for _ in range(20):
        given = piece()
        if operation.feed(given) != given:
            raise AssertionError("a piece was changed")
    operation.finish()


def close(operation: _core.Operation, start: threading.Barrier) -> None:
    """End the attempt at some moment, and go on to the next one."""
    start.wait()
    time.sleep(random.random() / 500)
    operation.fail("cancelled")
    operation.prepare("POST", URL, HEADERS, BODY)


def rounds(seconds: float) -> int:
    """Do so for a while; returns how often."""
    client = _core.Client({"project": "proj_a"})
    end, done = time.monotonic() + seconds, 0
    with ThreadPoolExecutor(3) as pool:
        while time.monotonic() < end:
            operation, _ = client.begin("POST", URL, HEADERS, BODY)
            operation.prepare("POST", URL, HEADERS, BODY, False, True)
            operation.head(200, [(b"content-type", b"text/event-stream")])
            start = threading.Barrier(3)
            ways = (read, read, close)
            for each in [pool.submit(way, operation, start) for way in ways]:
                each.result(60)
            done += 1
    return done


if __name__ == "__main__":
    print(rounds(float(sys.argv[1])))
