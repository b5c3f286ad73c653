"""What the emulator remembers: usage, and the requests as they came."""

from __future__ import annotations

import hashlib
import time
from collections import Counter, deque
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..settings import Settings
    from ..wire.received import Received

_SHOWN_BODY_BYTES = 1024 * 1024


def timestamp(seconds: float) -> str:
    """UTC in ISO 8601 with milliseconds."""
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return f"{whole}.{int(seconds * 1000) % 1000:03d}Z"


@dataclass(frozen=True)
class UsageRecord:
    """The usage of one inference request.

    `outcome` is `completed`, `incomplete` (cut by its own token limit), `cancelled` (the caller
    went away, or cancelled a background response in progress) or `cut` (a fault ended the stream).
    """

    request_id: str
    response_id: str
    account: str
    project: str
    project_arn: str
    tags: dict[str, str]
    api: str
    model: str
    streamed: bool
    status: int
    outcome: str
    signed_by: str
    access_key_id: str | None
    input_tokens: int
    cached_input_tokens: int
    output_tokens: int
    reasoning_tokens: int
    cache_write_tokens: int
    time: str


class Records:
    """Usage records without bound, requests up to a number."""

    def __init__(self, settings: Settings) -> None:
        self._private = settings.private
        self._shows_bodies = settings.show_prompts
        self._clock = settings.now
        self._usage: list[UsageRecord] = []
        self._requests: deque[dict[str, Any]] = deque(maxlen=settings.keep_requests)
        self._accepted: Counter[str] = Counter()
        self._refused: Counter[str] = Counter()

    def add_usage(self, record: UsageRecord) -> None:
        """Keep one record."""
        self._usage.append(record)

    def usage_records(self) -> list[UsageRecord]:
        """Every usage record, for the bill."""
        return list(self._usage)

    def usage(self) -> list[dict[str, Any]]:
        """Every usage record, in the order in which the requests ended."""
        return [asdict(record) for record in self._usage]

    def add_request(self, request: Received) -> dict[str, Any]:
        """Keep a request as it came; its `status` is filled in when it is answered."""
        shown: str | None = None
        if self._shows_bodies:
            shown = request.body[:_SHOWN_BODY_BYTES].decode("utf-8", "replace")
        entry: dict[str, Any] = {
            "request_id": request.request_id,
            "time": timestamp(self._clock()),
            "method": request.method,
            "path": request.raw_path,
            "query": request.raw_query,
            "headers": [[name, self._shown(value)] for name, value in request.headers],
            "body": shown,
            "body_bytes": len(request.body),
            "body_sha256": hashlib.sha256(request.body).hexdigest(),
            "status": None,
        }
        self._requests.append(entry)
        return entry

    def requests(self) -> list[dict[str, Any]]:
        """The last requests, oldest first."""
        return list(self._requests)

    def count_accepted(self, signed_by: str) -> None:
        """Count a request whose sender was proven."""
        self._accepted[signed_by] += 1

    def count_refused(self, why: str) -> None:
        """Count a request that was turned away for its authorization."""
        self._refused[why] += 1

    def authorizations(self) -> dict[str, dict[str, int]]:
        """How many requests were accepted, by kind, and refused, by the reason they were told."""
        return {"accepted": dict(self._accepted), "refused": dict(self._refused)}

    def clear_authorizations(self) -> None:
        """Count anew."""
        self._accepted.clear()
        self._refused.clear()

    def clear_usage(self) -> None:
        """Forget the usage."""
        self._usage.clear()

    def clear_requests(self) -> None:
        """Forget the requests."""
        self._requests.clear()

    def _shown(self, value: str) -> str:
        for secret in self._private:
            value = value.replace(secret, "***")
        return value
