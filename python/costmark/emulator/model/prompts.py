"""Prompts as tokens.

A prompt's tokens are, in this order: those of the tools' definitions and of the output schema as
compact JSON, and those of each message's role and text. Attachments cost a flat number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..wire.errors import undeserializable
from ..wire.json_text import dumps
from . import tokenizer

if TYPE_CHECKING:
    from collections.abc import Iterable

_TEXT_PARTS = ("text", "input_text", "output_text", "refusal")
_ATTACHMENT_PARTS = (
    "image_url",
    "input_audio",
    "file",
    "input_image",
    "input_file",
    "image",
    "document",
)


def of_json(value: Any) -> list[str]:
    """The tokens of a definition."""
    return tokenizer.split(dumps(value).decode("ascii")) if value else []


def of_content(content: Any, where: str) -> list[str]:
    """The tokens of a message's content: text, or a list of parts."""
    if content is None:
        return []
    if isinstance(content, str):
        return tokenizer.split(content)
    if not isinstance(content, list):
        raise undeserializable(f"{where}: invalid type: expected a string or a list of parts")
    pieces: list[str] = []
    for part in content:
        pieces += _of_part(part, where)
    return pieces


def _of_part(part: Any, where: str) -> list[str]:
    if isinstance(part, str):
        return tokenizer.split(part)
    if not isinstance(part, dict) or not isinstance(part.get("type"), str):
        raise undeserializable(f"{where}: missing field `type`")
    kind = part["type"]
    if kind in _TEXT_PARTS:
        text = part.get("text", part.get("refusal"))
        if not isinstance(text, str):
            raise undeserializable(f"{where}: missing field `text`")
        return tokenizer.split(text)
    if kind in _ATTACHMENT_PARTS:
        return ["<attachment>"] * tokenizer.ATTACHMENT_TOKENS
    return of_json(part)


def of_messages(messages: Any, name: str = "messages") -> list[str]:
    """The tokens of a list of messages."""
    if messages is None:
        raise undeserializable(f"missing field `{name}`")
    if not isinstance(messages, list) or not messages:
        raise undeserializable(f"{name}: invalid length: expected a list that is not empty")
    pieces: list[str] = []
    for number, message in enumerate(messages):
        where = f"{name}[{number}]"
        if not isinstance(message, dict) or not isinstance(message.get("role"), str):
            raise undeserializable(f"{where}: missing field `role`")
        pieces += tokenizer.split(message["role"])
        pieces += of_content(message.get("content"), f"{where}.content")
        pieces += of_json(message.get("tool_calls"))
    return pieces


def last_text(items: Iterable[Any]) -> str:
    """The text of the last message that has any, for the answer to quote."""
    for item in reversed(list(items)):
        content = item.get("content") if isinstance(item, dict) else None
        if isinstance(content, str):
            return content
        for part in content if isinstance(content, list) else ():
            if isinstance(part, dict) and isinstance(part.get("text"), str):
                return str(part["text"])
    return ""
