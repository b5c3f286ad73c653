"""A ledger as a company would have it: projects of teams, with weekdays, growth and trouble."""

from __future__ import annotations

import json
import math
import random
from typing import TYPE_CHECKING, Any

from costmark import prices
from ledger.segments import write_segment

if TYPE_CHECKING:
    from pathlib import Path

DAY_US = 86_400_000_000
FIRST_DAY_US = 1_764_547_200_000_000  # 2025-12-01
TEAMS = ("search", "support", "platform", "growth", "research", "legal")
APPS = ("chat", "agents", "batch", "evals", "ranking", "drafts", "notes", "triage", "voice")
FEATURES = ("answer", "summary", "rerank", "extract", "translate", "moderate", "title")
MODELS = (
    ("anthropic.claude-sonnet-4-6", 40, 9_000, 700),
    ("openai.gpt-5.4", 25, 5_000, 500),
    ("openai.gpt-oss-120b", 20, 3_000, 400),
    ("anthropic.claude-haiku-4-5", 12, 2_500, 250),
    ("acme.preview-1", 3, 2_000, 300),  # no price
)
_RATES = {
    "anthropic.claude-sonnet-4-6": (3_000_000, 300_000, 3_750_000, 15_000_000),
    "openai.gpt-5.4": (1_375_000, 137_500, 1_375_000, 11_000_000),
    "openai.gpt-oss-120b": (150_000, 15_000, 150_000, 600_000),
    "anthropic.claude-haiku-4-5": (1_000_000, 100_000, 1_250_000, 5_000_000),
}


def book(date: str = "2026-11-20", *, factor_of_gpt: int = 1) -> prices.PriceBook:
    """Prices of all models but one."""
    lines = [f"date {date}"]
    for model, rates in _RATES.items():
        factor = factor_of_gpt if model == "openai.gpt-5.4" else 1
        for kind, pico in zip(("input", "cached", "cache_write", "output"), rates, strict=True):
            lines.append(
                f"{model} us-east-1 in-region standard {kind} - - token - - USD {pico * factor} "
                "2026-11 made up"
            )
    return prices.PriceBook.parse("\n".join(lines) + "\n")


def write_year(
    folder: Path, *, days: int = 365, projects: int = 50, calls: int = 12, seed: int = 1
) -> int:
    """Write a segment for each month; returns how many rows there are.

    ``calls`` is how many a project makes on an ordinary day.
    """
    rng = random.Random(seed)
    seq = 0
    for number, begin in enumerate(range(0, days, 30)):
        writer = f"{seed:08x}{number:08x}"
        rows: list[dict[str, Any]] = []
        for day in range(begin, min(begin + 30, days)):
            for project in range(projects):
                for _ in range(_calls(rng, day, project, days, calls)):
                    rows.append(_row(rng, day, project, writer, len(rows)))
        rows += _trouble(rng, writer, len(rows), begin)
        tail = json.dumps(rows[0])[:80].encode() if number == 0 else b""
        write_segment(folder, rows, writer=writer, tail=tail)
        seq += len(rows)
    return seq


def _calls(rng: random.Random, day: int, project: int, days: int, calls: int) -> int:
    weekday = 0.35 if (day + 0) % 7 in (5, 6) else 1.0
    growth = 0.6 + 0.9 * day / days + 0.15 * math.sin(day / 17 + project)
    size = 2.2 / (1 + project / 6)
    return max(0, round(calls * weekday * growth * size * rng.uniform(0.6, 1.4)))


def _row(rng: random.Random, day: int, project: int, writer: str, seq: int) -> dict[str, Any]:
    second = MODELS[(project * 2 + 1) % len(MODELS)]
    model, _, typical_input, typical_output = MODELS[project % 3] if rng.random() < 0.75 else second
    start = FIRST_DAY_US + day * DAY_US + rng.randrange(6 * 3600, 22 * 3600) * 1_000_000
    latency = int(rng.lognormvariate(14.2, 0.55))
    row: dict[str, Any] = {
        "v": 1,
        "kind": "attempt",
        "writer": writer,
        "seq": seq,
        "op": f"{writer}-{seq}",
        "attempt": 1,
        "start_us": start,
        "end_us": start + latency,
        "latency_us": latency,
        "ttfb_us": latency // 4,
        "project": f"proj_{TEAMS[project % 6]}_{APPS[project % 9]}_{project:02}",
        "project_source": "client",
        "account": "111122223333",
        "region": "us-east-1",
        "api": "responses",
        "model": model,
        "tier": "default",
        "tags": {"team": TEAMS[project % 6], "env": "prod" if project % 4 else "staging"},
        "labels": {"feature": FEATURES[min(int(rng.expovariate(0.6)), 6)]},
        "sdk": "OpenAI/Python 3.1.0",
        "outcome": "ok",
        "status": 200,
    }
    if rng.random() < 0.004:
        row |= {"project": "default", "project_source": "none", "tags": {}}
    if rng.random() < 0.015 + (0.12 if 300 <= day < 303 else 0):
        code = rng.choice(["ThrottlingException", "ThrottlingException", "ModelTimeoutException"])
        return row | {"outcome": "error", "status": 429, "error_code": code}
    prompt = int(typical_input * rng.lognormvariate(0, 0.4))
    cached = int(prompt * min(0.9, (0.15 + 0.5 * day / 365) * rng.uniform(0.4, 1.6)))
    written = int((prompt - cached) * 0.1)
    output = int(typical_output * rng.lognormvariate(0, 0.5))
    if rng.random() < 0.003:
        row["outcome"] = "incomplete"
    counts = {"input": prompt, "cached": cached, "cache_write": written, "output": output}
    return row | counts | {"total": prompt + output}


def _trouble(rng: random.Random, writer: str, seq: int, day: int) -> list[dict[str, Any]]:
    """What has no end, was refused, or was lost."""
    rows = []
    for place in range(3):
        row = _row(rng, day, place, writer, seq + place)
        kept = ("v", "writer", "seq", "op", "attempt", "start_us", "project", "model")
        row = {name: row[name] for name in (*kept, "project_source", "api")}
        refused = {"kind": "refused", "error_code": "unattributed"}
        rows.append(row | ({"kind": "begin"} if place else refused))
    lost = {"v": 1, "kind": "note", "writer": writer, "seq": seq + 3, "note": "lost"}
    start = FIRST_DAY_US + day * DAY_US
    return [*rows, lost | {"start_us": start, "pid": 7, "rows_written": seq, "rows_lost": 2}]
