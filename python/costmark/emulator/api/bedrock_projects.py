"""Projects on the `bedrock` control plane, as botocore's service model has them."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Any

from ..state.projects import MAX_TAGS, RETENTION_MODES
from ..state.records import timestamp
from ..wire.errors import ApiError, AwsError, validation_exception
from ..wire.json_text import BadJsonError, JsonObject, loads
from .authorization import request_tag_keys, resource_tag_keys
from .context import authenticate, received, state_of
from .inference import json_response

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from ..auth.authenticator import Caller
    from ..state.projects import Project, ProjectStore
    from .authorization import Keys

SIGNING_NAME = "bedrock"
_MAX_NAME = 127
_MAX_PAGE, _DEFAULT_PAGE = 100, 20
_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_TAG_KEY = re.compile(r"[a-zA-Z0-9\s._:/=+@-]{1,128}")
_TAG_VALUE = re.compile(r"[a-zA-Z0-9\s._:/=+@-]{0,256}")


async def create(request: Request) -> Response:
    """CreateProject."""
    store, caller = _enter(request)
    body = _members(request, {"name", "tags", "dataRetention"})
    name, tags = _name(body.get("name")), _tags(body.get("tags", []))
    retention = _retention(body["dataRetention"]) if "dataRetention" in body else "inherit"
    if len(tags) > MAX_TAGS:
        raise _too_many_tags()
    keys = request_tag_keys(tags)
    _authorize(request, caller, "CreateProject", "*", keys)
    if tags:
        _authorize(request, caller, "TagResource", _arn_prefix(request) + "*", keys)
    try:
        project = store.create(name, tags, retention)
    except ApiError as error:
        raise AwsError(400, "ServiceQuotaExceededException", error.message) from None
    return json_response(_shown(request, project))


async def get(request: Request) -> Response:
    """GetProject."""
    store, caller = _enter(request)
    return json_response(_shown(request, _named(request, store, caller, "GetProject")))


async def listing(request: Request) -> Response:
    """ListProjects."""
    (store, caller), query = _enter(request), request.query_params
    _authorize(request, caller, "ListProjects", "*")
    status = query.get("statusFilter")
    if status not in (None, "active", "archived"):
        raise validation_exception("statusFilter must be active or archived.")
    repeats = request.scope.get("emulator.repeats_page", False)
    after = None if repeats else _place(query.get("nextToken"), store)
    page, more = store.page(
        limit=_limit(query.get("maxResults")),
        after=after,
        include_archived=status != "active",
        include_active=status != "archived",
    )
    body: dict[str, Any] = {"projectSummaries": [_shown(request, each) for each in page]}
    if page and (more or repeats):
        body["nextToken"] = base64.urlsafe_b64encode(page[-1].id.encode()).decode()
    return json_response(body)


async def update(request: Request) -> Response:
    """UpdateProject: one member a call."""
    store, caller = _enter(request)
    body = _members(request, {"name", "dataRetention"})
    if len(body) != 1:
        raise validation_exception("Exactly one of name and dataRetention must be set.")
    project = _changeable(_named(request, store, caller, "UpdateProject"), store)
    if "name" in body:
        store.update(project, name=_name(body["name"]))
    else:
        store.update(project, retention=_retention(body["dataRetention"]))
    return json_response(_shown(request, project))


async def archive(request: Request) -> Response:
    """ArchiveProject, which may be done again."""
    store, caller = _enter(request)
    project = _named(request, store, caller, "ArchiveProject")
    if project is store.default:
        raise validation_exception("The default project cannot be archived.")
    store.archive(project)
    return json_response(_shown(request, project))


async def tag(request: Request) -> Response:
    """TagResource."""
    store, caller = _enter(request)
    body = _members(request, {"resourceARN", "tags"})
    tags = _tags(body.get("tags"))
    found = _resource(request, store, body, caller, "TagResource", request_tag_keys(tags))
    project = _changeable(found, store)
    if len({*project.tags, *tags}) > MAX_TAGS:
        raise _too_many_tags()
    store.update(project, add_tags=tags)
    return json_response({})


async def untag(request: Request) -> Response:
    """UntagResource."""
    store, caller = _enter(request)
    body = _members(request, {"resourceARN", "tagKeys"})
    keys = body.get("tagKeys")
    if not isinstance(keys, list) or len(keys) > 200:
        raise validation_exception("tagKeys must be a list of at most 200 keys.")
    for key in keys:
        _tag_key(key)
    removed: Keys = {"aws:TagKeys": keys}
    project = _resource(request, store, body, caller, "UntagResource", removed)
    store.update(_changeable(project, store), remove_tag_keys=keys)
    return json_response({})


async def tags_of(request: Request) -> Response:
    """ListTagsForResource."""
    store, caller = _enter(request)
    body = _members(request, {"resourceARN"})
    project = _resource(request, store, body, caller, "ListTagsForResource")
    tags = [{"key": key, "value": value} for key, value in project.tags.items()]
    return json_response({"tags": tags})


# --- The request ----------------------------------------------------------------------------------


def _enter(request: Request) -> tuple[ProjectStore, Caller]:
    """The projects of this plane, and the caller, who has proven who it is."""
    caller = authenticate(request, SIGNING_NAME)
    return state_of(request).bedrock_projects, caller


def _authorize(
    request: Request, caller: Caller, action: str, resource: str, keys: Keys | None = None
) -> None:
    state_of(request).authorizer.check(caller, f"{SIGNING_NAME}:{action}", resource, keys)


def _members(request: Request, known: set[str]) -> JsonObject:
    try:
        body = loads(received(request).body or b"{}")
    except BadJsonError as error:
        raise AwsError(400, "SerializationException", str(error)) from None
    if not isinstance(body, JsonObject) or body.duplicates:
        raise AwsError(400, "SerializationException", "The body must be one JSON object.")
    unknown = next((name for name in body if name not in known), None)
    if unknown is not None and state_of(request).settings.strict_body:
        raise validation_exception(f"The member {unknown} is not known to this operation.")
    return body


def _name(value: Any) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= _MAX_NAME or not value.strip():
        raise validation_exception(
            f"name must have 1 to {_MAX_NAME} characters, one of which is no white space."
        )
    return value


def _retention(value: Any) -> str:
    mode = value.get("mode") if isinstance(value, dict) else None
    if mode not in RETENTION_MODES:
        raise validation_exception(f"dataRetention.mode must be one of {RETENTION_MODES}.")
    return str(mode)


def _tag_key(value: Any) -> str:
    if not isinstance(value, str) or not _TAG_KEY.fullmatch(value):
        raise validation_exception(f"The tag key {value!r} does not match {_TAG_KEY.pattern}.")
    if value.lower().startswith("aws:"):
        raise validation_exception("A tag key must not begin with aws:, which is reserved.")
    return value


def _tags(value: Any) -> dict[str, str]:
    if not isinstance(value, list) or len(value) > 200:
        raise validation_exception("tags must be a list of at most 200 tags.")
    tags: dict[str, str] = {}
    for each in value:
        if not isinstance(each, dict) or set(each) != {"key", "value"}:
            raise validation_exception("A tag must have a key and a value.")
        key, text = _tag_key(each["key"]), each["value"]
        if not isinstance(text, str) or not _TAG_VALUE.fullmatch(text):
            raise validation_exception(f"The value of tag {key} does not match its pattern.")
        if key in tags:
            raise validation_exception(f"The tag key {key} is there twice.")
        tags[key] = text
    return tags


def _limit(text: str | None) -> int:
    if text is None:
        return _DEFAULT_PAGE
    if not (text.isascii() and text.isdigit() and len(text) < 6 and 1 <= int(text) <= _MAX_PAGE):
        raise validation_exception(f"maxResults must be from 1 to {_MAX_PAGE}.")
    return int(text)


def _place(token: str | None, store: ProjectStore) -> str | None:
    """The project that a token continues behind."""
    if token is None:
        return None
    try:
        project_id = base64.urlsafe_b64decode(token).decode()
    except (binascii.Error, UnicodeDecodeError):
        project_id = ""
    if store.find(project_id) is None:
        raise validation_exception("nextToken is none of ListProjects.")
    return project_id


# --- Projects -------------------------------------------------------------------------------------


def _arn_prefix(request: Request) -> str:
    return state_of(request).settings.arn("", service=SIGNING_NAME)


def _named(request: Request, store: ProjectStore, caller: Caller, action: str) -> Project:
    """The project of the path, an id or an ARN, which the caller may do this with."""
    return _found(request, store, request.path_params["project"], caller, action)


def _resource(
    request: Request,
    store: ProjectStore,
    body: JsonObject,
    caller: Caller,
    action: str,
    keys: Keys | None = None,
) -> Project:
    """The project of a call about tags: an ARN alone."""
    arn = body.get("resourceARN")
    if not isinstance(arn, str) or not arn.startswith("arn:"):
        raise validation_exception("resourceARN must be the ARN of a resource.")
    return _found(request, store, arn, caller, action, keys)


def _found(
    request: Request,
    store: ProjectStore,
    name: str,
    caller: Caller,
    action: str,
    keys: Keys | None = None,
) -> Project:
    prefix = _arn_prefix(request)
    if name.startswith("arn:") and not name.startswith(prefix):
        raise validation_exception(f"{name} is no project of this account and Region.")
    project_id = name.removeprefix(prefix)
    if not _ID.fullmatch(project_id):
        raise validation_exception(f"{name} is no id and no ARN of a project.")
    project = store.find(project_id)
    tags = resource_tag_keys(project)
    _authorize(request, caller, action, prefix + project_id, {**tags, **(keys or {})})
    if project is None:
        raise AwsError(404, "ResourceNotFoundException", f"Project {name} does not exist.")
    return project


def _changeable(project: Project, store: ProjectStore) -> Project:
    if project is store.default:
        raise validation_exception("The default project cannot be changed.")
    if project.archived:
        raise validation_exception(f"Project {project.id} is archived and cannot be changed.")
    return project


def _too_many_tags() -> ApiError:
    return AwsError(400, "TooManyTagsException", f"A resource has at most {MAX_TAGS} tags.")


def _shown(request: Request, project: Project) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": project.id,
        "arn": _arn_prefix(request) + project.id,
        "name": project.name,
        "status": "archived" if project.archived else "active",
        "createdAt": timestamp(project.created_at),
        "dataRetention": {"mode": project.retention},
    }
    if project.archived_at is not None:
        shown["archivedAt"] = timestamp(project.archived_at)
    return shown
