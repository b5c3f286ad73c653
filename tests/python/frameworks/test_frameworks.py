"""Frameworks that make their own clients: each call counted as the emulator counts it, or refused.

`./dev test --frameworks` runs this in environments of its own, in which they are installed.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from importlib import util
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import costmark
from frameworks.rows import MODEL, QUESTION, ROWS, Place, Row
from harness import ACCESS_KEY_ID, SECRET_ACCESS_KEY, Emulator, run_emulator

if TYPE_CHECKING:
    from collections.abc import Iterator

# What frameworks warn of is theirs.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(300)]
PROJECT = "proj_frameworks"


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with run_emulator("--project", f"{PROJECT}:team=tests") as each:
        yield each


@pytest.fixture(scope="module")
def another() -> Iterator[Emulator]:
    """An emulator for which no framework has kept a client."""
    with run_emulator() as each:
        yield each


@pytest.fixture
def bedrock(emulator: Emulator) -> Emulator:
    emulator.fetch("/_emulator/usage", method="DELETE")
    return emulator


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    for name, value in {
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "DSPY_CACHEDIR": str(tmp_path),
        "CREWAI_DISABLE_TELEMETRY": "true",
        "CREWAI_DISABLE_TRACKING": "true",
        "OTEL_SDK_DISABLED": "true",
        "HOME": str(tmp_path),
        "OPENAI_API_KEY": "ABSKEXAMPLE",
        # Those that what is edited is signed with again, where a framework signs by itself.
        "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
    }.items():
        monkeypatch.setenv(name, value)
    yield
    costmark.unpatch()
    logging.getLogger("costmark").handlers.clear()


def where_installed(rows: list[Row]) -> list[Any]:
    return [
        pytest.param(
            row,
            id=str(row),
            marks=pytest.mark.skipif(
                util.find_spec(row.module) is None, reason=f"{row.framework} is not installed here"
            ),
        )
        for row in rows
    ]


def counted() -> list[tuple[str, int, int]]:
    return [
        (name, each.input_tokens, each.output_tokens) for name, each in costmark.usage().items()
    ]


def billed(bedrock: Emulator) -> list[tuple[str, int, int]]:
    records = bedrock.usage()
    tokens = [
        (name, sum(r["input_tokens"] for r in records), sum(r["output_tokens"] for r in records))
        for name in {each["project"] for each in records}
    ]
    assert len(tokens) < 2, "calls went to several projects"
    return tokens


@pytest.mark.parametrize("row", where_installed(ROWS))
def test_a_call_is_attributed_and_counted(row: Row, bedrock: Emulator) -> None:
    if not row.by_hand:
        costmark.patch(hosts=[bedrock.url.removeprefix("http://")], project=PROJECT)
    costmark.reset_usage()
    row.run(Place(bedrock.url, PROJECT))
    assert counted() == billed(bedrock)
    assert [each[0] for each in counted()] == [PROJECT]


@pytest.mark.parametrize("row", where_installed([row for row in ROWS if not row.by_hand]))
def test_without_a_project_it_is_refused(row: Row, another: Emulator) -> None:
    costmark.patch(hosts=[another.url.removeprefix("http://")], unattributed="refuse")
    with pytest.raises(Exception, match="no project is named"):
        row.run(Place(another.url))
    assert another.usage() == []


@pytest.mark.skipif(util.find_spec("llm") is None, reason="llm is not installed here")
@pytest.mark.parametrize("how", ["--no-stream", "--stream"])
def test_the_llm_command_under_costmark_run(how: str, bedrock: Emulator, tmp_path: Path) -> None:
    (tmp_path / "extra-openai-models.yaml").write_text(
        f"- model_id: shoes\n  model_name: {MODEL}\n  api_base: {bedrock.base_url}\n"
        "  api_key_name: bedrock\n"
    )
    (tmp_path / "keys.json").write_text('{"bedrock": "ABSKEXAMPLE"}')
    ledger = tmp_path / "rows"
    llm = [str(Path(sys.executable).with_name("llm")), "-m", "shoes", QUESTION]
    done = subprocess.run(
        [
            *(sys.executable, "-m", "costmark.cli", "run", "--project", PROJECT),
            *("--hosts", bedrock.url.removeprefix("http://"), "--ledger", str(ledger), "--"),
            *(llm + ([how] if how == "--no-stream" else [])),
        ],
        env={**os.environ, "LLM_USER_PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")
    from costmark import ledger as rows_of

    rows = [row for row in rows_of.read(ledger) if row["kind"] == "attempt"]
    assert [(row["project"], row["input"], row["output"]) for row in rows] == billed(bedrock)
