"""Every language runs the cases of ``cases.json`` and must bring what they say.

A runner is a program; README.md says what it prints. Each is started once, for all cases. The
variable ``COSTMARK_RUNNER_<NAME>`` is the command that runs it, else the program of the newest
build; one that is not there is skipped.
"""

from __future__ import annotations

import functools
import importlib
import os
import shlex
import sys
from pathlib import Path
from types import ModuleType

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent


def _load(name: str) -> ModuleType:
    """A module of this folder, which is no package on the path."""
    sys.path.insert(0, str(HERE))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(HERE))


cases = _load("cases")
check = _load("check")

# Name of a runner: where a build leaves its program.
RUNNERS = {"core": "build/*/tests/core/conformance/conformance_runner"}
# Runs as long as all the cases of a runner take, in the first test of it.
pytestmark = pytest.mark.timeout(check.RUNNER_SECONDS + 60)

ALL = cases.load(Path(os.environ.get("COSTMARK_ANSWERS", cases.ANSWERS)))


def _command(runner: str) -> list[str] | None:
    given = os.environ.get(f"COSTMARK_RUNNER_{runner.upper()}")
    if given:
        return shlex.split(given)
    built = sorted(ROOT.glob(RUNNERS[runner]), key=lambda path: path.stat().st_mtime)
    return [str(built[-1])] if built else None


@functools.cache
def _report(runner: str) -> object:
    command = _command(runner)
    return check.Report(ALL, command) if command else None


@pytest.mark.parametrize("runner", RUNNERS)
@pytest.mark.parametrize("case", [case["name"] for case in ALL])
def test_case(runner: str, case: str) -> None:
    report = _report(runner)
    if report is None:
        pytest.skip(f"the runner of {runner} is not built")
    try:
        found = report.check(case)
    except check.Skipped as reason:
        pytest.skip(str(reason))
    assert not found, "\n".join(found)


@pytest.mark.parametrize("runner", RUNNERS)
def test_runner_ends_well(runner: str) -> None:
    report = _report(runner)
    if report is None:
        pytest.skip(f"the runner of {runner} is not built")
    assert not report.failure


def test_answers_beside_the_checkout() -> None:
    if not any(case["name"].startswith("shared-") for case in ALL):
        pytest.skip(f"{cases.ANSWERS} is not there")
