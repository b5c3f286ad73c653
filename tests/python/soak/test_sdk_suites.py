"""The SDKs' own tests end with `patch()` as they do without it, but for what the README says.

The sdists of the installed SDKs are needed, unpacked side by side: `pytest --sdk-sdists FOLDER`.
"""

from __future__ import annotations

from importlib import import_module, metadata, util
from pathlib import Path

import pytest

import sdk_suites

NEEDED = ("respx", "pytest_asyncio", "inline_snapshot", "dirty_equals", "time_machine")


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("package", ["openai", "anthropic"])
def test_the_tests_of_an_sdk(request: pytest.FixtureRequest, package: str) -> None:
    folder = request.config.getoption("--sdk-sdists")
    if folder is None:
        pytest.skip("give the folder of the unpacked sdists: --sdk-sdists FOLDER")
    import_module(package)
    sdist = Path(folder) / f"{package}-{metadata.version(package)}"
    if not sdist.is_dir():
        pytest.skip(f"there is no {sdist}")
    missing = [name for name in NEEDED if util.find_spec(name) is None]
    if missing:
        pytest.skip(f"its tests need {', '.join(missing)}")
    tests = [test for test in sdk_suites.TESTS if (sdist / test).exists()]
    passed, lines = sdk_suites.differences(sdist, tests)
    assert passed > 200
    assert [line for line in lines if not sdk_suites.expected(line)] == []
