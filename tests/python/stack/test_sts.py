"""STS as the commands ask it: what answers in its place is told, and gets nothing it should not."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from costmark._core import Credentials
from costmark.errors import ConfigurationError, CredentialsError, TransportError
from costmark.stack.sts import caller_account

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from costmark.errors import Error

KEYS = Credentials("AKIDEXAMPLE", "secret-c4n4ry", "token-c4n4ry")
ANSWERS = {
    "garbage": b"garbage\r\n\r\n",
    "chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "nothing": b"",
    "page": b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n<x>",
    "moved": b"HTTP/1.1 302 Found\r\nLocation: /page/\r\nContent-Length: 0\r\n\r\n",
}


class _Handler(BaseHTTPRequestHandler):
    asked: list[str]

    def do_POST(self) -> None:
        self.asked.append(self.path)
        self.wfile.write(ANSWERS[self.path.strip("/")])
        self.close_connection = True

    do_GET = do_POST  # noqa: N815 - the name is http.server's

    def log_message(self, *_arguments: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    handler = type("Handler", (_Handler,), {"asked": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        yield server
        server.shutdown()


@pytest.mark.parametrize(
    ("answer", "kind", "message"),
    [
        ("garbage", TransportError, "garbage; AWS STS has to be reachable"),
        ("chunks", TransportError, "AWS STS has to be reachable"),
        ("nothing", TransportError, "Remote end closed connection"),
        ("page", CredentialsError, "the answer of STS has no Account"),
        ("moved", CredentialsError, "was refused: status 302"),
    ],
)
def test_what_is_no_answer(
    answer: str,
    kind: type[Error],
    message: str,
    server: ThreadingHTTPServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url = f"http://127.0.0.1:{server.server_port}/{answer}"
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", url)
    with pytest.raises(kind, match=message) as raised:
        caller_account(KEYS, "us-east-1")
    assert "c4n4ry" not in str(raised.value)
    assert server.RequestHandlerClass.asked == [f"/{answer}/"]  # type: ignore[attr-defined]


def test_certificates_that_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "https://127.0.0.1:1")
    for name in ("none", "empty"):
        path = tmp_path / name
        if name == "empty":
            path.touch()
        monkeypatch.setenv("AWS_CA_BUNDLE", str(path))
        with pytest.raises(ConfigurationError, match=f"AWS_CA_BUNDLE: {path} cannot be read as"):
            caller_account(KEYS, "us-east-1")
