"""Answers of Cost Explorer that were paid for, kept in files.

What is estimated still, or says nothing about that, is kept for hours; the rest for a month, since
AWS now and then corrects a bill that is final.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ESTIMATED_S = 6 * 3600
FINAL_S = 30 * 86_400


def default_folder() -> Path:
    """Where caches belong."""
    base = os.environ.get("XDG_CACHE_HOME")
    return Path(base or Path.home() / ".cache") / "costmark" / "cost-explorer"


class KeptAnswers:
    """The answers to one identity, which sees what others may not."""

    def __init__(self, folder: Path, identity: str, now: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self._identity = identity
        self._now = now

    def pages(self, operation: str, request: dict[str, Any]) -> list[dict[str, Any]] | None:
        """The pages of an answer that is kept and not too old."""
        try:
            kept = json.loads(self._path(operation, request).read_text(encoding="utf-8"))
            pages: list[dict[str, Any]] = kept["pages"]
            age_s = self._now() - kept["at"]
            is_whole = kept["sum"] == _sum_of(kept["at"], pages)
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None
        if not is_whole:  # edited by hand: an answer of AWS's is what was paid for
            return None
        is_final = operation == "get_cost_and_usage" and not _is_estimated(pages)
        return pages if 0 <= age_s < (FINAL_S if is_final else ESTIMATED_S) else None

    def keep(self, operation: str, request: dict[str, Any], pages: list[dict[str, Any]]) -> None:
        """Keep the pages of an answer, for this user alone."""
        path = self._path(operation, request)
        bare = [{k: v for k, v in page.items() if k != "ResponseMetadata"} for page in pages]
        partial = path.with_suffix(f".{os.getpid()}")
        with contextlib.suppress(OSError):  # a cache that cannot be written costs a cent
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(partial, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
            at = self._now()
            with open(descriptor, "w", encoding="utf-8") as file:
                json.dump({"at": at, "sum": _sum_of(at, bare), "pages": bare}, file)
            partial.replace(path)

    def _path(self, operation: str, request: dict[str, Any]) -> Path:
        text = json.dumps([self._identity, operation, request], sort_keys=True)
        return self._folder / f"{hashlib.sha256(text.encode()).hexdigest()}.json"


def _sum_of(at: float, pages: list[dict[str, Any]]) -> str:
    return hashlib.sha256(json.dumps([at, pages], sort_keys=True).encode()).hexdigest()


def _is_estimated(pages: list[dict[str, Any]]) -> bool:
    return any(each.get("Estimated") for page in pages for each in page["ResultsByTime"])
