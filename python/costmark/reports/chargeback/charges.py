"""What each team pays for a month."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import TYPE_CHECKING, Any

from ..dimensions import expression
from ..shares import divided, ratio
from ..summary import Sums, conditions, priced, summed
from .billing import Allocation

if TYPE_CHECKING:
    import os

    from ...prices import PriceBook
    from ..source import Source
    from .billing import Bill, Billing
    from .rules import Rules

UTC = dt.timezone.utc
# Cost that is no team's own, and what it is.
POOLS = {
    "unattributed": "calls that named no project",
    "unassigned": "projects without a value to charge by",
    "shared": "what the rules name as shared",
}
_DAY = "strftime(make_timestamp(end_us), '%Y-%m-%d')"
# Attempts of which not all has a price.
UNSURE = ("unpriced", "partial", "elsewhere", "untold")
_STATES = ("unpriced", "partial", "elsewhere", "incomplete", "untold")


@dataclasses.dataclass
class Usage:
    """What was used, at list prices, and the discount on it."""

    calls: int = 0
    input: int = 0
    output: int = 0
    list_pico: int = 0
    discount_pico: int = 0
    unpriced: int = 0
    """Attempts that no amount is known of; the other states are those of `Sums`."""
    partial: int = 0
    elsewhere: int = 0
    untold: int = 0
    billed_pico: int | None = None
    """Its part of the bill, in place of list price and discount; None without a bill."""

    @property
    def is_known(self) -> bool:
        """Whether `net_pico` is all of it."""
        return self.billed_pico is not None or not any(getattr(self, name) for name in UNSURE)

    @property
    def net_pico(self) -> int:
        """What is left to pay."""
        return self.list_pico - self.discount_pico if self.billed_pico is None else self.billed_pico

    def add(self, sums: Sums) -> None:
        """Add usage at its list price."""
        self.calls += sums.calls
        self.input += sums.input
        self.output += sums.output
        self.list_pico += sums.cost_pico
        for name in UNSURE:
            setattr(self, name, getattr(self, name) + getattr(sums, name))


@dataclasses.dataclass
class Charge:
    """What one team pays: its own usage, and its parts of the pools."""

    name: str
    own: Usage
    parts: dict[str, int]
    """Pico-USD of each of `POOLS`."""
    unsure: list[str] = dataclasses.field(default_factory=list)
    """The pools it has a part of, of which not all has a price."""

    @property
    def total_pico(self) -> int:
        """All of it."""
        return self.own.net_pico + sum(self.parts.values())

    @property
    def is_known(self) -> bool:
        """Whether `total_pico` is all of it."""
        return self.own.is_known and not self.unsure


@dataclasses.dataclass(frozen=True)
class Correction:
    """What a closed month would be now, less what was charged for it."""

    month: str
    name: str
    pico: int
    is_known: bool = True
    """Whether `pico` is all of it: whether all that is charged now has a price."""


@dataclasses.dataclass
class Chargeback:
    """A month, charged to teams."""

    month: str
    rules: Rules
    charges: list[Charge]
    pools: dict[str, Usage]
    undivided: dict[str, int]
    """Of pools that no team takes a part of: there is no team, or none with a weight."""
    attempts: int
    states: dict[str, int]
    """What the amounts leave out, or what is uncertain in them."""
    book: str
    """SHA-256 of the prices."""
    book_date: str
    book_is_old: bool
    manifests: list[str] = dataclasses.field(default_factory=list)
    """The last manifest of each compacted ledger, by SHA-256."""
    corrections: list[Correction] = dataclasses.field(default_factory=list)
    notes: list[str] = dataclasses.field(default_factory=list)
    unmatched: list[str] = dataclasses.field(default_factory=list)
    """Globs of what is shared that match no name of the month."""
    billing: Billing | None = None
    """Which bill the amounts are of; None where they are list prices."""
    closed: str = ""
    """When the month was closed; empty while it is open."""
    names: dict[str, str] = dataclasses.field(default_factory=dict)
    """The names of projects by id, as far as the rows have them, where projects are charged."""

    @property
    def is_known(self) -> bool:
        """Whether all of the usage has a price, also that of corrections."""
        if not all(each.is_known for each in self.corrections):
            return False
        return self.billing is not None or not any(self.states[name] for name in UNSURE)

    @property
    def is_empty(self) -> bool:
        """Whether there was no attempt in the month."""
        return not (self.attempts or self.states["unknown"])

    @property
    def amounts(self) -> dict[str, int]:
        """What each name pays for this month alone; empty for what could not be divided."""
        found = {charge.name: charge.total_pico for charge in self.charges}
        rest = sum(self.undivided.values())
        return {**found, "": rest} if rest else found

    @property
    def total_pico(self) -> int:
        """The month and the corrections."""
        return sum(self.amounts.values()) + sum(each.pico for each in self.corrections)

    @property
    def usage(self) -> Usage:
        """Of all teams and pools."""
        total = Usage()
        for each in (*(charge.own for charge in self.charges), *self.pools.values()):
            for name, value in vars(each).items():
                if value is not None:
                    setattr(total, name, (getattr(total, name) or 0) + value)
        return total


def bounds(month: str) -> tuple[dt.datetime, dt.datetime]:
    """The begin and the end of a month such as ``2026-11``."""
    begin = dt.datetime.fromisoformat(f"{month}-01").replace(tzinfo=UTC)
    return begin, (begin + dt.timedelta(days=31)).replace(day=1)


def charge(
    source: Source,
    *paths: str | os.PathLike[str],
    month: str,
    rules: Rules,
    book: PriceBook,
    bill: Bill | None = None,
) -> Chargeback:
    """Charge a month by the rules, and by a bill where they say so."""
    since, until = bounds(month)
    found = summed(source, *paths, by=(), since=since, until=until, where=(), book=book)
    teams, pools, matched = _usage(source, conditions(since, until, ()), rules, book, bill)
    for name in rules.fixed:
        teams.setdefault(name, Usage(billed_pico=None if bill is None else 0))
    names = sorted(teams, key=lambda name: (-teams[name].net_pico, name))
    weights = _weights(rules, [teams[name] for name in names], names)
    parts: dict[str, list[int]] = {}
    undivided: dict[str, int] = {}
    for pool, usage in pools.items():
        if any(weights):
            parts[pool] = divided(usage.net_pico, weights)
        elif usage.net_pico or not usage.is_known:
            undivided[pool] = usage.net_pico
    unsure = [pool for pool in parts if not pools[pool].is_known]
    charges = [
        Charge(
            name,
            teams[name],
            {pool: shares[place] for pool, shares in parts.items()},
            unsure if weights[place] else [],
        )
        for place, name in enumerate(names)
    ]
    states = found.states
    counts: dict[str, Any] = {"unattributed": states.unattributed.attempts}
    counts |= {name: getattr(found.total, name) for name in _STATES}
    counts |= {name: getattr(states, name) for name in ("unknown", "refused", "torn", "lost")}
    return Chargeback(
        month=month,
        rules=rules,
        charges=charges,
        pools=pools,
        undivided=undivided,
        attempts=found.total.attempts,
        states=counts,
        book=book.hash,
        book_date=book.date.isoformat(),
        book_is_old=book.is_old(),
        billing=None if bill is None else bill.billing,
        unmatched=[glob for glob in rules.shared if glob not in matched],
    )


def keys_of(rules: Rules, bill: Bill | None = None) -> list[str]:
    """The SQL of what the rules look at: named a project or not, model, day, who, and what a bill
    looks at."""
    timed = any(each.first_day != "-" or each.end_day != "-" for each in rules.discounts)
    is_current = rules.projects is not None
    return [
        "coalesce((project_source = 'none')::VARCHAR, 'false')",
        "coalesce(model, '')",
        _DAY if timed else "''",
        *(["account", "region", "project"] if is_current else [expression(rules.by)]),
        *([] if bill is None else bill.keys),
    ]


def _usage(
    source: Source, chosen: list[str], rules: Rules, book: PriceBook, bill: Bill | None
) -> tuple[dict[str, Usage], dict[str, Usage], set[str]]:
    """The usage of teams, that of the pools, and the globs that match something shared."""
    teams: dict[str, Usage] = {}
    pools = {name: Usage() for name in POOLS}
    matched: set[str] = set()
    reduced: dict[tuple[int, int], tuple[Usage, int]] = {}
    allocation = None if bill is None else Allocation(bill)
    lines, _, _ = priced(source, keys_of(rules, bill), chosen, book)
    for line in lines:
        unattributed, model, day, *more = line.key
        who = more if bill is None else more[: -len(bill.keys)]
        name = who[0] if rules.projects is None else rules.current_name(*who)
        usage = _place(teams, pools, name, unattributed == "true", rules)
        usage.add(line.sums)
        if allocation is not None:
            allocation.add(tuple(more[len(who) :]), model, usage, line.sums)
        if usage is pools["shared"]:
            matched.update(rules.shared_by(name))
        discount = rules.discount_for(model or "", day or "")
        if discount is not None:
            place = (id(usage), discount.millionths)
            _, pico = reduced.get(place, (usage, 0))
            reduced[place] = (usage, pico + line.sums.cost_pico)
    for (_, millionths), (usage, pico) in reduced.items():
        usage.discount_pico += ratio(pico, millionths, 1_000_000)
    if allocation is not None:
        allocation.charge(teams, pools, rules)
    return teams, pools, matched


def _place(
    teams: dict[str, Usage],
    pools: dict[str, Usage],
    name: str | None,
    unattributed: bool,
    rules: Rules,
) -> Usage:
    if unattributed:
        return pools["unattributed"]
    if not name:
        return pools["unassigned"]
    return pools["shared"] if rules.is_shared(name) else teams.setdefault(name, Usage())


def _weights(rules: Rules, usages: list[Usage], names: list[str]) -> list[int]:
    if rules.split == "fixed":
        return [rules.fixed.get(name, 0) for name in names]
    if rules.split == "even":
        return [1] * len(names)
    if rules.split == "tokens":
        return [each.input + each.output for each in usages]
    return [max(each.net_pico, 0) for each in usages]
