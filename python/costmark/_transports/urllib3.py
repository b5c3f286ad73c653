"""urllib3, and so requests: every attempt, by the method that makes one over a connection.

botocore has connection pools of its own classes; what it has signed passes as it is.
"""

from __future__ import annotations

import functools
import http.client
import sys
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from urllib3 import HTTPHeaderDict

from .._client.buffered import SyncBuffered
from . import state, under_way
from .message import Message, as_text, plain_decoders
from .rule import url_of
from .sending import send

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .._client.core_client import CoreClient, Outgoing
    from .message import SyncAnswering


def hook(package: str) -> list[state.Hook]:
    """Return what to put in place of what."""
    module = sys.modules[package]
    if module.__version__.startswith("1."):
        raise ImportError("costmark needs urllib3 2.0 or newer")
    pool, manager = module.HTTPConnectionPool, module.PoolManager
    return [
        state.Hook(pool, "_make_request", _attempting),
        state.Hook(pool, "urlopen", _calling),
        state.Hook(manager, "urlopen", _calling),
    ]


# --- Calls ----------------------------------------------------------------------------------------


class _Course:
    """What urllib3 does for one call: its attempts, and where it is redirected to."""

    __slots__ = ("core", "extensions")

    def __init__(self) -> None:
        self.core: CoreClient | None = None  # of the last attempt that was covered
        self.extensions: dict[str, Any] = {}  # where the operation is


_course: ContextVar[_Course | None] = ContextVar("costmark.urllib3", default=None)


@contextmanager
def on_course(course: _Course | None) -> Iterator[None]:
    """Make what is called inside part of a call; with None, calls of their own."""
    token = _course.set(course)
    try:
        yield
    finally:
        _course.reset(token)


def course_of(response: Any) -> _Course | None:
    """Return the call that an answer was given to; None for one that was not covered."""
    course = getattr(getattr(response, "_fp", None), "course", None)
    return course if isinstance(course, _Course) else None


