"""Roles and identities by boto3's `sts`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3  # type: ignore[import-untyped,unused-ignore]
import pytest
from botocore.exceptions import ClientError  # type: ignore[import-untyped,unused-ignore]

from emulator.billing.asking import period

if TYPE_CHECKING:
    from emulator.billing.asking import Asking

ROLE = "arn:aws:iam::111122223333:role/billing/payer"


@pytest.fixture(scope="module")
def sts(clients: Asking) -> Any:
    return boto3.client(
        "sts",
        region_name="us-east-1",
        endpoint_url=clients.emulator.url,
        aws_access_key_id="AKIDEXAMPLE",
        aws_secret_access_key="wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    )


def test_the_credentials_of_a_role_are_good_for_billing(aws: Asking, sts: Any) -> None:
    given = sts.assume_role(RoleArn=ROLE, RoleSessionName="costmark")
    names = {
        "aws_access_key_id": given["Credentials"]["AccessKeyId"],
        "aws_secret_access_key": given["Credentials"]["SecretAccessKey"],
        "aws_session_token": given["Credentials"]["SessionToken"],
    }
    session = boto3.Session(region_name="us-east-1", **names)
    who = session.client("sts", endpoint_url=aws.emulator.url).get_caller_identity()
    assert who["Account"] == "111122223333"
    assert who["Arn"] == "arn:aws:sts::111122223333:assumed-role/payer/costmark"
    ce = session.client("ce", endpoint_url=aws.emulator.url)
    assert ce.get_tags(TimePeriod=period(aws.today()))["Tags"] == []


@pytest.mark.parametrize(
    ("role", "code"),
    [
        (ROLE.replace("1111", "9999"), "AccessDenied"),
        ("arn:aws:iam::111122223333:user/me", "ValidationError"),
    ],
)
def test_roles_that_cannot_be_assumed(sts: Any, role: str, code: str) -> None:
    with pytest.raises(ClientError) as refused:
        sts.assume_role(RoleArn=role, RoleSessionName="costmark")
    assert refused.value.response["Error"]["Code"] == code


def test_who_signs(aws: Asking, sts: Any) -> None:
    assert sts.get_caller_identity()["Arn"] == ("arn:aws:iam::111122223333:user/emulator")
    unsigned = aws.emulator.plain(
        "POST",
        "/",
        b"Action=GetCallerIdentity",
        {"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert unsigned.status == 403
    assert b"Missing Authentication Token" in unsigned.body
