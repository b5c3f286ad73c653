"""Rows as they are written."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from .. import _core
from .read import BAD_COMPRESSION, is_log, pieces_of, sources
from .rows import row_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .rows import Row


class Follower:
    """Reads what is appended to ledgers, in whatever file.

    ``day`` (as in ``2026-11-30``): begins with all of the segments of that UTC day and of logs;
    without it with what is written from now on. A compressed file is read once, as a whole.
    """

    def __init__(self, *paths: str | os.PathLike[str], day: str | None = None) -> None:
        self._paths = paths
        self._places: dict[Path, int] = {}
        self._ended: set[Path] = set()
        for path in sources(*paths):
            if day is not None and not _is_before(path, day):
                continue
            self._places[path] = path.stat().st_size
            if path.suffix == ".gz":
                self._ended.add(path)

    def rows(self) -> Iterator[Row]:
        """The whole rows that were appended since the last call."""
        for path in sources(*self._paths):
            # It is pruned meanwhile, or still being compressed.
            with contextlib.suppress(FileNotFoundError, *BAD_COMPRESSION):
                yield from self._rows_of(path)

    def _rows_of(self, path: Path) -> Iterator[Row]:
        if path in self._ended:
            return
        begin = self._places.get(path, 0)
        reader = _core.RowLines(is_log(path))
        for piece in pieces_of(path, begin):
            texts, _ = reader.read(piece)  # a line without its end is being written
            self._places[path] = begin + reader.bytes
            yield from map(row_of, texts)
        if path.suffix == ".gz":
            self._ended.add(path)


def _is_before(path: Path, day: str) -> bool:
    folder = path.parent.name
    return folder.startswith("date=") and folder < f"date={day}"
