"""One HTTP exchange: the body of an answer, read along on its way to the caller."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from .decoding import Decoder, decoder_for

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from .. import _core


class Owner(Protocol):
    """Whose operation it is: a `Call`, or what stands in for one."""

    def give_back(self, operation: _core.Operation, /) -> None:
        """Let the next attempt have it."""


class Exchange:
    """One attempt, which it ends exactly once; then the stream of its answer."""

    module: str  # httpx or httpx2; a `Family` adds it, and what that one takes for a stream

    def __init__(self, call: Owner, operation: _core.Operation) -> None:
        self._call = call
        self._operation = operation
        self._open = [operation]  # popped by what ends it, be it on two threads
        self._stream: Any = None
        self._decoder: Decoder | None = None
        self._hides = False
        self.read_ahead_bytes = 0
        self.read_ahead_seconds = 0.0
        self.next_step = "none"

    def observe(self, response: Any, fields: Any) -> None:
        """Take the answer's place in front of its body; the head tells the truth about that."""
        # Of a transport for tests: the body is there already.
        is_consumed = response.is_stream_consumed
        plan = self._operation.head(response.status_code, fields, False if is_consumed else None)
        if isinstance(plan, str):
            self._decoder, encoded = decoder_for(self.module, plan)
            plan = self._operation.head(response.status_code, fields, encoded)
        self._hides, self.read_ahead_bytes, self.read_ahead_seconds = plan
        if is_consumed:
            self.take(response.content)
            self.end()
            return
        if self._hides:
            response.headers.pop("content-length", None)
            if self._decoder is not None:
                response.headers.pop("content-encoding", None)
        self._stream = response.stream
        response.stream = self

    @property
    def lacks_only_counts(self) -> bool:
        """Whether the model has ended its answer, and what it used is still to come."""
        return bool(self._open) and self._operation.lacks_only_counts

    def take(self, piece: bytes) -> bytes:
        """Read a piece of the answer and return what to pass on of it."""
        if not self._open:
            return piece
        if self._decoder is None:
            return self._operation.feed(piece)
        if self._hides:
            return b"".join(map(self._operation.feed, self._decoder.decode(piece)))
        try:
            for decoded in self._decoder.decode(piece):
                self._operation.feed(decoded)
        except Exception:  # noqa: BLE001 - the code that decodes it for the caller says what is wrong
            self.end("unknown")
        return piece

    def end(self, failure: str | None = None) -> bytes:
        """Say how the exchange ended, unless that is known already; returns what was held back."""
        held = b""
        if self._decoder is not None and failure is None:
            held = self._rest_of(self._decoder)
        try:
            operation = self._open.pop()
        except IndexError:  # it has ended already
            return held if self._hides else b""
        try:
            ended = operation.finish() if failure is None else operation.fail(failure)
        finally:
            self._call.give_back(operation)
        self.next_step = ended[1]
        return held + ended[0] if self._hides else b""

    def _rest_of(self, decoder: Decoder) -> bytes:
        if self._open:
            try:
                return b"".join(map(self._operation.feed, decoder.flush()))
            except Exception:  # noqa: BLE001 - as above
                self.end("incomplete")
        return b""


# A caller who gives up raises through us what is no `Exception`: GeneratorExit, CancelledError.


class SyncExchange(Exchange):
    """The exchange of a synchronous client."""

    def __iter__(self) -> Iterator[bytes]:
        try:
            for piece in self._stream:
                passed_on = self.take(piece)
                if passed_on:
                    yield passed_on
            held = self.end()
        except Exception:
            held = self.end("incomplete")
            if held:
                yield held
            raise
        except BaseException:
            self.end("cancelled")
            raise
        if held:
            yield held

    def close(self) -> None:
        if self._open:
            self.end("cancelled")
        self._stream.close()


class AsyncExchange(Exchange):
    """The same for asynchronous clients."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        pieces = self._stream.__aiter__()
        try:
            async for piece in pieces:
                passed_on = self.take(piece)
                if passed_on:
                    yield passed_on
            held = self.end()
        except Exception:
            held = self.end("incomplete")
            if held:
                yield held
            raise
        except BaseException:
            self.end("cancelled")
            raise
        finally:
            if hasattr(pieces, "aclose"):
                await pieces.aclose()
        if held:
            yield held

    async def aclose(self) -> None:
        if self._open:
            self.end("cancelled")
        await self._stream.aclose()
