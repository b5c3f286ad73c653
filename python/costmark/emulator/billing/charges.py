"""From usage records to lines of a bill."""

from __future__ import annotations

import calendar
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING, NamedTuple

from .rates import CACHE_READ, CACHE_WRITE, INPUT, OUTPUT, RATES, Rate, rate_of

if TYPE_CHECKING:
    from ..state.records import UsageRecord

HOUR_S = 3600
DAY_S = 24 * HOUR_S

_SMALLEST = Decimal("1e-10")  # what amounts on bills are rounded to


class _Line(NamedTuple):
    """What usage of an hour must agree in to be one line."""

    hour: int
    account: str
    project: str
    tags: tuple[tuple[str, str], ...]
    model: str
    kind: str
    is_long: bool
    is_global: bool


@dataclass(frozen=True)
class Charge:
    """One line of a bill."""

    hour: int
    """When its hour began, in seconds since the epoch."""
    account: str
    payer: str
    region: str
    tags: Mapping[str, str]
    """Those that cost allocation shows."""
    rate: Rate
    kind: str
    usage_type: str
    quantity: Decimal
    cost: Decimal
    usd_per_unit: Decimal
    record_type: str = "Usage"

    @property
    def day(self) -> str:
        """The UTC day, as in 2026-11-30."""
        return time.strftime("%Y-%m-%d", time.gmtime(self.hour))


def seconds_of(record: UsageRecord) -> int:
    """When a request ended, in whole seconds since the epoch."""
    return calendar.timegm(time.strptime(record.time[:19], "%Y-%m-%dT%H:%M:%S"))


def charges(
    billed: Iterable[tuple[UsageRecord, Mapping[str, str]]], payer: str, region: str
) -> list[Charge]:
    """Charge for records, each with the tags that its lines show."""
    tokens: dict[_Line, int] = defaultdict(int)
    for record, tags in billed:
        hour = seconds_of(record) // HOUR_S * HOUR_S
        rate, is_global = rate_of(record.model)
        is_long = rate.is_long(record.input_tokens)
        for kind, count in _kinds(record, rate):
            shown = tuple(sorted(tags.items()))
            line = _Line(
                *(hour, record.account, record.project, shown),
                *(rate.model, kind, is_long, is_global),
            )
            tokens[line] += count
    return [_charge(line, count, payer, region) for line, count in sorted(tokens.items())]


def _kinds(record: UsageRecord, rate: Rate) -> Iterator[tuple[str, int]]:
    """The tokens of a request, each of one kind. What has no rate of its own is plain input."""
    cached = record.cached_input_tokens if CACHE_READ in rate.usd else 0
    written = record.cache_write_tokens if CACHE_WRITE in rate.usd else 0
    counts = {
        INPUT: record.input_tokens - cached - written,
        CACHE_READ: cached,
        CACHE_WRITE: written,
        OUTPUT: record.output_tokens,
    }
    return ((kind, count) for kind, count in counts.items() if count)


def _charge(line: _Line, tokens: int, payer: str, region: str) -> Charge:
    rate = RATES[line.model]
    usd = rate.usd_of(line.kind, is_long=line.is_long)
    return Charge(
        hour=line.hour,
        account=line.account,
        payer=payer,
        region=region,
        tags=dict(line.tags),
        rate=rate,
        kind=line.kind,
        usage_type=rate.usage_type(
            region, line.kind, is_long=line.is_long, is_global=line.is_global
        ),
        quantity=Decimal(tokens) / rate.unit_tokens,
        cost=(tokens * usd).quantize(_SMALLEST, ROUND_HALF_EVEN),
        usd_per_unit=usd * rate.unit_tokens,
    )


def plain(number: Decimal) -> str:
    """A number without an exponent, and without zeros at its end."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
