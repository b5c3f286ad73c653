"""A count of one is in the singular: texts take `counted`, and no plural behind a number."""

from __future__ import annotations

import re

import pytest

from modules import ROOT

NOUNS = (
    "accounts|attempts|budgets|bytes|calls|conflicts|days|experiments|files|groups|keys|labels|lines|"
    "months|operations|parts|prices|projects|requests|rows|segments|tags|times|tokens|writers"
)
COUNTED = re.compile(rf"\{{([^{{}}]+)\}} (?:{NOUNS})\b")
# What stands before such a word and is no count, or is always more than one.
NOT_ONE = {
    *("_DAYS", "MOST_TAGS", "faults", "left", "wanted", "len(names)", "used.operations"),
    *("len(tags)", "len(kept) + len(wanted)", "'+' if change.action == CREATE else '~'"),
    *("count", "days", "used.tokens:,", "float(line.quantity):g"),
    *("kind", "match['tokens']", "', '.join(kinds)", "same", "base.__name__"),
    *("calls:.1f", "_count(tokens)"),  # of a second
}


def fixed_plurals(text: str) -> list[tuple[int, str]]:
    """The lines, from 1, and what is counted there."""
    return [
        (number, match[1])
        for number, line in enumerate(text.splitlines(), start=1)
        for match in COUNTED.finditer(line)
        if match[1] not in NOT_ONE
    ]


def test_no_count_has_a_fixed_plural() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {{{count}}}"
        for path in sorted((ROOT / "python" / "costmark").rglob("*.py"))
        if "emulator" not in path.parts  # it speaks as AWS does
        for number, count in fixed_plurals(path.read_text(encoding="utf-8"))
    ]
    assert not found, "take `counted`: " + "; ".join(found)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('f"{done.sent} parts"', ["done.sent"]),
        ('f"in {n:,} rows, {m} files"', ["n:,", "m"]),
        ("f\"{counted(n, 'row')} of {_DAYS} days\"", []),
        ('f"{name} partsed"', []),
    ],
)
def test_fixed_plurals_are_found(text: str, found: list[str]) -> None:
    assert [count for _, count in fixed_plurals(text)] == found
