"""Checks of what this machine has: versions, options, credentials, endpoint, clock, route."""

from __future__ import annotations

import os
import platform
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from importlib import metadata
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from ... import _core
from ..._names import FILE, names_of
from ..._routes import route_of
from ...errors import Error
from . import attribution
from .check import Check, green, shown_url, skipped
from .credentials import why_none

_PROJECTS = ("COSTMARK_PROJECT", "OPENAI_PROJECT_ID")
_IDS = "costmark projects list shows ids"
_LIBRARIES = ("openai", "anthropic", "boto3", "botocore", "httpx", "aiohttp", "duckdb")
# The first with projects on Converse and InvokeModel.
_BOTOCORE = (1, 44, 8)
_SECONDS = 5
_SKEW_S, _MOST_SKEW_S = 60, 300
_SOON_S = 900


@dataclass(frozen=True)
class Place:
    """Where calls go, and as whom; empty where it is not known."""

    project: str
    region: str
    base_url: str
    is_authorized: bool

    @property
    def url(self) -> str:
        """The endpoint."""
        return self.base_url or f"https://bedrock-mantle.{self.region}.api.aws/v1"

    @property
    def is_bedrock(self) -> bool:
        """Whether it is one of AWS's own."""
        return _core.is_bedrock_host(urlsplit(self.url).hostname or "")


def versions() -> Iterator[Check]:
    """costmark, Python, and the libraries that call Bedrock."""
    found = {name: version for name in _LIBRARIES if (version := _version(name))}
    listed = ", ".join(f"{name} {version}" for name, version in found.items())
    said = f"costmark {_core.version}, Python {platform.python_version()}"
    old = found.get("botocore", "")
    if old and _numbers(old) < _BOTOCORE:
        yield Check(
            "versions",
            "yellow",
            f"{said}, {listed}: botocore {old} knows no projects",
            "pip install -U boto3, to name projects on Converse and InvokeModel by boto3 itself",
            "a minute",
        )
    else:
        yield green("versions", ", ".join(filter(None, (said, listed))))


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def options() -> Iterator[Check]:
    """The variables of the environment."""
    # The project has a check of its own.
    others = {name: value for name, value in os.environ.items() if name not in _PROJECTS}
    try:
        _core.Client({}, environment=others)
    except Error as error:
        yield Check("options", "red", str(error), "set the option that it names", "seconds")
        return
    warnings = [each.removeprefix("costmark: ") for each in _core.unknown_variables()]
    if warnings:
        yield Check(
            "options", "yellow", warnings[0], "rename or unset it", "seconds", (*warnings[1:],)
        )
    else:
        yield green("options", "every COSTMARK_ variable is an option, and has a value it can have")


def named_project() -> tuple[str, Iterator[Check]]:
    """The project that calls name by default."""
    name = next((each for each in _PROJECTS if os.environ.get(each)), "")
    named = os.environ.get(name, "")
    try:
        project = _id_of(named, name)
    except (Error, OSError) as error:
        return "", iter([Check("project", "red", str(error), _IDS, "seconds")])
    return project, _named_project(name, project)


def _id_of(named: str, variable: str) -> str:
    """The id that calls name: that of an ARN, or what the lock says of a name, as they read it."""
    names = names_of(os.environ.get("COSTMARK_LOCK", ""))
    is_runtime = "bedrock-runtime" in attribution.base_url(None)
    plane = "bedrock" if is_runtime else "mantle"
    return names.id_of(named, variable, _region_of_environment(), plane)


def _named_project(name: str, named_id: str) -> Iterator[Check]:
    project = os.environ.get(name, "")
    lock = os.environ.get("COSTMARK_LOCK", "")
    if not project:
        yield Check(
            "project",
            "red",
            "none is named: calls that name none go to project default, unattributed",
            "name a project in COSTMARK_PROJECT; costmark projects create --name NAME makes one",
            "seconds",
        )
    elif project == "default":
        yield Check(
            "project",
            "red",
            f"default ({name}) has no tags, so its spend can be no team's",
            "name a project of your own: costmark projects create --name NAME",
            "seconds",
        )
    else:
        try:
            _core.check_project_id(named_id, name)
        except Error as error:
            yield Check("project", "red", str(error), _IDS, "seconds")
            return
        if named_id != project and not project.startswith("arn:"):
            yield green("project", f"{project} ({name}), which is {named_id} by {lock}")
        elif not lock and project in _names_here():
            said = f"{project} ({name}) is a name in {FILE} here, and calls take it for an id"
            yield Check("project", "red", said, f"set COSTMARK_LOCK={FILE}", "seconds")
        else:
            yield green("project", f"{project} ({name})")


def _names_here() -> list[str]:
    try:
        return names_of().names
    except (Error, OSError):
        return []


def credentials() -> tuple[bool, str, Iterator[Check]]:
    """Whether calls can be authorized, the region, and the check."""
    try:
        report = _core.explain_credentials()
    except Error as error:  # a variable that is no value of its option
        wrong = Check("credentials", "red", str(error), "set it right, or unset it", "seconds")
        return False, _region_of_environment(), iter([wrong])
    region = os.environ.get("COSTMARK_REGION") or report["region"]
    check = _credentials(report)
    return check.state in ("green", "yellow"), region, iter([check])


