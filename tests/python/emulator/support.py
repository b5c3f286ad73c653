"""A real emulator in a process of its own, and clients that sign with botocore."""

from __future__ import annotations

import base64
import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
import types
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from botocore.auth import (  # type: ignore[import-untyped,unused-ignore]
    SigV4Auth,
    SigV4QueryAuth,
)
from botocore.awsrequest import AWSRequest  # type: ignore[import-untyped,unused-ignore]
from botocore.credentials import Credentials  # type: ignore[import-untyped,unused-ignore]

PACKAGE = pathlib.Path(__file__).parents[3] / "python" / "costmark"

# The emulator shares nothing with the rest of the package, and can be tested before it is built.
_WITHOUT_NATIVE = f"""
import sys, types
package = types.ModuleType("costmark")
package.__path__ = [{str(PACKAGE)!r}]
sys.modules["costmark"] = package
from costmark.emulator import main
sys.exit(main())
"""

try:
    import costmark  # noqa: F401

    COMMAND = [sys.executable, "-m", "costmark.emulator"]
except ImportError:
    for _name in [each for each in sys.modules if each.partition(".")[0] == "costmark"]:
        del sys.modules[_name]
    _package = types.ModuleType("costmark")
    _package.__path__ = [str(PACKAGE)]
    sys.modules["costmark"] = _package
    COMMAND = [sys.executable, "-c", _WITHOUT_NATIVE]

KEY = "AKIDEXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
BEARER = "ABSKEXAMPLE"
OSS = "openai.gpt-oss-20b"
SOL = "openai.gpt-5.6-sol"


def mint(
    *,
    key: str = KEY,
    secret: str = SECRET,
    token: str | None = None,
    region: str = "us-east-1",
    service: str = "bedrock",
    expires: int = 3600,
) -> str:
    """A short-term key as the AWS token generator makes it."""
    request = AWSRequest(
        method="POST",
        url="https://bedrock.amazonaws.com/",
        headers={"host": "bedrock.amazonaws.com"},
        params={"Action": "CallWithBearerToken"},
    )
    SigV4QueryAuth(Credentials(key, secret, token), service, region, expires=expires).add_auth(
        request
    )
    presigned = request.url.removeprefix("https://") + "&Version=1"
    return "bedrock-api-key-" + base64.b64encode(presigned.encode()).decode()


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> Any:
        return self.json["error"]


@dataclass
class Signed:
    """A request after signing; tests change it and send it."""

    method: str
    path: str
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""

    def set(self, name: str, value: str) -> None:
        self.remove(name)
        self.headers.append((name, value))

    def remove(self, name: str) -> None:
        self.headers = [each for each in self.headers if each[0].lower() != name.lower()]

    def get(self, name: str) -> str:
        return next(value for key, value in self.headers if key.lower() == name.lower())


class Emulator:
    """A running emulator."""

    def __init__(self, *options: str, env: dict[str, str] | None = None) -> None:
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        self.process = subprocess.Popen(
            [*COMMAND, "--port", "0", "--show-prompts", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**inherited, **(env or {})},
        )
        assert self.process.stdout is not None
        self.first_line = self.process.stdout.readline()
        if not self.first_line:
            raise RuntimeError(self.process.communicate()[1])
        self.url = self.first_line.removeprefix("listening on ").strip()
        self.host = urlsplit(self.url).netloc

    def stop(self, sign: signal.Signals = signal.SIGTERM) -> tuple[int, str, str]:
        self.process.send_signal(sign)
        out, err = self.process.communicate(timeout=10)
        return self.process.returncode, out, err

    def connect(self) -> socket.socket:
        """A connection to send bytes over."""
        host, port = self.host.split(":")
        return socket.create_connection((host, int(port)), timeout=20)

    def send(self, request: Signed) -> Answer:
        connection = http.client.HTTPConnection(self.host, timeout=20)
        try:
            connection.putrequest(
                request.method, request.path, skip_host=True, skip_accept_encoding=True
            )
            for name, value in request.headers:
                connection.putheader(name, value.encode("utf-8"))
            connection.putheader("content-length", str(len(request.body)))
            connection.endheaders(request.body)
            answer = connection.getresponse()
            headers = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, headers, answer.read())
        finally:
            connection.close()

    def sign(
        self,
        method: str,
        path: str,
        body: bytes | Any = b"",
        *,
        headers: dict[str, str] | None = None,
        key: str = KEY,
        secret: str = SECRET,
        token: str | None = None,
        region: str = "us-east-1",
        service: str = "bedrock-mantle",
        at: float | None = None,
    ) -> Signed:
        """Sign with botocore, with every header of `headers` in the signature."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() if at is None else at))
        given = {"Host": self.host, "X-Amz-Date": stamp, **(headers or {})}
        if token is not None:
            given["X-Amz-Security-Token"] = token
        request = AWSRequest(method=method, url=self.url + path, data=data, headers=given)
        request.context["timestamp"] = stamp
        signer = SigV4Auth(Credentials(key, secret), service, region)
        text = signer.string_to_sign(request, signer.canonical_request(request))
        names = signer.signed_headers(signer.headers_to_sign(request))
        given["Authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={signer.scope(request)}, SignedHeaders={names},"
            f" Signature={signer.signature(text, request)}"
        )
        return Signed(method, path, list(given.items()), data)

    def call(self, method: str, path: str, body: bytes | Any = b"", **options: Any) -> Answer:
        return self.send(self.sign(method, path, body, **options))

    def plain(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Answer:
        """Send without a signature."""
        data = (
            b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        )
        return self.send(
            Signed(method, path, [("Host", self.host), *(headers or {}).items()], data)
        )

    def bearer(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.plain(method, path, body, {"Authorization": f"Bearer {BEARER}", **named})

    def chat(self, text: str = "Hello, world!", **members: Any) -> dict[str, Any]:
        return {"model": OSS, "messages": [{"role": "user", "content": text}], **members}

    def project(self, name: str = "a project", **tags: str) -> str:
        answer = self.bearer("POST", "/v1/organization/projects", {"name": name, "tags": tags})
        assert answer.status == 200, answer.body
        return str(answer.json["id"])

    def usage(self) -> list[dict[str, Any]]:
        records = self.plain("GET", "/_emulator/usage").json
        assert isinstance(records, list)
        return records

    def last_request(self) -> dict[str, Any]:
        return dict(self.plain("GET", "/_emulator/requests").json[-1])

    def control(self, method: str, path: str, body: Any = None) -> Answer:
        """Ask one of the emulator's own endpoints, which take JSON alone."""
        return self.plain(method, path, body, {"Content-Type": "application/json"})

    def fault(self, kind: str, **members: Any) -> None:
        answer = self.control("POST", "/_emulator/faults", {"kind": kind, **members})
        assert answer.status == 200, answer.body
