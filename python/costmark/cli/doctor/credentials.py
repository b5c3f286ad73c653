"""``costmark doctor credentials``."""

from __future__ import annotations

import argparse
import json
import os
import time
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from ... import _core
from ..output import print_row

if TYPE_CHECKING:
    from ..output import Commands


def add_to(subjects: Commands) -> None:
    """Add the subject."""
    parser = subjects.add_parser(
        "credentials",
        help="which AWS credentials requests are signed with, and why",
        description="Prints which source of AWS credentials wins, whose they are, when they "
        "expire, and what was asked before; never a secret. Exit status 1 when there are none.",
    )
    parser.add_argument(
        "--profile", help="profile of the shared files (default: that of the environment)"
    )
    parser.add_argument(
        "--json", action="store_true", default=argparse.SUPPRESS, help="print the result as JSON"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print which credentials requests are signed with, and why; return the exit status."""
    report = _core.explain_credentials(arguments.profile or "")
    if arguments.json:
        print(json.dumps(_members(report), indent=1))
    else:
        _print(report)
    found = report["credentials"]
    return 0 if found is not None and not _expired(found.expires_at) else 1


def _print(report: _core._Explanation) -> None:
    found, role = report["credentials"], report["role"]
    if found is None:
        print(why_none(report))
    else:
        print_row("source", found.source)
        print_row("access key id", found.access_key_id)
        print_row("account", found.account_id or "not known")
        print_row("expires", _expiry(found.expires_at))
    if role:
        print_row("role", f"{role} (option role_arn)")
        print_row("assumed with", signer_of(report))
    print_row("region", _region(report))
    print("\nasked, in this order:")
    for source, failure in report["asked"]:
        print(f"  {source}: {failure or 'has credentials'}")


def why_none(report: _core._Explanation) -> str:
    """Say in a few words why there are no credentials."""
    if report["role"] and report["assumed_with"]:
        return "the role was not assumed"
    return "no AWS credentials were found"


def signer_of(report: _core._Explanation) -> str:
    """Name what signs the question for the role."""
    if (source := report["assumed_with"]) is None:
        return "nothing: there are no AWS credentials"
    account = source.account_id or "not known"
    until = "" if source.expires_at is None else f", expires {_expiry(source.expires_at)}"
    return f"{source.source}, access key id {source.access_key_id}, account {account}{until}"


def _members(report: _core._Explanation) -> dict[str, Any]:
    role = {"arn": report["role"], "assumed_with": _of(report["assumed_with"])}
    return {
        "version": 1,
        "credentials": _of(report["credentials"]),
        "role": role if report["role"] else None,
        "region": os.environ.get("COSTMARK_REGION") or report["region"] or None,
        "asked": [{"source": source, "failure": why or None} for source, why in report["asked"]],
    }


def _of(found: _core.Credentials | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "source": found.source,
        "access_key_id": found.access_key_id,
        "account": found.account_id or None,
        "expires": None if found.expires_at is None else _moment(found.expires_at),
    }


def _region(report: _core._Explanation) -> str:
    if region := os.environ.get("COSTMARK_REGION"):
        return f"{region} (COSTMARK_REGION)"
    if not report["region"]:
        return "none, unless the host names one"
    return f"{report['region']} ({report['region_origin']}), unless the host names one"


def _expired(expires_at: int | None) -> bool:
    return expires_at is not None and expires_at <= time.time()


def _expiry(expires_at: int | None) -> str:
    if expires_at is None:
        return "never"
    moment = _moment(expires_at)
    return f"{moment}, which is past" if _expired(expires_at) else moment


def _moment(expires_at: int) -> str:
    try:
        return datetime.fromtimestamp(expires_at, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError):
        return f"{expires_at} seconds after 1970"
