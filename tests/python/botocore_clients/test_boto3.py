"""boto3's clients, wrapped and patched: what the emulator records is what costmark counts.

This file runs beside an older boto3 too, which has no parameter for a project.
"""

from __future__ import annotations

import copy
import gc
import hashlib
import json
import os
import threading
import time
from typing import TYPE_CHECKING, Any

import boto3  # type: ignore[import-untyped,unused-ignore]
import pytest
from botocore.eventstream import (  # type: ignore[import-untyped,unused-ignore]
    EventStream,
    NoInitialResponseError,
)
from botocore.exceptions import (  # type: ignore[import-untyped,unused-ignore]
    ClientError,
    EventStreamError,
    HTTPClientError,
)
from botocore.stub import Stubber  # type: ignore[import-untyped,unused-ignore]

import costmark
from botocore_clients.support import (
    ASKED,
    CLAUDE,
    INVOKED,
    KEYS,
    MESSAGES,
    NOVA,
    OTHER,
    PROFILE,
    PROJECT,
    client,
    knows_projects,
)
from costmark import ledger
from costmark._transports import botocore_bodies
from harness import REGION, Recorder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from harness import Emulator

needs_parameter = pytest.mark.skipif(not knows_projects(), reason="this boto3 is older")


@pytest.fixture(autouse=True)
def _unpatched() -> Iterator[None]:
    yield
    costmark.unpatch()


@pytest.fixture
def answers() -> list[costmark.Answer]:
    return []


@pytest.fixture
def wrapped(bedrock: Emulator, answers: list[costmark.Answer]) -> Any:
    return costmark.wrap(client(bedrock.url), project=PROJECT, on_usage=answers.append)


def converse(runtime: Any, **more: Any) -> Any:
    return runtime.converse(**ASKED, **more)


def converse_stream(runtime: Any, **more: Any) -> Any:
    return list(runtime.converse_stream(**ASKED, **more)["stream"])


def invoke(runtime: Any, **more: Any) -> Any:
    return json.loads(runtime.invoke_model(**INVOKED, **more)["body"].read())


def invoke_stream(runtime: Any, **more: Any) -> Any:
    return list(runtime.invoke_model_with_response_stream(**INVOKED, **more)["body"])


CALLS = [converse, converse_stream, invoke, invoke_stream]
each_call = pytest.mark.parametrize("call", CALLS)


def billed(bedrock: Emulator) -> list[tuple[str, str, int, int, int, int]]:
    return [
        (
            *(each["project"], each["model"], each["input_tokens"], each["cached_input_tokens"]),
            *(each["cache_write_tokens"], each["output_tokens"]),
        )
        for each in bedrock.usage()
    ]


def told(answers: list[costmark.Answer]) -> list[tuple[Any, ...]]:
    return [
        (
            *(each.project, each.model, each.input_tokens, each.cached_input_tokens or 0),
            *(each.cache_write_tokens or 0, each.output_tokens),
        )
        for each in answers
    ]


# --- Calls ----------------------------------------------------------------------------------------


@each_call
def test_calls_are_attributed_and_counted(
    call: Callable[..., Any], bedrock: Emulator, wrapped: Any, answers: list[costmark.Answer]
) -> None:
    result = call(wrapped)
    assert billed(bedrock) == told(answers)
    (answer,) = answers
    assert (answer.project, answer.outcome, answer.region) == (PROJECT, "ok", REGION)
    assert answer.sdk is not None
    assert answer.sdk.startswith("Boto3/")
    assert bedrock.usage()[0]["signed_by"] == "sigv4"
    plain = call(client(bedrock.url))
    if call is not converse:
        assert result == plain
    else:
        assert result["output"] == plain["output"]
        assert result["usage"] == plain["usage"]


@pytest.mark.parametrize("model", [CLAUDE, NOVA, f"us.{CLAUDE}"])
def test_cached_tokens_are_counted(
    model: str, bedrock: Emulator, wrapped: Any, answers: list[costmark.Answer]
) -> None:
    # An older boto3 cannot mark what is to be kept, and drops what it is told of cached tokens.
    mark = [{"cachePoint": {"type": "default"}}] if knows_projects() else []
    long = [{"text": f"{model} " * 60}, *mark]
    asked = {"modelId": model, "messages": [{"role": "user", "content": long}]}
    wrapped.converse(**asked)
    list(wrapped.converse_stream(**asked)["stream"])
    assert billed(bedrock) == told(answers)
    assert answers[1].cached_input_tokens


