"""Answers as servers really send them: each is read right wherever it is cut.

tests/conformance/answers.json has them, and COSTMARK_ANSWERS may name more of the same form.
"""

from __future__ import annotations

import itertools
import json
import os
from pathlib import Path
from typing import Any

import pytest

from costmark import _core

_ROOT = Path(__file__).parents[2]
_FILES = (
    _ROOT / "tests" / "conformance" / "answers.json",
    Path(os.environ.get("COSTMARK_ANSWERS", _ROOT.parent / "shared" / "cases" / "answers.json")),
)
_CASES: list[dict[str, Any]] = [
    case for file in _FILES if file.exists() for case in json.loads(file.read_text("utf-8"))
]
_PATHS = {
    "chat": "/v1/chat/completions",
    "responses": "/v1/responses",
    "messages": "/anthropic/v1/messages",
}
_COUNTS = {
    "input": "input_tokens",
    "cached": "cached_input_tokens",
    "cache_write": "cache_write_tokens",
    "output": "output_tokens",
    "reasoning": "reasoning_tokens",
    "total": "total_tokens",
}


class Reader:
    """Reads the answer of one case, cut anywhere."""

    def __init__(self, case: dict[str, Any]) -> None:
        self._client = _core.Client({"auth": "none", "unattributed": "allow"}, environment={})
        members = {"model": "m", "stream": True} if case["stream"] else {"model": "m"}
        url = "http://127.0.0.1:9" + _PATHS[case["api"]]
        headers = [("content-type", "application/json")]
        self._request: Any = ("POST", url, headers, json.dumps(members).encode())
        self._headers = list(case["headers"].items())
        self._body: bytes = case["body"].encode()

    def read(self, *cuts: int) -> tuple[dict[str, Any], bytes]:
        """Return what was reported, and what the caller gets."""
        operation, _ = self._client.begin(*self._request)
        operation.prepare(*self._request, False, True)
        operation.head(200, self._headers)
        passed, places = b"", (0, *cuts, len(self._body))
        for begin, end in itertools.pairwise(places):
            passed += operation.feed(self._body[begin:end])
        passed += operation.finish()[0]
        report = operation.report
        for of_time in ("operation", "latency_us", "first_byte_us"):
            del report[of_time]
        return report, passed


def without_usage_chunk(stream: bytes) -> bytes:
    """Leave out the events that carry usage alone."""
    events = [event for event in stream.split(b"\n\n") if event]
    kept = [each for each in events if b'"usage":{' not in each or b'"finish_reason":"' in each]
    return b"".join(each + b"\n\n" for each in kept)


@pytest.mark.parametrize("case", _CASES, ids=[case["name"].replace(" ", "-") for case in _CASES])
def test_an_answer_is_read_right_wherever_it_is_cut(case: dict[str, Any]) -> None:
    reader, body, expect = Reader(case), case["body"].encode(), case["expect"]
    report, passed = whole = reader.read()
    assert report["outcome"] == expect["outcome"]
    assert set(report["flags"]) == set(expect.get("flags", ()))
    for name, count in _COUNTS.items():
        if name in expect or case in _OWN:
            assert report[count] == expect.get(name), name
    for meter in ("audio_input", "audio_output"):
        assert report["meters"].get(meter) == expect.get(meter)
    if case["passes"] == "as_sent":
        assert passed == body
    elif case["passes"] == "without_usage_chunk":
        assert passed == without_usage_chunk(body) != body
    for cut in range(len(body) + 1):
        assert reader.read(cut) == whole, f"cut at {cut}"
    assert reader.read(*range(1, len(body))) == whole, "byte by byte"


_OWN = json.loads(_FILES[0].read_text("utf-8"))  # name every count


def test_there_are_enough_of_them() -> None:
    assert len(_OWN) >= 40
    assert len({case["name"] for case in _OWN}) == len(_OWN)
