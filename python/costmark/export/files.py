"""Files that appear as a whole, or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# Collectors and finance tools run as other users.
_READABLE = 0o644


@contextlib.contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """A path beside ``target`` to write to; it takes the place of ``target`` at the end.

    A link stays one.
    """
    target = target.resolve()
    try:
        with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as folder:
            draft = Path(folder, target.name)
            yield draft
            draft.chmod(_READABLE)
            with draft.open("rb") as file:
                os.fsync(file.fileno())
            draft.replace(target)
    except OSError as error:  # of the draft, whose name says nothing
        raise OSError(error.errno, error.strerror or str(error), str(target)) from error
