"""One core client, and what the adapters need around it."""

from __future__ import annotations

import functools
import logging
import os
from typing import TYPE_CHECKING, Any, NamedTuple

from .. import _core
from .._hidden import Hidden, HiddenMapping
from .._usage import counters
from .._waiting import Flight, Flights, Source, asked, interruptible, on_main_thread
from ..errors import (
    ConfigurationError,
    CredentialsError,
    Error,
    RequestError,
    ServiceError,
    TransportError,
)
from .call import CALL, Call, call_of, join
from .family import body_at_hand, parts_of
from .scope import current_project, scope_now

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


logger = logging.getLogger("costmark")

_LEVELS = (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR)


def log(level: int, message: str) -> None:
    """Pass a line of the core on to the logger ``costmark``."""
    logger.log(_LEVELS[level], "%s", message)


class Outgoing(NamedTuple):
    """What to send: what is changed of a request, maybe with a token or a signature in it."""

    # None of the first three: as it is.
    fields: list[tuple[bytes, ...]] | None
    body: bytes | None
    url: str | None
    authorized: bool  # whether it carries an authorization of ours

    def __repr__(self) -> str:
        return "<Outgoing>"  # nothing secret in it


# As `Outgoing._make` does, without its checks.
_as_outgoing: Callable[[Any], Outgoing] = functools.partial(tuple.__new__, Outgoing)


def option_texts(options: Mapping[str, object]) -> HiddenMapping:
    """Spell option values the way that the option table reads them; None means not set."""
    options = HiddenMapping(options)
    return HiddenMapping(
        {name: _text(name, options) for name in options if options[name] is not None}
    )


def _text(name: str, options: Mapping[str, object]) -> str:
    value = options[name]
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int)):
        return str(value)
    if isinstance(value, os.PathLike):
        return os.fsdecode(value)
    if isinstance(value, (list, tuple, set, frozenset)) and all(isinstance(v, str) for v in value):
        split = next((item for item in value if "," in item), None)
        if split is not None and _is_list(name):
            raise ConfigurationError(
                f"option '{name}': {split!r} is one item of the list and has a comma, which stands "
                "between items: make two of it"
            )
        return ",".join(sorted(value) if isinstance(value, (set, frozenset)) else value)
    kind = _kind(value)
    del value  # not for tracebacks
    if not any(option["name"] == name for option in _core.options()):
        raise ConfigurationError(_unknown_option(name))
    raise ConfigurationError(
        f"option '{name}' takes text, a number, a boolean or a list of texts, not {kind}"
    )


def _kind(value: object) -> str:
    """Say what a value is, and of a list, which item of it is no text."""
    kind = type(value).__name__
    if isinstance(value, (list, tuple, set, frozenset)):
        item = next(each for each in value if not isinstance(each, str))
        kind = f"a {kind} with an item that is {type(item).__name__}"
    return kind


def _is_list(name: str) -> bool:
    return any(option["name"] == name and option["type"] == "list" for option in _core.options())


def _unknown_option(name: str) -> str:
    if name == "labels":
        return "labels are no option of a client: give them to its calls, by costmark.labels(...)"
    return f"unknown option '{name}'; `costmark options` lists them"


