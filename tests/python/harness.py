"""Servers for the tests: the emulator as a process, and one that records what it is sent."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.request import Request, urlopen

MODEL = "openai.gpt-oss-120b"
REGION = "us-east-1"
ACCESS_KEY_ID = "AKIDEXAMPLE"
SECRET_ACCESS_KEY = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
MESSAGES: list[Any] = [{"role": "user", "content": "How do I return a pair of shoes?"}]


class Emulator:
    """The emulator's side of the tests."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.base_url = f"{url}/v1"

    def fetch(self, path: str, body: object = None, method: str | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"content-type": "application/json"}
        request = Request(self.url + path, data, headers, method=method)
        with urlopen(request) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def usage(self) -> list[dict[str, Any]]:
        """What was recorded since `reset`."""
        records: list[dict[str, Any]] = self.fetch("/_emulator/usage")
        return records

    def requests(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.fetch("/_emulator/requests")
        return [each for each in found if not each["path"].startswith("/_emulator")]

    def fault(self, kind: str, **members: object) -> None:
        self.fetch("/_emulator/faults", {"kind": kind, **members})


@contextmanager
def run_emulator(*arguments: str) -> Iterator[Emulator]:
    program = ("-m", "costmark.emulator", "--port", "0", "--show-prompts")
    with run_program(*program, *arguments) as emulator:
        yield emulator


@contextmanager
def run_program(*arguments: str) -> Iterator[Emulator]:
    """A program in Python that is the emulator, or holds it."""
    process = subprocess.Popen(
        [sys.executable, *arguments],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert line.startswith("listening on http://"), line
        yield Emulator(line.split()[-1])
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


@dataclass
class Received:
    method: str
    path: str
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        assert len(values) < 2, f"{name} came {len(values)} times"
        return values[0] if values else None

    def json(self) -> Any:
        return json.loads(self.body)


CHAT_ANSWER = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": MODEL,
    "choices": [
        {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Yes."}}
    ],
    "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10},
}


def chunk(content: str | None, *, finish: str | None = None) -> bytes:
    choice = {"index": 0, "finish_reason": finish, "delta": {"content": content} if content else {}}
    return event({"choices": [choice], "usage": None})


def usage_chunk() -> bytes:
    return event({"choices": [], "usage": CHAT_ANSWER["usage"]})


def event(members: dict[str, Any]) -> bytes:
    data = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": MODEL}
    return b"data: " + json.dumps({**data, **members}).encode() + b"\n\n"


DONE = b"data: [DONE]\n\n"
CHAT_STREAM = [chunk("Yes"), chunk("."), chunk(None, finish="stop"), usage_chunk(), DONE]

Answer = Callable[[BaseHTTPRequestHandler, Received], None]


def answer_json(
    handler: BaseHTTPRequestHandler, body: object, status: int = 200, **headers: str
) -> None:
    data = json.dumps(body).encode()
    handler.send_response(status)
    handler.send_header("content-type", "application/json")
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("content-length", str(len(data)))
    handler.end_headers()
    handler.wfile.write(data)


def answer_stream(
    handler: BaseHTTPRequestHandler, pieces: list[bytes], *, end: bool = True, **headers: str
) -> None:
    handler.send_response(200)
    handler.send_header("content-type", "text/event-stream; charset=utf-8")
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("transfer-encoding", "chunked")
    handler.end_headers()
    for piece in pieces:
        handler.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        handler.wfile.flush()
    if end:
        handler.wfile.write(b"0\r\n\r\n")
    else:
        handler.close_connection = True


def default_answer(handler: BaseHTTPRequestHandler, request: Received) -> None:
    if b'"stream":true' in request.body.replace(b" ", b""):
        answer_stream(handler, CHAT_STREAM)
    else:
        answer_json(handler, CHAT_ANSWER)


@dataclass
class Recorder:
    """A server that keeps every request as it came and answers as it is told."""

    url: str
    requests: list[Received] = field(default_factory=list)
    answer: Answer = default_answer

    @property
    def base_url(self) -> str:
        return f"{self.url}/v1"

    @property
    def last(self) -> Received:
        return self.requests[-1]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256
    recorder: Recorder

    def handle_error(self, request: object, client_address: object) -> None:
        """Callers of these tests hang up all the time."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(length)
        if "chunked" in (self.headers.get("transfer-encoding") or ""):
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        recorder = self.server.recorder
        received = Received(self.command, self.path, list(self.headers.items()), body)
        recorder.requests.append(received)
        recorder.answer(self, received)

    do_GET = do_DELETE = do_PUT = do_POST  # noqa: N815 - their names are given

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def run_recorder() -> Iterator[Recorder]:
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.recorder = Recorder(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server.recorder
        finally:
            server.shutdown()
            thread.join()
