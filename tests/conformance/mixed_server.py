"""The emulator as a server for runners: it takes the place of a call out of a path, and fails as
the call's header ``x-faults`` says.

    python mixed_server.py --project ID ...

The header names what comes of the first attempts, one after the other: a status, ``drop`` or
``reset`` (no answer), ``cut`` (a stream ends behind its second event).
"""

from __future__ import annotations

import argparse
from collections import Counter
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from costmark.emulator import app, server
from costmark.emulator.settings import Settings
from costmark.emulator.state.faults import Fault

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

SOON = {"retry-after-ms": "5"}
FAULTS: dict[str, dict[str, Any]] = {
    "429": {"kind": "status", "status": 429, "headers": SOON},
    "500": {"kind": "status", "status": 500, "headers": SOON},
    "drop": {"kind": "drop"},
    "reset": {"kind": "reset"},
    "cut": {"kind": "drop_stream", "after_events": 2},
}


class Runs:
    """Serves ``/RUN/INDEX/PATH``. What was signed is the path as it came."""

    def __init__(self, emulator: Any) -> None:
        self._emulator = emulator
        self._attempts: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if path.startswith("/_begin/"):
            await Response()(scope, receive, send)
            return
        if not path.startswith("/_emulator/"):
            run, index, rest = path.removeprefix("/").split("/", 2)
            scope["path"] = f"/{rest}"
            self._disturb(f"{run}/{index}", dict(scope["headers"]))
        await self._emulator(scope, receive, send)

    def _disturb(self, call: str, headers: dict[bytes, bytes]) -> None:
        """Switch the fault of this attempt on. A project makes one request at a time."""
        faults = headers.get(b"x-faults", b"").decode().split()
        number = self._attempts[call]
        self._attempts[call] += 1
        if number < len(faults):
            project = headers[b"x-project"].decode()
            fault = Fault(project=project, **FAULTS[faults[number]])
            self._emulator._state.faults.add(fault)


def main() -> None:
    """Serve until a signal comes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--project", action="append", default=[])
    given = parser.parse_args()
    build = app.build_app

    def build_runs(settings: Settings) -> ASGIApp:
        return Runs(build(settings))

    server.build_app = build_runs  # type: ignore[attr-defined]
    projects: tuple[tuple[str, dict[str, str]], ...] = tuple(
        (project, {}) for project in given.project
    )
    settings = Settings(projects=projects, keep_requests=1_000_000, show_prompts=False)
    server.serve(settings, settings.host, 0)


if __name__ == "__main__":
    main()
