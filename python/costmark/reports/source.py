"""The rows of ledgers as tables of a database.

``ended``: one row for each attempt that has ended, with the usage of its settlement where a
response was settled later, and settlements whose attempt is not here. ``begun``: attempts without
an end. ``refused`` and ``notes``: rows of these kinds. A row that is there twice counts once.
"""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from ..ledger.manifests import SEGMENT, Layout, ManifestError, State, load
from ..ledger.parts import (
    columns,
    connect,
    database_error,
    exactly,
    fitted_line,
    json_table,
)
from ..ledger.read import BAD_COMPRESSION, lines_of, sources
from ..ledger.rows import Fault, parse_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import duckdb

    Progress = Callable[[int, int], None]

# What a settlement says anew.
OF_SETTLEMENT = (
    *("input", "cached", "cache_write", "output", "reasoning", "total", "meters", "usage"),
    *("outcome", "tier", "model_answered", "flags", "cost_pico", "cost_state"),
)


class Source:
    """Ledgers in a database, as long as the context lasts."""

    def __init__(self, *paths: str | os.PathLike[str], progress: Progress | None = None) -> None:
        self._paths = list(dict.fromkeys(map(Path, paths)))
        self._progress = progress
        self.faults: Counter[str] = Counter()
        """Lines that are no rows, by what is wrong with them."""
        self.files = 0
        self.rows_removed = 0
        """Rows that were pruned, being too old."""

    def __enter__(self) -> Source:
        self._folder = tempfile.TemporaryDirectory(prefix="costmark-")
        try:
            self.database = connect("1GB", os.cpu_count() or 1)
            self.database.execute("SET temp_directory = $1", [self._folder.name])
            self._load()
        except BaseException:
            self._folder.cleanup()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.database.close()
        self._folder.cleanup()

    def _load(self) -> None:
        before: list[str] | None = None
        while True:
            self.faults.clear()
            parts: list[str] = []
            try:
                parts, tails = self._snapshot()
                self._copy(tails)
                self._make_tables(parts)
            except FileNotFoundError as error:  # pruned meanwhile; what took its place is read
                if parts and parts == before:
                    raise ManifestError(f"{error.filename or error} is gone") from None
                before = parts
                continue
            return

    def _snapshot(self) -> tuple[list[str], list[tuple[Path, int]]]:
        """The parts, and the files with the byte from which on they are not in parts."""
        parts: list[str] = []
        tails: list[tuple[Path, int]] = []
        self.rows_removed = 0
        for path in self._paths:
            layout = Layout(path)
            segments = layout.segments() if layout.raw.is_dir() else []  # before the manifests
            if not segments and not layout.is_compacted:
                tails += [(file, 0) for file in sources(path)]
                continue
            state = load(layout)
            self._take_state(state)
            parts += [str(layout.rows / name) for name in state.parts]
            for file in segments:
                begin, _ = state.covered(layout.name_of(file))
                if file.stat().st_size > begin:
                    tails.append((file, begin))
        self.files = len(parts) + len(tails)
        return parts, tails

    def _take_state(self, state: State) -> None:
        for inputs in state.inputs.values():
            for each in inputs:
                self.faults.update(kind for _, kind, _ in each.faults)
        for ranges in state.removed_rows.values():
            self.rows_removed += sum(map(len, ranges))

    def _copy(self, tails: list[tuple[Path, int]]) -> None:
        """What the strict reader takes, into a file that the database reads."""
        total = sum(path.stat().st_size - begin for path, begin in tails)
        done = 0
        with open(self._tails, "wb") as out:
            for path, begin in tails:
                for line in self._rows(path, begin):
                    out.write(line)
                    out.write(b"\n")
                done += path.stat().st_size - begin
                if self._progress is not None:
                    self._progress(done, total)

    def _rows(self, path: Path, begin: int) -> Iterator[bytes]:
        in_log = SEGMENT.fullmatch(path.name) is None
        try:
            for line in lines_of(path, begin):
                row = parse_line(line, in_log=in_log)
                if isinstance(row, Fault):
                    self.faults[row.kind] += 1
                elif row is not None:
                    yield fitted_line(row, None if in_log else line.strip(b" \t\r\n"))
        except BAD_COMPRESSION:
            self.faults["torn"] += 1

    @property
    def _tails(self) -> str:
        return os.path.join(self._folder.name, "rows.jsonl")

    def _make_tables(self, parts: list[str]) -> None:
        names = ", ".join(f'"{name}"' for name in columns())
        union = f"SELECT {names} FROM {json_table('$tails')}"  # noqa: S608 - the schema's names
        if parts:
            union += f" UNION ALL SELECT {names} FROM read_parquet($parts)"  # noqa: S608
        parameters: dict[str, object] = {"tails": exactly(Path(self._tails))}
        if parts:
            parameters["parts"] = [exactly(Path(part)) for part in parts]
        for part in parts:
            os.stat(part)
        run(self.database, f"CREATE OR REPLACE TEMP TABLE every_row AS {union}", parameters)
        for statement in _TABLES:
            run(self.database, statement)


def run(
    database: duckdb.DuckDBPyConnection, sql: str, parameters: dict[str, object] | None = None
) -> duckdb.DuckDBPyConnection:
    """Execute a statement. Raises ManifestError for a part that cannot be read."""
    try:
        return database.execute(sql, parameters or {})
    except database_error() as error:
        raise ManifestError(f"the ledger cannot be read: {error}") from None


_JOINED = ", ".join(
    f'CASE WHEN s.kind IS NULL THEN a."{name}" ELSE s."{name}" END AS "{name}"'
    if name in OF_SETTLEMENT
    else f'a."{name}"'
    for name in columns()
)
_ALL = ", ".join(f's."{name}"' for name in columns())
_SAME_RESPONSE = (
    "a.response_id = s.response_id AND a.account IS NOT DISTINCT FROM s.account "
    "AND a.region IS NOT DISTINCT FROM s.region"
)
_TABLES = (
    """CREATE OR REPLACE TEMP VIEW rows AS SELECT * FROM every_row
    QUALIFY row_number() OVER (PARTITION BY writer, seq) = 1""",
    """CREATE OR REPLACE TEMP TABLE attempts AS SELECT * FROM rows WHERE kind = 'attempt'
    QUALIFY row_number() OVER (PARTITION BY op, attempt ORDER BY end_us DESC, writer, seq) = 1""",
    """CREATE OR REPLACE TEMP TABLE settled AS SELECT * FROM rows WHERE kind = 'settle'
    QUALIFY row_number() OVER
    (PARTITION BY account, region, response_id ORDER BY end_us DESC, writer, seq) = 1""",
    f"""CREATE OR REPLACE TEMP TABLE ended AS
    SELECT {_JOINED} FROM attempts a LEFT JOIN settled s ON {_SAME_RESPONSE}
    UNION ALL
    SELECT {_ALL} FROM settled s
    WHERE NOT EXISTS (SELECT 1 FROM attempts a WHERE {_SAME_RESPONSE})""",  # noqa: S608
    """CREATE OR REPLACE TEMP TABLE begun AS SELECT * FROM rows b WHERE kind = 'begin'
    AND NOT EXISTS (SELECT 1 FROM attempts a WHERE a.op = b.op AND a.attempt = b.attempt)
    QUALIFY row_number() OVER (PARTITION BY op, attempt ORDER BY start_us, writer, seq) = 1""",
    "CREATE OR REPLACE TEMP TABLE refused AS SELECT * FROM rows WHERE kind = 'refused'",
    "CREATE OR REPLACE TEMP TABLE notes AS SELECT * FROM rows WHERE kind = 'note'",
)
