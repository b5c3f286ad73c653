"""Requests that a core client prepares, as the adapters have it done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from costmark import _core

Fields = Sequence[tuple[Any, Any]]


@dataclass(frozen=True)
class Outgoing:
    """What is to be sent."""

    operation: _core.Operation
    headers: list[tuple[bytes, bytes]]
    body: Any
    body_changed: bool
    url: str | None
    authorized: bool

    def header(self, name: str) -> str:
        (found,) = (value for key, value in self.headers if key.decode().lower() == name)
        return found.decode()

    @property
    def decision(self) -> dict[str, Any]:
        return self.operation.decision

    @property
    def access_key_id(self) -> str:
        return self.header("authorization").partition("Credential=")[2].partition("/")[0]


def prepare(
    client: _core.Client,
    method: str,
    url: str,
    headers: Fields,
    body: Any,
    project: str | None = None,
    scope: str | None = None,
) -> Outgoing:
    operation, ready = client.begin(method, url, headers, body, scope, project)
    assert ready
    prepared = operation.prepare(method, url, headers, body)
    assert prepared is not None
    fields, changed, moved, authorized = prepared
    whole = body if changed is None else changed
    sent = headers if fields is None else fields
    pairs = [(as_bytes(name), as_bytes(value)) for name, value in sent]
    return Outgoing(operation, pairs, whole, changed is not None, moved, authorized)


def as_bytes(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text
