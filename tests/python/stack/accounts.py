"""An account's projects in memory, with a list that lags, a clock that stands, and crashes."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

ACCOUNT = "111122223333"


class CrashError(BaseException):
    """The process ends here."""


@dataclass(frozen=True)
class FakeProject:
    id: str
    name: str
    tags: dict[str, str] | None
    created_at: float
    status: str = "active"

    @property
    def arn(self) -> str:
        return f"arn:aws:bedrock-mantle:us-east-1:{ACCOUNT}:project/{self.id}"


@dataclass
class Account:
    """What all processes share. With `lag`, a new project is listed after so many lists."""

    projects: dict[str, FakeProject] = field(default_factory=dict)
    lag: int = 0
    clock_stands: bool = False
    lists_tags: bool = True
    writes: list[tuple[str, str]] = field(default_factory=list)
    _unlisted: dict[str, int] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _mutex: threading.RLock = field(default_factory=threading.RLock)

    def add(self, name: str, tags: Mapping[str, str] | None = None) -> FakeProject:
        with self._mutex:
            number = next(self._numbers)
            # Ids are random: their order is not that of creation.
            made = FakeProject(
                f"proj_{number * 7919 % 1000:03}",
                name,
                dict(tags or {}),
                0 if self.clock_stands else number,
            )
            self.projects[made.id] = made
            if self.lag:
                self._unlisted[made.id] = self.lag
            return made

    def change(self, project: str, **members: object) -> None:
        with self._mutex:
            self.projects[project] = replace(self.projects[project], **members)  # type: ignore[arg-type]

    def listed(self) -> list[FakeProject]:
        with self._mutex:
            shown = [p for p in self.projects.values() if p.id not in self._unlisted]
            self._unlisted = {p: n - 1 for p, n in self._unlisted.items() if n > 1}
            return shown

    def active(self, name: str | None = None) -> list[FakeProject]:
        found = [p for p in self.projects.values() if p.status == "active"]
        return [p for p in found if name in (None, p.name)]


class FakeProjects:
    """One process's client; `crash_at` ends it at that step: before a write, or right after it."""

    def __init__(self, account: Account, crash_at: int = 0) -> None:
        self._account = account
        self._left = crash_at

    def _request(self) -> None:
        if self._left:
            self._left -= 1
            if not self._left:
                raise CrashError

    def _wrote(self, verb: str, project: str) -> None:
        self._account.writes.append((verb, project))
        self._request()  # the answer may never come

    def create(self, name: str, tags: Mapping[str, str] | None = None) -> FakeProject:
        self._request()
        made = self._account.add(name, tags)
        self._wrote("create", made.id)
        return made

    def get(self, project: str) -> FakeProject:
        self._request()
        return self._account.projects[project]

    def list(self, *, include_archived: bool = False) -> Iterator[FakeProject]:
        self._request()
        for each in self._account.listed():
            if include_archived or each.status == "active":
                yield each if self._account.lists_tags else replace(each, tags=None)

    def tags(self, project: str) -> dict[str, str]:
        self._request()
        return dict(self._account.projects[project].tags or {})

    def rename(self, project: str, name: str) -> None:
        self._request()
        self._account.change(project, name=name)
        self._wrote("rename", project)

    def add_tags(self, project: str, tags: Mapping[str, str]) -> None:
        self._request()
        merged = {**(self._account.projects[project].tags or {}), **tags}
        assert len(merged) <= 50
        self._account.change(project, tags=merged)
        self._wrote("add_tags", project)

    def remove_tags(self, project: str, keys: Collection[str]) -> None:
        self._request()
        kept = {
            k: v for k, v in (self._account.projects[project].tags or {}).items() if k not in keys
        }
        self._account.change(project, tags=kept)
        self._wrote("remove_tags", project)

    def archive(self, project: str) -> None:
        self._request()
        self._account.change(project, status="archived")
        self._wrote("archive", project)
