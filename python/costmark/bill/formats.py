"""A reconciliation as text: for people, and for programs."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from ..reports.formats import counted, dollars, usd
from .causes import NOT_BILLED_YET, UNPRICED
from .cloudwatch import EVERY_PROJECT, Comparison, Counts
from .wording import NOT_UNDERSTOOD

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..prices import PriceBook
    from .causes import Cause, Detail
    from .keys import Unmapped
    from .lines import Key, Window
    from .reconcile import Reconciliation

_MOST_DETAILS = 10
_TINY_PICO = 10**8
_BY_MODEL = "(runtime, every project)"
_ABOUT_RUNTIME = (
    "of the runtime endpoint CloudWatch has models and no projects: these rows are all projects "
    "and clients of the account together, with input that was not cached"
)


@dataclass(frozen=True)
class Basis:
    """What a reconciliation rests on, beside its numbers."""

    book: PriceBook
    source: str
    """Which bill."""
    snapshot: tuple[str, ...]
    """Which state of it."""
    is_estimated: bool
    assumptions: tuple[str, ...]
    tag: str
    """The key of the tag that tells projects apart."""
    made: dt.datetime
    notes: tuple[str, ...] = ()
    ledger: tuple[str, ...] = ()
    """What was read of the ledger."""
    written: dt.datetime | None = None
    """When the newest file of the bill was written."""
    tells_if_final: bool = True
    """Whether the bill says what of it is estimated."""
    invoices: tuple[str, ...] = ()
    payers: tuple[str, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    """The names of projects by id, as far as they are known."""

    def named(self, project: str) -> str:
        """A project by its name, with the id beside it."""
        name = self.names.get(project, project)
        return name if project in name else f"{name} ({project})"


def money(pico: Fraction) -> str:
    """An amount for people, with its sign; one below the usual digits with all that it has."""
    whole = abs(round(pico))
    sign = "-" if pico < 0 and whole else ""
    return sign + (f"${usd(whole)}" if 0 < whole < _TINY_PICO else dollars(whole))


def headline(result: Reconciliation) -> str:
    """The result in a sentence or two."""
    if result.is_empty:
        return "There is nothing to compare: neither the ledger nor the bill has tokens there."
    if agree(result):
        return f"Ledger and bill agree: {money(result.usage)} of tokens."
    said = (
        f"The bill charges {money(result.usage)} for tokens, the ledger has "
        f"{money(result.ledger)}; {_explained(result)}."
    )
    return " ".join([said, *reservations(result)])


def agree(result: Reconciliation) -> bool:
    """Whether nothing differs at all."""
    return not (result.difference or result.causes or result.residual_absolute)


def _both_ways(result: Reconciliation) -> tuple[Fraction, Fraction]:
    """What has a cause; amounts that make up for each other each by itself."""
    costs = [each.cost for each in result.causes if each.name not in NOT_UNDERSTOOD]
    more = sum((max(cost, Fraction(0)) for cost in costs), Fraction(0))
    less = sum((min(cost, Fraction(0)) for cost in costs), Fraction(0))
    return more, less


def _explained(result: Reconciliation) -> str:
    more, less = _both_ways(result)
    if more and less:
        said = f"{signed(more)} and {money(less)} have causes"
    elif more or less or result.difference or result.residual_absolute:
        said = f"{money(more + less)} of the difference of {money(result.difference)} has a cause"
    else:
        return "they differ in tokens, and in no amount"
    return f"{said}, {money(result.difference - more - less)} has none"


def reservations(result: Reconciliation) -> list[str]:
    """What is too early to compare, and what has no price, whatever else makes up for it."""
    costs = {cause.name: cause.cost for cause in result.causes}
    missing, charged = costs.get(NOT_BILLED_YET), costs.get(UNPRICED)
    parts = [
        *(
            [f"{counted(result.unpriced_tokens, 'token')} of the ledger"]
            if result.unpriced_tokens
            else []
        ),
        *([f"{money(charged)} of the bill"] if charged else []),
    ]
    return [
        *([f"{money(-missing)} of the ledger is not billed yet."] if missing else []),
        *([f"The book has no price for {' and '.join(parts)}."] if parts else []),
    ]


def as_table(result: Reconciliation, basis: Basis) -> str:
    """The way from the ledger to the bill, and what it rests on."""
    rows = [("ledger, at list prices", money(result.ledger), "")]
    for cause in result.causes:
        rows.append((f"  {cause.name}", signed(cause.cost), _tokens(cause)))
        rows += [
            (f"    {bound.name}", "", f"{signed(bound.low)} to {signed(bound.high)}")
            for bound in cause.bounds
        ]
    rows.append(("  residual", signed(result.residual), _absolute(result)))
    rows.append(("bill, tokens", money(result.usage), ""))
    rows += [(f"  {name}", signed(cost), "not compared") for name, cost in result.bars.items()]
    if result.bars:
        rows.append(("bill, all of Bedrock", money(result.total), ""))
    width = max(len(name) for name, _, _ in rows)
    amounts = max(len(amount) for _, amount, _ in rows)
    lines = [headline(result), ""]
    lines += [
        f"{name:<{width}}  {amount:>{amounts}}  {note}".rstrip() for name, amount, note in rows
    ]
    for title, listed in [*open_lists(result, basis), ("rests on", basis_lines(result, basis))]:
        lines += ["", f"{title}:", *(f"  {line}" for line in listed)]
    return "\n".join(lines) + "\n"


def open_lists(result: Reconciliation, basis: Basis) -> list[tuple[str, list[str]]]:
    """What is left to look into, by what it is."""
    models = _shortened(result.unknown_models)
    without_tag = [*map(basis.named, result.projects_without_tag)]
    found = [
        ("residual, the largest", _residuals(result)),
        ("not understood", _unmapped(result.unmapped)),
        ("not whole tokens", _unmapped(result.unit_faults)),
        ("summed over, since one side does not say", coarsened(result)),
        ("models that neither book nor ledger knows (--aliases says whose they are)", models),
        ("projects without a value of the tag, taken as untagged", without_tag),
        ("prices to check", [said for _, said in drifts(result)]),
    ]
    return [(title, listed) for title, listed in found if listed]


def signed(pico: Fraction) -> str:
    """An amount with its sign, whichever it has."""
    return money(pico) if pico < 0 else f"+{money(pico)}"


def _tokens(cause: Cause) -> str:
    if cause.is_joint:
        return "one of these, or several:"
    return counted(cause.tokens, "token") if cause.tokens else ""


def _absolute(result: Reconciliation) -> str:
    return f"{money(result.residual_absolute)} without signs" if result.residual_absolute else ""


def _residuals(result: Reconciliation) -> list[str]:
    largest = sorted(result.residuals, key=lambda each: (-abs(each.cost), repr(each.key)))
    return _shortened([f"{signed(each.cost)}  {_key(each.key)}" for each in largest])


def _unmapped(lines: list[Unmapped]) -> list[str]:
    listed = []
    for each in sorted(lines, key=lambda each: -abs(each.line.cost)):
        name = each.line.usage_type or "(no usage type)"
        listed.append(f"{money(each.line.cost * 10**12)}  {name}: {each.why}")
    return _shortened(listed)


def coarsened(result: Reconciliation) -> list[str]:
    """What one side does not say, and of which models."""
    fields: dict[str, list[str]] = {}
    for each in result.coarsened:
        fields.setdefault(each.field, []).append(each.model)
    return [f"{field}: {', '.join(models)}" for field, models in sorted(fields.items())]


def drifts(result: Reconciliation) -> list[tuple[str, str]]:
    """Prices that the bill has since a day, and the book has not."""
    return [
        (
            drift.since,
            f"{drift.key.model}, {drift.key.kind}, {drift.key.tier}: {_price(drift.bill_pico)} on "
            f"the bill since {drift.since}, {_price(drift.book_pico)} in the book",
        )
        for drift in result.drifts
    ]


def _price(pico: Fraction) -> str:
    return f"${float(pico) / 1e6:g} / 1M tokens"


def assumptions(result: Reconciliation, basis: Basis) -> list[str]:
    """What the result holds under."""
    found = [*basis.assumptions]
    if basis.is_estimated:
        found.append("the bill is estimated: AWS may still change it")
    if result.unpriced_tokens:
        unpriced = counted(result.unpriced_tokens, "token")
        found.append(f"without a price, and at a cost of 0: {unpriced} of the ledger")
    return [*found, *basis.notes]


def coverage(result: Reconciliation) -> str:
    """How much of the bill has a key; all of it only where nothing is left."""
    digits = 1
    unknown = 1 - result.coverage
    while 0 < unknown < Fraction(1, 10 ** (digits + 2)):
        digits += 1
    units = result.coverage * 100 * 10**digits // 1
    whole, rest = divmod(units, 10**digits)
    return f"{whole}.{rest:0{digits}}%"


def basis_lines(result: Reconciliation, basis: Basis) -> list[str]:
    """Which days, which bill, which prices, and what is assumed."""
    return [
        f"days {result.window.first} to {result.window.last}, UTC, by {result.grain}",
        f"bill: {'; '.join([basis.source, *basis.snapshot])}",
        f"prices of {basis.book.date} ({basis.book.hash[:12]})",
        f"{coverage(result)} of what the bill charges for tokens is of a known kind",
        *assumptions(result, basis),
    ]


def data_age(basis: Basis) -> list[str]:
    """How old what was compared is."""
    found = list(basis.ledger)
    if basis.written is not None:
        found.append(
            f"the newest file of the bill was written on {basis.written:%Y-%m-%d %H:%M} UTC"
        )
    days = (basis.made.date() - basis.book.date).days
    found.append(f"the price book is {days} day{'' if days == 1 else 's'} old")
    return found


def _shortened(lines: list[str]) -> list[str]:
    more = len(lines) - _MOST_DETAILS
    return lines if more <= 0 else [*lines[:_MOST_DETAILS], f"and {more} more (--format json)"]


def _key(key: Key | None) -> str:
    if key is None:
        return ""
    names = {"tag": key.tag if key.tag else ("(untagged)" if key.tag == "" else None)}
    values = {**key._asdict(), **names}
    return " ".join(str(value) for value in values.values() if value not in (None, ""))


# --- CloudWatch -----------------------------------------------------------------------------------


def counts_table(found: Comparison, window: Window) -> str:
    """Calls and tokens by project and model, the ledger's and CloudWatch's."""
    rows = [("region", "project", "model", "calls", "input", "output", "ledger less CloudWatch")]
    places = sorted({(each.region, each.project, each.model) for each in found.series})
    for place in places:
        ours, theirs = found.sums(place)
        numbers = (f"{ours.calls:,}", f"{ours.input:,}", f"{ours.output:,}")
        region, project, model = place
        shown = _BY_MODEL if project == EVERY_PROJECT else project
        rows.append((region, shown, model, *numbers, _differences(ours, theirs)))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    days = len({series.day for series in found.differing})
    lines += [
        "",
        f"days {window.first} to {window.last}, UTC; {days} of them differ",
        "calls are attempts that did not fail; input is with the cached tokens",
        *([_ABOUT_RUNTIME] if any(project == EVERY_PROJECT for _, project, _ in places) else []),
    ]
    return "\n".join(lines) + "\n"


def _differences(ours: Counts, theirs: Counts) -> str:
    found = [
        f"{name} {number - getattr(theirs, name):+,}"
        for name, number in vars(ours).items()
        if number != getattr(theirs, name)
    ]
    return ", ".join(found) or "agrees"


def counts_json(found: Comparison, window: Window) -> str:
    """The same by day, for programs."""
    value = {
        "version": 1,
        "first_day": window.first.isoformat(),
        "last_day": window.last.isoformat(),
        "series": [
            {
                **series._asdict(),
                "day": series.day.isoformat(),
                "endpoint": "runtime" if series.project == EVERY_PROJECT else "mantle",
                "ledger": vars(found.ledger.get(series, Counts())),
                "cloudwatch": vars(found.seen.get(series, Counts())),
            }
            for series in found.series
        ],
        "differing": len(found.differing),
    }
    return json.dumps(value, indent=1) + "\n"


# --- JSON -----------------------------------------------------------------------------------------


def as_json(result: Reconciliation, basis: Basis) -> str:
    """Amounts are texts; ``pico`` ones are exact."""
    value = {
        "version": 1,
        "first_day": result.window.first.isoformat(),
        "last_day": result.window.last.isoformat(),
        "grain": result.grain,
        "headline": headline(result),
        "ledger": _amount(result.ledger),
        "causes": [_cause(cause) for cause in result.causes],
        "residual": {
            **_amount(result.residual),
            "absolute": _amount(result.residual_absolute),
            "details": [_detail(each) for each in result.residuals],
        },
        "usage": _amount(result.usage),
        "bars": {name: _amount(cost) for name, cost in result.bars.items()},
        "total": _amount(result.total),
        "coverage": f"{float(result.coverage):.6f}",
        "unmapped": _lines(result.unmapped),
        "unit_faults": _lines(result.unit_faults),
        "unpriced_tokens": result.unpriced_tokens,
        "unknown_models": result.unknown_models,
        "projects_without_tag": result.projects_without_tag,
        "coarsened": [{"model": each.model, "field": each.field} for each in result.coarsened],
        "drifts": [
            {
                "key": _json_key(drift.key),
                "since": drift.since,
                "book_pico": str(drift.book_pico),
                "bill_pico": str(drift.bill_pico),
                "tokens": drift.tokens,
            }
            for drift in result.drifts
        ],
        "bill": {
            "source": basis.source,
            "snapshot": list(basis.snapshot),
            "is_estimated": basis.is_estimated,
        },
        "prices": {"date": basis.book.date.isoformat(), "hash": basis.book.hash},
        "assumptions": assumptions(result, basis),
    }
    return json.dumps(value, indent=1) + "\n"


def _amount(pico: Fraction) -> dict[str, str]:
    return {"usd": usd(round(pico)), "pico": str(pico)}


def _cause(cause: Cause) -> dict[str, Any]:
    return {
        "name": cause.name,
        **_amount(cause.cost),
        "tokens": cause.tokens,
        "bounds": [
            {"name": bound.name, "low": _amount(bound.low), "high": _amount(bound.high)}
            for bound in cause.bounds
        ],
        "details": [_detail(each) for each in cause.details],
    }


def _detail(detail: Detail) -> dict[str, Any]:
    found: dict[str, Any] = {"tokens": detail.tokens, **_amount(detail.cost)}
    if detail.key is not None:
        found["key"] = _json_key(detail.key)
    if detail.to is not None:
        found["to"] = _json_key(detail.to)
    if detail.others:
        found["others"] = [_json_key(key) for key in detail.others]
    if detail.note:
        found["note"] = detail.note
    return found


def _json_key(key: Key) -> dict[str, str | None]:
    return {**key._asdict(), "day": key.day.isoformat()}


def _lines(lines: Iterable[Unmapped]) -> list[dict[str, Any]]:
    return [
        {
            "day": each.line.day.isoformat(),
            "usage_type": each.line.usage_type,
            "product": each.line.product,
            "unit": each.line.unit,
            "why": each.why,
            **_amount(each.line.cost * 10**12),
        }
        for each in lines
    ]
