"""``costmark doctor credentials``, as a user runs it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from costmark.cli.main import main
from credentials.sts_fakes import run_fakes

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "c4n4ry-secret"
TOKEN = "c4n4ry-token"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".aws").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def doctor(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    status = main(["doctor", "credentials", *arguments])
    out, err = capsys.readouterr()
    assert err == ""
    assert SECRET not in out
    assert TOKEN not in out
    return status, out


def test_shared_files(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / ".aws" / "config").write_text("[profile dev]\nregion = eu-west-1\n")
    (home / ".aws" / "credentials").write_text(
        f"[dev]\naws_access_key_id = AKIDDEV\naws_secret_access_key = {SECRET}\n"
        f"aws_session_token = {TOKEN}\naws_account_id = 111122223333\n"
    )
    status, out = doctor(capsys, "--profile", "dev")
    assert status == 0
    assert out == (
        "source         profile 'dev', credentials file\n"
        "access key id  AKIDDEV\n"
        "account        111122223333\n"
        "expires        never\n"
        f"region         eu-west-1 ({home}/.aws/config:2), unless the host names one\n"
        "\n"
        "asked, in this order:\n"
        "  shared files: has credentials\n"
    )


def test_environment(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDENV")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_SESSION_TOKEN", TOKEN)
    monkeypatch.setenv("AWS_CREDENTIAL_EXPIRATION", "2999-01-02T03:04:05Z")
    monkeypatch.setenv("COSTMARK_REGION", "us-west-2")
    status, out = doctor(capsys)
    assert status == 0
    assert "source         environment\n" in out
    assert "expires        2999-01-02T03:04:05Z\n" in out
    assert "account        not known\n" in out
    assert "region         us-west-2 (COSTMARK_REGION)\n" in out
    monkeypatch.setenv("AWS_CREDENTIAL_EXPIRATION", "2001-01-02T03:04:05Z")
    status, out = doctor(capsys)
    assert status == 1
    assert "2001-01-02T03:04:05Z, which is past\n" in out
    assert "environment: its credentials have expired" in out


def test_an_assumed_role(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    role = "arn:aws:iam::444455556666:role/ci"
    (home / ".aws" / "config").write_text(
        f"[default]\nregion = eu-west-1\nrole_arn = {role}\nsource_profile = base\n"
        "[profile base]\naws_access_key_id = AKIDBASE\naws_secret_access_key = secret-base\n"
    )
    with run_fakes() as fakes:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", fakes.url())
        status, out = doctor(capsys)
        assert status == 0
        assert f"source         profile 'default', assumed role {role}\n" in out
        assert "access key id  ASIA" in out
        assert "account        444455556666\n" in out
        assert "expires        3000-01-01T00:00:00Z\n" in out
        assert f"region         eu-west-1 ({home}/.aws/config:2), unless the host names" in out
        assert "secret-" not in out
        assert "token/" not in out
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", fakes.url("denied"))
        status, out = doctor(capsys)
    assert status == 1
    assert out.startswith("no AWS credentials were found\n")
    assert f"role {role}: STS refused AssumeRole: AccessDenied (HTTP status 403), request" in out


def test_a_web_identity(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    role = "arn:aws:iam::444455556666:role/pod"
    (home / "token").write_text(TOKEN)
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(home / "token"))
    monkeypatch.setenv("AWS_ROLE_ARN", role)
    monkeypatch.setenv("AWS_REGION", "us-west-2")
    with run_fakes() as fakes:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", fakes.url())
        status, out = doctor(capsys)
    assert status == 0
    assert f"source         environment, web identity role {role}\n" in out
    assert "account        444455556666\n" in out
    assert "region         us-west-2 (AWS_REGION), unless the host names one\n" in out


def test_nothing(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out = doctor(capsys)
    assert status == 1
    assert out.startswith("no AWS credentials were found\nregion         none, ")
    assert "  environment: AWS_ACCESS_KEY_ID is not set\n" in out
    assert f"  shared files: profile 'default' is not in {home}/.aws/credentials and " in out
    assert "  EC2 instance metadata: AWS_EC2_METADATA_DISABLED is true\n" in out


def test_what_is_broken_is_named(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / ".aws" / "credentials").write_text(f"[default]\n{SECRET}\n")
    status, out = doctor(capsys)
    assert status == 1
    assert f"shared files: {home}/.aws/credentials:2: this is neither 'key = value'" in out
    (home / ".aws" / "credentials").unlink()
    (home / ".aws" / "config").write_text(
        "[profile sso]\nsso_account_id = 1\nsso_role_name = r\n"
        f"[profile process]\ncredential_process = sh -c 'echo {SECRET} >&2; exit 3'\n"
    )
    monkeypatch.setenv("COSTMARK_PROFILE", "sso")
    status, out = doctor(capsys)
    assert status == 1
    assert "config:2) is set up for SSO and has no sso_start_url, sso_region" in out
    status, out = doctor(capsys, "--profile", "process")
    assert status == 1
    assert "failed with exit status 3" in out


def test_costmarks_own_options_win(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COSTMARK_ACCESS_KEY_ID", "AKIDOWN")
    status, out = doctor(capsys)
    assert status == 1
    assert "options: option 'secret_access_key' is missing" in out
    monkeypatch.setenv("COSTMARK_SECRET_ACCESS_KEY", SECRET)
    status, out = doctor(capsys)
    assert status == 0
    assert "source         options\n" in out
    assert "access key id  AKIDOWN\n" in out
    assert out.endswith("\n  options: has credentials\n")


@pytest.fixture
def role(monkeypatch: pytest.MonkeyPatch, home: Path) -> str:
    """A role of the options, and keys in the environment to assume it with."""
    del home
    role = "arn:aws:iam::444455556666:role/ci"
    for name, value in {
        "COSTMARK_ROLE_ARN": role,
        "COSTMARK_EXTERNAL_ID": "c4n4ry-external",
        "AWS_ACCESS_KEY_ID": "AKIDBASE",
        "AWS_SECRET_ACCESS_KEY": "secret-base",
        "AWS_ACCOUNT_ID": "111122223333",
        "AWS_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    return role


def test_the_role_of_the_options(
    role: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with run_fakes() as fakes:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", fakes.url())
        status, out = doctor(capsys)
        as_json = json.loads(doctor(capsys, "--json")[1])
        assert [asked.signer for asked in fakes.asked] == ["AKIDBASE"] * 2
    assert status == 0
    assert out.startswith(f"source         assumed role {role}\naccess key id  ASIA")
    assert "expires        3000-01-01T00:00:00Z\n" in out
    signer = "environment, access key id AKIDBASE, account 111122223333"
    assert f"role           {role} (option role_arn)\nassumed with   {signer}\n" in out
    assert out.endswith("  environment: has credentials\n  role: has credentials\n")
    assert "c4n4ry" not in out
    assert as_json["credentials"]["account"] == "444455556666"
    assert as_json["credentials"]["expires"] == "3000-01-01T00:00:00Z"
    assert as_json["role"] == {
        "arn": role,
        "assumed_with": {
            "source": "environment",
            "access_key_id": "AKIDBASE",
            "account": "111122223333",
            "expires": None,
        },
    }
    assert as_json["asked"][-1] == {"source": "role", "failure": None}


def test_a_role_that_is_not_assumed(
    role: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with run_fakes() as fakes:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", fakes.url("denied"))
        status, out = doctor(capsys)
        as_json = json.loads(doctor(capsys, "--json")[1])
    assert status == 1
    assert out.startswith(f"the role was not assumed\nrole           {role} (option role_arn)\n")
    assert "assumed with   environment, access key id AKIDBASE" in out
    assert f"role: option 'role_arn', role {role}: STS refused AssumeRole: AccessDenied" in out
    assert as_json["credentials"] is None
    assert "AccessDenied" in as_json["asked"][-1]["failure"]
    monkeypatch.setenv("COSTMARK_ROLE_ARN", "me")
    status, out = doctor(capsys)
    assert status == 1
    assert "role: option 'role_arn' is no ARN of a role" in out
    monkeypatch.setenv("COSTMARK_ROLE_ARN", role)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    status, out = doctor(capsys)
    assert status == 1
    assert out.startswith("no AWS credentials were found\n")
    assert "assumed with   nothing: there are no AWS credentials\n" in out


def test_an_unknown_subject_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["doctor", "credentail"])
    assert "SUBJECT" in capsys.readouterr().err
