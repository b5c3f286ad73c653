"""Changes to ``costmark.toml`` that leave everything else in it as it is, comments too."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..errors import ConfigurationError
from .file import parse, parse_stack

if TYPE_CHECKING:
    from pathlib import Path

    from .model import Stack

_MARK = "\ufeff"  # of UTF-8, as Windows editors write it


def with_entry(path: Path, name: str, tags: Mapping[str, str]) -> tuple[str, Stack]:
    """The file with one more project at the end, and what it then says. ConfigurationError."""
    import tomlkit

    with path.open(encoding="utf-8", newline="") as file:  # line ends stay as they are
        before = file.read()
    mark = _MARK if before.startswith(_MARK) else ""
    document = parse(before.removeprefix(mark), str(path))
    if "projects" not in document:
        document["projects"] = tomlkit.table(is_super_table=True)
    elif isinstance(document["projects"], tomlkit.items.InlineTable):
        raise ConfigurationError(
            f"{path}: 'projects' is an inline table, which takes no further one: write "
            "[projects.NAME]"
        )
    entry, inline = tomlkit.table(), tomlkit.inline_table()
    inline.update(tags)
    entry["tags"] = inline
    document["projects"][name] = entry
    text = document.as_string()
    if before.count("\r\n") * 2 > before.count(
        "\n"
    ):  # what was added has the line ends of the rest
        text = re.sub("(?<!\r)\n", "\r\n", text)
    return mark + text, parse_stack(text, str(path))
