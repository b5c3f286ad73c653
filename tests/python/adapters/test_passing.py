"""What passes as it is: redirects, framing, and bodies that are not ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import openai
import pytest

import costmark
from adapters.clients import httpx, plain, plain_async
from harness import CHAT_ANSWER, MESSAGES, MODEL, Received, Recorder, answer_json

if TYPE_CHECKING:
    from collections.abc import Callable

CHAT: dict[str, Any] = {"model": MODEL, "messages": MESSAGES}


def redirecting(status: int, to: str) -> Callable[[Any, Received], None]:
    def answer(handler: Any, request: Received) -> None:
        if request.path == to:
            answer_json(handler, {"id": "x"})
            return
        handler.send_response(status)
        handler.send_header("location", to)
        handler.send_header("content-length", "0")
        handler.end_headers()

    return answer


# --- Redirects within the origin ------------------------------------------------------------------


@pytest.mark.parametrize("status", [307, 308])
@pytest.mark.parametrize("asynchronous", [False, True])
async def test_a_redirect_within_the_origin_gets_the_body_again(
    recorder: Recorder, status: int, asynchronous: bool
) -> None:
    recorder.answer = redirecting(status, "/v2/chat/completions")
    make: Any = plain_async if asynchronous else plain
    client = costmark.wrap(make(recorder, max_retries=0), project="proj_a")
    call = client.chat.completions.create(**CHAT)
    if asynchronous:
        await call
        await client.close()
    first, second = recorder.requests
    assert second.path == "/v2/chat/completions"
    assert first.body == second.body
    assert first.json() == {"project_id": "proj_a", **CHAT}
    assert second.header("authorization") == "Bearer unused"
    used = costmark.usage()["proj_a"]
    assert (used.operations, used.attempts) == (1, 2)


@pytest.mark.parametrize("status", [307, 308])
@pytest.mark.parametrize("asynchronous", [False, True])
async def test_so_does_an_upload(recorder: Recorder, status: int, asynchronous: bool) -> None:
    recorder.answer = redirecting(status, "/v2/files")
    bodies = []
    for wrapped in (False, True):
        make: Any = plain_async if asynchronous else plain
        client = make(recorder, max_retries=0)
        if wrapped:
            costmark.wrap(client, project="proj_a")
        call = client.files.create(file=("a.txt", b"hello"), purpose="batch")
        if asynchronous:
            await call
            await client.close()
        first, second = recorder.requests[-2:]
        assert second.path == "/v2/files"
        assert first.body == second.body
        bodies.append(len(second.body))
    assert bodies[0] == bodies[1]


def test_redirects_are_followed_as_the_client_is_told(recorder: Recorder) -> None:
    recorder.answer = redirecting(307, "/v2/chat/completions")
    http_client = httpx.Client(follow_redirects=False)
    client = costmark.wrap(plain(recorder, max_retries=0, http_client=http_client))
    with client, pytest.raises(openai.APIStatusError) as caught:
        client.chat.completions.create(**CHAT)
    assert caught.value.status_code == 307
    assert len(recorder.requests) == 1


# --- Framing --------------------------------------------------------------------------------------


def test_a_transfer_encoding_does_not_stand_beside_our_length(recorder: Recorder) -> None:
    with costmark.wrap(plain(recorder, max_retries=0), project="proj_a") as client:
        client.chat.completions.create(**CHAT, extra_headers={"Transfer-Encoding": "chunked"})
    sent = recorder.last
    assert sent.header("transfer-encoding") is None
    assert sent.header("content-length") == str(len(sent.body))
    assert sent.json()["project_id"] == "proj_a"


def test_a_body_that_is_not_edited_keeps_its_framing() -> None:
    """Some releases of the SDK send both headers, which is theirs to change."""
    framed = []

    def answer(request: Any) -> Any:
        names = ("transfer-encoding", "content-length")
        framed.append([request.headers.get(name) for name in names])
        return httpx.Response(200, json=CHAT_ANSWER)

    for wrapped in (False, True):
        client = openai.OpenAI(
            base_url="http://gateway.test/v1",
            api_key="unused",
            http_client=httpx.Client(transport=httpx.MockTransport(answer)),
        )
        if wrapped:
            costmark.wrap(client, unattributed="allow")
        client.chat.completions.create(**CHAT, extra_headers={"Transfer-Encoding": "chunked"})
    assert framed[0] == framed[1]
    assert framed[0][0] == "chunked"


@pytest.mark.parametrize("length", ["5", "5000", "many"])
def test_a_wrong_length_stays_an_error(recorder: Recorder, length: str) -> None:
    errors = []
    for wrapped in (False, True):
        client = plain(recorder, max_retries=0)
        if wrapped:
            costmark.wrap(client, project="proj_a")
        with client, pytest.raises(Exception) as caught:  # noqa: PT011 - whichever it is
            client.chat.completions.create(**CHAT, extra_headers={"Content-Length": length})
        errors.append(type(caught.value))
    assert errors[0] is errors[1]


# --- Bodies that are not ours ---------------------------------------------------------------------


@pytest.mark.parametrize("body", [b"not json", b"{broken", b'{"a": 1', b"\xff\xfe", b"[1]"])
@pytest.mark.parametrize("path", ["/files", "/conversations", "/responses/resp_1/cancel", "/foo"])
def test_any_body_passes_where_no_model_works(recorder: Recorder, path: str, body: bytes) -> None:
    recorder.answer = lambda handler, _: answer_json(handler, {})
    with costmark.wrap(plain(recorder, max_retries=0), project="proj_a") as client:
        headers = {"content-type": "application/json"}
        client._client.post(recorder.base_url + path, content=body, headers=headers)
    assert recorder.last.body == body


@pytest.mark.parametrize("body", [b"not json", b"{broken"])
def test_it_is_an_error_where_a_project_has_to_be_written(recorder: Recorder, body: bytes) -> None:
    with costmark.wrap(plain(recorder, max_retries=0), project="proj_a") as client:
        headers = {"content-type": "application/json"}
        with pytest.raises(costmark.RequestError):
            client._client.post(
                f"{recorder.base_url}/chat/completions", content=body, headers=headers
            )
    assert not recorder.requests
