"""An independent verifier of signatures: the emulator's, which calculates with botocore."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

import pytest

import costmark
from costmark import _core
from costmark._transport import merge_headers

pytest.importorskip("botocore.auth")
from costmark.emulator.auth.authenticator import Authenticator
from costmark.emulator.settings import Credentials, Settings
from costmark.emulator.wire.errors import ApiError
from costmark.emulator.wire.received import Received, header_text

Scope = tuple[str, str]  # region and service
MANTLE_SCOPE = ("us-east-1", "bedrock-mantle")
Fields = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True)
class Keys:
    """One set of credentials, as signer and verifier know it."""

    access_key_id: str = "ASIAEXAMPLE"
    secret: str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
    token: str | None = "a-session-token/+="

    @property
    def of_signer(self) -> costmark.Credentials:
        return costmark.Credentials(self.access_key_id, self.secret, self.token)


@dataclass(frozen=True)
class Sent:
    """A request as it leaves: whatever stands between us and the service may change it."""

    method: str
    path: str
    query: str
    headers: Fields
    body: bytes

    def value(self, name: bytes) -> bytes:
        (found,) = (value for key, value in self.headers if key.lower() == name)
        return found

    @property
    def signed_names(self) -> list[bytes]:
        text = self.value(b"authorization")
        return text.split(b"SignedHeaders=")[1].split(b",")[0].split(b";")

    def with_value(self, name: bytes, value: bytes) -> Sent:
        return replace(
            self, headers=tuple((k, value if k.lower() == name else v) for k, v in self.headers)
        )

    def without(self, name: bytes) -> Sent:
        return replace(self, headers=tuple(h for h in self.headers if h[0].lower() != name))

    def adding(self, name: bytes, value: bytes) -> Sent:
        return replace(self, headers=(*self.headers, (name, value)))


def send(
    client: _core.Client, method: str, url: str, headers: Sequence[tuple[bytes, bytes]], body: bytes
) -> Sent:
    """What the adapters put on the wire for a request that `client` prepares."""
    prepared = client.prepare(method, url, headers, body)
    length = len(prepared.body) if prepared.body_changed else None
    merged = merge_headers(list(headers), prepared, length)
    parts = urlsplit(url)
    return Sent(method, parts.path or "/", parts.query, tuple(merged), bytes(prepared.body))


def verdict(sent: Sent, keys: Keys, scope: Scope = MANTLE_SCOPE, now: float | None = None) -> str:
    """An empty text for a request that verifies, else why the verifier refuses it."""
    region, service = scope
    credentials = Credentials(keys.access_key_id, keys.secret, keys.token)
    settings = Settings(region=region, services=(service,), credentials=(credentials,))
    verifier = Authenticator(settings, time.time if now is None else lambda: now)
    # Every HTTP parser takes the white space around a value away.
    headers = tuple((header_text(k).lower(), header_text(v.strip(b" \t"))) for k, v in sent.headers)
    received = Received(sent.method, sent.path, sent.query, headers, sent.body, "request-1")
    try:
        caller = verifier.authenticate(received)
    except ApiError as error:
        return error.message
    assert (caller.signed_by, caller.access_key_id) == ("sigv4", keys.access_key_id)
    return ""
