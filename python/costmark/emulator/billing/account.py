"""What the billing services know of the account: its usage, its tags, its bill so far."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import TYPE_CHECKING

from .charges import DAY_S, Charge, charges, seconds_of
from .tag_keys import TagKeys

if TYPE_CHECKING:
    from ..settings import Settings
    from ..state.records import Records, UsageRecord
    from .data_exports import Export
    from .entries import Entry

BILLED_AFTER_S = DAY_S


class Account:
    """The payer of itself and others, as one of these accounts sees it, at the emulator's time."""

    def __init__(self, settings: Settings, records: Records, now: Callable[[], float]) -> None:
        self.settings = settings
        self.now = now
        self.tag_keys = TagKeys()
        self.exports: list[Export] = []
        self.entries: list[Entry] = []
        self.viewer = settings.account
        self._records = records

    def seen_by(self, viewer: str) -> Account:
        """The same as another account sees it: one that does not pay has its own lines alone."""
        seen = copy.copy(self)
        seen.viewer = viewer
        return seen

    @property
    def pays(self) -> bool:
        """Whether it is the payer who looks."""
        return self.viewer == self.settings.account

    def usage(self) -> list[UsageRecord]:
        """Every request with usage, by the time at which it ended."""
        return sorted(self._records.usage_records(), key=lambda record: record.time)

    def charges(self) -> list[Charge]:
        """The bill as far as AWS has come with it."""
        now = self.now()
        billed = []
        for record in self.usage():
            used = seconds_of(record)
            if used + BILLED_AFTER_S <= now:
                billed.append((record, self.tag_keys.shown(record.tags, used, now)))
        lines = charges(billed, self.settings.account, self.settings.region)
        lines += [each.charge(self.settings) for each in self.entries if each.begin <= now]
        return [line for line in lines if self.pays or line.account == self.viewer]

    def clear(self) -> None:
        """Forget what was set; the usage is the records' to forget."""
        self.tag_keys.clear()
        self.exports.clear()
        self.entries.clear()
