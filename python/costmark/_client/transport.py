"""The place under an HTTP client where its final bytes pass: for httpx and for httpx2.

`attach` gives a *view* of an httpx client: an object of a subclass of its class that shares all of
its state, and differs only in that requests go through a `CoreClient`. The client itself stays as
it is for everyone else who uses it.
"""

from __future__ import annotations

import functools
import sys
from importlib import import_module
from types import MemberDescriptorType
from typing import TYPE_CHECKING, Any

from .buffered import AsyncBuffered, SyncBuffered
from .call import call_of, other_extensions
from .core_client import CoreClient, logger, replayable
from .decoding import Decoder, decoder_for

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from types import ModuleType

    from .. import _core
    from .call import Call
    from .core_client import Outgoing


# --- Views of clients ---------------------------------------------------------------------------


class _View:
    """What a view adds to the class of the client that it shows."""

    __slots__ = ()
    if TYPE_CHECKING:
        _costmark_client: Any
        _costmark_core: CoreClient
        _costmark_transport: Transport | None

    def _transport_for_url(self, url: Any) -> Transport:
        inner = super()._transport_for_url(url)  # type: ignore[misc]
        transport = self._costmark_transport
        if transport is None or transport.inner is not inner:
            transport = Transport(inner, self._costmark_core)
            self._costmark_transport = transport  # type: ignore[misc]
        return transport

    def _send_handling_redirects(self, request: Any, follow_redirects: Any, history: Any) -> Any:
        follow_redirects = follow_redirects and _UnlessAuthorized(request)
        return super()._send_handling_redirects(  # type: ignore[misc]
            request, follow_redirects=follow_redirects, history=history
        )

    def __del__(self) -> None:
        """Close nothing: the client that is shown looks after itself."""


class _UnlessAuthorized:
    """Whether to follow a redirect; known only when the request was sent.

    Credentials are meant for the place that was signed for, not for where it points to.
    """

    __slots__ = ("_request",)

    def __init__(self, request: Any) -> None:
        self._request = request

    def __bool__(self) -> bool:
        call = call_of(self._request)
        return call is None or not call.authorized


@functools.lru_cache(maxsize=64)
def _view_class(cls: type) -> Any:
    body = {
        **_slots_of(cls),
        "__slots__": ("_costmark_client", "_costmark_core", "_costmark_transport"),
        "__module__": cls.__module__,
        "__qualname__": cls.__qualname__,
        "__doc__": cls.__doc__,
    }
    return type(cls.__name__, (_View, cls), body)


def _slots_of(cls: type) -> dict[str, property]:
    """Return what reaches the attributes that a client does not keep in its dictionary."""
    names = (
        name
        for base in cls.__mro__
        for name, value in vars(base).items()
        if isinstance(value, MemberDescriptorType)
    )
    return {name: _reaching(name) for name in names}


def _reaching(name: str) -> property:
    def get(view: Any) -> Any:
        return getattr(view._costmark_client, name)

    def set_(view: Any, value: Any) -> None:
        setattr(view._costmark_client, name, value)

    def delete(view: Any) -> None:
        delattr(view._costmark_client, name)

    return property(get, set_, delete)


def attach(client: Any, core: CoreClient) -> Any:
    """Return a view of an httpx client whose requests go through `core`."""
    client = detach(client)
    cls: Any = type(client)
    view = object.__new__(_view_class(cls))
    view.__dict__ = client.__dict__
    view._costmark_client = client
    view._costmark_core = core
    view._costmark_transport = None
    return view


def send_through(view: Any, core: CoreClient) -> None:
    """Let the requests that are made with a view itself, below the SDK, go through `core`."""
    view._costmark_core = core
    view._costmark_transport = None


def detach(client: Any) -> Any:
    """Return the client that a view shows; any other client is returned as it is."""
    return client._costmark_client if is_view(client) else client


def is_view(client: object) -> bool:
    """Whether `client` is a view made by `attach`."""
    return isinstance(client, _View)


# --- One attempt --------------------------------------------------------------------------------


