"""The shared library as a language without a C compiler sees it.

Loads the library named by ``COSTMARK_LIBRARY``, or the one in the build directory, and calls it
through ctypes alone: declarations are written out here, so a change of the ABI shows.
"""

from __future__ import annotations

import ctypes
import http.server
import json
import os
import re
import shutil
import ssl
import subprocess
import sys
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

from harness import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY, run_emulator

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
PROJECTS_EXAMPLE = ROOT / "examples/python/projects_ctypes.py"
URL = b"https://bedrock-mantle.us-east-1.api.aws/v1/chat/completions"


class Str(Structure):
    _fields_ = [("data", c_char_p), ("len", c_size_t)]


class Header(Structure):
    _fields_ = [("name", Str), ("value", Str)]


class Sized(Structure):
    """A struct that begins with its size."""

    def __init__(self, **fields: Any) -> None:
        super().__init__(sizeof(type(self)), **fields)


class Request(Sized):
    _fields_ = [
        ("struct_size", c_size_t),
        ("method", Str),
        ("url", Str),
        ("headers", POINTER(Header)),
        ("header_count", c_size_t),
        ("body", Str),
        ("project", Str),
        ("scope", Str),
        ("body_is_stream", c_uint32),
        ("overrides_budgets", c_uint32),
        ("labels", POINTER(Header)),  # of the same layout
        ("label_count", c_size_t),
    ]


class Wait(Sized):
    _fields_ = [
        ("struct_size", c_size_t),
        ("cancel", c_void_p),
        ("timeout_ms", c_int64),
        ("no_wait", c_uint32),
        ("reserved", c_uint32),
    ]


class Prepared(Sized):
    _fields_ = [
        ("struct_size", c_size_t),
        ("url", Str),
        ("set_headers", POINTER(Header)),
        ("set_header_count", c_size_t),
        ("remove_headers", POINTER(Str)),
        ("remove_header_count", c_size_t),
        ("body", Str),
        ("project", Str),
        ("model", Str),
        ("hint", Str),
        ("body_changed", c_uint32),
        ("authorized", c_uint32),
        ("streamed", c_uint32),
        ("renewal_due", c_uint32),
        ("project_source", c_int32),
        ("api", c_int32),
        ("unattributed", c_uint32),
        ("unrecognized", c_uint32),
    ]


class AnswerHead(Sized):
    _fields_ = [
        ("struct_size", c_size_t),
        ("headers", POINTER(Header)),
        ("header_count", c_size_t),
        ("http_status", c_int32),
        ("encoded", c_uint32),
    ]


class AnswerPlan(Sized):
    _fields_ = [
        ("struct_size", c_size_t),
        ("read_ahead_len", c_size_t),
        ("read_ahead_ms", c_int64),
        ("body_may_change", c_uint32),
        ("reserved", c_uint32),
    ]


class Next(Sized):
    _fields_ = [
        ("struct_size", c_size_t),
        ("pause_ms", c_int64),
        ("step", c_int32),
        ("reason", c_int32),
    ]


class Usage(Sized):
    _fields_ = [
        ("struct_size", c_size_t),
        ("input_tokens", c_uint64),
        ("cached_input_tokens", c_uint64),
        ("cache_write_tokens", c_uint64),
        ("output_tokens", c_uint64),
        ("reasoning_tokens", c_uint64),
        ("total_tokens", c_uint64),
        ("known", c_uint32),
        ("flags", c_uint32),
    ]


