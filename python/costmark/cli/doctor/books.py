"""Checks of what is kept: the ledger, prices, budgets, and which libraries are covered."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from ... import _core
from ..._budgets import budget_of
from ..._client.coverage import coverage
from ..._experiments import ledger_folder
from ...errors import ConfigurationError, Error
from ...reports.formats import counted, spend
from ..book import chosen_book, remedy, renewal
from ..budgets import amount_text
from .check import Check, green, skipped

if TYPE_CHECKING:
    from ...reports import Report

_DAYS = 7


def ledger() -> tuple[Report | None, list[Check]]:
    """What the ledger has of the last days, whether it can be written, and what is lost."""
    path = os.environ.get("COSTMARK_LEDGER", "")
    if not path:
        said = "no ledger is kept: there is nothing to charge by, or to compare the bill with"
        remedy = "set COSTMARK_LEDGER to a folder on a local disk (docs/ledger.md)"
        return None, [Check("ledger", "yellow", said, remedy, "seconds")]
    if ledger_folder(None) is None:
        return None, [green("ledger", f"rows are lines of {path}"), skipped("rows", "kept there")]
    if why := _not_writable(Path(path)):
        remedy = "make the folder, or let the user that runs the program write to it"
        return None, [Check("ledger", "red", f"{path} {why}: rows are lost", remedy, "seconds")]
    try:
        found = _report(path)
    except ConfigurationError as error:
        return None, [green("ledger", f"{path} can be written"), skipped("rows", str(error))]
    except Error as error:
        return None, [Check("ledger", "red", str(error), "costmark ledger verify", "minutes")]
    return found, [green("ledger", f"{path} can be written"), _rows(found)]


def _not_writable(path: Path) -> str:
    """Why no row can be written there; a folder that is not there yet is made by the writer."""
    if path.exists() and not path.is_dir():
        return "is no folder"
    nearest = next(each for each in (path, *path.absolute().parents) if each.exists())
    try:
        with tempfile.TemporaryFile(dir=nearest):
            return ""
    except OSError as error:
        return f"cannot be written ({error.strerror})"


def _report(path: str) -> Report | None:
    from ...reports import report

    if not Path(path).is_dir():
        return None
    since = datetime.now(timezone.utc) - timedelta(days=_DAYS)
    return report(path, by=["model"], since=since, book=chosen_book(None))


def _rows(found: Report | None) -> Check:
    if found is None:
        return green("rows", "none yet")
    states = found.states
    bad = {"lost": states.lost, "torn": states.torn, "unreadable": states.unreadable}
    named = ", ".join(f"{count:,} {name}" for name, count in bad.items() if count)
    if named:
        return Check(
            "rows",
            "red" if states.lost else "yellow",
            f"{named} in {_DAYS} days: calls that are not in the sums",
            "look for a full or slow disk; costmark ledger verify names files and lines",
            "minutes; what is lost stays lost",
        )
    return green("rows", f"{counted(found.total.attempts, 'attempt')} in {_DAYS} days, none lost")


def unattributed(found: Report) -> Iterator[Check]:
    """What went to project default."""
    sums = found.states.unattributed
    if not sums.attempts:
        yield green("default project", f"no call of {_DAYS} days named no project")
        return
    yield Check(
        "default project",
        "yellow",
        f"{counted(sums.attempts, 'attempt')} of {_DAYS} days named no project, {spend(sums)}",
        "COSTMARK_UNATTRIBUTED=refuse ends such calls before they are sent (docs/policies.md)",
        "seconds; what was spent stays unattributed",
    )


def prices(found: Report | None) -> Iterator[Check]:
    """How old the book is, and what has no price."""
    try:
        book = chosen_book(None)
    except Error as error:
        yield Check("prices", "red", str(error), "make another one (docs/prices.md)", "a minute")
        return
    if book.is_old():
        said = f"the book is of {book.date}, more than 30 days ago"
        to_do = "renew it (docs/prices.md)"
        yield Check("prices", "yellow", said, to_do, "a minute", commands=tuple(renewal()))
    else:
        yield green("prices", f"the book is of {book.date}")
    lines = found.lines if found is not None else []
    without = [each for each in lines if each.sums.unpriced]
    if without:
        models = sorted({each.key[0] or "no model" for each in without})
        said, commands = remedy(why for each in without for _, why in each.sums.why)
        yield Check(
            "unpriced",
            "yellow",
            f"no price for {', '.join(models)}: their cost is not in the sums",
            said,
            "a minute; a book corrects what came before as well" if commands else "seconds",
            commands=tuple(commands),
        )
    elif lines:
        yield green("unpriced", f"every model of {_DAYS} days has a price")


def budgets() -> Iterator[Check]:
    """What is left of them."""
    try:
        found = [budget_of(fields) for fields in _core.configured_budgets({})]
    except Error as error:
        yield Check("budgets", "red", str(error), "docs/budgets.md has the form", "seconds")
        return
    if not found:
        yield green("budgets", "none are set")
        return
    if ledger_folder(None) is None:
        said = (
            f"{counted(len(found), 'budget')}, and no folder of a ledger: each process has its own"
        )
        what = "set COSTMARK_LEDGER to a folder, through which processes share what is spent"
        yield Check("budgets", "yellow", said, f"{what} (docs/budgets.md)", "seconds")
        return
    for each in found:
        left, limit = (amount_text(number, each.unit) for number in (each.left, each.limit))
        said = f"{each.name}: {left} of {limit} left"
        if each.left > 0:
            yield green("budgets", said)
            continue
        refuses = each.action == "refuse"
        yield Check(
            "budgets",
            "red" if refuses else "yellow",
            f"{said}{': calls are refused' if refuses else ''}",
            f"raise it, or wait until {each.reset:%Y-%m-%d %H:%M} UTC",
            "seconds, once the program is started anew",
        )


def libraries() -> Iterator[Check]:
    """What `patch` would cover of what is installed."""
    hooks = [each for each in coverage().hooks if each.version]
    missing = [each for each in hooks if each.state == "not covered"]
    if missing:
        said = "; ".join(f"{each.library} {each.version}: {each.why}" for each in missing)
        remedy = "install a version that costmark knows (docs/python-apps.md)"
        yield Check("libraries", "yellow", f"not covered: {said}", remedy, "a minute")
    elif hooks:
        listed = ", ".join(f"{each.library} {each.version}" for each in hooks)
        yield green("libraries", f"costmark.patch() covers {listed}")
    else:
        yield skipped("libraries", "no library that calls Bedrock is installed here")
