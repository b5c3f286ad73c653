"""The steps from the ledger to the bill, each with whom it is about and who does what."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from ..reports.page import parts
from ..reports.page.charts import legend_of_steps, step
from ..reports.page.markup import Markup, element, join
from ..reports.page.parts import Number
from . import formats, wording
from .causes import RESIDUAL

if TYPE_CHECKING:
    from ..reports.page.parts import Cell
    from .causes import Cause
    from .formats import Basis
    from .reconcile import Part, Reconciliation
    from .shown import Shown

# A waterfall whose steps are smaller than this part of the whole does not begin at 0.
_SMALL_STEPS = Fraction(1, 2)
_MOST_NAMES = 3
_LEDGER = "What the programs recorded, call by call, at the list prices of the price book."


def waterfall(result: Reconciliation, _: Basis, shown: Shown) -> Markup:
    """From the ledger to the bill, reason by reason."""
    steps = [*((cause.name, cause) for cause in result.causes if cause.cost), (RESIDUAL, None)]
    costs = [result.ledger, *(cause.cost if cause else result.residual for _, cause in steps)]
    levels = [sum(costs[: place + 1], Fraction(0)) for place in range(len(costs))]
    scale = _Scale(levels)
    broken = scale.begin > 0
    first = step(None, scale(levels[0]), broken=broken)
    rows = [_step("The ledger", [_LEDGER], shown.text(shown.ledger), first, is_whole=True)]
    for place, (name, cause) in enumerate(steps, start=1):
        about = _about(result, name, cause)
        amount = shown.text(shown.causes[name], costs[place], signed=True)
        drawn = step(scale(levels[place - 1]), scale(levels[place]))
        rows.append(_step(_sentence(wording.title(name)), about, amount, drawn))
    last = step(None, scale(levels[-1]), last=True, broken=broken)
    bill = "What AWS bills for tokens (pieces of text), before what else is on the bill."
    amount = shown.text(shown.bill)
    rows.append(_step("The bill, for tokens", [bill], amount, last, is_whole=True))
    return element(
        "section",
        element("h2", "From the ledger to the bill"),
        element("p", _said(scale.begin, shown), class_="quiet"),
        legend_of_steps(),
        element("ol", *rows, class_="steps"),
        *_neutral(result),
    )


def _said(begin: Fraction, shown: Shown) -> str:
    said = "From top to bottom the amounts add up, each rounded to the digits shown."
    if begin > 0:
        said += (
            f" The bars do not begin at $0 but at {shown.alone(begin)}, as their break marks say, "
            "so that small steps can be seen: compare the steps, not the whole bars."
        )
    return said


def _neutral(result: Reconciliation) -> list[Markup]:
    """What is on another line of the bill at the same price."""
    found = [cause for cause in result.causes if not cause.cost]
    if not found:
        return []
    items = [
        element(
            "li",
            element("b", _sentence(wording.title(cause.name))),
            *_paragraphs(_about(result, cause.name, cause)),
        )
        for cause in found
    ]
    title = element("h3", "Found as well, without a change of the sum")
    return [title, element("ul", *items, class_="listed")]


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
    return element(
        "li",
        element("div", element("b", name), *_paragraphs(about)),
        drawn,
        element("span", amount, class_="number"),
        class_="whole" if is_whole else None,
    )


def _paragraphs(texts: Iterable[str]) -> list[Markup]:
    return [element("p", each, class_="small quiet") for each in texts]


def _labeled(*pairs: tuple[str, str]) -> Markup:
    """Sentences, each after a word that says what it is about."""
    said: list[str] = []
    for label, text in pairs:
        said += [" " if said else "", element("b", f"{label}: "), f"{text}."]
    return join(said)


def _about(result: Reconciliation, name: str, cause: Cause | None) -> list[str]:
    """What it is, whom it is about, how sure that is, and who does what."""
    if cause is None and not result.residual_absolute:
        return ["Nothing is left."]
    where, teams = _where(result, name, cause)
    said = [wording.meaning(cause) if cause else wording.meaning_of(RESIDUAL)]
    if cause:
        if cause.tokens:
            said[0] += f" {parts.some(abs(cause.tokens), 'token')}."
        said += [
            f"{bound.name}: {formats.signed(bound.low)} to {formats.signed(bound.high)}"
            for bound in cause.bounds
        ]
    if name.startswith("price drift since "):
        since = name.removeprefix("price drift since ")
        said += [f"{each}." for day, each in formats.drifts(result) if day == since]
    sure = f" How sure: {wording.how_sure(cause)}." if cause else ""
    said += [*where, *_advice(name, teams)]
    return [f"{said[0]}{sure}", *said[1:]]


def _advice(name: str, teams: str) -> list[str]:
    told: list[str] = []
    for each in wording.advice(name):
        who, what = each.who.format(team=teams), each.what.format(team=teams)
        said = _labeled(("Who acts", who), ("What to do", what))
        command = f" For the administrator: {each.command}." if each.command else ""
        told.append(join([said, command]))
    return told


def _where(result: Reconciliation, name: str, cause: Cause | None) -> tuple[list[str], str]:
    """Whom and what it is about, in a sentence; and the projects by name."""
    found = [part for part in result.parts if any(each == name for each, _ in part.why)]
    kinds = sorted({part.kind.replace("_", " ") for part in found if part.kind})
    models = sorted({part.model for part in found if part.model})
    days = sorted({part.day for part in found})
    said = []
    teams = "the team"
    if result.grain == "project":
        teams = _projects(found, result)
        said.append(("Project", teams))
    if models:
        said.append(("Model", f"{_listed(models)} ({', '.join(kinds)} tokens)"))
    elif cause:
        notes = sorted({each.note for each in cause.details if each.note})
        said.append(("On the bill", _listed(notes)))
    if days:
        label = "Day" if len(days) == 1 else "Days"
        said.append((label, parts.days(days[0], days[-1])))
    return [_labeled(*said)] if said else [], teams


def _projects(found: Sequence[Part], result: Reconciliation) -> str:
    """Who is concerned, the most first; where something moved, who lacks it."""
    amounts: dict[str, Fraction] = defaultdict(Fraction)
    for part in found:
        amounts[part.tag] += abs(part.bill - part.ledger)
    names = sorted((name for name in amounts if name), key=lambda name: (-amounts[name], name))
    every = {part.tag for part in result.parts if part.tag}
    if len(names) > _MOST_NAMES and len(names) == len(every):
        return f"all {len(names)} projects"
    return _listed(names) or "no project"


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_MOST_NAMES])
    more = len(names) - _MOST_NAMES
    return f"{shown} and {more} more" if more > 0 else shown


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


# --- What else is on the bill ---------------------------------------------------------------------


def beside(result: Reconciliation, _: Basis, shown: Shown) -> Markup:
    """What is on the bill and is not compared."""
    if not result.bars:
        return Markup("")
    rows: list[list[Cell]] = [
        [_explained("For tokens", "As above."), Number(shown.charge(shown.usage, result.usage))]
    ]
    rows += [
        [
            _explained(_sentence(name), wording.meaning_of_bar(name)),
            Number(shown.charge(shown.bars[name], cost, signed=True)),
        ]
        for name, cost in result.bars.items()
    ]
    total = shown.charge(shown.total, result.total)
    table = parts.table(["What", Number("Amount")], rows, total=["All of Bedrock", Number(total)])
    said = (
        f"{_sentence(' and '.join(result.bars))}: this page does not divide that, and no project "
        "bears any of it here. It can be divided in proportion to what each project is charged "
        "(for the administrator: costmark chargeback --amounts bill)."
    )
    return element(
        "section",
        element("h2", "Also on the bill"),
        element("p", said, class_="quiet"),
        parts.scrolling(table, "Also on the bill"),
    )


def _explained(name: str, about: str) -> Markup:
    return join([element("span", name), element("p", about, class_="small quiet")])
