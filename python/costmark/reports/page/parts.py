"""What the pages have in common: head, states, tables, amounts."""

from __future__ import annotations

import dataclasses
import datetime as dt
from types import MappingProxyType
from typing import TYPE_CHECKING

from .. import formats
from ..state_words import none_of
from ..summary import Sums
from .charts import bar, swatch
from .markup import Markup, element, visible
from .palette import FAINT_LINE, LINE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ..overview import Cache
    from ..state_words import State
    from ..summary import Report

_STATES = (
    "And what is uncertain in them. Nothing of it is counted as $0: an amount of which a part has "
    "no price is marked + ?."
)
_MANY_NAMES = 4  # columns of names, above which they are narrow
_UNKNOWN = "\u2013"
_MARK = " + ?"
_MORE = "Some of the usage has no price; the states below say how much."
_UNITS = ((10**12, "T"), (10**9, "B"), (10**6, "M"), (10**4, "K"))


def head(title: str, period: str, old_book: dt.date | None) -> Markup:
    """Title and period, and a notice where the price book is old: of that day."""
    mark = element("rect", width="12", height="12", rx="3", fill=LINE[0])
    notice = []
    if old_book is not None:
        said = (
            f"The price book is of {day(old_book)}, which is more than 30 days ago. Newer prices "
            "may differ: costmark prices sync makes a new book, as docs/prices.md has it."
        )
        notice.append(element("p", said, class_="notice small", role="note"))
    return element(
        "header",
        element(
            "h1",
            element("svg", mark, class_="mark", viewBox="0 0 12 12", aria_hidden="true"),
            title,
        ),
        element("p", period, class_="quiet"),
        *notice,
    )


def states(report: Report) -> Markup:
    """What the sums of a report leave out, or are not sure of."""
    return states_section(formats.states(report))


def states_section(shown: Sequence[State]) -> Markup:
    """States with their counts and what they mean, and the names of those that there is none of."""
    counts = [
        element(
            "div",
            element("dt", each.name.capitalize()),
            element("dd", f"{each.count:,}"),
            element("dd", each.said, class_="small"),
        )
        for each in shown
        if each.count
    ]
    others = "; ".join(none_of(shown))
    return element(
        "section",
        element("h2", "What these sums leave out"),
        *([element("p", _STATES, class_="quiet")] if counts else []),
        *([element("dl", *counts, class_="states")] if counts else []),
        *([element("p", f"None of: {others}.", class_="quiet small none-of")] if others else []),
    )


def amount(sums: Sums) -> Markup:
    """What is known of the cost, large; and a mark where there is more."""
    if sums.known_pico is None:
        return element("p", "No price", class_="amount")
    return large(formats.dollars(sums.cost_pico), is_known=sums.is_known)


def large(said: str, *, is_known: bool) -> Markup:
    """The amount that is read first."""
    return element("p", *_marked(said if is_known else said + _MARK), class_="amount")


def _marked(said: str) -> list[str]:
    """An amount whose mark is set apart, if it has one."""
    known, mark, _ = said.partition(_MARK)
    return [known, element("span", mark, title=_MORE)] if mark else [known]


def figures(shown: Iterable[tuple[str, str, str]], kind: str) -> Markup:
    """Numbers to be read first: name, value, and what belongs to it."""
    return element(
        "dl",
        *(
            element(
                "div",
                element("dt", name),
                element("dd", *_marked(value)),
                element("dd", more, class_="small"),
            )
            for name, value, more in shown
        ),
        class_=f"figures {kind}",
    )


def foot(report: Report, now: dt.datetime) -> Markup:
    """Where the numbers come from."""
    return element(
        "footer",
        element(
            "p",
            f"Made by costmark on {now:%Y-%m-%d %H:%M} UTC from {counted(report.files, 'file')} of "
            "rows. This page loads nothing and stores nothing.",
        ),
        element("p", "Price book ", element("code", report.book.hash)),
    )


def basis(book_date: dt.date) -> str:
    """What the amounts are."""
    return f"At list prices of {day(book_date)}. An estimate from what was used, not AWS's bill."


def period(report: Report, steps: Sequence[dt.datetime], step: str) -> str:
    """From when to when, in words."""
    only = formats.only(report)
    if report.since is None and not steps:
        return f"no calls{only}"
    since = report.since or steps[0]
    exact = step == "hour"
    begin = f"{since:%Y-%m-%d %H:%M}" if exact else day(since.date())
    if report.until is None:
        return f"{begin} until now, UTC{only}"
    last = report.until - dt.timedelta(microseconds=1)
    return (
        f"{begin} to {f'{report.until:%Y-%m-%d %H:%M}' if exact else day(last.date())}, UTC{only}"
    )


def day(date: dt.date) -> str:
    """A day for people: ``30 Nov 2026``."""
    return f"{date.day} {date:%b %Y}"


def days(first: dt.date, last: dt.date) -> str:
    """Whole days: ``1 Nov 2026 to 30 Nov 2026``, or the one that it is."""
    return day(first) if first == last else f"{day(first)} to {day(last)}"


def name_of(value: str | None) -> str:
    """A value, or what to say where there is none, as tables of text do."""
    return visible(formats.key_text(value))


def named(
    value: str | None, dimension: str, names: Mapping[str, str] = MappingProxyType({})
) -> Markup:
    """The same as an element: set apart, so that its direction turns nothing around it.

    A project that has one of the ``names`` is shown by it, and its id when one points at it.
    """
    if value is None:
        return element("bdi", name_of(value), class_="quiet")
    name = names.get(value, value) if dimension == "project" else value
    title = value if name == value else f"{name}, {value}"
    return element("bdi", name or '""', title=title)


