"""`wrap` and `unwrap`: the clients of the official OpenAI and Anthropic SDKs, attributed.

What a wrapped client gets, in its instance dictionary only: a view of its HTTP client
(`transport`), hooks around a call, around building and preparing its requests and around making an
error of an answer, copies that stay wrapped, and methods that remember their scope (`context`).
Where the two SDKs differ, `_sdk` knows.
"""

from __future__ import annotations

import functools
import types
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from .. import _core
from .._hidden import Hidden, HiddenMapping
from .._sdk.base import Keys, Sdk, is_async, sdk_of
from .._usage import listener
from .._waiting import Flights, checked_source
from ..errors import ConfigurationError
from . import context
from .call import CALL, carrying_call, leave_alone
from .core_client import CoreClient, hint_of, option_texts
from .transport import attach, detach, is_view, send_through

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from .._usage import Answer

    Credentials = (
        _core.Credentials
        | Callable[[], _core.Credentials]
        | Callable[[], Awaitable[_core.Credentials]]
    )
    OnUsage = Callable[[Answer], object]
    Token = str | Callable[[], str] | Callable[[], Awaitable[str]]

_ClientT = TypeVar("_ClientT")
WRAPPED = context.WRAPPED


def wrap(
    client: _ClientT,
    *,
    project: str | None = None,
    credentials: Credentials | None = None,
    bearer_token: Token | None = None,
    on_usage: OnUsage | None = None,
    **options: object,
) -> _ClientT:
    """Attribute, sign and count every call of a client of the OpenAI or the Anthropic SDK.

    Takes ``OpenAI``, ``Anthropic``, ``AnthropicBedrockMantle``, ``AnthropicBedrock`` and their
    asynchronous twins, and for code without an SDK ``httpx.Client`` and ``httpx.AsyncClient``; one
    with a base URL then sends to that endpoint only. Clients of boto3, aioboto3, botocore and
    aiobotocore for Bedrock are taken as well, and go on to sign by themselves: options about that
    are refused. Returns the same client. `project` is the default for calls that
    neither name a project themselves nor are made in a `project` scope. `credentials` and
    `bearer_token` may be callables; they are asked on the thread that makes a call. Asynchronous
    clients ask them in a thread of its own, and take ``async def`` functions too, which run in the
    event loop; calls that wait for the same answer share it.
    `on_usage` is called with an `Answer` for every attempt that ends, after it was counted, on the
    thread that read the answer; what it raises is reported by `sys.unraisablehook`.
    `options` are those of ``costmark options``, such as ``auth="sigv4"``, ``region="us-east-1"`` or
    ``unattributed="refuse"``.

    Copies made by ``with_options()`` and ``copy()`` are wrapped as well. What is given here stays;
    everything else is as the client itself has it at the time of a call, also when its base URL,
    key or credentials change later. An HTTP client that is shared with others does not change for
    them. Wrapping a wrapped client replaces its options.

    Raises `ConfigurationError` for options that cannot work, `AttributionError` for a bad project.
    """
    # Which need what is here.
    from .botocore_clients import is_botocore_client, wrap_botocore_client
    from .httpx_clients import is_http_client, wrap_http_client

    given = Given(project, credentials, bearer_token, options, on_usage)
    del bearer_token, options  # not for tracebacks
    if is_http_client(client):
        wrap_http_client(client, specify(given))
        return client
    if is_botocore_client(client):
        wrap_botocore_client(client, specify(given))
        return client
    sdk = _sdk_to_wrap(client)
    spec = specify(given)
    if not is_async(client):
        checked_source(spec.credentials, is_async=False)
        checked_source(spec.bearer_token, is_async=False)
    _wrap(client, sdk, spec)
    return client


class Given:
    """The arguments of `wrap`, some of which are secret."""

    __slots__ = ("bearer_token", "credentials", "on_usage", "options", "project")

    def __init__(
        self,
        project: str | None,
        credentials: Credentials | None,
        bearer_token: Token | None,
        options: Mapping[str, object],
        on_usage: OnUsage | None = None,
    ) -> None:
        self.project = project
        self.on_usage = listener(on_usage)
        self.credentials = credentials
        self.bearer_token = bearer_token
        self.options = HiddenMapping(options)


def wrap_as_patched(client: Any, applies_to: Callable[[Any], bool], given: Given) -> None:
    """Wrap a client for `patch`: as far as it applies to the client's base URL of the moment."""
    spec = specify(given)
    _wrap(client, _sdk_to_wrap(client), replace(spec, applies_to=applies_to))


