"""What both sides counted: the rows of the ledger, and the records of the emulator."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..ledger import read

if TYPE_CHECKING:
    from .emulated import Emulated


@dataclass
class Sums:
    """What one project used."""

    operations: int = 0
    input_tokens: int = 0
    cached_input_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0

    def add(self, other: Sums) -> None:
        """Add another's counts to these."""
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)

    @property
    def tokens(self) -> int:
        """Input and output together."""
        return self.input_tokens + self.output_tokens


ByProject = dict[str, Sums]


def segments(ledger: str) -> set[Path]:
    """The files of a ledger, so that those of one run can be told from others."""
    return set(Path(ledger).glob("raw/*/*.jsonl"))


def of_ledger(rows: Iterable[Path]) -> ByProject:
    """What the clients counted, of every language."""
    found: ByProject = defaultdict(Sums)
    for row in read(*rows):
        if row["kind"] == "attempt" and row["outcome"] == "ok":
            tokens = (row.get(name, 0) for name in ("input", "cached", "output", "reasoning"))
            found[row["project"]].add(Sums(1, *tokens))
    return dict(found)


def of_server(emulated: Emulated) -> ByProject:
    """What the emulator recorded."""
    found: ByProject = defaultdict(Sums)
    for record in emulated.usage():
        names = ("input_tokens", "cached_input_tokens", "output_tokens", "reasoning_tokens")
        found[record["project"]].add(Sums(1, *(record[name] for name in names)))
    return dict(found)


def total(found: ByProject) -> Sums:
    """Everything together."""
    result = Sums()
    for sums in found.values():
        result.add(sums)
    return result


def differences(client: ByProject, server: ByProject) -> list[str]:
    """Say in which projects the two sides differ, and how."""
    lines = []
    for project in sorted(client.keys() | server.keys()):
        ours, theirs = client.get(project, Sums()), server.get(project, Sums())
        lines += [
            f"{project}: {name} {value} here, {getattr(theirs, name)} there"
            for name, value in vars(ours).items()
            if value != getattr(theirs, name)
        ]
    return lines
