"""``costmark tags``: from the tags of projects to tags on the bill."""

from __future__ import annotations

import argparse
import contextlib
import json
import re
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._names import FILE, read_lock
from ..bill import tags
from ..errors import ConfigurationError
from .aws import Identity, add_identity, asking, grant, shell
from .output import complain, is_wanted, plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..bill.tags import Listing, TagState
    from .output import Commands

_PROJECT_KEY = "costmark_project"
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_RIGHTS = {
    "status": ["ce:ListCostAllocationTags"],
    "activate": ["ce:UpdateCostAllocationTagsStatus"],
    "backfill": ["ce:ListCostAllocationTags", "ce:StartCostAllocationTagBackfill"],
    "wait": ["ce:ListCostAllocationTags"],
}
_PAYER = (
    "Cost allocation tags belong to the payer of an organization, or to an account without one."
)

_NAME_THE_PAYER = (
    "Another account pays for this one, so no policy of this one helps. Name an identity of the "
    "payer: --billing-profile NAME, or --billing-role-arn ARN for a role that may be assumed."
)


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "tags",
        help="whether the tags of projects are on the bill, and activate them",
        description=f"{_PAYER} A key is seen up to 24 hours after the first call of a project that "
        "has it, holds 24 hours after it was activated, and not for what came before. Each request "
        "costs $0.01. Needs costmark[aws].",
    )
    parser.set_defaults(run=lambda _: _missing(parser))
    parts = parser.add_subparsers(metavar="PART")
    status = parts.add_parser(
        "status",
        help="what of each key Billing has seen and activated",
        description="Shows of each key whether Billing has seen it, since when it is active, the "
        "month of its last use, and what is missing.",
    )
    status.add_argument("--json", action="store_true", help="as an array of objects")
    status.add_argument(
        "--exit-code", action="store_true", help="exit with 3 where a key is not on the bill"
    )
    activate = parts.add_parser(
        "activate",
        help="activate keys",
        description="Activates keys, twenty with a request. Errors of single keys are shown, and "
        "end with 1.",
    )
    back = parts.add_parser(
        "backfill",
        help="put the tags on the bill of earlier months",
        description="Lets the status of keys hold for earlier months too: active ones are put on "
        "their bill, and inactive ones are taken off. That is so for all keys of the payer, not "
        "for those of projects alone. AWS takes one request in 24 hours.",
    )
    back.add_argument(
        "--since", type=_month, required=True, metavar="MONTH", help="the first month: 2026-10"
    )
    back.add_argument("--yes", action="store_true", help="do not ask")
    waiting = parts.add_parser(
        "wait",
        help="wait until the keys are on the bill",
        description="Asks from time to time until every key has come as far as --for says. With "
        "what is usual here that is 51 requests at most, which cost $0.51.",
    )
    _add_waiting(waiting)
    for part, run in (
        (status, _status),
        (activate, _activate),
        (back, _backfill),
        (waiting, _wait),
    ):
        if part is not back:
            _add_keys(part)
        add_identity(part.add_argument_group("asking AWS"), with_view=False)
        part.set_defaults(run=run)


def _missing(parser: argparse.ArgumentParser) -> int:
    parser.print_help()
    return 2


def _add_keys(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--key",
        action="append",
        default=[],
        metavar="KEY",
        help=f"a key beside {_PROJECT_KEY}; may be given several times",
    )
    parser.add_argument(
        "--lock",
        metavar="FILE",
        help=f"projects whose keys count too (default: {FILE}, where there is one)",
    )


def _add_waiting(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--for",
        dest="state",
        choices=["seen", "active", "bill"],
        default="bill",
        help="seen: Billing has seen every key, so that it can be activated; active: every key is "
        "activated; bill: that holds, so that new lines of the bill have it (default: %(default)s)",
    )
    parser.add_argument(
        "--timeout", type=_span, default=_span("50h"), metavar="SPAN", help="at most (default: 50h)"
    )
    parser.add_argument(
        "--every",
        type=_span,
        default=_span("1h"),
        metavar="SPAN",
        help="how often to ask, at $0.01 each; AWS takes up to a day for each step (default: 1h)",
    )


# --- The parts ------------------------------------------------------------------------------------


def _status(arguments: argparse.Namespace) -> int:
    listing = _listing(arguments, "status")
    if arguments.json:
        json.dump([_as_json(each, listing) for each in listing.states], sys.stdout, indent=1)
        print()
    else:
        _print(listing)
    return 3 if arguments.exit_code and not listing.are_on_bill else 0


def _activate(arguments: argparse.Namespace) -> int:
    identity, keys = Identity.of(arguments), _keys(arguments)
    commands = [
        [
            *("aws", "ce", "update-cost-allocation-tags-status", "--cost-allocation-tags-status"),
            *(f"TagKey={key},Status=Active" for key in keys[begin : begin + tags.MOST_KEYS]),
        ]
        for begin in range(0, len(keys), tags.MOST_KEYS)
    ]
    with _asking(identity, "activate", *commands):
        refused = tags.set_status(identity.client("ce"), keys, is_active=True)
    failed = {each.key for each in refused}
    for each in refused:
        complain(f"{each.key}: {each.code}: {each.message}")
    done = [key for key in keys if key not in failed]
    if done:
        print(plain(f"active: {', '.join(done)}; on the bill within 24 hours, from then on"))
    return 1 if refused else 0


