"""``costmark experiments``: list, gc."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from ..errors import Error
from ..reports.formats import counted, spend
from .output import complain, plain

if TYPE_CHECKING:
    import argparse

    from .._experiments import Found
    from .output import Commands


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "experiments",
        help="the projects of experiments: list them, archive what is over",
        description="Experiments (costmark.experiment in Python) have projects of their own for a "
        "while. See docs/projects-as-code.md.",
    )
    parts = parser.add_subparsers(metavar="PART", required=True)
    listing = parts.add_parser(
        "list",
        help="those that have a project, and those whose totals were kept",
        description="Lists the experiments that have a project now, and when their time is over; "
        "and those that ended, with what they used.",
    )
    gc = parts.add_parser(
        "gc",
        help="archive those whose time is over",
        description="Keeps the totals of experiments whose time is over, and archives their "
        "projects, which cannot be undone. Those that a crash left are among them.",
    )
    for part, run in ((listing, _list), (gc, _gc)):
        part.add_argument("--plane", choices=("auto", "mantle", "bedrock"), default="auto")
        part.add_argument("--region", metavar="NAME", help="in place of the option")
        part.add_argument("--base-url", metavar="URL", help="in place of the option")
        part.add_argument("--profile", metavar="NAME", help="in place of the option")
        part.add_argument("--ledger", metavar="PATH", help="in place of the option")
        part.add_argument("--json", action="store_true", help="as an array of objects")
        part.set_defaults(run=run)
    gc.add_argument("--dry-run", action="store_true", help="print them and archive nothing")


def _connect(arguments: argparse.Namespace) -> Any:
    from ..stack.places import connect

    given = {
        "region": arguments.region,
        "base_url": arguments.base_url,
        "profile": arguments.profile,
    }
    options = {name: value for name, value in given.items() if value is not None}
    return connect(arguments.plane, options)


def _list(arguments: argparse.Namespace) -> int:
    from .._experiments import found, kept, ledger_folder

    now = datetime.now(timezone.utc)
    shown: list[dict[str, Any]] = [
        {
            "name": each.name,
            "project": each.project,
            "state": "over" if each.is_over(now) else "open",
            "expires": None if each.expires is None else f"{each.expires:%Y-%m-%dT%H:%M:%SZ}",
        }
        for each in found(_connect(arguments))
    ]
    running = {each["project"] for each in shown}
    shown += [
        {**each, "state": "ended"}
        for each in kept(ledger_folder(arguments.ledger))
        if each["project"] not in running
    ]
    if arguments.json:
        print(json.dumps(shown, indent=2))
        return 0
    for each in shown:
        print(_line(each))
    if not shown:
        complain("no experiment has a project, and no totals of one were kept")
    return 0


def _line(entry: dict[str, Any]) -> str:
    from .._experiments import Totals

    line = f"{plain(entry['name'])}  {entry['project']}"
    if entry["state"] == "ended":
        used = Totals(**entry["totals"])
        return f"{line}  ended {entry['ended']}  {counted(used.calls, 'call')}  {spend(used)}"
    if entry["expires"] is None:
        return f"{line}  running, without a time to end"
    verb = "is over since" if entry["state"] == "over" else "running, ends"
    return f"{line}  {verb} {entry['expires']}"


def _gc(arguments: argparse.Namespace) -> int:
    from .._experiments import collect, found, ledger_folder

    api, now = _connect(arguments), datetime.now(timezone.utc)
    ledger = ledger_folder(arguments.ledger)
    over = [each for each in found(api) if each.is_over(now)]

    def is_archived(each: Found) -> bool:
        try:
            collect(api, each.name, each.project, ledger)
        except Error as error:
            complain(f"{each.name} ({each.project}): {error}")
            return False
        return True

    archived = over if arguments.dry_run else [each for each in over if is_archived(each)]
    done = [{"name": each.name, "project": each.project} for each in archived]
    if arguments.json:
        print(json.dumps(done, indent=2))
    else:
        verb = "would archive" if arguments.dry_run else "archived"
        for entry in done:
            print(f"{verb} {plain(entry['name'])}  {entry['project']}")
        if not over:
            complain("there is no experiment whose time is over")
    return 1 if len(archived) < len(over) else 0
