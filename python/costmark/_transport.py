"""The place under an HTTP client where its final bytes pass: for httpx and for httpx2.

`attach` gives a *view* of an httpx client: an object of a subclass of its class that shares all of
its state, and differs only in that requests go through an `Engine`. The client itself stays as it
is for everyone else who uses it.
"""

from __future__ import annotations

import functools
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._decoding import Decoder, decoder_for
from ._engine import Engine, Headers, extensions_of, replayable, signed
from ._replay import AsyncReplayed, SyncReplayed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from types import ModuleType

    from . import _core


# --- Views of clients ---------------------------------------------------------------------------


class _View:
    """What a view adds to the class of the client that it shows."""

    __slots__ = ()
    if TYPE_CHECKING:
        _costmark_client: Any
        _costmark_engine: Engine

    def _transport_for_url(self, url: Any) -> Transport:
        inner = super()._transport_for_url(url)  # type: ignore[misc]
        return Transport(inner, self._costmark_engine)

    def send(self, request: Any, **options: Any) -> Any:
        # Credentials are meant for the place that was signed for, not for where it points to.
        if signed(request):
            options["follow_redirects"] = False
        return super().send(request, **options)  # type: ignore[misc]

    def __del__(self) -> None:
        """Close nothing: the client that is shown looks after itself."""


@functools.lru_cache(maxsize=64)
def _view_class(cls: type) -> Any:
    body = {
        "__slots__": ("_costmark_client", "_costmark_engine"),
        "__module__": cls.__module__,
        "__qualname__": cls.__qualname__,
        "__doc__": cls.__doc__,
    }
    return type(cls.__name__, (_View, cls), body)


def attach(client: Any, engine: Engine) -> Any:
    """Return a view of an httpx client whose requests go through `engine`."""
    client = detach(client)
    cls: Any = type(client)
    view = object.__new__(_view_class(cls))
    view.__dict__ = client.__dict__
    view._costmark_client = client
    view._costmark_engine = engine
    return view


def detach(client: Any) -> Any:
    """Return the client that a view shows; any other client is returned as it is."""
    return client._costmark_client if is_view(client) else client


def is_view(client: object) -> bool:
    """Whether `client` is a view made by `attach`."""
    return isinstance(client, _View)


# --- One attempt --------------------------------------------------------------------------------


class Exchange:
    """One HTTP exchange: counts its end exactly once."""

    __slots__ = ("_decoder", "_hides", "_observation")

    def __init__(self, observation: _core.Observation) -> None:
        self._observation = observation
        self._decoder: Decoder | None = None
        self._hides = False

    def begin(self, response: Any, hides_usage_chunk: bool) -> None:
        """Take the answer's head; afterwards it tells the truth about what is passed on."""
        headers = response.headers
        content_type = headers.get("content-type", "")
        self._observation.head(
            response.status_code,
            content_type,
            headers.get("date", ""),
            headers.get("x-amzn-errortype", ""),
        )
        self._decoder = decoder_for(_module_of(response), headers.get("content-encoding", ""))
        self._hides = (
            hides_usage_chunk
            and content_type.lower().startswith("text/event-stream")
            and (self._decoder is None or self._decoder.readable)
        )
        if not self._hides:
            return
        if "content-length" in headers:
            del headers["content-length"]
        if self._decoder is not None and "content-encoding" in headers:
            del headers["content-encoding"]

    def take(self, piece: bytes) -> bytes:
        """Read a piece of the answer and return what to pass on of it."""
        if self._decoder is None:
            return self._observation.feed(piece)
        if self._hides:
            return b"".join(map(self._observation.feed, self._decoder.decode(piece)))
        try:
            for decoded in self._decoder.decode(piece):
                self._observation.feed(decoded)
        except Exception:  # noqa: BLE001 - whoever decodes it in earnest says what is wrong
            self._observation.fail("unknown")
        return piece

    @property
    def retry_advised(self) -> bool:
        """Whether the service refused what proved the sender, and another proof may hold."""
        return self._observation.retry_advised

    def finish(self) -> bytes:
        """Take the answer's end and return what was held back."""
        held = b""
        if self._decoder is not None:
            try:
                held = b"".join(map(self._observation.feed, self._decoder.flush()))
            except Exception:  # noqa: BLE001 - as above
                self._observation.fail("incomplete")
        held += self._observation.finish()
        return held if self._hides else b""

    def fail(self, outcome: str) -> bytes:
        """Say how the exchange ended, unless that is known already; returns what was held back."""
        held = self._observation.fail(outcome)
        return held if self._hides else b""


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


# --- Refusals -----------------------------------------------------------------------------------

# Credentials can be refused although they looked good: revoked, rotated, or used by a wrong clock.
# The core tells from the answer, and mends what it can; then the request is sent once more, before
# the SDK sees the refusal. An answer that does not lead to that is passed on as it came.

_REFUSALS = (401, 403)


