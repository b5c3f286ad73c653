"""`patch` and `unpatch`: wrap the clients that others construct."""

from __future__ import annotations

import functools
import importlib.util
import sys
import threading
from typing import TYPE_CHECKING, Any

from .. import _core
from .._sdk.base import PACKAGES, sdk_named, sdk_of
from ..errors import ConfigurationError
from .transport import is_view
from .wrap import Given, check_arguments, wrap_as_patched

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from importlib.machinery import ModuleSpec
    from types import ModuleType

    from .wrap import Credentials, OnUsage, Token

_lock = threading.Lock()
_hooked: dict[type[Any], tuple[Callable[..., None], Callable[..., None]]] = {}
_rule: _Rule | None = None


def patch(
    hosts: Collection[str] = (),
    *,
    project: str | None = None,
    credentials: Credentials | None = None,
    bearer_token: Token | None = None,
    on_usage: OnUsage | None = None,
    **options: object,
) -> None:
    """Wrap every client of the OpenAI and the Anthropic SDK that is made from now on for Bedrock.

    Meant for frameworks that make their own clients. Those whose base URL is a Bedrock host, or one
    of `hosts` (``"gateway.internal"`` or ``"localhost:8080"``), are wrapped with these arguments,
    which are those of `wrap`; all others stay untouched. A wrapped client, or a copy of it, that is
    given the base URL of another host later sends as if it were not wrapped. `project` is for
    clients that name none themselves. Patching again replaces the arguments. An SDK need not be
    imported yet, and is not imported by this.
    """
    global _rule
    if isinstance(hosts, str):
        hosts = (hosts,)
    named = frozenset(_host_and_port(host) for host in hosts)
    if hosts:  # one of them may be another vendor's own
        options["hosts"] = sorted(hosts)
    given = Given(project, credentials, bearer_token, options, on_usage)
    del bearer_token, options  # not for tracebacks
    # What is wrong for any client is said here, not where other code constructs one.
    check_arguments(given)
    with _lock:
        _rule = _Rule(named, given)
        if _watcher not in sys.meta_path:
            sys.meta_path.insert(0, _watcher)
    for package in PACKAGES & sys.modules.keys():
        _hook_constructors(package)


def unpatch() -> None:
    """Stop wrapping new clients; those that are wrapped stay so. Harmless without `patch`."""
    global _rule
    with _lock:
        _rule = None
        if _watcher in sys.meta_path:
            sys.meta_path.remove(_watcher)
        while _hooked:
            cls, (original, hooked) = _hooked.popitem()
            # What other code put on top stays; ours below it does nothing without a rule.
            if vars(cls)["__init__"] is hooked:
                cls.__init__ = original


class _Rule:
    """Which clients to wrap, and how."""

    def __init__(self, hosts: frozenset[tuple[str, int | None]], given: Given) -> None:
        self._hosts = hosts
        self._given = given

    def apply(self, client: Any) -> None:
        # A copy of a wrapped client has its view already, and the code that copies wraps it.
        if is_view(client._client) or not self._matches(client.base_url):
            return
        sdk = sdk_of(client)
        if sdk is not None and sdk.refusal(client) is None:
            wrap_as_patched(client, self._matches, self._given)

    def _matches(self, url: Any) -> bool:
        host, port = url.host.lower(), url.port or {"http": 80, "https": 443}.get(url.scheme)
        return (
            (host, None) in self._hosts
            or (host, port) in self._hosts
            or _core.is_bedrock_host(host)
        )


def _hook_constructors(package: str) -> None:
    with _lock:
        if _rule is None:
            return
        for cls in sdk_named(package).client_classes():
            if cls not in _hooked:
                original = vars(cls)["__init__"]
                hooked = _constructor(original)
                _hooked[cls] = (original, hooked)
                cls.__init__ = hooked  # type: ignore[misc]


class _Watcher:
    """Sees to an SDK that is imported after `patch`; leaves the finding of it to others."""

    def __init__(self) -> None:
        self._looking: set[str] = set()

    def find_spec(
        self, name: str, path: object = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name not in PACKAGES or name in self._looking:
            return None
        self._looking.add(name)
        try:
            spec = importlib.util.find_spec(name)
        finally:
            self._looking.discard(name)
        loader: Any = None if spec is None else spec.loader
        if loader is None:
            return spec
        execute = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            del loader.exec_module
            execute(module)
            _hook_constructors(name)

        loader.exec_module = exec_module
        return spec


_watcher: Any = _Watcher()


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
