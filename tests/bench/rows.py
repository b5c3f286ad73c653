"""Segments with rows as a busy service writes them: each attempt with its beginning."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BEGIN_US = 1_764_460_800_000_000  # 2025-11-30
ROWS_OF_SEGMENT = 100_000
PROJECTS = [f"proj_{number:020x}" for number in range(50)]
MODELS = ["openai.gpt-oss-120b", "openai.gpt-oss-20b", "deepseek.v3-v1:0"]
TEAMS = ["search", "ads", "ml-platform", "support"]


def write_ledger(folder: Path, rows: int) -> None:
    """A ledger of so many rows, in segments of several writers."""
    within = folder / "raw" / "date=2025-11-30"
    within.mkdir(parents=True)
    for number, at in enumerate(range(0, rows, ROWS_OF_SEGMENT)):
        writer = f"{number:016x}"
        count = min(ROWS_OF_SEGMENT, rows - at)
        with open(within / f"host-7-{number}-{writer}.jsonl", "w", encoding="utf-8") as file:
            for row in rows_of(writer, count):
                file.write(json.dumps(row, separators=(",", ":")) + "\n")


def rows_of(writer: str, count: int) -> Iterator[dict[str, Any]]:
    """The rows of one writer."""
    rng = random.Random(writer)
    at_us = BEGIN_US
    for seq in range(0, count, 2):
        at_us += rng.randrange(20_000)
        call = _call(writer, seq, at_us, rng)
        yield {"v": 1, "kind": "begin", "writer": writer, "seq": seq, **call}
        yield {
            "v": 1,
            "kind": "attempt",
            "writer": writer,
            "seq": seq + 1,
            **call,
            **_end(at_us, rng),
        }


def _call(writer: str, seq: int, at_us: int, rng: random.Random) -> dict[str, Any]:
    counted = f"{seq >> 12:04x}-7{seq & 0xFFF:03x}"
    return {
        "op": f"019ad20f-{counted}-8{rng.randrange(1 << 12):03x}-{writer[4:]}",
        "attempt": 1,
        "start_us": at_us,
        "machine": "ip-10-0-3-17",
        "account": "123456789012",
        "region": "us-east-1",
        "url_host": "bedrock-mantle.us-east-1.api.aws",
        "project": rng.choice(PROJECTS),
        "project_source": "scope",
        "api": "responses",
        "model": rng.choice(MODELS),
        "stream": True,
        "tags": {"team": rng.choice(TEAMS), "cost-center": "cc-1234"},
        "labels": {"feature": "search", "user": f"u{rng.randrange(1000)}"},
    }


def _end(at_us: int, rng: random.Random) -> dict[str, Any]:
    taken, given, latency = rng.randrange(20_000), rng.randrange(2000), rng.randrange(5_000_000)
    usage = {"input_tokens": taken, "output_tokens": given, "total_tokens": taken + given}
    return {
        "end_us": at_us + latency,
        "latency_us": latency,
        "ttfb_us": latency // 2,
        "serving": "in-region",
        "tier": "default",
        "outcome": "ok" if rng.random() < 0.97 else "error",
        "status": 200,
        "request_id": f"req_{rng.randrange(1 << 64):016x}",
        "response_id": f"resp_{rng.randrange(1 << 96):024x}",
        "sdk": "OpenAI/Python 3.54.0",
        "input": taken,
        "cached": taken // 2,
        "output": given,
        "reasoning": given // 3,
        "total": taken + given,
        "cost_pico": taken * 150_000 + given * 600_000,
        "cost_state": "priced",
        "price_book": "3f2a9c",
        "usage": json.dumps(usage, separators=(",", ":")),
    }