class Transport:
    """Sends through another transport what the engine makes of a request."""

    __slots__ = ("_engine", "_inner")

    def __init__(self, inner: Any, engine: Engine) -> None:
        self._inner = inner
        self._engine = engine

    def handle_request(self, request: Any) -> Any:
        """Prepare, send, and observe the answer."""
        prepared, observation = self._engine.outgoing(request)
        exchange = Exchange(observation)
        response = self._send(request, prepared, exchange)
        if not _may_be_mended(request, prepared, response):
            return response
        if not response.is_stream_consumed:
            response.stream = _family(_module_of(response)).sync_replayed(response.stream)
            if not response.stream.read_ahead():
                return response
        again = self._again(request, prepared, exchange)
        if again is None:
            return response
        prepared, observation = again
        return self._send(request, prepared, Exchange(observation))

    async def handle_async_request(self, request: Any) -> Any:
        """Do the same without blocking."""
        prepared, observation = self._engine.outgoing(request)
        exchange = Exchange(observation)
        response = await self._send_async(request, prepared, exchange)
        if not _may_be_mended(request, prepared, response):
            return response
        if not response.is_stream_consumed:
            response.stream = _family(_module_of(response)).async_replayed(response.stream)
            if not await response.stream.read_ahead():
                return response
        again = self._again(request, prepared, exchange)
        if again is None:
            return response
        prepared, observation = again
        return await self._send_async(request, prepared, Exchange(observation))

    def _again(
        self, request: Any, prepared: _core.Prepared, exchange: Exchange
    ) -> tuple[_core.Prepared, _core.Observation] | None:
        if not exchange.retry_advised:
            return None
        return self._engine.outgoing_again(request, prepared)

    def _send(self, request: Any, prepared: _core.Prepared, exchange: Exchange) -> Any:
        try:
            response = self._inner.handle_request(_rebuilt(request, prepared))
        except BaseException as error:
            exchange.fail("error" if isinstance(error, Exception) else "cancelled")
            raise
        return _observed(response, prepared, exchange, "sync")

    async def _send_async(self, request: Any, prepared: _core.Prepared, exchange: Exchange) -> Any:
        try:
            response = await self._inner.handle_async_request(_rebuilt(request, prepared))
        except BaseException as error:
            exchange.fail("error" if isinstance(error, Exception) else "cancelled")
            raise
        return _observed(response, prepared, exchange, "async")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


def _may_be_mended(request: Any, prepared: _core.Prepared, response: Any) -> bool:
    return response.status_code in _REFUSALS and prepared.authorized and replayable(request)


def _rebuilt(request: Any, prepared: _core.Prepared) -> Any:
    """Return a request of its own to send: the caller's may be sent again."""
    family = _family(_module_of(request))
    body = prepared.body if prepared.body_changed else None
    rebuilt = family.request(
        request.method,
        request.url if prepared.url is None else prepared.url,
        headers=merge_headers(request.headers.raw, prepared, None if body is None else len(body)),
        stream=request.stream if body is None else family.byte_stream(body),
        extensions=extensions_of(request),
    )
    if body is not None or hasattr(request, "_content"):
        rebuilt.read()
    return rebuilt


def merge_headers(headers: Headers, prepared: _core.Prepared, length: int | None) -> Headers:
    """Apply what was prepared: a header that is replaced stays in its place, a new one is added."""
    removed = {name.lower() for name in prepared.headers_to_remove}
    replaced = {name.lower(): (name, value) for name, value in prepared.headers_to_set}
    if length is not None:
        replaced[b"content-length"] = (b"Content-Length", str(length).encode())
    merged: Headers = []
    for name, value in headers:
        key = name.lower()
        if key in replaced:
            given = replaced.pop(key)
            removed.add(key)  # every later field of that name
            merged.append((name, given[1]))
        elif key not in removed:
            merged.append((name, value))
    merged.extend(replaced.values())
    return merged


def _observed(response: Any, prepared: _core.Prepared, exchange: Exchange, kind: str) -> Any:
    family = _family(_module_of(response))
    if response.is_stream_consumed:  # a transport for tests: the body is there already
        _observe_whole(response, exchange)
        return response
    exchange.begin(response, prepared.hides_usage_chunk)
    observed = family.sync_stream if kind == "sync" else family.async_stream
    response.stream = observed(response.stream, exchange)
    return response


def _observe_whole(response: Any, exchange: Exchange) -> None:
    headers = response.headers.copy()
    response.headers.pop("content-encoding", None)  # `content` is decoded
    exchange.begin(response, hides_usage_chunk=False)
    response.headers = headers
    exchange.take(response.content)
    exchange.finish()


# --- httpx and httpx2 ---------------------------------------------------------------------------


class _Family:
    """The classes of httpx or of httpx2; each checks that what it is given is its own."""

    def __init__(self, module: ModuleType) -> None:
        self.request = module.Request
        self.byte_stream = module.ByteStream
        self.sync_stream = type("ObservedStream", (_SyncObserved, module.SyncByteStream), {})
        self.async_stream = type("ObservedStream", (_AsyncObserved, module.AsyncByteStream), {})
        self.sync_replayed = type("ReplayedStream", (SyncReplayed, module.SyncByteStream), {})
        self.async_replayed = type("ReplayedStream", (AsyncReplayed, module.AsyncByteStream), {})


@functools.lru_cache(maxsize=8)
def _family(module: str) -> _Family:
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