@pytest.mark.parametrize(
    ("model", "body"),
    [
        (
            CLAUDE,
            {
                "anthropic_version": "bedrock-2023-05-31",
                "max_tokens": 90,
                "messages": [{"role": "user", "content": "Hello"}],
            },
        ),
        ("amazon.titan-text-express-v1", {"inputText": "Hello"}),
        ("amazon.titan-embed-text-v2:0", {"inputText": "Hello", "dimensions": 256}),
    ],
)
def test_models_have_bodies_of_their_own(
    model: str, body: Any, bedrock: Emulator, wrapped: Any, answers: list[costmark.Answer]
) -> None:
    sent = json.dumps(body, indent=1)
    wrapped.invoke_model(modelId=model, body=sent)["body"].read()
    assert bedrock.requests()[-1]["body"] == sent
    if "embed" not in model:
        list(wrapped.invoke_model_with_response_stream(modelId=model, body=sent)["body"])
    assert [each[:5] for each in told(answers)] == [each[:5] for each in billed(bedrock)]
    assert [each.output_tokens or 0 for each in answers] == [each[5] for each in billed(bedrock)]


def test_only_the_project_is_written(bedrock: Emulator, wrapped: Any) -> None:
    asked = copy.deepcopy(ASKED)
    asked["additionalModelRequestFields"] = {"deep": {"er": [1.5, None, "ü"]}}
    before = copy.deepcopy(asked)
    wrapped.converse(**asked)
    assert asked == before
    client(bedrock.url).converse(**asked)
    ours, theirs = (each["body"] for each in bedrock.requests()[-2:])
    assert json.loads(ours) == {**json.loads(theirs), "projectIdentifier": PROJECT}
    assert ours.replace(f'"projectIdentifier":"{PROJECT}"', "").strip("{},") in theirs


@needs_parameter
@each_call
def test_what_a_call_names_wins(call: Callable[..., Any], bedrock: Emulator, wrapped: Any) -> None:
    call(wrapped, projectIdentifier=OTHER)
    call(wrapped, projectIdentifier=f"arn:aws:bedrock:{REGION}:111122223333:project/{OTHER}")
    assert [each[0] for each in billed(bedrock)] == [OTHER, OTHER]


@each_call
def test_scopes_and_labels(call: Callable[..., Any], bedrock: Emulator, tmp_path: Path) -> None:
    runtime = costmark.wrap(client(bedrock.url), ledger=tmp_path / "rows")
    with costmark.project(OTHER), costmark.labels(feature="returns"):
        call(runtime)
    (row,) = [row for row in ledger.read(tmp_path / "rows") if row["kind"] == "attempt"]
    assert (row["project"], row["project_source"]) == (OTHER, "scope")
    assert row["labels"] == {"feature": "returns"}
    assert (row["api"], row.get("stream", False)) == (
        "invoke_model" if call in (invoke, invoke_stream) else "converse",
        call in (converse_stream, invoke_stream),
    )
    assert [each[0] for each in billed(bedrock)] == [OTHER]


# --- Policies -------------------------------------------------------------------------------------


@each_call
def test_without_a_project_nothing_is_sent(call: Callable[..., Any], bedrock: Emulator) -> None:
    runtime = costmark.wrap(client(bedrock.url, attempts=3), unattributed="refuse")
    with pytest.raises(costmark.AttributionError, match="no project is named"):
        call(runtime)
    assert bedrock.requests() == []


@needs_parameter
@each_call
def test_conflicts_and_allowed_projects(call: Callable[..., Any], bedrock: Emulator) -> None:
    runtime = costmark.wrap(client(bedrock.url), project=PROJECT, conflict="refuse")
    with pytest.raises(costmark.AttributionError, match=OTHER):
        call(runtime, projectIdentifier=OTHER)
    costmark.wrap(runtime, project=PROJECT, conflict="override")
    call(runtime, projectIdentifier=OTHER)
    costmark.wrap(runtime, allowed_projects=["proj_b*"])
    with pytest.raises(costmark.AttributionError, match="allowed_projects"):
        call(runtime, projectIdentifier=OTHER)
    assert [each[0] for each in billed(bedrock)] == [PROJECT]


