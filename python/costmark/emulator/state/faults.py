"""Faults that can be switched on for the next inference requests."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from ..wire.errors import ApiError, expired_token, invalid

if TYPE_CHECKING:
    from collections.abc import Mapping

KINDS = (
    "status",
    "drop",
    "drop_stream",
    "stream_exception",
    "broken_frame",
    "slow",
    "reset",
    "expired_token",
    "slow_background",
    "fail_background",
    "repeat_page",
)
_CODES = {
    400: "validation_error",
    401: "invalid_api_key",
    403: "access_denied",
    404: "not_found_error",
    408: "request_timeout",
    429: "rate_limit_exceeded",
    500: "internal_server_error",
    503: "service_unavailable",
}


@dataclass(frozen=True)
class Target:
    """An inference request, as far as faults look at it."""

    api: str
    model: str
    project: str
    access_key_id: str | None
    streamed: bool
    background: bool
    in_frames: bool = False  # as AWS's event streams are
    is_named: bool = False
    """Whether only a fault that names its `api` is for it: billing's requests."""


@dataclass
class Fault:
    """One fault, for the next `count` requests that match it."""

    kind: str
    count: int = 1
    status: int = 500
    message: str | None = None
    code: str | None = None
    retry_after: float | None = None
    headers: dict[str, str] = field(default_factory=dict)
    after_events: int = 0
    delay_s: float = 0.0
    api: str | None = None
    model: str | None = None
    project: str | None = None
    access_key_id: str | None = None

    def matches(self, target: Target) -> bool:
        """Whether a request is one that this fault waits for."""
        if target.is_named and self.api is None:
            return False
        if self.kind == "repeat_page" and not target.is_named:
            return False
        if self.kind in ("slow_background", "fail_background") and not target.background:
            return False
        if self.kind == "drop_stream" and not target.streamed:
            return False
        if self.kind in ("stream_exception", "broken_frame") and not target.in_frames:
            return False
        wanted = (
            (self.api, target.api),
            (self.model, target.model),
            (self.project, target.project),
            (self.access_key_id, target.access_key_id),
        )
        return all(want is None or want == got for want, got in wanted)

    def delays_whole_answer(self, *, streamed: bool) -> bool:
        """Whether the answer begins `delay_s` late; else its parts come slowly, or nothing does."""
        if self.kind == "slow_background" or (streamed and self.kind == "slow"):
            return False
        return self.delay_s > 0

    def error(self) -> ApiError | None:
        """The error that this fault answers with, if it is one of those that answer."""
        if self.kind == "expired_token":
            return expired_token()
        if self.kind != "status":
            return None
        headers = dict(self.headers)
        if self.retry_after is not None:
            headers["retry-after"] = f"{self.retry_after:g}"
        code = self.code or _CODES.get(self.status, "emulated_fault")
        message = self.message or f"The emulator was told to answer with status {self.status}."
        return ApiError(self.status, code, message, headers=headers)


def _number(value: Any, name: str, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        raise invalid(f"'{name}' must be a number from {low:g} to {high:g}.", param=name)
    return float(value)


_MEMBERS = frozenset(each.name for each in fields(Fault))


def parse_fault(body: Mapping[str, Any]) -> Fault:
    """A fault from its JSON form, or an error that says what would have been right."""
    for name in body:
        if name not in _MEMBERS:
            expected = ", ".join(sorted(_MEMBERS))
            raise invalid(f"Unknown member '{name}'; expected one of {expected}.", param=name)
    kind = body.get("kind")
    if kind not in KINDS:
        raise invalid(f"'kind' must be one of {', '.join(KINDS)}.", param="kind")
    fault = Fault(kind)
    fault.count = int(_number(body.get("count", 1), "count", 1, 1_000_000))
    fault.status = int(_number(body.get("status", 500), "status", 400, 599))
    fault.after_events = int(_number(body.get("after_events", 0), "after_events", 0, 1e9))
    fault.delay_s = _number(body.get("delay_s", 0.0), "delay_s", 0, 3600)
    if body.get("retry_after") is not None:
        fault.retry_after = _number(body["retry_after"], "retry_after", 0, 86_400)
    for name in ("message", "code", "api", "model", "project", "access_key_id"):
        value = body.get(name)
        if value is not None and not isinstance(value, str):
            raise invalid(f"'{name}' must be a string.", param=name)
        setattr(fault, name, value)
    headers = body.get("headers") or {}
    if not isinstance(headers, dict) or not all(isinstance(v, str) for v in headers.values()):
        raise invalid("'headers' must be an object of strings.", param="headers")
    fault.headers = dict(headers)
    return fault


class Faults:
    """The faults that are switched on, oldest first."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Switch a fault on."""
        self._faults.append(fault)

    def clear(self) -> None:
        """Switch every fault off."""
        self._faults.clear()

    def pending(self) -> list[dict[str, Any]]:
        """The faults that still wait, with what is left of their counts."""
        return [dict(vars(fault)) for fault in self._faults]

    def take(self, target: Target) -> Fault | None:
        """The fault for a request, if one waits for it; its count goes down."""
        for fault in self._faults:
            if fault.matches(target):
                fault.count -= 1
                if fault.count == 0:
                    self._faults.remove(fault)
                return fault
        return None
