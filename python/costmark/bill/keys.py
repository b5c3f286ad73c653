"""From lines to keys: the bill's and the ledger's, and the finest key that both have."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from fractions import Fraction

from .._prices.units import tokens_per
from .lines import (
    CACHE_WRITE,
    UNTAGGED,
    BillLine,
    BillLines,
    Counts,
    Key,
    LedgerLine,
    LedgerLines,
    Place,
    Prices,
    ProjectTag,
)
from .usage_types import Reader, is_no_token_unit, is_reserved

PICO = 10**12
_BARS = {
    "credit": "credits",
    "refund": "refunds",
    "tax": "tax",
    "fee": "fees",
    "recurring": "fees",
    "recurring reservation fee": "fees",
    "rifee": "fees",
    "purchase": "fees",
    "edpdiscount": "private discounts",
    "bundleddiscount": "private discounts",
    "distributor discount": "private discounts",
    "distributordiscount": "private discounts",
    "privateratediscount": "private discounts",
    "discount": "private discounts",
    "enterprise discount program discount": "private discounts",
    "discountedusage": "reserved capacity",
}
_SUMMED = (
    *("ledger", "bill", "ledger_cost", "bill_cost", "lines", "near_begin", "near_end"),
    *("priced_bill", "priced_bill_cost"),
)
_MAY_BE_UNKNOWN = ("account", "region", "tag", "endpoint", "time", "tier", "serving", "context")


@dataclass
class Cell:
    """Both sides of a key. Costs in pico-USD."""

    ledger: int = 0
    bill: int = 0
    ledger_cost: int = 0
    bill_cost: Fraction = Fraction(0)
    lines: int = 0
    near_begin: int = 0
    near_end: int = 0
    priced_bill: int = 0
    """Tokens of the bill whose own key has a price, and what the book says of them."""
    priced_bill_cost: int = 0
    lacks_price: bool = False

    @property
    def is_priced(self) -> bool:
        """Whether there is a book's price to split by."""
        return not self.lacks_price and bool(self.ledger or self.priced_bill)

    @property
    def price(self) -> Fraction:
        """The book's price; where keys with several prices were joined, the ledger's mean."""
        if self.ledger:
            return Fraction(self.ledger_cost, self.ledger)
        return Fraction(self.priced_bill_cost, self.priced_bill)


Cells = dict[Key, Cell]


@dataclass(frozen=True)
class Unmapped:
    """A line of the bill that has no key."""

    line: BillLine
    why: str


@dataclass
class BillSide:
    """The bill, every line in one place."""

    bars: dict[str, list[BillLine]] = field(default_factory=lambda: defaultdict(list))
    """What is not compared, by what it is."""
    unmapped: list[Unmapped] = field(default_factory=list)
    unit_faults: list[Unmapped] = field(default_factory=list)
    keyed: dict[Key, list[BillLine]] = field(default_factory=lambda: defaultdict(list))
    """Lines with their quantity in tokens."""


def bar_of(record_type: str) -> str | None:
    """The bar of a record type, or None for usage, which is compared."""
    name = record_type.lower()
    if name == "usage":
        return None
    if "savingsplan" in name.replace(" ", ""):
        return "savings plans"
    return _BARS.get(name, f"other: {record_type}")


def merged(lines: BillLines) -> list[BillLine]:
    """Lines of the same thing as one, whatever unit of tokens each has; sorted."""
    groups: dict[tuple[object, ...], list[tuple[BillLine, int]]] = defaultdict(list)
    for line in lines:
        size = tokens_per(line.unit)
        unit = line.unit if size is None else "tokens"
        identity = (
            *(line.day, line.record_type, line.usage_type, unit, line.service, line.product),
            *(line.account, line.region, line.tag, line.currency),
        )
        groups[identity].append((line, size or 1))
    return [
        replace(
            groups[identity][0][0],
            unit=str(identity[3]),
            quantity=sum((each.quantity * size for each, size in groups[identity]), Fraction(0)),
            cost=sum((each.cost for each, _ in groups[identity]), Fraction(0)),
            lines=max(each.lines for each, _ in groups[identity]),
        )
        for identity in sorted(groups, key=repr)
    ]


def split_bill(lines: Iterable[BillLine], reader: Reader, *, with_tags: bool) -> BillSide:
    """Put every line, `merged` before, into a bar, under a key, or aside with the reason."""
    side = BillSide()
    for line in lines:
        bar = bar_of(line.record_type)
        if bar is None and is_reserved(line):
            bar = "reserved capacity"
        if bar is None and is_no_token_unit(line.unit):
            bar = "usage without tokens"
        if bar is not None:
            side.bars[bar].append(line)
            continue
        try:
            key = _key_of(line, reader, with_tags=with_tags)
        except ValueError as error:
            side.unmapped.append(Unmapped(line, str(error)))
            continue
        if line.quantity.denominator != 1:
            why = f"{float(line.quantity):g} tokens, which is no whole number"
            side.unit_faults.append(Unmapped(line, why))
        else:
            side.keyed[key].append(line)
    return side


def _key_of(line: BillLine, reader: Reader, *, with_tags: bool) -> Key:
    charge = reader.charge(line)
    if line.unit != "tokens":
        raise ValueError(f"the unit {line.unit!r}")
    return Key(
        day=line.day,
        account=line.account,
        region=charge.region,
        tag=(line.tag or UNTAGGED) if with_tags else None,
        endpoint=charge.endpoint,
        model=charge.model,
        kind=charge.kind,
        time=charge.time,
        tier=charge.tier,
        serving=charge.serving,
        context=charge.context,
    )


