"""``aws login``: costmark and botocore side by side, against an endpoint that both accept."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import os
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any
from unittest import mock

import botocore.credentials  # type: ignore[import-untyped,unused-ignore]
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    Prehashed,
    decode_dss_signature,
    encode_dss_signature,
)

from costmark import _core
from credentials.loopback import DROPPED, Answer, Asked, Endpoint, Loopback, run_loopback
from credentials.outcome import SECONDS_OF_GRACE, Outcome, ask_session, explained, moment, near

SESSION = "arn:aws:sts::111122223333:assumed-role/Admin/m\u00e9"
ACCOUNT = "111122223333"
CANARY = "C4N4RY"  # in every token and secret
KEY = ec.generate_private_key(ec.SECP256R1())
SOURCE = "profile 'dev', aws login"


class AwscrtEc:
    """The part of awscrt's ``EC`` that botocore needs, so that the comparison needs no awscrt."""

    def __init__(self, key: ec.EllipticCurvePrivateKey) -> None:
        self._key = key

    @classmethod
    def new_key_from_der_data(cls, der: bytes) -> AwscrtEc:
        key = serialization.load_der_private_key(der, None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise ValueError("not a key for ECDSA")
        return cls(key)

    def get_public_coords(self) -> tuple[bytes, bytes]:
        numbers = self._key.public_key().public_numbers()
        return numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big")

    def sign(self, digest: bytes) -> bytes:
        return self._key.sign(digest, ec.ECDSA(Prehashed(hashes.SHA256())))

    @staticmethod
    def decode_der_signature_to_padded_pair(signature: bytes, pad_to: int) -> bytes:
        r, s = decode_dss_signature(signature)
        return r.to_bytes(pad_to, "big") + s.to_bytes(pad_to, "big")


def as_the_cli_writes_it(key: ec.EllipticCurvePrivateKey) -> str:
    """SEC 1 on one line."""
    form = serialization.PrivateFormat.TraditionalOpenSSL
    der = key.private_bytes(serialization.Encoding.DER, form, serialization.NoEncryption())
    body = base64.b64encode(der).decode()
    return f"-----BEGIN EC PRIVATE KEY-----\n{body}\n-----END EC PRIVATE KEY-----\n"


def pem(key: Any, form: serialization.PrivateFormat) -> str:
    none = serialization.NoEncryption()
    text: bytes = key.private_bytes(serialization.Encoding.PEM, form, none)
    return text.decode()


def session_file(expires_in: float, *, keys: Any = None, **changes: object) -> dict[str, object]:
    """A cache file as ``aws login`` leaves it; a change to None takes a member out."""
    access = {
        "accessKeyId": "ASIAOLD",
        "secretAccessKey": f"{CANARY}-secret-old",
        "sessionToken": f"{CANARY}-session-old",
        "accountId": ACCOUNT,
        "expiresAt": moment(expires_in),
        **(keys or {}),
    }
    token = {
        "accessToken": {name: value for name, value in access.items() if value is not None},
        "tokenType": "aws_sigv4",
        "clientId": "arn:aws:signin:::devtools/same-device",
        "refreshToken": f"{CANARY}-refresh",
        "idToken": f"{CANARY}-id",
        "dpopKey": as_the_cli_writes_it(KEY),
        **changes,
    }
    return {name: value for name, value in token.items() if value is not None}


def decode(part: str) -> bytes:
    assert "=" not in part
    return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)


def verify_proof(asked: Asked, key: ec.EllipticCurvePublicKey) -> str:
    """Everything that RFC 9449 asks of a DPoP proof; its id."""
    header, claims, signature = asked.headers["dpop"].split(".")
    fields = json.loads(decode(header))
    numbers = key.public_numbers()
    assert fields["typ"] == "dpop+jwt"
    assert fields["alg"] == "ES256"
    assert sorted(fields) == ["alg", "jwk", "typ"]
    jwk = fields["jwk"]
    assert (jwk["kty"], jwk["crv"], sorted(jwk)) == ("EC", "P-256", ["crv", "kty", "x", "y"])
    assert decode(jwk["x"]) == numbers.x.to_bytes(32, "big")
    assert decode(jwk["y"]) == numbers.y.to_bytes(32, "big")
    said = json.loads(decode(claims))
    assert sorted(said) == ["htm", "htu", "iat", "jti"]
    assert (said["htm"], said["htu"]) == ("POST", asked.url)
    assert abs(said["iat"] - time.time()) < SECONDS_OF_GRACE
    assert uuid.UUID(said["jti"]).version == 4
    raw = decode(signature)
    assert len(raw) == 64
    pair = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    key.verify(pair, f"{header}.{claims}".encode(), ec.ECDSA(hashes.SHA256()))
    return str(said["jti"])


