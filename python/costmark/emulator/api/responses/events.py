"""A response as a stream of events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...wire.event_streams import Event, event

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .body import Draft

Body = dict[str, Any]
_Step = tuple[str, Body, int]


def events(draft: Draft, ended: Body) -> list[Event]:
    """Every event of a response, numbered, up to the one that it ends with."""
    created = "response.created", {"response": draft.unfinished("in_progress")}, 0
    return _numbered([created, *_making(draft), _end(draft, ended)])


def background_events(draft: Draft, ended: Body) -> tuple[list[Event], list[Event], Event]:
    """The same of a background response: those while it is queued, those of its making, the end."""
    queued = {"response": draft.unfinished("queued")}
    waiting: list[_Step] = [("response.created", queued, 0), ("response.queued", queued, 0)]
    making = list(_making(draft))
    if ended["status"] == "failed":
        making = making[:1]
    numbered = _numbered([*waiting, *making, _end(draft, ended)])
    return numbered[:2], numbered[2:-1], numbered[-1]


def _numbered(steps: Iterable[_Step]) -> list[Event]:
    return [
        event({"type": name, "sequence_number": number, **body}, produced, name=name)
        for number, (name, body, produced) in enumerate(steps)
    ]


def _end(draft: Draft, ended: Body) -> _Step:
    return f"response.{ended['status']}", {"response": ended}, draft.answer.output_tokens


def _making(draft: Draft) -> Iterator[_Step]:
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
    yield "response.output_item.done", closed, draft.answer.output_tokens


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
