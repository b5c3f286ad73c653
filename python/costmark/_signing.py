"""SigV4 for a single request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timezone

from . import _core


def sign(
    method: str,
    url: str,
    headers: Mapping[str, str] | Iterable[tuple[str, str]] = (),
    body: bytes = b"",
    *,
    credentials: _core.Credentials,
    region: str,
    service: str,
    time: datetime | float | None = None,
) -> dict[str, str]:
    """Sign a request with AWS Signature Version 4 and return the headers to set on it.

    `url` is absolute and percent-encoded as it will be sent. `headers` are those to sign besides
    ``host``; what no AWS SDK signs is left out. The body's hash gets a header of its own when
    `headers` has an ``x-amz-content-sha256``. A `time` without a zone is taken as UTC; by default
    it is now.
    """
    given: object = credentials
    if not isinstance(given, _core.Credentials):
        kind = type(given).__name__
        raise TypeError(f"sign() takes credentials that are a costmark.Credentials, not {kind}")
    pairs = list(headers.items() if isinstance(headers, Mapping) else headers)
    return _core.sign(method, url, pairs, body, credentials, region, service, _seconds(time))


def _seconds(time: datetime | float | None) -> int | None:
    if time is None:
        return None
    if isinstance(time, datetime):
        return int((time if time.tzinfo else time.replace(tzinfo=timezone.utc)).timestamp())
    return int(time)