def _wrap(client: Any, sdk: Sdk, spec: Spec) -> None:
    wrapped = _Wrapped(client, sdk, spec)
    # One that is wrapped stays so meanwhile: other threads may be calling.
    wrapped.view = attach(_attribute(client, "_client"), wrapped.core)
    _set_http_client(client, wrapped.view)
    _attach(client, wrapped)


def unwrap(client: _ClientT) -> _ClientT:
    """Give a wrapped client back as it was before; any other client is left alone."""
    from .botocore_clients import is_botocore_client, unwrap_botocore_client

    if is_botocore_client(client):
        unwrap_botocore_client(client)
        return client
    wrapped = vars(client).get(WRAPPED)
    if isinstance(wrapped, CoreClient):
        from .httpx_clients import unwrap_http_client

        unwrap_http_client(client)
    else:
        _unwrap(client)
    return client


def _unwrap(client: Any) -> None:
    wrapped = _wrapped(client)
    if wrapped is None:
        return
    for name in (*wrapped.hooks, WRAPPED):
        vars(client).pop(name, None)
    context.untrack(client, wrapped.sdk.package)
    _set_http_client(client, detach(_attribute(client, "_client")))


def check_arguments(given: Given) -> None:
    """Raise what `wrap` would raise with these arguments for any client."""
    core_for_origin(specify(given), None)


@dataclass(frozen=True, repr=False)  # there are keys and tokens in it
class Spec:
    """What a client was wrapped with."""

    project: str | None
    options: Mapping[str, str]
    credentials: Credentials | None
    bearer_token: Callable[[], Any] | None
    on_usage: Callable[[dict[str, Any]], object] | None = None
    applies_to: Callable[[Any], bool] | None = None  # by base URL; None: to all

    @functools.cached_property
    def _names_keys(self) -> bool:
        return self.credentials is not None or not self.options.keys().isdisjoint(
            ("access_key_id", "profile")
        )

    @functools.cached_property
    def _names_token(self) -> bool:
        return self.bearer_token is not None or "bearer_token" in self.options

    def _completed(self, said: Mapping[str, str]) -> Mapping[str, str]:
        """Return the options, with what the client says about a matter that they leave open."""
        if "auth" in self.options or self._names_token:
            return self.options
        if not self._names_keys:
            return HiddenMapping(said, self.options)
        if said.get("auth") != "sigv4":
            return self.options
        # Other keys, for the same way of signing.
        rest = {name: value for name, value in said.items() if name != "profile"}
        return HiddenMapping(rest, self.options)

    def _project(self, sdk: Sdk, client: Any) -> str | None:
        if self.applies_to is not None:  # clients that name one themselves were made for it
            return sdk.project(client) or self.project
        return self.project or sdk.project(client)

    def ask_of(self, sdk: Sdk, client: Any) -> Callable[[], Keys] | None:
        """Return what the client asks for its keys at every attempt; None without such a thing."""
        if self._names_keys or self._names_token:
            return None
        return sdk.ask(client)

    def core_for(
        self, sdk: Sdk, client: Any, keys: Keys | None = None, base_url: str | None = None
    ) -> CoreClient:
        """Build its core client: of what was asked for, then of what the client itself says."""
        identity = sdk.identity(client)
        project = self._project(sdk, client)
        options = HiddenMapping(
            {"base_url": base_url or str(client.base_url)},
            self._completed(identity.options),
            {} if project is None else {"project": project},
        )
        credentials: Any = self.credentials
        if not self._names_keys and not self._names_token:
            credentials = identity.credentials
            if credentials is not None and keys is not None:
                credentials = _First(keys.credentials, credentials)
        return CoreClient(
            options,
            credentials=checked_source(credentials, is_async=True),
            bearer_token=checked_source(self.bearer_token, is_async=True),
            host_api_key=Hidden(sdk.api_key(client)),
            on_usage=self.on_usage,
        )


def core_for_origin(spec: Spec, origin: str | None) -> CoreClient:
    """Build a core client for all calls there, of the arguments alone; None: for any origin."""
    options = HiddenMapping(
        {} if origin is None else {"base_url": origin},
        spec.options,
        {} if spec.project is None else {"project": spec.project},
    )
    return CoreClient(
        options,
        credentials=checked_source(spec.credentials, is_async=True),
        bearer_token=checked_source(spec.bearer_token, is_async=True),
        on_usage=spec.on_usage,
    )


