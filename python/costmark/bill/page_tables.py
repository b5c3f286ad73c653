"""Who spent what, and what each is to be charged; then what is not explained, line by line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..reports.page import parts
from ..reports.page.markup import Markup, element, join
from ..reports.page.parts import Number
from . import causes, wording
from .causes import WITHOUT_TAG
from .groups import Group
from .shown import Line, percents

if TYPE_CHECKING:
    import datetime as dt
    from fractions import Fraction

    from ..reports.page.parts import Cell
    from .causes import Detail
    from .formats import Basis
    from .keys import Unmapped
    from .reconcile import Reconciliation
    from .shown import Shown

_MOST_REASONS = 3
_MOST_ROWS = 400
_MOST_DETAILS = 10
_EACH = "each-tools"


def projects(result: Reconciliation, basis: Basis, shown: Shown) -> Markup:
    """What each project is to be charged, and why that is not what the ledger has."""
    heading = element("h2", "Who spent what", id="projects", tabindex="-1")
    if result.grain != "project":
        said = "The two are compared by model alone, without projects."
        return element("section", heading, parts.empty(said))
    table = _Table(shown, basis, ["tag"], shown.lines("tag"))
    return element(
        "section",
        heading,
        *(element("p", each, class_="quiet") for each in _how_to_read(basis, shown)),
        parts.scrolling(table.markup(), "Projects"),
    )


def _how_to_read(basis: Basis, shown: Shown) -> list[str]:
    charge = (
        "To charge = On the bill + Moved: what a project spent and AWS billed without a project is "
        "moved to the project that spent it, where that is certain."
        if shown.has_moved
        else "To charge is what is on the bill: nothing has to be moved to another project."
    )
    digits = (
        "To charge is in whole cents, as it is posted; the other amounts have four digits, so that "
        "small differences can be seen"
        if shown.digits != shown.charge_digits
        else "All amounts have the same digits"
    )
    bill = "On the bill + Moved" if shown.has_moved else "On the bill"
    return [
        f"By the tag {basis.tag}. {charge}{_unclaimed(shown)} Difference = {bill} - Ledger = the "
        "sum of the reasons. All of it is before tax, credits and what else is on the bill.",
        f"{digits}. Each column is rounded so that it adds up to its total, and so are all tables "
        "of this page together; a single amount may therefore be off by its last digit.",
    ]


def _unclaimed(shown: Shown) -> str:
    left = [line for line in shown.lines("tag") if not line.group.names[0] and line.charge]
    if not left:
        return ""
    amount = shown.charge(left[0].charge)
    return f" Of {amount} it is not known who spent it; FinOps has to decide who bears it."


def models(_: Reconciliation, basis: Basis, shown: Shown) -> Markup:
    """The same by model."""
    table = _Table(shown, basis, ["model"], shown.lines("model"))
    return element("section", element("h2", "By model"), parts.scrolling(table.markup(), "Models"))


def each_line(result: Reconciliation, basis: Basis, shown: Shown) -> Markup:
    """By both: the lines that differ, and those that agree, folded away."""
    is_by_project = result.grain == "project"
    fields = ["tag", "model"] if is_by_project else ["model", "kind"]
    heading = "By project and model" if is_by_project else "By model and kind of token"
    lines = shown.lines(*fields)
    differing = [line for line in lines if not line.agrees or line.moved]
    agreeing = [line for line in lines if line.agrees and not line.moved]
    content: list[Markup] = []
    if differing:
        table = _Table(shown, basis, fields, differing, tools=_EACH)
        content.append(parts.scrolling(table.markup(), heading))
    if agreeing:
        table = _Table(shown, basis, fields, agreeing, tools=_EACH)
        count = parts.counted(len(agreeing), "other line")
        said = f"{count} without a difference, {table.total} in all"
        content.append(
            element(
                "details",
                element("summary", said),
                parts.scrolling(table.markup(), f"{heading}, without a difference"),
            )
        )
    told = f"{parts.counted(len(differing), 'line')} of {len(lines):,} differ or were moved."
    if max(len(differing), len(agreeing)) > _MOST_ROWS:
        told += (
            f" Of each kind the {_MOST_ROWS} dearest are shown; a file has all of them (for the "
        )
        told += "administrator: --format csv)."
    return element(
        "section",
        element("h2", heading),
        element("p", told, class_="quiet"),
        parts.tools(_EACH, "Filter by project, model or reason"),
        *content,
    )


class _Table:
    """Lines with their amounts; the total is that of all of them."""

    def __init__(
        self,
        shown: Shown,
        basis: Basis,
        fields: Sequence[str],
        lines: Sequence[Line],
        *,
        tools: str | None = None,
    ) -> None:
        self._shown = shown
        self._titles = {"tag": _title(basis.tag), "model": "Model", "kind": "Tokens"}
        self._fields = fields
        self._lines = lines
        self._tools = tools
        self._has_charge = fields[0] == "tag"
        self._has_moved = self._has_charge and shown.has_moved
        self._sum = Line(Group(()))
        for line in lines:
            self._sum.add(line)

    @property
    def total(self) -> str:
        """What is charged for these lines."""
        return self._amounts(self._sum)[0].text

    def markup(self) -> Markup:
        kept = self._lines[:_MOST_ROWS]
        has_shares = not self._tools
        shares = percents([line.group.charge for line in self._lines]) if has_shares else []
        rows: list[list[Cell]] = []
        for place, line in enumerate(kept):
            share = map(Number, shares[place : place + 1])
            rows.append([self._names(line), *self._amounts(line), *share, self._why(line)])
        total = (
            "Total"
            if len(kept) == len(self._lines)
            else f"Total of {parts.counted(len(self._lines), 'line')}"
        )
        whole = [Number("100.0%" if self._sum.charge else "")] if has_shares else []
        return parts.table(
            [" and ".join(self._heads()), *map(Number, self._columns()), "Why it differs"],
            rows,
            total=[total, *self._amounts(self._sum, sums=bool(self._tools)), *whole, ""],
            sorted_by=1,
            tools=self._tools,
            wraps=True,
        )

    def _heads(self) -> list[str]:
        first, *others = (self._titles[field] for field in self._fields)
        return [first, *(other.lower() for other in others)]

    def _columns(self) -> list[str]:
        return [
            *(["To charge"] if self._has_charge else []),
            "On the bill",
            *(["Moved"] if self._has_moved else []),
            "Ledger",
            "Difference",
            *([] if self._tools else ["Share"]),
        ]

    def _names(self, line: Line) -> Markup:
        pairs = zip(self._fields, line.group.names, strict=True)
        return join([_named(field, value) for field, value in pairs])

    def _amounts(self, line: Line, *, sums: bool = False) -> list[Number]:
        text, digits, group = self._shown.text, self._shown.digits, line.group
        whole = line is self._sum
        found: list[Number] = []
        if self._has_charge:
            said = self._shown.charge(line.charge, None if whole else group.charge)
            found.append(Number(said, line.charge, self._shown.charge_digits if sums else None))
        ledger, bill = (None, None) if whole else (group.ledger, group.bill)
        amounts = [
            (text(line.bill, bill), line.bill),
            *([(self._moved(line), line.moved)] if self._has_moved else []),
            (text(line.ledger, ledger), line.ledger),
            (text(line.difference, signed=True), line.difference),
        ]
        return [*found, *(Number(*each, digits if sums else None) for each in amounts)]

    def _moved(self, line: Line) -> str:
        return self._shown.text(line.moved, signed=True) if line.moved else ""

    def _why(self, line: Line) -> Markup:
        """The largest reasons, and how much the others are together."""
        reasons = [
            (wording.title(name), line.why.get(name, 0), cost)
            for name, cost in line.group.reasons()
            if name != WITHOUT_TAG or line.why.get(name)
        ]
        texts = [
            (name, self._shown.text(units, cost, signed=True))
            for name, units, cost in reasons[:_MOST_REASONS]
        ]
        if rest := reasons[_MOST_REASONS:]:
            units = sum(units for _, units, _ in rest)
            texts.append((f"{len(rest)} other reasons", self._shown.text(units, signed=True)))
        said: list[str] = []
        for name, amount in texts:
            said += [", " if said else "", f"{name} ", element("span", amount)]
        if not said:
            return element("span", _agreed(line), class_="why quiet")
        return element("span", *said, class_="why")


def _agreed(line: Line) -> str:
    if not line.moved:
        return "Agrees"
    return "Agrees, once moved here" if line.moved > 0 else "Agrees, once moved to who spent it"


def _title(tag: str) -> str:
    return "Project" if tag == "costmark_project" else tag


def _named(field: str, value: str) -> Markup:
    if value:
        return element("bdi", value.replace("_", " ") if field == "kind" else value)
    absent = {"tag": "Default or untagged", "model": "Unknown kind of usage", "kind": ""}
    return element("bdi", absent[field], class_="quiet")


# --- What is not explained ------------------------------------------------------------------------


def unexplained(result: Reconciliation, basis: Basis, shown: Shown) -> Markup:
    """The lines that someone has to ask about."""
    largest = sorted(result.residuals, key=lambda each: (-abs(each.cost), repr(each.key)))
    unknown = sorted(
        [
            *((causes.UNMAPPED, each) for each in result.unmapped),
            *((causes.UNIT_FAULT, each) for each in result.unit_faults),
        ],
        key=lambda each: -abs(each[1].line.cost),
    )
    rows = [
        *(_residual(each, shown) for each in largest[:_MOST_DETAILS]),
        *(_unknown(name, each, shown) for name, each in unknown[:_MOST_DETAILS]),
    ]
    if not rows:
        return Markup("")
    project = [_title(basis.tag)] if shown.has_projects else []
    titles: list[Cell] = [
        "What",
        Number("Amount"),
        "Day",
        *project,
        "On the bill as",
        "AWS account",
    ]
    more = len(largest) + len(unknown) - len(rows)
    said = f"The largest lines; {more:,} smaller ones are not shown." if more else ""
    return element(
        "section",
        element("h2", "Not explained, line by line"),
        element("p", f"What to ask AWS support about. {said}", class_="quiet"),
        parts.scrolling(parts.table(titles, rows), "Not explained"),
    )


def _residual(detail: Detail, shown: Shown) -> list[Cell]:
    key = detail.key
    assert key is not None  # noqa: S101 - what has no key is unmapped, and not in the residual
    billed = [key.model, key.kind.replace("_", " "), key.tier, key.serving, key.region]
    as_what = ", ".join(each for each in billed if each)
    return _row(causes.RESIDUAL, detail.cost, key.day, key.tag, as_what, key.account, shown)


def _unknown(name: str, each: Unmapped, shown: Shown) -> list[Cell]:
    line = each.line
    as_what = f"{line.usage_type or '(no usage type)'}: {each.why}"
    cost = line.cost * 10**12
    return _row(name, cost, line.day, line.tag, as_what, line.account, shown)


def _row(
    name: str,
    cost: Fraction,
    day: dt.date,
    tag: str | None,
    as_what: str,
    account: str | None,
    shown: Shown,
) -> list[Cell]:
    title = wording.title(name).partition(": ")[2]
    return [
        title[0].upper() + title[1:],
        Number(shown.alone(cost, signed=True)),
        parts.day(day),
        *([_named("tag", tag or "")] if shown.has_projects else []),
        element("span", as_what, class_="why"),
        account or "",
    ]
