"""One line: a row, or the fault that it has."""

from __future__ import annotations

import json
from typing import Any

import pytest

from costmark import ledger
from costmark.ledger.rows import schema

ROW: dict[str, Any] = {
    "v": 1,
    "kind": "attempt",
    "writer": "00112233aabbccdd",
    "seq": 7,
    "op": "0192f0c1-0000-7000-8000-000000000000",
    "attempt": 2,
    "start_us": 1764460800000000,
    "end_us": 1764460800000005,
    "latency_us": 5,
    "project": "proj_é",
    "project_source": "client",
    "api": "responses",
    "stream": True,
    "outcome": "ok",
    "status": 200,
    "input": 12,
    "cached": 0,
    "meters": {"web_search": 1},
    "labels": {"feature": 'a"\\\x01'},
    "usage": '{"input_tokens":12}',
    "flags": ["total"],
}
LINE = json.dumps(ROW, separators=(",", ":"), ensure_ascii=False).encode()


def changed(**members: Any) -> bytes:
    return json.dumps({**ROW, **members}).encode()


def fault_of(line: bytes) -> str:
    found = ledger.parse_line(line)
    assert isinstance(found, ledger.Fault), found
    return found.kind


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (LINE + "\u00a0".encode(), "json"),
        (LINE + "\u2003".encode(), "json"),
        (changed(end_us=2**63 - 1), "number"),
        (changed(start_us=-1), "number"),
        (changed(attempt=2**31), "number"),
        (changed(input=2**63), "number"),
        (changed(later={"deep": 2**63}), "number"),
        (changed(later=json.loads("[" * 80 + "]" * 80)), "json"),
        (LINE.replace(b'"total"', rb'"\ud800"'), "utf8"),
        (LINE.replace(b'"seq":7', b'"seq":' + b"9" * 5000), "number"),
    ],
)
def test_what_no_engine_takes(line: bytes, kind: str) -> None:
    assert fault_of(line) == kind


def test_a_row() -> None:
    assert ledger.parse_line(LINE + b"\n") == ROW


def test_a_row_without_its_newline_is_whole() -> None:
    assert ledger.parse_line(LINE) == ROW


@pytest.mark.parametrize("length", range(1, len(LINE)))
def test_a_tear_at_every_byte(length: int) -> None:
    assert fault_of(LINE[:length]) == "torn"


def test_later_members_are_kept() -> None:
    row = ledger.parse_line(changed(later={"a": [1]}))
    assert isinstance(row, dict)
    assert row["later"] == {"a": [1]}


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (b"\0" * 512, "nul"),
        (LINE[:40] + b"\0" * 8 + LINE[40:], "nul"),
        (LINE.replace(b"responses", b"resp\xffnses"), "utf8"),
        (LINE + LINE, "json"),
        (LINE + b" 1", "json"),
        (b"[1]", "json"),
        (b"nonsense", "json"),
        (b'{"v":1,]', "json"),
        (LINE.replace(b'"seq":7', b'"seq":7,"seq":8'), "doubled"),
        (LINE.replace(b'"web_search":1', b'"web_search":1,"web_search":1'), "doubled"),
        (LINE.replace(b'"input":12', b'"input":9223372036854775808'), "number"),
        (LINE.replace(b'"input":12', b'"input":' + b"9" * 5000), "number"),
        (LINE.replace(b'"input":12', b'"input":1.5'), "number"),
        (LINE.replace(b'"input":12', b'"input":12.0'), "number"),
        (LINE.replace(b'"input":12', b'"input":1e3'), "number"),
        (LINE.replace(b'"input":12', b'"input":NaN'), "number"),
        (LINE.replace(b'"input":12', b'"input":-1'), "number"),
        (LINE.replace(b'"input":12', b'"input":"12"'), "type"),
        (LINE.replace(b'"input":12', b'"input":true'), "type"),
        (LINE.replace(b'"input":12', b'"input":null'), "type"),
        (changed(labels={"a": 1}), "type"),
        (changed(flags=[1]), "type"),
        (changed(kind="other"), "type"),
        (changed(writer="XYZ"), "type"),
        (changed(v=2), "version"),
        (b"{}", "missing"),
        (b'{"v":1,"kind":"attempt","writer":"00112233aabbccdd","seq":1}', "missing"),
        (b"[" * 100_000, "json"),
    ],
)
def test_what_is_wrong_is_named(line: bytes, kind: str) -> None:
    assert fault_of(line) == kind


@pytest.mark.parametrize(
    "line",
    [
        LINE,
        b"2026-11-30T12:00:00.000Z " + LINE,
        json.dumps({"log": LINE.decode() + "\n", "stream": "stdout"}).encode(),
        json.dumps({"timestamp": 1, "message": LINE.decode()}).encode(),
        json.dumps({"message": json.dumps({"log": LINE.decode()})}).encode(),
        json.dumps({"date": 1764504000.123, "log": LINE.decode()}).encode(),  # Fluent Bit
        json.dumps({"log": LINE.decode(), "k8s": {"load": [1e-9, 2**70, -0.5]}}).encode(),
        json.dumps({"log": ROW, "stream": "stdout"}).encode(),  # its parser has read the row
        b"2026-11-30T12:00:00.000000000Z stdout F " + LINE,  # containerd
    ],
)
def test_a_row_in_a_log(line: bytes) -> None:
    assert ledger.parse_line(line, in_log=True) == ROW


@pytest.mark.parametrize(
    "line",
    [
        *(
            b"",
            b"\n",
            b"GET / 200",
            b'{"message":"hello"}',
            b'{"level":"info"}',
            b"{broken",
            b"\0\0",
        ),
        *(b'{"log":{"v":1,"kind":"click"}}', b'{"log":1.5}', b'{"log":' * 5000),
        *(b'{"date":1.5.2,"log":"x"}', b'{"date":-Infinity,"log":"x"}'),
    ],
)
def test_lines_of_other_programs(line: bytes) -> None:
    assert ledger.parse_line(line, in_log=True) is None


def test_a_torn_row_in_a_log() -> None:
    found = ledger.parse_line(b"prefix " + LINE[:100], in_log=True)
    assert isinstance(found, ledger.Fault)
    assert found.kind == "torn"


def test_the_schema_is_one() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.Draft202012Validator.check_schema(schema())
    jsonschema.validate(ROW, schema())
