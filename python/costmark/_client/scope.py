"""Scopes: regions of a program that run under one project."""

from __future__ import annotations

from contextvars import ContextVar

TYPE_CHECKING = False  # without the cost of importing typing
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator
    from types import TracebackType
    from typing import Any, TypeVar

    _F = TypeVar("_F", bound=Callable[..., Any])
    Frame = tuple[str, "Frame | None"]

# The innermost scope and, linked, those around it. Frames are immutable and scopes hold no state,
# so one scope object may be entered many times, by any number of threads and tasks.
_frame: ContextVar[Frame | None] = ContextVar("costmark.project", default=None)


def current_project() -> str | None:
    """Return the project of the innermost scope, or None outside of any."""
    frame = _frame.get()
    return None if frame is None else frame[0] or None


def current_frame() -> Frame | None:
    """Return what `Captured` needs to bring the present scope back later."""
    return _frame.get()


class Captured:
    """Brings a captured scope back for the length of a ``with`` block."""

    __slots__ = ("_mine", "_outer")

    def __init__(self, captured: Frame | None) -> None:
        # A frame of its own, so that leaving it in a foreign context cannot be mistaken.
        name, around = captured or ("", None)
        self._mine: Frame = (name, around)
        self._outer: Frame | None = None

    def __enter__(self) -> None:
        self._outer = _frame.get()
        _frame.set(self._mine)

    def __exit__(self, *exc_info: object) -> None:
        if _frame.get() is self._mine:
            _frame.set(self._outer)


class project:  # noqa: N801 - reads as a verb: `with costmark.project("..."):`
    """Run what is inside under one project, as a context manager or as a decorator.

    ::

        with costmark.project("proj_support"):
            client.chat.completions.create(...)

        @costmark.project("proj_research")
        async def study(): ...

    Scopes nest, the innermost one wins. A scope follows ``contextvars``: tasks inherit it, threads
    of a pool do not (see `bind`). A call belongs to the scope in which it is made, also when it is
    awaited elsewhere. Works with ``async with``, and decorates functions, coroutine functions,
    generators and asynchronous generators.

    Raises `AttributionError` if ``project_id`` is not a project id.
    """

    __slots__ = ("id",)

    def __init__(self, project_id: str) -> None:
        from .. import _core

        _core.check_project_id(project_id, "project")
        self.id = project_id

    def __repr__(self) -> str:
        return f"project({self.id!r})"

    def __enter__(self) -> project:
        _frame.set((self.id, _frame.get()))
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # A generator may be closed in another context than the one that entered.
        frame = _frame.get()
        if frame is not None and frame[0] == self.id:
            _frame.set(frame[1])

    async def __aenter__(self) -> project:
        return self.__enter__()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.__exit__(exc_type, exc, traceback)

    def __call__(self, function: _F) -> _F:
        if isinstance(function, type) or not callable(function):
            raise TypeError(f"project() decorates functions, not {function!r}")
        wrapper: Any = _in_scope(function, lambda: self)
        return wrapper  # type: ignore[no-any-return]


def bind(function: _F) -> _F:
    """Return `function` bound to the present scope, for executors, threads and callbacks.

    ::

        with costmark.project("proj_support"):
            executor.submit(costmark.bind(answer), question)
    """
    frame = _frame.get()
    wrapper: Any = _in_scope(function, lambda: Captured(frame))
    return wrapper  # type: ignore[no-any-return]


def _in_scope(function: Callable[..., Any], scope: Callable[[], Any]) -> Callable[..., Any]:
    import functools
    import inspect

    if inspect.iscoroutinefunction(function):
        wrapper = _coroutine_function(function, scope)
    elif inspect.isasyncgenfunction(function):
        wrapper = _async_generator_function(function, scope)
    elif inspect.isgeneratorfunction(function):
        wrapper = _generator_function(function, scope)
    else:
        wrapper = _function(function, scope)
    return functools.wraps(function)(wrapper)


def _function(function: Callable[..., Any], scope: Callable[[], Any]) -> Callable[..., Any]:
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        with scope():
            return function(*args, **kwargs)

    return wrapper


def _coroutine_function(
    function: Callable[..., Any], scope: Callable[[], Any]
) -> Callable[..., Any]:
    async def wrapper(*args: Any, **kwargs: Any) -> Any:
        with scope():
            return await function(*args, **kwargs)

    return wrapper


# Generators share the context of the code that asks for the next value, so the scope is entered for
# each step and left again at each `yield`.


def _generator_function(
    function: Callable[..., Any], scope: Callable[[], Any]
) -> Callable[..., Any]:
    def wrapper(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        values = function(*args, **kwargs)
        step: Callable[[Any], Any] = values.send
        given: Any = None
        try:
            while True:
                try:
                    with scope():
                        value = step(given)
                except StopIteration as stop:
                    return stop.value
                try:
                    step, given = values.send, (yield value)
                except GeneratorExit:
                    raise
                except BaseException as error:  # noqa: BLE001 - handed to the generator
                    step, given = values.throw, error
        finally:
            with scope():
                values.close()

    return wrapper


def _async_generator_function(
    function: Callable[..., Any], scope: Callable[[], Any]
) -> Callable[..., Any]:
    async def wrapper(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        values = function(*args, **kwargs)
        step: Callable[[Any], Any] = values.asend
        given: Any = None
        try:
            while True:
                try:
                    with scope():
                        value = await step(given)
                except StopAsyncIteration:
                    return
                try:
                    step, given = values.asend, (yield value)
                except GeneratorExit:
                    raise
                except BaseException as error:  # noqa: BLE001 - handed to the generator
                    step, given = values.athrow, error
        finally:
            with scope():
                await values.aclose()

    return wrapper
