"""Many calls at once: each belongs to the scope in which it was made."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import openai

import costmark
from adapters.clients import SIGNED, plain, signed, signed_async
from harness import ACCESS_KEY_ID, MESSAGES, MODEL, SECRET_ACCESS_KEY, Emulator, Recorder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PROJECTS = 20
CALLS = 200
CHAT: dict[str, Any] = {"model": MODEL, "messages": MESSAGES}


@contextlib.contextmanager
def switching_often() -> Iterator[None]:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(interval)


def test_two_pools_tasks_and_nested_scopes(
    bedrock: Emulator, new_project: Callable[[], str]
) -> None:
    projects = [new_project() for _ in range(PROJECTS)]
    client = signed(bedrock, max_retries=0)
    async_client = signed_async(bedrock, max_retries=0)
    expected: dict[str, str] = {}

    def label(number: int) -> tuple[str, str]:
        project = projects[number % PROJECTS]
        expected[f"call {number}"] = project
        return project, f"call {number}"

    def call(text: str) -> None:
        client.responses.create(model=MODEL, input=text)

    def nested(number: int) -> None:
        """In a thread of its own scope, with another one inside."""
        project, text = label(number)
        with costmark.project(projects[(number + 1) % PROJECTS]), costmark.project(project):
            call(text)

    async def tasks(numbers: range) -> None:
        waiting = []
        for number in numbers:
            project, text = label(number)
            with costmark.project(project):
                if number % 2:
                    waiting.append(async_client.responses.create(model=MODEL, input=text))
                else:
                    waiting.append(asyncio.to_thread(costmark.bind(call), text))
        with costmark.project(projects[0]):
            await asyncio.gather(*waiting)
        await async_client.close()

    quarter = CALLS // 4
    with ThreadPoolExecutor(16) as first, ThreadPoolExecutor(16) as second:
        futures = [first.submit(nested, number) for number in range(quarter)]
        for number in range(quarter, 2 * quarter):
            project, text = label(number)
            with costmark.project(project):
                futures.append(second.submit(costmark.bind(call), text))
        asyncio.run(tasks(range(2 * quarter, CALLS)))
        for future in futures:
            future.result()
    client.close()

    sent = {
        body["input"]: body["project_id"]
        for body in (json.loads(r["body"]) for r in bedrock.requests() if "responses" in r["path"])
    }
    assert sent == expected
    assert len(sent) == CALLS
    by_project = Counter(record["project"] for record in bedrock.usage())
    assert by_project == Counter(expected.values())
    assert {name: used.operations for name, used in costmark.usage().items()} == dict(by_project)


def test_threads_share_one_client(recorder: Recorder) -> None:
    client = costmark.wrap(plain(recorder), unattributed="allow")

    def call(number: int) -> None:
        with costmark.project(f"proj_{number % 7}"):
            client.chat.completions.create(
                model=MODEL, messages=[{"role": "user", "content": str(number % 7)}]
            )

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(call, range(200)))
    client.close()
    for request in recorder.requests:
        body = request.json()
        assert body["project_id"] == f"proj_{body['messages'][0]['content']}"
    assert sum(used.operations for used in costmark.usage().values()) == 200


def test_a_client_is_wrapped_anew_while_other_threads_call(recorder: Recorder) -> None:
    def wrap(client: Any, project: str) -> Any:
        return costmark.wrap(client, project=project, unattributed="refuse")

    client = wrap(plain(recorder, max_retries=0), "proj_0")
    is_over = threading.Event()

    def call() -> None:
        while not is_over.is_set():
            client.chat.completions.create(**CHAT)

    with switching_often(), ThreadPoolExecutor(2) as pool:
        futures = [pool.submit(call) for _ in range(2)]
        for number in range(500):
            wrap(client, f"proj_{number % 2}")
        is_over.set()
        for future in futures:
            future.result()
    client.close()
    assert {r.json().get("project_id") for r in recorder.requests} <= {"proj_0", "proj_1"}


def test_a_client_is_unwrapped_within_a_call(recorder: Recorder) -> None:
    class Unwrapped(openai.OpenAI):
        def _build_request(self, *args: Any, **kwargs: Any) -> Any:
            request = super()._build_request(*args, **kwargs)
            costmark.unwrap(self)  # as another thread may
            return request

    options: dict[str, Any] = {"base_url": recorder.base_url, "api_key": "unused"}
    with costmark.wrap(Unwrapped(**options), project="proj_0") as client:
        client.chat.completions.create(**CHAT)
        client.chat.completions.create(**CHAT)
    assert "project_id" not in recorder.last.json()


def test_credentials_are_asked_for_once_however_many_threads_want_them(
    bedrock: Emulator,
) -> None:
    asked = []
    release = threading.Event()

    def ask() -> costmark.Credentials:
        asked.append(1)
        release.wait(5)
        return costmark.Credentials(ACCESS_KEY_ID, SECRET_ACCESS_KEY)

    options: dict[str, Any] = {**SIGNED, "credentials": ask}
    client = costmark.wrap(plain(bedrock), **options)
    with ThreadPoolExecutor(8) as pool:
        futures = [
            pool.submit(client.responses.create, model=MODEL, input="Hello") for _ in range(8)
        ]
        release.set()
        for future in futures:
            future.result()
    client.close()
    assert asked == [1]


def test_a_callback_may_use_another_wrapped_client(bedrock: Emulator, project_a: str) -> None:
    inner = signed(bedrock, project_a)

    def ask() -> costmark.Credentials:
        inner.responses.create(model=MODEL, input="May I?")
        return costmark.Credentials(ACCESS_KEY_ID, SECRET_ACCESS_KEY)

    options: dict[str, Any] = {**SIGNED, "credentials": ask}
    with inner, costmark.wrap(plain(bedrock), project=project_a, **options) as client:
        client.responses.create(model=MODEL, input="Hello")
    assert costmark.usage()[project_a].operations == 2
