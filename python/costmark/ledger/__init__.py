"""Reading the ledger that option ``ledger`` writes.

::

    from costmark import ledger

    for row in ledger.read("/var/lib/costmark"):
        print(row["project"], row.get("input"), row.get("output"))

Rows are dicts as ``row.schema.json`` describes them; docs/ledger.md has the words.
"""

from __future__ import annotations

from .compact import Compacted, compact
from .erase import erase
from .manifests import BusyError, ManifestError
from .prune import Pruned, prune
from .read import read, sources
from .rows import Fault, Row, parse_line
from .shipping import Pushed, push
from .states import Attempts
from .verify import Findings, verify

__all__ = [
    "Attempts",
    "BusyError",
    "Compacted",
    "Fault",
    "Findings",
    "ManifestError",
    "Pruned",
    "Pushed",
    "Row",
    "compact",
    "erase",
    "parse_line",
    "prune",
    "push",
    "read",
    "sources",
    "verify",
]
