"""The page of a reconciliation: for finance, from the one sentence to the last line."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from ..reports.chargeback.amounts import Column
from ..reports.page import parts
from ..reports.page.charts import step
from ..reports.page.markup import Markup, document, element, join
from ..reports.page.parts import Number
from . import formats, wording
from .causes import RESIDUAL
from .groups import by_project, grouped

if TYPE_CHECKING:
    from ..reports.page.parts import Cell
    from .causes import Cause
    from .formats import Basis
    from .groups import Group
    from .reconcile import Reconciliation

_CENTS_FROM_PICO = 10 * 10**12
_MOST_REASONS = 3
_MOST_ROWS = 400
# A waterfall whose steps are smaller than this part of the whole does not begin at 0.
_SMALL_STEPS = Fraction(1, 2)


def reconcile_page(result: Reconciliation, basis: Basis) -> str:
    """The page as one file of HTML: nothing is loaded, and it can be read without its script."""
    title = "Bedrock: ledger and bill"
    window = result.window
    period = f"{parts.days(window.first, window.last)}, UTC"
    book = basis.book
    main = element(
        "main",
        _opening(result),
        *(make(result, basis) for make in _SECTIONS if not result.is_empty),
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
            element("p", "Price book ", element("code", book.hash)),
        ),
        scripted=not result.is_empty,
    )


def _opening(result: Reconciliation) -> Markup:
    usage, ledger, total, residual = _figures(
        [result.usage, result.ledger, result.total, result.residual_absolute]
    )
    figures = [
        (
            "AWS bills for tokens",
            usage,
            f"{formats.coverage(result)} of it is understood line by line",
        ),
        ("The ledger has", ledger, "at the list prices of the book"),
        ("Without a known reason", residual, "all of it added up, whether too much or too little"),
        ("All of Bedrock", total, "with tax, credits and what else is on the bill"),
    ]
    return element(
        "section",
        element(
            "div",
            element("p", formats.lead(result), class_="lead"),
            *(element("p", each, class_="quiet") for each in formats.reservations(result)),
        ),
        parts.figures(figures, "row"),
        class_="opening",
        aria_label="Summary",
    )


# --- From the ledger to the bill ------------------------------------------------------------------


def _waterfall(result: Reconciliation, _: Basis) -> Markup:
    steps = [*((cause.name, cause) for cause in result.causes if cause.cost), (RESIDUAL, None)]
    costs = [result.ledger, *(cause.cost if cause else result.residual for _, cause in steps)]
    levels = [sum(costs[: place + 1], Fraction(0)) for place in range(len(costs))]
    scale = _Scale(levels)
    # As fine as the steps are: a cent that rounding moves would look like a fault.
    shown = _column(costs, like=costs[1:])
    first = step(None, scale(levels[0]))
    rows = [_step("The ledger, at list prices", [_LEDGER], shown.cells[0], first, is_whole=True)]
    for place, (name, cause) in enumerate(steps, start=1):
        about = _about(cause) if cause else _about_residual(result)
        amount = f"+{shown.cells[place]}" if costs[place] > 0 else shown.cells[place]
        drawn = step(scale(levels[place - 1]), scale(levels[place]))
        rows.append(_step(_sentence(_reason(name)), about, amount, drawn))
    last = step(None, scale(levels[-1]), last=True)
    rows.append(_step("The bill, for tokens", [_BILL], shown.total(), last, is_whole=True))
    broken = (
        f" The bars begin at {formats.money(scale.begin)}, so that small steps can be seen."
        if scale.begin > 0
        else ""
    )
    return element(
        "section",
        element("h2", "From the ledger to the bill"),
        element(
            "p",
            "Every difference has a name, or stands as one that has no known reason. From top to "
            f"bottom the amounts add up.{broken}",
            class_="quiet",
        ),
        element("ol", *rows, class_="steps"),
        *_neutral(result),
        *_beside(result),
    )


def _neutral(result: Reconciliation) -> list[Markup]:
    """What is on another line of the bill at the same price."""
    found = [cause for cause in result.causes if not cause.cost]
    if not found:
        return []
    items = []
    for cause in found:
        texts = [*_about(cause), *_moved(result, cause)]
        paragraphs = (element("p", each, class_="small quiet") for each in texts)
        items.append(element("li", element("b", _sentence(cause.name)), *paragraphs))
    title = element("h3", "Found as well, without a change of the sum")
    return [title, element("ul", *items, class_="listed")]


_LEDGER = "What the programs recorded, call by call, at the prices of the book."
_BILL = "What AWS charges for tokens, before tax, credits and discounts."


class _Scale:
    """Amounts as shares of the width."""

    def __init__(self, levels: Sequence[Fraction]) -> None:
        low, high = min(levels), max(levels)
        span = high - low
        self.begin = min(low, Fraction(0))
        if 0 < span < _SMALL_STEPS * high:
            self.begin = low - span / 2
        self._width = (high - self.begin) or Fraction(1)

    def __call__(self, level: Fraction) -> float:
        return float((level - self.begin) / self._width)


def _step(
    name: str, about: Iterable[str], amount: str, drawn: Markup, *, is_whole: bool = False
) -> Markup:
    """A line of the waterfall."""
    texts = (element("p", each, class_="small quiet") for each in about)
    return element(
        "li",
        element("div", element("b", name), *texts),
        drawn,
        element("span", amount, class_="number"),
        class_="whole" if is_whole else None,
    )


def _moved(result: Reconciliation, cause: Cause) -> list[str]:
    """From whom to whom a cause moves an amount that changes no sum."""
    by_tag: dict[str, Fraction] = defaultdict(Fraction)
    for part in result.parts:
        by_tag[part.tag] += sum(
            (cost for name, cost in part.why if name == cause.name), Fraction(0)
        )
    told = [
        f"{tag or 'default or untagged'} {formats.signed(cost)}"
        for tag, cost in sorted(by_tag.items(), key=lambda each: (each[1], each[0]))
        if cost
    ]
    return [f"Whose bill it changes: {', '.join(told)}."] if told else []


def _about_residual(result: Reconciliation) -> list[str]:
    said = [wording.meaning_of(RESIDUAL)]
    return [*said, f"To do: {wording.to_do(RESIDUAL)}."] if result.residual_absolute else said


def _about(cause: Cause) -> list[str]:
    tokens = f" {parts.short(abs(cause.tokens))} tokens." if cause.tokens else ""
    bounds = [
        f"{bound.name}: {formats.signed(bound.low)} to {formats.signed(bound.high)}"
        for bound in cause.bounds
    ]
    advice = f"How sure: {wording.how_sure(cause)}. To do: {wording.to_do(cause.name)}."
    return [wording.meaning(cause) + tokens, *bounds, advice]


def _beside(result: Reconciliation) -> list[Markup]:
    """What else is on the bill."""
    if not result.bars:
        return []
    shown = _column([result.usage, *result.bars.values()])
    rows: list[list[Cell]] = [[_explained("For tokens", "As above."), Number(shown.cells[0])]]
    rows += [
        [_explained(name.capitalize(), wording.meaning_of_bar(name)), Number(amount)]
        for name, amount in zip(result.bars, shown.cells[1:], strict=True)
    ]
    table = parts.table(
        ["What", Number("Amount")], rows, total=["All of Bedrock", Number(shown.total())]
    )
    return [element("h3", "Also on the bill"), parts.scrolling(table, "Also on the bill")]


def _explained(name: str, about: str) -> Markup:
    return join([element("span", name), element("p", about, class_="small quiet")])


# --- Who spent what -------------------------------------------------------------------------------


def _projects(result: Reconciliation, basis: Basis) -> Markup:
    heading = element("h2", "Who spent what", id="projects", tabindex="-1")
    groups = by_project(result)
    if not groups:
        said = "The two are compared by model alone, without projects."
        return element("section", heading, parts.empty(said))
    said = (
        f"By the tag {basis.tag}, as AWS puts it on the bill. The difference of a line is the sum "
        "of its reasons."
    )
    if result.bars:
        said += " What else is on the bill is not divided here; costmark chargeback does that."
    return element(
        "section",
        heading,
        element("p", said, class_="quiet"),
        parts.scrolling(_table(groups, groups, ["tag"], basis), "Projects"),
    )


def _models(result: Reconciliation, basis: Basis) -> Markup:
    groups = grouped(result.parts, "model")
    table = parts.scrolling(_table(groups, groups, ["model"], basis), "Models")
    return element("section", element("h2", "By model"), table)


def _each(result: Reconciliation, basis: Basis) -> Markup:
    fields = ["tag", "model"] if result.grain == "project" else ["model", "kind"]
    groups = grouped(result.parts, *fields)
    shown = groups[:_MOST_ROWS]
    table = _table(shown, groups, fields, basis, tools="each-tools")
    more = len(groups) - len(shown)
    note = [element("p", f"And {more:,} more lines; --format csv has all.", class_="quiet")]
    heading = "By project and model" if fields[0] == "tag" else "By model and kind of token"
    return element(
        "section",
        element("h2", heading),
        parts.tools("each-tools", "Filter by name"),
        parts.scrolling(table, heading),
        *(note if more else []),
    )


def _table(
    groups: Sequence[Group],
    every: Sequence[Group],
    fields: Sequence[str],
    basis: Basis,
    *,
    tools: str | None = None,
) -> Markup:
    """The first groups of some; the total is that of every one."""
    titles = {"tag": _title(basis.tag), "model": "Model", "kind": "Tokens"}
    amounts = [
        _column([getattr(group, name) for group in every])
        for name in ("bill", "ledger", "difference")
    ]
    whole = sum((group.bill for group in every), Fraction(0))
    most = max((group.bill for group in every), default=Fraction(0))
    rows: list[list[Cell]] = []
    for place, group in enumerate(groups):
        first, *others = (_named(*each) for each in zip(fields, group.names, strict=True))
        picos = (group.bill, group.ledger, group.difference)
        bill, ledger, difference = (
            Number(column.cells[place], round(pico))
            for column, pico in zip(amounts, picos, strict=True)
        )
        share = Number(parts.share(round(group.bill), round(whole)), round(group.bill))
        bar = parts.bar_of(max(round(group.bill), 0), round(most))
        rows.append([join([first, bar]), *others, bill, share, ledger, difference, _why(group)])
    bill_sum, ledger_sum, difference_sum = (Number(column.total()) for column in amounts)
    return parts.table(
        [
            *(titles[name] for name in fields),
            *map(Number, ("Bill", "Share", "Ledger", "Difference")),
            "Why the bill differs",
        ],
        rows,
        total=[
            "Total",
            *([""] * (len(fields) - 1)),
            *(bill_sum, Number(""), ledger_sum, difference_sum, ""),
        ],
        sorted_by=len(fields),
        tools=tools,
    )


def _title(tag: str) -> str:
    return "Project" if tag == "costmark_project" else tag


def _named(field: str, value: str) -> Markup:
    if value:
        return element("bdi", value, title=value)
    absent = {"tag": "Default or untagged", "model": "Not understood", "kind": ""}
    return element("bdi", absent[field], class_="quiet")


def _why(group: Group) -> Markup:
    """The largest reasons, and how much the others are together."""
    reasons = group.reasons()
    if not reasons:
        return element("span", "Agrees", class_="why quiet")
    shown = reasons[:_MOST_REASONS]
    texts = [(_reason(name), cost) for name, cost in shown]
    if rest := reasons[_MOST_REASONS:]:
        other = sum((cost for _, cost in rest), Fraction(0))
        texts.append((f"{len(rest)} other reasons", other))
    said: list[str] = []
    for name, cost in texts:
        said += [", " if said else "", f"{name} ", element("span", formats.signed(cost))]
    return element("span", *said, class_="why")


def _reason(name: str) -> str:
    return "no known reason" if name == RESIDUAL else name


# --- What it rests on -----------------------------------------------------------------------------


def _open(result: Reconciliation, basis: Basis) -> Markup:
    """What someone should look at."""
    listed = formats.open_lists(result)
    if not listed:
        return Markup("")
    content: list[str] = []
    for title, lines in listed:
        content.append(element("h3", title[0].upper() + title[1:]))
        content.append(element("ul", *(element("li", line) for line in lines), class_="listed"))
    return element("section", element("h2", "To look into"), *content)


def _assumptions(result: Reconciliation, basis: Basis) -> Markup:
    facts = [*formats.data_age(basis), *formats.basis_lines(result, basis)]
    return element(
        "section",
        element("h2", "What this rests on"),
        element("ul", *(element("li", _sentence(each)) for each in facts), class_="facts"),
    )


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]


def _column(amounts: Sequence[Fraction], like: Sequence[Fraction] | None = None) -> Column:
    """Amounts below one another, rounded so that they add up as they are shown.

    They have as many digits as amounts ``like`` these, by default as they themselves.
    """
    picos = [round(amount) for amount in amounts]
    return Column(picos, _digits(like or amounts), [True] * len(picos))


def _figures(amounts: Sequence[Fraction]) -> list[str]:
    """Amounts that are no parts of a sum: each is rounded by itself."""
    digits = _digits(amounts)
    return [Column([round(amount)], digits, [True]).total() for amount in amounts]


def _digits(amounts: Iterable[Fraction]) -> int:
    return 2 if max(map(abs, amounts), default=0) >= _CENTS_FROM_PICO else 4


_SECTIONS = (_waterfall, _projects, _models, _each, _open)
