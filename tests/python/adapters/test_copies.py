"""wrap, unwrap, copies, and HTTP clients that are shared."""

from __future__ import annotations

import copy
import gc
import inspect
from typing import Any

import openai
import pytest

import costmark
from adapters.clients import httpx, plain, plain_async
from costmark._client import context
from harness import MESSAGES, MODEL, Recorder


def project_sent(recorder: Recorder, client: openai.OpenAI) -> Any:
    client.chat.completions.create(model=MODEL, messages=MESSAGES)
    return recorder.last.json().get("project_id")


def test_wrap_returns_the_same_client_of_the_same_type(recorder: Recorder) -> None:
    with plain(recorder) as client:
        http_type = type(client._client)
        assert costmark.wrap(client) is client
        assert type(client) is openai.OpenAI
        assert isinstance(client._client, http_type)
        assert type(client._client).__name__ == http_type.__name__


def test_signatures_stay(recorder: Recorder) -> None:
    for make in (plain, plain_async):
        before, after = make(recorder), costmark.wrap(make(recorder))
        for path in (
            "copy",
            "with_options",
            "post",
            "chat.completions.create",
            "responses.stream",
            "chat.completions.with_raw_response.create",
            "models.list",
        ):
            methods = []
            for client in (before, after):
                method: Any = client
                for name in path.split("."):
                    method = getattr(method, name)
                methods.append(method)
            old, new = methods
            assert inspect.signature(old) == inspect.signature(new), path
            assert inspect.ismethod(old) == inspect.ismethod(new), path
            assert inspect.iscoroutinefunction(old) == inspect.iscoroutinefunction(new), path
            assert (old.__name__, old.__doc__) == (new.__name__, new.__doc__)


@pytest.mark.parametrize("make", [plain, plain_async])
def test_unwrap_restores_exactly(recorder: Recorder, make: Any) -> None:
    from openai import _legacy_response, _resource, _response

    def state_of_sdk() -> list[Any]:
        return [
            _resource.SyncAPIResource.__init__,
            _resource.AsyncAPIResource.__init__,
            _legacy_response.async_to_raw_response_wrapper,
            _response.ResponseContextManager.__init__,
        ]

    for other in list(context._clients):  # of earlier tests
        costmark.unwrap(other)
    sdk = state_of_sdk()
    client = make(recorder)
    _ = client.chat.completions
    before, chat = dict(vars(client)), dict(vars(client.chat))
    completions = dict(vars(client.chat.completions))
    costmark.wrap(client)
    assert client.chat.completions.with_raw_response
    assert client.responses
    assert vars(client) != before
    assert costmark.unwrap(client) is client
    vars(client).pop("responses")
    assert vars(client) == before
    assert vars(client.chat) == chat
    assert vars(client.chat.completions) == completions
    assert state_of_sdk() == sdk
    assert costmark.unwrap(client) is client
    assert vars(client) == before


def test_an_unwrapped_client_is_plain(recorder: Recorder) -> None:
    with plain(recorder) as client:
        costmark.wrap(client, project="proj_a")
        assert project_sent(recorder, client) == "proj_a"
        costmark.unwrap(client)
        assert project_sent(recorder, client) is None
        assert costmark.usage()["proj_a"].operations == 1


def test_wrapping_twice_replaces(recorder: Recorder) -> None:
    with plain(recorder) as client:
        original = client._client
        costmark.wrap(client, project="proj_a")
        costmark.wrap(client, project="proj_b")
        assert project_sent(recorder, client) == "proj_b"
        assert costmark.usage()["proj_b"].attempts == 1
        assert costmark.unwrap(client)._client is original
        assert project_sent(recorder, client) is None


@pytest.mark.parametrize("what", [None, object(), openai.OpenAI, "client"])
def test_only_clients_are_wrapped(what: Any) -> None:
    with pytest.raises(TypeError, match="OpenAI"):
        costmark.wrap(what)


@pytest.mark.parametrize("method", ["copy", "with_options"])
def test_copies_stay_wrapped(recorder: Recorder, method: str) -> None:
    with costmark.wrap(plain(recorder), project="proj_a") as client:
        copied = getattr(client, method)(timeout=9)
        again = getattr(copied, method)(max_retries=0)
        assert (copied.timeout, again.max_retries) == (9, 0)
        for each in (copied, again):
            assert project_sent(recorder, each) == "proj_a"
            with costmark.project("proj_scope"):
                assert project_sent(recorder, each) == "proj_scope"
        costmark.unwrap(client)
        assert project_sent(recorder, again) == "proj_a"


async def test_asynchronous_copies_remember_their_scope(recorder: Recorder) -> None:
    async with costmark.wrap(plain_async(recorder)) as client:
        with costmark.project("proj_a"):
            call = client.with_options(timeout=9).chat.completions.create(
                model=MODEL, messages=MESSAGES
            )
        await call
    assert recorder.last.json()["project_id"] == "proj_a"


