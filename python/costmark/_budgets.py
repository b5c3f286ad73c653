"""What of budgets is spent, reserved and left."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from . import _core

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True)
class Budget:
    """A budget of option ``budgets``, in its period of now.

    ``subject`` is ``all``, ``project``, ``tag`` or ``label``; ``key`` names the tag or label, and
    ``value`` is its value, or the project's id. ``unit`` is ``pico_usd`` (a millionth of a
    millionth of a US dollar), ``tokens`` or ``calls``; the numbers are in it. ``spent`` is by calls
    that have ended, ``reserved`` by calls in flight, of all processes that share the ledger; the
    next period begins at ``reset``.
    """

    name: str
    subject: str
    key: str
    value: str
    unit: str
    period: str
    action: str
    limit: int
    spent: int
    reserved: int
    left: int
    reset: datetime


def budgets() -> list[Budget]:
    """Return the budgets of the clients of this process; of several that say the same, one.

    May read the small files of the processes that share them, at most once a second.
    """
    return [budget_of(fields) for fields in _core.budgets()]


def budget_of(fields: dict[str, Any]) -> Budget:
    """Return what the core shows of a budget."""
    reset = _EPOCH + timedelta(microseconds=fields["reset_us"])
    return Budget(**{k: v for k, v in fields.items() if k != "reset_us"}, reset=reset)
