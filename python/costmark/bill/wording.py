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


def meaning_of_bar(name: str) -> str:
    """What else is on a bill, in a sentence."""
    return _BARS.get(name, "A kind of line that is not compared.")
