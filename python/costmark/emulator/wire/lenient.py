"""How the most lenient server reads a request: to see that no spelling is a way around attribution.

Written from what servers do: Tomcat drops what follows a ';' in a segment, IIS knows no case and
takes '\\\\' for '/', Windows drops trailing dots and blanks, proxies take escapes off twice, and C
programs end a path at NUL.
"""

from __future__ import annotations

import gzip
import re
import zlib
from urllib.parse import unquote_to_bytes

_MOST_DECODINGS = 10
_MOST_BODY_BYTES = 16 * 1024 * 1024
# What requests to these end with makes a model work, whatever the method.
_WORKING = ("completions", "responses", "compact", "messages", "embeddings")
_METHOD_HEADERS = ("x-http-method-override", "x-http-method", "x-method-override")


def lenient_path(raw_path: str) -> str:
    """The path that a lenient server takes this one for."""
    path = _decoded(raw_path.encode("latin-1"))
    path = re.sub(rb"^https?://[^/]*", b"", path)  # in the absolute form, as to a proxy
    path = re.split(rb"[?#\x00]", path)[0].replace(b"\\", b"/")
    kept: list[bytes] = []
    for segment in path.split(b"/"):
        bare = re.sub(rb"[\x01-\x1f\x7f]", b"", segment.partition(b";")[0]).strip(b" ")
        if bare == b"..":
            del kept[-1:]
        elif name := bare.rstrip(b" ."):
            kept.append(name.lower())
    return "/" + b"/".join(kept).decode("utf-8", "replace")


def _decoded(path: bytes) -> bytes:
    for _ in range(_MOST_DECODINGS):
        before, path = path, unquote_to_bytes(path)
        path = re.sub(rb"%u00([0-9a-fA-F]{2})", rb"%\1", path)
        path = path.replace(b"\xc0\xaf", b"/").replace(b"\xc0\xae", b".")
        if path == before:
            break
    return path


def lenient_method(
    method: str, path: str, headers: tuple[tuple[str, str], ...], body: bytes
) -> str:
    """The method that a lenient server takes this one for."""
    for name, value in headers:
        if name in _METHOD_HEADERS:
            return value.upper()
    if body and path.rpartition("/")[2] in _WORKING:
        return "POST"
    return method.upper()


def lenient_body(body: bytes) -> bytes:
    """The body without an encoding that it is in, whatever its labels say, and without a mark."""
    for decode in (gzip.decompress, _inflated):
        try:
            body = decode(body)
            break
        except (OSError, EOFError, zlib.error):
            continue
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        return body.decode("utf-16", "replace").encode()
    return body.removeprefix(b"\xef\xbb\xbf")


def _inflated(body: bytes) -> bytes:
    return zlib.decompressobj().decompress(body, _MOST_BODY_BYTES)
