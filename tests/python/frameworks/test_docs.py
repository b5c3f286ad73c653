"""docs/frameworks.md has the rows that run, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from frameworks.rows import ROWS

ROOT = Path(__file__).resolve().parents[3]
DOC = (ROOT / "docs/frameworks.md").read_text()
REQUIREMENTS = "".join(
    (ROOT / f"requirements/{name}.txt").read_text() for name in ("frameworks", "crewai")
)
PACKAGES = {"CrewAI": "crewai", "Strands Agents": "strands-agents", "LiteLLM": "litellm"}
PACKAGES |= {"DSPy": "dspy", "pydantic-ai": "pydantic-ai-slim"}


def table(header: str) -> list[list[str]]:
    text = DOC[DOC.index(header) :].split("\n\n")[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()[2:]]


def test_each_call_in_the_table_is_run_and_each_that_is_run_stands_there() -> None:
    documented = {
        (framework, call)
        for framework, _, calls in table("| framework | version |")
        for call in re.findall(r"`([^`]+)`", calls)
        if framework != "llm"  # whose test starts a program
    }
    assert documented == {(row.framework, row.call) for row in ROWS if not row.by_hand}


def test_the_versions_are_those_that_are_installed_for_it() -> None:
    for framework, version, _ in table("| framework | version |"):
        package = PACKAGES.get(framework, framework)
        assert re.search(rf"^{package}=={re.escape(version)}\.", REQUIREMENTS + ".", re.M) or (
            f"{package}=={version}\n" in REQUIREMENTS
        ), framework


def test_what_is_wrapped_by_hand_is_run() -> None:
    documented = {framework for framework, _ in table("| framework | what to wrap |")}
    assert documented == {row.framework for row in ROWS if row.by_hand}
