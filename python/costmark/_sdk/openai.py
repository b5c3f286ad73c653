"""The official OpenAI SDK."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from . import bedrock
from .base import Identity, Keys, Sdk

if TYPE_CHECKING:
    from collections.abc import Callable

_PROJECT_HEADER = "openai-project"


class _OpenAI(Sdk):
    package = "openai"

    def client_classes(self) -> tuple[type, ...]:
        openai = sys.modules["openai"]
        return openai.OpenAI, openai.AsyncOpenAI

    def refusal(self, client: object) -> str | None:
        if isinstance(client, self.client_classes()):
            return None
        return "wrap the client that it belongs to"

    def project(self, client: Any) -> str | None:
        """Return the project of the constructor; OPENAI_PROJECT_ID is the core's to find."""
        project: str | None = getattr(client, "project", None)
        return None if not project or project == os.environ.get("OPENAI_PROJECT_ID") else project

    def api_key(self, client: Any) -> str:
        key = getattr(client, "api_key", None)
        return key if isinstance(key, str) else ""

    def identity(self, client: Any) -> Identity:
        return bedrock.identity_of(client)

    def state(self, client: Any) -> tuple[Any, ...]:
        key = getattr(client, "_api_key_provider", None) or client.api_key
        return client.project, key, bedrock.state_of(client)

    def attributes(self, client: Any) -> tuple[str, ...]:
        if client.project is not None or getattr(client, "_provider_runtime", None) is not None:
            return ()  # the environment, or what the provider holds, decides too
        names = ("project", "api_key", "_api_key_provider", "_provider_runtime")
        return tuple(name for name in names if hasattr(client, name))

    def ask(self, client: Any) -> Callable[[], Keys] | None:
        return bedrock.ask_of(client)

    def socket_url(self, client: Any) -> str | None:
        url = getattr(client, "websocket_base_url", None)
        if url is None:
            return None
        scheme, colon, rest = str(url).partition(":")
        return {"ws": "http", "wss": "https"}.get(scheme, scheme) + colon + rest

    def request_built(self, client: Any, request: Any, options: Any) -> None:
        """Take away the project header that the constructor's `project` puts on every request.

        It is the client's default. What the call itself, or the client's own headers, name stays.
        """
        if client.project is None or _PROJECT_HEADER not in request.headers:
            return
        named = (
            getattr(options, "headers", None) or {},
            getattr(client, "_custom_headers", None) or {},
        )
        if not any(
            str(name).lower() == _PROJECT_HEADER for headers in named for name in _names(headers)
        ):
            del request.headers[_PROJECT_HEADER]

    def check_instead_of_signing(self, client: Any, request: Any) -> bool:
        if getattr(client, "_provider_runtime", None) is None:
            return False
        return bedrock.check_instead_of_signing(client, request)


def _names(headers: Any) -> Any:
    return headers if hasattr(headers, "__iter__") else ()


SDK = _OpenAI()
