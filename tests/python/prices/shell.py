"""Commands of a shell that ask for prices: of genai-prices by curl, and of AWS by boto3."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

from harness import ACCESS_KEY_ID, SECRET_ACCESS_KEY, run_emulator

if TYPE_CHECKING:
    from pathlib import Path

URL = "https://raw.githubusercontent.com/pydantic/genai-prices/main/prices/data.json"
# Two models as that file has them.
DATA = [
    {
        "id": "aws",
        "models": [
            {
                "id": "amazon.nova-lite-v1:0",
                "match": {"contains": "amazon.nova-lite"},
                "prices": {"input_mtok": 0.06, "cache_read_mtok": 0.015, "output_mtok": 0.24},
            },
            {
                "id": "global.anthropic.claude-haiku-4-5-20251001-v1:0",
                "match": {"contains": "global.anthropic.claude-haiku-4-5-20251001"},
                "prices": {"input_mtok": 1, "cache_read_mtok": 0.1, "output_mtok": 5},
            },
        ],
    }
]


def run_in_shell(commands: str, folder: Path) -> str:
    """Run commands in a folder, where curl has that file and the emulator is the Price List."""
    programs = folder / "bin"
    programs.mkdir(exist_ok=True)
    (programs / "data.json").write_text(json.dumps(DATA))
    curl = programs / "curl"
    curl.write_text(f'#!/bin/sh\n[ "$*" = "-fsS {URL}" ] && cat {programs}/data.json\n')
    curl.chmod(0o755)
    inherited = {n: v for n, v in os.environ.items() if not n.startswith(("AWS_", "COSTMARK_"))}
    with run_emulator() as emulator:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", commands],
            cwd=folder,
            env={
                **inherited,
                "PATH": f"{programs}:{os.path.dirname(sys.executable)}:{os.environ['PATH']}",
                "AWS_ENDPOINT_URL": emulator.url,
                "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
                "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
            },
            capture_output=True,
            text=True,
            timeout=100,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
