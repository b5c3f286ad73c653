"""AWS's event streams, written: one frame for each event.

    total length (4 bytes) | length of the headers (4) | CRC32 of these eight bytes (4)
    headers | payload | CRC32 of all before it (4)

A header is the length of its name (1 byte), its name, the type 7 (1 byte), the length of its value
(2 bytes) and its value, a text.
"""

from __future__ import annotations

import struct
import zlib
from typing import Any

from .event_streams import Event
from .json_text import dumps

MEDIA_TYPE = "application/vnd.amazon.eventstream"

_TEXT = 7
_AROUND = 16  # the bytes of a frame that are neither headers nor payload


def frame(headers: dict[str, str], payload: bytes) -> bytes:
    """One frame."""
    head = b"".join(_header(name, value) for name, value in headers.items())
    prelude = struct.pack(">II", _AROUND + len(head) + len(payload), len(head))
    whole = prelude + struct.pack(">I", zlib.crc32(prelude)) + head + payload
    return whole + struct.pack(">I", zlib.crc32(whole))


def event_frame(name: str, body: Any, output_tokens: int = 0) -> Event:
    """An event whose payload is JSON."""
    headers = {
        ":event-type": name,
        ":content-type": "application/json",
        ":message-type": "event",
    }
    return Event(frame(headers, dumps(body)), output_tokens)


def exception_frame(code: str, message: str, output_tokens: int = 0) -> Event:
    """What an answer that fails after its head ends with."""
    headers = {
        ":exception-type": code[:1].lower() + code[1:],
        ":content-type": "application/json",
        ":message-type": "exception",
    }
    return Event(frame(headers, dumps({"message": message})), output_tokens)


def broken(event: Event) -> Event:
    """The same frame with another last byte, so that its checksum is wrong."""
    return Event(event.data[:-1] + bytes([event.data[-1] ^ 0xFF]), event.output_tokens)


def _header(name: str, value: str) -> bytes:
    raw_name, raw_value = name.encode(), value.encode()
    sizes = struct.pack(">BH", _TEXT, len(raw_value))
    return struct.pack(">B", len(raw_name)) + raw_name + sizes + raw_value
