"""costmark and botocore, side by side: the same source and the same keys, or both have none."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING
from unittest import mock

import botocore.session  # type: ignore[import-untyped,unused-ignore]
import pytest

import costmark
from costmark import _core
from credentials.cases import FILES, VARIABLES, Files, Variables

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = """#!/bin/sh
echo '{"Version": 1, "AccessKeyId": "AKIDPROCESS", "SecretAccessKey": "secret-process",
       "SessionToken": "process-token", "Expiration": "2999-01-02T03:04:05Z"}'
"""

# botocore's name of a source, and the end of costmark's.
SERVED = {
    "env": "environment",
    "shared-credentials-file": "credentials file",
    "config-file": "config file",
    "custom-process": "credential_process",
}
UNSERVED = {
    "assume-role": "an assumed role",
    "assume-role-with-web-identity": "web identity",
    "sso": "SSO",
}


@dataclass
class Outcome:
    """What one of the two found."""

    source: str = ""  # empty: nothing
    credentials: costmark.Credentials | None = None
    account: str = ""
    failure: str = ""

    def proof(self) -> tuple[str, str, dict[str, str]]:
        """Everything that must be equal; the secrets by what they sign."""
        assert self.credentials is not None
        url = "https://bedrock-mantle.us-east-1.api.aws/v1/responses"
        signed = costmark.sign(
            "POST",
            url,
            {},
            b"{}",
            credentials=self.credentials,
            region="us-east-1",
            service="bedrock-mantle",
            time=1_700_000_000,
        )
        return self.source, self.account, signed


def ask_botocore(environment: dict[str, str], profile: str) -> Outcome:
    with mock.patch.dict(os.environ, environment, clear=True):
        session = botocore.session.Session(profile=profile or None)
        try:
            found = session.get_credentials()
            if found is None:
                return Outcome()
            if found.method in UNSERVED:
                return Outcome(found.method)
            frozen = found.get_frozen_credentials()
            # What cannot be used is not found: empty texts and line breaks.
            own = costmark.Credentials(frozen.access_key, frozen.secret_key, frozen.token)
        except Exception as error:  # noqa: BLE001 - also errors of the standard library get through
            return Outcome(failure=repr(error))
        return Outcome(SERVED[found.method], own, found.account_id or "")


def ask_costmark(environment: dict[str, str], profile: str) -> Outcome:
    report = _core.explain_credentials(profile, environment)
    found = report["credentials"]
    if found is None:
        return Outcome(failure=report["asked"][-1][1])
    return Outcome(found.source.rpartition(", ")[2], found, found.account_id)


def write(home: Path, files: Files) -> None:
    program = home / "program"
    program.write_text(PROGRAM)
    program.chmod(0o700)
    (home / ".aws").mkdir()
    for name, text in (("config", files.config), ("credentials", files.credentials)):
        if isinstance(text, str):
            text = text.replace("{program}", str(program)).encode()
        if text is not None:
            (home / ".aws" / name).write_bytes(text)


def difference(variables: Variables, files: Files, botocores: Outcome, ours: Outcome) -> str | None:
    """Which deliberate difference of docs/credentials.md explains the two, if one does."""
    has_keys = "AWS_ACCESS_KEY_ID" in variables.values and not variables.profile
    if botocores.source in UNSERVED:
        wanted = f"needs {UNSERVED[botocores.source]}"
        if wanted in ours.failure and "which this version does not support" in ours.failure:
            return "not supported yet"
        return None
    if botocores.failure and ours.source == "environment" and has_keys:
        return "environment keys need no files"
    if "AWS_ACCESS_KEY_ID is not" in ours.failure and variables.name == "secret only":
        return "a secret without an id"
    if "ConfigParseError" in botocores.failure and files.name == "byte order mark":
        return "byte order mark"
    if variables.name == "empty AWS_PROFILE" and "ProfileNotFound" in botocores.failure:
        return "an empty AWS_PROFILE"
    return None


DELIBERATE = {
    "not supported yet",
    "environment keys need no files",
    "a secret without an id",
    "byte order mark",
    "an empty AWS_PROFILE",
}
SEEN: set[str] = set()
RAN: set[str] = set()


def test_there_are_enough_cases() -> None:
    assert len(VARIABLES) * len(FILES) >= 1000


@pytest.mark.parametrize("variables", VARIABLES, ids=lambda v: v.name)
def test_same_source_and_same_keys(
    variables: Variables, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    RAN.add(variables.name)
    faults: list[str] = []
    for number, files in enumerate(FILES):
        home = tmp_path / str(number)
        home.mkdir()
        write(home, files)
        environment = {
            "HOME": str(home),
            "PATH": os.environ["PATH"],
            "AWS_EC2_METADATA_DISABLED": "true",
            **variables.values,
        }
        theirs = ask_botocore(environment, variables.profile)
        ours = ask_costmark(environment, variables.profile)
        if theirs.credentials and ours.credentials and theirs.proof() == ours.proof():
            continue
        if not theirs.source and not ours.source:
            assert "secret-" not in ours.failure
            continue
        reason = difference(variables, files, theirs, ours)
        if reason is None:
            faults.append(f"{files.name}: botocore {theirs}, costmark {ours}")
        else:
            SEEN.add(reason)
    assert not faults, "\n".join(faults)


def test_every_deliberate_difference_is_met() -> None:
    if len(RAN) < len(VARIABLES):
        pytest.skip("only some of the cases ran in this process")
    assert SEEN == DELIBERATE
