"""The emulator's tokenizer.

A token is a run of word characters or a single other visible character; white space belongs to
the token that follows it. `"Hello, world!"` has four tokens. The rule is simple enough to be
counted by hand, and every count that the emulator reports follows from it.
"""

from __future__ import annotations

import operator
import re

_TOKEN = re.compile(r"\s*(?:\w+|[^\w\s])")

_matched = operator.itemgetter(0)

# What one image, audio clip or file in a prompt costs.
ATTACHMENT_TOKENS = 85


def split(text: str) -> list[str]:
    """The tokens of a text, each with the white space before it."""
    # Equal tokens share one string, or a body of 100 MB would take gigabytes.
    known: dict[str, str] = {}
    return [known.setdefault(token, token) for token in map(_matched, _TOKEN.finditer(text))]


def count(text: str) -> int:
    """The number of tokens of a text."""
    return sum(1 for _ in _TOKEN.finditer(text))
