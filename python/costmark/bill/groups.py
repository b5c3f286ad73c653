"""A reconciliation by team and model: what each side has of them, and why they differ."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from .causes import RESIDUAL, WITHOUT_TAG
from .lines import UNTAGGED

if TYPE_CHECKING:
    from .reconcile import Part, Reconciliation


@dataclass
class Group:
    """What both sides have of one name, or of several. Amounts are in pico-USD."""

    names: tuple[str, ...]
    ledger: Fraction = Fraction(0)
    bill: Fraction = Fraction(0)
    charge: Fraction = Fraction(0)
    """Its bill, and what it used and AWS billed without its tag."""
    why: dict[str, Fraction] = field(default_factory=lambda: defaultdict(Fraction))

    @property
    def difference(self) -> Fraction:
        """What the bill has more than the ledger."""
        return self.bill - self.ledger

    def add(self, other: Group) -> None:
        """Add what another has."""
        self.ledger += other.ledger
        self.bill += other.bill
        self.charge += other.charge
        for name, cost in other.why.items():
            self.why[name] += cost

    def reasons(self) -> list[tuple[str, Fraction]]:
        """What it differs by, the largest first, and what has no cause last."""
        found = [(name, cost) for name, cost in self.why.items() if cost]
        return sorted(found, key=lambda each: (each[0] == RESIDUAL, -abs(each[1]), each[0]))


def grouped(parts: Sequence[Part], *fields: str) -> list[Group]:
    """Parts summed by some of their fields, as ``tag`` and ``model``; the dearest first."""
    groups: dict[tuple[str, ...], Group] = {}
    for part in parts:
        names = tuple(str(getattr(part, name)) for name in fields)
        group = groups.setdefault(names, Group(names))
        group.ledger += part.ledger
        group.bill += part.bill
        for name, cost in part.why:
            group.why[name] += cost
    for part in as_charged(parts):
        names = tuple(str(getattr(part, name)) for name in fields)
        groups.setdefault(names, Group(names)).charge += part.bill
    return sorted(groups.values(), key=lambda each: (-each.bill, -each.ledger, each.names))


def as_charged(parts: Iterable[Part]) -> Iterator[Part]:
    """The bill as it is to be charged: what a project used without its tag is that project's.

    Only what is certain is moved; the sum stays as it is.
    """
    for part in parts:
        moved = dict(part.why).get(WITHOUT_TAG)
        if part.tag and moved:
            yield replace(part, bill=part.bill - moved)
            yield replace(part, tag=UNTAGGED, bill=moved, ledger=Fraction(0), why=())
        else:
            yield part


def by_project(result: Reconciliation) -> list[Group]:
    """By the value of the tag; none where projects are not compared."""
    return grouped(result.parts, "tag") if result.grain == "project" else []