class _First:
    """Returns keys that were asked for already, then asks."""

    def __init__(self, keys: _core.Credentials, ask: Callable[[], _core.Credentials]) -> None:
        self._keys = [keys]
        self._ask = ask

    def __call__(self) -> _core.Credentials:
        return self._keys.pop() if self._keys else self._ask()


def specify(given: Given) -> Spec:
    """Check the arguments of `wrap`, and spell them as options."""
    if given.project is not None:
        _core.check_project(given.project)
    texts: Mapping[str, str] = option_texts(given.options)
    callback = None
    if isinstance(given.bearer_token, str):
        texts = HiddenMapping(texts, {"bearer_token": given.bearer_token})
    elif given.bearer_token is None or callable(given.bearer_token):
        callback = given.bearer_token
    else:
        raise TypeError(
            "bearer_token takes a str or a callable that returns one, "
            f"not {type(given.bearer_token).__name__}"
        )
    return Spec(given.project, texts, given.credentials, callback, given.on_usage)


class _Wrapped:
    """What `wrap` leaves in a client."""

    __slots__ = (
        "_asking",
        "_said",
        "_seen",
        "_socket_core",
        "applies_to",
        "core",
        "hooks",
        "sdk",
        "spec",
        "view",
    )

    def __init__(self, client: Any, sdk: Sdk, spec: Spec, like: _Wrapped | None = None) -> None:
        self.sdk = sdk
        self.spec = spec
        self.applies_to = spec.applies_to
        self.hooks: tuple[str, ...] = ()
        self.view: Any = None  # that was made for this client
        self._asking = Flights()
        seen = _Seen(sdk, client)
        self._said = _said_by(sdk, client)
        self._socket_core: tuple[str, CoreClient, CoreClient] | None = None
        if like is None or like._said[:-1] != self._said[:-1] or like.spec is not spec:
            self.core = spec.core_for(sdk, client)
        else:
            self.core, self._said = like.core, like._said
        self._seen = seen

    def applies(self, client: Any) -> bool:
        """Whether the calls of the client are ours: of one that `patch` wrapped, maybe not."""
        return self.applies_to is None or self.applies_to(client.base_url)

    def core_now(self, client: Any) -> CoreClient:
        """Return the core client for what the client says now."""
        seen = self._seen
        if seen.value is not None and seen.glance(client) == seen.value:
            return self.core
        ask = self.spec.ask_of(self.sdk, client)
        return self._core_for(client, None if ask is None else ask())

    async def core_now_async(self, client: Any) -> CoreClient:
        """Do the same; what may block is done in another thread."""
        seen = self._seen
        if seen.value is not None and seen.glance(client) == seen.value:
            return self.core
        ask = self.spec.ask_of(self.sdk, client)
        if ask is None:
            return self._core_for(client, None)
        flight, is_first = self._asking.board()
        if is_first:
            flight.start_here(ask)
        return self._core_for(client, await flight.wait_async())

    def socket_core(self, client: Any) -> CoreClient:
        """Return the core client for WebSockets, which may have a base URL of their own."""
        core = self.core_now(client)
        url = self.sdk.socket_url(client)
        return core if url is None else self._core_of_sockets(client, url, core)

    async def socket_core_async(self, client: Any) -> CoreClient:
        """Do the same; what may block is done in another thread."""
        core = await self.core_now_async(client)
        url = self.sdk.socket_url(client)
        return core if url is None else self._core_of_sockets(client, url, core)

    def _core_of_sockets(self, client: Any, url: str, core: CoreClient) -> CoreClient:
        # `core` is another one whenever the client has changed.
        kept = self._socket_core
        if kept is None or kept[0] != url or kept[1] is not core:
            kept = url, core, self.spec.core_for(self.sdk, client, base_url=url)
            self._socket_core = kept
        return kept[2]

    def _core_for(self, client: Any, keys: Keys | None) -> CoreClient:
        seen = _Seen(self.sdk, client)  # first: what changes from here on is seen the next time
        said = _said_by(self.sdk, client, keys)
        if said != self._said:
            self.core = self.spec.core_for(self.sdk, client, keys)
            self._said = said
            if self.view is not None:
                send_through(self.view, self.core)
        self._seen = seen
        return self.core


class _Seen:
    """What a client looked like when its core client was made, or found right, the last time.

    If it looks otherwise now, or there is no value, its core client may still be right.
    """

    __slots__ = ("glance", "value")

    def __init__(self, sdk: Sdk, client: Any) -> None:
        self.glance = sdk.glance(client)
        self.value: Any = self.glance(client)


