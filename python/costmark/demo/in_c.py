"""The demo's calls from C: a small program, built with the C library where there is one."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

_SOURCE = Path(__file__).with_name("call.c")
_TIMEOUT_S = 30.0


class NotBuiltError(Exception):
    """Why there is no program."""


def ask_from_c(url: str, questions: Sequence[str], *, project: str) -> None:
    """Build the program, and let it ask. Raises NotBuiltError without a compiler or the library."""
    with tempfile.TemporaryDirectory(prefix="costmark-demo-") as folder:
        program = _built(Path(folder))
        done = subprocess.run(  # noqa: S603 - our own program
            [program, url, *questions],
            env={**os.environ, "COSTMARK_PROJECT": project},
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
        )
    if done.returncode:
        raise RuntimeError(f"the program in C failed: {done.stderr.strip()}")


def _built(folder: Path) -> Path:
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        raise NotBuiltError("there is no C compiler")
    program = folder / "call"
    flags = _flags()
    # Found again when the program starts, wherever pkg-config found it.
    runtime = [f"-Wl,-rpath,{flag[2:]}" for flag in flags if flag.startswith("-L")]
    done = subprocess.run(  # noqa: S603 - a compiler and our own source
        [compiler, str(_SOURCE), "-o", str(program), *flags, *runtime],
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
    )
    if done.returncode:
        raise NotBuiltError(f"{compiler}: {done.stderr.strip().splitlines()[-1:]}")
    return program


def _flags() -> list[str]:
    tool = shutil.which("pkg-config")
    command = [tool or "pkg-config", "--cflags", "--libs", "costmark"]
    found = subprocess.run(command, capture_output=True, text=True) if tool else None  # noqa: S603
    if found is None or found.returncode:
        raise NotBuiltError("pkg-config does not find the C library")
    return found.stdout.split()
