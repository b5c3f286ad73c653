"""Lines of a book: collected out of a source, compared, merged."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..prices import Price

_PICO = Decimal(10) ** 12
_OTHER_PARTITIONS = ("us-gov-", "cn-", "us-iso", "eu-isoe-", "eusc-")  # '*' is not for them

Key = tuple[str, str, str, str, str, str, int]


@dataclass
class Found:
    """What was read out of a source: its prices, what was not understood, and what is not meant."""

    prices: list[Price] = field(default_factory=list)
    not_understood: list[tuple[str, str]] = field(default_factory=list)  # where, why
    left_out: dict[str, int] = field(default_factory=dict)  # why, how many

    def miss(self, where: str, why: str) -> None:
        """Note what was not understood."""
        self.not_understood.append((where, why))

    def leave_out(self, why: str) -> None:
        """Count what is not a price of this kind at all."""
        self.left_out[why] = self.left_out.get(why, 0) + 1


@dataclass(frozen=True)
class Conflict:
    """Two prices of the same thing for some of the same days."""

    first: Price
    second: Price


def key_of(price: Price) -> Key:
    """Return what prices of one day may not share."""
    return (
        price.model,
        price.region,
        price.serving,
        price.tier,
        price.kind,
        price.time_to_live,
        price.over,
    )


def pico_usd(usd: Decimal, units: int = 1) -> int:
    """Return the price of one of `units`, in pico-USD. Raises ValueError when it is not whole."""
    if not usd.is_finite() or usd < 0:
        raise ValueError(f"{usd} is not a price")
    pico = usd * _PICO / units
    if pico != pico.to_integral_value():
        raise ValueError(f"{usd} for {units} is not a whole number of pico-USD")
    return int(pico)


def usd_text(price: Price) -> str:
    """Return the price as people write it: tokens by the million, all else by one."""
    if price.pico_usd is None:
        return "unknown"
    per = Decimal(price.pico_usd) / _PICO
    if price.unit == "token":
        return f"{_plain(per * 1_000_000)} / 1M tokens"
    return f"{_plain(per)} / {price.unit}"


def _plain(number: Decimal) -> str:
    text = f"{number:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    whole, _, fraction = text.partition(".")
    return f"{whole}.{fraction:0<2}"


def overlaps(first: Price, second: Price) -> bool:
    """Tell whether two prices of one key hold on the same day."""
    return (first.first_day or date.min) < (second.end_day or date.max) and (
        second.first_day or date.min
    ) < (first.end_day or date.max)


def clash(first: Price, second: Price) -> bool:
    """Tell whether a book cannot hold both."""
    same = key_of(first) == key_of(second)
    # A price without a time to live stands for all of them.
    covers = key_of(replace(first, time_to_live="-")) == key_of(
        replace(second, time_to_live="-")
    ) and "-" in (first.time_to_live, second.time_to_live)
    return (same or covers) and overlaps(first, second)


def merge(prices: Iterable[Price]) -> tuple[list[Price], list[Conflict]]:
    """Join prices, the earlier ones first; the same one twice is there once.

    Of a conflict both are left out.
    """
    kept: dict[tuple[object, ...], list[Price]] = {}
    conflicts = []
    for price in prices:
        group = kept.setdefault(_group_of(price), [])
        clashing = [other for other in group if clash(other, price)]
        if not clashing:
            group.append(price)
        elif any(not _agree(other, price) for other in clashing):
            conflicts += [Conflict(other, price) for other in clashing if not _agree(other, price)]
    broken = {id(price) for conflict in conflicts for price in (conflict.first, conflict.second)}
    return [p for group in kept.values() for p in group if id(p) not in broken], conflicts


def _group_of(price: Price) -> tuple[object, ...]:
    return key_of(price)[:5] + key_of(price)[6:]


def _agree(first: Price, second: Price) -> bool:
    return (
        first.pico_usd == second.pico_usd
        and first.unit == second.unit
        and (first.time_to_live == second.time_to_live)
    )


@dataclass(frozen=True)
class Difference:
    """A key whose prices differ between two books; None where a book has none."""

    before: Price | None
    after: Price | None


def differences(before: Iterable[Price], after: Iterable[Price]) -> Iterator[Difference]:
    """Compare two books by key and days."""
    old = {(key_of(price), price.first_day, price.end_day): price for price in before}
    new = {(key_of(price), price.first_day, price.end_day): price for price in after}
    for place in sorted(old.keys() | new.keys(), key=repr):
        first, second = old.get(place), new.get(place)
        if first is None or second is None or first.pico_usd != second.pico_usd:
            yield Difference(first, second)


def book_text(prices: Iterable[Price], day: date) -> str:
    """Return a book of these prices."""
    return f"date {day.isoformat()}\n\n" + "".join(f"{price.text}\n" for price in prices)


def shadows(old: Iterable[Price], new: Iterable[Price]) -> Iterator[Price]:
    """The prices of ``*`` in the place of new ones of a Region, which would hide all of them."""
    everywhere: dict[tuple[str, ...], list[Price]] = {}
    for price in old:
        if price.region == "*":
            everywhere.setdefault(_served(price), []).append(price)
    for price in new:
        if not price.region.startswith(("*", *_OTHER_PARTITIONS)):
            for other in everywhere.get(_served(price), ()):
                yield replace(
                    other,
                    region=price.region,
                    kind=price.kind,
                    time_to_live=price.time_to_live,
                    over=price.over,
                )


def _served(price: Price) -> tuple[str, ...]:
    return price.model, price.serving, price.tier, price.unit
