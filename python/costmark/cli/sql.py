"""``costmark sql``: tables and report queries for other engines."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ..sql.dialects import DIALECTS
from ..sql.queries import names, queries, statements
from .ledger import day
from .output import plain

if TYPE_CHECKING:
    import argparse

    from .output import Commands

_PLACE = "s3://BUCKET/PREFIX"


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "sql",
        help="print tables and report queries for DuckDB, Spark, Athena, Trino, Redshift",
        description="Prints the table over compacted rows, views that count each row once, and "
        "the queries of reports, for other engines. Costs are those that the rows estimated.",
    )
    parser.add_argument("--dialect", choices=list(DIALECTS), required=True)
    parser.add_argument(
        "--location",
        default=_PLACE,
        metavar="PLACE",
        help="where `costmark ledger push` sent the rows",
    )
    parser.add_argument(
        "--since", type=day, metavar="DATE", help="only attempts of UTC days from this one on"
    )
    parser.add_argument(
        "--until", type=day, metavar="DATE", help="only attempts of UTC days before this one"
    )
    parser.add_argument(
        "--by",
        action="append",
        default=[],
        metavar="NAMES",
        help="only the query by these, separated by commas, and not one for each; may be given "
        f"several times: {', '.join(names())}",
    )
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    dialect = DIALECTS[arguments.dialect]
    by = [[name for name in text.split(",") if name] for text in arguments.by]
    tables = statements(dialect, arguments.location, arguments.since, arguments.until)
    for each in (*tables, *queries(dialect, *by)):
        sys.stdout.write(f"-- {plain(each.name)}\n{each.sql};\n\n")
    return 0