class Exchange:
    """One HTTP exchange: reads its answer along, and ends the attempt exactly once."""

    __slots__ = ("_call", "_decoder", "_hides", "_open", "next_step", "operation", "read_ahead")

    def __init__(self, call: Call, operation: _core.Operation) -> None:
        self._call = call
        self.operation = operation
        self._open = [operation]  # popped by what ends it, be it on two threads
        self._decoder: Decoder | None = None
        self._hides = False
        self.read_ahead = (0, 0.0)  # how many bytes, and for how many seconds
        self.next_step = "none"

    def head(self, response: Any, *, decoded: bool = False) -> None:
        """Take the answer's head; afterwards it tells the truth about what is passed on."""
        headers = response.headers
        encoded = False
        if not decoded and (encoding := headers.get("content-encoding")):
            self._decoder, encoded = decoder_for(_module_of(response), encoding)
        plan = self.operation.head(response.status_code, headers.raw, encoded)
        self._hides, self.read_ahead = plan[0], plan[1:]
        if self._hides and not decoded:
            headers.pop("content-length", None)
            if self._decoder is not None:
                headers.pop("content-encoding", None)

    def take(self, piece: bytes) -> bytes:
        """Read a piece of the answer and return what to pass on of it."""
        if not self._open:
            return piece
        if self._decoder is None:
            return self.operation.feed(piece)
        if self._hides:
            return b"".join(map(self.operation.feed, self._decoder.decode(piece)))
        try:
            for decoded in self._decoder.decode(piece):
                self.operation.feed(decoded)
        except Exception:  # noqa: BLE001 - the code that decodes it for the caller says what is wrong
            self.fail("unknown")
        return piece

    def finish(self) -> bytes:
        """Take the answer's end and return what was held back."""
        held = b""
        if self._decoder is not None and self._open:
            try:
                held = b"".join(map(self.operation.feed, self._decoder.flush()))
            except Exception:  # noqa: BLE001 - as above
                self.fail("incomplete")
        held += self._end(None)
        return held if self._hides else b""

    def fail(self, outcome: str) -> bytes:
        """Say how the exchange ended, unless that is known already; returns what was held back."""
        held = self._end(outcome)
        return held if self._hides else b""

    def _end(self, failure: str | None) -> bytes:
        if not self._open:
            return b""
        try:
            operation = self._open.pop()
        except IndexError:  # another thread was quicker
            return b""
        try:
            ended = operation.finish() if failure is None else operation.fail(failure)
        finally:
            self._call.give_back(operation)
        held, self.next_step = ended
        return held


# A caller who gives up raises through us what is no `Exception`: GeneratorExit, CancelledError.


class _SyncObserved:
    """The body of an answer on its way to the caller."""

    def __init__(self, stream: Any, exchange: Exchange) -> None:
        self._stream = stream
        self._exchange = exchange

    def __iter__(self) -> Iterator[bytes]:
        try:
            for piece in self._stream:
                passed_on = self._exchange.take(piece)
                if passed_on:
                    yield passed_on
            held = self._exchange.finish()
        except Exception:
            held = self._exchange.fail("incomplete")
            if held:
                yield held
            raise
        except BaseException:
            self._exchange.fail("cancelled")
            raise
        if held:
            yield held

    def close(self) -> None:
        self._exchange.fail("cancelled")
        self._stream.close()


class _AsyncObserved:
    """The same for asynchronous clients."""

    def __init__(self, stream: Any, exchange: Exchange) -> None:
        self._stream = stream
        self._exchange = exchange

    async def __aiter__(self) -> AsyncIterator[bytes]:
        pieces = self._stream.__aiter__()
        try:
            async for piece in pieces:
                passed_on = self._exchange.take(piece)
                if passed_on:
                    yield passed_on
            held = self._exchange.finish()
        except Exception:
            held = self._exchange.fail("incomplete")
            if held:
                yield held
            raise
        except BaseException:
            self._exchange.fail("cancelled")
            raise
        finally:
            if hasattr(pieces, "aclose"):
                await pieces.aclose()
        if held:
            yield held

    async def aclose(self) -> None:
        self._exchange.fail("cancelled")
        await self._stream.aclose()


# --- The transport --------------------------------------------------------------------------------


