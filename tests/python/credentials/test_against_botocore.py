"""costmark and botocore, side by side: the same source and the same keys, or both have none."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from typing import TYPE_CHECKING
from unittest import mock

import pytest
from botocore.credentials import SSOProvider  # type: ignore[import-untyped,unused-ignore]
from botocore.tokens import SSOTokenProvider  # type: ignore[import-untyped,unused-ignore]

from costmark import _core
from credentials.cases import (
    ENDPOINT_FILES,
    ENDPOINT_VARIABLES,
    ENDPOINTS,
    FAKES,
    FILES,
    ROLE_FILES,
    ROLE_VARIABLES,
    STS_MODES,
    VARIABLES,
    Endpoints,
    Files,
    Variables,
)
from credentials.outcome import Outcome, ask_session
from credentials.sts_fakes import Fakes, run_fakes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

PROGRAM = """#!/bin/sh
echo '{"Version": 1, "AccessKeyId": "AKIDPROCESS", "SecretAccessKey": "secret-process",
       "SessionToken": "process-token", "Expiration": "2999-01-02T03:04:05Z"}'
"""
SSO_TOKEN = {
    "startUrl": "https://x",
    "region": "us-east-1",
    "accessToken": "sso-token-{name}",
    "expiresAt": "2999-01-02T03:04:05Z",
}

# botocore's name of a source, and the end of costmark's.
SOURCES = {
    "env": "environment",
    "shared-credentials-file": "credentials file",
    "config-file": "config file",
    "custom-process": "credential_process",
    "assume-role": "assumed role",
    "assume-role-with-web-identity": "web identity role",
    "sso": "SSO",
}


def ask_botocore(environment: dict[str, str], profile: str) -> Outcome:
    sso_cache = f"{environment['HOME']}/.aws/sso/cache"  # read only when botocore is imported
    with (
        mock.patch.dict(os.environ, environment, clear=True),
        mock.patch("botocore.endpoint.time", mock.Mock(sleep=lambda _seconds: None)),
        mock.patch.object(SSOProvider, "_SSO_TOKEN_CACHE_DIR", sso_cache),
        mock.patch.object(SSOTokenProvider, "_SSO_TOKEN_CACHE_DIR", sso_cache),
    ):
        return ask_session(SOURCES, profile or None)


def ask_costmark(environment: dict[str, str], profile: str) -> Outcome:
    report = _core.explain_credentials(profile, environment)
    found = report["credentials"]
    if found is None:
        return Outcome(failure=report["asked"][-1][1])
    source = found.source.rpartition(" arn:")[0] or found.source
    return Outcome(source.rpartition(", ")[2], found, found.account_id)


class Home:
    """A home folder for one case."""

    def __init__(self, path: Path, sts: str, case: str) -> None:
        self.path = path
        program = path / "program"
        self._places = {
            "{home}": str(path),
            "{program}": str(program),
            "{sts}": sts,
            "{case}": case,
        }
        program.write_text(PROGRAM)
        program.chmod(0o700)
        (path / "token").write_text("web.identity.token")
        (path / "token-with-line-end").write_text("web.identity.token\n")
        (path / "empty-token").write_text("")
        cache = path / ".aws" / "sso" / "cache"
        cache.mkdir(parents=True)
        for name in ("s", "https://x"):
            text = json.dumps(SSO_TOKEN).replace("{name}", name.rpartition("/")[2])
            (cache / f"{hashlib.sha1(name.encode()).hexdigest()}.json").write_text(text)

    def filled(self, text: str) -> str:
        for place, value in self._places.items():
            text = text.replace(place, value)
        return text

    def write(self, files: Files) -> None:
        for name, text in (("config", files.config), ("credentials", files.credentials)):
            if isinstance(text, str):
                text = self.filled(text).encode()
            if text is not None:
                (self.path / ".aws" / name).write_bytes(text)

    def environment(self, *values: dict[str, str]) -> dict[str, str]:
        """``-`` takes a variable away."""
        merged = {
            "HOME": str(self.path),
            "PATH": os.environ["PATH"],
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        for each in values:
            merged.update(each)
        return {name: self.filled(value) for name, value in merged.items() if value != "-"}


def difference(variables: Variables, files: Files, botocores: Outcome, ours: Outcome) -> str | None:
    """Which deliberate difference of docs/credentials.md explains the two, if one does."""
    has_keys = "AWS_ACCESS_KEY_ID" in variables.values and not variables.profile
    if botocores.failure and ours.source == "environment" and has_keys:
        return "environment keys need no files"
    if "AWS_ACCESS_KEY_ID is not" in ours.failure and variables.name == "secret only":
        return "a secret without an id"
    if "ConfigParseError" in botocores.failure and files.name == "byte order mark":
        return "byte order mark"
    if variables.name == "empty AWS_PROFILE" and "ProfileNotFound" in botocores.failure:
        return "an empty AWS_PROFILE"
    if "SSO token provider" in botocores.failure and ours.source == "web identity role":
        return "settings of SSO that are not needed"
    if files.name == "inline comment" and "has a comment behind its value" in ours.failure:
        return "keys with a comment"
    return None


DELIBERATE = {
    "settings of SSO that are not needed",
    "keys with a comment",
    "environment keys need no files",
    "a secret without an id",
    "byte order mark",
    "an empty AWS_PROFILE",
}
SEEN: set[str] = set()
RAN: set[str] = set()


@pytest.fixture(scope="module")
def sts() -> Iterator[Fakes]:
    with run_fakes() as fakes:
        yield fakes


def compare(
    folder: Path, sts: Fakes, variables: Variables, files: Sequence[Files], endpoints: Endpoints
) -> None:
    """Fail with a list of the environments in which the two disagree."""
    environments = []
    for number, each in enumerate(files):
        path = folder / str(number)
        path.mkdir()
        home = Home(path, sts.origin, str(number))
        home.write(each)
        environments.append(home.environment(endpoints.values, variables.values))
    sts.reset()
    of_botocore = [ask_botocore(each, variables.profile) for each in environments]
    sts.reset()
    with ThreadPoolExecutor(16) as pool:  # some of them wait before they ask again
        of_costmark = list(pool.map(ask_costmark, environments, repeat(variables.profile)))
    faults: list[str] = []
    for each, theirs, ours in zip(files, of_botocore, of_costmark, strict=True):
        if theirs.credentials and ours.credentials and theirs.proof() == ours.proof():
            continue
        if not theirs.source and not ours.source:
            assert "secret-" not in ours.failure
            assert "web.identity.token" not in ours.failure
            continue
        reason = difference(variables, each, theirs, ours)
        if reason is None:
            faults.append(f"{each.name}: botocore {theirs}, costmark {ours}")
        else:
            SEEN.add(reason)
    assert not faults, "\n".join(faults)


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)


def test_there_are_enough_cases() -> None:
    assert len(VARIABLES) * len(FILES) >= 1000
    with_roles = len(ROLE_VARIABLES) * len(ROLE_FILES)
    with_endpoints = len(ENDPOINTS) * len(ENDPOINT_VARIABLES) * len(ENDPOINT_FILES)
    assert with_roles + with_endpoints >= 900


@pytest.mark.parametrize("variables", VARIABLES, ids=lambda v: v.name)
def test_same_source_and_same_keys(variables: Variables, tmp_path: Path, sts: Fakes) -> None:
    RAN.add(variables.name)
    compare(tmp_path, sts, variables, FILES, Endpoints("fakes", FAKES))


@pytest.mark.parametrize("variables", ROLE_VARIABLES, ids=lambda v: v.name)
def test_same_roles(variables: Variables, tmp_path: Path, sts: Fakes) -> None:
    RAN.add(f"role: {variables.name}")
    compare(tmp_path, sts, variables, ROLE_FILES, Endpoints("fakes", FAKES))


@pytest.mark.parametrize("endpoints", ENDPOINTS, ids=lambda e: e.name)
def test_same_endpoints(endpoints: Endpoints, tmp_path: Path, sts: Fakes) -> None:
    for number, variables in enumerate(ENDPOINT_VARIABLES):
        folder = tmp_path / str(number)
        folder.mkdir()
        compare(folder, sts, variables, ENDPOINT_FILES, endpoints)


@pytest.mark.parametrize("endpoints", STS_MODES, ids=lambda e: e.name)
def test_same_answers(endpoints: Endpoints, tmp_path: Path, sts: Fakes) -> None:
    compare(tmp_path, sts, ENDPOINT_VARIABLES[0], ENDPOINT_FILES[:3], endpoints)


def test_every_deliberate_difference_is_met() -> None:
    if len(RAN) < len(VARIABLES) + len(ROLE_VARIABLES):
        pytest.skip("only some of the cases ran in this process")
    assert SEEN == DELIBERATE
