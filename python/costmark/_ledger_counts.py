"""What became of the rows of this process's ledgers."""

from __future__ import annotations

from dataclasses import dataclass

from . import _core


@dataclass(frozen=True)
class LedgerCounts:
    """Rows of all ledgers that the clients of this process write, now or before.

    ``rows_waiting`` could not be written and wait in memory, as when a disk is full. ``rows_lost``
    had no room to wait. ``rows_torn`` were begun in a file that then went away, and written anew.
    The notes that writers make of themselves count as rows.
    """

    rows_written: int = 0
    rows_waiting: int = 0
    rows_lost: int = 0
    rows_torn: int = 0


def ledger_counts() -> LedgerCounts:
    """Return what became of the rows so far. A forked child counts from zero."""
    return LedgerCounts(**_core.ledger_counts())
