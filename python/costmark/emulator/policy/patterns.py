"""Patterns with `*` and `?`, over texts and over ARNs."""

from __future__ import annotations

import re
from functools import lru_cache

_ARN_PARTS = 6


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    translated = {"*": ".*", "?": "."}
    return re.compile("".join(translated.get(c, re.escape(c)) for c in pattern), re.DOTALL)


def glob(pattern: str, text: str) -> bool:
    """Whether a text fits a pattern, case and all."""
    return _compiled(pattern).fullmatch(text) is not None


def action_fits(pattern: str, action: str) -> bool:
    """Whether an action fits; the names of actions have no case."""
    return glob(pattern.lower(), action.lower())


def arn_fits(pattern: str, arn: str) -> bool:
    """Whether an ARN fits, each of its six parts by itself, so that no `*` spans a colon.

    In the last part, which may have colons of its own, it does. `*` alone fits everything.
    """
    if pattern == "*":
        return True
    wanted, parts = pattern.split(":", _ARN_PARTS - 1), arn.split(":", _ARN_PARTS - 1)
    if len(parts) < _ARN_PARTS or len(wanted) < _ARN_PARTS:
        return False
    return all(map(glob, wanted, parts))


def is_arn_pattern(pattern: str) -> bool:
    """Whether a pattern can fit an ARN at all."""
    return pattern == "*" or (pattern.startswith("arn:") and pattern.count(":") >= _ARN_PARTS - 1)
