"""What the commands print alike."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def complain(message: str) -> None:
    """Print a message of the command on standard error."""
    print(f"costmark: {message}", file=sys.stderr)


def write_page(path: str, page: str) -> None:
    """Write a page whole, or not at all, and say where it is."""
    target = Path(path)
    partial = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        partial.write_text(page, encoding="utf-8", newline="\n")
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    complain(f"wrote {path}")


def print_row(name: str, value: str, width: int = 15) -> None:
    """Print a name and its value, the values one below the other."""
    print(f"{name:<{width}}{value}")


def plain(text: str) -> str:
    """The text with what is no printable character escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
