"""Parts: the rows of closed segments, as Parquet files that any engine reads."""

from __future__ import annotations

import json
import os
import re
from datetime import date, timedelta
from typing import IO, TYPE_CHECKING, Any

from .. import _core
from ..errors import ConfigurationError
from .manifests import Layout, ManifestError, Part, hash_of, make_folder, private, sync_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    import duckdb

    from .rows import Row

_PART = re.compile(r"date=\d{4}-\d\d-\d\d/\d{6,}-\d+\.parquet")
_DAY_US = 86_400_000_000
_MOST_OPEN = 64
_FETCH = 2_000
# Rows are buffered per day until they are this large; then they become a part.
_LARGEST_DRAFT = 256 << 20


def connect(
    memory: str = "256MB", threads: int = 1, name: str = ":memory:"
) -> duckdb.DuckDBPyConnection:
    """DuckDB that loads nothing over the network. ConfigurationError without it."""
    try:
        import duckdb
    except ImportError:
        raise ConfigurationError(
            "compacted rows are read and written by DuckDB; install costmark[report]",
            code="unsupported",
        ) from None
    database = duckdb.connect(
        name,
        config={
            "memory_limit": memory,
            "threads": threads,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "preserve_insertion_order": True,
        },
    )
    # The bar goes to the standard output, into what another program reads.
    database.execute("SET enable_progress_bar = false")
    return database


def day_of(row: Row) -> int:
    """The UTC day that a row belongs to: that of its end, or else of its start."""
    at: int = row["end_us"] if "end_us" in row else row["start_us"]
    return at // _DAY_US


def folder_of(day: int) -> str:
    """The name of a day's folder."""
    return f"date={date(1970, 1, 1) + timedelta(days=day)}"


class PartWriter:
    """Collects rows and writes them as parts, one or more for each day.

    As a context: what it made is removed when an error ends it. So the manifest that names the
    parts is written after it.
    """

    def __init__(self, layout: Layout, number: int) -> None:
        self._layout = layout
        self._number = number
        self._drafts: dict[int, IO[bytes]] = {}
        self._counts: dict[int, int] = {}
        self._sizes: dict[int, int] = {}
        self._made: list[Part] = []
        self._work = layout.rows / ".work"

    def __enter__(self) -> PartWriter:
        make_folder(self._work)
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        for file in self._drafts.values():
            file.close()
        remove_work(self._layout)
        if kind is not None:
            for part in self._made:
                (self._layout.rows / part.name).unlink(missing_ok=True)

    def add(self, row: Row) -> None:
        """Add a row."""
        self.add_lines(day_of(row), 1, json.dumps(row, ensure_ascii=False).encode() + b"\n")

    def add_lines(self, day: int, count: int, lines: bytes) -> None:
        """Add so many rows of a day, as the lines of a segment."""
        file = self._drafts.get(day) or self._open(day)
        self._counts[day] += count
        self._sizes[day] += file.write(lines)
        if self._sizes[day] > _LARGEST_DRAFT:
            self._write(day)

    def _open(self, day: int) -> IO[bytes]:
        if len(self._drafts) >= _MOST_OPEN:
            for file in self._drafts.values():
                file.close()
            self._drafts.clear()
        self._counts.setdefault(day, 0)
        self._sizes.setdefault(day, 0)
        self._drafts[day] = open(self._draft(day), "ab", opener=private)  # noqa: SIM115
        return self._drafts[day]

    def _draft(self, day: int) -> Path:
        return self._work / f"{day}.jsonl"

    def finish(self) -> tuple[Part, ...]:
        """Write what is left. The parts are on the disk, under their names."""
        for day in sorted(self._counts):
            self._write(day)
        return tuple(self._made)

    def _write(self, day: int) -> None:
        draft = self._drafts.pop(day, None)
        if draft is not None:
            draft.close()
        name = f"{folder_of(day)}/{self._number:06}-{len(self._made)}.parquet"
        target = self._layout.rows / name
        make_folder(target.parent)
        work = self._work / "part.parquet"
        work.touch(mode=0o600)
        rows = _core.RowTable([(os.fsencode(self._draft(day)), 0, False)], _core.row_columns())
        with connect() as database:
            database.register("draft", rows)
            to = f"'{_quoted(work)}' (FORMAT parquet, COMPRESSION zstd)"
            database.execute(f"COPY (SELECT * FROM draft) TO {to}")  # noqa: S608
        if rows.faults:  # the disk gives back something else than what it took
            raise ManifestError(f"{self._draft(day)}: rows cannot be read back: {rows.faults}")
        work.chmod(0o600)
        with work.open("rb+") as file:
            os.fsync(file.fileno())
        part = Part(name, self._counts.pop(day), work.stat().st_size, hash_of(work))
        self._draft(day).unlink()
        self._sizes.pop(day)
        work.replace(target)
        sync_folder(target.parent)
        sync_folder(self._layout.rows)
        self._made.append(part)


