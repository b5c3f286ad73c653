"""The version is written in CMakeLists.txt; every other place must agree with it."""

from __future__ import annotations

import importlib.metadata
import re

import costmark
from modules import ROOT


def text(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def only_match(pattern: str, path: str) -> str:
    (match,) = re.findall(pattern, text(path))
    return str(match)


VERSION = only_match(r"project\(costmark VERSION (\d+\.\d+\.\d+)", "CMakeLists.txt")
HEADER = "capi/include/costmark/costmark.h"


def macro(name: str) -> int:
    return int(only_match(rf"#define COSTMARK_{name} (\d+)", HEADER))


def test_the_python_package_has_the_version() -> None:
    assert importlib.metadata.version("costmark") == VERSION
    assert costmark.__version__ == VERSION


def test_the_c_header_has_the_version() -> None:
    parts = [macro(f"VERSION_{part}") for part in ("MAJOR", "MINOR", "PATCH")]

    assert ".".join(map(str, parts)) == VERSION
    assert macro("VERSION_NUMBER") == (parts[0] * 1000 + parts[1]) * 1000 + parts[2]


def test_the_changelog_has_the_version_and_its_abi_line() -> None:
    sections = re.split(r"(?m)^## ", text("CHANGELOG.md"))[1:]
    (section,) = (part for part in sections if part.startswith(f"[{VERSION}]"))

    assert sections[0].startswith("[Unreleased]")
    assert f"libcostmark.so.{macro('ABI_VERSION')}" in section.partition("**ABI:**")[2]


def test_every_release_has_an_abi_line() -> None:
    for section in re.split(r"(?m)^## ", text("CHANGELOG.md"))[2:]:
        assert "\n**ABI:** " in section, section.splitlines()[0]
