"""The hooks that `patch` has put into HTTP libraries, and the rule that they follow."""

from __future__ import annotations

import importlib.metadata
import sys
import threading
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from .._client.core_client import logger

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
    "lm15.transports": "lm15",
    "dspy._vendor.lm15.transports": "lm15",
}


class Hook(NamedTuple):
    """What is to stand in the place of a method."""

    owner: Any
    name: str
    hooked: Callable[..., Any]


class _Placed(NamedTuple):
    hook: Hook
    original: Callable[..., Any]


_lock = threading.Lock()
_placed: dict[str, list[_Placed]] = {}
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
    for library in LIBRARIES.keys() & sys.modules.keys():
        hook_library(library)


def hook_library(library: str) -> None:
    """Hook a library that has been imported."""
    with _lock:
        if _rule is None or library in _placed:
            return
        _refused.pop(library, None)
        try:
            hooks = import_module(f".{LIBRARIES[library]}", __package__).hook(library)
        except (KeyError, AttributeError, ImportError) as error:
            _refused[library] = str(error)
            logger.warning("what %s sends is not covered: %s", library, error)
            return
        _placed[library] = []
        for hook in hooks:
            _placed[library].append(_Placed(hook, vars(hook.owner)[hook.name]))
            setattr(hook.owner, hook.name, hook.hooked)


def _take_out() -> None:
    for placed in _placed.values():
        for hook, original in reversed(placed):
            # What other code put on top stays; ours below it does nothing without a rule.
            if vars(hook.owner).get(hook.name) is hook.hooked:
                setattr(hook.owner, hook.name, original)
    _placed.clear()
    _refused.clear()


def placed() -> dict[str, list[str]]:
    """Return which methods of which libraries are hooked."""
    with _lock:
        return {
            library: [f"{each.hook.owner.__name__}.{each.hook.name}" for each in hooks]
            for library, hooks in _placed.items()
        }


def refused() -> dict[str, str]:
    """Return which libraries are imported and cannot be hooked, and why."""
    return dict(_refused)


def version_of(library: str) -> str:
    """Return the version of a library; empty where it is not known."""
    try:
        return importlib.metadata.version(library.partition(".")[0])
    except importlib.metadata.PackageNotFoundError:
        return ""
