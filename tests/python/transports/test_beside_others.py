"""Other code that puts hooks of its own into the same libraries, in every order."""

from __future__ import annotations

import itertools
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("httpx2")

import aiohttp
import httpx
import httpx2
import openai
import requests
import urllib3

import costmark
from harness import MESSAGES, MODEL, Recorder
from transports.libraries import LIBRARIES, chat_body
from transports.test_transports import chat_url, host_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PATCH, UNPATCH, PUT_ON, TAKE_OFF = "patch", "unpatch", "put on", "take off"


def orders(longest: int) -> list[tuple[str, ...]]:
    """Every sequence of steps that can be taken, and that ends with `patch` in force."""
    found = []
    for length in range(2, longest + 1):
        for steps in itertools.product((PATCH, UNPATCH, PUT_ON, TAKE_OFF), repeat=length):
            ours = [each for each in steps if each in (PATCH, UNPATCH)]
            theirs = [each for each in steps if each in (PUT_ON, TAKE_OFF)]
            both = _alternate(ours, PATCH) and _alternate(theirs, PUT_ON)
            if both and theirs and ours[-1:] == [PATCH]:
                found.append(steps)
    return found


def _alternate(steps: list[str], first: str) -> bool:
    return all((each == first) == (i % 2 == 0) for i, each in enumerate(steps))


class Instrumentors:
    """OpenTelemetry's, for all the libraries."""

    def __init__(self) -> None:
        of = "opentelemetry.instrumentation"
        names = {
            "httpx": ("HTTPXClientInstrumentor", "HTTPX2ClientInstrumentor"),
            "urllib3": ("URLLib3Instrumentor",),
            "requests": ("RequestsInstrumentor",),
            "aiohttp_client": ("AioHttpClientInstrumentor",),
        }
        self._all = [
            getattr(pytest.importorskip(f"{of}.{module}"), name)()
            for module, classes in names.items()
            for name in classes
        ]

    def put_on(self) -> None:
        for each in self._all:
            each.instrument(skip_dep_check=True)

    def take_off(self) -> None:
        for each in self._all:
            each.uninstrument()


METHODS = [
    *((httpx.Client, "_transport_for_url"), (httpx.AsyncClient, "_transport_for_url")),
    *((httpx2.Client, "_transport_for_url"), (httpx2.AsyncClient, "_transport_for_url")),
    *((urllib3.HTTPConnectionPool, "_make_request"), (urllib3.HTTPConnectionPool, "urlopen")),
    *((urllib3.PoolManager, "urlopen"), (aiohttp.ClientSession, "_request")),
    *((requests.Session.__mro__[1], "resolve_redirects"), (openai.OpenAI, "__init__")),
]


class Wrappers:
    """Functions around the very methods that costmark hooks, which do not tell what is inside."""

    def __init__(self) -> None:
        self._before: list[Any] = []

    def put_on(self) -> None:
        self._before = [vars(owner)[name] for owner, name in METHODS]
        for (owner, name), inside in zip(METHODS, self._before, strict=True):
            setattr(owner, name, self._around(inside))

    def _around(self, inside: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *args, **kwargs: inside(*args, **kwargs)

    def take_off(self) -> None:
        for (owner, name), before in zip(METHODS, self._before, strict=True):
            setattr(owner, name, before)


@contextmanager
def taken(steps: tuple[str, ...], theirs: Any, host: str) -> Iterator[None]:
    """Take these steps, and undo them."""
    originals = [vars(owner)[name] for owner, name in METHODS]
    actions: dict[str, Callable[[], None]] = {
        PATCH: lambda: costmark.patch(hosts=[host], project="proj_p"),
        UNPATCH: costmark.unpatch,
        PUT_ON: theirs.put_on,
        TAKE_OFF: theirs.take_off,
    }
    try:
        for step in steps:
            actions[step]()
        yield
    finally:
        if [each for each in steps if each in (PUT_ON, TAKE_OFF)][-1] == PUT_ON:
            theirs.take_off()
        costmark.unpatch()
        for (owner, name), original in zip(METHODS, originals, strict=True):
            setattr(owner, name, original)


def counted_once(recorder: Recorder, sent: int) -> None:
    used = costmark.usage()["proj_p"]
    assert (used.operations, used.attempts, used.input_tokens) == (sent, sent, 7 * sent)
    assert [each.body.count(b"proj_p") for each in recorder.requests] == [1] * sent


@pytest.mark.parametrize("steps", orders(5), ids=", ".join)
@pytest.mark.parametrize("others", [Instrumentors, Wrappers])
def test_a_call_is_counted_once(others: Any, steps: tuple[str, ...], recorder: Recorder) -> None:
    with taken(steps, others(), host_of(recorder)):
        if others is Wrappers and TAKE_OFF in steps:  # which may take ours off as well
            costmark.patch(hosts=[host_of(recorder)], project="proj_p")
        for library in LIBRARIES.values():
            with library() as send:
                assert send("POST", chat_url(recorder), chat_body(MODEL)).status == 200
        with openai.OpenAI(base_url=recorder.base_url, api_key="x", max_retries=0) as client:
            client.chat.completions.create(model=MODEL, messages=MESSAGES)
        counted_once(recorder, len(LIBRARIES) + 1)


def test_a_hook_that_was_taken_off_is_said_to_be(recorder: Recorder) -> None:
    with taken((PUT_ON, PATCH, TAKE_OFF), Wrappers(), host_of(recorder)):
        hook = next(each for each in costmark.coverage().hooks if each.library == "urllib3")
        assert (hook.state, hook.methods) == ("not covered", ())
        assert "in the place of HTTPConnectionPool._make_request" in hook.why
        assert "call costmark.patch() after it" in hook.why
        costmark.patch(hosts=[host_of(recorder)], project="proj_p")
        assert {each.state for each in costmark.coverage().hooks} <= {"in force", "when imported"}
