"""The names of projects, by the lock file: what commands take names by, and show them by.

Core resolves names in calls by the same rules (core/src/attribution/project_names.hpp): what begins
with ``proj_``, an id that the lock has, an ARN and ``default`` stand for themselves; every other
text is a name.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections import Counter
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from .errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

FILE = "costmark.lock"
_EXPERIMENTS = "experiments.jsonl"
NAME_TAG = "costmark_project"
"""The tag of what costmark has made: ``STACK/NAME``, or ``experiment/NAME``."""

_GENERATED = re.compile(r"proj_[A-Za-z0-9_-]+")
_REGIONS = ("COSTMARK_REGION", "AWS_REGION", "AWS_DEFAULT_REGION")
_DEFAULT = "default"
_MOST_LISTED = 8


class NamedProject(NamedTuple):
    """A project of the lock; what is not known of it is empty."""

    name: str
    id: str
    account: str = ""
    region: str = ""
    plane: str = ""

    def __str__(self) -> str:
        where = ", ".join(
            filter(None, (self.account and f"account {self.account}", self.region, self.plane))
        )
        return f"{self.id} ({where})" if where else self.id


class ProjectNames:
    """Which texts name which project; without a ``file`` every text is an id."""

    def __init__(
        self, file: str = "", projects: Iterable[NamedProject] = (), past: Iterable[Any] = ()
    ) -> None:
        self.file = file
        # The endpoint's own project is named by leaving projects out.
        self._projects = [each for each in projects if each.id != _DEFAULT]
        self._past = {each.id: each.name for each in past}

    def with_experiments(self, ledgers: Iterable[str | os.PathLike[str]]) -> ProjectNames:
        """Also the names of experiments that these ledgers keep: no lock has them."""
        kept = [each for ledger in ledgers for each in _experiments(Path(ledger))]
        found = ProjectNames(self.file, [*self._projects, *kept])
        found._past = self._past
        return found

    @property
    def names(self) -> list[str]:
        """All of them."""
        return sorted({each.name for each in self._projects if each.name})

    def by_id(self) -> dict[str, str]:
        """The name of each project that has one, also of those that there were."""
        return self._past | {each.id: each.name for each in self._projects if each.name}

    def ids_of(self, text: str, where: str, region: str = "") -> list[str]:
        """The ids that a text stands for: in several Regions a name may have several.

        ``where`` begins the errors. Raises ConfigurationError for what is neither a name nor an id.
        """
        if self._is_id(text):
            return [text.rpartition(":project/")[2]]
        found = [
            each.id
            for each in self._projects
            if each.name == text and region in ("", each.region or region)
        ]
        if not (found or self.file):
            return [text]
        if not found:
            raise _wrong(f"{where}: {self._unknown(text, region)}")
        return list(dict.fromkeys(found))

    def id_of(self, text: str, where: str, region: str = "", plane: str = "") -> str:
        """The one id that a text stands for; a project of the plane goes before others.

        Raises ConfigurationError for a name that several projects have.
        """
        ids = self.ids_of(text, where, region)
        found = [each for each in self._projects if each.id in ids and each.name == text]
        of_plane = [each for each in found if plane in (each.plane, "")] or found
        if len({each.id for each in of_plane}) > 1:
            listed = " or ".join(map(str, of_plane[:_MOST_LISTED]))
            raise _wrong(f"{where}: {text!r} may be {listed}, says {self.file}; name the id")
        return of_plane[0].id if of_plane else ids[0]

    def _is_id(self, text: str) -> bool:
        if text in ("", _DEFAULT) or text.startswith("arn:"):
            return True
        known = any(each.id == text for each in self._projects) or text in self._past
        return known or _GENERATED.fullmatch(text) is not None

    def _unknown(self, text: str, region: str) -> str:
        said = f"{self.file} has no project that is named {text!r}"
        if elsewhere := [each for each in self._projects if each.name == text]:
            return f"{said} in {region}, but {elsewhere[0]}"
        names = [each if each.isprintable() else repr(each) for each in self.names]
        near = get_close_matches(text, names, 1)
        advice = f" (did you mean {near[0]!r}?)" if near else ""
        more = len(names) - _MOST_LISTED
        listed = ", ".join(names[:_MOST_LISTED]) + (f" and {more} more" if more > 0 else "")
        return (
            f"{said}{advice}; it has {listed or 'no names'}. An id is one that it lists, or begins "
            "with 'proj_'"
        )


def names_of(lock: str | os.PathLike[str] | None = None) -> ProjectNames:
    """Those of a lock file: the one given, else that of COSTMARK_LOCK, else the one here, if any.

    An empty text stands for none. Raises ConfigurationError.
    """
    given = os.environ.get("COSTMARK_LOCK") if lock is None else os.fspath(lock)
    if given is None:
        return read_names(FILE) if Path(FILE).is_file() else ProjectNames()
    return read_names(given) if given else ProjectNames()


def read_names(path: str) -> ProjectNames:
    """Those of a lock file (docs/ledger.md). Raises ConfigurationError."""
    value = read_lock(path)
    try:
        return ProjectNames(
            path,
            [_project(each) for each in value["projects"]],
            [_project(each) for each in value.get("history", [])],
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise _no_lock(path, error) from None


def read_lock(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The object of a lock file. Raises ConfigurationError."""
    try:
        value = json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise _wrong(f"there is no {path}; `costmark projects apply` writes such a file") from None
    except (ValueError, RecursionError) as error:
        raise _no_lock(path, error) from None
    try:
        if not isinstance(value["projects"], list):
            raise TypeError("'projects' is no array")
        found: dict[str, Any] = value
        return found
    except (KeyError, TypeError) as error:
        raise _no_lock(path, error) from None


def _no_lock(path: str | os.PathLike[str], error: Exception) -> ConfigurationError:
    return _wrong(f"{path} is not a lock file of projects: {type(error).__name__}: {error}")


def _project(entry: Mapping[str, Any]) -> NamedProject:
    texts = (entry.get(name) or "" for name in ("name", "account", "region", "plane"))
    name, *place = map(str, texts)
    return NamedProject(name, str(entry["id"]), *place)


def _experiments(ledger: Path) -> Iterator[NamedProject]:
    """Those that `costmark.experiment` has kept; what is torn is passed over."""
    path = ledger / _EXPERIMENTS
    if not path.is_file():
        return
    for line in path.read_bytes().splitlines():
        with contextlib.suppress(ValueError, KeyError, TypeError, RecursionError):
            entry = json.loads(line)
            yield NamedProject(str(entry["name"]), str(entry["project"]))


def name_in_tag(tag: str | None) -> str:
    """The name in the value of `NAME_TAG`; empty where there is none."""
    return (tag or "").partition("/")[2]


def shown(names: Mapping[str, str]) -> dict[str, str]:
    """The names by id as people read them, with the id beside those that say too little.

    These are names of several projects, and those that are read as something else.
    """
    count = Counter(names.values())
    others = {_DEFAULT, "total", *names}

    def is_plain(key: str, name: str) -> bool:
        is_other = name in others or name.startswith("proj_")
        return count[name] == 1 and (name == key or not is_other)

    return {key: name if is_plain(key, name) else f"{name} ({key})" for key, name in names.items()}


def region_of_environment() -> str:
    """The Region that calls would go to, where the environment says it."""
    return next((value for name in _REGIONS if (value := os.environ.get(name))), "")


def _wrong(message: str) -> ConfigurationError:
    return ConfigurationError(message, code="invalid_project")
