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

if TYPE_CHECKING:
    import os

    from .rows import Row


def erase(folder: str | os.PathLike[str], **labels: str) -> Pruned:
    """Remove these labels from every row that has one of them with that value.

    Tokens, costs and everything else of the row stay. Compacts the ledger and removes the
    segments that are in parts, since these hold the labels, too. A segment that its writer has open
    cannot be changed: it is named in ``open``, and the call is to be made again later. Raises
    BusyError, ManifestError, RequestError without a label.
    """
    if not labels:
        raise RequestError("name a label to erase, as in user=alice")
    layout = Layout(Path(folder))
    done = Pruned()

    def change(row: Row) -> Row:
        matching = [k for k, v in row.get("labels", {}).items() if labels.get(k) == v]
        return without_labels(row, matching) if matching else row

    with layout.lock():
        state = load(layout)
        remove_orphans(layout, state.parts)
        compact_locked(layout, state)
        names = ", ".join(sorted(labels))
        parts = list(state.parts.values())
        rewrite(layout, state, parts, change, f"labels erased: {names}", done)
        remove_segments(layout, state, done)
        for path in layout.segments():
            rows = rows_of_file(path)
            if any(change(row) is not row for row in rows):
                done.open.append(layout.name_of(path))
    return done
