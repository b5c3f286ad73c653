"""Clients with the SDK's own Bedrock provider: signed once, by us, as the same identity."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openai
import pytest

import costmark
from harness import ACCESS_KEY_ID, MESSAGES, MODEL, REGION, SECRET_ACCESS_KEY, Emulator, Recorder

bedrock_module = pytest.importorskip("openai.providers.bedrock")

CHAT: dict[str, Any] = {"model": MODEL, "messages": MESSAGES}
STATIC = {"access_key_id": ACCESS_KEY_ID, "secret_access_key": SECRET_ACCESS_KEY}


def provider(server: Emulator | Recorder, **options: Any) -> Any:
    return bedrock_module.bedrock(base_url=server.base_url, region=REGION, **options)


def test_static_credentials_without_botocores_signer(
    bedrock: Emulator, project_a: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr("openai.lib._bedrock_auth.BedrockAwsAuth.sign")
    client = openai.OpenAI(provider=provider(bedrock, **STATIC))
    with costmark.wrap(client, project=project_a):
        client.chat.completions.create(**CHAT)
        with costmark.project(project_a):
            client.with_options(timeout=9).responses.create(model=MODEL, input="Hello")
    records = bedrock.usage()
    assert [r["project"] for r in records] == [project_a] * 2
    assert {(r["signed_by"], r["access_key_id"]) for r in records} == {("sigv4", ACCESS_KEY_ID)}


async def test_asynchronous(bedrock: Emulator, project_a: str) -> None:
    client = openai.AsyncOpenAI(provider=provider(bedrock, **STATIC))
    async with costmark.wrap(client, project=project_a):
        await client.chat.completions.create(**CHAT)
        async for _ in await client.chat.completions.create(**CHAT, stream=True):
            pass
    assert [r["project"] for r in bedrock.usage()] == [project_a] * 2


def test_a_credentials_provider_is_asked_for_every_attempt(
    bedrock: Emulator, project_a: str
) -> None:
    asked = []

    class Keys:
        access_key, secret_key, token = ACCESS_KEY_ID, SECRET_ACCESS_KEY, None

    def ask() -> Keys:
        asked.append(1)
        return Keys()

    client = openai.OpenAI(provider=provider(bedrock, credential_provider=ask))
    with costmark.wrap(client, project=project_a):
        for _ in range(3):
            client.chat.completions.create(**CHAT)
    assert len(bedrock.usage()) == 3
    assert asked == [1] * 3


def test_a_failing_credentials_provider_is_a_credentials_error(bedrock: Emulator) -> None:
    def fail() -> object:
        raise RuntimeError("the vault is shut")

    client = openai.OpenAI(provider=provider(bedrock, credential_provider=fail))
    with costmark.wrap(client), pytest.raises(costmark.CredentialsError) as caught:
        client.chat.completions.create(**CHAT)
    assert isinstance(caught.value.__cause__, RuntimeError)


def test_the_default_chain_of_botocore(
    bedrock: Emulator, project_a: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY_ID)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY)
    client = openai.OpenAI(provider=provider(bedrock, api_key=None))
    with costmark.wrap(client, project=project_a):
        client.chat.completions.create(**CHAT)
    assert [r["access_key_id"] for r in bedrock.usage()] == [ACCESS_KEY_ID]


def test_retries(bedrock: Emulator, project_a: str) -> None:
    bedrock.fault("status", status=503)
    client = openai.OpenAI(provider=provider(bedrock, **STATIC))
    with costmark.wrap(client, project=project_a):
        client.chat.completions.create(**CHAT)
    used = costmark.usage()[project_a]
    assert (used.operations, used.attempts, used.failed_attempts) == (1, 2, 1)


@pytest.mark.parametrize("how", ["api_key", "token_provider"])
def test_bearer_providers_keep_their_token(recorder: Recorder, how: str) -> None:
    value: Any = "my-token" if how == "api_key" else lambda: "my-token"
    client = openai.OpenAI(provider=provider(recorder, **{how: value}))
    with costmark.wrap(client, project="proj_a"):
        client.chat.completions.create(**CHAT)
    assert recorder.last.header("authorization") == "Bearer my-token"
    assert recorder.last.header("x-amz-date") is None
    assert recorder.last.json()["project_id"] == "proj_a"


def test_the_providers_own_checks_stay(recorder: Recorder) -> None:
    client = openai.OpenAI(provider=provider(recorder, **STATIC))
    with costmark.wrap(client), pytest.raises(openai.OpenAIError, match="Authorization"):
        client.chat.completions.create(**CHAT, extra_headers={"Authorization": "mine"})
    assert not recorder.requests


def test_explicit_arguments_win_over_the_provider(recorder: Recorder) -> None:
    client = openai.OpenAI(provider=provider(recorder, **STATIC))
    credentials = costmark.Credentials("AKIDOTHER", "secret")
    with costmark.wrap(client, auth="sigv4", region=REGION, credentials=credentials):
        client.chat.completions.create(**CHAT)
    assert "AKIDOTHER" in (recorder.last.header("authorization") or "")


@pytest.mark.parametrize("how", ["keys", "profile", "credentials"])
def test_other_keys_sign_as_the_provider_would(
    recorder: Recorder, how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "credentials"
    file.write_text("[dev]\naws_access_key_id = AKIDOTHER\naws_secret_access_key = secret\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    options: dict[str, Any] = {
        "keys": {"access_key_id": "AKIDOTHER", "secret_access_key": "secret"},
        "profile": {"profile": "dev"},
        "credentials": {"credentials": costmark.Credentials("AKIDOTHER", "secret")},
    }[how]
    client = openai.OpenAI(provider=provider(recorder, **STATIC))
    with costmark.wrap(client, **options):
        client.chat.completions.create(**CHAT)
    signed = recorder.last.header("authorization") or ""
    assert "Credential=AKIDOTHER/" in signed
    assert f"/{REGION}/bedrock" in signed


def test_a_request_signed_by_others_is_signed_again(recorder: Recorder) -> None:
    """The transport alone, below a client whose own hooks are out of the way."""
    client = openai.OpenAI(provider=provider(recorder, **STATIC))
    costmark.wrap(client, project="proj_a")
    vars(client).pop("_prepare_request")
    with client:
        client.chat.completions.create(**CHAT)
    sent = recorder.last
    assert (sent.header("authorization") or "").count("Signature=") == 1
    assert "Bearer" not in (sent.header("authorization") or "")
    assert sent.json()["project_id"] == "proj_a"


def test_the_older_bedrock_class(bedrock: Emulator, project_a: str) -> None:
    from openai.lib.bedrock import BedrockOpenAI

    client = BedrockOpenAI(
        base_url=bedrock.base_url,
        aws_region=REGION,
        aws_access_key_id=ACCESS_KEY_ID,
        aws_secret_access_key=SECRET_ACCESS_KEY,
    )
    with costmark.wrap(client, project=project_a):
        client.chat.completions.create(**CHAT)
        client.with_options(timeout=9).chat.completions.create(**CHAT)
    assert [r["project"] for r in bedrock.usage()] == [project_a] * 2
