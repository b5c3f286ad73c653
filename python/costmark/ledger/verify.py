"""What is wrong with a ledger, line by line."""

from __future__ import annotations

import dataclasses
import fcntl
import os
import time
from collections import Counter
from typing import TYPE_CHECKING

from .read import SeenRows, rows_of_file, sources
from .states import Attempts

if TYPE_CHECKING:
    from pathlib import Path

    from .rows import Fault


@dataclasses.dataclass
class Findings:
    """What ``verify`` found."""

    files: int = 0
    rows: int = 0
    writers: int = 0
    doubled: int = 0
    """Rows that were read more than once, and count once."""
    torn: int = 0
    """Lines that end in the middle of a row: their writer was killed, or its disk was full."""
    faults: list[tuple[Path, int, Fault]] = dataclasses.field(default_factory=list)
    """Lines that are no rows, torn ones included: file, line from 1, what is wrong."""
    gaps: dict[str, list[range]] = dataclasses.field(default_factory=dict)
    """Numbers of rows that are missing, by writer."""
    lost: int = 0
    """Rows that writers say they had no room for."""
    in_flight: int = 0
    unknown: int = 0
    """Attempts that began and have no end."""
    kinds: Counter[str] = dataclasses.field(default_factory=Counter)

    @property
    def good(self) -> bool:
        """Whether no row is missing, torn or unreadable."""
        return not self.faults and not self.gaps and not self.lost


def verify(*paths: str | os.PathLike[str]) -> Findings:
    """Read every line of these ledgers, and tell what is wrong."""
    findings = Findings()
    seen = SeenRows()
    attempts = Attempts()
    living: set[str] = set()
    files = sources(*paths)

    def fault(path: Path, number: int, found: Fault) -> None:
        findings.faults.append((path, number, found))
        findings.torn += found.kind == "torn"

    for path in files:
        alive = is_written(path)
        for row in rows_of_file(path, fault):
            if not seen.is_new(row):
                continue
            findings.rows += 1
            findings.kinds[row["kind"]] += 1
            if alive:
                living.add(row["writer"])
            attempts.add(row)
    lost: dict[str, int] = {}
    for note in attempts.notes:
        writer = note["writer"]
        lost[writer] = max(lost.get(writer, 0), note.get("rows_lost", 0))
    states = attempts.unfinished(time.time_ns() // 1000, living)
    findings.files = len(files)
    findings.writers = len(seen.writers())
    findings.doubled = seen.doubled
    findings.gaps = seen.missing()
    findings.lost = sum(lost.values())
    findings.in_flight = len(states["in_flight"])
    findings.unknown = len(states["unknown"])
    return findings


def is_written(path: Path) -> bool:
    """Whether the writer of a segment lives: it holds a lock on its file."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
