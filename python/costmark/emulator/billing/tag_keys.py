"""Cost allocation tags: from a project's tag to a key on the bill.

used ──24 h──► seen: can be activated ──activate──► active ──24 h──► on the bill
                          ▲                           │              from there on
                          └─────── deactivate ────────┘
A backfill puts what is active on the bill of earlier months, and takes off what is not.
"""

from __future__ import annotations

import calendar
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .aws_json import Answer, Asked, BillingError, invalid
from .charges import DAY_S, HOUR_S, seconds_of
from .pages import page_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..state.records import UsageRecord
    from .account import Account

ACTIVE, INACTIVE = "Active", "Inactive"
SEEN_AFTER_S = DAY_S
HOLDS_AFTER_S = DAY_S
BACKFILL_S = 6 * HOUR_S

_BACKFILL_EVERY_S = DAY_S
_MOST_MONTHS_BACK = 12
_MOST_LISTED = 100


@dataclass(frozen=True)
class _Change:
    """A status of a key, for usage from `begin` up to `end`, known from `known` on."""

    is_active: bool
    begin: float
    end: float
    known: float


@dataclass(frozen=True)
class _Backfill:
    begin: float
    requested: float

    @property
    def completed(self) -> float:
        return self.requested + BACKFILL_S

    def describe(self, now: float) -> dict[str, str]:
        is_done = now >= self.completed
        return {
            "BackfillFrom": zoned(self.begin),
            "RequestedAt": zoned(self.requested),
            "BackfillStatus": "SUCCEEDED" if is_done else "PROCESSING",
            "LastUpdatedAt": zoned(self.completed if is_done else self.requested),
            **({"CompletedAt": zoned(self.completed)} if is_done else {}),
        }


class TagKeys:
    """The keys of one payer: which are active, and for which usage they show."""

    def __init__(self) -> None:
        self._changes: dict[str, list[_Change]] = {}
        self._updated: dict[str, tuple[bool, float]] = {}
        self._backfills: list[_Backfill] = []

    def clear(self) -> None:
        """Forget every status."""
        self._changes.clear()
        self._updated.clear()
        self._backfills.clear()

    def shown(self, tags: Mapping[str, str], used: float, now: float) -> dict[str, str]:
        """The tags of usage of some time that the bill shows now."""
        return {key: value for key, value in tags.items() if self._shows(key, used, now)}

    def _shows(self, key: str, used: float, now: float) -> bool:
        shows = False
        for change in self._changes.get(key, ()):
            if change.known <= now and change.begin <= used < change.end:
                shows = change.is_active
        return shows

    def is_active(self, key: str) -> bool:
        """The status that a key was set to."""
        return self._updated.get(key, (False, 0.0))[0]

    def updated(self, key: str) -> float | None:
        """When the status of a key was last changed."""
        return self._updated[key][1] if key in self._updated else None

    def set_status(self, key: str, now: float, *, is_active: bool) -> None:
        """Set a key's status; the one that it has already is no change."""
        if is_active == self.is_active(key):
            return
        self._updated[key] = (is_active, now)
        begin = int(now) + HOLDS_AFTER_S  # usage is billed by whole seconds
        change = _Change(is_active, begin, float("inf"), begin)
        self._changes.setdefault(key, []).append(change)

    def backfill(self, begin: float, keys: Iterable[str], now: float) -> _Backfill:
        """Let every key's status hold for usage since some month."""
        if self._backfills and now < self._backfills[-1].requested + _BACKFILL_EVERY_S:
            raise BillingError(
                "BackfillLimitExceededException",
                "A backfill was requested within the last 24 hours, or is in progress.",
            )
        request = _Backfill(begin, now)
        for key in keys:
            change = _Change(self.is_active(key), begin, request.completed, request.completed)
            self._changes.setdefault(key, []).append(change)
        self._backfills.append(request)
        return request

    def backfills(self, now: float) -> list[dict[str, str]]:
        """Every backfill, the newest first."""
        return [each.describe(now) for each in reversed(self._backfills)]


