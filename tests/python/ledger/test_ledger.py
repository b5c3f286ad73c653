"""The ledger of real calls, laid beside what the emulator recorded."""

from __future__ import annotations

import asyncio
import hmac
import json
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

import costmark
from adapters.clients import CREDENTIALS, SIGNED, create_project, plain, plain_async, signed
from adapters.test_calls import all_async_calls, all_sync_calls
from costmark import ledger
from costmark.cli.main import main
from costmark.ledger.rows import schema
from harness import MESSAGES, MODEL, REGION, SECRET_ACCESS_KEY, Emulator

if TYPE_CHECKING:
    from pathlib import Path

    import openai

TOKENS = ("input", "cached", "cache_write", "output", "reasoning")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "ledger"


def wrapped(bedrock: Emulator, folder: Path, **options: Any) -> openai.OpenAI:
    return costmark.wrap(plain(bedrock), ledger=str(folder), **SIGNED, **options)


def rows(folder: Path, kind: str) -> list[ledger.Row]:
    return [row for row in ledger.read(folder) if row["kind"] == kind]


def tokens_of_server(record: dict[str, Any]) -> dict[str, int]:
    names = {"cached": "cached_input"}
    return {name: record[f"{names.get(name, name)}_tokens"] for name in TOKENS}


def assert_sides_agree(bedrock: Emulator, folder: Path) -> None:
    """Every record of the server has its row, and no row has no record; token by token."""
    server = {record["request_id"]: record for record in bedrock.usage()}
    ended = ledger.Attempts(ledger.read(folder)).ended()
    mine = {row["request_id"]: row for row in ended if row["outcome"] == "ok"}
    assert mine.keys() == server.keys()
    for request_id, record in server.items():
        row = mine[request_id]
        assert row["project"] == record["project"]
        assert {name: row.get(name, 0) for name in TOKENS} == tokens_of_server(record), row


def test_rows_are_the_servers_records(bedrock: Emulator, folder: Path) -> None:
    client = wrapped(bedrock, folder, project=create_project(signed(bedrock), "rows"))
    all_sync_calls(client)
    assert_sides_agree(bedrock, folder)


def test_rows_keep_the_servers_own_usage_object(bedrock: Emulator, folder: Path) -> None:
    client = wrapped(bedrock, folder)
    raw = client.with_raw_response
    answers = [
        raw.chat.completions.create(model=MODEL, messages=MESSAGES),
        raw.responses.create(model=MODEL, input="Hi"),
        raw.embeddings.create(model="emulator.embedding-1", input="Hi"),
    ]
    for answer, row in zip(answers, rows(folder, "attempt"), strict=True):
        assert json.loads(row["usage"]) == json.loads(answer.text)["usage"]


def test_rows_of_asynchronous_calls(bedrock: Emulator, folder: Path) -> None:
    client = costmark.wrap(plain_async(bedrock), ledger=str(folder), **SIGNED)

    async def calls() -> None:
        async with client:
            await all_async_calls(client)

    asyncio.run(calls())
    assert_sides_agree(bedrock, folder)


def test_every_row_is_valid(bedrock: Emulator, folder: Path) -> None:
    client = wrapped(bedrock, folder)
    all_sync_calls(client)
    costmark.unwrap(client)
    validator = jsonschema.Draft202012Validator(schema())
    found = list(ledger.read(folder, notes=True))
    assert {row["kind"] for row in found} >= {"begin", "attempt", "note"}
    for row in found:
        validator.validate(row)


def test_rows_carry_labels_and_tags(bedrock: Emulator, folder: Path, tmp_path: Path) -> None:
    name = create_project(signed(bedrock), "labels")
    lock = tmp_path / "costmark.lock"
    tags = {"team": "search", "cost-center": "12"}
    lock.write_text(json.dumps({"version": 1, "projects": [{"id": name, "tags": tags}]}))
    before = costmark.ledger_counts()
    client = wrapped(
        bedrock,
        folder,
        project=name,
        lock=str(lock),
        ledger_hash_labels="user",
        ledger_hash_key="0123456789abcdef",
    )
    with costmark.labels(feature="search"), costmark.labels(user="ann"):
        client.chat.completions.create(model=MODEL, messages=MESSAGES)
        stream = client.chat.completions.create(model=MODEL, messages=MESSAGES, stream=True)
    list(stream)  # its row is written outside of the scope
    client.chat.completions.create(model=MODEL, messages=MESSAGES)
    first, second, third = rows(folder, "attempt")
    digest = hmac.new(b"0123456789abcdef", b"ann", "sha256").hexdigest()
    assert first["labels"] == {"feature": "search", "user": f"hmac-sha256:{digest}"}
    assert (second["labels"], second["labels_key"]) == (first["labels"], first["labels_key"])
    assert "labels" not in third
    assert "labels_key" not in third
    assert {json.dumps(row["tags"]) for row in (first, second, third)} == {json.dumps(tags)}
    assert b"ann" not in b"".join(path.read_bytes() for path in folder.rglob("*.jsonl"))
    after = costmark.ledger_counts()
    written = list(ledger.read(folder, notes=True))
    assert after.rows_written - before.rows_written >= len(written) == 7


