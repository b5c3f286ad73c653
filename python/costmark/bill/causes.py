"""Causes of differences between a bill and a ledger, and how they are added up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .lines import Key

# Names of causes. What the words mean is in docs/reconcile.md.
OTHER_DAY = "billed on another day"
OTHER_TIER = "billed as another tier"
OTHER_SERVING = "billed as another serving"
OTHER_CONTEXT = "billed as another context"
OTHER_TIME = "billed as another cache time"
WITHOUT_TAG = "billed as default or untagged"
CACHE_TWICE = "cache counted twice"
CACHE_AS_INPUT = "cache billed as input"
CACHE_NOT_BILLED = "cache not billed"
UNTAGGED_USAGE = "default or untagged"
UNCERTAIN = "incomplete or unknown operations"
OTHER_CLIENTS = "other clients"
NOT_BILLED_YET = "not billed yet"
UNMAPPED = "unmapped"
UNIT_FAULT = "unit fault"
UNPRICED = "unpriced"
ROUNDING = "rounding"
REST = "something else"
RESIDUAL = "residual"


def joint_name(names: Iterable[str]) -> str:
    """The name of what has several possible causes."""
    return " or ".join(sorted(names))


def priced_as(what: str) -> str:
    """The name of a price that is another dimension's."""
    return f"priced as {what}"


@dataclass(frozen=True)
class Bounds:
    """What one of several possible causes may amount to, in pico-USD."""

    name: str
    low: Fraction
    high: Fraction


@dataclass(frozen=True)
class Detail:
    """A cause at one key; costs are what the bill has more than the ledger."""

    key: Key | None
    tokens: int
    cost: Fraction
    to: Key | None = None
    """Where the bill has tokens that the ledger has at `key`."""
    others: tuple[Key, ...] = ()
    """More keys, where which token went where does not matter or cannot be told."""
    note: str = ""


@dataclass(frozen=True)
class Cause:
    """All that has one name. A joint cause has bounds: which part is whose cannot be told."""

    name: str
    cost: Fraction
    tokens: int
    details: tuple[Detail, ...]
    bounds: tuple[Bounds, ...] = ()

    @property
    def is_joint(self) -> bool:
        """Whether several causes fit, and none can be preferred."""
        return bool(self.bounds)


@dataclass(frozen=True)
class Drift:
    """A price that the bill has had since a day, and the book has not."""

    key: Key
    since: str
    book_pico: Fraction
    bill_pico: Fraction
    tokens: int


@dataclass
class Found:
    """Causes as they are found, and what is left at each key."""

    details: dict[str, list[Detail]] = field(default_factory=lambda: defaultdict(list))
    joint: dict[tuple[str, ...], list[tuple[Detail, tuple[Bounds, ...]]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    residuals: dict[Key, Fraction] = field(default_factory=lambda: defaultdict(Fraction))
    effects: dict[Key, dict[str, Fraction]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(Fraction))
    )
    """What each cause changes at each key; moves take from one and give to another."""
    drifts: list[Drift] = field(default_factory=list)

    def add(self, name: str, detail: Detail) -> None:
        """Note a cause, unless there is nothing to it."""
        if detail.tokens or detail.cost:
            self.details[name].append(detail)

    def add_joint(self, detail: Detail, bounds: Iterable[Bounds]) -> None:
        """Note what has several possible causes."""
        each = tuple(sorted(bounds, key=lambda bound: bound.name))
        self.joint[tuple(bound.name for bound in each)].append((detail, each))

    def change(self, key: Key, name: str, cost: Fraction) -> None:
        """Note what a cause changes at a key."""
        if cost:
            self.effects[key][name] += cost

    def causes(self) -> list[Cause]:
        """Every name once, the largest amount first."""
        found = [
            Cause(
                name,
                sum((each.cost for each in details), Fraction(0)),
                sum(each.tokens for each in details),
                tuple(sorted(details, key=repr)),
            )
            for name, details in self.details.items()
        ]
        found += [_joint(names, parts) for names, parts in self.joint.items()]
        return sorted(found, key=lambda cause: (-abs(cause.cost), cause.name))


def _joint(names: tuple[str, ...], parts: list[tuple[Detail, tuple[Bounds, ...]]]) -> Cause:
    lows = [sum((bounds[i].low for _, bounds in parts), Fraction(0)) for i in range(len(names))]
    highs = [sum((bounds[i].high for _, bounds in parts), Fraction(0)) for i in range(len(names))]
    return Cause(
        joint_name(names),
        sum((detail.cost for detail, _ in parts), Fraction(0)),
        sum(detail.tokens for detail, _ in parts),
        tuple(sorted((detail for detail, _ in parts), key=repr)),
        tuple(map(Bounds, names, lows, highs)),
    )
