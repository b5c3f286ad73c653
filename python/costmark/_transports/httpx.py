"""httpx and httpx2: every client, by the method with which its class picks a transport."""

from __future__ import annotations

import functools
import sys
from typing import TYPE_CHECKING, Any

from .._client.family import family_of
from .._client.transport import Transport, is_view
from . import state, under_way

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._client.call import Call
    from .._client.core_client import CoreClient
    from .rule import Rule


def hook(package: str) -> list[state.Hook]:
    """Return what to put in place of what, in httpx or in httpx2."""
    module = sys.modules[package]
    return [
        state.Hook(cls, "_transport_for_url", _picking)
        for cls in (module.Client, module.AsyncClient)
    ]


def _picking(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def _transport_for_url(self: Any, url: Any) -> Any:
        transport = original(self, url)
        rule = state.rule()
        if rule is None or is_view(self) or "_costmark" in vars(self) or covers_itself(transport):
            return transport
        return _Covering(transport, rule, self)

    return _transport_for_url


class _Covering(Transport):
    """The transport of a client that is not wrapped: covers what the rule says."""

    __slots__ = ("_rule",)

    def __init__(self, inner: Any, rule: Rule, client: Any) -> None:
        super().__init__(inner, None, family_of(client))
        self._rule = rule

    def _core_of(self, request: Any, call: Call | None) -> CoreClient | None:
        url = request.url
        host = url.raw_host.decode("ascii")  # as it is looked up, not as it is shown
        core = self._rule.core_for(url.scheme, host, url.port)
        content = getattr(request, "_content", None)
        if core is not None and under_way.is_prepared(request.method, str(url), content):
            return None
        if core is None:
            if call is not None and call.core is not None and _has_body(request):
                return call.core  # redirected with its body: refused, as to another origin
            if request.method == "POST":
                self._rule.passed(url.scheme, host.lower(), url.port, url.path)
        return core


def _has_body(request: Any) -> bool:
    return (
        "transfer-encoding" in request.headers or request.headers.get("content-length", "0") != "0"
    )


# --- Transports that are ours already -------------------------------------------------------------


def covers_itself(transport: Any, depth: int = 4) -> bool:
    """Whether a transport is one of costmark's, or sends through such: what these were told holds.

    One that may send another way as well does not.
    """
    if isinstance(transport, Transport):
        return True
    inner = [
        each
        for each in getattr(transport, "__dict__", {}).values()
        if hasattr(each, "handle_request") or hasattr(each, "handle_async_request")
    ]
    return depth > 0 and bool(inner) and all(covers_itself(each, depth - 1) for each in inner)
