"""Short-term Bedrock API keys: a presigned request in base64."""

from __future__ import annotations

import base64
import binascii
import calendar
import hmac
import time
from collections.abc import Callable
from urllib.parse import unquote

from ..settings import Credentials
from ..wire.errors import expired_token, unauthenticated
from .sigv4 import presigned_signature

PREFIX = "bedrock-api-key-"
_HOST = "bedrock.amazonaws.com"
_INVALID = "The security token included in the request is invalid."
# Such as the api_key="unused" of a client that is to be signed for.
_PLACEHOLDER = (
    " It is no Bedrock API key that is known here; to have the request signed instead, set"
    " auth=sigv4 (COSTMARK_AUTH)."
)
_MAX_LIFE_S = 43_200
_CLOCK_SKEW_S = 300

FindCredentials = Callable[[str, "str | None"], Credentials]


def _decode(token: str) -> dict[str, str]:
    """The query of the presigned request, in order, its values still encoded."""
    if not token.startswith(PREFIX):
        raise unauthenticated(_INVALID + _PLACEHOLDER, "UnrecognizedClientException")
    try:
        text = base64.b64decode(token[len(PREFIX) :], validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        raise unauthenticated(_INVALID, "UnrecognizedClientException") from None
    target, _, raw_query = text.partition("?")
    pairs = [pair.partition("=")[::2] for pair in raw_query.split("&")]
    query = dict(pairs)
    if target != f"{_HOST}/" or len(query) != len(pairs):
        raise unauthenticated(_INVALID, "UnrecognizedClientException")
    return query


def _seconds(timestamp: str) -> int:
    try:
        return calendar.timegm(time.strptime(timestamp, "%Y%m%dT%H%M%SZ"))
    except ValueError:
        raise unauthenticated(_INVALID, "UnrecognizedClientException") from None


def verify_short_term(token: str, find: FindCredentials, *, region: str, now: float) -> Credentials:
    """The credentials that minted `token`, or an `ApiError` of status 401."""
    query = _decode(token)
    query.pop("Version", None)
    signature = query.pop("X-Amz-Signature", "")
    values = {key: unquote(value) for key, value in query.items()}
    if (
        values.get("Action") != "CallWithBearerToken"
        or values.get("X-Amz-Algorithm") != "AWS4-HMAC-SHA256"
        or values.get("X-Amz-SignedHeaders") != "host"
    ):
        raise unauthenticated(_INVALID, "UnrecognizedClientException")
    scope = values.get("X-Amz-Credential", "").split("/")
    timestamp = values.get("X-Amz-Date", "")
    if len(scope) != 5 or scope[3:] != ["bedrock", "aws4_request"] or scope[1] != timestamp[:8]:
        raise unauthenticated(_INVALID, "UnrecognizedClientException")
    if scope[2] != region:
        raise unauthenticated("Credential should be scoped to a valid region.")
    credentials = find(scope[0], values.get("X-Amz-Security-Token"))
    url = f"https://{_HOST}/?" + "&".join(f"{key}={value}" for key, value in query.items())
    expected = presigned_signature(url, _HOST, credentials, timestamp, region, "bedrock")
    if not hmac.compare_digest(expected.encode(), signature.encode()):
        raise unauthenticated(_INVALID, "UnrecognizedClientException")
    _check_life(_seconds(timestamp), values.get("X-Amz-Expires", ""), now)
    return credentials


def _check_life(start: int, expires: str, now: float) -> None:
    if not expires.isascii() or not expires.isdigit() or not 1 <= int(expires) <= _MAX_LIFE_S:
        raise unauthenticated(_INVALID, "UnrecognizedClientException")
    if start > now + _CLOCK_SKEW_S:
        raise unauthenticated(_INVALID, "UnrecognizedClientException")
    if now >= start + int(expires):
        raise expired_token()
