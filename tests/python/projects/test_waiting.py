"""How calls wait: throttling, lists that repeat, event loops, Ctrl-C."""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

import costmark
from harness import Received, Recorder, answer_json
from projects.support import KEYS, options_for

if TYPE_CHECKING:
    from http.server import BaseHTTPRequestHandler

    from harness import Emulator

MANTLE_PROJECT = {
    "id": "proj_a",
    "arn": "arn:aws:bedrock-mantle:us-east-1:111122223333:project/proj_a",
    "name": "a",
    "status": "active",
    "created_at": 1772135628,
    "tags": {},
}
LONG_S = 30.0  # longer than any of these tests may take


def mantle(recorder: Recorder) -> costmark.Projects:
    return costmark.Projects("mantle", base_url=recorder.url, **KEYS)


def test_throttled_calls_are_made_again(recorder: Recorder) -> None:
    def answer(handler: BaseHTTPRequestHandler, request: Received) -> None:
        if len(recorder.requests) < 3:
            error = {"error": {"code": "rate_limit_exceeded", "message": ""}}
            answer_json(handler, error, 429, retry_after="0.01")
        else:
            answer_json(handler, MANTLE_PROJECT)

    recorder.answer = answer
    assert mantle(recorder).create("app").id == "proj_a"
    assert len(recorder.requests) == 3


def test_a_create_that_fails_is_not_made_again(recorder: Recorder) -> None:
    recorder.answer = lambda handler, _: answer_json(handler, {}, 500)
    with pytest.raises(costmark.ServiceError, match="whether the project was made is not known"):
        mantle(recorder).create("app")
    assert len(recorder.requests) == 1


def test_a_list_that_repeats_a_page_ends(recorder: Recorder) -> None:
    page = {"data": [MANTLE_PROJECT], "has_more": True, "last_id": "proj_a"}
    recorder.answer = lambda handler, _: answer_json(handler, page)
    seen: list[str] = []
    with pytest.raises(costmark.ServiceError, match="has sent before"):
        seen.extend(project.id for project in mantle(recorder).list())
    assert seen == ["proj_a"]
    assert [each.path for each in recorder.requests] == [
        "/v1/organization/projects",
        "/v1/organization/projects?after=proj_a",
    ]


def test_a_list_reads_no_page_ahead(recorder: Recorder) -> None:
    page = {"data": [MANTLE_PROJECT], "has_more": True, "last_id": "proj_a"}
    recorder.answer = lambda handler, _: answer_json(handler, page)
    next(iter(mantle(recorder).list()))
    assert len(recorder.requests) == 1


def test_connections_are_kept_for_the_next_call(recorder: Recorder) -> None:
    peers = set()

    def answer(handler: BaseHTTPRequestHandler, _: Received) -> None:
        peers.add(handler.client_address)
        answer_json(handler, MANTLE_PROJECT)

    recorder.answer = answer
    projects = mantle(recorder)
    for _ in range(5):
        projects.get("proj_a")
    assert len(peers) == 1


def slow(recorder: Recorder) -> tuple[threading.Event, threading.Event]:
    """Let answers wait; the events of a request that came, and of an answer that may go."""
    came, go_on = threading.Event(), threading.Event()

    def answer(handler: BaseHTTPRequestHandler, _: Received) -> None:
        came.set()
        go_on.wait(LONG_S)
        answer_json(handler, MANTLE_PROJECT)

    recorder.answer = answer
    return came, go_on


def test_ctrl_c_ends_a_call(recorder: Recorder) -> None:
    _, go_on = slow(recorder)
    here = threading.get_ident()
    interrupt = threading.Timer(0.3, signal.pthread_kill, (here, signal.SIGINT))
    interrupt.start()
    began = time.monotonic()
    try:
        with pytest.raises(KeyboardInterrupt):
            mantle(recorder).get("proj_a")
        assert time.monotonic() - began < LONG_S / 3
    finally:
        go_on.set()
        interrupt.join()


def test_other_threads_run_meanwhile(recorder: Recorder) -> None:
    came, go_on = slow(recorder)
    found: list[Any] = []
    caller = threading.Thread(target=lambda: found.append(mantle(recorder).get("proj_a")))
    caller.start()
    assert came.wait(LONG_S)  # for the server's thread to take the GIL
    go_on.set()
    caller.join(LONG_S)
    assert found[0].id == "proj_a"


def keyed(emulator: Emulator, plane: Any) -> costmark.AsyncProjects:
    return costmark.AsyncProjects(plane, **options_for(emulator))


@pytest.mark.anyio
async def test_all_of_it_in_an_event_loop(account: Emulator, plane: Any) -> None:
    projects = keyed(account, plane)
    made = await projects.create("async", {"team": "x"})
    assert (await projects.get(made.id)).name == "async"
    await projects.add_tags(made, {"env": "prod"})
    await projects.remove_tags(made, ["team"])
    assert await projects.tags(made) == {"env": "prod"}
    await projects.set_tags(made, {"a": "b"})
    assert await projects.tags(made) == {"a": "b"}
    assert (await projects.rename(made, "other")).name == "other"
    assert (await projects.set_data_retention(made, "none")).data_retention == "none"
    assert made.id in [each.id async for each in projects.list()]
    assert (await projects.archive(made)).archived
    assert made.id not in [each.id async for each in projects.list()]


@pytest.mark.anyio
async def test_the_loop_goes_on_while_a_call_waits(recorder: Recorder) -> None:
    came, go_on = slow(recorder)
    projects = costmark.AsyncProjects("mantle", base_url=recorder.url, **KEYS)
    call = asyncio.ensure_future(projects.get("proj_a"))
    assert await asyncio.to_thread(came.wait, LONG_S)
    assert not call.done()
    go_on.set()
    assert (await call).id == "proj_a"


@pytest.mark.anyio
async def test_a_cancelled_call_ends_its_exchange(recorder: Recorder) -> None:
    came, go_on = slow(recorder)
    projects = costmark.AsyncProjects("mantle", base_url=recorder.url, **KEYS)
    call = asyncio.ensure_future(projects.get("proj_a"))
    assert await asyncio.to_thread(came.wait, LONG_S)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    working = [t for t in threading.enumerate() if t.name == "costmark"]
    for thread in working:
        await asyncio.to_thread(thread.join, LONG_S / 3)
    assert not any(thread.is_alive() for thread in working)
    go_on.set()


@pytest.mark.anyio
async def test_credentials_of_a_coroutine(account: Emulator, plane: Any) -> None:
    options = options_for(account)
    keys = costmark.Credentials(options.pop("access_key_id"), options.pop("secret_access_key"))

    async def fetch() -> costmark.Credentials:
        await asyncio.sleep(0)
        return keys

    projects = costmark.AsyncProjects(plane, credentials=fetch, **options)
    assert (await projects.get("default")).id == "default"
    with pytest.raises(TypeError, match="needs an asynchronous client"):
        costmark.Projects(plane, credentials=fetch, **options)
