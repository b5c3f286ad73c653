"""The projects of an account: create, read, tag and archive them, on both planes.

::

    projects = costmark.Projects(region="us-east-1")
    mine = projects.create("my-app-prod", {"team": "platform", "env": "prod"})
    client = costmark.wrap(openai.OpenAI(...), project=mine.id)

AWS keeps projects on two planes: ``mantle`` (the bedrock-mantle endpoint) and ``bedrock`` (the
control plane that boto3's client ``bedrock`` speaks to). Whether a project of one exists on the
other is not known. ``plane="auto"`` takes the one that belongs to the endpoint of the options:
mantle, or bedrock for a bedrock-runtime host.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from . import _core
from ._client.core_client import log, option_texts
from ._hidden import HiddenMapping
from ._waiting import checked_source, in_thread, interruptible

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator

__all__ = ["Project", "Projects", "AsyncProjects"]

Plane = Literal["auto", "mantle", "bedrock"]
_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Project:
    """A project as the service shows it.

    ``name`` is not unique, ``id`` is, in its account and region. ``tags`` is None where they are
    not known: the bedrock plane tells them by `Projects.tags` alone.
    """

    id: str
    arn: str
    name: str
    status: str
    tags: Mapping[str, str] | None
    created_at: datetime | None
    plane: Literal["mantle", "bedrock"]
    account: str
    region: str
    archived_at: datetime | None = None
    data_retention: str | None = None

    @property
    def archived(self) -> bool:
        """Whether it takes no calls any more, which is for ever."""
        return self.status == "archived"


class _Api:
    """What both classes ask the core for: each method returns the work, and blocks for nothing."""

    def __init__(
        self, plane: str, credentials: Any, bearer_token: Any, options: Mapping[str, object]
    ) -> None:
        texts: Mapping[str, str] = option_texts(options)
        if isinstance(bearer_token, str):
            texts = HiddenMapping(texts, {"bearer_token": bearer_token})
            bearer_token = None
        self._core = _core.Projects(
            plane,
            dict(texts),
            credentials=credentials,
            bearer_token=bearer_token,
            bearer_token_refused=getattr(bearer_token, "invalidate", None),
            log=log,
        )
        self.plane, self.url, self.region = self._core.place()

    def create(
        self, name: str, tags: Mapping[str, str] | None, data_retention: str | None
    ) -> Callable[[_core.Cancel], Project]:
        given = _pairs(tags or {})
        return lambda cancel: _project(self._core.create(name, given, data_retention or "", cancel))

    def get(self, project: str | Project) -> Callable[[_core.Cancel], Project]:
        named = _named(project)
        return lambda cancel: _project(self._core.get(named, cancel))

    def pages(self, include_archived: bool) -> Callable[[_core.Cancel], tuple[Project, ...] | None]:
        pages = self._core.pages(include_archived)

        def next_page(cancel: _core.Cancel) -> tuple[Project, ...] | None:
            page = pages.next(cancel)
            return None if page is None else tuple(_project(each) for each in page)

        return next_page

    def update(
        self, project: str | Project, *, name: str | None = None, data_retention: str | None = None
    ) -> Callable[[_core.Cancel], Project]:
        named = _named(project)
        return lambda cancel: _project(self._core.update(named, name, data_retention, cancel))

    def tags(self, project: str | Project) -> Callable[[_core.Cancel], dict[str, str]]:
        named = _named(project)
        return lambda cancel: dict(self._core.tags(named, cancel))

    def set_tags(
        self, project: str | Project, tags: Mapping[str, str]
    ) -> Callable[[_core.Cancel], None]:
        named, given = _named(project), _pairs(tags)
        return lambda cancel: self._core.set_tags(named, given, cancel)

    def add_tags(
        self, project: str | Project, tags: Mapping[str, str]
    ) -> Callable[[_core.Cancel], None]:
        named, given = _named(project), _pairs(tags)
        return lambda cancel: self._core.add_tags(named, given, cancel)

    def remove_tags(
        self, project: str | Project, keys: Iterable[str]
    ) -> Callable[[_core.Cancel], None]:
        named, given = _named(project), _keys(keys)
        return lambda cancel: self._core.remove_tags(named, given, cancel)

    def archive(self, project: str | Project) -> Callable[[_core.Cancel], Project]:
        named = _named(project)
        return lambda cancel: _project(self._core.archive(named, cancel))


class _Opened:
    """What `Projects` and `AsyncProjects` say of themselves."""

    _api: _Api

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.plane!r}, {self.url!r})"

    @property
    def plane(self) -> str:
        """``mantle`` or ``bedrock``."""
        return self._api.plane

    @property
    def url(self) -> str:
        """Where the Projects API is asked."""
        return self._api.url

    @property
    def region(self) -> str:
        """The region of the projects; empty where only the service knows."""
        return self._api.region


class Projects(_Opened):
    """The projects of one account in one region, on one plane; each call blocks for its exchanges.

    `plane` is ``auto``, ``mantle`` or ``bedrock``. The other arguments are those of `Client`: what
    authenticates, and the options; without ``base_url`` it is AWS's own host for the region. May be
    used by any number of threads.

    A call names a project by its id, its ARN, or the `Project` itself. What the service throttles
    is tried again for about a minute. Names and tags are checked before anything is sent. Raises
    `AttributionError` for a project that does not exist or that is archived and cannot be changed,
    `RequestError` for what the service does not take, `ServiceError` for a permission that is
    missing, the limit of projects and throttling, `ConfigurationError` where no Projects API
    answers.
    """

    def __init__(
        self,
        plane: Plane = "auto",
        *,
        credentials: _core.Credentials | Callable[[], _core.Credentials] | None = None,
        bearer_token: str | Callable[[], str] | None = None,
        **options: object,
    ) -> None:
        hidden = HiddenMapping(options)
        del options  # not for tracebacks
        self._api = _Api(
            plane,
            checked_source(credentials, is_async=False),
            checked_source(bearer_token, is_async=False),
            hidden,
        )

    def create(
        self,
        name: str,
        tags: Mapping[str, str] | None = None,
        *,
        data_retention: str | None = None,
    ) -> Project:
        """Make a project, one more with each call: names are not unique.

        It is tried again when the service throttles, and not when it fails: whether it has made the
        project is not known then, and `list` shows it.
        """
        return _run(self._api.create(name, tags, data_retention))

    def get(self, project: str | Project) -> Project:
        """Return a project as it is now."""
        return _run(self._api.get(project))

    def list(self, *, include_archived: bool = False) -> Iterator[Project]:
        """Go through all projects, in the order of the service; a page is read when it is needed.

        Raises `ServiceError` when the service repeats a page.
        """
        next_page = self._api.pages(include_archived)
        while (page := _run(next_page)) is not None:
            yield from page

    def rename(self, project: str | Project, name: str) -> Project:
        """Give a project another name; its id stays."""
        return _run(self._api.update(project, name=name))

    def set_data_retention(self, project: str | Project, mode: str) -> Project:
        """Set the mode: ``inherit``, ``none``, ``default`` or another one that AWS has."""
        return _run(self._api.update(project, data_retention=mode))

    def tags(self, project: str | Project) -> dict[str, str]:
        """Return the tags of a project.

        On the bedrock plane an id costs one exchange more than an ARN or a `Project`, here and
        where tags are changed.
        """
        return _run(self._api.tags(project))

    def set_tags(self, project: str | Project, tags: Mapping[str, str]) -> None:
        """Give a project exactly these tags; those of AWS (``aws:...``) stay.

        It overwrites, then removes, then adds. When it fails halfway, the same call finishes it.
        """
        _run(self._api.set_tags(project, tags))

    def add_tags(self, project: str | Project, tags: Mapping[str, str]) -> None:
        """Add tags to a project, and overwrite the values of keys that it has."""
        _run(self._api.add_tags(project, tags))

    def remove_tags(self, project: str | Project, keys: Iterable[str]) -> None:
        """Take tags off a project; keys that it does not have are no error."""
        _run(self._api.remove_tags(project, keys))

    def archive(self, project: str | Project) -> Project:
        """Archive a project, which is for ever. Archiving it again changes nothing."""
        return _run(self._api.archive(project))


class AsyncProjects(_Opened):
    """Does as `Projects` does in an event loop (asyncio or trio), which it never holds up.

    Credentials and tokens may come from ``async def`` functions. A call that is cancelled ends its
    exchange; whether the service has carried it out is not known then.
    """

    def __init__(
        self,
        plane: Plane = "auto",
        *,
        credentials: _core.Credentials
        | Callable[[], _core.Credentials]
        | Callable[[], Awaitable[_core.Credentials]]
        | None = None,
        bearer_token: str | Callable[[], str] | Callable[[], Awaitable[str]] | None = None,
        **options: object,
    ) -> None:
        hidden = HiddenMapping(options)
        del options  # not for tracebacks
        self._api = _Api(
            plane,
            checked_source(credentials, is_async=True),
            checked_source(bearer_token, is_async=True),
            hidden,
        )

    async def create(
        self,
        name: str,
        tags: Mapping[str, str] | None = None,
        *,
        data_retention: str | None = None,
    ) -> Project:
        """Do as `Projects.create` does."""
        return await _run_async(self._api.create(name, tags, data_retention))

    async def get(self, project: str | Project) -> Project:
        """Do as `Projects.get` does."""
        return await _run_async(self._api.get(project))

    async def list(self, *, include_archived: bool = False) -> AsyncIterator[Project]:
        """Do as `Projects.list` does, for ``async for``."""
        next_page = self._api.pages(include_archived)
        while (page := await _run_async(next_page)) is not None:
            for project in page:
                yield project

    async def rename(self, project: str | Project, name: str) -> Project:
        """Do as `Projects.rename` does."""
        return await _run_async(self._api.update(project, name=name))

    async def set_data_retention(self, project: str | Project, mode: str) -> Project:
        """Do as `Projects.set_data_retention` does."""
        return await _run_async(self._api.update(project, data_retention=mode))

    async def tags(self, project: str | Project) -> dict[str, str]:
        """Do as `Projects.tags` does."""
        return await _run_async(self._api.tags(project))

    async def set_tags(self, project: str | Project, tags: Mapping[str, str]) -> None:
        """Do as `Projects.set_tags` does."""
        await _run_async(self._api.set_tags(project, tags))

    async def add_tags(self, project: str | Project, tags: Mapping[str, str]) -> None:
        """Do as `Projects.add_tags` does."""
        await _run_async(self._api.add_tags(project, tags))

    async def remove_tags(self, project: str | Project, keys: Iterable[str]) -> None:
        """Do as `Projects.remove_tags` does."""
        await _run_async(self._api.remove_tags(project, keys))

    async def archive(self, project: str | Project) -> Project:
        """Do as `Projects.archive` does."""
        return await _run_async(self._api.archive(project))


# --- Waiting --------------------------------------------------------------------------------------


def _run(work: Callable[[_core.Cancel], _Result]) -> _Result:
    """Do the work; Ctrl-C ends it."""
    cancel = _core.Cancel()
    try:
        result: _Result = interruptible(lambda: work(cancel))
    except BaseException:
        cancel.request()
        raise
    return result


async def _run_async(work: Callable[[_core.Cancel], _Result]) -> _Result:
    """Do the work in a thread; who is cancelled ends it."""
    cancel = _core.Cancel()
    try:
        result: _Result = await in_thread(lambda: work(cancel))
    except BaseException:
        cancel.request()
        raise
    return result


# --- What goes in and comes out -------------------------------------------------------------------


def _project(found: Mapping[str, Any]) -> Project:
    tags = found["tags"]
    return Project(
        id=found["id"],
        arn=found["arn"],
        name=found["name"],
        status=found["status"],
        tags=None if tags is None else dict(tags),
        created_at=_time(found["created_at"]),
        plane=found["plane"],
        account=found["account"],
        region=found["region"],
        archived_at=_time(found["archived_at"]),
        data_retention=found["data_retention"] or None,
    )


def _time(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, timezone.utc)


def _named(project: str | Project) -> str:
    if isinstance(project, Project):
        return project.arn or project.id
    if isinstance(project, str):
        return project
    raise TypeError(f"a project is a str or a costmark.Project, not {type(project).__name__}")


def _pairs(tags: object) -> list[tuple[str, str]]:
    if not isinstance(tags, Mapping) or not all(_is_text(*pair) for pair in tags.items()):
        raise TypeError("tags takes a mapping of str to str")
    return list(tags.items())


def _keys(keys: Iterable[str]) -> list[str]:
    # One str would be taken for its letters.
    given = None if isinstance(keys, str) else list(keys)
    if given is None or not _is_text(*given):
        raise TypeError("keys takes several str, such as a list of them")
    return given


def _is_text(*values: object) -> bool:
    return all(isinstance(value, str) for value in values)
