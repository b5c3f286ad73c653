"""An emulator with a bill, and what the commands of billing are told to ask it with."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

from harness import ACCESS_KEY_ID, SECRET_ACCESS_KEY, Emulator, run_emulator

if TYPE_CHECKING:
    import pytest

DAY_S = 86_400
OSS = "openai.gpt-oss-120b"


class Billed:
    """The emulator's side: calls, time, tags."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self.url = emulator.url
        self.asked = ("--endpoint-url", emulator.url)

    def project(self, name: str = "p", **tags: str) -> str:
        """A project; its tags are fixed before it is used."""
        body = {"name": name, "tags": tags}
        return str(self._bearer("/v1/organization/projects", body)["id"])

    def call(self, project: str | None = None, model: str = OSS) -> dict[str, Any]:
        """A call of somebody who is not costmark; returns its usage record."""
        body = {"model": model, "messages": [{"role": "user", "content": "Hello, world!"}]}
        self._bearer("/v1/chat/completions", body, **({"openai-project": project or "default"}))
        return self.emulator.usage()[-1]

    def forward(self, seconds: float) -> None:
        self.emulator.fetch("/_emulator/clock", {"forward_s": seconds})

    def today(self) -> dt.date:
        return dt.date.fromisoformat(self.emulator.fetch("/_emulator/clock")["now"][:10])

    def requests(self, operation: str) -> list[dict[str, Any]]:
        """Requests of billing that came."""
        return [
            each
            for each in self.emulator.requests()
            if dict(each["headers"]).get("x-amz-target", "").endswith(f".{operation}")
        ]

    def _bearer(self, path: str, body: dict[str, Any], **headers: str) -> Any:
        given = {"authorization": "Bearer ABSKEXAMPLE", "content-type": "application/json"}
        request = Request(self.url + path, json.dumps(body).encode(), {**given, **headers})
        with urlopen(request) as answer:
            return json.load(answer)


@contextmanager
def billed(*options: str) -> Iterator[Billed]:
    with run_emulator(*options) as emulator:
        yield Billed(emulator)


def use_credentials(patch: pytest.MonkeyPatch) -> None:
    """Those that boto3 finds."""
    patch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY_ID)
    patch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY)
    patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    patch.setenv("AWS_MAX_ATTEMPTS", "1")
