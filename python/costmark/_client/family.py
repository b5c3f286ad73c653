"""httpx and httpx2: the same classes twice, each of which takes only objects of its own."""

from __future__ import annotations

import functools
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from ..errors import RequestError
from .buffered import AsyncBuffered, SyncBuffered
from .call import CALL
from .exchange import AsyncExchange, SyncExchange

if TYPE_CHECKING:
    from .core_client import Outgoing

_MODULES = ("httpx", "httpx2")


class Family:
    """The classes of one of the two, and what depends on how they keep what they hold."""

    def __init__(self, name: str, names: Any) -> None:
        self.request = names.Request
        self.headers = names.Headers
        self.url = names.URL
        self.byte_stream = names.ByteStream
        self._empty_headers = vars(names.Headers())
        of = {"module": name}
        self.sync_exchange = type("ObservedStream", (SyncExchange, names.SyncByteStream), of)
        self.async_exchange = type("ObservedStream", (AsyncExchange, names.AsyncByteStream), of)
        self.sync_buffered = type("BufferedStream", (SyncBuffered, names.SyncByteStream), {})
        self.async_buffered = type("BufferedStream", (AsyncBuffered, names.AsyncByteStream), {})

    def headers_of(self, fields: list[tuple[bytes, ...]]) -> Any:
        """Return headers with the fields that the core gave in return for those of `fields_of`."""
        if not fields or len(fields[0]) != 3:
            return self.headers(fields)
        headers = object.__new__(self.headers)
        parts = self._empty_headers.copy()
        parts["_list"] = fields
        headers.__dict__ = parts
        return headers

    def take_target(self, request: Any) -> None:
        """Put what the extension `target` sends in place of the URL's path into the URL itself."""
        extensions = dict(request.extensions)
        target = extensions.pop("target")
        raw: Any = target.encode("ascii") if isinstance(target, str) else target
        if not isinstance(raw, bytes) or not raw.startswith(b"/"):
            raise RequestError(
                "the request's extension 'target' is no path: give the URL itself, so that what is "
                "attributed is what is sent"
            )
        request.url = request.url.copy_with(raw_path=raw)
        request.extensions = extensions

    def rebuilt(self, request: Any, outgoing: Outgoing) -> Any:
        """Return a request of its own to send, as the caller's may be sent again; or that one."""
        fields, body, url, _ = outgoing
        if fields is None and body is None and url is None:
            return request
        # Not by its constructor, which would parse again what was parsed already.
        rebuilt = object.__new__(self.request)
        parts = rebuilt.__dict__ = request.__dict__.copy()
        parts["extensions"] = extensions = dict(request.extensions)
        extensions.pop(CALL, None)
        parts["headers"] = (
            self.headers(request.headers) if fields is None else self.headers_of(fields)
        )
        if url is not None:
            parts["url"] = self.url(url)
            extensions.pop("target", None)  # it was of the URL before
        if body is not None:
            parts["_content"] = body
            parts["stream"] = self.byte_stream(body)
        return rebuilt


# Its parts and its text, in one object: no thread sees the parts of one with the text of another.
_last_url: tuple[object, str] = (object(), "")


def parts_of(request: Any) -> tuple[str, Any, bytes | None]:
    """Return what the core takes for the URL of a request, for its headers, and for its body."""
    parts, text = _last_url
    if getattr(request.url, "_uri_reference", None) is not parts:
        text = _url_text(request.url)
    headers = request.headers
    fields = headers._list if _kept_as_triples.get(type(headers)) else fields_of(headers)
    return text, fields, body_at_hand(request)


def body_at_hand(request: Any) -> bytes | None:
    """Return the body that will be sent; None where it is a stream that was not read.

    The stream is what is sent. Who puts another one in place leaves the content that was read of
    the old one behind.
    """
    try:
        content, held = request._content, request.stream._stream  # of a ByteStream
    except AttributeError:
        return None
    if content is not None and (held is content or isinstance(held, bytes)):
        body: bytes = held
        return body
    return None


def _url_text(url: Any) -> str:
    """Return the text of a URL: that of the last one when its parts are the same.

    Most calls of a program go to one URL, and httpx takes long to put it together. One that may
    hold a secret is not kept.
    """
    global _last_url
    parts = getattr(url, "_uri_reference", None)
    if parts is None or parts.query is not None or parts.userinfo:
        return str(url)
    last_parts, text = _last_url
    if parts != last_parts:
        text = str(url)
    _last_url = parts, text
    return text


_kept_as_triples: dict[type, bool] = {}


def fields_of(headers: Any) -> Any:
    """Return the fields of headers for the core: as they are kept, else as pairs."""
    cls: type = type(headers)
    triples = _kept_as_triples.get(cls)
    if triples is None:
        triples = _kept_as_triples[cls] = _keeps_triples(cls)
    return headers._list if triples else headers.raw


def _keeps_triples(cls: type) -> bool:
    """Whether these headers are kept as (name, name in lower case, value), in a list `_list`.

    Those of all versions are that are known. To take the list as it is, and to give back such a
    one, saves the building of two others, and a normalization of every field.
    """
    if cls.__qualname__ != "Headers" or cls.__module__.partition(".")[0] not in _MODULES:
        return False
    probe: Any = cls
    kept = getattr(probe([(b"Name", b"value")]), "_list", None)
    return bool(kept == [(b"Name", b"name", b"value")])


def family_of(value: object) -> Family:
    """Return the family of an httpx client, of a request or of an answer."""
    cls: Any = type(value)
    return _family_of(cls)


@functools.lru_cache(maxsize=64)
def _family_of(cls: type) -> Family:
    for base in cls.__mro__:
        name = base.__module__.partition(".")[0]
        if name in _MODULES:
            return _family_with(name, _names_beside(base, name)["Request"])
    raise TypeError(f"{cls.__module__}.{cls.__qualname__} is of neither httpx nor httpx2")


@functools.lru_cache(maxsize=8)
def _family_with(name: str, request: type) -> Family:
    return Family(name, SimpleNamespace(**_names_beside(request, name)))


def _names_beside(cls: type, package: str) -> dict[str, Any]:
    """Return the names in the module that a class is written in.

    They are of the same copy of the package: that in `sys.modules` may have been imported later.
    """
    for value in vars(cls).values():
        names: dict[str, Any] = getattr(value, "__globals__", {})
        if names.get("__package__") == package and "Request" in names:
            return names
    return vars(sys.modules[package])