def renewal(refresh_token: str) -> dict[str, object]:
    """What AWS Sign-In answers: other keys for every refresh token."""
    mark = hashlib.sha256(refresh_token.encode()).hexdigest()[:12].upper()
    return {
        "accessToken": {
            "accessKeyId": f"ASIA{mark}",
            "secretAccessKey": f"{CANARY}-secret-{mark}",
            "sessionToken": f"{CANARY}-session-{mark}",
        },
        "tokenType": "aws_sigv4",
        "expiresIn": 900,
        "refreshToken": f"{refresh_token}+",
    }


def signin(asked: Asked) -> Answer:
    assert (asked.method, asked.path, asked.query) == ("POST", "/v1/token", {})
    assert asked.headers["content-type"] == "application/json"
    assert "authorization" not in asked.headers
    verify_proof(asked, KEY.public_key())
    body = asked.json()
    assert sorted(body) == ["clientId", "grantType", "refreshToken"]
    assert body["grantType"] == "refresh_token"
    return Answer(200, renewal(body["refreshToken"]))


def refusal(code: str, status: int = 400) -> Callable[[Asked], Answer]:
    body = {"error": code, "message": f"{CANARY} says no"}
    return lambda _: Answer(status, body, "AccessDeniedException")


SIGNINS: dict[str, Callable[[Asked], Answer]] = {
    "renews": signin,
    "expired": refusal("TOKEN_EXPIRED"),
    "changed": refusal("USER_CREDENTIALS_CHANGED", 403),
    "no permission": refusal("INSUFFICIENT_PERMISSIONS", 403),
    "some other refusal": refusal("AUTHCODE_EXPIRED"),
    "500": lambda _: Answer(500, {"error": "server_error"}, "InternalServerException"),
    "429": lambda _: Answer(429, {"error": "rate_exceeded"}, "TooManyRequestsError"),
    "garbage": lambda _: Answer(200, f"{CANARY} garbage".encode()),
    "nothing": lambda _: Answer(200, {}),
    "drops": lambda _: DROPPED,
}

# By how long the credentials last. The last two end before they are used.
TIMES = {"fresh": 14 * 60, "before the threshold": 330, "behind it": 270, "expired": -60}

P384 = ec.generate_private_key(ec.SECP384R1())
FILES: dict[str, Callable[[], object]] = {
    "no file": lambda: None,
    "an empty file": lambda: b"",
    "garbage": lambda: f"{CANARY} garbage".encode(),
    "a truncated file": lambda: json.dumps(session_file(3600)).encode()[:-20],
    "an array": lambda: [session_file(3600)],
    "an empty object": dict,
    "no access token": lambda: session_file(3600, accessToken=None),
    "no refresh token": lambda: session_file(3600, refreshToken=None),
    "no key": lambda: session_file(3600, dpopKey=None),
    "no client": lambda: session_file(3600, clientId=None),
    "no expiry": lambda: session_file(3600, keys={"expiresAt": None}),
    "an expiry that is no time": lambda: session_file(3600, keys={"expiresAt": "soon"}),
    "UTC": lambda: session_file(0, keys={"expiresAt": moment(3600, "%Y-%m-%dT%H:%M:%SUTC")}),
    "no id": lambda: session_file(3600, keys={"accessKeyId": None}),
    "no secret": lambda: session_file(3600, keys={"secretAccessKey": None}),
    "no session token": lambda: session_file(3600, keys={"sessionToken": None}),
    "expired, key as PKCS 8": lambda: session_file(
        -60, dpopKey=pem(KEY, serialization.PrivateFormat.PKCS8)
    ),
    "expired, key in lines": lambda: session_file(
        -60, dpopKey=pem(KEY, serialization.PrivateFormat.TraditionalOpenSSL)
    ),
    "expired, key with carriage returns": lambda: session_file(
        -60, dpopKey=as_the_cli_writes_it(KEY).replace("\n", "\r\n")
    ),
    "expired, key is garbage": lambda: session_file(-60, dpopKey=f"{CANARY} garbage"),
    "expired, key is cut off": lambda: session_file(-60, dpopKey=as_the_cli_writes_it(KEY)[:90]),
    "fresh, key is garbage": lambda: session_file(500, dpopKey=f"{CANARY} garbage"),
    "expired, members of tomorrow": lambda: session_file(
        -60, keys={"a": {"b": 1.50}}, tomorrow={"a": [1, 2.5, None]}
    ),
    "expired, with a region": lambda: session_file(-60, signInRegion="ap-south-1"),
}


@dataclass
class Case:
    """One environment: a cache file, and how the endpoint behaves."""

    name: str
    token: Callable[[], object]  # bytes as they are, None for no file, anything else as JSON
    signin: str = "renews"


