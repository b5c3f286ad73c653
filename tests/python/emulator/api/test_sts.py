"""GetCallerIdentity, as boto3 asks for it."""

from __future__ import annotations

import boto3  # type: ignore[import-untyped,unused-ignore]
import pytest
from botocore.exceptions import ClientError  # type: ignore[import-untyped,unused-ignore]

from emulator.support import KEY, SECRET, Emulator


def test_boto3_learns_the_account(emulator: Emulator) -> None:
    keys = {"aws_access_key_id": KEY, "aws_secret_access_key": SECRET}
    client = boto3.client("sts", endpoint_url=emulator.url, region_name="us-east-1", **keys)
    answer = client.get_caller_identity()
    assert answer["Account"] == "111122223333"
    assert answer["Arn"] == "arn:aws:iam::111122223333:user/emulator"


def test_signatures_must_be_for_sts(emulator: Emulator) -> None:
    body = b"Action=GetCallerIdentity&Version=2011-06-15"
    assert emulator.call("POST", "/", body).status == 403
    assert emulator.call("POST", "/", body, service="sts").status == 200
    assert emulator.call("POST", "/", b"Action=GetSessionToken", service="sts").status == 403


def test_wrong_keys_are_refused(emulator: Emulator) -> None:
    keys = {"aws_access_key_id": KEY, "aws_secret_access_key": "x"}
    client = boto3.client("sts", endpoint_url=emulator.url, region_name="us-east-1", **keys)
    with pytest.raises(ClientError, match=r"SignatureDoesNotMatch.*does not match"):
        client.get_caller_identity()
