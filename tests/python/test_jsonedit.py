from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

import costmark
from costmark import jsonedit

VECTORS = Path(__file__).resolve().parents[2].parent / "shared" / "vectors" / "json"
FILES = sorted(VECTORS.glob("*.json"))


def test_set_leaves_every_other_byte() -> None:
    body = b'{ "a":1.0e5 ,\n\t"b" : "\\u0041", "c":[ ] }'
    edited = jsonedit.set(body, "b", {"x": [True, None, "é"]})
    assert edited == '{ "a":1.0e5 ,\n\t"b" : {"x":[true,null,"é"]}, "c":[ ] }'.encode()
    assert jsonedit.remove(edited, "nothing") == edited


def test_nested_paths_and_escaped_dots() -> None:
    assert json.loads(jsonedit.set(b"{}", "a.b", 1)) == {"a": {"b": 1}}
    assert json.loads(jsonedit.set(b"{}", "a\\.b", 1)) == {"a.b": 1}
    assert json.loads(jsonedit.remove(b'{"a":{"b":1,"c":2}}', "a.b")) == {"a": {"c": 2}}


def test_duplicates_collapse() -> None:
    assert json.loads(jsonedit.set(b'{"a":1,"\\u0061":2}', "a", 3)) == {"a": 3}
    assert jsonedit.set(b'{"a":1,"\\u0061":2}', "a", 3).count(b"3") == 1


@pytest.mark.parametrize("value", [None, True, 0, -1.5, "", '"\\\x00', "\ud800", [], {"k": [1]}])
def test_any_json_value(value: Any) -> None:
    assert json.loads(jsonedit.set(b'{"b":2}', "a", value)) == {"a": value, "b": 2}


@pytest.mark.parametrize("value", [{1, 2}, object(), float("nan"), b"bytes"])
def test_what_is_no_json_value_is_refused(value: Any) -> None:
    with pytest.raises(costmark.RequestError) as caught:
        jsonedit.set(b"{}", "a", value)
    assert caught.value.code == "invalid_argument"


@pytest.mark.parametrize(
    ("body", "offset"), [(b"", 0), (b"[1]", 0), (b"3", 0), (b"\xef\xbb\xbf{}", 0), (b'{"a":1}x', 7)]
)
def test_what_is_no_object_is_refused_with_its_place(body: bytes, offset: int) -> None:
    for edit in (lambda: jsonedit.set(body, "a", 1), lambda: jsonedit.remove(body, "a")):
        with pytest.raises(costmark.RequestError) as caught:
            edit()
        assert (caught.value.code, caught.value.offset) == ("invalid_json", offset)


def test_other_buffers_are_taken_too() -> None:
    assert jsonedit.set(bytearray(b"{}"), "a", 1) == jsonedit.set(memoryview(b"{}"), "a", 1)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        jsonedit.set("{}", "a", 1)  # type: ignore[arg-type]


def test_random_documents_keep_their_meaning() -> None:
    source = random.Random(7)

    def value(depth: int) -> Any:
        kind = source.randrange(7 if depth < 4 else 5)
        if kind == 5:
            return [value(depth + 1) for _ in range(source.randrange(4))]
        if kind == 6:
            return {text(): value(depth + 1) for _ in range(source.randrange(4))}
        return (None, source.random() < 0.5, source.randrange(-99, 99), source.random(), text())[
            kind
        ]

    def text() -> str:
        return "".join(source.choices('ab"\\{}[],: é\n\u2028😀', k=source.randrange(6)))

    for _ in range(500):
        document = {text(): value(0) for _ in range(source.randrange(6))}
        separators = source.choice([(",", ":"), (", ", ": "), (" ,\n", "\t:")])
        ascii_only = source.random() < 0.5
        body = json.dumps(document, separators=separators, ensure_ascii=ascii_only).encode()
        edited = jsonedit.set(body, "project_id", "proj_x", strict=source.random() < 0.5)
        assert json.loads(edited) == {**document, "project_id": "proj_x"}
        assert json.loads(jsonedit.remove(edited, "project_id")) == document


def parses(text: bytes) -> bool:
    try:
        json.loads(text.decode(), parse_constant=lambda name: pytest.fail(name))
    except (ValueError, RecursionError, pytest.fail.Exception):
        return False
    return True


def edited(text: bytes, *, strict: bool) -> bytes | None:
    """The text with a project, or None if it is refused for what it is."""
    try:
        return jsonedit.set(text, "project_id", "proj_x", strict=strict)
    except costmark.RequestError as error:
        if error.code != "invalid_json" or error.offset is None:
            raise
        return None


@pytest.mark.skipif(not FILES, reason="the vectors are not beside this checkout")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_json_test_suite(path: Path) -> None:
    text = path.read_bytes()
    expectation = path.name[0]
    strict, lenient = (edited(text, strict=strict) for strict in (True, False))
    if expectation == "n":
        assert strict is None
        assert lenient is None or not parses(lenient)
    elif expectation == "y":
        is_object = isinstance(json.loads(text), dict)
        assert (strict is not None) == is_object
        if is_object:
            assert strict is not None
            assert lenient == strict
            assert json.loads(strict) == {**json.loads(text), "project_id": "proj_x"}
