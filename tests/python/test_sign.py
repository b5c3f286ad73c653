"""`costmark.sign` against botocore's signer."""

from __future__ import annotations

import random
import string
from datetime import datetime, timezone
from typing import Any

import pytest

import costmark
from costmark import _core

auth = pytest.importorskip("botocore.auth")
from botocore.awsrequest import AWSRequest  # noqa: E402
from botocore.credentials import Credentials as BotocoreCredentials  # noqa: E402

METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS")
UNRESERVED = string.ascii_letters + string.digits + "-_.~"
HEADERS = ("Content-Type", "X-Amz-Target", "OpenAI-Project", "X-Custom", "Accept", "User-Agent")


class Cases:
    """Random requests, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def text(self, alphabet: str, most: int, least: int = 0) -> str:
        return "".join(self.random.choices(alphabet, k=self.random.randint(least, most)))

    def encoded(self, most: int, least: int = 0) -> str:
        """Percent-encoded text as it stands in a request line."""
        pieces = []
        for _ in range(self.random.randint(least, most)):
            if self.random.random() < 0.15:
                pieces.append(f"%{self.random.randrange(0x20, 0x100):02X}")
            else:
                pieces.append(self.random.choice(UNRESERVED))
        return "".join(pieces)

    def path(self) -> str:
        segments = []
        for _ in range(self.random.randint(0, 6)):
            kind = self.random.random()
            segments.append(
                "."
                if kind < 0.05
                else ".."
                if kind < 0.1
                else ""
                if kind < 0.15
                else self.encoded(12, 1)
            )
        return "/" + "/".join(segments)

    def query(self) -> str:
        number = self.random.randint(0, 5)
        return "&".join(f"{self.encoded(6, 1)}={self.encoded(8)}" for _ in range(number))

    def headers(self) -> dict[str, str]:
        names = self.random.sample(HEADERS, self.random.randint(0, len(HEADERS)))
        return {name: self.value() for name in names}

    def value(self) -> str:
        return self.text(string.ascii_letters + string.digits + "  ,;=/\"'", 30).strip() or "v"

    def request(self) -> dict[str, Any]:
        query = self.query()
        port = self.random.choice(["", "", ":8443", ":80"])
        return {
            "method": self.random.choice(METHODS),
            "url": f"https://{self.text(string.ascii_lowercase, 9, 1)}.example{port}{self.path()}"
            + (f"?{query}" if query else ""),
            "headers": self.headers(),
            "body": self.random.randbytes(self.random.choice([0, 1, 10, 63, 64, 65, 300, 5000])),
            "token": self.random.choice([None, self.text(string.ascii_letters + "+/=", 200, 1)]),
            "region": self.random.choice(["us-east-1", "eu-central-1", "us-gov-west-1"]),
            "service": self.random.choice(["bedrock-mantle", "bedrock", "execute-api"]),
            "time": self.random.randrange(1_000_000_000, 2_000_000_000),
            "secret": self.text(string.ascii_letters + string.digits + "/+", 40, 20),
            "key_id": "AKID" + self.text(string.ascii_uppercase, 12),
        }


def botocore_signs(case: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    moment = datetime.fromtimestamp(case["time"], timezone.utc).replace(tzinfo=None)
    if hasattr(auth, "get_current_datetime"):
        monkeypatch.setattr(auth, "get_current_datetime", lambda *_, **__: moment)
    request = AWSRequest(case["method"], case["url"], headers=case["headers"], data=case["body"])
    keys = BotocoreCredentials(case["key_id"], case["secret"], case["token"])
    auth.SigV4Auth(keys, case["service"], case["region"]).add_auth(request)
    names = {"Authorization", "X-Amz-Date", "X-Amz-Security-Token"}
    return {name.lower(): value for name, value in request.headers.items() if name in names}


def costmark_signs(case: dict[str, Any]) -> dict[str, str]:
    return costmark.sign(
        case["method"],
        case["url"],
        case["headers"],
        case["body"],
        credentials=costmark.Credentials(case["key_id"], case["secret"], case["token"]),
        region=case["region"],
        service=case["service"],
        time=case["time"],
    )


@pytest.mark.timeout(1800)
def test_botocore_signs_the_same(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    cases = Cases(20_260_101)
    for number in range(request.config.getoption("--sign-cases")):
        case = cases.request()
        ours = {name.lower(): value for name, value in costmark_signs(case).items()}
        assert ours == botocore_signs(case, monkeypatch), (number, case)


CREDENTIALS = costmark.Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")


def sign(method: str = "GET", url: str = "https://h.example/", **more: Any) -> dict[str, str]:
    arguments = {"credentials": CREDENTIALS, "region": "us-east-1", "service": "s", **more}
    return costmark.sign(method, url, **arguments)


def test_the_fixture_of_the_openai_sdks() -> None:
    credentials = costmark.Credentials(
        "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "fixture-session-token"
    )
    body = b'{"model":"gpt-4o","input":"hello"}'
    digest = "50329e51ad520f21b77bad0b01999930ff556cd1bf18434701251ba6c9f877bc"
    headers = costmark.sign(
        "POST",
        "https://bedrock-mantle.us-east-1.api.aws/openai/v1/responses",
        {"content-type": "application/json", "x-amz-content-sha256": digest},
        body,
        credentials=credentials,
        region="us-east-1",
        service="bedrock-mantle",
        time=datetime(2025, 1, 2, 3, 4, 5, tzinfo=timezone.utc),
    )
    signature = "dc20c8fbe516daf0ccae7e5b7a78fc2936870413a9f1af6e1b2d44b970ce411f"
    assert headers["authorization"].endswith(f"Signature={signature}")
    assert headers["x-amz-content-sha256"] == digest


def test_times() -> None:
    aware = datetime(2025, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
    seconds = aware.timestamp()
    texts = {sign(time=t)["x-amz-date"] for t in (aware, aware.replace(tzinfo=None), seconds)}
    assert texts == {"20250102T030405Z"}
    assert sign()["x-amz-date"] > "2025"


def test_pairs_and_mappings_of_headers_are_the_same() -> None:
    headers = {"content-type": "text/plain", "x-custom": "a"}
    assert sign(headers=headers, time=1) == sign(headers=list(headers.items()), time=1)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"headers": {"x-custom": "a\r\nb: c"}}, "invalid_argument"),
        ({"region": ""}, "invalid_argument"),
        ({"service": ""}, "invalid_argument"),
        ({"method": "GE T"}, "invalid_argument"),
        ({"url": "https:///path"}, "invalid_url"),
        ({"url": "h.example/path"}, "invalid_url"),
        ({"url": "https://user:pw@h.example/"}, "invalid_url"),
        ({"url": "https://h.example:99999/"}, "invalid_url"),
    ],
)
def test_what_cannot_be_signed(change: dict[str, Any], code: str) -> None:
    with pytest.raises(costmark.RequestError) as caught:
        sign(**change)
    assert caught.value.code == code
    assert "pw" not in str(caught.value)


def test_expired_credentials_do_not_sign() -> None:
    expired = costmark.Credentials("AK", "secret", "token", expires_at=1000)
    with pytest.raises(costmark.CredentialsError) as caught:
        sign(credentials=expired, time=2000)
    assert caught.value.code == "expired_credentials"
    assert "secret" not in str(caught.value)
    assert sign(credentials=expired, time=999)


def test_threads_sign_side_by_side() -> None:
    from concurrent.futures import ThreadPoolExecutor

    body = b"x" * (1 << 20)
    with ThreadPoolExecutor(8) as pool:
        signed = list(pool.map(lambda _: sign("POST", body=body, time=5), range(64)))
    assert all(headers == signed[0] for headers in signed)
    assert _core.version
