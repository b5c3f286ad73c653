from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from emulator.support import Emulator

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _counted_anew() -> None:
    """In place of the fixture of the other tests, which needs the native module."""


@pytest.fixture(scope="session")
def running() -> Iterator[Emulator]:
    emulator = Emulator("--bearer-token", "second-token")
    yield emulator
    code, _, err = emulator.stop()
    assert code == 0
    logged = [line for line in err.splitlines() if ": this path takes " not in line]
    assert all(": there is no such path" in line for line in logged), logged


@pytest.fixture
def emulator(running: Emulator) -> Emulator:
    assert running.plain("POST", "/_emulator/reset").status == 204
    return running
