"""A server on loopback that plays AWS endpoints, each under a path of its own."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Asked:
    """One request, as it arrived; ``path`` without the part that leads to the endpoint."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]  # names in lower case
    body: bytes
    url: str

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Answer:
    """What to answer: a status and a body, or nothing but a closed connection."""

    status: int
    body: object = None  # bytes as they are, anything else as JSON
    error_type: str = ""  # of AWS, in the header from which botocore takes it
    dropped: bool = False


DROPPED = Answer(0, dropped=True)
Play = Callable[[Asked], Answer]


@dataclass
class Endpoint:
    """One endpoint, its URL, and what it was asked."""

    url: str
    play: Play
    asked: list[Asked] = field(default_factory=list)


class Loopback(ThreadingHTTPServer):
    """The server. ``endpoint`` adds an endpoint; all of them work at once."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.endpoints: dict[str, Endpoint] = {}

    def endpoint(self, play: Play) -> Endpoint:
        name = str(len(self.endpoints))
        url = f"http://127.0.0.1:{self.server_address[1]}/{name}"
        return self.endpoints.setdefault(name, Endpoint(url, play))


class _Handler(BaseHTTPRequestHandler):
    server: Loopback

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        _, name, *rest = parts.path.split("/")
        endpoint = self.server.endpoints[name]
        asked = Asked(
            self.command,
            "/" + "/".join(rest),
            dict(parse_qsl(parts.query, strict_parsing=bool(parts.query))),
            {key.lower(): value for key, value in self.headers.items()},
            self.rfile.read(int(self.headers.get("Content-Length") or 0)),
            f"http://{self.headers['Host']}{self.path}",
        )
        endpoint.asked.append(asked)
        answer = endpoint.play(asked)
        if answer.dropped:
            self.close_connection = True
            return
        body = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
        self.send_response(answer.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if answer.error_type:
            self.send_header("x-amzn-ErrorType", answer.error_type)
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = _serve  # noqa: N815 - names of the base class

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - likewise
        pass


@contextmanager
def run_loopback() -> Iterator[Loopback]:
    server = Loopback()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
