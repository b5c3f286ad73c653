"""Refuses what the policies of the emulator's callers do not allow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..wire.errors import access_denied
from .evaluation import Decision, decide

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..auth.authenticator import Caller
    from ..settings import Settings

# How AWS says why, behind "is not authorized to perform: ... on resource: ...".
_BECAUSE = {
    Decision.EXPLICIT_DENY: "with an explicit deny in an identity-based policy",
    Decision.IMPLICIT_DENY: "because no identity-based policy allows the {action} action",
}


class Authorizer:
    """Decides by the policies that the emulator was started with; without any, all is allowed."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._statements = settings.policy

    @property
    def runtime_projects_authorized(self) -> bool:
        """Whether inference on the runtime needs a right on its project as well."""
        return self._settings.runtime_projects == "authorized"

    def check_bearer(self, caller: Caller, service: str) -> None:
        """Raise `ApiError` when a bearer token may not be used; signatures need no such right."""
        if caller.token_type is None:
            return
        key = {"bedrock-mantle": "BearerTokenType"}.get(service, "bearerTokenType")
        self.check(
            caller, f"{service}:CallWithBearerToken", "*", {f"{service}:{key}": caller.token_type}
        )

    def check(
        self,
        caller: Caller,
        action: str,
        resource: str,
        keys: Mapping[str, str | list[str]] | None = None,
    ) -> None:
        """Raise `ApiError` of status 403 unless the caller may do this."""
        if self._statements is None:
            return
        settings = self._settings
        who = f"arn:{settings.partition}:iam::{settings.account}:user/emulator"
        found = {"aws:PrincipalArn": who, "aws:PrincipalAccount": settings.account}
        every = {**found, **(keys or {})}
        given = {k.lower(): [v] if isinstance(v, str) else v for k, v in every.items()}
        decision = decide(self._statements, action, resource, given)
        if decision is not Decision.ALLOWED:
            because = _BECAUSE[decision].format(action=action)
            raise access_denied(
                f"User: {who} is not authorized to perform: {action} on resource: {resource} "
                f"{because}"
            )
