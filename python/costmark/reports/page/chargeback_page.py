"""The page of a chargeback."""

from __future__ import annotations

import datetime as dt
from types import MappingProxyType
from typing import TYPE_CHECKING

from ..._names import shown as shown_names
from ..chargeback.amounts import amounts
from ..chargeback.charges import POOLS, bounds
from ..chargeback.texts import in_words, states
from . import parts
from .markup import Markup, document, element, join
from .parts import Number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..chargeback import Billing, Chargeback
    from ..chargeback.amounts import Amounts
    from ..money import Column
    from .parts import Cell


def chargeback_page(found: Chargeback, names: Mapping[str, str] = MappingProxyType({})) -> str:
    """The page as one file of HTML. That of a closed month is the same each time.

    ``names`` are those of projects by id, for a month that is charged to projects.
    """
    names = shown_names(names)
    begin, _ = bounds(found.month)
    shown = amounts(found)
    period = f"{begin:%B %Y}, {_status(found)}"
    main = element(
        "main",
        _hero(found, shown),
        _charges(found, shown, names),
        *([_corrections(found, shown, names)] if found.corrections or found.notes else []),
        _rules(found, shown),
        parts.states_section(states(found)),
        id="main",
    )
    book_date = dt.date.fromisoformat(found.book_date)
    return document(
        f"Bedrock chargeback, {begin:%B %Y}",
        element("a", "Skip to the charges", class_="skip", href="#charges"),
        parts.head("Bedrock chargeback", period, book_date if found.book_is_old else None),
        main,
        _foot(found),
        scripted=bool(shown.charged),
    )


def _status(found: Chargeback) -> str:
    return f"closed on {found.closed[:10]}" if found.closed else "not closed"


def _hero(found: Chargeback, shown: Amounts) -> Markup:
    third = (
        ("Bill", shown.own["bill"].total(end=shown.charged), "of what each used itself")
        if found.billing is not None
        else (
            "Discounts",
            shown.column([found.usage.discount_pico]).total(),
            "off the list price",
        )
    )
    figures = [
        (
            "Charged to",
            f"{len(found.charges):,}",
            f"by {found.rules.by.partition(':')[2] or found.rules.by}",
        ),
        ("Shared", shown.to_divide.total(), "divided by the rules below"),
        third,
        ("Corrections", shown.total.total(shown.charged), "of earlier months"),
    ]
    said, marked, _ = shown.total.total().capitalize().partition(" + ?")
    basis = _basis(found)
    return element(
        "section",
        element(
            "div",
            element("p", "To be charged", class_="quiet"),
            parts.large(said, is_known=not marked),
            element("p", basis, class_="small quiet"),
        ),
        parts.figures(figures, "row"),
        class_="hero",
        aria_label="Totals",
    )


def _basis(found: Chargeback) -> str:
    if found.billing is None:
        return parts.basis(dt.date.fromisoformat(found.book_date))
    estimated = " AWS may still change it." if found.billing.is_estimated else ""
    return f"The amounts of the bill of AWS, divided by what the ledger has.{estimated}"


def _charges(found: Chargeback, shown: Amounts, names: Mapping[str, str]) -> Markup:
    heading = element("h2", "Charges", id="charges", tabindex="-1")
    if not shown.charged:
        return element("section", heading, parts.empty("Nothing was used that could be charged."))
    columns = _columns(shown)
    said = "The bill's amounts" if found.billing is not None else "List price less discount"
    table = parts.table(
        [
            parts.title_of(found.rules.by),
            *(Number(title) for title, _ in columns),
            *map(Number, ("Calls", "Input", "Output")),
        ],
        _lines(found, shown, names),
        total=["Total", *_sums(shown)],
        sorted_by=1,
        tools="charges-tools",
    )
    return element(
        "section",
        heading,
        element("p", f"{said}, and the parts of what is shared.", class_="quiet"),
        parts.tools("charges-tools", "Filter by name"),
        parts.scrolling(table, "Charges"),
    )


