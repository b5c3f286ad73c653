"""The bill's amounts, divided by what the ledger knows of who used what.

::

    tokens of a project and a model  ->  who used that model in that project, by list prices
    a model that the ledger has not  ->  who used that project
    a project that it has not        ->  whom the tag itself names, else the pool "unassigned"
    what has no project at all       ->  the pool "unattributed"
    tax, credits and the rest        ->  everyone, in proportion to the above
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from ...prices import served_model
from ..dimensions import expression
from ..shares import divided

if TYPE_CHECKING:
    from ..summary import Sums
    from .charges import Usage
    from .rules import Rules

TagOf = Callable[[str | None, str | None, str | None, str | None, str], str]
"""The value of the tag that the bill has for calls of an account, a Region and a project, by the
value that the rows have and the day."""


@dataclasses.dataclass(frozen=True)
class Billing:
    """Which bill a month was charged by. Amounts are pico-USD."""

    source: str
    tag: str
    """The key of the tag that tells projects apart on the bill; empty where nothing does."""
    is_estimated: bool
    tokens_pico: int
    beside: dict[str, int]
    """What else is on the bill: tax, credits."""


@dataclasses.dataclass(frozen=True)
class Bill:
    """What AWS charges for a month."""

    billing: Billing
    parts: Mapping[tuple[str, str], int]
    """By the value of the tag and the model, either of which may be empty."""
    tag_of: TagOf

    @property
    def keys(self) -> list[str]:
        """The SQL of what tells which part of the bill calls are in."""
        tag = expression(f"tag:{self.billing.tag}") if self.billing.tag else "''"
        return ["account", "region", "project", tag, "strftime(make_timestamp(end_us), '%Y-%m-%d')"]


@dataclasses.dataclass
class _Share:
    usage: Usage
    cost: int = 0
    tokens: int = 0


class Allocation:
    """Who used which part of the bill."""

    def __init__(self, bill: Bill) -> None:
        self._bill = bill
        self._shares: dict[tuple[str, str], dict[int, _Share]] = {}

    def add(self, key: tuple[str | None, ...], model: str | None, usage: Usage, sums: Sums) -> None:
        """Note usage; ``key`` has the values of the bill's `keys`."""
        account, region, project, recorded, day = key
        tag = self._bill.tag_of(account, region, project, recorded, day or "")
        base = served_model(model or "")[0]
        for place in ((tag, base), (tag, "")):
            share = self._shares.setdefault(place, {}).setdefault(id(usage), _Share(usage))
            share.cost += sums.cost_pico
            share.tokens += sums.input + sums.output

    def charge(self, teams: dict[str, Usage], pools: dict[str, Usage], rules: Rules) -> None:
        """Give every part of the bill to teams and pools; the sum is the bill to the pico."""
        names = {id(usage): name for each in (pools, teams) for name, usage in each.items()}
        for (tag, model), pico in sorted(self._bill.parts.items()):
            shares = self._of(tag, model)
            if shares:
                shares.sort(key=lambda share: names[id(share.usage)])
                weights = [share.cost for share in shares]
                weights = weights if any(weights) else [share.tokens for share in shares]
                _divide(pico, [share.usage for share in shares], weights)
            elif tag and rules.by == f"tag:{self._bill.billing.tag}" and tag in teams:
                _add(teams[tag], pico)
            else:
                _add(pools["unassigned" if tag else "unattributed"], pico)
        self._charge_beside([*(teams[name] for name in sorted(teams)), *pools.values()], pools)

    def _of(self, tag: str, model: str) -> list[_Share]:
        found = self._shares.get((tag, model)) or (self._shares.get((tag, "")) if tag else None)
        return [share for share in (found or {}).values() if share.cost or share.tokens]

    def _charge_beside(self, usages: list[Usage], pools: dict[str, Usage]) -> None:
        beside = sum(self._bill.billing.beside.values())
        weights = [max(usage.billed_pico or 0, 0) for usage in usages]
        if any(weights):
            _divide(beside, usages, weights)
        else:
            _add(pools["unattributed"], beside)
        for usage in usages:
            _add(usage, 0)


def _divide(pico: int, usages: list[Usage], weights: list[int]) -> None:
    for usage, part in zip(usages, divided(pico, weights), strict=True):
        _add(usage, part)


def _add(usage: Usage, pico: int) -> None:
    usage.billed_pico = (usage.billed_pico or 0) + pico
