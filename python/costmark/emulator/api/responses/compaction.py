"""Compaction: a conversation, summed up in one sealed item."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...model.answers import answer
from ...model.catalog import RESPONSES
from ...model.usage import Usage
from .. import request_members
from ..delivery import whole_answer
from ..inference import Call, infer
from .body import shown_usage
from .request import input_items, wanted, whole_prompt

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp


async def create(request: Request) -> ASGIApp:
    """POST responses/compact."""
    return await infer(request, RESPONSES, request_members.COMPACT, _run)


def _run(call: Call) -> ASGIApp:
    prompt = whole_prompt(call)
    summary = answer(prompt, "", call.model.id, wanted(call))
    usage = Usage(len(prompt), call.cached(prompt), len(summary.pieces))
    ids = call.state.ids
    users = [each for each in input_items(call.body) if each.get("role") == "user"]
    kept = [{"type": "message", "status": "completed", **each} for each in users]
    for each in kept:
        each.setdefault("id", ids.new("msg_"))
        if isinstance(each["content"], str):
            each["content"] = [{"type": "input_text", "text": each["content"]}]
    sealed = {"type": "compaction", "id": ids.new("cmp_"), "encrypted_content": summary.text}
    body = {
        "id": ids.new("resp_"),
        "object": "response.compaction",
        "created_at": int(call.state.now()),
        "output": [*kept, sealed],
        "usage": shown_usage(usage),
    }
    return whole_answer(call, body, usage, "completed")