def cases() -> Iterator[Case]:
    for (when, seconds), how in product(TIMES.items(), SIGNINS):
        yield Case(f"{when}; {how}", lambda seconds=seconds: session_file(seconds), how)  # type: ignore[misc]
    for name, token in FILES.items():
        yield Case(name, token)
    for name in ("expired, key in lines", "no client", "UTC"):
        for how in ("drops", "expired"):
            yield Case(f"{name}; {how}", FILES[name], how)


CASES = list(cases())


@dataclass
class Side:
    """What one of the two has to itself: a home and an endpoint."""

    home: Path
    signin: Endpoint
    folder: str = ""
    more: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        return {
            "HOME": str(self.home),
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL_SIGNIN": self.signin.url,
            **self.more,
        }

    @property
    def file(self) -> Path:
        folder = Path(self.folder) if self.folder else self.home / ".aws" / "login" / "cache"
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"{hashlib.sha256(SESSION.encode()).hexdigest()}.json"

    def write(self, token: object) -> None:
        if token is not None:
            data = token if isinstance(token, bytes) else json.dumps(token).encode()
            self.file.write_bytes(data)

    def read(self) -> Any:
        return json.loads(self.file.read_bytes())

    def questions(self) -> list[object]:
        """What was asked, attempts of one question taken together."""
        asked = [one.json() for one in self.signin.asked]
        return [one for i, one in enumerate(asked) if i == 0 or one != asked[i - 1]]


@pytest.fixture(scope="module")
def loopback() -> Iterator[Loopback]:
    with run_loopback() as server:
        yield server


def new_side(loopback: Loopback, home: Path, how: str = "renews") -> Side:
    (home / ".aws").mkdir(parents=True)
    config = f"[profile dev]\nlogin_session = {SESSION}\nregion = eu-west-1\n"
    (home / ".aws" / "config").write_text(config, encoding="utf-8")
    return Side(home, loopback.endpoint(SIGNINS[how]))


def ask_botocore(side: Side) -> Outcome:
    # One attempt: how often one asks is no part of the comparison, and its pauses are long.
    environment = {**side.environment, "AWS_MAX_ATTEMPTS": "1"}
    with (
        mock.patch.dict(os.environ, environment, clear=True),
        mock.patch.object(botocore.credentials, "EC", AwscrtEc),
    ):
        return ask_session({"login": SOURCE}, "dev")


def ask_costmark(side: Side) -> Outcome:
    return explained(_core.explain_credentials("dev", side.environment), SOURCE, ACCOUNT)


def difference(case: Case, theirs: Outcome, ours: Outcome) -> str | None:
    """Which deliberate difference of docs/credentials.md explains the two, if one does."""
    if case.name.startswith("behind it") and ours.keys and theirs.failure:
        return "a renewal that fails while the credentials are valid"
    if case.name == "fresh, key is garbage" and ours.keys and theirs.failure:
        return "a key that is not needed"
    return None


def same_file(theirs: Any, ours: Any) -> bool:
    """Whether the two left the same."""
    if theirs == ours:
        return True
    times = [one["accessToken"].pop("expiresAt") for one in (theirs, ours)]
    ours["accessToken"].pop("a", None)  # botocore writes the inner object anew
    return theirs == ours and near(*times)


