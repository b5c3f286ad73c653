"""Plain data of both sides: lines of the bill, sums of the ledger, and the key they share."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple, Protocol

UNTAGGED = ""
"""The tag value of what has none. None is a value that is not known."""
LONG = "long"
"""The context of requests above a model's threshold; ``""`` is that of the others."""
CACHE_WRITE = "cache_write"


class Key(NamedTuple):
    """What the bill and the ledger are compared by. None: not known, or summed over."""

    day: dt.date
    account: str | None
    region: str | None
    tag: str | None
    endpoint: str | None
    model: str
    kind: str
    time: str | None
    """The time to live of cache writes; ``""`` for other kinds."""
    tier: str | None
    serving: str | None
    context: str | None


class Place(NamedTuple):
    """Where attempts are counted: the part of a key that holds before there is any usage."""

    day: dt.date
    account: str | None
    region: str | None
    tag: str | None
    model: str


@dataclass(frozen=True)
class BillLine:
    """One line of a bill, or the sum of lines that differ in nothing but the hour."""

    day: dt.date
    record_type: str
    usage_type: str
    quantity: Fraction
    unit: str
    cost: Fraction
    """Unblended, in `currency`."""
    service: str = ""
    """The product code, or Cost Explorer's name of the service."""
    product: str = ""
    """The name of the product, which has the model where the usage type does not."""
    account: str | None = None
    region: str | None = None
    tag: str | None = None
    currency: str = "USD"
    lines: int = 1
    """How many lines of the bill these are, each of which was rounded."""


@dataclass(frozen=True)
class LedgerLine:
    """Attempts that differ in nothing but their counts, summed."""

    day: dt.date
    account: str | None
    region: str | None
    project: str | None
    endpoint: str | None
    model: str
    serving: str
    tier: str
    context: str
    input: int
    """With the cached and the written tokens."""
    output: int
    cached: int = 0
    written: tuple[tuple[str | None, int], ...] = ()
    """Cache writes by time to live; None where it was not told."""
    tag: str | None = None
    """The tag value that the rows themselves have."""
    attempts: int = 1
    uncertain: int = 0
    """Attempts among them that are incomplete, told no usage, or have no end."""
    near: str = ""
    """``begin`` or ``end``: attempts near the midnight at which their day begins or ends."""


@dataclass(frozen=True)
class ProjectTag:
    """Which tag value a project has, from `first_day` up to and without `end_day`."""

    project: str
    value: str
    account: str | None = None
    region: str | None = None
    first_day: dt.date | None = None
    end_day: dt.date | None = None

    def holds(self, line: LedgerLine) -> bool:
        """Whether this is about the project and the day of a line."""
        return (
            line.project == self.project
            and self.account in (None, line.account)
            and self.region in (None, line.region)
            and (self.first_day or dt.date.min) <= line.day < (self.end_day or dt.date.max)
        )


@dataclass(frozen=True)
class Window:
    """Whole UTC days, from `first` to `last`, both included."""

    first: dt.date
    last: dt.date

    def __contains__(self, day: dt.date) -> bool:
        return self.first <= day <= self.last


class Prices(Protocol):
    """What a token of a key costs, in pico-USD."""

    def price(self, key: Key) -> int | None:
        """The price, or None where there is none or the key does not say enough."""

    def others(self, key: Key) -> Mapping[str, int]:
        """Other prices of the same model: by the one dimension that differs, as ``tier flex``."""


Counts = Mapping[Place, int]
"""Calls that CloudWatch saw."""
BillLines = Iterable[BillLine]
LedgerLines = Iterable[LedgerLine]
