"""WebSockets of the OpenAI SDK: ``responses.connect``, ``realtime.connect`` and their like.

The SDK opens them with the package ``websockets``, where no HTTP transport is below. What it lets a
caller choose is the class of the connection, and that makes the handshake. So the connections of a
wrapped client are of a subclass: its handshake carries the project and the authorization, also
where a redirect or a reconnection leads, and it reads the events along.

    connect() ──► checked ──► TCP, TLS ──► handshake, prepared ──► events, counted
                  (a policy refuses here)

The answer to one ``response.create`` is one operation: in its accounts, a session is a series of
answers of the Responses API, whose events have the same form.
"""

from __future__ import annotations

import functools
import json
import re
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from .._sdk.base import is_async
from .core_client import logger
from .family import family_of, fields_of
from .scope import Captured
from .transport import detach

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .. import _core
    from .core_client import CoreClient, Outgoing
    from .scope import Frame

OPTIONS = "websocket_connection_options"  # the SDK's parameter for what `websockets` is given
_FACTORY = "create_connection"

_UPGRADE = (("connection", "Upgrade"), ("upgrade", "websocket"))
# What `websockets` writes by itself.
_ITS_OWN = (b"host", b"connection", b"upgrade")
_EVENT_STREAM = [(b"content-type", b"text/event-stream")]
_MATTERS = re.compile(
    r'"response\.(?:created|completed|done|incomplete|failed|cancelled|canceled)"'
)


