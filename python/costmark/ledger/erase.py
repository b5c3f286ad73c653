"""Taking the labels of someone out of the ledger."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import RequestError
from .compact import compact_locked
from .manifests import Layout, load
from .parts import remove_orphans
from .prune import Pruned, remove_segments, rewrite, without_labels
from .read import rows_of_file
from .sums import fill

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from .rows import Row


def erase(folder: str | os.PathLike[str], /, *pairs: tuple[str, str], **labels: str) -> Pruned:
    """Remove these labels, given as pairs or by name, from every row that has one with that value.

    A hashed value is given as the row has it. Tokens, costs and everything else of the row stay.
    Compacts the ledger and removes the segments that are in parts, since these hold the labels,
    too. A segment that its writer has open cannot be changed: it is named in ``open``, and the call
    is to be made again later. Raises BusyError, ManifestError, RequestError without a label.
    """
    wanted = {*pairs, *labels.items()}
    if not wanted:
        raise RequestError("name a label to erase, as in user=alice")
    layout = Layout(Path(folder))
    done = Pruned()

    def change(row: Row) -> Row:
        matching = [
            name for name, value in row.get("labels", {}).items() if (name, value) in wanted
        ]
        return without_labels(row, matching) if matching else row

    with layout.lock():
        state = load(layout)
        remove_orphans(layout, state.parts)
        compact_locked(layout, state)
        names = ", ".join(sorted({name for name, _ in wanted}))
        parts = list(state.parts.values())
        rewrite(layout, state, parts, change, f"labels erased: {names}", done)
        remove_segments(layout, state, done)
        done.open += [layout.name_of(path) for path in layout.segments() if _may_hold(path, change)]
        fill(layout, state)
    return done


def _may_hold(path: Path, change: Callable[[Row], Row]) -> bool:
    """Whether a file has a row to change, or a line that cannot be read."""
    unreadable: list[int] = []
    rows = rows_of_file(path, on_fault=lambda _, line, __: unreadable.append(line))
    return any(change(row) is not row for row in rows) or bool(unreadable)
