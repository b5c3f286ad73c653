"""Serving the application on a socket."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
import sys
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from .app import build_app

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .settings import Settings

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_GRACE_S = 0.5


class _Protocol(H11Protocol):
    """Hands each request its transport, so that a fault can end the connection."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


class _Server(uvicorn.Server):
    """Says where it listens, and takes a signal for a request to end, not for a failure."""

    def __init__(self, config: uvicorn.Config, announcement: str) -> None:
        super().__init__(config)
        self._announcement = announcement

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        with contextlib.suppress(BrokenPipeError):
            print(self._announcement, flush=True)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # Short answers are finished; streams may be open for as long as their callers like.
        asyncio.get_running_loop().call_later(_GRACE_S, self._hang_up)
        await super().shutdown(sockets=sockets)

    def _hang_up(self) -> None:
        for connection in list(self.server_state.connections):
            connection.transport.abort()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:  # type: ignore[override,unused-ignore]
        before = {each: signal.signal(each, self.handle_exit) for each in _SIGNALS}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(1024)
    except OSError:
        listener.close()
        raise
    return listener


def serve(settings: Settings, host: str, port: int, ca_file: str | None = None) -> None:
    """Serve until SIGINT or SIGTERM; raises OSError when the address cannot be had.

    Over TLS when there is a file for the certificate of the authority; one that cannot be written
    is an OSError, too.
    """
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(message)s")
    listener = _listen(host, port)
    shown = f"[{host}]" if ":" in host else host
    config = uvicorn.Config(
        build_app(settings),
        http=_Protocol,
        loop="asyncio",
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=False,  # the application dates its answers
        timeout_keep_alive=75,
        timeout_graceful_shutdown=1,
    )
    scheme = "http" if ca_file is None else "https"
    config.load()
    if ca_file is not None:
        from .tls import server_context

        config.ssl = server_context(ca_file, host, settings.region)
    announcement = f"listening on {scheme}://{shown}:{listener.getsockname()[1]}"
    asyncio.run(_Server(config, announcement).serve(sockets=[listener]))
