"""Lines of the bill that no usage makes: credits, refunds, taxes, fees."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from ..wire.errors import invalid
from .charges import Charge
from .rates import INPUT, RATES

if TYPE_CHECKING:
    from ..settings import Settings

RECORD_TYPES = (
    *("Credit", "Refund", "Tax", "Fee", "RIFee", "DiscountedUsage", "SavingsPlanCoveredUsage"),
    *("SavingsPlanNegation", "EdpDiscount", "PrivateRateDiscount"),
)
_MEMBERS = {"record_type", "usd", "day", "model", "account", "tags"}


@dataclass(frozen=True)
class Entry:
    """A line as it was asked for."""

    record_type: str
    usd: Decimal
    day: dt.date
    model: str
    """The one whose service it is charged under."""
    account: str | None
    tags: Mapping[str, str]

    @property
    def begin(self) -> int:
        """The day's first second since the epoch."""
        return int(dt.datetime.combine(self.day, dt.time(), dt.timezone.utc).timestamp())

    def charge(self, settings: Settings) -> Charge:
        """The line, on the bill of an account."""
        return Charge(
            hour=self.begin,
            account=self.account or settings.account,
            payer=settings.account,
            region=settings.region,
            tags=self.tags,
            rate=RATES[self.model],
            kind=INPUT,
            usage_type="",
            quantity=Decimal(0),
            cost=self.usd,
            usd_per_unit=Decimal(0),
            record_type=self.record_type,
        )


def parse_entry(body: Mapping[str, Any], settings: Settings) -> Entry:
    """A line of the bill out of JSON. Raises `ApiError`."""
    if unknown := sorted(set(body) - _MEMBERS):
        raise invalid(f"{unknown[0]!r} is none of {', '.join(sorted(_MEMBERS))}.", param=unknown[0])
    accounts = (None, settings.account, *settings.linked_accounts)
    try:
        entry = Entry(
            body["record_type"],
            Decimal(body["usd"]),
            dt.date.fromisoformat(body["day"]),
            body["model"],
            body.get("account"),
            body.get("tags", {}),
        )
    except (KeyError, TypeError, ValueError, InvalidOperation) as error:
        raise invalid(
            'A line is {"record_type": "Credit", "usd": "-1.50", "day": "2026-11-30", '
            f'"model": ...}}: {type(error).__name__}: {error}'
        ) from None
    if entry.record_type not in RECORD_TYPES or not entry.usd.is_finite():
        raise invalid(f"'record_type' is one of {', '.join(RECORD_TYPES)}; 'usd' is a number.")
    if entry.model not in RATES or entry.account not in accounts:
        raise invalid("'model' is one with a rate; 'account' is one of the emulator's.")
    return entry
