"""Segments made by hand, as writers make them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

DAY_US = 86_400_000_000
NOON_US = 1_764_504_000_000_000  # 2025-11-30 12:00 UTC


def attempt(seq: int, writer: str = "00112233aabbccdd", **members: Any) -> dict[str, Any]:
    """A row of an attempt with the members that it must have, and some more."""
    return {
        "v": 1,
        "kind": "attempt",
        "writer": writer,
        "seq": seq,
        "op": f"0192f0c1-0000-7000-8000-{seq:012}",
        "attempt": 1,
        "start_us": NOON_US + seq,
        "end_us": NOON_US + seq + 5,
        "latency_us": 5,
        "project": "proj_a",
        "project_source": "client",
        "api": "responses",
        "model": "openai.gpt-oss-120b",
        "stream": bool(seq % 2),
        "outcome": "ok",
        "status": 200,
        "input": 10 + seq,
        "output": 2,
        "meters": {"web_search": 1},
        "tags": {"team": "search"},
        "labels": {"user": "alice" if seq % 2 else "bob", "feature": 'a\u0000"é'},
        "usage": '{"input_tokens":12}',
        "flags": ["total"],
        "cost_pico": 9_223_372_036_854_775_807,
        **members,
    }


def note(seq: int, name: str, writer: str = "00112233aabbccdd") -> dict[str, Any]:
    """What a writer says about itself."""
    return {
        "v": 1,
        "kind": "note",
        "writer": writer,
        "seq": seq,
        "note": name,
        "start_us": NOON_US,
        "pid": 7,
        "rows_written": seq,
    }


def line_of(row: dict[str, Any]) -> bytes:
    """The row as it stands in a segment."""
    return json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def write_segment(
    folder: Path,
    rows: list[dict[str, Any]],
    *,
    writer: str = "00112233aabbccdd",
    start: int = 1,
    tail: bytes = b"",
    day: str = "2025-11-30",
) -> Path:
    """A segment of these rows, and bytes after them."""
    path = folder / "raw" / f"date={day}" / f"host-7-{start}-{writer}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(map(line_of, rows)) + tail)
    return path