def _backfill(arguments: argparse.Namespace) -> int:
    identity = Identity.of(arguments)
    begin = f"{arguments.since.isoformat()}T00:00:00Z"
    command = ["aws", "ce", "start-cost-allocation-tag-backfill", "--backfill-from", begin]
    with _asking(identity, "backfill", command):
        client = identity.client("ce")
        if not arguments.yes and not _confirmed(tags.every_key(client), arguments.since):
            complain("nothing was changed")
            return 1
        request = tags.backfill(client, arguments.since)
    print(f"backfill from {request['BackfillFrom'][:10]}: {request['BackfillStatus'].lower()}")
    return 0


def _confirmed(keys: list[TagState], month: date) -> bool:
    active = [each.key for each in keys if each.is_active]
    inactive = [each.key for each in keys if not each.is_active]
    print(f"From {month.isoformat()[:7]} on, on all bills of the payer:")
    for what, names in (("put on", active), ("taken off", inactive)):
        print(plain(f"  {what}: {', '.join(names) or 'no key'}"))
    return is_wanted()


def _wait(arguments: argparse.Namespace) -> int:
    identity, keys = Identity.of(arguments), _keys(arguments)
    tests: dict[str, Callable[[Listing], bool]] = {
        "seen": lambda listing: all(each.is_seen for each in listing.states),
        "active": lambda listing: all(each.is_active for each in listing.states),
        "bill": lambda listing: listing.are_on_bill,
    }
    with _asking(identity, "wait"):
        client = identity.client("ce")
        is_done = tags.wait(
            lambda: tags.listed(client, keys),
            tests[arguments.state],
            timeout_s=arguments.timeout,
            every_s=arguments.every,
            waiting=_tell,
        )
    if not is_done:
        complain("the time is over; `costmark tags status` tells what is missing")
        return 1
    return 0


def _tell(listing: Listing) -> None:
    for state in listing.states:
        if missing := state.missing(listing.now):
            complain(plain(f"{state.key}: {missing}"))


# --- What they have in common ---------------------------------------------------------------------


def _listing(arguments: argparse.Namespace, part: str) -> Listing:
    identity, keys = Identity.of(arguments), _keys(arguments)
    with _asking(identity, part):
        return tags.listed(identity.client("ce"), keys)


def _asking(
    identity: Identity, part: str, *commands: list[str]
) -> contextlib.AbstractContextManager[None]:
    """boto3's errors as ours, with what someone who has the rights can do instead."""
    listed = "\n".join(f"  {shell(command)}" for command in commands)

    def as_administrator() -> str:
        told = [_PAYER, grant(identity, f"costmark-tags-{part}", *_RIGHTS[part])]
        return "\n\n".join(
            [*told, *([f"Or someone who has them runs:\n\n{listed}"] if listed else [])]
        )

    def as_payer() -> str:
        told = [_PAYER, _NAME_THE_PAYER]
        return "\n\n".join([*told, *([f"Or the payer runs:\n\n{listed}"] if listed else [])])

    return asking("Cost Explorer", as_administrator, as_payer)


def _keys(arguments: argparse.Namespace) -> list[str]:
    """Every key once, the project's first."""
    return list(dict.fromkeys([_PROJECT_KEY, *arguments.key, *_keys_of_lock(arguments.lock)]))


def _keys_of_lock(name: str | None) -> list[str]:
    path = Path(name or FILE)
    if name is None and not path.exists():
        return []
    value = read_lock(path)
    try:
        return sorted({key for project in value["projects"] for key in project.get("tags", {})})
    except (TypeError, AttributeError) as error:
        raise ConfigurationError(
            f"{path} is not a lock file: {type(error).__name__}: {error}"
        ) from None


def _as_json(state: TagState, listing: Listing) -> dict[str, Any]:
    return {
        "key": state.key,
        "seen": state.is_seen,
        "active": state.is_active,
        "updated": state.updated and state.updated.isoformat(),
        "last_used": state.last_used,
        "on_bill": state.is_on_bill(listing.now),
        "missing": state.missing(listing.now) or None,
    }


def _print(listing: Listing) -> None:
    rows = [("key", "seen", "active since", "last used", "")]
    for state in listing.states:
        since = f"{state.updated:%Y-%m-%d %H:%M}" if state.is_active and state.updated else "-"
        rows.append(
            (
                plain(state.key),
                "yes" if state.is_seen else "no",
                since,
                state.last_used or "-",
                state.missing(listing.now) or "on the bill",
            )
        )
    widths = [max(len(row[place]) for row in rows) for place in range(5)]
    for row in rows:
        print("  ".join(f"{cell:<{w}}" for cell, w in zip(row, widths, strict=True)).rstrip())


def _month(text: str) -> date:
    match = re.fullmatch(r"(\d{4})-(\d\d)", text)
    try:
        return date(int(match[1]), int(match[2]), 1) if match else date(0, 1, 1)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a month, as in 2026-11") from None


def _span(text: str) -> float:
    match = re.fullmatch(r"(\d{1,5}(?:\.\d+)?)([smhd])", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a span, as in 30m, 50h or 2d")
    return float(match[1]) * _UNITS[match[2]]
