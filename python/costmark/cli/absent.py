"""What the commands say of tags and labels that no row has, and of filters that nothing fits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..reports.dimensions import map_of
from ..reports.keys import absent, keys_of
from .output import complain, plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ..reports import Report
    from ..reports.dimensions import Condition


def warn_of_absent(
    paths: Sequence[str], where: Sequence[Condition], by: Sequence[str], *reports: Report
) -> None:
    """Warn of what reports were grouped or filtered by, and no row has.

    The rows are read once more, and only where nothing was found.
    """
    attempts = sum(each.total.attempts for each in reports)
    told = False
    for name in dict.fromkeys([*_empty(by, reports), *_doubtful(where, attempts)]):
        keys = keys_of(name, *paths)
        if map_of(name)[1] not in keys:
            complain(plain(f"warning: {absent(name, keys)}"))
            told = True
    if where and not attempts and not told:
        complain(plain(f"no attempt fits --where {' --where '.join(map(str, where))}"))


def _empty(by: Sequence[str], reports: Sequence[Report]) -> Iterable[str]:
    """Tags and labels that no line has."""
    for place, name in enumerate(by):
        keys = [line.key[place] for each in reports for line in each.lines]
        if map_of(name)[0] and keys and not any(key is not None for key in keys):
            yield name


def _doubtful(where: Sequence[Condition], attempts: int) -> Iterable[str]:
    """Tags and labels that a condition may be of, though no row has them."""
    for each in where:
        is_met = each.is_equal and each.values != (None,) and attempts
        if map_of(each.name)[0] and not is_met:
            yield each.name
