"""Which tags and labels rows have: what a name that none of them has may have been meant for."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from .dimensions import map_of
from .source import Source, run

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

_MOST_LISTED = 12


def keys_of(name: str, *paths: str | os.PathLike[str]) -> list[str]:
    """The keys of the tags or labels that the rows of these ledgers have."""
    column, _ = map_of(name)
    with Source(*paths, query=column) as source:
        return keys_in(source, name)


def keys_in(source: Source, name: str) -> list[str]:
    """The same of ledgers that are read already, with that column."""
    column, _ = map_of(name)
    sql = f"SELECT DISTINCT unnest(map_keys({column})) AS key FROM rows ORDER BY key"  # noqa: S608
    return [key for (key,) in run(source.database, sql).fetchall()]


def has_attempts(source: Source) -> bool:
    """Whether any attempt has ended."""
    return bool(run(source.database, "SELECT 1 FROM ended LIMIT 1").fetchall())


def absent(name: str, keys: Iterable[str], where: str = "no row of these ledgers") -> str:
    """What to say of a tag or a label that is not among the keys that there are."""
    kind, _, key = name.partition(":")
    known = list(keys)
    if not known:
        return f"{where} has a {kind}, so that there is none {key!r}"
    near = get_close_matches(key, known, 1)
    advice = f"; did you mean {near[0]!r}?" if near else ""
    more = len(known) - _MOST_LISTED
    listed = ", ".join(known[:_MOST_LISTED]) + (f" and {more} more" if more > 0 else "")
    return f"{where} has a {kind} {key!r}; there are {listed}{advice}"
