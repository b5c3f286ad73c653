"""Removing what is kept twice or no longer wanted: segments, old days, labels."""

from __future__ import annotations

import dataclasses
import os
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import RequestError
from .compact import end_of_closed, is_written
from .manifests import Layout, Part, commit, hash_of, load
from .parts import PartWriter, remove_orphans, rows_of_parts
from .read import SeenRows
from .sums import fill

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import date

    from .manifests import State
    from .rows import Row

    Change = Callable[[Row], Row]


@dataclasses.dataclass
class Pruned:
    """What ``prune`` or ``erase`` did."""

    segments: list[str] = dataclasses.field(default_factory=list)
    """Segments that were removed: their rows are in parts."""
    changed: list[str] = dataclasses.field(default_factory=list)
    """Segments and parts that are not what their manifest says. Nothing of them was removed."""
    unreadable: list[str] = dataclasses.field(default_factory=list)
    """Segments that stay, since they hold lines that are no rows."""
    rows: int = 0
    """Rows that were removed, being too old."""
    labels: int = 0
    """Rows that lost labels."""
    open: list[str] = dataclasses.field(default_factory=list)
    """Segments that hold rows with the label, or may: their writers have them open, or they hold
    lines that cannot be read."""


def prune(
    folder: str | os.PathLike[str],
    *,
    rows_before: date | None = None,
    labels_before: date | None = None,
) -> Pruned:
    """Remove the segments whose rows are all in parts, which changes no report.

    ``rows_before``: the rows of earlier UTC days as well. ``labels_before``: the labels of earlier
    days; their tokens and costs stay. Raises BusyError, ManifestError, and RequestError for a date
    after today (UTC), which would take rows of a day that is not over.
    """
    for name, before in (("rows_before", rows_before), ("labels_before", labels_before)):
        if before is not None:
            _check_is_over(name, before)
    layout = Layout(Path(folder))
    done = Pruned()
    with layout.lock():
        state = load(layout)
        remove_orphans(layout, state.parts)
        remove_segments(layout, state, done)
        if rows_before is not None:
            _remove_rows(layout, state, _parts_before(state, rows_before), done)
        if labels_before is not None:
            rewrite(
                layout,
                state,
                _parts_before(state, labels_before),
                without_labels,
                f"labels before {labels_before} have expired",
                done,
            )
            fill(layout, state)
    return done


def _check_is_over(name: str, before: date) -> None:
    today = datetime.now(timezone.utc).date()
    if before > today:
        raise RequestError(
            f"{name} is {before}, and today, {today} in UTC, is not over: the latest date is today",
            code="invalid_argument",
        )


def remove_segments(layout: Layout, state: State, done: Pruned) -> None:
    """Remove the segments that are wholly in parts. Only with the lock."""
    bad_parts = [name for name, part in state.parts.items() if not _is_intact(layout, part)]
    done.changed += [f"rows/{name}" for name in bad_parts]
    if bad_parts:
        return
    removable = []
    for name in state.inputs:
        path = layout.raw / name
        if not path.exists() or not _is_covered(path, state.covered(name)[0]):
            continue
        if _has_unreadable(state, name):
            done.unreadable.append(name)
            continue
        if name in state.removed_inputs or _is_as_read(layout, state, name):
            removable.append(name)
        else:
            done.changed.append(f"raw/{name}")
    fresh = tuple(name for name in removable if name not in state.removed_inputs)
    if fresh:
        commit(layout, state, removed_inputs=fresh, reason="their rows are in parts")
    for name in removable:
        (layout.raw / name).unlink(missing_ok=True)
    done.segments += removable


def _has_unreadable(state: State, name: str) -> bool:
    """Whether a segment holds more than its parts do: a torn last line is all that is left out."""
    *before, last = state.inputs[name]
    faults = [fault for each in before for fault in each.faults]
    faults += [fault for fault in last.faults if fault[:2] != (last.lines, "torn")]
    return bool(faults) or any(each.more_faults for each in state.inputs[name])


def _is_covered(path: Path, end: int) -> bool:
    """Whether nothing of a segment is left, nor will come: a writer that was forsaken may wake up
    between this and the removal.
    """
    if is_written(path) or end_of_closed(path, 0) is None:
        return False
    return path.stat().st_size <= end


def _is_as_read(layout: Layout, state: State, name: str) -> bool:
    return all(
        hash_of(layout.raw / name, each.begin, each.end) == each.sha256
        for each in state.inputs[name]
    )


def _is_intact(layout: Layout, part: Part) -> bool:
    path = layout.rows / part.name
    return path.exists() and hash_of(path) == part.sha256


def _parts_before(state: State, day: date) -> list[Part]:
    limit = f"date={day.isoformat()}"
    return [part for name, part in sorted(state.parts.items()) if name.split("/")[0] < limit]


def _remove_rows(layout: Layout, state: State, parts: list[Part], done: Pruned) -> None:
    if not parts:
        return
    seen = SeenRows()
    for part in parts:
        for row in rows_of_parts(layout.rows / part.name):
            seen.is_new(row)
    names = tuple(part.name for part in parts)
    numbers = {
        writer: [[each.start, each.stop] for each in ranges]
        for writer, ranges in seen.ranges().items()
    }
    commit(
        layout,
        state,
        removed_parts=names,
        removed_rows=numbers,
        reason=f"rows up to {names[-1].split('/')[0].removeprefix('date=')} have expired",
    )
    _unlink_parts(layout, state, names)
    done.rows += sum(part.rows for part in parts)


def rewrite(
    layout: Layout,
    state: State,
    parts: Iterable[Part],
    change: Change,
    reason: str,
    done: Pruned,
) -> None:
    """Write the parts that have rows to change anew, and remove the old ones. With the lock."""
    old: list[str] = []
    with PartWriter(layout, state.number + 1) as writer:
        for part in parts:
            path = layout.rows / part.name
            changed = sum(change(row) is not row for row in rows_of_parts(path))
            if not changed:
                continue
            for row in rows_of_parts(path):
                writer.add(change(row))
            old.append(part.name)
            done.labels += changed
        made = writer.finish()
    if not old:
        return
    commit(layout, state, parts=made, removed_parts=tuple(old), reason=reason)
    _unlink_parts(layout, state, old)


def _unlink_parts(layout: Layout, state: State, names: Iterable[str]) -> None:
    for name in names:
        path = layout.rows / name
        path.unlink(missing_ok=True)
        if not any(path.parent.iterdir()):
            path.parent.rmdir()
    layout.remove_sums(state.parts)


def without_labels(row: Row, names: Iterable[str] | None = None) -> Row:
    """The row without these labels, or without any; the row itself when it has none of them."""
    labels: dict[str, Any] = row.get("labels", {})
    kept = {} if names is None else {k: v for k, v in labels.items() if k not in set(names)}
    if len(kept) == len(labels):
        return row
    changed = {name: value for name, value in row.items() if name != "labels"}
    if kept:
        changed["labels"] = kept
    changed["flags"] = [*row.get("flags", []), "erased"]
    return changed
