"""Roles that are assumed, renewed and read anew: by clients that live on, and at moto's STS."""

from __future__ import annotations

import json
import os
import re
import time
from typing import TYPE_CHECKING
from unittest import mock

import botocore.session  # type: ignore[import-untyped,unused-ignore]
import pytest

from costmark import _core
from credentials.sts_fakes import Fakes, run_fakes
from preparing import prepare

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROLE = "arn:aws:iam::444455556666:role/r"
URL = "https://bedrock-mantle.us-east-1.api.aws/v1/responses"


@pytest.fixture(scope="module")
def fakes() -> Iterator[Fakes]:
    with run_fakes() as running:
        yield running


@pytest.fixture
def sts(fakes: Fakes) -> Iterator[Fakes]:
    fakes.reset()
    yield fakes
    fakes.life_s = 0.0


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    server = pytest.importorskip("moto.server").ThreadedMotoServer(port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{'127.0.0.1' if host == '0.0.0.0' else host}:{port}"
    server.stop()


def write(home: Path, config: str) -> None:
    (home / ".aws").mkdir(exist_ok=True)
    (home / ".aws" / "config").write_text(config)


def environment(home: Path, sts: str, **more: str) -> dict[str, str]:
    return {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL_STS": sts,
        **more,
    }


def signer(client: _core.Client) -> str:
    """Whose key signs the client's next request."""
    return prepare(client, "POST", URL, [], b"{}", project="proj_1").access_key_id


def of_keys(*more: str) -> str:
    lines = ["[default]", f"role_arn = {ROLE}", "source_profile = base", *more, "[profile base]"]
    return "\n".join(
        [*lines, "aws_access_key_id = AKIDBASE", "aws_secret_access_key = secret-base", ""]
    )


def test_an_expired_role_is_assumed_again(sts: Fakes, tmp_path: Path) -> None:
    write(tmp_path, of_keys())
    sts.life_s = 2.0
    client = _core.Client({}, environment=environment(tmp_path, sts.url()))
    first = signer(client)
    assert first.startswith("ASIA")
    assert signer(client) == first
    assert len(sts.asked) == 1
    deadline = time.monotonic() + 10
    while len(sts.asked) == 1:
        assert time.monotonic() < deadline, "the role was not assumed again"
        assert signer(client) == first  # the same values, so the fakes issue the same key
        time.sleep(0.02)
    assert len(sts.asked) == 2
    assert {each.signer for each in sts.asked} == {"AKIDBASE"}
    names = {each.values["RoleSessionName"] for each in sts.asked}
    assert len(names) == 1
    assert re.fullmatch(r"costmark-session-\d+", names.pop())


def test_a_rotated_token_is_read_anew(sts: Fakes, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("first.token")
    variables = {"AWS_WEB_IDENTITY_TOKEN_FILE": str(token), "AWS_ROLE_ARN": ROLE}
    client = _core.Client({}, environment=environment(tmp_path, sts.url(), **variables))
    first = signer(client)
    rotated = tmp_path / "rotated"
    rotated.write_text("second.token\n")
    rotated.replace(token)
    deadline = time.monotonic() + 5
    while signer(client) == first:
        assert time.monotonic() < deadline, "the new token was not noticed"
        time.sleep(0.1)
    assert [each.values["WebIdentityToken"] for each in sts.asked] == [
        "first.token",
        "second.token",
    ]


def test_changed_files_take_another_role(sts: Fakes, tmp_path: Path) -> None:
    write(tmp_path, of_keys())
    client = _core.Client({}, environment=environment(tmp_path, sts.url()))
    first = signer(client)
    write(tmp_path, of_keys().replace(ROLE, ROLE + "2"))
    deadline = time.monotonic() + 5
    while signer(client) == first:
        assert time.monotonic() < deadline, "the change was not noticed"
        time.sleep(0.1)
    assert [each.values["RoleArn"] for each in sts.asked] == [ROLE, ROLE + "2"]


def test_a_program_is_asked_once_for_two_renewals(sts: Fakes, tmp_path: Path) -> None:
    program = tmp_path / "program"
    answer = {"Version": 1, "AccessKeyId": "AKIDPROCESS", "SecretAccessKey": "secret-process"}
    program.write_text(f"#!/bin/sh\necho run >> {tmp_path}/runs\necho '{json.dumps(answer)}'\n")
    program.chmod(0o700)
    write(
        tmp_path,
        f"[default]\nrole_arn = {ROLE}\nsource_profile = p\n"
        f"[profile p]\ncredential_process = {program}\n",
    )
    sts.life_s = 2.0
    client = _core.Client({}, environment=environment(tmp_path, sts.url()))
    signer(client)
    deadline = time.monotonic() + 10
    while len(sts.asked) == 1:
        assert time.monotonic() < deadline, "the role was not assumed again"
        signer(client)
        time.sleep(0.02)
    assert [each.signer for each in sts.asked] == ["AKIDPROCESS", "AKIDPROCESS"]
    assert (tmp_path / "runs").read_text() == "run\n"


@pytest.mark.parametrize(
    "mode", ["denied", "expired-token", "no-such-key", "garbage", "cut", "redirect"]
)
def test_errors_name_the_place_and_no_secret(mode: str, sts: Fakes, tmp_path: Path) -> None:
    write(tmp_path, of_keys("external_id = c4n4ry"))
    report = _core.explain_credentials("", environment(tmp_path, sts.url(mode)))
    assert report["credentials"] is None
    failure = report["asked"][-1][1]
    assert f"profile 'default' ({tmp_path}/.aws/config:2), role {ROLE}: " in failure
    assert failure.endswith(f"({sts.origin})")
    for secret in ("secret-", "token/", "c4n4ry"):
        assert secret not in failure


# --- The role of the options

BASE = {"AWS_ACCESS_KEY_ID": "AKIDBASE", "AWS_SECRET_ACCESS_KEY": "secret-base"}


def test_the_role_of_the_options_needs_no_profile(sts: Fakes, tmp_path: Path) -> None:
    variables = environment(tmp_path, sts.url(), **BASE)
    client = _core.Client({"role_arn": ROLE, "external_id": "ext-1"}, environment=variables)
    assert signer(client).startswith("ASIA")
    (asked,) = sts.asked
    assert asked.signer == "AKIDBASE"
    assert asked.values["RoleArn"] == ROLE
    assert asked.values["ExternalId"] == "ext-1"


def test_the_role_of_the_options_is_assumed_with_the_credentials_that_were_handed_over(
    sts: Fakes, tmp_path: Path
) -> None:
    client = _core.Client(
        {"role_arn": ROLE, "role_session_name": "me"},
        credentials=_core.Credentials("AKIDBASE", "secret-base"),
        environment=environment(tmp_path, sts.url()),
    )
    assert signer(client).startswith("ASIA")
    (asked,) = sts.asked
    assert asked.signer == "AKIDBASE"
    assert asked.values["RoleSessionName"] == "me"


# --- moto's STS


def ask_botocore(variables: dict[str, str]) -> tuple[str, str, float]:
    with mock.patch.dict(os.environ, variables, clear=True):
        found = botocore.session.Session().get_credentials()
        assert found is not None
        found.get_frozen_credentials()
        return found.method, found.account_id, found._expiry_time.timestamp()


@pytest.mark.parametrize("by", ["keys", "chain", "token"])
def test_at_moto(by: str, moto: str, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("a.web.token")
    chain = of_keys().replace("source_profile = base", "source_profile = inner") + (
        f"[profile inner]\nrole_arn = {ROLE}inner\nsource_profile = base\n"
    )
    token = f"[default]\nrole_arn = {ROLE}\nweb_identity_token_file = {tmp_path}/token\n"
    write(tmp_path, {"keys": of_keys(), "chain": chain, "token": token}[by])
    variables = environment(tmp_path, moto)
    method, account, expires_at = ask_botocore(variables)
    found = _core.explain_credentials("", variables)["credentials"]
    assert found is not None
    assert ("web identity role" in found.source) == (method == "assume-role-with-web-identity")
    assert found.source.endswith(ROLE)
    assert found.access_key_id.startswith("ASIA")
    assert found.account_id == account == "444455556666"
    assert found.expires_at == pytest.approx(expires_at, abs=30)


@pytest.mark.parametrize("by", ["profile", "options"])
def test_moto_knows_whose_the_credentials_are(by: str, moto: str, tmp_path: Path) -> None:
    """What costmark got is what a caller of AWS can use."""
    variables, options = environment(tmp_path, moto), {}
    if by == "profile":
        write(tmp_path, of_keys("role_session_name = me"))
    else:
        variables |= BASE
        options = {"role_arn": ROLE, "role_session_name": "me"}
    client = _core.Client(options, environment=variables)
    key_id = signer(client)
    assert key_id.startswith("ASIA")
    session = botocore.session.Session()
    sts = session.create_client(
        "sts",
        region_name="us-east-1",
        endpoint_url=moto,
        aws_access_key_id=key_id,
        aws_secret_access_key="secret",
    )
    assert sts.get_caller_identity()["Arn"].endswith("assumed-role/r/me")