def title_of(dimension: str) -> str:
    """The heading of a dimension's column; keys of tags and labels stay as they are written."""
    kind, _, key = dimension.partition(":")
    return visible(key) if kind in {"tag", "label"} else dimension.capitalize()


def legend(names: Sequence[str]) -> Markup:
    """The names of lines."""
    colors = (LINE[0], FAINT_LINE[0])
    items = [
        element("span", swatch(color), name) for color, name in zip(colors, names, strict=False)
    ]
    return element("p", *items, class_="legend small quiet")


def bar_of(value: int, most: int) -> Markup:
    """A bar as long as its share of the longest."""
    return bar(value / most if most else 0.0)


def empty(said: str) -> Markup:
    """What stands where there is nothing."""
    return element("p", said, class_="empty")


def tools(name: str, label: str) -> Markup:
    """The filter of a table, which its script shows."""
    field = element("input", type="search", autocomplete="off", spellcheck="false")
    return element(
        "div",
        element("label", label, field),
        element("output", class_="small quiet", aria_live="polite"),
        class_="tools",
        id=name,
        hidden=True,
    )


def scrolling(content: Markup, label: str) -> Markup:
    """A table that scrolls sideways where it is wider than the page, also by keyboard."""
    return element("div", content, class_="scroll", role="region", tabindex="0", aria_label=label)


@dataclasses.dataclass(frozen=True)
class Number:
    """A cell that is aligned as a number, and what its column sorts by."""

    text: str
    value: int | None = None
    digits: int | None = None
    """Of a total: its filter adds up the values of the lines that are left, with these digits."""
    title: str | None = None
    """What is said where one points at it."""


Cell = str | Number


def table(
    titles: Sequence[Cell],
    rows: Sequence[Sequence[Cell]],
    *,
    total: Sequence[Cell] = (),
    sorted_by: int | None = None,
    tools: str | None = None,
    wraps: bool = False,
) -> Markup:
    """A table; the rows fall by column ``sorted_by``, and ``tools`` is the id of its filter.

    Names are cut where they are too long, or broken where it ``wraps``.
    """
    has_many = sum(isinstance(title, str) for title in titles) > _MANY_NAMES
    kinds = [
        *(["sorts"] if tools else []),
        *(["wraps"] if wraps else []),
        *(["many"] if has_many and not wraps else []),
    ]
    heads = [
        _cell("th", title, scope="col", aria_sort="descending" if place == sorted_by else None)
        for place, title in enumerate(titles)
    ]
    foot = [element("tfoot", _table_row(total))] if total else []
    return element(
        "table",
        element("thead", element("tr", *heads)),
        element("tbody", *map(_table_row, rows)),
        *foot,
        class_=" ".join(kinds) or None,
        data_tools=tools,
    )


def _table_row(cells: Sequence[Cell]) -> Markup:
    first, *others = cells
    return element("tr", _cell("th", first, scope="row"), *(_cell("td", each) for each in others))


def _cell(name: str, cell: Cell, **attributes: str | None) -> Markup:
    if isinstance(cell, str):
        return element(name, cell, **attributes)
    value = None if cell.value is None else str(cell.value)
    digits = None if cell.digits is None else str(cell.digits)
    given = {"data_n": value, "data_digits": digits, "title": cell.title, **attributes}
    return element(name, cell.text, class_="number", **given)


def together(sums: Iterable[Sums]) -> Sums:
    """The sum of sums."""
    total = Sums()
    for each in sums:
        total.add(each)
    return total


def share(part: int, whole: int) -> str:
    """A part of the whole, in percent."""
    if not whole:
        return _UNKNOWN
    percent = 100 * part / whole
    return f"{percent:.1f}%" if 0 < percent < 9.95 else f"{percent:.0f}%"


def share_of(sums: Sums, total: int) -> str:
    """How much of a total these are; what has no price is no part of it."""
    return _UNKNOWN if sums.known_pico is None else share(sums.cost_pico, total)


def short(count: int) -> str:
    """A count in three digits: ``1.24B``."""
    for size, unit in _UNITS:
        if count >= size:
            size = 1000 if unit == "K" else size
            return (
                f"{count / size:.3g}{unit}" if count < 1000 * size else f"{count / size:,.0f}{unit}"
            )
    return f"{count:,}"


def tokens(count: int) -> Number:
    """A count of tokens in a cell: in three digits, and whole where one points at it."""
    said = short(count)
    whole = f"{count:,}"
    return Number(said, count, title=None if said == whole else whole)


def duration(micros: int | None) -> str:
    """A time for people."""
    if micros is None:
        return _UNKNOWN
    if micros < 1000:
        return f"{micros} µs"
    return f"{micros / 1e6:,.2f} s" if micros >= 1_000_000 else f"{micros / 1000:,.0f} ms"


def saved(cache: Cache) -> str:
    """What caching saved, or cost."""
    if not cache.cached:
        return "no input was"
    amount = formats.dollars(abs(cache.saved_pico))
    return f"cost {amount} more" if cache.saved_pico < 0 else f"saved {amount}"


def some(count: int, noun: str) -> str:
    """A count of things, shortened."""
    return f"{short(count)} {noun}{'' if count == 1 else 's'}"


def counted(count: int, noun: str) -> str:
    """A count of things."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
