"""Minted tokens in the hands of real OpenAI clients, verified by the emulator."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import openai
import pytest

import costmark
from adapters.clients import CREDENTIALS, plain, plain_async
from harness import MESSAGES, MODEL, REGION, Emulator

if TYPE_CHECKING:
    from collections.abc import Callable

BEARER: dict[str, Any] = {"auth": "bearer", "unattributed": "allow"}


def ask(client: openai.OpenAI) -> None:
    client.chat.completions.create(model=MODEL, messages=MESSAGES)


@pytest.mark.parametrize("wrapped", [True, False])
def test_a_provider_as_api_key(bedrock: Emulator, wrapped: bool) -> None:
    provider = costmark.token_provider(REGION, credentials=CREDENTIALS)
    with plain(bedrock, api_key=provider) as client:
        used = costmark.wrap(client, **BEARER) if wrapped else client
        ask(used)
        ask(used.with_options(timeout=30))
    assert [each["signed_by"] for each in bedrock.usage()] == ["bearer", "bearer"]
    assert {each["access_key_id"] for each in bedrock.usage()} == {"AKIDEXAMPLE"}


def test_the_project_travels_with_the_token(
    bedrock: Emulator, project_a: str, new_project: Callable[[], str]
) -> None:
    provider = costmark.token_provider(REGION, credentials=CREDENTIALS)
    with plain(bedrock, api_key=provider) as client:
        ask(costmark.wrap(client, project=project_a, **BEARER))
    (record,) = bedrock.usage()
    assert (record["signed_by"], record["project"]) == ("bearer", project_a)


@pytest.mark.parametrize("wrapped", [True, False])
async def test_an_async_provider_as_api_key(bedrock: Emulator, wrapped: bool) -> None:
    provider = costmark.async_token_provider(REGION, credentials=CREDENTIALS)
    async with plain_async(bedrock, api_key=provider) as client:
        used = costmark.wrap(client, **BEARER) if wrapped else client
        await used.chat.completions.create(model=MODEL, messages=MESSAGES)
    assert [each["signed_by"] for each in bedrock.usage()] == ["bearer"]


@pytest.mark.parametrize("wrapped", [True, False])
def test_a_token_is_refused_after_its_end(bedrock: Emulator, wrapped: bool) -> None:
    minute_ago = time.time() - 60

    def client_with(token: str) -> openai.OpenAI:
        client = plain(bedrock, api_key=token, max_retries=0)
        return costmark.wrap(client, **BEARER) if wrapped else client

    good, ended = (
        costmark.token(REGION, credentials=CREDENTIALS, expires_in=life, time=minute_ago)
        for life in (120, 59)
    )
    with client_with(good) as client:
        ask(client)
    with (
        client_with(ended) as client,
        pytest.raises(openai.AuthenticationError, match="expired") as caught,
    ):
        ask(client)
    assert ended not in str(caught.value)


def test_a_token_is_good_in_its_region_alone(bedrock: Emulator) -> None:
    token = costmark.token("eu-west-1", credentials=CREDENTIALS)
    with (
        plain(bedrock, api_key=token, max_retries=0) as client,
        pytest.raises(openai.AuthenticationError, match="valid region"),
    ):
        ask(client)


def test_short_lives_are_renewed_between_calls(bedrock: Emulator) -> None:
    provider = costmark.token_provider(REGION, credentials=CREDENTIALS, expires_in=2)
    end = time.monotonic() + 4
    with plain(bedrock, api_key=provider, max_retries=0) as bare:
        client = costmark.wrap(bare, **BEARER)
        while time.monotonic() < end:
            ask(client)
            time.sleep(0.05)
    assert len(bedrock.usage()) > 10
