"""A report as text: for people, for programs, for spreadsheets."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
from typing import TYPE_CHECKING, Any

from .._names import shown
from .money import Column
from .state_words import lines as state_lines
from .state_words import state

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Protocol

    from .state_words import State
    from .summary import Report, Sums

    class Spent(Protocol):
        """Sums whose cost may not be all of it."""

        cost_pico: int

        @property
        def is_known(self) -> bool:
            """Whether it is."""


_COUNTS = (
    *("calls", "attempts", "errors", "input", "cached", "cache_write", "output", "reasoning"),
    *("unpriced", "partial", "elsewhere", "incomplete", "untold"),
)
_BEGUN = ("unknown", "in flight", "refused")
_NONE = "(none)"
_EMPTY = '""'
# Spreadsheets take what begins like this for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def usd(pico: int) -> str:
    """An amount in dollars, to the pico, without zeros at the end: ``12.5``."""
    sign, pico = ("-", -pico) if pico < 0 else ("", pico)
    text = f"{sign}{pico // 10**12}.{pico % 10**12:012}".rstrip("0")
    return text + "00" if text.endswith(".") else text


def dollars(pico: int, most: int = 0) -> str:
    """An amount for people: cents from ten dollars on, and more digits below.

    ``most`` is the largest of a column, whose amounts have the same number of digits.
    """
    digits = 2 if max(pico, most) >= 10 * 10**12 else 4
    step = 10 ** (12 - digits)
    rounded = (pico + step // 2) // step
    if rounded == 0 and pico:
        return f"<$0.{1:0{digits}}"
    return f"${rounded // 10**digits:,}.{rounded % 10**digits:0{digits}}"


def spend(sums: Spent, most: int = 0) -> str:
    """What is known of the costs, and a mark where there is more; ``most`` as for `dollars`."""
    if sums.is_known:
        return dollars(sums.cost_pico, most)
    return f"{dollars(sums.cost_pico, most)} + ?" if sums.cost_pico else "no price"


def states(report: Report) -> list[State]:
    """What is not in the lines, or not what it seems; every name is always there."""
    total, found = report.total, report.states
    unattributed = found.unattributed
    counts = {
        "unattributed": (unattributed.attempts, f", {spend(unattributed)}"),
        "unpriced": (total.unpriced, _because(total, "unpriced")),
        "partial": (total.partial, _because(total, "partial")),
        "elsewhere": (total.elsewhere, ""),
        "incomplete": (total.incomplete, ""),
        "untold": (total.untold, ""),
        "unknown": (found.unknown, ""),
        "in flight": (found.in_flight, ""),
        "refused": (found.refused, ""),
        "torn": (found.torn, ""),
        "lost": (found.lost, ""),
        "unreadable": (found.unreadable, ""),
    }
    listed = [state(name, *of, is_of_part=report.is_of_part) for name, of in counts.items()]
    if report.not_asked_of_begun:
        whatever = f"whatever their {' and '.join(report.not_asked_of_begun)}, which they lack"
        listed = [
            dataclasses.replace(each, scope=whatever) if each.name in _BEGUN else each
            for each in listed
        ]
    return listed


def prices(report: Report) -> str:
    """Which book, and whether it is old."""
    old = "; it is more than 30 days old" if report.book.is_old() else ""
    return f"{report.book.date} ({report.book.hash[:12]}){old}"


def period(report: Report) -> str:
    """From when to when, and which attempts of that time."""
    since = "the beginning" if report.since is None else f"{report.since:%Y-%m-%d %H:%M}"
    until = "now" if report.until is None else f"{report.until:%Y-%m-%d %H:%M}"
    return f"{since} to {until} UTC{only(report)}"


def only(report: Report) -> str:
    """Which attempts were chosen, where not all were."""
    return f", only {', '.join(map(str, report.where))}" if report.where else ""


def as_json(report: Report) -> str:
    """Amounts as texts, since they need more than 53 bits; null where nothing has a price."""
    value = {
        "version": 1,
        "by": list(report.by),
        "since": report.since and report.since.isoformat(),
        "until": report.until and report.until.isoformat(),
        "prices": {
            "date": report.book.date.isoformat(),
            "hash": report.book.hash,
            "is_old": report.book.is_old(),
        },
        "lines": [
            {**dict(zip(report.by, line.key, strict=True)), **_sums(line.sums)}
            for line in report.lines
        ],
        "total": _sums(report.total),
        "states": {
            "unattributed": _sums(report.states.unattributed),
            **{
                name: getattr(report.states, name)
                for name in ("unknown", "in_flight", "refused", "torn", "lost", "unreadable")
            },
        },
    }
    return json.dumps(value, indent=1) + "\n"


def as_csv(report: Report) -> str:
    """Amounts to the pico, empty where nothing has a price. A value that is empty is ``""``, one
    that no row has is empty. What a spreadsheet would take for a formula has a ``'`` before it.
    """
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([*report.by, *_COUNTS, "cost_usd", "cost_pico"])
    for line in report.lines:
        key = ["" if text is None else no_formula(text) or _EMPTY for text in line.key]
        counts = [getattr(line.sums, name) for name in _COUNTS]
        pico = line.sums.known_pico
        writer.writerow([*key, *counts, *(("", "") if pico is None else (usd(pico), pico))])
    return out.getvalue()


def as_markdown(report: Report) -> str:
    """Two tables: the lines with their total, and the states."""
    titles = [*report.by, "calls", "errors", "input", "output", "cost"]
    costs = Column.of([line.sums for line in report.lines])
    rows = [
        [
            *map(markdown_text, shown_keys(report.by, report.names, line.key)),
            *_counts_of(line.sums),
            cost,
        ]
        for line, cost in zip(report.lines, costs.cells, strict=True)
    ]
    if report.by:
        total = [*_counts_of(report.total), costs.total()]
        rows.append(["**total**", *[""] * (len(report.by) - 1), *total])
    aligned = ["---"] * len(report.by) + ["---:"] * 5
    text = [f"Usage from {markdown_text(period(report))}; list prices of {prices(report)}.", ""]
    text += [markdown_row(row) for row in (titles, aligned, *rows)]
    text += ["", "| not in these lines, or uncertain | |", "| --- | --- |"]
    text += [markdown_row(line) for line in state_lines(states(report))]
    return "\n".join(text) + "\n"


def markdown_row(cells: Sequence[str]) -> str:
    """A line of a table."""
    return f"| {' | '.join(cells)} |"


def markdown_text(text: str | None) -> str:
    """A text that no reader of Markdown takes for markup."""
    if text is None:
        return _NONE
    plain = "".join(c if c.isprintable() else " " for c in key_text(text))
    return "".join(f"\\{c}" if c in "\\`*_{}[]<>()#+!|~&" else c for c in plain)


def _counts_of(sums: Sums) -> list[str]:
    return [f"{count:,}" for count in (sums.calls, sums.errors, sums.input, sums.output)]


def counted(count: int, noun: str) -> str:
    """A number of things: ``1 row``, ``2 rows``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def shown_keys(
    by: Sequence[str], names: Mapping[str, str], key: Sequence[str | None]
) -> list[str | None]:
    """The values that a line is about, with the names of projects in place of their ids."""
    known = shown(names)
    return [
        known.get(text, text) if name == "project" and text else text
        for name, text in zip(by, key, strict=True)
    ]


def key_text(text: str | None) -> str:
    """A value that a line is about, where an empty one and none must not look alike."""
    return _NONE if text is None else text or _EMPTY


def _because(sums: Sums, state: str) -> str:
    reasons = _reasons(sums, state)
    listed = ", ".join(f"{why} {count:,}" for why, count in reasons.items())
    return f" ({listed})" if listed else ""


def _reasons(sums: Sums, state: str) -> dict[str, int]:
    """Why attempts have no price, or a part of them none; the most frequent reason first."""
    return {why: count for (of, why), count in sums.why.most_common() if of == state}


def _sums(sums: Sums) -> dict[str, Any]:
    return {
        **{name: getattr(sums, name) for name in _COUNTS},
        "cost_pico": None if sums.known_pico is None else str(sums.known_pico),
        "cost_usd": None if sums.known_pico is None else usd(sums.known_pico),
        "why_unpriced": _reasons(sums, "unpriced"),
        "why_partial": _reasons(sums, "partial"),
    }


def no_formula(text: str) -> str:
    """The text, with a ``'`` before it where a spreadsheet would take it for a formula."""
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text
