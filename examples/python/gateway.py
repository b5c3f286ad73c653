"""A gateway that sends the calls of tenants to Bedrock, each to the project of its tenant.

    tenant -- key --> gateway -- scope of the tenant's project --> costmark --> openai --> Bedrock

docs/gateways.md explains it, and the same in Go and Rust.

    pip install costmark fastapi openai uvicorn
    export GATEWAY_UPSTREAM=http://127.0.0.1:8080        # the emulator, or Bedrock's URL
    export GATEWAY_TENANTS=key-of-a=proj_a,key-of-b=proj_b
    export AWS_REGION=us-east-1                          # and credentials, as for the AWS SDKs
    python gateway.py
    curl -H 'Authorization: Bearer key-of-a' -H 'Content-Type: application/json' \
      -d '{"model":"openai.gpt-oss-20b","messages":[{"role":"user","content":"Hello"}]}' \
      http://127.0.0.1:8000/v1/chat/completions

It runs until it is told to stop (SIGINT or SIGTERM); then it ends the calls that are open, and
prints what was used.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import openai
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse, Response, StreamingResponse

import costmark

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

log = logging.getLogger("gateway")

# What a caller may say of its request, and Bedrock of its answer. Neither has a project in it, nor
# what authenticates: that is the gateway's to say.
PASSED = ("accept", "anthropic-beta", "anthropic-version", "content-type")
RETURNED = ("content-type", "retry-after", "x-request-id")


def bedrock(upstream: str) -> openai.AsyncOpenAI:
    """Return a client with the policies of a gateway.

    A caller whose body names another project than its own is refused; with conflict="override" its
    own is put in place of that.
    """
    client = openai.AsyncOpenAI(base_url=upstream, api_key="unused", timeout=60)
    return costmark.wrap(client, conflict="refuse", unattributed="refuse")


def gateway(upstream: str, tenants: dict[str, str]) -> FastAPI:
    """Return the app: /usage shows the counters, and all else goes to Bedrock."""
    client = bedrock(upstream)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await client.close()  # the server has waited for the calls that were open
        print(report(), end="", flush=True)

    app = FastAPI(lifespan=lifespan, openapi_url=None)

    @app.get("/usage")
    async def usage() -> PlainTextResponse:
        return PlainTextResponse(report())

    @app.api_route("/{path:path}", methods=["GET", "POST", "DELETE"])
    async def forward(request: Request) -> Response:
        key = request.headers.get("authorization", "").removeprefix("Bearer ")
        if key not in tenants:
            return PlainTextResponse("unknown key\n", 401)
        try:
            with costmark.project(tenants[key]):
                return await passed_on(client, request)
        except (costmark.Error, openai.OpenAIError) as error:
            return explained(error)

    return app


async def passed_on(client: openai.AsyncOpenAI, request: Request) -> Response:
    """Make the call, and return its answer as it comes, streamed or not."""
    call: dict[str, Any] = {
        "cast_to": object,
        "options": {"headers": {n: v for n, v in request.headers.items() if n in PASSED}},
        "stream": True,
        "stream_cls": openai.AsyncStream[object],
    }
    path = request.scope["raw_path"].decode()
    if request.url.query:
        path += f"?{request.url.query}"
    if request.method == "GET":
        stream = await client.get(path, **call)
    elif request.method == "DELETE":
        stream = await client.delete(path, **call)
    else:
        stream = await client.post(path, content=await request.body(), **call)

    async def body() -> AsyncIterator[bytes]:
        try:
            async for piece in stream.response.aiter_bytes():
                yield piece
        finally:
            await stream.close()

    return StreamingResponse(body(), stream.response.status_code, returned(stream.response))


def returned(answer: Any) -> dict[str, str]:
    """Return the headers of an answer that the caller gets."""
    return {name: answer.headers[name] for name in RETURNED if name in answer.headers}


def explained(error: Exception) -> Response:
    """Say which error becomes which status, and what the caller is told.

    What concerns the gateway alone stays here.
    """
    if isinstance(error, openai.APIStatusError):  # Bedrock's own word
        answer = error.response
        return Response(answer.content, answer.status_code, returned(answer))
    if isinstance(error, openai.APITimeoutError):
        return PlainTextResponse("it took too long\n", 504)
    if isinstance(error, openai.APIConnectionError):
        log.error("%s", error)
        return PlainTextResponse("Bedrock did not answer\n", 502)
    if isinstance(error, costmark.AttributionError) and error.code != "invalid_project":
        return PlainTextResponse(f"{error.code}: {error}\n", 403)
    if isinstance(error, (costmark.AttributionError, costmark.RequestError)):
        return PlainTextResponse(f"{error.code}: {error}\n", 400)
    log.error("%s", error)  # credentials, configuration, or a bug
    return PlainTextResponse("try again later\n", 503)


def report() -> str:
    """Return the counters, a line for each project, and what went out with a gap."""
    lines = [
        f"{project} operations={used.operations} attempts={used.attempts}"
        f" input={used.input_tokens} output={used.output_tokens}"
        for project, used in costmark.usage().items()
    ]
    gaps = costmark.request_counts()
    lines.append(f"unattributed={gaps.unattributed} unrecognized={gaps.unrecognized}")
    return "\n".join(lines) + "\n"


def setting(name: str, example: str) -> str:
    """Return a variable of the environment that the gateway needs."""
    value = os.environ.get(name)
    return value or sys.exit(f"gateway.py: set {name}, as in {name}={example}")


def main() -> None:
    """Serve until SIGINT or SIGTERM."""
    upstream = setting("GATEWAY_UPSTREAM", "http://127.0.0.1:8080")
    pairs = setting("GATEWAY_TENANTS", "key-of-a=proj_a,key-of-b=proj_b").split(",")
    if not all("=" in each for each in pairs):
        sys.exit("gateway.py: GATEWAY_TENANTS is a list of KEY=PROJECT, with commas between them")
    tenants = dict(each.split("=", 1) for each in pairs)
    host, _, port = os.environ.get("GATEWAY_LISTEN", "127.0.0.1:8000").rpartition(":")
    config = uvicorn.Config(
        gateway(upstream, tenants),
        host=host,
        port=int(port),
        log_level="warning",
        timeout_graceful_shutdown=30,
    )
    listener = config.bind_socket()
    listener.listen()
    print("listening on http://{}:{}".format(*listener.getsockname()), flush=True)
    for stop in (signal.SIGINT, signal.SIGTERM):  # uvicorn raises it again when it has ended
        signal.signal(stop, lambda *_: None)
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
