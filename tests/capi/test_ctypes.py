"""The shared library as a language without a C compiler sees it.

Loads the library named by ``COSTMARK_LIBRARY``, or the one in the build directory, and calls it
through ctypes alone: declarations are written out here, so a change of the ABI shows.
"""

from __future__ import annotations

import ctypes
import http.server
import json
import os
import shutil
import ssl
import subprocess
import threading
from ctypes import (
    CFUNCTYPE,
    POINTER,
    Structure,
    byref,
    c_bool,
    c_char,
    c_char_p,
    c_int32,
    c_int64,
    c_size_t,
    c_uint32,
    c_uint64,
    c_void_p,
    sizeof,
)
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
URL = b"https://bedrock-mantle.us-east-1.api.aws/v1/chat/completions"


class Str(Structure):
    _fields_ = [("data", c_char_p), ("len", c_size_t)]


class Header(Structure):
    _fields_ = [("name", Str), ("value", Str)]


class Request(Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("method", Str),
        ("url", Str),
        ("headers", POINTER(Header)),
        ("header_count", c_size_t),
        ("body", Str),
        ("project", Str),
        ("scope", Str),
    ]


class Credentials(Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("access_key_id", Str),
        ("secret_access_key", Str),
        ("session_token", Str),
        ("account_id", Str),
        ("expires_unix_s", c_int64),
    ]


class Usage(Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("input_tokens", c_uint64),
        ("cached_input_tokens", c_uint64),
        ("cache_write_tokens", c_uint64),
        ("output_tokens", c_uint64),
        ("reasoning_tokens", c_uint64),
        ("known", c_uint32),
        ("inconsistent", c_uint32),
    ]


class AnswerHead(Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("http_status", c_int32),
        ("reserved", c_uint32),
        ("content_type", Str),
        ("date", Str),
        ("error_type", Str),
    ]


class SignRequest(Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("method", Str),
        ("url", Str),
        ("region", Str),
        ("service", Str),
        ("credentials", POINTER(Credentials)),
        ("headers", POINTER(Header)),
        ("header_count", c_size_t),
        ("body", Str),
        ("time_unix_s", c_int64),
    ]


HEAD_CALLBACK = CFUNCTYPE(c_int32, c_void_p, c_void_p)
BODY_CALLBACK = CFUNCTYPE(c_int32, c_void_p, POINTER(c_char), c_size_t)


class SendOptions(Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("on_head", HEAD_CALLBACK),
        ("on_body", BODY_CALLBACK),
        ("user_data", c_void_p),
        ("cancel", c_void_p),
        ("timeout_ms", c_int64),
        ("max_attempts", c_uint32),
        ("reserved", c_uint32),
    ]


class UsageEvent(Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("project", Str),
        ("model", Str),
        ("response_id", Str),
        ("service_tier", Str),
        ("usage", POINTER(Usage)),
        ("api", c_int32),
        ("outcome", c_int32),
        ("http_status", c_int32),
        ("attempt", c_uint32),
    ]


USAGE_CALLBACK = CFUNCTYPE(None, c_void_p, POINTER(UsageEvent))
CREDENTIALS_CALLBACK = CFUNCTYPE(c_int32, c_void_p, c_void_p)
FREE_USER_DATA = CFUNCTYPE(None, c_void_p)

