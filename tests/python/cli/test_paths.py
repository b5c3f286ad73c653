"""Paths that hold no ledger, an empty one, or one that was pushed, in each command that reads."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from costmark import ledger
from costmark.__main__ import main as start
from costmark.cli.main import main
from ledger.segments import attempt, write_segment

READERS = {
    "report": ["report"],
    "page": ["report", "--html", "page.html"],
    "compare": ["compare", "2025-11", "2025-11"],
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


BUDGETS = ["budgets", "--budgets", "everyone: all 1000calls/day refuse"]


def test_budgets_need_the_ledger_that_keeps_them(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COSTMARK_LEDGER", raising=False)
    assert main(BUDGETS) == 1
    assert "set COSTMARK_LEDGER, or give --ledger" in capsys.readouterr().err
    Path("empty").mkdir()
    for path in ("nofolder", "empty"):
        for part in ([], ["show"], ["rebuild"]):
            assert main([*BUDGETS, "--ledger", path, *part]) == 1
            assert f"there is no ledger at {path}" in capsys.readouterr().err
    Path("new/raw").mkdir(parents=True)
    assert main([*BUDGETS, "--ledger", "new"]) == 0
    assert "1000calls/day" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["report", "--since", "2026-02-01", "--until", "2026-01-01"], "no time from 2026-02-01"),
        (
            [*READERS["focus"], "--since", "2026-02-01", "--until", "2026-02-01"],
            "must be after --since",
        ),
        (
            [*READERS["chargeback"], "--closed", "nofolder"],
            "no folder of closed months at nofolder",
        ),
        ([*READERS["chargeback"], "--by", "model"], "--by project --by model names more than one"),
        (
            ["chargeback", "--by", "tag:team,project", "--month", "2025-11"],
            "--by tag:team,project names more than one",
        ),
        ([*READERS["prometheus"], "--prices", "book"], "does not apply to --format prometheus"),
        ([*READERS["prometheus"], "--since", "2026-01-01"], "--since does not apply"),
        ([*READERS["prometheus"], "--until", "2026-01-01"], "--until does not apply"),
        ([*READERS["prometheus"], "--focus-version", "1.4"], "--focus-version does not apply"),
        ([*READERS["prometheus"], "--billing-account", "1"], "--billing-account does not apply"),
        ([*READERS["focus"], "--tag", "team"], "every row of it has all tags"),
        ([*READERS["focus"], "--limit", "9"], "--limit does not apply to --format focus"),
        (["report", "--html", "nodir/x.html"], "there is no folder nodir to write x.html to"),
        (
            [*READERS["close"], "--html", "nodir/x.html"],
            "there is no folder nodir to write x.html to",
        ),
        (
            ["export", "--format", "prometheus", "--out", "nodir/x.prom"],
            "there is no folder nodir to write x.prom to",
        ),
        (
            ["export", "--format", "focus", "--out", "nodir/x.csv"],
            "there is no folder nodir to write x.csv to",
        ),
        (["report", "--html", ""], "an empty name names no file to write to"),
        (["report", "--html", "ledger"], "ledger is a folder; name a file in it"),
        ([*READERS["close"], "--html", "ledger"], "ledger is a folder; name a file in it"),
        (["report", "--html", os.devnull], "/dev/null is a device or a pipe"),
        (["export", "--format", "prometheus", "--out", "ledger"], "ledger is a folder"),
        (["export", "--format", "prometheus", "--out", os.devnull], "is a device or a pipe"),
    ],
)
def test_what_cannot_be_meant(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write_segment(Path("ledger"), [attempt(0)])
    assert main([*arguments, "ledger"]) == 1
    out, err = capsys.readouterr()
    assert (out, len(err.splitlines())) == ("", 1)
    assert message in err
    assert sorted(each.name for each in Path().iterdir()) == ["ledger"]


@pytest.mark.parametrize(
    "arguments", [["report", "--html"], ["export", "--format", "prometheus", "--out"]]
)
def test_what_is_written_replaces_a_file_and_no_link(arguments: list[str]) -> None:
    write_segment(Path("ledger"), [attempt(0)])
    Path("files").mkdir()
    Path("link").symlink_to("files/page")
    assert main([*arguments, "link", "ledger"]) == 0
    assert Path("link").is_symlink()
    assert Path("files/page").stat().st_size > 0
    os.mkfifo("pipe")
    assert main([*arguments, "pipe", "ledger"]) == 1
    assert Path("pipe").is_fifo()


def test_notes_of_what_matches_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    write_segment(Path("ledger"), [attempt(0, project="proj_a"), attempt(1, project="proj_b")])
    shared = ["--shared", "nomatch*", "--shared", "*_b", "--shared", "proj_?"]
    by = ["chargeback", "--by", "project"]
    assert main([*by, "--month", "2025-11", *shared[2:], "ledger"]) == 0
    assert "matches no" not in capsys.readouterr().err
    assert main([*by, "--month", "2025-11", *shared, "ledger"]) == 0
    assert "--shared 'nomatch*' matches no project of 2025-11" in capsys.readouterr().err
    assert main([*by, "--month", "2026-12", "ledger"]) == 0
    assert "there is no row of 2026-12 in these ledgers" in capsys.readouterr().err


def test_names_to_group_by_may_be_given_several_times(capsys: pytest.CaptureFixture[str]) -> None:
    write_segment(Path("ledger"), [attempt(0)])
    by = ["--by", "project", "--by", "model,project"]
    assert main(["report", "--format", "json", *by, "ledger"]) == 0
    assert json.loads(capsys.readouterr().out)["by"] == ["project", "model"]
    assert main(["compare", "--format", "json", *by, "ledger", "ledger"]) == 0
    assert json.loads(capsys.readouterr().out)["by"] == ["project", "model"]


@pytest.mark.parametrize(
    "order",
    [
        ["2026-10", "2026-11", "--by", "model", "ledger"],
        ["2026-10", "--by", "model", "2026-11", "ledger"],
        ["2026-10", "2026-11", "ledger", "--by", "model", "other", "--where", "model!="],
    ],
)
def test_options_between_periods_and_paths(
    order: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    for path in ("ledger", "other"):
        write_segment(Path(path), [attempt(0)])
    assert main(["compare", *order]) == 0
    assert "2026-10: " in capsys.readouterr().out


def test_paths_after_options_are_read_as_well(capsys: pytest.CaptureFixture[str]) -> None:
    write_segment(Path("a"), [attempt(0, "a" * 16)], writer="a" * 16)
    write_segment(Path("b"), [attempt(1, "b" * 16)], writer="b" * 16)
    assert main(["report", "a", "--format", "json", "b"]) == 0
    assert json.loads(capsys.readouterr().out)["total"]["calls"] == 2


def test_compare_asks_for_what_is_missing_alone(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["compare", "2026-11"])
    text = capsys.readouterr().err
    assert text.startswith("usage: costmark compare")
    assert text.endswith("the following arguments are required: B\n")


@pytest.mark.parametrize("name", ["report", "compare", "chargeback"])
def test_a_reader_that_has_seen_enough(name: str) -> None:
    write_segment(Path("ledger"), [attempt(seq, project=f"proj_{seq}") for seq in range(3000)])
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "costmark", *READERS[name], "ledger"]
    with os.fdopen(writing, "wb") as out:
        ended = subprocess.run(command, stdout=out, stderr=subprocess.PIPE, check=False)
    assert (ended.returncode, ended.stderr) == (0, b"")


def test_an_interrupt_while_commands_load(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Interrupted:
        def find_spec(self, name: str, *_: object) -> None:
            if name == "costmark.cli.main":
                raise KeyboardInterrupt

    monkeypatch.delitem(sys.modules, "costmark.cli.main")
    monkeypatch.setattr(sys, "meta_path", [Interrupted(), *sys.meta_path])
    assert start() == 130
    assert capsys.readouterr().err == "costmark: interrupted\n"


@pytest.mark.parametrize("name", ["focus", "prometheus", "close"])
def test_a_full_disk_is_told_with_the_file(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_segment(Path("ledger"), [attempt(seq, account="1" * 12) for seq in range(100)])
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    monkeypatch.setenv("HOME", str(Path.cwd()))
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, limit[1]))
    try:
        status = main([*READERS[name], "ledger"])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, handler)
    err = capsys.readouterr().err
    assert status == 1
    file = {"focus": "out.csv", "prometheus": "out.prom.state.json", "close": "c/2025-11.json"}
    assert f"{file[name]}: " in err.splitlines()[-1]
    assert err.count("\n") == (2 if name == "close" else 1)  # the new folder
    assert [each.name for each in Path().rglob("*") if each.is_file()] == [
        each.name for each in Path("ledger").rglob("*") if each.is_file()
    ]


@pytest.mark.parametrize("compacted", [False, True])
@pytest.mark.parametrize("reader", READERS)
def test_a_ledger_whose_raw_is_no_folder(
    reader: str, compacted: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    write_segment(Path("ledger"), [attempt(0)])
    if compacted:
        ledger.compact("ledger")
    raw = Path("ledger", "raw")
    raw.rename("elsewhere")
    if compacted:
        raw.write_text("")
    else:
        raw.symlink_to("gone")
    assert "ledger/raw is not a folder" in refused(capsys, reader, "ledger")


@pytest.mark.parametrize("reader", READERS)
def test_a_device_has_no_end(reader: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert "it is a device" in refused(capsys, reader, "/dev/zero")


@pytest.mark.parametrize("reader", [*READERS, "compact"])
def test_an_empty_path_is_not_the_working_folder(
    reader: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write_segment(Path(), [attempt(0)])
    with pytest.raises(SystemExit) as ended:
        main([*READERS.get(reader, ["ledger", "compact"]), ""])
    assert ended.value.code == 2
    assert "an empty PATH names nothing" in capsys.readouterr().err
