"""Sums of parts: what their attempts add up to, so that a report need not read each of them.

::

    FOLDER/sums/date=2026-11-30/000001-0.json    of which part, and when they may be added up
    FOLDER/sums/date=2026-11-30/000001-0.sums    Parquet: groups of attempts, and the other rows
    FOLDER/sums/index.json                       which of them belong together

They are made from parts, and can be made again: without them, and with those of another part, of
other contents or of another definition, a report reads the rows. The manifests do not name them.
Nor does it read any that the index does not list, such as older ones that were put back: what was
proven of the others may not hold of them.

A group holds attempts that no other row of the ledger says more of: not one that has ended twice,
whose response was settled, or may be. Such attempts, beginnings whose end is not in the same part,
settlements, refusals and notes stay rows. The last sums that are made are proven against all
before: what is in the groups of one part is in no other part.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import hashlib
import json
import os
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import _core
from . import groups
from .manifests import (
    Layout,
    ManifestError,
    Part,
    check_seal,
    hash_of,
    make_folder,
    private,
    sealed,
    sync_folder,
)
from .parts import connect, database_error, numbers_in, reason_of, table_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    import duckdb

    from .manifests import State

_VERSION = 1
_INDEX = "index.json"
HOUR_US = 3_600_000_000
# The texts that reports group and choose by, besides tags and labels.
COLUMNS = (
    *("project", "project_source", "model", "api", "region", "account", "serving", "tier"),
    *("outcome", "sdk", "url_host", "machine"),
)
_MAPS = ("tags", "labels")
GROUPED = (*COLUMNS, *_MAPS, "end_us")
"""All that groups have in common with rows."""
# There are so many rows for each group, at least, and for each row that is in none.
SHARE = 16
# A part of no more rows is as fast to read: all of them stand beside it, as proven.
FEW = 1000
# Rows of parts that are laid beside each other at a time.
_MOST_ROWS = 4_000_000
_MOST_NAMES = 200
_TRIES = 8
_MAY_BE_SETTLED = "outcome IN ('open', 'incomplete')"
# Of the attempts of a part, those that stay rows.
_STAYS = f"""coalesce({_MAY_BE_SETTLED} OR response_id IN (FROM settled)
    OR hash(op, attempt) IN (SELECT operation FROM unpaired WHERE ends > 1), false)"""  # noqa: S608


@dataclasses.dataclass(frozen=True)
class PartSums:
    """What is known of a part."""

    part: str
    """Its name."""
    part_size: int
    part_sha256: str
    definition: str
    """A hash of what groups are."""
    file_sha256: str
    """Of the file of groups; empty: there is none, since reading the part costs no more."""
    left_out: list[str] = dataclasses.field(default_factory=list)
    """Tags and labels that have too many values, as ``labels:user``."""
    ended_us: list[int] = dataclasses.field(default_factory=list)
    """The first and the last hour of the groups."""
    inputs: list[list[int]] = dataclasses.field(default_factory=list)
    """The least and the largest input of groups that have the same prices."""
    operations: list[str] = dataclasses.field(default_factory=list)
    """The first and the last ``op`` of attempts."""
    writers: dict[str, list[list[int]]] = dataclasses.field(default_factory=dict)
    """The numbers of the rows: from and up to."""
    ended: list[list[Any]] = dataclasses.field(default_factory=list)
    """(op, attempt) of attempts in groups whose beginning is in another part."""
    unproven: list[str] = dataclasses.field(default_factory=list)
    """Parts before whose groups may not be added."""

    @property
    def has_file(self) -> bool:
        """Whether there are groups and rows."""
        return bool(self.file_sha256)

    def has_thresholds(self, thresholds: Sequence[int]) -> bool:
        """Whether all inputs of a group are on the same side of each."""
        return not any(least <= over < most for least, most in self.inputs for over in thresholds)

    def is_cut(self, at_us: int) -> bool:
        """Whether a group may have attempts before and after."""
        first, last = self.ended_us or (1, 0)
        return at_us % HOUR_US != 0 and first <= at_us // HOUR_US * HOUR_US <= last

    def meets(self, first: str, last: str) -> bool:
        """Whether some of these operations may be in the part."""
        return bool(self.operations) and first <= self.operations[1] and self.operations[0] <= last


def index_of(layout: Layout) -> dict[str, str]:
    """The sums that belong together: the SHA-256 of what is known of a part, by its name."""
    path = layout.sums / _INDEX
    try:
        text = path.read_bytes()
        check_seal(path, text)
        value = json.loads(text)
        found = value["parts"] if value["v"] == _VERSION else {}
    except (OSError, ManifestError, ValueError, KeyError, TypeError):
        return {}
    return found if isinstance(found, dict) else {}


def known_of(layout: Layout, part: Part, index: Mapping[str, str]) -> PartSums | None:
    """What is known of a part; None where its rows have to be read, or it was changed."""
    about, file = layout.sums_of(part.name)
    try:
        text = about.read_bytes()
        if hashlib.sha256(text).hexdigest() != index.get(part.name):
            return None
        check_seal(about, text)
        value = json.loads(text)
        del value["sha256"]
        if value.pop("v") != _VERSION:
            return None
        known = PartSums(**value)
        is_of_it = (known.part, known.part_size, known.part_sha256, known.definition) == (
            *(part.name, part.size, part.sha256),
            _definition(),
        )
        is_whole = not known.has_file or hash_of(file) == known.file_sha256
    except (OSError, ManifestError, ValueError, KeyError, TypeError):
        return None
    return known if is_of_it and is_whole else None


@functools.cache
def _definition() -> str:
    """Changes with whatever groups are."""
    text = groups.of_attempts("summed", [], _named([]), _MORE) + _STAYS
    return hashlib.sha256(text.encode()).hexdigest()


def is_true(layout: Layout, part: Part, known: PartSums) -> bool:
    """Whether the groups and rows are those of the part. Raises ManifestError."""
    _, file = layout.sums_of(part.name)
    with _database(f"{file}: the sums cannot be read") as database:
        for name, sql in _tables_of(layout.rows / part.name, file, known).items():
            database.execute(f"CREATE TEMP VIEW {name} AS {sql}")
        if any(database.execute(f"{sql} LIMIT 1").fetchall() for sql in _WRONG):
            return False
        numbers: dict[str, list[list[int]]] = {}
        for writer, *each in database.execute(numbers_in("part")).fetchall():
            numbers.setdefault(writer, []).append(each)
        ended = database.execute("SELECT op, attempt FROM part WHERE kind = 'attempt'")
        return numbers == known.writers and (
            not known.ended or {*map(tuple, known.ended)} <= {*ended.fetchall()}
        )


def _tables_of(part: Path, file: Path, known: PartSums) -> dict[str, str]:
    """What `_WRONG` looks at."""
    columns = ", ".join(f'"{name}"' for name in _core.row_columns())
    named = {name: sql for name, sql in _named([]).items() if name not in ("band", *_MAPS)}
    kept = [of for of in _MAPS if not any(each.startswith(f"{of}:") for each in known.left_out)]
    named |= {name: name for name in kept}
    found = groups.of_attempts("summed", [], named, {})
    return {
        "part": f"SELECT {columns} FROM {table_of([part])}",  # noqa: S608
        "beside": f"SELECT {columns} FROM {table_of([file])} WHERE kind <> 'sums'",  # noqa: S608
        "summed": "FROM part p WHERE kind = 'attempt' AND NOT EXISTS "
        "(FROM beside b WHERE b.writer = p.writer AND b.seq = p.seq)",
        "found": groups.of_sums(f"({found})", [], {name: name for name in named}),
        "said": groups.of_sums(
            f"(FROM {table_of([file])} WHERE kind = 'sums')", [], {name: name for name in named}
        ),
    }


# Groups of other attempts, rows that are not the part's, and rows that are in neither.
_WRONG = (
    "FROM found EXCEPT FROM said",
    "FROM said EXCEPT FROM found",
    "FROM beside EXCEPT FROM part",
    """FROM part p WHERE kind <> 'attempt'
    AND NOT EXISTS (FROM beside b WHERE b.writer = p.writer AND b.seq = p.seq)
    AND NOT (kind = 'begin' AND EXISTS (FROM part a
    WHERE a.kind = 'attempt' AND a.op = p.op AND a.attempt = p.attempt))""",
)


def fill(layout: Layout, state: State) -> None:
    """Make the sums of parts that have none. Only with the lock."""
    index = index_of(layout)
    known = {name: known_of(layout, part, index) for name, part in state.parts.items()}
    fresh = [
        part
        for name, part in sorted(state.parts.items(), key=lambda each: _order(each[0]))
        if known[name] is None and _has_size(layout.rows / name, part.size)
    ]
    before = [each for each in known.values() if each is not None]
    for parts in _portions(fresh):
        with _database(f"{layout.rows}: parts cannot be summed up") as database:
            before += _Maker(database, layout, parts, before).make()
    kept = {each.part for each in before}
    belonging = {name: sha256 for name, sha256 in index.items() if name in kept}
    for part in fresh:
        belonging[part.name] = hash_of(layout.sums_of(part.name)[0])
    if belonging != index:
        _replace(layout.sums / _INDEX, {"v": _VERSION, "parts": belonging})


@contextlib.contextmanager
def _database(problem: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database, as long as the context lasts. Raises ManifestError where it cannot go on."""
    with tempfile.TemporaryDirectory(prefix="costmark-") as folder, connect() as database:
        database.execute("SET temp_directory = $1", [folder])
        database.execute("SET preserve_insertion_order = false")
        try:
            yield database
        except database_error() as error:
            raise ManifestError(f"{problem}: {reason_of(error)}") from None


