"""What docs/python-apps.md says about scopes in web servers, threads and tasks."""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("starlette")
pytest.importorskip("httpx")

import anyio.to_thread
import httpx
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

import costmark
from harness import MODEL
from transports.libraries import chat_body

if TYPE_CHECKING:
    from harness import Recorder


async def now(_: Any) -> PlainTextResponse:
    await anyio.sleep(0.01)  # the others get their turn
    return PlainTextResponse(str(costmark.current_project()))


def now_in_a_thread(_: Any) -> PlainTextResponse:
    return PlainTextResponse(str(costmark.current_project()))


async def after_a_dependency(_: Any) -> PlainTextResponse:
    def depend() -> None:
        costmark.project("proj_inner").__enter__()

    await anyio.to_thread.run_sync(depend)
    return PlainTextResponse(str(costmark.current_project()))


ROUTES = [
    Route("/now", now),
    Route("/thread", now_in_a_thread),
    Route("/dependency", after_a_dependency),
]


def in_the_tenants_scope(application: Any) -> Any:
    async def middleware(scope: Any, receive: Any, send: Any) -> None:
        tenant = dict(scope.get("headers", ()))[b"tenant"].decode()
        with costmark.project(f"proj_{tenant}"):
            await application(scope, receive, send)

    return middleware


@pytest.mark.parametrize("path", ["/now", "/thread", "/dependency"])
async def test_each_request_of_a_server_has_a_scope_of_its_own(path: str) -> None:
    application = in_the_tenants_scope(Starlette(routes=ROUTES))
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://server") as client:
        answers = await asyncio.gather(
            *(client.get(path, headers={"tenant": str(number)}) for number in range(20))
        )
    assert [each.text for each in answers] == [f"proj_{number}" for number in range(20)]
    assert costmark.current_project() is None


async def test_tasks_and_threads() -> None:
    async def current() -> str | None:
        return costmark.current_project()

    with ThreadPoolExecutor(1) as executor:
        with costmark.project("proj_a"):
            task = asyncio.create_task(current())
            assert executor.submit(costmark.current_project).result() is None
            assert executor.submit(costmark.bind(costmark.current_project)).result() == "proj_a"
            assert await asyncio.to_thread(costmark.current_project) == "proj_a"
        assert await task == "proj_a"


def test_a_forked_child_counts_from_zero(recorder: Recorder) -> None:
    client = costmark.Client(recorder.base_url, project="proj_a")
    body = chat_body(MODEL)
    client.send("POST", "/chat/completions", body=body)
    child = os.fork()
    if child == 0:
        status = 1
        with suppress(BaseException):
            before = costmark.usage()
            answer = client.send("POST", "/chat/completions", body=body)
            attempts = costmark.usage()["proj_a"].attempts
            status = 0 if (before, answer.status, attempts) == ({}, 200, 1) else 2
        os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert costmark.usage()["proj_a"].attempts == 1
    assert len(recorder.requests) == 2