def _lines(found: Chargeback, shown: Amounts, names: Mapping[str, str]) -> list[list[Cell]]:
    """The lines of this month."""
    lines = shown.lines[: shown.charged]
    most = max(line.pico for line in lines)
    columns = [column for _, column in _columns(shown)]
    cells = zip(*(column.cells for column in columns), strict=True)
    rows: list[list[Cell]] = []
    for at, (line, texts) in enumerate(zip(lines, cells, strict=False)):
        name = parts.named(line.name, found.rules.by, names) if line.name else "(undivided)"
        own = line.own
        picos = [column.picos[at] for column in columns]
        rows.append(
            [
                join([name, parts.bar_of(max(line.pico, 0), most)]),
                *(Number(text, pico) for text, pico in zip(texts, picos, strict=True)),
                Number(f"{own.calls:,}", own.calls),
                *map(parts.tokens, (own.input, own.output)),
            ]
        )
    return rows


def _sums(shown: Amounts) -> list[Cell]:
    counts = [
        sum(getattr(line.own, name) for line in shown.lines)
        for name in ("calls", "input", "output")
    ]
    return [
        *(Number(column.total(end=shown.charged)) for _, column in _columns(shown)),
        Number(f"{counts[0]:,}"),
        *map(parts.tokens, counts[1:]),
    ]


def _columns(shown: Amounts) -> list[tuple[str, Column]]:
    """The amounts with their titles; what no line has any of has no column."""
    first, *others = shown.own.items()
    if "discount" not in shown.own:
        others = [*others, *shown.pools.items(), ("at list prices", shown.listed)]
    else:
        others = [*others, *shown.pools.items()]
    kept = [("total", shown.total), first, *(each for each in others if not each[1].is_zero)]
    return [(title.capitalize(), column) for title, column in kept]


def _corrections(found: Chargeback, shown: Amounts, names: Mapping[str, str]) -> Markup:
    by = found.rules.by
    cells = shown.total.cells[shown.charged :]
    rows: list[list[Cell]] = [
        [parts.named(each.name or None, by, names), each.month, Number(cell)]
        for each, cell in zip(found.corrections, cells, strict=True)
    ]
    total: list[Cell] = ["Total", "", Number(shown.total.total(shown.charged))]
    table = parts.table([parts.title_of(by), "Month", Number("Correction")], rows, total=total)
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


def _rules(found: Chargeback, shown: Amounts) -> Markup:
    pools = [found.pools[name] for name in POOLS]
    titles = ["List price", "Discount", "Amount"]
    columns = [
        shown.column([each.list_pico for each in pools], [each.is_known for each in pools]),
        shown.column([-each.discount_pico for each in pools]),
        shown.to_divide,
    ]
    if found.billing is not None:
        titles, columns = ["Amount"], [shown.to_divide]
    listed = [column.cells for column in columns]
    if found.undivided:
        titles.append("")
        listed.append(["not divided" if name in found.undivided else "" for name in POOLS])
    rows: list[list[Cell]] = [
        [name.capitalize(), said, *map(Number, cells)]
        for (name, said), *cells in zip(POOLS.items(), *listed, strict=True)
    ]
    numbers = [Number(title) for title in titles]
    content = [parts.scrolling(parts.table(["What", "Which", *numbers], rows), "Shared cost")]
    if found.billing is not None:
        content += _billing(found.billing, shown)
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


def _billing(billing: Billing, shown: Amounts) -> list[Markup]:
    column = shown.column([billing.tokens_pico, *billing.beside.values()])
    names = ["Tokens", *(name.capitalize() for name in billing.beside)]
    rows: list[list[Cell]] = [
        [name, Number(cell)] for name, cell in zip(names, column.cells, strict=True)
    ]
    total: list[Cell] = ["All of Bedrock", Number(column.total())]
    table = parts.table(["On the bill", Number("Amount")], rows, total=total)
    source = element("p", "Read from ", element("bdi", billing.source), class_="small quiet")
    return [element("h3", "The bill"), parts.scrolling(table, "The bill"), source]


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
