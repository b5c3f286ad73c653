"""Faults, and streams that do not come to their end."""

from __future__ import annotations

import asyncio
import http.client
import time
from typing import TYPE_CHECKING, Any

import openai
import pytest
from openai import AsyncOpenAI, OpenAI

from emulator.support import BEARER, KEY, OSS, Emulator

if TYPE_CHECKING:
    from collections.abc import Callable

CHAT = "/v1/chat/completions"


def client(emulator: Emulator, retries: int = 0) -> OpenAI:
    return OpenAI(base_url=f"{emulator.url}/v1", api_key=BEARER, max_retries=retries)


def wait_for(check: Callable[[], Any]) -> Any:
    """Poll until `check` is true; the emulator notices a lost caller a moment later."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        if result := check():
            return result
        time.sleep(0.02)
    raise AssertionError("nothing happened in time")


def test_status(emulator: Emulator) -> None:
    emulator.fault("status", status=429, count=2, retry_after=0.01)
    for _ in range(2):
        answer = emulator.bearer("POST", CHAT, emulator.chat())
        assert (answer.status, answer.headers["retry-after"]) == (429, "0.01")
        assert answer.error["code"] == "rate_limit_exceeded"
    assert emulator.bearer("POST", CHAT, emulator.chat()).status == 200
    assert len(emulator.usage()) == 1


def test_status_with_words_of_ones_own(emulator: Emulator) -> None:
    emulator.fault(
        "status", status=400, message="Internal server error", code="x", headers={"x-y": "z"}
    )
    answer = emulator.bearer("POST", CHAT, emulator.chat())
    assert (answer.status, answer.headers["x-y"]) == (400, "z")
    assert (answer.error["code"], answer.error["message"]) == ("x", "Internal server error")


def test_status_in_anthropics_shape(emulator: Emulator) -> None:
    emulator.fault("status", status=503)
    body = {
        "model": "anthropic.claude-opus-4-8",
        "max_tokens": 9,
        "messages": [{"role": "user", "content": "x"}],
    }
    answer = emulator.bearer("POST", "/anthropic/v1/messages", body)
    assert (answer.status, answer.error["type"]) == (503, "overloaded_error")


def test_expired_token(emulator: Emulator) -> None:
    emulator.fault("expired_token")
    answer = emulator.call("POST", CHAT, emulator.chat())
    assert answer.status == 401
    assert answer.error["message"] == "The security token included in the request is expired."


def test_credentials_that_have_been_revoked(emulator: Emulator) -> None:
    emulator.fault("expired_token", access_key_id=KEY, count=2)
    assert emulator.bearer("POST", CHAT, emulator.chat()).status == 200
    signed = [emulator.call("POST", CHAT, emulator.chat()).status for _ in range(3)]
    assert signed == [401, 401, 200]


def test_the_sdk_retries_until_it_is_served(emulator: Emulator) -> None:
    emulator.fault("status", status=503, retry_after=0.01)
    emulator.fault("drop")
    emulator.fault("reset")
    with client(emulator, retries=5) as patient:
        answer = patient.responses.create(model=OSS, input="x")
    assert answer.output_text
    assert [each["status"] for each in emulator.plain("GET", "/_emulator/requests").json] == [
        503,
        None,
        None,
        200,
    ]
    assert len(emulator.usage()) == 1


def test_drop_and_reset(emulator: Emulator) -> None:
    emulator.fault("drop")
    with pytest.raises(http.client.RemoteDisconnected):
        emulator.bearer("POST", CHAT, emulator.chat())
    emulator.fault("reset")
    with pytest.raises(ConnectionResetError):
        emulator.bearer("POST", CHAT, emulator.chat())
    assert emulator.usage() == []


@pytest.mark.parametrize("after", [0, 5])
def test_drop_stream(emulator: Emulator, after: int) -> None:
    emulator.fault("drop_stream", after_events=after)
    assert emulator.bearer("POST", CHAT, emulator.chat()).status == 200
    got: list[Any] = []
    with client(emulator) as one:
        stream = one.chat.completions.create(
            model=OSS, messages=[{"role": "user", "content": "Hi"}], stream=True
        )
        # What the SDK raises here differs from one major version to the next.
        with pytest.raises(Exception, match=r"incomplete chunked read|Connection error"):
            got.extend(stream)
    assert len(got) == after
    whole, cut = emulator.usage()
    assert (whole["outcome"], cut["outcome"]) == ("completed", "cut")
    text = max(after - 1, 0)
    assert cut["output_tokens"] == (cut["reasoning_tokens"] + text if text else 0)
    assert cut["input_tokens"] > 0


def test_drop_stream_after_everything(emulator: Emulator) -> None:
    emulator.fault("drop_stream", after_events=10_000)
    with pytest.raises(http.client.IncompleteRead):
        emulator.bearer("POST", CHAT, emulator.chat(stream=True))
    assert [record["outcome"] for record in emulator.usage()] == ["cut"]


def test_slow(emulator: Emulator) -> None:
    emulator.fault("slow", delay_s=0.2)
    start = time.monotonic()
    assert emulator.bearer("POST", CHAT, emulator.chat()).status == 200
    assert time.monotonic() - start >= 0.2
    emulator.fault("slow", delay_s=0.02)
    start = time.monotonic()
    answer = emulator.bearer("POST", CHAT, emulator.chat(stream=True))
    assert time.monotonic() - start >= 0.02 * answer.body.count(b"data: ")


def test_a_cancelled_stream_is_recorded(emulator: Emulator) -> None:
    emulator.fault("slow", delay_s=0.03)
    with client(emulator) as one:
        stream = one.responses.create(model=OSS, input="Hi", stream=True)
        for event in stream:
            if event.type == "response.output_text.delta":
                stream.close()
                break
    (record,) = wait_for(emulator.usage)
    assert record["outcome"] == "cancelled"
    assert 0 < record["output_tokens"] - record["reasoning_tokens"] < 8


def test_a_cancelled_task_is_recorded(emulator: Emulator) -> None:
    emulator.fault("slow", delay_s=0.05)

    async def start_and_cancel() -> None:
        async with AsyncOpenAI(base_url=f"{emulator.url}/v1", api_key=BEARER) as one:

            async def read() -> None:
                async with one.responses.stream(model=OSS, input="Hi") as stream:
                    await stream.until_done()

            task = asyncio.create_task(read())
            await asyncio.sleep(0.3)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(start_and_cancel())
    (record,) = wait_for(emulator.usage)
    assert record["outcome"] == "cancelled"


def test_a_caller_that_times_out(emulator: Emulator) -> None:
    emulator.fault("status", status=500, delay_s=0.5)
    with client(emulator).with_options(timeout=0.1) as one, pytest.raises(openai.APITimeoutError):
        one.responses.create(model=OSS, input="Hi")
    assert emulator.usage() == []


def test_a_caller_who_leaves_a_slow_answer(emulator: Emulator) -> None:
    emulator.fault("slow", delay_s=0.4)
    with client(emulator).with_options(timeout=0.1) as one, pytest.raises(openai.APITimeoutError):
        one.responses.create(model=OSS, input="Hi")
    assert [record["outcome"] for record in emulator.usage()] == ["completed"]


def test_faults_wait_for_what_they_match(emulator: Emulator) -> None:
    project = emulator.project()
    emulator.fault("status", api="responses", status=500)
    emulator.fault("status", project=project, status=501)
    emulator.fault("status", model="openai.gpt-oss-120b", status=502)
    statuses = [
        emulator.bearer("POST", CHAT, emulator.chat()).status,
        emulator.bearer("POST", CHAT, emulator.chat(project_id=project)).status,
        emulator.bearer("POST", CHAT, emulator.chat(model="openai.gpt-oss-120b")).status,
        emulator.bearer("POST", "/v1/responses", {"model": OSS, "input": "x"}).status,
        emulator.bearer("POST", "/v1/responses", {"model": OSS, "input": "x"}).status,
    ]
    assert statuses == [200, 501, 502, 500, 200]


def test_pending_faults_are_shown_and_cleared(emulator: Emulator) -> None:
    emulator.fault("status", status=500, count=3)
    emulator.bearer("POST", CHAT, emulator.chat())
    (pending,) = emulator.plain("GET", "/_emulator/faults").json
    assert (pending["kind"], pending["count"]) == ("status", 2)
    emulator.plain("DELETE", "/_emulator/faults")
    assert emulator.bearer("POST", CHAT, emulator.chat()).status == 200


def test_reset_and_delete(emulator: Emulator) -> None:
    project = emulator.project()
    text = f"{'word ' * 64}{project}"
    first = emulator.bearer("POST", "/v1/responses", {"model": OSS, "input": text}).json
    emulator.fault("status", status=500, count=9)
    assert emulator.plain("DELETE", "/_emulator/usage").status == 204
    assert emulator.usage() == []
    assert emulator.plain("DELETE", "/_emulator/requests").status == 204
    assert emulator.plain("GET", "/_emulator/requests").json == []
    assert emulator.plain("POST", "/_emulator/reset").status == 204
    assert emulator.plain("GET", "/_emulator/faults").json == []
    assert emulator.bearer("GET", f"/v1/responses/{first['id']}").status == 404
    again = emulator.bearer("POST", "/v1/responses", {"model": OSS, "input": text}).json
    assert again["usage"] == first["usage"]
    assert emulator.bearer("GET", f"/v1/organization/projects/{project}").status == 200


def test_refused_requests_use_up_no_fault(emulator: Emulator) -> None:
    emulator.fault("status", status=500)
    assert emulator.plain("POST", CHAT, emulator.chat()).status == 401
    assert emulator.bearer("POST", CHAT, b"{").status == 400
    assert emulator.bearer("POST", CHAT, emulator.chat()).status == 500


@pytest.mark.parametrize(
    ("members", "param"),
    [
        ({}, "kind"),
        ({"kind": "explode"}, "kind"),
        ({"kind": "status", "status": 200}, "status"),
        ({"kind": "status", "status": "500"}, "status"),
        ({"kind": "slow", "delay_s": -1}, "delay_s"),
        ({"kind": "drop", "count": 0}, "count"),
        ({"kind": "drop", "api": 1}, "api"),
        ({"kind": "status", "headers": {"a": 1}}, "headers"),
        ({"kind": "drop", "surprise": 1}, "surprise"),
    ],
)
def test_faults_are_checked(emulator: Emulator, members: dict[str, Any], param: str) -> None:
    answer = emulator.control("POST", "/_emulator/faults", members)
    assert (answer.status, answer.error["param"]) == (400, param)