async def test_a_call_has_the_labels_of_where_it_is_made(bedrock: Emulator, folder: Path) -> None:
    name = create_project(signed(bedrock), "made-here")
    async with costmark.wrap(plain_async(bedrock), ledger=str(folder), **SIGNED) as client:
        with costmark.labels(feature="search"), costmark.project(name):
            answer = client.chat.completions.create(model=MODEL, messages=MESSAGES)
        with costmark.labels(feature="elsewhere"):
            await answer
    (row,) = rows(folder, "attempt")
    assert (row["project"], row["labels"]) == (name, {"feature": "search"})


def test_an_sdk_retry_is_an_attempt(bedrock: Emulator, folder: Path) -> None:
    client = wrapped(bedrock, folder)
    bedrock.fault("status", status=500, count=2)
    client.with_options(max_retries=2).chat.completions.create(model=MODEL, messages=MESSAGES)
    found = rows(folder, "attempt")
    assert [(row["attempt"], row["status"]) for row in found] == [(1, 500), (2, 500), (3, 200)]
    assert len({row["op"] for row in found}) == 1
    assert found[0]["sdk"].startswith("OpenAI/Python")


def test_a_stream_that_is_left_is_not_complete(bedrock: Emulator, folder: Path) -> None:
    client = wrapped(bedrock, folder)
    stream = client.chat.completions.create(model=MODEL, messages=MESSAGES, stream=True)
    next(iter(stream))
    stream.close()
    (row,) = rows(folder, "attempt")
    assert row["outcome"] == "cancelled"
    assert "input" not in row
    assert row["stream"]


def test_a_refused_call_has_a_row(bedrock: Emulator, folder: Path) -> None:
    client = costmark.wrap(
        plain(bedrock),
        ledger=str(folder),
        unattributed="refuse",
        **{name: value for name, value in SIGNED.items() if name != "unattributed"},
    )
    with pytest.raises(costmark.AttributionError):
        client.chat.completions.create(model=MODEL, messages=MESSAGES)
    (row,) = rows(folder, "refused")
    assert row["error_code"] == "unattributed"
    assert row["model"] == MODEL


def test_a_background_response_polled_by_another_process(bedrock: Emulator, folder: Path) -> None:
    project = create_project(signed(bedrock), "background")
    client = wrapped(bedrock, folder, project=project)
    created = client.responses.create(model=MODEL, input="hello", background=True)
    program = (
        "import sys, time, openai, costmark\n"
        "client = costmark.wrap(openai.OpenAI(base_url=sys.argv[1], api_key='unused'),\n"
        "    ledger=sys.argv[2], project=sys.argv[3], auth='sigv4', region=sys.argv[4],\n"
        "    credentials=costmark.Credentials(sys.argv[5], sys.argv[6]))\n"
        "while client.responses.retrieve(sys.argv[7]).status not in ('completed', 'failed'):\n"
        "    time.sleep(0.05)\n"
        "client.responses.retrieve(sys.argv[7])\n"
    )
    arguments = [bedrock.base_url, str(folder), project, REGION]
    keys = [CREDENTIALS.access_key_id, SECRET_ACCESS_KEY]
    subprocess.run(
        [sys.executable, "-c", program, *arguments, *keys, created.id], check=True, timeout=60
    )
    (begun,) = rows(folder, "attempt")
    (settled,) = rows(folder, "settle")
    assert begun["outcome"] == "open"
    assert settled["response_id"] == begun["response_id"] == created.id
    (row,) = ledger.Attempts(ledger.read(folder)).ended()
    assert row["op"] == begun["op"]
    assert row["outcome"] == "ok"
    (record,) = bedrock.usage()
    assert {name: row.get(name, 0) for name in TOKENS} == tokens_of_server(record)