# Name: (result, parameters). The last parameter of what can fail is where the error goes.
FUNCTIONS: dict[str, tuple[Any, list[Any]]] = {
    "costmark_version": (c_char_p, []),
    "costmark_abi_version": (c_uint32, []),
    "costmark_option_count": (c_size_t, []),
    "costmark_status_name": (c_char_p, [c_int32]),
    "costmark_error_status": (c_int32, [c_void_p]),
    "costmark_error_message": (c_char_p, [c_void_p, POINTER(c_size_t)]),
    "costmark_error_offset": (c_bool, [c_void_p, POINTER(c_uint64)]),
    "costmark_error_free": (None, [c_void_p]),
    "costmark_config_new": (c_int32, [POINTER(c_void_p), POINTER(c_void_p)]),
    "costmark_config_set": (
        c_int32,
        [c_void_p, c_char_p, c_size_t, c_char_p, c_size_t, POINTER(c_void_p)],
    ),
    "costmark_config_set_credentials_callback": (
        c_int32,
        [c_void_p, CREDENTIALS_CALLBACK, c_void_p, FREE_USER_DATA, POINTER(c_void_p)],
    ),
    "costmark_credentials_put": (c_int32, [c_void_p, POINTER(Credentials), POINTER(c_void_p)]),
    "costmark_config_free": (None, [c_void_p]),
    "costmark_client_new": (c_int32, [c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "costmark_client_release": (None, [c_void_p]),
    "costmark_prepared_new": (c_int32, [POINTER(c_void_p), POINTER(c_void_p)]),
    "costmark_prepared_free": (None, [c_void_p]),
    "costmark_client_prepare": (
        c_int32,
        [c_void_p, POINTER(Request), c_void_p, POINTER(c_void_p)],
    ),
    "costmark_prepared_headers_to_set": (POINTER(Header), [c_void_p, POINTER(c_size_t)]),
    "costmark_prepared_body": (c_void_p, [c_void_p, POINTER(c_size_t)]),
    "costmark_prepared_project": (c_char_p, [c_void_p, POINTER(c_size_t)]),
    "costmark_observation_new": (
        c_int32,
        [c_void_p, c_void_p, c_uint32, POINTER(c_void_p), POINTER(c_void_p)],
    ),
    "costmark_observation_head": (
        c_int32,
        [c_void_p, POINTER(AnswerHead), POINTER(c_void_p)],
    ),
    "costmark_observation_feed": (
        c_int32,
        [c_void_p, c_char_p, c_size_t, c_void_p, c_void_p, POINTER(c_void_p)],
    ),
    "costmark_observation_finish": (c_int32, [c_void_p, c_void_p, c_void_p, POINTER(c_void_p)]),
    "costmark_observation_usage": (c_int32, [c_void_p, POINTER(Usage), POINTER(c_void_p)]),
    "costmark_observation_free": (None, [c_void_p]),
    "costmark_live_handles": (c_size_t, []),
    "costmark_has_feature": (c_bool, [c_char_p, c_size_t]),
    "costmark_verdict_name": (c_char_p, [c_int32]),
    "costmark_error_http_status": (c_int32, [c_void_p]),
    "costmark_signature_new": (c_int32, [POINTER(c_void_p), POINTER(c_void_p)]),
    "costmark_presign": (
        c_int32,
        [POINTER(SignRequest), c_int64, c_void_p, POINTER(c_void_p)],
    ),
    "costmark_signature_url": (c_char_p, [c_void_p, POINTER(c_size_t)]),
    "costmark_signature_free": (None, [c_void_p]),
    "costmark_bearer_token_new": (
        c_int32,
        [
            POINTER(Credentials),
            c_char_p,
            c_size_t,
            c_int64,
            c_int64,
            POINTER(c_void_p),
            POINTER(c_void_p),
        ],
    ),
    "costmark_bearer_token_text": (c_char_p, [c_void_p, POINTER(c_size_t)]),
    "costmark_bearer_token_expires_unix_s": (c_int64, [c_void_p]),
    "costmark_bearer_token_free": (None, [c_void_p]),
    "costmark_config_set_usage_callback": (
        c_int32,
        [c_void_p, USAGE_CALLBACK, c_void_p, FREE_USER_DATA, POINTER(c_void_p)],
    ),
    "costmark_cancel_new": (c_int32, [POINTER(c_void_p), POINTER(c_void_p)]),
    "costmark_cancel_request": (None, [c_void_p]),
    "costmark_cancel_requested": (c_bool, [c_void_p]),
    "costmark_cancel_release": (None, [c_void_p]),
    "costmark_response_new": (c_int32, [POINTER(c_void_p), POINTER(c_void_p)]),
    "costmark_response_free": (None, [c_void_p]),
    "costmark_response_http_status": (c_int32, [c_void_p]),
    "costmark_response_header": (
        c_char_p,
        [c_void_p, c_char_p, c_size_t, POINTER(c_size_t)],
    ),
    "costmark_response_body": (c_char_p, [c_void_p, POINTER(c_size_t)]),
    "costmark_response_attempts": (c_uint32, [c_void_p]),
    "costmark_response_usage": (c_int32, [c_void_p, POINTER(Usage), POINTER(c_void_p)]),
    "costmark_client_send": (
        c_int32,
        [c_void_p, POINTER(Request), POINTER(SendOptions), c_void_p, POINTER(c_void_p)],
    ),
    "costmark_json_set_bound": (c_size_t, [c_size_t, c_size_t, c_size_t]),
    "costmark_json_set": (
        c_int32,
        [
            *[c_char_p, c_size_t] * 3,
            c_uint32,
            c_char_p,
            c_size_t,
            POINTER(c_size_t),
            POINTER(c_void_p),
        ],
    ),
}


def library_path() -> Path | None:
    """Where the library is: as the environment says, or in the newest build."""
    if named := os.environ.get("COSTMARK_LIBRARY"):
        return Path(named)
    built = [*ROOT.glob("build*/capi/libcostmark.so"), *ROOT.glob("build*/*/capi/libcostmark.so")]
    return max(built, key=lambda path: path.stat().st_mtime, default=None)


@pytest.fixture(scope="module")
def lib() -> ctypes.CDLL:
    path = library_path()
    if path is None:
        pytest.skip("no libcostmark.so: build it, or name it in COSTMARK_LIBRARY")
    loaded = ctypes.CDLL(str(path))
    for name, (result, parameters) in FUNCTIONS.items():
        function = getattr(loaded, name)
        function.restype, function.argtypes = result, parameters
    return loaded


@pytest.fixture(autouse=True)
def no_handle_is_left(lib: ctypes.CDLL) -> Iterator[None]:
    yield
    assert lib.costmark_live_handles() == 0


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("COSTMARK_", "AWS_", "OPENAI_")) and name != "COSTMARK_LIBRARY":
            monkeypatch.delenv(name)


def text(value: bytes) -> Str:
    return Str(value, len(value))


class CallError(Exception):
    """A status other than ok, with what the error object said."""

    def __init__(self, status: int, message: bytes, offset: int | None) -> None:
        super().__init__(message)
        self.status, self.offset = status, offset


def call(lib: ctypes.CDLL, name: str, *arguments: Any) -> None:
    error = c_void_p()
    status = getattr(lib, name)(*arguments, byref(error))
    if status == 0:
        assert error.value is None
        return
    assert lib.costmark_error_status(error) == status
    offset = c_uint64()
    has_offset = lib.costmark_error_offset(error, byref(offset))
    message = bytes(lib.costmark_error_message(error, None))
    lib.costmark_error_free(error)
    raise CallError(status, message, offset.value if has_offset else None)


def make(lib: ctypes.CDLL, name: str, *arguments: Any) -> c_void_p:
    handle = c_void_p()
    call(lib, name, *arguments, byref(handle))
    assert handle.value is not None
    return handle


def make_config(lib: ctypes.CDLL, **options: str) -> c_void_p:
    config = make(lib, "costmark_config_new")
    for name, value in options.items():
        n, v = name.encode(), value.encode()
        call(lib, "costmark_config_set", config, n, len(n), v, len(v))
    return config


def chat(body: bytes) -> Request:
    headers = (Header * 1)(Header(text(b"Content-Type"), text(b"application/json")))
    return Request(sizeof(Request), text(b"POST"), text(URL), headers, 1, text(body), Str(), Str())


def headers_of(lib: ctypes.CDLL, prepared: c_void_p) -> dict[bytes, bytes]:
    count = c_size_t()
    array = lib.costmark_prepared_headers_to_set(prepared, byref(count))
    return {
        ctypes.string_at(h.name.data, h.name.len).lower(): ctypes.string_at(
            h.value.data, h.value.len
        )
        for h in array[: count.value]
    }


def test_versions(lib: ctypes.CDLL) -> None:
    assert lib.costmark_version().decode().count(".") == 2
    assert lib.costmark_abi_version() == 1
    assert lib.costmark_option_count() > 10
    assert lib.costmark_status_name(22) == b"conflict"
    assert lib.costmark_status_name(61) == b"cancelled"
    assert [lib.costmark_verdict_name(n) for n in range(4)] == [
        b"honored",
        b"not_honored",
        b"unknown",
        b"unknown",
    ]
    assert lib.costmark_has_feature(b"send", 4)
    assert not lib.costmark_has_feature(b"send", 3)


def test_prepare_and_observe(lib: ctypes.CDLL) -> None:
    config = make_config(
        lib, project="proj_py", access_key_id="AKIDEXAMPLE", secret_access_key="not-a-real-secret"
    )
    client = make(lib, "costmark_client_new", config)
    lib.costmark_config_free(config)
    prepared = make(lib, "costmark_prepared_new")
    request = chat(b'{"model":"m"}')
    call(lib, "costmark_client_prepare", client, byref(request), prepared)
    headers = headers_of(lib, prepared)
    assert headers[b"openai-project"] == b"proj_py"
    assert headers[b"authorization"].startswith(b"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/")
    assert lib.costmark_prepared_project(prepared, None) == b"proj_py"

    observation = make(lib, "costmark_observation_new", client, prepared, 1)
    answer = (
        b'{"id":"chatcmpl-1","choices":[{"finish_reason":"stop"}],'
        b'"usage":{"prompt_tokens":5,"completion_tokens":2}}'
    )
    head = AnswerHead(sizeof(AnswerHead), 200, 0, Str(b"application/json", 16))
    call(lib, "costmark_observation_head", observation, byref(head))
    call(lib, "costmark_observation_feed", observation, answer, len(answer), None, None)
    call(lib, "costmark_observation_finish", observation, None, None)
    usage = Usage(sizeof(Usage))
    call(lib, "costmark_observation_usage", observation, byref(usage))
    assert (usage.input_tokens, usage.output_tokens, usage.known) == (5, 2, 0x01 | 0x08)
    lib.costmark_observation_free(observation)
    lib.costmark_prepared_free(prepared)
    lib.costmark_client_release(client)


def test_json_set(lib: ctypes.CDLL) -> None:
    body = b'{ "a": 1.0 }'
    buffer = ctypes.create_string_buffer(lib.costmark_json_set_bound(len(body), 1, 1))
    size = c_size_t()
    arguments = (b"b", 1, b"2", 1, 0, buffer, len(buffer), byref(size))
    call(lib, "costmark_json_set", body, len(body), *arguments)
    assert json.loads(buffer.raw[: size.value]) == {"a": 1.0, "b": 2}
    assert b' "a": 1.0 ' in buffer.raw[: size.value]
    with pytest.raises(CallError) as failure:
        call(lib, "costmark_json_set", b'{"a":1} x', 9, *arguments)
    assert (failure.value.status, failure.value.offset) == (2, 8)


def test_errors_are_objects(lib: ctypes.CDLL) -> None:
    config = make_config(lib)
    with pytest.raises(CallError, match="region") as failure:
        call(lib, "costmark_config_set", config, b"regoin", 6, b"us-east-1", 9)
    lib.costmark_config_free(config)
    assert failure.value.status == 10


def test_struct_of_a_later_version(lib: ctypes.CDLL) -> None:
    class Later(Structure):
        _fields_ = [("known", Request), ("more", c_size_t)]

    config = make_config(lib, auth="none")
    client = make(lib, "costmark_client_new", config)
    lib.costmark_config_free(config)
    prepared = make(lib, "costmark_prepared_new")
    later = Later(chat(b"{}"), 0)
    later.known.struct_size = sizeof(Later)
    pointer = ctypes.cast(byref(later), POINTER(Request))
    call(lib, "costmark_client_prepare", client, pointer, prepared)
    later.more = 1
    with pytest.raises(CallError, match="does not know") as failure:
        call(lib, "costmark_client_prepare", client, pointer, prepared)
    assert failure.value.status == 1
    lib.costmark_prepared_free(prepared)
    lib.costmark_client_release(client)


def test_callback_and_finaliser(lib: ctypes.CDLL) -> None:
    events: list[str] = []

    def give(user_data: int | None, sink: int | None) -> int:
        events.append(f"asked {user_data}")
        given = Credentials(sizeof(Credentials), text(b"AKIDPY"), text(b"not-a-real-secret"))
        call(lib, "costmark_credentials_put", sink, byref(given))
        return 0

    def free(user_data: int | None) -> None:
        events.append(f"freed {user_data}")

    # Kept in variables: the library holds the pointers until the finaliser has run.
    callback, finaliser = CREDENTIALS_CALLBACK(give), FREE_USER_DATA(free)
    config = make(lib, "costmark_config_new")
    call(lib, "costmark_config_set_credentials_callback", config, callback, 7, finaliser)
    client = make(lib, "costmark_client_new", config)
    lib.costmark_config_free(config)
    prepared = make(lib, "costmark_prepared_new")
    request = chat(b"{}")
    for _ in range(2):
        call(lib, "costmark_client_prepare", client, byref(request), prepared)
    assert b"Credential=AKIDPY/" in headers_of(lib, prepared)[b"authorization"]
    assert events == ["asked 7"]
    lib.costmark_prepared_free(prepared)
    lib.costmark_client_release(client)
    assert events == ["asked 7", "freed 7"]


KEY, SECRET = b"AKIDEXAMPLE", b"wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
MOMENT = datetime(2025, 1, 2, 3, 4, 5, tzinfo=timezone.utc)


def example_credentials(session_token: bytes | None = None) -> Credentials:
    token = Str() if session_token is None else text(session_token)
    return Credentials(sizeof(Credentials), text(KEY), text(SECRET), token)


def test_a_presigned_url_is_botocores(lib: ctypes.CDLL, monkeypatch: pytest.MonkeyPatch) -> None:
    auth = pytest.importorskip("botocore.auth")
    awsrequest = pytest.importorskip("botocore.awsrequest")
    botocore_credentials = pytest.importorskip("botocore.credentials")
    naive = MOMENT.replace(tzinfo=None)
    monkeypatch.setattr(auth, "get_current_datetime", lambda *_, **__: naive)
    url = "https://bedrock-mantle.us-east-1.api.aws/v1/models?b=2&a=1"
    theirs = awsrequest.AWSRequest(method="GET", url=url, headers={"X-Amz-Meta": "m"})
    auth.SigV4QueryAuth(
        botocore_credentials.Credentials(KEY.decode(), SECRET.decode(), "a/token=="),
        "bedrock-mantle",
        "us-east-1",
        expires=900,
    ).add_auth(theirs)

    signature = make(lib, "costmark_signature_new")
    headers = (Header * 1)(Header(text(b"X-Amz-Meta"), text(b"m")))
    request = SignRequest(
        sizeof(SignRequest),
        text(b"GET"),
        text(url.encode()),
        text(b"us-east-1"),
        text(b"bedrock-mantle"),
        ctypes.pointer(example_credentials(b"a/token==")),
        headers,
        1,
        Str(),
        int(MOMENT.timestamp()),
    )
    call(lib, "costmark_presign", byref(request), 900, signature)
    assert lib.costmark_signature_url(signature, None).decode() == theirs.url
    lib.costmark_signature_free(signature)


def test_a_token_is_the_generators(lib: ctypes.CDLL, monkeypatch: pytest.MonkeyPatch) -> None:
    auth = pytest.importorskip("botocore.auth")
    generator = pytest.importorskip("aws_bedrock_token_generator")
    botocore_credentials = pytest.importorskip("botocore.credentials")

    class Provider:
        def load(self) -> Any:
            return botocore_credentials.Credentials(KEY.decode(), SECRET.decode(), "a/token==")

    naive = MOMENT.replace(tzinfo=None)
    monkeypatch.setattr(auth, "get_current_datetime", lambda *_, **__: naive)
    credentials, now = example_credentials(b"a/token=="), int(MOMENT.timestamp())
    for region in (b"us-east-1", b"eu-central-1"):
        for life in (1, 3600, 43200):
            theirs = generator.provide_token(region.decode(), Provider(), timedelta(seconds=life))
            arguments = (byref(credentials), region, len(region), life, now)
            token = make(lib, "costmark_bearer_token_new", *arguments)
            assert lib.costmark_bearer_token_text(token, None).decode() == theirs
            assert lib.costmark_bearer_token_expires_unix_s(token) == now + life
            lib.costmark_bearer_token_free(token)


EVENTS = [
    b'data: {"id":"chatcmpl-1","choices":[{"index":0,"delta":{"content":"Hi"}}]}\n\n',
    b'data: {"id":"chatcmpl-1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n',
]
USAGE_EVENT = (
    b'data: {"id":"chatcmpl-1","choices":[],"usage":{"prompt_tokens":5,"completion_tokens":2}}\n\n'
)
DONE = b"data: [DONE]\n\n"


class Service(http.server.BaseHTTPRequestHandler):
    """Answers a chat in pieces; at ``/endless/...`` for as long as somebody listens."""

    protocol_version = "HTTP/1.1"
    stopped: threading.Event

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.send_header("X-Project", body["project_id"])
        self.end_headers()
        try:
            while self.path.startswith("/endless/") and not self.stopped.wait(0.01):
                self.chunk(EVENTS[0])
            for event in [*EVENTS, USAGE_EVENT, DONE, b""]:
                self.chunk(event)
        except ConnectionError:
            self.close_connection = True

    def chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def service() -> Iterator[http.server.ThreadingHTTPServer]:
    Service.stopped = threading.Event()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    Service.stopped.set()
    server.shutdown()
    server.server_close()
    thread.join()


class Sender:
    """A client with a response and a cancel handle, and what its callbacks were given."""

    def __init__(self, lib: ctypes.CDLL, **options: str) -> None:
        self.lib = lib
        self.events: list[tuple[int, int, int]] = []
        self.pieces: list[bytes] = []
        self.returns = 0
        self.cancel_at = -1
        self._on_usage = USAGE_CALLBACK(self._take_usage)
        config = make_config(lib, project="proj_py", **options)
        call(
            lib,
            "costmark_config_set_usage_callback",
            config,
            self._on_usage,
            None,
            FREE_USER_DATA(),
        )
        self.client = make(lib, "costmark_client_new", config)
        lib.costmark_config_free(config)
        self.response = make(lib, "costmark_response_new")
        self.cancel = make(lib, "costmark_cancel_new")

    def __enter__(self) -> Sender:
        return self

    def __exit__(self, *_: object) -> None:
        self.lib.costmark_cancel_release(self.cancel)
        self.lib.costmark_response_free(self.response)
        self.lib.costmark_client_release(self.client)

    def _take_usage(self, _: int | None, event: Any) -> None:
        seen = event.contents
        self.events.append((seen.attempt, seen.outcome, seen.usage.contents.output_tokens))

    def _take_head(self, _: int | None, response: int | None) -> int:
        assert response == self.response.value
        assert self.lib.costmark_response_http_status(response) == 200
        return 0

    def _take_piece(self, _: int | None, data: Any, size: int) -> int:
        self.pieces.append(ctypes.string_at(data, size))
        if len(self.pieces) == self.cancel_at:
            self.lib.costmark_cancel_request(self.cancel)
        return self.returns

    def send(self, url: str) -> None:
        on_head, on_body = HEAD_CALLBACK(self._take_head), BODY_CALLBACK(self._take_piece)
        request = chat(b'{"model":"m","stream":true}')
        address = url.encode()
        request.url = text(address)
        options = SendOptions(
            sizeof(SendOptions), on_head, on_body, None, self.cancel.value, 10_000, 1, 0
        )
        call(
            self.lib,
            "costmark_client_send",
            self.client,
            byref(request),
            byref(options),
            self.response,
        )


def test_send_streams(lib: ctypes.CDLL, service: http.server.ThreadingHTTPServer) -> None:
    url = f"http://127.0.0.1:{service.server_port}/v1/chat/completions"
    with Sender(lib) as sender:
        for count in (1, 2):
            sender.send(url)
            assert b"".join(sender.pieces) == b"".join([*EVENTS, DONE]) * count
            assert lib.costmark_response_attempts(sender.response) == 1
            assert lib.costmark_response_body(sender.response, None) == b""
            assert (
                lib.costmark_response_header(sender.response, b"x-project", 9, None) == b"proj_py"
            )
            usage = Usage(sizeof(Usage))
            call(lib, "costmark_response_usage", sender.response, byref(usage))
            assert (usage.input_tokens, usage.output_tokens) == (5, 2)
        assert sender.events == [(1, 0, 2)] * 2


def test_send_is_stopped_by_its_callback(
    lib: ctypes.CDLL, service: http.server.ThreadingHTTPServer
) -> None:
    url = f"http://127.0.0.1:{service.server_port}/endless/v1/chat/completions"
    with Sender(lib) as sender:
        sender.returns = 60
        with pytest.raises(CallError) as failure:
            sender.send(url)
        assert failure.value.status == 60
        assert (len(sender.pieces), sender.events) == (1, [(1, 2, 0)])


@pytest.mark.parametrize("inside", [True, False])
def test_send_is_cancelled(
    lib: ctypes.CDLL, service: http.server.ThreadingHTTPServer, inside: bool
) -> None:
    url = f"http://127.0.0.1:{service.server_port}/endless/v1/chat/completions"
    with Sender(lib) as sender:
        timer = threading.Timer(0.05, lib.costmark_cancel_request, [sender.cancel])
        if inside:
            sender.cancel_at = 2
        else:
            timer.start()
        with pytest.raises(CallError) as failure:
            sender.send(url)
        assert failure.value.status == 61
        assert lib.costmark_cancel_requested(sender.cancel)
        assert sender.events == [(1, 2, 0)]
        if not inside:
            timer.join()


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")
def test_send_refuses_a_wrong_certificate(
    lib: ctypes.CDLL, service: http.server.ThreadingHTTPServer, tmp_path: Path
) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "1", "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=DNS:localhost"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    service.socket = context.wrap_socket(service.socket, server_side=True)
    path = f"{service.server_port}/v1/chat/completions"
    for options, host in (({}, "localhost"), ({"ca_bundle": str(certificate)}, "127.0.0.1")):
        with Sender(lib, **options) as sender:
            with pytest.raises(CallError) as failure:
                sender.send(f"https://{host}:{path}")
            assert failure.value.status == 40
            assert sender.pieces == []
    with Sender(lib, ca_bundle=str(certificate)) as sender:
        sender.send(f"https://localhost:{path}")
        assert b"".join(sender.pieces) == b"".join([*EVENTS, DONE])
