"""The Projects API through the shared library alone, as any language with an FFI calls it.

    COSTMARK_BASE_URL=https://bedrock-mantle.us-east-1.api.aws/v1 \
    python projects_ctypes.py my-app-prod team=platform env=prod

Creates a project with tags, makes a call under it, and lists the projects that there are.
Credentials and options come from the environment. ``COSTMARK_LIBRARY`` names the library, if the
loader does not find it. The same in JavaScript: examples/node. Programs in Python have the package
`costmark`.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
from contextlib import contextmanager
from ctypes import (
    POINTER,
    Structure,
    byref,
    c_char_p,
    c_int32,
    c_int64,
    c_size_t,
    c_uint32,
    c_void_p,
)
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

library = ctypes.CDLL(os.environ.get("COSTMARK_LIBRARY", "libcostmark.so.1"))

# --- What costmark.h and projects.h declare -------------------------------------------------------


class Str(Structure):
    """A costmark_str."""

    _fields_ = (("data", c_void_p), ("len", c_size_t))

    @classmethod
    def of(cls, text: str) -> Str:
        """Bytes for C to read, which live as long as the struct."""
        value = cls()
        value.kept = ctypes.create_string_buffer(text.encode())
        value.data, value.len = ctypes.addressof(value.kept), len(value.kept) - 1
        return value

    def __str__(self) -> str:
        return ctypes.string_at(self.data, self.len).decode() if self.len else ""


class Label(Structure):
    """A costmark_label; a header has the same layout."""

    _fields_ = (("name", Str), ("value", Str))


class Sized(Structure):
    """A struct that begins with its size."""

    def __init__(self, **fields: Any) -> None:
        super().__init__(ctypes.sizeof(type(self)), **fields)


class ErrorView(Sized):
    """A costmark_error_view."""

    _fields_ = (
        *(("struct_size", c_size_t), ("message", Str), ("request_id", Str)),
        *(("offset", ctypes.c_uint64), ("has_offset", c_uint32), ("status", c_int32)),
        *(("http_status", c_int32), ("retryable", c_uint32)),
    )


class Request(Sized):
    """A costmark_request."""

    _fields_ = (
        *(("struct_size", c_size_t), ("method", Str), ("url", Str)),
        *(("headers", POINTER(Label)), ("header_count", c_size_t), ("body", Str)),
        *(("project", Str), ("scope", Str), ("body_is_stream", c_uint32)),
        *(("overrides_budgets", c_uint32), ("labels", POINTER(Label)), ("label_count", c_size_t)),
    )


class Response(Sized):
    """A costmark_response."""

    _fields_ = (
        *(("struct_size", c_size_t), ("headers", POINTER(Label)), ("header_count", c_size_t)),
        *(("body", Str), ("request_id", Str), ("hint", Str)),
        *(("http_status", c_int32), ("attempts", c_uint32)),
    )


class Project(Sized):
    """A costmark_project."""

    _fields_ = (
        *(("struct_size", c_size_t), ("id", Str), ("arn", Str), ("name", Str), ("status", Str)),
        *(("data_retention", Str), ("account", Str), ("region", Str)),
        *(("tags", POINTER(Label)), ("tag_count", c_size_t), ("created_unix_s", c_int64)),
        *(("archived_unix_s", c_int64), ("plane", c_int32), ("knows_tags", c_uint32)),
    )


class ProjectChange(Sized):
    """A costmark_project_change."""

    _fields_ = (
        *(("struct_size", c_size_t), ("name", Str), ("data_retention", Str)),
        *(("tags", POINTER(Label)), ("tag_count", c_size_t)),
    )


library.costmark_status_name.restype = c_char_p
library.costmark_project_list_count.restype = c_size_t
library.costmark_live_handles.restype = c_size_t


class CostmarkError(Exception):
    """What a function returned; `code` is such as "invalid_argument"."""

    def __init__(self, status: int, error: c_void_p) -> None:
        view = ErrorView()
        library.costmark_error_read(error, byref(view))
        super().__init__(str(view.message))
        self.code = library.costmark_status_name(status).decode()
        library.costmark_error_free(error)


def call(name: str, *parameters: Any) -> None:
    """Call a function that can fail."""
    error = c_void_p()
    status = getattr(library, f"costmark_{name}")(*parameters, byref(error))
    if status:
        raise CostmarkError(status, error)


@contextmanager
def made(name: str, *parameters: Any, end: str) -> Iterator[c_void_p]:
    """What a function makes, until it is ended."""
    handle = c_void_p()
    call(name, *parameters, byref(handle))
    try:
        yield handle
    finally:
        getattr(library, f"costmark_{end}")(handle)


# --- A small client around them -------------------------------------------------------------------


class Seen(NamedTuple):
    """A project."""

    id: str
    name: str
    tags: dict[str, str]


def projects_of(found: c_void_p) -> list[Seen]:
    """The projects that a call returned."""
    seen = []
    for index in range(library.costmark_project_list_count(found)):
        project = Project()
        library.costmark_project_list_read(found, c_size_t(index), byref(project))
        tags = {str(tag.name): str(tag.value) for tag in project.tags[: project.tag_count]}
        seen.append(Seen(str(project.id), str(project.name), tags))
    return seen


def create(projects: c_void_p, name: str, tags: dict[str, str]) -> Seen:
    """Make a project, one more with each call: names are not unique."""
    texts = [(Str.of(key), Str.of(value)) for key, value in tags.items()]
    labels = (Label * len(texts))(*(Label(*pair) for pair in texts))
    named = Str.of(name)
    change = ProjectChange(name=named, tags=labels, tag_count=len(labels))
    with made("projects_create", projects, byref(change), None, end="project_list_free") as found:
        return projects_of(found)[0]


def list_all(projects: c_void_p) -> list[Seen]:
    """All projects that are not archived."""
    with made("projects_list", projects, c_uint32(0), None, end="project_list_free") as found:
        return projects_of(found)


def chat(client: c_void_p, project: str, model: str) -> tuple[int, Any]:
    """Make a call of a model under a project; the library's own HTTP client sends it."""
    body = {"model": model, "messages": [{"role": "user", "content": "Say hello."}]}
    texts = [
        Str.of(text)
        for text in (
            *("POST", os.environ["COSTMARK_BASE_URL"] + "/chat/completions", json.dumps(body)),
            *(project, "content-type", "application/json"),
        )
    ]
    method, url, content, payer, name, value = texts
    request = Request(
        method=method, url=url, body=content, project=payer,
        headers=ctypes.pointer(Label(name, value)), header_count=1,
    )  # fmt: skip
    with made("operation_new", client, end="operation_free") as operation:
        call("operation_begin", operation, byref(request))
        call("operation_send", operation, None)
        response = Response()
        library.costmark_operation_response(operation, byref(response))
        return response.http_status, json.loads(str(response.body))["usage"]


def main() -> None:
    """Create a project, call under it, list all."""
    name, *pairs = sys.argv[1:]
    model = os.environ.get("MODEL", "openai.gpt-oss-20b")
    with (
        made("config_new", end="config_free") as config,
        made("projects_new", config, c_int32(0), end="projects_free") as projects,
        made("client_new", config, end="client_release") as client,
    ):
        project = create(projects, name, dict(pair.split("=", 1) for pair in pairs))
        print(f"created {project.id} {project.name} {json.dumps(project.tags)}")
        status, usage = chat(client, project.id, model)
        print(f"called: {status}, {usage['prompt_tokens']} in, {usage['completion_tokens']} out")
        for each in list_all(projects):
            print(f"has {each.id} {each.name} {json.dumps(each.tags)}")
    if library.costmark_live_handles():
        raise RuntimeError("handles are left")


if __name__ == "__main__":
    main()
