"""botocore and aiobotocore, and so boto3 and aioboto3: every client that a session makes."""

from __future__ import annotations

import functools
import sys
from typing import TYPE_CHECKING, Any

from .._client.botocore_clients import attach, is_of_bedrock
from . import state

if TYPE_CHECKING:
    from collections.abc import Callable


def hook(package: str) -> list[state.Hook]:
    """Return what to put in place of what, in botocore's module of sessions or in aiobotocore's."""
    module = sys.modules[package]
    if package == "aiobotocore.session":
        return [state.Hook(module.AioSession, "_create_client", _creating_later)]
    return [state.Hook(module.Session, "create_client", _creating)]


def _creating(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def create_client(self: Any, *args: Any, **kwargs: Any) -> Any:
        return _covered(original(self, *args, **kwargs))

    return create_client


def _creating_later(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    async def _create_client(self: Any, *args: Any, **kwargs: Any) -> Any:
        return _covered(await original(self, *args, **kwargs))

    return _create_client


def _covered(client: Any) -> Any:
    rule = state.rule()
    if rule is not None and is_of_bedrock(client):
        core = rule.core_of_client(client)
        if core is not None:
            attach(client, core)
    return client
