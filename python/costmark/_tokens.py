"""Short-term Bedrock API keys, for clients that want a bearer token instead of a signature."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from functools import partial
from operator import index
from typing import TYPE_CHECKING, Any

from . import _core
from ._signing import _seconds
from ._waiting import Flights, asked, checked_source

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_LONGEST = timedelta(hours=12)
_logger = logging.getLogger("costmark")


def token(
    region: str | None = None,
    *,
    credentials: _core.Credentials | Callable[[], _core.Credentials] | None = None,
    expires_in: int | timedelta = _LONGEST,
    time: datetime | float | None = None,
) -> str:
    """Mint a short-term Bedrock API key (``bedrock-api-key-...``) and return it.

    Everyone who has it may call Bedrock in `region` as the owner of the credentials, for
    `expires_in` (at most 12 hours; a number counts seconds) or until the credentials expire,
    whichever comes first. Minting is local: nothing is sent. By default the region and the
    credentials are those that a wrapped client would find, and the `time` is now.
    """
    seconds = _seconds(time)
    tokens = _tokens(region, _source(credentials), expires_in)
    made: tuple[str, int] = asked(partial(tokens.get, seconds), here=credentials is not None)
    return made[0]


def token_provider(
    region: str | None = None,
    *,
    credentials: _core.Credentials | Callable[[], _core.Credentials] | None = None,
    expires_in: int | timedelta = _LONGEST,
) -> TokenProvider:
    """Return a callable that returns a valid token, for ``OpenAI(api_key=token_provider())``.

    It keeps the newest token and makes the next one ahead of the end of the token or of its
    credentials. Share one between clients and threads as you like. The arguments are those of
    `token`.
    """
    tokens = _tokens(region, _source(credentials), expires_in)
    return TokenProvider(tokens, asks_here=credentials is not None)


def async_token_provider(
    region: str | None = None,
    *,
    credentials: _core.Credentials
    | Callable[[], _core.Credentials]
    | Callable[[], Awaitable[_core.Credentials]]
    | None = None,
    expires_in: int | timedelta = _LONGEST,
) -> AsyncTokenProvider:
    """Do as `token_provider` does for ``AsyncOpenAI(api_key=async_token_provider())``.

    Credentials are fetched in a thread of its own, so that the event loop is not held up; an
    ``async def`` function is asked in the loop.
    """
    source = checked_source(credentials, is_async=True)
    return AsyncTokenProvider(_tokens(region, source, expires_in))


class TokenProvider:
    """Returns a valid token whenever it is called. Made by `token_provider`."""

    def __init__(self, tokens: _core.BearerTokens, *, asks_here: bool = False) -> None:
        self._tokens = tokens
        self._asks_here = asks_here

    def __call__(self) -> str:
        token: str = asked(self._tokens.get, here=self._asks_here)[0]
        return token

    def invalidate(self, token: str) -> None:
        """Forget a token that the service refused, and the credentials that it was made from.

        A wrapped client does so itself. Newer tokens are left alone.
        """
        self._tokens.invalidate(token)


class AsyncTokenProvider:
    """Returns a valid token whenever it is called and awaited. Made by `async_token_provider`."""

    def __init__(self, tokens: _core.BearerTokens) -> None:
        self._tokens = tokens
        self._flights = Flights()

    async def __call__(self) -> str:
        flight, is_first = self._flights.board()
        if is_first:
            flight.start_here(self._tokens.get)
        token: str = (await flight.wait_async())[0]
        return token

    def invalidate(self, token: str) -> None:
        """Do as `TokenProvider.invalidate` does."""
        self._tokens.invalidate(token)


def _source(credentials: Any) -> Any:
    checked_source(credentials, is_async=False)
    return credentials


def _tokens(
    region: str | None,
    credentials: _core.Credentials | Callable[[], _core.Credentials] | None,
    expires_in: int | timedelta,
) -> _core.BearerTokens:
    if isinstance(expires_in, timedelta):
        seconds = expires_in // timedelta(seconds=1)
    else:
        seconds = index(expires_in)
    return _core.BearerTokens(region, seconds, credentials, _warn)


def _warn(message: str) -> None:
    _logger.warning("%s", message)
