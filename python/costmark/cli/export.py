"""``costmark export``: the ledger for Prometheus."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ..export import prometheus
from .output import complain, print_row

if TYPE_CHECKING:
    from .output import Commands


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "export",
        help="write the ledger as a file that other tools take",
        description="Writes ledgers of one or more machines as counters for node_exporter's "
        "textfile collector (prometheus). Needs costmark[report].",
    )
    parser.add_argument("--format", choices=["prometheus"], required=True)
    parser.add_argument(
        "--out", required=True, metavar="FILE", help="the file, which is replaced as a whole"
    )
    _add_prometheus(parser.add_argument_group("prometheus"))
    parser.add_argument("paths", nargs="+", metavar="PATH", help="ledgers, or logs with rows")
    parser.set_defaults(run=_run)


def _add_prometheus(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--tag",
        action="append",
        default=[],
        metavar="NAME",
        help="a tag of projects as a label; may be given several times",
    )
    group.add_argument(
        "--limit",
        type=_positive,
        default=200,
        metavar="N",
        help="how many label sets have series of their own; the rest is one (default: 200)",
    )


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 on")
    return int(text)


def _run(arguments: argparse.Namespace) -> int:
    return _prometheus(arguments)


def _prometheus(arguments: argparse.Namespace) -> int:
    written = prometheus.write(
        *arguments.paths, out=arguments.out, tags=arguments.tag, limit=arguments.limit
    )
    print_row("series", str(written.series))
    if written.in_other:
        complain(
            f"{written.in_other} label sets beyond --limit {arguments.limit} are one series, whose "
            "labels are all `other`"
        )
    return 0
