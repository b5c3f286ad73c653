"""The emulator's tokenizer and its prompt cache.

A token is a run of word characters or a single other visible character; white space belongs to
the token that follows it. `"Hello, world!"` has four tokens. The rule is simple enough to be
counted by hand, and every count that the emulator reports follows from it.
"""

from __future__ import annotations

import hashlib
import operator
import re
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

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


@dataclass(frozen=True)
class Usage:
    """Tokens of one request.

    The input includes those read from the cache and those written to it, the output includes the
    reasoning.
    """

    input_tokens: int = 0
    cached_input_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    cache_write_tokens: int = 0

    @property
    def total_tokens(self) -> int:
        """Input and output together."""
        return self.input_tokens + self.output_tokens


class PromptCache:
    """Remembers the beginnings of prompts, in blocks, apart for each project and model."""

    BLOCK = 32

    def __init__(self, capacity: int = 100_000) -> None:
        self._seen: OrderedDict[bytes, None] = OrderedDict()
        self._capacity = capacity

    def visit(self, project_id: str, model: str, prompt: Sequence[str]) -> int:
        """The number of leading tokens seen before; the whole prompt is remembered."""
        digest = hashlib.sha256(f"{project_id}\0{model}".encode())
        cached = 0
        hit = True
        for start in range(0, len(prompt) - self.BLOCK + 1, self.BLOCK):
            block = "\0".join(prompt[start : start + self.BLOCK])
            digest.update(block.encode("utf-8", "surrogatepass") + b"\1")
            key = digest.digest()
            hit = hit and key in self._seen
            if hit:
                cached += self.BLOCK
            self._seen[key] = None
            self._seen.move_to_end(key)
        while len(self._seen) > self._capacity:
            self._seen.popitem(last=False)
        return cached

    @classmethod
    def remembered(cls, prompt: Sequence[str]) -> int:
        """The number of a prompt's tokens that are remembered: those in whole blocks."""
        return len(prompt) // cls.BLOCK * cls.BLOCK

    def clear(self) -> None:
        """Forget every prompt."""
        self._seen.clear()
