"""Cost allocation tags: how far keys have come on their way to the bill.

A tag of a project is on the bill once Billing has seen its key (up to a day after the first call),
its payer has activated it, and another day has passed. It is never on the bill of what came before,
unless a backfill puts it there.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

from ..errors import ServiceError

SETTLES = dt.timedelta(hours=24)
"""How long a key takes to be seen, and a status to hold."""
MOST_KEYS = 20
"""How many keys one call sets."""

_MOST_LISTED = 100


@dataclass(frozen=True)
class TagState:
    """What Billing knows of a key."""

    key: str
    is_seen: bool
    is_active: bool = False
    updated: dt.datetime | None = None
    """When it was activated, or deactivated."""
    last_used: str | None = None
    """The month, as in 2026-11."""

    def is_on_bill(self, now: dt.datetime) -> bool:
        """Whether today's usage will have it."""
        return self.is_active and (self.updated is None or now >= self.updated + SETTLES)

    def missing(self, now: dt.datetime) -> str:
        """What there is left to do, and how long it takes; empty where nothing is."""
        if not self.is_seen:
            return "not seen yet: up to 24 hours after the first call of a project that has it"
        if not self.is_active:
            return "not active: `costmark tags activate`, as the payer; holds after 24 hours"
        if not self.is_on_bill(now):
            assert self.updated is not None  # noqa: S101 - for the type checker
            return f"holds from {self.updated + SETTLES:%Y-%m-%d %H:%M} UTC at the latest"
        return ""


@dataclass(frozen=True)
class Listing:
    """Keys at some time, by AWS's clock."""

    states: list[TagState]
    now: dt.datetime

    @property
    def are_on_bill(self) -> bool:
        """Whether every one is."""
        return all(state.is_on_bill(self.now) for state in self.states)


@dataclass(frozen=True)
class Refused:
    """A key whose status was not set."""

    key: str
    code: str
    message: str


def listed(client: Any, keys: Sequence[str]) -> Listing:
    """Ask for these keys, in their order; ``client`` is boto3's `ce`. Each page is a request."""
    found: dict[str, TagState] = {}
    now = dt.datetime.now(dt.timezone.utc)
    for begin in range(0, len(keys), _MOST_LISTED):
        asked: dict[str, Any] = {"TagKeys": list(keys[begin : begin + _MOST_LISTED])}
        for page in _pages(client.list_cost_allocation_tags, asked):
            now = _time_of(page) or now
            for tag in page["CostAllocationTags"]:
                if tag["Type"] == "UserDefined":
                    found[tag["TagKey"]] = _state_of(tag)
    return Listing([found.get(key, TagState(key, is_seen=False)) for key in keys], now)


def every_key(client: Any) -> list[TagState]:
    """All keys of the payer, which a backfill is about."""
    return [
        _state_of(tag)
        for page in _pages(client.list_cost_allocation_tags, {})
        for tag in page["CostAllocationTags"]
    ]


def set_status(client: Any, keys: Sequence[str], *, is_active: bool) -> list[Refused]:
    """Activate or deactivate keys, twenty at a time; returns those that were refused."""
    refused = []
    status = "Active" if is_active else "Inactive"
    for begin in range(0, len(keys), MOST_KEYS):
        entries = [{"TagKey": key, "Status": status} for key in keys[begin : begin + MOST_KEYS]]
        answer = client.update_cost_allocation_tags_status(CostAllocationTagsStatus=entries)
        refused += [
            Refused(each.get("TagKey", "?"), each.get("Code", "?"), each.get("Message", ""))
            for each in answer.get("Errors", ())
        ]
    return refused


def backfill(client: Any, month: dt.date) -> dict[str, Any]:
    """Let the status of every key hold since a month."""
    begin = f"{month.replace(day=1).isoformat()}T00:00:00Z"
    answer = client.start_cost_allocation_tag_backfill(BackfillFrom=begin)
    request: dict[str, Any] = answer["BackfillRequest"]
    return request


def wait(
    ask: Callable[[], Listing],
    is_done: Callable[[Listing], bool],
    *,
    timeout_s: float,
    every_s: float,
    waiting: Callable[[Listing], None],
) -> bool:
    """Ask until it is done, or so much time has passed; whether it is done."""
    end = time.monotonic() + timeout_s
    while True:
        listing = ask()
        if is_done(listing):
            return True
        left_s = end - time.monotonic()
        if left_s <= 0:
            return False
        waiting(listing)
        time.sleep(min(every_s, left_s))


def _pages(operation: Callable[..., dict[str, Any]], asked: dict[str, Any]) -> Iterable[Any]:
    tokens: set[str] = set()
    token: str | None = None
    while True:
        page = operation(**asked, **({"NextToken": token} if token else {}))
        yield page
        token = page.get("NextToken")
        if not token:
            return
        if token in tokens:
            raise ServiceError("Cost Explorer names the same next page again")
        tokens.add(token)


def _state_of(tag: dict[str, Any]) -> TagState:
    updated, used = tag.get("LastUpdatedDate"), tag.get("LastUsedDate")
    return TagState(
        key=tag["TagKey"],
        is_seen=True,
        is_active=tag["Status"] == "Active",
        updated=dt.datetime.fromisoformat(updated.replace("Z", "+00:00")) if updated else None,
        last_used=used[:7] if used else None,
    )


def _time_of(page: dict[str, Any]) -> dt.datetime | None:
    """When AWS answered: delays count by its clock."""
    date = page.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
    return parsedate_to_datetime(date) if date else None