class Transport:
    """Sends through another transport what the core makes of a request.

    Where the core says that another attempt helps, at once and before the SDK sees the answer, it
    makes that attempt. An answer that does not lead to one is passed on as it came.
    """

    __slots__ = ("_core", "inner")

    def __init__(self, inner: Any, core: CoreClient) -> None:
        self.inner = inner
        self._core = core

    def handle_request(self, request: Any) -> Any:
        """Prepare, send, and read the answer along."""
        core = self._core_of(request)
        if core is None:
            return self.inner.handle_request(request)
        claimed = core.claim(request)
        call, operation = _take(core, claimed, request)
        try:
            outgoing = core.prepare(operation, request)
        except BaseException:
            call.give_back(operation)
            raise
        while True:
            claimed.authorized = outgoing.authorized
            exchange = Exchange(call, operation)
            response = self._send(request, outgoing, exchange)
            if not _may_read_ahead(request, exchange):
                return response
            if not response.is_stream_consumed:
                response.stream = _family(response).sync_buffered(response.stream)
                if not response.stream.read_ahead(*exchange.read_ahead):
                    return response
            if exchange.next_step != "again" or call.take() is None:
                return response
            try:
                outgoing = core.prepare(operation, request)
            except Exception as error:  # noqa: BLE001 - the caller has an answer already
                call.give_back(operation)
                _warn_of(error)
                return response

    async def handle_async_request(self, request: Any) -> Any:
        """Do the same without blocking."""
        core = self._core_of(request)
        if core is None:
            return await self.inner.handle_async_request(request)
        claimed = await core.claim_async(request)
        call, operation = _take(core, claimed, request)
        try:
            outgoing = await core.prepare_async(operation, request)
        except BaseException:
            call.give_back(operation)
            raise
        while True:
            claimed.authorized = outgoing.authorized
            exchange = Exchange(call, operation)
            response = await self._send_async(request, outgoing, exchange)
            if not _may_read_ahead(request, exchange):
                return response
            if not response.is_stream_consumed:
                response.stream = _family(response).async_buffered(response.stream)
                if not await response.stream.read_ahead(*exchange.read_ahead):
                    return response
            if exchange.next_step != "again" or call.take() is None:
                return response
            try:
                outgoing = await core.prepare_async(operation, request)
            except Exception as error:  # noqa: BLE001 - the caller has an answer already
                call.give_back(operation)
                _warn_of(error)
                return response

    def _core_of(self, request: Any) -> CoreClient | None:
        """Return what a request goes through; None for one that passes as it is."""
        call = call_of(request)
        if call is None or not call.by_sdk:
            return self._core
        return None if call.left_alone else call.core or self._core

    def _send(self, request: Any, outgoing: Outgoing, exchange: Exchange) -> Any:
        try:
            rebuilt = _rebuilt(request, outgoing)
            exchange.operation.sent()
            response = self.inner.handle_request(rebuilt)
            return _observed(response, exchange, "sync_stream")
        except BaseException as error:
            exchange.fail("error" if isinstance(error, Exception) else "cancelled")
            raise

    async def _send_async(self, request: Any, outgoing: Outgoing, exchange: Exchange) -> Any:
        try:
            rebuilt = _rebuilt(request, outgoing)
            exchange.operation.sent()
            response = await self.inner.handle_async_request(rebuilt)
            return _observed(response, exchange, "async_stream")
        except BaseException as error:
            exchange.fail("error" if isinstance(error, Exception) else "cancelled")
            raise

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


def _take(core: CoreClient, call: Call, request: Any) -> tuple[Call, _core.Operation]:
    operation = call.take()
    while operation is None:  # another attempt of the same call is open
        call = core.beside(call, request)
        operation = call.take()
    return call, operation


def _may_read_ahead(request: Any, exchange: Exchange) -> bool:
    return exchange.read_ahead[0] > 0 and replayable(request)


def _warn_of(error: Exception) -> None:
    logger.warning("a refused request could not be prepared again: %s", error)


def _rebuilt(request: Any, outgoing: Outgoing) -> Any:
    """Return a request of its own to send, as the caller's may be sent again; that one as it is."""
    if outgoing.changes_nothing:
        return request
    family = _family(request)
    # Not by its constructor, which would parse again what was parsed already.
    rebuilt = object.__new__(family.request)
    vars(rebuilt).update(vars(request))
    headers = rebuilt.headers = family.headers(request.headers)
    for name in outgoing.to_remove:
        headers.pop(name, None)
    for field in outgoing.to_set:
        headers[field[0]] = field[1]
    rebuilt.extensions = other_extensions(request)
    if outgoing.url is not None:
        rebuilt.url = family.url(outgoing.url)
    if outgoing.body is not None:
        rebuilt._content = outgoing.body
        rebuilt.stream = family.byte_stream(outgoing.body)
    return rebuilt


def _observed(response: Any, exchange: Exchange, kind: str) -> Any:
    if response.is_stream_consumed:  # a transport for tests: the body is there already
        exchange.head(response, decoded=True)
        exchange.take(response.content)
        exchange.finish()
        return response
    exchange.head(response)
    response.stream = getattr(_family(response), kind)(response.stream, exchange)
    return response


# --- httpx and httpx2 ---------------------------------------------------------------------------


class _Family:
    """The classes of httpx or of httpx2; each checks that what it is given is its own."""

    def __init__(self, module: ModuleType) -> None:
        self.request = module.Request
        self.headers = module.Headers
        self.url = module.URL
        self.byte_stream = module.ByteStream
        self.sync_stream = type("ObservedStream", (_SyncObserved, module.SyncByteStream), {})
        self.async_stream = type("ObservedStream", (_AsyncObserved, module.AsyncByteStream), {})
        self.sync_buffered = type("BufferedStream", (SyncBuffered, module.SyncByteStream), {})
        self.async_buffered = type("BufferedStream", (AsyncBuffered, module.AsyncByteStream), {})


def _family(value: object) -> _Family:
    return _family_named(_module_of(value))


@functools.lru_cache(maxsize=8)
def _family_named(module: str) -> _Family:
    return _Family(sys.modules.get(module) or import_module(module))


def _module_of(value: object) -> str:
    cls: Any = type(value)
    return _module_of_class(cls)


@functools.lru_cache(maxsize=64)
def _module_of_class(cls: type) -> str:
    for base in cls.__mro__:
        name = base.__module__.partition(".")[0]
        if name in ("httpx", "httpx2"):
            return name
    raise TypeError(f"{cls.__module__}.{cls.__qualname__} is of neither httpx nor httpx2")
