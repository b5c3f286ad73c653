"""An answer in a model's own words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ....model.usage import Usage


@dataclass(frozen=True)
class Made:
    """What a model answers: whole, and in pieces with the output tokens produced by each."""

    body: dict[str, Any]
    usage: Usage
    outcome: str
    chunks: list[tuple[dict[str, Any], int]] = field(default_factory=list)  # none: not streamed
