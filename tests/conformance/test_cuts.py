"""Every answer of ``answers.json`` is read right in every language, wherever it is cut in two."""

from __future__ import annotations

import base64
import functools
from typing import Any

import pytest

import cuts
import expect

results = functools.cache(cuts.results)


@pytest.mark.timeout(cuts.SECONDS + 60)
@pytest.mark.parametrize(
    ("runner", "way"), [(name, way) for name, ways in cuts.WAYS.items() for way in ways]
)
def test_answers_are_read_right_wherever_they_are_cut(runner: str, way: str) -> None:
    if cuts.command_of(runner) is None:
        pytest.skip(f"the runner of {runner} is not built")
    assert not results(runner)[way]


# --- What `cuts` must notice ----------------------------------------------------------------------


@pytest.fixture
def case() -> dict[str, Any]:
    """An answer of which something is hidden."""
    return next(
        each for each in cuts.ANSWERS if "without_usage_chunk" in each["calls"][0]["result"]
    )


def told(case: dict[str, Any], first: int, last: int) -> dict[str, Any]:
    """What a runner must say about these places."""
    row = {name: case["rows"][0][name] for name in ("outcome", "usage", "flags")}
    passed = expect.without_usage_chunks(cuts.body_of(case))
    return {"from": first, "to": last, "rows": [row], "passed": base64.b64encode(passed).decode()}


def test_what_is_right_is_no_difference(case: dict[str, Any]) -> None:
    size = len(cuts.body_of(case))
    assert not cuts.differences(case, [told(case, 0, 6), told(case, 7, size)])


@pytest.mark.parametrize(
    "wrong",
    [
        {"rows": []},
        {"rows": [{"outcome": "ok", "usage": {"input": 1}, "flags": []}]},
        {"passed": ""},
    ],
    ids=["no-row", "count", "passed"],
)
def test_one_place_at_which_it_is_wrong_is_named(
    case: dict[str, Any], wrong: dict[str, Any]
) -> None:
    size = len(cuts.body_of(case))
    lines = [told(case, 0, 6), {**told(case, 7, 7), **wrong}, told(case, 8, size)]
    (found,) = cuts.differences(case, lines)
    assert found.startswith("cut at 7 to 7: ")


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_a_place_that_was_left_out_is_noticed(case: dict[str, Any], missing: int) -> None:
    size = len(cuts.body_of(case))
    lines = [told(case, 0, 6), told(case, 7, 7), told(case, 8, size)]
    del lines[missing]
    (found,) = cuts.differences(case, lines)
    assert f"not at each place from 0 to {size}" in found


def test_there_are_enough_answers() -> None:
    own = [case for case in cuts.ANSWERS if case["name"].startswith("answer-")]
    assert len(own) >= 40
    assert all("piece_size" not in case["calls"][0]["answers"][0] for case in cuts.ANSWERS)
