"""`wrap` and `unwrap`: the clients of the official OpenAI and Anthropic SDKs, attributed.

What a wrapped client gets, in its instance dictionary only: a view of its HTTP client
(`transport`), hooks around a call, around building and preparing its requests and around making an
error of an answer, copies that stay wrapped, and methods that remember their scope (`context`).
Where the two SDKs differ, `_sdk` knows.
"""

from __future__ import annotations

import functools
import types
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from .. import _core
from .._sdk.base import Sdk, is_async, sdk_of
from . import context
from .call import carrying_call, drop_call, move_call
from .core_client import CoreClient, hint_of, option_texts
from .transport import attach, detach

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_ClientT = TypeVar("_ClientT")
_WRAPPED = "_costmark"


def wrap(
    client: _ClientT,
    *,
    project: str | None = None,
    credentials: _core.Credentials | Callable[[], _core.Credentials] | None = None,
    bearer_token: str | Callable[[], str] | None = None,
    **options: object,
) -> _ClientT:
    """Attribute, sign and count every call of a client of the OpenAI or the Anthropic SDK.

    Takes ``OpenAI``, ``Anthropic``, ``AnthropicBedrockMantle`` and their asynchronous twins, and
    returns the same client. `project` is the default for calls that neither name a project
    themselves nor are made in a `project` scope. `credentials` and `bearer_token` may be callables;
    they are asked on the thread that makes a call, or in a worker thread by asynchronous clients.
    `options` are those of ``costmark options``, such as ``auth="sigv4"``, ``region="us-east-1"`` or
    ``unattributed="refuse"``.

    Copies made by ``with_options()`` and ``copy()`` are wrapped as well. An HTTP client that is
    shared with others does not change for them. Wrapping a wrapped client replaces its options.

    Raises `ConfigurationError` for options that cannot work, `AttributionError` for a bad project.
    """
    sdk = _sdk_to_wrap(client)
    spec = _specify(project, credentials, bearer_token, options)
    spec = replace(spec, base_url=str(_attribute(client, "base_url")))
    core = spec.core_for(sdk, client)
    if _WRAPPED in vars(client):
        unwrap(client)
    _attach(client, sdk, spec, core)
    return client


def unwrap(client: _ClientT) -> _ClientT:
    """Give a wrapped client back as it was before; any other client is left alone."""
    wrapped: _Wrapped | None = vars(client).get(_WRAPPED)
    if wrapped is None:
        return client
    for name in (*wrapped.hooks, _WRAPPED):
        vars(client).pop(name, None)
    context.untrack(client, wrapped.sdk.package)
    _set_http_client(client, detach(_attribute(client, "_client")))
    return client


def check_arguments(
    *,
    project: str | None,
    credentials: _core.Credentials | Callable[[], _core.Credentials] | None,
    bearer_token: str | Callable[[], str] | None,
    **options: object,
) -> None:
    """Raise what `wrap` would raise with these arguments for any client."""
    spec = _specify(project, credentials, bearer_token, options)
    CoreClient(spec.options, credentials=spec.credentials, bearer_token=spec.bearer_token)


@dataclass(frozen=True)
class _Spec:
    """What a client was wrapped with."""

    project: str | None
    options: dict[str, str] = field(repr=False)  # keys and tokens may be among them
    credentials: _core.Credentials | Callable[[], _core.Credentials] | None
    bearer_token: Callable[[], str] | None
    base_url: str = ""

    def _names_keys(self) -> bool:
        return self.credentials is not None or not self.options.keys().isdisjoint(
            ("access_key_id", "profile")
        )

    def _names_token(self) -> bool:
        return self.bearer_token is not None or "bearer_token" in self.options

    def _completed(self, said: Mapping[str, str]) -> dict[str, str]:
        """Return the options, with what the client says about a matter that they leave open."""
        if "auth" in self.options or self._names_token():
            return self.options
        if not self._names_keys():
            return {**said, **self.options}
        if said.get("auth") != "sigv4":
            return self.options
        # Other keys, for the same way of signing.
        rest = {name: value for name, value in said.items() if name != "profile"}
        return {**rest, **self.options}

    def core_for(self, sdk: Sdk, client: Any) -> CoreClient:
        """Build its core client: of what was asked for, then of what the client itself says."""
        identity = sdk.identity(client)
        options = {"base_url": self.base_url, **self._completed(identity.options)}
        project = self.project or sdk.project(client)
        if project is not None:
            options["project"] = project
        asked = self._names_keys() or self._names_token()
        return CoreClient(
            options,
            credentials=self.credentials if asked else identity.credentials,
            bearer_token=self.bearer_token,
            host_api_key=sdk.api_key(client),
        )