def tag_of(line: LedgerLine, projects: Iterable[ProjectTag]) -> str:
    """The tag value under which the attempts of a line are billed."""
    for each in projects:
        if each.holds(line):
            return each.value
    return line.tag or UNTAGGED


@dataclass
class Evidence:
    """How many attempts there were at a place."""

    attempts: int = 0
    uncertain: int = 0
    seen: int | None = None
    """By CloudWatch; None where it was not asked."""


def ledger_cells(
    lines: LedgerLines, prices: Prices, projects: list[ProjectTag], *, with_tags: bool
) -> tuple[Cells, dict[Place, Evidence]]:
    """The ledger's side of the cells, and its attempts by place."""
    cells: Cells = defaultdict(Cell)
    places: dict[Place, Evidence] = defaultdict(Evidence)
    for line in lines:
        tag = tag_of(line, projects) if with_tags else None
        place = places[Place(line.day, line.account, line.region, tag, line.model)]
        place.attempts += line.attempts
        place.uncertain += line.uncertain
        for kind, time, tokens in _disjoint(line):
            key = Key(
                day=line.day,
                account=line.account,
                region=line.region,
                tag=tag,
                endpoint=line.endpoint,
                model=line.model,
                kind=kind,
                time=time,
                tier=line.tier,
                serving=line.serving,
                context=line.context,
            )
            cell = cells[key]
            cell.ledger += tokens
            if line.near == "begin":
                cell.near_begin += tokens
            elif line.near == "end":
                cell.near_end += tokens
    for key, cell in cells.items():
        price = prices.price(key)
        cell.lacks_price = price is None
        cell.ledger_cost = cell.ledger * (price or 0)
    return cells, places


def _disjoint(line: LedgerLine) -> Iterable[tuple[str, str | None, int]]:
    written = sum(tokens for _, tokens in line.written)
    rest = line.input - line.cached - written
    kinds: list[tuple[str, str | None, int]] = [
        ("input", "", max(rest, 0)),
        ("cached", "", line.cached),
        ("output", "", line.output),
        *((CACHE_WRITE, time, tokens) for time, tokens in line.written),
    ]
    return (each for each in kinds if each[2])


def add_bill(cells: Cells, keyed: dict[Key, list[BillLine]], prices: Prices) -> None:
    """Add the bill's side to the cells of the ledger."""
    for key, lines in keyed.items():
        cell = cells.setdefault(key, Cell())
        tokens = sum(int(line.quantity) for line in lines)
        cell.bill += tokens
        cell.bill_cost += sum((line.cost for line in lines), Fraction(0)) * PICO
        cell.lines += sum(line.lines for line in lines)
        price = prices.price(key)
        if price is not None:
            cell.priced_bill += tokens
            cell.priced_bill_cost += tokens * price
        elif None not in key[1:]:
            cell.lacks_price = True
        # Of a key that does not say enough, the ledger's price holds once both are joined.


@dataclass(frozen=True, order=True)
class Coarsening:
    """A field of the key that is not known on one side, so that keys of a model are summed."""

    model: str
    field: str


def coarsened(cells: Cells) -> tuple[Cells, list[Coarsening]]:
    """Sum both sides to the finest key that both have."""
    unknown: set[Coarsening] = set()
    for key in cells:
        for name in _MAY_BE_UNKNOWN:
            if getattr(key, name) is None:
                unknown.add(Coarsening(key.model, name))
    if not unknown:
        return cells, []
    by_model: dict[str, list[str]] = defaultdict(list)
    for each in sorted(unknown):
        by_model[each.model].append(each.field)
    result: Cells = {}
    for key, cell in cells.items():
        _join(result, coarse(key, by_model[key.model]), cell)
    return result, sorted(unknown)


def coarse(key: Key, fields: list[str]) -> Key:
    """The key without these fields. The time to live is one of cache writes alone."""
    blank = {name: None for name in fields if name != "time" or key.kind == CACHE_WRITE}
    return key._replace(**blank)  # type: ignore[arg-type]


def _join(cells: Cells, key: Key, more: Cell) -> None:
    cell = cells.setdefault(key, Cell())
    for name in _SUMMED:
        setattr(cell, name, getattr(cell, name) + getattr(more, name))
    cell.lacks_price = cell.lacks_price or more.lacks_price


def evidence(
    places: dict[Place, Evidence], counts: Counts | None, fields: dict[str, set[str]]
) -> dict[Place, Evidence]:
    """The attempts of places that are summed as their keys are, with CloudWatch's counts."""
    result: dict[Place, Evidence] = defaultdict(Evidence)
    for place, found in places.items():
        at = result[coarse_place(place, fields)]
        at.attempts += found.attempts
        at.uncertain += found.uncertain
    for place, calls in (counts or {}).items():
        at = result[coarse_place(place, fields)]
        at.seen = (at.seen or 0) + calls
    return result


def coarse_place(place: Place, fields: dict[str, set[str]]) -> Place:
    """The place without what keys of its model are summed over."""
    dropped = fields.get(place.model, set()) & set(Place._fields)
    return place._replace(**dict.fromkeys(dropped))  # type: ignore[arg-type]
