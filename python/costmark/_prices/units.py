"""The units in which AWS counts tokens."""

from __future__ import annotations

import re
from functools import cache

_UNIT = re.compile(r"(?:(?P<count>1|1000|1000000)(?P<power>[KM]?) )?tokens?", re.IGNORECASE)
_POWERS = {"": 1, "K": 1_000, "M": 1_000_000}


@cache
def tokens_per(unit: str) -> int | None:
    """Return how many tokens ``1K tokens`` and the like are, or None for any other unit."""
    match = _UNIT.fullmatch(unit)
    if match is None:
        return None
    return int(match["count"] or 1) * _POWERS[(match["power"] or "").upper()]
