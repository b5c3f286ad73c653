"""Engines that run the statements as they are printed."""

from __future__ import annotations

from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from costmark.sql import DIALECTS, queries, statements

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date
    from pathlib import Path

    Rows = list[tuple[Any, ...]]


class Engine:
    """One engine over the rows of a place."""

    dialect = "duckdb"

    def __init__(self, place: Path, **period: date) -> None:
        for each in statements(DIALECTS[self.dialect], str(place), **period):
            self.run(each.sql)
        self.keep_ended()

    def keep_ended(self) -> None:
        """Keep what the view of ended attempts has, or each query joins all rows anew."""
        raise NotImplementedError

    def run(self, sql: str) -> Rows:
        raise NotImplementedError

    def cells(self, by: Sequence[str]) -> dict[tuple[Any, ...], tuple[Decimal, ...]]:
        report, _ = queries(DIALECTS[self.dialect], by)
        return as_cells(self.run(report.sql), len(by))

    def states(self) -> dict[tuple[Any, ...], tuple[Decimal, ...]]:
        *_, states = queries(DIALECTS[self.dialect])
        return as_cells(self.run(states.sql), 1)


def as_cells(rows: Rows, keys: int) -> dict[tuple[Any, ...], tuple[Decimal, ...]]:
    found = {row[:keys]: tuple(map(Decimal, row[keys:])) for row in rows}
    assert len(found) == len(rows), "a key came twice"
    return found


class DuckDB(Engine):
    def __init__(self, place: Path, **period: date) -> None:
        import duckdb

        self._database = duckdb.connect()
        super().__init__(place, **period)

    def run(self, sql: str) -> Rows:
        return self._database.execute(sql).fetchall()

    def keep_ended(self) -> None:
        self.run("CREATE TABLE ended AS FROM costmark_ended")
        self.run("CREATE OR REPLACE VIEW costmark_ended AS FROM ended")


class DataFusion(Engine):
    """It has no dialect of its own here: its API makes the table, the rest is DuckDB's text."""

    def __init__(self, place: Path) -> None:
        import pyarrow as pa
        from datafusion import SessionConfig, SessionContext

        # A rule of its optimizer fails on values of maps below joins; without it all goes well.
        options = {"datafusion.optimizer.skip_failed_rules": "true"}
        self._context = SessionContext(SessionConfig(options))
        self._context.register_parquet(
            "costmark_rows", place / "rows", table_partition_cols=[("date", pa.string())]
        )
        super().__init__(place)

    def run(self, sql: str) -> Rows:
        if sql.startswith("CREATE OR REPLACE VIEW costmark_rows AS"):
            return []
        table = self._context.sql(sql).to_arrow_table()
        return list(zip(*(column.to_pylist() for column in table.columns), strict=True))

    def keep_ended(self) -> None:
        ended = self._context.table("costmark_ended").cache()
        self._context.deregister_table("costmark_ended")
        self._context.register_table("costmark_ended", ended)


class Spark(Engine):
    dialect = "spark"

    def __init__(self, place: Path, session: Any) -> None:
        self._session = session
        super().__init__(place)

    def run(self, sql: str) -> Rows:
        return [tuple(row) for row in self._session.sql(sql).collect()]

    def keep_ended(self) -> None:
        self.run("CACHE TABLE costmark_ended")


@contextmanager
def spark(place: Path, scratch: Path) -> Iterator[Spark]:
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    for name, value in {
        "spark.sql.warehouse.dir": str(scratch / "warehouse"),
        "spark.local.dir": str(scratch / "local"),
        "spark.driver.host": "127.0.0.1",
        "spark.driver.memory": "4g",
        "spark.sql.shuffle.partitions": "4",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "ERROR",
    }.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    try:
        yield Spark(place, session)
    finally:
        session.stop()
