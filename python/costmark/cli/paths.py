"""What the commands say of paths that hold nothing yet."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..ledger.read import has_no_rows_yet
from .output import complain, plain

if TYPE_CHECKING:
    from collections.abc import Iterable


def note_empty(paths: Iterable[str], otherwise: str = "") -> None:
    """Say which of these ledgers have no rows yet; ``otherwise`` where all of them have some."""
    empty = [path for path in paths if has_no_rows_yet(Path(path))]
    for path in empty:
        complain(f"there are no rows yet in {plain(path)}")
    if otherwise and not empty:
        complain(otherwise)
