"""Answers that follow from the request alone, so that they can be expected."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..wire.errors import invalid
from ..wire.json_text import dumps
from . import tokenizer
from .schema_filler import UnfillableError, fill

if TYPE_CHECKING:
    from collections.abc import Sequence

_WORDS = str.split("""
    amber anchor basin birch bright calm canyon cedar cloud coast copper crane delta distant early
    ember fern field flint forest garden gentle granite harbor hazel hollow island ivory juniper
    lantern linen maple meadow morning north ocean olive orchard pebble pine quiet river saffron
    shadow silver slate spring stone summit timber valley velvet warm willow winter yellow
""")

_EFFORT = {"none": 0.0, "minimal": 0.0, "low": 0.5, "medium": 1.0, "high": 2.0, "xhigh": 3.0}


@dataclass(frozen=True)
class Tool:
    """A function that the caller offers."""

    name: str
    parameters: Any


@dataclass(frozen=True)
class Wanted:
    """What shape of answer the request asks for."""

    limit: int | None = None
    stop: tuple[str, ...] = ()
    schema: Any = None
    tool: Tool | None = None
    reasons: bool = False
    effort: str = "medium"


@dataclass(frozen=True)
class Answer:
    """Text, or the arguments of a tool call, as tokens; and why it ends."""

    pieces: tuple[str, ...]
    reasoning_tokens: int
    truncated: bool
    tool: Tool | None = None

    @property
    def text(self) -> str:
        """The text of all tokens."""
        return "".join(self.pieces)

    @property
    def output_tokens(self) -> int:
        """The tokens that the answer costs, reasoning included."""
        return self.reasoning_tokens + len(self.pieces)


def _digest(prompt: Sequence[str], *salt: str) -> bytes:
    text = "\0".join([*salt, *prompt])
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def _prose(digest: bytes, question: str) -> str:
    length = 12 + digest[0] % 21
    chosen = (digest * 2)[1 : 1 + length]
    words = " ".join(_WORDS[(byte + place) % len(_WORDS)] for place, byte in enumerate(chosen))
    excerpt = "".join(tokenizer.split(question)[:8]).strip()
    return f'To "{excerpt}": {words}.' if excerpt else f"{words.capitalize()}."


def _structured(schema: Any) -> str:
    try:
        return dumps(fill(schema)).decode("ascii")
    except UnfillableError as error:
        raise invalid(f"Invalid schema: {error}", code="invalid_json_schema") from None
    except (TypeError, ValueError, AttributeError, KeyError, ArithmeticError):
        raise invalid("Invalid schema.", code="invalid_json_schema") from None


def _reasoning(digest: bytes, wanted: Wanted) -> int:
    if not wanted.reasons:
        return 0
    return int((8 + digest[31] % 25) * _EFFORT.get(wanted.effort, 1.0))


def _stopped(text: str, stop: Sequence[str]) -> str:
    ends = [text.find(each) for each in stop if each and each in text]
    return text[: min(ends)] if ends else text


def answer(
    prompt: Sequence[str], question: str, model: str, wanted: Wanted, nth: int = 0
) -> Answer:
    """The answer to a prompt; `question` is its last text, quoted in the answer."""
    digest = _digest(prompt, model, str(nth))
    if wanted.tool is not None:
        text = _structured(wanted.tool.parameters)
    elif wanted.schema is not None:
        text = _structured(wanted.schema)
    else:
        text = _stopped(_prose(digest, question), wanted.stop)
    pieces = tokenizer.split(text)
    reasoning = _reasoning(digest, wanted)
    if wanted.limit is None:
        return Answer(tuple(pieces), reasoning, False, wanted.tool)
    reasoning = min(reasoning, wanted.limit)
    left = wanted.limit - reasoning
    return Answer(tuple(pieces[:left]), reasoning, len(pieces) > left, wanted.tool)


def choose_tool(tools: Sequence[Tool], choice: Any, name: str | None) -> Tool | None:
    """The tool that must be called: the named one, the first when one is required, or none."""
    if name is not None:
        for tool in tools:
            if tool.name == name:
                return tool
        raise invalid(f"Tool choice '{name}' not found in 'tools' parameter.", param="tool_choice")
    if choice in ("required", "any"):
        if not tools:
            raise invalid("A tool is required and none is given.", param="tool_choice")
        return tools[0]
    return None
