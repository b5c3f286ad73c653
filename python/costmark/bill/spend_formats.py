"""Costs as text: for people, for programs, for spreadsheets."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

from ..reports.formats import dollars, markdown_row, markdown_text, no_formula, usd
from ..reports.money import digits_for, paired, signed_dollars

if TYPE_CHECKING:
    from ..reports.money import Column
    from .spend import Spend, Spent

UNATTRIBUTED = "(unattributed)"


def heading(found: Spend) -> str:
    """Which period, and whether it is final."""
    text = f"{found.window.first} to {found.window.last} UTC, unblended"
    if found.previous is not None:
        text += f"; before: {found.previous.first} to {found.previous.last}"
    return text + ("; estimated" if found.is_estimated else "")


def titles(found: Spend) -> list[str]:
    """The names of the columns."""
    return [
        found.by,
        *(["AWS's name"] if _has_names(found) else []),
        "tokens",
        *(["before"] if found.previous else []),
        "cost",
        *(["change"] if found.previous else []),
        "share",
    ]


def rows(found: Spend) -> list[list[str]]:
    """A row for each value; the amounts add up to those of `total_row`, as they are shown."""
    before, cost = _columns(found)
    changed = [now - then for now, then in zip(cost.units, before.units, strict=True)]
    return [
        _row(line, found, cells, changed[at], cost.digits)
        for at, (line, *cells) in enumerate(zip(found.lines, before.cells, cost.cells, strict=True))
    ]


def total_row(found: Spend) -> list[str]:
    """The sums of all rows."""
    tokens = sum(line.tokens for line in found.lines)
    before, cost = _columns(found)
    cells = [f"{tokens:,}", cost.total()]
    if found.previous is not None:
        pico = found.total - found.total_before
        change = signed_dollars(pico, sum(cost.units) - sum(before.units), before.digits)
        cells = [f"{tokens:,}", before.total(), cost.total(), change]
    return ["total", *([""] if _has_names(found) else []), *cells, "100%" if found.total else ""]


def _columns(found: Spend) -> tuple[Column, Column]:
    """What was spent before, and what now."""
    before = [line.before or 0 for line in found.lines]
    cost = [line.cost for line in found.lines]
    amounts = [*map(abs, before), *map(abs, cost), abs(sum(before)), abs(sum(cost))]
    return paired(before, cost, digits_for(max(amounts)))


def _row(line: Spent, found: Spend, cells: list[str], changed: int, digits: int) -> list[str]:
    share = f"{100 * line.cost / found.total:.1f}%" if found.total else ""
    change = line.cost - (line.before or 0)
    return [
        UNATTRIBUTED if line.key is None else line.key,
        *([", ".join(sorted(line.names))] if _has_names(found) else []),
        f"{line.tokens:,}",
        *(cells if found.previous else cells[1:]),
        *([signed_dollars(change, changed, digits)] if found.previous else []),
        share,
    ]


def _has_names(found: Spend) -> bool:
    return any(line.names for line in found.lines)


def money(pico: int, most: int = 0) -> str:
    """An amount for people, which may be below zero."""
    return f"-{dollars(-pico, most)}" if pico < 0 else dollars(pico, most)


def states(found: Spend) -> list[tuple[str, str]]:
    """What is in no row."""
    return [(name, money(cost)) for name, cost in found.other.items()]


def as_json(found: Spend) -> str:
    """Amounts as texts; a key that is null is unattributed."""
    value: dict[str, Any] = {
        "version": 1,
        "by": found.by,
        "since": found.window.first.isoformat(),
        "last": found.window.last.isoformat(),
        "estimated": found.is_estimated,
        "compared_since": found.previous and found.previous.first.isoformat(),
        "lines": [
            {
                "key": line.key,
                "names": sorted(line.names),
                "tokens": line.tokens,
                "cost_usd": usd(line.cost),
                "before_usd": None if line.before is None else usd(line.before),
            }
            for line in found.lines
        ],
        "total_usd": usd(found.total),
        "other_usd": {name: usd(cost) for name, cost in found.other.items()},
        "notes": found.notes,
    }
    return json.dumps(value, indent=1) + "\n"


def as_csv(found: Spend) -> str:
    """Amounts to the last decimal; a key that is empty is unattributed."""
    out = io.StringIO()
    writer = csv.writer(out)
    before = ["before_usd"] if found.previous else []
    writer.writerow([found.by, "tokens", "cost_usd", *before])
    for line in found.lines:
        more = [usd(line.before or 0)] if found.previous else []
        writer.writerow([no_formula(line.key or ""), line.tokens, usd(line.cost), *more])
    return out.getvalue()


def as_markdown(found: Spend) -> str:
    """A table with its total, and what is in no row."""
    columns = titles(found)
    aligned = ["---" if title in (found.by, "AWS's name") else "---:" for title in columns]
    text = [f"Costs of {heading(found)}.", "", markdown_row(columns), markdown_row(aligned)]
    listed = [*rows(found), total_row(found)]
    text += [markdown_row([markdown_text(row[0]), *row[1:]]) for row in listed]
    if found.other:
        text += ["", "| not usage | |", "| --- | ---: |"]
        text += [markdown_row([markdown_text(name), cost]) for name, cost in states(found)]
    return "\n".join(text) + "\n"
