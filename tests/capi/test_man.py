"""costmark(3): made from costmark.h, complete, and clean for those who read such pages."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

CAPI = Path(__file__).resolve().parents[2] / "capi"
HEADER = CAPI / "include" / "costmark" / "costmark.h"
PARTS = re.findall(r"^#include <costmark/(\w+\.h)>$", HEADER.read_text(), re.MULTILINE)
HEADERS = [HEADER, *(HEADER.parent / name for name in [*PARTS, "testing.h"])]
SYMBOLS = [
    line.split()[0]
    for line in (CAPI / "costmark.symbols").read_text().splitlines()
    if not line.startswith("#")
]


def make(folder: Path, header: Path = HEADER, **environment: str) -> Path:
    page = folder / "costmark.3"
    subprocess.run(
        [sys.executable, CAPI / "man.py", header, page],
        env={**os.environ, **environment},
        check=True,
    )
    return page


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("man"), SOURCE_DATE_EPOCH="86400")


@pytest.fixture(scope="module")
def text(page: Path) -> str:
    """The source of the page as its reader sees it, without any markup."""
    source = page.read_text().replace("\\e", "\0").replace("\\%", "").replace("\\&", "")
    source = re.sub(r"\\f[BIP]", "", source).replace("\\-", "-").replace("\\ ", " ")
    return re.sub(r"^\.(?!\.).*$", "", source, flags=re.MULTILINE).replace("\0", "\\")


def declarations(header: Path) -> str:
    """What stands between the first section and the end of extern "C"."""
    text = header.read_text()
    return text[text.index("/* ---") : text.index("#ifdef __cplusplus\n}")]


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_every_function_is_declared_in_it(text: str, symbol: str) -> None:
    declared = re.findall(rf"^[a-z].*[ *]{symbol}\((?!\))", text, re.MULTILINE)
    assert len(declared) == 1


def test_it_has_the_sections_of_a_page_and_those_of_the_header(page: Path) -> None:
    sections = re.findall(r"^\.SH (.*)$", page.read_text(), re.MULTILINE)
    assert {path.name for path in HEADERS} == {path.name for path in HEADER.parent.glob("*.h")}
    titles = [
        title
        for header in HEADERS
        for title in re.findall(r"^/\* -{90,}\n \* (.*)$", declarations(header), re.MULTILINE)
    ]
    assert len(titles) > 10
    own = ["NAME", "SYNOPSIS", "DESCRIPTION", "RULES"]
    assert sections == [*own, *(title.upper() for title in titles), "SEE ALSO"]


def test_the_rules_keep_their_numbers(page: Path) -> None:
    rules = page.read_text().partition(".SH RULES")[2].partition(".SH ")[0]
    assert re.findall(r"^\.IP (\d+)\. 4$", rules, re.MULTILINE) == [str(n) for n in range(1, 17)]


def test_no_word_of_the_header_is_lost(text: str) -> None:
    first = HEADER.read_text().partition("#ifndef COSTMARK_COSTMARK_H")[0]
    header = first + "".join(declarations(path) for path in HEADERS)
    header = header.replace("\n * The rules\n", "\n")  # a title as well
    comments = " ".join(re.findall(r"/\*.*?\*/", header, re.DOTALL))

    def words(of: str) -> Counter[str]:
        return Counter(re.findall(r"[A-Za-z_]+", of.lower()))

    # Titles are in capitals and in lines of markup, which were taken out.
    titles = words(" ".join(re.findall(r"-{90,}\n \* (.*)", header)))
    assert words(comments) - titles - words(text) == Counter()


def test_every_constant_of_the_header_is_in_it(text: str) -> None:
    header = "".join(declarations(path) for path in HEADERS)
    constants = set(re.findall(r"^  (COSTMARK_[A-Z_]+) = ", header, re.MULTILINE))
    constants |= set(re.findall(r"^#define (COSTMARK_[A-Z_]+)", header, re.MULTILINE))
    assert len(constants) > 60
    assert {name for name in constants if not re.search(rf"\b{name}\b", text)} == set()


def test_the_program_of_the_first_page_is_copied_letter_by_letter(text: str) -> None:
    first = HEADER.read_text().partition("#ifndef COSTMARK_COSTMARK_H")[0]
    program = [line[7:] for line in first.splitlines() if line.startswith(" *     ")]
    program = program[: program.index("}") + 1]
    found = [line for line in text.splitlines() if line.strip()]
    start = found.index("#include <costmark/costmark.h>", found.index(program[-1]) - len(program))
    assert found[start : start + len(program)] == program


def test_the_same_header_makes_the_same_page(page: Path, tmp_path: Path) -> None:
    assert make(tmp_path, SOURCE_DATE_EPOCH="86400").read_bytes() == page.read_bytes()
    assert '"1970-01-02"' in page.read_text()


@pytest.mark.parametrize(
    "command",
    [
        ["mandoc", "-Tlint", "-Wall"],
        ["man", "--warnings", "-l"],
        ["groff", "-man", "-ww", "-Tutf8"],
    ],
    ids=lambda command: str(command[0]),
)
def test_it_is_clean(page: Path, command: list[str]) -> None:
    if not shutil.which(command[0]):
        pytest.skip(f"{command[0]} is not installed")
    done = subprocess.run([*command, page], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert done.stderr == ""
    if command[0] == "mandoc":
        assert done.stdout == ""


def test_a_header_that_is_cut_short_is_refused(tmp_path: Path) -> None:
    shutil.copytree(HEADER.parent, tmp_path, dirs_exist_ok=True)
    header = tmp_path / "costmark.h"
    text = HEADER.read_text()
    header.write_text(text[: text.index("#ifdef __cplusplus\n}")])
    with pytest.raises(subprocess.CalledProcessError):
        make(tmp_path, header)
    assert not (tmp_path / "costmark.3").exists()
