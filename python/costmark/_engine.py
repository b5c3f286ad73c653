"""One core client, and what the adapters need around it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from . import _core
from ._scope import current_project
from ._usage import counters
from .errors import ConfigurationError, RequestError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

logger = logging.getLogger("costmark")

_LEVELS = (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR)
_TICKET = "costmark"  # key in a request's extensions

Headers = list[tuple[bytes, bytes]]


def log(level: int, message: str) -> None:
    """Pass a line of the core on to the logger ``costmark``."""
    logger.log(_LEVELS[level], "%s", message)


def option_texts(options: Mapping[str, object]) -> dict[str, str]:
    """Spell option values the way that the option table reads them; None means not set."""
    return {name: _text(name, value) for name, value in options.items() if value is not None}


def _text(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int)):
        return str(value)
    if isinstance(value, (list, tuple, set, frozenset)) and all(isinstance(v, str) for v in value):
        return ",".join(sorted(value) if isinstance(value, (set, frozenset)) else value)
    raise ConfigurationError(
        f"option '{name}' takes text, a number, a boolean or a list of texts, "
        f"not {type(value).__name__}"
    )


class Ticket:
    """A request that is prepared already; it travels with the request to the transport."""

    __slots__ = ("headers", "prepared", "sends", "signed", "url")

    def __init__(self, prepared: _core.Prepared, request: Any) -> None:
        self.prepared: _core.Prepared | None = prepared
        self.url = request.url
        self.headers: Headers = request.headers.raw
        self.signed = any(name.lower() == b"authorization" for name, _ in prepared.headers_to_set)
        self.sends = 0

    def take(self, request: Any) -> _core.Prepared | None:
        """Hand out the prepared request, once, if nothing was changed since."""
        prepared, self.prepared = self.prepared, None
        if prepared is None or self.url != request.url or self.headers != request.headers.raw:
            return None
        return prepared


class Engine:
    """Attributes, signs and accounts for the requests of one client and its copies."""

    def __init__(
        self,
        options: Mapping[str, str],
        *,
        credentials: _core.Credentials | Callable[[], _core.Credentials] | None = None,
        bearer_token: Callable[[], str] | None = None,
        host_api_key: str = "",
    ) -> None:
        self._core = _core.Client(
            dict(options),
            credentials=credentials,
            bearer_token=bearer_token,
            host_api_key=host_api_key,
            counters=counters,
            log=log,
        )

    def admit(self, request: Any) -> Ticket:
        """Prepare a request before it is handed to the HTTP client, so that errors come early."""
        ticket = Ticket(self._prepare(request), request)
        request.extensions[_TICKET] = ticket
        return ticket

    def outgoing(self, request: Any) -> tuple[_core.Prepared, _core.Observation]:
        """Return what is to be sent for a request, and the observation of its answer."""
        ticket: Ticket | None = request.extensions.get(_TICKET)
        prepared = None if ticket is None else ticket.take(request)
        if prepared is None:
            prepared = self._prepare(request)
        earlier = 0
        if ticket is not None:
            earlier, ticket.sends = ticket.sends, ticket.sends + 1
        return prepared, self._core.observe(prepared, 1 + _retry_count(request) + earlier)

    def _prepare(self, request: Any) -> _core.Prepared:
        body: bytes | None = getattr(request, "_content", None)
        return self._prepare_streamed(request) if body is None else self._ask(request, body)

    def _ask(self, request: Any, body: bytes) -> _core.Prepared:
        return self._core.prepare(
            request.method,
            str(request.url),
            request.headers.raw,
            body,
            None,
            current_project(),
        )

    def _prepare_streamed(self, request: Any) -> _core.Prepared:
        """Prepare a request whose body is not in memory: an upload, or a caller's generator."""
        try:
            prepared = self._ask(request, b"")
        except RequestError as error:
            if error.code != "invalid_json":
                raise
            raise _needs_bytes("attributing it") from None
        if not any(name.lower() == b"x-amz-date" for name, _ in prepared.headers_to_set):
            return prepared
        if type(request.stream).__name__ != "MultipartStream":  # which can be read again
            raise _needs_bytes("signing it")
        return self._ask(request, request.read())


def _needs_bytes(purpose: str) -> RequestError:
    return RequestError(
        f"the request body is a stream that can be read only once, and {purpose} needs all of its "
        "bytes first: pass bytes"
    )


def signed(request: Any) -> bool:
    """Whether the request was admitted and carries an authorisation of ours."""
    ticket: Ticket | None = request.extensions.get(_TICKET)
    return ticket is not None and ticket.signed


def extensions_of(request: Any) -> dict[str, Any]:
    """Return a request's extensions without ours."""
    return {name: value for name, value in request.extensions.items() if name != _TICKET}


def _retry_count(request: Any) -> int:
    try:
        return max(0, int(request.headers.get("x-stainless-retry-count", "0")))
    except ValueError:
        return 0
