"""What the commands print alike."""

from __future__ import annotations

import argparse
import shutil
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from .._files import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterable

    Commands = argparse._SubParsersAction["Parser"]


class Parser(argparse.ArgumentParser):
    """One that shows its own usage, and what was perhaps meant by what is no option or command."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.not_taken: dict[str, str] = {}  # options that are none, and why

    def parse_known_args(  # type: ignore[override]
        self, args: Any = None, namespace: Any = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Read what there is; an option that is left is an error here, not further up."""
        found, left = super().parse_known_args(args, namespace)
        unknown = next((each.partition("=")[0] for each in left if each.startswith("-")), None)
        if unknown is not None:
            self.error(f"there is no option {unknown}{self._advice(unknown)}")
        if left and isinstance(getattr(found, "paths", None), list):
            found.paths = [*found.paths, *left]  # those that stand after options
            left = []
        self._refuse_empty(found)
        return found, left

    def _refuse_empty(self, found: argparse.Namespace) -> None:
        """An empty path would be the working folder: a variable that is not set, most likely."""
        named = [
            getattr(found, name, None) for name in ("paths", "path", "ledger", "before", "after")
        ]
        texts = [each for name in named for each in (name if isinstance(name, list) else [name])]
        if "" in texts:
            self.error("an empty PATH names nothing; is a variable not set?")

    def _advice(self, unknown: str) -> str:
        if unknown in self.not_taken:
            return f"; {self.not_taken[unknown]}"
        name = "--" + unknown.lstrip("-").replace("_", "-")
        return _nearest(name, self._option_string_actions)

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if isinstance(action, argparse._SubParsersAction) and value not in action.choices:
            lister = f"`{self.prog} --help` lists them"
            advice = _nearest(value.replace("_", "-"), action.choices) or f"; {lister}"
            self.error(f"there is no {str(action.metavar).lower()} {value!r}{advice}")
        super()._check_value(action, value)


def _nearest(name: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, known, 1)
    return f"; did you mean {near[0]}?" if near else ""


def complain(message: str) -> None:
    """Print a message of the command on standard error."""
    # A terminal obeys what is not printable.
    first, *rest = map(plain, message.split("\n"))
    lines = fitted(first, sys.stderr, "costmark: ", hang=0)
    for line in rest:  # one that begins with blanks is a command to copy
        lines += [line] if line.startswith(" ") else fitted(line, sys.stderr)
    print("\n".join(lines), file=sys.stderr)


def is_wanted() -> bool:
    """Ask whether to go on; where there is no terminal, say what to add instead."""
    if not sys.stdin.isatty():
        complain("this is no terminal, so that is not asked; --yes says that it is wanted")
        return False
    print("Go on? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def fitted(text: str, stream: TextIO, before: str = "", hang: int | None = None) -> list[str]:
    """A text in lines that fit a terminal, broken between words; anywhere else as it is.

    ``before`` is what stands in front of it; the lines after the first are indented by as much, or
    by ``hang``.
    """
    indent = len(before) if hang is None else hang
    width = shutil.get_terminal_size().columns if stream.isatty() else 0
    if width <= indent or len(before) + len(text) <= width:
        return [f"{before}{text}"]
    return textwrap.wrap(
        text,
        width,
        initial_indent=before,
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def write_page(path: str, page: str) -> None:
    """Write a page whole, or not at all, and say where it is."""
    write_whole(Path(path), page)
    complain(f"wrote {path}")


def print_row(name: str, value: str, width: int = 15) -> None:
    """Print a name and its value, the values one below the other."""
    print("\n".join(fitted(value, sys.stdout, f"{name:<{width}}")))


def plain(text: str) -> str:
    """The text with what is no printable character escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
