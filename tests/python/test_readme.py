"""What the README prints works as printed."""

from __future__ import annotations

import datetime as dt
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from costmark import ledger
from harness import run_emulator

_BEDROCK = "https://bedrock-mantle.us-east-1.api.aws/v1"
README = Path(__file__).parents[2] / "README.md"


def _blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README.read_text(), re.MULTILINE | re.DOTALL)


def _emulator_options() -> list[str]:
    """The options of the line that starts the emulator."""
    command = next(block for block in _blocks("sh") if "costmark emulator" in block)
    started = re.search(r"^costmark emulator --port \d+ ((?:\\\n|.)*)", command, re.MULTILINE)
    assert started
    return started[1].replace("\\\n", " ").split()


def _exported() -> dict[str, str]:
    """The variables that the README sets."""
    lines = [re.findall(r"^export (.*)$", block, re.MULTILINE) for block in _blocks("sh")]
    return dict(pair.split("=", 1) for of in lines for line in of for pair in line.split())


def _bare(variables: dict[str, str]) -> dict[str, str]:
    ours = ("AWS_", "COSTMARK_", "OPENAI_", "ANTHROPIC_")
    return {n: v for n, v in os.environ.items() if not n.startswith(ours)} | variables


def test_the_emulator_knows_every_project_of_the_examples() -> None:
    started = {each.partition(":")[0] for each in _emulator_options()}
    named = {each for block in _blocks("python") for each in re.findall(r"proj_[a-z0-9]+", block)}
    assert named
    assert named <= started


def test_the_variables_are_all_that_clients_need() -> None:
    code = """
import sys
from openai import OpenAI
from anthropic import Anthropic
import costmark
ask = [{"role": "user", "content": "Hello"}]
client = costmark.wrap(OpenAI(), project="proj_support")
client.chat.completions.create(model="openai.gpt-oss-20b", messages=ask)
claude = costmark.wrap(Anthropic(), project="proj_research")
claude.messages.create(model="anthropic.claude-fable-5", max_tokens=9, messages=ask)
"""
    runtime = """
import boto3, costmark
runtime = costmark.wrap(boto3.client("bedrock-runtime"), project="proj_support")
ask = [{"role": "user", "content": [{"text": "Hello"}]}]
runtime.converse(modelId="amazon.nova-lite-v1:0", messages=ask)
"""
    with run_emulator(*_emulator_options()) as emulator:
        given = {
            name: value.replace("http://127.0.0.1:8080", emulator.url)
            for name, value in _exported().items()
        }
        signing = {n: v for n, v in given.items() if n.startswith(("COSTMARK_", "AWS_"))}
        sdks = {n: v for n, v in given.items() if n not in signing}
        asks = ["-m", "costmark", "doctor", "attribution", "--model", "openai.gpt-oss-20b"]
        of_boto3 = {n: v for n, v in signing.items() if n.startswith("AWS_")}
        for command, variables in (
            (["-c", code], sdks),
            (asks, signing),
            (["-c", runtime], of_boto3),
        ):
            done = subprocess.run(
                [sys.executable, *command],
                env=_bare(variables),
                capture_output=True,
                text=True,
                timeout=60,
            )
            assert done.returncode == 0, done.stdout + done.stderr
        projects = [each["project"] for each in emulator.usage()]
        signed = [each["signed_by"] for each in emulator.usage()]
    assert projects == [
        *("proj_support", "proj_research"),
        *("proj_5d5ykleja6cwpirysbb7", "proj_support"),
    ]
    assert signed[-2:] == ["sigv4", "sigv4"]


def test_the_first_example_runs_as_printed(tmp_path: Path) -> None:
    with run_emulator(*_emulator_options()) as emulator:
        variables = _exported()
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
        assert "'operations': 1" in done.stdout
        (record,) = emulator.usage()
        assert record["project"] == "proj_5d5ykleja6cwpirysbb7"
        assert record["tags"] == {"team": "platform"}


def test_calls_with_the_first_variables_have_a_price(tmp_path: Path) -> None:
    """Those that the emulator's chapter sets first, and nothing else."""
    chapter = README.read_text().partition("\n## The emulator\n")[2]
    block = re.findall(r"^```sh\n(.*?)^```", chapter, re.MULTILINE | re.DOTALL)[0]
    exported = re.findall(r"^export (.*)$", block, re.MULTILINE)
    variables = dict(pair.split("=", 1) for line in exported for pair in line.split())
    with run_emulator(*_emulator_options()) as emulator:
        given = {n: v.replace("http://127.0.0.1:8080", emulator.url) for n, v in variables.items()}
        printed = _blocks("python")[0]
        local = printed.replace(f'base_url="{_BEDROCK}", api_key="unused"', "")
        assert local != printed
        done = subprocess.run(
            [sys.executable, "-c", local],
            env={**_bare(given), "COSTMARK_LEDGER": str(tmp_path / "ledger")},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
    (row,) = (each for each in ledger.read(tmp_path / "ledger") if each["kind"] == "attempt")
    assert (row["cost_state"], row["region"]) == ("priced", "us-east-1")


def _week() -> dict[str, str]:
    """The commands of each day."""
    chapter = (
        README.read_text().partition("## Cost attribution in a week\n")[2].partition("\n## ")[0]
    )
    found = re.findall(r"^(\w+day): .*?^```sh\n(.*?)^```", chapter, re.MULTILINE | re.DOTALL)
    return dict(found)


def test_cost_attribution_in_a_week(tmp_path: Path) -> None:
    """Its commands, in order, with days between them by the emulator's clock."""
    pytest.importorskip("boto3")
    pytest.importorskip("duckdb")
    days = ("Monday", "Tuesday", "Wednesday", "Friday")
    assert tuple(_week()) == days
    with run_emulator() as emulator:
        today = dt.datetime.now(dt.timezone.utc).date()
        tomorrow = today + dt.timedelta(days=1)
        local = {
            _BEDROCK: emulator.base_url,
            "2026-11-30": f"{today}",
            "2026-12-01": f"{tomorrow}",
            "2026-11 ": f"{today:%Y-%m} ",
        }
        signing = {n: v for n, v in _exported().items() if n.startswith("AWS_")}
        variables = {
            **signing,
            "AWS_ENDPOINT_URL": emulator.url,
            "COSTMARK_BASE_URL": emulator.base_url,
            "COSTMARK_AUTH": "sigv4",
            "COSTMARK_REGION": "us-east-1",
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "XDG_CACHE_HOME": str(tmp_path / "cache"),
        }
        said = {}
        for day, commands in _week().items():
            # At once: today may be the tomorrow of the text.
            printed = "|".join(map(re.escape, local))
            commands = re.sub(printed, lambda found: local[found[0]], commands)
            done = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", commands],
                env=_bare(variables),
                cwd=tmp_path,
                capture_output=True,
                text=True,
                timeout=100,
            )
            assert done.returncode == 0, (day, done.stdout + done.stderr)
            said[day] = done.stdout
            emulator.fetch("/_emulator/clock", {"forward_s": 86_400})
    assert re.search(r"^search +[\d,]+ +<?\$0.\d+ +100.0%$", said["Friday"], re.MULTILINE)
    assert "Ledger and bill agree: $" in said["Friday"]


def test_every_python_block_compiles() -> None:
    for block in _blocks("python"):
        compile(block, "README.md", "exec")


def test_every_option_that_is_named_exists() -> None:
    from costmark import _core

    known = {option["name"] for option in _core.options()}
    named = set(re.findall(r"`([a-z_]+)=[a-z0-9]+`", README.read_text()))
    assert named, "the README names options"
    assert named <= known
