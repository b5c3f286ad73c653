"""The command ``costmark doctor``."""

from __future__ import annotations

import os
import time
from datetime import datetime, timezone

from . import _core


def credentials(profile: str | None) -> int:
    """Print which credentials requests are signed with, and why; return the exit status."""
    if key_id := os.environ.get("COSTMARK_ACCESS_KEY_ID"):
        print(f"costmark's own options win: COSTMARK_ACCESS_KEY_ID is {key_id}")
        return 0
    report = _core.explain_credentials(profile or os.environ.get("COSTMARK_PROFILE", ""))
    found = report["credentials"]
    if found is None:
        print("no AWS credentials were found")
    else:
        _row("source", found.source)
        _row("access key id", found.access_key_id)
        _row("account", found.account_id or "not known")
        _row("expires", _expiry(found.expires_at))
    _row("region", _region(report))
    print("\nasked, in this order:")
    for source, failure in report["asked"]:
        print(f"  {source}: {failure or 'has credentials'}")
    return 1 if found is None or _expired(found.expires_at) else 0


def _row(name: str, value: str) -> None:
    print(f"{name:<15}{value}")


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
