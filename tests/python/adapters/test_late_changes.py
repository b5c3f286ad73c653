"""What a client says at the time of a call counts; what `wrap` was given stays."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import openai
import pytest

import costmark
from adapters.clients import CREDENTIALS, MAJOR, SIGNED, httpx, plain, plain_async
from costmark._client.wrap import core_of
from harness import MESSAGES, MODEL, REGION, Recorder, run_recorder

if TYPE_CHECKING:
    from collections.abc import Iterator

CHAT: dict[str, Any] = {"model": MODEL, "messages": MESSAGES}
MANTLE = "https://bedrock-mantle.{}.api.aws/openai/v1"


@pytest.fixture
def elsewhere() -> Iterator[Recorder]:
    with run_recorder() as server:
        yield server


@pytest.fixture
def _unpatched() -> Iterator[None]:
    yield
    costmark.unpatch()


def host_of(server: Recorder) -> str:
    return server.url.removeprefix("http://")


def project_of(server: Recorder) -> Any:
    return server.last.json().get("project_id")


class Answering(httpx.BaseTransport):  # type: ignore[misc]
    """Keeps what it is sent, whatever the host."""

    def __init__(self) -> None:
        self.requests: list[Any] = []

    def handle_request(self, request: Any) -> Any:
        from harness import CHAT_ANSWER

        self.requests.append(request)
        return httpx.Response(200, json=CHAT_ANSWER)


# --- The base URL ---------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["with_options", "attribute"])
def test_another_base_url_is_followed(recorder: Recorder, elsewhere: Recorder, how: str) -> None:
    with costmark.wrap(plain(recorder), project="proj_a") as client:
        client.chat.completions.create(**CHAT)
        moved = client
        if how == "attribute":
            client.base_url = elsewhere.base_url
        else:
            moved = client.with_options(base_url=elsewhere.base_url)
        moved.chat.completions.create(**CHAT)
    assert [project_of(each) for each in (recorder, elsewhere)] == ["proj_a"] * 2
    assert (len(recorder.requests), len(elsewhere.requests)) == (1, 1)


class Following(openai.OpenAI):
    """Has its base URL from elsewhere."""

    place = ""

    @property
    def base_url(self) -> Any:
        return httpx.URL(self.place)

    @base_url.setter
    def base_url(self, url: Any) -> None: ...


def test_a_base_url_that_a_subclass_finds(recorder: Recorder, elsewhere: Recorder) -> None:
    with Following(api_key="unused", max_retries=0) as client:
        client.place = f"{recorder.base_url}/"
        costmark.wrap(client, project="proj_a")
        client.chat.completions.create(**CHAT)
        core = core_of(client)
        client.place = f"{elsewhere.base_url}/"
        client.chat.completions.create(**CHAT)
        assert core_of(client) is not core
    assert [project_of(each) for each in (recorder, elsewhere)] == ["proj_a"] * 2


def test_a_client_that_says_the_same_keeps_its_core_client(recorder: Recorder) -> None:
    with costmark.wrap(plain(recorder), project="proj_a") as client:
        core = core_of(client)
        client.chat.completions.create(**CHAT)
        client.api_key = str(client.api_key)
        assert core_of(client) is core
        client.api_key = "another"
        assert core_of(client) is not core


async def test_another_base_url_of_an_asynchronous_client(
    recorder: Recorder, elsewhere: Recorder
) -> None:
    async with costmark.wrap(plain_async(recorder), project="proj_a") as client:
        await client.chat.completions.create(**CHAT)
        client.base_url = elsewhere.base_url
        await client.chat.completions.create(**CHAT)
    assert [project_of(each) for each in (recorder, elsewhere)] == ["proj_a"] * 2


def test_a_host_of_another_region_is_signed_for() -> None:
    transport = Answering()
    client = openai.OpenAI(
        base_url=MANTLE.format("us-east-1"),
        api_key="unused",
        http_client=httpx.Client(transport=transport),
    )
    with costmark.wrap(client, auth="sigv4", credentials=CREDENTIALS, project="proj_a"):
        client.chat.completions.create(**CHAT)
        client.base_url = MANTLE.format("eu-west-1")
        client.chat.completions.create(**CHAT)
        client.with_options(base_url=MANTLE.format("us-west-2")).chat.completions.create(**CHAT)
    signed = [each.headers["authorization"] for each in transport.requests]
    for text, region in zip(signed, ("us-east-1", "eu-west-1", "us-west-2"), strict=True):
        assert f"/{region}/bedrock" in text


def test_requests_below_the_sdk_follow_as_well(recorder: Recorder, elsewhere: Recorder) -> None:
    with costmark.wrap(plain(recorder), project="proj_a") as client:
        client.base_url = elsewhere.base_url
        client.chat.completions.create(**CHAT)
        client._client.post(f"{elsewhere.base_url}/chat/completions", json=CHAT)
    assert [each.json()["project_id"] for each in elsewhere.requests] == ["proj_a"] * 2


def test_a_change_between_attempts_is_one_operation(
    recorder: Recorder, elsewhere: Recorder
) -> None:
    """The key changes when the first attempt is refused; the call stays one."""
    client = plain(recorder, api_key="ABSKone", max_retries=1)

    def busy(handler: Any, _: Any) -> None:
        client.api_key = "ABSKtwo"
        handler.send_response(503)
        handler.send_header("retry-after-ms", "1")
        handler.send_header("content-length", "0")
        handler.end_headers()
        recorder.answer = type(recorder).answer

    recorder.answer = busy
    with costmark.wrap(client, project="proj_a", auth="bearer"):
        client.chat.completions.create(**CHAT)
    keys = [each.header("authorization") for each in recorder.requests]
    assert keys == ["Bearer ABSKone", "Bearer ABSKtwo"]
    used = costmark.usage()["proj_a"]
    assert (used.operations, used.attempts, used.failed_attempts) == (1, 2, 1)


# --- Keys -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["with_options", "attribute"])
def test_another_api_key_is_followed(recorder: Recorder, how: str) -> None:
    with costmark.wrap(plain(recorder, api_key="ABSKone"), auth="bearer") as client:
        client.chat.completions.create(**CHAT)
        changed = client
        if how == "attribute":
            client.api_key = "ABSKtwo"
        else:
            changed = client.with_options(api_key="ABSKtwo")
        changed.chat.completions.create(**CHAT)
    keys = [each.header("authorization") for each in recorder.requests]
    assert keys == ["Bearer ABSKone", "Bearer ABSKtwo"]


def test_what_wrap_was_given_stays(recorder: Recorder) -> None:
    with costmark.wrap(
        plain(recorder, api_key="ABSKone"), auth="bearer", bearer_token="given", project="proj_a"
    ) as client:
        client.api_key = "ABSKtwo"
        client.project = "proj_b"
        client.chat.completions.create(**CHAT)
    assert recorder.last.header("authorization") == "Bearer given"
    assert project_of(recorder) == "proj_a"


@pytest.mark.skipif(MAJOR < 2, reason="this major has no BedrockOpenAI")
@pytest.mark.parametrize("asynchronous", [False, True])
async def test_a_copy_of_a_bedrock_client_for_another_region(asynchronous: bool) -> None:
    bedrock: Any = pytest.importorskip("openai.lib.bedrock")
    sent: list[Any] = []

    def answer(request: Any) -> Any:
        from harness import CHAT_ANSWER

        sent.append(request)
        return httpx.Response(200, json=CHAT_ANSWER)

    transport = httpx.MockTransport(answer)
    keys: dict[str, Any] = {
        "aws_region": "us-east-1",
        "aws_access_key_id": "AKIDEXAMPLE",
        "aws_secret_access_key": "secret",
    }
    client: Any
    if asynchronous:
        http_client = httpx.AsyncClient(transport=transport)
        client = bedrock.AsyncBedrockOpenAI(**keys, http_client=http_client)
    else:
        client = bedrock.BedrockOpenAI(**keys, http_client=httpx.Client(transport=transport))
    costmark.wrap(client, project="proj_a")
    for each in (client, client.with_options(aws_region="eu-west-1"), client):
        call = each.chat.completions.create(**CHAT)
        if asynchronous:
            await call
    regions = ["us-east-1", "eu-west-1", "us-east-1"]
    assert [each.url.host for each in sent] == [f"bedrock-mantle.{r}.api.aws" for r in regions]
    for request, region in zip(sent, regions, strict=True):
        assert f"/{region}/bedrock" in request.headers["authorization"]
        assert request.headers["openai-project"] == "proj_a"


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_a_provider_whose_credentials_change_at_every_attempt(
    recorder: Recorder, asynchronous: bool
) -> None:
    bedrock_module = pytest.importorskip("openai.providers.bedrock")
    numbers = iter(range(9))

    class Keys:
        secret_key, token = "secret", None

        def __init__(self) -> None:
            self.access_key = f"AKID{next(numbers)}"

    def busy(handler: Any, _: Any) -> None:
        handler.send_response(503)
        handler.send_header("retry-after-ms", "1")
        handler.send_header("content-length", "0")
        handler.end_headers()
        recorder.answer = type(recorder).answer

    recorder.answer = busy
    provider = bedrock_module.bedrock(
        base_url=recorder.base_url, region=REGION, credential_provider=Keys
    )
    make: Any = openai.AsyncOpenAI if asynchronous else openai.OpenAI
    client = costmark.wrap(make(provider=provider), project="proj_a")
    for _ in range(2):
        call = client.chat.completions.create(**CHAT)
        if asynchronous:
            await call
    if asynchronous:
        await client.close()
    sent = [each.header("authorization") or "" for each in recorder.requests]
    assert [text.partition("Credential=")[2].partition("/")[0] for text in sent] == [
        "AKID0",
        "AKID1",
        "AKID2",
    ]
    used = costmark.usage()["proj_a"]
    assert (used.operations, used.attempts) == (2, 3)


def test_without_botocore_the_default_chain_of_costmark_serves(recorder: Recorder) -> None:
    pytest.importorskip("openai.providers.bedrock")
    code = f"""
