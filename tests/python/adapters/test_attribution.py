"""Which project a call gets, and how the request names it."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import openai
import pytest

import costmark
from adapters.clients import plain, plain_async
from harness import MESSAGES, MODEL, Recorder

TOOL: Any = {
    "type": "function",
    "function": {"name": "größe", "parameters": {"type": "object", "properties": {}}},
}
CALLS: list[dict[str, Any]] = [
    {"messages": MESSAGES},
    {"messages": MESSAGES, "temperature": 0.1, "tools": [TOOL], "stop": ["\n", '"']},
    {"messages": MESSAGES, "extra_body": {"x": {"project_id": "inner"}, "y": [1.5e300, None]}},
    {"messages": [{"role": "user", "content": "\u2028 \x00 😀 \\ é" * 50}]},
    {"messages": MESSAGES, "stream": True, "stream_options": {"include_usage": True}},
]


def create(client: openai.OpenAI, **arguments: Any) -> Any:
    return client.chat.completions.create(**{"model": MODEL, "messages": MESSAGES, **arguments})


@pytest.mark.parametrize("call", CALLS)
def test_the_body_equals_what_extra_body_would_give(
    recorder: Recorder, call: dict[str, Any]
) -> None:
    extra = {**call.get("extra_body", {}), "project_id": "proj_a"}
    with plain(recorder) as client:
        create(client, **{**call, "extra_body": extra})
    with costmark.wrap(plain(recorder), project="proj_a") as client:
        create(client, **call)
    expected, sent = recorder.requests
    assert sent.json() == expected.json()
    assert sent.header("content-length") == str(len(sent.body))
    ignored = {"content-length"}

    def headers(of: Any) -> list[tuple[str, str]]:
        return [(n.lower(), v) for n, v in of.headers if n.lower() not in ignored]

    assert headers(sent) == headers(expected)
    assert (sent.method, sent.path) == (expected.method, expected.path)


def test_everything_but_the_project_stays_byte_for_byte(recorder: Recorder) -> None:
    with plain(recorder) as client:
        create(client)
    with costmark.wrap(plain(recorder), project="proj_a") as client:
        create(client)
    before, after = (request.body for request in recorder.requests)
    assert costmark.jsonedit.remove(after, "project_id") == before


def test_without_a_project_nothing_is_changed(recorder: Recorder) -> None:
    with plain(recorder) as client:
        create(client)
    with costmark.wrap(plain(recorder), unattributed="allow") as client:
        create(client)
    before, after = recorder.requests
    assert (after.body, after.headers) == (before.body, before.headers)


@pytest.mark.parametrize(
    ("carrier", "in_body", "in_header"),
    [
        ("auto", True, False),
        ("body", True, False),
        ("header", False, True),
        ("body,header", True, True),
    ],
)
def test_carriers(recorder: Recorder, carrier: str, in_body: bool, in_header: bool) -> None:
    with costmark.wrap(plain(recorder), project="proj_a", carrier=carrier) as client:
        create(client)
    assert (recorder.last.json().get("project_id") == "proj_a") == in_body
    assert (recorder.last.header("openai-project") == "proj_a") == in_header


def test_several_carriers_as_a_list(recorder: Recorder) -> None:
    with costmark.wrap(plain(recorder), project="proj_a", carrier=["body", "header"]) as client:
        create(client)
    assert recorder.last.header("openai-project") == recorder.last.json()["project_id"] == "proj_a"


def test_first_hit_wins(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    def project_of(client: openai.OpenAI, **arguments: Any) -> Any:
        create(client, **arguments)
        assert recorder.last.header("openai-project") is None
        return recorder.last.json().get("project_id")

    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj_openai_env")
    with costmark.wrap(plain(recorder)) as client:
        assert project_of(client) == "proj_openai_env"
        with costmark.project("proj_scope"):
            assert project_of(client) == "proj_scope"
    monkeypatch.setenv("COSTMARK_PROJECT", "proj_env")
    with costmark.wrap(plain(recorder)) as client:
        assert project_of(client) == "proj_env"
    with costmark.wrap(plain(recorder), project="proj_client") as client:
        assert project_of(client) == "proj_client"
    with costmark.wrap(
        plain(recorder), project="proj_client", rules=f"proj_rule: model={MODEL}"
    ) as client:
        assert project_of(client) == "proj_rule"
        with costmark.project("proj_scope"):
            assert project_of(client) == "proj_scope"
            assert project_of(client, extra_body={"project_id": "proj_call"}) == "proj_call"
            headers = {"OpenAI-Project": "proj_call"}
            assert project_of(client, extra_headers=headers) == "proj_call"
            with costmark.project("proj_inner"):
                assert project_of(client) == "proj_inner"


def test_the_project_of_the_constructor_is_the_clients_default(recorder: Recorder) -> None:
    with costmark.wrap(plain(recorder, project="proj_constructor")) as client:
        create(client)
        assert recorder.last.json()["project_id"] == "proj_constructor"
        assert recorder.last.header("openai-project") is None
        with costmark.project("proj_scope"):
            create(client)
            assert recorder.last.json()["project_id"] == "proj_scope"
            # The call itself names it, even if it names what the constructor named.
            create(client, extra_headers={"openai-project": "proj_constructor"})
            assert recorder.last.json()["project_id"] == "proj_constructor"
    with costmark.wrap(plain(recorder, project="proj_constructor"), project="proj_wrap") as client:
        create(client)
    assert recorder.last.json()["project_id"] == "proj_wrap"


def test_headers_of_the_client_itself_are_the_requests_own(recorder: Recorder) -> None:
    default_headers = {"OpenAI-Project": "proj_headers"}
    client = costmark.wrap(plain(recorder, default_headers=default_headers))
    with client, costmark.project("proj_scope"):
        create(client)
    assert recorder.last.json()["project_id"] == "proj_headers"


@pytest.mark.parametrize(
    ("conflict", "expected"), [("keep", "proj_call"), ("override", "proj_scope"), ("refuse", None)]
)
def test_conflicts(recorder: Recorder, conflict: str, expected: str | None) -> None:
    with (
        costmark.wrap(plain(recorder), conflict=conflict) as client,
        costmark.project("proj_scope"),
    ):
        if expected is None:
            with pytest.raises(costmark.AttributionError) as caught:
                create(client, extra_body={"project_id": "proj_call"})
            assert caught.value.code == "conflict"
            assert not recorder.requests
        else:
            create(client, extra_body={"project_id": "proj_call"})
            assert recorder.last.json()["project_id"] == expected


def refused(recorder: Recorder, code: str, options: dict[str, Any], **call: Any) -> None:
    client = costmark.wrap(plain(recorder), **options)
    with client, pytest.raises(costmark.Error) as caught:
        create(client, **call)
    assert caught.value.code == code
    assert not recorder.requests
    assert costmark.usage() == {}


def test_refusals_come_at_once_and_nothing_is_sent(recorder: Recorder) -> None:
    refused(recorder, "unattributed", {"unattributed": "refuse"})
    allowed = {"allowed_projects": "proj_a*,proj_b"}
    refused(recorder, "project_not_allowed", allowed, extra_body={"project_id": "proj_c"})
    with pytest.raises(costmark.Error, match="allowed_projects"):
        costmark.wrap(plain(recorder), project="proj_c", **allowed)
    evil = {"extra_body": {"project_id": 'x","model":"expensive'}}
    refused(recorder, "invalid_project", {}, **evil)
    refused(recorder, "invalid_project", {}, extra_body={"project_id": 5})
    refused(recorder, "no_credentials", {"auth": "sigv4", "region": "us-east-1"})
    expired = costmark.Credentials("AK", "secret", "token", expires_at=1)
    refused(
        recorder,
        "expired_credentials",
        {"auth": "sigv4", "region": "us-east-1", "credentials": expired},
    )
    with pytest.raises(costmark.ConfigurationError, match="no region to sign for"):
        costmark.wrap(plain(recorder), auth="sigv4", access_key_id="a", secret_access_key="s")


async def test_refusals_are_the_same_in_asynchronous_clients(recorder: Recorder) -> None:
    async with costmark.wrap(plain_async(recorder), unattributed="refuse") as client:
        with pytest.raises(costmark.AttributionError):
            await client.chat.completions.create(model=MODEL, messages=MESSAGES)
        with pytest.raises(costmark.AttributionError):
            await client.chat.completions.create(model=MODEL, messages=MESSAGES, stream=True)
    assert not recorder.requests


@pytest.mark.parametrize(
    ("options", "kind", "mentions"),
    [
        ({"regoin": "us-east-1"}, costmark.ConfigurationError, "region"),
        ({"auth": "magic"}, costmark.ConfigurationError, "sigv4"),
        ({"stream_usage": "maybe"}, costmark.ConfigurationError, "stream_usage"),
        ({"chain_memory": -1}, costmark.ConfigurationError, "chain_memory"),
        ({"carrier": 1.5}, costmark.ConfigurationError, "carrier"),
        ({"project": "a b"}, costmark.AttributionError, "project"),
        ({"project": ""}, costmark.AttributionError, "project"),
        ({"project": "a\r\nb"}, costmark.AttributionError, "project"),
        ({"project": 5}, TypeError, "project"),
        ({"bearer_token": b"abc"}, TypeError, "bearer_token"),
        ({"region": "moon"}, costmark.ConfigurationError, "region"),
        ({"credentials": 5}, TypeError, "Credentials"),
    ],
)
def test_bad_options(
    recorder: Recorder, options: dict[str, Any], kind: type[Exception], mentions: str
) -> None:
    with plain(recorder) as client:
        before = dict(vars(client))
        with pytest.raises(kind, match=mentions):
            costmark.wrap(client, **options)
        assert vars(client) == before


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://bedrock-mantle.us-east-1.api.aws/v1", "endpoint_mismatch"),
        ("https://bedrock-mantle.us-east-1.api.aws:8443/v1", "endpoint_mismatch"),
        ("https://user:hidden@gateway.example/v1", "invalid_option"),
    ],
)
def test_bad_endpoints_are_refused_at_construction(url: str, code: str) -> None:
    with openai.OpenAI(base_url=url, api_key="x") as client:
        with pytest.raises(costmark.Error) as caught:
            costmark.wrap(client)
        assert caught.value.code in (code, "invalid_url")
        assert "hidden" not in str(caught.value)


def test_a_region_that_is_not_the_hosts() -> None:
    url = "https://bedrock-mantle.us-east-1.api.aws/v1"
    with openai.OpenAI(base_url=url, api_key="x") as client:
        with pytest.raises(costmark.ConfigurationError) as caught:
            costmark.wrap(client, region="eu-west-1")
        assert "us-east-1" in str(caught.value)
        assert "eu-west-1" in str(caught.value)


def test_no_credential_goes_to_other_hosts_unless_told_so(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "bedrock-api-key-x")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    with costmark.wrap(plain(recorder, api_key="sk-mine"), project="proj_a") as client:
        create(client)
    assert recorder.last.header("authorization") == "Bearer sk-mine"
    assert not [name for name, _ in recorder.last.headers if name.lower().startswith("x-amz")]


def test_chains_do_not_cross_projects(recorder: Recorder) -> None:
    from harness import answer_json

    response = {
        "id": "resp_1",
        "object": "response",
        "status": "completed",
        "output": [],
        "usage": {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2},
    }
    recorder.answer = lambda handler, _: answer_json(handler, response)
    with costmark.wrap(plain(recorder)) as client:
        with costmark.project("proj_a"):
            client.responses.create(model=MODEL, input="Hello")
            client.responses.create(model=MODEL, input="More", previous_response_id="resp_1")
        with costmark.project("proj_b"), pytest.raises(costmark.AttributionError) as caught:
            client.responses.create(model=MODEL, input="More", previous_response_id="resp_1")
    assert caught.value.code == "conflict"
    assert len(recorder.requests) == 2


def test_bodies_that_are_no_json_are_passed_through(recorder: Recorder) -> None:
    with costmark.wrap(plain(recorder), project="proj_a", carrier="header") as client:
        client.files.create(file=("a.jsonl", b"{}\n{}\n"), purpose="batch")
    assert recorder.last.header("openai-project") == "proj_a"
    assert b'filename="a.jsonl"' in recorder.last.body


def pieces() -> Any:
    yield b'{"model":"m",'
    yield b'"messages":[]}'


def post_stream(client: openai.OpenAI, path: str, content_type: str) -> None:
    """A body that can be read only once, below the SDK's resources."""
    url = f"{client.base_url}{path}"
    client._client.post(url, content=pieces(), headers={"content-type": content_type})


