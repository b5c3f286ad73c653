"""What costmark costs in Python, as ratios measured in one run: never absolute times.

Each figure is the fastest of several repetitions, and the two sides of a ratio take turns, so that
a busy machine disturbs both alike.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

import boto3
import httpx2
import openai
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.credentials import Credentials

import costmark
from costmark import _core

ANSWER = json.dumps(
    {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "openai.gpt-oss-120b",
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "message": {"role": "assistant", "content": "Yes"},
            }
        ],
        "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10},
    }
).encode()
REPETITIONS = 9
BUDGET_S = 0.03
URL = "https://bedrock-mantle.us-east-1.api.aws/openai/v1/chat/completions"
PROJECT = "proj_5d5ykleja6cwpirysbb7"
KEY_ID, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
HEADERS = [
    (b"Content-Type", b"application/json"),
    (b"Accept", b"application/json"),
    (b"User-Agent", b"OpenAI/Python 3.54.0"),
]


def chat_body(size: int) -> bytes:
    """A conversation of many short messages with escapes in them."""
    message = {"role": "user", "content": 'What "exactly" did they say\n about the weather?'}
    count = size // (len(json.dumps(message)) + 2)
    return json.dumps({"model": "openai.gpt-oss-120b", "messages": [message] * count}).encode()


def fastest(*works: Callable[[], object]) -> list[float]:
    """Seconds a call of each of `works`, taking turns."""
    best = [float("inf")] * len(works)
    for _ in range(REPETITIONS):
        for index, work in enumerate(works):
            calls = 0
            begin = now = time.perf_counter()
            while now - begin < BUDGET_S:
                work()
                calls += 1
                now = time.perf_counter()
            best[index] = min(best[index], (now - begin) / calls)
    return best


def report(name: str, ratio: float, target: str) -> None:
    """Print one line."""
    print(f"{name:<66}{ratio:>9.2f}   {target}")


def preparer(body: bytes) -> Callable[[], object]:
    """What an adapter does before it sends."""
    options = {"project": PROJECT, "carrier": "body", "access_key_id": KEY_ID}
    client = _core.Client({**options, "secret_access_key": SECRET}, environment={})

    def prepare() -> object:
        operation, _ = client.begin("POST", URL, HEADERS, body)
        return operation.prepare("POST", URL, HEADERS, body)

    return prepare


def rewriter(body: bytes) -> Callable[[], object]:
    """The same with json and botocore."""
    credentials = Credentials(KEY_ID, SECRET)
    headers = {name.decode(): value.decode() for name, value in HEADERS}

    def rewrite() -> object:
        value = json.loads(body)
        value["project_id"] = PROJECT
        request = AWSRequest("POST", URL, headers=dict(headers), data=json.dumps(value).encode())
        SigV4Auth(credentials, "bedrock-mantle", "us-east-1").add_auth(request)
        return request

    return rewrite


def bench_prepare() -> None:
    """Attribute and sign, against json and botocore, and against a bare hash."""
    small = chat_body(10_000)
    ours, theirs = fastest(preparer(small), rewriter(small))
    report("json rewrite + botocore / prepare, 10 KB chat", theirs / ours, "at least 10")
    large = chat_body(1_000_000)
    ours, bare = fastest(preparer(large), lambda: hashlib.sha256(large).digest())
    report("prepare / bare OpenSSL SHA-256, 1 MB chat", ours / bare, "at most 2.5")


def import_seconds(module: str) -> float:
    """Time of an import in a new interpreter, without the interpreter's own start."""
    code = f"import time; t = time.perf_counter(); import {module}; print(time.perf_counter() - t)"
    command = [sys.executable, "-c", code]
    return min(float(subprocess.check_output(command)) for _ in range(7))


def bench_import() -> None:
    """Import costmark against import boto3."""
    theirs = import_seconds("boto3")
    report("import costmark / import boto3", import_seconds("costmark") / theirs, "under 0.05")
    # What the first use adds, libcurl and OpenSSL with all that they link.
    with_core = import_seconds("costmark._core") / theirs
    report("import costmark with its core / import boto3", with_core, "under 0.1")


def bench_stream() -> None:
    """Observe a streamed answer, against what any receiver does with its bytes."""
    chunk = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": "m"}
    chunk["choices"] = [{"index": 0, "delta": {"content": "token "}, "finish_reason": None}]
    event = f"data: {json.dumps(chunk)}\n\n".encode()
    stream = event * 10_000 + b"data: [DONE]\n\n"
    pieces = [stream[at : at + 16_384] for at in range(0, len(stream), 16_384)]
    client = _core.Client({"project": PROJECT, "auth": "none"}, environment={})
    request = ("POST", "http://localhost/v1/chat/completions", HEADERS, b"{}")

    def observe() -> None:
        operation, _ = client.begin(*request)
        operation.prepare(*request)
        operation.sent()
        operation.head(200, [(b"content-type", b"text/event-stream")])
        for piece in pieces:
            operation.feed(piece)
        operation.finish()

    def parse() -> None:
        for line in stream.split(b"\n\n"):
            if line.startswith(b"data: {"):
                json.loads(line[6:])

    zipped = gzip.compress(stream)
    ours, parsing, unzipping = fastest(observe, parse, lambda: gzip.decompress(zipped))
    report("observe / parse the events with json, 10,000 chat events", ours / parsing, "")
    report("observe / gunzip the same stream", ours / unzipping, "")


