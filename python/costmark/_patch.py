"""`patch` and `unpatch`: wrap the clients that others construct."""

from __future__ import annotations

import functools
import threading
from typing import TYPE_CHECKING, Any

from . import _core
from ._openai import check_arguments, wrap
from ._transport import is_view
from .errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

_lock = threading.Lock()
_hooked: dict[type[Any], tuple[Callable[..., None], Callable[..., None]]] = {}
_rule: _Rule | None = None


def patch(
    hosts: Collection[str] = (),
    *,
    project: str | None = None,
    credentials: _core.Credentials | Callable[[], _core.Credentials] | None = None,
    bearer_token: str | Callable[[], str] | None = None,
    **options: object,
) -> None:
    """Wrap every OpenAI client that is constructed from now on and talks to Bedrock.

    Meant for frameworks that make their own clients. Those whose base URL is a Bedrock host, or one
    of `hosts` (``"gateway.internal"`` or ``"localhost:8080"``), are wrapped with these arguments,
    which are those of `wrap`; all others stay untouched. Patching again replaces the arguments.
    """
    global _rule
    if isinstance(hosts, str):
        hosts = (hosts,)
    named = frozenset(_host_and_port(host) for host in hosts)
    arguments: dict[str, Any] = {
        "project": project,
        "credentials": credentials,
        "bearer_token": bearer_token,
        **options,
    }
    # What is wrong for any client is said here, not where somebody else's code constructs one.
    check_arguments(**arguments)
    import openai

    with _lock:
        _rule = _Rule(named, arguments)
        for cls in (openai.OpenAI, openai.AsyncOpenAI):
            if cls not in _hooked:
                original = cls.__init__
                hooked = _constructor(original)
                _hooked[cls] = (original, hooked)
                cls.__init__ = hooked  # type: ignore[method-assign]


def unpatch() -> None:
    """Stop wrapping new clients; those that are wrapped stay so. Harmless without `patch`."""
    global _rule
    with _lock:
        _rule = None
        while _hooked:
            cls, (original, hooked) = _hooked.popitem()
            # What somebody else put on top stays; ours below it does nothing without a rule.
            if vars(cls)["__init__"] is hooked:
                cls.__init__ = original


class _Rule:
    """Which clients to wrap, and how."""

    def __init__(self, hosts: frozenset[tuple[str, int | None]], arguments: dict[str, Any]) -> None:
        self._hosts = hosts
        self._arguments = arguments

    def apply(self, client: Any) -> None:
        # A copy of a wrapped client has its view already, and is wrapped by whoever copies.
        if not is_view(client._client) and self._matches(client.base_url):
            wrap(client, **self._arguments)

    def _matches(self, url: Any) -> bool:
        host, port = url.host.lower(), url.port or {"http": 80, "https": 443}.get(url.scheme)
        return (
            (host, None) in self._hosts
            or (host, port) in self._hosts
            or _core.is_bedrock_host(host)
        )


def _constructor(original: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(original)
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807 - takes its place
        original(self, *args, **kwargs)
        if _rule is not None:
            _rule.apply(self)

    return __init__


def _host_and_port(text: str) -> tuple[str, int | None]:
    host, port = text.strip().lower(), None
    if host.startswith("["):
        host, _, rest = host[1:].partition("]")
        digits = rest.removeprefix(":") if rest else None
    elif host.count(":") == 1:
        host, _, digits = host.partition(":")
    else:
        digits = None
    if digits is not None:
        port = int(digits) if digits.isascii() and digits.isdigit() else 0
    if not host or set("/@?# ") & set(host) or (port is not None and not 0 < port < 65536):
        raise ConfigurationError(
            f"hosts: {text!r} is no host; take a name, or name:port, such as 'localhost:8080'"
        )
    return host, port
