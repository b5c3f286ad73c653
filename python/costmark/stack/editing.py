"""Changes to ``costmark.toml`` that leave everything else in it as it is, comments too."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from .file import parse, parse_stack

if TYPE_CHECKING:
    from pathlib import Path

    from .model import Stack


def with_entry(path: Path, name: str, tags: Mapping[str, str]) -> tuple[str, Stack]:
    """The file with one more project at the end, and what it then says. ConfigurationError."""
    import tomlkit

    with path.open(encoding="utf-8", newline="") as file:  # line ends stay as they are
        document = parse(file.read(), str(path))
    if "projects" not in document:
        document["projects"] = tomlkit.table(is_super_table=True)
    entry, inline = tomlkit.table(), tomlkit.inline_table()
    inline.update(tags)
    entry["tags"] = inline
    document["projects"][name] = entry
    text = document.as_string()
    return text, parse_stack(text, str(path))


def write_whole(path: Path, text: str) -> None:
    """Replace a file, whole or not at all."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with partial.open("w", encoding="utf-8", newline="") as file:
            file.write(text)
        partial.chmod(path.stat().st_mode & 0o777)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
