"""One core client, and what the adapters need around it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from .. import _core
from .._usage import counters
from ..errors import ConfigurationError, RequestError
from .call import Call, call_of, join
from .family import fields_of
from .scope import current_project

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    # What to send: all header fields, body and URL (None: as they are), and whether it carries an
    # authorization of ours.
    Outgoing = tuple[list[tuple[bytes, ...]], bytes | None, str | None, bool]

logger = logging.getLogger("costmark")

_LEVELS = (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR)


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


class CoreClient:
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

    def verify(self, request: Any, **what: Any) -> dict[str, Any]:
        """Verify the endpoint of a request that was built and is not sent; blocks."""
        return self._core.verify(url=str(request.url), headers=request.headers.raw, **what)

    # --- Before the SDK starts to send: errors come here, outside of its retries ------------------

    def admit(self, request: Any) -> None:
        """Begin the operation of a request, or make it ready for its next attempt."""
        call = self._call_of(request)
        if call.operation is None and self._begin(call, request, no_wait=False) is not None:
            return
        operation = call.take()
        if operation is not None:
            try:
                operation.ready()
            finally:
                call.give_back(operation)

    async def admit_async(self, request: Any) -> None:
        """Do the same; what blocks is done in a worker thread."""
        call = self._call_of(request)
        ready = self._begin(call, request, no_wait=True)
        if ready:
            return
        operation = call.take()
        if operation is not None:
            try:
                if ready is False or not operation.ready(True):
                    await _in_worker(operation.ready)
            finally:
                call.give_back(operation)

    # --- In the transport -------------------------------------------------------------------------

    def claim(self, request: Any) -> Call:
        """Return the call of a request, whose operation has begun."""
        call = call_of(request)
        if call is None or call.core is not self:  # `admit` was passed by
            call = self._call_of(request)
            self._begin(call, request, no_wait=False)
        return call

    async def claim_async(self, request: Any) -> Call:
        """Do the same; what blocks is done in a worker thread."""
        call = call_of(request)
        if call is None or call.core is not self:
            call = self._call_of(request)
            if self._begin(call, request, no_wait=True) is False:
                assert call.operation is not None  # noqa: S101 - it has begun
                await _in_worker(call.operation.ready)
        return call

    def beside(self, call: Call, request: Any) -> Call:
        """Return a call for an attempt that begins while another one of `call` is open."""
        assert call.operation is not None  # noqa: S101 - it has begun
        # Not ready: `prepare` waits where that is needed.
        operation, _ = _with_body(request, call.operation.beside, True)
        other = Call()
        other.begun(self, operation)
        return other

    def prepare(self, operation: _core.Operation, request: Any) -> Outgoing:
        """Return what is to be sent for a request, as it now is; at once, says the operation."""
        outgoing: Outgoing = _with_body(request, operation.prepare, False, True)
        return outgoing

    async def prepare_async(self, operation: _core.Operation, request: Any) -> Outgoing:
        """Do the same; what blocks is done in a worker thread."""
        outgoing: Outgoing | None = _with_body(request, operation.prepare, True, True)
        if outgoing is None:
            await _in_worker(operation.ready)
            outgoing = _with_body(request, operation.prepare, True, True)
        if outgoing is None:  # what was fetched has expired meanwhile
            outgoing = await _in_worker(_with_body, request, operation.prepare, False)
            operation.sent()  # not by the worker: the caller may be gone when that is done
        return outgoing

    # ----------------------------------------------------------------------------------------------

    def _call_of(self, request: Any) -> Call:
        call = call_of(request)
        if call is None or not (call.core is None or call.core is self):  # of another client
            call = Call()
            join(request, call)
        return call

    def _begin(self, call: Call, request: Any, no_wait: bool) -> bool | None:
        """Begin the operation unless it has begun (None); else whether it is ready."""
        with call.lock:
            if call.operation is not None:
                return None
            operation, ready = _with_body(
                request, self._core.begin, current_project(), None, no_wait
            )
            call.begun(self, operation)
        return bool(ready)


async def _in_worker(work: Callable[..., Any], *arguments: Any) -> Any:
    from anyio import to_thread  # there wherever there is an SDK

    return await to_thread.run_sync(work, *arguments)


def _with_body(request: Any, step: Callable[..., Any], *arguments: Any) -> Any:
    """Take a step of an operation for a request; a body that is a stream is read if it must be."""
    fields = fields_of(request.headers)
    body: bytes | None = getattr(request, "_content", None)
    try:
        return step(request.method, request.url, fields, body, *arguments)
    except RequestError as error:
        if body is not None or error.code != "body_needed":
            raise
        body = _whole_body(request, error)
    return step(request.method, request.url, fields, body, *arguments)


def _whole_body(request: Any, reason: RequestError) -> bytes:
    if type(request.stream).__name__ not in _READABLE_AGAIN:
        raise RequestError(
            f"the request body is a stream that can be read only once: pass bytes ({reason})",
            code=reason.code,
        ) from None
    body: bytes = request.read()
    return body


# Streams of httpx, of an upload and of a redirected request.
_READABLE_AGAIN = ("MultipartStream", "ByteStream")


def replayable(request: Any) -> bool:
    """Whether the body of a request is in memory, so that it can be sent once more."""
    return getattr(request, "_content", None) is not None


def hint_of(response: Any) -> str | None:
    """Return what is probably wrong with the request that got this answer, if that is known."""
    try:
        call = call_of(response.request)
    except RuntimeError:  # an answer that no service has given
        return None
    return None if call is None or call.operation is None else call.operation.hint
