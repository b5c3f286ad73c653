"""Checks that ask the endpoint: the project, the rights, the carrier, the tags."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ...errors import Error
from ...projects import Projects
from . import attribution
from .check import Check, green, skipped
from .permissions import missing_in

if TYPE_CHECKING:
    from ...projects import Project
    from ..aws import Identity
    from .environment import Place

_KEY = "costmark_project"
_ON_BILL = "up to 24 hours to be seen, 24 more to be active"


def project(place: Place) -> tuple[Project | None, list[Check]]:
    """The project as the service has it, and what that says."""
    try:
        found = _projects(place, "auto").get(place.project)
    except Error as error:
        return None, list(_refused(place, error))
    if found.archived:
        remedy = "costmark projects create --name NAME makes another one; archiving is for ever"
        said = f"{found.id} is archived on plane {found.plane}: it takes no calls"
        return found, [Check("project", "red", said, remedy, "seconds")]
    said = f"{found.id} ({found.name}) is active on plane {found.plane}, account {found.account}"
    return found, [
        green("project", said),
        green("permissions", f"may read the project on plane {found.plane}"),
    ]


def _projects(place: Place, plane: Any) -> Projects:
    given = {"base_url": place.base_url, "region": place.region}
    options: dict[str, Any] = {name: value for name, value in given.items() if value}
    attribution.authorize(options)
    return Projects(plane, **options)


def _refused(place: Place, error: Error) -> Iterator[Check]:
    missing = missing_in(str(error))
    if missing is not None:
        yield skipped("project", "the right to read it is missing")
        yield Check(
            "permissions",
            "red",
            f"{missing.action} on {missing.resource} is missing",
            missing.remedy,
            "seconds, at most minutes",
        )
    elif error.code == "endpoint_mismatch":
        yield skipped("project", "this endpoint has no Projects API, as with a gateway")
    elif error.status == 404:
        yield Check(
            "project",
            "red",
            f"{place.project} does not exist at {place.url}{_elsewhere(place)}",
            "costmark projects list shows those of this account and region; ids are of one region",
            "seconds",
        )
    else:
        yield Check("permissions", "red", str(error), _remedy_of(error), "minutes")


def _elsewhere(place: Place) -> str:
    """Whether the other plane has it, where there is one."""
    if not place.is_bedrock:
        return ""
    try:
        found = _projects(place, "bedrock").get(place.project)
    except Error:
        return ""
    return f", but on plane {found.plane}, which bedrock-runtime calls use"


def _remedy_of(error: Error) -> str:
    if error.status in (401, 403):
        return "check whose credentials these are (costmark doctor credentials), and their keys"
    return "try again; if it stays, ask AWS with the request id"


def carrier(place: Place) -> Iterator[Check]:
    """Whether the endpoint reads the project, shown by a probe."""
    found = attribution.probed(place.project)
    shown = f"{found.carrier} at {found.endpoint}"
    if found.honored:
        yield green("carrier", f"{shown} is read: {found.reason}")
    elif found.verdict == "not_honored":
        yield Check(
            "carrier",
            "red",
            f"{shown} is not read: {found.reason}",
            "call another endpoint, or let the gateway pass the header on (docs/gateways.md)",
            "minutes",
        )
    else:
        state: Any = "yellow" if found.retryable or not os.environ.get(_MODEL) else "red"
        remedy = (
            f"set {_MODEL} to a model that the endpoint has" if not os.environ.get(_MODEL) else ""
        )
        yield Check(
            "carrier", state, f"not proven: {found.reason}", remedy or "see the reason", "seconds"
        )


_MODEL = "COSTMARK_VERIFY_MODEL"


def tags(place: Place, found: Project, keys: list[str]) -> Iterator[Check]:
    """Whether the project has the tags that the bill is told apart by."""
    try:
        has = found.tags if found.tags is not None else _projects(place, found.plane).tags(found)
    except Error as error:
        missing = missing_in(str(error))
        remedy = missing.remedy if missing else "see the reason"
        yield Check("tags", "yellow", f"cannot be read: {error}", remedy, "seconds")
        return
    wanted = keys or [_KEY]
    lacking = [key for key in wanted if key not in has]
    if lacking:
        yield Check(
            "tags",
            "red",
            f"{found.id} has no tag {', '.join(lacking)}: its spend cannot be told apart",
            f"costmark projects tag {found.id} {' '.join(f'{key}=VALUE' for key in lacking)}",
            f"seconds; on the bill {_ON_BILL}, and not for what came before",
        )
    else:
        yield green("tags", ", ".join(f"{key}={has[key]}" for key in wanted))


_NAME_THE_PAYER = "keys are the payer's: --billing-profile NAME or --billing-role-arn ARN"


def activated(keys: list[str], identity: Identity) -> Iterator[Check]:
    """Whether the keys are cost allocation tags; asks Cost Explorer, at $0.01."""
    from ...bill.tags import listed
    from ..aws import asking

    try:
        with asking("Cost Explorer"):
            found = listed(identity.client("ce"), keys or [_KEY])
    except Error as error:
        missing = missing_in(str(error))
        remedy = missing.remedy if missing else _NAME_THE_PAYER
        yield Check("keys", "yellow", f"not known: {error}", remedy, "minutes")
        return
    for state in found.states:
        said = state.missing(found.now)
        if not said:
            yield green("keys", f"{state.key} is on the bill")
            continue
        seen = "wait" if not state.is_seen or state.is_active else ""
        yield Check(
            "keys",
            "yellow" if state.is_active else "red",
            f"{state.key} is {said}",
            seen or f"costmark tags activate --key {state.key}, as the payer",
            "24 hours; not for what came before" if state.is_seen else _ON_BILL,
        )
