"""Reports whose attempts are summed up in reading equal those that look at every row."""

from __future__ import annotations

import json
import random
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest

from costmark import ledger, prices
from costmark.reports import report
from costmark.reports.source import Source
from ledger.segments import attempt, line_of, note, write_segment
from reports import reference
from reports.test_report import BOOK, DIMENSIONS, as_dict, lines_of, some_row

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Row = dict[str, Any]
Files = list[list[bytes]]
MOST = 2**63 - 1
NOON = datetime(2025, 12, 1, 12, tzinfo=timezone.utc)


def calls(rng: random.Random, writer: str, count: int) -> list[Row]:
    """The rows of a writer in their order: calls that overlap, with their beginnings."""
    rows: list[Row] = []
    waiting: list[Row] = []
    for number in range(count):
        end = some_row(rng, number, writer)
        if rng.random() < 0.8:
            end.pop("meters", None)
        end["response_id"] = f"resp_{writer}_{number}"
        begin = {name: end[name] for name in ("op", "attempt", "start_us", "project", "api")}
        source = {"project_source": end["project_source"]}
        rows.append({"v": 1, "kind": "begin", "writer": writer, "seq": 0, **begin, **source})
        waiting.append(end)
        if rng.random() < 0.05:
            waiting.pop()  # it never ends
        while waiting and rng.random() < 0.6:
            rows.append(waiting.pop(rng.randrange(len(waiting))))
        if rng.random() < 0.05:
            rows.append({**end, "kind": "refused", "error_code": "unattributed"})
    rows += [*waiting, {**note(0, "lost", writer), "rows_lost": rng.randrange(5)}]
    return [{**row, "seq": seq} for seq, row in enumerate(rows)]


def doubled(rng: random.Random, files: Files) -> None:
    for _ in range(5):
        rng.choice(files).append(rng.choice(rng.choice(files)))


def doubled_files(rng: random.Random, files: Files) -> None:
    files.append([*rng.choice(files)])


def repeated(rng: random.Random, files: Files) -> None:
    file = rng.choice(files)
    file += file[rng.randrange(len(file)) :]


def shuffled(rng: random.Random, files: Files) -> None:
    rng.shuffle(rng.choice(files))


def swapped(rng: random.Random, files: Files) -> None:
    file = rng.choice(files)
    at = rng.randrange(max(1, len(file) - 1))
    file[at : at + 2] = reversed(file[at : at + 2])


def split(rng: random.Random, files: Files) -> None:
    at = rng.randrange(len(files))
    whole = files.pop(at)
    place = rng.randrange(len(whole))
    files += [whole[:place], whole[place:]]


def dealt(rng: random.Random, files: Files) -> None:
    whole = files.pop(rng.randrange(len(files)))
    parts: Files = [[whole[0]], [whole[-1]]]
    for line in whole[1:-1]:
        rng.choice(parts).append(line)
    files += parts


def mixed(rng: random.Random, files: Files) -> None:
    lines = [line for file in files for line in file]
    rng.shuffle(lines)
    files[:] = [lines]


def torn(rng: random.Random, files: Files) -> None:
    file = rng.choice(files)
    file[-1] = file[-1][: rng.randrange(1, len(file[-1]))]


def changed(change: Callable[[random.Random, Row], None]) -> Callable[..., None]:
    """Changes some rows."""

    def change_some(rng: random.Random, files: Files) -> None:
        for file in files:
            for at in rng.sample(range(len(file)), min(3, len(file))):
                try:
                    row = json.loads(file[at])
                except ValueError:
                    continue
                change(rng, row)
                file[at] = line_of(row)

    return change_some


def another_seq(rng: random.Random, row: Row) -> None:
    row["seq"] = rng.choice([row["seq"] + 10_000, MOST - 1 - row["seq"]])


def open_outcome(rng: random.Random, row: Row) -> None:
    if row["kind"] == "attempt":
        row["outcome"] = rng.choice(["open", "incomplete"])


def settled(rng: random.Random, row: Row) -> None:
    if row["kind"] == "attempt":
        row["kind"] = "settle"
        number = rng.randrange(100)
        row["response_id"] = f"resp_{row['writer']}_{number}"


def other_order(rng: random.Random, row: Row) -> None:
    members = list(row.items())
    rng.shuffle(members)
    row.clear()
    row.update(members)


