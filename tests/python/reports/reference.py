"""An independent sum of rows: no database, one row after the other."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from datetime import datetime, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from costmark.prices import PriceBook

Row = dict[str, Any]

SETTLED = (
    *("input", "cached", "cache_write", "output", "reasoning", "total", "meters", "usage"),
    *("outcome", "tier", "model_answered", "flags"),
)


def whole(lines: Iterable[bytes]) -> list[Row]:
    """The rows of lines that are rows, each once."""
    found: dict[tuple[str, int], Row] = {}
    for line in lines:
        try:
            row = json.loads(line)
        except ValueError:
            continue
        found.setdefault((row["writer"], row["seq"]), row)
    return list(found.values())


def ended(rows: list[Row]) -> list[Row]:
    """Attempts, those that created a response with the usage of its settlement, and settlements
    without such an attempt.
    """
    settlements: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        if row["kind"] == "settle":
            key = (row.get("account"), row.get("region"), row["response_id"])
            if key not in settlements or settlements[key]["end_us"] < row["end_us"]:
                settlements[key] = row
    creators: dict[tuple[Any, ...], Row] = {}
    attempts = [row for row in rows if row["kind"] == "attempt"]
    for row in sorted(attempts, key=lambda row: (row["start_us"], row["writer"], row["seq"])):
        key = (row.get("account"), row.get("region"), row.get("response_id"))
        if key in settlements:
            creators.setdefault(key, row)
    result = []
    for row in attempts:
        key = (row.get("account"), row.get("region"), row.get("response_id"))
        if creators.get(key) is row:
            kept = {name: value for name, value in row.items() if name not in SETTLED}
            row = {**kept, **{n: settlements[key][n] for n in SETTLED if n in settlements[key]}}
        result.append(row)
    return result + [row for key, row in settlements.items() if key not in creators]


def value_of(row: Row, name: str) -> str | None:
    """What a row says of a dimension."""
    if name.startswith("tag:"):
        return _text(row.get("tags", {}).get(name[4:]))
    if name.startswith("label:"):
        return _text(row.get("labels", {}).get(name[6:]))
    if name in ("day", "hour"):
        at = datetime.fromtimestamp(row["end_us"] // 1_000_000, timezone.utc)
        return at.strftime("%Y-%m-%d" if name == "day" else "%Y-%m-%dT%H:00Z")
    value: str | None = row.get({"source": "project_source"}.get(name, name))
    return value


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def sums(rows: list[Row], by: list[str], book: PriceBook, served: Callable[[str], Any]) -> Any:
    """Counts and costs for each key."""
    found: dict[tuple[Any, ...], Counter[str]] = defaultdict(Counter)
    cost: dict[tuple[Any, ...], Decimal] = defaultdict(Decimal)
    for row in ended(rows):
        key = tuple(value_of(row, name) for name in by)
        model, serving = served(row.get("model", ""))
        price = book.price(
            model=model,
            region=row.get("region", ""),
            serving=serving,
            tier=row.get("tier", ""),
            end=row["end_us"],
            input_tokens=row.get("input"),
            cached_input_tokens=row.get("cached"),
            cache_write_tokens=row.get("cache_write"),
            output_tokens=row.get("output"),
            total_tokens=row.get("total"),
            meters=row.get("meters"),
        )
        counts = found[key]
        counts["attempts"] += 1
        counts["calls"] += row.get("attempt") == 1
        counts["errors"] += row["outcome"] == "error"
        counts["incomplete"] += row["outcome"] == "incomplete"
        for name in ("input", "cached", "cache_write", "output", "reasoning"):
            counts[name] += row.get(name, 0)
        state = "untold" if price.state == "unknown" else price.state
        if state in ("unpriced", "partial", "elsewhere"):
            counts[state] += 1
        if state == "untold" and row["outcome"] != "error":
            counts[state] += 1
        cost[key] += Decimal(price.pico_usd or 0)
    return {
        key: {**+counts, **({"cost_pico": int(cost[key])} if cost[key] else {})}
        for key, counts in found.items()
    }
