"""What the README prints works as printed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from harness import run_emulator

_BEDROCK = "https://bedrock-mantle.us-east-1.api.aws/v1"
README = Path(__file__).parents[2] / "README.md"


def _blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README.read_text(), re.MULTILINE | re.DOTALL)


def test_the_first_example_runs_as_printed(tmp_path: Path) -> None:
    command = next(block for block in _blocks("sh") if "costmark emulator" in block)
    started = re.search(r"^costmark emulator --port \d+ (--project \S+)$", command, re.MULTILINE)
    exported = re.search(r"^export (.*)$", command, re.MULTILINE)
    assert started
    assert exported
    with run_emulator(*started[1].split()) as emulator:
        variables = dict(pair.split("=", 1) for pair in exported[1].split())
        assert variables["OPENAI_BASE_URL"].endswith("/v1")
        variables["OPENAI_BASE_URL"] = emulator.base_url
        example = tmp_path / "example.py"
        printed = _blocks("python")[0]
        assert printed.count(_BEDROCK) == printed.count('api_key="unused"') == 1
        local = printed.replace(_BEDROCK, variables["OPENAI_BASE_URL"])
        example.write_text(local.replace("unused", variables["OPENAI_API_KEY"]))
        done = subprocess.run(
            [sys.executable, str(example)],
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        assert "proj_5d5ykleja6cwpirysbb7" in done.stdout
        assert "operations=1" in done.stdout
        (record,) = emulator.usage()
        assert record["project"] == "proj_5d5ykleja6cwpirysbb7"
        assert record["tags"] == {"team": "platform"}


def test_every_python_block_compiles() -> None:
    for block in _blocks("python"):
        compile(block, "README.md", "exec")


def test_every_option_that_is_named_exists() -> None:
    from costmark import _core

    known = {option["name"] for option in _core.options()}
    named = set(re.findall(r"`([a-z_]+)=[a-z0-9]+`", README.read_text()))
    assert named, "the README names options"
    assert named <= known