def remove_work(layout: Layout) -> None:
    """Remove what a process left that was killed at work. Only with the lock."""
    work = layout.rows / ".work"
    if work.is_dir():
        for path in work.iterdir():
            path.unlink()
        work.rmdir()


def remove_orphans(layout: Layout, parts: dict[str, Part]) -> None:
    """Remove parts that no manifest names, and their sums. Only with the lock.

    Raises ManifestError, and removes nothing, while one that a manifest names is missing.
    """
    for name in parts:
        if not (layout.rows / name).exists():
            raise ManifestError(f"{layout.rows / name}: the part is gone")
    remove_work(layout)
    for path in layout.rows.rglob("*.parquet"):
        name = path.relative_to(layout.rows).as_posix()
        if name not in parts and _PART.fullmatch(name):
            path.unlink()
    layout.remove_sums(parts)


def rows_of_parts(*paths: Path) -> Iterator[Row]:
    """The rows of parts, as their segments had them.

    Raises FileNotFoundError, and ManifestError for one that is no part, or no longer.
    """
    if paths:
        with connect() as database:
            for path in paths:
                yield from _rows_of_part(database, path)


def _rows_of_part(database: duckdb.DuckDBPyConnection, path: Path) -> Iterator[Row]:
    names = _core.row_columns()
    listed = ", ".join(f'"{name}"' for name in names)
    query = f"SELECT {listed} FROM read_parquet($path)"  # noqa: S608 - the schema's names
    if not path.exists():
        raise FileNotFoundError(path)
    try:
        result = database.execute(query, {"path": exactly(path)})
        while batch := result.fetchmany(_FETCH):
            for values in batch:
                yield _row_of(names, values)
    except database_error() as error:
        if not path.exists():
            raise FileNotFoundError(path) from None
        raise ManifestError(f"{path}: the part cannot be read: {reason_of(error)}") from None


def database_error() -> type[Exception]:
    """What DuckDB raises."""
    import duckdb

    return duckdb.Error


def reason_of(error: Exception) -> str:
    """What the database says, without the statement that it shows below."""
    return str(error).partition("\n")[0]


def numbers_in_parts(
    layout: Layout, parts: Iterable[str], writers: list[str]
) -> list[tuple[str, range]]:
    """Which rows of these writers are in these parts."""
    files = [layout.rows / name for name in parts]
    if not files or not writers:
        return []
    query = numbers_in(table_of(files), "list_contains($writers, writer)")
    with connect() as database:
        try:
            found = database.execute(query, {"writers": writers}).fetchall()
        except database_error() as error:
            reason = reason_of(error)
            raise ManifestError(f"{layout.rows}: a part cannot be read: {reason}") from None
    return [(writer, range(begin, end)) for writer, begin, end in found]


def numbers_in(table: str, chosen: str = "true") -> str:
    """SQL of which rows of each writer are in a table: from and up to."""
    return f"""
        SELECT writer, min(seq), max(seq) + 1 FROM (
            SELECT writer, seq, seq - row_number() OVER (PARTITION BY writer ORDER BY seq) AS run
            FROM (SELECT DISTINCT writer, seq FROM {table} WHERE {chosen}))
        GROUP BY writer, run ORDER BY writer, run"""  # noqa: S608


def _row_of(names: list[str], values: tuple[Any, ...]) -> Row:
    row = {name: value for name, value in zip(names, values, strict=True) if value is not None}
    extra = row.pop("extra", None)
    return row if extra is None else {**row, **json.loads(extra)}


def table_of(files: Iterable[Path]) -> str:
    """SQL of the rows of parts."""
    names = ", ".join(f"'{_quoted(exactly(path))}'" for path in files)
    return f"read_parquet([{names}])"


def exactly(path: Path) -> str:
    """A path as the database takes it for that very file, whatever characters it has."""
    return re.sub(r"([*?\[])", r"[\1]", str(path))


def _quoted(path: str | Path) -> str:
    return str(path).replace("'", "''")
