"""The HTTP libraries, each asked for the same things in its own words."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import aiohttp
import anyio
import httpx
import httpx2
import requests
import urllib3

JSON = {"content-type": "application/json"}


class Answer(NamedTuple):
    status: int
    body: bytes


# A client is made and used apart, so that it can be older than `patch`.
Send = Callable[..., Answer]


@contextmanager
def _httpx(module: Any) -> Iterator[Send]:
    with module.Client(timeout=20) as client:

        def send(method: str, url: str, body: Any, headers: Any = JSON, **options: Any) -> Answer:
            follow = options.pop("follow", False)
            if options.pop("stream", False):
                with client.stream(method, url, content=body, headers=headers) as response:
                    return Answer(response.status_code, b"".join(response.iter_bytes()))
            response = client.request(
                method, url, content=body, headers=headers, follow_redirects=follow, **options
            )
            return Answer(response.status_code, response.content)

        yield send


@contextmanager
def _httpx_async(module: Any) -> Iterator[Send]:
    async def one(method: str, url: str, body: Any, headers: Any = JSON, **options: Any) -> Answer:
        follow = options.pop("follow", False)
        async with module.AsyncClient(timeout=20) as client:
            if options.pop("stream", False):
                async with client.stream(method, url, content=body, headers=headers) as response:
                    return Answer(
                        response.status_code,
                        b"".join([piece async for piece in response.aiter_bytes()]),
                    )
            response = await client.request(
                method, url, content=body, headers=headers, follow_redirects=follow, **options
            )
            return Answer(response.status_code, response.content)

    yield lambda *args, **options: anyio.run(lambda: one(*args, **options))


@contextmanager
def _aiohttp() -> Iterator[Send]:
    async def one(method: str, url: str, body: Any, headers: Any = JSON, **options: Any) -> Answer:
        follow = options.pop("follow", False)
        stream = options.pop("stream", False)
        async with (
            aiohttp.ClientSession() as session,
            session.request(
                method, url, data=body, headers=headers, allow_redirects=follow, **options
            ) as response,
        ):
            if stream:
                pieces = [piece async for piece in response.content.iter_any()]
                return Answer(response.status, b"".join(pieces))
            return Answer(response.status, await response.read())

    yield lambda *args, **options: anyio.run(lambda: one(*args, **options))


@contextmanager
def _requests() -> Iterator[Send]:
    with requests.Session() as session:

        def send(method: str, url: str, body: Any, headers: Any = JSON, **options: Any) -> Answer:
            follow = options.pop("follow", False)
            with session.request(
                method,
                url,
                data=body,
                headers=headers,
                allow_redirects=follow,
                timeout=20,
                **options,
            ) as response:
                if options.get("stream"):
                    return Answer(response.status_code, b"".join(response.iter_content(None)))
                return Answer(response.status_code, response.content)

        yield send


@contextmanager
def _urllib3() -> Iterator[Send]:
    with urllib3.PoolManager(timeout=20) as manager:

        def send(method: str, url: str, body: Any, headers: Any = JSON, **options: Any) -> Answer:
            follow = options.pop("follow", False)
            stream = options.pop("stream", False)
            response = manager.request(
                method,
                url,
                body=body,
                headers=headers,
                redirect=follow,
                preload_content=not stream,
                **options,
            )
            if stream:
                pieces = list(response.stream(decode_content=True))
                response.release_conn()
                return Answer(response.status, b"".join(pieces))
            return Answer(response.status, response.data)

        yield send


LIBRARIES: dict[str, Callable[[], Any]] = {
    "httpx": lambda: _httpx(httpx),
    "httpx2": lambda: _httpx(httpx2),
    "httpx, async": lambda: _httpx_async(httpx),
    "httpx2, async": lambda: _httpx_async(httpx2),
    "aiohttp": _aiohttp,
    "requests": _requests,
    "urllib3": _urllib3,
}


def chat_body(model: str, **members: Any) -> bytes:
    messages = [{"role": "user", "content": "How do I return a pair of shoes?"}]
    return json.dumps({"model": model, "messages": messages, **members}).encode()
