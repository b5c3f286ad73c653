"""SSO: costmark and botocore side by side, against endpoints that both of them accept."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from itertools import product
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from botocore.credentials import SSOProvider  # type: ignore[import-untyped,unused-ignore]
from botocore.tokens import SSOTokenProvider  # type: ignore[import-untyped,unused-ignore]

from costmark import _core
from credentials.loopback import DROPPED, Answer, Asked, Endpoint, Loopback, run_loopback
from credentials.outcome import Outcome, ask_session, explained, moment, near

START_URL = "https://d-1234567890.awsapps.com/start"
ROLE = "Ops+Lead=a@b.c"  # every character that is allowed and has a meaning in a query
ACCOUNT = "111122223333"
CANARY = "C4N4RY"  # in every token and secret
SOURCE = "profile 'dev', SSO"

SESSION_CONFIG = f"""[profile dev]
sso_session = corp
sso_account_id = {ACCOUNT}
sso_role_name = {ROLE}
[sso-session corp]
sso_region = eu-west-1
sso_start_url = {START_URL}
"""
LEGACY_CONFIG = f"""[profile dev]
sso_start_url = {START_URL}
sso_region = eu-west-1
sso_account_id = {ACCOUNT}
sso_role_name = {ROLE}
"""


def token_file(expires_in: float, **changes: object) -> dict[str, object]:
    """A cache file as ``aws sso login`` leaves it; a change to None takes a member out."""
    token = {
        "startUrl": START_URL,
        "region": "eu-west-1",
        "accessToken": f"{CANARY}-access",
        "expiresAt": moment(expires_in),
        "clientId": f"{CANARY}-client",
        "clientSecret": f"{CANARY}-client-secret",
        "registrationExpiresAt": moment(90 * 86400),
        "refreshToken": f"{CANARY}-refresh",
        **changes,
    }
    return {name: value for name, value in token.items() if value is not None}


def role_credentials(token: str) -> dict[str, object]:
    """What the portal hands out: other keys for every token."""
    mark = hashlib.sha256(token.encode()).hexdigest()[:12].upper()
    return {
        "roleCredentials": {
            "accessKeyId": f"ASIA{mark}",
            "secretAccessKey": f"{CANARY}-secret-{mark}",
            "sessionToken": f"{CANARY}-session-{mark}",
            "expiration": int(datetime(2999, 1, 2, tzinfo=timezone.utc).timestamp() * 1000) + 999,
        }
    }


def portal(asked: Asked) -> Answer:
    """GetRoleCredentials for any token."""
    assert (asked.method, asked.path, asked.body) == ("GET", "/federation/credentials", b"")
    assert asked.query == {"role_name": ROLE, "account_id": ACCOUNT}
    assert "authorization" not in asked.headers
    return Answer(200, role_credentials(asked.headers["x-amz-sso_bearer_token"]))


def oidc(asked: Asked, **more: object) -> Answer:
    """CreateToken for any refresh token."""
    assert (asked.method, asked.path) == ("POST", "/token")
    assert asked.headers["content-type"] == "application/json"
    body = asked.json()
    assert sorted(body) == ["clientId", "clientSecret", "grantType", "refreshToken"]
    assert body["grantType"] == "refresh_token"
    return Answer(
        200,
        {
            "accessToken": f"{CANARY}-access-for-{body['refreshToken']}",
            "tokenType": "Bearer",
            "expiresIn": 28800,
            **more,
        },
    )


def always(answer: Answer) -> Callable[[Asked], Answer]:
    return lambda _: answer


PORTALS: dict[str, Callable[[Asked], Answer]] = {
    "serves": portal,
    "401": always(Answer(401, {"message": "Session token not found"}, "UnauthorizedException")),
    "403": always(Answer(403, {"message": f"{CANARY}: No access"}, "ForbiddenException")),
    "404": always(Answer(404, {"message": "no such role"}, "ResourceNotFoundException")),
    "429": always(Answer(429, {"message": "slower"}, "TooManyRequestsException")),
    "503": always(Answer(503, b"<html>")),
    "garbage": always(Answer(200, f"{CANARY} garbage".encode())),
    "nothing": always(Answer(200, {})),
    "drops": always(DROPPED),
}
OIDCS: dict[str, Callable[[Asked], Answer]] = {
    "renews": lambda asked: oidc(asked, refreshToken=f"{CANARY}-refresh-2"),
    "renews once": oidc,
    "refuses": always(Answer(400, {"error": "invalid_grant"}, "InvalidGrantException")),
    "forgot the client": always(Answer(401, {"error": "invalid_client"}, "InvalidClientException")),
    "500": always(Answer(500, {"error": "server_error"}, "InternalServerException")),
    "garbage": always(Answer(200, f"{CANARY} garbage".encode())),
    "nothing": always(Answer(200, {})),
    "drops": always(DROPPED),
}


@dataclass
class Case:
    """One environment: a form, a cache file, and how the endpoints behave."""

    name: str
    legacy: bool
    token: Callable[[], object]  # bytes as they are, None for no file, anything else as JSON
    oidc: str = "renews"
    portal: str = "serves"


def tokens() -> Iterator[tuple[str, Callable[[], object]]]:
    """Token states by registration states."""
    times = {"valid": 3600, "in the window": 300, "expired": -60}
    registrations: dict[str, Callable[[], dict[str, object]]] = {
        "registered": dict,
        "registration expired": lambda: {"registrationExpiresAt": moment(-60)},
        "never registered": lambda: {"clientId": None, "clientSecret": None},
        "no registration time": lambda: {"registrationExpiresAt": None},
        "no refresh token": lambda: {"refreshToken": None},
    }
    for (when, seconds), (how, changes) in product(times.items(), registrations.items()):
        yield (
            f"{when}, {how}",
            lambda seconds=seconds, changes=changes: token_file(seconds, **changes()),  # type: ignore[misc]
        )


FILES: dict[str, Callable[[], object]] = {
    "no file": lambda: None,
    "an empty file": lambda: b"",
    "garbage": lambda: f"{CANARY} garbage".encode(),
    "a truncated file": lambda: json.dumps(token_file(3600)).encode()[:-20],
    "not UTF-8": lambda: b'{"accessToken": "' + CANARY.encode() + b'\xff"}',
    "a byte order mark": lambda: b"\xef\xbb\xbf" + json.dumps(token_file(3600)).encode(),
    "an array": lambda: [token_file(3600)],
    "an empty object": dict,
    "no access token": lambda: token_file(3600, accessToken=None),
    "no expiry": lambda: token_file(3600, expiresAt=None),
    "an expiry that is no time": lambda: token_file(3600, expiresAt="soon"),
    "an expiry without a zone": lambda: token_file(3600, expiresAt=moment(3600, "%Y-%m-%dT%H:%M")),
    "UTC": lambda: token_file(3600, expiresAt=moment(3600, "%Y-%m-%dT%H:%M:%SUTC")),
    "expired, UTC": lambda: token_file(0, expiresAt=moment(-60, "%Y-%m-%dT%H:%M:%SUTC")),
    "an offset": lambda: token_file(0, expiresAt=moment(3600, "%Y-%m-%dT%H:%M:%S+00:00")),
    "a token with a line break": lambda: token_file(3600, accessToken=f"{CANARY}\r\nx: y"),
    "members of tomorrow": lambda: token_file(300, tomorrow={"a": [1, 2.5, None]}),
}


def cases() -> Iterator[Case]:
    for (state, token), how in product(tokens(), OIDCS):
        yield Case(f"{state}; OIDC {how}", False, token, oidc=how)
    for (state, token), how in product(tokens(), PORTALS):
        if state.endswith(", registered"):
            yield Case(f"{state}; portal {how}", False, token, portal=how)
            yield Case(f"legacy, {state}; portal {how}", True, token, portal=how)
    for (name, token), legacy in product(FILES.items(), (False, True)):
        yield Case(f"{'legacy, ' if legacy else ''}{name}", legacy, token)


CASES = list(cases())


@dataclass
class Side:
    """What one of the two has to itself: a home and endpoints."""

    home: Path
    portal: Endpoint
    oidc: Endpoint
    legacy: bool = False
    more: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        return {
            "HOME": str(self.home),
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL_SSO": self.portal.url,
            "AWS_ENDPOINT_URL_SSO_OIDC": self.oidc.url,
            **self.more,
        }

    @property
    def cache(self) -> Path:
        return self.home / ".aws" / "sso" / "cache"

    @property
    def file(self) -> Path:
        key = START_URL if self.legacy else "corp"
        return self.cache / f"{hashlib.sha1(key.encode()).hexdigest()}.json"

    def write(self, token: object) -> None:
        if token is not None:
            data = token if isinstance(token, bytes) else json.dumps(token).encode()
            self.file.write_bytes(data)

    def read(self) -> Any:
        return json.loads(self.file.read_bytes())

    def questions(self) -> list[tuple[str, object]]:
        """What was asked, attempts of one question taken together."""
        asked = [("oidc", one.json()) for one in self.oidc.asked]
        asked += [("portal", one.headers["x-amz-sso_bearer_token"]) for one in self.portal.asked]
        return [one for i, one in enumerate(asked) if i == 0 or one != asked[i - 1]]


@pytest.fixture(scope="module")
def loopback() -> Iterator[Loopback]:
    with run_loopback() as server:
        yield server


def new_side(
    loopback: Loopback,
    home: Path,
    portal: str = "serves",
    oidc: str = "renews",
    legacy: bool = False,
) -> Side:
    side = Side(home, loopback.endpoint(PORTALS[portal]), loopback.endpoint(OIDCS[oidc]), legacy)
    side.cache.mkdir(parents=True)
    (home / ".aws" / "config").write_text(LEGACY_CONFIG if legacy else SESSION_CONFIG)
    return side


@contextmanager
def in_environment(side: Side) -> Iterator[None]:
    """botocore's view of a side. It looks for the cache once, when it is imported."""
    # One attempt: how often one asks is no part of the comparison, and its pauses are long.
    with (
        mock.patch.dict(os.environ, {**side.environment, "AWS_MAX_ATTEMPTS": "1"}, clear=True),
        mock.patch.object(SSOProvider, "_SSO_TOKEN_CACHE_DIR", str(side.cache)),
        mock.patch.object(SSOTokenProvider, "_SSO_TOKEN_CACHE_DIR", str(side.cache)),
    ):
        yield


