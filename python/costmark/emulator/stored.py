"""Responses that later requests refer to."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .errors import not_found

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass
class Stored:
    """One response, the project that owns it, and the conversation up to its end."""

    body: dict[str, Any]
    project_id: str
    conversation: tuple[str, ...]
    # Set while a background response runs: ends it with the outcome that it is given.
    settle: Callable[[str], dict[str, Any]] | None = None


class StoredResponses:
    """The last responses, by id; another project's are not there."""

    def __init__(self, capacity: int = 10_000) -> None:
        self._stored: OrderedDict[str, Stored] = OrderedDict()
        self._capacity = capacity

    def add(self, stored: Stored) -> None:
        """Keep a response."""
        self._stored[stored.body["id"]] = stored
        while len(self._stored) > self._capacity:
            self._stored.popitem(last=False)

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

    def clear(self) -> None:
        """Forget every response."""
        self._stored.clear()

    def remove(self, response_id: str, project_id: str) -> None:
        """Delete a project's response, or a 404."""
        self.get(response_id, project_id)
        del self._stored[response_id]
