"""The official Anthropic SDK.

Its plain clients reach Bedrock's Messages API with ``base_url="https://HOST/anthropic"``. Its
`AnthropicBedrockMantle` clients, and `AnthropicBedrock`, which calls InvokeModel, sign with boto3
before our transport edits the request, which breaks that signature: their identity is taken over,
and boto3 is not needed. The clients that it has for other platforms reach no Bedrock project.
"""

from __future__ import annotations

import sys
from typing import Any

from .. import _core
from .base import Identity, Sdk, definer

# The clients that sign, by module.
_SIGNING = {
    "anthropic.lib.bedrock._mantle": ("AnthropicBedrockMantle", "AsyncAnthropicBedrockMantle"),
    "anthropic.lib.bedrock._client": ("AnthropicBedrock", "AsyncAnthropicBedrock"),
}
_STATE = (
    *("api_key", "auth_token", "credentials", "skip_auth", "aws_region", "aws_profile"),
    *("aws_access_key", "aws_secret_key", "aws_session_token"),
)


class _Anthropic(Sdk):
    package = "anthropic"

    def client_classes(self) -> tuple[type, ...]:
        anthropic = sys.modules["anthropic"]
        return anthropic.Anthropic, anthropic.AsyncAnthropic, *_signing_classes()

    def refusal(self, client: object) -> str | None:
        cls: type = type(client)
        for base in cls.__mro__:
            if base.__module__.startswith("anthropic.lib.") and base.__module__ not in _SIGNING:
                return (
                    f"{base.__name__} calls no API that has Bedrock projects; take "
                    "AnthropicBedrockMantle, AnthropicBedrock, or Anthropic with the base_url "
                    "https://bedrock-mantle.REGION.api.aws/anthropic"
                )
        if isinstance(client, self.client_classes()):
            return None
        return "wrap the client that it belongs to"

    def project(self, client: Any) -> str | None:
        return None  # no constructor takes one

    def api_key(self, client: Any) -> str:
        for name in ("api_key", "auth_token"):
            key = getattr(client, name, None)
            if isinstance(key, str) and key:
                return key
        return ""

    def identity(self, client: Any) -> Identity:
        if not _may_sign(client):
            return Identity({})
        if not _signs(client):
            return Identity({"auth": "none"})  # or a bearer token, which the request carries
        options = {"auth": "sigv4"}
        if client.aws_region and not _core.is_bedrock_host(client.base_url.host):
            options["region"] = client.aws_region
        if client.aws_access_key is None:
            if client.aws_profile:
                options["profile"] = client.aws_profile
            return Identity(options)
        credentials = _core.Credentials(
            client.aws_access_key, client.aws_secret_key, client.aws_session_token
        )
        return Identity(options, lambda: credentials)

    def state(self, client: Any) -> tuple[Any, ...]:
        return tuple(getattr(client, name, None) for name in _STATE)

    def attributes(self, client: Any) -> tuple[str, ...]:
        return tuple(name for name in _STATE if hasattr(client, name))

    def check_instead_of_signing(self, client: Any, request: Any) -> bool:
        # A subclass may do more before a request than have it signed.
        return definer(client, "_prepare_request") in _signing_classes() and _signs(client)


def _signing_classes() -> tuple[type, ...]:
    return tuple(
        getattr(sys.modules[module], name)
        for module, names in _SIGNING.items()
        if module in sys.modules
        for name in names
    )


def _may_sign(client: object) -> bool:
    return isinstance(client, _signing_classes())


def _signs(client: Any) -> bool:
    """Whether it signs, and sends no bearer token; older ones of InvokeModel know only that."""
    if hasattr(client, "skip_auth"):  # of mantle
        return bool(client._use_sigv4) and not client.skip_auth
    return getattr(client, "api_key", None) is None


SDK = _Anthropic()
