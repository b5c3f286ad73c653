"""Changes to ``costmark.toml`` that leave everything else in it as it is, comments too."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from .file import parse


def add_entry(path: Path, name: str, tags: Mapping[str, str]) -> None:
    """Add a project to the file, at the end of the projects."""
    import tomlkit

    with path.open(encoding="utf-8", newline="") as file:  # line ends stay as they are
        document = parse(file.read(), str(path))
    if "projects" not in document:
        document["projects"] = tomlkit.table(is_super_table=True)
    entry, inline = tomlkit.table(), tomlkit.inline_table()
    inline.update(tags)
    entry["tags"] = inline
    document["projects"][name] = entry
    _write(path, document.as_string())


def _write(path: Path, text: str) -> None:
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with partial.open("w", encoding="utf-8", newline="") as file:
            file.write(text)
        partial.chmod(path.stat().st_mode & 0o777)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