def test_the_same_rows_twice_are_one(bedrock: Emulator, folder: Path, tmp_path: Path) -> None:
    wrapped(bedrock, folder).chat.completions.create(model=MODEL, messages=MESSAGES)
    once = list(ledger.read(folder))
    (segment,) = ledger.sources(folder)
    log = tmp_path / "service.log"
    lines = segment.read_text().splitlines()
    wrapped_lines = [json.dumps({"log": line + "\n", "stream": "stdout"}) for line in lines]
    log.write_text("\n".join(["started", *reversed(wrapped_lines), *wrapped_lines]))
    again = list(ledger.read(folder, log))
    assert Counter(map(str, again)) == Counter(map(str, once))
    found = ledger.verify(folder, log)
    assert found.good
    assert found.doubled == 2 * len(lines)


def test_lines_on_standard_output(bedrock: Emulator, tmp_path: Path) -> None:
    program = (
        "import sys, openai, costmark\n"
        "client = costmark.wrap(openai.OpenAI(base_url=sys.argv[1], api_key='unused'),\n"
        "    ledger='stdout', auth='sigv4', region=sys.argv[2],\n"
        "    credentials=costmark.Credentials(sys.argv[3], sys.argv[4]))\n"
        "print('a line of the program', flush=True)\n"
        f"client.chat.completions.create(model={MODEL!r}, messages={MESSAGES!r})\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, bedrock.base_url, REGION, CREDENTIALS.access_key_id,
         SECRET_ACCESS_KEY],
        check=True, timeout=60, capture_output=True,
    )  # fmt: skip
    log = tmp_path / "stdout.log"
    log.write_bytes(done.stdout)
    kinds = [row["kind"] for row in ledger.read(log)]
    assert kinds == ["begin", "attempt"]


# --- The command line --------------------------------------------------------------------------


def test_verify_names_what_is_wrong(
    bedrock: Emulator, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    client = wrapped(bedrock, folder)
    for _ in range(3):
        client.chat.completions.create(model=MODEL, messages=MESSAGES)
    assert main(["ledger", "verify", str(folder)]) == 0
    assert "7 (3 attempt, 3 begin, 1 note)" in capsys.readouterr().out
    (segment,) = ledger.sources(folder)
    lines = segment.read_bytes().splitlines(keepends=True)
    segment.write_bytes(b"".join([*lines[:2], *lines[3:-1], lines[-1][:-20]]))
    assert main(["ledger", "verify", str(folder)]) == 1
    told = capsys.readouterr().out
    assert "torn           1 row cut off in writing" in told
    assert "rows 2 to 2" in told
    assert f"{segment}:6: torn" in told


def test_show(bedrock: Emulator, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrapped(bedrock, folder).chat.completions.create(model=MODEL, messages=MESSAGES)
    assert main(["ledger", "show", "--kind", "attempt", str(folder)]) == 0
    told = capsys.readouterr().out
    assert MODEL in told
    assert " in, " in told
    assert main(["ledger", "show", "--json", str(folder)]) == 0
    shown = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert shown == list(ledger.read(folder, notes=True))


def test_show_writes_no_escapes_to_a_screen(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    segment = folder / "raw/date=2026-11-30/host-1-1-00112233aabbccdd.jsonl"
    segment.parent.mkdir(parents=True)
    row = {"v": 1, "kind": "refused", "writer": "00112233aabbccdd", "seq": 0, "start_us": 1,
           "project_source": "none", "api": "responses", "error_code": "unattributed",
           "model": "a\x1b[2Jb\u202e", "labels": {"x": "\x07"}}  # fmt: skip
    segment.write_text(json.dumps(row) + "\n")
    assert main(["ledger", "show", str(folder)]) == 0
    told = capsys.readouterr().out
    assert "a\\x1b[2Jb\\u202e" in told
    assert "x=\\x07" in told


def test_a_path_that_is_not_there(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    assert main(["ledger", "verify", str(folder)]) == 1
    assert "there is no ledger at" in capsys.readouterr().err
    folder.mkdir()
    assert main(["ledger", "verify", str(folder)]) == 1
    assert "there is no ledger at" in capsys.readouterr().err
    (folder / "raw").mkdir()
    assert main(["ledger", "verify", str(folder)]) == 1
    assert "there are no rows in" in capsys.readouterr().err
