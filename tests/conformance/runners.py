"""The programs that run the cases, and what each brought."""

from __future__ import annotations

import os
import shlex
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import cases
import check

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = cases.HERE.parent.parent

# Name of a runner: where a build leaves its program. COSTMARK_RUNNER_<NAME> is a command in its
# place.
BUILT = {
    "core": "build/*/tests/core/conformance/conformance_runner",
    "capi": "build/*/tests/capi/conformance/capi_conformance_runner",
    "go": "build/go/conformance",
    "rust": "build/rust/*/conformance",
}
# Those of the Python adapters need costmark and the SDK beside this very interpreter.
PYTHON = {
    f"python_{sdk}_{mode}": [sdk, mode]
    for sdk in ("openai", "anthropic")
    for mode in ("sync", "async")
}
RUNNERS = [*BUILT, *PYTHON]

ALL = cases.load(Path(os.environ.get("COSTMARK_ANSWERS", cases.ANSWERS)))


def command(runner: str) -> list[str] | None:
    """What starts a runner; None where it is not built."""
    given = os.environ.get(f"COSTMARK_RUNNER_{runner.upper()}")
    if given:
        return shlex.split(given)
    if runner in PYTHON:
        return _python(*PYTHON[runner])
    built = sorted(ROOT.glob(BUILT[runner]), key=lambda path: path.stat().st_mtime)
    return [str(built[-1])] if built else None


def _python(sdk: str, mode: str) -> list[str] | None:
    if find_spec("costmark") is None or find_spec(sdk) is None:
        return None
    return [sys.executable, str(cases.HERE / "runner_python.py"), "--sdk", sdk, "--mode", mode]


_started: dict[str, Future[check.Report]] = {}


def start(runners: Iterable[str]) -> None:
    """Start those of the runners that are built, side by side: most of their time they wait."""
    commands = {name: found for name in runners if (found := command(name))}
    pool = ThreadPoolExecutor(max(len(commands), 1))
    for name, started in commands.items():
        if name not in _started:
            _started[name] = pool.submit(check.Report, ALL, started)
    pool.shutdown(wait=False)


def report_of(runner: str) -> check.Report | None:
    """What a runner brought, which is started once for all cases; None where it is not built."""
    start([runner])
    return _started[runner].result() if runner in _started else None
