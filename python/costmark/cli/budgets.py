"""``costmark budgets``: show, rebuild."""

from __future__ import annotations

import dataclasses
import json
import os
from typing import TYPE_CHECKING

from .. import _core
from .._budgets import Budget, budget_of
from ..errors import ConfigurationError
from ..ledger.spent import spent_of_rows
from ..reports.formats import usd
from .output import complain, plain

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from .output import Commands

_FOLDERS = ("budgets", "raw", "manifests")  # of a ledger


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "budgets",
        help="what of budgets is spent, reserved and left",
        description="Shows the budgets of option `budgets` (COSTMARK_BUDGETS), with what all "
        "processes have used that write to the ledger of option `ledger` (COSTMARK_LEDGER). "
        "`rebuild` adds the rows of that ledger up instead, and makes that what is spent: after a "
        "restore, or where a price was missing.",
    )
    _add_options(parser)
    parser.set_defaults(run=_show)
    parts = parser.add_subparsers(metavar="PART")
    show = parts.add_parser("show", help="print them (the default)", description="Prints them.")
    rebuild = parts.add_parser(
        "rebuild",
        help="take what is spent from the rows",
        description="Adds up the rows of the ledger, and makes that what is spent. What processes "
        "that run now have counted themselves stays.",
    )
    for part, run in ((show, _show), (rebuild, _rebuild)):
        _add_options(part, inherit=True)
        part.set_defaults(run=run)


def _add_options(parser: argparse.ArgumentParser, *, inherit: bool = False) -> None:
    import argparse

    # One that is not given here must not take away what was given before the part.
    default = argparse.SUPPRESS if inherit else None
    parser.add_argument("--budgets", metavar="TEXT", default=default, help="in place of the option")
    parser.add_argument("--ledger", metavar="PATH", default=default, help="in place of the option")
    parser.add_argument(
        "--json",
        action="store_true",
        default=argparse.SUPPRESS if inherit else False,
        help="as an array of objects",
    )


def _options(arguments: argparse.Namespace) -> dict[str, str]:
    given = {"budgets": arguments.budgets, "ledger": arguments.ledger}
    return {name: value for name, value in given.items() if value is not None}


def _budgets(options: dict[str, str]) -> list[Budget]:
    found = [budget_of(fields) for fields in _core.configured_budgets(options)]
    if not found:
        raise ConfigurationError(
            "there are no budgets: set COSTMARK_BUDGETS, or give --budgets, such as "
            "'everyone: all 1000calls/day refuse'",
            code="invalid_option",
        )
    return found


def _show(arguments: argparse.Namespace) -> int:
    options = _options(arguments)
    budgets = _budgets(options)
    _ledger(options)
    _print(budgets, as_json=arguments.json)
    return 0


def _ledger(options: dict[str, str]) -> str:
    """Where what is spent is kept. Raises ConfigurationError where there is none."""
    ledger = options.get("ledger") or os.environ.get("COSTMARK_LEDGER", "")
    if not ledger:
        raise ConfigurationError(
            "there is no ledger, which keeps what is spent: set COSTMARK_LEDGER, or give --ledger",
            code="invalid_option",
        )
    if not any(os.path.isdir(os.path.join(ledger, name)) for name in _FOLDERS):
        raise ConfigurationError(
            f"there is no ledger at {ledger}: it has none of the folders {', '.join(_FOLDERS)}, "
            "which those who write to it make",
            code="invalid_option",
        )
    return ledger


def _rebuild(arguments: argparse.Namespace) -> int:
    options = _options(arguments)
    budgets = _budgets(options)
    ledger = _ledger(options)
    _core.rebuild_budgets(options, spent_of_rows(budgets, ledger))
    complain(f"what is spent was taken from the rows of {plain(ledger)}")
    _print(_budgets(options), as_json=arguments.json)
    return 0


def _print(budgets: list[Budget], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps([_as_json(each) for each in budgets], indent=2))
        return
    head = ("BUDGET", "FOR", "LIMIT", "SPENT", "RESERVED", "LEFT", "RESET (UTC)")
    for line in _aligned([head, *(_cells(each) for each in budgets)]):
        print(line)


def _as_json(budget: Budget) -> dict[str, object]:
    fields = dataclasses.asdict(budget)
    # Pico-USD are beyond what every reader of JSON takes for exact.
    amounts = {name: str(fields[name]) for name in ("limit", "spent", "reserved", "left")}
    return fields | amounts | {"reset": f"{budget.reset:%Y-%m-%dT%H:%M:%SZ}"}


def _cells(budget: Budget) -> tuple[str, ...]:
    """A budget as a table shows it."""
    amounts = (budget.limit, budget.spent, budget.reserved, budget.left)
    limit, *used = (amount_text(amount, budget.unit) for amount in amounts)
    return (
        plain(budget.name),
        plain(_subject(budget)),
        f"{limit}/{budget.period} {budget.action}",
        *used,
        f"{budget.reset:%Y-%m-%d %H:%M}",
    )


def _subject(budget: Budget) -> str:
    if budget.subject == "all":
        return "all"
    dot_key = f".{budget.key}" if budget.key else ""
    return f"{budget.subject}{dot_key}={budget.value}"


def amount_text(amount: int, unit: str) -> str:
    """All of its digits, so that what is left is the rest of the limit as it is shown, too."""
    return f"{usd(amount)}usd" if unit == "pico_usd" else f"{amount}{unit}"


def _aligned(rows: Iterable[tuple[str, ...]]) -> list[str]:
    """The rows as lines, column below column; numbers to the right."""
    table = list(rows)
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    left = 2  # texts, then numbers
    return [
        "  ".join(
            cell.ljust(width) if at < left else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in table
    ]
