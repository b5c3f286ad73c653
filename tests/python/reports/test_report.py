"""Reports, laid beside an independent sum of the same rows."""

from __future__ import annotations

import dataclasses
import random
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest

from costmark import ledger, prices
from costmark.errors import ConfigurationError, RequestError
from costmark.reports import report
from ledger.segments import DAY_US, attempt, line_of, note, write_segment
from reports import reference

if TYPE_CHECKING:
    from pathlib import Path

    from costmark.reports import Report

BOOK = prices.PriceBook.parse(
    """date 2025-11-01
alpha us-east-1 in-region standard input - - token - - USD 150000 2025-11 a
alpha us-east-1 in-region standard cached - - token - - USD 15000 2025-11 a
alpha us-east-1 in-region standard output - - token - - USD 600000 2025-11 a
alpha us-east-1 in-region standard input - 1000 token - - USD 300000 2025-11 a
alpha us-east-1 in-region standard cached - 1000 token - - USD 30000 2025-11 a
alpha us-east-1 in-region standard output - 1000 token - - USD 900000 2025-11 a
alpha us-east-1 in-region standard web_search - - request - - USD 10000000000 2025-11 a
beta us-east-1 geo standard input - - token - 2025-12-01 USD 7 2025-11 b
beta us-east-1 geo standard input - - token 2025-12-01 - USD 11 2025-11 b
beta us-east-1 geo standard output - - token - - USD 13 2025-11 b
beta us-east-1 geo standard cache_write 5m - token - - USD 17 2025-11 b
beta us-east-1 geo standard cache_write 1h - token - - USD 19 2025-11 b
gratis us-east-1 in-region standard input - - token - - USD 0 2025-11 c
gratis us-east-1 in-region standard output - - token - - USD 0 2025-11 c
"""
)
DIMENSIONS = [
    ["project"],
    ["model", "day"],
    ["tag:team", "label:feature"],
    ["source", "sdk", "tier"],
    ["hour"],
    [],
]


def some_row(rng: random.Random, seq: int, writer: str) -> dict[str, Any]:
    """A row of any kind and state."""
    row = attempt(seq, writer)
    for name in ("input", "output", "meters", "labels", "tags", "cost_pico", "usage", "flags"):
        del row[name]
    row["op"] = f"{writer}-{seq // 3}"
    row["attempt"] = 1 + seq % 3
    row["end_us"] += rng.randrange(3) * DAY_US + rng.randrange(24) * 3_600_000_000
    row["region"] = rng.choice(["us-east-1", "us-east-1", "eu-west-1"])
    row["model"] = rng.choice(["alpha", "alpha", "us.beta", "gratis", "unheard-of"])
    row["project"] = rng.choice(["proj_a", "proj_b", 'it\'s "odd"; --'])
    row["project_source"] = rng.choice(["client", "scope", "none"])
    row["outcome"] = rng.choice(["ok", "ok", "ok", "error", "incomplete", "cancelled", "open"])
    optional: dict[str, list[Any]] = {
        "tier": ["default", "standard", "flex", "reserved", "batch"],
        "sdk": ["OpenAI/Python 3.1.0"],
        "input": [0, 10, 999, 1000, 1001, 5000],
        "output": [0, 7, 300],
        "cached": [0, 5, 2000],
        "cache_write": [0, 4, 50],
        "reasoning": [0, 3],
        "total": [10, 17],
        "meters": [
            {"web_search": 0},
            {"web_search": 2},
            {"cache_write_5m": 4},
            {"cache_write_5m": 2, "cache_write_1h": 1},
            {"audio_input": 3},
            {"holograms": 1},
            {"holograms": 0},
        ],
        "tags": [{"team": "search"}, {"team": "it's"}, {}],
        "labels": [{"feature": "=1+1"}, {"user": "x"}],
    }
    for name, values in optional.items():
        if rng.random() < 0.7:
            row[name] = rng.choice(values)
    return row


def ledgers(root: Path, seed: int, count: int = 400) -> list[Path]:
    """Two machines' ledgers with everything in them that can be there."""
    rng = random.Random(seed)
    folders = []
    for machine in range(2):
        writer = f"{seed:08x}{machine:08x}"
        rows: list[dict[str, Any]] = []
        for seq in range(count):
            row = some_row(rng, seq, writer)
            kind = rng.random()
            if kind < 0.1:
                row = {**row, "kind": "begin", "op": f"open-{seq // 3}"}
            elif kind < 0.2:
                row |= {"response_id": f"resp_{rng.randrange(30)}", "kind": "settle"}
            elif kind < 0.3:
                row |= {"response_id": f"resp_{rng.randrange(60)}"}  # some of them several times
            elif kind < 0.35:
                row |= {"kind": "refused", "error_code": "unattributed"}
            rows.append(row)
        rows.append({**note(count, "lost", writer), "rows_lost": 3 + machine})
        folder = root / f"machine-{machine}"
        half = count // 2
        write_segment(folder, rows[:half], writer=writer)
        tail = line_of(rows[0]) + line_of(rows[half])[:-30]  # a repeated row, and a torn one
        write_segment(folder, rows[half:], writer=writer, start=2, tail=tail)
        folders.append(folder)
    return folders


def lines_of(folders: list[Path]) -> list[bytes]:
    files = (path for folder in folders for path in sorted(folder.rglob("*.jsonl")))
    return [line for path in files for line in path.read_bytes().split(b"\n")]


WHY = ("unpriced", "partial")  # the states that have reasons


