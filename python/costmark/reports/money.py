"""Amounts below one another, which add up as they are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .shares import rounded

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
    ) -> None:
        self._picos = picos
        self._digits = digits
        self._are_known = are_known
        self._zero = zero
        self.units = rounded(picos, 10 ** (12 - digits))

    @classmethod
    def of(cls, sums: Sequence[Sums]) -> Column:
        """The costs of sums."""
        picos = [each.cost_pico for each in sums]
        digits = digits_for(sum(picos))
        known = [each.is_known for each in sums]
        return cls(picos, digits, known, zero=f"$0.{0:0{digits}}")

    @property
    def cells(self) -> list[str]:
        """The amounts, with a mark where some of it has no price."""
        return [self._text(slice(at, at + 1)) for at in range(len(self._picos))]

    def total(self, begin: int = 0, end: int | None = None) -> str:
        """The sum of these cells."""
        return self._text(slice(begin, end))

    def _text(self, of: slice) -> str:
        pico, units = sum(self._picos[of]), sum(self.units[of])
        text = dollars_of(pico, units, self._digits, self._zero)
        if all(self._are_known[of]):
            return text
        return f"{text} + ?" if pico else "no price"


def dollars_of(pico: int, units: int, digits: int, zero: str = "0") -> str:
    """An amount that was rounded to units of so many digits."""
    if not units:
        return f"{'-' if pico < 0 else ''}<$0.{1:0{digits}}" if pico else zero
    whole, rest = divmod(abs(units), 10**digits)
    return f"{'-' if units < 0 else ''}${whole:,}.{rest:0{digits}}"
