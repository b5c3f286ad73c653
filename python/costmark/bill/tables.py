"""A reconciliation for spreadsheets and for notes."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from ..reports.formats import markdown_row, markdown_text, no_formula, usd
from . import formats, wording
from .causes import RESIDUAL
from .groups import by_project, grouped

if TYPE_CHECKING:
    from .formats import Basis
    from .reconcile import Reconciliation


def as_csv(result: Reconciliation, basis: Basis) -> str:
    """A line for each amount, by project and model. Their sum is the bill, to the pico.

    What a spreadsheet would take for a formula has a ``'``.
    """
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["step", "what", basis.tag, "model", "usd", "first_day", "last_day"])
    days = (result.window.first.isoformat(), result.window.last.isoformat())

    def write(step: str, what: str, names: tuple[str, ...], cost: Fraction) -> None:
        safe = map(no_formula, names)
        writer.writerow([step, no_formula(what), *safe, usd(round(cost)), *days])

    for group in grouped(result.parts, "tag", "model"):
        if group.ledger:
            write("ledger", "ledger, at list prices", group.names, group.ledger)
        for name, cost in group.reasons():
            write("residual" if name == RESIDUAL else "cause", name, group.names, cost)
    for name, cost in result.bars.items():
        write("beside", name, ("", ""), cost)
    return out.getvalue()


def as_markdown(result: Reconciliation, basis: Basis) -> str:
    """The way from the ledger to the bill, the projects, and what it rests on."""
    steps = [("ledger, at list prices", formats.money(result.ledger), "")]
    steps += [
        (wording.title(cause.name), formats.signed(cause.cost), wording.meaning(cause))
        for cause in result.causes
    ]
    steps.append(
        (wording.title(RESIDUAL), formats.signed(result.residual), wording.meaning_of(RESIDUAL))
    )
    steps.append(("**bill, tokens**", f"**{formats.money(result.usage)}**", ""))
    steps += [
        (name, formats.signed(cost), wording.meaning_of_bar(name))
        for name, cost in result.bars.items()
    ]
    if result.bars:
        steps.append(("**bill, all of Bedrock**", f"**{formats.money(result.total)}**", ""))
    tables = [_table(("", "amount", ""), steps)]
    projects = [
        (
            markdown_text(group.names[0]) if group.names[0] else "default or untagged",
            formats.money(group.charge),
            formats.money(group.bill),
            formats.money(group.ledger),
            "; ".join(
                f"{wording.title(name)} {formats.signed(cost)}" for name, cost in group.reasons()
            ),
        )
        for group in by_project(result)
    ]
    if projects:
        tables.append(
            _table((basis.tag, "to charge", "bill", "ledger", "why it differs"), projects)
        )
    facts = [*formats.data_age(basis), *formats.basis_lines(result, basis)]
    tables.append("".join(f"- {markdown_text(each)}\n" for each in facts))
    return "\n".join([f"{formats.headline(result)}\n", *tables])


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    aligned = ["---:" if title in _NUMBERS else "---" for title in titles]
    return "".join(f"{markdown_row(line)}\n" for line in (titles, aligned, *rows))


_NUMBERS = ("amount", "to charge", "bill", "ledger")