class Answering(httpx2.BaseTransport):
    """Answers in this process, as a service would."""

    HEADERS = ((b"content-type", b"application/json"), (b"x-request-id", b"req_1"))

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Answer any chat."""
        return httpx2.Response(200, headers=list(self.HEADERS), stream=httpx2.ByteStream(ANSWER))


def chat_client() -> openai.OpenAI:
    """A client that reaches no network."""
    http_client = openai.DefaultHttpxClient(transport=Answering())
    return openai.OpenAI(
        base_url="https://bedrock-mantle.us-east-1.api.aws/v1",
        api_key="unused",
        http_client=http_client,
    )


def bench_call() -> None:
    """A signed call of the OpenAI SDK against an unsigned one."""
    # One long message, so that what the SDK does with each of many does not drown the rest.
    messages: list[Any] = [{"role": "user", "content": "How is the weather? " * 500}]
    body = json.dumps(messages).encode()
    keys = costmark.Credentials(KEY_ID, SECRET)
    clients = (chat_client(), costmark.wrap(chat_client(), project=PROJECT, credentials=keys))

    def caller(client: openai.OpenAI) -> Callable[[], object]:
        create = client.chat.completions.create
        return lambda: create(model="openai.gpt-oss-120b", messages=messages)

    plain, wrapped, hashing = undisturbed(
        *map(caller, clients), lambda: hashlib.sha256(body).digest()
    )
    report("wrapped OpenAI call / plain one, 10 KB chat, no network", wrapped / plain, "")
    report("what wrapping adds / bare SHA-256 of the body", (wrapped - plain) / hashing, "")


class _Body(io.BytesIO):
    """What botocore reads an answer from."""

    def stream(self, **_: Any) -> Any:
        """Give all of it."""
        yield self.read()


def bench_boto3() -> None:
    """A call of a wrapped boto3 client against one of a plain one: CPU time, in pairs."""
    answer = {
        "output": {"message": {"role": "assistant", "content": [{"text": "Yes"}]}},
        "stopReason": "end_turn",
        "usage": {"inputTokens": 7, "outputTokens": 3, "totalTokens": 10},
        "metrics": {"latencyMs": 5},
    }
    body = json.dumps(answer).encode()

    def client() -> Any:
        keys = {"aws_access_key_id": KEY_ID, "aws_secret_access_key": SECRET}
        made = boto3.client("bedrock-runtime", region_name="us-east-1", **keys)
        made.meta.events.register(
            "before-send",
            lambda request, **_: AWSResponse(
                request.url, 200, {"content-type": "application/json"}, _Body(body)
            ),
        )
        return made

    plain, wrapped = client(), costmark.wrap(client(), project=PROJECT)
    for size in (100, 10_000):
        messages = [{"role": "user", "content": [{"text": "How is the weather? " * (size // 20)}]}]
        pairs = []
        for _ in range(1500):
            times = []
            for each in (plain, wrapped):
                begin = time.thread_time_ns()
                each.converse(modelId="amazon.nova-lite-v1:0", messages=messages)
                times.append(time.thread_time_ns() - begin)
            pairs.append(times[1] / times[0] - 1)
        name = f"CPU that wrapping adds to a call of boto3, {size} bytes, no network"
        report(name, statistics.median(pairs), "under 0.05")


def bench_ledger() -> None:
    """A call with a ledger against one without: two rows, priced and written."""
    messages: list[Any] = [{"role": "user", "content": "How is the weather? " * 500}]
    keys = costmark.Credentials(KEY_ID, SECRET)

    def caller(**options: str) -> Callable[[], object]:
        client = costmark.wrap(chat_client(), project=PROJECT, credentials=keys, **options)
        create = client.chat.completions.create
        return lambda: create(model="openai.gpt-oss-120b", messages=messages)

    with tempfile.TemporaryDirectory() as folder:
        without, recording = undisturbed(caller(), caller(ledger=folder))
    report("OpenAI call with a ledger / without, 10 KB chat", recording / without, "under 1.02")


def undisturbed(*works: Callable[[], object], calls: int = 1000) -> list[float]:
    """Seconds of a call of each of `works` that only one in twenty beat: for differences."""
    seen: list[list[float]] = [[] for _ in works]
    for _ in range(calls):
        for work, times in zip(works, seen, strict=True):
            begin = time.perf_counter()
            work()
            times.append(time.perf_counter() - begin)
    return [sorted(times)[calls // 20] for times in seen]


def main() -> None:
    """Run all of it."""
    bench_prepare()
    bench_call()
    bench_boto3()
    bench_ledger()
    bench_stream()
    bench_import()


if __name__ == "__main__":
    main()
