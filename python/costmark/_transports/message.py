"""Requests and answers of libraries other than httpx, as the core client takes them."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

from .._client.exchange import AsyncExchange, Exchange, SyncExchange

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._client.decoding import Decoder

    Decoders = Callable[[str], tuple[Decoder | None, bool]]


class Fields:
    """Header fields, as (name, value)."""

    __slots__ = ("raw",)

    def __init__(self, raw: list[tuple[Any, Any]]) -> None:
        self.raw = raw


class RewindableBody:
    """A file, which can be read and then sent."""

    __slots__ = ("file",)

    def __init__(self, file: Any) -> None:
        self.file = file

    def read(self) -> bytes:
        """Read the rest of it, and go back to where it was."""
        start = self.file.tell()
        try:
            content = self.file.read()
        finally:
            self.file.seek(start)
        return content.encode() if isinstance(content, str) else bytes(content)


class _InMemory:
    """A body that was read; httpx keeps it so in its streams."""

    __slots__ = ("_stream",)

    def __init__(self, content: bytes) -> None:
        self._stream = content


class Message:
    """A request: what `CoreClient` asks an httpx request for."""

    def __init__(self, method: str, url: str, fields: list[tuple[Any, Any]], body: Any) -> None:
        self.method = method
        self.url = url
        self.headers = Fields(fields)
        self.extensions: dict[str, Any] = {}
        self._content: bytes | None = None
        self.stream: Any = body
        if body is None:
            self.content = b""
        elif isinstance(body, (bytes, bytearray, memoryview)):
            self.content = bytes(body)
        elif isinstance(body, str):
            self.content = body.encode()
        elif all(hasattr(body, name) for name in ("read", "seek", "tell")):
            self.stream = RewindableBody(body)

    @property
    def content(self) -> bytes | None:
        """Its body; None while that is a stream."""
        return self._content

    @content.setter
    def content(self, value: bytes) -> None:
        self._content = value
        self.stream = _InMemory(value)

    def read(self) -> bytes:
        """Read a body that can be read again."""
        content: bytes = self.stream.read()
        self.content = content
        return content


def as_text(value: Any) -> str:
    """Return a field's name or value as the library takes it."""
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


# --- Answers --------------------------------------------------------------------------------------


class _Answering(Exchange):
    """An exchange that is told of the head of the answer by what knows the library."""

    def begin(self, status: int, fields: Any, decoders: Decoders) -> None:
        """Take the head in. `decoders` finds what reads a Content-Encoding."""
        plan = self._operation.head(status, fields, None)
        if isinstance(plan, str):
            self._decoder, encoded = decoders(plan)
            plan = self._operation.head(status, fields, encoded)
        self._hides, self.read_ahead_bytes, self.read_ahead_seconds = plan

    def read_from(self, stream: Any) -> None:
        """Take the body's place: `stream` is what it is read from."""
        self._stream = stream

    @property
    def changes_body(self) -> bool:
        """Whether what is passed on may be shorter than what came."""
        return self._hides

    @property
    def decodes(self) -> bool:
        """Whether what is passed on is decoded, though it came encoded."""
        return self._hides and self._decoder is not None


class SyncAnswering(_Answering, SyncExchange):
    """That of a synchronous library."""


class AsyncAnswering(_Answering, AsyncExchange):
    """That of an asynchronous library."""


# --- Content-Encoding -----------------------------------------------------------------------------


class _Inflater:
    """gzip or deflate, by the standard library."""

    def __init__(self, window: int) -> None:
        self._inflate = zlib.decompressobj(window)

    def decode(self, piece: bytes) -> list[bytes]:
        return [self._inflate.decompress(piece)]

    def flush(self) -> list[bytes]:
        return [self._inflate.flush()]


def plain_decoders(content_encoding: str) -> tuple[Decoder | None, bool]:
    """Return a decoder for a Content-Encoding, and whether what it gives is still encoded."""
    names = [name.strip().lower() for name in content_encoding.split(",")]
    names = [name for name in names if name not in ("", "identity")]
    if not names:
        return None, False
    if names in (["gzip"], ["x-gzip"]):
        return _Inflater(16 + zlib.MAX_WBITS), False
    if names == ["deflate"]:
        return _Inflater(zlib.MAX_WBITS), False
    return None, True


def decoded_already(_: str) -> tuple[Decoder | None, bool]:
    """Return no decoder: the library has decoded the body when we see it."""
    return None, False
