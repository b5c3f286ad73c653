"""Amounts below one another, which add up as they are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .shares import ratio, rounded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .summary import Sums

_CENTS_FROM_PICO = 10 * 10**12


def digits_for(most: int) -> int:
    """Digits behind the point of a column whose largest amount this is: cents from $10 on."""
    return 2 if abs(most) >= _CENTS_FROM_PICO else 4


class Column:
    """Amounts below one another, rounded by largest remainder: the cells add up to the total."""

    def __init__(
        self,
        picos: Sequence[int],
        digits: int,
        are_known: Sequence[bool] = (),
        *,
        zero: str = "0",
        units: Sequence[int] | None = None,
    ) -> None:
        """``units``: the amounts as they are rounded already."""
        self.picos = picos
        self.digits = digits
        self._are_known = are_known
        self._zero = zero
        self.units = rounded(picos, 10 ** (12 - digits)) if units is None else units

    @classmethod
    def of(cls, sums: Sequence[Sums]) -> Column:
        """The costs of sums."""
        picos = [each.cost_pico for each in sums]
        digits = digits_for(sum(picos))
        known = [each.is_known for each in sums]
        return cls(picos, digits, known, zero=f"$0.{0:0{digits}}")

    @property
    def is_zero(self) -> bool:
        """Whether there is nothing in it at all."""
        return not any(self.picos) and all(self._are_known)

    @property
    def cells(self) -> list[str]:
        """The amounts, with a mark where some of it has no price."""
        return [self._text(slice(at, at + 1)) for at in range(len(self.picos))]

    def total(self, begin: int = 0, end: int | None = None) -> str:
        """The sum of these cells."""
        return self._text(slice(begin, end))

    def _text(self, of: slice) -> str:
        pico, units = sum(self.picos[of]), sum(self.units[of])
        text = dollars_of(pico, units, self.digits, self._zero)
        if all(self._are_known[of]):
            return text
        return f"{text} + ?" if pico else "no price"


def paired(
    before: Sequence[int],
    after: Sequence[int],
    digits: int,
    are_known: tuple[Sequence[bool], Sequence[bool]] = ((), ()),
) -> tuple[Column, Column]:
    """Two columns beside each other, in which equal amounts are rounded alike.

    So the difference of what is shown is 0 where there is none, and adds up, too.
    """
    unit = 10 ** (12 - digits)
    first = rounded(before, unit)
    second = list(first)
    others = [at for at in range(len(before)) if before[at] != after[at]]
    picos = [after[at] for at in others]
    least = sum(pico // unit for pico in picos)
    wanted = ratio(sum(after), 1, unit) - (sum(first) - sum(first[at] for at in others))
    total = min(max(wanted, least), least + sum(pico % unit > 0 for pico in picos))
    for at, units in zip(others, rounded(picos, unit, total), strict=True):
        second[at] = units
    zero = f"$0.{0:0{digits}}"
    return (
        Column(before, digits, are_known[0], zero=zero, units=first),
        Column(after, digits, are_known[1], zero=zero, units=second),
    )


def split(parts: Sequence[int], digits: int, total: int) -> list[int]:
    """Parts of a rounded sum, in units that add up to it; what is 0 stays so if it can."""
    unit = 10 ** (12 - digits)
    units = [part // unit for part in parts]
    order = sorted(range(len(parts)), key=lambda at: (not parts[at], -(parts[at] % unit)))
    left = total - sum(units)
    for place in range(abs(left)):
        at = order[place % len(order)] if left > 0 else order[-1 - place % len(order)]
        units[at] += 1 if left > 0 else -1
    return units


def signed_dollars(pico: int, units: int, digits: int) -> str:
    """A change of an amount, with its sign; ``0`` where there is none."""
    text = dollars_of(pico, units, digits)
    return text if text.startswith("-") or not (pico or units) else f"+{text}"


def dollars_of(pico: int, units: int, digits: int, zero: str = "0") -> str:
    """An amount that was rounded to units of so many digits."""
    if not units:
        return f"{'-' if pico < 0 else ''}<$0.{1:0{digits}}" if pico else zero
    whole, rest = divmod(abs(units), 10**digits)
    return f"{'-' if units < 0 else ''}${whole:,}.{rest:0{digits}}"
