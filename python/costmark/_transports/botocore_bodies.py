"""The bodies of answers that botocore and aiobotocore parse, read along on their way."""

from __future__ import annotations

import io
import os
import time
import weakref
from typing import TYPE_CHECKING, Any

from .. import _core
from .message import AsyncAnswering, SyncAnswering, plain_decoders

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# How far to read on for the counts, when a caller stops behind the model's last word. One that is
# dropped may be so by the collector of garbage, in a thread that has nothing to do with it.
_MOST_BYTES = 1 << 16
_SECONDS_WHEN_CLOSED = 1.0
_SECONDS_WHEN_DROPPED = 0.1


class _Owner:
    """Of the operations of botocore's calls, which the context of a call holds."""

    def give_back(self, operation: _core.Operation) -> None:
        """Do nothing: the next attempt finds it there."""


_owner = _Owner()


def observe(response_dict: Any, operation: _core.Operation) -> None:
    """Take the place of what the body of an answer will be read from."""
    exchange = SyncAnswering(_owner, operation)
    _begin(exchange, response_dict)
    body = response_dict["body"]
    if hasattr(body, "_raw_stream"):  # botocore's StreamingBody
        body._raw_stream = _Raw(body._raw_stream, exchange)
    else:  # what an EventStream will read
        response_dict["body"] = _Raw(body, exchange)


def _begin(exchange: SyncAnswering | AsyncAnswering, response_dict: Any) -> None:
    fields = _core.fields_of_botocore_answer(response_dict["headers"])
    exchange.begin(response_dict["status_code"], fields, plain_decoders)


class _Reading:
    """What an answer is read from, and the exchange that it belongs to.

    It outlives the stream that stands in for it, which an `EventStream` leaves to the collector of
    garbage, in a cycle and in whatever order: then `stop` still finds all of it.
    """

    def __init__(self, raw: Any, exchange: SyncAnswering) -> None:
        self.raw = raw
        self.exchange = exchange
        self._process = os.getpid()
        self._pieces: Iterator[bytes] = iter(())

    def stream(self, *args: Any, **kwargs: Any) -> Iterator[bytes]:
        """Give the pieces as they come."""
        self._pieces = self.raw.stream(*args, **kwargs)
        try:
            for piece in self._pieces:
                self.exchange.take(piece)
                yield piece
        except Exception:
            self.exchange.end("incomplete")
            raise
        except BaseException:  # the reader stops here
            self.stop(_SECONDS_WHEN_DROPPED)
            raise
        self.exchange.end()

    def reads(self, read: Callable[[], Any]) -> Any:
        """Do one read."""
        try:
            return read()
        except Exception:
            self.exchange.end("incomplete")
            raise
        except BaseException:
            self.exchange.end("cancelled")
            raise

    def took(self, piece: bytes, *, asked: bool) -> None:
        """Look at what was read; nothing means the end, if something was asked for."""
        if piece:
            self.exchange.take(piece)
        if (asked and not piece) or getattr(self.raw, "closed", False):
            self.exchange.end()

    def stop(self, seconds: float) -> None:
        """Read no more, but for what the model used, if that is about to come."""
        connection = _socket_of(self.raw)
        is_ours = (
            os.getpid() == self._process
        )  # a forked child would read what its parent waits for
        if connection is not None and is_ours and self.exchange.lacks_only_counts:
            self._read_on(connection, time.monotonic() + seconds)
        self.exchange.end("cancelled")

    def _read_on(self, connection: Any, end: float) -> None:
        size = 0
        try:
            while self.exchange.lacks_only_counts and size < _MOST_BYTES:
                connection.settimeout(max(end - time.monotonic(), 0.001))
                piece = next(self._pieces, b"")
                if not piece:
                    break
                size += len(piece)
                self.exchange.take(piece)
        except Exception:  # noqa: BLE001 - no one reads any more
            return


class _Raw(io.IOBase):
    """Stands in for an answer of urllib3, as far as botocore and its users ask one."""

    def __init__(self, raw: Any, exchange: SyncAnswering) -> None:
        self._raw = raw
        self._reading = _Reading(raw, exchange)
        weakref.finalize(self, self._reading.stop, _SECONDS_WHEN_DROPPED).atexit = False

    def stream(self, *args: Any, **kwargs: Any) -> Iterator[bytes]:
        """Give the pieces as they come."""
        return self._reading.stream(*args, **kwargs)

    def read(self, amt: int | None = None, *args: Any, **kwargs: Any) -> bytes:
        """Read that much, or all of it."""
        piece: bytes = self._reading.reads(lambda: self._raw.read(amt, *args, **kwargs))
        self._reading.took(piece, asked=amt != 0)
        return piece

    def read1(self, *args: Any, **kwargs: Any) -> bytes:
        """Read what is there, or comes next."""
        piece: bytes = self._reading.reads(lambda: self._raw.read1(*args, **kwargs))
        self._reading.took(piece, asked=not args or args[0] != 0)
        return piece

    def readinto(self, buffer: Any) -> int:
        """Read into a buffer."""
        size: int = self._reading.reads(lambda: self._raw.readinto(buffer))
        self._reading.took(bytes(memoryview(buffer)[:size]), asked=len(buffer) > 0)
        return size

    def readable(self) -> bool:
        """Whether it can be read at all."""
        return True

    @property
    def closed(self) -> bool:
        """Whether nothing more comes."""
        return bool(self._raw.closed)

    def close(self) -> None:
        """Read no more."""
        self._reading.stop(_SECONDS_WHEN_CLOSED)
        self._raw.close()

    def __del__(self) -> None:
        """Close nothing: what stands behind looks after itself."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)


def _socket_of(raw: Any) -> Any:
    """Return the socket that an answer of urllib3 comes from; None where it cannot be told."""
    for name in ("_fp", "fp", "raw", "_sock"):
        raw = getattr(raw, name, None)
    return raw


# --- aiobotocore ----------------------------------------------------------------------------------


def observe_async(response_dict: Any, operation: _core.Operation) -> None:
    """Do the same for aiobotocore, which reads with aiohttp, or with httpx where it is told to."""
    exchange = AsyncAnswering(_owner, operation)
    raw = _answer_of(response_dict["body"])
    _begin(exchange, response_dict)
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