def _order(name: str) -> list[int]:
    """Beginnings come before their ends: the day, the manifest, and the number of the part."""
    return [int(number) for number in re.findall(r"\d+", name)]


def _has_size(path: Path, size: int) -> bool:
    """Whether it may be what was written: what is not is for `verify` to name."""
    try:
        return path.is_file() and path.stat().st_size == size
    except OSError:
        return False


def _portions(parts: list[Part]) -> Iterator[list[Part]]:
    portion: list[Part] = []
    for part in parts:
        portion.append(part)
        if sum(each.rows for each in portion) >= _MOST_ROWS:
            yield portion
            portion = []
    if portion:
        yield portion


_MORE = {groups.LEAST_INPUT: "min(input)", groups.MOST_INPUT: "max(input)"}


def _named(thresholds: Sequence[int], lessened: Collection[str] = ()) -> dict[str, str]:
    """What groups attempts. Of the maps that are ``lessened``, the names that are left out are
    parameters.
    """
    kept = "map_from_entries([e for e in map_entries({0}) if not list_contains(${0}, e.key)])"
    return {
        "kind": "'sums'",
        **{name: f'"{name}"' for name in COLUMNS},
        **{name: kept.format(name) if name in lessened else name for name in _MAPS},
        "end_us": f"end_us // {HOUR_US} * {HOUR_US}",
        "band": groups.band("input", thresholds),
    }


