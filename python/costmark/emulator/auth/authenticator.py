"""Who sent a request: SigV4 signatures and bearer tokens."""

from __future__ import annotations

import calendar
import hashlib
import hmac
import re
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from ..wire.errors import expired_token, unauthenticated
from . import sigv4
from .bearer_tokens import verify_short_term

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..settings import Credentials, Settings
    from ..wire.received import Received
    from .issued_credentials import Issuer

_UNKNOWN = "The security token included in the request is invalid."
# AWS ends after the third word. This is the first answer of whom a client does not sign for here.
_UNSIGNED = (
    "Missing Authentication Token: the request is not signed and has no bearer token; set"
    " auth=sigv4 (COSTMARK_AUTH), as a client signs by itself for AWS's own hosts alone, or give it"
    " a bearer token"
)

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256\s+Credential=([^\s,]+)\s*,\s*SignedHeaders=([^\s,]+)\s*,"
    r"\s*Signature=([0-9a-f]{64})"
)
_TIMESTAMP = re.compile(r"\d{8}T\d{6}Z")


@dataclass(frozen=True)
class Caller:
    """The proven sender of a request."""

    signed_by: str
    access_key_id: str | None = None

    @property
    def token_type(self) -> str | None:
        """The kind of its bearer token, as condition keys name it."""
        if self.signed_by != "bearer":
            return None
        return "LONG_TERM" if self.access_key_id is None else "SHORT_TERM"


def utc_seconds(timestamp: str) -> int | None:
    """Seconds since the epoch of `YYYYMMDDTHHMMSSZ`, or None."""
    if not _TIMESTAMP.fullmatch(timestamp):
        return None
    try:
        return calendar.timegm(time.strptime(timestamp, "%Y%m%dT%H%M%SZ"))
    except ValueError:
        return None


def _same(left: str, right: str) -> bool:
    return hmac.compare_digest(left.encode("utf-8"), right.encode("utf-8"))


