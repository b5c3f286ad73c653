"""Transports that are not httpx's own: they may send through what is covered as well."""

from __future__ import annotations

from typing import Any

from . import under_way

_PLAIN = ("HTTPTransport", "AsyncHTTPTransport")


def below(transport: Any) -> Any:
    """Return a transport that marks what it is given as prepared; httpx's own needs no mark."""
    cls: type = type(transport)
    is_httpx = cls.__module__.partition(".")[0] in ("httpx", "httpx2")
    return transport if is_httpx and cls.__name__ in _PLAIN else _Marking(transport)


class _Marking:
    __slots__ = ("_transport",)

    def __init__(self, transport: Any) -> None:
        self._transport = transport

    def handle_request(self, request: Any) -> Any:
        if not under_way.is_asked_for:
            return self._transport.handle_request(request)
        with _marked(request):
            return self._transport.handle_request(request)

    async def handle_async_request(self, request: Any) -> Any:
        if not under_way.is_asked_for:
            return await self._transport.handle_async_request(request)
        with _marked(request):
            return await self._transport.handle_async_request(request)


def _marked(request: Any) -> under_way.Prepared:
    return under_way.Prepared(request.method, request.url, getattr(request, "_content", None))
