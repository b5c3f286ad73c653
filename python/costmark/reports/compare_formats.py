"""A comparison as text."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

from . import formats
from .money import digits_for, paired, signed_dollars, split
from .state_words import none_of, state

if TYPE_CHECKING:
    from .compare import Change, Comparison
    from .money import Column
    from .summary import Sums

_REASONS = ("volume", "mix", "price")
_STATES = ("unpriced", "partial", "elsewhere", "incomplete", "untold")


class Table:
    """The amounts of a comparison as they are shown: they add up down the columns, and across."""

    def __init__(self, found: Comparison) -> None:
        changes, total = found.changes, found.total
        self._digits = digits_for(max(total.before.cost_pico, total.after.cost_pico))
        before, after = paired(
            [each.before.cost_pico for each in changes],
            [each.after.cost_pico for each in changes],
            self._digits,
            ([each.before.is_known for each in changes], [each.after.is_known for each in changes]),
        )
        changed = [late - early for early, late in zip(before.units, after.units, strict=True)]
        reasons = [
            split([getattr(each, f"{name}_pico") for name in _REASONS], self._digits, units)
            for each, units in zip(changes, changed, strict=True)
        ]
        of_reason = {name: [row[at] for row in reasons] for at, name in enumerate(_REASONS)}
        self.cells = {
            "before": before.cells,
            "after": after.cells,
            "change": [
                self._signed(each.cost_pico, units) + _mark(each)
                for each, units in zip(changes, changed, strict=True)
            ],
            **{
                name: [
                    self._signed(getattr(each, f"{name}_pico"), of)
                    for each, of in zip(changes, units, strict=True)
                ]
                for name, units in of_reason.items()
            },
        }
        self.totals = {
            "before": _spent(total.before, before),
            "after": _spent(total.after, after),
            "change": self._signed(total.cost_pico, sum(changed)) + _mark(total),
            **{
                name: self._signed(getattr(total, f"{name}_pico"), sum(units))
                for name, units in of_reason.items()
            },
        }

    def _signed(self, pico: int, units: int) -> str:
        return signed_dollars(pico, units, self._digits)


def _mark(of: Change) -> str:
    """A mark where either side has more than is known."""
    return "" if of.before.is_known and of.after.is_known else " + ?"


def _spent(sums: Sums, column: Column) -> str:
    return column.total() if sums.attempts else "no attempts"


def in_words(found: Comparison, shown: Table) -> list[str]:
    """What changed and why, in a few sentences."""
    total, said_of = found.total, shown.totals
    before = total.before.cost_pico
    percent = f" ({100 * total.cost_pico / before:+.1f}%)" if before else ""
    tokens = [sums.input + sums.output for sums in (total.before, total.after)]
    before_tokens = formats.counted(tokens[0], "token")
    said = [
        f"{found.names[0]}: {said_of['before']}. {found.names[1]}: {said_of['after']}. "
        f"Change: {said_of['change']}{percent}.",
        f"volume {said_of['volume']}: {before_tokens} became {tokens[1]:,}.",
        f"mix {said_of['mix']}: other models, projects, or shares of cache and output.",
    ]
    if found.priced_on is not None:
        same = "other" if total.price_pico else "no other"
        said.append(f"price {said_of['price']}: {same} prices than on {found.priced_on}.")
    if found.not_compared:
        said.append(
            f"no price on that day: {formats.counted(found.not_compared, 'line')}, in the mix."
        )
    return said


def states(found: Comparison) -> list[tuple[str, int, int]]:
    """What is not in the amounts, or uncertain, before and after."""
    sides = (found.before, found.after)
    counts = [(name, *(getattr(side.total, name) for side in sides)) for name in _STATES]
    counts.insert(0, ("unattributed", *(side.states.unattributed.attempts for side in sides)))
    return counts + [
        (name, *(getattr(side.states, name) for side in sides))
        for name in ("unknown", "torn", "lost")
    ]


def state_lines(found: Comparison) -> list[tuple[str, str]]:
    """The same as lines: those that there are before or after, and one for all others."""
    of_part = found.before.is_of_part or found.after.is_of_part
    shown, others = [], []
    for name, before, after in states(found):
        each = state(name, max(before, after), is_of_part=of_part)
        others.append(each)
        if each.count:
            shown.append((name, f"{before:,} before, {after:,} after: {each.things}"))
    return [*shown, *([("none of", "; ".join(none_of(others)))] if none_of(others) else [])]


def as_json(found: Comparison) -> str:
    """Amounts as texts of whole pico-USD."""
    value = {
        "version": 1,
        "by": list(found.by),
        "before": found.names[0],
        "after": found.names[1],
        "priced_on": found.priced_on and found.priced_on.isoformat(),
        "not_compared": found.not_compared,
        "prices": {
            "date": found.after.book.date.isoformat(),
            "hash": found.after.book.hash,
            "is_old": found.after.book.is_old(),
        },
        "lines": [
            {**dict(zip(found.by, change.key, strict=True)), **_change(change)}
            for change in found.changes
        ],
        "total": _change(found.total),
        "states": {
            name: {"before": before, "after": after} for name, before, after in states(found)
        },
    }
    return json.dumps(value, indent=1) + "\n"


def as_csv(found: Comparison) -> str:
    """Amounts in dollars, to the pico."""
    out = io.StringIO()
    writer = csv.writer(out)
    amounts = ("before", "after", "change", *_REASONS)
    tokens = ("tokens_before", "tokens_after")
    writer.writerow([*found.by, *tokens, *(f"{name}_usd" for name in amounts)])
    for change in found.changes:
        value = _change(change)
        writer.writerow(
            [
                *("" if text is None else formats.no_formula(text) or '""' for text in change.key),
                *(value[name] for name in tokens),
                *(formats.usd(int(value[f"{name}_pico"])) for name in amounts),
            ]
        )
    return out.getvalue()


def _change(change: Change) -> dict[str, Any]:
    amounts = {
        "before": change.before.cost_pico,
        "after": change.after.cost_pico,
        "change": change.cost_pico,
        "volume": change.volume_pico,
        "mix": change.mix_pico,
        "price": change.price_pico,
    }
    return {
        "tokens_before": change.before.input + change.before.output,
        "tokens_after": change.after.input + change.after.output,
        **{f"{name}_pico": str(amount) for name, amount in amounts.items()},
    }
