"""Claude: the Messages API, whose model and streaming the request's path tells."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ....wire.errors import validation_exception
from ... import messages, request_members
from .made import Made

if TYPE_CHECKING:
    from ...inference import Call

# AWS's documentation has bedrock-2023-05-31; the anthropic SDK sends the date of its own API.
_VERSION = re.compile(r"(bedrock-)?\d{4}-\d\d-\d\d")
_MEMBERS = (request_members.MESSAGES - {"model", "stream"}) | {"anthropic_beta"}


def make(call: Call) -> Made:
    """The answer to a call."""
    if not _VERSION.fullmatch(str(call.body.get("anthropic_version"))):
        raise validation_exception("anthropic_version must be bedrock-2023-05-31.")
    unknown = next((name for name in call.body if name not in _MEMBERS), None)
    if unknown is not None and call.state.settings.strict_body:
        raise validation_exception(f"{unknown}: Extra inputs are not permitted")
    made = messages.make(call)
    return Made(made.body(), made.usage, made.outcome, list(made.steps()))
