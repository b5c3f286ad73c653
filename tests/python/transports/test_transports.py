"""patch covers HTTP libraries as a whole."""

from __future__ import annotations

import gzip
import io
import json
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("httpx2")

import costmark
from adapters.clients import SIGNED
from harness import (
    CHAT_ANSWER,
    CHAT_STREAM,
    MODEL,
    Emulator,
    Received,
    Recorder,
    answer_json,
    answer_stream,
    run_recorder,
)
from transports.libraries import JSON, LIBRARIES, Send, chat_body

if TYPE_CHECKING:
    from collections.abc import Iterator
    from http.server import BaseHTTPRequestHandler


@pytest.fixture(params=LIBRARIES)
def library(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def send(library: str) -> Iterator[Send]:
    """Sends with a client that is older than the patch, where clients live that long."""
    with LIBRARIES[library]() as each:
        yield each
    costmark.unpatch()


def host_of(server: Recorder | Emulator) -> str:
    return server.url.removeprefix("http://")


def chat_url(server: Recorder | Emulator) -> str:
    return f"{server.base_url}/chat/completions"


def counted() -> dict[str, tuple[int, int, int]]:
    return {
        name: (each.attempts, each.input_tokens, each.output_tokens)
        for name, each in costmark.usage().items()
    }


def billed(bedrock: Emulator) -> dict[str, tuple[int, int, int]]:
    sums: dict[str, tuple[int, int, int]] = {}
    for each in bedrock.usage():
        calls, tokens_in, tokens_out = sums.get(each["project"], (0, 0, 0))
        sums[each["project"]] = (
            calls + 1,
            tokens_in + each["input_tokens"],
            tokens_out + each["output_tokens"],
        )
    return sums


# --- Attributed, signed and counted ---------------------------------------------------------------


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_calls_are_signed_attributed_and_counted(
    send: Send, bedrock: Emulator, project_a: str, project_b: str, stream: bool
) -> None:
    costmark.patch(hosts=[host_of(bedrock)], project=project_a, **SIGNED)
    costmark.reset_usage()
    options = {"stream": True} if stream else {}
    status, body = send("POST", chat_url(bedrock), chat_body(MODEL, **options), **options)
    assert status == 200, body
    with costmark.project(project_b):
        send("POST", chat_url(bedrock), chat_body(MODEL, **options), **options)
    assert counted() == billed(bedrock)
    assert set(counted()) == {project_a, project_b}
    # Asked for by costmark alone: the caller does not see it.
    assert not stream or b'"choices":[]' not in body.replace(b" ", b"")


def test_what_arrives_is_the_callers_but_for_the_project(send: Send, recorder: Recorder) -> None:
    body = chat_body(MODEL, user="\u00fc")
    send("POST", chat_url(recorder), body)
    costmark.patch(hosts=[host_of(recorder)], project="proj_a")
    answer = send("POST", chat_url(recorder), body)
    assert json.loads(answer.body) == CHAT_ANSWER
    plain, covered = recorder.requests
    assert covered.json() == {**plain.json(), "project_id": "proj_a"}
    changed = ("content-length",)
    assert [each for each in covered.headers if each[0].lower() not in changed] == [
        each for each in plain.headers if each[0].lower() not in changed
    ]


def test_other_hosts_stay_untouched(send: Send, recorder: Recorder) -> None:
    costmark.patch(hosts=["gateway.internal"], project="proj_a", unattributed="refuse")
    send("POST", chat_url(recorder), chat_body(MODEL))
    assert recorder.last.body == chat_body(MODEL)
    assert counted() == {}


def test_unpatching(send: Send, recorder: Recorder) -> None:
    costmark.patch(hosts=[host_of(recorder)], project="proj_a")
    costmark.unpatch()
    send("POST", chat_url(recorder), chat_body(MODEL))
    assert recorder.last.body == chat_body(MODEL)
    assert counted() == {}


def test_without_a_project_it_is_refused_before_it_is_sent(send: Send, recorder: Recorder) -> None:
    costmark.patch(hosts=[host_of(recorder)], unattributed="refuse")
    with pytest.raises(costmark.AttributionError, match="no project is named"):
        send("POST", chat_url(recorder), chat_body(MODEL))
    assert recorder.requests == []
    assert send("GET", f"{recorder.base_url}/models", None).status == 200


# --- Answers --------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_streams_pass_as_they_come(send: Send, recorder: Recorder, encoding: str) -> None:
    def answer(handler: BaseHTTPRequestHandler, _: Received) -> None:
        pieces = CHAT_STREAM
        if encoding == "gzip":
            whole = gzip.compress(b"".join(CHAT_STREAM))
            pieces = [whole[i : i + 50] for i in range(0, len(whole), 50)]
        answer_stream(handler, pieces, content_encoding=encoding)

    recorder.answer = answer
    costmark.patch(hosts=[host_of(recorder)], project="proj_a")
    asked = {"stream": True, "stream_options": {"include_usage": True}}
    body = send("POST", chat_url(recorder), chat_body(MODEL, **asked), stream=True).body
    assert body == b"".join(CHAT_STREAM)
    hidden = send("POST", chat_url(recorder), chat_body(MODEL, stream=True), stream=True).body
    assert hidden == b"".join(CHAT_STREAM[:-2] + CHAT_STREAM[-1:])
    assert counted() == {"proj_a": (2, 14, 6)}


def test_a_stream_that_breaks_off_is_incomplete(send: Send, recorder: Recorder) -> None:
    recorder.answer = lambda handler, _: answer_stream(handler, CHAT_STREAM[:2], end=False)
    costmark.patch(hosts=[host_of(recorder)], project="proj_a")
    with pytest.raises(Exception, match=r"(?i)incomplete|payload|closed"):
        send("POST", chat_url(recorder), chat_body(MODEL, stream=True), stream=True)
    used = costmark.usage()["proj_a"]
    assert (used.attempts, used.incomplete_attempts) == (1, 1)


def test_an_error_is_the_callers(send: Send, recorder: Recorder) -> None:
    recorder.answer = lambda handler, _: answer_json(handler, {"error": "no"}, 418)
    costmark.patch(hosts=[host_of(recorder)], project="proj_a")
    assert send("POST", chat_url(recorder), chat_body(MODEL)).status == 418
    used = costmark.usage()["proj_a"]
    assert (used.attempts, used.failed_attempts) == (1, 1)


def test_a_server_that_is_not_there(send: Send) -> None:
    with run_recorder() as gone:
        pass
    costmark.patch(hosts=[host_of(gone)], project="proj_a")
    with pytest.raises(Exception, match=r"(?i)refused|connect"):
        send("POST", chat_url(gone), chat_body(MODEL))
    used = costmark.usage()["proj_a"]
    assert used.failed_attempts == used.attempts > 0
    assert used.operations == 1


# --- Redirects ------------------------------------------------------------------------------------


def redirecting_to(url: str, status: int = 307) -> Any:
    def answer(handler: BaseHTTPRequestHandler, request: Received) -> None:
        if request.path.startswith("/v1/moved"):
            answer_json(handler, {}, status, location=url)
        else:
            answer_json(handler, CHAT_ANSWER)

    return answer


def test_a_redirect_to_a_covered_host_is_prepared_again(send: Send, recorder: Recorder) -> None:
    with run_recorder() as other:
        recorder.answer = redirecting_to(chat_url(other))
        costmark.patch(hosts=[host_of(recorder), host_of(other)], project="proj_a")
        url = f"{recorder.base_url}/moved/chat/completions"
        assert send("POST", url, chat_body(MODEL), follow=True).status == 200
        assert other.last.json()["project_id"] == "proj_a"
        assert other.last.body.count(b"proj_a") == 1
        assert counted()["proj_a"][1:] == (7, 3)


def test_a_redirect_to_another_host_is_refused(send: Send, recorder: Recorder) -> None:
    with run_recorder() as other:
        recorder.answer = redirecting_to(chat_url(other))
        costmark.patch(hosts=[host_of(recorder)], project="proj_a")
        url = f"{recorder.base_url}/moved/chat/completions"
        with pytest.raises(costmark.Error, match="configured for"):
            send("POST", url, chat_body(MODEL), follow=True)
        assert other.requests == []


def test_a_download_may_lead_elsewhere(send: Send, recorder: Recorder) -> None:
    with run_recorder() as other:
        recorder.answer = redirecting_to(f"{other.url}/file", 302)
        costmark.patch(hosts=[host_of(recorder)], project="proj_a")
        assert send("GET", f"{recorder.base_url}/moved/content", None, follow=True).status == 200
        assert len(other.requests) == 1


# --- Bodies ---------------------------------------------------------------------------------------


def test_a_body_that_can_be_read_only_once_is_refused(
    send: Send, library: str, recorder: Recorder
) -> None:
    async def pieces_later() -> Any:
        yield chat_body(MODEL)

    is_async = library == "aiohttp" or library.endswith("async")
    costmark.patch(hosts=[host_of(recorder)], unattributed="refuse", project="proj_a")
    with pytest.raises(costmark.RequestError, match="is a stream") as caught:
        send("POST", chat_url(recorder), pieces_later() if is_async else iter([chat_body(MODEL)]))
    assert caught.value.code == "body_needed"
    assert recorder.requests == []


def test_a_file_is_read(send: Send, library: str, recorder: Recorder) -> None:
    if library.startswith("httpx"):
        pytest.skip("httpx takes files as streams")
    costmark.patch(hosts=[host_of(recorder)], project="proj_a")
    send("POST", chat_url(recorder), io.BytesIO(chat_body(MODEL)))
    assert recorder.last.json() == {**json.loads(chat_body(MODEL)), "project_id": "proj_a"}


def test_labels_do_not_hide_a_body(send: Send, recorder: Recorder) -> None:
    costmark.patch(hosts=[host_of(recorder)], unattributed="refuse", project="proj_a")
    send("POST", chat_url(recorder), chat_body(MODEL), {"content-type": "text/plain"})
    assert recorder.last.json()["project_id"] == "proj_a"
    with pytest.raises(costmark.AttributionError, match="does not begin like JSON"):
        send(
            "POST",
            chat_url(recorder),
            gzip.compress(chat_body(MODEL)),
            {**JSON, "content-encoding": "gzip"},
        )
