"""Periods as the commands take them: ``2026``, ``2026-11``, ``2026-11-30`` and ``A..B``."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

from ..errors import ConfigurationError

_FORM = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?", re.ASCII)


def period(text: str) -> tuple[datetime, datetime] | None:
    """The begin and the end of a period, in UTC, or None for what is no period.

    ``A..B`` is from the begin of A up to the end of B.
    """
    first, dots, last = text.partition("..")
    begin, end = _one(first), _one(last if dots else first)
    if begin is None or end is None or begin[0] >= end[1]:
        return None
    return begin[0], end[1]


def check_order(since: datetime | None, until: datetime | None) -> None:
    """Raises ConfigurationError for a period that ends before it begins."""
    if since is not None and until is not None and since >= until:
        raise ConfigurationError(
            f"there is no time from {since:%Y-%m-%d %H:%M} to {until:%Y-%m-%d %H:%M} UTC: --until "
            "must be after --since",
            code="invalid_argument",
        )


def _one(text: str) -> tuple[datetime, datetime] | None:
    match = _FORM.fullmatch(text)
    if match is None:
        return None
    year, month, day = (int(part) if part else None for part in match.groups())
    try:
        begin = datetime(year or 0, month or 1, day or 1, tzinfo=timezone.utc)
        if day:
            return begin, begin + timedelta(days=1)
        if month:
            return begin, (begin + timedelta(days=31)).replace(day=1)
        return begin, begin.replace(year=begin.year + 1)
    except (ValueError, OverflowError):
        return None
