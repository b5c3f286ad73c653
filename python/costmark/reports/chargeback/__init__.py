"""Chargeback: what each team pays for a month, and months that are closed."""

from __future__ import annotations

from .billing import Bill, Billing
from .charges import POOLS, Charge, Chargeback, Correction, Usage
from .closing import ClosedMonths, chargeback
from .rules import (
    AMOUNTS,
    SPLITS,
    Discount,
    Project,
    Rules,
    read_discounts,
    read_projects,
    read_weights,
)

__all__ = [
    "chargeback",
    "Chargeback",
    "Charge",
    "Usage",
    "Correction",
    "ClosedMonths",
    "POOLS",
    "AMOUNTS",
    "Bill",
    "Billing",
    "Rules",
    "Discount",
    "Project",
    "SPLITS",
    "read_discounts",
    "read_projects",
    "read_weights",
]
