"""What usage costs: a book of prices, and what it makes of a call's tokens.

Money is integer **pico-USD**: 1 pico-USD per token is 1 micro-USD per million tokens.

::

    book = costmark.prices.PriceBook.shipped()
    cost = book.price(
        model="openai.gpt-oss-120b",
        region="us-east-1",
        serving="in-region",
        tier="default",
        end=datetime(2026, 10, 1, tzinfo=timezone.utc),
        input_tokens=1000,
        output_tokens=200,
    )
    cost.state, cost.pico_usd  # "priced", 270000000
"""

from __future__ import annotations

import datetime as dt
import os
import time
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Literal

from . import _core

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["PriceBook", "Price", "Cost", "Rates", "CostState", "served_model"]

CostState = Literal["unknown", "priced", "partial", "unpriced", "free", "elsewhere"]

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True)
class Price:
    """One line of a book.

    ``first_day`` and ``end_day`` (the first day after) are None where the line has none.
    ``pico_usd`` is for one unit, and None where there is a price that is not known.
    """

    model: str
    region: str
    serving: str
    tier: str
    kind: str
    pico_usd: int | None
    as_of: str
    source: str
    time_to_live: str = "-"
    over: int = 0
    unit: str = "token"
    first_day: dt.date | None = None
    end_day: dt.date | None = None
    line: int = 0

    @property
    def text(self) -> str:
        """The line as a book has it."""
        columns = (
            self.model,
            self.region,
            self.serving,
            self.tier,
            self.kind,
            self.time_to_live,
            str(self.over or "-"),
            self.unit,
            "-" if self.first_day is None else self.first_day.isoformat(),
            "-" if self.end_day is None else self.end_day.isoformat(),
            "USD",
            "unknown" if self.pico_usd is None else str(self.pico_usd),
            self.as_of,
            self.source,
        )
        return " ".join(columns)


@dataclass(frozen=True)
class Cost:
    """What a call costs.

    ``state`` is ``priced``; ``free`` when the book says that it costs nothing; ``partial`` when
    ``pico_usd`` leaves counts out whose details were not told; ``unpriced`` when the book
    has no price, ``elsewhere`` for reserved capacity and batch jobs, ``unknown`` without usage:
    ``pico_usd`` then is None, which is not 0. ``why`` is the flag that says why it, or a part of
    it, has no price; ``flags`` has all of them. ``parts`` are the lines that were used, each with
    its count.
    """

    state: CostState
    pico_usd: int | None
    flags: tuple[str, ...]
    parts: tuple[tuple[Price, int], ...]
    why: str | None = None


def served_model(model: str) -> tuple[str, str]:
    """Return what books call a model, and how it is served (``us.`` and the like: ``geo``)."""
    return _core.served_model(model)


@dataclass(frozen=True)
class Rates:
    """The lines that apply to a key, by kind (``input``, ``cache_write_5m``, ``web_search`` ...).

    ``cache_times`` is how many times to live of cache writes have a price; ``over`` the threshold
    that the input exceeds, 0 for none.
    """

    state: CostState
    flags: tuple[str, ...]
    lines: Mapping[str, Price]
    cache_times: int
    over: int


