"""The price book, as reconciling asks for it."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from .lines import CACHE_WRITE, LONG, Key

if TYPE_CHECKING:
    from ..prices import PriceBook, Rates


class _Variant(NamedTuple):
    """What prices of one model differ by, in one Region and on one day."""

    kind: str
    time: str
    tier: str
    serving: str
    context: str


class BookPrices:
    """What a token costs by a `PriceBook`."""

    def __init__(self, book: PriceBook) -> None:
        self._book = book
        self._over: dict[str, int] = defaultdict(int)
        self._variants: dict[str, set[_Variant]] = defaultdict(set)
        for line in book.lines:
            if line.unit != "token":
                continue
            self._over[line.model] = max(self._over[line.model], line.over)
            time = "" if line.time_to_live == "-" else line.time_to_live
            context = LONG if line.over else ""
            variant = _Variant(line.kind, time, line.tier, line.serving, context)
            self._variants[line.model].add(variant)
        self._rates = lru_cache(maxsize=None)(self._find)

    @property
    def models(self) -> set[str]:
        """The models that have prices."""
        return set(self._variants)

    def context(self, model: str, input_tokens: int) -> str:
        """The context of requests with so much input."""
        over = self._over.get(model, 0)
        return LONG if over and input_tokens > over else ""

    def serving(self, model: str, named: str) -> str:
        """How a model is served that a request calls by a name without or with a serving in it.

        Some models are served in one way alone, which their names do not say: then the book has
        prices for no other.
        """
        servings = {variant.serving for variant in self._variants.get(model, ())}
        return servings.pop() if len(servings) == 1 else named

    def price(self, key: Key) -> int | None:
        """See `Prices`."""
        if None in (key.region, key.tier, key.serving, key.context):
            return None
        rates = self._rates(
            key.model, key.region, key.serving, key.tier, key.day, key.context == LONG
        )
        if key.kind != CACHE_WRITE:
            line = rates.lines.get(key.kind)
        elif key.time:
            line = rates.lines.get(f"{CACHE_WRITE}_{key.time}", rates.lines.get(CACHE_WRITE))
        else:
            written = [line for kind, line in rates.lines.items() if kind.startswith(CACHE_WRITE)]
            line = written[0] if len(written) == 1 else None
        return line.pico_usd if line is not None and line.unit == "token" else None

    def others(self, key: Key) -> Mapping[str, int]:
        """See `Prices`."""
        if None in (key.region, key.time, key.tier, key.serving, key.context):
            return {}
        found = {}
        for other in sorted(self._variants.get(key.model, ())):
            differing = _differences(other, key)
            price = self.price(key._replace(**other._asdict())) if len(differing) == 1 else None
            if price is not None:
                found[differing[0]] = price
        return found

    def _find(
        self, model: str, region: str, serving: str, tier: str, day: dt.date, is_long: bool
    ) -> Rates:
        return self._book.rates(
            model=model,
            region=region,
            serving=serving,
            tier=tier,
            day=day,
            input_tokens=self._over.get(model, 0) + 1 if is_long else 0,
        )


def _differences(other: _Variant, key: Key) -> list[str]:
    """What another price is for, in words, one for each dimension."""
    found = []
    if other.kind != key.kind:
        found.append(f"{other.kind} {other.time}".rstrip())
    elif other.time != key.time:
        found.append(f"cache time {other.time or 'any'}")
    if other.tier != key.tier:
        found.append(f"tier {other.tier}")
    if other.serving != key.serving:
        found.append(f"serving {other.serving}")
    if other.context != key.context:
        found.append(f"context {other.context or 'standard'}")
    return found
