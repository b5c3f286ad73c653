"""What the tests of projects make clients of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY

if TYPE_CHECKING:
    from harness import Emulator

KEYS: dict[str, Any] = {
    "access_key_id": ACCESS_KEY_ID,
    "secret_access_key": SECRET_ACCESS_KEY,
    "region": REGION,
}


def options_for(emulator: Emulator, **more: object) -> dict[str, Any]:
    """What the emulator's clients are made with."""
    return {"base_url": emulator.url, "auth": "sigv4", **KEYS, **more}
