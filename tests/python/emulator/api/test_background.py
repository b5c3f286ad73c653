"""Background responses, driven by the real OpenAI SDK."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import openai
import pytest
from openai import AsyncOpenAI, OpenAI

from emulator.support import BEARER, OSS, Answer, Emulator

if TYPE_CHECKING:
    from collections.abc import Iterator

PATH = "/v1/responses"
LONG_S = 600  # longer than any test waits


@pytest.fixture
def client(emulator: Emulator) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{emulator.url}/v1", api_key=BEARER, max_retries=0) as client:
        yield client


def create(emulator: Emulator, **members: Any) -> Answer:
    body = {"model": OSS, "input": "Hello", "background": True, **members}
    return emulator.bearer("POST", PATH, body)


def slow(emulator: Emulator, seconds: float = LONG_S, **members: Any) -> None:
    emulator.fault("slow_background", delay_s=seconds, **members)


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def status_of(emulator: Emulator, response_id: str) -> str:
    return str(emulator.bearer("GET", f"{PATH}/{response_id}").json["status"])


def until_in_progress(emulator: Emulator, response_id: str) -> None:
    wait_for(lambda: status_of(emulator, response_id) == "in_progress")


def numbers(events: list[Any]) -> list[int]:
    return [each.sequence_number for each in events]


# --- The way of a response -----------------------------------------------------------------------


def test_polls_see_every_status_and_one_record_is_kept(emulator: Emulator, client: OpenAI) -> None:
    slow(emulator, 0.8)
    answer = client.responses.create(model=OSS, input="Hello", background=True)
    assert (answer.status, answer.usage, answer.output) == ("queued", None, [])
    assert answer.background is True
    seen = [answer.status]
    while answer.status in ("queued", "in_progress"):
        assert answer.usage is None
        time.sleep(0.01)
        answer = client.responses.retrieve(answer.id)
        if answer.status != seen[-1]:
            seen.append(answer.status)
    assert seen == ["queued", "in_progress", "completed"]
    assert answer.output_text.startswith('To "Hello"')
    assert client.responses.retrieve(answer.id) == answer
    (record,) = emulator.usage()
    assert answer.usage is not None
    assert (record["input_tokens"], record["output_tokens"]) == (
        answer.usage.input_tokens,
        answer.usage.output_tokens,
    )
    assert (record["response_id"], record["outcome"]) == (answer.id, "completed")


def test_it_is_answered_as_a_foreground_response_is(emulator: Emulator, client: OpenAI) -> None:
    now = client.responses.create(model=OSS, input="Hello")
    later = client.responses.create(model=OSS, input="Hello", background=True)
    wait_for(lambda: status_of(emulator, later.id) == "completed")
    later = client.responses.retrieve(later.id)
    assert (later.output_text, later.usage) == (now.output_text, now.usage)
    assert later.completed_at is not None
    assert later.completed_at >= later.created_at


def test_it_is_recorded_although_it_is_never_read(emulator: Emulator) -> None:
    project = emulator.project("p", team="a")
    created = create(emulator, project_id=project).json
    assert emulator.usage() == []
    wait_for(lambda: len(emulator.usage()) == 1)
    (record,) = emulator.usage()
    assert (record["project"], record["response_id"]) == (project, created["id"])
    assert record["tags"] == {"team": "a"}


def test_records_follow_the_ends_not_the_beginnings(emulator: Emulator) -> None:
    slow(emulator, 0.4)
    first = create(emulator).json["id"]
    slow(emulator, 0.1)
    second = create(emulator).json["id"]
    time.sleep(0.5)  # both end while the emulator is asked nothing
    records = emulator.usage()
    assert [each["response_id"] for each in records] == [second, first]
    assert records[0]["time"] < records[1]["time"]


def test_it_can_be_cut_short_by_its_own_limit(emulator: Emulator, client: OpenAI) -> None:
    answer = client.responses.create(
        model=OSS, input="Hello", background=True, max_output_tokens=20
    )
    wait_for(lambda: status_of(emulator, answer.id) == "incomplete")
    answer = client.responses.retrieve(answer.id)
    assert answer.incomplete_details is not None
    assert answer.incomplete_details.reason == "max_output_tokens"
    (record,) = emulator.usage()
    assert (record["outcome"], record["output_tokens"]) == ("incomplete", 20)


def test_it_can_fail_and_then_costs_nothing(emulator: Emulator, client: OpenAI) -> None:
    emulator.fault("fail_background")
    answer = client.responses.create(model=OSS, input="Hello", background=True)
    assert answer.status == "queued"
    wait_for(lambda: status_of(emulator, answer.id) == "failed")
    answer = client.responses.retrieve(answer.id)
    assert answer.error is not None
    assert (answer.error.code, answer.usage, answer.output) == ("server_error", None, [])
    assert emulator.usage() == []


def test_background_faults_wait_for_a_background_request(emulator: Emulator) -> None:
    emulator.fault("fail_background")
    assert create(emulator, background=False).json["status"] == "completed"
    assert emulator.bearer("POST", "/v1/chat/completions", emulator.chat()).status == 200
    failing = create(emulator).json["id"]
    wait_for(lambda: status_of(emulator, failing) == "failed")


def test_many_at_once_are_recorded_once_each(emulator: Emulator) -> None:
    projects = [emulator.project(f"p{n}") for n in range(3)]

    async def one(client: AsyncOpenAI, n: int) -> Any:
        given: Any = {"model": OSS, "input": f"Question {n}", "background": True}
        headers = {"OpenAI-Project": projects[n % 3]}
        answer = await client.responses.create(**given, extra_headers=headers)
        while answer.status in ("queued", "in_progress"):
            await asyncio.sleep(0.01)
            answer = await client.responses.retrieve(answer.id, extra_headers=headers)
        return answer

    async def every() -> list[Any]:
        async with AsyncOpenAI(base_url=f"{emulator.url}/v1", api_key=BEARER) as client:
            return await asyncio.gather(*(one(client, n) for n in range(30)))

    answers = asyncio.run(every())
    recorded = {each["response_id"]: each for each in emulator.usage()}
    assert len(emulator.usage()) == len(recorded) == 30
    for n, answer in enumerate(answers):
        record = recorded[answer.id]
        assert record["project"] == projects[n % 3]
        assert record["output_tokens"] == answer.usage.output_tokens


# --- Cancelling and deleting ---------------------------------------------------------------------


def test_cancelled_while_queued_it_costs_nothing(emulator: Emulator, client: OpenAI) -> None:
    slow(emulator)
    queued = client.responses.create(model=OSS, input="Hello", background=True)
    for _ in range(2):
        cancelled = client.responses.cancel(queued.id)
        assert (cancelled.status, cancelled.usage, cancelled.output) == ("cancelled", None, [])
    assert client.responses.retrieve(queued.id).status == "cancelled"
    assert emulator.usage() == []


def test_cancelled_in_progress_it_costs_what_was_made(emulator: Emulator, client: OpenAI) -> None:
    whole = create(emulator, background=False).json["usage"]
    emulator.plain("DELETE", "/_emulator/usage")
    slow(emulator, 2)
    running = client.responses.create(model=OSS, input="Hello", background=True)
    until_in_progress(emulator, running.id)
    cancelled = client.responses.cancel(running.id)
    assert client.responses.cancel(running.id) == cancelled
    assert cancelled.usage is not None
    assert cancelled.usage.input_tokens == whole["input_tokens"]
    assert cancelled.usage.output_tokens < whole["output_tokens"]
    (record,) = emulator.usage()
    assert (record["outcome"], record["input_tokens"], record["output_tokens"]) == (
        "cancelled",
        cancelled.usage.input_tokens,
        cancelled.usage.output_tokens,
    )


def test_cancelling_what_has_ended_changes_nothing(emulator: Emulator, client: OpenAI) -> None:
    created = client.responses.create(model=OSS, input="Hello", background=True)
    wait_for(lambda: status_of(emulator, created.id) == "completed")
    ended = client.responses.retrieve(created.id)
    assert client.responses.cancel(created.id) == ended
    (record,) = emulator.usage()
    assert record["outcome"] == "completed"


def test_deleting_ends_it(emulator: Emulator, client: OpenAI) -> None:
    slow(emulator)
    queued = client.responses.create(model=OSS, input="Hello", background=True)
    client.responses.delete(queued.id)
    slow(emulator, 1)
    running = client.responses.create(model=OSS, input="Hello", background=True)
    until_in_progress(emulator, running.id)
    client.responses.delete(running.id)
    for gone in (queued.id, running.id):
        with pytest.raises(openai.NotFoundError):
            client.responses.retrieve(gone)
        with pytest.raises(openai.NotFoundError):
            client.responses.cancel(gone)
        with pytest.raises(openai.NotFoundError):
            client.responses.delete(gone)
    time.sleep(1)  # past the end that it would have had
    (record,) = emulator.usage()
    assert (record["response_id"], record["outcome"]) == (running.id, "cancelled")


def test_a_reset_forgets_those_on_their_way(emulator: Emulator) -> None:
    slow(emulator, 0.1)
    created = create(emulator).json["id"]
    assert emulator.plain("POST", "/_emulator/reset").status == 204
    time.sleep(0.15)
    assert emulator.usage() == []
    assert emulator.bearer("GET", f"{PATH}/{created}").status == 404


# --- Who sees it ---------------------------------------------------------------------------------


@pytest.mark.parametrize("method_and_tail", ["GET ", "GET ?stream=true", "POST /cancel", "DELETE "])
def test_unknown_ids_and_other_projects(emulator: Emulator, method_and_tail: str) -> None:
    method, tail = method_and_tail.split(" ")
    mine, other = emulator.project(), emulator.project()
    slow(emulator)
    response_id = create(emulator, project_id=mine, stream=False).json["id"]
    unknown = "resp_" + "0" * 48
    for asked, project in ((unknown, mine), (response_id, other), (response_id, "default")):
        answer = emulator.bearer(method, f"{PATH}/{asked}{tail}", OpenAI_Project=project)
        assert answer.status == 404
        assert answer.error["code"] == "not_found_error"
        assert answer.error["message"] == f"Response with id '{asked}' not found."
    answer = emulator.bearer(method, f"{PATH}/{response_id}{tail}")  # which is `default` again
    assert answer.status == 404
    assert emulator.plain(method, f"{PATH}/{response_id}{tail}").status == 401
    shown = emulator.bearer("GET", f"{PATH}/{response_id}", OpenAI_Project=mine)
    assert shown.json["status"] in ("queued", "in_progress")
    emulator.bearer("POST", f"{PATH}/{response_id}/cancel", OpenAI_Project=mine)


def test_it_can_be_continued_once_it_has_ended(emulator: Emulator) -> None:
    slow(emulator)
    queued = create(emulator).json["id"]
    answer = create(emulator, previous_response_id=queued)
    assert (answer.status, answer.error["param"]) == (400, "previous_response_id")
    assert f"'{queued}' is queued" in answer.error["message"]
    emulator.bearer("POST", f"{PATH}/{queued}/cancel")
    assert create(emulator, previous_response_id=queued).status == 400
    first = create(emulator).json["id"]
    wait_for(lambda: status_of(emulator, first) == "completed")
    assert create(emulator, previous_response_id=first).status == 200
    other = emulator.project()
    assert create(emulator, previous_response_id=first, project_id=other).status == 404


@pytest.mark.parametrize(
    ("members", "text"),
    [
        ({"store": False}, "require 'store' to be true"),
        ({"background": "yes"}, "background: invalid type: expected a boolean"),
        ({"background": 1}, "background: invalid type: expected a boolean"),
    ],
)
def test_bad_requests(emulator: Emulator, members: dict[str, Any], text: str) -> None:
    answer = create(emulator, **members)
    assert answer.status == 400
    assert text in answer.error["message"]
    assert emulator.usage() == []


# --- Streams -------------------------------------------------------------------------------------


def test_its_stream_shows_the_queue_and_the_making(emulator: Emulator, client: OpenAI) -> None:
    slow(emulator, 0.4)
    began = time.monotonic()
    events = list(client.responses.create(model=OSS, input="Hello", background=True, stream=True))
    assert time.monotonic() - began >= 0.4
    kinds = [each.type for each in events]
    assert kinds[:3] == ["response.created", "response.queued", "response.in_progress"]
    assert kinds[-1] == "response.completed"
    assert numbers(events) == list(range(len(events)))
    first, last = events[0], events[-1]
    assert first.type == "response.created"
    assert first.response.status == "queued"
    assert last.type == "response.completed"
    deltas = [each.delta for each in events if each.type == "response.output_text.delta"]
    assert "".join(deltas) == last.response.output_text
    assert client.responses.retrieve(last.response.id) == last.response
    (record,) = emulator.usage()
    assert last.response.usage is not None
    assert record["output_tokens"] == last.response.usage.output_tokens
    assert (record["outcome"], record["streamed"]) == ("completed", True)


def test_who_leaves_the_stream_does_not_end_the_response(
    emulator: Emulator, client: OpenAI
) -> None:
    slow(emulator, 0.5)
    with client.responses.create(model=OSS, input="Hi", background=True, stream=True) as stream:
        first = next(iter(stream))
    assert first.type == "response.created"
    response_id = first.response.id
    assert emulator.usage() == []
    with client.responses.retrieve(response_id, stream=True, starting_after=1) as rest:
        events = list(rest)
    assert numbers(events)[0] == 2
    assert events[0].type == "response.in_progress"
    assert events[-1].type == "response.completed"
    again = list(client.responses.retrieve(response_id, stream=True))
    assert [each.type for each in again][:2] == ["response.created", "response.queued"]
    assert again[2:] == events
    (record,) = emulator.usage()
    assert (record["response_id"], record["outcome"]) == (response_id, "completed")


def test_a_stream_that_is_cut_can_be_resumed(emulator: Emulator, client: OpenAI) -> None:
    emulator.fault("drop_stream", after_events=4)
    seen: list[Any] = []
    with (
        pytest.raises(Exception, match=r"Connection error|incomplete|closed|peer"),
        client.responses.create(model=OSS, input="Hi", background=True, stream=True) as stream,
    ):
        seen.extend(stream)
    assert numbers(seen) == [0, 1, 2, 3]
    response_id = seen[0].response.id
    seen += client.responses.retrieve(response_id, stream=True, starting_after=3)
    assert numbers(seen) == list(range(len(seen)))
    assert seen[-1].type == "response.completed"
    assert list(client.responses.retrieve(response_id, stream=True, starting_after=9999)) == []
    assert len(emulator.usage()) == 1


def test_a_failing_stream_says_so(emulator: Emulator, client: OpenAI) -> None:
    emulator.fault("fail_background")
    events = list(client.responses.create(model=OSS, input="Hi", background=True, stream=True))
    kinds = [each.type.removeprefix("response.") for each in events]
    assert kinds == ["created", "queued", "in_progress", "failed"]
    assert emulator.usage() == []


def test_cancelling_ends_the_stream(emulator: Emulator, client: OpenAI) -> None:
    slow(emulator)
    seen = []
    with client.responses.create(model=OSS, input="Hi", background=True, stream=True) as stream:
        for each in stream:
            seen.append(each)
            if each.type == "response.queued":
                client.responses.cancel(each.response.id)
    assert [each.type for each in seen] == ["response.created", "response.queued"]
    assert seen[0].type == "response.created"
    again = list(client.responses.retrieve(seen[0].response.id, stream=True))
    assert again == seen
    assert emulator.usage() == []


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("stream=yes", "stream"),
        ("stream=true", "stream"),
        ("starting_after=1", "starting_after"),
        ("stream=true&starting_after=-1", "starting_after"),
        ("stream=true&starting_after=x", "starting_after"),
        ("stream=true&starting_after=12345678901", "starting_after"),
    ],
)
def test_what_cannot_be_streamed(emulator: Emulator, query: str, param: str) -> None:
    for members in ({}, {"background": False}):
        created = create(emulator, **members).json["id"]
        answer = emulator.bearer("GET", f"{PATH}/{created}?{query}")
        assert (answer.status, answer.error["param"]) == (400, param)
    created = create(emulator, background=False).json["id"]
    assert emulator.bearer("GET", f"{PATH}/{created}?stream=false").status == 200


# --- The clock -----------------------------------------------------------------------------------


def test_the_option_sets_how_long_it_takes() -> None:
    emulator = Emulator("--background-s", "0", "--clock-offset-s", "-86400")
    try:
        created = create(emulator).json
        assert created["status"] == "queued"
        ended = emulator.bearer("GET", f"{PATH}/{created['id']}").json
        assert ended["status"] == "completed"
        a_day_ago = time.time() - 86400
        assert abs(created["created_at"] - a_day_ago) < 5
        assert abs(ended["completed_at"] - a_day_ago) < 5
        (record,) = emulator.usage()
        expected = time.strftime("%Y-%m-%d", time.gmtime(a_day_ago))
        assert record["time"].startswith(expected)
    finally:
        assert emulator.stop()[0] == 0
