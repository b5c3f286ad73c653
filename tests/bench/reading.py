"""What reading a ledger costs: processor time and memory, each in a process of its own.

The sides of a ratio take turns, and the least of each counts. ``--large`` adds 3 and 10 million
rows, which take 10 GB of disk and some minutes.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from rows import write_ledger

TURNS = 3
PARSE = """
import json, pathlib, sys
for path in pathlib.Path(sys.argv[1]).rglob("*.jsonl"):
    with path.open("rb") as file:
        for line in file:
            json.loads(line)
"""
COMPACT = "import sys; from costmark import ledger; ledger.compact(sys.argv[1])"
REPORT = "import sys; from costmark.reports import report; print(report(sys.argv[1]).total.input)"
# The same sums by project: rows that are there twice count once, as do attempts; those that began
# and have no end are counted.
PANDAS = """
import pathlib, sys
import pandas
files = pathlib.Path(sys.argv[1]).rglob("*.jsonl")
rows = pandas.concat([pandas.read_json(path, lines=True) for path in files])
rows = rows.drop_duplicates(["writer", "seq"])
ended = rows[rows.kind == "attempt"].drop_duplicates(["op", "attempt"])
begun = rows[rows.kind == "begin"].merge(ended[["op", "attempt"]], how="left", indicator=True)
unknown = (begun._merge == "left_only").sum()
counts = ["input", "cached", "output", "reasoning", "cost_pico"]
print(int(ended.groupby("project", dropna=False)[counts].sum().input.sum()))
"""


class Cost(NamedTuple):
    """Of a process."""

    seconds: float
    """Of the processor."""
    megabytes: float
    """At most, at a time."""


def cost_of(program: str, folder: Path) -> Cost:
    """Run a program with a folder as its argument."""
    null = os.open(os.devnull, os.O_WRONLY)
    actions = [(os.POSIX_SPAWN_DUP2, null, 1)]
    command = [sys.executable, "-c", program, str(folder)]
    child = os.posix_spawn(sys.executable, command, os.environ, file_actions=actions)
    _, status, usage = os.wait4(child, 0)
    os.close(null)
    if status != 0:
        raise RuntimeError(f"it failed: {program}")
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def least(*costs: list[Cost]) -> list[Cost]:
    """The least of each."""
    return [Cost(min(c.seconds for c in each), max(c.megabytes for c in each)) for each in costs]


def show(name: str, value: float, target: str) -> None:
    """Print one line."""
    print(f"{name:<66}{value:>9.2f}   {target}", flush=True)


def compacted(raw: Path) -> tuple[Path, Cost]:
    """A copy without segments, and what it cost to make its parts."""
    copy = raw.with_name(raw.name + "-parts")
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(raw, copy)
    cost = cost_of(COMPACT, copy)
    shutil.rmtree(copy / "raw")
    (copy / "raw").mkdir()
    return copy, cost


def compare(raw: Path, rows: int) -> None:
    """All ways of reading a ledger."""
    turns: list[list[Cost]] = [[], [], [], [], []]
    for _ in range(TURNS):
        parts, compacting = compacted(raw)
        programs = ((PARSE, raw), (REPORT, raw), (REPORT, parts), (PANDAS, raw))
        for seen, cost in zip(
            turns, [compacting, *(cost_of(*each) for each in programs)], strict=True
        ):
            seen.append(cost)
    compacting, parsing, raw_report, parts_report, pandas = least(*turns)
    show("compact: rows a second", rows / compacting.seconds, "at least 50000")
    show("compact: MB", compacting.megabytes, "under 500")
    show("json.loads of every line / compact", parsing.seconds / compacting.seconds, "")
    show("json.loads of every line / report", parsing.seconds / raw_report.seconds, "")
    show("pandas / report", pandas.seconds / raw_report.seconds, "at least 30")
    show("pandas / report: MB", pandas.megabytes / raw_report.megabytes, "")
    show("pandas / report of parts", pandas.seconds / parts_report.seconds, "")


def grow(folder: Path, rows: int) -> None:
    """Time and memory of a report of so many rows."""
    ledger = folder / f"ledger-{rows}"
    if not ledger.exists():
        write_ledger(ledger, rows)
    parts, compacting = compacted(ledger)
    turns = [[cost_of(REPORT, each) for each in (ledger, parts)] for _ in range(TURNS)]
    cost, packed = least(*map(list, zip(*turns, strict=True)))
    name = f"{rows // 1_000_000} M rows"
    show(f"{name}: report of segments, µs a row", cost.seconds / rows * 1e6, "")
    show(f"{name}: report of segments, MB", cost.megabytes, "under 2048")
    show(f"{name}: compact, µs a row", compacting.seconds / rows * 1e6, "under 20")
    show(f"{name}: compact, MB", compacting.megabytes, "under 500")
    show(f"{name}: report of parts, µs a row", packed.seconds / rows * 1e6, "")
    show(f"{name}: report of parts, MB", packed.megabytes, "under 2048")
    target = "at least 8" if rows >= 10_000_000 else ""
    show(f"{name}: report of segments / of parts", cost.seconds / packed.seconds, target)
    shutil.rmtree(parts)
    shutil.rmtree(ledger)


def main() -> None:
    """Run all of it."""
    with tempfile.TemporaryDirectory(prefix="costmark-bench-") as name:
        folder = Path(name)
        write_ledger(folder / "ledger-1000000", 1_000_000)
        compare(folder / "ledger-1000000", 1_000_000)
        for rows in (1_000_000, *((3_000_000, 10_000_000) if "--large" in sys.argv else ())):
            grow(folder, rows)


if __name__ == "__main__":
    main()
