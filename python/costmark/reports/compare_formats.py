"""A comparison as text."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

from . import formats
from .state_words import none_of, state

if TYPE_CHECKING:
    from .compare import Change, Comparison
    from .summary import Sums

_REASONS = ("volume", "mix", "price")
_STATES = ("unpriced", "partial", "elsewhere", "incomplete", "untold")


def signed(pico: int, most: int = 0) -> str:
    """A change of an amount for people; ``most`` as for `formats.dollars`."""
    if pico == 0:
        return "0"
    return f"{'-' if pico < 0 else '+'}{formats.dollars(abs(pico), most)}"


def change(of: Change, most: int = 0) -> str:
    """What is known of a change, and a mark where either side has more."""
    is_known = of.before.is_known and of.after.is_known
    return signed(of.cost_pico, most) + ("" if is_known else " + ?")


def in_words(found: Comparison) -> list[str]:
    """What changed and why, in a few sentences."""
    total = found.total
    before = total.before.cost_pico
    percent = f" ({100 * total.cost_pico / before:+.1f}%)" if before else ""
    tokens = [sums.input + sums.output for sums in (total.before, total.after)]
    said = [
        f"{found.names[0]}: {_spent(total.before)}. {found.names[1]}: {_spent(total.after)}. "
        f"Change: {change(total)}{percent}.",
        f"volume {signed(total.volume_pico)}: {tokens[0]:,} tokens became {tokens[1]:,}.",
        f"mix {signed(total.mix_pico)}: other models, projects, or shares of cache and output.",
    ]
    if found.priced_on is not None:
        same = "other" if total.price_pico else "no other"
        said.append(f"price {signed(total.price_pico)}: {same} prices than on {found.priced_on}.")
    if found.not_compared:
        said.append(f"{found.not_compared} lines had no price on that day; theirs is in the mix.")
    return said


def _spent(sums: Sums) -> str:
    return formats.spend(sums) if sums.attempts else "no attempts"


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
