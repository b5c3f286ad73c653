from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from botocore_clients.support import OTHER, PROJECT
from harness import Emulator, run_emulator

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def _running() -> Iterator[Emulator]:
    with run_emulator("--project", PROJECT, "--project", OTHER) as emulator:
        yield emulator


@pytest.fixture
def bedrock(_running: Emulator) -> Emulator:
    for what in ("usage", "requests", "faults"):
        _running.fetch(f"/_emulator/{what}", method="DELETE")
    return _running
