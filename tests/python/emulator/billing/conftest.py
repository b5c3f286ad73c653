from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from emulator.billing.asking import Asking

if TYPE_CHECKING:
    from emulator.support import Emulator


@pytest.fixture
def aws(emulator: Emulator) -> Asking:
    return Asking(emulator)
