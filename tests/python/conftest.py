"""Fixtures of all Python tests."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from harness import Emulator, Recorder, run_emulator, run_recorder

if TYPE_CHECKING:
    from collections.abc import Iterator


def pytest_configure() -> None:
    # A shell has what runs in the background ignore it, and programs that tests start inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--sign-cases",
        type=int,
        default=2000,
        help="random requests to sign with costmark and with botocore (default: %(default)s)",
    )
    parser.addoption(
        "--expiry-seconds",
        type=float,
        default=3,
        help="how long 64 threads call while credentials end every second (default: %(default)s)",
    )
    parser.addoption(
        "--soak-minutes",
        type=float,
        default=0.08,
        help="how long to keep every kind of call going while credentials expire and calls fail"
        " (default: %(default)s)",
    )
    parser.addoption(
        "--cur-gigabytes",
        type=float,
        default=5,
        help="how large an export is read in little memory (default: %(default)s)",
    )
    parser.addoption(
        "--sdk-sdists",
        metavar="FOLDER",
        help="where the unpacked sdists of the SDKs are, whose own tests are to be run",
    )


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def _emulator_process() -> Iterator[Emulator]:
    with run_emulator() as emulator:
        yield emulator


@pytest.fixture
def bedrock(_emulator_process: Emulator) -> Emulator:
    """The emulator, without records of earlier tests."""
    for what in ("usage", "requests", "faults"):
        _emulator_process.fetch(f"/_emulator/{what}", method="DELETE")
    return _emulator_process


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    with run_recorder() as server:
        yield server


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("COSTMARK_", "OPENAI_", "ANTHROPIC_", "AWS_")):
            monkeypatch.delenv(name)
    # The machine that runs the tests may be an instance with credentials of its own.
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture(autouse=True)
def _counted_anew() -> None:
    import costmark

    costmark.reset_usage()