def _credentials(report: Any) -> Check:
    found, key = report["credentials"], attribution.key_of_environment()
    asked = tuple(
        f"{source}: {failure or 'has credentials'}" for source, failure in report["asked"]
    )
    if found is None and key and not report["role"]:
        return green("credentials", "a bearer token or OPENAI_API_KEY is sent, and nothing signed")
    if found is None:
        return Check(
            "credentials",
            "red",
            why_none(report),
            "give costmark AWS credentials, or a bearer token (docs/credentials.md)"
            if report["assumed_with"] is None
            else "see the reason",
            "minutes",
            asked,
        )
    source = "COSTMARK_ACCESS_KEY_ID" if found.source == "options" else found.source
    said = f"{source}, {_masked(found.access_key_id)}, account {found.account_id or 'not known'}"
    left = None if found.expires_at is None else found.expires_at - time.time()
    if left is not None and left <= 0:
        remedy = "get new ones: aws sso login, aws login, or whatever made them"
        return Check("credentials", "red", f"{said}: expired", remedy, "a minute", asked)
    if left is not None and left < _SOON_S:
        remedy = "nothing, where their source renews them; else get new ones"
        said = f"{said}: expire in {left / 60:.0f} minutes"
        return Check("credentials", "yellow", said, remedy, "a minute")
    return green("credentials", said)


def _masked(key_id: str) -> str:
    return f"{key_id[:4]}...{key_id[-4:]}" if len(key_id) > 8 else key_id


def _region_of_environment() -> str:
    names = ("COSTMARK_REGION", "AWS_REGION", "AWS_DEFAULT_REGION")
    return next((value for name in names if (value := os.environ.get(name))), "")


def endpoint(place: Place) -> Iterator[Check]:
    """Region and endpoint, whether it answers, and whether its clock and this one agree."""
    if not place.region and not place.base_url:
        yield Check("endpoint", "red", "no region is set", "set a region (AWS_REGION)", "seconds")
        yield skipped("clock", "there is no endpoint to compare with")
        return
    host = urlsplit(place.url).hostname or ""
    shown = f"{shown_url(place.url)}, region {place.region or 'not set'}"
    answered, date = _reach(place.url)
    if answered:
        yield Check(
            "endpoint",
            "red",
            f"{shown}: {answered}",
            "check the URL, DNS, the proxy (HTTPS_PROXY), and the endpoints of the VPC",
            "minutes to hours",
        )
        yield skipped("clock", "the endpoint does not answer")
        return
    if place.is_bedrock and place.region and place.region not in host:
        yield Check(
            "endpoint",
            "yellow",
            f"{shown}: the host is of another region, which is the one that is signed for",
            "let AWS_REGION and the URL name the same region",
            "seconds",
        )
    elif "bedrock-runtime" in host:
        yield Check(
            "endpoint",
            "yellow",
            f"{shown}: for Chat, Responses and Messages this host documents project default alone",
            "call bedrock-mantle, or Converse and InvokeModel here (docs/runtime.md)",
            "minutes",
        )
    else:
        yield green("endpoint", f"{shown}: answers")
    yield _clock(date)


def _reach(url: str) -> tuple[str, str]:
    """Why an endpoint does not answer, or its time."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https"):
        return "is no http URL", ""
    host = parts.netloc.rpartition("@")[2]
    asked = Request(f"{parts.scheme}://{host}/", method="HEAD")  # noqa: S310 - checked above
    try:
        with urlopen(asked, timeout=_SECONDS) as answer:  # noqa: S310 - checked above
            return "", answer.headers.get("Date", "")
    except HTTPError as error:
        return "", error.headers.get("Date", "")
    except URLError as error:
        return _why(error.reason), ""
    except (OSError, ValueError) as error:
        return _why(error), ""


def _why(reason: object) -> str:
    if isinstance(reason, ssl.SSLError):
        return f"its certificate is not trusted ({reason.reason})"
    text = reason.strerror if isinstance(reason, OSError) and reason.strerror else str(reason)
    return f"cannot be reached ({text})"


def _clock(date: str) -> Check:
    try:
        skew = time.time() - parsedate_to_datetime(date).timestamp()
    except (TypeError, ValueError):
        return skipped("clock", "the endpoint tells no time")
    ahead = f"{abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} the endpoint's"
    if abs(skew) <= _SKEW_S:
        return green("clock", f"within {_SKEW_S} s of the endpoint's")
    remedy = "let the machine's clock be synchronized (chrony, systemd-timesyncd)"
    if abs(skew) <= _MOST_SKEW_S:
        return Check("clock", "yellow", ahead, remedy, "seconds")
    return Check(
        "clock",
        "red",
        f"{ahead}: AWS refuses what is signed more than 5 minutes off, and rows have wrong days",
        remedy,
        "seconds",
    )


def route(place: Place) -> Iterator[Check]:
    """Whether the base URL is the path that serves the model."""
    model = os.environ.get("COSTMARK_VERIFY_MODEL", "")
    if not model:
        yield skipped("route", "no model is named", "set COSTMARK_VERIFY_MODEL to one you call")
        return
    found = route_of(model)
    if not found.known:
        yield Check(
            "route",
            "yellow",
            f"on which path {model} is served is not known",
            "see the model's card, and name it in a file for option 'routes' (docs/routes.md)",
            "minutes",
        )
        return
    path = urlsplit(place.base_url).path.rstrip("/")
    if place.base_url and path and path != found.family and "mantle" in place.base_url:
        yield Check(
            "route",
            "red",
            f"{model} is served on {found.family}, and the base URL has {path}",
            f"set the base URL to {found.base_url(place.region or 'REGION')}",
            "seconds",
        )
    else:
        yield green("route", f"{model} is served on {found.family}")
