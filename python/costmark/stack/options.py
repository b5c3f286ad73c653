"""The options that a file says, for clients; names of projects become ids by way of the lock."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

from .._files import is_stream
from ..errors import ConfigurationError
from .file import NAME, read_options
from .lock import NAME as LOCK
from .lock import read_lock

__all__ = ["options"]

_REGIONS = ("COSTMARK_REGION", "AWS_REGION", "AWS_DEFAULT_REGION")
# Where options name projects: the whole value, what stands before the ':' of a rule, `project=`.
_PLACES = {
    "project": re.compile(r"(\A)(.+)(\Z)", re.DOTALL),
    "rules": re.compile(r"(\A|;\s*)([^:;]+)(:)"),
    "budgets": re.compile(r"(\bproject=)([^\s;]+)()"),
}
_FILES = {"ca_bundle", "ledger", "lock", "prices", "routes"}


def options(file: str | os.PathLike[str] = NAME) -> dict[str, str]:
    """The options of a file: ``wrap(client, **costmark.options())``.

    They are those of the tables ``[options]``, ``[rules]`` and ``[budgets]``. A project may be
    named as in ``costmark.lock`` beside the file; a name that several projects have there, in the
    region of the options or else of the environment, is refused. Files and folders are those beside
    the file, wherever a program runs. Raises `ConfigurationError`, with
    line and column for what is no option.
    """
    path = Path(file)
    found = read_options(path)
    region = found.get("region") or next(filter(None, map(os.environ.get, _REGIONS)), None)
    resolve = _resolver(path.with_name(LOCK), region)
    for option, place in _PLACES.items():
        if option in found:
            found[option] = place.sub(lambda m: m[1] + resolve(m[2]) + m[3], found[option])
    for option in _FILES & found.keys():
        if found[option] and not is_stream(found[option]):
            found[option] = os.path.abspath(path.parent / found[option])
    return found


def _resolver(lock: Path, region: str | None) -> Callable[[str], str]:
    """What makes an id of a name; what the lock does not have stays as it is."""
    ids: dict[str, set[str]] = {}
    for entry in read_lock(lock).projects:
        if region in (None, entry["region"]):
            ids.setdefault(entry["name"], set()).add(entry["id"])

    def resolve(name: str) -> str:
        found = ids.get(name, {name})
        if len(found) > 1:
            raise ConfigurationError(
                f"{lock} has several projects {name!r}: {', '.join(sorted(found))}; set the "
                "region, or name the id"
            )
        return next(iter(found))

    return resolve
