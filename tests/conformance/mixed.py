"""Calls of every kind for runners, and what must come of each."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from typing import Any

from harness import ACCESS_KEY_ID, MODEL, REGION, SECRET_ACCESS_KEY

CLAUDE = "anthropic.claude-opus-4-8"
EMBEDDING = "emulator.embedding-1"
RETRIES = 3
CALLS_A_CASE = 25
JSON = ["Content-Type", "application/json"]
# No answer, or one that is made again.
REPEATED = ("429", "500", "drop", "reset")
WORDS = ["What", "is", "größer", "als", "日本", "\U0001f600", '"', "\\n"]


@dataclass
class Call:
    """A call of a runner."""

    path: str
    body: dict[str, Any]
    faults: list[str] = field(default_factory=list)
    left: bool = False
    """Its host leaves the stream behind its first bytes."""

    @property
    def statuses(self) -> list[int]:
        """Of its attempts; 0: no answer."""
        failed = [fault for fault in self.faults if fault in REPEATED]
        return [int(fault) if fault.isdigit() else 0 for fault in failed] + [200]

    @property
    def outcomes(self) -> set[str]:
        """Those that the last attempt may have."""
        if self.left:
            return {"cancelled", "ok"}  # all of it may have come before
        if "cut" in self.faults:
            return {"incomplete"}
        return {"open"} if self.body.get("background") else {"ok"}

    def to_json(self, name: str, project: str) -> dict[str, Any]:
        """As runners read it."""
        headers = [JSON, ["x-faults", " ".join(self.faults)], ["x-project", project]]
        if "messages" in self.path:
            headers.append(["anthropic-version", "2023-06-01"])
        does = {"does": "cancel", "after_bytes": 1} if self.left else {"does": "repeat"}
        return {
            "request": {
                "method": "POST",
                "path": self.path,
                "headers": headers,
                "body": json.dumps(self.body, separators=(",", ":"), ensure_ascii=False),
                "project": "",
                "scope": project,
                "labels": {"call": name},
            },
            "host": {**does, "retries": RETRIES},
        }


def poll(response_id: str, project: str) -> dict[str, Any]:
    """A call that asks for a background response."""
    call = Call(f"/v1/responses/{response_id}", {}).to_json("poll", project)
    call["request"] |= {"method": "GET", "body": ""}
    return call


def some_call(choose: random.Random, kinds: list[str]) -> Call:
    """A call of one of these kinds, which may go wrong."""
    kind = choose.choice(kinds)
    words = " ".join(choose.choices(WORDS, k=choose.randrange(5, 60)))
    turns = [{"role": "user", "content": words}]
    streamed: dict[str, Any] = {"stream": True} if choose.random() < 0.4 else {}
    if kind == "chat":
        usage = {"stream_options": {"include_usage": True}}
        asks = usage if streamed and choose.random() < 0.3 else {}
        body = {"model": MODEL, "messages": turns, **streamed, **asks}
        call = Call("/v1/chat/completions", body)
    elif kind == "responses":
        call = Call("/v1/responses", {"model": MODEL, "input": words, **streamed})
    elif kind == "background":
        body = {"model": MODEL, "input": words, "background": True}
        return Call(
            "/v1/responses", body, [choose.choice(REPEATED)] if choose.random() < 0.1 else []
        )
    elif kind == "messages":
        body = {"model": CLAUDE, "max_tokens": 50, "messages": turns, **streamed}
        call = Call("/anthropic/v1/messages", body)
    else:
        return Call("/v1/embeddings", {"model": EMBEDDING, "input": words})
    go_wrong(call, choose)
    return call


def go_wrong(call: Call, choose: random.Random) -> None:
    """5% are cut, 5% are throttled, 2% fail, 1% have no answer; some of these more than once."""
    chance = choose.random()
    if chance < 0.05:
        if not call.body.get("stream"):
            call.body["stream"] = True
        call.faults.append("cut")
    elif chance < 0.13:
        fault = (
            "429" if chance < 0.1 else "500" if chance < 0.12 else choose.choice(["drop", "reset"])
        )
        call.faults += [fault] * choose.choice([1, 1, 1, 2, 3])
    elif chance < 0.15 and call.body.get("stream"):
        call.left = True


def cases_of(
    group: str, ways: list[str], ledger: str, project: str, calls: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Calls as cases of a client each."""
    options = {
        "endpoint": "mantle",
        "auth": "sigv4",
        "base_url": "{origin}",
        "region": REGION,
        "access_key_id": ACCESS_KEY_ID,
        "secret_access_key": SECRET_ACCESS_KEY,
        "max_attempts": str(RETRIES + 1),
        "ledger": ledger,
    }
    return [
        {
            "name": f"{group}-{first}",
            "ways": ways,
            "client": {"options": options, "environment": {}},
            "calls": calls[first : first + CALLS_A_CASE],
        }
        for first in range(0, len(calls), CALLS_A_CASE)
    ]
