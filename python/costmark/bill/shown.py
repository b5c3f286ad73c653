"""The amounts of a reconciliation as its page shows them: whatever is added up, adds up as shown.

Amounts are rounded once, by project and model. Every other one is a sum of those, so that no two
tables differ in their last digit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

from ..reports.shares import ratio, rounded
from .causes import RESIDUAL, WITHOUT_TAG
from .groups import Group, grouped

if TYPE_CHECKING:
    from .reconcile import Reconciliation

_DOLLAR = 10**12
_CENTS_FROM = 10 * _DOLLAR
_CENTS, _FINE = 2, 4
Names = tuple[str, ...]


@dataclass
class Line:
    """What is shown of a group, in units of the last digit."""

    group: Group
    bill: int = 0
    moved: int = 0
    """What the group used and AWS billed without its tag; less than 0 where it was billed."""
    why: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    """What the ledger lacks by reason, once that is moved."""
    charge: int = 0
    """In cents where amounts are large, as they are posted."""

    @property
    def difference(self) -> int:
        """What the bill has more than the ledger, once all is moved."""
        return sum(self.why.values())

    @property
    def ledger(self) -> int:
        """What is left of the bill without the difference, so that a line adds up."""
        return self.bill + self.moved - self.difference

    @property
    def agrees(self) -> bool:
        """Whether nothing differs but whose name stands on the bill."""
        return not any(cost for name, cost in self.group.reasons() if name != WITHOUT_TAG)

    def add(self, other: Line) -> None:
        """Add what is shown of a part of this."""
        self.group.add(other.group)
        self.bill += other.bill
        self.moved += other.moved
        self.charge += other.charge
        for name, units in other.why.items():
            self.why[name] += units


class Shown:
    """Amounts in the digits of this page."""

    def __init__(self, result: Reconciliation) -> None:
        self.has_projects = result.grain == "project"
        self._fields = ("tag", "model") if self.has_projects else ("model", "kind")
        costs = {each.name: each.cost for each in result.causes} | {RESIDUAL: result.residual}
        self._groups = grouped(result.parts, *self._fields)
        effects = [cost for group in self._groups for _, cost in group.reasons()]
        steps = [*costs.values(), *effects]
        self.digits = _digits(steps if any(steps) else [result.usage])
        self.charge_digits = _digits([result.usage])
        ledger, *units = rounded([result.ledger, *costs.values()], self._unit)
        self.ledger = ledger
        self.causes = dict(zip(costs, units, strict=True))
        self.bill = ledger + sum(units)
        self.usage, self.total = self._posted(result.usage), self._posted(result.total)
        bars = rounded([*result.bars.values()], self._charge_unit, self.total - self.usage)
        self.bars = dict(zip(result.bars, bars, strict=True))
        self._cells = self._rounded()

    @property
    def _unit(self) -> int:
        return _unit(self.digits)

    @property
    def _charge_unit(self) -> int:
        return _unit(self.charge_digits)

    def _posted(self, pico: Fraction) -> int:
        return ratio(pico, 1, self._charge_unit)

    @property
    def has_moved(self) -> bool:
        """Whether anything is charged to another project than AWS bills it to."""
        return any(line.moved for line in self._cells.values())

    def text(self, units: int, pico: Fraction | int | None = None, *, signed: bool = False) -> str:
        """An amount; ``pico`` tells one that is too small to be seen from none."""
        return _text(units, pico, self.digits, signed=signed)

    def alone(self, pico: Fraction, *, signed: bool = False) -> str:
        """An amount that is no part of a sum."""
        return self.text(ratio(pico, 1, self._unit), pico, signed=signed)

    def charge(
        self, units: int, pico: Fraction | int | None = None, *, signed: bool = False
    ) -> str:
        """An amount as it is posted."""
        return _text(units, pico, self.charge_digits, signed=signed)

    def lines(self, *fields: str) -> list[Line]:
        """By some of the fields, the dearest first."""
        places = [self._fields.index(name) for name in fields]
        lines: dict[Names, Line] = {}
        for names, cell in self._cells.items():
            of = tuple(names[place] for place in places)
            lines.setdefault(of, Line(Group(of))).add(cell)
        return sorted(lines.values(), key=lambda line: -line.group.charge)

    def _rounded(self) -> dict[Names, Line]:
        groups = self._groups
        cells = {group.names: Line(group) for group in groups}
        bills = self._spread([group.bill for group in groups], self._unit, self.bill)
        charges = self._spread([group.charge for group in groups], self._charge_unit, self.usage)
        for line, bill, charge in zip(cells.values(), bills, charges, strict=True):
            line.bill, line.charge = bill, charge
        for name, cost in self.causes.items():
            spread = self._spread([group.why[name] for group in groups], self._unit, cost)
            for line, units in zip(cells.values(), spread, strict=True):
                if units:
                    line.why[name] = units
        if self.has_projects:
            _move(cells)
        return cells

    def _spread(self, amounts: Sequence[Fraction], unit: int, total: int) -> list[int]:
        """Round the amounts of the first field, and then what each of them consists of."""
        places: dict[str, list[int]] = defaultdict(list)
        for place, group in enumerate(self._groups):
            places[group.names[0]].append(place)
        sums = [sum((amounts[at] for at in each), Fraction(0)) for each in places.values()]
        units = [0] * len(amounts)
        for each, whole in zip(places.values(), rounded(sums, unit, total), strict=True):
            parts = rounded([amounts[at] for at in each], unit, whole)
            for at, part in zip(each, parts, strict=True):
                units[at] = part
        return units


def _move(cells: dict[Names, Line]) -> None:
    """Take what was billed without its tag to whose it is."""
    for (tag, model), line in list(cells.items()):
        moved = -line.why.get(WITHOUT_TAG, 0) if tag else 0
        if moved:
            line.moved += moved
            line.why[WITHOUT_TAG] += moved
            untagged = cells["", model]
            untagged.moved -= moved
            untagged.why[WITHOUT_TAG] -= moved


def percents(amounts: Sequence[Fraction]) -> list[str]:
    """Shares of a whole, with one digit; they add up to 100."""
    whole = sum(amounts, Fraction(0))
    if not whole:
        return ["\u2013"] * len(amounts)
    tenths = rounded([Fraction(1000 * amount) / whole for amount in amounts], 1)
    return [f"{'-' if each < 0 else ''}{abs(each) // 10}.{abs(each) % 10}%" for each in tenths]


def _digits(amounts: Iterable[Fraction]) -> int:
    return _CENTS if max(map(abs, amounts), default=0) >= _CENTS_FROM else _FINE


def _unit(digits: int) -> int:
    return _DOLLAR // int(10**digits)


def _text(units: int, pico: Fraction | int | None, digits: int, *, signed: bool = False) -> str:
    if not units and pico:
        return f"{'-' if pico < 0 else ''}<$0.{1:0{digits}}"
    sign = "-" if units < 0 else "+" if signed and units else ""
    whole, rest = divmod(abs(units), 10**digits)
    return f"{sign}${whole:,}.{rest:0{digits}}"
