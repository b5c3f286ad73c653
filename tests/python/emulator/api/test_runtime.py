"""`bedrock-runtime`, called by boto3 alone: what it sends and reads is what AWS's models say."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import boto3  # type: ignore[import-untyped,unused-ignore]
import botocore.exceptions  # type: ignore[import-untyped,unused-ignore]
import pytest
from botocore import UNSIGNED  # type: ignore[import-untyped,unused-ignore]
from botocore.config import Config  # type: ignore[import-untyped,unused-ignore]
from botocore.eventstream import EventStreamBuffer  # type: ignore[import-untyped,unused-ignore]
from botocore.validate import ParamValidator  # type: ignore[import-untyped,unused-ignore]

from emulator.support import BEARER, KEY, SECRET, Emulator

if TYPE_CHECKING:
    from collections.abc import Callable

CLAUDE = "anthropic.claude-sonnet-4-5-20250929-v1:0"
NOVA = "amazon.nova-lite-v1:0"
TITAN = "amazon.titan-text-express-v1"
EMBEDDING = "amazon.titan-embed-text-v2:0"
MESSAGES = [{"role": "user", "content": [{"text": "Say hello to the emulator."}]}]
BODIES = {
    CLAUDE: {
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 200,
        "messages": [{"role": "user", "content": "Say hello."}],
    },
    NOVA: {"messages": MESSAGES, "inferenceConfig": {"maxTokens": 200}},
    TITAN: {"inputText": "Say hello.", "textGenerationConfig": {"maxTokenCount": 200}},
}


_session = boto3.Session()  # which keeps the models of services that it has read


def runtime(emulator: Emulator, **config: Any) -> Any:
    keys = config.pop("keys", (KEY, SECRET))
    return _session.client(
        "bedrock-runtime",
        region_name=config.pop("region", "us-east-1"),
        endpoint_url=emulator.url,
        aws_access_key_id=keys[0],
        aws_secret_access_key=keys[1],
        config=Config(retries={"total_max_attempts": 1}, **config),
    )


@pytest.fixture
def client(emulator: Emulator) -> Any:
    return runtime(emulator)


def raw_answers(client: Any) -> list[dict[str, Any]]:
    """What comes in before botocore's parsers look at it."""
    seen: list[dict[str, Any]] = []
    client.meta.events.register(
        "before-parse.bedrock-runtime", lambda response_dict, **_: seen.append(response_dict)
    )
    return seen


def check_shape(shape: Any, value: Any) -> None:
    found = ParamValidator().validate(value, shape)
    assert not found.has_errors(), found.generate_report()


def body_shape(client: Any, operation: str) -> Any:
    return client.meta.service_model.operation_model(operation).output_shape


def code_of(call: Callable[..., Any], **arguments: Any) -> tuple[str, int]:
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**arguments)
    answer = caught.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]


# --- Converse -------------------------------------------------------------------------------------


def test_converse_answers_as_the_service_model_says(emulator: Emulator, client: Any) -> None:
    project, raw = emulator.project(), raw_answers(client)
    answer = client.converse(modelId=CLAUDE, messages=MESSAGES, projectIdentifier=project)
    check_shape(body_shape(client, "Converse"), json.loads(raw[0]["body"]))
    (record,) = emulator.usage()
    assert (record["project"], record["model"], record["api"]) == (project, CLAUDE, "converse")
    assert answer["usage"]["outputTokens"] == record["output_tokens"] > 0
    assert answer["usage"]["inputTokens"] == record["input_tokens"] > 0
    assert answer["usage"]["totalTokens"] == record["input_tokens"] + record["output_tokens"]
    assert (record["signed_by"], record["streamed"]) == ("sigv4", False)
    assert "Say hello" in answer["output"]["message"]["content"][0]["text"]


def test_converse_stream_sends_frames(emulator: Emulator, client: Any) -> None:
    project = emulator.project()
    answer = client.converse_stream(modelId=NOVA, messages=MESSAGES, projectIdentifier=project)
    events = list(answer["stream"])
    shape = body_shape(client, "ConverseStream").members["stream"]
    for event in events:
        check_shape(shape, event)
    (record,) = emulator.usage()
    assert (record["project"], record["streamed"]) == (project, True)
    assert events[0] == {"messageStart": {"role": "assistant"}}
    assert events[-1]["metadata"]["usage"]["outputTokens"] == record["output_tokens"]
    assert len(events) == record["output_tokens"] + 4