class Answer(Sized):
    _fields_ = [
        ("struct_size", c_size_t),
        ("operation", Str),
        ("project", Str),
        ("model", Str),
        ("model_answered", Str),
        ("response_id", Str),
        ("request_id", Str),
        ("service_tier", Str),
        ("error_code", Str),
        ("usage_json", Str),
        ("usage", POINTER(Usage)),
        ("latency_us", c_int64),
        ("first_byte_us", c_int64),
        ("kind", c_int32),
        ("project_source", c_int32),
        ("api", c_int32),
        ("outcome", c_int32),
        ("http_status", c_int32),
        ("attempt", c_uint32),
        ("concurrent", c_uint32),
        ("price_flags", c_uint32),
        ("start_us", c_int64),
        ("end_us", c_int64),
        ("url_host", Str),
        ("region", Str),
        ("account", Str),
        ("sdk", Str),
        ("labels", POINTER(Header)),
        ("label_count", c_size_t),
        ("labels_key", Str),
        ("tags", POINTER(Header)),
        ("tag_count", c_size_t),
        ("meters", c_void_p),
        ("meter_count", c_size_t),
        ("streamed", c_uint32),
        ("background", c_uint32),
        ("serving", Str),
        ("price_book", Str),
        ("cost_pico_usd", c_int64),
        ("has_cost_pico_usd", c_uint32),
        ("cost_state", c_int32),
    ]


class Response(Sized):
    _fields_ = [
        ("struct_size", c_size_t),
        ("headers", POINTER(Header)),
        ("header_count", c_size_t),
        ("body", Str),
        ("request_id", Str),
        ("hint", Str),
        ("http_status", c_int32),
        ("attempts", c_uint32),
    ]


class ErrorView(Sized):
    _fields_ = [
        ("struct_size", c_size_t),
        ("message", Str),
        ("request_id", Str),
        ("offset", c_uint64),
        ("has_offset", c_uint32),
        ("status", c_int32),
        ("http_status", c_int32),
        ("retryable", c_uint32),
    ]


class Credentials(Sized):
    _fields_ = [
        ("struct_size", c_size_t),
        ("access_key_id", Str),
        ("secret_access_key", Str),
        ("session_token", Str),
        ("account_id", Str),
        ("source", Str),
        ("expires_unix_s", c_int64),
    ]


class SignRequest(Sized):
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


class SignatureView(Sized):
    _fields_ = [
        ("struct_size", c_size_t),
        ("url", Str),
        ("headers", POINTER(Header)),
        ("header_count", c_size_t),
        ("canonical_request", Str),
    ]


class TokenView(Sized):
    _fields_ = [("struct_size", c_size_t), ("text", Str), ("expires_unix_s", c_int64)]


class JsonEdit(Sized):
    _fields_ = [
        ("struct_size", c_size_t),
        ("json", Str),
        ("path", Str),
        ("value", Str),
        ("strict", c_uint32),
        ("reserved", c_uint32),
    ]


HEAD_CALLBACK = CFUNCTYPE(c_int32, c_void_p, POINTER(Response))
BODY_CALLBACK = CFUNCTYPE(c_int32, c_void_p, POINTER(c_char), c_size_t)


class SendOptions(Sized):
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


USAGE_CALLBACK = CFUNCTYPE(None, c_void_p, POINTER(Answer))
CREDENTIALS_CALLBACK = CFUNCTYPE(c_int32, c_void_p, c_void_p)
FREE_USER_DATA = CFUNCTYPE(None, c_void_p)

ERROR = POINTER(c_void_p)
HANDLE = POINTER(c_void_p)