def connect(
    resource: Any,
    wrapped: Any,
    frame: Frame | None,
    method: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Any:
    """Call the `connect` of a resource of a wrapped client; raises what a policy says to it.

    `frame` is the scope of the call, in which the connection is made later.
    """
    client = resource._client
    if not wrapped.applies(client):
        return method(*args, **kwargs)
    given = dict(kwargs.get(OPTIONS) or {})
    opening = _Opening(client, wrapped, frame, kwargs.get("extra_headers") or {})
    try:
        given[_FACTORY] = opening.factory(given.get(_FACTORY))
    except ImportError:  # the SDK says what is missing when the connection is made
        return method(*args, **kwargs)
    manager = method(*args, **{**kwargs, OPTIONS: given})
    opening.check(manager._prepare_url())
    return manager


class _Opening:
    """What the connections of one `connect` have in common: several where it reconnects."""

    def __init__(self, client: Any, wrapped: Any, frame: Frame | None, extra_headers: Any) -> None:
        self.client = client
        self.wrapped = wrapped
        self.frame = frame
        self._as_options = SimpleNamespace(headers=extra_headers)

    def check(self, url: Any) -> None:
        """Raise what a policy says to a handshake at this URL, before anything is opened."""
        core: CoreClient = self.wrapped.socket_core(self.client)
        with Captured(self.frame):
            core.check(_as_http(str(url)), [*_UPGRADE])

    def factory(self, given: Any) -> Callable[..., Any]:
        """Return what makes connections, out of what the caller gave for that."""
        cls = given if given is not None else _connection_class(is_async(self.client))
        if not isinstance(cls, type):
            raise TypeError(
                f"{_FACTORY} of {OPTIONS} takes a class for a wrapped client, "
                f"not {type(cls).__module__}.{type(cls).__qualname__}"
            )
        observed = _observed(cls, is_async(self.client))

        def make(*args: Any, **kwargs: Any) -> Any:
            connection = observed(*args, **kwargs)
            connection._costmark_session = _Session(self)
            return connection

        return make

    def request_for(self, uri: Any, headers: Any) -> Any:
        """Return the handshake as a request, as the core looks at one."""
        host = f"[{uri.host}]" if ":" in uri.host else uri.host
        url = f"{'https' if uri.secure else 'http'}://{host}:{uri.port}{uri.resource_name}"
        family = family_of(detach(self.client._client))
        request = family.request("GET", url, headers=[*_pairs(headers), *_UPGRADE])
        self.wrapped.sdk.request_built(self.client, request, self._as_options)
        return request


class _Session:
    """One connection: its handshake, and the responses that its events tell of."""

    def __init__(self, opening: _Opening) -> None:
        self._opening = opening
        self._request: Any = None
        self._core: CoreClient | None = None
        self._handshake: _core.Operation | None = None
        self._project: str | None = None
        self._open: dict[str, _core.Operation] = {}  # by the id of the response

    # --- The handshake ----------------------------------------------------------------------------

    def prepare(self, protocol: Any, headers: Any) -> list[tuple[str, str]]:
        """Return the headers of the handshake; the protocol's URI may be spelled anew."""
        opening = self._opening
        with Captured(opening.frame):
            core = opening.wrapped.socket_core(opening.client)
            request = opening.request_for(protocol.uri, headers)
            operation = core.claim(request).take()
            return self._prepared(
                protocol, core, request, operation, core.prepare(operation, request)
            )

    async def prepare_async(self, protocol: Any, headers: Any) -> list[tuple[str, str]]:
        """Do the same without blocking."""
        opening = self._opening
        with Captured(opening.frame):
            core = await opening.wrapped.socket_core_async(opening.client)
            request = opening.request_for(protocol.uri, headers)
            operation = (await core.claim_async(request)).take()
            outgoing = await core.prepare_async(operation, request)
            return self._prepared(protocol, core, request, operation, outgoing)

    def _prepared(
        self,
        protocol: Any,
        core: CoreClient,
        request: Any,
        operation: _core.Operation,
        outgoing: Outgoing,
    ) -> list[tuple[str, str]]:
        rebuilt = family_of(request).rebuilt(request, outgoing)
        self._request, self._core, self._handshake = rebuilt, core, operation
        self._project = operation.decision["project"] or None
        if outgoing.url is not None:
            path, _, query = rebuilt.url.raw_path.decode("ascii").partition("?")
            protocol.uri = replace(protocol.uri, path=path, query=query)
        return [
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, value in rebuilt.headers.raw
            if name.lower() not in _ITS_OWN
        ]

    def answered(self, response: Any) -> None:
        """Say how the handshake ended; without an answer, nothing is learned."""
        operation, self._handshake = self._handshake, None
        if operation is not None and response is not None and response.status_code >= 200:
            operation.head(response.status_code, _bytes_of(response.headers))
            operation.finish()

    # --- The events -------------------------------------------------------------------------------

    def observe(self, message: str | bytes) -> None:
        """Read one message along; never fails."""
        try:
            text = message if isinstance(message, str) else message.decode()
            if _MATTERS.search(text):
                self._take(text)
        except Exception:  # noqa: BLE001 - whatever it holds, the message is the caller's
            logger.exception("an event of a WebSocket was not counted")

    def _take(self, text: str) -> None:
        event = json.loads(text)
        response = event.get("response")
        if not isinstance(response, dict):
            return
        identifier = str(response.get("id"))
        operation = self._open.pop(identifier, None) or self._begin(response)
        lines = b"".join(b"data: %b\n" % line for line in text.encode().splitlines())
        operation.feed(lines + b"\n")
        if event.get("type") == "response.created":
            self._open[identifier] = operation
        else:
            operation.finish()

    def _begin(self, response: dict[str, Any]) -> _core.Operation:
        assert self._core is not None  # noqa: S101 - events come after the handshake
        url = self._request.url
        model = response.get("model") or url.params.get("model")
        body = {"model": model} if model else {}
        operation = self._core.begin_apart(
            str(url.copy_with(raw_path=_responses_path(url.path).encode())),
            fields_of(self._request.headers),
            json.dumps(body).encode(),
            self._project,
        )
        operation.sent()
        operation.head(200, _EVENT_STREAM)
        return operation

    def closed(self) -> None:
        """End what has not ended: its tokens are not known."""
        while self._open:
            _, operation = self._open.popitem()
            operation.fail("incomplete")


def _responses_path(path: str) -> str:
    """Return the path of the Responses API beside that of a session."""
    for last in ("/responses", "/realtime", "/live/sessions"):
        before, found, _ = path.partition(last)
        if found:
            return f"{before}/responses"
    return path


# --- Connections ----------------------------------------------------------------------------------


class _SyncSocket:
    _costmark_session: _Session

    def handshake(self, additional_headers: Any = None, *args: Any, **kwargs: Any) -> None:
        session = self._costmark_session
        headers = session.prepare(self.protocol, additional_headers)  # type: ignore[attr-defined]
        try:
            super().handshake(headers, *args, **kwargs)  # type: ignore[misc]
        finally:
            session.answered(getattr(self, "response", None))

    def recv(self, *args: Any, **kwargs: Any) -> Any:
        try:
            message = super().recv(*args, **kwargs)  # type: ignore[misc]
        except _closed_class():
            self._costmark_session.closed()
            raise
        self._costmark_session.observe(message)
        return message

    def close(self, *args: Any, **kwargs: Any) -> None:
        try:
            super().close(*args, **kwargs)  # type: ignore[misc]
        finally:
            self._costmark_session.closed()


class _AsyncSocket:
    _costmark_session: _Session

    async def handshake(self, additional_headers: Any = None, *args: Any, **kwargs: Any) -> None:
        session = self._costmark_session
        headers = await session.prepare_async(
            self.protocol,  # type: ignore[attr-defined]
            additional_headers,
        )
        try:
            await super().handshake(headers, *args, **kwargs)  # type: ignore[misc]
        finally:
            session.answered(getattr(self, "response", None))

    async def recv(self, *args: Any, **kwargs: Any) -> Any:
        try:
            message = await super().recv(*args, **kwargs)  # type: ignore[misc]
        except _closed_class():
            self._costmark_session.closed()
            raise
        self._costmark_session.observe(message)
        return message

    async def close(self, *args: Any, **kwargs: Any) -> None:
        try:
            await super().close(*args, **kwargs)  # type: ignore[misc]
        finally:
            self._costmark_session.closed()


def _connection_class(asynchronous: bool) -> type:
    if asynchronous:
        from websockets.asyncio.client import ClientConnection as AsyncConnection

        return AsyncConnection
    from websockets.sync.client import ClientConnection

    return ClientConnection


def _closed_class() -> type[Exception]:
    from websockets.exceptions import ConnectionClosed

    return ConnectionClosed


@functools.lru_cache(maxsize=16)
def _observed(cls: type, asynchronous: bool) -> Any:
    mixin = _AsyncSocket if asynchronous else _SyncSocket
    body = {"__module__": cls.__module__, "__qualname__": cls.__qualname__, "__doc__": cls.__doc__}
    return type(cls.__name__, (mixin, cls), body)


def _pairs(headers: Any) -> Iterable[tuple[str, str]]:
    if headers is None:
        return ()
    for name in ("raw_items", "items"):
        if hasattr(headers, name):
            headers = getattr(headers, name)()
            break
    pairs: Iterable[tuple[str, str]] = headers
    return pairs


def _bytes_of(headers: Any) -> list[tuple[str | bytes, str | bytes]]:
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in _pairs(headers)]


def _as_http(url: str) -> str:
    scheme, colon, rest = url.partition(":")
    return {"ws": "http", "wss": "https"}.get(scheme, scheme) + colon + rest