def ask_botocore(side: Side) -> Outcome:
    with in_environment(side):
        return ask_session({"sso": SOURCE}, "dev")


def ask_costmark(side: Side) -> Outcome:
    return explained(_core.explain_credentials("dev", side.environment), SOURCE, ACCOUNT)


def difference(case: Case, theirs: Outcome, ours: Outcome) -> str | None:
    """Which deliberate difference of docs/credentials.md explains the two, if one does."""
    valid = "in the window" in case.name or "members of tomorrow" in case.name
    if valid and case.oidc in ("garbage", "nothing", "drops") and ours.keys and theirs.failure:
        return "a renewal that fails while the token is valid"
    return None


def same_file(theirs: Any, ours: Any) -> bool:
    """Whether the two left the same, apart from what only costmark keeps."""
    if theirs == ours:
        return True
    kept = {name: value for name, value in ours.items() if name in theirs}
    same = {**theirs, "expiresAt": ""} == {**kept, "expiresAt": ""}
    return same and near(theirs["expiresAt"], kept["expiresAt"])


def test_there_are_enough_cases() -> None:
    assert len(CASES) >= 200
    assert len({case.name for case in CASES}) == len(CASES)


def test_same_keys_same_requests_same_file(
    loopback: Loopback, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    sides: list[tuple[Side, Side]] = []
    for number, case in enumerate(CASES):
        token = case.token()
        pair = tuple(
            new_side(loopback, tmp_path / f"{number}-{who}", case.portal, case.oidc, case.legacy)
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
        assert list(our_side.cache.glob("*.tmp")) == []
        if theirs.keys != ours.keys:
            reason = difference(case, theirs, ours)
            if reason is None:
                faults.append(f"{case.name}: botocore {theirs}, costmark {ours}")
            else:
                seen.add(reason)
            continue
        outcomes["keys" if ours.keys else "failure"] += 1
        if ours.failure and case.portal in ("serves", "401", "403", "404"):
            assert "run 'aws sso login --profile dev'" in ours.failure, case.name
        if their_side.questions() != our_side.questions():
            faults.append(f"{case.name}: asked {their_side.questions()}, {our_side.questions()}")
        if theirs.keys and not same_file(their_side.read(), our_side.read()):
            faults.append(f"{case.name}: wrote {their_side.read()}, {our_side.read()}")
    assert not faults, "\n".join(faults)
    assert seen == {"a renewal that fails while the token is valid"}
    assert min(outcomes.values()) >= 50, outcomes


def only_from_the_file(side: Side) -> None:
    """From now on nothing is renewed: what is found stood in the file."""
    side.oidc.play = always(Answer(400, {"error": "invalid_grant"}, "InvalidGrantException"))


@pytest.mark.parametrize("writer", [ask_botocore, ask_costmark])
@pytest.mark.parametrize("reader", [ask_botocore, ask_costmark])
def test_what_one_writes_the_other_reads(
    loopback: Loopback,
    tmp_path: Path,
    writer: Callable[[Side], Outcome],
    reader: Callable[[Side], Outcome],
) -> None:
    side = new_side(loopback, tmp_path / "home")
    side.write(token_file(-60))
    first = writer(side)
    only_from_the_file(side)
    assert reader(side) == first
    assert first.keys
    assert len(side.oidc.asked) == 1


def test_one_time_refresh_tokens_are_handed_on(loopback: Loopback, tmp_path: Path) -> None:
    good = [f"{CANARY}-refresh"]

    def rotating(asked: Asked) -> Answer:
        if asked.json()["refreshToken"] != good[-1]:
            return Answer(400, {"error": "invalid_grant"}, "InvalidGrantException")
        good.append(f"{CANARY}-refresh-{len(good)}")
        return oidc(asked, refreshToken=good[-1], expiresIn=60)  # always due

    side = new_side(loopback, tmp_path / "home")
    side.oidc.play = rotating
    side.write(token_file(-60, tomorrow=[1]))
    seen = []
    for ask in (ask_costmark, ask_botocore, ask_costmark, ask_costmark, ask_botocore, ask_costmark):
        outcome = ask(side)
        assert outcome.keys, outcome.failure
        seen.append(outcome.keys)
    assert len(set(seen)) == len(seen) == len(good) - 1
    assert side.file.stat().st_mode & 0o777 == 0o600
    assert side.read()["refreshToken"] == good[-1]


def test_a_race_for_a_one_time_refresh_token_has_no_loser(
    loopback: Loopback, tmp_path: Path
) -> None:
    used: set[str] = set()

    def once(asked: Asked) -> Answer:
        token = asked.json()["refreshToken"]
        if token in used:
            return Answer(400, {"error": "invalid_grant"}, "InvalidGrantException")
        used.add(token)
        return oidc(asked, refreshToken=f"{CANARY}-refresh-2")

    side = new_side(loopback, tmp_path / "home")
    side.oidc.play = once
    side.write(token_file(-60))
    with ThreadPoolExecutor(16) as pool:
        outcomes = list(pool.map(lambda _: ask_costmark(side), range(16)))
    assert [one.failure for one in outcomes] == [""] * 16
    assert len({one.keys for one in outcomes}) == 1


def test_expired_and_rotated(loopback: Loopback, tmp_path: Path) -> None:
    """A session that ended, and the login after it."""
    side = new_side(loopback, tmp_path / "home", oidc="refuses")
    side.write(token_file(-60))
    for ask in (ask_botocore, ask_costmark):
        assert not ask(side).keys
    assert "run 'aws sso login --profile dev'" in ask_costmark(side).failure
    side.write(token_file(3600, accessToken=f"{CANARY}-after-login"))
    assert ask_costmark(side) == ask_botocore(side)
    assert side.portal.asked[-1].headers["x-amz-sso_bearer_token"] == f"{CANARY}-after-login"
