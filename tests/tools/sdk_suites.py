"""Run an SDK's own tests without and with `costmark.patch()`, and tell which end differently.

usage: sdk_suites.py FOLDER [TEST...]

FOLDER is an unpacked sdist of openai or anthropic (``pip download --no-binary :all: --no-deps``).
The Python that runs this has costmark, that release of the SDK, and what its tests need beside it:
for most of them respx, pytest-asyncio, inline-snapshot, dirty-equals, nest-asyncio, time-machine,
http-snapshot and trio. Exit status 3: there are differences that EXPECTED does not explain.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from xml.etree import ElementTree

TESTS = (
    "tests/test_client.py",
    "tests/test_streaming.py",
    "tests/test_response.py",
    "tests/test_legacy_response.py",
    "tests/test_middleware.py",
    "tests/test_module_client.py",
    "tests/lib/chat",
    "tests/lib/streaming",
    "tests/lib/responses/test_responses.py",
    "tests/lib/test_bedrock.py",
    "tests/lib/test_bedrock_provider.py",
    "tests/lib/test_bedrock_mantle.py",
)
# Where the tests say that their servers are; most answer below the HTTP client.
HOSTS = (
    "127.0.0.1",
    "localhost",
    "api.openai.com",
    "api.anthropic.com",
    "example.com",
    "test.com",
)
# Tests that end differently because of what the README says.
EXPECTED = {
    r"test_streaming::test_request_errors_are_wrapped": "a stream is asked to report its usage, so "
    "the transport is handed another request than the error names",
    r"test_stream_moderation::": "the chunk with the usage is hidden from who did not ask for it",
    r"::test_switching_to_provider_drops_inherited_openai_metadata": "OPENAI_PROJECT_ID is the "
    "project of calls that name none",
    r"::test_api_key_none_skips_environment_bearer_fallback": "its access key id has a space in it",
    r"test_bedrock::test_aws_credentials_provider_refreshes_before_retries": "so have these",
    r"test_bedrock::test_explicit_aws_credentials_override_ambient_bearer": "and these",
    r"test_bedrock_mantle\.": "boto3 is not asked: costmark signs as the identity of the client",
    r"test_bedrock::test_sigv4_signing_runs_off_event_loop": "boto3 is not asked",
    r"test_bedrock::test_sigv4_signature": "it signs fewer headers, with the time of the system",
    r"test_bedrock::test_custom_headers_from_the_environment_are_signed": "it signs fewer headers",
    r"test_bedrock::test_client_workspace_id_is_kept": "on bedrock-runtime it goes into the header "
    "that InvokeModel has for projects",
}


def pytest_configure() -> None:
    """As a plugin of the SDK's tests: patch."""
    import costmark

    costmark.patch(hosts=HOSTS)


def outcomes(folder: Path, tests: list[str], *, patched: bool) -> dict[str, str]:
    """Run tests and return how each of them ended."""
    plugins = ["-p", Path(__file__).stem] if patched else []
    if (folder / "tests/_alias_httpx.py").exists():
        plugins += ["-p", "tests._alias_httpx"]
    paths = [str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    with tempfile.NamedTemporaryFile(suffix=".xml") as report:
        options = ["-o", "addopts=", "-q", "--continue-on-collection-errors"]
        subprocess.run(
            [
                *(sys.executable, "-m", "pytest", *options, *plugins),
                *(f"--junitxml={report.name}", *tests),
            ],
            cwd=folder,
            env=environment,
            stdout=sys.stderr,
            check=False,
        )
        cases = ElementTree.parse(report.name).iter("testcase")
        return {f"{case.get('classname')}::{case.get('name')}": _ended(case) for case in cases}


def _ended(case: ElementTree.Element) -> str:
    kinds = {child.tag for child in case} & {"failure", "error", "skipped"}
    return kinds.pop() if kinds else "passed"


def expected(name: str) -> bool:
    """Whether the README explains that a test ends differently."""
    return any(re.search(pattern, name) for pattern in EXPECTED)


def differences(folder: Path, tests: list[str]) -> tuple[int, list[str]]:
    """Return how many tests passed without `patch`, and a line for each that differs with it."""
    plain = outcomes(folder, tests, patched=False)
    patched = outcomes(folder, tests, patched=True)
    lines = [
        f"{name}: {plain.get(name)} -> {patched.get(name)}"
        for name in sorted(plain.keys() | patched.keys())
        if plain.get(name) != patched.get(name)
    ]
    return list(plain.values()).count("passed"), lines


def main(arguments: list[str]) -> int:
    """Compare, print, and return the exit status."""
    if not arguments:
        print(__doc__)
        return 2
    folder = Path(arguments[0]).resolve()
    tests = arguments[1:] or [test for test in TESTS if (folder / test).exists()]
    passed, lines = differences(folder, tests)
    for line in lines:
        print("expected:" if expected(line) else "DIFFERS:", line)
    print(f"{folder.name}: {passed} tests pass without patch(), {len(lines)} differ with it")
    return 3 if any(not expected(line) for line in lines) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
