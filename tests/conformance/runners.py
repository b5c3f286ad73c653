"""The programs that run the cases, one a language, and what each brought."""

from __future__ import annotations

import functools
import os
import shlex
from pathlib import Path

import cases
import check

ROOT = cases.HERE.parent.parent

# Name of a runner: where a build leaves its program. COSTMARK_RUNNER_<NAME> is a command in its
# place.
RUNNERS = {
    "core": "build/*/tests/core/conformance/conformance_runner",
    "capi": "build/*/tests/capi/conformance/capi_conformance_runner",
}

ALL = cases.load(Path(os.environ.get("COSTMARK_ANSWERS", cases.ANSWERS)))


def _command(runner: str) -> list[str] | None:
    given = os.environ.get(f"COSTMARK_RUNNER_{runner.upper()}")
    if given:
        return shlex.split(given)
    built = sorted(ROOT.glob(RUNNERS[runner]), key=lambda path: path.stat().st_mtime)
    return [str(built[-1])] if built else None


@functools.cache
def report_of(runner: str) -> check.Report | None:
    """What a runner brought, which is started once for all cases; None where it is not built."""
    command = _command(runner)
    return check.Report(ALL, command) if command else None
