"""The Response object in its states."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ...model.answers import Answer
    from ...model.usage import Usage
    from ...state.ids import Ids
    from ...wire.json_text import JsonObject

# What the object repeats of the request, and what it says when the request does not.
_ECHOED: dict[str, Any] = {
    "background": False,
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "previous_response_id": None,
    "prompt_cache_key": None,
    "reasoning": None,
    "safety_identifier": None,
    "service_tier": "default",
    "store": True,
    "temperature": 1.0,
    "text": {"format": {"type": "text"}},
    "tool_choice": "auto",
    "tools": [],
    "top_p": 1.0,
    "truncation": "disabled",
    "user": None,
}


def shown_usage(usage: Usage) -> dict[str, Any]:
    """Usage as the Responses API shows it."""
    return {
        "input_tokens": usage.input_tokens,
        "input_tokens_details": {
            "cached_tokens": usage.cached_input_tokens,
            "cache_write_tokens": 0,
        },
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
        "total_tokens": usage.total_tokens,
    }


class Draft:
    """One response on its way: its identifiers, its answer, its items."""

    def __init__(self, request: JsonObject, model: str, made: Answer, ids: Ids, now: float) -> None:
        self.id = ids.new("resp_", 48)
        self.answer = made
        self.reasoning_id = ids.new("rs_", 48)
        self.item_id = ids.new("msg_" if made.tool is None else "fc_", 48)
        self.call_id = ids.new("call_")
        echoed = {name: request.get(name) for name in _ECHOED if request.get(name) is not None}
        self._head: dict[str, Any] = {
            "id": self.id,
            "object": "response",
            "created_at": int(now),
            "error": None,
            "incomplete_details": None,
            "model": model,
            **_ECHOED,
            **echoed,
        }

    def reasoning_item(self) -> dict[str, Any]:
        """The item that stands for the reasoning."""
        return {"id": self.reasoning_id, "type": "reasoning", "summary": []}

    def item(self, status: str) -> dict[str, Any]:
        """The message or function call, empty while it is in progress."""
        text = "" if status == "in_progress" else self.answer.text
        if self.answer.tool is not None:
            return {
                "id": self.item_id,
                "type": "function_call",
                "status": status,
                "call_id": self.call_id,
                "name": self.answer.tool.name,
                "arguments": text,
            }
        content = [] if status == "in_progress" else [self.part(text)]
        return {
            "id": self.item_id,
            "type": "message",
            "status": status,
            "role": "assistant",
            "content": content,
        }

    @staticmethod
    def part(text: str) -> dict[str, Any]:
        """A part of a message."""
        return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}

    @property
    def final_status(self) -> str:
        """The status at the end."""
        return "incomplete" if self.answer.truncated else "completed"

    def unfinished(self, status: str) -> dict[str, Any]:
        """The response before it has output."""
        return {**self._head, "status": status, "output": [], "usage": None}

    def failed(self) -> dict[str, Any]:
        """The response that the emulator was told to let fail; it costs nothing."""
        message = "The emulator was told to let this response fail."
        error = {"code": "server_error", "message": message}
        return {**self.unfinished("failed"), "error": error}

    def finished(self, usage: Usage, at: float) -> dict[str, Any]:
        """The response at its end."""
        output = [self.item(self.final_status)]
        if self.answer.reasoning_tokens:
            output.insert(0, self.reasoning_item())
        ended = {**self._head, "status": self.final_status, "output": output}
        if self.answer.truncated:
            ended["incomplete_details"] = {"reason": "max_output_tokens"}
        else:
            ended["completed_at"] = int(at)
        return {**ended, "usage": shown_usage(usage)}
