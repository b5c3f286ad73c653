"""Runs clang-tidy over the C++ sources, and only over what changed since it last found nothing.

A source is checked again when the file itself, a header of the repository that it includes, its
compile command, .clang-tidy or the version of clang-tidy has changed.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from modules import ROOT, includes, resolve

# As ./dev lint makes them: each source alone, and the package in a directory of its own.
DATABASES = (ROOT / "build" / "lint", ROOT / "build" / "wheel")
FOLDERS = (ROOT / "core" / "src", ROOT / "capi" / "src", ROOT / "python" / "src")
CACHE = ROOT / "build" / "tidy"
CLANG_TIDY = Path(sys.executable).with_name("clang-tidy")


@dataclass(frozen=True)
class Unit:
    """A source and the database that says how it is compiled."""

    source: Path
    database: Path
    command: str

    def key(self) -> str:
        """A digest of all that the findings depend on."""
        digest = hashlib.sha256(tool_key())
        digest.update(self.command.encode())
        for file in sorted(closure(self.source)):
            digest.update(file.read_bytes())
        return digest.hexdigest()


@cache
def tool_key() -> bytes:
    """The version of clang-tidy and what it is asked to check."""
    version = subprocess.run([CLANG_TIDY, "--version"], check=True, capture_output=True).stdout
    return version + (ROOT / ".clang-tidy").read_bytes()


@cache
def closure(file: Path) -> frozenset[Path]:
    """A file and the files of the repository that it includes, near and far."""
    seen: set[Path] = set()
    waiting = [file]
    while waiting:
        current = waiting.pop()
        if current in seen:
            continue
        seen.add(current)
        waiting += (path for i in includes(current) if (path := resolve(ROOT, i)) is not None)
    return frozenset(seen)


def units() -> list[Unit]:
    """Each source once, in the first database that has it."""
    found: dict[Path, Unit] = {}
    for database in DATABASES:
        for entry in json.loads((database / "compile_commands.json").read_text(encoding="utf-8")):
            source = Path(entry["directory"], entry["file"]).resolve()
            if source.is_relative_to(database) or source in found:
                continue
            found[source] = Unit(source, database, entry["command"])
    return [unit for source, unit in sorted(found.items()) if is_ours(source)]


def is_ours(source: Path) -> bool:
    """Whether a source is our own, not a test."""
    return any(source.is_relative_to(folder) for folder in FOLDERS)


def uncompiled(checked: list[Unit]) -> list[Path]:
    """Sources that no target compiles."""
    known = {unit.source for unit in checked}
    return [file for folder in FOLDERS for file in folder.rglob("*.cpp") if file not in known]


def check(unit: Unit) -> str:
    """What clang-tidy finds in a source; nothing if it found nothing the last time."""
    marker = CACHE / unit.key()
    if marker.exists():
        return ""
    # Flags of GCC that Clang does not know are no findings, and what GCC counted is not for Clang.
    ignored = ("unknown-warning-option", "ignored-optimization-argument")
    command = [str(CLANG_TIDY), "--quiet", "-p", str(unit.database), str(unit.source)]
    command += (f"--extra-arg=-Wno-{name}" for name in ignored)
    command.append("--extra-arg=-fno-profile-use")
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode == 0:
        marker.touch()
        return ""
    return result.stdout or result.stderr


def main() -> int:
    """Checks every source, prints the findings, and says whether there were any."""
    CACHE.mkdir(parents=True, exist_ok=True)
    checked = units()
    missing = uncompiled(checked)
    for file in missing:
        print(f"{file.relative_to(ROOT)}: no target compiles this file")
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        findings = [finding for finding in pool.map(check, checked) if finding]
    print("\n".join(dict.fromkeys(findings)), end="")
    return 1 if missing or findings or not checked else 0


if __name__ == "__main__":
    sys.exit(main())