def test_frames_read_the_same_in_any_pieces(emulator: Emulator, client: Any) -> None:
    raw = raw_answers(client)
    client.converse_stream(modelId=NOVA, messages=MESSAGES)
    whole = raw[0]["body"].read()
    for size in (1, 7, len(whole)):
        buffer = EventStreamBuffer()
        frames = []
        for start in range(0, len(whole), size):
            buffer.add_data(whole[start : start + size])
            frames += [frame.headers[":event-type"] for frame in buffer]
        assert frames[0] == "messageStart"
        assert frames[-1] == "metadata"


def test_tools_and_limits(client: Any) -> None:
    schema = {"json": {"type": "object", "properties": {"city": {"type": "string"}}}}
    tools = {
        "tools": [{"toolSpec": {"name": "weather", "inputSchema": schema}}],
        "toolChoice": {"any": {}},
    }
    asked = {"modelId": CLAUDE, "messages": MESSAGES, "toolConfig": tools}
    answer = client.converse(**asked)
    assert answer["stopReason"] == "tool_use"
    use = answer["output"]["message"]["content"][0]["toolUse"]
    assert use["name"] == "weather"
    assert "city" in use["input"]
    events = list(client.converse_stream(**asked)["stream"])
    started = next(e["contentBlockStart"] for e in events if "contentBlockStart" in e)
    assert started["start"]["toolUse"]["name"] == "weather"
    parts = [e["contentBlockDelta"]["delta"] for e in events if "contentBlockDelta" in e]
    assert json.loads("".join(part["toolUse"]["input"] for part in parts)) == use["input"]
    short = client.converse(modelId=CLAUDE, messages=MESSAGES, inferenceConfig={"maxTokens": 3})
    assert (short["stopReason"], short["usage"]["outputTokens"]) == ("max_tokens", 3)


@pytest.mark.parametrize("model", [CLAUDE, NOVA])
def test_cached_tokens_are_counted_in_the_way_of_the_model(
    emulator: Emulator, client: Any, model: str
) -> None:
    long = [{"text": "word " * 200}, {"cachePoint": {"type": "default"}}]
    asked = {"modelId": model, "messages": [{"role": "user", "content": long}]}
    written = client.converse(**asked)["usage"]
    read = client.converse(**asked)["usage"]
    first, second = emulator.usage()
    assert written["cacheWriteInputTokens"] == first["cache_write_tokens"] > 0
    assert read["cacheReadInputTokens"] == second["cached_input_tokens"] > 0
    apart = second["cached_input_tokens"] if model == CLAUDE else 0
    assert read["inputTokens"] == second["input_tokens"] - apart
    assert read["totalTokens"] == second["input_tokens"] + second["output_tokens"]


# --- InvokeModel ----------------------------------------------------------------------------------


@pytest.mark.parametrize("model", BODIES)
def test_invoke_model_speaks_as_each_model_does(
    emulator: Emulator, client: Any, model: str
) -> None:
    project, raw = emulator.project(), raw_answers(client)
    asked = {"modelId": model, "body": json.dumps(BODIES[model]), "projectIdentifier": project}
    answer = client.invoke_model(**asked, serviceTier="priority")
    body = json.loads(answer["body"].read())
    (record,) = emulator.usage()
    counted = {
        CLAUDE: lambda: (body["usage"]["input_tokens"], body["usage"]["output_tokens"]),
        NOVA: lambda: (body["usage"]["inputTokens"], body["usage"]["outputTokens"]),
        TITAN: lambda: (body["inputTextTokenCount"], body["results"][0]["tokenCount"]),
    }[model]()
    assert counted == (record["input_tokens"], record["output_tokens"])
    assert (record["project"], record["api"]) == (project, "invoke_model")
    headers = raw[0]["headers"]
    assert headers["x-amzn-bedrock-input-token-count"] == str(record["input_tokens"])
    assert headers["x-amzn-bedrock-output-token-count"] == str(record["output_tokens"])
    assert answer["serviceTier"] == "priority"
    shown = {**answer, "body": b""}
    del shown["ResponseMetadata"]
    check_shape(body_shape(client, "InvokeModel"), shown)


