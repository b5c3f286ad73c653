"""Paths that hold no ledger, an empty one, or one that was pushed, in each command that reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from costmark import ledger
from costmark.cli.main import main
from ledger.segments import attempt, write_segment

READERS = {
    "report": ["report"],
    "page": ["report", "--html", "page.html"],
    "compare": ["compare", "2026-10", "2026-11"],
    "top": ["top", "--once"],
    "chargeback": ["chargeback", "--by", "project", "--month", "2025-11"],
    "close": ["chargeback", "--by", "project", "--month", "2025-11", "--closed", "c", "--close"],
    "focus": ["export", "--format", "focus", "--out", "out.csv"],
    "prometheus": ["export", "--format", "prometheus", "--out", "out.prom"],
    "reconcile": ["reconcile", "--since", "2025-11-01", "--against", "cur:bill", "--ledger"],
    "show": ["ledger", "show"],
}
LOGS_TOO = [name for name in READERS if name != "show"]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refused(capsys: pytest.CaptureFixture[str], reader: str, path: str) -> str:
    assert main([*READERS[reader], path]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert sorted(each.name for each in Path().iterdir() if each.name[0] in "cop") == []
    assert f"there is no ledger at {path}: " in err
    return err


@pytest.mark.parametrize("below", ["", "/rows"])
@pytest.mark.parametrize("reader", READERS)
def test_a_pushed_ledger_is_named_for_what_it_is(
    reader: str, below: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write_segment(Path("ledger"), [attempt(0)])
    ledger.compact("ledger")
    ledger.push("ledger", "sent")
    text = refused(capsys, reader, f"sent{below}")
    assert "`costmark ledger push` sent" in text
    assert "`costmark sql" in text


@pytest.mark.parametrize("reader", READERS)
def test_compacted_rows_without_manifests(reader: str, capsys: pytest.CaptureFixture[str]) -> None:
    write_segment(Path("ledger"), [attempt(0)])
    ledger.compact("ledger")
    assert "manifests" in refused(capsys, reader, "ledger/rows")


@pytest.mark.parametrize("reader", READERS)
def test_an_empty_folder(reader: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("empty").mkdir()
    assert "a folder `raw`" in refused(capsys, reader, "empty")


@pytest.mark.parametrize("reader", LOGS_TOO)
def test_a_file_without_rows(reader: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("index.html").write_text("<html>\n</html>\n")
    assert "no line in it is a row" in refused(capsys, reader, "index.html")


@pytest.mark.parametrize("reader", sorted({*READERS} - {"close", "reconcile", "show"}))
def test_a_ledger_that_has_no_rows_yet(reader: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("new/raw").mkdir(parents=True)
    assert main([*READERS[reader], "new"]) == 0
    assert "there are no rows yet in new" in capsys.readouterr().err


def test_a_month_without_rows_is_closed_on_demand_alone(
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_segment(Path("ledger"), [attempt(0)])
    close = [*READERS["close"][:4], "2025-10", *READERS["close"][5:], "ledger"]
    assert main(close) == 1
    assert "no row of 2025-10 is in these ledgers, and nothing was closed" in (
        capsys.readouterr().err
    )
    assert not Path("c").exists()
    assert main([*close, "--allow-empty"]) == 0
    assert Path("c/2025-10.json").exists()
