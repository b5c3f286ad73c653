"""Turning closed segments into parts."""

from __future__ import annotations

import dataclasses
import fcntl
import os
import time
from collections import Counter
from pathlib import Path
from typing import IO, TYPE_CHECKING

from .. import _core
from .manifests import SEGMENT, Input, Layout, Manifest, commit, hash_of, load
from .parts import PartWriter, numbers_in_parts, remove_orphans
from .read import BAD_COMPRESSION, SeenRows, pieces_of
from .rows import Fault, parse_line
from .sums import fill

if TYPE_CHECKING:
    from .manifests import State

_FORSAKEN_SECONDS = 48 * 3600
_MOST_FAULTS = 1000


@dataclasses.dataclass
class Compacted:
    """What ``compact`` did."""

    manifest: Manifest | None = None
    """The one that it wrote, or None: there was nothing to do."""
    rows: int = 0
    segments: int = 0
    open: list[str] = dataclasses.field(default_factory=list)
    """Segments that their writers still have open."""
    newer: list[str] = dataclasses.field(default_factory=list)
    """Segments with rows of a later version: from there on they stay as they are. Compressed ones
    that hold such rows, or are cut, stay as a whole."""
    faults: list[tuple[Path, int, Fault]] = dataclasses.field(default_factory=list)
    """Lines that are no rows: file, line from 1, what is wrong."""


def compact(folder: str | os.PathLike[str]) -> Compacted:
    """Write the rows of closed segments as Parquet, under ``rows`` beside ``raw``.

    A segment is closed when its writer says so, or is gone, or has not written for 48 hours. The
    segments stay until ``prune``. Beside the parts come their sums, which make reports fast; those
    of older parts, too. Killed at any moment, reports are what they were. One at a time:
    raises BusyError. Needs DuckDB: costmark[report].
    """
    layout = Layout(Path(folder))
    with layout.lock():
        state = load(layout)
        remove_orphans(layout, state.parts)
        done = compact_locked(layout, state)
        fill(layout, state)
        return done


def compact_locked(layout: Layout, state: State) -> Compacted:
    """``compact``, by the one that holds the lock."""
    done = Compacted()
    inputs: list[Input] = []
    segments = [path for path in layout.segments() if SEGMENT.fullmatch(path.name)]
    known = {(each.sha256, each.end) for all_of in state.inputs.values() for each in all_of}
    seen = _seen_before(layout, state, segments)
    with PartWriter(layout, state.number + 1) as writer:
        for path in segments:
            name = layout.name_of(path)
            begin, lines = state.covered(name)
            if path.stat().st_size <= begin:
                continue
            closed = end_of_closed(path, begin)
            if closed is None:
                done.open.append(name)
                continue
            if path.suffix == ".gz" and not _is_plain(path):
                done.newer.append(name)
                continue
            segment = _Segment(path, name, begin, closed, lines)
            if (segment.sha256, closed) in known:  # a copy of one that was compacted
                inputs.append(segment.as_input())
                continue
            segment.read(seen, writer)
            if segment.is_newer:
                done.newer.append(name)
            if segment.end > begin:
                inputs.append(segment.as_input())
            done.faults += [(path, line, fault) for line, fault in segment.faults]
        if not inputs:
            return done
        parts = writer.finish()
    done.manifest = commit(layout, state, inputs=tuple(inputs), parts=parts)
    done.rows = sum(part.rows for part in parts)
    done.segments = len(inputs)
    return done


def _seen_before(layout: Layout, state: State, segments: list[Path]) -> SeenRows:
    """The rows of these writers that are in parts, or were removed from them."""
    matches = (SEGMENT.fullmatch(path.name) for path in segments)
    writers = sorted({match[1] for match in matches if match})
    seen = SeenRows()
    for writer in writers:
        for numbers in state.removed_rows.get(writer, []):
            seen.add(writer, numbers)
    for writer, numbers in numbers_in_parts(layout, state.parts, writers):
        seen.add(writer, numbers)
    return seen


def _is_plain(path: Path) -> bool:
    """Whether a compressed segment is whole, and has no row of a later version."""
    reader = _core.RowLines()
    seen = _core.SeenRows()
    try:
        return all(reader.sort(piece, seen, is_last=not piece)[2] for piece in pieces_of(path))
    except BAD_COMPRESSION:
        return False


def end_of_closed(path: Path, begin: int) -> int | None:
    """How far a segment can be compacted; None while its writer may write."""
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if path.suffix == ".gz" or _lock_of(file) is False or _ends_with_close(file, size):
                return size
            age = time.time() - os.fstat(file.fileno()).st_mtime
            if age < _FORSAKEN_SECONDS:
                return None
            # A writer that wakes up later may complete the last line.
            whole = _end_of_last_line(file, begin, size)
            return whole if whole > begin else None
    except FileNotFoundError:
        return None


def is_written(path: Path) -> bool:
    """Whether the writer of a segment lives: it holds a lock on its file."""
    try:
        with path.open("rb") as file:
            # One that is empty may be about to be locked, and must not find it taken.
            return os.fstat(file.fileno()).st_size > 0 and _lock_of(file) is True
    except OSError:
        return False


def _lock_of(file: IO[bytes]) -> bool | None:
    """Whether a writer holds the lock of a segment; None on a file system without locks."""
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return None
    return False


def _ends_with_close(file: IO[bytes], size: int) -> bool:
    file.seek(max(0, size - 4096))
    lines = file.read().rstrip(b"\n").split(b"\n")
    row = parse_line(lines[-1])
    return isinstance(row, dict) and row.get("note") == "close"


def _end_of_last_line(file: IO[bytes], begin: int, size: int) -> int:
    at = size
    while at > begin:
        start = max(begin, at - (1 << 16))
        file.seek(start)
        found = file.read(at - start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        at = start
    return begin


class _Segment:
    """The bytes of a segment that are compacted now."""

    def __init__(self, path: Path, name: str, begin: int, end: int, lines: int) -> None:
        self.path, self.name, self.begin, self.end, self.lines = path, name, begin, end, lines
        self.rows = 0
        self.is_newer = False
        self.faults: list[tuple[int, Fault]] = []
        self.sha256 = hash_of(path, begin, end)

    def as_input(self) -> Input:
        listed = tuple((line, *fault) for line, fault in self.faults[:_MOST_FAULTS])
        return Input(
            self.name,
            self.begin,
            self.end,
            self.sha256,
            self.rows,
            self.lines,
            listed,
            dict(Counter(fault.kind for _, fault in self.faults[_MOST_FAULTS:])),
        )

    def read(self, seen: SeenRows, writer: PartWriter) -> None:
        """Hand the rows over, as far as they are of a version that is known."""
        reader = _core.RowLines(lines_before=self.lines)
        is_compressed = self.path.suffix == ".gz"
        bounds = () if is_compressed else (self.begin, self.end)
        for piece in pieces_of(self.path, *bounds):
            days, faults, goes_on = reader.sort(piece, seen.core, is_last=not piece)
            for day, (count, lines) in days.items():
                writer.add_lines(day, count, lines)
                self.rows += count
            self.faults += [(line, Fault(kind, reason)) for line, kind, reason in faults]
            self.lines = reader.lines
            if not goes_on:
                self._stop(self.begin + reader.bytes)
                break

    def _stop(self, at: int) -> None:
        self.is_newer = True
        self.end = at
        self.sha256 = hash_of(self.path, self.begin, self.end)
