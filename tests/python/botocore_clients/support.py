"""Clients of boto3, of whatever version is installed."""

from __future__ import annotations

import json
from typing import Any

import boto3  # type: ignore[import-untyped,unused-ignore]
from botocore.config import Config  # type: ignore[import-untyped,unused-ignore]

from harness import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY

PROJECT, OTHER = "proj_boto", "proj_other"
NOVA = "amazon.nova-lite-v1:0"
CLAUDE = "anthropic.claude-sonnet-4-5-20250929-v1:0"
PROFILE = f"arn:aws:bedrock:{REGION}:111122223333:application-inference-profile/a1b2c3d4e5f6"
MESSAGES = [{"role": "user", "content": [{"text": "How do I return a pair of shoes?"}]}]
ASKED: dict[str, Any] = {"modelId": NOVA, "messages": MESSAGES}
KEYS = {"aws_access_key_id": ACCESS_KEY_ID, "aws_secret_access_key": SECRET_ACCESS_KEY}
INVOKED: dict[str, Any] = {"modelId": NOVA, "body": json.dumps({"messages": MESSAGES})}

_session = boto3.Session()  # which keeps the models of services that it has read


def client(url: str | None, service: str = "bedrock-runtime", **config: Any) -> Any:
    retries = {"total_max_attempts": config.pop("attempts", 1), "mode": "standard"}
    keys = {"region_name": REGION, "endpoint_url": url, **KEYS, **config.pop("given", {})}
    return _session.client(service, config=Config(retries=retries, **config), **keys)


def knows_projects() -> bool:
    """Whether this botocore has a parameter for the project."""
    model = client(None).meta.service_model.operation_model("Converse")
    return "projectIdentifier" in model.input_shape.members
