"""What rows say was spent of budgets."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING

from .read import read

if TYPE_CHECKING:
    import os

    from .._budgets import Budget
    from .rows import Row

_FIRST_STATUS_OF_ERRORS = 300


def spent_of_rows(budgets: list[Budget], *paths: str | os.PathLike[str]) -> list[int]:
    """What the rows of these ledgers spent of each budget, in its period of now.

    As calls count when they end: by ``end_us``, an operation as one call, errors as none. What a
    row does not tell is 0 here, where the call itself counted what it was expected to use.
    """
    accounts = [_Account(budget) for budget in budgets]
    for row in read(*paths):
        if row["kind"] in ("attempt", "settle"):
            for account in accounts:
                account.add(row)
    return [account.spent for account in accounts]


class _Account:
    def __init__(self, budget: Budget) -> None:
        self.spent = 0
        self._budget = budget
        self._begin_us = _begin_us(budget)
        self._end_us = int(budget.reset.timestamp()) * 1_000_000
        self._calls: set[object] = set()
        self._of_response: dict[tuple[str | None, str | None, str], int] = {}

    def add(self, row: Row) -> None:
        if not self._begin_us <= row["end_us"] < self._end_us or not self._is_about(row):
            return
        if row["kind"] == "attempt" and not _counts(row):
            return
        if self._budget.unit == "calls":
            self._add_call(row)
        elif row.get("response_id"):
            self._add_response(row)
        else:
            self.spent += self._amount(row)

    def _is_about(self, row: Row) -> bool:
        budget = self._budget
        if budget.subject == "all":
            return True
        if budget.subject == "project":
            return bool(row.get("project", "default") == budget.value)
        return bool(row.get(f"{budget.subject}s", {}).get(budget.key) == budget.value)

    def _amount(self, row: Row) -> int:
        if self._budget.unit == "pico_usd":
            return int(row.get("cost_pico", 0))
        return int(row.get("total", row.get("input", 0) + row.get("output", 0)))

    def _add_call(self, row: Row) -> None:
        call = row.get("op") or row.get("response_id")
        if call not in self._calls:
            self._calls.add(call)
            self.spent += 1

    def _add_response(self, row: Row) -> None:
        """A response that was cut short and is read later counts once, with what was told last."""
        key = (row.get("account"), row.get("region"), row["response_id"])
        before = self._of_response.get(key, 0)
        self._of_response[key] = max(before, self._amount(row))
        self.spent += self._of_response[key] - before


def _counts(row: Row) -> bool:
    if row["outcome"] == "open":
        return False
    if any(name in row for name in ("input", "output", "total")):
        return True
    return bool(row["outcome"] != "error" and 0 < row.get("status", 0) < _FIRST_STATUS_OF_ERRORS)


def _begin_us(budget: Budget) -> int:
    """When its present period began: the day, or the first of the month, before the next one."""
    reset = budget.reset
    if budget.period == "day":
        return int(reset.timestamp() - 86_400) * 1_000_000
    year, month = (reset.year, reset.month - 1) if reset.month > 1 else (reset.year - 1, 12)
    return int(datetime(year, month, 1, tzinfo=timezone.utc).timestamp()) * 1_000_000
