"""`wrap` and `unwrap`: the official OpenAI client, attributed.

What a wrapped client gets, in its instance dictionary only: a view of its HTTP client
(`_transport`), hooks around building and preparing a request, copies that stay wrapped, and methods
that remember their scope (`_capture`).
"""

from __future__ import annotations

import functools
import os
import sys
import types
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from . import _bedrock, _capture, _core
from ._engine import Engine, option_texts
from ._transport import attach, detach

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_ClientT = TypeVar("_ClientT")
_WRAPPED = "_costmark"
_PROJECT_HEADER = "openai-project"


def wrap(
    client: _ClientT,
    *,
    project: str | None = None,
    credentials: _core.Credentials | Callable[[], _core.Credentials] | None = None,
    bearer_token: str | Callable[[], str] | None = None,
    **options: object,
) -> _ClientT:
    """Attribute, sign and count every call of an ``OpenAI`` or ``AsyncOpenAI`` client.

    Returns the same client. `project` is the default for calls that neither name a project
    themselves nor are made in a `project` scope. `credentials` and `bearer_token` may be callables;
    they are asked on the thread that makes a call. `options` are those of ``costmark options``,
    such as ``auth="sigv4"``, ``region="us-east-1"`` or ``unattributed="refuse"``.

    Copies made by ``with_options()`` and ``copy()`` are wrapped as well. An HTTP client that is
    shared with others does not change for them. Wrapping a wrapped client replaces its options.

    Raises `ConfigurationError` for options that cannot work, `AttributionError` for a bad project.
    """
    _check_is_client(client)
    spec = _specify(project, credentials, bearer_token, options)
    spec = replace(spec, base_url=str(_attribute(client, "base_url")))
    engine = spec.engine_for(client)
    if _WRAPPED in vars(client):
        unwrap(client)
    _attach(client, spec, engine)
    return client


def unwrap(client: _ClientT) -> _ClientT:
    """Give a wrapped client back as it was before; any other client is left alone."""
    wrapped: _Wrapped | None = vars(client).get(_WRAPPED)
    if wrapped is None:
        return client
    for name in (*wrapped.hooks, _WRAPPED):
        vars(client).pop(name, None)
    _capture.untrack(client)
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
    Engine(spec.options, credentials=spec.credentials, bearer_token=spec.bearer_token)


@dataclass(frozen=True)
class _Spec:
    """What a client was wrapped with."""

    project: str | None
    options: dict[str, str]
    credentials: _core.Credentials | Callable[[], _core.Credentials] | None
    bearer_token: Callable[[], str] | None
    base_url: str = ""

    def engine_for(self, client: Any) -> Engine:
        """Build the engine of a client: what was asked for, then what the client itself says."""
        identity = _bedrock.identity_of(client)
        options = {"base_url": self.base_url, **self.options}
        project = self.project or _client_project(client)
        if project is not None:
            options["project"] = project
        asked = self.credentials is not None or self.bearer_token is not None
        if not asked and not {"auth", "bearer_token", "access_key_id"} & self.options.keys():
            options = {**identity.options, **options}
        api_key = getattr(client, "api_key", None)
        return Engine(
            options,
            credentials=self.credentials if asked else identity.credentials,
            bearer_token=self.bearer_token,
            host_api_key=api_key if isinstance(api_key, str) else "",
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

    spec: _Spec
    engine: Engine
    hooks: tuple[str, ...]


def _client_project(client: Any) -> str | None:
    """The project of the constructor; one from OPENAI_PROJECT_ID is the core's to find."""
    project: str | None = getattr(client, "project", None)
    return None if not project or project == os.environ.get("OPENAI_PROJECT_ID") else project


def _attach(client: Any, spec: _Spec, engine: Engine) -> None:
    hooks = {
        "_build_request": _build_request,
        "_prepare_request": _prepare_async if _is_async(client) else _prepare,
        "copy": _copy,
        "with_options": _with_options,
    }
    for name, hook in hooks.items():
        like = functools.wraps(getattr(type(client), name))
        vars(client)[name] = types.MethodType(like(hook), client)
    _set_http_client(client, attach(_attribute(client, "_client"), engine))
    vars(client)[_WRAPPED] = _Wrapped(spec, engine, tuple(hooks))
    _capture.track(client)


# --- Hooks: bound to the client, they go on to what its class has under that name ----------------


def _build_request(self: Any, options: Any, **kwargs: Any) -> Any:
    """Take away the project header that the constructor's `project` puts on every request.

    It is the client's default. What the call itself, or the client's own headers, name stays.
    """
    request = type(self)._build_request(self, options, **kwargs)
    named = (getattr(options, "headers", None) or {}, getattr(self, "_custom_headers", None) or {})
    if _PROJECT_HEADER in request.headers and not any(
        str(name).lower() == _PROJECT_HEADER for headers in named for name in _names(headers)
    ):
        del request.headers[_PROJECT_HEADER]
    return request


def _names(headers: Any) -> Any:
    return headers if hasattr(headers, "__iter__") else ()


def _prepare(self: Any, request: Any) -> None:
    """Attribute and sign before the SDK starts to send, outside of its retries."""
    if not _bedrock.check_instead_of_signing(self, request):
        type(self)._prepare_request(self, request)
    vars(self)[_WRAPPED].engine.admit(request)


async def _prepare_async(self: Any, request: Any) -> None:
    """Do the same for asynchronous clients."""
    if not _bedrock.check_instead_of_signing(self, request):
        await type(self)._prepare_request(self, request)
    vars(self)[_WRAPPED].engine.admit(request)


def _copy(self: Any, *args: Any, **kwargs: Any) -> Any:
    return _wrap_copy(self, type(self).copy(self, *args, **kwargs))


def _with_options(self: Any, *args: Any, **kwargs: Any) -> Any:
    return _wrap_copy(self, type(self).with_options(self, *args, **kwargs))


def _wrap_copy(client: Any, copied: Any) -> Any:
    """Wrap a copy like its original, with an engine of its own where the copy differs."""
    if _WRAPPED in vars(copied):  # by a `copy` that the other one calls
        return copied
    wrapped: _Wrapped = vars(client)[_WRAPPED]
    spec, engine = wrapped.spec, wrapped.engine
    if copied.project != client.project:
        spec = replace(spec, project=None)
    if _identity(copied) != _identity(client):
        engine = spec.engine_for(copied)
    _attach(copied, spec, engine)
    return copied


def _identity(client: Any) -> tuple[Any, ...]:
    key = getattr(client, "_api_key_provider", None) or client.api_key
    return client.project, key, getattr(client, "_provider", None)


# --- The SDK --------------------------------------------------------------------------------------


def _attribute(client: object, name: str) -> Any:
    return getattr(client, name)


def _set_http_client(client: Any, http_client: Any) -> None:
    client._client = (
        http_client  # not by way of `vars`: the client of module `openai` has a property
    )


def _is_async(client: object) -> bool:
    return isinstance(client, sys.modules["openai"].AsyncOpenAI)


def _check_is_client(client: object) -> None:
    openai = sys.modules.get("openai")
    if openai is None or not isinstance(client, (openai.OpenAI, openai.AsyncOpenAI)):
        raise TypeError(
            f"wrap() takes an openai.OpenAI or openai.AsyncOpenAI client, "
            f"not {type(client).__module__}.{type(client).__qualname__}"
        )
