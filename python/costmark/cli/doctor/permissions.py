"""``costmark doctor permissions``: which right an error says is missing."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..output import complain, plain, print_row

if TYPE_CHECKING:
    import argparse

    from ..output import Commands

_DENIED = re.compile(
    r"(?:(?:User: (?P<who>\S+) )?is not authorized to perform: |has no permission for )"
    r"(?P<action>[\w-]+:\w+)"
    r"(?: on resource: (?P<resource>[^\s\"']+?))?(?P<rest>[ .,\"'].*)?$",
    re.DOTALL,
)
# What more an action needs than its name says.
_ALSO = {
    "bedrock-mantle:CreateProject": ["bedrock-mantle:TagResource"],
    "bedrock-mantle:TagResource": ["bedrock-mantle:ListTagsForResource"],
    "bedrock-mantle:UpdateProject": [
        "bedrock-mantle:TagResource",
        "bedrock-mantle:ListTagsForResource",
    ],
    "bedrock:CreateProject": ["bedrock:TagResource"],
}
# These are granted on every resource: AWS checks them before there is one.
_ON_ALL = ("CreateProject", "ListProjects", "CallWithBearerToken", "ListCostAllocationTags")
_REASONS = (
    ("explicit deny in a service control policy", "an organization's policy (SCP) denies it: only "
     "an administrator of the organization can change that"),
    ("explicit deny in a resource control policy", "an organization's policy (RCP) denies it: only "
     "an administrator of the organization can change that"),
    ("explicit deny", "a policy denies it, and no other can allow it: change the one that denies"),
    ("no permissions boundary", "the permissions boundary leaves it out: extend the boundary"),
    ("no session policy", "the session's policy leaves it out: assume the role with a wider one"),
    ("no service control policy", "the organization's policy (SCP) leaves it out"),
    ("no VPC endpoint policy", "the policy of the VPC endpoint leaves it out"),
)  # fmt: skip


@dataclass(frozen=True)
class Missing:
    """A right that someone lacks."""

    action: str
    resource: str
    who: str
    reason: str
    policy: dict[str, object] | None
    """The statement that allows it; None where something denies it, and nothing can."""

    @property
    def remedy(self) -> str:
        """What to do, in a line."""
        if self.policy is None:
            return self.reason
        return f"{self.reason}: {json.dumps(self.policy, separators=(',', ':'))}"


def missing_in(text: str) -> Missing | None:
    """The right that an error of AWS names; None where it is about something else."""
    match = _DENIED.search(" ".join(text.split()))
    if match is None:
        return None
    action, rest = match["action"], match["rest"] or ""
    resource = (match["resource"] or "*").rstrip(".,;")
    reason = next(
        (said for words, said in _REASONS if words in rest), "no policy allows it: add one"
    )
    verb = action.partition(":")[2]
    actions = sorted({action, *_ALSO.get(action, ())})
    statement = {
        "Effect": "Allow",
        "Action": actions if len(actions) > 1 else action,
        "Resource": "*" if verb in _ON_ALL or len(actions) > 1 else resource,
    }
    policy = None if "explicit deny" in rest else statement
    return Missing(action, resource, match["who"] or "", reason, policy)


def add_to(subjects: Commands) -> None:
    """Add the subject."""
    parser = subjects.add_parser(
        "permissions",
        help="which right an error of AWS says is missing",
        description="Reads an error of AWS, as a call or a log has it, and prints the action that "
        "is missing, on which resource, who lacks it, and the statement that allows it. Exit "
        "status 1 where the text names none.",
    )
    parser.add_argument(
        "error", nargs="*", metavar="ERROR", help="the text (default: standard input)"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print what is missing, and return the exit status."""
    text = " ".join(arguments.error) or sys.stdin.read()
    found = missing_in(text)
    if found is None:
        complain(
            "no right is named in this text; an error of AWS reads 'User: ARN is not authorized to "
            "perform: ACTION on resource: ARN'"
        )
        return 1
    print_row("action", found.action)
    print_row("resource", plain(found.resource))
    print_row("who", plain(found.who) or "not told")
    print_row("because", found.reason)
    if found.policy is not None:
        print(f"\n{json.dumps(found.policy, indent=2)}")
    return 0
