"""Planning and applying in every place of a target, side by side, with one result each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from .._files import file_problem
from ..errors import ConfigurationError, Error
from .applying import Outcome, apply_changes
from .lock import changing
from .places import Address, Connect, Session, connect, open_session
from .planning import CREATE, Plan, make_plan

if TYPE_CHECKING:
    from pathlib import Path

    from .model import Stack
    from .places import Place
    from .plan_file import Planned
    from .world import World

_AT_ONCE = 8


@dataclass(frozen=True)
class Result:
    """What came of one place."""

    address: Address
    place: Place | None = None
    plan: Plan | None = None
    state: str = ""
    outcomes: list[Outcome] = field(default_factory=list)
    error: str | None = None

    @property
    def failed(self) -> bool:
        """Whether the place, or one of its changes, ended with an error."""
        return self.error is not None or any(each.error for each in self.outcomes)

    def document(self) -> dict[str, Any]:
        """As ``--json`` prints it."""
        place = None if self.place is None else vars(self.place)
        plan = self.plan or Plan(())
        return {
            "target": self.address.target.name,
            **(place or {"region": self.address.region, "plane": self.address.plane}),
            "changes": [change.document() for change in plan.changes],
            "notes": list(plan.notes),
            "applied": [
                {"name": each.change.name, "project": each.project, "error": each.error}
                for each in self.outcomes
            ],
            "error": self.error,
        }


def plan_all(
    stack: Stack,
    where: Sequence[Address],
    *,
    allow_archive: bool = False,
    only_drift: bool = False,
    connect: Connect = connect,
) -> list[Result]:
    """The plan of each place. Nothing is written."""

    def run(address: Address) -> Result:
        session = open_session(address, connect)
        world = session.observe()
        plan = make_plan(stack, world, allow_archive=allow_archive)
        if only_drift:
            changes = tuple(each for each in plan.changes if each.action != CREATE)
            plan = Plan(changes, plan.notes)
        return Result(address, session.place, plan, world.state(stack))

    return _each(run, where)


def apply_all(
    stack: Stack,
    where: Sequence[Address],
    lock: Path,
    *,
    allow_archive: bool = False,
    connect: Connect = connect,
) -> list[Result]:
    """Plan and write in each place."""

    def run(address: Address) -> Result:
        session = open_session(address, connect)
        world = session.observe()
        plan = make_plan(stack, world, allow_archive=allow_archive)
        return _apply(stack, address, session, world, plan, lock)

    return _each(run, where)


def apply_planned(
    stack: Stack,
    planned: Sequence[Planned],
    where: Sequence[Address],
    lock: Path,
    *,
    connect: Connect = connect,
) -> list[Result]:
    """Write what was planned, where the world is still the one that it was planned for."""
    by_address = {(each.target.name, each.region): each for each in where}

    def run(item: Planned) -> Result:
        address = by_address.get((item.target, item.place.region)) or by_address.get(
            (item.target, None)
        )
        if address is None:
            raise ConfigurationError(
                f"the plan is for target {item.target!r} in {item.place.region}, which the file "
                "does not have, or which is not selected"
            )
        session = open_session(address, connect)
        if session.place != item.place:
            raise ConfigurationError(
                f"the plan is for {item.place}, and this is {session.place}: plan again"
            )
        world = session.observe()
        if world.state(stack) != item.state:
            raise ConfigurationError(
                f"the projects of {item.place} have changed since the plan was made: plan again"
            )
        return _apply(stack, address, session, world, Plan(item.changes), lock)

    return _each(run, planned)


def _apply(
    stack: Stack, address: Address, session: Session, world: World, plan: Plan, lock: Path
) -> Result:
    outcomes = apply_changes(session.api, plan.changes)
    result = Result(address, session.place, plan, outcomes=outcomes)
    try:
        if outcomes:
            world = session.observe()
        record(stack, session.place, world, lock)
    except (Error, OSError) as error:  # what was written is told all the same
        return replace(result, error=_text_of(error))
    return result


def record(stack: Stack, place: Place, world: World, lock: Path) -> None:
    """Take over into the lock file what there is in a place."""
    with changing(lock) as found:
        found.record(vars(place), stack, world, datetime.now(timezone.utc).date().isoformat())


def _each(run: Callable[[Any], Result], items: Sequence[Any]) -> list[Result]:
    def guarded(item: Any) -> Result:
        try:
            return run(item)
        except (Error, OSError) as error:
            return Result(_address_of(item), error=_text_of(error))

    if len(items) == 1:
        return [guarded(items[0])]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(guarded, items))


def _text_of(error: Error | OSError) -> str:
    return file_problem(error) if isinstance(error, OSError) else str(error)


def _address_of(item: Address | Planned) -> Address:
    if isinstance(item, Address):
        return item
    from .model import Target

    return Address(Target(item.target), item.place.region, item.place.plane)
