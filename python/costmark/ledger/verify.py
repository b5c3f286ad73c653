"""What is wrong with a ledger, line by line."""

from __future__ import annotations

import dataclasses
import os
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from .compact import is_written
from .manifests import SEGMENT, Layout, ManifestError, hash_of, load
from .read import SeenRows, all_rows, has_duckdb, sources
from .states import Attempts
from .sums import index_of, is_true, known_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .manifests import Input, Part, State
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
    more_faults: Counter[str] = dataclasses.field(default_factory=Counter)
    """By kind, how many more there were in segments that were compacted, which lists the first
    thousand of each."""
    gaps: dict[str, list[range]] = dataclasses.field(default_factory=dict)
    """Numbers of rows that are missing, by writer."""
    lost: int = 0
    """Rows that writers say they had no room for."""
    in_flight: int = 0
    unknown: int = 0
    """Attempts that began and have no end."""
    manifests: int = 0
    """Of compacted ledgers."""
    expired: int = 0
    """Rows that were pruned, being too old."""
    changed: list[str] = dataclasses.field(default_factory=list)
    """What is not as the manifests say: segments, parts, manifests."""
    kinds: Counter[str] = dataclasses.field(default_factory=Counter)

    @property
    def good(self) -> bool:
        """Whether no row is missing, torn or unreadable, and nothing was changed."""
        return not (self.faults or self.more_faults or self.gaps or self.lost or self.changed)


def verify(*paths: str | os.PathLike[str]) -> Findings:
    """Read every line of these ledgers, and tell what is wrong.

    Of a compacted ledger also whether its segments and parts are what the manifests say.
    """
    findings = Findings()
    seen = SeenRows()
    attempts = Attempts()

    def fault(path: Path, number: int, found: Fault) -> None:
        findings.faults.append((path, number, found))
        findings.torn += found.kind == "torn"

    for path in map(Path, paths):
        layout = Layout(path)
        if layout.is_compacted and not _check_manifests(layout, findings, seen):
            continue
        for row in all_rows(path, on_fault=fault):
            if seen.is_new(row):
                findings.rows += 1
                findings.kinds[row["kind"]] += 1
                attempts.add(row)
    _count(findings, attempts, seen, _living(sources(*paths), findings))
    return findings


def _count(findings: Findings, attempts: Attempts, seen: SeenRows, living: set[str]) -> None:
    lost: dict[str, int] = {}
    for note in attempts.notes:
        writer = note["writer"]
        lost[writer] = max(lost.get(writer, 0), note.get("rows_lost", 0))
    states = attempts.unfinished(time.time_ns() // 1000, living)
    findings.writers = len(seen.writers())
    findings.doubled = seen.doubled
    findings.gaps = seen.missing()
    findings.lost = sum(lost.values())
    findings.in_flight = len(states["in_flight"])
    findings.unknown = len(states["unknown"])


def _living(files: list[Path], findings: Findings) -> set[str]:
    """The writers that hold their segments."""
    findings.files = len(files)
    named = (SEGMENT.fullmatch(path.name) for path in files if is_written(path))
    return {match[1] for match in named if match}


def _check_manifests(layout: Layout, findings: Findings, seen: SeenRows) -> bool:
    """Lay segments and parts beside the manifests. False when these cannot be believed."""
    try:
        state = load(layout)
    except ManifestError as error:
        findings.changed.append(str(error))
        return False
    findings.manifests += state.number
    for writer, ranges in state.removed_rows.items():
        for numbers in ranges:
            seen.add(writer, numbers)
            findings.expired += len(numbers)
    for name, inputs in state.inputs.items():
        for each in inputs:
            findings.more_faults.update(each.more_faults)
            findings.torn += each.more_faults.get("torn", 0)
        findings.changed += _wrong_with_segment(layout, name, inputs, state)
    index = index_of(layout)
    wrong_parts = [
        text for part in state.parts.values() for text in _wrong_with_part(layout, part, index)
    ]
    findings.changed += wrong_parts
    return not wrong_parts


def _wrong_with_segment(
    layout: Layout, name: str, inputs: list[Input], state: State
) -> Iterator[str]:
    path = layout.raw / name
    if not path.exists():
        if name not in state.removed_inputs:
            yield f"{path}: the segment is gone, and no manifest says that it was removed"
        return
    for each in inputs:
        if hash_of(path, each.begin, each.end) != each.sha256:
            yield f"{path}: bytes {each.begin} to {each.end} are not those that were compacted"


def _wrong_with_part(layout: Layout, part: Part, index: Mapping[str, str]) -> Iterator[str]:
    path = layout.rows / part.name
    if not path.exists():
        yield f"{path}: the part is gone"
    elif hash_of(path) != part.sha256:
        yield f"{path}: the part is not the one that was written"
    else:
        known = known_of(layout, part, index) if has_duckdb() else None  # which reads them as well
        if known is not None and known.has_file and not is_true(layout, part, known):
            file = layout.sums_of(part.name)[1]
            yield f"{file}: these are not the sums of the part; without the file, compact makes it"
