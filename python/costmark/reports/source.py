"""The rows of ledgers as tables of a database.

``ended``: one row for each attempt that has ended, with the usage of its settlement where a
response was settled later, and settlements whose attempt is not here. ``begun``: attempts without
an end. ``refused`` and ``notes``: rows of these kinds. A row that is there twice counts once.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import _core
from ..ledger import groups
from ..ledger.manifests import Layout, ManifestError, Part, State, hash_of, load
from ..ledger.parts import connect, database_error, reason_of, table_of
from ..ledger.read import BAD_COMPRESSION, is_log, pieces_of, require_rows, sources
from ..ledger.rows import row_of
from ..ledger.sums import GROUPED
from .apart import Beside, fitting
from .sums import summed_side_by_side

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import duckdb

    from ..ledger.rows import Row
    from ..ledger.sums import PartSums
    from .sums import Group, Summing

    Progress = Callable[[int, int], None]
    _File = tuple[bytes, int, bool]  # path, byte to begin at, whether it is a log

# What a settlement says anew.
OF_SETTLEMENT = (
    *("input", "cached", "cache_write", "output", "reasoning", "total", "meters", "usage"),
    *("outcome", "tier", "model_answered", "flags", "cost_pico", "cost_state"),
)
# What the tables below need.
_KEYS = (
    *("kind", "writer", "seq", "op", "attempt", "start_us", "end_us"),
    *("account", "region", "response_id", "rows_lost"),
)
# Bytes of files that are read in one go, and of those whose rows fit into memory.
_ONE_GO = 256 << 20
_SMALL = 3 << 30
# Of rows that are looked at without a database.
_FEW_BYTES = 1 << 20
# Beginnings and settlements that are looked at one by one.
_MOST_APART = 100_000


class Source:
    """Ledgers in a database, as long as the context lasts.

    ``query``: only the columns that it names are there, and those that the tables need.
    ``summing``: attempts may be in ``groups``, or in the table ``sums``, instead of in the others.
    """

    def __init__(
        self,
        *paths: str | os.PathLike[str],
        query: str | None = None,
        progress: Progress | None = None,
        summing: Summing | None = None,
    ) -> None:
        self._paths = list(dict.fromkeys(map(Path, paths)))
        self._parts: dict[Path, Part] = {}
        self._compacted: list[tuple[Layout, State]] = []
        self._summed: dict[Path, PartSums] = {}
        self._reads_sums = True
        self._progress = progress
        self._summing = summing
        columns = _core.row_columns()
        named = columns if query is None else {*_KEYS, *re.findall(r"\w+", query)}
        self._columns = [name for name in columns if name in named]
        self.faults: Counter[str] = Counter()
        """Lines that are no rows, by what is wrong with them."""
        self.files = 0
        self.groups: list[Group] = []
        """Attempts that are not in the tables."""
        self.plain: list[Row] | None = None
        """The other rows, where there is no database: they are few, and none has usage."""
        self._database: duckdb.DuckDBPyConnection | None = None
        self.rows_removed = 0
        """Rows that were pruned, being too old."""

    def __enter__(self) -> Source:
        self._folder = tempfile.TemporaryDirectory(prefix="costmark-")
        try:
            self._load()
        except BaseException as error:
            self._folder.cleanup()
            self._explain(error)
            raise
        return self

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        self._close()
        self._folder.cleanup()
        self._explain(error)

    def read_whole(self) -> None:
        """From now on all rows are in the tables."""
        if self._summing is not None:
            self._summing = None
            self._close()
            self._load()

    def _close(self) -> None:
        self.groups, self.plain = [], None
        self._summed = {}
        if self._database is not None:
            self._database.close()
            self._database = None

    def _explain(self, error: BaseException | None) -> None:
        """Raises ManifestError for a part that is why the database cannot read the ledger."""
        if not isinstance(error, ManifestError):
            return
        for path, part in self._parts.items():
            if path.exists() and not _is_written(path, part):
                raise ManifestError(
                    f"{path}: the part is not the one that was written; put that one back. "
                    "`costmark ledger verify` names all that differ"
                ) from error

    def _load(self) -> None:
        before: list[list[Path]] | None = None
        while True:
            self.faults.clear()
            self._close()
            parts: list[list[Path]] = []
            try:
                parts, tails = self._snapshot()
                # Rows of parts may belong together with any others.
                if self._summing is None or parts or not self._sum(tails, self._summing):
                    self._open(sum(path.stat().st_size - begin for path, begin in tails))
                    if not self._read_tables(parts, tails):
                        self._reads_sums = False
                        continue
            except FileNotFoundError as error:  # pruned meanwhile; what took its place is read
                if parts and parts == before:
                    raise ManifestError(f"{error.filename or error} is gone") from None
                before = parts
                continue
            return

    @property
    def has_sums(self) -> bool:
        """Whether there is a table ``sums``, with attempts that are in no other table."""
        return bool(self._summed)

    def _read_tables(self, parts: list[list[Path]], tails: list[tuple[Path, int]]) -> bool:
        """False: other rows say more of attempts that are summed up beside parts."""
        if self._summing is not None and self._reads_sums and len(self._compacted) == 1:
            ((layout, state),) = self._compacted
            self._summed = fitting(layout, state.parts, self._summing)
        self._read(tails)
        rows = [[path for path in each if path not in self._summed] for each in parts]
        self._make_tables(list(filter(None, rows)))
        return not self._summed or self._are_beside(any(rows))

    def _are_beside(self, has_parts: bool) -> bool:
        def execute(sql: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
            return run(self.database, sql, parameters).fetchall()

        tables = ["raw_rows", *(["parts"] if has_parts else [])]
        return Beside(execute, self._summed, tables).are_apart()

    def _snapshot(self) -> tuple[list[list[Path]], list[tuple[Path, int]]]:
        """The parts of each ledger, and the files with the byte from which on they are not in
        parts.
        """
        parts: list[list[Path]] = []
        tails: list[tuple[Path, int]] = []
        self.rows_removed = 0
        self._parts.clear()
        self._compacted.clear()
        for path in self._paths:
            layout = Layout(path)
            segments = layout.segments() if layout.has_raw else []  # before the manifests
            if not segments and not layout.is_compacted:
                require_rows(path)
                tails += [(file, 0) for file in sources(path)]
                continue
            state = load(layout)
            self._take_state(state)
            if state.parts:
                found = {layout.rows / name: part for name, part in state.parts.items()}
                parts.append([*found])
                self._parts.update(found)
                self._compacted.append((layout, state))
            for file in segments:
                begin, _ = state.covered(layout.name_of(file))
                if file.stat().st_size > begin:
                    tails.append((file, begin))
        self.files = sum(map(len, parts)) + len(tails)
        return parts, tails

    def _take_state(self, state: State) -> None:
        for inputs in state.inputs.values():
            for each in inputs:
                self.faults.update(kind for _, kind, _ in each.faults)
                self.faults.update(each.more_faults)
        for ranges in state.removed_rows.values():
            self.rows_removed += sum(map(len, ranges))

    @property
    def database(self) -> duckdb.DuckDBPyConnection:
        """With the tables. There is none where ``plain`` is given."""
        if self._database is None:
            raise RuntimeError("the rows are not in a database")
        return self._database

    def _open(self, size: int) -> None:
        """Much is kept in a file, where the database packs it."""
        is_small = size <= _SMALL
        name = ":memory:" if is_small else os.path.join(self._folder.name, "rows.db")
        Path(self._folder.name, "rows.db").unlink(missing_ok=True)
        self._database = connect("1GB", os.cpu_count() or 1, name)
        if is_small:  # it is read once or twice: packing takes longer than what that saves
            self.database.execute("SET force_compression = 'uncompressed'")
        self.database.execute("SET preserve_insertion_order = false")
        self.database.execute("SET temp_directory = $1", [self._folder.name])

    def _sum(self, tails: list[tuple[Path, int]], summing: Summing) -> bool:
        """Sum up attempts, and read the other rows. False, and nothing is read: that cannot be."""
        known = self.faults.copy()
        sums = summing.begin()
        hands = os.cpu_count() or 1
        rest = [Path(self._folder.name, f"rest-{at}.jsonl") for at in range(hands)]
        for path in rest:
            path.write_bytes(b"")
        for files in self._portions(tails):
            self._sum_files(sums, self._dealt(files), rest)
        if sums.is_exact and self._read_rest(sums, rest):
            self.groups = summing.groups(sums)
            return True
        self.faults = known
        return False

    def _sum_files(self, sums: _core.RowSums, hands: list[list[_File]], rest: list[Path]) -> None:
        for faults, missing, reason in summed_side_by_side(sums, hands, rest):
            self.faults.update(faults)
            if missing:
                raise FileNotFoundError(os.fsdecode(missing))
            if reason:
                raise ManifestError(f"the ledger cannot be read: {reason}")

    def _read_rest(self, sums: _core.RowSums, files: list[Path]) -> bool:
        """Whether none of these rows says more of an attempt that was summed up."""
        size = sum(path.stat().st_size for path in files)
        if size <= _FEW_BYTES and (rows := _plain_rows(files)) is not None:
            self.plain = [
                row
                for row in rows
                if row["kind"] != "begin" or not sums.has_ended(row["op"], row["attempt"])
            ]
            return True
        self._open(size)
        self._seen = _core.SeenRows()
        hands = [[(os.fsencode(path), 0, False)] for path in files]
        self._read_files("CREATE TABLE raw_rows AS", hands)
        if self._are_apart(sums):
            self._make_tables([])
            return True
        self._close()
        return False

    def _are_apart(self, sums: _core.RowSums) -> bool:
        """The same of rows in the table. Beginnings of attempts that were read are removed."""
        rest = "SELECT count(*) FROM raw_rows WHERE kind IN ('begin', 'settle')"
        if _rows(self.database, rest)[0][0] > _MOST_APART:
            return False
        settled = "SELECT response_id FROM raw_rows WHERE kind = 'settle'"
        if any(sums.has_response(response) for (response,) in _rows(self.database, settled)):
            return False
        begun = "SELECT op, attempt, writer, seq FROM raw_rows WHERE kind = 'begin'"
        ended = [
            row for op, attempt, *row in _rows(self.database, begun) if sums.has_ended(op, attempt)
        ]
        writers, numbers = zip(*ended, strict=True) if ended else ((), ())
        run(
            self.database,
            "DELETE FROM raw_rows WHERE (writer, seq) IN "
            "(SELECT unnest($writers::VARCHAR[]), unnest($numbers::BIGINT[]))",
            {"writers": list(writers), "numbers": list(numbers)},
        )
        return True

    def _read(self, tails: list[tuple[Path, int]]) -> None:
        """What the strict reader takes, into a table."""
        self._seen = _core.SeenRows()
        for known in self._summed.values():
            for writer, ranges in known.writers.items():
                for begin, end in ranges:
                    self._seen.add(writer, begin, end)
        self._read_files("CREATE TABLE raw_rows AS", [[]])
        for files in self._portions(tails):
            self._read_files("INSERT INTO raw_rows", self._dealt(files))

    def _portions(self, tails: list[tuple[Path, int]]) -> Iterator[list[tuple[Path, int]]]:
        """Files that are read in one go."""
        total = sum(path.stat().st_size - begin for path, begin in tails)
        done = 0
        for files in _portions(tails):
            yield files
            done += sum(path.stat().st_size - begin for path, begin in files)
            if self._progress is not None:
                self._progress(done, total)

    def _dealt(self, files: list[tuple[Path, int]]) -> list[list[_File]]:
        """Files for each processor, which are read side by side."""
        plain = [(*self._plain(path, begin), is_log(path)) for path, begin in files]
        plain.sort(key=lambda file: file[0].stat().st_size - file[1])
        processors = min(os.cpu_count() or 1, len(plain))
        return [
            [(os.fsencode(path), begin, in_log) for path, begin, in_log in plain[at::processors]]
            for at in range(processors)
        ]

    def _read_files(self, into: str, hands: list[list[_File]]) -> None:
        tables = [
            _core.RowTable(files, self._columns, self._seen, joins_begins=True) for files in hands
        ]
        for at, table in enumerate(tables):
            self.database.register(f"files_{at}", table)
        union = " UNION ALL ".join(f"SELECT * FROM files_{at}" for at in range(len(tables)))  # noqa: S608
        try:
            run(self.database, f"{into} {union}")
        except ManifestError:
            for table in tables:
                if table.missing:
                    raise FileNotFoundError(os.fsdecode(table.missing)) from None
            raise
        finally:
            for at in range(len(tables)):
                self.database.unregister(f"files_{at}")
        for table in tables:
            self.faults.update(table.faults)

    def _plain(self, path: Path, begin: int) -> tuple[Path, int]:
        """A file whose bytes are lines, and where to begin in it."""
        if path.suffix != ".gz":
            return path, begin
        descriptor, name = tempfile.mkstemp(dir=self._folder.name)
        with open(descriptor, "wb") as out:
            try:
                for piece in pieces_of(path):
                    out.write(piece)
            except BAD_COMPRESSION:
                self.faults["torn"] += 1
        return Path(name), 0

    def _make_tables(self, parts: list[list[Path]]) -> None:
        files = [path for each in parts for path in each]
        for path in files:
            os.stat(path)
        self._take_sums()
        listed = ", ".join(f'"{name}"' for name in self._columns)
        union = f"SELECT {listed} FROM raw_rows"  # noqa: S608 - the schema's names
        if files:
            run(self.database, f"CREATE OR REPLACE TEMP VIEW parts AS {_select(listed, files)}")
            union += f" UNION ALL {self._once(listed, parts)}"
        if self._summed:
            union += f" UNION ALL SELECT {listed} FROM beside"  # noqa: S608
        run(self.database, f"CREATE OR REPLACE TEMP VIEW rows AS {union}")
        self._make_attempts()
        self._make_ended(listed)
        for statement in _TABLES:
            run(self.database, statement)

    def _take_sums(self) -> None:
        """The groups of parts, and the rows beside them."""
        if not self._summed:
            return
        ((layout, _),) = self._compacted
        files = [layout.sums_of(known.part)[1] for known in self._summed.values()]
        for path in files:
            os.stat(path)
        columns = [f'"{name}"' for name in self._columns]
        of_groups = [name for name in GROUPED if name in self._columns]
        of_groups += [*groups.SUMS, "facts", groups.LEAST_INPUT]
        for table, names, chosen in (
            ("sums", of_groups, "kind = 'sums'"),
            ("beside", columns, "kind <> 'sums'"),
        ):
            run(
                self.database,
                f"CREATE OR REPLACE TEMP TABLE {table} AS "  # noqa: S608
                f"SELECT {', '.join(names)} FROM {table_of(files)} WHERE {chosen}",
            )

    def _once(self, listed: str, parts: list[list[Path]]) -> str:
        """SQL of the rows of parts, each once. Within a ledger they are so already."""
        run(
            self.database,
            "DELETE FROM raw_rows r WHERE EXISTS "
            "(SELECT 1 FROM parts p WHERE p.writer = r.writer AND p.seq = r.seq)",
        )
        if len(parts) == 1:
            return f"SELECT {listed} FROM parts"  # noqa: S608
        writers = " UNION ALL ".join(
            f"(SELECT DISTINCT writer FROM ({_select('writer', each)}))"  # noqa: S608
            for each in parts
        )
        run(
            self.database,
            "CREATE OR REPLACE TEMP TABLE shared AS "  # noqa: S608
            f"SELECT writer FROM ({writers}) GROUP BY writer HAVING count(*) > 1",
        )
        if not _rows(self.database, "SELECT writer FROM shared LIMIT 1"):
            return f"SELECT {listed} FROM parts"  # noqa: S608
        run(
            self.database,
            "CREATE OR REPLACE TEMP TABLE doubled_rows AS SELECT * FROM parts "
            "WHERE writer IN (FROM shared) "
            "QUALIFY row_number() OVER (PARTITION BY writer, seq) = 1",
        )
        return (
            f"SELECT {listed} FROM parts WHERE writer NOT IN (FROM shared) "  # noqa: S608
            f"UNION ALL SELECT {listed} FROM doubled_rows"
        )

    def _make_attempts(self) -> None:
        """One row for each attempt; two are there only if a process forked in the middle of it."""
        run(self.database, _UNPAIRED)
        attempts = "SELECT * FROM rows WHERE kind = 'attempt'"
        if _rows(self.database, "SELECT 1 FROM unpaired WHERE attempts > 1 LIMIT 1"):
            doubled = (
                "hash(op, attempt) {} (SELECT operation FROM unpaired WHERE attempts > 1)".format
            )
            run(
                self.database,
                f"CREATE OR REPLACE TEMP TABLE doubled_attempts AS {attempts} "
                f"AND {doubled('IN')} QUALIFY row_number() OVER "
                "(PARTITION BY op, attempt ORDER BY end_us DESC, writer, seq) = 1",
            )
            attempts += f" AND {doubled('NOT IN')} UNION ALL FROM doubled_attempts"
        run(self.database, f"CREATE OR REPLACE TEMP VIEW attempts AS {attempts}")

    def _make_ended(self, listed: str) -> None:
        run(self.database, _SETTLED)
        if not _rows(self.database, "SELECT 1 FROM settled LIMIT 1"):
            run(self.database, "CREATE OR REPLACE TEMP VIEW ended AS FROM attempts")
            return
        run(self.database, _CREATED)
        joined = ", ".join(
            f'CASE WHEN c.kind IS NULL THEN a."{name}" ELSE c."{name}" END AS "{name}"'
            if name in OF_SETTLEMENT
            else f'a."{name}"'
            for name in self._columns
        )
        run(
            self.database,
            f"""CREATE OR REPLACE TEMP VIEW ended AS
            SELECT {joined} FROM attempts a
            LEFT JOIN created c ON a.writer = c.attempt_writer AND a.seq = c.attempt_seq
            UNION ALL
            SELECT {listed} FROM settled s WHERE NOT EXISTS
            (SELECT 1 FROM created c WHERE c.writer = s.writer AND c.seq = s.seq)""",  # noqa: S608
        )


def _plain_rows(files: list[Path]) -> list[Row] | None:
    """The rows of files, unless one of them has usage."""
    lines = [line for path in files for line in path.read_bytes().split(b"\n") if line]
    rows = [row_of(line.decode()) for line in lines]
    return rows if all(row["kind"] in ("begin", "refused", "note") for row in rows) else None


def _portions(tails: list[tuple[Path, int]]) -> Iterator[list[tuple[Path, int]]]:
    """Files that are read in one go."""
    portion: list[tuple[Path, int]] = []
    size = 0
    for path, begin in tails:
        portion.append((path, begin))
        size += path.stat().st_size - begin
        if size >= _ONE_GO:
            yield portion
            portion, size = [], 0
    if portion:
        yield portion


def _is_written(path: Path, part: Part) -> bool:
    try:
        return path.stat().st_size == part.size and hash_of(path) == part.sha256
    except OSError:  # a folder, perhaps
        return False


def _select(columns: str, files: list[Path]) -> str:
    """SQL of the rows of parts."""
    return f"SELECT {columns} FROM {table_of(files)}"  # noqa: S608


def _rows(database: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = run(database, sql).fetchall()
    return found


def run(
    database: duckdb.DuckDBPyConnection, sql: str, parameters: dict[str, Any] | None = None
) -> duckdb.DuckDBPyConnection:
    """Execute a statement. Raises ManifestError for a part that cannot be read."""
    try:
        return database.execute(sql, parameters or {})
    except database_error() as error:
        raise ManifestError(f"the ledger cannot be read: {reason_of(error)}") from None


# Of all attempts, those that have begun alone, and those that have ended twice: they are few, and a
# number is found faster than a text. Of 10 million attempts and 1,000 that have begun alone, one is
# taken for another at 1 to 2 billion.
_UNPAIRED = """CREATE OR REPLACE TEMP TABLE unpaired AS
    SELECT hash(op, attempt) AS operation, count(*) FILTER (kind = 'attempt') AS attempts
    FROM rows WHERE kind IN ('begin', 'attempt') GROUP BY operation HAVING attempts <> 1"""
_SETTLED = """CREATE OR REPLACE TEMP TABLE settled AS SELECT * FROM rows WHERE kind = 'settle'
    QUALIFY row_number() OVER
    (PARTITION BY account, region, response_id ORDER BY end_us DESC, writer, seq) = 1"""
# A settlement is that of the attempt that created the response: others that name it came later.
_CREATED = """CREATE OR REPLACE TEMP TABLE created AS
    SELECT s.*, a.writer AS attempt_writer, a.seq AS attempt_seq
    FROM attempts a JOIN settled s ON a.response_id = s.response_id
    AND a.account IS NOT DISTINCT FROM s.account AND a.region IS NOT DISTINCT FROM s.region
    QUALIFY row_number() OVER
    (PARTITION BY s.writer, s.seq ORDER BY a.start_us, a.writer, a.seq) = 1"""
_TABLES = (
    """CREATE OR REPLACE TEMP TABLE begun AS SELECT * FROM rows WHERE kind = 'begin'
    AND hash(op, attempt) IN (SELECT operation FROM unpaired WHERE attempts = 0)
    QUALIFY row_number() OVER (PARTITION BY op, attempt ORDER BY start_us, writer, seq) = 1""",
    "CREATE OR REPLACE TEMP VIEW refused AS SELECT * FROM rows WHERE kind = 'refused'",
    "CREATE OR REPLACE TEMP VIEW notes AS SELECT * FROM rows WHERE kind = 'note'",
)