def test_same_keys_same_requests_same_file(
    loopback: Loopback, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    sides: list[tuple[Side, Side]] = []
    for number, case in enumerate(CASES):
        token = case.token()
        pair = tuple(
            new_side(loopback, tmp_path / f"{number}-{who}", case.signin)
            for who in ("botocore", "costmark")
        )
        for side in pair:
            side.write(token)
        sides.append((pair[0], pair[1]))
    with ThreadPoolExecutor(32) as pool:  # some wait between their attempts
        ours_all = list(pool.map(ask_costmark, (ours for _, ours in sides)))
    faults: list[str] = []
    seen: set[str] = set()
    outcomes = {"keys": 0, "failure": 0}
    for case, (their_side, our_side), ours in zip(CASES, sides, ours_all, strict=True):
        theirs = ask_botocore(their_side)
        assert CANARY not in ours.failure
        assert "PRIVATE" not in ours.failure
        assert list(our_side.file.parent.glob("*.tmp")) == []
        if theirs.keys != ours.keys:
            reason = difference(case, theirs, ours)
            if reason is None:
                faults.append(f"{case.name}: botocore {theirs}, costmark {ours}")
            else:
                seen.add(reason)
            continue
        outcomes["keys" if ours.keys else "failure"] += 1
        if ours.failure:
            assert "run 'aws login --profile dev'" in ours.failure, case.name
        if their_side.questions() != our_side.questions():
            faults.append(f"{case.name}: asked {their_side.questions()}, {our_side.questions()}")
        if theirs.keys and not same_file(their_side.read(), our_side.read()):
            faults.append(f"{case.name}: wrote {their_side.read()}, {our_side.read()}")
    assert not faults, "\n".join(faults)
    assert seen == {
        "a renewal that fails while the credentials are valid",
        "a key that is not needed",
    }
    assert min(outcomes.values()) >= 20, outcomes


def test_the_fake_tells_a_good_proof_from_a_bad_one(loopback: Loopback, tmp_path: Path) -> None:
    side = new_side(loopback, tmp_path / "home")
    side.write(session_file(-60))
    assert ask_costmark(side).keys
    (asked,) = side.signin.asked
    verify_proof(asked, KEY.public_key())
    other = ec.generate_private_key(ec.SECP256R1()).public_key()
    with pytest.raises(AssertionError):
        verify_proof(asked, other)
    header, claims, signature = asked.headers["dpop"].split(".")
    flipped = ("B" if signature[0] == "A" else "A") + signature[1:]
    asked.headers["dpop"] = f"{header}.{claims}.{flipped}"
    with pytest.raises(Exception, match=r"^$"):  # InvalidSignature
        verify_proof(asked, KEY.public_key())


def test_one_time_refresh_tokens_and_proofs(loopback: Loopback, tmp_path: Path) -> None:
    good = [f"{CANARY}-refresh"]
    proofs: set[str] = set()

    def rotating(asked: Asked) -> Answer:
        proof = verify_proof(asked, KEY.public_key())
        assert proof not in proofs
        proofs.add(proof)
        if asked.json()["refreshToken"] != good[-1]:
            return refusal("TOKEN_EXPIRED")(asked)
        if len(proofs) % 3 == 0:
            return Answer(503, b"")  # another attempt has to bring another proof
        answer = renewal(good[-1])
        good.append(f"{good[-1]}+")
        return Answer(200, {**answer, "expiresIn": 200})  # always due

    side = new_side(loopback, tmp_path / "home")
    side.signin.play = rotating
    side.write(session_file(-60))
    outcomes = []
    for _ in range(3):
        outcomes += [ask_costmark(side), ask_botocore(side)]
        token = side.read()
        token["accessToken"]["expiresAt"] = moment(-60)
        side.write(token)
    assert [one.failure for one in outcomes if "Refresh" in one.failure] == []
    assert len({one.keys for one in outcomes if one.keys}) == len(good) - 1
    assert side.file.stat().st_mode & 0o777 == 0o600


def test_a_race_for_a_one_time_refresh_token_has_no_loser(
    loopback: Loopback, tmp_path: Path
) -> None:
    used: set[str] = set()

    def once(asked: Asked) -> Answer:
        token = asked.json()["refreshToken"]
        if token in used:
            return refusal("TOKEN_EXPIRED")(asked)
        used.add(token)
        return Answer(200, renewal(token))

    side = new_side(loopback, tmp_path / "home")
    side.signin.play = once
    side.write(session_file(-60))
    with ThreadPoolExecutor(16) as pool:
        outcomes = list(pool.map(lambda _: ask_costmark(side), range(16)))
    assert [one.failure for one in outcomes] == [""] * 16
    assert len({one.keys for one in outcomes}) == 1


@pytest.mark.parametrize("ask", [ask_botocore, ask_costmark])
def test_the_folder_of_the_cache(
    loopback: Loopback, tmp_path: Path, ask: Callable[[Side], Outcome]
) -> None:
    side = new_side(loopback, tmp_path / "home")
    side.folder = str(tmp_path / "home" / "else where")
    side.more = {"AWS_LOGIN_CACHE_DIRECTORY": "~/$PART where", "PART": "else"}
    side.write(session_file(-60))
    assert ask(side).keys
    assert side.read()["refreshToken"] == f"{CANARY}-refresh+"


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("TOKEN_EXPIRED", "as the session has expired"),
        ("USER_CREDENTIALS_CHANGED", "as the user's credentials have changed"),
        ("INSUFFICIENT_PERMISSIONS", "permission for signin:CreateOAuth2Token may be missing"),
    ],
)
def test_what_is_refused_says_what_to_run(
    loopback: Loopback, tmp_path: Path, code: str, says: str
) -> None:
    side = new_side(loopback, tmp_path / "home")
    side.signin.play = refusal(code)
    side.write(session_file(-60))
    failure = ask_costmark(side).failure
    assert says in failure
    assert failure.endswith("; run 'aws login --profile dev'")
    side.write(session_file(600))  # the user did
    assert ask_costmark(side).keys
