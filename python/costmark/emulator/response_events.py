"""A response as a stream of events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .streams import Event, event

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .response_body import Draft
    from .tokens import Usage

_Step = tuple[str, dict[str, Any], int]


def events(draft: Draft, usage: Usage) -> Iterator[Event]:
    """Every event of a response, numbered."""
    for number, (name, body, produced) in enumerate(_steps(draft, usage)):
        numbered = {"type": name, "sequence_number": number, **body}
        yield event(numbered, produced, name=name)


def _steps(draft: Draft, usage: Usage) -> Iterator[_Step]:
    yield "response.created", {"response": draft.unfinished("in_progress")}, 0
    yield "response.in_progress", {"response": draft.unfinished("in_progress")}, 0
    index, produced = 0, draft.answer.reasoning_tokens
    if produced:
        thought = {"output_index": 0, "item": draft.reasoning_item()}
        yield "response.output_item.added", thought, 0
        yield "response.output_item.done", thought, produced
        index = 1
    opened = {"output_index": index, "item": draft.item("in_progress")}
    yield "response.output_item.added", opened, produced
    yield from _text_steps(draft, index) if draft.answer.tool is None else _call_steps(draft, index)
    closed = {"output_index": index, "item": draft.item(draft.final_status)}
    total = draft.answer.output_tokens
    yield "response.output_item.done", closed, total
    yield f"response.{draft.final_status}", {"response": draft.finished(usage)}, total


def _text_steps(draft: Draft, index: int) -> Iterator[_Step]:
    at = {"item_id": draft.item_id, "output_index": index, "content_index": 0}
    produced = draft.answer.reasoning_tokens
    yield "response.content_part.added", {**at, "part": draft.part("")}, produced
    for piece in draft.answer.pieces:
        produced += 1
        yield "response.output_text.delta", {**at, "delta": piece, "logprobs": []}, produced
    text = draft.answer.text
    yield "response.output_text.done", {**at, "text": text, "logprobs": []}, produced
    yield "response.content_part.done", {**at, "part": draft.part(text)}, produced


def _call_steps(draft: Draft, index: int) -> Iterator[_Step]:
    at = {"item_id": draft.item_id, "output_index": index}
    produced = draft.answer.reasoning_tokens
    for piece in draft.answer.pieces:
        produced += 1
        yield "response.function_call_arguments.delta", {**at, "delta": piece}, produced
    name = draft.answer.tool.name if draft.answer.tool is not None else ""
    done = {**at, "name": name, "arguments": draft.answer.text}
    yield "response.function_call_arguments.done", done, produced
