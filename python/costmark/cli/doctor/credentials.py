"""``costmark doctor credentials``."""

from __future__ import annotations

import os
import time
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from ... import _core
from ..output import print_row

if TYPE_CHECKING:
    import argparse

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
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print which credentials requests are signed with, and why; return the exit status."""
    return 0 if show(arguments.profile)[0] else 1


def show(profile: str | None) -> tuple[bool, str]:
    """Print it, and return whether there are usable ones, and the region; empty without one."""
    if key_id := os.environ.get("COSTMARK_ACCESS_KEY_ID"):
        print(f"costmark's own options win: COSTMARK_ACCESS_KEY_ID is {key_id}")
        names = ("COSTMARK_REGION", "AWS_REGION", "AWS_DEFAULT_REGION")
        return True, next((value for name in names if (value := os.environ.get(name))), "")
    report = _core.explain_credentials(profile or os.environ.get("COSTMARK_PROFILE", ""))
    found = report["credentials"]
    if found is None:
        print("no AWS credentials were found")
    else:
        print_row("source", found.source)
        print_row("access key id", found.access_key_id)
        print_row("account", found.account_id or "not known")
        print_row("expires", _expiry(found.expires_at))
    print_row("region", _region(report))
    print("\nasked, in this order:")
    for source, failure in report["asked"]:
        print(f"  {source}: {failure or 'has credentials'}")
    usable = found is not None and not _expired(found.expires_at)
    return usable, os.environ.get("COSTMARK_REGION") or report["region"]


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
    try:
        moment = datetime.fromtimestamp(expires_at, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError):
        moment = f"{expires_at} seconds after 1970"
    return f"{moment}, which is past" if _expired(expires_at) else moment
