"""Content-Encoding, decoded piece by piece, for reading along."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Decoder(Protocol):
    """Decodes a body as its pieces come in."""

    def decode(self, piece: bytes) -> Iterable[bytes]:
        """Return what this piece adds."""

    def flush(self) -> Iterable[bytes]:
        """Return what was still inside."""


class _Decoders:
    """The decoders of one encoding after the other; httpx's return bytes, httpx2's iterators."""

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


def decoder_for(module: str, content_encoding: str) -> tuple[Decoder | None, bool]:
    """Return a decoder for a Content-Encoding header, and whether what it gives is still encoded.

    None is for what comes as it is: plain, or in an encoding that httpx, or httpx2, does not know
    and leaves on.
    """
    names = [name.strip().lower() for name in content_encoding.split(",")]
    names = [name for name in names if name not in ("", "identity")]
    if not names:
        return None, False
    supported = import_module(f"{module}._decoders").SUPPORTED_DECODERS
    if any(name not in supported for name in names):
        return None, True
    return _Decoders([supported[name]() for name in reversed(names)]), False


def _pieces(decoded: bytes | Iterable[bytes]) -> Iterator[bytes]:
    return iter((decoded,)) if isinstance(decoded, bytes) else iter(decoded)


def _decoded(decoder: Any, pieces: Iterator[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        yield from _pieces(decoder.decode(piece))