def test_a_copy_may_have_a_default_of_its_own(recorder: Recorder) -> None:
    with costmark.wrap(plain(recorder), project="proj_a") as client:
        other = client.with_options(project="proj_b")
        assert project_sent(recorder, other) == "proj_b"
        assert project_sent(recorder, client) == "proj_a"


def test_a_copy_with_an_http_client_of_its_own_stays_wrapped(recorder: Recorder) -> None:
    client = costmark.wrap(plain(recorder), project="proj_a")
    with client, httpx.Client() as http_client:
        assert project_sent(recorder, client.copy(http_client=http_client)) == "proj_a"
        assert project_sent(recorder, plain(recorder, http_client=http_client)) is None


def test_a_copy_for_another_origin_than_wrap_was_given_is_refused(recorder: Recorder) -> None:
    with costmark.wrap(plain(recorder), base_url=recorder.base_url) as client:
        moved = client.with_options(base_url="http://elsewhere.example/v1")
        with pytest.raises(costmark.ConfigurationError) as caught:
            project_sent(recorder, moved)
    assert caught.value.code == "endpoint_mismatch"
    assert "http://elsewhere.example" in str(caught.value)
    assert recorder.url in str(caught.value)
    assert not recorder.requests


def test_a_shared_http_client_does_not_change_for_others(recorder: Recorder) -> None:
    with httpx.Client() as http_client:
        before = dict(vars(http_client))
        mine = costmark.wrap(plain(recorder, http_client=http_client), project="proj_a")
        also_mine = costmark.wrap(plain(recorder, http_client=http_client), project="proj_b")
        others = plain(recorder, http_client=http_client)
        assert others._client is http_client
        assert project_sent(recorder, mine) == "proj_a"
        assert project_sent(recorder, others) is None
        assert project_sent(recorder, also_mine) == "proj_b"
        body = {"model": MODEL, "messages": MESSAGES}
        http_client.post(f"{recorder.base_url}/chat/completions", json=body)
        assert recorder.last.json() == body
        after = dict(vars(http_client))
        assert before.keys() == after.keys()
        assert before["_transport"] is after["_transport"]
        # What its owner changes later holds for everyone.
        http_client.headers["x-late"] = "1"
        project_sent(recorder, mine)
        assert recorder.last.header("x-late") == "1"


def test_a_legacy_httpx_client_under_the_newest_sdk(recorder: Recorder) -> None:
    legacy = pytest.importorskip("httpx")
    with legacy.Client() as http_client:
        client = costmark.wrap(plain(recorder, http_client=http_client), project="proj_a")
        assert project_sent(recorder, client) == "proj_a"
        chunks = client.chat.completions.create(model=MODEL, messages=MESSAGES, stream=True)
        assert all(chunk.choices for chunk in chunks)
    assert costmark.usage()["proj_a"].output_tokens == 6


@pytest.mark.parametrize("make", [plain, plain_async])
async def test_an_http_client_that_is_put_in_place_later_is_wrapped_too(
    recorder: Recorder, make: Any
) -> None:
    client = costmark.wrap(make(recorder), project="proj_a", unattributed="refuse")
    original = client._client
    other = httpx.AsyncClient if make is plain_async else httpx.Client
    client._client = other(base_url=recorder.base_url)
    found = client.chat.completions.create(model=MODEL, messages=MESSAGES)
    if make is plain_async:
        await found
    assert recorder.last.json()["project_id"] == "proj_a"
    assert costmark.usage()["proj_a"].attempts == 1
    for each in (original, client._client):
        await each.aclose() if make is plain_async else each.close()


def test_a_client_that_keeps_no_other_http_client_is_an_error(recorder: Recorder) -> None:
    class Own(openai.OpenAI):
        @property
        def _client(self) -> Any:
            return self.__dict__.setdefault("own", httpx.Client(base_url=recorder.base_url))

        @_client.setter
        def _client(self, _: Any) -> None:
            """Keep its own."""

    client = Own(base_url=recorder.base_url, api_key="unused")
    with pytest.raises(costmark.ConfigurationError, match="give it that one as http_client"):
        costmark.wrap(client, project="proj_a")
    client.chat.completions.create(model=MODEL, messages=MESSAGES)  # as it was
    assert b"project" not in recorder.last.body
    client.__dict__["own"].close()


def test_closing_reaches_the_clients_own_connections(recorder: Recorder) -> None:
    client = plain(recorder)
    original = client._client
    costmark.wrap(client)
    assert not client.is_closed()
    client.close()
    assert client.is_closed()
    assert original.is_closed
    with pytest.raises((RuntimeError, openai.APIConnectionError)):
        project_sent(recorder, client)


