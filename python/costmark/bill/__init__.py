"""Bills of AWS, and ledgers laid beside them.

`reconcile` and all it uses are pure: what they compare is handed to them as plain data.
"""

from __future__ import annotations

from .book import BookPrices
from .causes import Bounds, Cause, Detail, Drift
from .lines import BillLine, Key, LedgerLine, Place, ProjectTag, Window
from .reconcile import Part, Reconciliation, reconcile

__all__ = [
    "BillLine",
    "BookPrices",
    "Bounds",
    "Cause",
    "Detail",
    "Drift",
    "Key",
    "LedgerLine",
    "Part",
    "Place",
    "ProjectTag",
    "Reconciliation",
    "Window",
    "reconcile",
]