@pytest.mark.parametrize("model", BODIES)
def test_invoke_model_streams_chunks(emulator: Emulator, client: Any, model: str) -> None:
    body = json.dumps(BODIES[model])
    answer = client.invoke_model_with_response_stream(modelId=model, body=body)
    events = list(answer["body"])
    shape = body_shape(client, "InvokeModelWithResponseStream").members["body"]
    for event in events:
        check_shape(shape, event)
    last = json.loads(events[-1]["chunk"]["bytes"])
    (record,) = emulator.usage()
    metrics = last["amazon-bedrock-invocationMetrics"]
    assert metrics["inputTokenCount"] == record["input_tokens"]
    assert metrics["outputTokenCount"] == record["output_tokens"]
    assert record["project"] == "default"
    whole = client.invoke_model(modelId=model, body=body)
    assert json.loads(whole["body"].read())


def test_embeddings_have_no_stream(emulator: Emulator, client: Any) -> None:
    body = json.dumps({"inputText": "Embed this.", "dimensions": 256})
    answer = json.loads(client.invoke_model(modelId=EMBEDDING, body=body)["body"].read())
    assert len(answer["embedding"]) == 256
    assert emulator.usage()[0]["input_tokens"] == answer["inputTextTokenCount"] > 0
    refused = code_of(client.invoke_model_with_response_stream, modelId=EMBEDDING, body=body)
    assert refused == ("ValidationException", 400)


# --- Projects -------------------------------------------------------------------------------------


def arn(project: str, service: str = "bedrock") -> str:
    return f"arn:aws:{service}:us-east-1:111122223333:project/{project}"


def test_projects_are_named_by_id_or_by_an_arn_of_bedrock(emulator: Emulator, client: Any) -> None:
    project = emulator.project(team="search")
    for named in (project, arn(project), "default", arn("default")):
        client.converse(modelId=NOVA, messages=MESSAGES, projectIdentifier=named)
        body = json.dumps(BODIES[NOVA])
        client.invoke_model(modelId=NOVA, body=body, projectIdentifier=named)
    records = emulator.usage()
    assert [record["project"] for record in records] == [project] * 4 + ["default"] * 4
    assert records[0]["tags"] == {"team": "search"}


@pytest.mark.parametrize(
    ("named", "code"),
    [
        ("proj_unknown", ("ResourceNotFoundException", 404)),
        (arn("default", "bedrock-mantle"), ("ValidationException", 400)),
        (arn("default").replace("us-east-1", "eu-west-1"), ("ValidationException", 400)),
    ],
)
def test_other_projects_are_refused(
    emulator: Emulator, client: Any, named: str, code: tuple[str, int]
) -> None:
    asked = {"modelId": NOVA, "projectIdentifier": named}
    assert code_of(client.converse, messages=MESSAGES, **asked) == code
    assert code_of(client.converse_stream, messages=MESSAGES, **asked) == code
    assert code_of(client.invoke_model, body=json.dumps(BODIES[NOVA]), **asked) == code
    assert emulator.usage() == []


def test_archived_projects_are_refused(emulator: Emulator, client: Any) -> None:
    project = emulator.project()
    archived = emulator.bearer("POST", f"/v1/organization/projects/{project}/archive")
    assert archived.status == 200
    asked = {"modelId": NOVA, "messages": MESSAGES, "projectIdentifier": project}
    assert code_of(client.converse, **asked) == ("ValidationException", 400)


def test_profiles(emulator: Emulator, client: Any) -> None:
    system = "arn:aws:bedrock:us-east-1:111122223333:inference-profile/us." + CLAUDE
    own = "arn:aws:bedrock:us-east-1:111122223333:application-inference-profile/a1b2c3d4e5f6"
    project = emulator.project()
    for model in (f"us.{CLAUDE}", system):
        client.converse(modelId=model, messages=MESSAGES, projectIdentifier=project)
    client.converse(modelId=own, messages=MESSAGES)
    client.converse(modelId=own, messages=MESSAGES, projectIdentifier="default")
    assert [r["model"] for r in emulator.usage()] == [f"us.{CLAUDE}", system, own, own]
    refused = code_of(client.converse, modelId=own, messages=MESSAGES, projectIdentifier=project)
    assert refused == ("ValidationException", 400)


# --- Authorization and errors ---------------------------------------------------------------------


