"""Lay a ledger beside a bill, and name what they differ by.

The method is in docs/reconcile.md. It is exact: amounts are fractions of a pico-USD, and what the
causes do not explain is the residual.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from .._prices.usage_types import Aliases, shipped_aliases
from ..errors import ConfigurationError
from . import causes, invariants
from .causes import Cause, Detail, Drift, Found
from .keys import (
    PICO,
    BillSide,
    Cells,
    Coarsening,
    Unmapped,
    add_bill,
    bar_of,
    coarsened,
    evidence,
    ledger_cells,
    merged,
    split_bill,
    tag_of,
)
from .rate import explain_rates
from .usage_types import Reader
from .volume import Volume

if TYPE_CHECKING:
    from .lines import (
        BillLine,
        BillLines,
        Counts,
        LedgerLine,
        LedgerLines,
        Prices,
        ProjectTag,
        Window,
    )

Grain = Literal["project", "model"]


@dataclass(frozen=True, order=True)
class Part:
    """What both sides have of one day, tag value, model and kind, and what they differ by."""

    day: dt.date
    tag: str
    """Empty without one."""
    model: str
    """Empty for a line of the bill that is not understood."""
    kind: str
    ledger: Fraction
    bill: Fraction
    why: tuple[tuple[str, Fraction], ...]
    """By cause; what has none is by `RESIDUAL`."""


@dataclass(frozen=True)
class Reconciliation:
    """A bill and a ledger that add up. Amounts are in pico-USD."""

    window: Window
    grain: Grain
    ledger: Fraction
    """What the ledger's tokens cost by the book."""
    usage: Fraction
    """What the bill charges for tokens."""
    bars: dict[str, Fraction]
    """What else the bill charges, which is not compared."""
    causes: list[Cause]
    residual: Fraction
    residual_absolute: Fraction
    """The sum of the residuals of every key, each without its sign: opposite ones add up."""
    residuals: list[Detail]
    coverage: Fraction
    """The share of the usage that has a key, 0 to 1."""
    coarsened: list[Coarsening]
    projects_without_tag: list[str]
    """Projects of the ledger that are taken for untagged, besides ``default``."""
    unmapped: list[Unmapped]
    unit_faults: list[Unmapped]
    unpriced_tokens: int
    """Tokens of the ledger without a price."""
    parts: list[Part]
    """All of ledger and bill, where both can be told apart."""
    drifts: list[Drift]
    unknown_models: list[str]
    """Models of the bill that neither book nor ledger knows."""
    is_empty: bool
    """Neither side has any tokens."""

    @property
    def difference(self) -> Fraction:
        """What the bill has more than the ledger."""
        return self.usage - self.ledger

    @property
    def not_explained(self) -> Fraction:
        """What no cause explains, and the lines of the bill that are not understood: no signs."""
        aside = (abs(each.line.cost) * PICO for each in (*self.unmapped, *self.unit_faults))
        return self.residual_absolute + sum(aside, Fraction(0))

    @property
    def total(self) -> Fraction:
        """The whole bill, as far as it is about Bedrock."""
        return self.usage + sum(self.bars.values(), Fraction(0))


def reconcile(
    ledger: LedgerLines,
    bill: BillLines,
    prices: Prices,
    window: Window,
    *,
    models: Iterable[str] = (),
    projects: Sequence[ProjectTag] = (),
    counts: Counts | None = None,
    aliases: Aliases | None = None,
    grain: Grain = "project",
    as_of: dt.date | None = None,
    lag_days: int = 3,
) -> Reconciliation:
    """Compare a ledger with a bill over whole days.

    ``as_of`` is the day of the bill: days less than ``lag_days`` before it may not be complete.
    ``models`` are models that products are recognized by, beside those of the ledger. Raises
    ConfigurationError where the two cannot be compared: several currencies, or no tag values.
    """
    ours = [line for line in ledger if line.day in window]
    lines = [line for line in bill if line.day in window]
    theirs = merged(lines)
    _check_currency(theirs)
    with_tags = grain == "project"
    without_tag = _check_tags(ours, theirs, projects) if with_tags else []
    known = {*models, *(line.model for line in ours)}
    reader = Reader(aliases or shipped_aliases(), known)
    side = split_bill(theirs, reader, with_tags=with_tags)
    compared = ledger_cells(ours, prices, list(projects), with_tags=with_tags)
    invariants.check_order(
        lines, theirs, ours, compared, prices, list(projects), with_tags=with_tags
    )
    fine, places = compared
    ledger_cost = Fraction(sum(cell.ledger_cost for cell in fine.values()))
    add_bill(fine, side.keyed, prices)
    cells, lost = coarsened(fine)
    fields: dict[str, set[str]] = defaultdict(set)
    for each in lost:
        fields[each.model].add(each.field)

    found = Found()
    _note_what_has_no_key(side, found)
    _note_what_has_no_price(cells, found)
    volume = Volume(cells, found)
    volume.move()
    volume.explain_cache()
    volume.explain_surpluses(evidence(places, counts, fields), fields)
    newest = as_of or dt.date.max
    volume.explain_deficits(lambda day: (newest - day).days < lag_days)
    volume.give_up()
    explain_rates(cells, prices, found)

    unknown_models = sorted(
        {key.model for key in side.keyed if key.model not in known and prices.price(key) is None}
    )
    result = _result(
        window, grain, ledger_cost, side, cells, lost, without_tag, unknown_models, found
    )
    invariants.check_one_place(side, theirs)
    invariants.check_tokens(cells, volume.taken, result)
    invariants.check_sums(result, lines)
    return result


