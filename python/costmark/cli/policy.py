"""``costmark policy``: an IAM policy of least privilege."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING

from .. import _iam
from ..errors import ConfigurationError
from .names import add_lock, projects_of
from .output import complain

if TYPE_CHECKING:
    import argparse

    from .output import Commands


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "policy",
        help="print an IAM policy that allows calls in these projects alone",
        description="Prints an IAM policy of least privilege for calls in the projects, statement "
        "by statement with the reason; what AWS does not say for certain is marked as unproven. "
        "Nothing is asked of AWS, and nothing is changed there. See docs/iam.md.",
    )
    add = parser.add_argument
    add(
        "--project",
        action="append",
        default=[],
        metavar="PROJECT",
        help="allow its calls: an id, an ARN, or a name that the lock has; repeatable",
    )
    add_lock(parser)
    add("--plane", choices=_iam.PLANES, default="both", help="default: %(default)s")
    add("--models", nargs="+", default=[], metavar="GLOB", help="these models alone")
    add("--manage", action="store_true", help="also create, list, tag and archive projects")
    add(
        "--stack",
        metavar="NAME",
        help="under --manage: the projects of this stack; needs no --project",
    )
    add(
        "--deny-unattributed",
        action="store_true",
        help="refuse calls without a project even if another policy allows them",
    )
    add("--no-bearer", action="store_true", help="for callers that sign their requests")
    add("--account", metavar="ID", help="in the ARNs (default: that of an ARN, else any)")
    add("--region", metavar="NAME", help="in the ARNs (default: that of an ARN, else any)")
    add("--json", action="store_true", help="the policy alone, as IAM takes it")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    if arguments.stack is not None and not arguments.manage:
        raise ConfigurationError("--stack is for --manage", code="invalid_argument")
    want = _iam.wanted(
        projects_of(arguments, arguments.project, arguments.region),
        region=arguments.region,
        account=arguments.account,
        models=tuple(arguments.models),
        planes=_iam.PLANES[1:] if arguments.plane == "both" else (arguments.plane,),
        manage=arguments.manage,
        stack=arguments.stack,
        deny_unattributed=arguments.deny_unattributed,
        bearer=not arguments.no_bearer,
    )
    statements = _iam.statements(want)
    document = _iam.document(statements)
    if not arguments.json:
        for statement in statements:
            _explain(statement)
        print()
    print(json.dumps(document, indent=2))
    size = len(json.dumps(document, separators=(",", ":")))
    if size > _iam.MOST_CHARACTERS:
        complain(
            f"the policy has {size} characters, and a managed policy at most "
            f"{_iam.MOST_CHARACTERS}: print one for some of the projects each"
        )
    return 0


def _explain(statement: _iam.Statement) -> None:
    texts = [f"{statement.effect}: {statement.why}"]
    if statement.unproven is not None:
        texts.append(f"Unproven: {statement.unproven}.")
    print(statement.sid)
    for text in texts:
        print(textwrap.fill(text, 96, initial_indent="  ", subsequent_indent="    "))
