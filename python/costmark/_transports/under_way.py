"""What was prepared and is now on its way through other people's code below.

A transport of httpx may itself send with aiohttp, requests or another httpx client, all of which
are covered too. The mark is an object in the context of the call: no header, which anyone could
set. A request below is the same one if it goes to the same place with the same bytes; any other is
prepared by itself.
"""

from __future__ import annotations

from contextlib import suppress
from contextvars import ContextVar, Token
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


class Prepared(NamedTuple):
    """One request as it was sent on."""

    method: str
    url: str
    body: bytes | None  # None: a stream


_now: ContextVar[Prepared | None] = ContextVar("costmark.under_way", default=None)


def enter(prepared: Prepared) -> Token[Prepared | None]:
    """Mark a request in the present context; `leave` with what this returns."""
    return _now.set(prepared)


def leave(token: Token[Prepared | None]) -> None:
    """Take the mark away again."""
    with suppress(ValueError):  # closed in another context, as a coroutine may be
        _now.reset(token)


def is_prepared(method: str, url: str, body: bytes | None) -> bool:
    """Whether that request was prepared further up."""
    above = _now.get()
    if above is None or above.method.upper() != method.upper():
        return False
    same_body = above.body is None or body is None or above.body == body
    return same_body and _place(above.url) == _place(url)


def _place(url: str) -> tuple[str, int | None, str]:
    """Return where a URL leads; libraries differ in how they escape the rest."""
    parts = urlsplit(url)
    return (
        (parts.hostname or "").lower(),
        parts.port or _PORTS.get(parts.scheme),
        unquote(parts.path or "/"),
    )
