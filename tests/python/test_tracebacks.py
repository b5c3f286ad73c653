"""Tracebacks with local variables, and reprs of what is inside, show no secrets."""

from __future__ import annotations

import asyncio
import gc
import io
import traceback
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

import costmark
from costmark._client import core_client, patch, transport, wrap
from harness import MESSAGES, MODEL, REGION

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness import Recorder

openai: Any = pytest.importorskip("openai")
clients: Any = import_module("adapters.clients")
httpx: Any = clients.httpx
plain, plain_async = clients.plain, clients.plain_async

SECRET = "hidden-secret-0123456789abcdef"
TOKEN = "hidden-token-0123456789abcdef"
CHAT: dict[str, Any] = {"model": MODEL, "messages": MESSAGES}
KEYS: dict[str, Any] = {"access_key_id": "AKIDEXAMPLE", "secret_access_key": SECRET}


def ours(error: BaseException) -> str:
    """What a traceback with local variables shows of frames inside costmark."""
    shown = []
    seen: BaseException | None = error
    while seen is not None:
        summary = traceback.TracebackException.from_exception(seen, capture_locals=True)
        shown += [
            f"{frame.name}: {frame.locals}"
            for frame in summary.stack
            if "/costmark/" in frame.filename
        ]
        seen = seen.__cause__ or seen.__context__
    assert shown
    return "\n".join(shown)


class Unreachable(httpx.BaseTransport):  # type: ignore[misc]
    def handle_request(self, request: Any) -> Any:
        raise httpx.ConnectError("nobody there")


class AsyncUnreachable(httpx.AsyncBaseTransport):  # type: ignore[misc]
    async def handle_async_request(self, request: Any) -> Any:
        raise httpx.ConnectError("nobody there")


def call(client: Any) -> None:
    client.chat.completions.create(**CHAT)


def wrap_badly(recorder: Recorder, **arguments: Any) -> None:
    costmark.wrap(plain(recorder), **arguments)


FAILURES: dict[str, Callable[[Any], object]] = {
    "an unknown option": lambda server: wrap_badly(server, regoin="x", **KEYS, bearer_token=TOKEN),
    "an option of a wrong type": lambda server: wrap_badly(server, bearer_token=[TOKEN]),
    "a value of a wrong type": lambda server: wrap_badly(server, secret_access_key={SECRET: 1}),
    "half a pair": lambda server: wrap_badly(server, secret_access_key=SECRET),
    "two identities": lambda server: wrap_badly(server, bearer_token=TOKEN, **KEYS),
    "patch": lambda server: costmark.patch(regoin="x", bearer_token=TOKEN, **KEYS),
    "no client": lambda server: costmark.wrap(object(), bearer_token=TOKEN, **KEYS),
    "a key that cannot be sent": lambda server: call(
        costmark.wrap(plain(server, max_retries=0), auth="bearer", bearer_token=TOKEN + "\n")
    ),
    "a connection that fails, signed": lambda server: call(
        costmark.wrap(
            plain(server, max_retries=0, http_client=httpx.Client(transport=Unreachable())),
            auth="sigv4",
            region=REGION,
            session_token=TOKEN,
            **KEYS,
        )
    ),
    "a connection that fails, with a token": lambda server: call(
        costmark.wrap(
            plain(server, max_retries=0, http_client=httpx.Client(transport=Unreachable())),
            auth="bearer",
            bearer_token=TOKEN,
        )
    ),
    "the same with the client's own key": lambda server: call(
        costmark.wrap(
            openai.OpenAI(
                api_key="ABSK" + TOKEN,
                base_url="https://bedrock-mantle.us-east-1.api.aws/v1",
                max_retries=0,
                http_client=httpx.Client(transport=Unreachable()),
            )
        )
    ),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_local_variables(recorder: Recorder, failure: str) -> None:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - of every kind
        FAILURES[failure](recorder)
    shown = ours(caught.value)
    assert SECRET not in shown
    assert TOKEN not in shown


def test_local_variables_of_asynchronous_calls(recorder: Recorder) -> None:
    async def main() -> None:
        http_client = httpx.AsyncClient(transport=AsyncUnreachable())
        client = costmark.wrap(
            plain_async(recorder, max_retries=0, http_client=http_client),
            auth="bearer",
            bearer_token=TOKEN,
        )
        async with client:
            await client.chat.completions.create(**CHAT)

    with pytest.raises(openai.APIConnectionError) as caught:
        asyncio.run(main())
    assert TOKEN not in ours(caught.value)


def test_keys_of_a_provider_that_cannot_be_used(recorder: Recorder) -> None:
    bedrock = pytest.importorskip("openai.providers.bedrock").bedrock

    class Keys:
        access_key, secret_key, token = "AKIDEXAMPLE", SECRET + "\x01", TOKEN

    provider = bedrock(base_url=recorder.base_url, region=REGION, credential_provider=Keys)
    client = costmark.wrap(openai.OpenAI(provider=provider, max_retries=0))
    with pytest.raises(costmark.CredentialsError) as caught:
        call(client)
    shown = ours(caught.value)
    assert SECRET not in shown
    assert TOKEN not in shown


@pytest.mark.parametrize("failure", ["an unknown option", "a connection that fails, with a token"])
def test_richs_tracebacks(recorder: Recorder, failure: str) -> None:
    console = pytest.importorskip("rich.console")
    tracebacks = pytest.importorskip("rich.traceback")
    with pytest.raises(Exception) as caught:  # noqa: PT011 - of every kind
        FAILURES[failure](recorder)
    frames = caught.tb
    while "/costmark/" not in frames.tb_frame.f_code.co_filename:  # this file has the secrets
        assert frames.tb_next is not None
        frames = frames.tb_next
    shown = tracebacks.Traceback.from_exception(
        caught.type, caught.value, frames, show_locals=True, locals_max_string=None
    )
    out = io.StringIO()
    console.Console(file=out, width=200).print(shown)
    assert "locals" in out.getvalue()
    assert SECRET not in out.getvalue()
    assert TOKEN not in out.getvalue()


def test_reprs_of_what_is_inside(recorder: Recorder) -> None:
    """Of every object of ours that a wrapped client keeps alive."""
    client = plain(recorder, api_key="ABSK" + TOKEN)
    costmark.wrap(client, auth="sigv4", region=REGION, session_token=TOKEN, **KEYS)
    call(client)
    costmark.patch(bearer_token=TOKEN)
    try:
        modules = ("costmark.", "costmark")
        inside = [
            each for each in gc.get_objects() if str(type(each).__module__).startswith(modules)
        ]
        shown = "\n".join(repr(each) for each in inside)
    finally:
        costmark.unpatch()
    assert len(inside) > 3
    assert SECRET not in shown
    assert TOKEN not in shown
    for module in (core_client, patch, transport, wrap):
        assert SECRET not in repr(vars(module))
