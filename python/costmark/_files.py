"""Files that are replaced as a whole, and what went wrong with one, in words."""

from __future__ import annotations

import os
import re
from pathlib import Path

from .errors import ConfigurationError

_STREAM = re.compile(r"stdout|stderr|fd:[0-9]+")


def is_stream(ledger: str) -> bool:
    """Whether option ``ledger`` names a stream, not a folder."""
    return _STREAM.fullmatch(ledger) is not None


def file_problem(error: OSError) -> str:
    """Say which file it was, where that is known, and what the system says of it."""
    reason = error.strerror or str(error)
    return f"{error.filename}: {reason}" if error.filename else reason


def check_target(target: str | os.PathLike[str]) -> None:
    """Raise ConfigurationError where no file can be replaced: before the work, not after it."""
    path = Path(target)
    problem = None
    if not os.fspath(target):
        problem = "an empty name names no file to write to"
    elif not path.parent.is_dir():
        problem = f"there is no folder {path.parent} to write {path.name} to"
    elif path.is_dir():
        problem = f"{path} is a folder; name a file in it to write to"
    elif path.exists() and not path.is_file():
        problem = f"{path} is a device or a pipe, and only a file can be replaced as a whole"
    if problem is not None:
        raise ConfigurationError(problem, code="invalid_argument")


def write_whole(path: Path, text: str) -> None:
    """Replace a file, whole or not at all. A link stays one, and the file keeps its rights."""
    check_target(path)
    target = path.resolve()
    partial = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with partial.open("w", encoding="utf-8", newline="") as file:
            file.write(text)
        if target.exists():
            partial.chmod(target.stat().st_mode & 0o777)
        partial.replace(target)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        partial.unlink(missing_ok=True)
