"""`patch` and `unpatch`: cover the calls that other code makes, with clients that it constructs."""

from __future__ import annotations

import functools
import importlib.util
import os
import sys
import threading
from typing import TYPE_CHECKING, Any

from .._sdk.base import PACKAGES, sdk_named, sdk_of
from .._transports import state
from .._transports.rule import Rule
from .transport import is_view
from .wrap import Given, check_arguments, wrap_as_patched

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from importlib.machinery import ModuleSpec
    from types import ModuleType

    from .wrap import Credentials, OnUsage, Token

_lock = threading.Lock()
_hooked: dict[type[Any], tuple[Callable[..., None], Callable[..., None]]] = {}
_rule: _SdkRule | None = None


def patch(
    hosts: Collection[str] = (),
    *,
    project: str | None = None,
    credentials: Credentials | None = None,
    bearer_token: Token | None = None,
    on_usage: OnUsage | None = None,
    **options: object,
) -> None:
    """Cover all that this process sends to Bedrock's hosts and to `hosts`.

    ::

        costmark.patch(hosts=["gateway.internal"], project="proj_support")
        httpx.post("https://gateway.internal/v1/chat/completions", json={...})

    Clients of the OpenAI and the Anthropic SDK that are made from now on are wrapped, with these
    arguments, which are those of `wrap`, and so are boto3's, aioboto3's, botocore's and
    aiobotocore's of Bedrock, which go on to sign by themselves. What is sent otherwise, by clients
    made before or after, is covered where it leaves: by httpx, httpx2, aiohttp (3.12 or newer),
    urllib3 (2.0 or newer) and requests, each as soon as it is imported. A call that is covered
    twice is prepared once. `coverage` tells what is covered, and what passed as it was.

    `hosts` are names (``"gateway.internal"``, or ``"localhost:8080"``), by default those of
    ``COSTMARK_HOSTS``. `project` is for calls that name none themselves. Patching again replaces
    the arguments.
    """
    global _rule
    given = Given(project, credentials, bearer_token, options, on_usage)
    del bearer_token, options  # not for tracebacks
    hosts_rule, given = checked_rule(hosts, given)
    with _lock:
        _rule = _SdkRule(hosts_rule, given)
        if _watcher not in sys.meta_path:
            sys.meta_path.insert(0, _watcher)
    for package in PACKAGES & sys.modules.keys():
        _hook_constructors(package)
    state.follow(hosts_rule)
    hosts_rule.look_at_environment()


def checked_rule(hosts: Collection[str], given: Given) -> tuple[Rule, Given]:
    """Return what `patch` with these arguments would follow.

    What is wrong for any client is said here, not where other code constructs one.
    """
    if isinstance(hosts, str):
        hosts = (hosts,)
    if not hasattr(hosts, "__iter__") or not all(isinstance(host, str) for host in hosts):
        raise TypeError(
            "hosts takes names of hosts, such as ['gateway.internal', 'localhost:8080'], not "
            f"{hosts!r:.80}"
        )
    hosts = tuple(hosts) or tuple(filter(None, _environment_hosts()))
    if hosts:  # one of them may be another vendor's own
        options = {**given.options, "hosts": sorted(hosts)}
        on_usage = given.on_usage
        given = Given(given.project, given.credentials, given.bearer_token, options)
        given.on_usage = on_usage
        del options
    rule = Rule(hosts, given)
    check_arguments(given)
    return rule, given


def unpatch() -> None:
    """Cover no more calls; clients of SDKs that are wrapped stay so. Harmless without `patch`."""
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
    state.follow(None)


def hooked_sdks() -> list[str]:
    """Return the SDKs whose new clients are wrapped."""
    with _lock:
        return sorted({cls.__module__.partition(".")[0] for cls in _hooked})


def _environment_hosts() -> list[str]:
    return [host.strip() for host in os.environ.get("COSTMARK_HOSTS", "").split(",")]


class _SdkRule:
    """Which clients of SDKs to wrap, and how."""

    def __init__(self, rule: Rule, given: Given) -> None:
        self._rule = rule
        self._given = given

    def apply(self, client: Any) -> None:
        # A copy of a wrapped client has its view already, and the code that copies wraps it.
        if is_view(client._client) or not self._rule.covers_url(client.base_url):
            return
        sdk = sdk_of(client)
        if sdk is not None and sdk.refusal(client) is None:
            wrap_as_patched(client, self._rule.covers_url, self._given)


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
    """Sees to a library that is imported after `patch`; leaves the finding of it to others."""

    def __init__(self) -> None:
        self._looking: set[str] = set()

    def find_spec(
        self, name: str, path: object = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        hook = (
            _hook_constructors
            if name in PACKAGES
            else state.hook_library
            if name in state.LIBRARIES
            else None
        )
        if hook is None or name in self._looking:
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
            hook(name)

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
