"""docs/edges.md names tests that exist, for each number of its tables."""

from __future__ import annotations

import re

import pytest

from modules import ROOT

TEXT = (ROOT / "docs" / "edges.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (\d+) \|(.*)\|$", TEXT, re.MULTILINE)


def is_missing(named: str) -> bool:
    """Whether a test, as FILE or FILE::NAME, is not there."""
    file, _, name = named.partition("::")
    path = ROOT / file
    if not path.is_file():
        return True
    return re.search(rf"\b{name}\b", path.read_text(encoding="utf-8")) is None


def test_every_number_is_there_once() -> None:
    assert [int(number) for number, _ in ROWS] == list(range(1, 25))


@pytest.mark.parametrize(("number", "row"), ROWS, ids=[number for number, _ in ROWS])
def test_the_tests_of_a_number_exist(number: str, row: str) -> None:
    named = re.findall(r"`((?:tests|capi|examples)/[^`]+)`", row)
    assert named, f"{number} has no test"
    assert [each for each in named if is_missing(each)] == []


@pytest.mark.parametrize(
    "named",
    ["tests/tools/nowhere.py", "tests/tools/test_edges.py::test_that_" + "was_never_there"],
)
def test_what_is_missing_is_noticed(named: str) -> None:
    assert is_missing(named)
