"""What users install: the wheel, the source distribution, and the libraries in them."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

from modules import ROOT

WHEELHOUSE = ROOT / "build" / "wheelhouse"


def run(*command: str | Path, cwd: Path = ROOT) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def empty_venv(folder: Path) -> Path:
    venv.create(folder, with_pip=True)
    return folder / "bin" / "python"


@pytest.fixture(scope="module")
def wheel() -> Path:
    (path,) = WHEELHOUSE.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def extension(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith(".so"))
        return Path(archive.extract(name, folder))


def test_the_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    package = ROOT / "python"
    expected = {
        file.relative_to(package).as_posix()
        for file in (package / "costmark").rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    assert {"costmark/py.typed", "costmark/_core.pyi"} <= expected
    rest = {n for n in names if not re.match(r"costmark-[\d.]+\.dist-info/", n)} - expected
    assert expected <= set(names)
    assert len(rest) == 1
    assert re.fullmatch(r"costmark/_core\.[\w-]+\.so", rest.pop())


def test_the_extension_shows_its_entry_point_only(extension: Path) -> None:
    symbols = run("nm", "-D", "--defined-only", extension).split("\n")
    assert [line.split()[-1] for line in symbols if line] == ["PyInit__core"]


def test_the_extension_carries_nothing_of_the_build_machine(extension: Path) -> None:
    dynamic = run("readelf", "-d", extension)
    assert "RPATH" not in dynamic
    assert "RUNPATH" not in dynamic
    assert str(ROOT).encode() not in extension.read_bytes()
    assert ".debug_info" not in run("readelf", "-S", extension)


def test_the_wheel_imports_where_nothing_else_is_installed(wheel: Path, tmp_path: Path) -> None:
    python = empty_venv(tmp_path / "venv")
    run(python, "-m", "pip", "install", "--quiet", "--no-index", wheel)
    imported = run(
        python, "-I", "-c", "import costmark, sys; print(*sorted(sys.modules))", cwd=tmp_path
    ).split()
    assert "costmark" in imported
    assert not {"boto3", "botocore", "openai", "httpx", "httpx2"} & set(imported)


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sdist")
    run(sys.executable, "-m", "build", "--sdist", "--no-isolation", "--outdir", folder, ".")
    (path,) = folder.glob("*.tar.gz")
    return path


def test_the_sdist_holds_every_source_of_the_package(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    sources = {
        file.relative_to(ROOT).as_posix()
        for folder in ("core", "capi", "python")
        for file in (ROOT / folder).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    top = {"CHANGELOG.md", "CMakeLists.txt", "LICENSE", "README.md", "pyproject.toml", "PKG-INFO"}
    assert names == sources | top


@pytest.mark.timeout(1800)
@pytest.mark.slow
def test_the_sdist_installs_into_an_empty_environment(sdist: Path, tmp_path: Path) -> None:
    python = empty_venv(tmp_path / "venv")
    run(python, "-m", "pip", "install", "--quiet", sdist)
    said = run(python, "-I", "-c", "import costmark; print(costmark.__version__)", cwd=tmp_path)
    assert said.strip() in sdist.name
