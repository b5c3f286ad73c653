"""Anthropic clients for the adapter tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anthropic

import costmark
from adapters.clients import SIGNED

if TYPE_CHECKING:
    from harness import Emulator, Recorder

MODEL = "anthropic.claude-opus-4-8"
# What every call needs.
CALL: dict[str, Any] = {
    "model": MODEL,
    "max_tokens": 64,
    "messages": [{"role": "user", "content": "How do I return a pair of shoes?"}],
}


def plain(server: Emulator | Recorder, **options: Any) -> anthropic.Anthropic:
    return anthropic.Anthropic(
        **{"base_url": f"{server.url}/anthropic", "api_key": "unused", **options}
    )


def plain_async(server: Emulator | Recorder, **options: Any) -> anthropic.AsyncAnthropic:
    return anthropic.AsyncAnthropic(
        **{"base_url": f"{server.url}/anthropic", "api_key": "unused", **options}
    )


def signed(server: Emulator, project: str | None = None, **options: Any) -> anthropic.Anthropic:
    return costmark.wrap(plain(server, **options), project=project, **SIGNED)


def signed_async(
    server: Emulator, project: str | None = None, **options: Any
) -> anthropic.AsyncAnthropic:
    return costmark.wrap(plain_async(server, **options), project=project, **SIGNED)
