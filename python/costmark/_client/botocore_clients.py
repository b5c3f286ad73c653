"""botocore's clients, and so boto3's, aiobotocore's and aioboto3's, wrapped by their events.

botocore signs and retries by itself, so the core neither signs nor repeats here: it decides who
pays, and writes the project into each attempt before that is signed. What is written is the request
as it will leave, not the caller's parameters, so that one way is good for every version: older
ones know no parameter for a project.

    before-call ──► before-sign ──► before-send ──► before-parse ──► response-received
     decide          write           sent            head, body       no answer: it failed
                     ▲                                                │
                     └──────────── botocore tries again ◄─────────────┘

botocore is not imported here: the code that has a client of it has imported it.
"""

from __future__ import annotations

import weakref
from contextvars import ContextVar
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .._hidden import HiddenMapping
from .._transports.botocore_bodies import observe, observe_async
from .._transports.message import AsyncAnswering, Message, SyncAnswering, as_text
from .._transports.under_way import Prepared
from ..errors import ConfigurationError
from .call import Call, join
from .scope import Captured, current_frame
from .transport import take
from .wrap import WRAPPED, core_for_origin

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from .. import _core
    from .core_client import CoreClient, Outgoing
    from .wrap import Spec

_KEY = "costmark"  # in the context that botocore passes from event to event
_SIGNING_NAME = "bedrock"
# What decides how requests are authorized, which botocore does.
_OF_SIGNING = (
    *("access_key_id", "auth", "bearer_token", "profile"),
    *("secret_access_key", "service", "session_token"),
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
    unwrap_botocore_client(client)
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
    """One call of a client, on its way through botocore's events."""

    __slots__ = ("__weakref__", "call", "exchange", "hooks", "mark", "operation", "outer")

    def __init__(self, hooks: _Hooks) -> None:
        self.hooks = hooks
        self.call = Call()
        self.operation: _core.Operation | None = None  # of the attempt that is prepared
        self.exchange: Any = None  # of the attempt that was sent, until its answer is there
        self.mark: Prepared | None = None
        self.outer: weakref.ref[_Course] | None = None


# The attempt that is under way here: not all events have a context. The call itself holds the
# course, so that one which is broken off leaves nothing behind.
_now: ContextVar[weakref.ref[_Course] | None] = ContextVar("costmark.botocore", default=None)


def _course_now(hooks: _Hooks) -> _Course | None:
    found = _now.get()
    course = None if found is None else found()
    return course if course is not None and course.hooks is hooks else None


class _Hooks:
    """What a synchronous client calls."""

    _answering: Any = SyncAnswering
    _observe: Callable[[Any, Any], None] = staticmethod(observe)

    def __init__(self, core: CoreClient) -> None:
        self.core = core

    def handlers(self) -> dict[str, Any]:
        """Return the handlers by event."""
        return {
            "before-call": self.decide,
            "before-sign": self.write,
            "before-send": self.sent,
            "before-parse": self.answered,
            "response-received": self.ended,
        }

    def decide(self, params: Any, context: Any, **_: Any) -> None:
        """Decide who pays, before anything is sent."""
        self.core.admit(self._begun(params, context))

    def write(self, request: Any, **_: Any) -> None:
        """Write the project into a request that is about to be signed."""
        course = request.context.get(_KEY)
        if course is None:  # a URL is signed, and nothing sent
            return
        message = self._message_to_write(course, request)
        try:
            outgoing = self.core.prepare(course.operation, message, sent=False)
        except BaseException:
            course.call.give_back(course.operation)
            raise
        _write(request, outgoing)

    def sent(self, request: Any, **_: Any) -> None:
        """Count the attempt, which leaves now."""
        course = _course_now(self)
        if course is None or course.operation is None:
            return
        course.operation.sent()
        course.exchange = self._answering(course.call, course.operation)
        course.mark = Prepared(request.method, request.url, _bytes_of(request.body))
        course.mark.__enter__()

    def answered(self, response_dict: Any, **_: Any) -> None:
        """Read the answer, as it came, on its way to botocore's parsers."""
        course = _course_now(self)
        if course is None or course.exchange is None:
            return
        exchange, course.exchange = course.exchange, None
        self._observe(response_dict, exchange)

    def ended(self, context: Any, **_: Any) -> None:
        """Note that no answer came, if none did."""
        course: _Course | None = context.get(_KEY)
        if course is None:
            return
        if course.mark is not None:
            course.mark.__exit__()
        outer, exchange = course.outer, course.exchange
        if _course_now(self) is course:
            _now.set(outer)
        course.exchange = course.operation = None
        if exchange is not None:
            exchange.end("error")

    def _begun(self, params: Any, context: Any) -> Message:
        course = context[_KEY] = _Course(self)
        message = _message(params["method"], params["url"], params["headers"], params["body"])
        join(message, course.call)
        return message

    def _message_to_write(self, course: _Course, request: Any) -> Message:
        message = _message(request.method, request.url, request.headers, request.data)
        course.call, course.operation = take(self.core, course.call, message)
        course.outer = _now.get()
        _now.set(weakref.ref(course))
        return message


class _AsyncHooks(_Hooks):
    """What an asynchronous client calls; what blocks is done in another thread."""

    _answering = AsyncAnswering
    _observe = staticmethod(observe_async)

    async def decide(self, params: Any, context: Any, **_: Any) -> None:  # type: ignore[override]
        await self.core.admit_async(self._begun(params, context))

    async def write(self, request: Any, **_: Any) -> None:  # type: ignore[override]
        course = request.context.get(_KEY)
        if course is None:
            return
        message = self._message_to_write(course, request)
        try:
            outgoing = await self.core.prepare_async(course.operation, message, sent=False)
        except BaseException:
            course.call.give_back(course.operation)
            raise
        _write(request, outgoing)


# --- Requests -------------------------------------------------------------------------------------


def _message(method: str, url: str, headers: Any, body: Any) -> Message:
    fields = [(str(name), value) for name, value in headers.items()]
    return Message(method, url, fields, body or None)


def _bytes_of(body: Any) -> bytes | None:
    return bytes(body) if isinstance(body, (bytes, bytearray)) else None


def _write(request: Any, outgoing: Outgoing) -> None:
    """Put what the core gave into a request of botocore, which computes the length by itself."""
    if outgoing.body is not None:
        request.data = outgoing.body
    if outgoing.fields is None:
        return
    has_length = "content-length" in request.headers
    for name in set(request.headers.keys()):
        del request.headers[name]
    for name, value in outgoing.fields:
        text = as_text(name)
        if has_length or text.lower() != "content-length":
            request.headers[text] = as_text(value)