def as_dict(found: Report) -> dict[tuple[str | None, ...], dict[str, int]]:
    return {
        line.key: {
            name: value for name, value in vars(line.sums).items() if value and name != "why"
        }
        for line in found.lines
    }


@pytest.mark.parametrize("seed", range(3))
def test_every_cell_is_that_of_the_reference(tmp_path: Path, seed: int) -> None:
    folders = ledgers(tmp_path, seed)
    rows = reference.whole(lines_of(folders))
    wanted = {tuple(by): reference.sums(rows, by, BOOK, prices.served_model) for by in DIMENSIONS}

    def all_reports() -> None:
        for by in DIMENSIONS:
            assert as_dict(report(*folders, by=by, book=BOOK)) == wanted[tuple(by)]

    all_reports()
    ledger.compact(folders[0])  # one compacted, the other raw
    all_reports()
    ledger.prune(folders[0])
    ledger.compact(folders[1])
    all_reports()
    found = report(*folders, *folders, book=BOOK)  # everything twice
    assert as_dict(found) == wanted["project",]
    states = found.states
    assert (states.lost, states.torn, states.unreadable) == (7, 2, 0)
    assert states.refused == sum(row["kind"] == "refused" for row in rows)
    open_ops = {(row["op"], row["attempt"]) for row in rows if row["kind"] == "begin"}
    assert (states.unknown, states.in_flight) == (len(open_ops), 0)
    assert states.unattributed.attempts == sum(
        row["project_source"] == "none" for row in reference.ended(rows)
    )


def test_totals_are_the_sums_of_the_lines(tmp_path: Path) -> None:
    found = report(*ledgers(tmp_path, 7), by=["project", "day"], book=BOOK)
    for field in dataclasses.fields(found.total):
        total = getattr(found.total, field.name)
        assert total == sum((getattr(line.sums, field.name) for line in found.lines), type(total)())
    for line in found.lines:
        why = {
            state: sum(n for (of, _), n in line.sums.why.items() if of == state) for state in WHY
        }
        assert why == {state: getattr(line.sums, state) for state in WHY}
    assert found.total.why["unpriced", "no_model"] > 0
    assert found.lines == sorted(found.lines, key=lambda line: -line.sums.cost_pico)


def test_conditions_and_times(tmp_path: Path) -> None:
    folders = ledgers(tmp_path, 5)
    rows = reference.ended(reference.whole(lines_of(folders)))

    def count(**options: Any) -> int:
        return report(*folders, book=BOOK, **options).total.attempts

    assert count() == len(rows)
    odd = 'it\'s "odd"; --'
    assert count(where=[f"project={odd}"]) == sum(row["project"] == odd for row in rows)
    assert count(where=[f"project!={odd}"]) == sum(row["project"] != odd for row in rows)
    assert count(where=["tag:team="]) == sum(not row.get("tags", {}).get("team") for row in rows)
    assert count(where=["sdk!="]) == sum("sdk" in row for row in rows)
    noon = datetime(2025, 12, 1, 12, tzinfo=timezone.utc)
    noon_us = int(noon.timestamp()) * 1_000_000
    assert count(since=noon) == sum(row["end_us"] >= noon_us for row in rows)
    assert count(until=noon) == sum(row["end_us"] < noon_us for row in rows)
    assert count(since=noon) + count(until=noon) == len(rows)


def test_a_condition_may_have_any_text(tmp_path: Path) -> None:
    write_segment(tmp_path, [attempt(0, labels={"q": "a!=b"}), attempt(1, labels={"q": "c"})])
    for where, count in (("label:q=a!=b", 1), ("label:q!=a!=b", 1), ("label:q=a=b", 0)):
        assert report(tmp_path, by="project", where=[where]).total.attempts == count


def test_counts_near_the_largest_number(tmp_path: Path) -> None:
    most = 2**63 - 1
    rows = [attempt(seq, input=most, cached=most, meters={"web_search": most}) for seq in (0, 1)]
    write_segment(tmp_path, rows)
    found = report(tmp_path)
    assert (found.total.input, found.total.unpriced) == (2 * most, 2)
    assert found.total.known_pico is None


def test_sums_that_fit_only_by_day(tmp_path: Path) -> None:
    rows = [attempt(n, model="alpha", region="us-east-1", input=10**13, output=0) for n in (0, 1)]
    for place, row in enumerate(rows):
        row["meters"] = {}
        row["end_us"] += place * DAY_US
    write_segment(tmp_path, rows)
    book = prices.PriceBook.parse(
        "date 2025-11-01\n"
        "alpha us-east-1 in-region standard input - - token - - USD 900000 2025-11 a\n"
        "alpha us-east-1 in-region standard output - - token - - USD 1 2025-11 a\n"
    )
    found = report(tmp_path, book=book)
    assert (found.total.cost_pico, found.total.unpriced) == (2 * 9 * 10**18, 0)


def test_an_empty_ledger(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    found = report(tmp_path, book=BOOK)
    assert found.lines == []
    assert found.total.attempts == 0


def test_what_cannot_be_asked(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    for by in (["shade"], ["tag:"], ["label"]):
        with pytest.raises(RequestError, match=r"cannot group by .*; there are project, model"):
            report(tmp_path, by=by)
    for where in ("project", "shade=red", "label:a\0=b"):
        with pytest.raises(RequestError):
            report(tmp_path, where=[where])
    with pytest.raises(ConfigurationError, match="there is no ledger"):
        report(tmp_path / "nowhere")