class PriceBook:
    """A book of prices; immutable, and equal to a book of the same prices."""

    def __init__(self, core: _core.PriceBook) -> None:
        self._core = core

    @classmethod
    def shipped(cls) -> PriceBook:
        """Return the snapshot that ships with costmark."""
        return cls(_core.PriceBook.shipped())

    @classmethod
    def parse(cls, text: str | bytes, file: str = "prices") -> PriceBook:
        """Read a book; `file` is the name for errors.

        Raises `ConfigurationError` with file, line and column of what is wrong.
        """
        return cls(_core.PriceBook.parse(text, file))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> PriceBook:
        """Read a file. Raises `ConfigurationError` when it cannot be used."""
        return cls(_core.PriceBook.load(os.fspath(path)))

    def serving_of(self, model: str, region: str) -> str:
        """How a model is served in a Region, of which no request says it, as on bedrock-mantle.

        It is the only way that has a price there; ``in-region`` where several have one, or none.
        """
        return self._core.serving_of(model, region)

    @property
    def hash(self) -> str:
        """SHA-256 of the prices, without comments and layout."""
        return self._core.hash

    @property
    def date(self) -> dt.date:
        """The day on which the book was last compared with its sources."""
        return dt.date.fromisoformat(self._core.date)

    @property
    def file(self) -> str:
        """Where it came from."""
        return self._core.file

    @property
    def thresholds(self) -> tuple[int, ...]:
        """The numbers of input tokens above which other prices apply to some model."""
        return tuple(self._core.thresholds)

    @property
    def lines(self) -> tuple[Price, ...]:
        """Every price, sorted."""
        return tuple(map(_price, self._core.lines()))

    @property
    def canonical(self) -> str:
        """The same prices in the shortest spelling."""
        return self._core.canonical()

    def is_old(self, now: float | None = None) -> bool:
        """Tell whether `date` is more than 30 days before `now`, seconds since 1970."""
        return self._core.is_old(int(time.time() if now is None else now))

    def price(
        self,
        *,
        model: str,
        region: str,
        serving: str,
        tier: str = "",
        end: datetime | int,
        input_tokens: int | None = None,
        cached_input_tokens: int | None = None,
        cache_write_tokens: int | None = None,
        output_tokens: int | None = None,
        total_tokens: int | None = None,
        meters: Mapping[str, int] | None = None,
        input_of_each: int | None = None,
    ) -> Cost:
        """Return what a call costs.

        `input_tokens` includes the cached and the cache-written ones, `output_tokens` the reasoning
        ones; None is a count that was not told. `tier` is that of the answer, and `end` when the
        call ended, as a datetime with a time zone or microseconds since 1970. `input_of_each` is
        for sums of several calls: how many of `input_tokens` each had, or any number between the
        same two of `thresholds`.
        """
        end_us = end if isinstance(end, int) else _microseconds(end)
        found = self._core.price(
            model,
            region,
            serving,
            tier,
            end_us,
            input_tokens,
            cached_input_tokens,
            cache_write_tokens,
            output_tokens,
            total_tokens,
            dict(meters or {}),
            input_of_each,
        )
        parts = tuple((_price(line), count) for line, count in found["parts"])
        flags, why = tuple(found["flags"]), found["why"] or None
        return Cost(_state(found["state"]), found["pico_usd"], flags, parts, why)

    def rates(
        self,
        *,
        model: str,
        region: str,
        serving: str,
        tier: str = "",
        day: dt.date | str,
        input_tokens: int | None,
        account: str = "",
    ) -> Rates:
        """Return the prices that apply to a key, for many calls to be multiplied by.

        `input_tokens` is that of a call, or any number between the same two of `thresholds`.
        """
        found = self._core.rates(account, region, model, serving, tier, str(day), input_tokens)
        return Rates(
            state=_state(found["state"]),
            flags=tuple(found["flags"]),
            lines={kind: _price(line) for kind, line in found["lines"].items()},
            cache_times=found["cache_times"],
            over=found["over"],
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PriceBook) and self.hash == other.hash

    def __hash__(self) -> int:
        return hash(self.hash)

    def __repr__(self) -> str:
        return f"<costmark.prices.PriceBook {self.file} of {self.date}, {self.hash[:12]}>"


def _microseconds(moment: datetime) -> int:
    if moment.tzinfo is None:
        raise ValueError("`end` needs a time zone, such as timezone.utc")
    elapsed = moment - _EPOCH
    return (elapsed.days * 86_400 + elapsed.seconds) * 1_000_000 + elapsed.microseconds


def _state(name: str) -> CostState:
    state: CostState = name  # type: ignore[assignment]  # the core has no others
    return state


def _price(line: _core._PriceLine) -> Price:
    return Price(
        **{**line, "first_day": _day(line["first_day"]), "end_day": _day(line["end_day"])}  # type: ignore[arg-type]
    )


def _day(text: str) -> dt.date | None:
    return None if text == "-" else dt.date.fromisoformat(text)
