"""``costmark export-setup``: how to have AWS export the bill that `reconcile` reads."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..bill.export_setup import TABLES, Setup, as_json

if TYPE_CHECKING:
    from .output import Commands

_NAME = re.compile(r"[0-9A-Za-z_-]{1,128}")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_PREFIX = re.compile(r"[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*")
_PARTS: dict[str, Callable[[Setup], str]] = {
    "all": Setup.everything,
    "definition": lambda setup: as_json(setup.definition()),
    "policy": lambda setup: as_json(setup.policy()),
    "ddl": Setup.ddl,
}


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "export-setup",
        help="print what it takes to have AWS export the bill, and to query it",
        description="Prints the definition of a data export with the columns that costmark reads, "
        "the policy that its bucket needs, and the table for Athena. Changes nothing. "
        "docs/costs.md has more.",
    )
    parser.add_argument("--bucket", type=_fits(_BUCKET), required=True, help="where it goes")
    parser.add_argument("--account", type=_fits(re.compile(r"\d{12}")), required=True, help="whose")
    parser.add_argument("--region", default="us-east-1", help="the bucket's (default: %(default)s)")
    parser.add_argument("--prefix", type=_fits(_PREFIX), default="costmark", help="below it")
    parser.add_argument("--name", type=_fits(_NAME), default="costmark-bill", help="the export's")
    parser.add_argument(
        "--table",
        choices=list(TABLES),
        default="cur",
        help="CUR 2.0, or FOCUS; 1.2 has no usage types and is for totals (default: %(default)s)",
    )
    parser.add_argument(
        "--print", dest="part", choices=list(_PARTS), default="all", help="which part of it"
    )
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    setup = Setup(
        name=arguments.name,
        bucket=arguments.bucket,
        prefix=arguments.prefix,
        region=arguments.region,
        account=arguments.account,
        table=arguments.table,
    )
    sys.stdout.write(_PARTS[arguments.part](setup))
    return 0


def _fits(pattern: re.Pattern[str]) -> Callable[[str], str]:
    def check(text: str) -> str:
        if not pattern.fullmatch(text):
            raise argparse.ArgumentTypeError(f"{text!r} does not match {pattern.pattern}")
        return text

    return check
