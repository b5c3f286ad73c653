"""What a build is trained with: the calls and the rows that are the usual way through the module.

CMakeLists.txt beside it runs this. Only the module itself is needed, no SDK and no network.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
import tempfile
from collections.abc import Mapping
from contextvars import ContextVar
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

from costmark import _core

Json = Mapping[str, Any]

ROUNDS = 200
PROJECT = "proj_5d5ykleja6cwpirysbb7"
MANTLE = "https://bedrock-mantle.us-east-1.api.aws"
RUNTIME = "https://bedrock-runtime.us-east-1.amazonaws.com"
# As many as an SDK sends, kept as httpx keeps them.
FIELDS = [
    (name, name.lower(), value)
    for name, value in (
        (b"Host", b"bedrock-mantle.us-east-1.api.aws"),
        (b"Accept-Encoding", b"gzip, deflate"),
        (b"Connection", b"keep-alive"),
        (b"Accept", b"application/json"),
        (b"Content-Type", b"application/json"),
        (b"User-Agent", b"OpenAI/Python 3.54.0"),
        (b"X-Stainless-Lang", b"python"),
        (b"X-Stainless-Package-Version", b"3.54.0"),
        (b"X-Stainless-OS", b"Linux"),
        (b"X-Stainless-Arch", b"x64"),
        (b"X-Stainless-Runtime", b"CPython"),
        (b"X-Stainless-Runtime-Version", b"3.11.7"),
        (b"Authorization", b"Bearer unused"),
        (b"X-Stainless-Async", b"false"),
        (b"x-stainless-retry-count", b"0"),
        (b"x-stainless-read-timeout", b"600"),
        (b"Content-Length", b"10000"),
    )
]
JSON_ANSWER = [
    (b"Content-Type", b"content-type", b"application/json"),
    (b"X-Request-Id", b"x-request-id", b"req_1"),
    (b"Date", b"date", b"Tue, 01 Dec 2026 00:00:00 GMT"),
]
EVENTS_ANSWER = [(b"Content-Type", b"content-type", b"text/event-stream"), *JSON_ANSWER[1:]]


class Exchange(NamedTuple):
    """A request, and the pieces in which its answer comes."""

    url: str
    body: bytes
    answer: list[bytes]

    @property
    def is_streamed(self) -> bool:
        """Whether events come."""
        return self.answer[0].startswith((b"data:", b"event:"))


def events(*values: Json) -> list[bytes]:
    """One piece for each event, named where it has a type."""
    return [
        (f"event: {value['type']}\n" if "type" in value else "").encode()
        + b"data: "
        + json.dumps(value).encode()
        + b"\n\n"
        for value in values
    ]


def exchanges(size: int) -> list[Exchange]:
    """The APIs that most calls go to, with about `size` bytes of text in each request."""
    text = 'What "exactly" did they say\n about the weather? ' * (size // 50 + 1)
    messages = [{"role": "user", "content": text}]
    chat = {"messages": messages, "model": "openai.gpt-oss-120b"}
    chat_usage = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
    named = {"id": "chatcmpl-1", "created": 1, "model": "openai.gpt-oss-120b"}
    choice = {"index": 0, "finish_reason": "stop"}
    chunks = [
        {**named, "object": "chat.completion.chunk", "choices": [{**choice, "delta": delta}]}
        for delta in ({"role": "assistant", "content": ""}, *[{"content": "a token "}] * 20)
    ]
    response_usage = {"input_tokens": 7, "output_tokens": 3, "total_tokens": 10}
    response = {"id": "resp_1", "object": "response", "status": "completed", "model": "m"}
    message_usage = {"input_tokens": 7, "output_tokens": 3}
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude"}
    claude = {"model": "anthropic.claude-sonnet-4-6", "max_tokens": 64, "messages": messages}
    delta = {"type": "text_delta", "text": "a token "}

    def one(path: str, body: Json, *answer: Json) -> Exchange:
        pieces = [json.dumps(answer[0]).encode()] if len(answer) == 1 else events(*answer)
        return Exchange(MANTLE + path, json.dumps(body).encode(), pieces)

    return [
        one(
            "/openai/v1/chat/completions",
            chat,
            {
                **named,
                "object": "chat.completion",
                "choices": [{**choice, "message": {"role": "assistant", "content": "Yes"}}],
                "usage": chat_usage,
            },
        ),
        one(
            "/openai/v1/chat/completions",
            {**chat, "stream": True},
            *chunks,
            {**named, "object": "chat.completion.chunk", "choices": [], "usage": chat_usage},
        ),
        one(
            "/openai/v1/responses",
            {"model": "openai.gpt-oss-120b", "input": text},
            {**response, "output": [], "usage": response_usage},
        ),
        one(
            "/openai/v1/responses",
            {"model": "openai.gpt-oss-120b", "input": text, "stream": True},
            {"type": "response.created", "response": response},
            *[{"type": "response.output_text.delta", "delta": "a token "}] * 20,
            {"type": "response.completed", "response": {**response, "usage": response_usage}},
        ),
        one(
            "/anthropic/v1/messages",
            claude,
            {**message, "content": [{"type": "text", "text": "Yes"}], "usage": message_usage},
        ),
        one(
            "/anthropic/v1/messages",
            {**claude, "stream": True},
            {"type": "message_start", "message": {**message, "usage": message_usage}},
            *[{"type": "content_block_delta", "index": 0, "delta": delta}] * 20,
            {"type": "message_delta", "delta": {}, "usage": {"output_tokens": 3}},
            {"type": "message_stop"},
        ),
        one(
            "/openai/v1/chat/completions",
            chat,
            {"error": {"message": "slow down", "type": "rate_limit_exceeded"}},
        ),
    ]


def call(client: _core.Client, exchange: Exchange) -> None:
    """Make a call as the adapter of httpx does."""
    is_error = exchange.answer[0].startswith(b'{"error"')
    operation, _ = client.begin(
        "POST", exchange.url, FIELDS, exchange.body, None, None, False, None, None
    )
    operation.prepare("POST", exchange.url, FIELDS, exchange.body, False, True)
    fields = EVENTS_ANSWER if exchange.is_streamed else JSON_ANSWER
    operation.head(429 if is_error else 200, fields, None)
    for piece in exchange.answer:
        operation.feed(piece)
    operation.finish()


class Headers(dict[str, str]):
    """Those of a request or of an answer of botocore, which keeps the fields apart."""

    def __init__(self, fields: list[tuple[str, str]]) -> None:
        super().__init__(fields)
        self._headers = fields

    def __delitem__(self, name: str) -> None:
        self.pop(name, None)


def converse(events: _core.BotocoreEvents, size: int) -> None:
    """Make a call as a client of boto3 does."""
    text = "How is the weather? " * (size // 20 + 1)
    asked = {"messages": [{"role": "user", "content": [{"text": text}]}]}
    answer = {
        "output": {"message": {"role": "assistant", "content": [{"text": "Yes"}]}},
        "stopReason": "end_turn",
        "usage": {"inputTokens": 7, "outputTokens": 3, "totalTokens": 10},
        "metrics": {"latencyMs": 5},
    }
    request = SimpleNamespace(
        method="POST",
        url=RUNTIME + "/model/amazon.nova-lite-v1%3A0/converse",
        headers=Headers([("Content-Type", "application/json"), ("User-Agent", "Boto3/1.44.8")]),
        data=json.dumps(asked).encode(),
        context={},
    )
    events.write(request=request, operation_name="Converse")
    events.sent(request=request, operation_name="Converse")
    head = Headers([("Content-Type", "application/json"), ("x-amzn-RequestId", "req_1")])
    body = json.dumps(answer).encode()
    events.answered(response_dict={"status_code": 200, "headers": head, "body": body})


class ArrowArray(ctypes.Structure):
    """The C data interface of Arrow, as far as it is needed to let go of an array."""

    _fields_ = [
        ("before", ctypes.c_void_p * 8),
        ("release", ctypes.CFUNCTYPE(None, ctypes.c_void_p)),
        ("private_data", ctypes.c_void_p),
    ]


class ArrowArrayStream(ctypes.Structure):
    """The C stream interface of Arrow."""

    _fields_ = [
        ("get_schema", ctypes.c_void_p),
        ("get_next", ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)),
        ("get_last_error", ctypes.c_void_p),
        ("release", ctypes.c_void_p),
        ("private_data", ctypes.c_void_p),
    ]


def read_rows(ledger: Path) -> None:
    """Read a ledger as reports and compaction do."""
    segments = [path for path in ledger.rglob("*.jsonl") if path.is_file()]
    files = [(os.fsencode(path), 0, False) for path in segments]
    pointer_of = ctypes.pythonapi.PyCapsule_GetPointer
    pointer_of.restype, pointer_of.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    for columns in (_core.row_columns(), ["writer", "seq", "kind", "project", "model", "input"]):
        capsule = _core.RowTable(files, columns, _core.SeenRows()).__arrow_c_stream__()
        stream = ArrowArrayStream.from_address(pointer_of(capsule, b"arrow_array_stream"))
        array = ArrowArray()
        while stream.get_next(ctypes.addressof(stream), ctypes.addressof(array)) == 0:
            if not array.release:
                break
            array.release(ctypes.addressof(array))
    sums = _core.RowSums([("project", ""), ("model", "")], unit_us=86_400_000_000)
    _, missing, why = sums.read(files, os.fsencode(ledger / "rest"))
    if missing or why:
        raise RuntimeError(f"the rows were not summed: {why or missing!r}")
    for path in segments:
        _core.RowLines().sort(path.read_bytes(), _core.SeenRows(), True)


def main() -> None:
    """Make the calls, each of them often, and read their rows."""
    keys = _core.Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
    with tempfile.TemporaryDirectory() as folder:
        ledger = Path(folder, "ledger")
        clients = [
            _core.Client({"project": PROJECT, **options}, credentials=keys, environment={})
            for options in ({}, {"ledger": str(ledger)})
        ]
        scope: ContextVar[Any] = ContextVar("scope", default=None)
        all_events = []
        for options in ({}, {"ledger": str(ledger)}):
            events = _core.BotocoreEvents(scope, [], lambda answer, operation: None, False)
            options = {"project": PROJECT, "auth": "none", **options}
            events.client = _core.Client(options, environment={})
            all_events.append(events)
        for _ in range(ROUNDS):
            for client, events in zip(clients, all_events, strict=True):
                for size in (100, 10_000):
                    for exchange in exchanges(size):
                        call(client, exchange)
                    converse(events, size)
        del clients, all_events
        for _ in range(ROUNDS // 10):
            read_rows(ledger)
    print("trained", file=sys.stderr)


if __name__ == "__main__":
    main()
