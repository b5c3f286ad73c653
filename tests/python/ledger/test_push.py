"""Compacted rows, sent to a folder and through boto3 to moto's S3."""

from __future__ import annotations

import threading
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from costmark import ledger
from costmark.cli.main import main
from costmark.errors import ConfigurationError, TransportError
from costmark.ledger.shipping import FolderStore, S3Store
from ledger.segments import DAY_US, NOON_US, attempt, write_segment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytest.importorskip("duckdb")
boto3 = pytest.importorskip("boto3")

KEYS = {"aws_access_key_id": "a", "aws_secret_access_key": "b", "region_name": "us-east-1"}


def compacted(folder: Path, writer: int = 1, rows: int = 3) -> Path:
    """A ledger with as many days as rows."""
    name = f"{writer:016x}"
    days = [attempt(seq, name, end_us=NOON_US + seq * DAY_US) for seq in range(rows)]
    write_segment(folder, days, writer=name)
    ledger.compact(folder)
    return folder


def parquet_below(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*.parquet")}


def rows_below(folder: Path) -> list[tuple[str, int]]:
    import duckdb

    query = f"SELECT writer, seq FROM '{folder}/rows/*/*.parquet' ORDER BY ALL"
    found: list[tuple[str, int]] = duckdb.sql(query).fetchall()
    return found


class Bucket:
    """A bucket of moto's server."""

    def __init__(self, endpoint: str, name: str) -> None:
        self.name = name
        self.options: dict[str, Any] = {"endpoint_url": endpoint, **KEYS}
        self.client = boto3.client("s3", **self.options)
        self.client.create_bucket(Bucket=name)
        self.url = f"s3://{name}/team/ledger/"

    def names(self) -> set[str]:
        listed = self.client.list_objects_v2(Bucket=self.name)
        return {each["Key"] for each in listed.get("Contents", ())}

    def content(self, key: str) -> bytes:
        body: bytes = self.client.get_object(Bucket=self.name, Key=key)["Body"].read()
        return body


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = pytest.importorskip("moto.server").ThreadedMotoServer(port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(endpoint: str, request: pytest.FixtureRequest) -> Bucket:
    name = request.node.name.replace("_", "-").partition("[")[0][:60].strip("-")
    return Bucket(endpoint, name)


def test_parts_go_to_a_folder_once(tmp_path: Path) -> None:
    here, there = compacted(tmp_path / "here"), tmp_path / "there"
    done = ledger.push(here, there)
    assert (done.sent, done.already_there) == (3, 0)
    assert parquet_below(there) == {
        f"rows/date={day}/000001-{number}-{path.name.split('-')[2]}"
        for number, day in enumerate(("2025-11-30", "2025-12-01", "2025-12-02"))
        for path in (there / "rows" / f"date={day}").iterdir()
    }
    assert len(rows_below(there)) == 3
    before = {path: path.stat().st_mtime_ns for path in there.rglob("*.parquet")}
    assert ledger.push(here, there).sent == 0
    assert {path: path.stat().st_mtime_ns for path in there.rglob("*.parquet")} == before


def test_machines_share_a_place(tmp_path: Path) -> None:
    there = tmp_path / "there"
    for writer in (1, 2):
        ledger.push(compacted(tmp_path / f"machine-{writer}", writer), there)
    assert len(rows_below(there)) == 6


def test_only_rows_are_sent(tmp_path: Path) -> None:
    here, there = compacted(tmp_path / "here"), tmp_path / "there"
    write_segment(here, [attempt(9, "00000000000000ff")], writer="00000000000000ff", start=5)
    (here / "rows" / "date=2025-11-30" / "000009-0.parquet").write_bytes(b"of a killed run")
    ledger.push(here, there)
    assert {path.parts[-3] for path in there.rglob("*") if path.is_file()} == {"rows"}
    assert len(rows_below(there)) == 3


def test_s3_gets_each_part_as_it_is(tmp_path: Path, bucket: Bucket) -> None:
    here = compacted(tmp_path / "here")
    assert ledger.push(here, bucket.url, **bucket.options).sent == 3
    assert {key.rpartition("/")[0] for key in bucket.names()} == {
        f"team/ledger/rows/date={day}" for day in ("2025-11-30", "2025-12-01", "2025-12-02")
    }
    contents = {path.read_bytes() for path in (here / "rows").rglob("*.parquet")}
    assert {bucket.content(key) for key in bucket.names()} == contents
    again = ledger.push(here, bucket.url, **bucket.options)
    assert (again.sent, again.already_there) == (0, 3)


def test_without_receipts_nothing_is_sent_twice(tmp_path: Path, bucket: Bucket) -> None:
    here = compacted(tmp_path / "here")
    ledger.push(here, bucket.url, **bucket.options)
    for path in (here / "pushed").iterdir():
        path.unlink()
    done = ledger.push(here, bucket.url, **bucket.options)
    assert (done.sent, done.already_there) == (0, 3)
    assert len(bucket.names()) == 3


def test_an_object_that_is_there_is_never_replaced(tmp_path: Path, bucket: Bucket) -> None:
    """Two runs that both saw that it is missing: S3 itself refuses the second one."""
    store = S3Store(bucket.url, bucket.options)
    digest = bytes.fromhex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    assert store.create("rows/x.parquet", b"abc", digest)
    assert not store.create("rows/x.parquet", b"abc", digest)
    folder = FolderStore(tmp_path)
    assert folder.create("rows/x.parquet", b"abc", digest)
    assert not folder.create("rows/x.parquet", b"changed", digest)
    assert (tmp_path / "rows/x.parquet").read_bytes() == b"abc"


@pytest.mark.parametrize("place", ["s3", "folder"])
def test_an_interrupted_run_goes_on(
    tmp_path: Path, bucket: Bucket, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    here = compacted(tmp_path / "here", rows=5)
    to, options = (bucket.url, bucket.options) if place == "s3" else (str(tmp_path / "to"), {})
    kind = S3Store if place == "s3" else FolderStore
    create: Callable[..., bool] = kind.create
    calls = 0

    def interrupted(self: Any, *arguments: Any) -> bool:
        nonlocal calls
        calls += 1
        done = create(self, *arguments)
        if calls == 3:  # sent, but not noted
            raise KeyboardInterrupt
        return done

    monkeypatch.setattr(kind, "create", interrupted)
    with pytest.raises(KeyboardInterrupt):
        ledger.push(here, to, **options)
    done = ledger.push(here, to, **options)
    assert (done.sent, done.already_there) == (2, 3)


def test_runs_side_by_side_send_each_part_once(tmp_path: Path, bucket: Bucket) -> None:
    here = compacted(tmp_path / "here", rows=8)
    found: list[ledger.Pushed] = []

    def run() -> None:
        found.append(ledger.push(here, bucket.url, **bucket.options))

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(done.sent for done in found) == 8
    assert sum(done.sent + done.already_there for done in found) == 24


def test_what_was_written_anew_takes_the_place_of_the_old(tmp_path: Path, bucket: Bucket) -> None:
    here = compacted(tmp_path / "here")
    ledger.push(here, bucket.url, **bucket.options)
    before = bucket.names()
    ledger.erase(here, ("user", "alice"))
    done = ledger.push(here, bucket.url, **bucket.options)
    assert (done.sent, done.replaced) == (1, 1)
    assert len(bucket.names()) == 3
    assert len(bucket.names() & before) == 2
    assert ledger.push(here, bucket.url, **bucket.options).replaced == 0


def test_days_that_expired_here_stay_there(tmp_path: Path) -> None:
    here, there = compacted(tmp_path / "here"), tmp_path / "there"
    ledger.push(here, there)
    ledger.prune(here, rows_before=date(2025, 12, 2))
    done = ledger.push(here, there)
    assert (done.sent, done.replaced) == (0, 0)
    assert len(rows_below(there)) == 3


def test_a_part_that_was_changed_is_not_sent(tmp_path: Path) -> None:
    here, there = compacted(tmp_path / "here", rows=1), tmp_path / "there"
    (part,) = (here / "rows").rglob("*.parquet")
    part.write_bytes(part.read_bytes()[:-1] + b"!")
    with pytest.raises(ledger.ManifestError, match="not what its manifest says"):
        ledger.push(here, there)
    part.unlink()
    with pytest.raises(ledger.ManifestError, match="is gone"):
        ledger.push(here, there)
    assert parquet_below(tmp_path / "there") == set()


def test_errors_say_what_is_wrong(tmp_path: Path, bucket: Bucket) -> None:
    with pytest.raises(ConfigurationError, match="costmark ledger compact"):
        ledger.push(tmp_path, tmp_path / "there")
    here = compacted(tmp_path / "here", rows=1)
    with pytest.raises(ConfigurationError, match="names no bucket"):
        ledger.push(here, "s3:///x")
    for place in ("", "gs://bucket/x", "S3://bucket/x", "s3:/bucket/x"):
        with pytest.raises(ConfigurationError, match="is no place to push to; say s3://BUCKET"):
            ledger.push(here, place)
    with pytest.raises(TransportError, match=r"s3://no-such-bucket/x: .*NoSuchBucket"):
        ledger.push(here, "s3://no-such-bucket/x", **bucket.options)


def test_the_command_tells_what_it_did(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    here = compacted(tmp_path / "here", rows=1)
    assert main(["ledger", "push", "--to", str(tmp_path / "there"), str(here)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("sent           1 part, ")
    assert lines[1:] == ["already there  0 parts", "replaced       0 parts, written anew since"]


@pytest.mark.parametrize("to", ["here", "here/shared", "link", "link/rows", "of-rows", "of-all"])
def test_a_ledger_is_not_pushed_into_itself(
    tmp_path: Path, to: str, capsys: pytest.CaptureFixture[str]
) -> None:
    here = compacted(tmp_path / "here", rows=1)
    (tmp_path / "link").symlink_to(here)
    for name, target in (("of-rows", here / "rows"), ("of-all", here)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "rows").symlink_to(target)
    before = sorted(here.rglob("*"))
    assert main(["ledger", "push", "--to", str(tmp_path / to), str(here)]) == 1
    assert f"{tmp_path / to} is in the ledger {here}" in capsys.readouterr().err
    assert sorted(here.rglob("*")) == before
    assert main(["ledger", "push", "--to", str(tmp_path / "here2"), str(here)]) == 0
