"""The reader in core, laid beside an independent one."""

from __future__ import annotations

import json
import random

import pytest

from costmark import ledger
from ledger import strict
from ledger.segments import attempt, line_of, note

SEEDS = [
    line_of(attempt(7)).strip(),
    line_of(attempt(8, later={"deep": [1, {"a": None}], "b": True}, meters={})).strip(),
    line_of(note(3, "close")).strip(),
    line_of({**attempt(4), "v": 2}).strip(),
    line_of({**attempt(1), "kind": "begin", "labels": {"\u00e9": "\U0001f600"}}).strip(),
    json.dumps({**attempt(2), "labels": {"\u00e9": "\U0001f600"}}).encode(),
    json.dumps({**attempt(3), "kind": "settle", "response_id": "resp_1"}, indent=1).encode(),
]
PIECES = [
    *(
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b":",
        b'"',
        b"\\",
        b" ",
        b"\t",
        b"\n",
        b"0",
        b"-",
        b"1.5",
        b"1e3",
    ),
    *(b"\xff", b"\xc3", b"\xe2\x82", b"\xf0\x9f\x98", b"\xed\xa0\x80", b"\0", b"\x01", b"null"),
    *(b"true", b"NaN", b"-Infinity", b"9223372036854775808", b"-9223372036854775809", b"00"),
    *(rb"\ud83d", rb"\ude00", rb"\u00e9", rb"\u12", rb"\x", b'"seq":7,', b'"v":2,', b'"later":1,'),
    *(b'"a":1,"a":2', b"[" * 70, b"]" * 70, b'"kind":"other",', b'"input":', b"\xc2\xa0"),
]


def mutated(line: bytes, rng: random.Random) -> bytes:
    """The line with some bytes taken out, put in, or cut off."""
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        at = rng.randrange(len(line) + 1)
        choice = rng.random()
        if choice < 0.15:
            line = line[:at]
        elif choice < 0.4:
            line = line[:at] + line[at + rng.randrange(1, 6) :]
        elif choice < 0.55:
            other = rng.randrange(len(line) + 1)
            line = line[:at] + line[other : other + rng.randrange(60)] + line[at:]
        else:
            line = line[:at] + rng.choice(PIECES) + line[at + rng.choice((0, 0, 1)) :]
    return line


def compare(line: bytes) -> str | None:
    """The kind of fault that both find; None where both find a row."""
    ours, theirs = ledger.parse_line(line), strict.parse(line)
    if not isinstance(theirs, ledger.Fault):
        assert ours == theirs, line
        return None
    assert isinstance(ours, ledger.Fault), (line, theirs)
    assert ours.kind == theirs.kind, (line, ours, theirs)
    if theirs.kind in ("torn", "utf8", "nul", "number", "type"):
        assert ours.reason == theirs.reason, (line, ours, theirs)
    return ours.kind


@pytest.mark.parametrize("seed", range(4))
def test_mutations_of_rows(seed: int) -> None:
    rng = random.Random(seed)
    kinds = {compare(mutated(rng.choice(SEEDS), rng)) for _ in range(3000)}
    wanted = {
        None,
        "torn",
        "utf8",
        "nul",
        "json",
        "doubled",
        "number",
        "type",
        "missing",
        "version",
    }
    assert kinds == wanted


@pytest.mark.parametrize("line", SEEDS)
def test_each_cut(line: bytes) -> None:
    for length in range(len(line) + 1):
        compare(line[:length])
