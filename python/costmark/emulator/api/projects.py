"""The Projects API and the account's data retention over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..state.projects import RETENTION_MODES, Project, check_name, check_tag_key, check_tags
from ..wire.errors import invalid, undeserializable
from ..wire.json_text import JsonObject
from .authorization import authorize, authorize_on_project, request_tag_keys
from .context import authenticate, received, state_of
from .inference import json_response, parse_object

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from ..auth.authenticator import Caller
    from .authorization import Keys

_MAX_PAGE = 100
_DEFAULT_PAGE = 20
# `geography` is OpenAI's; Bedrock ignores it.
_CREATE = frozenset({"name", "tags", "data_retention", "geography"})
_UPDATE = frozenset({"name", "add_tags", "remove_tag_keys", "data_retention"})


def _members(request: Request, known: frozenset[str]) -> JsonObject:
    body = parse_object(received(request).body)
    for name in body:
        if name not in known:
            raise invalid(f"Unknown parameter: '{name}'.", param=name, code="unknown_parameter")
    for name in ("tags", "add_tags", "data_retention"):
        value = body.get(name)
        if isinstance(value, JsonObject) and value.duplicates:
            raise undeserializable(f"{name}: duplicate field `{value.duplicates[0]}`")
    return body


def _retention(value: Any) -> str | None:
    if value is None:
        return None
    if not isinstance(value, dict) or set(value) != {"mode"}:
        raise invalid("'data_retention' must be {\"mode\": ...}.", param="data_retention")
    return _mode(value["mode"], "data_retention.mode")


def _mode(value: Any, param: str) -> str:
    if value not in RETENTION_MODES:
        expected = ", ".join(RETENTION_MODES)
        raise invalid(f"The retention mode must be one of {expected}.", param=param)
    return str(value)


def _named(request: Request, caller: Caller, action: str, keys: Keys | None = None) -> Project:
    """The project of the path, which the caller may do this with."""
    state, name = state_of(request), request.path_params["project_id"]
    authorize_on_project(state, caller, action, name, keys)
    return state.projects.get(name)


async def create(request: Request) -> Response:
    """POST /v1/organization/projects."""
    caller, state = authenticate(request), state_of(request)
    body = _members(request, _CREATE)
    if "name" not in body:
        raise undeserializable("missing field `name`")
    name = check_name(body["name"])
    tags = {} if body.get("tags") is None else check_tags(body["tags"], "tags")
    retention = _retention(body.get("data_retention")) or "inherit"
    keys = request_tag_keys(tags)
    authorize(state, caller, "CreateProject", "*", keys)
    if tags:
        authorize(state, caller, "TagResource", state.projects.arn_of("*"), keys)
    return json_response(state.projects.create(name, tags, retention).describe())


async def get(request: Request) -> Response:
    """GET /v1/organization/projects/{project_id}."""
    return json_response(_named(request, authenticate(request), "GetProject").describe())


async def update(request: Request) -> Response:
    """POST /v1/organization/projects/{project_id}."""
    caller = authenticate(request)
    project = _named(request, caller, "UpdateProject")
    body = parse_object(received(request).body)
    if "tags" in body:
        raise invalid(
            "Unsupported parameter: 'tags' cannot be replaced as a whole;"
            " use 'add_tags' and 'remove_tag_keys'.",
            param="tags",
            code="unsupported_parameter",
        )
    body = _members(request, _UPDATE)
    if not body:
        raise invalid("Nothing to update: give 'name', 'add_tags', 'remove_tag_keys' or more.")
    added = {} if body.get("add_tags") is None else check_tags(body["add_tags"], "add_tags")
    removed = _tag_keys(body.get("remove_tag_keys"))
    both = sorted(set(added) & set(removed))
    if both:
        raise invalid(f"Tag '{both[0]}' is both added and removed.", param="remove_tag_keys")
    if added:
        _named(request, caller, "ListTagsForResource")  # the service reads them first
        _named(request, caller, "TagResource", request_tag_keys(added))
    if removed:
        _named(request, caller, "UntagResource", {"aws:TagKeys": removed})
    state_of(request).projects.update(
        project,
        name=None if body.get("name") is None else check_name(body["name"]),
        add_tags=added,
        remove_tag_keys=removed,
        retention=_retention(body.get("data_retention")),
    )
    return json_response(project.describe())


def _tag_keys(keys: Any) -> list[str]:
    if keys is None:
        return []
    if not isinstance(keys, list):
        raise invalid("'remove_tag_keys' must be a list of strings.", param="remove_tag_keys")
    return [check_tag_key(key, "remove_tag_keys") for key in keys]


async def archive(request: Request) -> Response:
    """POST /v1/organization/projects/{project_id}/archive."""
    project = _named(request, authenticate(request), "ArchiveProject")
    if received(request).body:
        _members(request, frozenset())
    state_of(request).projects.archive(project)
    return json_response(project.describe())


def _limit(text: str | None) -> int:
    if text is None:
        return _DEFAULT_PAGE
    if not (text.isascii() and text.isdigit() and len(text) < 6 and 1 <= int(text) <= _MAX_PAGE):
        raise invalid(f"'limit' must be from 1 to {_MAX_PAGE}.", param="limit")
    return int(text)


def _boolean(text: str | None, name: str) -> bool:
    if text not in (None, "true", "false"):
        raise invalid(f"'{name}' must be true or false.", param=name)
    return text == "true"


async def listing(request: Request) -> Response:
    """GET /v1/organization/projects."""
    authorize(state_of(request), authenticate(request), "ListProjects", "*")
    query = request.query_params
    repeats = request.scope.get("emulator.repeats_page", False)
    page, more = state_of(request).projects.page(
        limit=_limit(query.get("limit")),
        after=None if repeats else query.get("after"),
        include_archived=_boolean(query.get("include_archived"), "include_archived"),
    )
    body = {
        "data": [project.describe() for project in page],
        "first_id": page[0].id if page else None,
        "has_more": more or repeats,
        "last_id": page[-1].id if page else None,
        "object": "list",
    }
    return json_response(body)


async def account_retention(request: Request) -> Response:
    """GET and PUT /v1/data_retention."""
    caller, state = authenticate(request), state_of(request)
    verb = "Put" if request.method == "PUT" else "Get"
    authorize(state, caller, f"{verb}AccountDataRetention", "*")
    if request.method == "PUT":
        body = _members(request, frozenset({"mode"}))
        state.retention = _mode(body.get("mode"), "mode")
        state.retention_updated_at = int(state.now())
    return json_response({"mode": state.retention, "updated_at": state.retention_updated_at})
