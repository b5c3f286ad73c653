"""Whether the sums of parts may be added to what a report reads row by row.

Among themselves they may: see `costmark.ledger.sums`. The rows are those of segments and logs, and
of parts whose sums do not answer what is asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..ledger.parts import table_of
from ..ledger.sums import index_of, known_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from ..ledger.manifests import Layout, Part
    from ..ledger.sums import PartSums
    from .sums import Summing

    Execute = Callable[[str, dict[str, Any]], list[tuple[Any, ...]]]


def fitting(layout: Layout, parts: Mapping[str, Part], summing: Summing) -> dict[Path, PartSums]:
    """The parts of a ledger whose sums answer what is asked. Raises FileNotFoundError."""
    index = index_of(layout)
    known = {name: known_of(layout, part, index) for name, part in parts.items()}
    having = {
        name: each
        for name, each in known.items()
        if each and each.has_file and (layout.rows / name).stat().st_size == each.part_size
    }
    doubtful = {
        name
        for each in having.values()
        for before in each.unproven
        if before in having
        for name in (each.part, before)
    }
    return {
        layout.rows / name: each
        for name, each in having.items()
        if name not in doubtful and summing.fits(each)
    }


class Beside:
    """Rows of the tables ``raw_rows`` and ``parts``, beside parts that are summed up."""

    def __init__(
        self, execute: Execute, summed: Mapping[Path, PartSums], tables: list[str]
    ) -> None:
        self._execute = execute
        self._summed = summed
        columns = "kind, op, attempt, response_id"
        self._rows = " UNION ALL ".join(f"SELECT {columns} FROM {table}" for table in tables)  # noqa: S608

    def are_apart(self) -> bool:
        """Whether none of the rows says more of an attempt in a group.

        Afterwards the table ``begun`` is without those whose end is in a group.
        """
        ended = [each for known in self._summed.values() for each in known.ended]
        if ended:
            operations, attempts = zip(*ended, strict=True)
            self._execute(
                "DELETE FROM begun WHERE (op, attempt) IN "
                "(SELECT (unnest($operations::VARCHAR[]), unnest($attempts::INTEGER[])))",
                {"operations": list(operations), "attempts": list(attempts)},
            )
        return not (self._has_attempts_twice() or self._has_settlements())

    def _has_attempts_twice(self) -> bool:
        # Beginnings that stand beside the groups are looked up when these are made.
        self._execute(
            "CREATE OR REPLACE TEMP VIEW doubtful AS "  # noqa: S608
            "SELECT true AS is_end, op, hash(op, attempt) AS operation "
            f"FROM ({self._rows}) WHERE kind = 'attempt' UNION ALL "
            "SELECT false, op, hash(op, attempt) FROM begun WHERE (op, attempt) NOT IN "
            "(SELECT (op, attempt) FROM beside WHERE kind = 'begin')",
            {},
        )
        ((first, last),) = self._execute("SELECT min(op), max(op) FROM doubtful", {})
        if first is None:
            return False
        near = [path for path, known in self._summed.items() if known.meets(first, last)]
        if not near:
            return False
        self._execute(
            "CREATE OR REPLACE TEMP TABLE met AS SELECT DISTINCT hash(op, attempt) AS operation "  # noqa: S608
            f"FROM {table_of(near)} WHERE kind = 'attempt' AND op BETWEEN $first AND $last "
            "AND hash(op, attempt) IN (SELECT operation FROM doubtful)",
            {"first": first, "last": last},
        )
        if self._execute(
            "SELECT 1 FROM doubtful WHERE is_end AND operation IN (FROM met) LIMIT 1", {}
        ):
            return True
        self._execute("DELETE FROM begun WHERE hash(op, attempt) IN (FROM met)", {})
        return False

    def _has_settlements(self) -> bool:
        """Whether an attempt was settled that had ended. One that may be settled is in no group."""
        settled = f"SELECT response_id FROM ({self._rows}) WHERE kind = 'settle'"  # noqa: S608
        return bool(
            self._execute(f"{settled} LIMIT 1", {})
            and self._execute(
                f"SELECT 1 FROM {table_of(self._summed)} WHERE kind = 'attempt' "  # noqa: S608
                f"AND outcome NOT IN ('open', 'incomplete') AND response_id IN ({settled}) LIMIT 1",
                {},
            )
        )