def _calling(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def urlopen(self: Any, *args: Any, **kwargs: Any) -> Any:
        if state.rule() is None or _course.get() is not None:
            return original(self, *args, **kwargs)
        with on_course(_Course()):
            return original(self, *args, **kwargs)

    return urlopen


# --- Attempts -------------------------------------------------------------------------------------


def _attempting(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def _make_request(
        self: Any,
        conn: Any,
        method: str,
        url: str,
        body: Any = None,
        headers: Any = None,
        **kwargs: Any,
    ) -> Any:
        rule = state.rule()
        if rule is None or _is_botocores(self):
            return original(self, conn, method, url, body=body, headers=headers, **kwargs)
        whole_url = _whole_url(self, url)
        parts = urlsplit(whole_url)
        core = rule.core_for(parts.scheme, parts.hostname or "", parts.port)
        course = _course.get()
        if core is None and course is not None and body:
            core = course.core  # redirected with its body: refused, as to another origin
        if core is None:
            if method == "POST":
                rule.passed(parts.scheme, (parts.hostname or ""), parts.port, parts.path)
            return original(self, conn, method, url, body=body, headers=headers, **kwargs)
        message = Message(method, whole_url, list((headers or {}).items()), body)
        if under_way.is_prepared(method, whole_url, message.content):
            return original(self, conn, method, url, body=body, headers=headers, **kwargs)
        over_connection = functools.partial(original, self, conn)
        attempt = _Attempt(course or _Course(), over_connection, message, url, body, kwargs)
        with on_course(None):  # a callback that calls somewhere is no part of this
            return attempt.make(core)

    return _make_request


def _is_botocores(pool: Any) -> bool:
    awsrequest = sys.modules.get("botocore.awsrequest")
    return awsrequest is not None and isinstance(
        pool, (awsrequest.AWSHTTPConnectionPool, awsrequest.AWSHTTPSConnectionPool)
    )


def _whole_url(pool: Any, target: str) -> str:
    """Return the URL of a request whose line names that target.

    A proxy passes a whole URL on. A server is the pool's own, whatever host the target names, and
    whatever else looks like a URL in it.
    """
    is_whole = target.lower().startswith(("http://", "https://"))
    if is_whole and pool.proxy is not None:
        return target
    if is_whole:
        target = urlsplit(target)._replace(scheme="", netloc="").geturl()
    slash = "" if target.startswith("/") else "/"
    return url_of((pool.scheme, pool.host, pool.port)) + slash + target


class _Attempt:
    """One request over a connection; another one where the core says that it helps."""

    def __init__(
        self,
        course: _Course,
        over_connection: Callable[..., Any],
        message: Message,
        url: str,
        body: Any,
        options: Any,
    ) -> None:
        self._course = course
        self._over_connection = over_connection
        self._message = message
        self._url = url
        self._body = body
        self._options = options

    def make(self, core: CoreClient) -> Any:
        """Prepare, send, and read the answer along."""
        message, course = self._message, self._course
        message.extensions = course.extensions
        try:
            response = send(core, message, self._answer_to)
        finally:
            course.core, course.extensions = core, message.extensions
        if self._options.get("preload_content", True):
            decode = self._options.get("decode_content", True)
            response._body = response.read(decode_content=decode)
        return response

    def _answer_to(self, outgoing: Outgoing, exchange: SyncAnswering) -> tuple[Any, Any]:
        response = self._answer(outgoing)
        return response, self._observe(response, exchange)

    def _answer(self, outgoing: Outgoing) -> Any:
        headers, body, options = self._message.headers.raw, self._body, dict(self._options)
        if outgoing.fields is not None:
            headers = outgoing.fields  # type: ignore[assignment]
        if outgoing.body is not None:
            body, options["chunked"] = outgoing.body, False
        url = self._url
        if outgoing.url is not None:
            parts = urlsplit(outgoing.url)
            url = (
                outgoing.url
                if url == self._message.url
                else parts._replace(scheme="", netloc="").geturl()
            )
        options["preload_content"] = False
        fields = HTTPHeaderDict()
        for name, value in headers:
            fields.add(as_text(name), as_text(value))
        return self._over_connection(
            self._message.method, url, body=body, headers=fields, **options
        )

    def _observe(self, response: Any, exchange: SyncAnswering) -> _Body | None:
        exchange.begin(response.status, list(response.headers.items()), _decoders)
        if exchange.changes_body:
            response.headers.discard("content-length")
            response.length_remaining = None
            if exchange.decodes:
                response.headers.discard("content-encoding")
        if response._fp is None or not hasattr(response._fp, "read1"):
            exchange.end("unknown")
            return None
        strict = self._options.get("enforce_content_length", True)
        exchange.read_from(_Pieces(response._fp, strict))
        response._fp = body = _Body(response._fp, exchange)
        body.course = self._course
        return body


# --- Answers --------------------------------------------------------------------------------------


class _Pieces:
    """The body of an answer of http.client, as it comes in."""

    def __init__(self, answer: http.client.HTTPResponse, strict: bool) -> None:
        self._answer = answer
        self._strict = strict

    def __iter__(self) -> Iterator[bytes]:
        answer = self._answer
        while not answer.isclosed():
            if answer.length == 0 and not answer.chunked:
                break
            piece = answer.read1(1 << 16)
            if not piece:
                break
            yield piece
        left = answer.length
        answer.close()
        if left and self._strict:
            raise http.client.IncompleteRead(b"", left)

    def close(self) -> None:
        """Read no more."""
        self._answer.close()


class _Body:
    """Stands in for an answer of http.client, as far as urllib3 asks one.

    urllib3 reads a body as a file, or the lines of its chunks itself, so as to pass on each when it
    comes. The chunks that it finds here are those that are passed on.
    """

    def __init__(self, answer: http.client.HTTPResponse, exchange: SyncAnswering) -> None:
        self.course: _Course | None = None
        self._answer = answer
        self._exchange = exchange
        self._stream: Any = exchange
        self._pieces: Iterator[bytes] | None = None
        self._rest = b""  # of a piece
        self._ended = False
        self._wire = b""  # of a chunk

    def read_ahead(self, most: int, seconds: float) -> bool:
        """Read to the end; false when the end is far."""
        self._stream = SyncBuffered(self._exchange)
        return bool(self._stream.read_ahead(most, seconds))

    def _next(self) -> bytes:
        """Return what comes next; empty at the end."""
        if self._rest:
            piece, self._rest = self._rest, b""
            return piece
        if self._pieces is None:
            self._pieces = iter(self._stream)
        piece = next(self._pieces, b"")
        if piece and self._answer.length == 0:  # the last one: no reader needs to ask for the end
            piece += b"".join(self._pieces)
        self._ended = not piece
        return piece

    # --- As a file --------------------------------------------------------------------------------

    def read(self, amt: int | None = None) -> bytes:
        """Read that much, or all of it."""
        pieces, size = [], 0
        while amt is None or amt < 0 or size < amt:
            piece = self._next()
            if not piece:
                break
            pieces.append(piece)
            size += len(piece)
        data = b"".join(pieces)
        return data if amt is None or amt < 0 else self._split(data, amt)

    def read1(self, amt: int | None = None) -> bytes:
        """Read what is there, or comes next."""
        data = self._next()
        return data if amt is None or amt < 0 else self._split(data, amt)

    def _split(self, data: bytes, amt: int) -> bytes:
        self._rest = data[amt:]
        return data[:amt]

    def close(self) -> None:
        """Read no more."""
        self._ended, self._rest = True, b""
        self._stream.close()

    def isclosed(self) -> bool:
        """Whether nothing more comes."""
        return self._ended

    @property
    def closed(self) -> bool:
        """Whether nothing more comes."""
        return self._ended

    # --- As chunks --------------------------------------------------------------------------------

    @property
    def fp(self) -> _Body:
        """Return where the lines of chunks come from."""
        return self

    def readline(self, _: int = -1) -> bytes:
        """Return the line in front of the next chunk; behind the last one, an empty line."""
        if self._ended:
            return b"\r\n"
        piece = self._next()
        if not piece:
            return b"0\r\n"
        self._wire = piece + b"\r\n"
        return b"%x\r\n" % len(piece)

    def _safe_read(self, amt: int) -> bytes:
        data, self._wire = self._wire[:amt], self._wire[amt:]
        return data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._answer, name)


def _decoders(content_encoding: str) -> Any:
    found, encoded = plain_decoders(content_encoding)
    if not encoded:
        return found, False
    response = sys.modules["urllib3.response"]
    known = {name.strip().lower() for name in content_encoding.split(",")}
    make = getattr(response, "_get_decoder", None)
    if make is None or not known <= set(response.HTTPResponse.CONTENT_DECODERS):
        return None, True
    return _Decoder(make(content_encoding)), False


class _Decoder:
    """One of urllib3's own."""

    def __init__(self, decoder: Any) -> None:
        self._decoder = decoder

    def decode(self, piece: bytes) -> list[bytes]:
        return [self._decoder.decompress(piece)]

    def flush(self) -> list[bytes]:
        return [self._decoder.flush()]
