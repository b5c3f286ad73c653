"""Edit members of a JSON object without writing the rest of it anew.

Everything outside the edited members stays byte for byte: order, white space, escapes, the
spelling of numbers. A path names members from the root, separated by dots, such as
``stream_options.include_usage``; a backslash keeps the next character literal. Keys compare after
unescaping, and a member that occurs twice ends up once.

By default an edit never turns invalid text into valid text, nor valid into invalid; with
``strict=True`` exactly the texts of RFC 8259 are accepted. A `RequestError` carries the byte
offset.
"""

from __future__ import annotations

import json
from typing import Any

from . import _core
from .errors import RequestError

__all__ = ["set", "remove"]


def set(body: bytes, path: str, value: Any, *, strict: bool = False) -> bytes:  # noqa: A001
    """Return `body` with the member at `path` set to `value`, any value that JSON can express."""
    return _core.json_set(body, path, _to_json(value), strict)


def remove(body: bytes, path: str, *, strict: bool = False) -> bytes:
    """Return `body` without the member at `path`; an absent member is no error."""
    return _core.json_remove(body, path, strict)


def _to_json(value: Any) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        if text.isascii():
            return text
        try:
            text.encode()
        except UnicodeEncodeError:  # a lone surrogate: JSON can only escape it
            return json.dumps(value, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise RequestError(f"the value cannot be written as JSON: {error}") from error
    return text
