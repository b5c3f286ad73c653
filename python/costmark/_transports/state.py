"""The hooks that `patch` has put into HTTP libraries, and the rule that they follow."""

from __future__ import annotations

import importlib.metadata
import sys
import threading
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from .._client.core_client import logger
from . import under_way

if TYPE_CHECKING:
    from collections.abc import Callable

    from .rule import Rule

# The module beside this one that knows a library. Imported when the library is.
LIBRARIES = {
    "httpx": "httpx",
    "httpx2": "httpx",
    "aiohttp": "aiohttp",
    "urllib3": "urllib3",
    "requests": "requests",
    "botocore.session": "botocore",
    "aiobotocore.session": "botocore",
    "lm15.transports": "lm15",
    "dspy._vendor.lm15.transports": "lm15",
}


class Hook(NamedTuple):
    """A method of a library that another one is to stand in the place of."""

    owner: Any
    name: str
    replacing: Callable[[Callable[..., Any]], Callable[..., Any]]

    def __str__(self) -> str:
        return f"{self.owner.__name__}.{self.name}"


class _Placed(NamedTuple):
    """One that does, or did: other code may have taken its place since, or stand on top of it."""

    library: str
    original: Callable[..., Any]
    hooked: Callable[..., Any]

    def is_met(self, found: Any) -> bool:
        """Whether a call of what was found leads to the hook, as far as wrappers tell."""
        for _ in range(_MOST_WRAPPERS):
            if found is self.hooked:
                return True
            found = getattr(found, "__wrapped__", None)
        return False


_MOST_WRAPPERS = 100
_lock = threading.Lock()
_placed: dict[tuple[Any, str], _Placed] = {}  # also those under what other code put on top
_refused: dict[str, str] = {}  # libraries that are too old, and why
_rule: Rule | None = None


def rule() -> Rule | None:
    """Return the rule in force."""
    return _rule


def follow(new_rule: Rule | None) -> None:
    """Put a rule in force; with None, take all hooks out."""
    global _rule
    _rule = new_rule
    if new_rule is None:
        with _lock:
            _take_out()
        return
    under_way.ask()
    for library in LIBRARIES.keys() & sys.modules.keys():
        hook_library(library)


def hook_library(library: str) -> None:
    """Hook a library that has been imported: this copy of it, where it is not hooked already."""
    with _lock:
        if _rule is None:
            return
        _refused.pop(library, None)
        try:
            for hook in _hooks(library):
                _place(library, hook)
        except (KeyError, AttributeError, ImportError) as error:
            _refused[library] = str(error)
            logger.warning("what %s sends is not covered: %s", library, error)


def _hooks(library: str) -> list[Hook]:
    """Return the hooks for the copy of a library that is in `sys.modules`.

    What knows a library holds classes of it: a copy that is imported again gets one of its own.
    """
    name = f"{__package__}.{LIBRARIES[library]}"
    hooks: list[Hook] = import_module(name).hook(library)
    known = {owner for (owner, _), placed in _placed.items() if placed.library == library}
    if known and known.isdisjoint(hook.owner for hook in hooks):
        del sys.modules[name]
        hooks = import_module(name).hook(library)
    return hooks


def _place(library: str, hook: Hook) -> None:
    found = vars(hook.owner)[hook.name]
    placed = _placed.get((hook.owner, hook.name))
    if placed is None or not placed.is_met(found):
        hooked = hook.replacing(found)
        setattr(hook.owner, hook.name, hooked)
        _placed[hook.owner, hook.name] = _Placed(library, found, hooked)


def _take_out() -> None:
    for (owner, name), placed in list(_placed.items()):
        # What other code put on top stays; ours below it does nothing without a rule.
        if vars(owner).get(name) is placed.hooked:
            setattr(owner, name, placed.original)
            del _placed[owner, name]
    _refused.clear()


def in_force(library: str) -> tuple[list[str], str]:
    """Return which methods of a library are hooked, and why others are not."""
    with _lock:
        if library in _refused or library not in sys.modules or _rule is None:
            return [], _refused.get(library, "")
        try:
            hooks = import_module(f"{__package__}.{LIBRARIES[library]}").hook(library)
        except (KeyError, AttributeError, ImportError) as error:
            return [], str(error)
        missing = [hook for hook in hooks if not _is_met(hook)]
        return [str(hook) for hook in hooks if hook not in missing], _why_missing(missing)


def _is_met(hook: Hook) -> bool:
    placed = _placed.get((hook.owner, hook.name))
    return placed is not None and placed.is_met(vars(hook.owner)[hook.name])


def _why_missing(missing: list[Hook]) -> str:
    if not missing:
        return ""
    names = ", ".join(map(str, missing))
    if all((hook.owner, hook.name) in _placed for hook in missing):
        return (
            f"other code has put something in the place of {names}; call costmark.patch() after it"
        )
    return f"it was imported again, past the import system ({names}); call costmark.patch() again"


def version_of(library: str) -> str:
    """Return the version of a library; empty where it is not known."""
    try:
        return importlib.metadata.version(library.partition(".")[0])
    except importlib.metadata.PackageNotFoundError:
        return ""
