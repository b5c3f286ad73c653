"""Bearer tokens: known ones, short-term ones, and others."""

from __future__ import annotations

import base64
import time
from unittest import mock

import pytest
from botocore.auth import SigV4QueryAuth  # type: ignore[import-untyped,unused-ignore]
from botocore.awsrequest import AWSRequest  # type: ignore[import-untyped,unused-ignore]
from botocore.credentials import Credentials  # type: ignore[import-untyped,unused-ignore]

from emulator.support import KEY, SECRET, Answer, Emulator

CHAT = "/v1/chat/completions"


def mint(
    *,
    key: str = KEY,
    secret: str = SECRET,
    token: str | None = None,
    region: str = "us-east-1",
    service: str = "bedrock",
    expires: int = 3600,
) -> str:
    """A short-term key as the AWS token generator makes it."""
    request = AWSRequest(
        method="POST",
        url="https://bedrock.amazonaws.com/",
        headers={"host": "bedrock.amazonaws.com"},
        params={"Action": "CallWithBearerToken"},
    )
    SigV4QueryAuth(Credentials(key, secret, token), service, region, expires=expires).add_auth(
        request
    )
    presigned = request.url.removeprefix("https://") + "&Version=1"
    return "bedrock-api-key-" + base64.b64encode(presigned.encode()).decode()


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


def test_expiry(emulator: Emulator) -> None:
    token = mint(expires=1)
    time.sleep(2.1)
    answer = use(emulator, token)
    assert answer.status == 401
    assert answer.error["message"] == "The security token included in the request is expired."


def test_a_token_from_the_future() -> None:
    from costmark.emulator.auth.bearer_tokens import verify_short_term
    from costmark.emulator.settings import EXAMPLE_CREDENTIALS
    from costmark.emulator.wire.errors import ApiError

    token, now = mint(), time.time()
    find = mock.Mock(return_value=EXAMPLE_CREDENTIALS[0])
    assert verify_short_term(token, find, region="us-east-1", now=now) is EXAMPLE_CREDENTIALS[0]
    with pytest.raises(ApiError):
        verify_short_term(token, find, region="us-east-1", now=now - 400)
