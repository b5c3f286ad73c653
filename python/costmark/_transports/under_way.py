"""What was prepared and is now on its way through other people's code below.

A transport of httpx may itself send with aiohttp, requests or another httpx client, all of which
are covered too. The mark is an object in the context of the call: no header, which anyone could
set. A request below is the same one if it goes to the same place with the same bytes; any other is
prepared by itself.
"""

from __future__ import annotations

from contextvars import ContextVar
from urllib.parse import unquote, urlsplit

_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


class Prepared:
    """One request as it is sent on: while this is entered, in the present context.

    What was started below may see it later: then it is over.
    """

    __slots__ = ("_token", "body", "is_over", "method", "url")

    def __init__(self, method: str, url: object, body: bytes | None) -> None:
        self.method = method
        self.url = url  # whose text is seldom asked for, and takes long to make
        self.body = body  # None: a stream
        self.is_over = False

    def __enter__(self) -> None:
        self._token = _now.set(self)

    def __exit__(self, *error: object) -> None:
        self.is_over = True  # also for tasks that were started meanwhile
        try:  # noqa: SIM105 - suppress() takes longer than all the rest of this class
            _now.reset(self._token)
        except ValueError:  # closed in another context, as a coroutine may be
            pass


# Whether any code may ask: a hook of `patch`, or a transport that was wrapped by itself.
is_asked_for = False


def ask() -> None:
    """Have what is prepared from here on marked, also by what needs no mark itself."""
    global is_asked_for
    is_asked_for = True


_now: ContextVar[Prepared | None] = ContextVar("costmark.under_way", default=None)


def is_prepared(method: str, url: str, body: bytes | None) -> bool:
    """Whether that request was prepared further up."""
    above = _now.get()
    if above is None or above.is_over or above.method.upper() != method.upper():
        return False
    same_body = above.body is None or body is None or above.body == body
    return same_body and _place(str(above.url)) == _place(url)


def _place(url: str) -> tuple[str, int | None, str]:
    """Return where a URL leads; libraries differ in how they escape the rest."""
    parts = urlsplit(url)
    return (
        (parts.hostname or "").lower(),
        parts.port or _PORTS.get(parts.scheme),
        unquote(parts.path or "/"),
    )
