"""Whose credentials these are, and those of a role (AWS STS, query protocol 2011-06-15)."""

from __future__ import annotations

import os
import re
import ssl
import urllib.error
import urllib.request
from html import unescape
from http.client import HTTPException
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from .._signing import sign
from ..errors import ConfigurationError, CredentialsError, TransportError

if TYPE_CHECKING:
    from .._core import Credentials

_TIMEOUT_S = 20
_MOST_BYTES = 1 << 20
_SUFFIXES = {"cn-": "amazonaws.com.cn"}


def caller_account(credentials: Credentials, region: str) -> tuple[str, str]:
    """The account and the ARN of who signs. Raises CredentialsError or TransportError."""
    answer = _ask({"Action": "GetCallerIdentity"}, credentials, region)
    return _member(answer, "Account"), _member(answer, "Arn")


def assume_role(
    credentials: Credentials, region: str, role_arn: str, external_id: str | None
) -> dict[str, str]:
    """The credentials of a role, as client options. Raises CredentialsError or TransportError."""
    asked = {"Action": "AssumeRole", "RoleArn": role_arn, "RoleSessionName": "costmark"}
    if external_id is not None:
        asked["ExternalId"] = external_id
    answer = _ask(asked, credentials, region)
    return {
        "access_key_id": _member(answer, "AccessKeyId"),
        "secret_access_key": _member(answer, "SecretAccessKey"),
        "session_token": _member(answer, "SessionToken"),
    }


def _endpoint(region: str) -> str:
    for name in ("AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL"):
        if url := os.environ.get(name):
            return url.rstrip("/") + "/"
    suffix = next((s for prefix, s in _SUFFIXES.items() if region.startswith(prefix)), None)
    return f"https://sts.{region}.{suffix or 'amazonaws.com'}/"


def _ask(asked: dict[str, str], credentials: Credentials, region: str) -> str:
    url = _endpoint(region)
    body = urlencode({**asked, "Version": "2011-06-15"}).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    signed = sign("POST", url, headers, body, credentials=credentials, region=region, service="sts")
    request = urllib.request.Request(url, body, {**headers, **signed})  # noqa: S310
    opener = urllib.request.build_opener(
        _NoRedirect, urllib.request.HTTPSHandler(context=_certificates(url))
    )
    try:
        with opener.open(request, timeout=_TIMEOUT_S) as answer:
            return str(answer.read(_MOST_BYTES).decode("utf-8", "replace"))
    except urllib.error.HTTPError as error:
        text = error.read(_MOST_BYTES).decode("utf-8", "replace")
        reason = _found(text, "Message") or _found(text, "message") or f"status {error.code}"
        raise CredentialsError(
            f"{asked['Action']} at {url} was refused: {reason}",
            code="unusable_credentials",
            status=error.code,
        ) from None
    except (OSError, HTTPException) as error:
        cause = error.reason if isinstance(error, urllib.error.URLError) else error
        problem = str(cause).strip() or type(cause).__name__
        raise TransportError(
            f"{asked['Action']} at {url}: {problem}; AWS STS has to be reachable (HTTPS_PROXY "
            "names a proxy, AWS_ENDPOINT_URL_STS or AWS_ENDPOINT_URL another endpoint)",
            code="transport",
            retryable=True,
        ) from None


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """What is signed, with its session token, goes to no other place."""

    def redirect_request(self, *_: Any) -> None:
        return None


def _certificates(url: str) -> ssl.SSLContext | None:
    if not url.startswith("https:"):
        return None
    names = ("COSTMARK_CA_BUNDLE", "AWS_CA_BUNDLE")
    name = next((each for each in names if os.environ.get(each)), "")
    try:
        return ssl.create_default_context(cafile=os.environ.get(name))
    except OSError as error:
        raise ConfigurationError(
            f"{name}: {os.environ[name]} cannot be read as certificates: {error.strerror or error}"
        ) from None


def _found(text: str, name: str) -> str | None:
    match = re.search(rf"<{name}>([^<]*)</{name}>", text)
    return unescape(match[1]) if match else None


def _member(text: str, name: str) -> str:
    value = _found(text, name)
    if not value:
        raise CredentialsError(f"the answer of STS has no {name}", code="unusable_credentials")
    return value
