"""STS, and the portal of SSO, on loopback: issues credentials that tell what they were asked with.

Whoever asks with the same values gets the same credentials, so two clients that get the same key
have sent the same. AssumeRole is let through only with a signature that botocore's own signer makes
as well.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

from botocore.auth import SigV4Auth  # type: ignore[import-untyped,unused-ignore]
from botocore.awsrequest import AWSRequest  # type: ignore[import-untyped,unused-ignore]
from botocore.credentials import Credentials  # type: ignore[import-untyped,unused-ignore]

FOREVER = 32_503_680_000  # the year 3000
NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"
AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<id>[^/]+)/\d{8}/(?P<region>[^/]+)/sts/aws4_request, "
    r"SignedHeaders=(?P<headers>[^,]+), Signature=(?P<signature>[0-9a-f]{64})"
)
DEFAULT_SESSION = re.compile(r"(botocore|costmark)-session-\d+")


def secret_of(key_id: str) -> str:
    """The secret that goes with a key of the test cases, or of these fakes."""
    return "secret-" + key_id[4:].lower()


@dataclass(frozen=True)
class Asked:
    """One request, as the fake saw it."""

    mode: str
    action: str
    values: dict[str, str]
    signer: str = ""
    region: str = ""


@dataclass(frozen=True)
class Answer:
    status: int
    body: str
    headers: tuple[tuple[str, str], ...] = ()


class Refused(Exception):  # noqa: N818 - it is no fault of the tests'
    """An error in the form of the query protocol."""

    def __init__(self, status: int, code: str, message: str = "no") -> None:
        super().__init__(code)
        body = (
            f'<ErrorResponse xmlns="{NAMESPACE}">\n  <Error>\n    <Type>Sender</Type>\n'
            f"    <Code>{code}</Code>\n    <Message>{escape(message)}</Message>\n  </Error>\n"
            "  <RequestId>c6104cbe-af31-11e0-8154-cbc7ccf896c7</RequestId>\n</ErrorResponse>\n"
        )
        self.answer = Answer(status, body)


def verify(url: str, headers: dict[str, str], body: bytes) -> tuple[str, str]:
    """Who signed the request, and for which region."""
    found = AUTHORIZATION.fullmatch(headers.get("authorization", ""))
    if not found:
        raise Refused(403, "MissingAuthenticationToken")
    key_id = found["id"]
    names = found["headers"].split(";")
    if not {"content-type", "host", "x-amz-date"} <= set(names):
        raise Refused(403, "SignatureDoesNotMatch")
    if key_id.startswith("ASIA") and headers.get("x-amz-security-token") != token_of(key_id):
        raise Refused(403, "InvalidClientTokenId")
    request = AWSRequest("POST", url, {name: headers[name] for name in names}, body)
    request.context["timestamp"] = headers["x-amz-date"]
    signer = SigV4Auth(Credentials(key_id, secret_of(key_id)), "sts", found["region"])
    text = signer.string_to_sign(request, signer.canonical_request(request))
    if signer.signature(text, request) != found["signature"]:
        raise Refused(403, "SignatureDoesNotMatch", f"should have been {text}")
    return key_id, found["region"]


def token_of(key_id: str) -> str:
    return f"token/{key_id}+=="


def issue(*what: str) -> str:
    return "ASIA" + hashlib.sha1("\n".join(what).encode()).hexdigest()[:16].upper()


def granted(action: str, role: str, key_id: str, expires_at: float) -> str:
    account = (role.split(":") + [""] * 5)[4]
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(expires_at))
    return (
        f'<{action}Response xmlns="{NAMESPACE}">\n  <{action}Result>\n    <AssumedRoleUser>\n'
        "      <AssumedRoleId>AROA:s</AssumedRoleId>\n"
        f"      <Arn>arn:aws:sts::{account}:assumed-role/r/s</Arn>\n    </AssumedRoleUser>\n"
        f"    <Credentials>\n      <AccessKeyId>{key_id}</AccessKeyId>\n"
        f"      <SecretAccessKey>{secret_of(key_id)}</SecretAccessKey>\n"
        f"      <SessionToken>{token_of(key_id)}</SessionToken>\n"
        f"      <Expiration>{moment}</Expiration>\n    </Credentials>\n  </{action}Result>\n"
        f"  <ResponseMetadata><RequestId>1-2</RequestId></ResponseMetadata>\n</{action}Response>\n"
    )


Mode = Callable[[int, str], Answer | None]  # how often it was asked before, the good answer


def refuse(status: int, code: str, times: int = 1_000_000) -> Mode:
    return lambda number, _good: Refused(status, code).answer if number < times else None


# How an endpoint behaves; a mode is the first part of its path.
MODES: dict[str, Mode] = {
    "good": lambda _number, _good: None,
    "throttled-once": refuse(400, "Throttling", 1),
    "broken-once": lambda number, _good: None if number else Answer(503, "<html>busy</html>"),
    "idp-once": refuse(400, "IDPCommunicationError", 1),
    "denied": refuse(403, "AccessDenied"),
    "expired-token": refuse(403, "ExpiredToken"),
    "no-such-key": refuse(403, "InvalidClientTokenId"),
    "bad-identity": refuse(400, "InvalidIdentityToken"),
    "region-disabled": refuse(403, "RegionDisabledException"),
    "redirect": lambda _number, _good: Answer(302, "", (("location", "/good/"),)),
    "garbage": lambda _number, _good: Answer(200, "<html><body>no</html>"),
    "empty": lambda _number, _good: Answer(200, ""),
    "cut": lambda _number, good: Answer(200, good[: good.index("</SessionToken>")]),
    "foreign": lambda _number, good: Answer(200, good.replace("AssumeRole", "GetSession")),
    "entities": lambda _number, good: Answer(
        200, "\ufeff<?xml version='1.0'?>" + good.replace("token/", "&#116;oken&#x2F;")
    ),
}


class Fakes:
    """One server for STS under ``/MODE/`` and the SSO portal."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.life_s = 0.0  # of what is issued; 0: forever
        self.asked: list[Asked] = []
        self._lock = threading.Lock()
        self._numbers: dict[str, int] = {}

    def reset(self) -> None:
        """Start counting anew."""
        with self._lock:
            self.asked.clear()
            self._numbers.clear()

    def url(self, mode: str = "good") -> str:
        return f"{self.origin}/{mode}"

    def answer(self, path: str, headers: dict[str, str], body: bytes) -> Answer:
        split = urlsplit(path)
        if split.path.endswith("/federation/credentials"):
            return self._portal(split.query, headers)
        mode = split.path.split("/")[1]
        with self._lock:
            number = self._numbers.get(split.path, 0)
            self._numbers[split.path] = number + 1
        try:
            good = self._sts(mode, f"http://{headers['host']}{path}", headers, body)
        except Refused as refused:
            return refused.answer
        return MODES[mode](number, good) or Answer(200, good, (("content-type", "text/xml"),))

    def _sts(self, mode: str, url: str, headers: dict[str, str], body: bytes) -> str:
        values = {
            name: value[0]
            for name, value in parse_qs(body.decode(), keep_blank_values=True).items()
        }
        if values.pop("Version") != "2011-06-15":
            raise Refused(400, "InvalidAction")
        action = values.pop("Action")
        signer = region = ""
        if action == "AssumeRole":
            signer, region = verify(url, headers, body)
        elif "authorization" in headers or not values.get("WebIdentityToken"):
            raise Refused(400, "ValidationError")
        with self._lock:
            self.asked.append(Asked(mode, action, dict(values), signer, region))
        values["RoleSessionName"] = DEFAULT_SESSION.sub("default", values["RoleSessionName"])
        if "WebIdentityToken" in values:  # botocore sends the end of the line as well
            values["WebIdentityToken"] = values["WebIdentityToken"].strip()
        key_id = issue(action, signer, region, *sorted(f"{k}={v}" for k, v in values.items()))
        expires_at = time.time() + self.life_s if self.life_s else FOREVER
        return granted(action, values["RoleArn"], key_id, expires_at)

    def _portal(self, query: str, headers: dict[str, str]) -> Answer:
        values = {name: value[0] for name, value in parse_qs(query).items()}
        token = headers.get("x-amz-sso_bearer_token", "")
        if not token.startswith("sso-token"):
            return Answer(401, '{"message": "Session token not found or invalid"}')
        key_id = issue("sso", token, values["role_name"], values["account_id"])
        members: dict[str, Any] = {
            "accessKeyId": key_id,
            "secretAccessKey": secret_of(key_id),
            "sessionToken": token_of(key_id),
            "expiration": FOREVER * 1000,
        }
        with self._lock:
            self.asked.append(Asked("sso", "GetRoleCredentials", values))
        return Answer(200, json.dumps({"roleCredentials": members}))


class _Handler(BaseHTTPRequestHandler):
    fakes: Fakes
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.fakes.answer(self.path, headers, body)
        text = answer.body.encode()
        self.send_response(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST  # noqa: N815 - the name is http.server's

    def log_message(self, *_arguments: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


@contextmanager
def run_fakes() -> Iterator[Fakes]:
    handler = type("Handler", (_Handler,), {})
    server = _Server(("127.0.0.1", 0), handler)
    fakes = Fakes(f"http://127.0.0.1:{server.server_port}")
    handler.fakes = fakes  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield fakes
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
