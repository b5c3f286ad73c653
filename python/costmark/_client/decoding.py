"""Content-Encoding, decoded piece by piece, for reading along."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Decoder(Protocol):
    """Decodes a body as its pieces come in."""

    readable: bool

    def decode(self, piece: bytes) -> Iterable[bytes]:
        """Return what this piece adds."""

    def flush(self) -> Iterable[bytes]:
        """Return what was still inside."""


class _Decoders:
    """The decoders of one encoding after the other; httpx's return bytes, httpx2's iterators."""

    readable = True

    def __init__(self, decoders: list[Any]) -> None:
        self._decoders = decoders

    def decode(self, piece: bytes) -> Iterator[bytes]:
        return self._through(0, iter((piece,)))

    def flush(self) -> Iterator[bytes]:
        for index, decoder in enumerate(self._decoders):
            yield from self._through(index + 1, _pieces(decoder.flush()))

    def _through(self, first: int, pieces: Iterator[bytes]) -> Iterator[bytes]:
        for decoder in self._decoders[first:]:
            pieces = _decoded(decoder, pieces)
        return pieces


class _Unreadable:
    """Nothing can be read along; what is passed on to the caller stays encoded."""

    readable = False

    def decode(self, piece: bytes) -> Iterable[bytes]:
        return ()

    def flush(self) -> Iterable[bytes]:
        return ()


def decoder_for(module: str, content_encoding: str) -> Decoder | None:
    """Return a decoder for a Content-Encoding header, by means of httpx or httpx2; None if plain.

    An encoding that the HTTP library does not know either gives a decoder that finds nothing.
    """
    names = [name.strip().lower() for name in content_encoding.split(",")]
    names = [name for name in names if name not in ("", "identity")]
    if not names:
        return None
    supported = import_module(f"{module}._decoders").SUPPORTED_DECODERS
    if any(name not in supported for name in names):
        return _Unreadable()
    return _Decoders([supported[name]() for name in reversed(names)])


def _pieces(decoded: bytes | Iterable[bytes]) -> Iterator[bytes]:
    return iter((decoded,)) if isinstance(decoded, bytes) else iter(decoded)


def _decoded(decoder: Any, pieces: Iterator[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        yield from _pieces(decoder.decode(piece))