def test_a_profile_and_a_project(bedrock: Emulator, wrapped: Any) -> None:
    with pytest.raises(costmark.AttributionError, match="inference profile"):
        wrapped.converse(modelId=PROFILE, messages=MESSAGES)
    assert bedrock.requests() == []
    costmark.wrap(wrapped).converse(modelId=PROFILE, messages=MESSAGES)
    assert billed(bedrock)[0][:2] == ("default", PROFILE)


def test_budgets_hold(bedrock: Emulator, tmp_path: Path) -> None:
    runtime = costmark.wrap(
        client(bedrock.url),
        project=PROJECT,
        ledger=tmp_path / "rows",
        budgets=f"two: project={PROJECT} 2calls/day refuse",
    )
    converse(runtime)
    converse_stream(runtime)
    with pytest.raises(costmark.BudgetError):
        invoke(runtime)
    assert len(billed(bedrock)) == 2


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"auth": "sigv4"}, "auth"),
        ({"bearer_token": "ABSKEXAMPLE"}, "bearer_token"),
        ({"credentials": costmark.Credentials("AKIDEXAMPLE", "secret")}, "credentials"),
    ],
)
def test_boto3_signs(given: Any, named: str) -> None:
    with pytest.raises(costmark.ConfigurationError, match=f"boto3 signs .* {named} has no use"):
        costmark.wrap(client(None), **given)


def test_they_cannot_be_verified(wrapped: Any) -> None:
    with pytest.raises(TypeError, match="boto3's clients cannot be verified"):
        costmark.verify(wrapped)


def test_other_services_are_refused() -> None:
    with pytest.raises(TypeError, match="not one of 's3'"):
        costmark.wrap(client(None, "s3"))


# --- Attempts -------------------------------------------------------------------------------------


@each_call
def test_attempts_of_botocore_are_of_one_operation(
    call: Callable[..., Any], bedrock: Emulator, tmp_path: Path
) -> None:
    rows = tmp_path / "rows"
    runtime = costmark.wrap(client(bedrock.url, attempts=3), project=PROJECT, ledger=rows)
    bedrock.fault("status", status=503)
    bedrock.fault("reset")
    call(runtime)
    found = [row for row in ledger.read(rows) if row["kind"] == "attempt"]
    assert [(row["attempt"], row["outcome"]) for row in found] == [
        (1, "error"),
        (2, "error"),
        (3, "ok"),
    ]
    assert len({row["op"] for row in found}) == 1
    assert found[0]["error_code"] == "ServiceUnavailableException"
    assert [each[0] for each in billed(bedrock)] == [PROJECT]


@each_call
def test_errors_are_told_as_boto3_tells_them(
    call: Callable[..., Any], bedrock: Emulator, wrapped: Any, answers: list[costmark.Answer]
) -> None:
    bedrock.fault("status", status=400, message="No.")
    with pytest.raises(ClientError, match="No") as caught:
        call(wrapped)
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    (answer,) = answers
    assert (answer.outcome, answer.error_code) == ("error", "ValidationException")
    bedrock.fault("drop")
    with pytest.raises(HTTPClientError):
        call(wrapped)
    assert [each.outcome for each in answers] == ["error", "error"]


