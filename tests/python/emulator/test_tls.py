"""The emulator over https, as clients that insist on it need it."""

from __future__ import annotations

import ssl
import urllib.request
from typing import TYPE_CHECKING

import boto3  # type: ignore[import-untyped,unused-ignore]
import pytest

from emulator.support import BEARER, Emulator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tls") / "ca.pem"


@pytest.fixture(scope="module")
def server(ca: Path) -> Iterator[Emulator]:
    emulator = Emulator("--tls", str(ca))
    yield emulator
    assert emulator.stop()[0] == 0


def get(url: str, context: ssl.SSLContext) -> bytes:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {BEARER}"})
    with urllib.request.urlopen(request, context=context, timeout=20) as answer:
        return bytes(answer.read())


def strict(ca: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(ca))
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    return context


def test_clients_that_trust_its_authority_get_through(server: Emulator, ca: Path) -> None:
    assert server.first_line.startswith("listening on https://127.0.0.1:")
    assert b"gpt-oss" in get(server.url + "/v1/models", strict(ca))
    assert b"gpt-oss" in get(
        server.url.replace("127.0.0.1", "localhost") + "/v1/models", strict(ca)
    )


def test_boto3_sends_its_bearer_token(
    server: Emulator, ca: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", BEARER)
    client = boto3.client(
        "bedrock-runtime", endpoint_url=server.url, region_name="us-east-1", verify=str(ca)
    )
    messages = [{"role": "user", "content": [{"text": "hi"}]}]
    answer = client.converse(modelId="amazon.nova-lite-v1:0", messages=messages)
    assert answer["usage"]["outputTokens"] > 0
    assert server.first_line.startswith("listening on https:")


def test_clients_that_do_not_refuse_it(server: Emulator) -> None:
    with pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
        get(server.url + "/v1/models", ssl.create_default_context())


def test_the_file_holds_a_certificate_and_no_key(ca: Path, server: Emulator) -> None:
    text = ca.read_text()
    assert text.count("BEGIN") == text.count("BEGIN CERTIFICATE") == 1


def test_each_run_has_an_authority_of_its_own(server: Emulator, tmp_path: Path) -> None:
    other = Emulator("--tls", str(tmp_path / "other.pem"))
    try:
        with pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
            get(server.url + "/v1/models", strict(tmp_path / "other.pem"))
    finally:
        other.stop()


def test_a_file_that_cannot_be_written_ends_the_start(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"cannot write .*ca\.pem: No such file"):
        Emulator("--tls", str(tmp_path / "missing" / "ca.pem"))
