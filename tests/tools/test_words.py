"""The texts use plain words: those that readers stumbled over stay out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from modules import ROOT

# What a reader needs twice, and what to write in its place.
PLAIN = {
    r"lets? (it|them|the request) go": "hands it to, sends",
    r"goes? (its|their) way": "is not touched, passes",
    r"mend(s|ed|ing)?": "fix, recover",
    r"judge(s|d|ment)?": "verifier, check, decide",
    r"(some|no)body('s)?": "name who, or use the passive",
    r"whoever": "the code that, everyone who",
    r"(what|that|which) is none": "bad, unknown, not a ...",
    r"(honour|authoris|synchronis|initialis|recognis|normalis|serialis)\w*": "US spelling",
}
# The last one is for identifiers and new texts alone: these words stand in many older comments.
SPELLING = list(PLAIN)[-1]
IDIOMS = re.compile("|".join(rf"\b{word}\b" for word in list(PLAIN)[:-1]), re.IGNORECASE)
IDENTIFIERS = re.compile(rf"\b(\w+_)?{SPELLING}\b(?=\s*\()", re.IGNORECASE)

FOLDERS = ("capi", "core", "docs", "examples", "python")
FILES = ("README.md", "CHANGELOG.md", "dev")
TEXTS = {".c", ".cpp", ".go", ".h", ".hpp", ".md", ".mjs", ".py", ".pyi", ".rs", ".txt"}
SKIPPED = {"node_modules", "build", "__pycache__", "target"}


def texts() -> list[Path]:
    found = [ROOT / name for name in FILES]
    for folder in FOLDERS:
        found += (
            path
            for path in sorted((ROOT / folder).rglob("*"))
            if path.suffix in TEXTS and path.is_file() and not SKIPPED & set(path.parts)
        )
    return found


def idioms_of(text: str) -> list[tuple[int, str]]:
    """The lines, from 1, that hold one of the words, and the word."""
    text = text.replace("NoBody", "").replace("noBody", "")  # net/http's
    return [
        (number, match[0])
        for number, line in enumerate(text.splitlines(), start=1)
        for match in (*IDIOMS.finditer(line), *IDENTIFIERS.finditer(line))
    ]


def test_no_text_has_an_idiom() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {word}"
        for path in texts()
        for line, word in idioms_of(path.read_text(encoding="utf-8"))
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("signs it and lets it go", ["lets it go"]),
        ("Mend the file.\nNobody knows", ["Mend", "Nobody"]),
        ("a URL that is none", ["that is none"]),
        ("def recognise_host():", ["recognise_host"]),
        ("recommended; http.NoBody; body", []),
    ],
)
def test_idioms_are_found(text: str, words: list[str]) -> None:
    assert [word for _, word in idioms_of(text)] == words
