"""What engines say differently: types, quotes, tables over Parquet files, values of maps."""

from __future__ import annotations

import dataclasses
import functools
from typing import TYPE_CHECKING, Any

from ..ledger.rows import schema

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

TABLE = "costmark_rows"
# Partitions of days before this one cannot be there.
_FIRST_DAY = "2025-01-01"

_INT32 = ("v", "attempt", "status")
_TYPES = {"string": "VARCHAR", "integer": "BIGINT", "boolean": "BOOLEAN", "array": "VARCHAR[]"}
_HIVE = {
    "VARCHAR": "STRING",
    "INTEGER": "INT",
    "VARCHAR[]": "ARRAY<STRING>",
    "MAP(VARCHAR, BIGINT)": "MAP<STRING, BIGINT>",
    "MAP(VARCHAR, VARCHAR)": "MAP<STRING, STRING>",
}
_TRINO = {"VARCHAR[]": "ARRAY(VARCHAR)"}
_SPECTRUM = {
    "VARCHAR": "VARCHAR(65535)",
    "VARCHAR[]": "ARRAY<VARCHAR(65535)>",
    "MAP(VARCHAR, BIGINT)": "MAP<VARCHAR(2048), BIGINT>",
    "MAP(VARCHAR, VARCHAR)": "MAP<VARCHAR(2048), VARCHAR(2048)>",
}


def text(value: str) -> str:
    """A text as SQL has it."""
    return "'" + value.replace("'", "''") + "'"


def escaped(value: str) -> str:
    """A text as Spark and Hive have it: a backslash escapes, and two quotes may be none."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


@dataclasses.dataclass(frozen=True)
class Dialect:
    """One engine's way."""

    name: str
    tables: Callable[[str], list[str]]
    """The statements that make the table of the rows below a location."""
    quote: str = '"'
    schema: str = ""
    """Where views are, with a dot, where views must say so."""
    table_schema: str = ""
    after_view: str = ""
    text: Callable[[str], str] = text
    value_of_map: str = "{map}[{key}]"
    """Empty where no expression reads a map, but a join."""

    def column(self, name: str) -> str:
        """A name that is taken as a column, whatever words the engine reserves."""
        return self.quote + name.replace(self.quote, self.quote * 2) + self.quote

    def view(self, name: str, select: str) -> str:
        """A statement that makes or replaces a view."""
        return f"CREATE OR REPLACE VIEW {self.schema}{name} AS\n{select}{self.after_view}"

    def value(self, of_map: str, key: str) -> str:
        """The value of a map, by an expression."""
        return self.value_of_map.format(map=of_map, key=self.text(key))


@functools.cache
def columns() -> dict[str, str]:
    """The columns of compacted rows with the types that DuckDB gives them."""
    listed = {name: _type_of(name, form) for name, form in schema()["properties"].items()}
    return {**listed, "extra": "VARCHAR"}


def _type_of(name: str, form: dict[str, Any]) -> str:
    if name in _INT32:
        return "INTEGER"
    if form["type"] == "object":
        return f"MAP(VARCHAR, {_TYPES[form['additionalProperties']['type']]})"
    return _TYPES[form["type"]]


def _members(types: Mapping[str, str], quote: str) -> str:
    lines = (f"  {quote}{name}{quote} {types.get(kind, kind)}" for name, kind in columns().items())
    return ",\n".join(lines)


def _duckdb(location: str) -> list[str]:
    files = text(f"{location}/rows/*/*.parquet")
    return [
        f"CREATE OR REPLACE VIEW {TABLE} AS\nSELECT * FROM read_parquet({files}, "
        "hive_partitioning = true, hive_types_autocast = false, union_by_name = true)"
    ]


def _spark(location: str) -> list[str]:
    return [
        f"CREATE TABLE IF NOT EXISTS {TABLE} (\n{_members(_HIVE, '`')},\n  `date` STRING\n)\n"
        f"USING PARQUET\nPARTITIONED BY (`date`)\nLOCATION {escaped(f'{location}/rows')}",
        f"MSCK REPAIR TABLE {TABLE}",
    ]


def _athena(location: str) -> list[str]:
    properties = {
        "projection.enabled": "true",
        "projection.date.type": "date",
        "projection.date.format": "yyyy-MM-dd",
        "projection.date.range": f"{_FIRST_DAY},NOW+1DAYS",
        "projection.date.interval": "1",
        "projection.date.interval.unit": "DAYS",
        "storage.location.template": f"{location}/rows/date=${{date}}",
    }
    listed = ",\n".join(
        f"  {escaped(name)} = {escaped(value)}" for name, value in properties.items()
    )
    return [
        f"CREATE EXTERNAL TABLE IF NOT EXISTS {TABLE} (\n{_members(_HIVE, '`')}\n)\n"
        f"PARTITIONED BY (`date` STRING)\nSTORED AS PARQUET\n"
        f"LOCATION {escaped(f'{location}/rows/')}\n"
        f"TBLPROPERTIES (\n{listed}\n)"
    ]


def _trino(location: str) -> list[str]:
    quote = '"'
    return [
        f"CREATE TABLE IF NOT EXISTS {TABLE} (\n{_members(_TRINO, quote)},\n"
        f'  "date" VARCHAR\n)\nWITH (\n  external_location = {text(f"{location}/rows")},\n'
        "  format = 'PARQUET',\n  partitioned_by = ARRAY['date']\n)",
        f"CALL system.sync_partition_metadata(CURRENT_SCHEMA, '{TABLE}', 'FULL')",
    ]


def _redshift(location: str) -> list[str]:
    quote = '"'
    return [
        "CREATE EXTERNAL SCHEMA IF NOT EXISTS costmark\nFROM DATA CATALOG\nDATABASE 'costmark'\n"
        "IAM_ROLE default\nCREATE EXTERNAL DATABASE IF NOT EXISTS",
        f"CREATE EXTERNAL TABLE costmark.{TABLE} (\n{_members(_SPECTRUM, quote)}\n)\n"
        f'PARTITIONED BY ("date" VARCHAR(10))\nSTORED AS PARQUET\nLOCATION '
        f"{text(f'{location}/rows/')}",
        f"ALTER TABLE costmark.{TABLE}\nADD IF NOT EXISTS PARTITION (\"date\" = '{_FIRST_DAY}')\n"
        f"LOCATION {text(f'{location}/rows/date={_FIRST_DAY}/')}",
    ]


DIALECTS = {
    each.name: each
    for each in (
        Dialect("duckdb", _duckdb),
        Dialect("spark", _spark, quote="`", text=escaped),
        Dialect("athena", _athena, value_of_map="element_at({map}, {key})"),
        Dialect("trino", _trino, value_of_map="element_at({map}, {key})"),
        Dialect(
            "redshift",
            _redshift,
            schema="public.",
            table_schema="costmark.",
            after_view="\nWITH NO SCHEMA BINDING",
            value_of_map="",
        ),
    )
}
