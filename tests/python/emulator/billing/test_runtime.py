"""Calls to the runtime endpoint, on the bill and in CloudWatch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from emulator.billing.asking import DAY_S
from emulator.billing.test_cloudwatch import query, values

if TYPE_CHECKING:
    from emulator.billing.asking import Asking

HAIKU = "anthropic.claude-haiku-4-5-20251001-v1:0"
NOVA = "amazon.nova-micro-v1:0"
USAGE = ("DIMENSION", "SERVICE"), ("DIMENSION", "USAGE_TYPE")
EDITION = "Claude Haiku 4.5 (Amazon Bedrock Edition)"
PROFILE = "arn:aws:bedrock:us-east-1:111122223333:application-inference-profile/abc"


@pytest.fixture(scope="module")
def runtime(clients: Asking) -> Any:
    return clients.client("bedrock-runtime")


def converse(runtime: Any, model: str, **more: str) -> dict[str, Any]:
    content = [{"text": "Hello, world!"}]
    answer = runtime.converse(
        modelId=model, messages=[{"role": "user", "content": content}], **more
    )
    return dict(answer["usage"])


@pytest.mark.parametrize(
    ("model", "found"),
    [
        (NOVA, [("Amazon Bedrock", f"USE1-{NOVA}-{side}-tokens") for side in ("input", "output")]),
        (
            f"global.{NOVA}",
            [
                ("Amazon Bedrock", f"USE1-{NOVA}-{side}-tokens-cross-region-global")
                for side in ("input", "output")
            ],
        ),
        (
            f"us.{HAIKU}",
            [
                (EDITION, f"USE1-MP:USE1_{side}_tokens_standard-Units")
                for side in ("input", "output")
            ],
        ),
        (
            f"global.{HAIKU}",
            [
                (EDITION, f"USE1-MP:USE1_{side}_tokens_global_standard-Units")
                for side in ("input", "output")
            ],
        ),
        (
            PROFILE,
            [
                (EDITION.replace("Haiku", "Sonnet"), f"USE1-MP:USE1_{side}_tokens_standard-Units")
                for side in ("input", "output")
            ],
        ),
    ],
)
def test_what_the_bill_has(
    aws: Asking, runtime: Any, model: str, found: list[tuple[str, str]]
) -> None:
    converse(runtime, model)
    aws.forward(2 * DAY_S)
    assert list(aws.groups(*USAGE)) == found


def test_counts_by_model_alone(aws: Asking, runtime: Any) -> None:
    used = converse(runtime, NOVA, projectIdentifier=aws.emulator.project())
    aws.forward(90)
    by = {"ModelId": NOVA}
    names = ("Invocations", "InputTokenCount", "OutputTokenCount")
    queries = [query(name, by, namespace="AWS/Bedrock") for name in names]
    assert values(aws, *queries) == [[1.0], [used["inputTokens"]], [used["outputTokens"]]]
    listed = aws.cloudwatch.list_metrics()["Metrics"]
    assert {each["Namespace"] for each in listed} == {"AWS/Bedrock"}
    assert {each["Name"] for metric in listed for each in metric["Dimensions"]} == {"ModelId"}
