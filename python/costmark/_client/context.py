"""Calls belong to the scope in which they are made, not to the one in which they run.

The methods of the asynchronous SDK are coroutine functions: nothing of theirs runs before they are
awaited. Its stream managers, synchronous ones too, send their request when they are entered. So the
resources of a *wrapped* client carry, in their instance dictionaries, methods of the same names
that note the scope, call the class's method, and bring the scope back while the result runs.

Resources are made on first use, by the SDK. Hooks in the SDK find those of wrapped clients, and
what gives their raw responses; they are in place only while there are wrapped clients, and pass all
others by.
"""

from __future__ import annotations

import functools
import inspect
import sys
import threading
import types
from importlib import import_module
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from .._sdk.base import is_async
from . import sockets
from .scope import Captured, current_frame

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

    from .scope import Frame

WRAPPED = "_costmark"  # where a client keeps what `wrap` made for it

_lock = threading.Lock()
_clients: WeakSet[Any] = WeakSet()
_hooked: set[Any] = set()  # packages, and classes that give raw responses
_undo: list[tuple[Any, str, Any]] = []

_CLIENT_METHODS = ("get", "post", "patch", "put", "delete", "get_api_list")


def track(client: Any, package: str) -> None:
    """Make the calls of a client of that SDK remember their scope."""
    with _lock:
        _clients.add(client)
        _install_hooks(package)
    if is_async(client):
        for name in _CLIENT_METHODS:
            _capture_method(client, name)
    for resource in _resources_of(client, package):
        _capture_methods(resource)


def untrack(client: Any, package: str) -> None:
    """Undo `track`."""
    for resource in (client, *_resources_of(client, package)):
        _release(resource)
    with _lock:
        _clients.discard(client)
        if not _clients:
            _remove_hooks()


# --- Methods that remember ----------------------------------------------------------------------


class _Remembering:
    """Stands in for a function, and looks like it to `inspect`."""

    def __init__(self, function: Callable[..., Any]) -> None:
        functools.update_wrapper(self, function)
        # What makes `inspect` take an object for a function, coroutine flag and all.
        self.__code__ = getattr(function, "__code__", _remembering_code)
        self.__defaults__ = getattr(function, "__defaults__", None)
        self.__kwdefaults__ = getattr(function, "__kwdefaults__", None)
        if inspect.iscoroutinefunction(function) and hasattr(inspect, "markcoroutinefunction"):
            inspect.markcoroutinefunction(self)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return _remember(current_frame(), self._function()(*args, **kwargs))

    def _function(self) -> Callable[..., Any]:
        function: Callable[..., Any] = self.__wrapped__  # type: ignore[attr-defined]
        return function

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        return self if instance is None else types.MethodType(self, instance)


class _RememberingMethod(_Remembering):
    """Calls what the class has under that name *now*: it may be instrumented later."""

    def __call__(self, resource: Any, *args: Any, **kwargs: Any) -> Any:
        method = _class_attribute(type(resource), self.__name__)  # type: ignore[attr-defined]
        bound = method.__get__(resource, type(resource))
        return _remember(current_frame(), bound(*args, **kwargs))


class _ConnectingMethod(_RememberingMethod):
    """A method that makes a WebSocket, which goes past the HTTP client: see `sockets`."""

    def __call__(self, resource: Any, *args: Any, **kwargs: Any) -> Any:
        method = _class_attribute(type(resource), self.__name__)  # type: ignore[attr-defined]
        bound = method.__get__(resource, type(resource))
        wrapped = vars(resource._client).get(WRAPPED)
        if wrapped is None:  # another thread has unwrapped the client meanwhile
            return bound(*args, **kwargs)
        return sockets.connect(resource, wrapped, current_frame(), bound, args, kwargs)


_remembering_code = _Remembering.__call__.__code__


def _class_attribute(cls: type, name: str) -> Any:
    for base in cls.__mro__:
        if name in vars(base):
            return vars(base)[name]
    raise AttributeError(f"type object {cls.__name__!r} has no attribute {name!r}")


def _remember(frame: Frame | None, result: Any) -> Any:
    """Let what a call returned run in the scope of the call."""
    if inspect.iscoroutine(result):
        return _coroutine_in(frame, result)
    if hasattr(result, "_get_page"):  # a paginator: fetches its first page when awaited
        result._get_page = _function_in(frame, result._get_page)
    elif hasattr(type(result), "__enter__") or hasattr(type(result), "__aenter__"):
        # A manager that sends its request when it is entered.
        for name, value in list(getattr(result, "__dict__", {}).items()):
            if isinstance(value, functools.partial):
                result.__dict__[name] = _function_in(frame, value)
            elif inspect.iscoroutine(value):
                result.__dict__[name] = _coroutine_in(frame, value)
    return result


def _coroutine_in(
    frame: Frame | None, coroutine: Coroutine[Any, Any, Any]
) -> Coroutine[Any, Any, Any]:
    async def run(held: _Held) -> Any:
        with Captured(frame):
            return await held.coroutine

    running = run(_Held(coroutine))
    for name in ("__name__", "__qualname__"):
        setattr(running, name, getattr(coroutine, name))
    return running


