"""Ledgers of which something cannot be read: never a sum without it, and the file is named."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from costmark import ledger
from costmark.errors import ConfigurationError
from costmark.ledger.manifests import ManifestError
from costmark.reports import report
from ledger.segments import attempt, write_segment

if TYPE_CHECKING:
    from collections.abc import Iterator

NOBODY = 65_534


def compacted(folder: Path) -> Path:
    """The part of a ledger of six rows."""
    write_segment(folder, [attempt(seq) for seq in range(6)])
    ledger.compact(folder)
    (part,) = folder.rglob("*.parquet")
    return part


def rewritten(part: Path, columns: str) -> None:
    import duckdb

    draft = part.with_name("draft")
    with duckdb.connect() as database:
        database.execute(
            f"COPY (SELECT {columns} FROM read_parquet('{part}')) TO '{draft}' (FORMAT parquet)"
        )
    draft.replace(part)


@pytest.mark.parametrize(
    "columns",
    [
        "* EXCLUDE (model)",
        "* REPLACE ('x' AS input)",
        "* REPLACE (9223372036854775807 AS input, (-9223372036854775808)::BIGINT AS cached)",
    ],
    ids=["column-gone", "text-for-number", "no-counts"],
)
def test_a_part_that_was_rewritten_is_named(tmp_path: Path, columns: str) -> None:
    part = compacted(tmp_path)
    rewritten(part, columns)
    with pytest.raises(ManifestError, match="the part is not the one that was written") as raised:
        report(tmp_path)
    assert str(part) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_part_that_is_cut_or_no_file_is_named(tmp_path: Path) -> None:
    part = compacted(tmp_path)
    part.write_bytes(part.read_bytes()[:200])
    with pytest.raises(ManifestError, match="the part is not the one") as raised:
        report(tmp_path)
    assert str(part) in str(raised.value)
    part.unlink()
    part.mkdir()
    with pytest.raises(ManifestError, match="the part is not the one"):
        report(tmp_path)


def test_a_part_beside_another_that_was_rewritten(tmp_path: Path) -> None:
    compacted(tmp_path / "one")
    part = compacted(tmp_path / "other")
    rewritten(part, "* EXCLUDE (model)")
    with pytest.raises(ManifestError) as raised:
        report(tmp_path / "one", tmp_path / "other")
    assert str(part) in str(raised.value)


@contextlib.contextmanager
def not_root() -> Iterator[Path]:
    """A folder for all, in the eyes of a user whom permissions bind."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o777)
        is_root = os.geteuid() == 0
        if is_root:
            os.seteuid(NOBODY)
        try:
            yield Path(name)
        finally:
            if is_root:
                os.seteuid(0)


@pytest.mark.parametrize("what", ["date=2025-11-30", "."])
def test_a_folder_that_cannot_be_listed_is_no_empty_one(what: str) -> None:
    with not_root() as folder:
        write_segment(folder, [attempt(0)], day="2025-11-29")
        write_segment(folder, [attempt(1)])
        within = folder / "raw" / what
        within.chmod(0)
        try:
            with pytest.raises((ConfigurationError, PermissionError)) as raised:
                report(folder)
        finally:
            within.chmod(0o700)
        assert str(folder) in str(raised.value)
        assert report(folder).total.attempts == 2


def test_a_segment_that_cannot_be_read_is_named() -> None:
    with not_root() as folder:
        path = write_segment(folder, [attempt(0)])
        path.chmod(0)
        with pytest.raises(ConfigurationError, match="Permission denied") as raised:
            report(folder)
        assert str(path) in str(raised.value)
