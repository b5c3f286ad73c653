"""Reports that read the sums of parts equal those that read the rows."""

from __future__ import annotations

import json
import random
import shutil
import sys
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from costmark import ledger, prices
from costmark.ledger import parts as parts_module
from costmark.ledger import sums as part_sums
from costmark.ledger.manifests import Layout, commit, hash_of, load, sealed
from costmark.reports import apart, dimensions, report
from costmark.reports.source import Source
from ledger.segments import NOON_US, attempt, line_of, note, write_segment
from reports import reference
from reports.test_report import BOOK, as_dict, ledgers
from reports.test_sums import MISCHIEF, MOST, QUESTIONS, answer, calls

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Row = dict[str, Any]
NOON = datetime(2025, 11, 30, 12, tzinfo=timezone.utc)
ASKED: list[dict[str, Any]] = [
    *QUESTIONS,
    {"by": ["hour", "project"], "since": NOON + timedelta(hours=7)},
    {"by": ["day"], "since": NOON + timedelta(minutes=90), "until": NOON + timedelta(days=1)},
    {"by": ["tag:team", "host", "machine", "serving", "api"], "where": ["outcome!=error"]},
    {"by": ["label:user"], "until": NOON + timedelta(hours=30, seconds=1)},
    {"by": ["tag:nothing", "label:feature"], "where": ["region=us-east-1"]},
]