class Authenticator:
    """Decides about one request at a time; knows its settings and what was issued."""

    def __init__(
        self,
        settings: Settings,
        clock: Callable[[], float] = time.time,
        issuer: Issuer | None = None,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._issuer = issuer
        self._credentials: dict[str, list[Credentials]] = {}
        for credentials in settings.credentials:
            self._credentials.setdefault(credentials.access_key_id, []).append(credentials)

    def authenticate(self, request: Received, service: str | None = None) -> Caller:
        """The caller of `request`, or an `ApiError` of status 401.

        A signature must be for `service`; without one, for one of those in the settings.
        """
        authorizations = request.values("authorization")
        if len(authorizations) > 1:
            raise unauthenticated("More than one Authorization header was sent.")
        if authorizations:
            scheme, _, value = authorizations[0].partition(" ")
            if scheme.lower() == "bearer":
                return self._bearer(value.strip())
            services = self._settings.services if service is None else (service,)
            return self._sigv4(request, authorizations[0], services)
        keys = request.values("x-api-key")
        if len(keys) == 1:
            return self._bearer(keys[0])
        if self._settings.anonymous:
            return Caller("anonymous")
        raise unauthenticated(_UNSIGNED, "MissingAuthenticationTokenException")

    def _bearer(self, token: str) -> Caller:
        for known in self._settings.bearer_tokens:
            if _same(token, known):
                return Caller("bearer")
        now = self._clock()
        credentials = verify_short_term(token, self._find, region=self._settings.region, now=now)
        self._check_end(credentials.access_key_id, now)
        return Caller("bearer", credentials.access_key_id)

    def _known(self, access_key_id: str) -> list[Credentials]:
        issue = self._issuer.find(access_key_id) if self._issuer is not None else None
        issued = [issue.credentials] if issue is not None else []
        return self._credentials.get(access_key_id, []) + issued

    def _find(self, access_key_id: str, session_token: str | None) -> Credentials:
        for known in self._known(access_key_id):
            if _same(known.session_token or "", session_token or ""):
                return known
        raise unauthenticated(_UNKNOWN, "UnrecognizedClientException")

    def _check_end(self, access_key_id: str, used_at: float) -> None:
        """Issued credentials are good for what was signed before their end, however long it took.

        On one machine that is exact; the time on the way is the date window's affair.
        """
        issue = self._issuer.find(access_key_id) if self._issuer is not None else None
        if issue is not None and used_at >= issue.expires_at:
            raise expired_token()

    def _sigv4(self, request: Received, authorization: str, services: tuple[str, ...]) -> Caller:
        match = _AUTHORIZATION.fullmatch(authorization.strip())
        if match is None:
            raise unauthenticated(
                "Authorization header requires 'Credential' parameter, 'SignedHeaders' parameter"
                " and 'Signature' parameter."
            )
        access_key_id, date, region, service = self._scope(match[1], services)
        tokens = request.values("x-amz-security-token")
        if len(tokens) > 1:
            raise unauthenticated("More than one x-amz-security-token header was sent.")
        credentials = self._find(access_key_id, tokens[0] if tokens else None)
        timestamp = self._timestamp(request, date)
        self._check_end(access_key_id, utc_seconds(timestamp) or 0)
        names = self._signed_headers(request, match[2])
        self._check_body_hash(request)
        for signature in sigv4.signatures(request, names, credentials, timestamp, region, service):
            if _same(signature, match[3]):
                return Caller("sigv4", access_key_id)
        raise unauthenticated(
            "The request signature we calculated does not match the signature you provided."
            " Check your AWS Secret Access Key and signing method."
        )

    def _scope(self, credential: str, services: tuple[str, ...]) -> tuple[str, str, str, str]:
        parts = credential.split("/")
        if len(parts) != 5 or parts[4] != "aws4_request":
            raise unauthenticated(
                "Credential must have exactly 5 slash-delimited elements, e.g."
                " keyid/date/region/service/aws4_request"
            )
        access_key_id, date, region, service, _ = parts
        if not self._known(access_key_id):
            raise unauthenticated(_UNKNOWN, "UnrecognizedClientException")
        if service not in services:
            right = services[0]
            raise unauthenticated(f"Credential should be scoped to correct service: '{right}'.")
        if region != self._settings.region:
            raise unauthenticated("Credential should be scoped to a valid region.")
        return access_key_id, date, region, service

    def _timestamp(self, request: Received, scope_date: str) -> str:
        timestamp = _request_timestamp(request)
        seconds = utc_seconds(timestamp)
        if seconds is None:
            raise unauthenticated(
                "Date must be in ISO-8601 'basic format', e.g. 20260102T030405Z, in x-amz-date."
            )
        if timestamp[:8] != scope_date:
            raise unauthenticated(
                f"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date"
                f" from HTTP: '{scope_date}' != '{timestamp[:8]}'."
            )
        now, skew = self._clock(), self._settings.max_clock_skew_s
        current = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
        if seconds < now - skew:
            raise unauthenticated(f"Signature expired: {timestamp} is too long before {current}.")
        if seconds > now + skew:
            raise unauthenticated(
                f"Signature not yet current: {timestamp} is still later than {current}."
            )
        return timestamp

    @staticmethod
    def _signed_headers(request: Received, listed: str) -> list[str]:
        names = listed.split(";")
        if names != sorted(set(names)) or listed != listed.lower():
            raise unauthenticated("SignedHeaders must be lower case, sorted and without repeats.")
        if "host" not in names:
            raise unauthenticated(
                "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."
            )
        present = {name for name, _ in request.headers}
        for name in names:
            if name not in present:
                raise unauthenticated(f"The signed header '{name}' is not in the request.")
        for name in sorted(present):
            if name.startswith("x-amz-") and name not in names:
                raise unauthenticated(f"The header '{name}' must be a 'SignedHeader'.")
        if "x-amz-date" not in names and "date" not in names:
            raise unauthenticated("'X-Amz-Date' or 'Date' must be a 'SignedHeader'.")
        return names

    @staticmethod
    def _check_body_hash(request: Received) -> None:
        hashes = request.values("x-amz-content-sha256")
        if hashes and hashes != [hashlib.sha256(request.body).hexdigest()]:
            raise unauthenticated(
                "The provided 'x-amz-content-sha256' header does not match what was computed."
            )


def _request_timestamp(request: Received) -> str:
    stamps = request.values("x-amz-date")
    if len(stamps) == 1:
        return stamps[0]
    dates = request.values("date")
    if stamps or len(dates) != 1:
        raise unauthenticated("Exactly one 'X-Amz-Date' or 'Date' header is required.")
    try:
        moment = parsedate_to_datetime(dates[0]).timestamp()
    except ValueError:
        return dates[0]
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(moment))
