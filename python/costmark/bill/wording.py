"""What causes and bars mean, for who reads a bill and no code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import causes

if TYPE_CHECKING:
    from .causes import Cause

_CAUSES = {
    causes.OTHER_DAY: "Calls near midnight UTC that AWS counts on the day before or after.",
    causes.OTHER_TIER: "Billed at the price of another service tier than the answers named.",
    causes.OTHER_SERVING: "Billed as served elsewhere: in one Region, in a group of Regions, or "
    "globally.",
    causes.OTHER_CONTEXT: "Billed at the price of short prompts and not of long ones, or the other "
    "way round.",
    causes.OTHER_TIME: "Cache entries that were billed for another time to live.",
    causes.WITHOUT_TAG: "Used by a project, and billed without its tag: it was not active yet, or "
    "the calls reached AWS without the project.",
    causes.CACHE_TWICE: "Cached tokens that are billed as plain input too. Ask AWS about it.",
    causes.CACHE_AS_INPUT: "Cached tokens that are billed at the price of plain input.",
    causes.CACHE_NOT_BILLED: "Cached tokens that AWS did not charge.",
    causes.UNTAGGED_USAGE: "Billed without a project, and not in the ledger: calls that name none, "
    "from programs that do not write to it.",
    causes.UNCERTAIN: "Calls that were cut short or never ended: AWS charges them, and never "
    "reported to the caller what they used.",
    causes.OTHER_CLIENTS: "Billed to the project, and not in the ledger: programs that use it and "
    "do not write to this ledger.",
    causes.NOT_BILLED_YET: "In the ledger, and too recent to be complete on the bill.",
    causes.UNMAPPED: "Lines of the bill whose usage type is not understood; they are listed below.",
    causes.UNIT_FAULT: "Lines of the bill that count no whole number of tokens.",
    causes.UNPRICED: "Usage that the price book has no price for.",
    causes.ROUNDING: "AWS rounds each line to ten decimals of a dollar.",
    causes.RESIDUAL: "What no rule explains.",
}
_NOTHING = "nothing: it evens out over the days"
_ASK_THE_TEAM = "ask the team whether it meant this; if not, ask AWS"
_ASK_AWS = "ask AWS for a correction"
_UPDATE = "bring the price book up to date (costmark prices sync)"
_TO_DO = {
    causes.OTHER_DAY: _NOTHING,
    causes.OTHER_TIER: _ASK_THE_TEAM,
    causes.OTHER_SERVING: _ASK_THE_TEAM,
    causes.OTHER_CONTEXT: _ASK_AWS,
    causes.OTHER_TIME: _ASK_THE_TEAM,
    causes.WITHOUT_TAG: "charge it to the project, and look whether its tag is active "
    "(costmark tags status)",
    causes.CACHE_TWICE: _ASK_AWS,
    causes.CACHE_AS_INPUT: _ASK_AWS,
    causes.CACHE_NOT_BILLED: "nothing: it may still be billed",
    causes.UNTAGGED_USAGE: "find the program; it has to name a project (unattributed=refuse)",
    causes.UNCERTAIN: "nothing, while it is small; else find out why calls do not end",
    causes.OTHER_CLIENTS: "find the program; it has to write to the ledger",
    causes.NOT_BILLED_YET: "compare again in a few days",
    causes.UNMAPPED: "name them in a file of aliases (--aliases)",
    causes.UNIT_FAULT: _ASK_AWS,
    causes.UNPRICED: _UPDATE,
    causes.ROUNDING: "nothing",
    causes.RESIDUAL: "if it is more than you tolerate, ask AWS with the lines of --format csv",
}
_BY_EXCLUSION = "probable, as nothing in the ledger fits"
_HOW_SURE = {
    causes.UNTAGGED_USAGE: _BY_EXCLUSION,
    causes.OTHER_CLIENTS: _BY_EXCLUSION,
    causes.UNCERTAIN: "probable, as AWS counted as many calls as the ledger",
    causes.NOT_BILLED_YET: "probable, as the days are young",
}
_SURE = "exact, as tokens and prices fit"
_JOINT = "Any of these, or several at once; the bill does not tell them apart."
_BARS = {
    "tax": "Tax on the whole bill.",
    "credits": "Credits of AWS, which lower the bill.",
    "refunds": "Refunds of earlier charges.",
    "fees": "One-time and recurring fees.",
    "private discounts": "Discounts of your contract with AWS.",
    "savings plans": "Commitments that are paid for apart.",
    "reserved capacity": "Capacity that is paid for by time, used or not.",
    "usage without tokens": "Charged by the request, as web searches are.",
}


def meaning(cause: Cause) -> str:
    """A cause in a sentence."""
    if cause.is_joint:
        return _JOINT
    return meaning_of(cause.name)


def meaning_of(name: str) -> str:
    """What has this name, in a sentence."""
    if name.startswith("priced as "):
        return f"Billed at the book's price of {name.removeprefix('priced as ')}."
    if name.startswith("price drift since "):
        return "AWS charges another price than the book has; the book may be out of date."
    return _CAUSES.get(name, _JOINT)


def how_sure(cause: Cause) -> str:
    """How certain it is that this is the cause."""
    if cause.is_joint:
        return "open, as each of these may be it, within its bounds"
    if cause.name.startswith("price drift since "):
        return "probable, as every line since then has the same price"
    return _HOW_SURE.get(cause.name, _SURE)


def to_do(name: str) -> str:
    """What to do about what has this name; several causes have the advice of each."""
    if name.startswith(("priced as ", "price drift since ")):
        return f"{_UPDATE}, or {_ASK_AWS}"
    names = [name] if name in _TO_DO else [each for each in _TO_DO if each in name]
    return "; or ".join(dict.fromkeys(_TO_DO[each] for each in names)) or _TO_DO[causes.RESIDUAL]


def meaning_of_bar(name: str) -> str:
    """What else is on a bill, in a sentence."""
    return _BARS.get(name, "A kind of line that is not compared.")
