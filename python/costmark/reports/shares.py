"""Whole amounts divided into whole parts that add up."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction


def divided(total: int, weights: Sequence[int]) -> list[int]:
    """Parts of ``total`` in proportion to the weights, by largest remainder.

    Each part is the exact one rounded down or up, and the parts add up to ``total``. Of equal
    remainders the first ones are rounded up. Raises ValueError where no weight is above 0.
    """
    whole = sum(weights)
    if any(weight < 0 for weight in weights) or not (whole or total == 0):
        raise ValueError("an amount is divided by weights of 0 or more, and one above 0")
    if not whole:
        return [0] * len(weights)
    parts = [total * weight // whole for weight in weights]
    order = sorted(range(len(weights)), key=lambda place: -(total * weights[place] % whole))
    for place in order[: total - sum(parts)]:
        parts[place] += 1
    return parts


def ratio(total: int | Fraction, part: int, whole: int) -> int:
    """``total * part / whole`` to the nearest whole number; a half is rounded up."""
    return (2 * total * part + whole) // (2 * whole)


def rounded(amounts: Sequence[int | Fraction], unit: int, total: int | None = None) -> list[int]:
    """The amounts in whole units, up or down, so that they add up to their rounded sum.

    ``total`` is another sum that they add up to: their exact one in units, rounded up or down.
    """
    parts = [amount // unit for amount in amounts]
    order = sorted(range(len(amounts)), key=lambda place: -(amounts[place] % unit))
    wanted = ratio(sum(amounts), 1, unit) if total is None else total
    for place in order[: wanted - sum(parts)]:
        parts[place] += 1
    return parts
