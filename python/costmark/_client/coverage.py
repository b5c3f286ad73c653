"""`coverage`: what `patch` covers, and what it saw pass."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from .._transports import state
from .patch import hooked_sdks

_SDKS = ("openai", "anthropic")
_WHAT = {
    "openai": "clients of the SDK that are made from now on: each call one operation",
    "anthropic": "clients of the SDK that are made from now on: each call one operation",
    "httpx": "all clients",
    "httpx2": "all clients",
    "aiohttp": "all sessions",
    "urllib3": "all pools, but for botocore's own",
    "botocore.session": "clients of Bedrock that are made from now on, as by boto3",
    "aiobotocore.session": "clients of Bedrock that are made from now on, as by aioboto3",
    "requests": "all sessions, through urllib3; redirects",
    "lm15.transports": "all transports over sockets",
    "dspy._vendor.lm15.transports": "what dspy sends by itself",
}


@dataclass(frozen=True)
class Hook:
    """One library that `patch` has to do with.

    ``state`` is ``in force``, ``when imported``, ``not covered`` (with ``why``) or ``off``.
    ``methods`` are those that are hooked.
    """

    library: str
    version: str
    state: str
    covers: str
    methods: tuple[str, ...] = ()
    why: str = ""


@dataclass(frozen=True)
class Coverage:
    """What `patch` covers in this process.

    ``hosts`` are those that were named, beside Bedrock's own. ``reached`` are the origins that
    were called and covered so far; ``not_covered`` the hosts whose requests to inference routes
    passed as they were, because they were not named. Converted to ``str``, it is a table.
    """

    hosts: tuple[str, ...]
    hooks: tuple[Hook, ...]
    reached: tuple[str, ...]
    not_covered: tuple[str, ...]

    def __str__(self) -> str:
        rows = [(each.library, each.version, each.state, each.covers) for each in self.hooks]
        widths = [max(len(row[i]) for row in rows) for i in range(3)]
        lines = [
            "  ".join((*(cell.ljust(widths[i]) for i, cell in enumerate(row[:3])), row[3])).rstrip()
            for row in rows
        ]
        lines += [f"not covered: {each.library}: {each.why}" for each in self.hooks if each.why]
        lines.append("hosts: Bedrock's own" + "".join(f", {host}" for host in self.hosts))
        lines.append("reached: " + (", ".join(self.reached) or "none so far"))
        if self.not_covered:
            lines.append("passed as they were: " + ", ".join(self.not_covered))
        return "\n".join(lines)


def coverage() -> Coverage:
    """Return what `patch` covers, by which hook.

    ::

        costmark.patch(hosts=["gateway.internal"])
        print(costmark.coverage())

    Not seen by any hook: ``http.client`` and ``urllib.request``, programs that this process
    starts, unless by ``costmark run``, and what clients of boto3 send that were made before.
    """
    rule = state.rule()
    hooks = [_sdk(name) for name in _SDKS] + [_library(name) for name in state.LIBRARIES]
    if rule is None:
        return Coverage((), tuple(hooks), (), ())
    return Coverage(rule.hosts, tuple(hooks), rule.reached, rule.not_covered)


def _sdk(name: str) -> Hook:
    hooked = name in hooked_sdks()
    return Hook(name, state.version_of(name), _state(name, hooked), _WHAT[name])


def _library(name: str) -> Hook:
    methods, why = state.in_force(name)
    found = "not covered" if why else _state(name, bool(methods))
    return Hook(name, state.version_of(name), found, _WHAT[name], tuple(methods), why)


def _state(library: str, hooked: bool) -> str:
    if state.rule() is None:
        return "off"
    if hooked:
        return "in force"
    return "not covered" if library in sys.modules else "when imported"
