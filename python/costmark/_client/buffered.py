"""Streams of which the beginning was read before it was known who reads the rest."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


class SyncBuffered:
    """A body of which the beginning was read already."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._pieces: list[bytes] = []
        self._rest = iter(stream)
        self._error: Exception | None = None
        self._closed = False

    def read_ahead(self, most: int, seconds: float) -> bool:
        """Read to the end and release the connection; false when the end is far.

        An answer that breaks off has ended: the reader of the body gets the error.

        The time is looked at after each piece: a read that was begun cannot be taken back.
        """
        size, end = 0, time.monotonic() + seconds
        try:
            for piece in self._rest:
                self._pieces.append(piece)
                size += len(piece)
                if size > most or time.monotonic() > end:
                    return False
        except Exception as error:  # noqa: BLE001 - kept for the one who reads it
            self._error = error
        except BaseException:
            self.close()
            raise
        self.close()
        return True

    def __iter__(self) -> Iterator[bytes]:
        while self._pieces:
            yield self._pieces.pop(0)
        if self._error is not None:
            raise self._error
        yield from self._rest

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._stream.close()


class AsyncBuffered:
    """The same for asynchronous clients."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._pieces: list[bytes] = []
        self._rest = stream.__aiter__()
        self._error: Exception | None = None
        self._closed = False

    async def read_ahead(self, most: int, seconds: float) -> bool:
        """Read to the end and release the connection; false when the end is far.

        An answer that breaks off has ended: the reader of the body gets the error.

        The time is looked at after each piece: a read that was begun cannot be taken back.
        """
        size, end = 0, time.monotonic() + seconds
        try:
            async for piece in self._rest:
                self._pieces.append(piece)
                size += len(piece)
                if size > most or time.monotonic() > end:
                    return False
        except Exception as error:  # noqa: BLE001 - kept for the one who reads it
            self._error = error
        except BaseException:
            await self.aclose()
            raise
        await self.aclose()
        return True

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while self._pieces:
            yield self._pieces.pop(0)
        if self._error is not None:
            raise self._error
        async for piece in self._rest:
            yield piece

    async def aclose(self) -> None:
        if not self._closed:
            self._closed = True
            await self._rest.aclose()
            await self._stream.aclose()
