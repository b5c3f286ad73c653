"""What type checkers make of code that uses costmark."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("mypy", reason="needs mypy")
pytest.importorskip("openai", reason="needs openai")

USER_CODE = """
from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator

from openai import AsyncAzureOpenAI, AsyncOpenAI, OpenAI
from typing_extensions import assert_type

import costmark

assert_type(costmark.wrap(OpenAI(), project="proj_a", region="us-east-1"), OpenAI)
assert_type(costmark.wrap(AsyncAzureOpenAI()), AsyncAzureOpenAI)
assert_type(costmark.unwrap(AsyncOpenAI()), AsyncOpenAI)
credentials = costmark.Credentials("id", "secret", session_token=None)
costmark.patch(
    ["gateway"], credentials=lambda: credentials, bearer_token=lambda: "t", auth="sigv4"
)


@costmark.project("proj_a")
def function(number: int, *, text: str = "") -> float:
    return number / len(text)


@costmark.project("proj_a")
async def coroutine_function(number: int) -> str:
    return str(number)


@costmark.project("proj_a")
def generator() -> Iterator[int]:
    yield 1


@costmark.project("proj_a")
async def asynchronous_generator() -> AsyncIterator[int]:
    yield 1


async def main() -> None:
    assert_type(await coroutine_function(1), str)
    async for number in asynchronous_generator():
        assert_type(number, int)
    async with costmark.project("proj_a") as scope:
        assert_type(scope.id, str)


def returns_from_within() -> int:
    with costmark.project("proj_a"):
        return 1


assert_type(function(1, text="a"), float)
bound: Callable[[], str | None] = costmark.bind(costmark.current_project)
assert_type(costmark.usage(), dict[str, costmark.ProjectUsage])
assert_type(costmark.usage()["proj_a"].total_tokens, int)
assert_type(costmark.jsonedit.set(b"{}", "a.b", [1, None]), bytes)
assert_type(
    costmark.sign(
        "GET", "https://a/", {"b": "c"}, credentials=credentials, region="r", service="s"
    ),
    dict[str, str],
)


def handle(error: costmark.Error) -> tuple[str, int | None, int | None, str | None, bool]:
    return error.code, error.offset, error.status, error.request_id, error.retryable
"""

ANTHROPIC_CODE = """
from anthropic import Anthropic, AsyncAnthropic, AsyncAnthropicBedrockMantle
from typing_extensions import assert_type

import costmark

assert_type(costmark.wrap(Anthropic(), project="proj_a"), Anthropic)
assert_type(costmark.wrap(AsyncAnthropic()), AsyncAnthropic)
assert_type(costmark.unwrap(AsyncAnthropicBedrockMantle()), AsyncAnthropicBedrockMantle)
assert_type(costmark.route_of("anthropic.claude-fable-5"), costmark.Route)
"""

MISTAKES = """
from openai import OpenAI

import costmark


@costmark.project("proj_a")
def function(number: int) -> int:
    return number


function("1")  # arg-type
costmark.project(5)  # arg-type
costmark.wrap(OpenAI(), project=5)  # arg-type
costmark.wrap(OpenAI()).nothing  # attr-defined
costmark.warp  # attr-defined
"""


def errors_of(code: str, folder: Path) -> list[str]:
    file = folder / "user_code.py"
    file.write_text(code)
    configuration = folder / "mypy.ini"
    configuration.write_text("[mypy]\nstrict = True\n")
    result = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", configuration, "--no-error-summary", file],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert not result.stderr
    return [line for line in result.stdout.splitlines() if ": error: " in line]


def test_user_code_type_checks(tmp_path: Path) -> None:
    assert errors_of(USER_CODE, tmp_path) == []


def test_anthropic_clients_keep_their_type(tmp_path: Path) -> None:
    pytest.importorskip("anthropic", reason="needs anthropic")
    assert errors_of(ANTHROPIC_CODE, tmp_path) == []


def test_mistakes_are_found(tmp_path: Path) -> None:
    expected = [
        (number, line.rpartition("# ")[2])
        for number, line in enumerate(MISTAKES.splitlines(), start=1)
        if "# " in line
    ]
    found = [
        (int(error.split(":")[1]), error.rpartition("[")[2].rstrip("]"))
        for error in errors_of(MISTAKES, tmp_path)
    ]
    assert found == expected
