"""Compaction: what is read before, during and after it is the same."""

from __future__ import annotations

import fcntl
import gzip
import json
import multiprocessing
import os
import signal
import sys
import time
from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from costmark import ledger
from costmark.cli.main import main
from costmark.errors import ConfigurationError, RequestError
from costmark.ledger.compact import is_written
from costmark.ledger.manifests import Layout, load, sealed
from costmark.ledger.parts import connect
from costmark.prices import PriceBook
from costmark.reports import report as report_of
from ledger.segments import DAY_US, attempt, line_of, note, write_segment

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

OTHER = "ffeeddccbbaa9988"
BOOK = PriceBook.parse(
    """date 2025-11-01
openai.gpt-oss-120b us-east-1 in-region standard input - - token - - USD 150000 2025-11 a
openai.gpt-oss-120b us-east-1 in-region standard output - - token - - USD 600000 2025-11 a
openai.gpt-oss-120b us-east-1 in-region standard web_search - - request - - USD 7 2025-11 a
"""
)
Rows = dict[tuple[str, int], dict[str, Any]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "ledger"


def report(folder: Path) -> Rows:
    """Everything that can be read, by key."""
    return {(row["writer"], row["seq"]): row for row in ledger.read(folder, notes=True)}


def sums(folder: Path) -> tuple[list[Any], object]:
    """What ``costmark report`` says."""
    found = report_of(folder, by=["project", "model", "day"], book=BOOK)
    return sorted((line.key, str(line.sums)) for line in found.lines), found.states


def closed(folder: Path, count: int = 20, writer: str = "00112233aabbccdd", **members: Any) -> Path:
    rows = [note(0, "open", writer)]
    rows += [attempt(seq, writer, **members) for seq in range(1, count)]
    return write_segment(folder, [*rows, note(count, "close", writer)], writer=writer)


def two_days(folder: Path) -> None:
    closed(folder, region="us-east-1")
    end_us = attempt(0)["end_us"] + DAY_US
    closed(folder, 30, OTHER, end_us=end_us, region="us-east-1")


def test_rows_are_what_they_were(folder: Path) -> None:
    two_days(folder)
    before = report(folder)
    done = ledger.compact(folder)
    assert (done.rows, done.segments, done.open, done.faults) == (52, 2, [], [])
    assert sorted(path.name for path in (folder / "rows").iterdir()) == [
        "date=2025-11-30",
        "date=2025-12-01",
    ]
    assert report(folder) == before
    removed = ledger.prune(folder)
    assert len(removed.segments) == 2
    assert Layout(folder).segments() == []
    assert report(folder) == before
    assert ledger.verify(folder).good


def test_any_engine_reads_the_parts(folder: Path) -> None:
    closed(folder)
    ledger.compact(folder)
    with connect() as database:
        found = database.execute(
            "SELECT count(*), sum(input)::BIGINT, min(labels['user']), max(meters['web_search']), "
            "sum(cost_pico)::DECIMAL(38,0)::VARCHAR FROM read_parquet($files) "
            "WHERE kind = 'attempt'",
            {"files": f"{folder}/rows/*/*.parquet"},
        ).fetchone()
    assert found == (19, sum(10 + seq for seq in range(1, 20)), "alice", 1, str(19 * (2**63 - 1)))


def test_nothing_to_do_writes_no_manifest(folder: Path) -> None:
    closed(folder)
    assert ledger.compact(folder).manifest is not None
    assert ledger.compact(folder).manifest is None
    assert len(Layout(folder).manifest_files()) == 1


def test_files_are_their_owners_alone(folder: Path) -> None:
    closed(folder)
    ledger.compact(folder)
    made = [*(folder / "rows").rglob("*"), *(folder / "manifests").rglob("*")]
    assert {path.stat().st_mode & 0o777 for path in made if path.is_file()} == {0o600}
    assert {path.stat().st_mode & 0o777 for path in made if path.is_dir()} == {0o700}


def test_a_segment_that_is_written_stays(folder: Path) -> None:
    path = write_segment(folder, [attempt(0), attempt(1)])
    with path.open("rb") as writer:
        fcntl.flock(writer, fcntl.LOCK_EX)
        assert ledger.compact(folder).open == [Layout(folder).name_of(path)]
        long_ago = time.time() - 49 * 3600
        os.utime(path, (long_ago, long_ago))
        assert ledger.compact(folder).rows == 2


def test_a_writer_that_wakes_up(folder: Path) -> None:
    path = write_segment(folder, [attempt(0), attempt(1)], tail=line_of(attempt(2))[:-20])
    with path.open("ab") as writer:
        fcntl.flock(writer, fcntl.LOCK_EX)
        long_ago = time.time() - 49 * 3600
        os.utime(path, (long_ago, long_ago))
        assert ledger.compact(folder).rows == 2  # the third may yet be completed
        writer.write(line_of(attempt(2))[-20:] + line_of(attempt(3)))
        writer.flush()
        assert sorted(seq for _, seq in report(folder)) == [0, 1, 2, 3]
        assert ledger.prune(folder).segments == []
    assert ledger.compact(folder).rows == 2
    assert sorted(seq for _, seq in report(folder)) == [0, 1, 2, 3]
    assert len(ledger.prune(folder).segments) == 1
    assert sorted(seq for _, seq in report(folder)) == [0, 1, 2, 3]
    assert ledger.verify(folder).good


def test_a_segment_is_not_pruned_while_its_writer_lives(folder: Path) -> None:
    path = write_segment(folder, [attempt(0), attempt(1)])
    long_ago = time.time() - 49 * 3600
    os.utime(path, (long_ago, long_ago))
    with path.open("rb") as writer:
        fcntl.flock(writer, fcntl.LOCK_EX)
        assert ledger.compact(folder).rows == 2
        assert ledger.prune(folder).segments == []
    assert len(ledger.prune(folder).segments) == 1


def test_who_looks_at_a_new_segment_leaves_its_lock_to_the_writer(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_segment(folder, [])
    with path.open("ab") as writer:
        lock = fcntl.flock

        def then_the_writer(file: Any, operation: int) -> None:
            lock(file, operation)
            lock(writer, fcntl.LOCK_EX | fcntl.LOCK_NB)

        monkeypatch.setattr(fcntl, "flock", then_the_writer)
        assert not is_written(path)


def test_what_is_no_row_is_told_before_and_after(folder: Path) -> None:
    write_segment(folder, [attempt(0), attempt(1)], tail=b"\0\0\n{}\n" + line_of(attempt(2))[:50])

    def faults() -> list[tuple[str, int, str]]:
        told: list[tuple[str, int, str]] = []
        for _ in ledger.read(folder, on_fault=lambda p, n, f: told.append((p.name, n, f.kind))):
            pass
        return told

    before = faults()
    assert [(number, kind) for _, number, kind in before] == [
        (3, "nul"),
        (4, "missing"),
        (5, "torn"),
    ]
    for step in (ledger.compact, ledger.prune):
        step(folder)
        assert faults() == before
        found = ledger.verify(folder)
        assert (found.rows, found.torn, len(found.faults), found.changed) == (2, 1, 3, [])


def test_a_torn_last_line_keeps_no_segment(folder: Path) -> None:
    write_segment(folder, [attempt(0)], tail=line_of(attempt(1))[:50])
    ledger.compact(folder)
    assert len(ledger.prune(folder).segments) == 1
    assert ledger.verify(folder).torn == 1


def test_a_segment_with_unreadable_lines_stays(folder: Path) -> None:
    path = write_segment(folder, [attempt(0)], tail=b"{}\n" + line_of(attempt(1)))
    ledger.compact(folder)
    assert ledger.prune(folder).unreadable == [Layout(folder).name_of(path)]
    assert path.exists()
    assert ledger.erase(folder, user="nobody").open == [Layout(folder).name_of(path)]


def test_only_segments_are_compacted(folder: Path) -> None:
    log = closed(folder).parent / "app.jsonl"
    log.write_bytes(b"GET / 200 " + line_of(attempt(50)) + b"something else\n")
    other = log.with_name("host-7-9-00112233aabbccdd.jsonl.xz")
    other.write_bytes(b"\xfd7zXZ\0")
    before = report(folder)
    assert len(before) == 22
    ledger.compact(folder)
    assert len(ledger.prune(folder).segments) == 1
    assert log.exists()
    assert other.exists()
    assert report(folder) == before


def test_a_compressed_segment_that_is_cut_stays(folder: Path) -> None:
    path = closed(folder)
    whole = gzip.compress(path.read_bytes())
    path.unlink()
    path = path.with_name(path.name + ".gz")
    path.write_bytes(whole[:-20])
    assert ledger.compact(folder).newer == [Layout(folder).name_of(path)]
    assert ledger.verify(folder).torn == 1
    path.write_bytes(whole)
    assert ledger.compact(folder).rows == 21
    assert len(ledger.prune(folder).segments) == 1


def test_a_partial_copy_of_what_is_in_parts_adds_nothing(folder: Path) -> None:
    path = closed(folder)
    ledger.compact(folder)
    lines = path.read_bytes().splitlines(keepends=True)
    copy = path.with_name("host-7-3-00112233aabbccdd.jsonl")
    copy.write_bytes(b"".join(lines[:7]))
    assert ledger.compact(folder).rows == 0
    ledger.prune(folder, rows_before=date(2025, 12, 2))
    copy.write_bytes(b"".join(lines[3:9]))  # nor does what expired come back
    assert ledger.compact(folder).rows == 0
    assert report(folder) == {}


@pytest.mark.parametrize("name", ["rows_before", "labels_before"])
def test_a_day_that_is_not_over_is_kept(
    folder: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    today = datetime.now(timezone.utc).date()
    now_us = time.time_ns() // 1000
    write_segment(folder, [attempt(0, start_us=now_us - 5, end_us=now_us)], day=str(today))
    ledger.compact(folder)
    before = report(folder)
    tomorrow = today + timedelta(days=1)
    with pytest.raises(RequestError, match=f"{name} is {tomorrow}, and today"):
        ledger.prune(folder, **{name: tomorrow})
    option = f"--{name.replace('_', '-')}"
    assert main(["ledger", "prune", option, str(tomorrow), str(folder)]) == 1
    assert "the latest date is today" in capsys.readouterr().err
    assert ledger.prune(folder, rows_before=today).rows == 0
    assert report(folder) == before != {}


def test_rows_of_many_days(folder: Path) -> None:
    base = attempt(0)["end_us"]
    rows = [attempt(seq, end_us=base + seq * DAY_US) for seq in range(200)]
    write_segment(folder, rows)
    before = report(folder)
    assert ledger.compact(folder).rows == 200
    assert report(folder) == before


def test_paths_and_names_of_any_kind(tmp_path: Path) -> None:
    folder = tmp_path / "g*c[1]?"
    neighbor = tmp_path / "gxc1x"
    closed(neighbor)
    ledger.compact(neighbor)
    odd = closed(folder)
    odd.rename(os.fsdecode(os.fsencode(odd.parent) + b"/\xff-7-1-00112233aabbccdd.jsonl"))
    before = report(folder)
    ledger.compact(folder)
    ledger.prune(folder)
    assert report(folder) == before
    assert ledger.verify(folder).good


def test_there_must_be_a_ledger(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "file"
    file.touch()
    for path in (file, tmp_path / "typo"):
        for command in (["compact"], ["prune"], ["erase", "--label", "user=a"]):
            assert main(["ledger", *command, str(path)]) == 1
            assert f"there is no ledger at {path}" in capsys.readouterr().err
    assert not (tmp_path / "typo").exists()


def test_a_part_that_is_gone_is_named_and_costs_no_other(folder: Path) -> None:
    two_days(folder)
    ledger.compact(folder)
    ledger.prune(folder)
    gone, kept = sorted((folder / "rows").rglob("*.parquet"))
    gone.unlink()
    for call in (report, ledger.compact, ledger.prune):
        with pytest.raises(ledger.ManifestError, match=f"{gone.name}.* is gone"):
            call(folder)
    assert kept.exists()


def test_an_error_after_the_manifest_loses_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    two_days(folder)
    ledger.compact(folder)
    ledger.prune(folder)
    tokens = {key: row.get("input") for key, row in report(folder).items()}

    def interrupt(path: Path) -> None:
        if path.name == "manifests":
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("costmark.ledger.manifests.sync_folder", interrupt)
        with pytest.raises(KeyboardInterrupt):
            ledger.erase(folder, user="alice")
    for _ in range(2):
        assert {key: row.get("input") for key, row in report(folder).items()} == tokens
        ledger.compact(folder)


def test_erase_takes_several_values_of_one_label(folder: Path) -> None:
    closed(folder)
    arguments = ["--label", "user=alice", "--label", "user=bob", "--label", "folder=x"]
    assert main(["ledger", "erase", *arguments, str(folder)]) == 0
    assert all("user" not in row.get("labels", {}) for row in report(folder).values())


def test_unknown_members_are_kept(folder: Path) -> None:
    later: dict[str, Any] = {
        "color": ["red", {"deep": 1}],
        "extra": "a name of ours",
        "weight": 2**63 - 1,
    }
    write_segment(folder, [attempt(0, **later), attempt(1)])
    before = report(folder)
    ledger.compact(folder)
    ledger.prune(folder)
    assert report(folder) == before


def test_rows_of_a_later_version_stay_raw(folder: Path) -> None:
    rows = [attempt(0), attempt(1, v=2), attempt(2)]
    path = write_segment(folder, rows)
    for _ in range(2):
        assert ledger.compact(folder).newer == [Layout(folder).name_of(path)]
        assert ledger.prune(folder).segments == []
        assert path.read_bytes() == b"".join(map(line_of, rows))
        assert sorted(seq for _, seq in report(folder)) == [0, 2]
    assert [fault.kind for _, _, fault in ledger.verify(folder).faults] == ["version"]


def test_a_copy_of_a_segment_counts_once(folder: Path) -> None:
    path = closed(folder)
    ledger.compact(folder)
    (path.parent / "host-7-2-00112233aabbccdd.jsonl").write_bytes(path.read_bytes())
    before = report(folder)
    assert ledger.compact(folder).rows == 0
    assert report(folder) == before
    assert len(ledger.prune(folder).segments) == 2
    assert report(folder) == before


def test_without_duckdb_the_segments_are_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed(folder)
    before = report(folder)
    ledger.compact(folder)
    monkeypatch.setitem(sys.modules, "duckdb", None)
    assert report(folder) == before
    assert ledger.verify(folder).good
    (segment,) = Layout(folder).segments()
    segment.rename(folder / "elsewhere")
    with pytest.raises(ConfigurationError, match=r"install costmark\[report\]"):
        report(folder)


def test_one_at_a_time(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    closed(folder)
    with Layout(folder).lock():
        for call in (ledger.compact, ledger.prune, lambda path: ledger.erase(path, user="a")):
            with pytest.raises(ledger.BusyError, match="another process"):
                call(folder)
        assert main(["ledger", "compact", str(folder)]) == 1
    assert "another process" in capsys.readouterr().err
    assert main(["ledger", "compact", str(folder)]) == 0


# Each is a place where a process may be killed.
_STEPS = ("fsync", "replace", "unlink", "rmdir", "mkdir", "open")


def _killed_at(step: int, call: Callable[[], object]) -> bool:
    """Make the call in a child that is killed before its step-th change of a file."""

    def run() -> None:
        left = step

        def counted(real: Callable[..., Any]) -> Callable[..., Any]:
            def change(*arguments: Any, **options: Any) -> Any:
                nonlocal left
                left -= 1
                if left < 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                return real(*arguments, **options)

            return change

        for name in _STEPS:
            setattr(os, name, counted(getattr(os, name)))
        call()

    child = multiprocessing.get_context("fork").Process(target=run)
    child.start()
    child.join()
    assert child.exitcode in (0, -signal.SIGKILL)
    return child.exitcode != 0


@pytest.mark.parametrize("verb", ["compact", "prune"])
def test_killed_at_every_step(folder: Path, verb: str) -> None:
    two_days(folder)
    before, sums_before = report(folder), sums(folder)
    assert all("cost_pico=0" not in line for _, line in sums_before[0])
    if verb == "prune":
        ledger.compact(folder)
    step = 0
    while _killed_at(step, lambda: getattr(ledger, verb)(folder)):
        step += 1
        assert report(folder) == before, step
        assert sums(folder) == sums_before, step
        found = ledger.verify(folder)
        assert (found.rows, found.changed, found.faults, found.gaps) == (52, [], [], {}), step
    assert step >= 5
    assert report(folder) == before
    ledger.compact(folder)
    ledger.prune(folder)
    assert report(folder) == before
    assert sums(folder) == sums_before
    layout = Layout(folder)
    on_disk = {path.relative_to(layout.rows).as_posix() for path in layout.rows.rglob("*.parquet")}
    assert on_disk == set(load(layout).parts)
    assert not (layout.rows / ".work").exists()


def test_erase_killed_at_every_step_keeps_every_token(folder: Path) -> None:
    two_days(folder)
    tokens = {key: row.get("input") for key, row in report(folder).items()}
    step = 0
    while _killed_at(step, lambda: ledger.erase(folder, user="alice")):
        step += 1
        assert {key: row.get("input") for key, row in report(folder).items()} == tokens, step
        assert ledger.verify(folder).changed == [], step
    found = report(folder)
    assert {key: row.get("input") for key, row in found.items()} == tokens
    assert {row.get("labels", {}).get("user") for row in found.values()} == {"bob", None}
    assert not any(b"alice" in path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_reading_while_it_is_compacted_and_pruned(folder: Path) -> None:
    two_days(folder)
    before = report(folder)
    for count in range(10):
        closed(folder, 5, f"{count:016x}")
        rows = ledger.read(folder, notes=True)
        first = next(rows)
        ledger.compact(folder)
        ledger.prune(folder)
        seen = {(row["writer"], row["seq"]): row for row in (first, *rows)}
        before |= {key: row for key, row in seen.items() if key[0] == f"{count:016x}"}
        assert seen == before
        assert sum(key[0] == f"{count:016x}" for key in seen) == 6


def change_a_byte(path: Path, place: int | None = None) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2 if place is None else place] ^= 1
    path.write_bytes(bytes(content))


@pytest.mark.parametrize("what", ["raw/*/*.jsonl", "manifests/*.json"])
def test_a_change_of_any_byte_is_found(folder: Path, what: str) -> None:
    closed(folder, 2)
    ledger.compact(folder)
    closed(folder, 2, OTHER)
    ledger.compact(folder)
    found = sorted(folder.glob(what))
    assert len(found) == 2
    for path in found:
        whole = path.read_bytes()
        for place in range(0, len(whole), 7):  # lengths of words and numbers do not meet it
            change_a_byte(path, place)
            (change,) = ledger.verify(folder).changed
            assert path.name in change
            path.write_bytes(whole)
    assert ledger.verify(folder).good


@pytest.mark.parametrize("what", ["raw/*/*.jsonl", "rows/*/*.parquet", "manifests/*.json"])
def test_a_changed_byte_is_found(
    folder: Path, what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    closed(folder)
    ledger.compact(folder)
    closed(folder, 5, OTHER)
    ledger.compact(folder)
    changed = sorted(folder.glob(what))[0]
    change_a_byte(changed)
    found = ledger.verify(folder)
    assert not found.good
    assert len(found.changed) == 1
    assert changed.name in found.changed[0]
    assert main(["ledger", "verify", str(folder)]) == 1
    assert changed.name in capsys.readouterr().out
    if "manifests" in what:
        with pytest.raises(ledger.ManifestError):
            ledger.prune(folder)
    else:
        assert len(ledger.prune(folder).changed) == 1
        assert changed.exists()


@pytest.mark.parametrize("what", ["raw/*/*.jsonl", "rows/*/*.parquet", "manifests/000001.json"])
def test_a_file_that_is_gone_is_found(folder: Path, what: str) -> None:
    closed(folder)
    ledger.compact(folder)
    closed(folder, 5, OTHER)
    ledger.compact(folder)
    sorted(folder.glob(what))[0].unlink()
    found = ledger.verify(folder)
    assert not found.good
    assert "gone" in found.changed[0] or "missing" in found.changed[0]


def test_old_rows_are_pruned(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    two_days(folder)
    ledger.compact(folder)
    done = ledger.prune(folder, rows_before=date(2025, 12, 1))
    assert done.rows == 23  # and the two notes of the other writer
    assert {row["writer"] for row in report(folder).values()} == {OTHER}
    found = ledger.verify(folder)
    assert found.good
    assert found.expired == 23
    assert main(["ledger", "verify", str(folder)]) == 0
    assert "expired        23 rows" in capsys.readouterr().out


def test_old_labels_are_pruned(folder: Path) -> None:
    two_days(folder)
    ledger.compact(folder)
    assert main(["ledger", "prune", "--labels-before", "2025-12-01", str(folder)]) == 0
    for (writer, _), row in report(folder).items():
        if row["kind"] == "attempt":
            assert ("labels" in row) == (writer == OTHER)
            assert ("erased" in row["flags"]) == (writer != OTHER)
    assert ledger.verify(folder).good


def test_erase_names_what_is_still_written(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_segment(folder, [attempt(0), attempt(1)])
    command = ["ledger", "erase", "--label", "user=alice", str(folder)]
    with path.open("rb") as writer:
        fcntl.flock(writer, fcntl.LOCK_EX)
        assert main(command) == 1
        assert path.name in capsys.readouterr().err
    assert main(command) == 0
    assert capsys.readouterr().out == "labels         taken from 1 row\n"
    assert not path.exists()
    assert report(folder)["00112233aabbccdd", 1]["labels"] == {"feature": 'a\u0000"é'}


@pytest.mark.parametrize("label", ["user", "=x", ""])
def test_erase_wants_a_label(label: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["ledger", "erase", "--label", label, str(folder)])
    assert "as in user=alice" in capsys.readouterr().err


def test_a_manifest_of_a_later_version_is_refused(folder: Path) -> None:
    closed(folder)
    ledger.compact(folder)
    (path,) = (folder / "manifests").iterdir()
    later = {**json.loads(path.read_text()), "v": 2}
    del later["sha256"]
    path.write_bytes(sealed(json.dumps(later, indent=1)))
    for call in (ledger.compact, ledger.prune, report):
        with pytest.raises(ledger.ManifestError, match="later costmark"):
            call(folder)