def _said_by(sdk: Sdk, client: Any, keys: Keys | None = None) -> tuple[Hidden, Any]:
    """Return what a client says now, as far as its core client is made of it, and of which keys."""
    # The URL as an object: the same one is equal to itself at once.
    said = Hidden((client.base_url, sdk.project(client), sdk.state(client)))
    return said, None if keys is None else keys.fingerprint


def _wrapped(client: Any) -> _Wrapped | None:
    wrapped: _Wrapped | None = vars(client).get(WRAPPED)
    return wrapped


def _applying(client: Any) -> _Wrapped | None:
    """Return what there is if a client's calls are ours: it may be unwrapped during a call."""
    wrapped: _Wrapped | None = client.__dict__.get(WRAPPED)
    if wrapped is None or wrapped.applies_to is None or wrapped.applies(client):
        return wrapped
    return None


def core_of(client: object) -> CoreClient:
    """Return the core client of a wrapped client."""
    return _checked(client).core_now(client)


def package_of(client: object) -> str:
    """Return the package of the SDK that a wrapped client is one of."""
    return _checked(client).sdk.package


def _checked(client: object) -> _Wrapped:
    from .botocore_clients import is_botocore_client

    wrapped = getattr(client, "__dict__", {}).get(WRAPPED)
    if is_botocore_client(client):
        raise TypeError(
            "boto3's clients cannot be verified: how the endpoint answers for a project that does "
            "not exist is not known for Converse and InvokeModel"
        )
    if not isinstance(wrapped, _Wrapped):
        raise TypeError(
            "this takes a client that costmark.wrap() has wrapped, "
            f"not {type(client).__module__}.{type(client).__qualname__}"
        )
    return wrapped


def _attach(client: Any, wrapped: _Wrapped) -> None:
    _attach_http_client(client, wrapped)
    vars(client)[WRAPPED] = wrapped
    hooks = {
        "request": _request_async if is_async(client) else _request,
        "_build_request": _build_request,
        "_prepare_request": _prepare_async if is_async(client) else _prepare,
        "_make_status_error_from_response": _make_status_error_from_response,
        "copy": _copy,
        "with_options": _with_options,
    }
    for name, hook in hooks.items():
        like = functools.wraps(getattr(type(client), name))
        vars(client)[name] = types.MethodType(like(hook), client)
    wrapped.hooks = tuple(hooks)
    context.track(client, wrapped.sdk.package)


def _attach_http_client(client: Any, wrapped: _Wrapped) -> None:
    """Let a client send through a view, also one whose HTTP client was replaced meanwhile."""
    http_client = _attribute(client, "_client")
    if is_view(http_client):  # also of a copy, which shares that of its original
        return
    wrapped.view = attach(http_client, wrapped.core)
    _set_http_client(client, wrapped.view)
    # What `patch` has wrapped is covered below as well.
    if wrapped.spec.applies_to is None and not is_view(_attribute(client, "_client")):
        raise ConfigurationError(
            f"{type(client).__qualname__} does not keep the HTTP client that costmark puts in the "
            "place of its own: give it that one as http_client"
        )


# --- Hooks: bound to the client, they go on to what its class has under that name ----------------
#
# Every call passes here, with all that they read long out of the caches of the processor. So what
# an ordinary call needs stands in few functions.


def _request(self: Any, cast_to: Any, options: Any, *args: Any, **kwargs: Any) -> Any:
    """Make what the SDK sends from here on, retries included, one operation."""
    options = carrying_call(options)
    try:
        return type(self).request(self, cast_to, options, *args, **kwargs)
    finally:
        options.__dict__.pop(CALL, None)


async def _request_async(self: Any, cast_to: Any, options: Any, *args: Any, **kwargs: Any) -> Any:
    """Do the same for asynchronous clients."""
    options = carrying_call(options)
    try:
        return await type(self).request(self, cast_to, options, *args, **kwargs)
    finally:
        options.__dict__.pop(CALL, None)


def _build_request(self: Any, options: Any, **kwargs: Any) -> Any:
    request = type(self)._build_request(self, options, **kwargs)
    wrapped = _applying(self)
    if wrapped is not None:
        wrapped.sdk.request_built(self, request, options)
    call = options.__dict__.pop(CALL, None)
    if call is not None:
        request.extensions[CALL] = call
    return request