class CoreClient:
    """Attributes, signs and accounts for the requests of one client and its copies."""

    def __init__(
        self,
        options: Mapping[str, str],
        *,
        credentials: _core.Credentials | Callable[[], _core.Credentials] | None = None,
        bearer_token: Callable[[], str] | None = None,
        host_api_key: Hidden | None = None,
        on_usage: Callable[[dict[str, Any]], object] | None = None,
    ) -> None:
        self._bearer_token = bearer_token
        self._asks_callbacks = callable(credentials) or callable(bearer_token)
        # Keys that were given are at hand, and need no thread to wait for them.
        self._is_at_hand = (
            isinstance(credentials, _core.Credentials)
            and bearer_token is None
            and not any(
                options.get(name) or os.environ.get("COSTMARK_" + name.upper())
                for name in ("role_arn", "verify")
            )
        )
        self._flights = Flights()
        self._core = _core.Client(
            dict(options),
            credentials=credentials,
            bearer_token=bearer_token,
            bearer_token_refused=_refusal_listener(bearer_token),
            host_api_key=host_api_key.value if host_api_key else "",
            counters=counters,
            log=log,
            on_usage=on_usage,
        )

    def verify(self, request: Any, **what: Any) -> dict[str, Any]:
        """Verify the endpoint of a request that was built and is not sent; blocks."""
        found: dict[str, Any] = interruptible(
            lambda: self._core.verify(url=str(request.url), headers=request.headers.raw, **what)
        )
        return found

    def begin(self, method: str, url: str, fields: Any, body: bytes) -> _core.Operation:
        """Begin the operation of a request that is no object of an HTTP library."""
        project, labels = scope_now()
        return self._core.begin(method, url, fields, body, project, None, False, None, labels)[0]

    def lead(self, events: _core.BotocoreEvents) -> None:
        """Have what follows a client of botocore begin operations here."""
        events.client = self._core

    # --- Before the SDK starts to send: errors come here, outside of its retries ------------------

    def admit(self, request: Any) -> None:
        """Begin the operation of a request, or make it ready for its next attempt."""
        call = self._call_of(request)
        no_wait = not self._is_at_hand and on_main_thread()
        ready = self._begin(call, request, no_wait)
        if ready:
            return
        operation = call.take()
        if operation is not None:
            try:
                if ready is False or not operation.ready(no_wait):
                    self._make_ready(operation)
            finally:
                call.give_back(operation)

    async def admit_async(self, request: Any) -> None:
        """Do the same; what blocks is done in another thread."""
        call = self._call_of(request)
        no_wait = not self._is_at_hand
        ready = self._begin(call, request, no_wait)
        if ready:
            return
        operation = call.take()
        if operation is not None:
            try:
                if ready is False or not operation.ready(no_wait):
                    await self._make_ready_async(operation, request)
            except Exception:
                call.give_back(operation)
                raise
            # Who was cancelled has left the operation to the thread that makes it ready.
            call.give_back(operation)

    # --- WebSockets -------------------------------------------------------------------------------

    def check(self, url: str, fields: Any) -> None:
        """Raise what is wrong with the attribution of a handshake that is to be made."""
        self._core.check("GET", url, fields, b"", scope=current_project())

    def begin_apart(
        self, url: str, fields: Any, body: bytes, project: str | None
    ) -> _core.Operation:
        """Begin an operation of the Responses API that is sent and answered in a session."""
        operation, _ = self._core.begin("POST", url, fields, body, None, project, True)
        return operation

    # --- In the transport -------------------------------------------------------------------------

    def claim(self, request: Any) -> Call:
        """Return the call of a request that `admit` was passed by for; its operation has begun."""
        call = self._call_of(request)
        if call.operation is None:
            self.admit(request)
        return call

    async def claim_async(self, request: Any) -> Call:
        """Do the same; what blocks is done in another thread."""
        call = self._call_of(request)
        if call.operation is None:
            await self.admit_async(request)
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
        no_wait = not self._is_at_hand and on_main_thread()
        prepared = _with_body(request, operation.prepare, no_wait, True)
        while prepared is None:
            self._make_ready(operation)
            prepared = _with_body(request, operation.prepare, no_wait, True)
        return _as_outgoing(prepared)

    async def prepare_async(self, operation: _core.Operation, request: Any) -> Outgoing:
        """Do the same; what blocks is done in another thread."""
        no_wait = not self._is_at_hand
        prepared = _with_body(request, operation.prepare, no_wait, True)
        while prepared is None:
            await self._make_ready_async(operation, request)
            prepared = _with_body(request, operation.prepare, no_wait, True)
        return _as_outgoing(prepared)

    # --- What takes long --------------------------------------------------------------------------

    def _make_ready(self, operation: _core.Operation) -> None:
        """Wait for credentials, a token or proof; on the main thread, Ctrl-C ends that."""
        if self._is_at_hand:
            operation.ready()
        else:
            asked(operation.ready, here=self._asks_callbacks)

    async def _make_ready_async(self, operation: _core.Operation, request: Any) -> None:
        """Do the same in an event loop: the first caller has it done, the others wait for that."""
        if operation.ready(True):  # good keys are at hand, and this call is to have them renewed
            self._renew(request)
            return
        while not await self._fetched(operation):
            if operation.ready(True):
                return

    async def _fetched(self, operation: _core.Operation) -> bool:
        """Wait for one fetch; whether that has made the operation itself ready."""
        flight, is_first = self._flights.board()
        if is_first:
            flight.start_here(operation.ready)
            await flight.wait_async()
            return True
        try:
            await flight.wait_async()
        except (CredentialsError, ServiceError, TransportError):
            raise  # the source is asked once, not once for each of those who wait
        except Error:
            return False  # about the first caller's request
        if self._bearer_token in flight.fetched:
            # Each operation asks for a token; this one is offered what was fetched meanwhile.
            own = Flight(offered=flight.fetched)
            own.start_here(operation.ready)
            await own.wait_async()
            return True
        return False

    def _renew(self, request: Any) -> None:
        """Have credentials renewed ahead of their end; no one waits for that."""
        flight, is_first = self._flights.board()
        if is_first:
            # An operation of its own, that of the call goes on; nothing is sent of it.
            operation, _ = self._core.begin(
                "GET", str(request.url), request.headers.raw, b"", None, None, True
            )
            flight.start_here(operation.ready)

    # ----------------------------------------------------------------------------------------------

    def _call_of(self, request: Any) -> Call:
        call: Call | None = request.extensions.get(CALL)
        if call is None or not (call.by_sdk or call.core is None or call.core is self):
            call = Call()
            join(request, call)
        return call

    def _begin(self, call: Call, request: Any, no_wait: bool) -> bool | None:
        """Begin the operation unless it has begun (None); else whether it is ready."""
        with call.lock:
            if call.operation is not None and call.core is self:
                return None
            # What another core client began goes on here: the SDK's client has changed meanwhile.
            project, labels = scope_now()
            operation, ready = _with_body(
                request, self._core.begin, project, None, no_wait, call.operation, labels
            )
            call.begun(self, operation)
        return bool(ready)


