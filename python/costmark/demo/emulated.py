"""The local Bedrock of the demo: its process, its clock, and what it recorded."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

REGION = "us-east-1"
ACCOUNT = "111122223333"

_ACCESS_KEY_ID = "AKIDEXAMPLE"
# The example of AWS's documentation; the emulator knows it.
_SECRET_ACCESS_KEY = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"  # noqa: S105 - an example
_DAY_S = 86_400
_STOP_TIMEOUT_S = 5.0


@dataclass(frozen=True)
class Emulated:
    """An emulator that runs."""

    url: str

    @property
    def environment(self) -> dict[str, str]:
        """What turns every client and command to it, as docs/projects-as-code.md has it."""
        return {
            "COSTMARK_BASE_URL": f"{self.url}/v1",
            "COSTMARK_AUTH": "sigv4",
            "COSTMARK_REGION": REGION,
            "COSTMARK_UNATTRIBUTED": "allow",
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": _ACCESS_KEY_ID,
            "AWS_SECRET_ACCESS_KEY": _SECRET_ACCESS_KEY,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    def throttle_once(self) -> None:
        """Refuse the next call, as Bedrock does when it is busy."""
        self._ask("faults", {"kind": "status", "status": 429, "retry_after": 0.1})

    def wait_a_day(self) -> None:
        """Move the clock on."""
        self._ask("clock", {"forward_s": _DAY_S})

    def deliver_exports(self) -> None:
        """Write what is exported of the bill."""
        self._ask("exports", {})

    def today(self) -> dt.date:
        """The day there, in UTC."""
        return dt.date.fromisoformat(self._ask("clock")["now"][:10])

    def usage(self) -> list[dict[str, Any]]:
        """A record for each request that used something."""
        records: list[dict[str, Any]] = self._ask("usage")
        return records

    def _ask(self, what: str, body: dict[str, Any] | None = None) -> Any:
        request = Request(  # noqa: S310 - our own URL
            f"{self.url}/_emulator/{what}",
            None if body is None else json.dumps(body).encode(),
            {"content-type": "application/json"},
        )
        with urlopen(request) as answer:  # noqa: S310
            content = answer.read()
        return json.loads(content) if content else None


@contextmanager
def emulator(exports: Path) -> Iterator[Emulated]:
    """Run the emulator on a free port; exports of its bill go below that folder."""
    # In a session of its own, so that Ctrl-C reaches this process alone, which then ends both.
    process = subprocess.Popen(  # noqa: S603 - our own program
        [
            *(sys.executable, "-m", "costmark.emulator", "--port", "0"),
            *("--region", REGION, "--account", ACCOUNT, "--exports", str(exports)),
        ],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None  # noqa: S101 - for the type checker
        words = process.stdout.readline().split()
        if words[:2] != ["listening", "on"]:
            raise RuntimeError("the emulator did not start; see its message above")
        yield Emulated(words[2])
    finally:
        process.terminate()
        try:
            process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
