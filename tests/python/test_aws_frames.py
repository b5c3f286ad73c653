"""The reader of AWS's event streams beside botocore's, on random streams, good and damaged."""

from __future__ import annotations

import os
import random
import struct
import subprocess
import zlib
from pathlib import Path
from typing import Any

import pytest

eventstream = pytest.importorskip("botocore.eventstream")

ROOT = Path(__file__).parents[2]
STREAMS = 100_000
SEED = 20261130

Header = tuple[bytes, int, bytes]
Frame = tuple[list[Header], bytes]

# The bytes of the values of a type; 6 and 7 have a length of their own.
_SIZES = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
_FORMATS = {2: ">b", 3: ">h", 4: ">i", 5: ">q", 8: ">q"}


def _reader() -> Path:
    given = os.environ.get("TEST_AWS_FRAME_READER")
    built = [Path(given)] if given else ROOT.glob("build/*/tests/core/http/aws_frame_reader")
    found = max(built, key=lambda path: path.stat().st_mtime, default=None)
    if found is None:
        pytest.skip("build the target aws_frame_reader first")
    return found


def _header_bytes(header: Header) -> bytes:
    name, kind, value = header
    length = struct.pack(">H", len(value)) if kind in (6, 7) else b""
    return bytes([len(name)]) + name + bytes([kind]) + length + value


def _frame_bytes(frame: Frame) -> bytes:
    headers = b"".join(map(_header_bytes, frame[0]))
    prelude = struct.pack(">II", 16 + len(headers) + len(frame[1]), len(headers))
    prelude += struct.pack(">I", zlib.crc32(prelude))
    text = prelude + headers + frame[1]
    return text + struct.pack(">I", zlib.crc32(text))


def _random_header(chance: random.Random, index: int) -> Header:
    kind = chance.randrange(10)
    if kind == 7:
        value = "".join(chance.choices("aZ0 {}\u00e9\u4e16", k=chance.randrange(20))).encode()
    else:
        value = chance.randbytes(_SIZES.get(kind, chance.randrange(20)))
    return b":h%d" % index, kind, value


def _random_frame(chance: random.Random) -> Frame:
    headers = [_random_header(chance, i) for i in range(chance.randrange(4))]
    return headers, chance.randbytes(chance.choice((0, 1, 17, chance.randrange(400))))


def _damaged(chance: random.Random, stream: bytes) -> bytes:
    """Cut, or with a byte that is another one, gone, or there twice."""
    at = chance.randrange(len(stream))
    how = chance.randrange(4)
    if how == 0:
        return stream[:at]
    if how == 1:
        return stream[:at] + bytes([stream[at] ^ 1 << chance.randrange(8)]) + stream[at + 1 :]
    if how == 2:
        return stream[:at] + stream[at + 1 :]
    return stream[:at] + stream[at : at + 1] + stream[at:]


def _by_botocore(stream: bytes) -> tuple[list[tuple[dict[str, Any], bytes]], bool]:
    """The frames up to the first bad one, and whether there was one."""
    buffer = eventstream.EventStreamBuffer()
    buffer.add_data(stream)
    frames = []
    while True:
        try:
            message = buffer.next()
        except StopIteration:
            return frames, False
        except (eventstream.ParserError, KeyError, struct.error, UnicodeDecodeError):
            return frames, True
        frames.append((message.headers, message.payload))


def _value(kind: int, text: bytes) -> Any:
    if kind in (0, 1):
        return kind == 0
    if kind in _FORMATS:
        return struct.unpack(_FORMATS[kind], text)[0]
    return text.decode() if kind == 7 else text


def _by_costmark(line: str) -> tuple[list[tuple[dict[str, Any], bytes]], bool]:
    *frames, fault = line.split(";")
    read = []
    for frame in frames:
        headers, _, payload = frame.partition("|")
        values = {}
        for header in headers.split(" ")[1:]:
            name, kind, value = header.split(":")
            values[bytes.fromhex(name).decode()] = _value(int(kind), bytes.fromhex(value))
        read.append((values, bytes.fromhex(payload)))
    return read, fault != "0"


def _streams(chance: random.Random, count: int) -> list[bytes]:
    streams = []
    for i in range(count):
        stream = b"".join(
            _frame_bytes(_random_frame(chance)) for _ in range(chance.randrange(1, 5))
        )
        streams.append(_damaged(chance, stream) if i % 2 else stream)
    return streams


def _compare(count: int) -> None:
    chance = random.Random(SEED)
    streams = _streams(chance, count)
    given = b"".join(
        struct.pack(">HI", chance.randrange(1, 200), len(stream)) + stream for stream in streams
    )
    ran = subprocess.run([_reader()], input=given, capture_output=True, check=True, timeout=600)
    lines = ran.stdout.decode().splitlines()
    assert len(lines) == len(streams)
    faults = 0
    for stream, line in zip(streams, lines, strict=True):
        found = _by_costmark(line)
        assert found == _by_botocore(stream), stream.hex()
        faults += found[1]
    assert count // 8 < faults < count // 2  # the other damaged ones are cut


def test_streams_read_as_botocore_reads_them() -> None:
    _compare(2_000)


@pytest.mark.full
def test_many_streams_read_as_botocore_reads_them() -> None:
    _compare(STREAMS)
