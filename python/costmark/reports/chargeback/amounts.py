"""A month's amounts as people read them: what stands below one another adds up as it is shown."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from ..money import Column, digits_for
from .charges import POOLS, UNSURE
from .texts import invoice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .charges import Chargeback
    from .texts import InvoiceLine


@dataclasses.dataclass(frozen=True)
class Amounts:
    """The lines of the invoice, and a column for each kind of amount."""

    lines: list[InvoiceLine]
    digits: int
    corrections: int
    """How many of the lines, the last ones, correct earlier months."""
    own: dict[str, Column]
    """What each used itself: list price and discount, or its part of the bill."""
    listed: Column
    pools: dict[str, Column]
    shared: Column
    """All pools together."""
    total: Column
    to_divide: Column
    """The pools as a whole, a cell for each of `POOLS`."""

    @property
    def charged(self) -> int:
        """How many lines are of this month."""
        return len(self.lines) - self.corrections

    def column(self, picos: Sequence[int], are_known: Sequence[bool] = ()) -> Column:
        """Other amounts, with as many digits; all of them are known if nothing is said."""
        return Column(picos, self.digits, are_known)


def amounts(found: Chargeback) -> Amounts:
    """As table and page show them: in cents where anything is $10 or more, or else to $0.0001."""
    lines = invoice(found)
    most = max((abs(line.pico) for line in lines), default=0)
    digits = digits_for(max(most, abs(found.total_pico)))
    pools = [found.pools[name] for name in POOLS]

    def parts_of(pool: str) -> Column:
        picos = [line.parts.get(pool, 0) for line in lines]
        return Column(picos, digits, [pool not in line.unsure for line in lines])

    listed = Column(
        [line.own.list_pico for line in lines],
        digits,
        [not any(getattr(line.own, name) for name in UNSURE) for line in lines],
    )
    return Amounts(
        lines=lines,
        digits=digits,
        corrections=len(found.corrections),
        own=(
            {"bill": Column([line.own.net_pico for line in lines], digits)}
            if found.billing is not None
            else {
                "list price": listed,
                "discount": Column([-line.own.discount_pico for line in lines], digits),
            }
        ),
        listed=listed,
        pools={pool: parts_of(pool) for pool in POOLS},
        shared=Column(
            [sum(line.parts.values()) for line in lines],
            digits,
            [not line.unsure for line in lines],
        ),
        total=Column([line.pico for line in lines], digits, [line.is_known for line in lines]),
        to_divide=Column(
            [each.net_pico for each in pools], digits, [each.is_known for each in pools]
        ),
    )