@pytest.fixture
def used(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Whether sums are read, and of how many parts each report did."""
    real_load, real_known = Source._load, apart.known_of
    said: dict[str, Any] = {"may": True, "did": []}

    def loaded(self: Source) -> None:
        real_load(self)
        said["did"].append(len(self._summed))

    monkeypatch.setattr(Source, "_load", loaded)
    monkeypatch.setattr(apart, "known_of", lambda *each: real_known(*each) if said["may"] else None)
    return said


@pytest.fixture
def groups_of_few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Groups are made of whatever can be in one, and answer for the prices of the tests."""
    monkeypatch.setattr(prices.PriceBook, "shipped", lambda: BOOK)
    monkeypatch.setattr(part_sums, "FEW", 0)
    monkeypatch.setattr(part_sums, "SHARE", 1)


def without_sums(monkeypatch: pytest.MonkeyPatch) -> None:
    """As older compactors work."""
    for name in ("compact", "prune", "erase"):
        monkeypatch.setattr(sys.modules[f"costmark.ledger.{name}"], "fill", lambda *_: None)


def same(said: dict[str, Any], *folders: Path, **options: Any) -> Any:
    """The answer, which is the same with and without sums."""
    found = {}
    for may in (False, True):
        said["may"] = may
        found[may] = answer(report(*folders, **{"book": BOOK, **options}))
    assert found[True] == found[False], options
    return found[True]


def groups_in(folder: Path) -> int:
    """How many there are beside all parts."""
    import duckdb

    files = [str(path) for path in folder.rglob("*.sums")]
    if not files:
        return 0
    sql = "SELECT count(*) FILTER (kind = 'sums') FROM read_parquet($files)"
    return int(duckdb.execute(sql, {"files": files}).fetchall()[0][0])


def written(folder: Path, files: list[list[bytes]], rng: random.Random, day: int) -> None:
    within = folder / "raw" / f"date=2025-12-{day:02}"
    within.mkdir(parents=True, exist_ok=True)
    for lines in files:
        path = within / f"host-7-{rng.randrange(10**9)}-{rng.randrange(1 << 64):016x}.jsonl"
        path.write_bytes(b"".join(lines))


@pytest.mark.parametrize("seed", range(20))
def test_sums_and_rows_find_the_same(
    tmp_path: Path, used: dict[str, Any], monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Of rows of all states, compacted in several runs, some of them not at all."""
    rng = random.Random(seed)
    monkeypatch.setattr(part_sums, "FEW", rng.choice([0, 0, 0, 30, 1000]))
    monkeypatch.setattr(part_sums, "SHARE", rng.choice([1, 1, 2]))
    if rng.random() < 0.8:
        monkeypatch.setattr(prices.PriceBook, "shipped", lambda: BOOK)
    monkeypatch.setattr(part_sums, "_MOST_ROWS", rng.choice([1, 100, 4_000_000]))
    monkeypatch.setattr(parts_module, "_LARGEST_DRAFT", rng.choice([1, 20_000, 256 << 20]))
    files = [
        [line_of(row) for row in calls(rng, f"{seed:08x}{writer:08x}", 40)] for writer in range(4)
    ]
    for kind in sorted(rng.sample(range(len(MISCHIEF)), rng.randrange(4))):
        MISCHIEF[kind](rng, files)
    cut = []  # the rows of a writer in several files, which are compacted in any order
    for lines in files:
        at = sorted(rng.randrange(len(lines) + 1) for _ in range(rng.randrange(3)))
        ends = zip([0, *at], [*at, len(lines)], strict=True)
        cut += [lines[begin:end] for begin, end in ends]
    rng.shuffle(cut)
    runs = rng.randrange(1, 4)
    for run in range(runs):
        written(tmp_path, cut[run::4], rng, run + 1)
        ledger.compact(tmp_path)
        if rng.random() < 0.2:
            shutil.rmtree(tmp_path / "sums")
    for run in range(runs, 4):
        written(tmp_path, cut[run::4], rng, run + 1)
    for options in rng.sample(ASKED, 3):
        same(used, tmp_path, **options)
    assert ledger.verify(tmp_path).changed == []


@pytest.mark.usefixtures("groups_of_few")
def test_sums_are_read_where_they_answer(tmp_path: Path, used: dict[str, Any]) -> None:
    rng = random.Random(5)
    rows = calls(rng, "00000000000000aa", 300)
    write_segment(tmp_path, rows, writer="00000000000000aa")
    ledger.compact(tmp_path)
    assert groups_in(tmp_path) > 100
    number = len(load(Layout(tmp_path)).parts)
    assert number >= 3
    for options in QUESTIONS[:6]:
        used["did"].clear()
        found = report(tmp_path, book=BOOK, **options)
        whole = reference.sums(rows, options["by"], BOOK, prices.served_model)
        assert as_dict(found) == whole
        assert used["did"] == [number]
    # Within the hours of one part: its rows are read, and the sums of the others.
    used["did"].clear()
    same(used, tmp_path, since=NOON + timedelta(hours=3, minutes=7))
    assert used["did"] == [0, number - 1]


def test_dimensions_are_all_in_sums() -> None:
    names = [name for name in dimensions.names() if not dimensions.unit_us(name)]
    columns = {dimensions.place(name)[0] for name in names if ":" not in name}
    assert columns == set(part_sums.COLUMNS)


def simple(folder: Path, count: int = 400, **members: Any) -> list[Row]:
    """A ledger of one part with few groups, compacted."""
    rows = [
        attempt(seq, project=f"proj_{seq % 3}", labels={"user": f"u{seq}", "feature": "f"})
        for seq in range(count)
    ]
    rows = [{**row, **members} for row in rows]
    write_segment(folder, rows)
    ledger.compact(folder)
    return rows


def test_labels_with_many_values_are_left_out(
    tmp_path: Path, used: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(part_sums, "FEW", 0)
    simple(tmp_path)
    assert 0 < groups_in(tmp_path) <= 400 // part_sums.SHARE
    for by, sums in ((["project"], 1), (["label:feature"], 1), (["label:user"], 0)):
        used["did"].clear()
        same(used, tmp_path, by=by)
        same(used, tmp_path, by=[], where=[f"{by[0]}!=u7"])
        assert used["did"] == [0, sums, 0, sums]
    assert len(report(tmp_path, by=["label:user"]).lines) == 400


def test_groups_are_few_or_there_are_none(
    tmp_path: Path, used: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(part_sums, "FEW", 0)
    rows = [attempt(seq, machine=f"m{seq}") for seq in range(200)]
    write_segment(tmp_path, rows)
    ledger.compact(tmp_path)
    assert not list(tmp_path.rglob("*.sums"))
    about = (tmp_path / "sums/date=2025-11-30/000001-0.json").read_bytes()
    same(used, tmp_path, by=["machine"])
    ledger.compact(tmp_path)
    assert (tmp_path / "sums/date=2025-11-30/000001-0.json").read_bytes() == about


@pytest.mark.usefixtures("groups_of_few")
def test_other_thresholds(tmp_path: Path, used: dict[str, Any]) -> None:
    """A book may come that tells inputs apart which are in one group."""
    simple(tmp_path, 200)  # inputs from 10 to 209
    price = (
        "date 2025-11-01\n"
        "openai.gpt-oss-120b us-east-1 in-region standard input - {} token - - USD 5 2025-11 a\n"
        "openai.gpt-oss-120b us-east-1 in-region standard input - - token - - USD 2 2025-11 a\n"
    )
    for over, sums in ((9, 1), (100, 0), (208, 0), (209, 1)):
        book = prices.PriceBook.parse(price.format(over))
        assert book.thresholds == (over,)
        used["did"].clear()
        same(used, tmp_path, book=book)
        assert used["did"] == [0, sums]


@pytest.mark.usefixtures("groups_of_few")
def test_numbers_beyond_the_largest(tmp_path: Path, used: dict[str, Any]) -> None:
    simple(tmp_path, 50, input=MOST, meters={"web_search": MOST})
    lines, total, _ = same(used, tmp_path)
    assert total["input"] == 50 * MOST
    assert len(lines) == 3


def another(number: int, **members: Any) -> list[Row]:
    """Rows of another writer that say more of attempt 7."""
    writer = "ffff000011112222"
    row = {**attempt(0, writer), "op": attempt(7)["op"], "start_us": NOON_US + 7}
    return [{**row, **members, "seq": number}]


SAID_LATER: dict[str, Callable[[], list[Row]]] = {
    "an attempt that has ended twice": lambda: another(0, end_us=NOON_US + 100, input=9),
    "a settlement": lambda: another(0, kind="settle", response_id="resp_7", input=1000),
    "a beginning after its end": lambda: another(0, kind="begin"),
    "the same row": lambda: [attempt(7, labels={"user": "u7", "feature": "f"})],
    "nothing of it": lambda: another(0, op="0192f0c1-0000-7000-8000-00000000000a"),
}


@pytest.mark.usefixtures("groups_of_few")
@pytest.mark.parametrize("when", ["raw", "compacted", "of another ledger", "older"])
@pytest.mark.parametrize("said", SAID_LATER)
def test_what_is_said_later(
    tmp_path: Path, used: dict[str, Any], monkeypatch: pytest.MonkeyPatch, said: str, when: str
) -> None:
    folder, other = tmp_path / "one", tmp_path / "other"
    rows = [{**attempt(seq), "response_id": f"resp_{seq}"} for seq in range(20)]
    write_segment(folder, rows)
    ledger.compact(folder)
    later = SAID_LATER[said]()
    into = other if when == "of another ledger" else folder
    write_segment(into, later, writer=later[0]["writer"], start=2)
    if when == "older":  # a compactor that knows nothing of sums
        without_sums(monkeypatch)
    if when != "raw":
        ledger.compact(into)
    folders = [folder, *([other] if into is other else [])]
    for by in (["project"], ["hour", "label:user"]):
        _, total, states = same(used, *folders, by=by)
        assert total["attempts"] == 20 + (said == "nothing of it")
        assert states["unknown"] == 0


@pytest.mark.usefixtures("groups_of_few")
def test_rows_that_are_in_a_part_and_in_a_log(tmp_path: Path, used: dict[str, Any]) -> None:
    refused = {**attempt(60), "kind": "refused", "error_code": "unattributed"}
    rows = [*(attempt(seq) for seq in range(60)), refused]
    write_segment(tmp_path, rows)
    ledger.compact(tmp_path)
    log = tmp_path / "raw" / "copied.jsonl"
    log.write_bytes(b"".join(map(line_of, [*rows[30:], {**rows[0], "seq": 61, "op": "other"}])))
    _, total, states = same(used, tmp_path)
    assert (total["attempts"], states["refused"]) == (61, 1)
    assert used["did"] == [0, 1]


@pytest.mark.usefixtures("groups_of_few")
@pytest.mark.parametrize("how", ["runs", "parts", "raw"])
def test_a_beginning_and_its_end_in_different_parts(
    tmp_path: Path, used: dict[str, Any], monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    ends = [attempt(2 * seq + 1) for seq in range(20)]
    begins = [{**end, "kind": "begin", "seq": end["seq"] - 1} for end in ends]
    forever = {**begins[0], "seq": 100, "op": "0192f0c1-0000-7000-8000-00000000000b"}
    write_segment(tmp_path, [*begins, forever])
    if how == "parts":
        monkeypatch.setattr(parts_module, "_LARGEST_DRAFT", 1)
    if how != "parts":
        ledger.compact(tmp_path)
    write_segment(tmp_path, ends, start=2)
    if how != "raw":
        ledger.compact(tmp_path)
    _, total, states = same(used, tmp_path)
    assert (total["attempts"], states["unknown"]) == (20, 1)
    if how != "raw":
        assert used["did"] == [0, 2]
        # The end is gone: nothing tells any more what became of it.
        layout = Layout(tmp_path)
        (_, last) = sorted(load(layout).parts)
        state = load(layout)
        part_sums_of_last = layout.sums_of(last)
        commit(layout, state, removed_parts=(last,))
        (layout.rows / last).unlink()
        for path in part_sums_of_last:
            path.unlink()
        for path in layout.segments():
            path.unlink()
        _, total, states = same(used, tmp_path)
        assert (total, states["unknown"]) == ({}, 21)


@pytest.mark.usefixtures("groups_of_few")
def test_attempts_that_go_from_part_to_part(
    tmp_path: Path, used: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 11 parts, which are looked at one by one."""
    monkeypatch.setattr(parts_module, "_LARGEST_DRAFT", 1)
    monkeypatch.setattr(part_sums, "_MOST_ROWS", 1)
    for number in range(11):
        begin = {**attempt(number), "kind": "begin", "seq": 2 * number}
        end = {**attempt(number - 1), "seq": 2 * number + 1}
        write_segment(tmp_path, [end, begin] if number else [begin], start=10 + number)
    ledger.compact(tmp_path)
    assert len(load(Layout(tmp_path)).parts) == 11
    _, total, states = same(used, tmp_path)
    assert (total["attempts"], states["unknown"]) == (10, 1)
    assert used["did"] == [0, 11]


@pytest.mark.usefixtures("groups_of_few")
@pytest.mark.parametrize("state", ["open", "incomplete"])
def test_a_response_that_is_settled_later(tmp_path: Path, used: dict[str, Any], state: str) -> None:
    rows = [{**attempt(seq), "response_id": f"resp_{seq}"} for seq in range(20)]
    rows[7]["outcome"] = state
    write_segment(tmp_path, rows)
    ledger.compact(tmp_path)
    before = same(used, tmp_path)[1]["input"]
    settle = another(0, kind="settle", op="0192f0c2", response_id="resp_7", input=1000)
    write_segment(tmp_path, settle, writer=settle[0]["writer"], start=2)
    for _ in range(2):
        used["did"].clear()
        _, total, _ = same(used, tmp_path)
        assert total["input"] == before - 17 + 1000
        assert used["did"][1] > 0
        ledger.compact(tmp_path)


@pytest.mark.usefixtures("groups_of_few")
@pytest.mark.parametrize("seed", range(3))
def test_several_ledgers(tmp_path: Path, used: dict[str, Any], seed: int) -> None:
    folders = ledgers(tmp_path, seed)
    ledger.compact(folders[0])
    for options in ASKED[:8]:
        same(used, *folders, **options)
    ledger.compact(folders[1])
    for options in ASKED[:8]:
        same(used, *folders, **options)


def changed_byte(path: Path) -> None:
    text = bytearray(path.read_bytes())
    text[len(text) // 2] ^= 1
    path.write_bytes(text)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:50])


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def gone(path: Path) -> None:
    path.unlink()


@pytest.mark.usefixtures("groups_of_few")
@pytest.mark.parametrize("suffix", ["json", "sums"])
@pytest.mark.parametrize("damage", [changed_byte, cut, emptied, gone])
def test_damaged_sums_are_not_read_and_made_again(
    tmp_path: Path, used: dict[str, Any], suffix: str, damage: Callable[[Path], None]
) -> None:
    simple(tmp_path, 60)
    file = tmp_path / f"sums/date=2025-11-30/000001-0.{suffix}"
    whole = report(tmp_path).total
    before = file.read_bytes()
    damage(file)
    used["did"].clear()
    assert report(tmp_path).total == whole
    assert used["did"] == [0]
    ledger.compact(tmp_path)
    assert report(tmp_path).total == whole
    assert used["did"] == [0, 1]
    if suffix == "json":
        assert file.read_bytes() == before


@pytest.mark.usefixtures("groups_of_few")
@pytest.mark.parametrize(
    "members",
    [{"v": 2}, {"part_sha256": "00"}, {"part_size": 1}, {"definition": "00"}, {"more": 1}],
)
def test_sums_of_another_part_or_version(
    tmp_path: Path, used: dict[str, Any], members: dict[str, Any]
) -> None:
    simple(tmp_path, 60)
    file = tmp_path / "sums/date=2025-11-30/000001-0.json"
    value = json.loads(file.read_bytes())
    del value["sha256"]
    file.write_bytes(sealed("{\n" + json.dumps({**value, **members})[1:]))
    list_all(tmp_path)
    same(used, tmp_path)
    assert used["did"] == [0, 0]
    file.write_bytes(sealed("{\n" + json.dumps(value)[1:]))
    same(used, tmp_path)
    assert used["did"] == [0, 0, 0, 0]  # the index has others
    used["did"].clear()
    list_all(tmp_path)
    same(used, tmp_path)
    assert used["did"] == [0, 1]


@pytest.mark.usefixtures("groups_of_few")
def test_older_sums_that_are_put_back(tmp_path: Path, used: dict[str, Any]) -> None:
    simple(tmp_path, 60)
    shutil.move(tmp_path / "sums", tmp_path / "old")
    twice = attempt(0, op=attempt(7)["op"], writer="0123456789abcdee", outcome="ok")
    write_segment(tmp_path, [twice], writer="0123456789abcdee")
    ledger.compact(tmp_path)
    whole = same(used, tmp_path)
    index = (tmp_path / "sums/index.json").read_bytes()
    shutil.copytree(tmp_path / "old", tmp_path / "sums", dirs_exist_ok=True)
    assert same(used, tmp_path) == whole  # with an index that does not list those made later
    (tmp_path / "sums/index.json").write_bytes(index)
    assert same(used, tmp_path) == whole
    ledger.compact(tmp_path)
    assert same(used, tmp_path) == whole
    assert ledger.verify(tmp_path).good


def list_all(folder: Path) -> None:
    """An index of all sums that there are."""
    found = {
        f"{about.parent.name}/{about.stem}.parquet": hash_of(about)
        for about in (folder / "sums").glob("*/*.json")
    }
    value = json.dumps({"v": 1, "parts": found})
    (folder / "sums/index.json").write_bytes(sealed("{\n" + value[1:]))


@pytest.mark.usefixtures("groups_of_few")
def test_a_part_that_is_gone_or_changed_is_named(tmp_path: Path) -> None:
    simple(tmp_path, 60)
    (part,) = tmp_path.rglob("*.parquet")
    content = part.read_bytes()
    part.write_bytes(content[:200])
    with pytest.raises(ledger.ManifestError, match="the part is not the one that was written"):
        report(tmp_path)
    part.unlink()
    with pytest.raises(ledger.ManifestError, match="is gone"):
        report(tmp_path)


@pytest.mark.usefixtures("groups_of_few")
def test_sums_go_with_their_parts(tmp_path: Path, used: dict[str, Any]) -> None:
    simple(tmp_path, 60)
    late = [attempt(100, end_us=NOON_US + 86_400_000_000, start_us=NOON_US + 86_400_000_000)]
    write_segment(tmp_path, late, writer="ffff000011112222", start=2)
    ledger.compact(tmp_path)
    assert len(list(tmp_path.rglob("*.sums"))) == 2
    ledger.erase(tmp_path, user="u7")
    assert not any(b'u7"' in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert len(list(tmp_path.rglob("*.sums"))) == 2
    assert (None,) in same(used, tmp_path, by=["label:user"])[0]
    assert used["did"] == [0, 2]
    found = ledger.prune(tmp_path, rows_before=NOON.date() + timedelta(days=1))
    assert found.rows == 60
    assert len(list(tmp_path.rglob("*.sums"))) == 1
    assert len(list((tmp_path / "sums").rglob("*"))) == 4  # of one part, and the index
    assert same(used, tmp_path)[1]["attempts"] == 1
    (tmp_path / "sums/date=2025-12-01/000009-0.draft").write_bytes(b"left")
    ledger.compact(tmp_path)
    assert len(list((tmp_path / "sums").rglob("*"))) == 4  # of one part, and the index


@pytest.mark.usefixtures("groups_of_few")
def test_an_older_compactor_between(
    tmp_path: Path, used: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It makes parts without sums, and leaves the sums of parts that it removes."""
    simple(tmp_path, 60)
    with monkeypatch.context() as older:
        without_sums(older)
        older.setattr(Layout, "remove_sums", lambda *_: None)
        write_segment(tmp_path, [attempt(200), note(201, "close")], start=2)
        ledger.compact(tmp_path)
        same(used, tmp_path)
        assert used["did"] == [0, 1]
        ledger.erase(tmp_path, user="u7")
        same(used, tmp_path, by=["label:user"])
    ledger.compact(tmp_path)
    used["did"].clear()
    same(used, tmp_path, by=["label:user"])
    assert used["did"] == [0, 2]
    assert len(list(tmp_path.rglob("*.sums"))) == 2


def resealed(folder: Path, change: str) -> None:
    """Sums of which someone has changed a number, with the hashes that fit."""
    import duckdb

    about, file = Layout(folder).sums_of("date=2025-11-30/000001-0.parquet")
    draft = file.with_suffix(".new")
    to = f"'{draft}' (FORMAT parquet)"
    query = change.replace("FILE", f"read_parquet('{file}')")
    duckdb.execute(f"COPY ({query}) TO {to}")
    draft.replace(file)
    value = json.loads(about.read_bytes())
    del value["sha256"]
    value["file_sha256"] = hash_of(file)
    about.write_bytes(sealed("{\n" + json.dumps(value)[1:]))
    list_all(folder)


@pytest.mark.usefixtures("groups_of_few")
@pytest.mark.parametrize(
    "change",
    [
        "SELECT * REPLACE (sum_input + 1 AS sum_input) FROM FILE",
        "FROM FILE WHERE kind <> 'sums' OR project <> 'proj_0'",
        "FROM FILE WHERE kind <> 'begin'",
        "FROM FILE WHERE kind <> 'note'",
        "SELECT * REPLACE (CASE kind WHEN 'note' THEN 0 ELSE start_us END AS start_us) FROM FILE",
    ],
)
def test_sums_that_were_changed_are_found(tmp_path: Path, change: str) -> None:
    rows = [attempt(seq, project=f"proj_{seq % 3}", outcome="ok") for seq in range(60)]
    begin = {**attempt(60), "kind": "begin"}
    write_segment(tmp_path, [*rows, begin, note(61, "close")])
    ledger.compact(tmp_path)
    assert ledger.verify(tmp_path).changed == []
    resealed(tmp_path, "FROM FILE")
    assert ledger.verify(tmp_path).changed == []
    resealed(tmp_path, change)
    (changed,) = ledger.verify(tmp_path).changed
    assert "these are not the sums of the part" in changed


def test_rows_alone_are_sent(tmp_path: Path) -> None:
    simple(tmp_path / "ledger", 60)
    ledger.push(tmp_path / "ledger", tmp_path / "shared")
    sent = [path for path in (tmp_path / "shared").rglob("*") if path.is_file()]
    assert [path.suffix for path in sent] == [".parquet"]
