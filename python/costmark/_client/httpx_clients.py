"""httpx clients and transports, wrapped one by one, for code without an SDK.

httpx is not imported here: the code that has a client or a transport has imported it, or httpx2.
"""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Any, ClassVar

from .._transports import under_way
from .core_client import CoreClient
from .family import family_of
from .transport import Transport
from .wrap import WRAPPED, Given, core_for_origin, specify

if TYPE_CHECKING:
    from .call import Call
    from .wrap import Credentials, OnUsage, Spec, Token

    _AnyTransport: Any  # fits where a transport of either library is asked for
else:
    _AnyTransport = object

_PICK = "_transport_for_url"


# --- Transports -----------------------------------------------------------------------------------


class _Wrapping(Transport):
    __slots__ = ()
    _sends: ClassVar[str]  # what a transport inside has

    def __init__(
        self,
        inner: Any,
        *,
        project: str | None = None,
        credentials: Credentials | None = None,
        bearer_token: Token | None = None,
        on_usage: OnUsage | None = None,
        **options: object,
    ) -> None:
        given = Given(project, credentials, bearer_token, options, on_usage)
        del bearer_token, options  # not for tracebacks
        if not hasattr(inner, self._sends):
            raise TypeError(_no_transport(type(self).__name__, inner))
        super().__init__(inner, core_for_origin(specify(given), None), None)
        under_way.ask()

    def _core_of(self, request: Any, call: Call | None) -> CoreClient | None:
        if self._family is None:
            self._family = family_of(request)  # there is one httpx, or the other
        content = getattr(request, "_content", None)
        if under_way.is_prepared(request.method, str(request.url), content):
            return None
        return super()._core_of(request, call)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


class HTTPTransport(_Wrapping, _AnyTransport):  # type: ignore[misc]
    """Attributes, signs and counts what a transport of httpx, or of httpx2, sends.

    ::

        transport = costmark.HTTPTransport(httpx.HTTPTransport(), project="proj_support")
        client = httpx.Client(transport=transport)

    The other arguments are those of `wrap`. Where `base_url` is given, it is the only endpoint that
    the transport sends to, and one that requests may be signed for though it is none of AWS's own.
    """

    __slots__ = ()
    _sends = "handle_request"

    def __enter__(self) -> HTTPTransport:
        self.inner.__enter__()
        return self

    def __exit__(self, *exc_info: Any) -> None:
        self.inner.__exit__(*exc_info)

    def close(self) -> None:
        """Close the transport inside."""
        self.inner.close()


class AsyncHTTPTransport(_Wrapping, _AnyTransport):  # type: ignore[misc]
    """`HTTPTransport` for asynchronous clients.

    ::

        transport = costmark.AsyncHTTPTransport(httpx.AsyncHTTPTransport(), project="proj_support")
        client = httpx.AsyncClient(transport=transport)
    """

    __slots__ = ()
    _sends = "handle_async_request"

    async def __aenter__(self) -> AsyncHTTPTransport:
        await self.inner.__aenter__()
        return self

    async def __aexit__(self, *exc_info: Any) -> None:
        await self.inner.__aexit__(*exc_info)

    async def aclose(self) -> None:
        """Close the transport inside."""
        await self.inner.aclose()


def _no_transport(name: str, given: object) -> str:
    cls = type(given)
    kind = f"{cls.__module__}.{cls.__qualname__}"
    text = f"{name}() takes a transport, such as httpx.{name}(), not {kind}"
    return text + (": wrap a client with costmark.wrap()" if is_http_client(given) else "")


# --- Clients --------------------------------------------------------------------------------------


def is_http_client(client: object) -> bool:
    """Whether that is a client of httpx or of httpx2."""
    cls: type = type(client)
    return any(
        base.__module__.partition(".")[0] in ("httpx", "httpx2")
        and base.__name__ in ("Client", "AsyncClient")
        for base in cls.__mro__
    )


def wrap_http_client(client: Any, spec: Spec) -> None:
    """Let what a client sends, with whatever transport, go through a core client of its own."""
    core = core_for_origin(spec, str(client.base_url).rstrip("/") or None)
    vars(client)[WRAPPED] = core
    vars(client)[_PICK] = types.MethodType(_transport_for_url, client)


def unwrap_http_client(client: Any) -> None:
    """Undo that."""
    if isinstance(vars(client).get(WRAPPED), CoreClient):
        del vars(client)[_PICK], vars(client)[WRAPPED]


def _transport_for_url(self: Any, url: Any) -> Any:
    inner = type(self)._transport_for_url(self, url)
    core: CoreClient | None = vars(self).get(WRAPPED)
    # None in a client that another thread unwraps.
    return inner if core is None else Transport(inner, core, family_of(self))
