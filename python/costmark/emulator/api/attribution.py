"""Which project a request belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..wire.errors import invalid
from .request_members import CARRIER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..state.projects import Project, ProjectStore
    from ..wire.received import Received

HEADER = "openai-project"
WORKSPACE_HEADER = "anthropic-workspace-id"


def _from_header(request: Received, name: str) -> str | None:
    values = request.values(name)
    if len(values) > 1:
        raise invalid(f"The `{name}` header was sent more than once.")
    if values and not values[0].strip():
        raise invalid(f"The `{name}` header is empty.")
    return values[0].strip() if values else None


def _from_body(body: Mapping[str, object]) -> str | None:
    value = body.get(CARRIER)
    if CARRIER in body and (not isinstance(value, str) or not value):
        raise invalid(f"'{CARRIER}' must be a non-empty string.", param=CARRIER)
    return value if isinstance(value, str) else None


def named_arn(
    request: Received, body: Mapping[str, object], projects: ProjectStore, *, messages: bool = False
) -> str:
    """The ARN of the project that a request names; that of `default` when it names none.

    The Messages API has a header of its own and refuses the other one; the older spelling of it,
    `anthropic-workspace`, is ignored as the service ignores it.
    """
    if messages and request.values(HEADER):
        raise invalid(
            f"The `{HEADER}` header is not supported for this API format."
            f" Use `{WORKSPACE_HEADER}` instead."
        )
    header = _from_header(request, WORKSPACE_HEADER if messages else HEADER)
    member = _from_body(body)
    named = [projects.arn_of(name) for name in (header, member) if name is not None]
    if len(set(named)) > 1:
        raise invalid(
            f"The request names two projects: '{header}' in its header and '{member}' in its body.",
            param=CARRIER,
        )
    return named[0] if named else projects.default.arn


def refuse_archived(project: Project) -> None:
    """Archived projects serve no new inference.

    The service's own status and text for this are not documented; a 400 in the shape of its
    validation errors is the emulator's choice.
    """
    if project.archived:
        raise invalid(
            f"Project '{project.arn}' is archived and cannot be used for inference.",
            code="project_archived",
        )
