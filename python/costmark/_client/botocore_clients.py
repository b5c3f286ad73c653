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

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .. import _core
from .._hidden import HiddenMapping
from .._transports.botocore_bodies import observe, observe_async
from .._transports.under_way import Prepared
from .._waiting import in_thread
from ..errors import ConfigurationError
from .scope import Captured, current_frame, where_frames_are
from .wrap import WRAPPED, core_for_origin

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from .core_client import CoreClient
    from .wrap import Spec

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
        hooks.follow(core)
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


class _Hooks:
    """What a synchronous client calls: methods of the core, which take less than any of Python."""

    def __init__(self, core: CoreClient, *, no_wait: bool = False) -> None:
        frame, everywhere = where_frames_are()
        self._events = _core.BotocoreEvents(frame, everywhere, self.read_stream, no_wait)
        self.follow(core)

    def follow(self, core: CoreClient) -> None:
        """Follow the calls that begin from now on with this core client."""
        core.lead(self._events)

    def handlers(self) -> dict[str, Any]:
        """Return the handlers by event."""
        return {
            "before-sign": self._events.write,
            "request-created": self._events.sent,
            "before-parse": self._events.answered,
            "needs-retry": self._events.failed,
        }

    @staticmethod
    def read_stream(response_dict: Any, operation: _core.Operation) -> None:
        """Read an answer whose body is still to come."""
        observe(response_dict, operation)


class _Mark:
    """That of what an asynchronous client sends, whose HTTP library `patch` may cover as well."""

    __slots__ = ("_prepared",)

    def __init__(self, request: Any) -> None:
        self._prepared = Prepared(request.method, request.url, _body_of(request.data))
        self._prepared.__enter__()

    def leave(self) -> None:
        """Be under way no longer."""
        self._prepared.__exit__()

    def __del__(self) -> None:  # a call that was cancelled has not left
        self._prepared.is_over = True


class _AsyncHooks(_Hooks):
    """What an asynchronous client calls; what blocks is done in another thread."""

    def __init__(self, core: CoreClient) -> None:
        super().__init__(core, no_wait=True)

    def handlers(self) -> dict[str, Any]:
        return {
            "before-sign": self.write,
            "request-created": self.sent,
            "before-parse": self.answered,
            "needs-retry": self.failed,
        }

    async def write(self, **given: Any) -> None:
        """Decide who pays, and write the project into a request that is about to be signed."""
        waiting = self._events.write(**given)
        while waiting is not None:
            await in_thread(waiting.ready)
            waiting = self._events.write(**given)

    def sent(self, request: Any, **_: Any) -> None:
        """Mark what leaves as prepared."""
        self._events.sent(request=request)
        operation = _operation_in(request.context)
        if operation is not None:
            operation.companion = _Mark(request)

    def answered(self, **given: Any) -> None:
        """Read the answer, as it came."""
        _end_mark(self._events.answered(**given))

    def failed(self, caught_exception: Any, request_dict: Any, **_: Any) -> None:
        """Note that no answer came."""
        self._events.failed(caught_exception=caught_exception, request_dict=request_dict)
        if caught_exception is not None:
            _end_mark(_operation_in(request_dict["context"]))

    @staticmethod
    def read_stream(response_dict: Any, operation: _core.Operation) -> None:
        observe_async(response_dict, operation)


def _operation_in(context: Any) -> _core.Operation | None:
    operation: _core.Operation | None = context.get("costmark")  # where the core keeps it
    return operation


def _end_mark(operation: _core.Operation | None) -> None:
    if operation is not None and operation.companion is not None:
        operation.companion.leave()
        operation.companion = None


def _body_of(data: Any) -> bytes | None:
    """Return the bytes of a body; None for one that is a stream."""
    if isinstance(data, bytes):
        return data
    if isinstance(data, str):
        return data.encode()
    if isinstance(data, (bytearray, memoryview)):
        return bytes(data)
    return None if data else b""
