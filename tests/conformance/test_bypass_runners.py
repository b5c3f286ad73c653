"""No attempt of ``bypass.json`` gets through without a project, in any language.

`tests/python/adapters/test_bypass.py` makes those of requests byte for byte as well, and shows that
each counts where nothing stops it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import bypass

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def past() -> Iterator[bypass.Past]:
    with bypass.past() as made:
        yield made


@pytest.mark.timeout(300)
@pytest.mark.parametrize("endpoint", bypass.ENDPOINTS)
@pytest.mark.parametrize(
    ("runner", "way"), [(name, way) for name, ways in bypass.WAYS.items() for way in ways]
)
def test_no_attempt_gets_through(past: bypass.Past, runner: str, way: str, endpoint: str) -> None:
    if bypass.command_of(runner) is None:
        pytest.skip(f"the runner of {runner} is not built")
    results = past.results(runner, way, endpoint)
    assert not bypass.wrong_of(results)
    attributed = list(results.values()).count("attributed")
    assert attributed > 0.6 * len(results)  # and not only refused
