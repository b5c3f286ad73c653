"""Places: one account, region and plane each, and the connection to it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from .. import _core
from ..errors import ConfigurationError
from .model import Target
from .sts import assume_role, caller_account
from .world import account_of, observe

if TYPE_CHECKING:
    from ..projects import Plane
    from .model import ProjectsAPI, Stack
    from .world import World

Options = dict[str, Any]
Connect = Callable[[str, Options], "ProjectsAPI"]  # by plane and client options

_HERE = "here"  # the target of a file that names none, in plans and in JSON
_PARTITIONS = {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}
_KEYS = ("access_key_id", "secret_access_key", "session_token")


@dataclass(frozen=True)
class Address:
    """A target in one of its regions; the region is None where the environment says it."""

    target: Target
    region: str | None
    plane: str

    def __str__(self) -> str:
        name = "this account" if self.target.name == _HERE else self.target.name
        return f"{name}, {self.region}" if self.region else name


@dataclass(frozen=True)
class Place:
    """Where a plan holds."""

    partition: str
    account: str
    region: str
    plane: str

    def __str__(self) -> str:
        return f"account {self.account}, {self.region}, {self.plane}"


@dataclass(frozen=True)
class Session:
    """A place with its connection."""

    place: Place
    api: ProjectsAPI

    def observe(self) -> World:
        """The projects that are there. ConfigurationError for those of another account."""
        world = observe(self.api)
        accounts = world.accounts or {account_of(self.api.get("default").arn)}
        if accounts != {self.place.account}:
            shown = ", ".join(sorted(accounts))
            raise ConfigurationError(
                f"the Projects API shows projects of account {shown}, and the credentials are "
                f"those of {self.place.account}: is a bearer token of another account set, or "
                "another endpoint?"
            )
        return world


def addresses(stack: Stack, selected: str | None) -> list[Address]:
    """Those of the selected target, of all, or of the only one. ConfigurationError."""
    targets = stack.targets or (Target(_HERE),)
    names = ", ".join(target.name for target in targets)
    if selected is None:
        if len(targets) > 1:
            raise ConfigurationError(
                f"the file has several targets ({names}): select one with --target NAME, or "
                "--target all"
            )
    elif selected != "all":
        targets = tuple(target for target in targets if target.name == selected)
        if not targets:
            raise ConfigurationError(f"there is no target {selected!r}; there is: {names}")
    return [
        Address(target, region, target.plane or stack.plane)
        for target in targets
        for region in target.regions or (None,)
    ]


def connect(plane: str, options: Options) -> ProjectsAPI:
    """The Projects API of a plane."""
    from .. import Projects

    return Projects(cast("Plane", plane), **options)


def open_session(address: Address, connect: Connect = connect) -> Session:
    """Connect to a place, once the caller's account is the one that the target says."""
    target = address.target
    credentials, region = _credentials(target, address.region)
    options: Options = {"region": region}
    if target.profile is not None:
        # A bearer token of the environment would win over the profile.
        options |= {"profile": target.profile, "auth": "sigv4"}
    if target.role_arn is not None:
        if credentials is None:
            raise ConfigurationError(
                f"target {target.name!r} has a role, and there are no AWS credentials to assume it"
            )
        role = assume_role(credentials, region, target.role_arn, target.external_id)
        credentials = _core.Credentials(*(role[name] for name in _KEYS))
        options = {"region": region, "auth": "sigv4", **role, "role_arn": "", "external_id": ""}
    api = connect(address.plane, options)
    if credentials is not None:
        account, who = caller_account(credentials, region)
    else:  # a bearer token cannot be asked whose it is; the ARN of a project tells the account
        who = api.get("default").arn
        account = account_of(who)
    if target.account not in (None, account):
        raise ConfigurationError(
            f"target {target.name!r} is account {target.account}, and the caller is {who} of "
            f"{account}"
        )
    return Session(Place(_partition(region), account, region, address.plane), api)


def _credentials(target: Target, wanted_region: str | None) -> tuple[_core.Credentials | None, str]:
    """What there is to sign with, and the region. ConfigurationError without a region."""
    found = _core.explain_credentials(target.profile or "")
    region = wanted_region or os.environ.get("COSTMARK_REGION") or found["region"]
    if not region:
        raise ConfigurationError(
            f"target {target.name!r} has no regions, and neither the environment nor a profile "
            "names one: set regions or AWS_REGION"
        )
    return found["credentials"], region


def _partition(region: str) -> str:
    return next((p for prefix, p in _PARTITIONS.items() if region.startswith(prefix)), "aws")
