"""The sources keep to the arrows, and the check notices when they do not."""

from __future__ import annotations

from pathlib import Path

import pytest

import house


def test_the_house_keeps_to_its_arrows() -> None:
    assert house.source_files(house.ROOT)
    assert house.violations() == []


def test_the_arrows_make_no_circle() -> None:
    below = dict(house.ARROWS)
    while below:
        ground = {room for room, others in below.items() if not others & below.keys()}
        assert ground, f"a circle among {sorted(below)}"
        below = {room: others for room, others in below.items() if room not in ground}


@pytest.mark.parametrize(
    ("file", "line", "fault"),
    [
        ("core/src/json/a.cpp", '#include "signing/signer.hpp"', "json may not include"),
        ("core/src/json/a.cpp", '#include "costmark/client.hpp"', "which is client's"),
        ("core/src/error.cpp", '#include "costmark/json.hpp"', "ground may not include"),
        ("core/src/usage/a.cpp", "#include <simdjson.h>", "<simdjson.h> belongs in"),
        ("core/src/client.cpp", "#  include <curl/curl.h>", "<curl/curl.h> belongs in"),
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
        ("core/src/json/a.cpp", '#include "nowhere.hpp"', "not in the house"),
        ("core/src/cellar/a.cpp", "#include <string>", "no room cellar"),
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

    (found,) = house.violations(tmp_path)

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

    assert house.violations(tmp_path) == []
