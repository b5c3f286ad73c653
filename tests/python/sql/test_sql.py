"""What `costmark sql` prints is parsed in each dialect; engines run it and agree on every cell."""

from __future__ import annotations

import shutil
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from costmark.cli.main import main
from costmark.errors import RequestError
from costmark.reports import dimensions, report
from costmark.sql import DIALECTS, queries, statements
from costmark.sql.dialects import columns
from costmark.sql.queries import names
from sql.engines import DataFusion, DuckDB, Engine, spark
from sql.ledgers import LARGE, MACHINES, rows_of, shipped
from sql.reference import Reference, cells, value_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from sql.ledgers import Row

pytest.importorskip("duckdb")

DIMENSIONS = [
    *(["project"], ["model", "day"], ["month", "hour"], ["week"], ["source", "sdk", "tier"]),
    *(["api", "region", "account"], ["serving", "outcome", "host", "machine"]),
    *(["tag:team", "label:feature"], ["label:it's"], []),
]
ODD = ["tag:it's", 'label:a"b', "project"]
# What sqlglot takes as a whole, without looking inside.
UNPARSED = {"spark": 1, "trino": 1, "redshift": 1}


@pytest.mark.parametrize("name", DIALECTS)
def test_each_statement_is_parsed_in_its_dialect(name: str) -> None:
    sqlglot = pytest.importorskip("sqlglot")
    dialect = DIALECTS[name]
    whole = 0
    for each in (
        *statements(dialect, "s3://bucket/it's/x"),
        *queries(dialect),
        *queries(dialect, ODD),
    ):
        (tree,) = sqlglot.parse(each.sql, read=name)
        whole += isinstance(tree, sqlglot.exp.Command)
        assert each.name.startswith(("costmark_", "by ", "total", "states"))
    assert whole == UNPARSED.get(name, 0)


@pytest.mark.parametrize("name", DIALECTS)
def test_queries_stay_in_the_common_subset(name: str) -> None:
    for each in queries(DIALECTS[name]):
        for word in ("QUALIFY", "FILTER", "DISTINCT FROM", "::", "//", "GROUP BY ALL"):
            assert word not in each.sql, each


def test_tables_have_the_columns_of_a_part(tmp_path: Path) -> None:
    import duckdb

    make(tmp_path, 20)
    with duckdb.connect() as database:
        for each in statements(DIALECTS["duckdb"], str(tmp_path / "shared")):
            database.execute(each.sql)
        found = database.execute("DESCRIBE costmark_rows").fetchall()
    assert {name: kind for name, kind, *_ in found} == {**columns(), "date": "VARCHAR"}


def test_there_is_a_query_for_each_dimension_of_a_report() -> None:
    assert names() == dimensions.names()
    by = {each.name for each in queries(DIALECTS["duckdb"])}
    assert by >= {f"by {name}" for name in dimensions.names() if ":" not in name}


def test_times_read_as_in_a_report(tmp_path: Path) -> None:
    import duckdb

    shipped(tmp_path, rows_of(0, 200, seed=1), 0, "machine-0")
    with duckdb.connect() as database:
        for each in statements(DIALECTS["duckdb"], str(tmp_path / "shared")):
            database.execute(each.sql)
        for name in ("hour", "day", "week", "month"):
            query, _ = queries(DIALECTS["duckdb"], [name])
            found = {key for key, *_ in database.execute(query.sql).fetchall()}
            wanted = report(tmp_path / "machine-0", by=[name]).lines
            assert wanted
            assert found == {line.key[0] for line in wanted}


def test_a_text_is_spelled_as_the_engine_reads_it() -> None:
    name = "it's a\\b"
    for dialect in DIALECTS.values():
        query, _ = queries(dialect, [f"label:{name}"])
        spelled = r"'it\'s a\\b'" if dialect.name == "spark" else r"'it''s a\b'"
        assert spelled in query.sql, dialect.name
    for each in ("spark", "athena"):  # Athena's statements about tables are Hive's
        (table, *_) = statements(DIALECTS[each], "s3://bucket/it's")
        assert r"LOCATION 's3://bucket/it\'s/rows" in table.sql


