"""The attempts of one request, for libraries other than httpx: what `Transport` does for that one.

A library hands in `attempt`, which sends what was prepared, lets an exchange observe the answer,
and returns the answer with the body that reads ahead in it: None if there is none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._client.transport import take, warn_of
from .message import AsyncAnswering, SyncAnswering
from .under_way import Prepared

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from .._client.core_client import CoreClient, Outgoing
    from .message import Message


def send(
    core: CoreClient,
    message: Message,
    attempt: Callable[[Outgoing, SyncAnswering], tuple[Any, Any]],
) -> Any:
    """Prepare, send, and read the answer along; again where the core says that it helps."""
    call, operation = take(core, core.claim(message), message)
    try:
        outgoing = core.prepare(operation, message)
    except BaseException:
        call.give_back(operation)
        raise
    while True:
        exchange = SyncAnswering(call, operation)
        try:
            with _under_way(message, outgoing):
                answer, body = attempt(outgoing, exchange)
        except BaseException as error:
            exchange.end("error" if isinstance(error, Exception) else "cancelled")
            raise
        if body is None or exchange.read_ahead_bytes == 0 or message.content is None:
            return answer
        if not body.read_ahead(exchange.read_ahead_bytes, exchange.read_ahead_seconds):
            return answer
        if exchange.next_step != "again" or call.take() is None:
            return answer
        try:
            outgoing = core.prepare(operation, message)
        except Exception as error:  # noqa: BLE001 - the caller has an answer already
            call.give_back(operation)
            warn_of(error)
            return answer


def _under_way(message: Message, outgoing: Outgoing) -> Prepared:
    """Mark what is sent on: other code may lead it past another hook, such as an older one."""
    body = message.content if outgoing.body is None else outgoing.body
    return Prepared(message.method, outgoing.url or message.url, body)


async def send_async(
    core: CoreClient,
    message: Message,
    attempt: Callable[[Outgoing, AsyncAnswering], Awaitable[tuple[Any, Any]]],
) -> Any:
    """Do the same without blocking."""
    call, operation = take(core, await core.claim_async(message), message)
    try:
        outgoing = await core.prepare_async(operation, message)
    except BaseException:
        call.give_back(operation)
        raise
    while True:
        exchange = AsyncAnswering(call, operation)
        try:
            with _under_way(message, outgoing):
                answer, body = await attempt(outgoing, exchange)
        except BaseException as error:
            exchange.end("error" if isinstance(error, Exception) else "cancelled")
            raise
        if body is None or exchange.read_ahead_bytes == 0 or message.content is None:
            return answer
        if not await body.read_ahead(exchange.read_ahead_bytes, exchange.read_ahead_seconds):
            return answer
        if exchange.next_step != "again" or call.take() is None:
            return answer
        try:
            outgoing = await core.prepare_async(operation, message)
        except Exception as error:  # noqa: BLE001 - the caller has an answer already
            call.give_back(operation)
            warn_of(error)
            return answer