import sys
for name in [n for n in sys.modules if n.partition(".")[0] == "botocore"] + ["botocore"]:
    sys.modules[name] = None
import costmark, openai
from openai.providers.bedrock import bedrock
client = openai.OpenAI(provider=bedrock(base_url={recorder.base_url!r}, region="us-east-1"))
costmark.wrap(client, project="proj_a").chat.completions.create(model="m", messages=[])
"""
    environment = {
        "AWS_ACCESS_KEY_ID": "AKIDOFCHAIN",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "PYTHONPATH": ":".join(sys.path),
    }
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
    assert "Credential=AKIDOFCHAIN/" in (recorder.last.header("authorization") or "")


# --- patch ----------------------------------------------------------------------------------------


@pytest.mark.usefixtures("_unpatched")
@pytest.mark.parametrize("how", ["with_options", "attribute"])
def test_patch_leaves_a_client_alone_that_moves_to_another_host(
    recorder: Recorder, elsewhere: Recorder, how: str
) -> None:
    bare = plain(elsewhere)
    bare.chat.completions.create(**CHAT)
    costmark.patch(hosts=[host_of(recorder)], project="proj_a")
    with plain(recorder) as client:
        client.chat.completions.create(**CHAT)
        moved = client
        if how == "attribute":
            client.base_url = elsewhere.base_url
        else:
            moved = client.with_options(base_url=elsewhere.base_url)
        moved.chat.completions.create(**CHAT)
        assert project_of(recorder) == "proj_a"
        unwrapped, wrapped = elsewhere.requests
        assert (wrapped.body, wrapped.headers) == (unwrapped.body, unwrapped.headers)
        client.base_url = recorder.base_url
        client.chat.completions.create(**CHAT)
        assert project_of(recorder) == "proj_a"
    assert costmark.usage()["proj_a"].operations == 2


@pytest.mark.usefixtures("_unpatched")
def test_a_client_that_names_its_project_keeps_it_under_patch(recorder: Recorder) -> None:
    costmark.patch(hosts=[host_of(recorder)], project="proj_a")
    with plain(recorder, project="proj_own") as client:
        client.chat.completions.create(**CHAT)
        assert project_of(recorder) == "proj_own"
        client.project = "proj_late"
        client.chat.completions.create(**CHAT)
        assert project_of(recorder) == "proj_late"


# --- HTTP clients ---------------------------------------------------------------------------------


def test_a_copy_shares_the_http_client(recorder: Recorder) -> None:
    with costmark.wrap(plain(recorder), project="proj_a") as client:
        copied = client.with_options(timeout=9, project="proj_b")
        assert copied._client is client._client
        for each, project in ((client, "proj_a"), (copied, "proj_b"), (client, "proj_a")):
            each.chat.completions.create(**CHAT)
            assert project_of(recorder) == project
        again = costmark.wrap(copied, project="proj_c")
        again.chat.completions.create(**CHAT)
        assert project_of(recorder) == "proj_c"
        costmark.unwrap(client)
        again.chat.completions.create(**CHAT)
        assert project_of(recorder) == "proj_c"


def test_an_http_client_with_slots(recorder: Recorder) -> None:
    class Slotted(httpx.Client):  # type: ignore[misc]
        __slots__ = ("__private", "seen")

        def __init__(self) -> None:
            super().__init__()
            self.seen: list[str] = []
            self.__private = 0

        def send(self, request: Any, **options: Any) -> Any:
            self.seen.append(request.method)
            self.__private += 1
            return super().send(request, **options)

        def count(self) -> int:
            return self.__private

    http_client = Slotted()
    with costmark.wrap(plain(recorder, http_client=http_client), project="proj_a") as client:
        client.chat.completions.create(**CHAT)
        assert client._client.seen is http_client.seen  # type: ignore[attr-defined]
    assert project_of(recorder) == "proj_a"
    assert (http_client.seen, http_client.count()) == (["POST"], 1)


def test_a_signed_client_stays_signed_when_it_moves(
    recorder: Recorder, elsewhere: Recorder
) -> None:
    with costmark.wrap(plain(recorder), **SIGNED) as client:
        client.with_options(base_url=elsewhere.base_url).chat.completions.create(**CHAT)
    assert "Credential=" in (elsewhere.last.header("authorization") or "")
