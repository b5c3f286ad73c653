"""The sources keep to the arrows, and the check notices when they do not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import modules


def test_every_include_is_allowed() -> None:
    assert modules.source_files(modules.ROOT)
    assert modules.violations() == []


def test_the_table_of_the_readme_is_that_of_the_file() -> None:
    readme = (modules.ROOT / "core" / "README.md").read_text(encoding="utf-8")
    assert modules.table() in readme, "print it anew: tests/tools/modules.py table"


def test_each_public_header_belongs_to_one_module() -> None:
    headers = [header for module in modules.MODULES.values() for header in module.headers]
    names = sorted(p.stem for p in (modules.ROOT / "core/include/costmark").glob("*.hpp"))
    assert sorted(headers) == names


def test_a_module_that_uses_one_below_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "core").mkdir()
    (tmp_path / "core" / "modules.txt").write_text("a | b | | | | x\nb | | | | | y\n")
    with pytest.raises(ValueError, match="a uses"):
        modules.read_modules(tmp_path)


def test_the_check_fails_as_a_program(tmp_path: Path) -> None:
    program = [sys.executable, modules.__file__]
    assert subprocess.run([*program, "check"], check=False).returncode == 0
    assert subprocess.run([*program, "chek"], check=False, capture_output=True).returncode == 2


@pytest.mark.parametrize(
    ("file", "line", "fault"),
    [
        ("core/src/json/a.cpp", '#include "signing/signer.hpp"', "json may not include"),
        ("core/src/json/a.cpp", '#include "costmark/client.hpp"', "which is client's"),
        ("core/src/base/error.cpp", '#include "costmark/json.hpp"', "base may not include"),
        ("core/src/usage/a.cpp", "#include <simdjson.h>", "<simdjson.h> belongs in"),
        ("core/src/client/client.cpp", "#  include <curl/curl.h>", "<curl/curl.h> belongs in"),
        ("core/src/http/a.cpp", "#include <curl/curl.h>", "<curl/curl.h> belongs in"),
        ("core/src/http/a.cpp", '#include "net/connection.hpp"', "http may not include"),
        ("core/src/http/a.cpp", "#include <sys/socket.h>", "http is pure"),
        ("core/src/usage/a.cpp", '#include "net/connection.hpp"', "which is net's"),
        ("core/src/net/a.cpp", '#include "signing/signer.hpp"', "net may not include"),
        ("core/src/signing/a.cpp", "#include <openssl/evp.h>", "<openssl/evp.h> belongs in"),
        ("core/include/costmark/json.hpp", "#include <simdjson.h>", "standard library only"),
        ("core/include/costmark/url.hpp", "#include <nlohmann/json.hpp>", "standard library only"),
        ("core/src/signing/a.cpp", "#include <sys/stat.h>", "signing is pure"),
        ("core/src/attribution/a.cpp", 'auto* x = std::getenv("X");', "may not use getenv"),
        ("core/src/json/a.cpp", '#include "nowhere.hpp"', "does not exist"),
        ("core/src/cellar/a.cpp", "#include <string>", "no module cellar"),
        ("capi/src/a.cpp", '#include "signing/signer.hpp"', "public headers of core only"),
        ("python/src/a.cpp", '#include "costmark/costmark.h"', "python may not include"),
    ],
)
def test_an_arrow_against_the_rules_is_found(
    tmp_path: Path, file: str, line: str, fault: str
) -> None:
    for name in (
        "core/include/costmark/client.hpp",
        "core/include/costmark/json.hpp",
        "core/src/net/connection.hpp",
        "core/src/signing/signer.hpp",
        "capi/include/costmark/costmark.h",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    offender = tmp_path / file
    offender.parent.mkdir(parents=True, exist_ok=True)
    offender.write_text(f"// {file}\n{line}\n", encoding="utf-8")

    (found,) = modules.violations(tmp_path)

    assert found.startswith(file)
    assert fault in found


def test_arrows_along_the_rules_are_no_faults(tmp_path: Path) -> None:
    header = tmp_path / "core/include/costmark/json.hpp"
    header.parent.mkdir(parents=True)
    header.write_text("#include <string>\n", encoding="utf-8")
    source = tmp_path / "core/src/json/document.cpp"
    source.parent.mkdir(parents=True)
    source.write_text(
        '#include "costmark/json.hpp"\n#include <simdjson.h>\n// getenv is not called\n',
        encoding="utf-8",
    )

    assert modules.violations(tmp_path) == []