def test_without_credentials_no_attempt_is_made(
    bedrock: Emulator, answers: list[costmark.Answer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    given = {"region_name": REGION, "endpoint_url": bedrock.url}
    runtime = boto3.Session().client("bedrock-runtime", **given)
    costmark.wrap(runtime, project=PROJECT, on_usage=answers.append)
    with pytest.raises(Exception, match="credentials"):
        converse(runtime)
    assert answers == []
    assert costmark.usage() == {}


# --- Streams --------------------------------------------------------------------------------------


def test_an_exception_in_a_stream(
    bedrock: Emulator, wrapped: Any, answers: list[costmark.Answer]
) -> None:
    bedrock.fault("stream_exception", after_events=3, code="ThrottlingException")
    with pytest.raises(EventStreamError):
        converse_stream(wrapped)
    gc.collect()
    (answer,) = answers
    assert (answer.outcome, answer.error_code) == ("error", "throttlingException")


def test_a_broken_frame_is_botocores_to_tell(
    bedrock: Emulator, wrapped: Any, answers: list[costmark.Answer]
) -> None:
    bedrock.fault("broken_frame", after_events=3)
    with pytest.raises(Exception, match="Checksum"):
        converse_stream(wrapped)
    gc.collect()
    (answer,) = answers
    assert answer.outcome != "ok"


def test_a_stream_that_is_cut(
    bedrock: Emulator, wrapped: Any, answers: list[costmark.Answer]
) -> None:
    bedrock.fault("drop_stream", after_events=4)
    with pytest.raises(Exception, match=r"broken|Incomplete|prematurely"):
        converse_stream(wrapped)
    assert [each.outcome for each in answers] == ["incomplete"]


def test_a_reader_who_stops(
    bedrock: Emulator, wrapped: Any, answers: list[costmark.Answer]
) -> None:
    bedrock.fault("slow", delay_s=0.05)
    stream = wrapped.converse_stream(**ASKED)["stream"]
    assert "messageStart" in next(iter(stream))
    stream.close()
    del stream
    gc.collect()
    assert [each.outcome for each in answers] == ["cancelled"]


@pytest.mark.parametrize("slow", [0.0, 0.05])
@pytest.mark.parametrize("how", ["close", "drop"])
def test_a_reader_who_stops_behind_the_last_word(
    how: str, slow: float, bedrock: Emulator, wrapped: Any, answers: list[costmark.Answer]
) -> None:
    if slow:
        bedrock.fault("slow", delay_s=slow)
    answer = wrapped.converse_stream(**ASKED, inferenceConfig={"maxTokens": 3})
    for event in answer["stream"]:
        if "messageStop" in event:
            break
    if how == "close":
        answer["stream"].close()
    time.sleep(0.3)  # the counts are there then, and a stream that is dropped finds them
    del answer
    gc.collect()
    assert [each.outcome for each in answers] == ["ok"]
    assert told(answers) == billed(bedrock)


def test_a_reader_who_stops_does_not_wait_for_long(
    bedrock: Emulator,
    wrapped: Any,
    answers: list[costmark.Answer],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(botocore_bodies, "_SECONDS_WHEN_CLOSED", 0.1)
    bedrock.fault("slow", delay_s=1)
    stream = wrapped.converse_stream(**ASKED, inferenceConfig={"maxTokens": 1})["stream"]
    for event in stream:
        if "messageStop" in event:
            break
    stream.close()
    assert [each.outcome for each in answers] == ["cancelled"]  # the last event was not awaited


def test_a_forked_child_leaves_the_stream_to_its_parent(
    bedrock: Emulator, wrapped: Any, answers: list[costmark.Answer]
) -> None:
    bedrock.fault("slow", delay_s=0.2)
    answer = wrapped.converse_stream(**ASKED, inferenceConfig={"maxTokens": 1})
    events = iter(answer["stream"])
    assert any("messageStop" in event for event in events)  # and the counts are about to come
    child = os.fork()
    if child == 0:
        answer["stream"].close()
        os._exit(0)
    os.waitpid(child, 0)
    assert ["metadata" in event for event in events] == [True]
    assert [each.outcome for each in answers] == ["ok"]


def test_a_stream_that_is_dropped(
    bedrock: Emulator, wrapped: Any, answers: list[costmark.Answer]
) -> None:
    bedrock.fault("slow", delay_s=0.05)
    answer = wrapped.converse_stream(**ASKED)
    del answer
    gc.collect()
    assert [each.outcome for each in answers] == ["cancelled"]


def test_a_stream_keeps_its_methods(wrapped: Any) -> None:
    stream = wrapped.converse_stream(**ASKED)["stream"]
    assert type(stream) is EventStream
    with pytest.raises(NoInitialResponseError):  # the first event is none of this kind
        stream.get_initial_response()
    stream.close()


WAYS_TO_READ: dict[str, Callable[[Any], bytes]] = {
    "read": lambda body: body.read(),
    "pieces": lambda body: b"".join(iter(lambda: body.read(7), b"")),
    "chunks": lambda body: b"".join(body.iter_chunks(11)),
    "iteration": lambda body: b"".join(body),
    "lines": lambda body: b"".join(body.iter_lines()),
    "readlines": lambda body: b"".join(body.readlines()),
    "exactly": lambda body: body.read(int(body._content_length)),
    "json": lambda body: json.dumps(json.load(body)).encode(),
}


@pytest.mark.parametrize("how", WAYS_TO_READ)
def test_ways_to_read_a_body(
    how: str, bedrock: Emulator, wrapped: Any, answers: list[costmark.Answer]
) -> None:
    plain = client(bedrock.url).invoke_model(**INVOKED)["body"]
    expected = WAYS_TO_READ[how](plain)
    assert WAYS_TO_READ[how](wrapped.invoke_model(**INVOKED)["body"]) == expected
    assert [each.outcome for each in answers] == ["ok"]
    assert answers[0].output_tokens == bedrock.usage()[1]["output_tokens"]


def test_a_body_that_is_closed_or_dropped(wrapped: Any, answers: list[costmark.Answer]) -> None:
    body = wrapped.invoke_model(**INVOKED)["body"]
    body.read(10)
    body.close()
    body = wrapped.invoke_model(**INVOKED)["body"]
    del body
    gc.collect()
    assert [each.outcome for each in answers] == ["cancelled", "cancelled"]


def test_with_a_body(wrapped: Any, answers: list[costmark.Answer]) -> None:
    with wrapped.invoke_model(**INVOKED)["body"] as raw:
        assert json.loads(raw.read())
    assert [each.outcome for each in answers] == ["ok"]


# --- Beside others --------------------------------------------------------------------------------


def test_a_stubber_makes_no_row(wrapped: Any, answers: list[costmark.Answer]) -> None:
    message = {"role": "assistant", "content": [{"text": "Stubbed."}]}
    usage = {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2}
    with Stubber(wrapped) as stubber:
        stubber.add_response(
            "converse",
            {
                "output": {"message": message},
                "stopReason": "end_turn",
                "usage": usage,
                "metrics": {"latencyMs": 1},
            },
            ASKED,  # these, and no project beside them
        )
        assert converse(wrapped)["output"]["message"] == message
    gc.collect()
    assert answers == []
    assert costmark.usage() == {}


def test_handlers_of_others_come_first(bedrock: Emulator) -> None:
    runtime = costmark.wrap(client(bedrock.url), project=PROJECT, conflict="override")

    def disagree(request: Any, **_: Any) -> None:
        body = {**json.loads(request.data), "projectIdentifier": "proj_of_another"}
        request.data = json.dumps(body).encode()

    runtime.meta.events.register_last("before-sign.bedrock-runtime.Converse", disagree)
    converse(runtime)
    assert [each[0] for each in billed(bedrock)] == [PROJECT]


def test_a_length_that_is_set_is_that_of_what_is_sent(bedrock: Emulator) -> None:
    runtime = costmark.wrap(client(bedrock.url), project=PROJECT)

    def measure(request: Any, **_: Any) -> None:
        request.headers["Content-Length"] = str(len(request.data))

    runtime.meta.events.register("before-sign.bedrock-runtime.Converse", measure)
    converse(runtime)
    assert [each[0] for each in billed(bedrock)] == [PROJECT]


@pytest.mark.parametrize(
    "name",
    [
        "Content-MD5",
        "X-Amz-Content-SHA256",
        "x-amz-checksum-crc32",
        "x-amz-sdk-checksum-algorithm",
        "Digest",
    ],
)
def test_a_digest_of_the_body_goes_where_the_body_is_another(name: str, bedrock: Emulator) -> None:
    runtime = costmark.wrap(client(bedrock.url), project=PROJECT)

    def digest(request: Any, **_: Any) -> None:
        request.headers[name] = hashlib.sha256(request.data).hexdigest()

    runtime.meta.events.register("before-sign.bedrock-runtime", digest)
    converse(runtime)
    invoke(runtime)  # whose project is in a header
    assert [each[0] for each in billed(bedrock)] == [PROJECT, PROJECT]
    sent = [name.lower() in dict(each["headers"]) for each in bedrock.requests()]
    assert sent == [False, True]


def test_a_call_within_a_call(bedrock: Emulator, wrapped: Any, answers: Any) -> None:
    def call_again(request: Any, **_: Any) -> None:
        wrapped.meta.events.unregister("before-send", call_again)
        with costmark.project(OTHER):
            converse(wrapped)

    wrapped.meta.events.register_last("before-send", call_again)
    converse(wrapped)
    assert [each.project for each in answers] == [OTHER, PROJECT]
    assert sorted(told(answers)) == sorted(billed(bedrock))


def test_threads_share_a_client(bedrock: Emulator) -> None:
    runtime = costmark.wrap(client(bedrock.url, max_pool_connections=8))

    def work(number: int) -> None:
        with costmark.project(PROJECT if number % 2 else OTHER):
            for call in CALLS:
                call(runtime)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    usage = costmark.usage()
    for project in (PROJECT, OTHER):
        records = [each for each in bedrock.usage() if each["project"] == project]
        assert len(records) == usage[project].operations == 16
        assert usage[project].output_tokens == sum(each["output_tokens"] for each in records)


def test_a_client_is_wrapped_anew_while_another_thread_calls(bedrock: Emulator) -> None:
    runtime = costmark.wrap(client(bedrock.url), project=PROJECT)
    is_over = threading.Event()

    def work() -> None:
        while not is_over.is_set():
            converse(runtime)

    thread = threading.Thread(target=work)
    thread.start()
    for number in range(200):
        costmark.wrap(runtime, project=OTHER if number % 2 else PROJECT)
    is_over.set()
    thread.join()
    assert {each[0] for each in billed(bedrock)} <= {PROJECT, OTHER}


def test_unwrapping(bedrock: Emulator, wrapped: Any, answers: list[costmark.Answer]) -> None:
    assert costmark.unwrap(wrapped) is wrapped
    assert costmark.unwrap(wrapped) is wrapped
    converse(wrapped)
    assert answers == []
    assert [each[0] for each in billed(bedrock)] == ["default"]
    costmark.wrap(costmark.wrap(wrapped, project=OTHER), project=PROJECT)
    converse(wrapped)
    assert costmark.usage()[PROJECT].attempts == 1


# --- patch ----------------------------------------------------------------------------------------


@each_call
def test_patch_covers_new_clients(
    call: Callable[..., Any], bedrock: Emulator, answers: list[costmark.Answer]
) -> None:
    host = bedrock.url.removeprefix("http://")
    # The key is for clients of other libraries: boto3 signs.
    costmark.patch([host], project=PROJECT, on_usage=answers.append, bearer_token="ABSKEXAMPLE")
    call(client(bedrock.url))
    assert billed(bedrock) == told(answers)
    assert bedrock.usage()[0]["signed_by"] == "sigv4"
    hooks = {hook.library: hook for hook in costmark.coverage().hooks}
    assert hooks["botocore.session"].state == "in force"
    assert bedrock.url in costmark.coverage().reached


def test_patch_leaves_others_alone(bedrock: Emulator, recorder: Recorder) -> None:
    costmark.patch(["gateway.internal"], project=PROJECT)
    runtime = client(bedrock.url)
    converse(runtime)
    assert [each[0] for each in billed(bedrock)] == ["default"]
    assert "_costmark" not in vars(client(None, "s3"))
    assert "_costmark" in vars(client(None))
    costmark.unpatch()
    assert "_costmark" not in vars(client(None))


def test_a_wrapped_client_keeps_what_it_was_given(bedrock: Emulator) -> None:
    costmark.patch([bedrock.url.removeprefix("http://")], project=OTHER)
    runtime = costmark.wrap(client(bedrock.url), project=PROJECT)
    converse(runtime)
    assert [each[0] for each in billed(bedrock)] == [PROJECT]
    assert sum(each.attempts for each in costmark.usage().values()) == 1


def test_sessions_of_botocore(bedrock: Emulator) -> None:
    import botocore.session  # type: ignore[import-untyped,unused-ignore]

    costmark.patch([bedrock.url.removeprefix("http://")], project=PROJECT)
    keys = {"region_name": REGION, "endpoint_url": bedrock.url, **KEYS}
    converse(botocore.session.get_session().create_client("bedrock-runtime", **keys))
    assert [each[0] for each in billed(bedrock)] == [PROJECT]


@needs_parameter
def test_labels_go_along_as_metadata_where_they_are_asked_for(bedrock: Emulator) -> None:
    sent: list[Any] = []
    runtime = costmark.wrap(client(bedrock.url), project=PROJECT, labels_as_metadata=True)
    runtime.meta.events.register(
        "before-send.bedrock-runtime", lambda request, **_: sent.append(json.loads(request.body))
    )
    with costmark.labels(feature="search", team="a"):
        converse(runtime, requestMetadata={"team": "mine"})
        converse_stream(runtime)
    converse(runtime)
    assert [body.get("requestMetadata") for body in sent] == [
        {"team": "mine", "feature": "search"},
        {"feature": "search", "team": "a"},
        None,
    ]
    with (
        costmark.labels(user="Jürgen"),
        pytest.raises(costmark.RequestError, match=r"label 'user' has U\+00FC at byte 1"),
    ):
        converse(runtime)
    assert len(sent) == 3
