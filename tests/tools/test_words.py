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
}
IDIOMS = re.compile("|".join(rf"\b{word}\b" for word in PLAIN), re.IGNORECASE)
# Stems that US spelling writes otherwise, also inside a name. "Cancelled" is the word of the C ABI.
SPELLING = re.compile(
    "behaviour|colour|favour|honour|labelled|learnt|neighbour|spelt|"
    "(authori|finali|initiali|normali|optimi|organi|randomi|recogni|seriali|summari|synchroni)s"
    "(e|ing|ation)",
    re.IGNORECASE,
)

FOLDERS = ("capi", "core", "docs", "examples", "python")
FILES = ("README.md", "CHANGELOG.md", "dev")
SPELLED = (*FOLDERS, "tests")
TEXTS = {".c", ".cpp", ".go", ".h", ".hpp", ".md", ".mjs", ".py", ".pyi", ".rs", ".txt"}
# The headers of releases stay as they were.
SKIPPED = {"node_modules", "build", "__pycache__", "target", "abi", Path(__file__).name}


def texts(folders: tuple[str, ...]) -> list[Path]:
    found = [ROOT / name for name in FILES]
    for folder in folders:
        found += (
            path
            for path in sorted((ROOT / folder).rglob("*"))
            if path.suffix in TEXTS and path.is_file() and not SKIPPED & set(path.parts)
        )
    return found


def words_of(text: str, words: re.Pattern[str]) -> list[tuple[int, str]]:
    """The lines, from 1, that hold one of the words, and the word."""
    text = text.replace("NoBody", "").replace("noBody", "")  # net/http's
    return [
        (number, match[0])
        for number, line in enumerate(text.splitlines(), start=1)
        for match in words.finditer(line)
    ]


@pytest.mark.parametrize(
    ("folders", "words"), [(FOLDERS, IDIOMS), (SPELLED, SPELLING)], ids=["idioms", "spelling"]
)
def test_no_text_has_such_a_word(folders: tuple[str, ...], words: re.Pattern[str]) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {word}"
        for path in texts(folders)
        for line, word in words_of(path.read_text(encoding="utf-8"), words)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("signs it and lets it go", ["lets it go"]),
        ("Mend the file.\nNobody knows", ["Mend", "Nobody"]),
        ("a URL that is none", ["that is none"]),
        ("recommended; http.NoBody; body", []),
    ],
)
def test_idioms_are_found(text: str, found: list[str]) -> None:
    assert [word for _, word in words_of(text, IDIOMS)] == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("def recognise_host():", ["recognise"]),
        ("AreRecognised, and misspelt", ["Recognise", "spelt"]),
        ("# --- behaviours", ["behaviour"]),
        ("the outcome is cancelled; ATokenIsReplaced; recognized", []),
    ],
)
def test_spelling_is_found(text: str, found: list[str]) -> None:
    assert [word for _, word in words_of(text, SPELLING)] == found