class _Maker:
    """Makes the sums of some parts, besides those that others have."""

    def __init__(
        self,
        database: duckdb.DuckDBPyConnection,
        layout: Layout,
        parts: list[Part],
        others: list[PartSums],
    ) -> None:
        self._database = database
        self._layout = layout
        self._parts = parts
        self._others = [each for each in others if each.has_file]
        self._without = [each.part for each in others if not each.has_file]
        self._tables = [table_of([layout.rows / part.name]) for part in parts]

    def make(self) -> list[PartSums]:
        """Write them."""
        self._lay_beside()
        unproven = self._unproven()
        found = [self._sums_of(at, part) for at, part in enumerate(self._parts)]
        without = [*self._without, *(each.part for each in found if not each.has_file)]
        made = [
            dataclasses.replace(each, unproven=[*without, *names])
            for each, names in zip(found, unproven, strict=True)
        ]
        for each in made:
            self._write(each)
        return made

    def _rows(self, sql: str, **parameters: Any) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = self._database.execute(sql, parameters).fetchall()
        return found

    def _lay_beside(self) -> None:
        """Find what belongs together across parts."""
        keys = " UNION ALL ".join(
            f"SELECT {at} AS part, kind = 'attempt' AS is_end, op, hash(op, attempt) AS operation "  # noqa: S608
            f"FROM {table} WHERE kind IN ('begin', 'attempt')"
            for at, table in enumerate(self._tables)
        )
        settled = " UNION ALL ".join(
            f"SELECT {at} AS part, response_id FROM {table} WHERE kind = 'settle'"  # noqa: S608
            for at, table in enumerate(self._tables)
        )
        rest = "(SELECT '' AS kind, '' AS op, 1 AS attempt, '' AS response_id LIMIT 0)"
        if self._others:
            rest = table_of([self._layout.sums_of(each.part)[1] for each in self._others])
        for statement in (
            f"CREATE TEMP VIEW keys AS {keys}",
            f"CREATE TEMP TABLE settlements AS {settled}",
            "CREATE TEMP TABLE settled AS SELECT DISTINCT response_id FROM ("  # noqa: S608
            "SELECT response_id FROM settlements UNION ALL "
            f"SELECT response_id FROM {rest} WHERE kind = 'settle')",
            "CREATE TEMP TABLE waiting AS SELECT DISTINCT hash(op, attempt) AS operation "  # noqa: S608
            f"FROM {rest} WHERE kind = 'begin'",
            "CREATE TEMP TABLE unpaired AS "
            "SELECT operation, count(*) FILTER (is_end) AS ends FROM keys "
            "GROUP BY operation HAVING ends <> 1 OR min(part) <> max(part)",
        ):
            self._database.execute(statement)

    def _unproven(self) -> list[list[str]]:
        """For each part, those before it that have an attempt of the same name, or one that is
        settled here.
        """
        found: list[set[str]] = [set() for _ in self._parts]
        ((first, last),) = self._rows("SELECT min(op), max(op) FROM keys")
        if first is not None:
            near = [each for each in self._others if each.meets(first, last)]
            attempts = "hash(op, attempt) AS operation", "op BETWEEN $first AND $last"
            self._meet(found, near, *attempts, "keys", {"first": first, "last": last})
        if self._rows("SELECT 1 FROM settlements LIMIT 1"):
            # One that may be settled is in no group.
            settled = "response_id", f"NOT {_MAY_BE_SETTLED}"
            self._meet(found, self._others, *settled, "settlements", {})
        return [sorted(each) for each in found]

    def _meet(
        self,
        found: list[set[str]],
        others: list[PartSums],
        key: str,
        chosen: str,
        table: str,
        parameters: dict[str, Any],
    ) -> None:
        selects = [
            f"SELECT {at} AS other, {key} "  # noqa: S608
            f"FROM {table_of([self._layout.rows / other.part])} "
            f"WHERE kind = 'attempt' AND {chosen}"
            for at, other in enumerate(others)
        ]
        if selects:
            name = key.rpartition(" ")[2]
            sql = (
                f"SELECT DISTINCT part, other FROM ({' UNION ALL '.join(selects)}) "  # noqa: S608
                f"JOIN {table} USING ({name})"
            )
            for part, other in self._rows(sql, **parameters):
                found[part].add(others[other].part)

    def _sums_of(self, at: int, part: Part) -> PartSums:
        """The sums of a part, whose file is written as a draft."""
        table = self._tables[at]
        is_small = part.rows <= FEW
        most = part.rows if is_small else part.rows // SHARE
        self._divide(table, is_small=is_small)
        numbers = self._rows(numbers_in(table))
        ended = self._rows(
            "SELECT op, attempt FROM summed WHERE hash(op, attempt) IN "
            "(SELECT operation FROM unpaired UNION ALL FROM waiting) ORDER BY ALL"
        )
        ((rest,),) = self._rows("SELECT count(*) FROM rest")
        known = PartSums(part.name, part.size, part.sha256, _definition(), "")
        is_short = max(len(numbers), len(ended), rest) <= most
        left_out = self._group(most) if is_short else None
        if left_out is None:
            return known
        writers: dict[str, list[list[int]]] = {}
        for writer, *each in numbers:
            writers.setdefault(writer, []).append(each)
        inputs = self._rows(
            "SELECT min(least_input), max(most_input) FROM groups "
            "WHERE least_input IS NOT NULL GROUP BY band ORDER BY 1"
        )
        of_attempts = f"FROM {table} WHERE kind = 'attempt'"
        return dataclasses.replace(
            known,
            file_sha256=self._draft(part.name),
            left_out=left_out,
            ended_us=self._bounds("SELECT min(end_us), max(end_us) FROM groups"),
            inputs=[[*each] for each in inputs],
            operations=self._bounds(f"SELECT min(op), max(op) {of_attempts}"),
            writers=writers,
            ended=[[*each] for each in ended],
        )

    def _divide(self, table: str, *, is_small: bool) -> None:
        """Into attempts that are summed up, and rows that stay what they are."""
        is_summed = f"kind = 'attempt' AND NOT {_STAYS}"
        # The others are beginnings whose end is in the same part.
        is_rest = (
            f"kind NOT IN ('begin', 'attempt') OR kind = 'attempt' AND {_STAYS} "  # noqa: S608
            "OR kind = 'begin' AND hash(op, attempt) IN (SELECT operation FROM unpaired)"
        )
        if is_small:
            is_summed, is_rest = "false", "true"
        columns = ", ".join(f'"{name}"' for name in _core.row_columns())
        for statement in (
            f"CREATE OR REPLACE TEMP VIEW summed AS SELECT * FROM {table} WHERE {is_summed}",  # noqa: S608
            f"CREATE OR REPLACE TEMP TABLE rest AS SELECT {columns} FROM {table} WHERE {is_rest}",  # noqa: S608
        ):
            self._database.execute(statement)

    def _bounds(self, sql: str) -> list[Any]:
        ((first, last),) = self._rows(sql)
        return [] if first is None else [first, last]

    def _group(self, most: int) -> list[str] | None:
        """Make the groups, no more than so many. What was left out for that, or None."""
        from ..prices import PriceBook

        (attempts,) = self._rows("SELECT count(*) FROM summed")[0]
        names = self._names()
        if len(names) > _MOST_NAMES:
            return None
        thresholds = PriceBook.shipped().thresholds
        left_out = [each for each in names if each[2] * SHARE * SHARE > attempts > most]
        kept = [each for each in names if each not in left_out]
        for tries in range(_TRIES):
            parameters: dict[str, list[str]] = {}
            for of, name, _ in left_out:
                parameters.setdefault(of, []).append(name)
            named = _named(thresholds, parameters)
            sql = groups.of_attempts("summed", [], named, _MORE)
            self._database.execute(f"CREATE OR REPLACE TEMP TABLE groups AS {sql}", parameters)
            (count,) = self._rows("SELECT count(*) FROM groups")[0]
            if count <= most:
                return [f"{of}:{name}" for of, name, _ in left_out]
            if not kept:
                break
            left_out += kept[: 1 << tries]
            del kept[: 1 << tries]
        return None

    def _names(self) -> list[tuple[str, str, int]]:
        """The tags and labels, and how many values each has; those with most first."""
        each = " UNION ALL ".join(
            f"SELECT '{of}' AS part, unnest(map_entries({of})) AS item FROM summed"  # noqa: S608
            for of in _MAPS
        )
        return self._rows(
            "SELECT part, item.key, count(DISTINCT item.value) AS number "  # noqa: S608
            f"FROM ({each}) GROUP BY ALL ORDER BY number DESC, part, item.key"
        )

    def _draft(self, name: str) -> str:
        """Write a file of groups and rows, and return its SHA-256."""
        _, file = self._layout.sums_of(name)
        draft = file.with_suffix(".draft")
        make_folder(draft.parent)
        draft.touch(mode=0o600)
        exact = ", ".join(f"{name}::DECIMAL(38, 0) AS {name}" for name in groups.SUMS)
        to = "'" + str(draft).replace("'", "''") + "'"
        self._database.execute(
            "COPY (FROM rest UNION ALL BY NAME "  # noqa: S608
            f"SELECT * EXCLUDE (band) REPLACE ({exact}) FROM groups) "
            f"TO {to} (FORMAT parquet, COMPRESSION zstd)"
        )
        draft.chmod(0o600)
        with draft.open("rb+") as written:
            os.fsync(written.fileno())
        return hash_of(draft)

    def _write(self, known: PartSums) -> None:
        """The file of groups first: what is written last names it."""
        about, file = self._layout.sums_of(known.part)
        make_folder(about.parent)
        if known.has_file:
            file.with_suffix(".draft").replace(file)
        _replace(about, {"v": _VERSION, **vars(known)})


def _replace(path: Path, value: dict[str, Any]) -> None:
    draft = path.with_suffix(".json-draft")
    with open(draft, "wb", opener=private) as out:
        out.write(sealed("{\n" + json.dumps(value)[1:]))
        out.flush()
        os.fsync(out.fileno())
    draft.replace(path)
    sync_folder(path.parent)
