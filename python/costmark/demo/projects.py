"""The projects of the demo, as code: a file, a plan, and what apply made of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..stack.file import read_stack
from ..stack.places import addresses
from ..stack.runs import Result, apply_all, plan_all

SUPPORT, RESEARCH = "customer-support-bot", "research"
STACK = f"""\
stack = "demo"

[projects.{SUPPORT}]
tags = {{team = "platform", env = "prod"}}

[projects.{RESEARCH}]
tags = {{team = "research", env = "staging"}}
"""


@dataclass(frozen=True)
class Applied:
    """What the file asked for, and what there is now."""

    planned: Result
    done: Result
    again: Result
    """A plan after it, which has nothing left to do."""
    lock: Path

    @property
    def ids(self) -> dict[str, str]:
        """The projects' ids by the names that the file has."""
        return {each.change.name: each.project or "" for each in self.done.outcomes}


def projects_as_code(folder: Path) -> Applied:
    """Write the file, plan, apply, and plan again."""
    file, lock = folder / "costmark.toml", folder / "costmark.lock"
    file.write_text(STACK, encoding="utf-8", newline="\n")
    stack = read_stack(file)
    where = addresses(stack, None)
    (planned,) = plan_all(stack, where)
    (done,) = apply_all(stack, where, lock)
    (again,) = plan_all(stack, where)
    for result in (planned, done, again):
        if result.failed:
            raise RuntimeError(f"the projects could not be made: {result.error}")
    return Applied(planned, done, again, lock)
