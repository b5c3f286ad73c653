"""Which beginnings of prompts were seen before."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


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
