"""The files of a ledger, and the rows in them."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from typing import IO, TYPE_CHECKING

from ..errors import ConfigurationError
from .rows import Fault, Row, parse_line

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Iterator

    Report = Callable[[Path, int, Fault], None]

_SEGMENT = re.compile(r".+-\d+-\d+-[0-9a-f]{16}\.jsonl(\.gz)?")
# A longer line is no row: each of its members has a bound.
_LONGEST_LINE = 1 << 20


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
    it they are passed over. ``notes`` adds what writers say about themselves.
    """
    seen = SeenRows()
    for path in sources(*paths):
        for row in rows_of_file(path, on_fault):
            if seen.is_new(row) and (notes or row["kind"] != "note"):
                yield row


def rows_of_file(path: Path, on_fault: Report | None = None) -> Iterator[Row]:
    """The rows of one file, as they stand in it."""
    in_log = _SEGMENT.fullmatch(path.name) is None
    with open_source(path) as file:
        for number, line in enumerate(_lines(file), start=1):
            found = parse_line(line, in_log=in_log)
            if isinstance(found, Fault):
                if on_fault is not None:
                    on_fault(path, number, found)
            elif found is not None:
                yield found


def open_source(path: Path) -> IO[bytes]:
    """A file of rows, without its compression."""
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")  # type: ignore[return-value]


def _lines(file: IO[bytes]) -> Iterable[bytes]:
    while line := file.readline(_LONGEST_LINE):
        yield line


class SeenRows:
    """Which rows were read, by writer and number. Small where numbers come in order."""

    def __init__(self) -> None:
        self._next: dict[str, int] = {}
        self._beyond: dict[str, set[int]] = {}
        self.doubled = 0

    def is_new(self, row: Row) -> bool:
        """Whether this row was not seen before; it is now."""
        writer, seq = row["writer"], row["seq"]
        next_seq = self._next.get(writer, 0)
        beyond = self._beyond.setdefault(writer, set())
        if seq < next_seq or seq in beyond:
            self.doubled += 1
            return False
        beyond.add(seq)
        while next_seq in beyond:
            beyond.remove(next_seq)
            next_seq += 1
        self._next[writer] = next_seq
        return True

    def missing(self) -> dict[str, list[range]]:
        """The numbers that were not seen, below the largest one of each writer."""
        gaps: dict[str, list[range]] = {}
        for writer, beyond in self._beyond.items():
            begin = self._next[writer]
            for seq in sorted(beyond):
                if seq > begin:
                    gaps.setdefault(writer, []).append(range(begin, seq))
                begin = seq + 1
        return gaps

    def writers(self) -> list[str]:
        """Those that were seen."""
        return list(self._next)
