"""The attempts of one request, whichever library sends them.

A library hands in `attempt`. It sends what was prepared, lets the exchange observe the answer, and
returns the answer, with the body to read ahead in it if `may_repeat` says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .core_client import logger, replayable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from .. import _core
    from .call import Call
    from .core_client import CoreClient, Outgoing
    from .exchange import Exchange


def send(
    core: CoreClient,
    claimed: Call,
    request: Any,
    exchange_of: Callable[[Call, _core.Operation], Any],
    attempt: Callable[[Any, Outgoing, Any], tuple[Any, Any]],
) -> Any:
    """Prepare, send, and read the answer along; again where the core says that it helps.

    That is at once and before the caller sees the answer. One that does not lead to another attempt
    is passed on as it came.
    """
    call, operation = claimed, claimed.take()
    if operation is None:
        call, operation = take(core, claimed, request)
    try:
        outgoing = core.prepare(operation, request)
    except BaseException:
        call.give_back(operation)
        raise
    while True:
        claimed.authorized = outgoing.authorized
        exchange = exchange_of(call, operation)
        try:
            answer, body = attempt(request, outgoing, exchange)
        except BaseException as error:
            exchange.end("error" if isinstance(error, Exception) else "cancelled")
            raise
        if body is None or not body.read_ahead(
            exchange.read_ahead_bytes, exchange.read_ahead_seconds
        ):
            return answer
        if exchange.next_step != "again" or call.take() is None:
            return answer
        try:
            outgoing = core.prepare(operation, request)
        except Exception as error:  # noqa: BLE001 - the caller has an answer already
            call.give_back(operation)
            _warn_of(error)
            return answer


async def send_async(
    core: CoreClient,
    claimed: Call,
    request: Any,
    exchange_of: Callable[[Call, _core.Operation], Any],
    attempt: Callable[[Any, Outgoing, Any], Awaitable[tuple[Any, Any]]],
) -> Any:
    """Do the same without blocking."""
    call, operation = take(core, claimed, request)
    try:
        outgoing = await core.prepare_async(operation, request)
    except BaseException:
        call.give_back(operation)
        raise
    while True:
        claimed.authorized = outgoing.authorized
        exchange = exchange_of(call, operation)
        try:
            answer, body = await attempt(request, outgoing, exchange)
        except BaseException as error:
            exchange.end("error" if isinstance(error, Exception) else "cancelled")
            raise
        if body is None or not await body.read_ahead(
            exchange.read_ahead_bytes, exchange.read_ahead_seconds
        ):
            return answer
        if exchange.next_step != "again" or call.take() is None:
            return answer
        try:
            outgoing = await core.prepare_async(operation, request)
        except Exception as error:  # noqa: BLE001 - the caller has an answer already
            call.give_back(operation)
            _warn_of(error)
            return answer


def may_repeat(exchange: Exchange, request: Any) -> bool:
    """Whether an answer is to be read ahead, as another attempt may come of it."""
    return exchange.read_ahead_bytes > 0 and replayable(request)


class _Read:
    """The body of an answer that was read before it was seen."""

    def read_ahead(self, _most: int, _seconds: float) -> bool:
        return True


class _ReadAsync:
    async def read_ahead(self, _most: int, _seconds: float) -> bool:
        return True


READ, READ_ASYNC = _Read(), _ReadAsync()


def take(core: CoreClient, call: Call, request: Any) -> tuple[Call, _core.Operation]:
    """Return the operation of a call for one attempt, or another one beside it."""
    operation = call.take()
    while operation is None:  # another attempt of the same call is open
        call = core.beside(call, request)
        operation = call.take()
    return call, operation


def _warn_of(error: Exception) -> None:
    """Say why a refused request was not sent again; its caller gets the refusal."""
    logger.warning("a refused request could not be prepared again: %s", error)
