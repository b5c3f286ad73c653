"""The files of a ledger, and the rows in them."""

from __future__ import annotations

import bisect
import gzip
import zlib
from pathlib import Path
from typing import IO, TYPE_CHECKING

from ..errors import ConfigurationError
from .manifests import SEGMENT, Layout, ManifestError, State, load
from .parts import rows_of_part
from .rows import Fault, Row, parse_line

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator

    Report = Callable[[Path, int, Fault], None]

# A longer line is no row: each of its members has a bound.
_LONGEST_LINE = 1 << 20
_ENDLESS = 1 << 62
# What a compressed file raises that is cut, or is none.
BAD_COMPRESSION = (EOFError, zlib.error, gzip.BadGzipFile)


def sources(*paths: str | os.PathLike[str]) -> list[Path]:
    """The files that hold rows, sorted by path.

    Each path is a folder that option ``ledger`` names, a folder of such files, or a file: a
    segment, or a log that has rows among its lines; ``.gz`` is taken off. Raises
    ConfigurationError when there is no such path.
    """
    found: set[Path] = set()
    for each in map(Path, paths):
        if each.is_dir():
            within = each / "raw" if (each / "raw").is_dir() else each
            found.update(path for path in within.rglob("*.jsonl*") if path.is_file())
        elif each.exists():
            found.add(each)
        else:
            raise ConfigurationError(f"there is no ledger at {each}", code="invalid_argument")
    return sorted(found)


def read(
    *paths: str | os.PathLike[str], on_fault: Report | None = None, notes: bool = False
) -> Iterator[Row]:
    """The rows of these ledgers, each once, however often it was read.

    ``on_fault`` is told of every line that is no row, with its file and its number from 1; without
    it they are passed over. ``notes`` adds what writers say about themselves. Rows that were
    compacted are read from their parts, which needs costmark[report] once segments were pruned.
    """
    seen = SeenRows()
    for row in all_rows(*paths, on_fault=on_fault):
        if seen.is_new(row) and (notes or row["kind"] != "note"):
            yield row


def all_rows(*paths: str | os.PathLike[str], on_fault: Report | None = None) -> Iterator[Row]:
    """The rows as they stand in the files, some of them perhaps more than once."""
    plain = []
    for path in map(Path, paths):
        layout = Layout(path)
        if layout.raw.is_dir() or layout.is_compacted:
            yield from rows_of_ledger(layout, on_fault)
        else:
            plain.append(path)
    for path in sources(*plain):
        yield from rows_of_file(path, on_fault)


def rows_of_ledger(layout: Layout, on_fault: Report | None = None) -> Iterator[Row]:
    """The rows of a ledger: those of its parts, and what is not in parts yet.

    When a part or a segment goes away meanwhile, because the ledger is pruned, what took its place
    is read; some rows come twice then.
    """
    before = -1
    while True:
        segments = layout.segments()  # before the manifests: one that is pruned then is in parts
        state = load(layout)
        if not _has_duckdb() and _has_all_inputs(layout, state):
            state = State()
        try:
            yield from _rows_of_state(layout, segments, state, on_fault)
        except FileNotFoundError as error:
            if state.number == before:  # nothing has changed since the last time
                raise ManifestError(f"{error.filename or error} is gone") from None
            before = state.number
            continue
        return


def _rows_of_state(
    layout: Layout, segments: list[Path], state: State, on_fault: Report | None
) -> Iterator[Row]:
    for part in state.parts:
        yield from rows_of_part(layout.rows / part)
    if on_fault is not None:
        for name, inputs in state.inputs.items():
            for each in inputs:
                for line, kind, reason in each.faults:
                    on_fault(layout.raw / name, line, Fault(kind, reason))
    for path in segments:
        begin, lines = state.covered(layout.name_of(path))
        if path.stat().st_size > begin:
            yield from rows_of_file(path, on_fault, begin, lines)


