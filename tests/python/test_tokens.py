"""`costmark.token` against AWS's own generator, and what happens around it."""

from __future__ import annotations

import base64
import json
import logging
import re
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

import costmark
from costmark.cli.main import main

auth = pytest.importorskip("botocore.auth")
generator = pytest.importorskip("aws_bedrock_token_generator")
from botocore.credentials import (  # type: ignore[import-untyped,unused-ignore]  # noqa: E402
    Credentials as BotocoreCredentials,
)

KEY, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
CREDENTIALS = costmark.Credentials(KEY, SECRET)
MOMENT = datetime(2025, 1, 2, 3, 4, 5, tzinfo=timezone.utc)


class Provider:
    def __init__(self, secret: str, token: str | None) -> None:
        self.found = BotocoreCredentials(KEY, secret, token)

    def load(self) -> Any:
        return self.found


@pytest.mark.parametrize("secret", [SECRET, "+/=secret~!'()*"])
@pytest.mark.parametrize("session_token", [None, "IQoJb3JpZ2luX2VjE/+==", "ab&c=d%20~" * 200])
@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1", "us-gov-west-1", "ap-south-2"])
def test_the_generator_of_aws_makes_the_same(
    region: str, session_token: str | None, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = costmark.Credentials(KEY, secret, session_token)
    for moment in (MOMENT, MOMENT.replace(year=2036, month=2, day=29, hour=23, minute=59)):
        naive = moment.replace(tzinfo=None)
        monkeypatch.setattr(auth, "get_current_datetime", lambda *_, now=naive, **__: now)
        for seconds in (1, 59, 3600, 43199, 43200):
            life = timedelta(seconds=seconds)
            theirs = generator.provide_token(region, Provider(secret, session_token), life)
            arguments: dict[str, Any] = {"credentials": ours, "time": moment}
            assert costmark.token(region, expires_in=seconds, **arguments) == theirs
            assert costmark.token(region, expires_in=life, **arguments) == theirs


def test_the_default_life_is_the_generators(monkeypatch: pytest.MonkeyPatch) -> None:
    naive = MOMENT.replace(tzinfo=None)
    monkeypatch.setattr(auth, "get_current_datetime", lambda *_, **__: naive)
    theirs = generator.provide_token("us-east-1", Provider(SECRET, None))
    assert costmark.token("us-east-1", credentials=CREDENTIALS, time=MOMENT) == theirs


def next_token(provider: Callable[[], str], first: str) -> str:
    """The provider's first token that is another one."""
    deadline = time.monotonic() + 10
    while (token := provider()) == first:
        assert time.monotonic() < deadline, "the token was not replaced"
        time.sleep(0.02)
    return token


def parameter(token: str, name: str) -> str:
    text = base64.b64decode(token.removeprefix("bedrock-api-key-")).decode()
    found = re.search(rf"[?&]{name}=([^&]*)", text)
    assert found
    return found[1]


@pytest.mark.parametrize("variable", ["COSTMARK_REGION", "AWS_REGION", "AWS_DEFAULT_REGION"])
def test_the_environment_names_region_and_credentials(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_SESSION_TOKEN", "session")
    monkeypatch.setenv(variable, "eu-west-3")
    before = datetime.now(timezone.utc).replace(microsecond=0)
    token = costmark.token()
    assert parameter(token, "X-Amz-Credential").split("%2F")[0::2] == [
        KEY,
        "eu-west-3",
        "aws4_request",
    ]
    assert parameter(token, "X-Amz-Security-Token") == "session"
    assert parameter(token, "X-Amz-Date") >= f"{before:%Y%m%dT%H%M%SZ}"
    assert "eu-central-1" in parameter(costmark.token("eu-central-1"), "X-Amz-Credential")


def test_options_in_the_environment_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    for prefix, key in (("AWS", "AKIDAWS"), ("COSTMARK", "AKIDOPTION")):
        monkeypatch.setenv(f"{prefix}_ACCESS_KEY_ID", key)
        monkeypatch.setenv(f"{prefix}_SECRET_ACCESS_KEY", SECRET)
        monkeypatch.setenv(f"{prefix}_REGION", f"{prefix.lower()}-1")
    scope = parameter(costmark.token(), "X-Amz-Credential").split("%2F")
    assert (scope[0], scope[2]) == ("AKIDOPTION", "costmark-1")


def test_no_region(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with pytest.raises(costmark.ConfigurationError, match="pass region, or set AWS_REGION"):
        costmark.token(credentials=CREDENTIALS)


@pytest.mark.parametrize(
    "expires_in",
    [0, -1, 43201, 10**30, -(10**30), timedelta(hours=13), timedelta(milliseconds=999)],
)
def test_lives_outside_a_second_to_half_a_day(expires_in: Any) -> None:
    for make in (costmark.token, costmark.token_provider, costmark.async_token_provider):
        with pytest.raises(costmark.RequestError, match="lives 1 to 43200 seconds, not") as caught:
            make("us-east-1", credentials=CREDENTIALS, expires_in=expires_in)
        assert caught.value.code == "invalid_argument"


def test_a_provider_keeps_its_token_until_it_is_due() -> None:
    provider = costmark.token_provider("us-east-1", credentials=CREDENTIALS, expires_in=2)
    first = provider()
    assert provider() == first
    second = next_token(provider, first)
    assert parameter(second, "X-Amz-Date") > parameter(first, "X-Amz-Date")


def test_a_provider_follows_credentials_that_expire() -> None:
    asked: list[int] = []

    def credentials() -> costmark.Credentials:
        asked.append(1)
        return costmark.Credentials(f"AKID{len(asked)}", SECRET, expires_at=time.time() + 2)

    provider = costmark.token_provider("us-east-1", credentials=credentials)
    (first,) = {provider() for _ in range(20)}
    assert parameter(first, "X-Amz-Credential").startswith("AKID1%")
    second = next_token(provider, first)
    assert parameter(second, "X-Amz-Credential").startswith("AKID2%")


def test_errors_of_a_credentials_callback() -> None:
    def broken() -> costmark.Credentials:
        raise LookupError("vault is sealed")

    provider = costmark.token_provider("us-east-1", credentials=broken)
    with pytest.raises(costmark.CredentialsError, match="raised LookupError") as caught:
        provider()
    assert isinstance(caught.value.__cause__, LookupError)

    def interrupted() -> costmark.Credentials:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        costmark.token("us-east-1", credentials=interrupted)
    with pytest.raises(TypeError, match=r"costmark\.Credentials, or a callable"):
        costmark.token("us-east-1", credentials=SECRET)  # type: ignore[arg-type]


def test_a_failed_refresh_is_logged_and_the_token_serves_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    found = [costmark.Credentials(KEY, SECRET, expires_at=time.time() + 30)]

    def credentials() -> costmark.Credentials:
        return found.pop()

    provider = costmark.token_provider("us-east-1", credentials=credentials)
    first = provider()
    now = int(time.time())
    with caplog.at_level(logging.WARNING, "costmark"):
        again, expires_at = provider._tokens.get(now + 20)
    assert again == first
    assert expires_at <= now + 30
    assert [record.message for record in caplog.records] == [
        "credentials could not be refreshed, those at hand still serve: "
        "the credentials callback raised IndexError"
    ]
    with pytest.raises(costmark.CredentialsError):
        provider._tokens.get(now + 40)


def test_expired_credentials() -> None:
    gone = costmark.Credentials(KEY, "CANARY-SECRET", "CANARY-TOKEN", expires_at=1000)
    with pytest.raises(costmark.CredentialsError) as caught:
        costmark.token("us-east-1", credentials=gone)
    assert caught.value.code == "expired_credentials"
    assert "CANARY" not in str(caught.value)


def test_no_secret_is_shown() -> None:
    secret = costmark.Credentials(KEY, "CANARY-SECRET", "CANARY-TOKEN")
    for make in (costmark.token_provider, costmark.async_token_provider):
        provider: Any = make("us-east-1", credentials=secret)
        assert "CANARY" not in repr(provider) + repr(vars(provider)) + repr(provider._tokens)
    token = costmark.token_provider("us-east-1", credentials=secret)()
    assert "CANARY-SECRET" not in base64.b64decode(token[16:]).decode()
    for wrong in ({"region": 5}, {"expires_in": "soon"}, {"time": "now"}):
        arguments: dict[str, Any] = {"region": "us-east-1", "credentials": secret, **wrong}
        with pytest.raises((TypeError, ValueError)) as caught:
            costmark.token(**arguments)
        assert "CANARY" not in str(caught.value)


def test_threads_share_one_provider() -> None:
    calls: list[int] = []

    def credentials() -> costmark.Credentials:
        calls.append(1)
        time.sleep(0.05)
        return costmark.Credentials(KEY, SECRET, expires_at=time.time() + 3600)

    provider = costmark.token_provider("us-east-1", credentials=credentials)
    with ThreadPoolExecutor(16) as pool:
        tokens = set(pool.map(lambda _: provider(), range(64)))
    assert len(calls) == 1
    assert len(tokens) <= 2  # a second may have begun


async def test_the_event_loop_goes_on_while_credentials_are_fetched() -> None:
    import anyio

    def credentials() -> costmark.Credentials:
        time.sleep(0.3)
        return CREDENTIALS

    provider = costmark.async_token_provider("us-east-1", credentials=credentials)
    ticks = 0
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(provider)
        with anyio.move_on_after(0.2):
            while True:
                await anyio.sleep(0.01)
                ticks += 1
    assert ticks > 3
    assert (await provider()).startswith("bedrock-api-key-")


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "costmark.cli", "token", *arguments],
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin", "PYTHONPATH": ":".join(sys.path), **environment},
        check=False,
    )


def test_the_command_prints_the_token_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}
    done = run("--region", "eu-west-1", "--expires-in", "60", AWS_REGION="us-east-1", **keys)
    assert (done.returncode, done.stderr, done.stdout[-1]) == (0, "", "\n")
    assert "%2Feu-west-1%2F" in parameter(done.stdout.strip(), "X-Amz-Credential")
    assert parameter(done.stdout.strip(), "X-Amz-Expires") == "60"

    for arguments, text in (
        (["--expires-in", "0"], "a bearer token lives 1 to 43200 seconds, not 0"),
        (["--region", "a b"], "the region to sign for may hold"),
    ):
        done = run(*arguments, AWS_REGION="us-east-1", **keys)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith(f"costmark: {text}")
        assert done.stderr.count("\n") == 1


def test_the_command_without_credentials(tmp_path: Any) -> None:
    done = run(AWS_REGION="us-east-1", HOME=str(tmp_path))
    assert (done.returncode, done.stdout) == (1, "")
    assert "no AWS credentials were found" in done.stderr


def test_the_command_warns_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert main(["token", "--region", "us-east-1"]) == 0
    shown = capsys.readouterr()
    assert shown.out.startswith("bedrock-api-key-")
    assert re.fullmatch(r"costmark: until \d{4}-\S+Z this token lets its holder .*\n", shown.err)
    assert json.dumps(shown.err).count("bedrock-api-key") == 0
