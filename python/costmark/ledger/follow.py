"""Rows as they are written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .manifests import SEGMENT
from .read import lines_of, sources
from .rows import parse_line

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

    from .rows import Row


class Follower:
    """Reads what is appended to ledgers, in whatever file.

    ``day`` (as in ``2026-11-30``): begins with all of the segments of that UTC day and of logs;
    without it with what is written from now on.
    """

    def __init__(self, *paths: str | os.PathLike[str], day: str | None = None) -> None:
        self._paths = paths
        self._places = {
            path: path.stat().st_size
            for path in sources(*paths)
            if day is None or _is_before(path, day)
        }

    def rows(self) -> Iterator[Row]:
        """The whole rows that were appended since the last call."""
        for path in sources(*self._paths):
            begin = self._places.get(path, 0)
            in_log = SEGMENT.fullmatch(path.name) is None
            try:
                for line in lines_of(path, begin):
                    if not line.endswith(b"\n"):
                        break  # it is being written
                    begin += len(line)
                    row = parse_line(line, in_log=in_log)
                    if isinstance(row, dict):
                        yield row
            except FileNotFoundError:  # pruned
                continue
            self._places[path] = begin


def _is_before(path: Path, day: str) -> bool:
    folder = path.parent.name
    return folder.startswith("date=") and folder < f"date={day}"
