"""Requests of every shape that the services' models have room for: each gets an answer."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import botocore.session  # type: ignore[import-untyped,unused-ignore]

from emulator.billing.asking import DAY_S, check_answer
from emulator.billing.test_cost_explorer import call

if TYPE_CHECKING:
    from emulator.billing.asking import Asking

OPERATIONS = {
    "ce": [
        *("GetCostAndUsage", "GetDimensionValues", "GetTags", "ListCostAllocationTags"),
        *("UpdateCostAllocationTagsStatus", "StartCostAllocationTagBackfill"),
        "ListCostAllocationTagBackfillHistory",
    ],
    "cloudwatch": ["GetMetricData", "ListMetrics"],
    "pricing": ["GetProducts"],
    "bcm-data-exports": ["CreateExport"],
}
TEXTS = {
    "YearMonthDay": ["2026-11-01", "2026-12-01", "2026-02-31", "9999-12-31", "0001-01-01"],
    "ZonedDateTime": ["2026-11-01T00:00:00Z", "2026-11-01T25:00:00Z"],
    "MetricName": ["UnblendedCost", "UsageQuantity", "Inferences", "X"],
}
WORDS = ["SERVICE", "team", "USAGE_TYPE", "Sum", "AWS/BedrockMantle", "AmazonBedrock", "model"]
STRANGE: list[Any] = [None, 1, -1, "", [], {}, True, 1e300, "x" * 3000, "é"]
PLAIN: dict[str, list[Any]] = {
    "integer": [1, 60, 86_400, 100, -5, 0],
    "timestamp": [0, 1.7e9, 1e18, "2026-11-01T00:00:00Z"],
    "boolean": [True, False],
    "double": [1],
}


class Maker:
    """Makes bodies of a shape; now and then a part of one is what nobody would send."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def make(self, shape: Any, depth: int = 0) -> Any:
        if self.random.random() < 0.04:
            return self.random.choice(STRANGE)
        if shape.type_name == "structure":
            return {
                name: self.make(member, depth + 1)
                for name, member in shape.members.items()
                if name in shape.required_members
                or self.random.random() < (0.5 if depth < 4 else 0.15)
            }
        if shape.type_name == "list":
            count = self.random.choice([0, 1, 1, 2, 3])
            return [self.make(shape.member, depth + 1) for _ in range(count)]
        if shape.type_name == "map":
            return {"COST_AND_USAGE_REPORT": self.make(shape.value, depth + 1)}
        if shape.type_name == "string":
            return self.random.choice(list(shape.enum) or TEXTS.get(shape.name, WORDS))
        return self.random.choice(PLAIN[shape.type_name])


def test_every_request_gets_an_answer_of_its_service(aws: Asking) -> None:
    call(aws, aws.emulator.project(team="search"))
    aws.forward(2 * DAY_S)
    maker = Maker(1)
    session = botocore.session.get_session()
    answered = refused = 0
    for _ in range(300):
        service = maker.random.choice(list(OPERATIONS))
        model = session.get_service_model(service)
        operation = model.operation_model(maker.random.choice(OPERATIONS[service]))
        answer = aws.emulator.call(
            "POST",
            "/",
            json.dumps(maker.make(operation.input_shape)).encode(),
            service=model.signing_name,
            headers={"X-Amz-Target": f"{model.metadata['targetPrefix']}.{operation.name}"},
        )
        if answer.status == 200:
            check_answer(operation, answer.json)
            answered += 1
        else:
            assert answer.status == 400, (operation.name, answer.body)
            assert answer.json["__type"]
            refused += 1
    assert answered > 10
    assert refused > 100