SIGNED = {
    "auth": "sigv4",
    "region": "us-east-1",
    "credentials": costmark.Credentials("AK", "secret"),
}


def test_streamed_bodies_pass_where_their_bytes_are_not_needed(recorder: Recorder) -> None:
    with costmark.wrap(plain(recorder), project="proj_a") as client:
        post_stream(client, "files", "application/octet-stream")
    assert recorder.last.body == b"".join(pieces())
    assert recorder.last.header("openai-project") == "proj_a"
    assert recorder.last.header("transfer-encoding") == "chunked"


@pytest.mark.parametrize(
    ("path", "content_type", "options", "mentions"),
    [
        ("chat/completions", "application/json", {}, "attributing"),
        ("files", "application/octet-stream", SIGNED, "signing"),
    ],
)
def test_streamed_bodies_are_refused_where_they_are(
    recorder: Recorder, path: str, content_type: str, options: dict[str, Any], mentions: str
) -> None:
    client = costmark.wrap(plain(recorder), project="proj_a", **options)
    with client, pytest.raises(costmark.RequestError, match=mentions):
        post_stream(client, path, content_type)
    assert not recorder.requests


def test_uploads_are_signed_whole(recorder: Recorder) -> None:
    with costmark.wrap(plain(recorder), project="proj_a", **SIGNED) as client:
        client.files.create(file=("a.jsonl", b"{}" * 99), purpose="batch")
    digest = hashlib.sha256(recorder.last.body).hexdigest()
    assert recorder.last.header("x-amz-content-sha256") == digest
    assert recorder.last.header("openai-project") == "proj_a"


def test_large_bodies(recorder: Recorder) -> None:
    content = "x" * (20 << 20)
    with costmark.wrap(plain(recorder), project="proj_a") as client:
        create(client, messages=[{"role": "user", "content": content}])
    assert recorder.last.json()["project_id"] == "proj_a"
    assert len(recorder.last.json()["messages"][0]["content"]) == len(content)
    assert json.dumps(recorder.last.json())
