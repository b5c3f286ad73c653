from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from emulator.billing.asking import Asking

if TYPE_CHECKING:
    from emulator.support import Emulator


@pytest.fixture(scope="session")
def clients(running: Emulator) -> Asking:
    return Asking(running)


@pytest.fixture
def aws(emulator: Emulator, clients: Asking) -> Asking:
    assert clients.emulator is emulator
    clients.checked.clear()
    return clients
