"""Background responses by a clock that the test sets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

# The package comes from where `support` finds it.
import emulator.support  # noqa: F401

if TYPE_CHECKING:
    from costmark.emulator.state.stored_responses import Stored, StoredResponses


@dataclass
class Queue:
    """Responses that begin a quarter into their time, and what was recorded of them."""

    responses: StoredResponses
    ended: list[tuple[str, float | None]] = field(default_factory=list)

    def add(self, name: str, length: float, project: str = "proj_a") -> Stored:
        from costmark.emulator.state.background import BackgroundRun
        from costmark.emulator.state.stored_responses import Stored

        def end(status: str, at: float | None) -> dict[str, Any]:
            self.ended.append((name, at))
            return {"id": name, "status": status}

        run = BackgroundRun(
            created_at=0,
            begins_at=length / 4,
            ends_at=length,
            finish=lambda: end("completed", length),
            cancel_at=lambda at: end("cancelled", at),
        )
        stored = Stored({"id": name, "status": "queued"}, project, (), run)
        self.responses.add(stored)
        return stored


@pytest.fixture
def queue() -> Queue:
    from costmark.emulator.state.stored_responses import StoredResponses

    return Queue(StoredResponses(capacity=2))


def test_each_status_begins_at_its_time(queue: Queue) -> None:
    stored = queue.add("a", 8)
    seen = []
    for now in (0, 1.9, 2, 7.9, 8, 100):
        queue.responses.advance(now)
        seen.append(stored.body["status"])
    assert seen == ["queued"] * 2 + ["in_progress"] * 2 + ["completed"] * 2
    assert queue.ended == [("a", 8)]


def test_a_clock_that_jumps_skips_no_end_and_no_order(queue: Queue) -> None:
    queue.add("late", 8)
    queue.add("early", 4)
    queue.responses.advance(1000)
    assert queue.ended == [("early", 4), ("late", 8)]


def test_what_is_no_longer_kept_is_recorded_all_the_same(queue: Queue) -> None:
    for name in ("a", "b", "c"):
        queue.add(name, 4)
    assert queue.responses.find("a", "proj_a") is None
    queue.responses.advance(4)
    assert sorted(queue.ended) == [("a", 4), ("b", 4), ("c", 4)]


@pytest.mark.parametrize(("now", "told"), [(1, None), (2, 2), (5, 5)])
def test_cancelling_and_deleting_end_it_once(queue: Queue, now: float, told: float | None) -> None:
    cancelled = queue.add("cancelled", 8)
    queue.add("deleted", 8)
    queue.responses.advance(now)
    cancelled.cancel(now)
    queue.responses.remove("deleted", "proj_a", now)
    cancelled.cancel(now + 1)
    queue.responses.advance(9)
    assert cancelled.body["status"] == "cancelled"
    assert queue.ended == [("cancelled", told), ("deleted", told)]


def test_another_project_cannot_delete_it(queue: Queue) -> None:
    from costmark.emulator.wire.errors import ApiError

    queue.add("a", 8, project="proj_a")
    with pytest.raises(ApiError) as caught:
        queue.responses.remove("a", "proj_b", 3)
    assert caught.value.status == 404
    queue.responses.advance(8)
    assert queue.ended == [("a", 8)]


@pytest.mark.parametrize(("now", "share"), [(0, 0), (2, 0), (5, 0.5), (8, 1), (9, 1)])
def test_the_share_that_is_made(queue: Queue, now: float, share: float) -> None:
    run = queue.add("a", 8).run
    assert run is not None
    assert run.share_made(now) == share


def test_one_that_takes_no_time_is_made_at_once(queue: Queue) -> None:
    stored = queue.add("a", 0)
    assert stored.run is not None
    assert stored.run.share_made(0) == 1
    queue.responses.advance(0)
    assert stored.body["status"] == "completed"
