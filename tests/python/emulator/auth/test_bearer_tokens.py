"""Bearer tokens: known ones, short-term ones, and others."""

from __future__ import annotations

import base64
import time
from unittest import mock

import pytest

from emulator.support import KEY, Answer, Emulator, mint

CHAT = "/v1/chat/completions"


def use(emulator: Emulator, token: str) -> Answer:
    headers = {"Authorization": f"Bearer {token}"}
    return emulator.plain("POST", CHAT, emulator.chat(), headers)


def test_known_tokens(emulator: Emulator) -> None:
    for token in ("ABSKEXAMPLE", "second-token"):
        assert use(emulator, token).status == 200
    assert [each["signed_by"] for each in emulator.usage()] == ["bearer", "bearer"]


def test_x_api_key(emulator: Emulator) -> None:
    answer = emulator.plain("POST", CHAT, emulator.chat(), {"x-api-key": "ABSKEXAMPLE"})
    assert answer.status == 200


def test_short_term_tokens(emulator: Emulator) -> None:
    assert use(emulator, mint()).status == 200
    temporary = mint(
        key="ASIAIOSFODNN7EXAMPLE",
        secret="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        token="example-session-token",
    )
    assert use(emulator, temporary).status == 200
    keys = [each["access_key_id"] for each in emulator.usage()]
    assert keys == [KEY, "ASIAIOSFODNN7EXAMPLE"]


@pytest.mark.parametrize(
    ("token", "text"),
    [
        (mint(secret="wrong"), "invalid"),
        (mint(key="AKIDUNKNOWN"), "invalid"),
        (mint(token="stray"), "invalid"),
        (mint(region="eu-west-1"), "valid region"),
        (mint(service="bedrock-mantle"), "invalid"),
        (mint(expires=43_201), "invalid"),
        ("bedrock-api-key-", "invalid"),
        ("bedrock-api-key-!!!", "invalid"),
        ("bedrock-api-key-" + base64.b64encode(b"\xff\x00").decode(), "invalid"),
        ("bedrock-api-key-" + base64.b64encode(b"bedrock.amazonaws.com/?a&a").decode(), "invalid"),
        ("sk-something", "invalid"),
    ],
)
def test_other_tokens(emulator: Emulator, token: str, text: str) -> None:
    answer = use(emulator, token)
    assert answer.status == 401
    assert answer.error["code"] == "invalid_api_key"
    assert answer.error["type"] == "permission_denied_error"
    assert text in answer.error["message"]


def test_a_tampered_life_is_refused(emulator: Emulator) -> None:
    token = mint(expires=60).removeprefix("bedrock-api-key-")
    longer = base64.b64decode(token).replace(b"Expires=60", b"Expires=600")
    answer = use(emulator, "bedrock-api-key-" + base64.b64encode(longer).decode())
    assert answer.status == 401


def test_a_token_is_good_for_its_life_and_no_longer() -> None:
    from costmark.emulator.auth.bearer_tokens import verify_short_term
    from costmark.emulator.settings import EXAMPLE_CREDENTIALS
    from costmark.emulator.wire.errors import ApiError

    before = int(time.time())
    token, after = mint(expires=60), int(time.time())
    find = mock.Mock(return_value=EXAMPLE_CREDENTIALS[0])
    assert verify_short_term(token, find, region="us-east-1", now=before + 59)
    with pytest.raises(ApiError, match=r"^The security token .* is expired\.$") as caught:
        verify_short_term(token, find, region="us-east-1", now=after + 60)
    assert caught.value.status == 401


def test_a_token_from_the_future() -> None:
    from costmark.emulator.auth.bearer_tokens import verify_short_term
    from costmark.emulator.settings import EXAMPLE_CREDENTIALS
    from costmark.emulator.wire.errors import ApiError

    token, now = mint(), time.time()
    find = mock.Mock(return_value=EXAMPLE_CREDENTIALS[0])
    assert verify_short_term(token, find, region="us-east-1", now=now) is EXAMPLE_CREDENTIALS[0]
    with pytest.raises(ApiError):
        verify_short_term(token, find, region="us-east-1", now=now - 400)