def unknown_member(rng: random.Random, row: Row) -> None:
    row["later"] = rng.choice([None, 7, {"a": [1, {"b": "c"}]}, "input"])
    row["input_"] = 3


def large(rng: random.Random, row: Row) -> None:
    row["input"] = rng.choice([MOST, MOST - 1, MOST + 1, 10**30, -1])


def of_another_type(rng: random.Random, row: Row) -> None:
    row[rng.choice(["project", "input", "tags", "outcome"])] = rng.choice([None, 1.5, {}, [], True])


def spelled(rng: random.Random, files: Files) -> None:
    """Members that are spelled otherwise, or wrongly."""
    for file in files:
        for at in rng.sample(range(len(file)), min(3, len(file))):
            old, new = rng.choice(
                [
                    (b'"proj_a"', b'"proj\\u005fa"'),
                    (b'"project"', b'"pr\\u006fject"'),
                    (b'"op":"', b'"op":"\\u006f'),
                    (b'"outcome":"ok"', b'"outcome":"\\u006fpen"'),
                    (b'"team":"', b'"te\\u0061m":"'),
                    (b'"response_id":"r', b'"response_id":"\\u0072'),
                    (b",", b" ,\t"),
                    (b'"attempt":1', b'"attempt":1,"attempt":1'),
                    (b'"input":1', b'"input":01'),
                    (b'"input":10', b'"input":1e1'),
                ]
            )
            file[at] = file[at].replace(old, new)


def ended_twice(rng: random.Random, files: Files) -> None:
    """As where a process forks in the middle of an attempt."""
    row = next(json.loads(line) for line in files[0] if b'"attempt",' in line)
    files.append([line_of({**row, "writer": f"{rng.randrange(1 << 32):016x}", "seq": 0})])


# What changes rows comes first: of rows that differ, any may be taken for the one that is doubled.
MISCHIEF: list[Callable[[random.Random, Files], None]] = [
    *map(changed, (another_seq, open_outcome, settled, other_order, unknown_member, large)),
    *(changed(of_another_type), spelled, ended_twice),
    *(doubled, doubled_files, repeated, shuffled, swapped, split, dealt, mixed, torn),
]


def write(folder: Path, files: Files) -> None:
    """Segments with these lines."""
    within = folder / "raw" / "date=2025-11-30"
    within.mkdir(parents=True)
    for number, lines in enumerate(files):
        path = within / f"host-7-{number}-{number:016x}.jsonl"
        path.write_bytes(b"".join(lines))


