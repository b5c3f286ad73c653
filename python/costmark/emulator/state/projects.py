"""Projects, their tags and their limits."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..wire.errors import ApiError, invalid, not_found

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ..settings import Settings
    from .ids import Ids

MAX_NAME = 128
MAX_TAGS = 50
MAX_TAG_KEY = 128
MAX_TAG_VALUE = 256
RETENTION_MODES = ("inherit", "none", "default", "aws_review", "provider_data_share")

_ID_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"  # as the pattern of taggable ARNs has it
_TAG_TEXT = re.compile(r"[\w\s.:/=+@-]*")


@dataclass
class Project:
    """One project of the account."""

    id: str
    arn: str
    name: str
    created_at: int
    tags: dict[str, str] = field(default_factory=dict)
    retention: str = "inherit"
    archived_at: int | None = None
    listed_from: float = 0.0  # the time from which on the list has it

    @property
    def archived(self) -> bool:
        """Whether it serves no new inference."""
        return self.archived_at is not None

    def describe(self) -> dict[str, Any]:
        """The project as the API shows it."""
        shown: dict[str, Any] = {
            "arn": self.arn,
            "created_at": self.created_at,
            "id": self.id,
            "name": self.name,
            "object": "organization.project",
            "status": "archived" if self.archived else "active",
            "tags": dict(self.tags),
            "data_retention": {"mode": self.retention},
        }
        if self.archived_at is not None:
            shown["archived_at"] = self.archived_at
        return shown


def check_name(name: Any) -> str:
    """A project's name, or an error that says the rule."""
    if not isinstance(name, str):
        raise invalid("'name' must be a string.", param="name")
    if not 1 <= len(name) <= MAX_NAME:
        raise invalid(f"'name' must have 1 to {MAX_NAME} characters.", param="name")
    return name


def check_tag_key(key: Any, param: str) -> str:
    """A tag's key, or an error that says the rule."""
    if not isinstance(key, str) or not 1 <= len(key) <= MAX_TAG_KEY:
        raise invalid(f"A tag key must have 1 to {MAX_TAG_KEY} characters.", param=param)
    if key.lower().startswith("aws:"):
        raise invalid("A tag key must not start with 'aws:'.", param=param)
    if not _TAG_TEXT.fullmatch(key):
        raise invalid(
            "A tag key may have letters, digits, spaces and any of _ . : / = + - @", param=param
        )
    return key


def check_tags(tags: Any, param: str) -> dict[str, str]:
    """A map of tags, or an error that says the rule."""
    if not isinstance(tags, dict):
        raise invalid(f"'{param}' must be an object of strings.", param=param)
    for key, value in tags.items():
        check_tag_key(key, param)
        if not isinstance(value, str) or len(value) > MAX_TAG_VALUE:
            raise invalid(
                f"The value of tag '{key}' must be a string of at most {MAX_TAG_VALUE} characters.",
                param=param,
            )
        if not _TAG_TEXT.fullmatch(value):
            raise invalid(
                f"The value of tag '{key}' may have letters, digits, spaces and any of"
                " _ . : / = + - @",
                param=param,
            )
    if len(tags) > MAX_TAGS:
        raise invalid(f"A project has at most {MAX_TAGS} tags.", param=param)
    return dict(tags)


class ProjectStore:
    """The projects of one account in one region."""

    def __init__(
        self, settings: Settings, ids: Ids, clock: Callable[[], float] = time.time
    ) -> None:
        self._settings = settings
        self._ids = ids
        self._clock = clock
        self._projects: dict[str, Project] = {}
        self.default = self._add("default", "default", {}, "inherit")
        for project_id, tags in settings.projects:
            self._add(project_id, project_id, dict(tags), "inherit")
        for project in self._projects.values():
            project.listed_from = 0.0  # these were there before

    def _add(self, project_id: str, name: str, tags: dict[str, str], retention: str) -> Project:
        arn = self._settings.arn(project_id)
        step = self._settings.creation_step_s
        created_at = int(self._clock()) // step * step
        project = Project(project_id, arn, name, created_at, tags, retention)
        project.listed_from = self._clock() + self._settings.list_lag_s
        self._projects[project_id] = project
        return project

    def create(self, name: str, tags: dict[str, str], retention: str = "inherit") -> Project:
        """A new project; names need not be unique."""
        limit = self._settings.max_projects
        # The default project does not count.
        if len(self._projects) - 1 >= limit:
            raise ApiError(
                400,
                "service_quota_exceeded",
                f"The account already has {limit} projects, which is the limit.",
                kind="invalid_request_error",
            )
        project_id = self._ids.new("proj_", 20, alphabet=_ID_ALPHABET)
        while project_id in self._projects:
            project_id = self._ids.new("proj_", 20, alphabet=_ID_ALPHABET)
        return self._add(project_id, name, tags, retention)

    def arn_of(self, name: str) -> str:
        """The ARN that an id or an ARN stands for, whether or not there is such a project."""
        return name if name.startswith("arn:") else self._settings.arn(name)

    def find(self, name: str) -> Project | None:
        """The project with this id or ARN, if there is one."""
        arn = self.arn_of(name)
        project = self._projects.get(arn.rpartition("/")[2])
        return project if project is not None and project.arn == arn else None

    def get(self, name: str) -> Project:
        """The project with this id or ARN; the 404 names the ARN that was looked up."""
        project = self.find(name)
        if project is None:
            raise not_found(f"Project '{self.arn_of(name)}' does not exist")
        return project

    def update(
        self,
        project: Project,
        *,
        name: str | None = None,
        add_tags: Mapping[str, str] | None = None,
        remove_tag_keys: Sequence[str] = (),
        retention: str | None = None,
    ) -> None:
        """Change a project, wholly or not at all."""
        self._check_changeable(project, "updated")
        tags = {k: v for k, v in project.tags.items() if k not in set(remove_tag_keys)}
        tags.update(add_tags or {})
        if len(tags) > MAX_TAGS:
            raise invalid(f"A project has at most {MAX_TAGS} tags.", param="add_tags")
        project.tags = tags
        project.name = project.name if name is None else name
        project.retention = project.retention if retention is None else retention

    def archive(self, project: Project) -> None:
        """Archive a project; there is no way back. Archiving it again changes nothing."""
        if project.archived:
            return
        self._check_changeable(project, "archived")
        project.archived_at = int(self._clock())

    def _check_changeable(self, project: Project, verb: str) -> None:
        if project is self.default:
            raise invalid(f"The default project cannot be {verb}.")
        if project.archived:
            raise invalid(f"Project '{project.arn}' is archived and cannot be {verb}.")

    def page(
        self,
        *,
        limit: int,
        after: str | None,
        include_archived: bool,
        include_active: bool = True,
    ) -> tuple[list[Project], bool]:
        """At most `limit` projects in order of creation, and whether there are more."""
        projects = list(self._projects.values())
        if after is not None:
            if after not in self._projects:
                raise invalid(f"No project has the id '{after}'.", param="after")
            projects = projects[list(self._projects).index(after) + 1 :]
        now = self._clock()
        shown = [
            each
            for each in projects
            if (include_archived if each.archived else include_active) and each.listed_from <= now
        ]
        return shown[:limit], len(shown) > limit
