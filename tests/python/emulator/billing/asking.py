"""boto3's clients, as they are, whose every raw answer is held against the service's own model."""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import Any

import boto3  # type: ignore[import-untyped,unused-ignore]
from botocore.config import Config  # type: ignore[import-untyped,unused-ignore]
from botocore.validate import ParamValidator  # type: ignore[import-untyped,unused-ignore]

from emulator.support import KEY, SECRET, Emulator

DAY_S = 86_400
HOUR_S = 3600


class Asking:
    """Clients of one emulator."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self.checked: list[str] = []
        self.ce = self.client("ce")
        self.cloudwatch = self.client("cloudwatch")
        self.pricing = self.client("pricing")

    def client(self, service: str, **options: Any) -> Any:
        client = boto3.client(
            service,
            region_name="us-east-1",
            endpoint_url=self.emulator.url,
            aws_access_key_id=KEY,
            aws_secret_access_key=SECRET,
            config=Config(retries={"max_attempts": 0}),
            **options,
        )
        client.meta.events.register("before-parse", self._check)
        return client

    def _check(self, operation_model: Any, response_dict: Any, **_: Any) -> None:
        if response_dict["status_code"] == 200:
            check_answer(operation_model, json.loads(response_dict["body"]))
            self.checked.append(operation_model.name)

    def forward(self, seconds: float) -> None:
        answer = self.emulator.control("POST", "/_emulator/clock", {"forward_s": seconds})
        assert answer.status == 200, answer.body

    def today(self) -> dt.date:
        """The emulator's day."""
        now = self.emulator.plain("GET", "/_emulator/clock").json["now"]
        return dt.date.fromisoformat(now[:10])

    def costs(self, *groups: tuple[str, str], **asked: Any) -> list[dict[str, Any]]:
        """Every page of daily costs of the last two weeks."""
        request = {
            "TimePeriod": period(self.today()),
            "Granularity": "DAILY",
            "Metrics": ["UnblendedCost", "UsageQuantity"],
            "GroupBy": [{"Type": kind, "Key": key} for kind, key in groups],
            **asked,
        }
        found = self.ce.get_cost_and_usage(**request)
        results = found["ResultsByTime"]
        while token := found.get("NextPageToken"):
            found = self.ce.get_cost_and_usage(**request, NextPageToken=token)
            results += found["ResultsByTime"]
        return list(results)

    def groups(self, *groups: tuple[str, str], **asked: Any) -> dict[tuple[str, ...], str]:
        """Costs by key; of one day, as these tests use tokens on one."""
        return {
            tuple(group["Keys"]): group["Metrics"]["UnblendedCost"]["Amount"]
            for result in self.costs(*groups, **asked)
            for group in result["Groups"]
        }


def period(today: dt.date, days: int = 14) -> dict[str, str]:
    begin, end = today - dt.timedelta(days=days), today + dt.timedelta(days=1)
    return {"Start": begin.isoformat(), "End": end.isoformat()}


def check_answer(operation_model: Any, body: Any) -> None:
    """botocore's own validation of types, and what it leaves out: enums, patterns, sizes."""
    shape = operation_model.output_shape
    report = ParamValidator().validate(body, shape)
    assert not report.has_errors(), report.generate_report()
    problems = list(broken(shape, body, operation_model.name))
    assert not problems, problems


def broken(shape: Any, value: Any, path: str) -> Any:
    if shape.type_name == "structure":
        for name, each in value.items():
            if name not in shape.members:
                yield f"{path}: {name} is not in the model"
            else:
                yield from broken(shape.members[name], each, f"{path}.{name}")
    elif shape.type_name == "list":
        if not shape.metadata.get("min", 0) <= len(value) <= shape.metadata.get("max", 10**9):
            yield f"{path}: {len(value)} members"
        for each in value:
            yield from broken(shape.member, each, f"{path}[]")
    elif shape.type_name == "map":
        for name, each in value.items():
            yield from broken(shape.value, each, f"{path}.{name}")
    elif shape.type_name == "string":
        if shape.enum and value not in shape.enum:
            yield f"{path}: {value!r} is none of {shape.enum}"
        pattern = shape.metadata.get("pattern")
        if pattern and not re.fullmatch(pattern, value):
            yield f"{path}: {value!r} does not match {pattern}"
        if len(value) > shape.metadata.get("max", 10**9):
            yield f"{path}: {len(value)} characters"
