"""The files of a ledger, and the rows in them."""

from __future__ import annotations

import gzip
import re
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from .. import _core
from ..errors import ConfigurationError
from .manifests import SEGMENT, Layout, ManifestError, State, files_below, load
from .parts import rows_of_parts
from .rows import Fault, Row, row_of

if TYPE_CHECKING:
    import io
    import os
    from collections.abc import Callable, Iterator

    Report = Callable[[Path, int, Fault], None]

_PIECE = 1 << 20
_ENDLESS = 1 << 62
# A part as `push` names it, with the beginning of its SHA-256, and one as `compact` names it.
_PUSHED = re.compile(r"\d{6,}-\d+-[0-9a-f]{16}\.parquet")
_PART = re.compile(r"\d{6,}-\d+\.parquet")
# What a compressed file raises that is cut, or is none.
BAD_COMPRESSION = (EOFError, zlib.error, gzip.BadGzipFile)


def sources(*paths: str | os.PathLike[str]) -> list[Path]:
    """The files that hold rows, sorted by path.

    Each path is a folder that option ``ledger`` names, a folder of such files, or a file: a
    segment, or a log that has rows among its lines; ``.gz`` is taken off. Raises
    ConfigurationError when there is no such path, or a folder that holds no such file.
    """
    found: set[Path] = set()
    for each in map(Path, paths):
        if each.is_dir():
            found.update(_files_of(Layout(each)))
        elif each.is_char_device() or each.is_block_device():
            raise _no_ledger(each, "it is a device, which has no end")
        elif each.exists():
            found.add(each)
        else:
            raise ConfigurationError(f"there is no ledger at {each}", code="invalid_argument")
    return sorted(found)


def _files_of(layout: Layout) -> list[Path]:
    if layout.has_raw:
        return layout.segments()
    if layout.is_compacted:
        return []
    parts = [path.name for path in layout.folder.rglob("date=*/*.parquet")]
    if any(map(_PUSHED.fullmatch, parts)):
        raise _no_ledger(
            layout.folder,
            "it has the rows that `costmark ledger push` sent, without manifests; `costmark sql "
            "--dialect duckdb --location FOLDER` prints the tables and queries that read them, or "
            "give the ledgers that were pushed",
        )
    if any(map(_PART.fullmatch, parts)):
        raise _no_ledger(
            layout.folder,
            "it has compacted rows whose manifests are not in its folder `manifests`; give the "
            "folder of the ledger itself",
        )
    files = list(files_below(layout.folder))
    if not files:
        raise _no_ledger(
            layout.folder,
            "it has neither a folder `raw`, as option ledger (COSTMARK_LEDGER) makes it, nor files "
            "with `.jsonl` in their names",
        )
    return files


def _no_ledger(path: Path, reason: str) -> ConfigurationError:
    return ConfigurationError(f"there is no ledger at {path}: {reason}", code="invalid_argument")


def require_rows(path: Path) -> None:
    """Raises ConfigurationError for a path with content and no row. A ledger may be new."""
    layout = Layout(path)
    if layout.has_raw or layout.is_compacted:
        return
    files = [file for file in sources(path) if file.stat().st_size > 0]
    if files and not any(map(_has_row, files)):
        raise _no_ledger(
            path,
            "no line in it is a row; give the folder of option ledger (COSTMARK_LEDGER), or a "
            "segment or log with rows",
        )


def _has_row(path: Path) -> bool:
    """Whether a file has a row, be it a broken one."""
    faults: list[Fault] = []
    for _ in rows_of_file(path, lambda _path, _line, fault: faults.append(fault)):
        return True
    return bool(faults)


def has_no_rows_yet(path: Path) -> bool:
    """Whether this is a ledger, or a file for rows, that nothing was written to."""
    layout = Layout(path)
    return not layout.is_compacted and not any(file.stat().st_size for file in sources(path))


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
        if layout.has_raw or layout.is_compacted:
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
        if not has_duckdb() and _has_all_inputs(layout, state):
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
    yield from rows_of_parts(*(layout.rows / part for part in state.parts))
    if on_fault is not None:
        for name, inputs in state.inputs.items():
            for each in inputs:
                for line, kind, reason in each.faults:
                    on_fault(layout.raw / name, line, Fault(kind, reason))
    for path in segments:
        begin, lines = state.covered(layout.name_of(path))
        if path.stat().st_size > begin:
            yield from rows_of_file(path, on_fault, begin, lines)


def has_duckdb() -> bool:
    """Whether parts can be read."""
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
    reader = _core.RowLines(is_log(path), lines)
    try:
        for piece in pieces_of(path, 0 if path.suffix == ".gz" else begin):
            texts, faults = reader.read(piece, is_last=not piece)
            yield from map(row_of, texts)
            if on_fault is not None:
                for line, kind, reason in faults:
                    on_fault(path, line, Fault(kind, reason))
    except BAD_COMPRESSION as error:
        if on_fault is not None:
            reason = f"the compressed file is cut: {error}"
            on_fault(path, reader.lines + 1, Fault("torn", reason))


def is_log(path: Path) -> bool:
    """Whether a file is no segment, so that its lines may be other programs'."""
    return SEGMENT.fullmatch(path.name) is None


def pieces_of(path: Path, begin: int = 0, end: int | None = None) -> Iterator[bytes]:
    """The bytes of a file between two places; of a compressed one, those of what it holds.

    The last piece, and no other, is empty.
    """
    with _open(path) as file:
        file.seek(begin)
        left = _ENDLESS if end is None else end - begin
        while left > 0 and (piece := file.read1(min(_PIECE, left))):
            yield piece
            left -= len(piece)
    yield b""


def _open(path: Path) -> io.BufferedReader | gzip.GzipFile:
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")


class SeenRows:
    """Which rows were read, by writer and number. Small where numbers come in order."""

    def __init__(self) -> None:
        self.core = _core.SeenRows()

    @property
    def doubled(self) -> int:
        """Rows that were seen before, when they came."""
        return self.core.doubled

    def is_new(self, row: Row) -> bool:
        """Whether this row was not seen before; it is now."""
        return self.core.is_new(row["writer"], row["seq"])

    def add(self, writer: str, numbers: range) -> None:
        """Take rows for seen that were removed."""
        self.core.add(writer, numbers.start, numbers.stop)

    def ranges(self) -> dict[str, list[range]]:
        """The numbers that were seen, by writer."""
        return {
            writer: [range(*each) for each in ranges]
            for writer, ranges in self.core.ranges().items()
        }

    def missing(self) -> dict[str, list[range]]:
        """The numbers that were not seen, below the largest one of each writer."""
        found = {}
        for writer, ranges in self.ranges().items():
            ends = [0, *(each.stop for each in ranges)]
            gaps = [
                range(before, each.start)
                for before, each in zip(ends, ranges, strict=False)
                if before < each.start
            ]
            if gaps:
                found[writer] = gaps
        return found

    def writers(self) -> list[str]:
        """Those that were seen."""
        return list(self.core.ranges())
