"""botocore's clients, and so boto3's, aiobotocore's and aioboto3's, wrapped by their events.

botocore signs and retries by itself, so the core neither signs nor repeats here: it decides who
pays, and writes the project into each attempt before that is signed. What is written is the request
as it will leave, not the caller's parameters, so that one way is good for every version: older
ones know no parameter for a project.

    before-sign ──────► request-created ──► before-parse ──► needs-retry
     decide, write       signed: sent        head, body       no answer: it failed
     ▲                                                        │
     └────────────────── botocore tries again ◄───────────────┘

The operation is in the context that botocore passes along, which is one for all attempts. What a
handler raises before the signature leaves botocore at once: it is outside of its retries.

botocore is not imported here: the code that has a client of it has imported it.
"""

from __future__ import annotations

import weakref
from contextvars import ContextVar
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .._hidden import HiddenMapping
from .._transports.botocore_bodies import observe, observe_async
from .._transports.under_way import Prepared
from .._waiting import in_thread
from ..errors import ConfigurationError
from .scope import Captured, current_frame
from .wrap import WRAPPED, core_for_origin

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from .. import _core
    from .core_client import CoreClient
    from .wrap import Spec

    _Parts = tuple[str, str, list[tuple[Any, Any]], bytes | None]  # method, URL, fields, body

_KEY = "costmark"  # in the context that botocore passes from event to event
_SIGNING_NAME = "bedrock"
# What decides how requests are authorized, which botocore does.
_OF_SIGNING = (
    *("access_key_id", "auth", "bearer_token", "external_id", "profile", "role_arn"),
    *("role_session_name", "secret_access_key", "service", "session_token"),
)


# --- Which clients --------------------------------------------------------------------------------


def is_botocore_client(client: object) -> bool:
    """Whether that is a client of botocore, for whatever service."""
    cls: type = type(client)
    return any(
        (base.__module__, base.__name__) == ("botocore.client", "BaseClient")
        for base in cls.__mro__
    )


def is_of_bedrock(client: Any) -> bool:
    """Whether a client of botocore calls one of Bedrock's APIs."""
    return bool(client.meta.service_model.signing_name == _SIGNING_NAME)


def _is_async(client: object) -> bool:
    cls: type = type(client)
    return any(base.__module__ == "aiobotocore.client" for base in cls.__mro__)


def wrap_botocore_client(client: Any, spec: Spec) -> None:
    """Attribute and count the calls of a client."""
    if not is_of_bedrock(client):
        service = client.meta.service_model.service_name
        raise TypeError(
            "wrap() takes boto3's clients of Bedrock, such as boto3.client('bedrock-runtime'), "
            f"not one of {service!r}"
        )
    given = [name for name in _OF_SIGNING if name in spec.options]
    given += [n for n in ("credentials", "bearer_token") if getattr(spec, n) and n not in given]
    if given:
        raise ConfigurationError(
            f"boto3 signs what its clients send, so {', '.join(given)} has no use here: give it to "
            "boto3.Session() or client()"
        )
    attach(client, core_of_client(client, spec))


def core_of_client(client: Any, spec: Spec) -> CoreClient:
    """Build the core client for the endpoint of a client."""
    options = {name: spec.options[name] for name in spec.options if name not in _OF_SIGNING}
    options = {"region": client.meta.region_name or "", **options, "auth": "none"}
    if not options["region"]:
        del options["region"]
    spec = replace(spec, options=HiddenMapping(options), credentials=None, bearer_token=None)
    return core_for_origin(spec, client.meta.endpoint_url)


def attach(client: Any, core: CoreClient) -> None:
    """Have a core client follow the calls of a client."""
    hooks: _Hooks | None = vars(client).get(WRAPPED)
    if hooks is not None:  # at once: other threads may be calling
        hooks.core = core
        return
    hooks = (_AsyncHooks if _is_async(client) else _Hooks)(core)
    for event, handler in hooks.handlers().items():
        # What other code changes comes before: nothing changes once the core has seen it.
        client.meta.events.register_last(event, handler)
    if isinstance(hooks, _AsyncHooks):
        vars(client)["_make_api_call"] = _remembering_scope(client)
    vars(client)[WRAPPED] = hooks


def unwrap_botocore_client(client: Any) -> None:
    """Undo that."""
    hooks = vars(client).pop(WRAPPED, None)
    if hooks is None:
        return
    vars(client).pop("_make_api_call", None)
    for event, handler in hooks.handlers().items():
        client.meta.events.unregister(event, handler)


def _remembering_scope(client: Any) -> Any:
    """A call belongs to the scope in which it is made, wherever it is awaited."""
    make = type(client)._make_api_call

    def _make_api_call(operation_name: str, api_params: Any) -> Any:
        return _in_scope(Captured(current_frame()), make(client, operation_name, api_params))

    return _make_api_call


async def _in_scope(scope: Captured, call: Coroutine[Any, Any, Any]) -> Any:
    with scope:
        return await call


# --- What happens in a call -----------------------------------------------------------------------


