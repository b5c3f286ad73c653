"""The page of a chargeback."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from .. import formats
from ..chargeback.charges import POOLS, bounds
from ..chargeback.texts import in_words
from ..compare_formats import signed
from . import parts
from .markup import Markup, document, element, join
from .parts import Number

if TYPE_CHECKING:
    from ..chargeback import Charge, Chargeback
    from .parts import Cell

_STATES = {
    "unattributed": "no project named",
    "unpriced": "usage that the book has no price for",
    "partial": "a part has no price",
    "incomplete": "cut short; what was seen counts",
    "untold": "ended well and reported no usage",
    "elsewhere": "reserved capacity, batch jobs",
    "unknown": "began and never ended",
    "refused": "calls that were not sent",
    "torn": "rows cut off while writing",
    "lost": "rows that had no room",
}


def chargeback_page(found: Chargeback) -> str:
    """The page as one file of HTML. That of a closed month is the same each time."""
    begin, _ = bounds(found.month)
    period = f"{begin:%B %Y}, {_status(found)}"
    main = element(
        "main",
        _hero(found),
        _charges(found),
        *([_corrections(found)] if found.corrections or found.notes else []),
        _rules(found),
        parts.states_section(
            (name.capitalize(), found.states[name], said) for name, said in _STATES.items()
        ),
        id="main",
    )
    book_date = dt.date.fromisoformat(found.book_date)
    return document(
        f"Bedrock chargeback, {begin:%B %Y}",
        element("a", "Skip to the charges", class_="skip", href="#charges"),
        parts.head("Bedrock chargeback", period, book_date if found.book_is_old else None),
        main,
        _foot(found),
        scripted=bool(found.charges),
    )


def _status(found: Chargeback) -> str:
    return f"closed on {found.closed[:10]}" if found.closed else "not closed"


def _hero(found: Chargeback) -> Markup:
    usage = found.usage
    shared = sum(pool.net_pico for pool in found.pools.values())
    corrected = sum(each.pico for each in found.corrections)
    figures = [
        (
            "Charged to",
            f"{len(found.charges):,}",
            f"by {found.rules.by.partition(':')[2] or found.rules.by}",
        ),
        ("Shared", formats.dollars(shared), "divided by the rules below"),
        ("Discounts", formats.dollars(usage.discount_pico), "off the list price"),
        ("Corrections", signed(corrected), "of earlier months"),
    ]
    basis = parts.basis(dt.date.fromisoformat(found.book_date))
    return element(
        "section",
        element(
            "div",
            element("p", "To be charged", class_="quiet"),
            parts.large(_amount(found.total_pico, 0), is_known=found.is_known),
            element("p", basis, class_="small quiet"),
        ),
        parts.figures(figures, "row"),
        class_="hero",
        aria_label="Totals",
    )


def _charges(found: Chargeback) -> Markup:
    heading = element("h2", "Charges", id="charges", tabindex="-1")
    if not found.charges:
        return element("section", heading, parts.empty("Nothing was used that could be charged."))
    total = found.total_pico
    columns = ("Total", "List price", "Discount", "Unattributed", "Unassigned", "Shared")
    table = parts.table(
        [
            parts.title_of(found.rules.by),
            *map(Number, columns),
            *map(Number, ("Calls", "Input", "Output")),
        ],
        [_charge(each, found) for each in found.charges],
        total=["Total", *_numbers(found.charges, total)],
        sorted_by=1,
        tools="charges-tools",
    )
    return element(
        "section",
        heading,
        element("p", "List price less discount, and the parts of what is shared.", class_="quiet"),
        parts.tools("charges-tools", "Filter by name"),
        parts.scrolling(table, "Charges"),
    )


def _charge(charge: Charge, found: Chargeback) -> list[Cell]:
    most = max(each.total_pico for each in found.charges)
    name = parts.named(charge.name, found.rules.by)
    bar = parts.bar_of(charge.total_pico, most)
    return [join([name, bar]), *_numbers([charge], found.total_pico)]


def _numbers(charges: list[Charge], most: int) -> list[Cell]:
    """The cells of a charge, or of the sum of charges."""
    own = [charge.own for charge in charges]
    amounts = [
        sum(charge.total_pico for charge in charges),
        sum(each.list_pico for each in own),
        -sum(each.discount_pico for each in own),
        *(sum(charge.parts.get(name, 0) for charge in charges) for name in POOLS),
    ]
    counts = [
        sum(each.calls for each in own),
        sum(each.input for each in own),
        sum(each.output for each in own),
    ]
    return [
        *(Number(_amount(pico, most), pico) for pico in amounts),
        *(Number(f"{count:,}", count) for count in counts),
    ]


def _corrections(found: Chargeback) -> Markup:
    by = found.rules.by
    rows: list[list[Cell]] = [
        [parts.named(each.name or None, by), each.month, Number(signed(each.pico))]
        for each in found.corrections
    ]
    table = parts.table([parts.title_of(by), "Month", Number("Correction")], rows)
    content = [parts.scrolling(table, "Corrections")] if rows else []
    return element(
        "section",
        element("h2", "Corrections of earlier months"),
        element(
            "p",
            "What closed months would be now, by their own rules, less what was charged for them.",
            class_="quiet",
        ),
        *content,
        *(element("p", note, class_="quiet") for note in found.notes),
    )


def _rules(found: Chargeback) -> Markup:
    rows: list[list[Cell]] = [
        [
            name.capitalize(),
            POOLS[name],
            *(
                Number(_amount(pico, found.total_pico))
                for pico in (usage.list_pico, -usage.discount_pico, usage.net_pico)
            ),
            Number("not divided" if name in found.undivided else ""),
        ]
        for name, usage in found.pools.items()
    ]
    numbers = [Number(title) for title in ("List price", "Discount", "Amount", "")]
    content = [parts.scrolling(parts.table(["What", "Which", *numbers], rows), "Shared cost")]
    if found.rules.discounts:
        lines: list[list[Cell]] = [
            [
                element("bdi", each.models),
                _span(each.first_day, each.end_day),
                Number(f"{each.percent}%"),
            ]
            for each in found.rules.discounts
        ]
        table = parts.table(["Models", "Period", Number("Discount")], lines)
        content += [element("h3", "Discounts"), parts.scrolling(table, "Discounts")]
    return element(
        "section",
        element("h2", "How it was divided"),
        element("p", " ".join(in_words(found.rules)), class_="quiet"),
        *content,
    )


def _span(first_day: str, end_day: str) -> str:
    since = "always" if first_day == "-" else f"from {first_day}"
    return since if end_day == "-" else f"{since}, before {end_day}"


def _foot(found: Chargeback) -> Markup:
    said = f"Closed on {found.closed}." if found.closed else "Not closed: amounts can change."
    manifests = [
        element("p", "Ledger manifest ", element("code", each)) for each in found.manifests
    ]
    return element(
        "footer",
        element("p", f"Made by costmark. {said} This page loads nothing and stores nothing."),
        element("p", "Price book ", element("code", found.book)),
        *manifests,
    )


def _amount(pico: int, most: int) -> str:
    if pico == 0:
        return "0"
    return f"{'-' if pico < 0 else ''}{formats.dollars(abs(pico), most)}"
