"""Reading a Responses request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...model import prompts, tokenizer
from ...model.answers import Tool, Wanted, choose_tool
from ...wire.errors import ApiError, invalid, undeserializable
from ..inference import Call, whole
from ..request_members import RESPONSES_INPUT_ITEMS, RESPONSES_TOOLS

if TYPE_CHECKING:
    from ...wire.json_text import JsonObject

_VARIANT = "Invalid 'input': value did not match any expected variant"


def input_items(body: JsonObject) -> list[dict[str, Any]]:
    """The input as a list of items; a string is one message of the user."""
    given = body.get("input")
    if isinstance(given, str):
        return [{"role": "user", "content": given}]
    if given is None:
        if body.get("previous_response_id") is None and body.get("prompt") is None:
            raise undeserializable("missing field `input`")
        return []
    if not isinstance(given, list):
        raise invalid(_VARIANT, param="input")
    for item in given:
        if not isinstance(item, dict):
            raise invalid(_VARIANT, param="input")
        kind = item.get("type", "message")
        if kind not in RESPONSES_INPUT_ITEMS or (kind == "message" and "role" not in item):
            raise invalid(_VARIANT, param="input")
    return given


def input_tokens(body: JsonObject) -> list[str]:
    """The tokens that the request adds to its conversation."""
    pieces = prompts.of_json(body.get("tools")) + prompts.of_json(output_schema(body))
    instructions = body.get("instructions")
    if instructions is not None:
        pieces += prompts.of_content(instructions, "instructions")
    pieces += prompts.of_json(body.get("prompt"))
    for number, item in enumerate(input_items(body)):
        if item.get("type", "message") != "message":
            pieces += prompts.of_json(item)
            continue
        pieces += tokenizer.split(str(item["role"]))
        pieces += prompts.of_content(item.get("content"), f"input[{number}].content")
    return pieces


def output_schema(body: JsonObject) -> Any:
    """The JSON schema that the answer must satisfy, or None."""
    text = body.get("text")
    form = text.get("format") if isinstance(text, dict) else None
    if form is None:
        return None
    kind = form.get("type") if isinstance(form, dict) else None
    if kind == "text":
        return None
    if kind == "json_object":
        return {"type": "object", "properties": {"answer": {"type": "string"}}}
    if kind != "json_schema" or "schema" not in form:
        raise undeserializable("text.format: expected text, json_object or json_schema")
    return form["schema"]


def _tool(body: JsonObject) -> Tool | None:
    offered = body.get("tools") or []
    if not isinstance(offered, list):
        raise undeserializable("tools: invalid type: expected a list")
    tools = []
    for each in offered:
        kind = each.get("type") if isinstance(each, dict) else None
        if kind not in RESPONSES_TOOLS:
            expected = " or ".join(f"`{name}`" for name in RESPONSES_TOOLS)
            raise undeserializable(f"tools: unknown variant `{kind}`, expected {expected}")
        if kind == "function":
            if not isinstance(each.get("name"), str):
                raise undeserializable("tools: missing field `name`")
            tools.append(Tool(each["name"], each.get("parameters") or {"type": "object"}))
    choice = body.get("tool_choice")
    named = choice.get("name") if isinstance(choice, dict) else None
    return choose_tool(tools, choice, named)


def wanted(call: Call) -> Wanted:
    """What shape of answer the request asks for."""
    body = call.body
    reasoning = body.get("reasoning")
    effort = reasoning.get("effort") if isinstance(reasoning, dict) else None
    return Wanted(
        limit=whole(body, "max_output_tokens"),
        schema=output_schema(body),
        tool=_tool(body),
        reasons=call.model.reasons,
        effort=str(effort or "medium"),
    )


def whole_prompt(call: Call) -> tuple[str, ...]:
    """The tokens of the conversation that the request continues, and of what it adds."""
    return (*_conversation(call), *input_tokens(call.body))


def _conversation(call: Call) -> tuple[str, ...]:
    """The conversation that the request continues; it must be of the same project."""
    previous = call.body.get("previous_response_id")
    if previous is None:
        return ()
    stored = call.state.responses.find(str(previous), call.project.id)
    param = "previous_response_id"
    if stored is None:
        message = f"Previous response with id '{previous}' not found."
        raise ApiError(404, "not_found_error", message, param=param)
    status = stored.body["status"]
    if status not in ("completed", "incomplete"):
        raise invalid(
            f"Previous response with id '{previous}' is {status}, and cannot be continued.",
            param=param,
        )
    return stored.conversation
