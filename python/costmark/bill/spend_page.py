"""The page of costs: what AWS charged, for a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..reports.page import parts
from ..reports.page.markup import Markup, document, element
from ..reports.page.parts import Number
from . import spend_formats as formats

if TYPE_CHECKING:
    import datetime as dt

    from ..reports.page.parts import Cell
    from .spend import Spend


def spend_page(found: Spend, now: dt.datetime) -> str:
    """The page as one file of HTML, which loads nothing."""
    title = f"Bedrock: costs by {found.by}"
    period = f"{parts.days(found.window.first, found.window.last)}, UTC"
    main = element("main", _opening(found), _table(found), *_other(found), id="main")
    made = (
        f"Made by costmark on {now:%Y-%m-%d %H:%M} UTC from what Cost Explorer says: unblended "
        "costs, without credits, taxes and discounts. This page loads nothing and stores nothing."
    )
    return document(
        f"{title}, {period}",
        element("a", "Skip to the costs", class_="skip", href="#costs"),
        parts.head(title, period, None),
        main,
        element("footer", element("p", made)),
    )


def _opening(found: Spend) -> Markup:
    unattributed = sum(line.cost for line in found.lines if line.key is None)
    tokens = sum(line.tokens for line in found.lines)
    figures = [("Charged", formats.money(found.total), parts.some(tokens, "token"))]
    if found.by == "project" or found.by.startswith("tag:"):
        said = f"{parts.share(unattributed, found.total)} of it has no value of the tag"
        figures.append(("Unattributed", formats.money(unattributed), said))
    if found.previous is not None:
        before = parts.days(found.previous.first, found.previous.last)
        figures.append(("Before", formats.money(found.total_before), before))
    said = "AWS may still change these amounts." if found.is_estimated else "The bill is final."
    return element(
        "section",
        element("p", said, class_="quiet"),
        *(element("p", note, class_="quiet") for note in found.notes),
        parts.figures(figures, "row"),
        class_="opening",
        aria_label="Summary",
    )


def _table(found: Spend) -> Markup:
    titles = formats.titles(found)
    texts = titles.index("tokens")  # behind it all are numbers
    return element(
        "section",
        element("h2", "Costs"),
        parts.scrolling(
            parts.table(
                _cells(titles, texts),
                [_cells(row, texts) for row in formats.rows(found)],
                total=_cells(formats.total_row(found), texts),
                sorted_by=None if found.by == "day" else titles.index("cost"),
            ),
            "Costs",
        ),
        id="costs",
    )


def _cells(row: list[str], texts: int) -> list[Cell]:
    return [*row[:texts], *map(Number, row[texts:])]


def _other(found: Spend) -> list[Markup]:
    if not found.other:
        return []
    rows: list[list[Cell]] = [[name, Number(cost)] for name, cost in formats.states(found)]
    return [
        element(
            "section",
            element("h2", "Not usage"),
            parts.table(["what", Number("amount")], rows),
        )
    ]