def _specify(
    project: str | None,
    credentials: _core.Credentials | Callable[[], _core.Credentials] | None,
    bearer_token: str | Callable[[], str] | None,
    options: Mapping[str, object],
) -> _Spec:
    if project is not None:
        _core.check_project_id(project)
    texts = option_texts(options)
    callback = None
    if isinstance(bearer_token, str):
        texts["bearer_token"] = bearer_token
    elif bearer_token is None or callable(bearer_token):
        callback = bearer_token
    else:
        raise TypeError(
            "bearer_token takes a str or a callable that returns one, "
            f"not {type(bearer_token).__name__}"
        )
    return _Spec(project, texts, credentials, callback)


@dataclass
class _Wrapped:
    """What `wrap` leaves in a client."""

    sdk: Sdk
    spec: _Spec
    core: CoreClient
    hooks: tuple[str, ...]


def _wrapped(client: Any) -> _Wrapped:
    wrapped: _Wrapped = vars(client)[_WRAPPED]
    return wrapped


def core_of(client: object) -> CoreClient:
    """Return the core client of a wrapped client."""
    return _checked(client).core


def package_of(client: object) -> str:
    """Return the package of the SDK that a wrapped client is one of."""
    return _checked(client).sdk.package


def _checked(client: object) -> _Wrapped:
    wrapped = getattr(client, "__dict__", {}).get(_WRAPPED)
    if not isinstance(wrapped, _Wrapped):
        raise TypeError(
            "this takes a client that costmark.wrap() has wrapped, "
            f"not {type(client).__module__}.{type(client).__qualname__}"
        )
    return wrapped


def _attach(client: Any, sdk: Sdk, spec: _Spec, core: CoreClient) -> None:
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
    _set_http_client(client, attach(_attribute(client, "_client"), core))
    vars(client)[_WRAPPED] = _Wrapped(sdk, spec, core, tuple(hooks))
    context.track(client, sdk.package)


# --- Hooks: bound to the client, they go on to what its class has under that name ----------------


def _request(self: Any, cast_to: Any, options: Any, *args: Any, **kwargs: Any) -> Any:
    """Make what the SDK sends from here on, retries included, one operation."""
    options = carrying_call(options)
    try:
        return type(self).request(self, cast_to, options, *args, **kwargs)
    finally:
        drop_call(options)


async def _request_async(self: Any, cast_to: Any, options: Any, *args: Any, **kwargs: Any) -> Any:
    """Do the same for asynchronous clients."""
    options = carrying_call(options)
    try:
        return await type(self).request(self, cast_to, options, *args, **kwargs)
    finally:
        drop_call(options)


def _build_request(self: Any, options: Any, **kwargs: Any) -> Any:
    request = type(self)._build_request(self, options, **kwargs)
    self.__dict__[_WRAPPED].sdk.request_built(self, request, options)
    move_call(options, request)
    return request


def _prepare(self: Any, request: Any) -> None:
    """Decide who pays, and fetch what signing needs, before the SDK starts to send and to retry."""
    wrapped = self.__dict__[_WRAPPED]
    if not wrapped.sdk.check_instead_of_signing(self, request):
        type(self)._prepare_request(self, request)
    wrapped.core.admit(request)


async def _prepare_async(self: Any, request: Any) -> None:
    """Do the same for asynchronous clients."""
    wrapped = self.__dict__[_WRAPPED]
    if not wrapped.sdk.check_instead_of_signing(self, request):
        await type(self)._prepare_request(self, request)
    await wrapped.core.admit_async(request)


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
    if _WRAPPED in vars(copied):  # by a `copy` that the other one calls
        return copied
    wrapped = _wrapped(client)
    sdk, spec, core = wrapped.sdk, wrapped.spec, wrapped.core
    if sdk.project(copied) != sdk.project(client):
        spec = replace(spec, project=None)
    if sdk.state(copied) != sdk.state(client):
        core = spec.core_for(sdk, copied)
    _attach(copied, sdk, spec, core)
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
            "wrap() takes a client such as openai.OpenAI or anthropic.AsyncAnthropic, "
            f"not {type(client).__module__}.{type(client).__qualname__}: {refusal}"
        )
    return sdk