def test_no_name_ends_the_comment_that_it_is_in(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sql", "--dialect", "duckdb", "--by", "label:x\nDROP TABLE y"]) == 0
    assert "\n-- by label:x\\nDROP TABLE y\n" in capsys.readouterr().out


def test_an_unknown_dimension_is_refused() -> None:
    with pytest.raises(RequestError, match="cannot group by 'color'"):
        queries(DIALECTS["duckdb"], ["color"])


def test_the_command_prints_what_the_engine_takes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import duckdb

    make(tmp_path, 50)
    command = ["sql", "--dialect", "duckdb", "--location", str(tmp_path / "shared")]
    assert main([*command, "--by", "project,tag:team", "--by", "day"]) == 0
    printed = capsys.readouterr().out
    assert printed.count("\n-- by ") == 2
    with duckdb.connect() as database:
        assert database.execute(printed).fetchall()


def make(root: Path, count: int) -> Reference:
    """Shipped ledgers of `count` rows a machine, and what is true of them."""
    reference = Reference()

    def told(rows: Iterable[Row]) -> Iterator[Row]:
        for row in rows:
            reference.add(row)
            yield row

    for machine in range(MACHINES):
        shipped(root, told(rows_of(machine, count, seed=1)), machine, f"machine-{machine}")
    # A log pipeline that repeats what the first machine wrote.
    shipped(root, told(rows_of(0, count // 10, seed=1)), 0, "repeated")
    for folder in (*root.glob("machine-*"), root / "repeated"):
        shutil.rmtree(folder / "rows")  # only what was shipped is read
    return reference


def assert_all_agree(engines: list[Engine], reference: Reference) -> None:
    rows = reference.ended()
    for by in DIMENSIONS:
        wanted = cells(rows, by)
        assert wanted
        for engine in engines:
            assert engine.cells(by) == wanted, (type(engine).__name__, by)
    for engine in engines:
        assert engine.states() == reference.states()
    ((total,),) = (cells(rows, []).values(),)
    assert total[-1] > 4 * LARGE
    assert min(total) > 0
    assert all(amount[0] > 0 for amount in reference.states().values())


@pytest.mark.timeout(600)
def test_engines_agree_with_the_reference_on_every_cell(tmp_path: Path) -> None:
    pytest.importorskip("datafusion")
    pytest.importorskip("pyarrow")
    reference = make(tmp_path, 600)
    place = tmp_path / "shared"
    assert_all_agree([DuckDB(place), DataFusion(place)], reference)


@pytest.mark.full
@pytest.mark.timeout(3_000)
def test_three_engines_agree_over_two_million_rows(tmp_path: Path) -> None:
    pytest.importorskip("datafusion")
    pytest.importorskip("pyspark")
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java")
    reference = make(tmp_path, 2_000_000 // MACHINES)
    place = tmp_path / "shared"
    with spark(place, tmp_path) as third:
        assert_all_agree([DuckDB(place), DataFusion(place), third], reference)


def test_a_period_has_its_attempts_with_later_settlements(tmp_path: Path) -> None:
    reference = make(tmp_path, 300)
    since, until = date(2026, 3, 31), date(2026, 4, 2)
    engine = DuckDB(tmp_path / "shared", since=since, until=until)
    days = {str(since), str(until - timedelta(days=1))}
    rows = [row for row in reference.ended() if value_of(row, "day") in days]
    assert engine.cells(["day", "outcome"]) == cells(rows, ["day", "outcome"])
    assert len({key[0] for key in cells(rows, ["day"])}) == 2


def test_tokens_are_those_of_the_report(tmp_path: Path) -> None:
    make_rows = [rows_of(machine, 400, seed=2) for machine in range(2)]
    for machine, rows in enumerate(make_rows):
        shipped(tmp_path, rows, machine, f"machine-{machine}")
    wanted = report(tmp_path / "machine-0", tmp_path / "machine-1", by=["project"])
    found = DuckDB(tmp_path / "shared").cells(["project"])
    assert {key: tuple(map(int, cells[9:14])) for key, cells in found.items()} == {
        line.key: (
            line.sums.input,
            line.sums.cached,
            line.sums.cache_write,
            line.sums.output,
            line.sums.reasoning,
        )
        for line in wanted.lines
    }
