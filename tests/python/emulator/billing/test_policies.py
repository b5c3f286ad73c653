"""Rights on the bill, where the emulator has policies."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError  # type: ignore[import-untyped,unused-ignore]

from emulator.billing.asking import Asking, period
from emulator.billing.test_cost_explorer import refusal
from emulator.support import Emulator

if TYPE_CHECKING:
    from pathlib import Path


def test_a_right_on_costs_is_none_on_tags(tmp_path: Path) -> None:
    statement = {"Effect": "Allow", "Action": "ce:Get*", "Resource": "*"}
    policy = tmp_path / "policy.json"
    policy.write_text(json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    emulator = Emulator("--policy", str(policy))
    aws = Asking(emulator)
    assert aws.ce.get_tags(TimePeriod=period(aws.today()))["Tags"] == []
    for operation in (aws.ce.list_cost_allocation_tags, aws.cloudwatch.list_metrics):
        with pytest.raises(ClientError, match="is not authorized to perform") as refused:
            operation()
        code, status = refusal(refused)
        assert code.startswith("AccessDenied")  # CloudWatch has the name of its older protocol
        assert status == 400
    emulator.stop()