def zoned(seconds: float) -> str:
    """UTC in ISO 8601, to the second."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


@dataclass
class _Seen:
    first: int
    last: int


def _seen(account: Account) -> dict[str, _Seen]:
    """The keys that Billing knows by now, with their first and last use."""
    return {
        key: used
        for key, used in sorted(_used(account.usage()).items())
        if used.first + SEEN_AFTER_S <= account.now()
    }


def _used(records: Iterable[UsageRecord]) -> dict[str, _Seen]:
    found: dict[str, _Seen] = {}
    for record in records:
        at = seconds_of(record)
        for key in record.tags:
            used = found.setdefault(key, _Seen(at, at))
            used.first, used.last = min(used.first, at), max(used.last, at)
    return found


def _only_for_the_payer(account: Account, what: str) -> None:
    if not account.pays:
        raise BillingError(
            "AccessDeniedException",
            f"Failed to {what}: Linked account doesn't have access to cost allocation tags.",
        )


def listing(account: Account, asked: Asked) -> Answer:
    """ListCostAllocationTags."""
    _only_for_the_payer(account, "list Cost Allocation Tags")
    wanted = asked.get("TagKeys")
    found = [
        _described(account, key, used)
        for key, used in _seen(account).items()
        if wanted is None or key in wanted
    ]
    found = [each for each in found if asked.get("Status") in (None, each["Status"])]
    if asked.get("Type") == "AWSGenerated":
        found = []
    shown, following = page_of(found, asked, min(asked.get("MaxResults", 100), _MOST_LISTED))
    return {"CostAllocationTags": list(shown), **following}


def _described(account: Account, key: str, used: _Seen) -> dict[str, Any]:
    updated = account.tag_keys.updated(key)
    month = time.strftime("%Y-%m-01T00:00:00Z", time.gmtime(used.last))
    return {
        "TagKey": key,
        "Type": "UserDefined",
        "Status": ACTIVE if account.tag_keys.is_active(key) else INACTIVE,
        **({"LastUpdatedDate": zoned(updated)} if updated is not None else {}),
        "LastUsedDate": month,
    }


def update(account: Account, asked: Asked) -> Answer:
    """UpdateCostAllocationTagsStatus: the keys that can be, and errors for the others."""
    _only_for_the_payer(account, "update Cost Allocation Tag")
    seen = _seen(account)
    errors = []
    for entry in asked["CostAllocationTagsStatus"]:
        key = entry["TagKey"]
        if key in seen:
            is_active = entry["Status"] == ACTIVE
            account.tag_keys.set_status(key, account.now(), is_active=is_active)
        else:
            message = f"Tag keys not found: {key}"
            errors.append({"TagKey": key, "Code": "TagKeysNotFound", "Message": message})
    return {"Errors": errors}


def start_backfill(account: Account, asked: Asked) -> Answer:
    """StartCostAllocationTagBackfill."""
    _only_for_the_payer(account, "start the backfill")
    now = account.now()
    begin = _begin_of_backfill(asked["BackfillFrom"], now)
    request = account.tag_keys.backfill(begin, _seen(account), now)
    return {"BackfillRequest": request.describe(now)}


def _begin_of_backfill(text: str, now: float) -> float:
    today = time.gmtime(now)
    this_month = today.tm_year * 12 + today.tm_mon - 1
    months = [
        f"{month // 12}-{month % 12 + 1:02}-01T00:00:00Z"
        for month in range(this_month - _MOST_MONTHS_BACK, this_month + 1)
    ]
    if text not in months:
        raise invalid(
            f"BackfillFrom must be the first of a month in UTC, from {months[0]} to {months[-1]}."
        )
    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))


def backfill_history(account: Account, asked: Asked) -> Answer:
    """ListCostAllocationTagBackfillHistory."""
    _only_for_the_payer(account, "list backfills")
    found = account.tag_keys.backfills(account.now())
    shown, following = page_of(found, asked, asked.get("MaxResults", 100))
    return {"BackfillRequests": list(shown), **following}
