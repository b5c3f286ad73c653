"""What causes and bars mean, for who reads a bill and no code."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from . import causes

if TYPE_CHECKING:
    from .causes import Cause

_CAUSES = {
    causes.OTHER_DAY: "Calls near midnight UTC that AWS counts on the day before or after.",
    causes.OTHER_TIER: "Billed at the price of another service tier than the ledger has; a tier is "
    "how soon AWS answers, as standard, flex (cheaper) and priority (dearer).",
    causes.OTHER_SERVING: "Billed as served elsewhere: in one Region, in a group of Regions, or "
    "globally.",
    causes.OTHER_CONTEXT: "Billed at the price of short prompts and not of long ones, or the other "
    "way round.",
    causes.OTHER_TIME: "Cache entries that were billed for another time to live.",
    causes.WITHOUT_TAG: "Used by a project, and on the bill without its name (tag): the tag was "
    "not active yet, or the calls reached AWS without the project. It changes who pays, not the "
    "sum.",
    causes.CACHE_TWICE: "Cached tokens that are billed as plain input too. Ask AWS about it.",
    causes.CACHE_AS_INPUT: "Cached tokens that are billed at the price of plain input.",
    causes.CACHE_NOT_BILLED: "Cached tokens that AWS did not charge.",
    causes.UNTAGGED_USAGE: "Billed without a project, and not in the ledger: calls that name none, "
    "from programs that do not write to it.",
    causes.UNCERTAIN: "Calls that were cut short or never ended: AWS charges them, and never "
    "reported to the caller what they used.",
    causes.OTHER_CLIENTS: "Billed to the project, and not in the ledger: programs (not customers) "
    "that use it and do not write to this ledger.",
    causes.NOT_BILLED_YET: "In the ledger, and so recent that AWS may not have billed it yet.",
    causes.UNMAPPED: "Lines of the bill for a kind of usage that costmark does not know.",
    causes.UNIT_FAULT: "Lines of the bill that count no whole number of tokens.",
    causes.UNPRICED: "Usage that the price book has no price for.",
    causes.ROUNDING: "AWS rounds each line to ten decimals of a dollar.",
    causes.RESIDUAL: "The bill and the ledger differ, and none of the reasons fits.",
}
NOT_UNDERSTOOD = (causes.UNMAPPED, causes.UNIT_FAULT)
"""What has a name in the method, and is no reason: it is not explained either."""
_TITLES = {
    causes.WITHOUT_TAG: "billed without its project (default or untagged)",
    causes.RESIDUAL: "not explained: no reason fits",
    causes.UNMAPPED: "not explained: unknown kind of usage",
    causes.UNIT_FAULT: "not explained: no whole number of tokens",
}


class Advice(NamedTuple):
    """Who does what; ``{team}`` stands for the projects that it is about."""

    who: str
    what: str
    command: str = ""
    """What an administrator runs for it."""


_RENEWED = "costmark prices sync, as docs/prices.md has it"
_NOTHING = Advice("no one", "nothing: it evens out over the days")
_ASK_THE_TEAM = Advice(
    "FinOps, with {team}", "ask whether the team chose this; if it did not, ask AWS support"
)
_ASK_AWS = Advice("AWS support, asked by FinOps", "ask for a correction of the bill")
_UPDATE = Advice(
    "FinOps, then perhaps AWS support",
    "look up the price that AWS publishes for that day. If it is the one on the bill, bring the "
    "price book up to date; if it is the one of the book, ask AWS support for a correction",
    _RENEWED,
)
_ADVICE = {
    causes.OTHER_DAY: _NOTHING,
    causes.OTHER_TIER: _ASK_THE_TEAM,
    causes.OTHER_SERVING: _ASK_THE_TEAM,
    causes.OTHER_CONTEXT: _ASK_AWS,
    causes.OTHER_TIME: _ASK_THE_TEAM,
    causes.WITHOUT_TAG: Advice(
        "FinOps",
        "charge it to {team}, and have the tag looked at, so that it is on the next bill",
        "costmark tags status",
    ),
    causes.CACHE_TWICE: _ASK_AWS,
    causes.CACHE_AS_INPUT: _ASK_AWS,
    causes.CACHE_NOT_BILLED: Advice("no one", "nothing: AWS may still bill it"),
    causes.UNTAGGED_USAGE: Advice(
        "FinOps",
        "find the program that names no project, and have it name one",
        "unattributed=refuse stops such calls",
    ),
    causes.UNCERTAIN: Advice(
        "{team}", "nothing, while it is small; else find out why calls do not end"
    ),
    causes.OTHER_CLIENTS: Advice(
        "{team}", "find the program; until it writes to the ledger, its spend is not checked"
    ),
    causes.NOT_BILLED_YET: Advice(
        "FinOps", "compare again in a few days; if it is still missing then, expect it later"
    ),
    causes.UNMAPPED: Advice(
        "FinOps, with AWS support",
        "ask what this usage is, and have its name added",
        "--aliases FILE names it",
    ),
    causes.UNIT_FAULT: _ASK_AWS,
    causes.UNPRICED: Advice(
        "FinOps", "bring the price book up to date, and compare again", _RENEWED
    ),
    causes.ROUNDING: Advice("no one", "nothing"),
    causes.RESIDUAL: Advice(
        "FinOps, with AWS support",
        "if it is more than you tolerate, ask AWS support about these lines of the bill",
        "--format csv has them",
    ),
}
_BY_EXCLUSION = "probable, as nothing in the ledger fits"
_HOW_SURE = {
    causes.UNTAGGED_USAGE: _BY_EXCLUSION,
    causes.OTHER_CLIENTS: _BY_EXCLUSION,
    causes.UNCERTAIN: "probable, as AWS counted as many calls as the ledger",
    causes.NOT_BILLED_YET: "probable, as the days are young",
}
_SURE = "certain, as tokens and prices fit"
_OPEN = "not explained; only its amount is certain"
_JOINT = "Any of these, or several at once; the bill does not tell them apart."
_BARS = {
    "tax": "Tax that AWS charges on Bedrock.",
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
        return "AWS charges another price than the price book has, since that day."
    return _CAUSES.get(name, _JOINT)


def how_sure(cause: Cause) -> str:
    """How certain it is that this is the cause."""
    if cause.is_joint:
        return "open, as each of these may be it, within its bounds"
    if cause.name in NOT_UNDERSTOOD:
        return _OPEN
    if cause.name.startswith("price drift since "):
        return "probable, as every line since then has the same price"
    return _HOW_SURE.get(cause.name, _SURE)


def title(name: str) -> str:
    """What has this name in the method, as finance is told of it."""
    return _TITLES.get(name, name)


def advice(name: str) -> list[Advice]:
    """Who does what about what has this name; several causes have the advice of each."""
    if name.startswith(("priced as ", "price drift since ")):
        return [_UPDATE]
    names = [name] if name in _ADVICE else [each for each in _ADVICE if each in name]
    return list(dict.fromkeys(_ADVICE[each] for each in names)) or [_ADVICE[causes.RESIDUAL]]


def meaning_of_bar(name: str) -> str:
    """What else is on a bill, in a sentence."""
    return _BARS.get(name, "A kind of line that is not compared.")
