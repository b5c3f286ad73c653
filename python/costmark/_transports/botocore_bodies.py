"""The bodies of answers that botocore and aiobotocore parse, read along on their way."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from .message import plain_decoders

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .message import AsyncAnswering, SyncAnswering


def observe(response_dict: Any, exchange: SyncAnswering) -> None:
    """Read an answer that is whole, or take the place of what its body will be read from."""
    body = response_dict["body"]
    exchange.begin(
        response_dict["status_code"], list(response_dict["headers"].items()), plain_decoders
    )
    if isinstance(body, (bytes, str)):
        _take_whole(body, exchange)
    elif hasattr(body, "_raw_stream"):  # botocore's StreamingBody
        body._raw_stream = _Raw(body._raw_stream, exchange)
    else:  # what an EventStream will read
        response_dict["body"] = _Raw(body, exchange)


def _take_whole(body: bytes | str, exchange: Any) -> None:
    exchange.take(body.encode() if isinstance(body, str) else body)
    exchange.end()


class _Raw(io.IOBase):
    """Stands in for an answer of urllib3, as far as botocore and its users ask one."""

    def __init__(self, raw: Any, exchange: SyncAnswering) -> None:
        self._raw = raw
        self._exchange = exchange

    def stream(self, *args: Any, **kwargs: Any) -> Iterator[bytes]:
        """Give the pieces as they come."""
        try:
            for piece in self._raw.stream(*args, **kwargs):
                self._exchange.take(piece)
                yield piece
        except Exception:
            self._exchange.end("incomplete")
            raise
        except BaseException:  # the reader stops here
            self._exchange.end("cancelled")
            raise
        self._exchange.end()

    def read(self, amt: int | None = None, *args: Any, **kwargs: Any) -> bytes:
        """Read that much, or all of it."""
        piece: bytes = self._reading(lambda: self._raw.read(amt, *args, **kwargs))
        self._took(piece, asked=amt != 0)
        return piece

    def read1(self, *args: Any, **kwargs: Any) -> bytes:
        """Read what is there, or comes next."""
        piece: bytes = self._reading(lambda: self._raw.read1(*args, **kwargs))
        self._took(piece, asked=not args or args[0] != 0)
        return piece

    def readinto(self, buffer: Any) -> int:
        """Read into a buffer."""
        size: int = self._reading(lambda: self._raw.readinto(buffer))
        self._took(bytes(memoryview(buffer)[:size]), asked=len(buffer) > 0)
        return size

    def _reading(self, read: Any) -> Any:
        try:
            return read()
        except Exception:
            self._exchange.end("incomplete")
            raise
        except BaseException:
            self._exchange.end("cancelled")
            raise

    def _took(self, piece: bytes, *, asked: bool) -> None:
        if piece:
            self._exchange.take(piece)
        if (asked and not piece) or getattr(self._raw, "closed", False):
            self._exchange.end()

    def readable(self) -> bool:
        """Whether it can be read at all."""
        return True

    @property
    def closed(self) -> bool:
        """Whether nothing more comes."""
        return bool(self._raw.closed)

    def close(self) -> None:
        """Read no more."""
        self._exchange.end("cancelled")
        self._raw.close()

    def __del__(self) -> None:
        """Close nothing: what stands behind looks after itself."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)


# --- aiobotocore ----------------------------------------------------------------------------------


def observe_async(response_dict: Any, exchange: AsyncAnswering) -> None:
    """Do the same for aiobotocore, which reads with aiohttp, or with httpx where it is told to."""
    body = response_dict["body"]
    status, headers = response_dict["status_code"], list(response_dict["headers"].items())
    if isinstance(body, (bytes, str)):
        exchange.begin(status, headers, plain_decoders)
        _take_whole(body, exchange)
        return
    raw = _answer_of(body)
    exchange.begin(status, headers, plain_decoders)
    if hasattr(raw, "aiter_raw"):
        exchange.read_from(raw.stream)
        raw.stream = exchange
    else:
        from .aiohttp import read_along

        read_along(raw, exchange)


def _answer_of(body: Any) -> Any:
    """Return the answer of the HTTP library: older bodies are proxies of it, newer ones hold it."""
    for name in ("_raw_stream", "__wrapped__"):
        body = getattr(body, name, body)
    return body
