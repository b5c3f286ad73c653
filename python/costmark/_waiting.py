"""Waiting for what may take long: one thread does it, any number of callers wait for it.

The core fetches credentials, tokens and proofs on the thread that calls it. That must not be the
thread of an event loop, which would stand still, nor the main thread, which would not hear Ctrl-C.
So the work is done in a thread of its own, and each caller waits in its own way: by an event of its
loop (asyncio or trio), or by a lock that a signal interrupts. Who gives up waiting holds up no one.

    first caller ──► board(): a new flight ──► thread: the work ──► landed
    the others   ──► board(): the same one ──► wait ───────────────────┘
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import copy
import inspect
import os
import sys
import threading
from typing import TYPE_CHECKING, Any

from .errors import CredentialsError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

# The flights that the running code is part of: those whose work has called it.
_inside: contextvars.ContextVar[tuple[Flight, ...]] = contextvars.ContextVar(
    "costmark.flights", default=()
)


def on_main_thread() -> bool:
    """Whether signals interrupt the running code."""
    return threading.get_ident() == threading.main_thread().ident


def interruptible(work: Callable[[], Any]) -> Any:
    """Do the work; on the main thread, Ctrl-C ends the wait for it."""
    if not on_main_thread():
        return work()
    flight = Flight()
    flight.start(work)
    return flight.wait()


def asked(get: Callable[..., Any], *, here: bool) -> Any:
    """Return what the core gets; on the main thread, Ctrl-C ends that.

    `here`: what is asked is a callback, on the thread that makes the call, and Ctrl-C gets into it.
    It does not get into a wait for another thread, so the core does not wait `alone`.
    """
    if not on_main_thread():
        return get()
    found = get(alone=True) if here else None
    return found or interruptible(get)


async def in_thread(work: Callable[[], Any]) -> Any:
    """Do the work in a thread; who is cancelled does not wait for it."""
    flight = Flight()
    flight.start_here(work)
    return await flight.wait_async()


# --- Flights --------------------------------------------------------------------------------------


class Flight:
    """One piece of work in a thread, and those who wait for it."""

    def __init__(self, offered: Mapping[Source, Any] | None = None) -> None:
        self._lock = threading.Lock()
        self._wakers: list[Callable[[], object]] = []
        self._landed = False
        self._result: Any = None
        self._error: BaseException | None = None
        self.loop: _AsyncioLoop | _TrioLoop | None = None  # of who started it
        self.give_up: Callable[[], object] | None = None  # ends what an asynchronous source does
        self.offered = offered or {}  # what sources return without being asked
        self.fetched: dict[Source, Any] = {}  # what they returned

    def __repr__(self) -> str:  # a result may be a token
        return f"<Flight {'landed' if self._landed else 'under way'}>"

    @property
    def landed(self) -> bool:
        """Whether the work is done."""
        return self._landed

    @property
    def awaited(self) -> bool:
        """Whether anyone waits for it."""
        return bool(self._wakers)

    def start(self, work: Callable[[], Any], loop: _AsyncioLoop | _TrioLoop | None = None) -> None:
        """Do the work in a thread, which belongs to no one: nothing waits for its end."""
        self.loop = loop
        context = contextvars.copy_context()
        context.run(_inside.set, (*_inside.get(), self))
        thread = threading.Thread(
            target=context.run, args=(self._run, work), name="costmark", daemon=True
        )
        try:
            thread.start()
        except BaseException as error:
            self._land(None, error)
            raise

    def start_here(self, work: Callable[[], Any]) -> None:
        """Do the same for the event loop that is running."""
        self.start(work, _loop())

    def _run(self, work: Callable[[], Any]) -> None:
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001 - those who wait get it
            self._land(None, error)
        else:
            self._land(result, None)

    def _land(self, result: Any, error: BaseException | None) -> None:
        with self._lock:
            self._result, self._error, self._landed = result, error, True
            wakers, self._wakers = self._wakers, []
        self.give_up = None
        for wake in wakers:
            wake()

    def wait(self) -> Any:
        """Wait for the work and return what it returned, or raise what it raised."""
        done = threading.Event()
        if self._joined(done.set):
            done.wait()
        return self._outcome()

    async def wait_async(self) -> Any:
        """Do the same in an event loop. The last one that is cancelled here ends the work."""
        done, wake = _loop().event()
        try:
            if self._joined(wake):
                await done.wait()
        except BaseException:
            self._leave(wake)
            raise
        return self._outcome()

    def _joined(self, waker: Callable[[], object]) -> bool:
        with self._lock:
            if not self._landed:
                self._wakers.append(waker)
            return not self._landed

    def _leave(self, waker: Callable[[], object]) -> None:
        with self._lock:
            if waker in self._wakers:
                self._wakers.remove(waker)
            give_up = None if self._wakers else self.give_up
        if give_up is not None:
            give_up()

    def _outcome(self) -> Any:
        if self._error is None:
            return self._result
        raise _for_one_more(self._error)


def _for_one_more(error: BaseException) -> BaseException:
    """Return an error to raise once more: every waiter adds a traceback of its own."""
    try:
        copied = copy.copy(error)
    except Exception:  # noqa: BLE001 - an error of the host's that cannot be copied
        return error
    copied.__cause__ = error.__cause__
    return copied.with_traceback(error.__traceback__)


class Flights:
    """The flights of one source, one at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process = os.getpid()
        self._current: Flight | None = None

    def board(self) -> tuple[Flight, bool]:
        """Return the flight that is under way, else a new one that the caller is to start."""
        if self._process != os.getpid():  # the thread of a flight is in the parent
            self.__init__()  # type: ignore[misc]
        with self._lock:
            current = self._current
            if current is None or current.landed:
                self._current = Flight()
                return self._current, True
        if current in _inside.get():
            raise _asks_itself()
        return current, False


