"""The attempts of one request, for libraries other than httpx."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._client import attempts
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
    """Make them, as `attempts.send` does."""

    def marked(_: Message, outgoing: Outgoing, exchange: SyncAnswering) -> tuple[Any, Any]:
        with _under_way(message, outgoing):
            answer, body = attempt(outgoing, exchange)
        return answer, body if attempts.may_repeat(exchange, message) else None

    return attempts.send(core, core.claim(message), message, SyncAnswering, marked)


async def send_async(
    core: CoreClient,
    message: Message,
    attempt: Callable[[Outgoing, AsyncAnswering], Awaitable[tuple[Any, Any]]],
) -> Any:
    """Do the same without blocking."""

    async def marked(_: Message, outgoing: Outgoing, exchange: AsyncAnswering) -> tuple[Any, Any]:
        with _under_way(message, outgoing):
            answer, body = await attempt(outgoing, exchange)
        return answer, body if attempts.may_repeat(exchange, message) else None

    claimed = await core.claim_async(message)
    return await attempts.send_async(core, claimed, message, AsyncAnswering, marked)


def _under_way(message: Message, outgoing: Outgoing) -> Prepared:
    """Mark what is sent on: other code may lead it past another hook, such as an older one."""
    body = message.content if outgoing.body is None else outgoing.body
    return Prepared(message.method, outgoing.url or message.url, body)
