"""The credentials endpoints of ECS, EKS and EC2 on loopback, behaving as a test wants them to."""

from __future__ import annotations

import json
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ROLE = "my-role"
IMDS_TOKEN = "imds-token"
ROLES_PATH = "/latest/meta-data/iam/security-credentials/"
FOREVER = "2999-01-02T03:04:05Z"
HEADERS_THAT_MATTER = {
    "accept",
    "authorization",
    "x-aws-ec2-metadata-token",
    "x-aws-ec2-metadata-token-ttl-seconds",
}


@dataclass(frozen=True)
class Asked:
    """One request as the fake saw it; the path without the part that tells the cases apart."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]

    def header(self, name: str) -> str | None:
        return dict(self.headers).get(name)


@dataclass(frozen=True)
class Answer:
    status: int = 200
    body: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    raw: bytes | None = None  # in place of an HTTP answer; empty: hangs up
    delay_s: float = 0.0


Script = Callable[[Asked, int], Answer]  # the request, and how many came before it to the same path


def always(status: int, body: str = "", **more: object) -> Script:
    answer = Answer(status, body, **more)  # type: ignore[arg-type]
    return lambda _asked, _number: answer


def raw(text: bytes) -> Script:
    return lambda _asked, _number: Answer(raw=text)


def in_turn(*scripts: Script) -> Script:
    """One after the other; the last one stays."""
    return lambda asked, number: scripts[min(number, len(scripts) - 1)](asked, number)


def credentials(name: str = "fake", expiration: str = FOREVER, **changes: object) -> str:
    """What ECS, EKS and EC2 alike answer. A change to ``...`` takes the member out."""
    members: dict[str, object] = {
        "Code": "Success",
        "AccessKeyId": f"AKID{name.upper()}",
        "SecretAccessKey": f"secret-{name}",
        "Token": f"token-{name}",
        "Expiration": expiration,
    }
    members.update(changes)
    return json.dumps({key: value for key, value in members.items() if value is not ...})


def in_seconds(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))


def role_credentials(body: str) -> Script:
    """Answers those who hold the token, or who were not given one."""

    def answer(asked: Asked, _number: int) -> Answer:
        if asked.header("x-aws-ec2-metadata-token") not in (None, IMDS_TOKEN):
            return Answer(401)
        return Answer(200, body)

    return answer


@dataclass
class Endpoints:
    """How one case's endpoints behave."""

    token: Script = field(default_factory=lambda: always(200, IMDS_TOKEN))
    role: Script = field(default_factory=lambda: role_credentials(ROLE))
    credentials: Script = field(default_factory=lambda: role_credentials(credentials("ec2")))
    container: Script = field(default_factory=lambda: always(200, credentials("container")))

    def of(self, asked: Asked) -> Script:
        if asked.path.startswith("/container"):
            return self.container
        if asked.path == "/latest/api/token":
            return self.token if asked.method == "PUT" else always(405)
        if asked.path == ROLES_PATH:
            return self.role
        return self.credentials if asked.path == ROLES_PATH + ROLE else always(404)


class Fakes:
    """One server; each case is the first part of the path."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self._cases: dict[str, Endpoints] = {}
        self._asked: dict[str, list[Asked]] = defaultdict(list)
        self._lock = threading.Lock()

    def case(self, name: str, endpoints: Endpoints) -> str:
        """The URL under which the endpoints are to be found."""
        self._cases[name] = endpoints
        return f"{self.origin}/{name}"

    def asked(self, name: str) -> list[Asked]:
        with self._lock:
            return list(self._asked[name])

    def answer(self, method: str, path: str, headers: list[tuple[str, str]]) -> Answer:
        _, name, rest = path.split("/", 2)
        kept = sorted((k.lower(), v) for k, v in headers if k.lower() in HEADERS_THAT_MATTER)
        asked = Asked(method, "/" + rest, tuple(kept))
        with self._lock:
            number = sum(each.path == asked.path for each in self._asked[name])
            self._asked[name].append(asked)
        return self._cases[name].of(asked)(asked, number)


class _Handler(BaseHTTPRequestHandler):
    fakes: Fakes

    def do_GET(self) -> None:
        try:
            self._answer()
        except (BrokenPipeError, ConnectionResetError):
            pass  # the client has given up
        finally:
            self.close_connection = True

    do_PUT = do_GET  # noqa: N815 - the name is http.server's

    def _answer(self) -> None:
        answer = self.fakes.answer(self.command, self.path, list(self.headers.items()))
        time.sleep(answer.delay_s)
        if answer.raw is not None:
            self.wfile.write(answer.raw)
            return
        body = answer.body.encode()
        self.send_response(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        if answer.status != 204:
            self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


@contextmanager
def run_fakes() -> Iterator[Fakes]:
    handler = type("Handler", (_Handler,), {})
    server = _Server(("127.0.0.1", 0), handler)
    handler.fakes = Fakes(f"http://127.0.0.1:{server.server_port}")  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield handler.fakes  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