class _Course:
    """One call of a client, on its way through botocore's events: one attempt at a time."""

    __slots__ = ("__weakref__", "hooks", "is_sent", "operation", "outer")

    def __init__(self, hooks: _Hooks, operation: _core.Operation) -> None:
        self.hooks = hooks
        self.operation = operation
        self.is_sent = False  # and its answer is not there yet
        self.outer: weakref.ref[_Course] | None = None

    def leave(self) -> None:
        """Be under way no longer."""
        self.is_sent = False
        _now.set(self.outer)

    def give_back(self, operation: _core.Operation) -> None:
        """Do nothing: the next attempt finds the operation here."""

    def __deepcopy__(self, memo: object) -> _Course:
        return self  # a copied context is that of the same call


class _AsyncCourse(_Course):
    """One of an asynchronous client, whose HTTP library may be covered by `patch` as well."""

    __slots__ = ("_mark",)

    def __init__(self, hooks: _Hooks, operation: _core.Operation) -> None:
        super().__init__(hooks, operation)
        self._mark: Prepared | None = None

    def under_way(self, request: Any) -> None:
        """Mark what leaves as prepared."""
        self._mark = Prepared(request.method, request.url, _body_of(request.data))
        self._mark.__enter__()

    def leave(self) -> None:
        super().leave()
        if self._mark is not None:
            self._mark.__exit__()

    def __del__(self) -> None:
        if self._mark is not None:  # a call that was cancelled has not left
            self._mark.is_over = True


# The attempt that is under way here: not all events have a context. The call itself holds the
# course, so that one which is broken off leaves nothing behind.
_now: ContextVar[weakref.ref[_Course] | None] = ContextVar("costmark.botocore", default=None)


class _Hooks:
    """What a synchronous client calls."""

    def __init__(self, core: CoreClient) -> None:
        self.core = core

    def handlers(self) -> dict[str, Any]:
        """Return the handlers by event."""
        return {
            "before-sign": self.write,
            "request-created": self.sent,
            "before-parse": self.answered,
            "needs-retry": self.failed,
        }

    def write(self, request: Any, **_: Any) -> None:
        """Decide who pays, and write the project into a request that is about to be signed."""
        context = request.context
        if "is_presign_request" in context:  # a URL is signed, and nothing sent
            return
        parts = _parts_of(request)
        course: _Course | None = context.get(_KEY)
        if course is None:
            operation, changes = self.core.begin_unsigned(*parts)
            context[_KEY] = _Course(self, operation)
        else:
            changes = course.operation.changes(*parts)
        _change(request, *changes)

    def sent(self, request: Any, **_: Any) -> None:
        """Count the attempt, which is signed and leaves now."""
        course: _Course | None = request.context.get(_KEY)
        if course is None:
            return
        course.operation.sent()
        course.is_sent = True
        course.outer = _now.get()
        _now.set(weakref.ref(course))

    def answered(self, response_dict: Any, **_: Any) -> None:
        """Read the answer, as it came, on its way to botocore's parsers."""
        course = self._course_now()
        if course is not None:
            observe(response_dict, course, course.operation)

    def failed(self, caught_exception: Any, request_dict: Any, **_: Any) -> None:
        """Note that no answer came."""
        if caught_exception is not None:
            course: _Course | None = request_dict["context"].get(_KEY)
            if course is not None and course.is_sent:
                course.leave()
                course.operation.fail("error")

    def _course_now(self) -> _Course | None:
        """Return what the answer that is there was asked for by; it is under way no longer."""
        found = _now.get()
        course = None if found is None else found()
        if course is None or course.hooks is not self or not course.is_sent:
            return None
        course.leave()
        return course


class _AsyncHooks(_Hooks):
    """What an asynchronous client calls; what blocks is done in another thread."""

    async def write(self, request: Any, **_: Any) -> None:  # type: ignore[override]
        context = request.context
        if "is_presign_request" in context:
            return
        parts = _parts_of(request)
        course: _Course | None = context.get(_KEY)
        if course is None:
            operation, changes = self.core.begin_unsigned(*parts, no_wait=True)
        else:
            operation = course.operation
            changes = operation.changes(*parts, True)
        while changes is None:
            await in_thread(operation.ready)
            changes = operation.changes(*parts, True)
        if course is None:
            context[_KEY] = _AsyncCourse(self, operation)
        _change(request, *changes)

    def sent(self, request: Any, **_: Any) -> None:
        super().sent(request)
        course: _AsyncCourse | None = request.context.get(_KEY)
        if course is not None:
            course.under_way(request)

    def answered(self, response_dict: Any, **_: Any) -> None:
        course = self._course_now()
        if course is not None:
            observe_async(response_dict, course, course.operation)


# --- Requests -------------------------------------------------------------------------------------


def _parts_of(request: Any) -> _Parts:
    """Return a request of botocore as the core takes it."""
    return request.method, request.url, list(request.headers.raw_items()), _body_of(request.data)


def _body_of(data: Any) -> bytes | None:
    """Return the bytes of a body; None for one that is a stream."""
    if isinstance(data, bytes):
        return data
    if isinstance(data, str):
        return data.encode()
    if isinstance(data, (bytearray, memoryview)):
        return bytes(data)
    return None if data else b""


def _change(
    request: Any, body: bytes | None, fields: list[tuple[str, str]], taken_out: list[str]
) -> None:
    """Write what the core gave into a request of botocore, which computes the length by itself."""
    if body is not None:
        request.data = body
    for name in taken_out:
        del request.headers[name]
    for name, value in fields:
        del request.headers[name]
        request.headers[name] = value
