"""Scopes: regions of a program that run under one project, or whose calls have labels."""

from __future__ import annotations

import sys
from contextvars import ContextVar

TYPE_CHECKING = False  # without the cost of importing typing
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator, Mapping
    from types import FrameType, TracebackType
    from typing import Any, TypeVar

    from typing_extensions import Self

    _F = TypeVar("_F", bound=Callable[..., Any])
    Labels = tuple[tuple[str, str], ...]
    Frame = tuple[str, "_Scope", "Frame | None", bool, "Labels | None"]

# The innermost scope and, linked, those around it: the project in force, the scope object, the
# frame around it, whether a generator entered it, and the labels in force. Frames are immutable and
# scopes hold no state, so one scope object may be entered many times, by any number of threads and
# tasks.
_frame: ContextVar[Frame | None] = ContextVar("costmark.project", default=None)

# Frames of experiments, in the order in which they began: in force wherever a context has none.
_of_process: list[Frame] = []

_GENERATOR = 0x20 | 0x200  # flags of the code of generators and asynchronous generators


class _OverridingLabels(tuple):  # type: ignore[type-arg]
    """Labels of calls that override budgets: the core looks for the attribute."""

    __slots__ = ()
    overrides_budgets = True


def current_project() -> str | None:
    """Return the project of the innermost scope, or None outside of any."""
    frame = current_frame()
    return None if frame is None else frame[0] or None


def current_labels() -> dict[str, str]:
    """Return the labels that a call has here: those of all scopes around it."""
    frame = current_frame()
    return {} if frame is None else dict(frame[4] or ())


def current_frame() -> Frame | None:
    """Return what `Captured` needs to bring the present scope back later."""
    return _frame.get() or (_of_process[-1] if _of_process else None)


def scope_now() -> tuple[str | None, Labels | None]:
    """Return the project and the labels in force."""
    frame = _frame.get() or (_of_process[-1] if _of_process else None)
    return (None, None) if frame is None else (frame[0] or None, frame[4])


def where_frames_are() -> tuple[ContextVar[Frame | None], list[Frame]]:
    """Return where the core finds what `current_frame` returns, without a function of Python."""
    return _frame, _of_process


def begin_everywhere(scope: project) -> Frame:
    """Put a scope in force in every context that has none; return what ends that."""
    frame = scope._over(None, False)
    _of_process.append(frame)
    return frame


def end_everywhere(frame: Frame) -> None:
    """End what `begin_everywhere` began; others that began since stay."""
    _of_process.remove(frame)


def _in_force(around: Frame | None) -> tuple[str, Labels | None]:
    """The project and the labels of a frame, or of the experiment around all contexts."""
    frame = around or (_of_process[-1] if _of_process else None)
    return ("", None) if frame is None else (frame[0], frame[4])


def _leave(scope: _Scope, around: Frame | None, *, is_captured: bool = False) -> None:
    """Take out the innermost frame of a scope, and what generators entered inside of it.

    They are suspended, or done: what they entered must not outlive what they entered it over. Other
    frames inside are of scopes that are left later, and stay. In another context than the one that
    entered, there is nothing to leave.
    """
    inside, frame = [], _frame.get()
    while frame is not None and frame[1] is not scope:
        inside.append(frame)
        frame = frame[2]
    if frame is None:
        return
    rest = around if is_captured else frame[2]
    for _, owner, _, by_generator, _ in reversed(inside):
        if not by_generator:
            rest = owner._over(rest, by_generator)
    _frame.set(rest)


class _Scope:
    """What is in force inside: a frame over those around it."""

    __slots__ = ()

    def _over(self, around: Frame | None, by_generator: bool) -> Frame:
        raise NotImplementedError


class Captured(_Scope):
    """Brings a captured scope back for the length of a ``with`` block."""

    __slots__ = ("_captured", "_outer")

    def __init__(self, captured: Frame | None) -> None:
        self._captured = captured
        self._outer: Frame | None = None

    def _over(self, around: Frame | None, by_generator: bool) -> Frame:
        captured = self._captured
        name, labels = ("", None) if captured is None else (captured[0], captured[4])
        return (name, self, around, by_generator, labels)

    def __enter__(self) -> None:
        self._outer = _frame.get()
        _frame.set(self._over(self._captured, False))

    def __exit__(self, *exc_info: object) -> None:
        _leave(self, self._outer, is_captured=True)


class _Steps:
    """The scopes of a generator: in force while it runs, and put aside while it does not."""

    __slots__ = ("_inside", "_outside")

    def __init__(self, scope: Any) -> None:
        outside = _frame.get()
        scope.__enter__()
        self._inside = _frame.get()
        self._outside = outside
        _frame.set(outside)

    def __enter__(self) -> None:
        self._outside = _frame.get()
        _frame.set(self._inside)

    def __exit__(self, *exc_info: object) -> None:
        self._inside = _frame.get()
        _frame.set(self._outside)


class _Region(_Scope):
    """A scope that a program enters with ``with``, or decorates functions with."""

    __slots__ = ()

    def __enter__(self) -> Self:
        return self._enter(sys._getframe(1))

    def _enter(self, caller: FrameType | None) -> Self:
        by_generator = caller is not None and bool(caller.f_code.co_flags & _GENERATOR)
        _frame.set(self._over(_frame.get(), by_generator))
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        _leave(self, None)

    async def __aenter__(self) -> Self:
        return self._enter(sys._getframe(1))

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.__exit__(exc_type, exc, traceback)

    def __call__(self, function: _F) -> _F:
        if isinstance(function, type) or not callable(function):
            raise TypeError(f"{type(self).__name__}() decorates functions, not {function!r}")
        wrapper: Any = _in_scope(function, lambda: self)
        return wrapper  # type: ignore[no-any-return]


