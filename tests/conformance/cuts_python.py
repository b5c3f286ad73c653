"""Reads answers through wrapped clients of httpx, cut in two: those of each line of standard input.

`cuts.py` starts it, and `tests/conformance/README.md` says what is in the lines.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import sys
from typing import TYPE_CHECKING, Any

import httpx

import costmark

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

COUNTS = {
    "input": "input_tokens",
    "cached": "cached_input_tokens",
    "cache_write": "cache_write_tokens",
    "output": "output_tokens",
    "reasoning": "reasoning_tokens",
    "total": "total_tokens",
}


class Pieces(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body in two pieces."""

    def __init__(self, body: bytes, cut: int) -> None:
        self._pieces = (body[:cut], body[cut:])

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._pieces)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece


class Below(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """What is below costmark: it has the answer."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self._headers = answer["headers"]
        self.body = base64.b64decode(answer["body"])
        self.cut = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer."""
        stream = Pieces(self.body, self.cut)
        return httpx.Response(200, headers=self._headers, stream=stream, request=request)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer."""
        return self.handle_request(request)


class Calls:
    """Makes the calls of one line."""

    def __init__(self, line: dict[str, Any]) -> None:
        self._line = line
        self._below = Below(line["answer"])
        self._rows: list[dict[str, Any]] = []
        self._options = {**line["options"], "on_usage": self._take}

    def _take(self, told: costmark.Answer) -> None:
        usage = {name: getattr(told, count) for name, count in COUNTS.items()}
        row = {"outcome": told.outcome, "usage": usage, "flags": list(told.flags)}
        self._rows.append(row)

    def all(self) -> None:
        """Print one line about all places in a row of which the same came."""
        came = asyncio.run(self._async()) if self._line["way"] == "async" else self._sync()
        for _, group in itertools.groupby(enumerate(came), lambda each: each[1]):
            cuts = list(group)
            named = {name: self._line[name] for name in ("name", "way")}
            print(json.dumps({**named, "from": cuts[0][0], "to": cuts[-1][0], **cuts[0][1]}))

    def _sync(self) -> list[dict[str, Any]]:
        with costmark.wrap(httpx.Client(transport=self._below), **self._options) as client:
            return [
                self._came(client.send(request, stream=True).iter_raw())
                for request in self._requests(client)
            ]

    async def _async(self) -> list[dict[str, Any]]:
        came = []
        async with costmark.wrap(
            httpx.AsyncClient(transport=self._below), **self._options
        ) as client:
            for request in self._requests(client):
                answer = await client.send(request, stream=True)
                came.append(self._came([piece async for piece in answer.aiter_raw()]))
        return came

    def _requests(self, client: Any) -> Iterator[httpx.Request]:
        headers, body = self._line["headers"], base64.b64decode(self._line["body"])
        for cut in range(len(self._below.body) + 1):
            self._below.cut = cut
            url = f"{self._line['url']}.{cut}{self._line['path']}"
            yield client.build_request("POST", url, headers=headers, content=body)

    def _came(self, pieces: Iterator[bytes] | list[bytes]) -> dict[str, Any]:
        passed = base64.b64encode(b"".join(pieces)).decode()
        rows, self._rows = self._rows, []
        return {"passed": passed, "rows": rows}


def main() -> None:
    """Make them."""
    for line in sys.stdin:
        Calls(json.loads(line)).all()


if __name__ == "__main__":
    main()
