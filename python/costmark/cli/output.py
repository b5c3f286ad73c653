"""What the commands print alike."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def complain(message: str) -> None:
    """Print a message of the command on standard error."""
    print(f"costmark: {message}", file=sys.stderr)


def print_row(name: str, value: str, width: int = 15) -> None:
    """Print a name and its value, the values one below the other."""
    print(f"{name:<{width}}{value}")


def plain(text: str) -> str:
    """The text with what is no printable character escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
