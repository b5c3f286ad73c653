"""Ledgers of several machines with all states in their rows, shipped to one place."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

from costmark import ledger

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    Row = dict[str, Any]

DAY_US = 86_400_000_000
DAYS = 4
FIRST_US = 1_774_828_800_000_000  # 2026-03-30 00:00 UTC: the next month begins in between
MACHINES = 4
# A sum of three such costs is more than 64 bits hold.
LARGE = 2**62


def rows_of(machine: int, count: int, seed: int) -> Iterator[Row]:
    """What one machine's writer writes, in order."""
    rng = random.Random(seed * MACHINES + machine)
    for seq in range(count):
        yield _row(rng, machine, seq)


def _row(rng: random.Random, machine: int, seq: int) -> Row:
    begin = FIRST_US + rng.randrange(DAYS) * DAY_US + rng.randrange(DAY_US)
    row: Row = {
        "v": 1,
        "kind": "attempt",
        "writer": f"{machine:016x}",
        "seq": seq,
        "op": f"op-{machine}-{seq // 2}",
        "attempt": 1 + seq % 2,
        "start_us": begin,
        "end_us": begin + rng.randrange(60_000_000),
        "latency_us": 5,
        "machine": f"host-{machine}",
        "project": rng.choice(("proj_a", "proj_b", 'it\'s "odd"; --', "default")),
        "project_source": rng.choice(("client", "scope", "none")),
        "api": rng.choice(("responses", "messages")),
        "stream": False,
        "outcome": rng.choice(("ok", "ok", "ok", "error", "incomplete", "cancelled", "open")),
    }
    for name, values in _OPTIONAL.items():
        if rng.random() < 0.7:
            row[name] = rng.choice(values)
    if row.get("cost_state") not in ("priced", "partial"):
        row.pop("cost_pico", None)
    return _as_some_kind(rng, machine, row)


_OPTIONAL: dict[str, tuple[Any, ...]] = {
    "account": ("111122223333", "444455556666"),
    "region": ("us-east-1", "eu-west-1"),
    "url_host": ("bedrock-mantle.us-east-1.api.aws",),
    "model": ("alpha", "us.beta", "unheard-of"),
    "serving": ("geo", "global"),
    "tier": ("default", "flex"),
    "sdk": ("OpenAI/Python 3.1.0",),
    "input": (0, 10, 999, 5_000_000_000),
    "cached": (0, 5, 2000),
    "cache_write": (0, 4),
    "output": (0, 7, 300),
    "reasoning": (0, 3),
    "cost_pico": (0, 1, 123_456_789, LARGE),
    "cost_state": ("priced", "priced", "partial", "unpriced", "elsewhere", "free", "unknown"),
    "tags": ({"team": "search"}, {"team": "it's"}, {}, {"other": "x"}),
    "labels": ({"feature": "=1+1"}, {"user": "x", "feature": ""}),
}


def _as_some_kind(rng: random.Random, machine: int, row: Row) -> Row:
    kind = rng.random()
    if kind < 0.10:  # begun only, unless its attempt comes
        row = {**row, "kind": "begin", "op": rng.choice((row["op"], f"lone-{row['op']}"))}
    elif kind < 0.20:  # settled here, or by another machine, more than once perhaps
        row |= {"kind": "settle", "response_id": f"resp_{rng.randrange(200)}"}
    elif kind < 0.30:
        row |= {"response_id": f"resp_{machine}_{rng.randrange(10**9)}"}
        row |= {"response_id": f"resp_{rng.randrange(400)}"} if rng.random() < 0.01 else {}
    elif kind < 0.35:
        row |= {"kind": "refused", "error_code": "unattributed"}
    elif kind < 0.36:
        row = {name: row[name] for name in ("v", "writer", "seq", "start_us")}
        row |= {"kind": "note", "note": "lost", "pid": 7, "rows_lost": rng.randrange(9)}
    return row


def shipped(root: Path, rows: list[Row] | Iterator[Row], machine: int, name: str) -> None:
    """One machine's ledger: its rows in three segments, compacted in two runs, and shipped."""
    folder = root / name
    segments = [_segment(folder, machine, start) for start in range(3)]
    for path in segments:
        path.parent.mkdir(parents=True, exist_ok=True)
    files = [path.open("wb") for path in segments]
    for place, row in enumerate(rows):
        files[place * 3 // 1_000 % 3].write(_line(row))
    for file in files:
        file.write(_line({**_TORN, "writer": f"{machine:016x}"})[:-40])
        file.close()
    late = segments[2].rename(folder / "late.jsonl")
    ledger.compact(folder)
    ledger.push(folder, root / "shared")
    late.rename(segments[2])  # rows of days that were compacted already
    ledger.compact(folder)
    ledger.push(folder, root / "shared")


_TORN = next(rows_of(0, 1, seed=0)) | {"seq": 10**9}


def _segment(folder: Path, machine: int, start: int) -> Path:
    return folder / "raw" / "date=2026-03-30" / f"host-7-{start}-{machine:016x}.jsonl"


def _line(row: Row) -> bytes:
    return json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