# Name: (result, parameters). The last parameter of what can fail is where the error goes, unless an
# answer is read.
FUNCTIONS: dict[str, tuple[Any, list[Any]]] = {
    "costmark_version": (c_char_p, []),
    "costmark_abi_version": (c_uint32, []),
    "costmark_has_feature": (c_bool, [c_char_p, c_size_t]),
    "costmark_live_handles": (c_size_t, []),
    "costmark_option_count": (c_size_t, []),
    "costmark_status_name": (c_char_p, [c_int32]),
    "costmark_verdict_name": (c_char_p, [c_int32]),
    "costmark_error_read": (None, [c_void_p, POINTER(ErrorView)]),
    "costmark_error_free": (None, [c_void_p]),
    "costmark_config_new": (c_int32, [HANDLE, ERROR]),
    "costmark_config_set": (
        c_int32,
        [c_void_p, c_char_p, c_size_t, c_char_p, c_size_t, ERROR],
    ),
    "costmark_config_set_credentials_callback": (
        c_int32,
        [c_void_p, CREDENTIALS_CALLBACK, c_void_p, FREE_USER_DATA, ERROR],
    ),
    "costmark_config_set_usage_callback": (
        c_int32,
        [c_void_p, USAGE_CALLBACK, c_void_p, FREE_USER_DATA, ERROR],
    ),
    "costmark_credentials_put": (c_int32, [c_void_p, POINTER(Credentials), ERROR]),
    "costmark_config_free": (None, [c_void_p]),
    "costmark_client_new": (c_int32, [c_void_p, HANDLE, ERROR]),
    "costmark_client_release": (None, [c_void_p]),
    "costmark_operation_new": (c_int32, [c_void_p, HANDLE, ERROR]),
    "costmark_operation_free": (None, [c_void_p]),
    "costmark_operation_begin": (c_int32, [c_void_p, POINTER(Request), ERROR]),
    "costmark_operation_ready": (c_int32, [c_void_p, c_void_p, ERROR]),
    "costmark_operation_prepare": (
        c_int32,
        [c_void_p, POINTER(Request), POINTER(Wait), POINTER(Prepared), ERROR],
    ),
    "costmark_operation_sent": (None, [c_void_p]),
    "costmark_operation_head": (c_int32, [c_void_p, POINTER(AnswerHead), POINTER(AnswerPlan)]),
    "costmark_operation_feed": (c_int32, [c_void_p, c_char_p, c_size_t, POINTER(Str)]),
    "costmark_operation_finish": (c_int32, [c_void_p, POINTER(Str), POINTER(Next)]),
    "costmark_operation_answer": (None, [c_void_p, POINTER(Answer)]),
    "costmark_operation_send": (c_int32, [c_void_p, POINTER(SendOptions), ERROR]),
    "costmark_operation_response": (None, [c_void_p, POINTER(Response)]),
    "costmark_cancel_new": (c_int32, [HANDLE, ERROR]),
    "costmark_cancel_stop": (None, [c_void_p]),
    "costmark_cancel_stopped": (c_bool, [c_void_p]),
    "costmark_cancel_release": (None, [c_void_p]),
    "costmark_signature_new": (c_int32, [HANDLE, ERROR]),
    "costmark_signature_presign": (c_int32, [c_void_p, POINTER(SignRequest), c_int64, ERROR]),
    "costmark_signature_read": (None, [c_void_p, POINTER(SignatureView)]),
    "costmark_signature_free": (None, [c_void_p]),
    "costmark_bearer_token_new": (
        c_int32,
        [POINTER(Credentials), c_char_p, c_size_t, c_int64, c_int64, HANDLE, ERROR],
    ),
    "costmark_bearer_token_read": (None, [c_void_p, POINTER(TokenView)]),
    "costmark_bearer_token_free": (None, [c_void_p]),
    "costmark_json_set_bound": (c_size_t, [c_size_t, c_size_t, c_size_t]),
    "costmark_json_set": (
        c_int32,
        [POINTER(JsonEdit), c_char_p, c_size_t, POINTER(c_size_t), ERROR],
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


def read(value: Str) -> bytes:
    return ctypes.string_at(value.data, value.len) if value.len else b""


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
    why = ErrorView()
    lib.costmark_error_read(error, byref(why))
    assert why.status == status
    message, offset = read(why.message), why.offset if why.has_offset else None
    lib.costmark_error_free(error)
    raise CallError(status, message, offset)


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
    return Request(
        method=text(b"POST"), url=text(URL), headers=headers, header_count=1, body=text(body)
    )


def headers_of(shown: Prepared | Response) -> dict[bytes, bytes]:
    array, count = (
        (shown.set_headers, shown.set_header_count)
        if isinstance(shown, Prepared)
        else (shown.headers, shown.header_count)
    )
    return {read(header.name).lower(): read(header.value) for header in array[:count]}


def prepare(lib: ctypes.CDLL, operation: c_void_p, request: Request) -> Prepared:
    prepared = Prepared()
    call(lib, "costmark_operation_begin", operation, byref(request))
    call(lib, "costmark_operation_prepare", operation, None, None, byref(prepared))
    return prepared


def answer_of(lib: ctypes.CDLL, operation: c_void_p) -> Answer:
    answer = Answer()
    lib.costmark_operation_answer(operation, byref(answer))
    return answer


def test_versions(lib: ctypes.CDLL) -> None:
    assert lib.costmark_version().decode().count(".") == 2
    assert lib.costmark_abi_version() == 1
    assert lib.costmark_option_count() > 10
    assert lib.costmark_status_name(22) == b"conflict"
    assert lib.costmark_status_name(61) == b"cancelled"
    assert [lib.costmark_verdict_name(n) for n in range(4)] == [
        b"unknown",
        b"honored",
        b"not_honored",
        b"unknown",
    ]
    assert lib.costmark_has_feature(b"send", 4)
    assert not lib.costmark_has_feature(b"send", 3)


def test_a_whole_operation(lib: ctypes.CDLL) -> None:
    config = make_config(
        lib, project="proj_py", access_key_id="AKIDEXAMPLE", secret_access_key="not-a-real-secret"
    )
    client = make(lib, "costmark_client_new", config)
    lib.costmark_config_free(config)
    operation = make(lib, "costmark_operation_new", client)
    prepared = prepare(lib, operation, chat(b'{"model":"m"}'))
    headers = headers_of(prepared)
    assert headers[b"openai-project"] == b"proj_py"
    assert headers[b"authorization"].startswith(b"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/")
    assert (read(prepared.project), read(prepared.url)) == (b"proj_py", URL)

    lib.costmark_operation_sent(operation)
    body = (
        b'{"id":"chatcmpl-1","choices":[{"finish_reason":"stop"}],'
        b'"usage":{"prompt_tokens":5,"completion_tokens":2}}'
    )
    fields = (Header * 1)(Header(text(b"Content-Type"), text(b"application/json")))
    head = AnswerHead(headers=fields, header_count=1, http_status=200)
    plan, piece, after = AnswerPlan(), Str(), Next()
    assert lib.costmark_operation_head(operation, byref(head), byref(plan)) == 0
    assert lib.costmark_operation_feed(operation, body, len(body), byref(piece)) == 0
    assert read(piece) == body
    assert lib.costmark_operation_finish(operation, byref(piece), byref(after)) == 0
    assert (after.step, after.reason) == (1, 1)
    answer = answer_of(lib, operation)
    usage = answer.usage.contents
    assert (usage.input_tokens, usage.output_tokens, usage.known & 0x1F) == (5, 2, 0x01 | 0x08)
    assert (len(read(answer.operation)), answer.attempt, answer.outcome) == (36, 1, 1)
    lib.costmark_operation_free(operation)
    lib.costmark_client_release(client)


def test_would_block(lib: ctypes.CDLL) -> None:
    def give(_: int | None, sink: int | None) -> int:
        given = Credentials(access_key_id=text(b"AKIDPY"), secret_access_key=text(b"secret"))
        call(lib, "costmark_credentials_put", sink, byref(given))
        return 0

    callback = CREDENTIALS_CALLBACK(give)
    config = make(lib, "costmark_config_new")
    arguments = (callback, None, FREE_USER_DATA())
    call(lib, "costmark_config_set_credentials_callback", config, *arguments)
    client = make(lib, "costmark_client_new", config)
    lib.costmark_config_free(config)
    operation = make(lib, "costmark_operation_new", client)
    request, wait, prepared = chat(b"{}"), Wait(no_wait=1), Prepared()
    call(lib, "costmark_operation_begin", operation, byref(request))
    now = (operation, byref(request), byref(wait), byref(prepared))
    with pytest.raises(CallError) as failure:
        call(lib, "costmark_operation_prepare", *now)
    assert failure.value.status == 62
    call(lib, "costmark_operation_ready", operation, None)
    call(lib, "costmark_operation_prepare", *now)
    assert prepared.authorized == 1
    lib.costmark_operation_free(operation)
    lib.costmark_client_release(client)


def test_json_set(lib: ctypes.CDLL) -> None:
    edit = JsonEdit(json=text(b'{ "a": 1.0 }'), path=text(b"b"), value=text(b"2"))
    buffer = ctypes.create_string_buffer(lib.costmark_json_set_bound(edit.json.len, 1, 1))
    size = c_size_t()
    arguments = (byref(edit), buffer, len(buffer), byref(size))
    call(lib, "costmark_json_set", *arguments)
    assert json.loads(buffer.raw[: size.value]) == {"a": 1.0, "b": 2}
    assert b' "a": 1.0 ' in buffer.raw[: size.value]
    edit.json = text(b'{"a":1} x')
    with pytest.raises(CallError) as failure:
        call(lib, "costmark_json_set", *arguments)
    assert (failure.value.status, failure.value.offset) == (2, 8)


def test_errors_are_objects(lib: ctypes.CDLL) -> None:
    config = make_config(lib)
    with pytest.raises(CallError, match="region") as failure:
        call(lib, "costmark_config_set", config, b"regoin", 6, b"us-east-1", 9)
    lib.costmark_config_free(config)
    assert failure.value.status == 10


def test_structs_of_other_versions(lib: ctypes.CDLL) -> None:
    class Later(Structure):
        _fields_ = [("known", Request), ("more", c_size_t)]

    class Earlier(Sized):
        _fields_ = [("struct_size", c_size_t), ("operation", Str)]

    class LaterAnswer(Structure):
        _fields_ = [("known", Answer), ("more", c_size_t)]

    config = make_config(lib, auth="none")
    client = make(lib, "costmark_client_new", config)
    lib.costmark_config_free(config)
    operation = make(lib, "costmark_operation_new", client)
    later = Later(chat(b"{}"), 0)
    later.known.struct_size = sizeof(Later)
    pointer = ctypes.cast(byref(later), POINTER(Request))
    call(lib, "costmark_operation_begin", operation, pointer)
    answer, earlier, longer = answer_of(lib, operation), Earlier(), LaterAnswer(Answer(), 7)
    lib.costmark_operation_answer(operation, ctypes.cast(byref(earlier), POINTER(Answer)))
    assert read(earlier.operation) == read(answer.operation)
    longer.known.struct_size = sizeof(LaterAnswer)
    lib.costmark_operation_answer(operation, ctypes.cast(byref(longer), POINTER(Answer)))
    assert (read(longer.known.operation), longer.more) == (read(answer.operation), 0)
    later.more = 1
    with pytest.raises(CallError, match="does not know") as failure:
        call(lib, "costmark_operation_begin", operation, pointer)
    assert failure.value.status == 1
    lib.costmark_operation_free(operation)
    lib.costmark_client_release(client)


def test_callback_and_finalizer(lib: ctypes.CDLL) -> None:
    events: list[str] = []

    def give(user_data: int | None, sink: int | None) -> int:
        events.append(f"asked {user_data}")
        given = Credentials(
            access_key_id=text(b"AKIDPY"), secret_access_key=text(b"not-a-real-secret")
        )
        call(lib, "costmark_credentials_put", sink, byref(given))
        return 0

    def free(user_data: int | None) -> None:
        events.append(f"freed {user_data}")

    # Kept in variables: the library holds the pointers until the finalizer has run.
    callback, finalizer = CREDENTIALS_CALLBACK(give), FREE_USER_DATA(free)
    config = make(lib, "costmark_config_new")
    call(lib, "costmark_config_set_credentials_callback", config, callback, 7, finalizer)
    client = make(lib, "costmark_client_new", config)
    lib.costmark_config_free(config)
    operation = make(lib, "costmark_operation_new", client)
    for _ in range(2):
        prepared = prepare(lib, operation, chat(b"{}"))
    assert b"Credential=AKIDPY/" in headers_of(prepared)[b"authorization"]
    lib.costmark_client_release(client)
    assert events == ["asked 7"]
    lib.costmark_operation_free(operation)
    assert events == ["asked 7", "freed 7"]


KEY, SECRET = b"AKIDEXAMPLE", b"wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
MOMENT = datetime(2025, 1, 2, 3, 4, 5, tzinfo=timezone.utc)


def example_credentials(session_token: bytes | None = None) -> Credentials:
    token = Str() if session_token is None else text(session_token)
    return Credentials(access_key_id=text(KEY), secret_access_key=text(SECRET), session_token=token)


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
        method=text(b"GET"),
        url=text(url.encode()),
        region=text(b"us-east-1"),
        service=text(b"bedrock-mantle"),
        credentials=ctypes.pointer(example_credentials(b"a/token==")),
        headers=headers,
        header_count=1,
        time_unix_s=int(MOMENT.timestamp()),
    )
    call(lib, "costmark_signature_presign", signature, byref(request), 900)
    view = SignatureView()
    lib.costmark_signature_read(signature, byref(view))
    assert read(view.url).decode() == theirs.url
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
            view = TokenView()
            lib.costmark_bearer_token_read(token, byref(view))
            assert (read(view.text).decode(), view.expires_unix_s) == (theirs, now + life)
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
    """A client, an operation and a cancel handle, and what the callbacks were given."""

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
        self.operation = make(lib, "costmark_operation_new", self.client)
        self.cancel = make(lib, "costmark_cancel_new")

    def __enter__(self) -> Sender:
        return self

    def __exit__(self, *_: object) -> None:
        self.lib.costmark_cancel_release(self.cancel)
        self.lib.costmark_operation_free(self.operation)
        self.lib.costmark_client_release(self.client)

    def _take_usage(self, _: int | None, answer: Any) -> None:
        seen = answer.contents
        self.events.append((seen.attempt, seen.outcome, seen.usage.contents.output_tokens))

    def _take_head(self, _: int | None, response: Any) -> int:
        assert response.contents.http_status == 200
        return 0

    @property
    def response(self) -> Response:
        response = Response()
        self.lib.costmark_operation_response(self.operation, byref(response))
        return response

    def _take_piece(self, _: int | None, data: Any, size: int) -> int:
        self.pieces.append(ctypes.string_at(data, size))
        if len(self.pieces) == self.cancel_at:
            self.lib.costmark_cancel_stop(self.cancel)
        return self.returns

    def send(self, url: str) -> None:
        on_head, on_body = HEAD_CALLBACK(self._take_head), BODY_CALLBACK(self._take_piece)
        request = chat(b'{"model":"m","stream":true}')
        address = url.encode()
        request.url = text(address)
        options = SendOptions(
            on_head=on_head,
            on_body=on_body,
            cancel=self.cancel.value,
            timeout_ms=10_000,
            max_attempts=1,
        )
        call(self.lib, "costmark_operation_begin", self.operation, byref(request))
        call(self.lib, "costmark_operation_send", self.operation, byref(options))


def test_send_streams(lib: ctypes.CDLL, service: http.server.ThreadingHTTPServer) -> None:
    url = f"http://127.0.0.1:{service.server_port}/v1/chat/completions"
    with Sender(lib) as sender:
        for count in (1, 2):
            sender.send(url)
            assert b"".join(sender.pieces) == b"".join([*EVENTS, DONE]) * count
            response = sender.response
            assert (response.attempts, response.http_status, read(response.body)) == (1, 200, b"")
            assert headers_of(response)[b"x-project"] == b"proj_py"
            usage = answer_of(lib, sender.operation).usage.contents
            assert (usage.input_tokens, usage.output_tokens) == (5, 2)
        assert sender.events == [(1, 1, 2)] * 2


def test_send_is_stopped_by_its_callback(
    lib: ctypes.CDLL, service: http.server.ThreadingHTTPServer
) -> None:
    url = f"http://127.0.0.1:{service.server_port}/endless/v1/chat/completions"
    with Sender(lib) as sender:
        sender.returns = 60
        with pytest.raises(CallError) as failure:
            sender.send(url)
        assert failure.value.status == 60
        assert (len(sender.pieces), sender.events) == (1, [(1, 3, 0)])


@pytest.mark.parametrize("inside", [True, False])
def test_send_is_cancelled(
    lib: ctypes.CDLL, service: http.server.ThreadingHTTPServer, inside: bool
) -> None:
    url = f"http://127.0.0.1:{service.server_port}/endless/v1/chat/completions"
    with Sender(lib) as sender:
        timer = threading.Timer(0.05, lib.costmark_cancel_stop, [sender.cancel])
        if inside:
            sender.cancel_at = 2
        else:
            timer.start()
        with pytest.raises(CallError) as failure:
            sender.send(url)
        assert failure.value.status == 61
        assert lib.costmark_cancel_stopped(sender.cancel)
        assert sender.events == [(1, 3, 0)]
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


# --- examples/python/projects_ctypes.py -----------------------------------------------------------


def test_the_structs_of_the_example_are_those_of_the_headers() -> None:
    headers = [ROOT / "capi/include/costmark" / name for name in ("costmark.h", "projects.h")]
    header = "".join(path.read_text(encoding="utf-8") for path in headers)
    header = re.sub(r"/\*.*?\*/", "", header, flags=re.DOTALL)
    declared = re.findall(
        r"^class (\w+)\(Sized\):\n    \"\"\".*?\"\"\"\n\n    _fields_ = \((.*?)\n    \)\n",
        PROJECTS_EXAMPLE.read_text(encoding="utf-8"),
        re.DOTALL | re.MULTILINE,
    )
    assert len(declared) == 5
    for name, fields in declared:
        c_name = "costmark" + re.sub(r"([A-Z])", r"_\1", name).lower()
        body = re.search(rf"typedef struct {c_name} \{{(.*?)\n\}} {c_name};", header, re.DOTALL)
        assert body is not None, c_name
        wanted = re.findall(r"(\w+);\s*$", body[1], re.MULTILINE)
        assert re.findall(r'\("(\w+)", ', fields) == wanted, name


def test_the_example_of_projects(lib: ctypes.CDLL) -> None:
    path = library_path()
    assert path is not None
    with run_emulator() as emulator:
        environment = {
            "PATH": os.environ["PATH"],
            "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
            "COSTMARK_AUTH": "sigv4",
            "COSTMARK_BASE_URL": f"{emulator.url}/v1",
            "COSTMARK_LIBRARY": str(path.resolve()),
            "COSTMARK_REGION": REGION,
        }
        command = [
            sys.executable,
            str(PROJECTS_EXAMPLE),
            "my-app-prod",
            "team=platform",
            "env=prod",
        ]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        created, called, *has = done.stdout.splitlines()
        made = re.fullmatch(r"created (proj_\w+) my-app-prod (\{.*\})", created)
        used = re.fullmatch(r"called: 200, (\d+) in, (\d+) out", called)
        assert made is not None, done.stdout
        assert used is not None, done.stdout
        assert json.loads(made[2]) == {"team": "platform", "env": "prod"}
        assert f"has {made[1]} my-app-prod {made[2]}" in has
        (record,) = emulator.usage()
        assert record["project"] == made[1]
        assert (record["input_tokens"], record["output_tokens"]) == (int(used[1]), int(used[2]))

        bad = subprocess.run(
            [*command[:2], "web", "aws:team=x"], env=environment, capture_output=True, text=True
        )
        assert "CostmarkError: the tag key 'aws:team' begins with 'aws:'" in bad.stderr
