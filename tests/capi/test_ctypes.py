"""The shared library as a language without a C compiler sees it.

Loads the library named by ``COSTMARK_LIBRARY``, or the one in the build directory, and calls it
through ctypes alone: declarations are written out here, so a change of the ABI shows.
"""

from __future__ import annotations

import ctypes
import json
import os
from ctypes import (
    CFUNCTYPE,
    POINTER,
    Structure,
    byref,
    c_bool,
    c_char_p,
    c_int32,
    c_int64,
    c_size_t,
    c_uint32,
    c_uint64,
    c_void_p,
    sizeof,
)
from pathlib import Path
from typing import Any

import pytest

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
        [c_void_p, c_int32, c_char_p, c_size_t, POINTER(c_void_p)],
    ),
    "costmark_observation_feed": (
        c_int32,
        [c_void_p, c_char_p, c_size_t, c_void_p, c_void_p, POINTER(c_void_p)],
    ),
    "costmark_observation_finish": (c_int32, [c_void_p, c_void_p, c_void_p, POINTER(c_void_p)]),
    "costmark_observation_usage": (c_int32, [c_void_p, POINTER(Usage), POINTER(c_void_p)]),
    "costmark_observation_free": (None, [c_void_p]),
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
    call(lib, "costmark_observation_head", observation, 200, b"application/json", 16)
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
    with pytest.raises(CallError, match="region") as failure:
        make_config(lib, regoin="us-east-1")
    assert failure.value.status == 10


def test_struct_of_a_later_version(lib: ctypes.CDLL) -> None:
    class Later(Structure):
        _fields_ = [("known", Request), ("more", c_size_t)]

    client = make(lib, "costmark_client_new", make_config(lib, auth="none"))
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
