"""Which right each operation needs, on which resource, with which condition keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..model.runtime_models import resources_of
from .context import SERVICE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..auth.authenticator import Caller
    from ..state.emulator_state import State
    from ..state.projects import Project

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
    tags = resource_tag_keys(state.projects.find(project))
    authorize(state, caller, action, state.projects.arn_of(project), {**tags, **(keys or {})})


def authorize_invocation(
    state: State, caller: Caller, model: str, project: Project, *, streamed: bool
) -> None:
    """Raise `ApiError` unless the caller may invoke a model on the runtime.

    In one of two readings of what AWS leaves open, for this project only.
    """
    action = "bedrock:InvokeModelWithResponseStream" if streamed else "bedrock:InvokeModel"
    for kind, identifier in resources_of(model):
        account = "" if kind == "foundation-model" else state.settings.account
        state.authorizer.check(caller, action, _runtime_arn(state, f"{kind}/{identifier}", account))
    if state.authorizer.runtime_projects_authorized:
        arn = _runtime_arn(state, f"project/{project.id}", state.settings.account)
        state.authorizer.check(caller, action, arn, resource_tag_keys(project))


def _runtime_arn(state: State, resource: str, account: str) -> str:
    settings = state.settings
    return f"arn:{settings.partition}:bedrock:{settings.region}:{account}:{resource}"


def inference_keys(body: Mapping[str, Any]) -> Keys:
    """The condition keys of an inference request."""
    names = {"model": "Model", "service_tier": "ServiceTier"}
    return {
        f"{SERVICE}:{key}": body[name]
        for name, key in names.items()
        if isinstance(body.get(name), str)
    }


def resource_tag_keys(project: Project | None) -> Keys:
    """The condition keys of a project that there is."""
    tags = project.tags if project is not None else {}
    return {f"aws:ResourceTag/{key}": value for key, value in tags.items()}


def request_tag_keys(tags: Mapping[str, str]) -> Keys:
    """The condition keys of a request that sets tags."""
    if not tags:
        return {}
    return {**{f"aws:RequestTag/{k}": v for k, v in tags.items()}, "aws:TagKeys": list(tags)}
