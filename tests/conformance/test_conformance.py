"""Every language runs the cases of ``cases.json`` and must bring what they say."""

from __future__ import annotations

import pytest

import cases
import check
from runners import ALL, RUNNERS, report_of, start

# The first test of a runner waits until it has run all its cases.
pytestmark = pytest.mark.timeout(check.RUNNER_SECONDS + 60)


@pytest.fixture(scope="module")
def started(request: pytest.FixtureRequest) -> None:
    """The runners of all tests that were selected."""
    calls = [getattr(item, "callspec", None) for item in request.session.items]
    start({call.params["report"] for call in calls if call and "report" in call.params})


@pytest.fixture(params=RUNNERS, scope="module")
def report(request: pytest.FixtureRequest, started: None) -> check.Report:
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
