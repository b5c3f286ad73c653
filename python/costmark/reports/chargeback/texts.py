"""A month's charges as text: for invoices, for programs, in words."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
from typing import TYPE_CHECKING, Any

from .. import formats
from ..shares import rounded
from ..state_words import state
from .charges import POOLS, UNSURE, Usage

if TYPE_CHECKING:
    from ..state_words import State
    from .charges import Chargeback
    from .rules import Rules

_CENT_PICO = 10**10
_SPLIT_SAID = {
    "direct": "in proportion to what each used itself, in dollars",
    "tokens": "in proportion to the tokens that each used itself",
    "even": "in even parts",
    "fixed": "by fixed weights",
}


def basis(found: Chargeback) -> str:
    """What the amounts are."""
    if found.billing is None:
        return "list price estimate"
    estimated = ", estimated by AWS" if found.billing.is_estimated else ""
    return f"the bill of AWS{estimated}, divided by the ledger"


@dataclasses.dataclass(frozen=True)
class InvoiceLine:
    """A line of an invoice; the cents of all lines add up to the rounded total."""

    kind: str
    """``charge``, ``correction`` of an earlier month, or ``undivided``: no team takes it."""
    month: str
    name: str
    own: Usage
    parts: dict[str, int]
    unsure: list[str]
    """The pools of `parts` of which not all has a price."""
    pico: int
    is_known: bool
    """Whether `pico` is all of it."""
    cents: int


def invoice(found: Chargeback) -> list[InvoiceLine]:
    """The lines: a charge for each team, then corrections."""
    month = found.month
    lines: list[tuple[str, str, str, Usage, dict[str, int], list[str], int, bool]] = [
        ("charge", month, c.name, c.own, c.parts, c.unsure, c.total_pico, c.is_known)
        for c in found.charges
    ]
    if found.undivided:
        rest = sum(found.undivided.values())
        own = _without_price(found)
        unsure = [name for name in found.undivided if not found.pools[name].is_known]
        is_known = own.is_known and not unsure
        lines.append(("undivided", month, "", own, found.undivided, unsure, rest, is_known))
    lines += [
        ("correction", each.month, each.name, Usage(), {}, [], each.pico, each.is_known)
        for each in found.corrections
    ]
    cents = rounded([pico for *_, pico, _ in lines], _CENT_PICO)
    return [InvoiceLine(*line, cents=each) for line, each in zip(lines, cents, strict=True)]


def _without_price(found: Chargeback) -> Usage:
    """How much of what could not be divided has no price."""
    pools = [found.pools[name] for name in found.undivided]
    return Usage(**{name: sum(getattr(pool, name) for pool in pools) for name in UNSURE})


def states(found: Chargeback) -> list[State]:
    """What the amounts leave out, or what is uncertain in them; every name is always there."""
    return [state(name, count, is_of_part=True) for name, count in found.states.items()]


def as_csv(found: Chargeback) -> str:
    """One line a team and correction. What a spreadsheet would take for a formula has a ``'``."""
    out = io.StringIO()
    writer = csv.writer(out)
    amounts = ("list", "discount", "bill", *POOLS, "amount")
    writer.writerow(
        [
            *("kind", "month", "for_month", found.rules.by, "calls", "input", "output"),
            *("unpriced", "partial", "is_known"),
            *(f"{name}_usd" for name in amounts),
            *("invoice_usd", "currency", "basis", "price_book_date", "price_book", "closed"),
        ]
    )
    for line in invoice(found):
        own = line.own
        pools = (line.parts.get(name, 0) for name in POOLS)
        picos = (own.list_pico, -own.discount_pico, own.billed_pico or 0, *pools)
        writer.writerow(
            [
                *(line.kind, found.month, line.month, formats.no_formula(line.name)),
                *(own.calls, own.input, own.output),
                *(own.unpriced, own.partial, str(line.is_known).lower()),
                *(formats.usd(pico) for pico in (*picos, line.pico)),
                *(_cents(line.cents), "USD", basis(found)),
                *(found.book_date, found.book, found.closed),
            ]
        )
    return out.getvalue()


def as_json(found: Chargeback) -> str:
    """Amounts as texts of whole pico-USD."""
    usage = found.usage
    value: dict[str, Any] = {
        "version": 1,
        "month": found.month,
        "by": found.rules.by,
        "basis": basis(found),
        "bill": found.billing
        and {
            **vars(found.billing),
            "tokens_pico": str(found.billing.tokens_pico),
            "beside": {name: str(pico) for name, pico in found.billing.beside.items()},
        },
        "closed": found.closed or None,
        "prices": {"date": found.book_date, "hash": found.book, "is_old": found.book_is_old},
        "manifests": found.manifests,
        "rules": found.rules.to_json(),
        "charges": [
            {
                "name": each.name,
                **_usage(each.own),
                **{f"{name}_pico": str(each.parts.get(name, 0)) for name in POOLS},
                "total_pico": str(each.total_pico),
                "is_known": each.is_known,
            }
            for each in found.charges
        ],
        "pools": {name: _usage(each) for name, each in found.pools.items()},
        "undivided": {name: str(pico) for name, pico in found.undivided.items()},
        "corrections": [{**vars(each), "pico": str(each.pico)} for each in found.corrections],
        "total": {
            **_usage(usage),
            "total_pico": str(found.total_pico),
            "is_known": found.is_known,
        },
        "states": found.states,
        "notes": found.notes,
    }
    return json.dumps(value, indent=1) + "\n"


def in_words(rules: Rules) -> list[str]:
    """The rules, a sentence each."""
    said = [f"Shared and unattributed cost is divided {_SPLIT_SAID[rules.split]}."]
    if rules.fixed:
        weights = ", ".join(f"{name} {weight}" for name, weight in rules.fixed.items())
        said[0] = f"{said[0][:-1]}: {weights}."
    if rules.shared:
        said.append(f"Shared is what belongs to {', '.join(rules.shared)}.")
    if rules.by.startswith("tag:"):
        recorded = (
            "as recorded with each call" if rules.projects is None else "those of projects now"
        )
        said.append(f"Tags are {recorded}.")
    if rules.amounts == "bill":
        said.append(
            "Amounts are those of the bill: each project's and model's is divided by what the "
            "ledger has of it, and tax, credits and the rest in proportion."
        )
    elif not rules.discounts:
        said.append("There are no discounts.")
    return said


def _cents(cents: int) -> str:
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02}"


def _usage(usage: Usage) -> dict[str, Any]:
    return {
        name: str(value) if name.endswith("_pico") and value is not None else value
        for name, value in vars(usage).items()
    }
