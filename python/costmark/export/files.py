"""Files that appear as a whole, or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

# Collectors and finance tools run as other users.
_READABLE = 0o644


def require_folder(target: str | os.PathLike[str]) -> None:
    """Raises ConfigurationError where there is no folder to write this file to."""
    folder = Path(target).parent
    if not folder.is_dir():
        raise ConfigurationError(
            f"there is no folder {folder} to write {Path(target).name} to", code="invalid_argument"
        )


@contextlib.contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """A path beside ``target`` to write to; it takes the place of ``target`` at the end."""
    with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as folder:
        draft = Path(folder, target.name)
        yield draft
        draft.chmod(_READABLE)
        with draft.open("rb") as file:
            os.fsync(file.fileno())
        draft.replace(target)
