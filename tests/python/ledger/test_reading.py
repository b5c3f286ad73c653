"""Files of ledgers as they are found: long lines, links, archives, other programs' logs."""

from __future__ import annotations

import gzip
import json
import os
from typing import TYPE_CHECKING

import pytest

from costmark import _core, ledger
from costmark.ledger.follow import Follower
from costmark.ledger.rows import schema
from costmark.reports import report
from ledger.segments import attempt, line_of, write_segment

if TYPE_CHECKING:
    from pathlib import Path

LONGEST = 1 << 20


def test_the_columns_are_the_members_of_the_schema() -> None:
    assert _core.row_columns() == [*schema()["properties"], "extra"]


@pytest.mark.parametrize("members", schema()["properties"].items())
def test_core_knows_the_schema(members: tuple[str, dict[str, object]]) -> None:
    name, form = members
    wrong = {"string": 1, "integer": "1", "boolean": 1, "object": 1, "array": 1}[str(form["type"])]
    fault = ledger.parse_line(line_of({**attempt(0), name: wrong}))
    assert isinstance(fault, ledger.Fault)
    assert name == "v" or f"'{name}'" in fault.reason
    for limit, beyond in (("minimum", -1), ("maximum", 1)):
        bound = form.get(limit)
        if isinstance(bound, int):
            fault = ledger.parse_line(line_of({**attempt(0), name: bound + beyond}))
            assert isinstance(fault, ledger.Fault)
            assert (fault.kind, str(bound) in fault.reason) == ("number", True)
            assert isinstance(ledger.parse_line(line_of({**attempt(0), name: bound})), dict)


@pytest.mark.parametrize("size", [LONGEST, LONGEST + 1, 3 * LONGEST])
def test_a_long_line_is_one_line(tmp_path: Path, size: int) -> None:
    row = line_of(attempt(0, usage=""))
    long = line_of(attempt(0, usage="x" * (size - len(row) + 1)))
    assert len(long) == size + 1
    path = write_segment(tmp_path, [], tail=long + b"nonsense\n" + line_of(attempt(1)))
    told: list[tuple[int, str]] = []
    rows = list(
        ledger.read(tmp_path, on_fault=lambda _, line, fault: told.append((line, fault.kind)))
    )
    fits = size <= LONGEST
    assert [row["seq"] for row in rows] == ([0, 1] if fits else [1])
    assert sorted(told) == ([(2, "json")] if fits else [(1, "longer"), (2, "json")])
    assert report(tmp_path).total.attempts == len(rows)
    assert ledger.compact(tmp_path).rows == len(rows)
    assert ledger.verify(tmp_path).changed == []
    assert path.exists()


@pytest.mark.parametrize(
    "line",
    [
        b'{"v":1,"x":2}',
        b'{"v":1,"kind":"click","writer":"me"}',
        b'{"v":1,"kind":"note","text":"buy milk"}',
        b'INFO {"v":3,"event":"start"}',
        b'{"v": 2, "message": "hello"}',
        b'{"message":"{\\"v\\":1,\\"a\\":[]}"}',
        b"\xff\xfe binary",
        b'{"log":"' + b"x" * LONGEST + b'"}',
    ],
)
def test_what_other_programs_write(line: bytes, tmp_path: Path) -> None:
    assert ledger.parse_line(line, in_log=True) is None
    log = tmp_path / "service.log"
    log.write_bytes(line + b"\n" + line_of(attempt(0)))
    assert ledger.verify(log).good
    assert report(log).states.unreadable == 0


def test_rows_behind_and_within_what_other_programs_write() -> None:
    row = attempt(0)
    for text in (
        b'ctx={"v":3} ' + line_of(row),
        b"\0\0\0" + line_of(row),
        json.dumps({"v": 3, "message": json.dumps(row, indent=1)}).encode(),
    ):
        assert ledger.parse_line(text, in_log=True) == row


def test_a_wrapper_that_says_two_things_is_not_believed() -> None:
    inner = json.dumps(line_of(attempt(0)).decode())
    assert ledger.parse_line(f'{{"log":{inner},"log":"x"}}'.encode(), in_log=True) is None


def test_links_to_segments_and_folders(tmp_path: Path) -> None:
    real = write_segment(tmp_path / "disk", [attempt(0)])
    other = write_segment(tmp_path / "disk", [attempt(1)], start=2, day="2025-12-01")
    raw = tmp_path / "ledger" / "raw"
    (raw / "date=2025-11-30").mkdir(parents=True)
    (raw / "date=2025-11-30" / real.name).symlink_to(real)
    (raw / "date=2025-12-01").symlink_to(other.parent)
    (raw / "round").symlink_to(raw)
    folder = raw.parent
    assert [row["seq"] for row in ledger.read(folder)] == [0, 1]
    assert report(folder).total.attempts == 2
    assert ledger.compact(folder).rows == 2
    assert report(folder).total.attempts == 2


def test_more_bad_lines_than_a_manifest_lists(tmp_path: Path) -> None:
    bad = b"nonsense\n" * 1200 + line_of(attempt(1))[:-30] + b"\n"
    write_segment(tmp_path, [attempt(0)], tail=bad)
    before = ledger.verify(tmp_path)
    assert (len(before.faults), before.torn) == (1201, 1)
    ledger.compact(tmp_path)
    after = ledger.verify(tmp_path)
    assert len(after.faults) + sum(after.more_faults.values()) == 1201
    assert (after.torn, after.good) == (1, False)
    states = report(tmp_path).states
    assert (states.torn, states.unreadable) == (1, 1200)
    assert len(ledger.prune(tmp_path).unreadable) == 1


def test_an_archive_is_followed_once(tmp_path: Path) -> None:
    path = write_segment(tmp_path, [attempt(0)])
    path.with_name(path.name + ".gz").write_bytes(gzip.compress(line_of(attempt(1))))
    follower = Follower(tmp_path)
    assert list(follower.rows()) == []
    fresh = path.with_name(path.name.replace("-1-", "-2-") + ".gz")
    packed = gzip.compress(line_of(attempt(2)) + line_of(attempt(3)))
    fresh.write_bytes(packed[:-6])  # it is still being written
    rows = [row["seq"] for row in follower.rows()]
    fresh.write_bytes(packed)
    rows += [row["seq"] for row in follower.rows()]
    rows += [row["seq"] for row in follower.rows()]
    assert rows == [2, 3]


def test_a_settlement_is_that_of_the_attempt_that_created_the_response(tmp_path: Path) -> None:
    created = attempt(0, outcome="open", response_id="resp_1")
    again = attempt(1, response_id="resp_1", input=7)
    settled = attempt(2, kind="settle", response_id="resp_1", input=100)
    write_segment(tmp_path, [again, settled, created])
    ended = ledger.Attempts(ledger.read(tmp_path)).ended()
    assert sorted((row["seq"], row["input"]) for row in ended) == [(0, 100), (1, 7)]
    assert report(tmp_path).total.input == 107


def test_files_whose_names_are_no_text(tmp_path: Path) -> None:
    path = write_segment(tmp_path, [attempt(0)])
    os.rename(os.fsencode(path), os.fsencode(path.parent) + b"/h\xff-7-1-00112233aabbccdd.jsonl")
    assert report(tmp_path).total.attempts == 1
    assert ledger.compact(tmp_path).rows == 1
