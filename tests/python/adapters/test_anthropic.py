"""The Anthropic SDK: signed, attributed and counted to the token."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import anthropic
import pytest

import costmark
from adapters import clients
from adapters.anthropic_clients import (
    CALL,
    MODEL,
    plain,
    plain_async,
    signed,
    signed_async,
)
from adapters.clients import CREDENTIALS, SIGNED
from adapters.test_calls import assert_sides_agree
from harness import (
    ACCESS_KEY_ID,
    MESSAGES,
    REGION,
    SECRET_ACCESS_KEY,
    Emulator,
    Received,
    Recorder,
    answer_json,
    answer_stream,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from http.server import BaseHTTPRequestHandler

WORKSPACE = "anthropic-workspace-id"
MESSAGE: dict[str, Any] = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": MODEL,
    "content": [{"type": "text", "text": "Yes."}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {
        "input_tokens": 5,
        "cache_creation_input_tokens": 30,
        "cache_read_input_tokens": 200,
        "output_tokens": 3,
    },
}


def message_events() -> list[bytes]:
    started = {**MESSAGE, "content": [], "usage": {**MESSAGE["usage"], "output_tokens": 1}}
    ended = {"stop_reason": "end_turn", "stop_sequence": None}
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": started},
        {
            "type": "content_block_start",
            "index": 0,
            "content_block": {"type": "text", "text": ""},
        },
        {
            "type": "content_block_delta",
            "index": 0,
            "delta": {"type": "text_delta", "text": "Yes."},
        },
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": ended, "usage": {"output_tokens": 3}},
        {"type": "message_stop"},
    ]
    return [f"event: {e['type']}\ndata: {json.dumps(e)}\n\n".encode() for e in events]


def answer_message(handler: BaseHTTPRequestHandler, request: Received) -> None:
    if request.path.startswith("/anthropic/v1/messages/count_tokens"):
        answer_json(handler, {"input_tokens": 5})
    elif b'"stream":true' in request.body.replace(b" ", b""):
        answer_stream(handler, message_events())
    else:
        answer_json(handler, MESSAGE)


@pytest.fixture
def recorder(recorder: Recorder) -> Recorder:
    recorder.answer = answer_message
    return recorder


def workspaces(recorder: Recorder) -> list[str | None]:
    return [request.header(WORKSPACE) for request in recorder.requests]


# --- Every way of calling -----------------------------------------------------------------------


def all_sync_calls(client: anthropic.Anthropic) -> int:
    messages = client.messages
    assert messages.create(**CALL).content
    assert list(messages.create(**CALL, stream=True))
    with messages.create(**CALL, stream=True) as events:
        assert [event.type for event in events][-1] == "message_stop"
    with messages.stream(**CALL) as stream:
        assert "".join(stream.text_stream)
        assert stream.get_final_message().usage.output_tokens
    assert messages.with_raw_response.create(**CALL).parse().usage
    with messages.with_streaming_response.create(**CALL) as response:
        assert response.read()
    with client.with_streaming_response.messages.create(**CALL, stream=True) as response:
        assert any(line.startswith("event: message_stop") for line in response.iter_lines())
    assert client.beta.messages.create(**CALL).usage
    with client.beta.messages.stream(**CALL) as beta_stream:
        beta_stream.until_done()
    return 9


async def all_async_calls(client: anthropic.AsyncAnthropic) -> int:
    messages = client.messages
    assert (await messages.create(**CALL)).content
    async for _ in await messages.create(**CALL, stream=True):
        pass
    async with messages.stream(**CALL) as stream:
        assert (await stream.get_final_message()).usage.output_tokens
    assert (await messages.with_raw_response.create(**CALL)).headers["content-type"]
    assert (await client.with_raw_response.messages.create(**CALL)).headers["x-request-id"]
    async with messages.with_streaming_response.create(**CALL) as response:
        assert await response.read()
    assert (await client.beta.messages.create(**CALL)).usage
    async with client.beta.messages.stream(**CALL) as beta_stream:
        await beta_stream.until_done()
    return 8


def test_synchronous(bedrock: Emulator, project_a: str, project_b: str) -> None:
    with signed(bedrock, project_b) as client:
        number = all_sync_calls(client)
        with costmark.project(project_a):
            all_sync_calls(client)
    assert_sides_agree(bedrock)
    used = costmark.usage()
    assert {project: sums.operations for project, sums in used.items()} == {
        project_a: number,
        project_b: number,
    }
    assert {record["signed_by"] for record in bedrock.usage()} == {"sigv4"}
    assert {record["api"] for record in bedrock.usage()} == {"messages"}


async def test_asynchronous(bedrock: Emulator, project_a: str, project_b: str) -> None:
    async with signed_async(bedrock, project_b) as client:
        number = await all_async_calls(client)
        with costmark.project(project_a):
            await all_async_calls(client)
    assert_sides_agree(bedrock)
    assert {project: sums.operations for project, sums in costmark.usage().items()} == {
        project_a: number,
        project_b: number,
    }


def test_cached_input_agrees_too(bedrock: Emulator, project_a: str) -> None:
    long = [{"role": "user", "content": "shoes and socks " * 900}]
    with signed(bedrock, project_a) as client:
        for _ in range(2):
            client.messages.create(**{**CALL, "messages": long})
        with client.messages.stream(**{**CALL, "messages": long}) as stream:
            stream.until_done()
        marked = [{"type": "text", "text": "laces " * 200, "cache_control": {"type": "ephemeral"}}]
        for _ in range(2):
            client.messages.create(**CALL, system=marked)
    assert_sides_agree(bedrock)
    used = costmark.usage()[project_a]
    assert 0 < used.cached_input_tokens < used.input_tokens
    assert 0 < used.cache_write_tokens < 210
    assert used.inconsistent == 0


def test_tokens_are_counted_without_being_used(bedrock: Emulator, project_a: str) -> None:
    arguments = {name: CALL[name] for name in ("model", "messages")}
    with signed(bedrock, project_a) as client:
        assert client.messages.count_tokens(**arguments).input_tokens > 0
        assert client.beta.messages.count_tokens(**arguments).input_tokens > 0
    assert costmark.usage() == {}
    sent = [dict(request["headers"]) for request in bedrock.requests()[-2:]]
    assert [headers[WORKSPACE] for headers in sent] == [project_a] * 2


def test_fifty_calls_at_once_of_five_projects(
    bedrock: Emulator, new_project: Callable[[], str]
) -> None:
    projects = [new_project() for _ in range(5)]
    client, async_client = signed(bedrock), signed_async(bedrock)
    expected: dict[str, str] = {}

    def arguments(number: int) -> dict[str, Any]:
        text = f"call {number}: " + "word " * number
        expected[text] = projects[number % 5]
        return {**CALL, "messages": [{"role": "user", "content": text}]}

    def call(arguments: dict[str, Any]) -> None:
        with client.messages.stream(**arguments) as stream:
            stream.until_done()

    async def tasks() -> None:
        waiting: list[Any] = []
        for number in range(25, 50):
            with costmark.project(projects[number % 5]):
                made = async_client.messages.create(**arguments(number))
            waiting.append(made)
        await asyncio.gather(*waiting)
        await async_client.close()

    with ThreadPoolExecutor(10) as pool:
        futures = []
        for number in range(25):
            with costmark.project(projects[number % 5]):
                futures.append(pool.submit(costmark.bind(call), arguments(number)))
        asyncio.run(tasks())
        for future in futures:
            future.result()
    client.close()

    sent = {
        json.loads(request["body"])["messages"][0]["content"]: dict(request["headers"])[WORKSPACE]
        for request in bedrock.requests()
        if request["path"] == "/anthropic/v1/messages"
    }
    assert sent == expected
    assert len(sent) == 50
    assert_sides_agree(bedrock)
    assert Counter(record["project"] for record in bedrock.usage()) == dict.fromkeys(projects, 10)


# --- What is sent -------------------------------------------------------------------------------


def test_only_the_workspace_header_is_added(recorder: Recorder) -> None:
    for client in (plain(recorder), costmark.wrap(plain(recorder), project="proj_a")):
        with client:
            client.messages.create(**CALL, system="größe", extra_headers={"x-own": "1"})
    before, after = recorder.requests
    assert after.body == before.body
    assert after.headers == [*before.headers, (WORKSPACE, "proj_a")]
    assert (after.method, after.path) == (before.method, before.path)


def test_without_a_project_nothing_is_changed(recorder: Recorder) -> None:
    for client in (plain(recorder), costmark.wrap(plain(recorder), unattributed="allow")):
        with client:
            client.messages.create(**CALL)
    before, after = recorder.requests
    assert (after.headers, after.body) == (before.headers, before.body)


@pytest.mark.parametrize("header", ["OpenAI-Project", "anthropic-workspace", WORKSPACE])
def test_a_call_names_its_project_in_any_header(
    bedrock: Emulator, project_a: str, project_b: str, header: str
) -> None:
    with signed(bedrock, project_b) as client:
        client.messages.create(**CALL, extra_headers={header: project_a})
        client.with_options(default_headers={header: project_a}).messages.create(**CALL)
    assert [record["project"] for record in bedrock.usage()] == [project_a] * 2
    for request in bedrock.requests()[-2:]:
        names = {name for name, _ in request["headers"]}
        assert names & {"openai-project", "anthropic-workspace", WORKSPACE} == {WORKSPACE}


def test_the_key_of_the_sdk_is_not_sent_beside_a_signature(bedrock: Emulator) -> None:
    with signed(bedrock) as client:
        client.messages.create(**CALL)
    headers = dict(bedrock.requests()[-1]["headers"])
    assert "x-api-key" not in headers
    assert headers["authorization"].startswith("AWS4-HMAC-SHA256 ")


@pytest.mark.parametrize("argument", ["api_key", "auth_token"])
def test_a_key_of_bedrocks_is_a_bearer_token(
    bedrock: Emulator, project_a: str, argument: str
) -> None:
    key: dict[str, Any] = {argument: "ABSKEXAMPLE"}
    client = anthropic.Anthropic(base_url=f"{bedrock.url}/anthropic", **key)
    with costmark.wrap(client, project=project_a, auth="bearer"):
        client.messages.create(**CALL)
    assert [record["signed_by"] for record in bedrock.usage()] == ["bearer"]
    assert_sides_agree(bedrock)


# --- Errors -------------------------------------------------------------------------------------


def test_errors_of_the_service_are_the_sdks(bedrock: Emulator, project_a: str) -> None:
    with signed(bedrock, "proj_nobody", max_retries=0) as client:
        with pytest.raises(anthropic.NotFoundError, match="proj_nobody"):
            client.messages.create(**CALL)
        with costmark.project(project_a):
            with pytest.raises(anthropic.NotFoundError, match="does not exist") as caught:
                client.messages.create(**{**CALL, "model": "anthropic.nothing"})
            with pytest.raises(anthropic.BadRequestError):
                client.messages.create(**CALL, extra_body={"x": 1})
    assert not getattr(caught.value, "__notes__", [])
    used = costmark.usage()
    assert used["proj_nobody"].failed_attempts == 1
    assert used[project_a].failed_attempts == used[project_a].operations == 2
    assert used[project_a].output_tokens == 0


def test_what_costmark_refuses_is_never_sent(recorder: Recorder) -> None:
    with (
        costmark.wrap(plain(recorder), unattributed="refuse") as client,
        pytest.raises(costmark.AttributionError, match="no project is named"),
    ):
        client.messages.create(**CALL)
    assert recorder.requests == []


async def test_retries_are_signed_anew(bedrock: Emulator, project_a: str) -> None:
    bedrock.fault("status", status=429, count=2, retry_after=0.01)
    async with signed_async(bedrock, project_a, max_retries=3) as client:
        await client.messages.create(**CALL)
        bedrock.fault("drop", count=1)
        async for _ in await client.messages.create(**CALL, stream=True):
            pass
    used = costmark.usage()[project_a]
    assert (used.operations, used.attempts, used.failed_attempts) == (2, 5, 3)
    statuses = [r["status"] for r in bedrock.requests() if r["path"].endswith("/messages")]
    assert statuses == [429, 429, 200, statuses[3], 200]
    assert len(bedrock.usage()) == 2
    assert sum(r["output_tokens"] for r in bedrock.usage()) == used.output_tokens


def test_a_stream_that_breaks_off_is_incomplete(bedrock: Emulator, project_a: str) -> None:
    bedrock.fault("drop_stream", after_events=4)
    with (
        signed(bedrock, project_a, max_retries=0) as client,
        pytest.raises(Exception),  # noqa: B017, PT011 - which one is the SDK's affair
        client.messages.stream(**CALL) as stream,
    ):
        stream.get_final_message()
    used = costmark.usage()[project_a]
    assert (used.attempts, used.incomplete_attempts) == (1, 1)
    assert used.input_tokens == bedrock.usage()[0]["input_tokens"]


# --- Usage --------------------------------------------------------------------------------------


@pytest.mark.parametrize("stream", [False, True])
def test_input_includes_what_was_cached(recorder: Recorder, stream: bool) -> None:
    with costmark.wrap(plain(recorder), project="proj_a") as client:
        answer = client.messages.create(**CALL, stream=stream)
        if stream:
            list(answer)
    used = costmark.usage()["proj_a"]
    assert used.input_tokens == 5 + 30 + 200
    assert (used.cached_input_tokens, used.cache_write_tokens) == (200, 30)
    assert (used.output_tokens, used.inconsistent) == (3, 0)


# --- Scopes -------------------------------------------------------------------------------------


async def awaited(call: Any) -> None:
    await call


async def streamed(call: Any) -> None:
    async for _ in await call:
        pass


async def entered(manager: Any) -> None:
    async with manager as value:
        await (value.read() if hasattr(value, "read") else value.until_done())


ASYNC_CALLS: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "create": (lambda c: c.messages.create(**CALL), awaited),
    "create stream": (lambda c: c.messages.create(**CALL, stream=True), streamed),
    "stream": (lambda c: c.messages.stream(**CALL), entered),
    "raw": (lambda c: c.messages.with_raw_response.create(**CALL), awaited),
    "raw of client": (lambda c: c.with_raw_response.messages.create(**CALL), awaited),
    "raw of beta": (lambda c: c.beta.with_raw_response.messages.create(**CALL), awaited),
    "streaming": (lambda c: c.messages.with_streaming_response.create(**CALL), entered),
    "streaming of client": (
        lambda c: c.with_streaming_response.messages.create(**CALL),
        entered,
    ),
    "beta stream": (lambda c: c.beta.messages.stream(**CALL), entered),
    "post": (lambda c: c.post("/v1/messages", cast_to=object, body=CALL), awaited),
}


@pytest.mark.parametrize("name", ASYNC_CALLS)
async def test_awaited_outside(recorder: Recorder, name: str) -> None:
    call, finish = ASYNC_CALLS[name]
    async with costmark.wrap(plain_async(recorder), unattributed="allow") as client:
        with costmark.project("proj_a"):
            made_in_a = call(client)
        made_outside = call(client)
        await finish(made_in_a)
        with costmark.project("proj_b"):
            await finish(made_outside)
    assert workspaces(recorder) == ["proj_a", None]


SYNC_MANAGERS: dict[str, Callable[[Any], Any]] = {
    "stream": lambda c: c.messages.stream(**CALL),
    "beta stream": lambda c: c.beta.messages.stream(**CALL),
    "streaming": lambda c: c.messages.with_streaming_response.create(**CALL),
    "streaming of client": lambda c: c.with_streaming_response.messages.create(**CALL),
}


@pytest.mark.parametrize("name", SYNC_MANAGERS)
def test_entered_outside(recorder: Recorder, name: str) -> None:
    make = SYNC_MANAGERS[name]
    with costmark.wrap(plain(recorder), unattributed="allow") as client:
        with costmark.project("proj_a"):
            made_in_a = make(client)
        made_outside = make(client)
        for manager in (made_in_a, made_outside):
            with costmark.project("proj_b"), manager as value:
                value.read() if hasattr(value, "read") else value.until_done()
    assert workspaces(recorder) == ["proj_a", None]


# --- Wrapping -----------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [plain, plain_async])
def test_wrap_returns_the_same_client_and_unwrap_restores_it(recorder: Recorder, make: Any) -> None:
    client = make(recorder)
    before, http_type = dict(vars(client)), type(client._client)
    cls = type(client)
    assert costmark.wrap(client, project="proj_a") is client
    assert type(client) is cls
    assert isinstance(client._client, http_type)
    _ = client.messages.with_raw_response
    costmark.wrap(client, project="proj_b")
    assert costmark.unwrap(client) is client
    vars(client).pop("messages")
    assert vars(client) == before


def test_copies_stay_wrapped(recorder: Recorder) -> None:
    with costmark.wrap(plain(recorder), project="proj_a") as client:
        for copied in (client.copy(timeout=9), client.with_options(max_retries=0)):
            copied.messages.create(**CALL)
            with costmark.project("proj_scope"):
                copied.copy().messages.create(**CALL)
        costmark.unwrap(client)
        client.messages.create(**CALL)
    assert workspaces(recorder) == ["proj_a", "proj_scope"] * 2 + [None]


def test_both_sdks_are_wrapped_side_by_side(recorder: Recorder) -> None:
    import openai

    with (
        costmark.wrap(plain(recorder), project="proj_a") as client,
        costmark.wrap(clients.plain(recorder), project="proj_b") as other,
    ):
        client.messages.create(**CALL)
        costmark.unwrap(client)
        recorder.answer = type(recorder).answer
        other.chat.completions.create(model="m", messages=MESSAGES)
        assert isinstance(other, openai.OpenAI)
    assert recorder.requests[0].header(WORKSPACE) == "proj_a"
    assert recorder.requests[1].json()["project_id"] == "proj_b"


def test_clients_without_bedrock_projects_are_refused() -> None:
    foundry = anthropic.AnthropicFoundry(api_key="x", resource="r")
    with pytest.raises(TypeError, match="calls no API that has Bedrock projects"):
        costmark.wrap(foundry)
    assert "_costmark" not in vars(foundry)
    for what in (anthropic.Anthropic, foundry.messages, anthropic):
        with pytest.raises(TypeError, match="wrap\\(\\) takes a client such as"):
            costmark.wrap(what)


# --- The SDK's own client for mantle hosts ------------------------------------------------------


def mantle(server: Emulator, **options: Any) -> Any:
    defaults = {
        "base_url": f"{server.url}/anthropic",
        "aws_region": REGION,
        "aws_access_key": ACCESS_KEY_ID,
        "aws_secret_key": SECRET_ACCESS_KEY,
    }
    return anthropic.AnthropicBedrockMantle(**{**defaults, **options})


def test_a_mantle_client_is_signed_once_and_by_us(
    bedrock: Emulator, project_a: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)  # which it would sign with
    with costmark.wrap(mantle(bedrock), project=project_a) as client:
        client.messages.create(**CALL)
        client.beta.messages.create(**CALL)
        client.with_options(max_retries=0).messages.create(**CALL)
    assert_sides_agree(bedrock)
    assert [r["access_key_id"] for r in bedrock.usage()] == [ACCESS_KEY_ID] * 3
    assert list(costmark.usage()) == [project_a]


async def test_an_asynchronous_mantle_client(bedrock: Emulator, project_a: str) -> None:
    client = anthropic.AsyncAnthropicBedrockMantle(
        base_url=f"{bedrock.url}/anthropic",
        aws_region=REGION,
        aws_access_key=ACCESS_KEY_ID,
        aws_secret_key=SECRET_ACCESS_KEY,
    )
    async with costmark.wrap(client) as wrapped:
        with costmark.project(project_a):
            call = wrapped.messages.create(**CALL)
        await call
    assert_sides_agree(bedrock)
    assert list(costmark.usage()) == [project_a]


def test_a_mantle_client_takes_the_default_chain_in_its_profile(
    bedrock: Emulator, project_a: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    (tmp_path / "credentials").write_text(
        f"[team]\naws_access_key_id={ACCESS_KEY_ID}\naws_secret_access_key={SECRET_ACCESS_KEY}\n"
    )
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIANOBODY")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
    client = mantle(bedrock, aws_access_key=None, aws_secret_key=None, aws_profile="team")
    with costmark.wrap(client, project=project_a):
        client.messages.create(**CALL)
    assert [r["access_key_id"] for r in bedrock.usage()] == [ACCESS_KEY_ID]


def test_a_mantle_client_keeps_its_api_key(bedrock: Emulator, project_a: str) -> None:
    client = mantle(bedrock, api_key="ABSKEXAMPLE", aws_access_key=None, aws_secret_key=None)
    with costmark.wrap(client, project=project_a):
        client.messages.create(**CALL)
    assert [r["signed_by"] for r in bedrock.usage()] == ["bearer"]
    assert list(costmark.usage()) == [project_a]


def test_a_copy_of_a_mantle_client_signs_with_its_own_keys(
    bedrock: Emulator, project_a: str
) -> None:
    wrong = mantle(bedrock, aws_access_key="AKIANOBODY", aws_secret_key="nothing", max_retries=0)
    with costmark.wrap(wrong, project=project_a) as client:
        with pytest.raises(anthropic.AuthenticationError):
            client.messages.create(**CALL)
        right = client.copy(aws_access_key=ACCESS_KEY_ID, aws_secret_key=SECRET_ACCESS_KEY)
        right.messages.create(**CALL)
    assert [r["access_key_id"] for r in bedrock.usage()] == [ACCESS_KEY_ID]


def test_options_of_wrap_win_over_a_mantle_client(bedrock: Emulator, project_a: str) -> None:
    client = mantle(bedrock, aws_access_key="AKIANOBODY", aws_secret_key="nothing")
    with costmark.wrap(client, project=project_a, **SIGNED):
        client.messages.create(**CALL)
    assert [r["access_key_id"] for r in bedrock.usage()] == [ACCESS_KEY_ID]


def test_the_host_names_the_region_of_a_mantle_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    client = anthropic.AnthropicBedrockMantle(
        base_url="https://bedrock-mantle.us-east-1.api.aws/anthropic",
        aws_access_key="a",
        aws_secret_key="b",
    )
    assert costmark.wrap(client) is client


# --- Its clients for InvokeModel ----------------------------------------------------------------

INVOKED = {**CALL, "model": "anthropic.claude-sonnet-4-5-20250929-v1:0"}


def runtime(server: Emulator, **options: Any) -> Any:
    keys = {"aws_access_key": ACCESS_KEY_ID, "aws_secret_key": SECRET_ACCESS_KEY}
    return anthropic.AnthropicBedrock(
        **{"base_url": server.url, "aws_region": REGION, **keys, **options}
    )


def test_invoke_model_is_signed_once_and_by_us(
    bedrock: Emulator, project_a: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)  # which it would sign with
    with costmark.wrap(runtime(bedrock), project=project_a) as client:
        assert client.messages.create(**INVOKED).content
        streamed = list(client.messages.create(**INVOKED, stream=True))
        with client.messages.stream(**INVOKED) as stream:
            assert stream.get_final_message().content
    assert streamed[-1].type == "message_stop"
    assert_sides_agree(bedrock)
    assert [r["api"] for r in bedrock.usage()] == ["invoke_model"] * 3
    assert [r["access_key_id"] for r in bedrock.usage()] == [ACCESS_KEY_ID] * 3
    assert list(costmark.usage()) == [project_a]
    header = dict(bedrock.requests()[-1]["headers"])
    assert header["x-amzn-bedrock-projectidentifier"] == project_a
    assert "x-amzn-bedrock-projectidentifier" in header["authorization"]


async def test_an_asynchronous_client_of_invoke_model(bedrock: Emulator, project_a: str) -> None:
    client = anthropic.AsyncAnthropicBedrock(
        base_url=bedrock.url,
        aws_region=REGION,
        aws_access_key=ACCESS_KEY_ID,
        aws_secret_key=SECRET_ACCESS_KEY,
    )
    async with costmark.wrap(client, project=project_a) as wrapped:
        await wrapped.messages.create(**INVOKED)
        assert [each async for each in await wrapped.messages.create(**INVOKED, stream=True)]
    assert_sides_agree(bedrock)
    assert list(costmark.usage()) == [project_a]


# --- patch --------------------------------------------------------------------------------------


@pytest.fixture
def _unpatched() -> Iterator[None]:
    classes = (
        anthropic.Anthropic,
        anthropic.AsyncAnthropic,
        anthropic.AnthropicBedrockMantle,
        anthropic.AsyncAnthropicBedrockMantle,
        anthropic.AnthropicBedrock,
        anthropic.AsyncAnthropicBedrock,
    )
    before = [cls.__init__ for cls in classes]
    yield
    costmark.unpatch()
    assert [cls.__init__ for cls in classes] == before
    assert not any(type(finder).__name__ == "_Watcher" for finder in sys.meta_path)


@pytest.mark.usefixtures("_unpatched")
def test_patch_wraps_clients_made_later(bedrock: Emulator, project_a: str) -> None:
    costmark.patch(bedrock.url.removeprefix("http://"), project=project_a, **SIGNED)
    with plain(bedrock) as client, mantle(bedrock) as other, runtime(bedrock) as third:
        for each in (client, other):
            assert each.messages.create(**CALL).content
        assert third.messages.create(**INVOKED).content
    assert_sides_agree(bedrock)
    assert costmark.usage()[project_a].operations == 3


@pytest.mark.usefixtures("_unpatched")
def test_patch_passes_other_platforms_by() -> None:
    costmark.patch(hosts=["api.anthropic.com.example", "gateway"])
    for client, wrapped in (
        (anthropic.Anthropic(api_key="x"), False),
        (anthropic.Anthropic(api_key="x", base_url="https://gateway/anthropic"), True),
        (
            anthropic.Anthropic(
                api_key="x", base_url="https://bedrock-mantle.eu-west-1.api.aws/anthropic"
            ),
            True,
        ),
        (anthropic.AnthropicBedrockMantle(aws_region=REGION, api_key="x"), True),
        (anthropic.AnthropicFoundry(api_key="x", base_url="https://gateway/anthropic"), False),
        (anthropic.AnthropicBedrock(aws_region=REGION), True),
    ):
        assert ("_costmark" in vars(client)) == wrapped, client


@pytest.mark.parametrize(
    ("package", "client", "other"),
    [("openai", "OpenAI", "anthropic"), ("anthropic", "Anthropic", "openai")],
)
def test_patch_waits_for_an_sdk_that_is_imported_later(
    package: str, client: str, other: str
) -> None:
    code = f"""
import sys, costmark
from importlib import resources
costmark.patch(hosts=["gateway"])
assert not {{"openai", "anthropic"}} & sys.modules.keys()
import {package}
assert resources.files("{package}").joinpath("py.typed").is_file()
assert "exec_module" not in vars({package}.__spec__.loader)
client = {package}.{client}(api_key="x", base_url="https://gateway/x")
assert "_costmark" in vars(client)
costmark.unpatch()
assert "_costmark" not in vars({package}.{client}(api_key="x", base_url="https://gateway/x"))
assert "{other}" not in sys.modules
print("done")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "done\n", done.stderr


def test_credentials_are_asked_for_once(bedrock: Emulator, project_a: str) -> None:
    asked = []

    def ask() -> costmark.Credentials:
        asked.append(1)
        return CREDENTIALS

    options = {**SIGNED, "credentials": ask}
    with costmark.wrap(plain(bedrock), project=project_a, **options) as client:
        for _ in range(3):
            client.messages.create(**CALL)
    assert asked == [1]
