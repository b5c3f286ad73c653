"""Which right each operation on mantle needs, on which resource, with which condition keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .context import SERVICE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..auth.authenticator import Caller
    from ..state.emulator_state import State

Keys = dict[str, "str | list[str]"]


def authorize(
    state: State, caller: Caller, action: str, resource: str, keys: Keys | None = None
) -> None:
    """Raise `ApiError` unless the caller may do this with a resource."""
    state.authorizer.check(caller, f"{SERVICE}:{action}", resource, keys)


def authorize_on_project(
    state: State, caller: Caller, action: str, project: str, keys: Keys | None = None
) -> None:
    """Raise `ApiError` unless the caller may do this with the project of this id or ARN.

    The right comes before the look-up, so that a refusal does not tell what exists.
    """
    found = state.projects.find(project)
    tags: Keys = {f"aws:ResourceTag/{k}": v for k, v in found.tags.items()} if found else {}
    authorize(state, caller, action, state.projects.arn_of(project), {**tags, **(keys or {})})


def inference_keys(body: Mapping[str, Any]) -> Keys:
    """The condition keys of an inference request."""
    names = {"model": "Model", "service_tier": "ServiceTier"}
    return {
        f"{SERVICE}:{key}": body[name]
        for name, key in names.items()
        if isinstance(body.get(name), str)
    }


def request_tag_keys(tags: Mapping[str, str]) -> Keys:
    """The condition keys of a request that sets tags."""
    if not tags:
        return {}
    return {**{f"aws:RequestTag/{k}": v for k, v in tags.items()}, "aws:TagKeys": list(tags)}
