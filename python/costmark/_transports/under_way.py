"""What was prepared and is now on its way through other people's code below.

A transport of httpx may itself send with aiohttp, requests or another httpx client, all of which
are covered too. The mark is an object in the context of the call: no header, which anyone could
set. A request below is the same one if it goes to the same place with the same bytes; any other is
prepared by itself.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


class Prepared:
    """One request as it was sent on. What was started below may see it later: then it is over."""

    __slots__ = ("body", "is_over", "method", "url")

    def __init__(self, method: str, url: str, body: bytes | None) -> None:
        self.method = method
        self.url = url
        self.body = body  # None: a stream
        self.is_over = False


_now: ContextVar[Prepared | None] = ContextVar("costmark.under_way", default=None)


@contextmanager
def marked(method: str, url: str, body: bytes | None) -> Iterator[None]:
    """Mark a request in the present context, as long as it is sent."""
    prepared = Prepared(method, url, body)
    token = _now.set(prepared)
    try:
        yield
    finally:
        prepared.is_over = True  # also for tasks that were started meanwhile
        with suppress(ValueError):  # closed in another context, as a coroutine may be
            _now.reset(token)


def is_prepared(method: str, url: str, body: bytes | None) -> bool:
    """Whether that request was prepared further up."""
    above = _now.get()
    if above is None or above.is_over or above.method.upper() != method.upper():
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
