"""Experiments: a project of its own for a while, archived at the end."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import _core
from ._client.scope import begin_everywhere, end_everywhere, labels, project
from ._files import is_stream
from ._waiting import in_thread
from .errors import ConfigurationError, RequestError, ServiceError
from .stack.applying import ensure
from .stack.lock import for_rows
from .stack.model import IDENTITY_TAG, RESERVED_STACK
from .stack.places import connect
from .stack.world import observe, observe_identity

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

    from .stack.model import ProjectsAPI

EXPIRY_TAG = "costmark_expires"
LABEL = "experiment"
FILE = "experiments.jsonl"  # in the ledger's folder
# An account has 1,000 projects, archived ones perhaps included: experiments leave some of them.
MOST_PROJECTS = 900

_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_TTL = re.compile(r"([1-9][0-9]{0,4})([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_COUNTS = ("input", "cached", "cache_write", "output", "cost_pico")
_STAMP = "%Y-%m-%dT%H:%M:%SZ"


@dataclass
class Totals:
    """What the rows of a ledger say that a project used."""

    calls: int = 0
    attempts: int = 0
    input: int = 0
    cached: int = 0
    cache_write: int = 0
    output: int = 0
    cost_pico: int = 0
    """The estimates of the time, in pico-USD."""
    unpriced: int = 0
    """Attempts whose estimate lacks a price."""

    @property
    def is_known(self) -> bool:
        """Whether ``cost_pico`` is all of the cost."""
        return not self.unpriced


def ledger_folder(given: str | os.PathLike[str] | None) -> str | None:
    """The folder of option ``ledger``, or None: `stdout` and its like keep no rows to add up."""
    ledger = os.fspath(given) if given is not None else os.environ.get("COSTMARK_LEDGER", "")
    return None if not ledger or is_stream(ledger) else ledger


def totals_of(project_id: str, ledger: str | None) -> Totals | None:
    """What a project used; None without a ledger."""
    if ledger is None or not (Path(ledger) / "raw").is_dir():
        return None
    from .ledger import read

    totals, calls, used = Totals(), set(), {}
    for row in read(ledger):
        if row.get("project") != project_id or row["kind"] not in ("attempt", "settle"):
            continue
        if row["kind"] == "attempt":
            totals.attempts += 1
            calls.add(row.get("op"))
        # A response that is read again counts once, with what was told last.
        response = row.get("response_id")
        key = (row.get("account"), row.get("region"), response) if response else object()
        used[key] = row
    totals.calls = len(calls)
    for row in used.values():
        totals.unpriced += row.get("cost_state") in ("unpriced", "partial")
        for name in _COUNTS:
            setattr(totals, name, getattr(totals, name) + row.get(name, 0))
    return totals


def _keep(ledger: str, entry: Mapping[str, Any]) -> None:
    """Add a line to the file of the ledger, in one write."""
    line = json.dumps(entry, ensure_ascii=False) + "\n"
    descriptor = os.open(
        Path(ledger) / FILE, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600
    )
    try:
        os.write(descriptor, line.encode())
    finally:
        os.close(descriptor)


def kept(ledger: str | None) -> list[dict[str, Any]]:
    """The experiments whose totals were kept, oldest first."""
    path = Path(ledger) / FILE if ledger is not None else None
    if path is None or not path.exists():
        return []
    lines = path.read_bytes().splitlines()
    return [_kept_line(path, number, line) for number, line in enumerate(lines, start=1)]


def _kept_line(path: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):  # a disk that was full may have left half a line
        raise ConfigurationError(f"{path}:{number}: not the totals of an experiment; remove it")
    return found


def kept_tags(ledger: str) -> dict[str, dict[str, str]]:
    """The tags that projects of experiments had at their end, by id.

    Rows have them, too, but for those that other processes wrote meanwhile.
    """
    return {each["project"]: each["tags"] for each in kept(ledger) if each.get("tags")}


# --- What there is --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Found:
    """An experiment that has a project now."""

    name: str
    project: str
    expires: datetime | None

    def is_over(self, now: datetime) -> bool:
        """Whether its time has passed."""
        return self.expires is not None and self.expires <= now


def found(api: ProjectsAPI) -> list[Found]:
    """The experiments that are not archived, oldest first."""
    return [
        Found(each.identity.partition("/")[2], each.id, _moment(each.tags.get(EXPIRY_TAG)))
        for each in observe(api).projects
        if each.identity is not None and each.identity.startswith(f"{RESERVED_STACK}/")
    ]


def collect(api: ProjectsAPI, name: str, project_id: str, ledger: str | None) -> Totals | None:
    """Keep the totals of an experiment, then archive its project."""
    totals = totals_of(project_id, ledger)
    if ledger is not None and totals is not None:
        entry = {
            "name": name,
            "project": project_id,
            "ended": datetime.now(timezone.utc).strftime(_STAMP),
            "tags": dict(api.tags(project_id)),
            "totals": asdict(totals),
        }
        _keep(ledger, entry)
    api.archive(project_id)
    return totals


def _moment(text: str | None) -> datetime | None:
    try:
        return datetime.strptime(text or "", _STAMP).replace(tzinfo=timezone.utc)
    except ValueError:
        return None


def life(ttl: str) -> timedelta:
    """The time that a text such as ``7d`` says. Raises RequestError."""
    match = _TTL.fullmatch(ttl)
    if match is None:
        raise RequestError(f"ttl {ttl!r}: expected a number and s, m, h, d or w, such as '7d'")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


# --- One of them ----------------------------------------------------------------------------------


class experiment:  # noqa: N801 - reads as the scopes do: `with costmark.experiment("..."):`
    """Give what is inside a project of its own, for as long as it runs.

    ::

        with costmark.experiment("prompt-ab-7", tags={"team": "search"}, ttl="7d") as exp:
            client.chat.completions.create(...)
        print(exp.totals)

    Entering creates the project ``prompt-ab-7``, or continues the one that an earlier run left.
    All calls inside belong to it, also those of other threads and tasks, but for those that are
    in a scope of their own; their rows have its tags. Leaving keeps what the ledger says that it
    used (in the file ``experiments.jsonl`` beside its rows) and archives the project, which cannot
    be undone. After an exception the project stays, to be continued. What is never left or
    continued, ``costmark experiments gc`` archives once `ttl` has passed.

    With ``project=False`` no project is made: calls get the label ``experiment`` and stay in the
    project that they have. `plane` and the options are those of `Projects`. `ledger` is the folder
    of option ``ledger``; by default ``COSTMARK_LEDGER``.

    Raises `RequestError` for a name that is not 1 to 64 letters, digits and ``. _ -``, and
    `ServiceError` when the account has 900 projects: archived ones may count.
    """

    def __init__(
        self,
        name: str,
        *,
        tags: Mapping[str, str] | None = None,
        ttl: str = "7d",
        project: bool = True,
        plane: str = "auto",
        ledger: str | os.PathLike[str] | None = None,
        **options: Any,
    ) -> None:
        if not _NAME.fullmatch(name):
            raise RequestError(
                f"experiment {name!r}: expected 1 to 64 letters, digits, '.', '_' and '-'"
            )
        reserved = {IDENTITY_TAG, EXPIRY_TAG} & set(tags or {})
        if reserved:
            raise RequestError(f"the tag {min(reserved)!r} is costmark's own")
        if not project and (tags or options):
            raise ConfigurationError("tags and options are for a project; there is none to be made")
        self.name = name
        self.id: str | None = None
        """The project's id; None without a project, and before it is entered."""
        self.totals: Totals | None = None
        """What it used, once it was left; None without a ledger."""
        self._life = life(ttl)
        self._tags = dict(tags or {})
        self._has_project = project
        self._plane, self._options = plane, options
        self._ledger = ledger_folder(ledger)
        self._api: ProjectsAPI | None = None
        self._leave: list[Any] = []

    def __repr__(self) -> str:
        return f"experiment({self.name!r})"

    def __enter__(self) -> Self:
        if self._leave:
            raise RuntimeError(f"{self!r} is entered already; make another one")
        if self._has_project:
            self._begin()
        self._enter_scope(sys._getframe(1))
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._leave_scope()
        if self._has_project and exc_type is None:
            self._end()

    async def __aenter__(self) -> Self:
        if self._leave:
            raise RuntimeError(f"{self!r} is entered already; make another one")
        if self._has_project:
            await in_thread(self._begin)
        self._enter_scope(sys._getframe(1))
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._leave_scope()
        if self._has_project and exc_type is None:
            await in_thread(self._end)

    def _enter_scope(self, caller: Any) -> None:
        if self.id is None:
            scope: Any = labels({LABEL: self.name})
            scope._enter(caller)
            self._leave = [scope]
            return
        inner = project(self.id)
        inner._enter(caller)
        self._leave = [inner, begin_everywhere(inner)]

    def _leave_scope(self) -> None:
        scope, *frames = self._leave
        self._leave = []
        for frame in frames:
            end_everywhere(frame)
        scope.__exit__(None, None, None)

    def _begin(self) -> None:
        """Find the project or create it, with the time of its end."""
        self._api = connect(self._plane, self._options)
        identity = f"{RESERVED_STACK}/{self.name}"
        expires = (datetime.now(timezone.utc) + self._life).strftime(_STAMP)
        tags = {IDENTITY_TAG: identity, EXPIRY_TAG: expires, **self._tags}
        earlier = observe_identity(self._api, self.name, identity)
        if not earlier:
            self._check_limit(self._api)
            self.id = ensure(self._api, self.name, tags).id
        else:
            self.id = earlier[0].id
            self._api.add_tags(self.id, tags)
            tags |= {key: value for key, value in earlier[0].tags.items() if key not in tags}
        del tags[EXPIRY_TAG]
        _core.tell_project_tags(self.id, tuple(for_rows(tags).items()))

    def _check_limit(self, api: ProjectsAPI) -> None:
        count = sum(each.id != "default" for each in api.list(include_archived=True))
        if count >= MOST_PROJECTS:
            raise ServiceError(
                f"the account has {count} projects, archived ones included, of perhaps 1,000; "
                "experiments leave the rest to others: give project=False, for a label in place of "
                "a project, or archive with 'costmark experiments gc' what is over"
            )

    def _end(self) -> None:
        assert self._api is not None  # noqa: S101 - `_begin` has set them
        assert self.id is not None  # noqa: S101
        self.totals = collect(self._api, self.name, self.id, self._ledger)
