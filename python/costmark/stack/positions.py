"""Where each key and value of a TOML document stands, for messages with line and column.

The document is known to be valid: tomlkit has read it.
"""

from __future__ import annotations

import re

Path = tuple["str | int", ...]

_KEY = re.compile(r"""[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*'""")
_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_STRINGS = re.compile(
    r'"""(?:[^"\\]|\\.|"{1,2}(?!"))*"{3,5}'
    r"|'''(?:[^']|'{1,2}(?!'))*'{3,5}"
    r"""|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'""",
    re.DOTALL,
)
_BARE = re.compile(r"[^,\]}#\n]*")


def positions(text: str) -> dict[Path, tuple[int, int]]:
    """Line and column, from 1, of each key and each element of an array."""
    scanner = _Scanner(text)
    scanner.document()
    return {path: _line_and_column(text, at) for path, at in scanner.found.items()}


def _line_and_column(text: str, at: int) -> tuple[int, int]:
    return text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self.found: dict[Path, int] = {}
        self._tables: dict[Path, int] = {}  # how many elements an array of tables has so far

    def document(self) -> None:
        table: Path = ()
        while self._skip_blank():
            if self._next("["):
                is_array = self._next("[")
                table = self._header(is_array)
                self._at = self._text.index("]", self._at) + (2 if is_array else 1)
            else:
                self._pair(table)

    def _skip_blank(self) -> bool:
        match = _BLANK.match(self._text, self._at)
        self._at = match.end() if match else self._at
        return self._at < len(self._text)

    def _next(self, character: str) -> bool:
        if self._text.startswith(character, self._at):
            self._at += 1
            return True
        return False

    def _header(self, is_array: bool) -> Path:
        table = self._keys(())
        if is_array:
            number = self._tables.get(table, 0)
            self._tables[table] = number + 1
            table = (*table, number)
        return table

    def _keys(self, table: Path) -> Path:
        """The dotted keys here, below a table."""
        while True:
            self._skip_blank()
            match = _KEY.match(self._text, self._at)
            if match is None:
                return table
            key = match[0]
            table = (*table, key[1:-1] if key[0] in "\"'" else key)
            self.found.setdefault(table, match.start())
            self._at = match.end()
            self._skip_blank()
            if not self._next("."):
                return table

    def _pair(self, table: Path) -> None:
        path = self._keys(table)
        self._skip_blank()
        self._next("=")
        self._value(path)

    def _value(self, path: Path) -> None:
        self._skip_blank()
        if self._next("{"):
            while self._skip_blank() and not self._next("}"):
                self._pair(path)
                self._skip_blank()
                self._next(",")
        elif self._next("["):
            number = 0
            while self._skip_blank() and not self._next("]"):
                element: Path = (*path, number)
                self.found[element] = self._at
                self._value(element)
                number += 1
                self._skip_blank()
                self._next(",")
        else:
            match = _STRINGS.match(self._text, self._at) or _BARE.match(self._text, self._at)
            self._at = match.end() if match else self._at
