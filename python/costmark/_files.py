"""Files that are replaced as a whole, and what went wrong with one, in words."""

from __future__ import annotations

import os
from pathlib import Path


def file_problem(error: OSError) -> str:
    """Say which file it was, where that is known, and what the system says of it."""
    reason = error.strerror or str(error)
    return f"{error.filename}: {reason}" if error.filename else reason


def write_whole(path: Path, text: str) -> None:
    """Replace a file, whole or not at all. A link stays one, and the file keeps its rights."""
    target = path.resolve()
    partial = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with partial.open("w", encoding="utf-8", newline="") as file:
            file.write(text)
        if target.exists():
            partial.chmod(target.stat().st_mode & 0o777)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
