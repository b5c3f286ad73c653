"""aiohttp: every session, by a middleware that stands innermost."""

from __future__ import annotations

import copy
import functools
import io
import sys
import time
from typing import TYPE_CHECKING, Any

from aiohttp import StreamReader
from aiohttp.payload import BytesIOPayload, BytesPayload
from aiohttp.streams import EmptyStreamReader
from multidict import CIMultiDict
from yarl import URL

from ..errors import RequestError
from . import state, under_way
from .message import Message, as_text, decoded_already, plain_decoders
from .sending import send_async

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from .._client.core_client import CoreClient, Outgoing
    from .message import AsyncAnswering

    Handler = Callable[[Any], Awaitable[Any]]

_LARGE = 1 << 20  # aiohttp warns of larger bodies that are bytes


def hook(package: str) -> list[state.Hook]:
    """Return what to put in place of what."""
    session = sys.modules[package].ClientSession
    if "middlewares" not in session.__init__.__kwdefaults__:
        raise ImportError("costmark needs aiohttp 3.12 or newer")
    return [state.Hook(session, "_request", _requesting)]


def _requesting(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    async def _request(
        self: Any, method: str, str_or_url: Any, *, middlewares: Any = None, **kwargs: Any
    ) -> Any:
        if state.rule() is None:
            return await original(self, method, str_or_url, middlewares=middlewares, **kwargs)
        theirs = (self._middlewares if middlewares is None else middlewares) or ()
        decodes = kwargs.get("auto_decompress")
        if decodes is None:
            decodes = self._auto_decompress
        ours = _Covering(decoded_already if decodes else plain_decoders)
        return await original(self, method, str_or_url, middlewares=(*theirs, ours), **kwargs)

    return _request


class _Covering:
    """Covers the requests of one call: that of the caller, and those that redirects lead to."""

    def __init__(self, decoders: Any) -> None:
        self._decoders = decoders
        self._extensions: dict[str, Any] = {}  # where the operation is
        self._core: CoreClient | None = None  # of the last one that was covered

    async def __call__(self, request: Any, handler: Handler) -> Any:
        rule = state.rule()
        if rule is None:
            return await handler(request)
        url = request.url
        core = rule.core_for(url.scheme, url.host, url.port)
        if core is None and self._core is not None and request.body:
            core = self._core  # redirected with its body: refused, as to another origin
        if core is None:
            if request.method == "POST":
                rule.passed(url.scheme, url.host.lower(), url.port, url.path)
            return await handler(request)
        message = _message(request)
        if under_way.is_prepared(message.method, message.url, message.content):
            return await handler(request)
        message.extensions = self._extensions

        async def attempt(outgoing: Outgoing, exchange: AsyncAnswering) -> tuple[Any, Any]:
            response = await handler(_rebuilt(request, outgoing))
            response._request_info = request.request_info  # without what we have signed
            reader = _observe(response, exchange, self._decoders)
            return response, reader and _Beginning(response, reader)

        try:
            return await send_async(core, message, attempt)
        except RequestError as error:
            if error.code != "body_needed" or not await _read_body(message, request):
                raise
            return await send_async(core, message, attempt)
        finally:
            self._core, self._extensions = core, message.extensions


# --- The request ----------------------------------------------------------------------------------


def _message(request: Any) -> Message:
    body = request.body
    given: Any = body
    if not body:
        given = None
    elif isinstance(body, BytesPayload) and not request.compress:
        given = body._value
    fields = [(str(name), value) for name, value in request.headers.items()]
    return Message(request.method, str(request.url), fields, _Unread() if given is body else given)


class _Unread:
    """A body that is not in memory, or that aiohttp encodes while it sends it."""


async def _read_body(message: Message, request: Any) -> bool:
    """Read a body that can be sent all the same; false for one that can be read only once."""
    if message.content is not None or request.compress:
        return False
    as_bytes = getattr(request.body, "as_bytes", None)
    name = type(request.body).__name__
    if as_bytes is None or name == "AsyncIterablePayload" or request.body.consumed:
        return False
    message.content = await as_bytes()
    return True


def _rebuilt(request: Any, outgoing: Outgoing) -> Any:
    """Return a request of its own to send, as the caller's may be sent again; or that one."""
    if outgoing.fields is None and outgoing.body is None and outgoing.url is None:
        return request
    rebuilt = copy.copy(request)
    if outgoing.fields is None:
        rebuilt.headers = CIMultiDict(request.headers)
    else:
        rebuilt.headers = CIMultiDict(
            (as_text(name), as_text(value)) for name, value in outgoing.fields
        )
    if outgoing.url is not None:
        rebuilt.url = rebuilt.original_url = URL(outgoing.url, encoded=True)
    if outgoing.body is not None:
        body = outgoing.body
        rebuilt._body = (
            BytesIOPayload(io.BytesIO(body)) if len(body) > _LARGE else BytesPayload(body)
        )
        if rebuilt.chunked:
            rebuilt.chunked = None
    return rebuilt


# --- The answer -----------------------------------------------------------------------------------


class _Beginning:
    """The beginning of an answer, while its caller does not have it yet."""

    def __init__(self, response: Any, reader: _Reader) -> None:
        self._response = response
        self._reader = reader

    async def read_ahead(self, most: int, seconds: float) -> bool:
        """Read to the end; false when the end is far."""
        try:
            return await self._reader.read_ahead(most, seconds)
        except BaseException:  # given up: no one else has the answer, to close it
            self._response.close()
            raise


def _observe(response: Any, exchange: AsyncAnswering, decoders: Any) -> _Reader | None:
    exchange.begin(response.status, list(response.raw_headers), decoders)
    return read_along(response, exchange)


def read_along(response: Any, exchange: AsyncAnswering) -> _Reader | None:
    """Take the place of the body of an answer whose head an exchange knows; None without one."""
    content = response.content
    if content is None or isinstance(content, EmptyStreamReader):
        exchange.end()
        return None
    if exchange.changes_body:
        response._headers = _without_length(response, exchange)
    response.content = reader = _Reader(content, exchange, response._loop)
    return reader


def _without_length(response: Any, exchange: AsyncAnswering) -> Any:
    headers = CIMultiDict(response.headers)
    headers.popall("Content-Length", None)
    if exchange.decodes:
        headers.popall("Content-Encoding", None)
    cls: type = type(response.headers)
    return cls(headers)


class _Unlimited:
    """Stands in for a connection: that one is held back by the reader below."""

    connected = True

    def pause_reading(self) -> None:
        """Do nothing."""

    def resume_reading(self, *_: object, **__: object) -> None:
        """Do nothing."""


class _Reader(StreamReader):
    """The body of an answer, read along on its way to the caller: when the caller asks for it."""

    __slots__ = ("_below", "_exchange")

    def __init__(self, below: StreamReader, exchange: AsyncAnswering, loop: Any) -> None:
        super().__init__(_Unlimited(), 1 << 16, loop=loop)  # type: ignore[arg-type]
        self._below = below
        self._exchange = exchange

    async def _wait(self, func_name: str) -> None:
        """Get more, at the place where other readers wait for it. Who gives up may come back."""
        try:
            piece = await self._below.readany()
        except Exception as error:
            self._pass_on(self._exchange.end("incomplete"))
            if not self._buffer:
                raise
            self._exception_at_end(error)
            return
        self._take(piece)

    def _take(self, piece: bytes) -> None:
        if piece:
            self._pass_on(self._exchange.take(piece))
        elif self._below.at_eof():
            self._pass_on(self._exchange.end())
            self.feed_eof()

    def _pass_on(self, piece: bytes) -> None:
        if piece:
            self.feed_data(piece)

    def _exception_at_end(self, error: Exception) -> None:
        """Raise it when the caller reads on behind what was held back."""
        self._below.set_exception(error)

    async def read_ahead(self, most: int, seconds: float) -> bool:
        """Read to the end; false when the end is far."""
        end = time.monotonic() + seconds
        while not self._eof:
            try:
                await self._wait("read_ahead")
            except Exception as error:  # noqa: BLE001 - kept for the one who reads it
                self.set_exception(error)
                return True
            if self._size > most or time.monotonic() > end:
                return False
        return True

    def _take_what_came(self) -> None:
        if not self._eof and self._below.exception() is None and self._below._waiter is None:
            self._take(self._below.read_nowait())

    # --- What others ask a reader without waiting -------------------------------------------------

    def read_nowait(self, n: int = -1) -> bytes:
        self._take_what_came()
        return super().read_nowait(n)

    def is_eof(self) -> bool:
        self._take_what_came()
        return super().is_eof()

    def at_eof(self) -> bool:
        self._take_what_came()
        return super().at_eof()

    async def wait_eof(self) -> None:
        while not self._eof:
            await self._wait("wait_eof")

    def set_exception(self, exc: BaseException, *cause: BaseException) -> None:
        """Hear that the answer was closed, or released, before its end."""
        if self._exchange.lacks_only_counts:  # which may be here already
            self._take_what_came()
        self._exchange.end("cancelled")
        super().set_exception(exc, *cause)