class project(_Region):  # noqa: N801 - reads as a verb: `with costmark.project("..."):`
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

    Scopes may be left in any order; leaving one brings back what it was entered over. A generator
    shares the context of the code that iterates over it. So a ``with`` block inside of one holds
    for that code too while the generator is suspended in it, until the scope around is left.
    Decorate the generator function instead: then its scope holds only while it runs.

    A project may be named by its ARN, and by its name where option ``lock`` says which id that is:
    then the call fails that has no such project.

    Raises `AttributionError` if ``project_id`` is neither an id nor an ARN, nor may be a name.
    """

    __slots__ = ("id",)

    def __init__(self, project_id: str) -> None:
        from .. import _core

        if callable(project_id):
            raise TypeError(
                "project() takes a project id, and then decorates: "
                '@costmark.project("proj_5d5ykleja6cwpirysbb7")'
            )
        _core.check_project(project_id, "project")
        self.id = project_id

    def __repr__(self) -> str:
        return f"project({self.id!r})"

    def _over(self, around: Frame | None, by_generator: bool) -> Frame:
        return (self.id, self, around, by_generator, None if around is None else around[4])


class labels(_Region):  # noqa: N801 - reads as a verb: `with costmark.labels(...):`
    """Give the calls inside labels, which the rows of the ledger then carry.

    ::

        with costmark.labels(feature="search", user=user_id):
            client.chat.completions.create(...)

        with costmark.labels({"cost-center": "12"}):
            ...

    Scopes nest: a call has the labels of all scopes around it, of a name that is given twice the
    innermost one. They follow the same rules as those of `project`, decorate functions as well, and
    `bind` takes both along.

    A call has at most 16 labels, of 2,048 bytes in all, names and values together. A name has 1 to
    128 bytes. Texts hold no control characters.

    Raises `RequestError` for labels that are not like that; where scopes together are too much,
    when the inner one is entered. ``TypeError`` for a name or a value that is not a text.
    """

    __slots__ = ("_pairs",)

    def __init__(self, pairs: Mapping[str, str] | None = None, /, **named: str) -> None:
        from .. import _core

        if pairs is not None and not hasattr(pairs, "keys"):
            raise TypeError(
                "labels() takes names with their texts, as in labels(feature='search'), not "
                f"{type(pairs).__name__}"
            )
        given: dict[Any, Any] = {**(pairs or {}), **named}
        for name, value in given.items():
            if not isinstance(name, str) or not isinstance(value, str):
                kind = type(value if isinstance(name, str) else name).__name__
                raise TypeError(f"label {name!r}: names and values are texts, not {kind}")
        self._pairs = tuple(given.items())
        _core.check_labels(self._pairs)

    def __repr__(self) -> str:
        names = ", ".join(repr(name) for name, _ in self._pairs)
        return f"labels({names})"  # values may say who the user is

    def _over(self, around: Frame | None, by_generator: bool) -> Frame:
        name, outer = _in_force(around)
        if outer is None:
            return (name, self, around, by_generator, self._pairs)
        merged = type(outer)({**dict(outer), **dict(self._pairs)}.items())
        return (name, self, around, by_generator, merged)

    def _enter(self, caller: FrameType | None) -> Self:
        outer = _frame.get()
        if outer is not None and outer[4]:
            from .. import _core

            _core.check_labels(self._over(outer, False)[4])
        return super()._enter(caller)


class override_budgets(_Region):  # noqa: N801 - reads as a verb: `with costmark.override_budgets():`
    """Send the calls inside whatever budgets say.

    ::

        with costmark.override_budgets():
            client.chat.completions.create(...)

    They count under their budgets all the same. Follows the same rules as `project`.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return "override_budgets()"

    def _over(self, around: Frame | None, by_generator: bool) -> Frame:
        name, outer = _in_force(around)
        return (name, self, around, by_generator, _OverridingLabels(outer or ()))


def bind(function: _F) -> _F:
    """Return `function` bound to the present scopes, for executors, threads and callbacks.

    ::

        with costmark.project("proj_support"):
            executor.submit(costmark.bind(answer), question)
    """
    if not callable(function):
        raise TypeError(
            "bind() takes a function, as in executor.submit(costmark.bind(work)), not "
            f"{type(function).__name__}"
        )
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


# Generators share the context of the code that asks for the next value, so their scopes are put
# aside at each `yield`.


def _generator_function(
    function: Callable[..., Any], scope: Callable[[], Any]
) -> Callable[..., Any]:
    def wrapper(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        values, steps = function(*args, **kwargs), _Steps(scope())
        step: Callable[[Any], Any] = values.send
        given: Any = None
        try:
            while True:
                try:
                    with steps:
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
            with steps:
                values.close()

    return wrapper


def _async_generator_function(
    function: Callable[..., Any], scope: Callable[[], Any]
) -> Callable[..., Any]:
    async def wrapper(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        values, steps = function(*args, **kwargs), _Steps(scope())
        step: Callable[[Any], Any] = values.asend
        given: Any = None
        try:
            while True:
                try:
                    with steps:
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
            with steps:
                await values.aclose()

    return wrapper