def test_bearer_tokens_are_taken(emulator: Emulator) -> None:
    # botocore sends a bearer token over https only, so this one goes in as its header.
    client = runtime(emulator, signature_version=UNSIGNED)
    client.meta.events.register(
        "before-sign.bedrock-runtime",
        lambda request, **_: request.headers.add_header("Authorization", f"Bearer {BEARER}"),
    )
    client.converse(modelId=NOVA, messages=MESSAGES)
    assert emulator.usage()[0]["signed_by"] == "bearer"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"keys": (KEY, "another secret")}, "InvalidSignatureException"),
        ({"keys": ("AKIAUNKNOWN", SECRET)}, "UnrecognizedClientException"),
        ({"region": "eu-west-1"}, "InvalidSignatureException"),
        ({"signature_version": UNSIGNED}, "MissingAuthenticationTokenException"),
    ],
)
def test_callers_that_are_not_known(emulator: Emulator, changed: dict[str, Any], code: str) -> None:
    client = runtime(emulator, **changed)
    assert code_of(client.converse, modelId=NOVA, messages=MESSAGES) == (code, 403)
    assert emulator.usage() == []


def test_a_signature_must_be_for_bedrock(emulator: Emulator) -> None:
    body = {"messages": MESSAGES}
    path = f"/model/{NOVA.replace(':', '%3A')}/converse"
    assert emulator.call("POST", path, body, service="bedrock").status == 200
    refused = emulator.call("POST", path, body, service="bedrock-mantle")
    assert (refused.status, refused.headers["x-amzn-errortype"]) == (
        403,
        "InvalidSignatureException",
    )
    assert emulator.call("POST", "/v1/chat/completions", {}, service="bedrock").status == 401


@pytest.mark.parametrize(
    "asked",
    [
        {"modelId": "no.such-model", "messages": MESSAGES},
        {"modelId": EMBEDDING, "messages": MESSAGES},
        {"modelId": NOVA, "messages": []},
    ],
)
def test_requests_that_cannot_be_served(client: Any, asked: dict[str, Any]) -> None:
    assert code_of(client.converse, **asked) == ("ValidationException", 400)


@pytest.mark.parametrize("body", [b"", b"[]", b'{"a":1,"a":2}', b"{"])
def test_bodies_that_are_no_object(client: Any, body: bytes) -> None:
    assert code_of(client.invoke_model, modelId=NOVA, body=body) == ("ValidationException", 400)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (408, "ModelTimeoutException"),
        (424, "ModelErrorException"),
        (429, "ThrottlingException"),
        (500, "InternalServerException"),
        (503, "ServiceUnavailableException"),
    ],
)
def test_faults_have_the_names_of_the_service_model(
    emulator: Emulator, client: Any, status: int, code: str
) -> None:
    emulator.fault("status", status=status)
    assert code_of(client.converse, modelId=NOVA, messages=MESSAGES) == (code, status)
    shapes = {shape.name: shape for shape in client.meta.service_model.error_shapes}
    assert shapes[code].metadata["error"]["httpStatusCode"] == status


def test_streams_end_with_exceptions(emulator: Emulator, client: Any) -> None:
    emulator.fault("stream_exception", after_events=3, code="ThrottlingException", message="Slow.")
    stream = client.converse_stream(modelId=NOVA, messages=MESSAGES)["stream"]
    with pytest.raises(botocore.exceptions.EventStreamError, match="Slow") as caught:
        list(stream)
    assert caught.value.response["Error"]["Code"] == "throttlingException"
    assert emulator.usage()[0]["outcome"] == "cut"


def test_frames_are_broken(emulator: Emulator, client: Any) -> None:
    emulator.fault("broken_frame", after_events=2)
    stream = client.converse_stream(modelId=NOVA, messages=MESSAGES)["stream"]
    with pytest.raises(Exception, match="Checksum mismatch"):
        list(stream)


def test_streams_are_cut(emulator: Emulator, client: Any) -> None:
    emulator.fault("drop_stream", after_events=4)
    events = client.converse_stream(modelId=NOVA, messages=MESSAGES)["stream"]
    with pytest.raises(Exception, match=r"Connection broken|IncompleteRead|Response ended"):
        list(events)
    (record,) = emulator.usage()
    assert (record["outcome"], record["output_tokens"]) == ("cut", 3)


def test_what_boto3_encodes_is_what_the_emulator_decodes(emulator: Emulator, client: Any) -> None:
    image = {"image": {"format": "png", "source": {"bytes": b"\x89PNG"}}}
    content = [{"text": "Ümlaut 🙂"}, image]
    client.converse(modelId=NOVA, messages=[{"role": "user", "content": content}])
    sent = json.loads(emulator.last_request()["body"])
    block = sent["messages"][0]["content"][1]["image"]
    assert base64.b64decode(block["source"]["bytes"]) == b"\x89PNG"
    assert emulator.usage()[0]["input_tokens"] > 0
