"""Clients for the adapter tests."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import openai

import costmark
from harness import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY, Emulator, Recorder

CREDENTIALS = costmark.Credentials(ACCESS_KEY_ID, SECRET_ACCESS_KEY)
SIGNED: dict[str, Any] = {
    "auth": "sigv4",
    "region": REGION,
    "credentials": CREDENTIALS,
    "unattributed": "allow",
}
MAJOR = int(openai.__version__.partition(".")[0])
# The HTTP library of this major of the SDK.
httpx: Any = import_module("httpx2" if MAJOR >= 3 else "httpx")


def plain(server: Emulator | Recorder, **options: Any) -> openai.OpenAI:
    return openai.OpenAI(**{"base_url": server.base_url, "api_key": "unused", **options})


def plain_async(server: Emulator | Recorder, **options: Any) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(**{"base_url": server.base_url, "api_key": "unused", **options})


def signed(server: Emulator, project: str | None = None, **options: Any) -> openai.OpenAI:
    return costmark.wrap(plain(server, **options), project=project, **SIGNED)


def signed_async(
    server: Emulator, project: str | None = None, **options: Any
) -> openai.AsyncOpenAI:
    return costmark.wrap(plain_async(server, **options), project=project, **SIGNED)


def create_project(client: openai.OpenAI, name: str) -> str:
    created: Any = client.post(
        "/organization/projects", cast_to=object, body={"name": name, "tags": {"team": name}}
    )
    project: str = created["id"]
    return project