@pytest.fixture
def sums(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Whether attempts are summed up, and whether they were."""
    real = Source._sum
    said: dict[str, Any] = {"may": True, "did": []}

    def observed(self: Source, *arguments: Any) -> bool:
        said["did"].append(said["may"] and real(self, *arguments))
        return bool(said["did"][-1])

    monkeypatch.setattr(Source, "_sum", observed)
    return said


QUESTIONS: list[dict[str, Any]] = [
    *({"by": by} for by in DIMENSIONS),
    {"by": ["week", "outcome"], "since": NOON},
    {"by": ["month", "hour"], "until": NOON, "where": ["project!=proj_a"]},
    {"by": ["account"], "where": ["tag:team=search", "day!=2025-12-01"]},
    {"by": ["project"], "where": ["label:user=", "hour=2025-12-01T12:00Z"]},
]


def answer(found: Any) -> Any:
    states = {
        name: as_dict_of(value) if name == "unattributed" else value
        for name, value in vars(found.states).items()
    }
    lines = {line.key: as_dict_of(line.sums) for line in found.lines}
    return lines, as_dict_of(found.total), states


def as_dict_of(sums: Any) -> dict[str, Any]:
    return {name: value for name, value in vars(sums).items() if value}


@pytest.mark.parametrize("seed", range(60))
def test_both_ways_find_the_same(tmp_path: Path, sums: dict[str, Any], seed: int) -> None:
    rng = random.Random(seed)
    files = [
        [line_of(row) for row in calls(rng, f"{seed:08x}{writer:08x}", 40)] for writer in range(3)
    ]
    for kind in sorted(rng.sample(range(len(MISCHIEF)), rng.randrange(4))):
        MISCHIEF[kind](rng, files)
    write(tmp_path, files)
    for options in rng.sample(QUESTIONS, 4):
        sums["may"] = True
        found = answer(report(tmp_path, book=BOOK, **options))
        sums["may"] = False
        assert found == answer(report(tmp_path, book=BOOK, **options)), options


@pytest.mark.parametrize("mischief", [None, torn, split, swapped, changed(other_order)])
def test_what_is_simple_is_summed(
    tmp_path: Path, sums: dict[str, Any], mischief: Callable[..., None] | None
) -> None:
    rng = random.Random(7)
    files = [[line_of(row) for row in calls(rng, f"{writer:016x}", 60)] for writer in range(2)]
    if mischief is not None:
        mischief(rng, files)
    write(tmp_path, files)
    rows = reference.whole(lines_of([tmp_path]))
    for by in DIMENSIONS:
        found = report(tmp_path, by=by, book=BOOK)
        assert as_dict(found) == reference.sums(rows, by, BOOK, prices.served_model)
    assert all(sums["did"])


@pytest.mark.parametrize("mischief", [ended_twice, doubled_files])
def test_what_is_not_simple_is_looked_at(
    tmp_path: Path, sums: dict[str, Any], mischief: Callable[..., None]
) -> None:
    rng = random.Random(8)
    files = [[line_of(row) for row in calls(rng, f"{writer:016x}", 60)] for writer in range(2)]
    mischief(rng, files)
    write(tmp_path, files)
    sums["may"] = True
    rows = reference.whole(lines_of([tmp_path]))
    calls_ended = {(row["op"], row["attempt"]) for row in rows if row["kind"] == "attempt"}
    assert report(tmp_path, book=BOOK).total.attempts == len(calls_ended)


def test_a_settlement_of_an_attempt_that_was_summed(tmp_path: Path, sums: dict[str, Any]) -> None:
    first = {**attempt(0, input=7), "response_id": "resp_1"}
    end = {**attempt(1, "ffff000011112222", input=100), "kind": "settle", "response_id": "resp_1"}
    del first["meters"]
    write_segment(tmp_path, [first])
    write_segment(tmp_path, [end], writer="ffff000011112222")
    assert report(tmp_path).total.input == 100
    assert sums["did"] == [False]


def test_a_beginning_in_one_file_and_its_end_in_another(
    tmp_path: Path, sums: dict[str, Any]
) -> None:
    end = attempt(1)
    del end["meters"]
    begin = {**end, "kind": "begin", "seq": 0}
    write_segment(tmp_path, [begin])
    write_segment(tmp_path, [end], start=2)
    found = report(tmp_path)
    assert (found.total.attempts, found.states.unknown) == (1, 0)
    assert sums["did"] == [True]


def test_sums_beyond_the_largest_number(tmp_path: Path, sums: dict[str, Any]) -> None:
    rows = [attempt(seq, input=MOST) for seq in (0, 1)]
    for row in rows:
        del row["meters"]
    write_segment(tmp_path, rows)
    found = report(tmp_path)
    assert (found.total.input, found.total.unpriced) == (2 * MOST, 2)
    assert sums["did"] == [False]


def test_a_prices_sum_that_fits_only_by_day(tmp_path: Path, sums: dict[str, Any]) -> None:
    rows = [attempt(n, model="alpha", region="us-east-1", input=10**13, output=0) for n in (0, 1)]
    for place, row in enumerate(rows):
        del row["meters"]
        row["end_us"] += place * 86_400_000_000
    write_segment(tmp_path, rows)
    book = prices.PriceBook.parse(
        "date 2025-11-01\n"
        "alpha us-east-1 in-region standard input - - token - - USD 900000 2025-11 a\n"
        "alpha us-east-1 in-region standard output - - token - - USD 1 2025-11 a\n"
    )
    found = report(tmp_path, book=book)
    assert (found.total.cost_pico, found.total.unpriced) == (2 * 9 * 10**18, 0)
    assert sums["did"] == [True]


def test_rows_that_are_compacted_are_looked_at(tmp_path: Path, sums: dict[str, Any]) -> None:
    rng = random.Random(9)
    rows = calls(rng, "00000000000000aa", 60)
    write_segment(tmp_path, rows[:50], writer="00000000000000aa")
    before = answer(report(tmp_path, book=BOOK))
    ledger.compact(tmp_path)
    assert answer(report(tmp_path, book=BOOK)) == before
    write_segment(tmp_path, rows[50:], writer="00000000000000aa", start=2)
    whole = reference.sums(rows, ["project"], BOOK, prices.served_model)
    assert as_dict(report(tmp_path, book=BOOK)) == whole
    assert sums["did"] == [True]
