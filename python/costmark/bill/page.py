"""The page of a reconciliation: for finance, from the one sentence to the last line."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import TYPE_CHECKING

from ..reports.page import parts
from ..reports.page.markup import Markup, document, element
from . import formats
from .causes import NOT_BILLED_YET, RESIDUAL, UNPRICED
from .page_steps import beside, waterfall
from .page_tables import each_line, models, projects, unexplained
from .shown import Shown
from .wording import NOT_UNDERSTOOD

if TYPE_CHECKING:
    from .formats import Basis
    from .lines import Window
    from .reconcile import Reconciliation

_MANY = 3


def reconcile_page(result: Reconciliation, basis: Basis) -> str:
    """The page as one file of HTML: nothing is loaded, and it can be read without its script."""
    title = "Bedrock: ledger and bill"
    window = result.window
    period = f"{parts.days(window.first, window.last)}, UTC"
    book = basis.book
    shown = Shown(result)
    main = element(
        "main",
        _opening(result, basis, shown),
        *(make(result, basis, shown) for make in _SECTIONS if not result.is_empty),
        _assumptions(result, basis),
        id="main",
    )
    return document(
        f"{title}, {period}",
        element("a", "Skip to the projects", class_="skip", href="#projects"),
        parts.head(title, period, book.date if book.is_old() else None),
        main,
        element(
            "footer",
            element(
                "p",
                f"Made by costmark on {basis.made:%Y-%m-%d %H:%M} UTC. This page loads nothing and "
                "stores nothing.",
            ),
        ),
        scripted=not result.is_empty,
    )


# --- What is read first ---------------------------------------------------------------------------


def _opening(result: Reconciliation, basis: Basis, shown: Shown) -> Markup:
    state, meaning = _state(basis)
    said = [
        element("p", _lead(result, shown), class_="lead"),
        element("p", element("b", state), f" {meaning}", class_="quiet"),
    ]
    if moved := _moved(result, shown):
        said.append(element("p", *moved, class_="notice"))
    said += [element("p", each, class_="quiet") for each in _reservations(result, shown)]
    return element(
        "section",
        element("div", *said),
        *([] if result.is_empty else [parts.figures(_figures(result, shown), "five")]),
        _status(result, basis, shown),
        class_="opening",
        aria_label="Summary",
    )


def _lead(result: Reconciliation, shown: Shown) -> str:
    """The result in one sentence, for who sees it for the first time."""
    if result.is_empty or formats.agree(result):
        return formats.headline(result)
    units = shown.bill - shown.ledger
    more = "more" if result.difference > 0 else "less"
    beside = (
        f"{shown.text(abs(units), abs(result.difference))} ({_percent(result)}) {more} than"
        if result.difference
        else "as much as"
    )
    costs = shown.causes
    named = [units for name, units in costs.items() if name not in _UNEXPLAINED]
    open_ = [costs[name] for name in _UNEXPLAINED if name in costs]
    reasons = _both_ways(named, shown)
    explained = f"{reasons} {'has' if ' and ' not in reasons else 'have'} a named reason, "
    left = _both_ways(open_, shown)
    if left:
        last = f"{left} is not explained"
    elif result.residual_absolute:
        last = f"differences of {shown.alone(result.residual_absolute)} are not explained"
    else:
        last = "nothing is left unexplained"
    return (
        f"AWS bills {shown.text(shown.bill)} for tokens, {beside} the ledger has: "
        f"{explained if reasons else ''}{last}."
    )


def _both_ways(units: list[int], shown: Shown) -> str:
    more, less = sum(each for each in units if each > 0), sum(each for each in units if each < 0)
    return " and ".join(shown.text(each, signed=True) for each in (more, less) if each)


def _percent(result: Reconciliation) -> str:
    """The difference as a part of the bill."""
    if not result.usage:
        return "of a bill of $0"
    part = abs(Fraction(100 * result.difference) / result.usage)
    return f"{float(part):.2f}%" if part >= Fraction(1, 200) else "less than 0.01%"


def _homeless(result: Reconciliation, shown: Shown) -> tuple[list[tuple[str, int]], int]:
    """Whose spend is on the bill without a project, the most first, and how much that is."""
    if result.grain != "project":
        return [], 0
    found = [
        (line.group.names[0], line.moved)
        for line in shown.lines("tag")
        if line.group.names[0] and line.moved
    ]
    found.sort(key=lambda each: (-each[1], each[0]))
    return found, sum(units for _, units in found)


def _moved(result: Reconciliation, shown: Shown) -> list[str]:
    """What changes who pays."""
    found, whole = _homeless(result, shown)
    if not found:
        return []
    if len(found) == 1:
        said = f"{shown.text(whole)} that {found[0][0]} spent stands on the bill without a project."
    else:
        named = [f"{name} {shown.text(units)}" for name, units in found[:_MANY]]
        more = f" and {len(found) - _MANY} more" if len(found) > _MANY else ""
        said = (
            f"{shown.text(whole)} stands on the bill without a project, and the ledger tells who "
            f"spent it: {', '.join(named)}{more}."
        )
    return [
        f"{said} This changes who pays, not the sum: ",
        element("a", "the column To charge", href="#projects"),
        " has it where it belongs.",
    ]


def _reservations(result: Reconciliation, shown: Shown) -> list[str]:
    """What is too early to compare, and what has no price, whatever else makes up for it."""
    costs = {cause.name: cause.cost for cause in result.causes}
    missing, charged = costs.get(NOT_BILLED_YET), costs.get(UNPRICED)
    unpriced = [
        *(
            [f"{parts.counted(result.unpriced_tokens, 'token')} of the ledger"]
            if result.unpriced_tokens
            else []
        ),
        *([shown.alone(charged) + " of the bill"] if charged else []),
    ]
    found = [
        *([f"{shown.alone(-missing)} of the ledger is not billed yet"] if missing else []),
        *([f"the price book has no price for {' and '.join(unpriced)}"] if unpriced else []),
    ]
    return [f"Among the named reasons: {'; '.join(found)}."] if found else []


def _figures(result: Reconciliation, shown: Shown) -> list[tuple[str, str, str]]:
    named, moved = _homeless(result, shown)
    left = result.residual_absolute + sum(
        (abs(cause.cost) for cause in result.causes if cause.name in NOT_UNDERSTOOD), Fraction(0)
    )
    difference = shown.text(shown.bill - shown.ledger, result.difference, signed=True)
    figures = [
        ("The bill, for tokens", shown.text(shown.bill, result.usage), _before(result)),
        (
            "The ledger",
            shown.text(shown.ledger, result.ledger),
            "what the programs recorded, at list prices",
        ),
        ("Difference", difference, f"{_percent(result)} of the bill"),
        (
            "Not explained",
            shown.alone(left),
            "no reason fits, or unknown usage" if left else "nothing is left",
        ),
    ]
    if result.grain == "project":
        about = "changes who pays, not the sum" if named else "as far as the ledger can tell"
        figures.append(("Billed without its project", shown.text(moved), about))
    return figures


def _before(result: Reconciliation) -> str:
    return f"before {' and '.join(result.bars)}" if 0 < len(result.bars) < _MANY else "tokens alone"


def _status(result: Reconciliation, basis: Basis, shown: Shown) -> Markup:
    """Which bill this is, and whether it may be booked."""
    window = result.window
    bill = (
        f"AWS's data of {parts.day(basis.written.date())}, {basis.written:%H:%M} UTC"
        if basis.written
        else f"as AWS answered on {parts.day(basis.made.date())}, {basis.made:%H:%M} UTC"
    )
    rows = [
        ("Period", f"{parts.days(window.first, window.last)}, {_extent(window)} in UTC"),
        ("Currency", "US dollars (USD)"),
        ("Payer account", ", ".join(basis.payers) or "the source of the bill does not say"),
        ("Invoice", ", ".join(basis.invoices) or "no number on these lines"),
        ("Bill", bill),
        ("Price book", f"list prices as costmark had them on {parts.day(basis.book.date)}"),
    ]
    if result.bars and not result.is_empty:
        about = f"{shown.charge(shown.total)} with {' and '.join(result.bars)}"
        rows.append(("All of Bedrock", f"{about}, to compare with Bedrock on AWS's invoice"))
    items = (element("div", element("dt", name), element("dd", said)) for name, said in rows)
    return element("dl", *items, class_="about")


def _extent(window: Window) -> str:
    first, last = window.first, window.last
    if first.day != 1 or (last + dt.timedelta(days=1)).day != 1:
        return "not by whole months"
    return (
        "a whole month" if (first.year, first.month) == (last.year, last.month) else "whole months"
    )


def _state(basis: Basis) -> tuple[str, str]:
    if basis.is_estimated:
        return (
            "The bill is not final: it is estimated.",
            "AWS may still change it. Compare again once AWS has issued the invoice.",
        )
    if not basis.tells_if_final:
        return (
            "Whether the bill is final is not known.",
            "This copy of it does not say which lines have an invoice.",
        )
    return "The bill is final.", "AWS marks none of these lines as estimated."


# --- What it rests on -----------------------------------------------------------------------------


def _assumptions(result: Reconciliation, basis: Basis) -> Markup:
    facts = [*basis.assumptions, *basis.notes]
    facts.append(f"{formats.coverage(result)} of what AWS bills for tokens is of a known kind")
    if result.unpriced_tokens:
        unpriced = parts.counted(result.unpriced_tokens, "token")
        facts.append(f"without a price, and at a cost of 0: {unpriced} of the ledger")
    if without := result.projects_without_tag:
        named = ", ".join(map(basis.named, without))
        facts.append(f"projects that have no {basis.tag}, taken as untagged: {named}")
    return element(
        "section",
        element("h2", "What this rests on"),
        element("ul", *(element("li", _sentence(each)) for each in facts), class_="facts"),
        _for_the_administrator(result, basis),
    )


def _for_the_administrator(result: Reconciliation, basis: Basis) -> Markup:
    said = [
        f"Bill: {'; '.join([basis.source, *basis.snapshot])}",
        f"Price book: {basis.book.hash}",
        f"Tag: {basis.tag}",
        *map(_sentence, formats.data_age(basis)),
    ]
    if models := result.unknown_models:
        said.append(f"Models that neither price book nor ledger knows: {', '.join(models)}")
    if result.coarsened:
        said.append(
            "All amounts are compared. What one side alone says is left out, with the models "
            f"that it is about: {'; '.join(formats.coarsened(result))}"
        )
    return element(
        "details",
        element("summary", "For the administrator"),
        element("ul", *(element("li", each) for each in said), class_="listed small"),
    )


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]


_UNEXPLAINED = (RESIDUAL, *NOT_UNDERSTOOD)
_SECTIONS = (waterfall, projects, beside, models, each_line, unexplained)
