"""A reconciled bill as a chargeback divides it."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from ..reports.chargeback.billing import Bill, Billing
from ..reports.shares import rounded
from .groups import as_charged
from .lines import LedgerLine

if TYPE_CHECKING:
    from .formats import Basis
    from .lines import ProjectTag
    from .reconcile import Reconciliation


def charged(result: Reconciliation, basis: Basis, projects: Sequence[ProjectTag]) -> Bill:
    """The bill by tag value and model, in whole pico-USD.

    What a project used and AWS billed without its tag is that project's.
    """
    parts: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
    for part in as_charged(result.parts):
        parts[part.tag, part.model] += part.bill
    by_project = result.grain == "project"

    def tag_of(
        account: str | None, region: str | None, project: str | None, tag: str | None, day: str
    ) -> str:
        if not by_project:
            return ""
        called = dt.date.fromisoformat(day)
        where = LedgerLine(called, account, region, project, None, "", "", "", "", 0, 0)
        return next((each.value for each in projects if each.holds(where)), tag or "")

    keys = sorted(parts)
    bars = sorted(result.bars)
    picos = [*(parts[key] for key in keys), *(result.bars[bar] for bar in bars)]
    whole = rounded(picos, 1)
    tokens = whole[: len(keys)]
    return Bill(
        Billing(
            source="; ".join([basis.source, *basis.snapshot]),
            tag=basis.tag if by_project else "",
            is_estimated=basis.is_estimated,
            tokens_pico=sum(tokens),
            beside=dict(zip(bars, whole[len(keys) :], strict=True)),
        ),
        dict(zip(keys, tokens, strict=True)),
        tag_of,
    )