def _refusal_listener(bearer_token: Any) -> Any:
    function = bearer_token.function if isinstance(bearer_token, Source) else bearer_token
    return getattr(function, "invalidate", None)


def _with_body(request: Any, step: Callable[..., Any], *arguments: Any) -> Any:
    """Take a step of an operation for a request; a body that is a stream is read if it must be."""
    url, fields, body = parts_of(request)
    try:
        return step(request.method, url, fields, body, *arguments)
    except RequestError as error:
        if body is not None or error.code != "body_needed":
            raise
        body = _whole_body(request, error)
    return step(request.method, url, fields, body, *arguments)


def _whole_body(request: Any, reason: RequestError) -> bytes:
    if type(request.stream).__name__ not in _READABLE_AGAIN:
        raise RequestError(
            f"the request body is a stream that can be read only once: pass bytes ({reason})",
            code=reason.code,
        ) from None
    request.__dict__.pop("_content", None)  # of a stream that was there before
    body: bytes = request.read()
    return body


# Streams of httpx, of an upload and of a redirected request; and a file of any other library.
_READABLE_AGAIN = ("MultipartStream", "ByteStream", "RewindableBody")


def replayable(request: Any) -> bool:
    """Whether the body of a request is in memory, so that it can be sent once more."""
    return body_at_hand(request) is not None


def hint_of(response: Any) -> str | None:
    """Return what is probably wrong with the request that got this answer, if that is known."""
    try:
        call = call_of(response.request)
    except RuntimeError:  # an answer that no service has given
        return None
    return None if call is None or call.operation is None else call.operation.hint
