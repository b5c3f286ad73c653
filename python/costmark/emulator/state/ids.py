"""Identifiers, random or repeatable."""

from __future__ import annotations

import random
import string

_ALPHABET = string.ascii_lowercase + string.digits


class Ids:
    """Makes identifiers; the same ones again when given a seed."""

    def __init__(self, seed: int | None = None) -> None:
        self._random = random.SystemRandom() if seed is None else random.Random(seed)  # noqa: S311

    def new(self, prefix: str, length: int = 24, *, alphabet: str = _ALPHABET) -> str:
        """A fresh identifier."""
        return prefix + "".join(self._random.choices(alphabet, k=length))