def _has_duckdb() -> bool:
    try:
        import duckdb  # noqa: F401
    except ImportError:
        return False
    return True


def _has_all_inputs(layout: Layout, state: State) -> bool:
    return all((layout.raw / name).exists() for name in state.inputs)


def rows_of_file(
    path: Path, on_fault: Report | None = None, begin: int = 0, lines: int = 0
) -> Iterator[Row]:
    """The rows of one file, as they stand in it, from byte ``begin`` on, before which it has
    ``lines`` lines.
    """
    in_log = SEGMENT.fullmatch(path.name) is None
    number = lines
    try:
        for number, line in enumerate(lines_of(path, begin), start=lines + 1):
            found = parse_line(line, in_log=in_log)
            if isinstance(found, Fault):
                if on_fault is not None:
                    on_fault(path, number, found)
            elif found is not None:
                yield found
    except BAD_COMPRESSION as error:
        if on_fault is not None:
            on_fault(path, number + 1, Fault("torn", f"the compressed file is cut: {error}"))


def lines_of(path: Path, begin: int = 0, end: int | None = None) -> Iterator[bytes]:
    """The lines of a file between two bytes; of a compressed one, those of what it holds."""
    if path.suffix == ".gz":
        begin, end = 0, None
    with _open(path) as file:
        file.seek(begin)
        left = _ENDLESS if end is None else end - begin
        while left > 0 and (line := file.readline(min(_LONGEST_LINE, left))):
            yield line
            left -= len(line)


def _open(path: Path) -> IO[bytes]:
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")  # type: ignore[return-value]


class SeenRows:
    """Which rows were read, by writer and number. Small where numbers come in order."""

    def __init__(self) -> None:
        # Disjoint, sorted [begin, end] of each writer.
        self._ranges: dict[str, list[list[int]]] = {}
        self.doubled = 0

    def is_new(self, row: Row) -> bool:
        """Whether this row was not seen before; it is now."""
        seq: int = row["seq"]
        ranges = self._ranges.setdefault(row["writer"], [])
        if ranges and ranges[-1][1] == seq:
            ranges[-1][1] = seq + 1
            return True
        after = bisect.bisect_right(ranges, seq, key=_begin)
        if after and seq < ranges[after - 1][1]:
            self.doubled += 1
            return False
        ranges.insert(after, [seq, seq + 1])
        _join(ranges, after)
        if after:
            _join(ranges, after - 1)
        return True

    def ranges(self) -> dict[str, list[range]]:
        """The numbers that were seen, by writer."""
        return {
            writer: [range(begin, end) for begin, end in ranges]
            for writer, ranges in self._ranges.items()
        }

    def missing(self) -> dict[str, list[range]]:
        """The numbers that were not seen, below the largest one of each writer."""
        found = {}
        for writer, ranges in self._ranges.items():
            ends = [0, *(end for _, end in ranges)]
            gaps = [
                range(before, begin)
                for before, (begin, _) in zip(ends, ranges, strict=False)
                if before < begin
            ]
            if gaps:
                found[writer] = gaps
        return found

    def add(self, writer: str, numbers: range) -> None:
        """Take rows for seen that were removed. Before any other of theirs."""
        for seq in (numbers.start,) if numbers else ():
            self.is_new({"writer": writer, "seq": seq})
            ranges = self._ranges[writer]
            at = bisect.bisect_right(ranges, seq, key=_begin) - 1
            ranges[at][1] = max(ranges[at][1], numbers.stop)
            _join(ranges, at)

    def writers(self) -> list[str]:
        """Those that were seen."""
        return list(self._ranges)


def _begin(numbers: list[int]) -> int:
    return numbers[0]


def _join(ranges: list[list[int]], at: int) -> None:
    """Make one of this range and the next, where they meet."""
    if at + 1 < len(ranges) and ranges[at][1] >= ranges[at + 1][0]:
        ranges[at][1] = max(ranges[at][1], ranges.pop(at + 1)[1])