# --- Event loops ----------------------------------------------------------------------------------


class _GivenUpError(Exception):
    """No one waits for what an asynchronous source returns."""


class _AsyncioLoop:
    """A loop of asyncio, as other threads may use it."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()

    def event(self) -> tuple[Any, Callable[[], None]]:
        """Return an event, and what sets it from any thread."""
        event = asyncio.Event()

        def wake() -> None:
            try:
                self._loop.call_soon_threadsafe(event.set)
            except RuntimeError:  # the loop is closed, and no one waits any more
                return

        return event, wake

    def run(self, flight: Flight, function: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        """Run a coroutine function on the loop, from another thread, and return its result.

        Raises `_GivenUpError` when those who waited have all been cancelled.
        """
        coroutine = function()
        try:
            future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        except RuntimeError:
            coroutine.close()
            raise
        flight.give_up = future.cancel
        try:
            return future.result()
        except concurrent.futures.CancelledError:
            raise _GivenUpError from None


class _TrioLoop:
    """The same for trio."""

    def __init__(self) -> None:
        self._trio: Any = sys.modules["trio"]
        self._token = self._trio.lowlevel.current_trio_token()

    def event(self) -> tuple[Any, Callable[[], None]]:
        event = self._trio.Event()
        return event, lambda: self._soon(event.set)

    def run(self, flight: Flight, function: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        async def run() -> Any:
            with self._trio.CancelScope() as scope:
                flight.give_up = lambda: self._soon(scope.cancel)
                return await function()
            raise _GivenUpError

        return self._trio.from_thread.run(run, trio_token=self._token)

    def _soon(self, function: Callable[[], object]) -> None:
        try:
            self._token.run_sync_soon(function)
        except self._trio.RunFinishedError:  # no one waits any more
            return


def _loop() -> _AsyncioLoop | _TrioLoop:
    trio: Any = sys.modules.get("trio")
    if trio is not None and trio.lowlevel.in_trio_task():
        return _TrioLoop()
    return _AsyncioLoop()


# --- Sources --------------------------------------------------------------------------------------


def is_asynchronous(function: object) -> bool:
    """Whether what is called returns a coroutine, as far as that shows."""
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
        getattr(function, "__call__", None)  # noqa: B004 - the method, not whether there is one
    )


class Source:
    """A callable of the host's, as the core calls it: on a thread, for a result.

    What is asynchronous runs on the loop of the one who waits.
    """

    def __init__(self, function: Callable[[], Any]) -> None:
        self.function = function
        self._asking: set[int] = set()  # ids of threads

    def __repr__(self) -> str:
        return f"<Source {getattr(self.function, '__qualname__', type(self.function).__name__)}>"

    def __call__(self) -> Any:
        if threading.get_ident() in self._asking:
            raise _asks_itself()
        flights = _inside.get()
        flight = flights[-1] if flights else None
        if flight is not None and self in flight.offered:
            return flight.offered[self]
        self._asking.add(threading.get_ident())
        try:
            value = self._value(flight)
        finally:
            self._asking.discard(threading.get_ident())
        if flight is not None:
            flight.fetched[self] = value
        return value

    def _value(self, flight: Flight | None) -> Any:
        if is_asynchronous(self.function):
            return self._awaited(flight, self.function)
        value = self.function()
        return self._awaited(flight, lambda: value) if inspect.isawaitable(value) else value

    def _awaited(self, flight: Flight | None, function: Callable[[], Any]) -> Any:
        if flight is None or flight.loop is None:
            if function is not self.function and inspect.iscoroutine(function()):
                function().close()
            raise _needs_loop(self.function)
        try:
            return flight.loop.run(flight, _awaiting(function))
        except _GivenUpError:
            if function is self.function and flight.awaited:  # someone has come since
                return self._awaited(flight, function)
            raise CredentialsError("no one waits for the credentials any more") from None


def _asks_itself() -> CredentialsError:
    return CredentialsError(
        "the source of the credentials calls through the client that is asking it: "
        "give it a client of its own"
    )


def _awaiting(function: Callable[[], Any]) -> Callable[[], Coroutine[Any, Any, Any]]:
    async def result() -> Any:
        return await function()

    return result


def _needs_loop(function: Any) -> TypeError:
    name = getattr(function, "__qualname__", type(function).__name__)
    return TypeError(f"{name} is asynchronous, so it needs an asynchronous client")


def checked_source(function: Any, *, is_async: bool) -> Any:
    """Return what the core gets in place of a callable of the host's; others are returned as is."""
    if not callable(function) or isinstance(function, Source):
        return function
    if is_asynchronous(function) and not is_async:
        raise _needs_loop(function)
    return Source(function)
