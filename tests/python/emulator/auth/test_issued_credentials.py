"""Credentials that the emulator issues, and its counts of what it accepted and refused."""

from __future__ import annotations

import calendar
import time
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from emulator.support import Answer, Emulator

CHAT = "/v1/chat/completions"


def issue(emulator: Emulator, life_s: int | str = 60, method: str = "GET") -> Any:
    answer = emulator.plain(method, f"/_emulator/credentials?life_s={life_s}")
    assert answer.status == 200, answer.body
    return answer.json


def call(emulator: Emulator, issued: Any, at: float | None = None) -> Answer:
    return emulator.call(
        "POST",
        CHAT,
        emulator.chat(),
        key=issued["AccessKeyId"],
        secret=issued["SecretAccessKey"],
        token=issued["SessionToken"],
        at=at,
    )


def end_of(issued: Any) -> int:
    return calendar.timegm(time.strptime(issued["Expiration"], "%Y-%m-%dT%H:%M:%SZ"))


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_is_issued_is_accepted(emulator: Emulator, method: str) -> None:
    first, second = issue(emulator, method=method), issue(emulator, method=method)
    assert first["AccessKeyId"] != second["AccessKeyId"]
    assert first["Token"] == first["SessionToken"]
    assert 59 <= end_of(first) - time.time() <= 60
    for issued in (first, second):
        assert call(emulator, issued).status == 200
    assert [r["access_key_id"] for r in emulator.usage()] == [
        first["AccessKeyId"],
        second["AccessKeyId"],
    ]


def test_the_parts_of_two_sets_do_not_mix(emulator: Emulator) -> None:
    first, second = issue(emulator), issue(emulator)
    for name in ("SecretAccessKey", "SessionToken"):
        assert call(emulator, {**first, name: second[name]}).status == 401


def test_what_is_signed_after_the_end_is_refused(emulator: Emulator) -> None:
    issued = issue(emulator, 1)
    assert call(emulator, issued, at=end_of(issued) - 1).status == 200
    refused = call(emulator, issued, at=end_of(issued))
    assert refused.status == 401
    assert "expired" in refused.error["message"]


@pytest.mark.parametrize("life_s", ["0", "-1", "43201", "1.5", "x", "", "9" * 40])
def test_lives_that_are_none(emulator: Emulator, life_s: str) -> None:
    answer = emulator.plain("GET", f"/_emulator/credentials?life_s={life_s}")
    assert answer.status == 400
    assert answer.error["param"] == "life_s"


def test_accepted_and_refused_requests_are_counted(emulator: Emulator) -> None:
    for _ in range(2):
        emulator.call("POST", CHAT, emulator.chat())
    emulator.bearer("POST", CHAT, emulator.chat())
    emulator.call("POST", CHAT, emulator.chat(), secret="wrong")
    counts = emulator.plain("GET", "/_emulator/authorizations").json
    assert counts["accepted"] == {"sigv4": 2, "bearer": 1}
    ((why, times),) = counts["refused"].items()
    assert "does not match" in why
    assert times == 1
    assert emulator.plain("DELETE", "/_emulator/authorizations").status == 204
    counts = emulator.plain("GET", "/_emulator/authorizations").json
    assert counts == {"accepted": {}, "refused": {}}
