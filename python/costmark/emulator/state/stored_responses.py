"""Responses that later requests refer to."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from ..wire.errors import not_found

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..wire.event_streams import Scheduled
    from .background import BackgroundRun


@dataclass
class Stored:
    """One response, the project that owns it, and the conversation up to its end."""

    body: dict[str, Any]
    project_id: str
    conversation: tuple[str, ...]
    run: BackgroundRun | None = None
    # The events of a background response that was created as a stream.
    schedule: Callable[[], Sequence[Scheduled]] | None = None

    def advance(self, now: float) -> None:
        """Bring a background response to where it is at `now`."""
        if self.run is not None:
            self.body = self.run.advance(self.body, now)

    def cancel(self, now: float) -> None:
        """End a background response that is still on its way."""
        if self.run is not None:
            self.body = self.run.cancel(self.body, now)


class StoredResponses:
    """The last responses, by id; another project's are not there."""

    def __init__(self, capacity: int = 10_000) -> None:
        self._stored: OrderedDict[str, Stored] = OrderedDict()
        # Apart from the others, so that those which are no longer kept are recorded all the same.
        self._running: list[Stored] = []
        self._capacity = capacity

    def add(self, stored: Stored) -> None:
        """Keep a response."""
        self._stored[stored.body["id"]] = stored
        if stored.run is not None:
            self._running.append(stored)
            self._running.sort(key=attrgetter("run.ends_at"))
        while len(self._stored) > self._capacity:
            self._stored.popitem(last=False)

    def advance(self, now: float) -> None:
        """Bring every background response to where it is at `now`, in the order of their ends."""
        for stored in self._running:
            stored.advance(now)
        self._running = [each for each in self._running if each.run and not each.run.ended]

    def find(self, response_id: str, project_id: str) -> Stored | None:
        """A project's response, or None."""
        stored = self._stored.get(response_id)
        return stored if stored is not None and stored.project_id == project_id else None

    def get(self, response_id: str, project_id: str) -> Stored:
        """A project's response, or a 404."""
        stored = self.find(response_id, project_id)
        if stored is None:
            raise not_found(f"Response with id '{response_id}' not found.")
        return stored

    def remove(self, response_id: str, project_id: str, now: float) -> None:
        """Delete a project's response, or a 404; one that is on its way is cancelled first."""
        self.get(response_id, project_id).cancel(now)
        del self._stored[response_id]

    def clear(self) -> None:
        """Forget every response, also those on their way."""
        self._stored.clear()
        self._running.clear()
