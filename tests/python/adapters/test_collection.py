"""The garbage collector sees the callbacks that a wrapped client keeps by way of the core."""

from __future__ import annotations

import gc
import os
import weakref
from pathlib import Path
from typing import Any

import costmark
from adapters import clients
from adapters.clients import CREDENTIALS, httpx
from costmark import _core

ANSWER = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [
        {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hi."}}
    ],
}


class Server:
    """No server: answers come from a transport."""

    base_url = "https://gateway.example/v1"


class Service:
    """Keeps a client, which asks it for credentials: a cycle through the core."""

    def __init__(self, http_client: Any) -> None:
        self.client: Any = costmark.wrap(
            clients.plain(Server, http_client=http_client),  # type: ignore[arg-type]
            project="proj_a",
            auth="sigv4",
            region="us-east-1",
            credentials=self.keys,
        )

    def keys(self) -> costmark.Credentials:
        return CREDENTIALS

    def call(self) -> None:
        self.client.chat.completions.create(model="m", messages=[])


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_a_thousand_clients_that_ask_their_owners_are_collected() -> None:
    transport = httpx.MockTransport(lambda request: httpx.Response(200, json=ANSWER))
    http_client = httpx.Client(transport=transport)
    alive: list[weakref.ref[Service]] = []
    sizes, descriptors = [], []
    for _ in range(4):
        for number in range(250):
            service = Service(http_client)
            if number % 10 == 0:
                service.call()
            alive.append(weakref.ref(service))
        del service
        gc.collect()
        assert not any(each() for each in alive)
        sizes.append(resident_bytes())
        descriptors.append(len(os.listdir("/proc/self/fd")))
    assert max(descriptors) == min(descriptors)
    if "libasan" not in os.environ.get("LD_PRELOAD", ""):  # which keeps what was freed
        assert sizes[-1] - sizes[0] < 4 << 20


def test_what_is_still_used_is_not_collected() -> None:
    told: list[dict[str, Any]] = []
    client = _core.Client({"project": "proj_a"}, on_usage=lambda report: told.append(report))
    url, headers = "https://gateway.example/v1/chat/completions", [("content-type", "text/json")]
    operation, _ = client.begin("POST", url, headers, b'{"model":"m","messages":[]}')
    del client
    gc.collect()
    operation.prepare("POST", url, headers, b'{"model":"m","messages":[]}', False, True)
    operation.head(200)
    operation.finish()
    assert len(told) == 1


def test_a_source_of_tokens_is_collected() -> None:
    class Owner:
        def __init__(self) -> None:
            self.tokens = costmark.token_provider("us-east-1", credentials=self.keys)

        def keys(self) -> costmark.Credentials:
            return CREDENTIALS

    owner = Owner()
    assert owner.tokens()
    gone = weakref.ref(owner)
    del owner
    gc.collect()
    assert gone() is None