class _Held:
    """Closes a coroutine that never got to run, because the one around it was closed or cancelled.

    Python complains about coroutines that are dropped before they ran. Who dropped the outer one
    without a word hears that, once.
    """

    __slots__ = ("coroutine",)

    def __init__(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        self.coroutine = coroutine

    def __del__(self) -> None:
        self.coroutine.close()


def _function_in(frame: Frame | None, function: Callable[..., Any]) -> Callable[..., Any]:
    if inspect.iscoroutinefunction(function):
        return lambda *args, **kwargs: _coroutine_in(frame, function(*args, **kwargs))

    def run(*args: Any, **kwargs: Any) -> Any:
        with Captured(frame):
            return function(*args, **kwargs)

    return run


# --- Resources ----------------------------------------------------------------------------------


def _resource_classes(package: str) -> tuple[type, type]:
    module = import_module(f"{package}._resource")
    return module.SyncAPIResource, module.AsyncAPIResource


def _resources_of(client: Any, package: str) -> Iterator[Any]:
    """Those resources that were made so far, from the client's and their own caches."""
    classes = _resource_classes(package)
    todo, seen = [client], {id(client)}
    while todo:
        owner = todo.pop()
        # They wrapped the methods of the time when they were made; the SDK makes them anew.
        owner.__dict__.pop("with_raw_response", None)
        owner.__dict__.pop("with_streaming_response", None)
        for value in list(owner.__dict__.values()):
            if isinstance(value, classes) and id(value) not in seen:
                seen.add(id(value))
                todo.append(value)
                yield value


def _capture_methods(resource: Any) -> None:
    cls: Any = type(resource)
    if is_async(resource):
        _hook_raw_classes(cls)
    for name in _method_names(cls, is_async(resource)):
        _capture_method(resource, name)


@functools.lru_cache(maxsize=512)
def _method_names(cls: type, is_async: bool) -> tuple[str, ...]:
    """Asynchronous methods all run later; of the others only those that make stream managers."""
    return tuple(
        name
        for name in dir(cls)
        if not name.startswith("_")
        and callable(value := inspect.getattr_static(cls, name))
        and not isinstance(value, (type, staticmethod, classmethod))
        and (is_async or "stream" in name or _makes_socket(value))
    )


def _makes_socket(method: Any) -> bool:
    code = getattr(inspect.unwrap(method), "__code__", None)
    return code is not None and sockets.OPTIONS in code.co_varnames


def _capture_method(owner: Any, name: str) -> None:
    if isinstance(getattr(owner.__dict__.get(name), "__func__", None), _Remembering):
        return
    function = getattr(type(owner), name, None)
    if function is not None and name not in owner.__dict__:
        method = _ConnectingMethod if _makes_socket(function) else _RememberingMethod
        owner.__dict__[name] = types.MethodType(method(function), owner)


def _release(owner: Any) -> None:
    for name, value in list(owner.__dict__.items()):
        if isinstance(getattr(value, "__func__", None), _RememberingMethod):
            del owner.__dict__[name]


# --- Hooks --------------------------------------------------------------------------------------


def _of_wrapped(resource: Any) -> bool:
    return getattr(resource, "_client", None) in _clients


def _install_hooks(package: str) -> None:
    if package in _hooked:
        return
    _hooked.add(package)
    for cls in _resource_classes(package):
        _hook(cls, "__init__", _resource_hook)
    manager = import_module(f"{package}._response").ResponseContextManager
    _hook(manager, "__init__", _manager_hook)


def _hook_raw_classes(cls: type) -> None:
    """Hook what gives the raw responses of a resource: it keeps functions, made when it is."""
    for base in cls.__mro__:
        module = sys.modules.get(base.__module__)
        raw = getattr(module, f"{base.__name__}WithRawResponse", None)
        if raw is None or raw in _hooked:
            continue
        with _lock:
            if raw not in _hooked:
                _hooked.add(raw)
                _hook(raw, "__init__", _raw_hook)


def _hook(owner: Any, name: str, make: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    original = vars(owner)[name]
    _undo.append((owner, name, original))
    setattr(owner, name, functools.wraps(original)(make(original)))


def _remove_hooks() -> None:
    while _undo:
        setattr(*_undo.pop())
    _hooked.clear()


def _resource_hook(original: Callable[..., Any]) -> Callable[..., Any]:
    def __init__(self: Any, client: Any) -> None:  # noqa: N807 - takes its place
        original(self, client)
        if client in _clients:
            _capture_methods(self)

    return __init__


def _raw_hook(original: Callable[..., Any]) -> Callable[..., Any]:
    def __init__(self: Any, resource: Any) -> None:  # noqa: N807 - takes its place
        original(self, resource)
        if _of_wrapped(resource):
            for name, value in list(vars(self).items()):
                if isinstance(value, types.FunctionType) and inspect.iscoroutinefunction(value):
                    vars(self)[name] = _Remembering(value)

    return __init__


def _manager_hook(original: Callable[..., Any]) -> Callable[..., Any]:
    def __init__(self: Any, request_func: Any) -> None:  # noqa: N807 - takes its place
        owner = getattr(getattr(request_func, "func", None), "__self__", None)
        if _of_wrapped(owner):
            request_func = _function_in(current_frame(), request_func)
        original(self, request_func)

    return __init__
