from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import costmark
from harness import Emulator, run_emulator
from projects.support import options_for

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def _account() -> Iterator[Emulator]:
    with run_emulator() as emulator:
        yield emulator


@pytest.fixture
def account(_account: Emulator) -> Emulator:
    """An emulator of the module's own, without records and faults of earlier tests."""
    for what in ("requests", "faults"):
        _account.fetch(f"/_emulator/{what}", method="DELETE")
    return _account


@pytest.fixture(params=["mantle", "bedrock"])
def plane(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def projects(account: Emulator, plane: Any) -> costmark.Projects:
    return costmark.Projects(plane, **options_for(account))
