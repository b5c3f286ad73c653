"""lm15, and so dspy, which brings it along: HTTP over sockets of its own."""

from __future__ import annotations

import dataclasses
import functools
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .._client.buffered import AsyncBuffered, SyncBuffered
from . import state, under_way
from .message import Message, as_text, decoded_already
from .sending import send, send_async

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._client.core_client import CoreClient, Outgoing
    from .message import AsyncAnswering, SyncAnswering


def hook(package: str) -> list[state.Hook]:
    """Return what to put in place of what."""
    module = sys.modules[package]
    sync, later = module.StdlibTransport, module.StdlibAsyncTransport
    return [
        state.Hook(sync, "stream", _streaming),
        state.Hook(later, "_do_stream", _streaming_later),
    ]


def _streaming(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def stream(self: Any, request: Any) -> Any:
        core, message = _covering(request)
        if core is None:
            return original(self, request)

        def attempt(outgoing: Outgoing, exchange: SyncAnswering) -> tuple[Any, Any]:
            response = original(self, _rebuilt(request, outgoing))
            exchange.begin(response.status, response.headers, decoded_already)
            exchange.read_from(response._chunks)
            body = SyncBuffered(exchange)
            response._chunks = iter(body)
            response._release = _releasing(exchange, response._release)
            return response, body

        return send(core, message, attempt)

    return stream


def _streaming_later(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    async def _do_stream(self: Any, request: Any) -> Any:
        core, message = _covering(request)
        if core is None:
            return await original(self, request)

        async def attempt(outgoing: Outgoing, exchange: AsyncAnswering) -> tuple[Any, Any]:
            response = await original(self, _rebuilt(request, outgoing))
            exchange.begin(response.status, response.headers, decoded_already)
            exchange.read_from(response._chunks)
            body = AsyncBuffered(exchange)
            response._chunks = body.__aiter__()
            response._release = _releasing(exchange, response._release)
            return response, body

        return await send_async(core, message, attempt)

    return _do_stream


def _covering(request: Any) -> tuple[CoreClient | None, Message]:
    message = Message(request.method, request.url, list(request.headers), request.body)
    rule, parts = state.rule(), urlsplit(request.url)
    if rule is None:
        return None, message
    core = rule.core_for(parts.scheme, parts.hostname or "", parts.port)
    if core is None:
        if request.method == "POST":
            rule.passed(parts.scheme, parts.hostname or "", parts.port, parts.path)
    elif under_way.is_prepared(request.method, request.url, message.content):
        core = None
    return core, message


def _rebuilt(request: Any, outgoing: Outgoing) -> Any:
    changes: dict[str, Any] = {}
    if outgoing.fields is not None:
        changes["headers"] = [(as_text(name), as_text(value)) for name, value in outgoing.fields]
    if outgoing.body is not None:
        changes["body"] = outgoing.body
    if outgoing.url is not None:
        changes["url"] = outgoing.url
    return dataclasses.replace(request, **changes)


def _releasing(exchange: Any, release: Callable[[bool], Any]) -> Callable[[bool], Any]:
    def released(body_consumed: bool) -> Any:
        exchange.end("cancelled")  # unless it has ended
        return release(body_consumed)

    return released