def _check_currency(lines: list[BillLine]) -> None:
    currencies = sorted({line.currency for line in lines})
    if len(currencies) > 1:
        raise ConfigurationError(
            f"the bill has several currencies ({', '.join(currencies)}); reconcile them one by one",
            code="invalid_argument",
        )
    if currencies not in ([], ["USD"]):
        raise ConfigurationError(
            f"the bill is in {currencies[0]}; the prices of the book are in USD",
            code="invalid_argument",
        )


def _check_tags(
    ours: list[LedgerLine], theirs: list[BillLine], projects: Sequence[ProjectTag]
) -> list[str]:
    """Both sides must have tag values. Return the projects that have none."""
    usage = [line for line in theirs if bar_of(line.record_type) is None]
    bill_has = any(line.tag for line in usage)
    ledger_has = any(tag_of(line, projects) for line in ours)
    if usage and not bill_has and (ledger_has or all(line.tag is None for line in usage)):
        raise ConfigurationError(
            "the bill has no values of the tag, so it cannot be compared by project: is the tag "
            "activated in Billing, and since when? The grain 'model' compares without projects",
            code="invalid_argument",
        )
    without = sorted({line.project for line in ours if line.project and _lacks(line, projects)})
    if without and bill_has and not ledger_has:
        raise ConfigurationError(
            f"the ledger has no values of the tag for any project, such as {without[0]}, and the "
            "bill has some: say which project has which (a lock file), or compare by the grain "
            "'model'",
            code="invalid_argument",
        )
    return without


def _lacks(line: LedgerLine, projects: Sequence[ProjectTag]) -> bool:
    return line.project != "default" and not tag_of(line, projects)


def _note_what_has_no_key(side: BillSide, found: Found) -> None:
    for name, lines in ((causes.UNMAPPED, side.unmapped), (causes.UNIT_FAULT, side.unit_faults)):
        for each in lines:
            note = f"{each.line.usage_type or '(no usage type)'}: {each.why}"
            found.add(name, Detail(None, 0, each.line.cost * PICO, note=note))


def _note_what_has_no_price(cells: Cells, found: Found) -> None:
    for key, cell in cells.items():
        if not cell.is_priced:
            cost = cell.bill_cost - cell.ledger_cost
            tokens = cell.bill - cell.ledger if cell.ledger_cost else cell.bill
            found.add(causes.UNPRICED, Detail(key, tokens, cost))
            found.change(key, causes.UNPRICED, cost)


def _result(
    window: Window,
    grain: Grain,
    ledger_cost: Fraction,
    side: BillSide,
    cells: Cells,
    lost: list[Coarsening],
    without_tag: list[str],
    unknown_models: list[str],
    found: Found,
) -> Reconciliation:
    keyed = sum((cell.bill_cost for cell in cells.values()), Fraction(0))
    aside = [each.line.cost * PICO for each in (*side.unmapped, *side.unit_faults)]
    residuals = [
        Detail(key, 0, cost)
        for key, cost in sorted(found.residuals.items(), key=lambda pair: repr(pair[0]))
        if cost
    ]
    charged = sum(map(abs, aside), Fraction(0))
    covered = sum((abs(cell.bill_cost) for cell in cells.values()), Fraction(0))
    return Reconciliation(
        window=window,
        grain=grain,
        ledger=ledger_cost,
        usage=keyed + sum(aside, Fraction(0)),
        bars={
            name: sum((line.cost for line in lines), Fraction(0)) * PICO
            for name, lines in sorted(side.bars.items())
        },
        causes=found.causes(),
        residual=sum((each.cost for each in residuals), Fraction(0)),
        residual_absolute=sum((abs(each.cost) for each in residuals), Fraction(0)),
        residuals=residuals,
        coverage=covered / (covered + charged) if covered + charged else Fraction(1),
        coarsened=lost,
        projects_without_tag=without_tag,
        unmapped=side.unmapped,
        unit_faults=side.unit_faults,
        unpriced_tokens=sum(cell.ledger for cell in cells.values() if not cell.is_priced),
        parts=_parts(side, cells, found),
        drifts=sorted(found.drifts, key=repr),
        unknown_models=unknown_models,
        is_empty=not cells and not aside,
    )


def _parts(side: BillSide, cells: Cells, found: Found) -> list[Part]:
    parts = []
    for key, cell in cells.items():
        why = {**found.effects.get(key, {})}
        if found.residuals.get(key):
            why[causes.RESIDUAL] = found.residuals[key]
        ledger = Fraction(cell.ledger_cost)
        names = (key.day, key.tag or "", key.model, key.kind)
        parts.append(Part(*names, ledger, cell.bill_cost, tuple(sorted(why.items()))))
    for name, lines in ((causes.UNMAPPED, side.unmapped), (causes.UNIT_FAULT, side.unit_faults)):
        for each in lines:
            cost = each.line.cost * PICO
            why_not = ((name, cost),)
            names = (each.line.day, each.line.tag or "", "", "")
            parts.append(Part(*names, Fraction(0), cost, why_not))
    return sorted(parts)