def _prepare(self: Any, request: Any) -> None:
    """Decide who pays, and fetch what signing needs, before the SDK starts to send and to retry."""
    wrapped = _applying(self)
    if wrapped is None:
        leave_alone(request)
        type(self)._prepare_request(self, request)
        return
    if self._client is not wrapped.view:
        _attach_http_client(self, wrapped)
    if not wrapped.sdk.check_instead_of_signing(self, request):
        type(self)._prepare_request(self, request)
    wrapped.core_now(self).admit(request)


async def _prepare_async(self: Any, request: Any) -> None:
    """Do the same for asynchronous clients."""
    wrapped = _applying(self)
    if wrapped is None:
        leave_alone(request)
        await type(self)._prepare_request(self, request)
        return
    if self._client is not wrapped.view:
        _attach_http_client(self, wrapped)
    if not wrapped.sdk.check_instead_of_signing(self, request):
        await type(self)._prepare_request(self, request)
    core = await wrapped.core_now_async(self)
    await core.admit_async(request)


def _make_status_error_from_response(self: Any, response: Any) -> Any:
    """Add to the error what costmark knows about its cause; the error itself is the SDK's."""
    error = type(self)._make_status_error_from_response(self, response)
    hint = hint_of(response)
    if hint:
        _add_note(error, f"costmark: {hint}")
    return error


def _add_note(error: Any, note: str) -> None:
    if hasattr(error, "add_note"):
        error.add_note(note)
    else:  # Python 3.10, where tracebacks do not show notes, but loggers and test runners do
        error.__notes__ = [*getattr(error, "__notes__", ()), note]


def _copy(self: Any, *args: Any, **kwargs: Any) -> Any:
    return _wrap_copy(self, type(self).copy(self, *args, **kwargs))


def _with_options(self: Any, *args: Any, **kwargs: Any) -> Any:
    return _wrap_copy(self, type(self).with_options(self, *args, **kwargs))


def _wrap_copy(client: Any, copied: Any) -> Any:
    """Wrap a copy like its original, with a core client of its own where the copy differs."""
    if WRAPPED in vars(copied):  # by a `copy` that the other one calls
        return copied
    wrapped = _wrapped(client)
    if wrapped is None:
        return copied
    sdk, spec = wrapped.sdk, wrapped.spec
    if sdk.project(copied) != sdk.project(client):
        spec = replace(spec, project=None)
    _attach(copied, _Wrapped(copied, sdk, spec, like=wrapped))
    return copied


# --- The SDK --------------------------------------------------------------------------------------


def _attribute(client: object, name: str) -> Any:
    return getattr(client, name)


def _set_http_client(client: Any, http_client: Any) -> None:
    client._client = (
        http_client  # not by way of `vars`: the client of module `openai` has a property
    )


def _sdk_to_wrap(client: object) -> Sdk:
    sdk = sdk_of(client)
    refusal = "it is no client" if sdk is None else sdk.refusal(client)
    if sdk is None or refusal is not None:
        raise TypeError(
            "wrap() takes a client such as openai.OpenAI(...), anthropic.AsyncAnthropic(...) or "
            f"boto3.client('bedrock-runtime'), not {_described(client, refusal)}"
        )
    return sdk


# What is right for what else a package makes.
_INSTEAD = {
    **dict.fromkeys(
        ("httpx", "httpx2"),
        "wrap the client that sends with it, or put costmark.HTTPTransport or AsyncHTTPTransport "
        "around it",
    ),
    **dict.fromkeys(
        ("requests", "aiohttp", "urllib3"),
        "costmark.patch() covers what these send to Bedrock, and with hosts=[...] to a gateway",
    ),
    **dict.fromkeys(
        ("boto3", "botocore", "aioboto3", "aiobotocore"),
        "make a client of it first, with its client('bedrock-runtime')",
    ),
    "costmark": "it attributes by itself, and takes the options of wrap()",
}


def _described(client: object, refusal: str | None) -> str:
    """Say what was given in place of a client, and what would have been right."""
    if isinstance(client, types.ModuleType):
        return f"the module {client.__name__}: make a client of it first"
    if isinstance(client, type):
        name = client.__qualname__
        return (
            f"the class {client.__module__}.{name} itself: make a client of it first, "
            f"as in wrap({name}(...))"
        )
    cls = type(client)
    instead = _INSTEAD.get(cls.__module__.partition(".")[0], refusal)
    return f"{cls.__module__}.{cls.__qualname__}: {instead}"
