"""``costmark projects plan``, ``apply`` and ``drift``: projects as a file says them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import ConfigurationError
from ..output import complain, plain

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from ...stack.model import Stack
    from ...stack.places import Address
    from ...stack.runs import Result
    from ..output import Commands, Parser

_DIFFERENCES = 3


def add_to(parts: Commands) -> None:
    """Add the three parts."""
    plan = parts.add_parser(
        "plan",
        help="what apply would change",
        description="Compares costmark.toml with the projects that there are, and prints what "
        "apply would write. Nothing is written. See docs/projects-as-code.md.",
    )
    apply = parts.add_parser(
        "apply",
        help="make the projects what costmark.toml says",
        description="Creates, renames and tags projects so that they are what costmark.toml says, "
        "and writes costmark.lock. A second run changes nothing.",
    )
    drift = parts.add_parser(
        "drift",
        help="what was changed elsewhere",
        description="Prints in what the projects that there are differ from costmark.toml. Those "
        "that were not created yet are no drift.",
    )
    for part, run in ((plan, _plan), (apply, _apply), (drift, _drift)):
        add_file(part)
        add_target(part, "; 'all' takes every target")
        part.add_argument("--json", action="store_true", help="as one object")
        part.add_argument(
            "--exit-code",
            action="store_true",
            help=f"end with {_DIFFERENCES} when there are changes, else 0",
        )
        part.set_defaults(run=run)
    for part in (plan, apply):
        part.add_argument(
            "--allow-archive",
            action="store_true",
            help="archive projects that are not in the file any more; it cannot be undone",
        )
    plan.add_argument("--out", metavar="PLAN", type=Path, help="also write the plan to this file")
    apply.add_argument(
        "plan",
        nargs="?",
        metavar="PLAN",
        type=Path,
        help="apply this plan, if the projects are still what it was made for",
    )


def add_file(parser: Parser) -> None:
    """Add the option that names the file."""
    parser.add_argument(
        "--file",
        type=Path,
        default=Path("costmark.toml"),
        metavar="FILE",
        help="default: %(default)s; costmark.lock is beside it",
    )


def add_target(parser: Parser, more: str = "") -> None:
    """Add the option that selects a target."""
    parser.add_argument("--target", metavar="NAME", help=f"one of the file's targets{more}")


def lock_beside(file: Path) -> Path:
    """The lock file that belongs to a file."""
    from ...stack.lock import NAME

    return file.with_name(NAME)


def stack_and_addresses(arguments: argparse.Namespace) -> tuple[Stack, list[Address]]:
    """What the file says, and where it is to hold."""
    from ...stack.file import read_stack
    from ...stack.places import addresses

    stack = read_stack(arguments.file)
    return stack, addresses(stack, arguments.target)


def _plan(arguments: argparse.Namespace) -> int:
    from ...stack.runs import plan_all

    stack, where = stack_and_addresses(arguments)
    results = plan_all(stack, where, allow_archive=arguments.allow_archive)
    if arguments.out is not None:
        _write_plan(arguments.out, stack, results)
    return _show(results, arguments)


def _write_plan(path: Path, stack: Stack, results: Sequence[Result]) -> None:
    from ...stack.plan_file import Planned, write_plan

    failed = [result for result in results if result.place is None or result.plan is None]
    if failed:
        complain(f"{path} is not written, since there is no plan for {failed[0].address}")
        return
    write_plan(
        path,
        stack.name,
        [
            Planned(each.address.target.name, each.place, each.state, each.plan.changes)
            for each in results
            if each.place is not None and each.plan is not None
        ],
    )
    complain(f"wrote {path}")


def _drift(arguments: argparse.Namespace) -> int:
    from ...stack.runs import plan_all

    stack, where = stack_and_addresses(arguments)
    return _show(plan_all(stack, where, only_drift=True), arguments)


def _apply(arguments: argparse.Namespace) -> int:
    from ...stack.plan_file import read_plan
    from ...stack.runs import apply_all, apply_planned

    stack, where = stack_and_addresses(arguments)
    lock = lock_beside(arguments.file)
    if arguments.plan is None:
        results = apply_all(stack, where, lock, allow_archive=arguments.allow_archive)
    elif arguments.allow_archive:
        raise ConfigurationError(
            "a plan says itself what is archived; give --allow-archive to 'costmark projects plan'",
            code="invalid_argument",
        )
    else:
        results = apply_planned(stack, read_plan(arguments.plan, stack.name), where, lock)
    return _show(results, arguments)


def _show(results: Sequence[Result], arguments: argparse.Namespace) -> int:
    """Print one result for each place, and return the exit status."""
    has_changes = any(result.plan and result.plan.changes for result in results)
    if arguments.json:
        places = [result.document() for result in results]
        print(json.dumps({"changes": has_changes, "places": places}, indent=2))
    else:
        for result in results:
            _print(result, is_alone=len(results) == 1)
    if any(result.failed for result in results):
        return 1
    return _DIFFERENCES if arguments.exit_code and has_changes else 0


def _print(result: Result, *, is_alone: bool) -> None:
    from ...stack.shown import plan_lines

    where = f"{result.address.target.name}: {result.place or result.address}"
    if not is_alone:
        print(f"# {plain(where)}")
    if result.error is not None:
        complain(f"{result.address}: {result.error}")
    for line in plan_lines(result.plan) if result.plan is not None else ():
        print(line)
    for outcome in result.outcomes:
        if outcome.error is not None:
            complain(f"{result.address}: {outcome.change.name}: {outcome.error}")
    if result.outcomes:
        done = sum(outcome.error is None for outcome in result.outcomes)
        print(f"Applied: {done} of {len(result.outcomes)}.")
    if not is_alone:
        print()
