"""An emulator whose clock differs from the machine's: dates, signatures, credentials."""

from __future__ import annotations

import calendar
import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from emulator.support import Emulator, mint

if TYPE_CHECKING:
    from collections.abc import Iterator

CHAT = "/v1/chat/completions"


@pytest.fixture(scope="module", params=[600, -600])
def skewed(request: pytest.FixtureRequest) -> Iterator[tuple[Emulator, int]]:
    emulator = Emulator("--clock-offset-s", str(request.param))
    yield emulator, request.param
    assert emulator.stop()[0] == 0


def urlopen_any(url: str) -> Any:
    try:
        return urlopen(url)
    except HTTPError as error:
        return error


def off_by(answer_date: str) -> float:
    return parsedate_to_datetime(answer_date).timestamp() - time.time()


def test_answers_are_dated_once_and_by_the_machines_clock(emulator: Emulator) -> None:
    for path in ("/nowhere", "/_emulator/usage"):
        with urlopen_any(emulator.url + path) as answer:
            (date,) = answer.headers.get_all("date")
        assert abs(off_by(date)) < 5


def test_signatures_are_checked_against_the_emulators_clock(skewed: tuple[Emulator, int]) -> None:
    emulator, offset = skewed
    answer = emulator.call("POST", CHAT, emulator.chat())
    assert answer.status == 401
    told = "Signature expired" if offset > 0 else "Signature not yet current"
    assert answer.error["message"].startswith(told)
    assert abs(off_by(answer.headers["date"]) - offset) < 5


def test_issued_credentials_end_by_the_emulators_clock(skewed: tuple[Emulator, int]) -> None:
    emulator, offset = skewed
    issued = emulator.plain("GET", "/_emulator/credentials?life_s=60").json
    end = calendar.timegm(time.strptime(issued["Expiration"], "%Y-%m-%dT%H:%M:%SZ"))
    assert abs(end - time.time() - 60 - offset) < 5


def test_short_term_keys_end_by_the_emulators_clock(skewed: tuple[Emulator, int]) -> None:
    emulator, offset = skewed
    for expires, status in ((300, 401), (3600, 200 if offset > 0 else 401)):
        bearer = {"Authorization": f"Bearer {mint(expires=expires)}"}
        answer = emulator.plain("POST", CHAT, emulator.chat(), bearer)
        assert answer.status == status
        if status == 401:
            told = "expired" if offset > 0 else "invalid"  # the latter: it is yet to begin
            assert answer.error["message"].endswith(f"is {told}.")
