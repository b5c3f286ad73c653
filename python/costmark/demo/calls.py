"""The demo's calls: each SDK in the ways that it knows, whole, streamed, in threads of work."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import anthropic
import boto3  # type: ignore[import-untyped,unused-ignore]
import openai

import costmark

from .in_c import NotBuiltError, ask_from_c

if TYPE_CHECKING:
    from .emulated import Emulated

MODEL = "openai.gpt-oss-120b"
CLAUDE = "anthropic.claude-opus-4-8"
NOVA = "amazon.nova-lite-v1:0"
QUESTIONS = (
    "Where is my parcel?",
    "How do I return a pair of shoes?",
    "Can I pay by invoice?",
    "Is the shop open on Sunday?",
)
EXPERIMENT = "prompt-ab-7"


@dataclass(frozen=True)
class Ids:
    """The projects' ids."""

    support: str
    research: str


@dataclass(frozen=True)
class Made:
    """What one SDK, or language, was used for."""

    by: str
    how: str


def make_calls(emulated: Emulated, ids: Ids) -> list[Made]:
    """Make the calls of every SDK, in projects and outside of any."""
    emulated.throttle_once()
    return [
        _ask_with_openai(emulated, ids),
        _ask_with_anthropic(emulated, ids),
        _ask_with_boto3(ids),
        _ask_from_c(emulated, ids),
    ]


def message(question: str) -> list[Any]:
    """Return a conversation of one question."""
    return [{"role": "user", "content": question}]


# --- openai ---------------------------------------------------------------------------------------


def openai_client(emulated: Emulated, **options: Any) -> openai.OpenAI:
    """A client of the OpenAI SDK, wrapped."""
    client = openai.OpenAI(base_url=f"{emulated.url}/v1", api_key="unused")
    return costmark.wrap(client, **options)


def _ask_with_openai(emulated: Emulated, ids: Ids) -> Made:
    with openai_client(emulated) as client, costmark.labels(feature="answer"):
        _ask_synchronously(client, ids)
    with costmark.labels(feature="study"):
        asyncio.run(_ask_asynchronously(emulated, ids))
    return Made("openai", "Chat and Responses, whole and streamed, one by one and at once")


def _ask_synchronously(client: openai.OpenAI, ids: Ids) -> None:
    """Chat and Responses, whole and streamed; one call is throttled once, and tried again."""
    for question in QUESTIONS:
        with costmark.project(ids.support):
            client.chat.completions.create(model=MODEL, messages=message(question))
            for _ in client.chat.completions.create(
                model=MODEL, messages=message(question), stream=True
            ):
                pass
            with costmark.project(ids.research):  # the innermost scope wins
                client.responses.create(model=MODEL, input=question)
            with client.responses.stream(model=MODEL, input=question) as stream:
                stream.get_final_response()
    client.responses.create(model=MODEL, input="Who pays for this?")
    client.with_options(timeout=30).chat.completions.create(
        model=MODEL, messages=message("And for this?")
    )


async def _ask_asynchronously(emulated: Emulated, ids: Ids) -> None:
    """The same side by side: a call belongs to the scope in which it was made."""
    base_url = f"{emulated.url}/v1"
    client = costmark.wrap(openai.AsyncOpenAI(base_url=base_url, api_key="unused"))
    calls: list[Any] = []
    for question in QUESTIONS:
        for project in (ids.support, ids.research):
            with costmark.project(project):
                calls.append(
                    client.chat.completions.create(model=MODEL, messages=message(question))
                )
                calls.append(client.responses.create(model=MODEL, input=question))
    await asyncio.gather(*calls)

    @costmark.project(ids.research)
    async def study(question: str) -> None:
        async for _ in await client.chat.completions.create(
            model=MODEL, messages=message(question), stream=True
        ):
            pass

    await asyncio.gather(*map(study, QUESTIONS))
    await client.close()


# --- anthropic, boto3, C --------------------------------------------------------------------------


def _ask_with_anthropic(emulated: Emulated, ids: Ids) -> Made:
    client = anthropic.Anthropic(base_url=f"{emulated.url}/anthropic", api_key="unused")
    asked: dict[str, Any] = {"model": CLAUDE, "max_tokens": 100}
    with costmark.wrap(client, project=ids.support), costmark.labels(feature="answer"):
        client.messages.create(messages=message(QUESTIONS[0]), **asked)
        with client.messages.stream(messages=message(QUESTIONS[1]), **asked) as stream:
            stream.until_done()
    return Made("anthropic", "Messages, whole and streamed")


def _ask_with_boto3(ids: Ids) -> Made:
    runtime = costmark.wrap(boto3.client("bedrock-runtime"), project=ids.research)
    asked = [{"role": "user", "content": [{"text": QUESTIONS[0]}]}]
    with costmark.labels(feature="study"):
        runtime.converse(modelId=NOVA, messages=asked)
        for _ in runtime.converse_stream(modelId=NOVA, messages=asked)["stream"]:
            pass
        body = runtime.invoke_model(modelId=NOVA, body=json.dumps({"messages": asked}))["body"]
        body.read()
    return Made("boto3", "Converse, its stream, and InvokeModel, on the runtime endpoint")


def _ask_from_c(emulated: Emulated, ids: Ids) -> Made:
    try:
        ask_from_c(f"{emulated.url}/v1/chat/completions", QUESTIONS[:2], project=ids.support)
    except NotBuiltError as why:
        return Made("C", f"none: {why}")
    return Made("C", "Chat, sent by the library itself")


# --- A budget and an experiment -------------------------------------------------------------------


def ask_past_a_budget(emulated: Emulated, ids: Ids) -> str:
    """A call, and one more, which its budget refuses; returns why."""
    budget = f"trial: project={ids.research} 1calls/day refuse"
    with openai_client(emulated, project=ids.research, budgets=budget) as client:
        return _refusal(lambda: _chat(client, "Is one call enough?"))


def _refusal(ask: Callable[[], object]) -> str:
    ask()
    try:
        ask()
    except costmark.BudgetError as error:
        return str(error)
    raise RuntimeError("a call went past its budget")


def _chat(client: openai.OpenAI, question: str) -> object:
    return client.chat.completions.create(model=MODEL, messages=message(question))


def experiment(emulated: Emulated) -> costmark.experiment:
    """Two prompts side by side, in a project of their own that ends with them."""
    tags = {"team": "research"}
    with (
        openai_client(emulated) as client,
        costmark.experiment(EXPERIMENT, tags=tags, ttl="1d") as found,
    ):
        for prompt in ("Answer briefly: ", "Answer as a pirate: "):
            with costmark.labels(prompt=prompt.strip(": ")):
                _chat(client, prompt + QUESTIONS[0])
    return found
