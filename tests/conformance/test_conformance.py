"""Every language runs the cases of ``cases.json`` and must bring what they say."""

from __future__ import annotations

import pytest

import cases
import check
from runners import ALL, RUNNERS, report_of

# The first test of a runner runs all its cases.
pytestmark = pytest.mark.timeout(check.RUNNER_SECONDS + 60)


@pytest.fixture(params=RUNNERS, scope="module")
def report(request: pytest.FixtureRequest) -> check.Report:
    found = report_of(request.param)
    if found is None:
        pytest.skip(f"the runner of {request.param} is not built")
    return found


@pytest.mark.parametrize("case", [case["name"] for case in ALL])
def test_case(report: check.Report, case: str) -> None:
    try:
        found = report.check(case)
    except check.SkippedError as reason:
        pytest.skip(str(reason))
    assert not found, "\n".join(found)


def test_runner_ends_well(report: check.Report) -> None:
    assert not report.failure


def test_answers_beside_the_checkout() -> None:
    if not any(case["name"].startswith("shared-") for case in ALL):
        pytest.skip(f"{cases.ANSWERS} is not there")
