"""The place under an HTTP client where its final bytes pass: for httpx and for httpx2.

`attach` gives a *view* of an httpx client: an object of a subclass of its class that shares all of
its state, and differs only in that requests go through a `CoreClient`. The client itself stays as
it is for everyone else who uses it.
"""

from __future__ import annotations

import functools
from types import MemberDescriptorType
from typing import TYPE_CHECKING, Any

from .._transports.below import below
from .attempts import READ, READ_ASYNC, may_repeat, send, send_async
from .call import CALL, call_of
from .family import family_of, fields_of

if TYPE_CHECKING:
    from .call import Call
    from .core_client import CoreClient, Outgoing
    from .exchange import Exchange


# --- Views of clients ---------------------------------------------------------------------------


class _View:
    """What a view adds to the class of the client that it shows."""

    __slots__ = ()
    if TYPE_CHECKING:
        _costmark_client: Any
        _costmark_core: CoreClient
        _costmark_transport: Transport | None

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
def _view_class(cls: Any) -> Any:
    def _transport_for_url(self: Any, url: Any) -> Transport:
        inner = cls._transport_for_url(self, url)
        transport: Transport | None = self._costmark_transport
        if transport is None or transport.inner is not inner:
            transport = Transport(inner, self._costmark_core, family_of(self))
            self._costmark_transport = transport
        return transport

    def _send_handling_redirects(
        self: Any, request: Any, follow_redirects: Any, history: Any
    ) -> Any:
        follow_redirects = follow_redirects and _UnlessAuthorized(request)
        return cls._send_handling_redirects(self, request, follow_redirects, history)

    body = {
        **_slots_of(cls),
        "_transport_for_url": _transport_for_url,
        "_send_handling_redirects": _send_handling_redirects,
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


# --- The transport --------------------------------------------------------------------------------


class Transport:
    """Sends through another transport what the core makes of a request."""

    __slots__ = ("_below", "_core", "_family", "inner")

    def __init__(self, inner: Any, core: CoreClient | None, family: Any) -> None:
        self.inner = inner
        self._below = below(inner)
        self._core = core
        self._family: Any = family

    def handle_request(self, request: Any) -> Any:
        """Prepare, send, and read the answer along."""
        call: Call | None = request.extensions.get(CALL)
        core = self._core_of(request, call)
        if core is None:
            return self.inner.handle_request(request)
        if "target" in request.extensions:
            self._family.take_target(request)
        if call is None or call.core is not core:
            call = core.claim(request)
        return send(core, call, request, self._family.sync_exchange, self._attempt)

    async def handle_async_request(self, request: Any) -> Any:
        """Do the same without blocking."""
        call = call_of(request)
        core = self._core_of(request, call)
        if core is None:
            return await self.inner.handle_async_request(request)
        if "target" in request.extensions:
            self._family.take_target(request)
        if call is None or call.core is not core:
            call = await core.claim_async(request)
        exchange_of = self._family.async_exchange
        return await send_async(core, call, request, exchange_of, self._attempt_async)

    def _core_of(self, request: Any, call: Call | None) -> CoreClient | None:
        """Return what a request of that call goes through; None for one that passes as it is."""
        if call is None or not call.by_sdk:
            return self._core
        return None if call.left_alone else call.core or self._core

    def _attempt(self, request: Any, outgoing: Outgoing, exchange: Exchange) -> tuple[Any, Any]:
        response = self._below.handle_request(self._family.rebuilt(request, outgoing))
        exchange.observe(response, fields_of(response.headers))
        if not exchange.read_ahead_bytes or not may_repeat(exchange, request):
            return response, None
        if response.is_stream_consumed:
            return response, READ
        response.stream = self._family.sync_buffered(response.stream)
        return response, response.stream

    async def _attempt_async(
        self, request: Any, outgoing: Outgoing, exchange: Exchange
    ) -> tuple[Any, Any]:
        rebuilt = self._family.rebuilt(request, outgoing)
        response = await self._below.handle_async_request(rebuilt)
        exchange.observe(response, fields_of(response.headers))
        if not exchange.read_ahead_bytes or not may_repeat(exchange, request):
            return response, None
        if response.is_stream_consumed:
            return response, READ_ASYNC
        response.stream = self._family.async_buffered(response.stream)
        return response, response.stream
