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

    __slots__ = ("headers", "hint", "prepared", "sends", "signed", "url")

    def __init__(self, prepared: _core.Prepared, request: Any) -> None:
        self.prepared: _core.Prepared | None = prepared
        self.hint = prepared.hint
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
            bearer_token_refused=getattr(bearer_token, "invalidate", None),
            host_api_key=host_api_key,
            counters=counters,
            log=log,
        )

    def admit(self, request: Any) -> Ticket:
        """Prepare a request before it is handed to the HTTP client, so that errors come early."""
        ticket = Ticket(self._prepare(request), request)
        request.extensions[_TICKET] = ticket
        return ticket

    async def admit_async(self, request: Any) -> None:
        """Do the same; where the endpoint must be asked first, the event loop is not held up."""
        if self._core.may_verify(str(request.url)):
            from anyio import to_thread  # there wherever there is an SDK

            await to_thread.run_sync(self.admit, request)
        else:
            self.admit(request)

    def verify(self, request: Any, **what: Any) -> dict[str, Any]:
        """Verify the endpoint of a request that was built and is not sent; blocks."""
        return self._core.verify(url=str(request.url), headers=request.headers.raw, **what)

    def outgoing(self, request: Any) -> tuple[_core.Prepared, _core.Observation]:
        """Return what is to be sent for a request, and the observation of its answer."""
        ticket: Ticket | None = request.extensions.get(_TICKET)
        prepared = None if ticket is None else ticket.take(request)
        if prepared is None:
            prepared = self._prepare(request)
        return prepared, self._observe(request, prepared, ticket)

    def outgoing_again(
        self, request: Any, refused: _core.Prepared
    ) -> tuple[_core.Prepared, _core.Observation] | None:
        """Do the same for a request whose proof was refused; None when there is no other token.

        A signature by the same keys is another one, and may pass where the first one did not.
        """
        try:
            prepared = self._prepare(request)
        except Exception as error:  # noqa: BLE001 - the caller has an answer already
            logger.warning("a refused request could not be prepared again: %s", error)
            return None
        token = _bearer_token(refused)
        if token is not None and token == _bearer_token(prepared):
            return None
        ticket: Ticket | None = request.extensions.get(_TICKET)
        return prepared, self._observe(request, prepared, ticket, again=1)

    def _observe(
        self, request: Any, prepared: _core.Prepared, ticket: Ticket | None, again: int = 0
    ) -> _core.Observation:
        earlier = again
        if ticket is not None:
            earlier, ticket.sends = ticket.sends, ticket.sends + 1
        return self._core.observe(prepared, 1 + _retry_count(request) + earlier)

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


def replayable(request: Any) -> bool:
    """Whether the body of a request is in memory, so that it can be sent once more."""
    return getattr(request, "_content", None) is not None


def _bearer_token(prepared: _core.Prepared) -> bytes | None:
    for name, value in prepared.headers_to_set:
        if name.lower() == b"authorization" and value.startswith(b"Bearer "):
            return value
    return None


def signed(request: Any) -> bool:
    """Whether the request was admitted and carries an authorisation of ours."""
    ticket: Ticket | None = request.extensions.get(_TICKET)
    return ticket is not None and ticket.signed


def hint_of(response: Any) -> str | None:
    """Return what is probably wrong with the request that got this answer, if that may show."""
    if response.status_code not in (400, 404):
        return None
    try:
        ticket: Ticket | None = response.request.extensions.get(_TICKET)
    except RuntimeError:  # of somebody who answers in the service's place
        return None
    return None if ticket is None else ticket.hint


def extensions_of(request: Any) -> dict[str, Any]:
    """Return a request's extensions without ours."""
    return {name: value for name, value in request.extensions.items() if name != _TICKET}


def _retry_count(request: Any) -> int:
    try:
        return max(0, int(request.headers.get("x-stainless-retry-count", "0")))
    except ValueError:
        return 0