def test_dropping_a_wrapped_copy_leaves_the_shared_pool_open(recorder: Recorder) -> None:
    with plain(recorder) as client:
        copied = costmark.wrap(client.with_options(timeout=9), project="proj_a")
        assert project_sent(recorder, copied) == "proj_a"
        del copied
        gc.collect()
        assert not client.is_closed()
        assert project_sent(recorder, client) is None


def test_dropping_a_wrapped_client_closes_its_own_pool(recorder: Recorder) -> None:
    client = plain(recorder)
    original = client._client
    costmark.wrap(client, project="proj_a")
    project_sent(recorder, client)
    state = vars(original)
    del client, original
    gc.collect()
    assert "CLOSED" in str(state["_state"])


def test_mock_transports_are_observed_too(recorder: Recorder) -> None:
    from harness import CHAT_ANSWER

    seen = []

    def handler(request: Any) -> Any:
        seen.append(request.content)
        return httpx.Response(200, json=CHAT_ANSWER)

    http_client = httpx.Client(transport=httpx.MockTransport(handler))
    with costmark.wrap(plain(recorder, http_client=http_client), project="proj_a") as client:
        client.chat.completions.create(model=MODEL, messages=MESSAGES)
    assert b'"proj_a"' in seen[0]
    assert costmark.usage()["proj_a"].input_tokens == 7


def test_mounted_transports_and_event_hooks(recorder: Recorder) -> None:
    hooked: list[bytes] = []
    http_client = httpx.Client(
        mounts={"http://": httpx.HTTPTransport()},
        event_hooks={"request": [lambda request: hooked.append(request.content)]},
    )
    with costmark.wrap(plain(recorder, http_client=http_client), project="proj_a") as client:
        assert project_sent(recorder, client) == "proj_a"
    assert b"proj_a" not in hooked[0]


def test_a_hook_that_changes_the_request_is_respected(recorder: Recorder) -> None:
    def hook(request: Any) -> None:
        request.headers["OpenAI-Project"] = "proj_hook"

    http_client = httpx.Client(event_hooks={"request": [hook]})
    client = costmark.wrap(plain(recorder, http_client=http_client))
    with client, costmark.project("proj_scope"):
        assert project_sent(recorder, client) == "proj_hook"


def test_redirects_of_signed_requests_are_not_followed(recorder: Recorder) -> None:
    def redirect(handler: Any, _: Any) -> None:
        handler.send_response(307)
        handler.send_header("location", f"{recorder.base_url}/elsewhere")
        handler.send_header("content-length", "0")
        handler.end_headers()

    recorder.answer = redirect
    credentials = costmark.Credentials("AK", "secret")
    with (
        costmark.wrap(
            plain(recorder, max_retries=0),
            auth="sigv4",
            region="us-east-1",
            credentials=credentials,
        ) as client,
        pytest.raises(openai.APIStatusError) as caught,
    ):
        client.chat.completions.create(model=MODEL, messages=MESSAGES)
    assert caught.value.status_code == 307
    assert len(recorder.requests) == 1


def test_subclasses_and_shallow_copies(recorder: Recorder) -> None:
    class Mine(openai.OpenAI):
        pass

    with costmark.wrap(Mine(base_url=recorder.base_url, api_key="x"), project="proj_a") as client:
        assert project_sent(recorder, client) == "proj_a"
        assert type(client.copy()) is Mine
        assert project_sent(recorder, client.copy()) == "proj_a"
        assert project_sent(recorder, copy.copy(client)) == "proj_a"


def test_a_callable_api_key_is_asked_for_every_request(recorder: Recorder) -> None:
    keys = iter(f"bedrock-api-key-{number}" for number in range(9))
    client = costmark.wrap(plain(recorder, api_key=lambda: next(keys)), auth="bearer")
    with client:
        core = vars(client)["_costmark"].core
        for number in range(2):
            project_sent(recorder, client)
            assert recorder.last.header("authorization") == f"Bearer bedrock-api-key-{number}"
        copied = client.with_options(timeout=9)
        assert vars(copied)["_costmark"].core is core
        project_sent(recorder, copied)
    assert recorder.last.header("authorization") == "Bearer bedrock-api-key-2"


def test_another_api_key_makes_another_identity(recorder: Recorder) -> None:
    client = costmark.wrap(plain(recorder, api_key="bedrock-api-key-1"), auth="bearer")
    with client:
        project_sent(recorder, client.with_options(api_key="bedrock-api-key-2"))
        assert recorder.last.header("authorization") == "Bearer bedrock-api-key-2"
        project_sent(recorder, client)
        assert recorder.last.header("authorization") == "Bearer bedrock-api-key-1"
