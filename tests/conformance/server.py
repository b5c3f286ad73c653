"""The scripted server of the cases: answers as they say, and keeps what it received.

    python server.py [--answers FILE] [--port N]

It prints its port and a line end, and serves until its standard input is closed. A *run* is the
name of a case, or that and the way it is run: ``carriers-custom-body.send``.

    POST /_begin/RUN                forget what RUN received; 404 when there is no such case
    ANY  /RUN/CALL/PATH             the next answer of that call's script
    GET  /_received/RUN             what RUN received, as JSON
    GET  /_cases                    what runners read, as JSON

It knows nothing of costmark but the names in ``cases.json``.
"""

from __future__ import annotations

import argparse
import base64
import json
import socket
import sys
import threading
import time
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import cases as case_file

Case = dict[str, Any]


class Server(ThreadingHTTPServer):
    """Serves the scripts on a loopback port of its own."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, cases: list[Case], port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.cases = {case["name"]: case for case in cases}
        self.for_runners = case_file.for_runners(cases)
        self._lock = threading.Lock()
        self._received: dict[str, list[Case]] = {}
        self._scripts: dict[str, Case] = {}

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def begin(self, run: str) -> bool:
        with self._lock:
            self._received[run] = []
        return run.partition(".")[0] in self.cases

    def received(self, run: str) -> list[Case]:
        with self._lock:
            return list(self._received.get(run, []))

    def take(self, run: str, call: int, record: Case) -> Case | None:
        """Keeps a request. The answer that the script has for it, if it has one."""
        name, _, way = run.partition(".")
        if name not in self.cases:
            return None
        with self._lock:
            if run not in self._scripts:
                self._scripts[run] = case_file.of_way(self.cases[name], way)
            calls = self._scripts[run]["calls"]
            kept = self._received.setdefault(run, [])
            attempt = sum(1 for r in kept if r["call"] == call)
            kept.append(record)
        script = calls[call]["answers"] if 0 <= call < len(calls) else []
        return script[attempt] if attempt < len(script) else None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def log_message(self, *_: object) -> None:
        pass

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def handle(self) -> None:
        try:
            super().handle()
        except ConnectionResetError:  # a caller that gave up
            self.close_connection = True

    def do_GET(self) -> None:
        self._take()

    do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = do_GET  # noqa: N815

    def _take(self) -> None:
        body = self._read_body()
        first, _, rest = self.path.lstrip("/").partition("/")
        if first == "_begin":
            return self._say(200 if self.server.begin(rest) else 404, "{}")
        if first == "_received":
            return self._say(200, json.dumps(self.server.received(rest)))
        if first == "_cases":
            return self._say(200, self.server.for_runners)
        call, _, path = rest.partition("/")
        number = int(call) if call.isdecimal() else -1
        record: Case = {
            "call": number,
            "method": self.command,
            "path": "/" + path,
            "headers": [list(header) for header in self.headers.items()],
            "body": base64.b64encode(body).decode(),
            "at": time.time(),
        }
        answer = self.server.take(first, number, record)
        if answer is None:
            return self._say(418, '{"error":{"message":"the script has no further answer"}}')
        return self._answer(answer)

    def _read_body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", "").lower():
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return body

    def _say(self, status: int, text: str) -> None:
        self._answer({"status": status, "headers": [["Content-Type", "application/json"]],
                      "body": text})  # fmt: skip

    def _answer(self, answer: Case) -> None:
        time.sleep(answer.get("delay_ms", 0) / 1000)
        if answer.get("close"):
            self.close_connection = True
            return
        try:
            self._write(answer)
        except (BrokenPipeError, ConnectionResetError):  # a caller that gave up
            self.close_connection = True

    def _write(self, answer: Case) -> None:
        pieces = case_file.pieces(answer)
        length = sum(map(len, pieces))
        in_pieces = "pieces" in answer or "piece_size" in answer
        until_close = answer.get("no_length", False)
        is_chunked = in_pieces and not until_close
        head = "".join(f"HTTP/1.1 {status} Interim\r\n\r\n" for status in answer.get("interim", []))
        head += f"HTTP/1.1 {answer.get('status', 200)} Scripted\r\n"
        fields = [("Date", formatdate(time.time() + answer.get("date", 0), usegmt=True))]
        fields += answer.get("headers", [["Content-Type", "application/json"]])
        if until_close:
            fields.append(("Connection", "close"))
        elif is_chunked:
            fields.append(("Transfer-Encoding", "chunked"))
        else:
            fields.append(("Content-Length", str(length)))
        head += "".join(f"{name}: {value}\r\n" for name, value in fields) + "\r\n"
        self.wfile.write(head.encode("latin-1"))
        left = answer.get("cut_after", length)
        self.close_connection = until_close or left < length or "cut_after" in answer
        for piece in pieces:
            part, left = piece[:left], left - len(piece[:left])
            if part:
                framed = b"%x\r\n%s\r\n" % (len(part), part) if is_chunked else part
                self.wfile.write(framed)
            time.sleep(answer.get("piece_delay_ms", 0) / 1000)
            if len(part) < len(piece):
                return
        if is_chunked and "cut_after" not in answer:
            self.wfile.write(b"0\r\n\r\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--answers", type=Path, default=case_file.ANSWERS)
    parser.add_argument("--port", type=int, default=0)
    arguments = parser.parse_args()
    server = Server(case_file.load(arguments.answers), arguments.port)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdout.write(f"{server.server_address[1]}\n")
    sys.stdout.flush()
    sys.stdin.read()
    server.shutdown()


if __name__ == "__main__":
    main()
