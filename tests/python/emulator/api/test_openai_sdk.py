"""The real OpenAI SDK against the emulator."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Literal

import openai
import pytest
from openai import AsyncOpenAI, OpenAI
from pydantic import BaseModel

from emulator.support import BEARER, KEY, OSS, SECRET, SOL, Emulator

if TYPE_CHECKING:
    from collections.abc import Iterator

USER: Any = [{"role": "user", "content": "What is the weather in Paris?"}]


class Address(BaseModel):
    street: str
    number: int | None


class Person(BaseModel):
    name: str
    age: int
    height: float
    mood: Literal["happy", "sad"]
    addresses: list[Address]
    friend: Person | None


WEATHER = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer", "minimum": 2}},
    "required": ["city", "days"],
}


@pytest.fixture
def client(emulator: Emulator) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{emulator.url}/v1", api_key=BEARER, max_retries=0) as client:
        yield client


def summed(records: list[dict[str, Any]]) -> tuple[int, int, int, int]:
    names = ("input_tokens", "cached_input_tokens", "output_tokens", "reasoning_tokens")
    first, second, third, fourth = (sum(each[name] for each in records) for name in names)
    return first, second, third, fourth


def test_the_bedrock_provider_signs_for_the_emulator(emulator: Emulator) -> None:
    bedrock = pytest.importorskip("openai.providers").bedrock
    project = emulator.project()

    def ask(**options: str) -> Any:
        provider = bedrock(
            region="us-east-1",
            base_url=f"{emulator.url}/openai/v1",
            access_key_id=KEY,
            **{"secret_access_key": SECRET, **options},
        )
        with OpenAI(provider=provider, project=project, max_retries=0) as client:
            client.chat.completions.create(model=OSS, messages=USER)
            return client.responses.create(model=SOL, input="Hello")

    assert ask().output_text
    with pytest.raises(openai.AuthenticationError, match="does not match the signature"):
        ask(secret_access_key="wrong")
    with pytest.raises(openai.AuthenticationError, match="security token"):
        ask(session_token="stray")
    records = emulator.usage()
    assert {(each["project"], each["signed_by"]) for each in records} == {(project, "sigv4")}
    assert "openai-project" in dict(emulator.last_request()["headers"])


def test_errors_become_the_sdks_own(client: OpenAI) -> None:
    stranger = client.with_options(project="proj_none")
    with pytest.raises(openai.NotFoundError, match="proj_none' does not exist"):
        stranger.responses.create(model=OSS, input="x")
    with pytest.raises(openai.BadRequestError) as bad:
        client.responses.create(model=OSS, input="x", extra_body={"surprise": 1})
    assert (bad.value.code, bad.value.param) == ("unknown_parameter", "surprise")
    assert bad.value.request_id


def test_chat(client: OpenAI, emulator: Emulator) -> None:
    answer = client.chat.completions.create(model=OSS, messages=USER)
    assert answer.choices[0].finish_reason == "stop"
    usage = answer.usage
    assert usage is not None
    assert usage.prompt_tokens_details is not None
    assert usage.completion_tokens_details is not None
    assert summed(emulator.usage()) == (
        usage.prompt_tokens,
        usage.prompt_tokens_details.cached_tokens,
        usage.completion_tokens,
        usage.completion_tokens_details.reasoning_tokens,
    )


def test_chat_stream(client: OpenAI) -> None:
    whole = client.chat.completions.create(model=OSS, messages=USER)
    stream = client.chat.completions.create(
        model=OSS, messages=USER, stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert text == whole.choices[0].message.content
    assert chunks[-1].usage == whole.usage


def test_chat_parse_and_stream_helpers(client: OpenAI) -> None:
    parsed = client.chat.completions.parse(model=OSS, messages=USER, response_format=Person)
    person = parsed.choices[0].message.parsed
    assert person is not None
    assert person.mood == "happy"
    assert len(person.addresses) == 1
    with client.chat.completions.stream(model=OSS, messages=USER, response_format=Person) as stream:
        kinds = {event.type for event in stream}
        final = stream.get_final_completion()
    assert {"chunk", "content.delta", "content.done"} <= kinds
    assert final.choices[0].message.parsed == person


def test_parse_of_a_truncated_answer(client: OpenAI) -> None:
    with pytest.raises(openai.LengthFinishReasonError):
        client.chat.completions.parse(
            model="google.gemma-3-27b-it", messages=USER, response_format=Person, max_tokens=6
        )


@pytest.mark.parametrize(
    "choice", ["required", {"type": "function", "function": {"name": "weather"}}]
)
def test_chat_tools(client: OpenAI, choice: Any) -> None:
    tools: Any = [{"type": "function", "function": {"name": "weather", "parameters": WEATHER}}]
    if isinstance(choice, dict):
        tools.insert(0, {"type": "function", "function": {"name": "other"}})
    answer = client.chat.completions.create(
        model=OSS, messages=USER, tools=tools, tool_choice=choice
    )
    assert answer.choices[0].finish_reason == "tool_calls"
    calls = answer.choices[0].message.tool_calls
    assert calls is not None
    (call,) = calls
    assert call.type == "function"
    assert (call.function.name, call.function.arguments) == (
        "weather",
        '{"city":"text","days":2}',
    )
    with client.chat.completions.stream(
        model=OSS, messages=USER, tools=tools, tool_choice=choice
    ) as stream:
        final = stream.until_done().get_final_completion()
    streams = final.choices[0].message.tool_calls
    assert streams is not None
    (streamed,) = streams
    assert streamed.type == "function"
    assert streamed.function.arguments == call.function.arguments
    auto = client.chat.completions.create(model=OSS, messages=USER, tools=tools)
    assert auto.choices[0].message.tool_calls is None


def test_responses(client: OpenAI, emulator: Emulator) -> None:
    answer = client.responses.create(model=OSS, input="Hello", instructions="Be brief.")
    assert answer.status == "completed"
    assert answer.output_text.startswith('To "Hello"')
    assert [item.type for item in answer.output] == ["reasoning", "message"]
    usage = answer.usage
    assert usage is not None
    assert summed(emulator.usage()) == (
        usage.input_tokens,
        usage.input_tokens_details.cached_tokens,
        usage.output_tokens,
        usage.output_tokens_details.reasoning_tokens,
    )
    assert emulator.usage()[0]["response_id"] == answer.id


def test_responses_stream_helper(client: OpenAI) -> None:
    whole = client.responses.create(model=OSS, input="Hello")
    with client.responses.stream(model=OSS, input="Hello") as stream:
        events = list(stream)
        final = stream.get_final_response()
    kinds = [event.type for event in events]
    assert kinds[:2] == ["response.created", "response.in_progress"]
    text = kinds.index("response.output_text.done")
    assert kinds[text:] == [
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    deltas = "".join(e.delta for e in events if e.type == "response.output_text.delta")
    assert deltas == final.output_text == whole.output_text
    assert final.usage == whole.usage


def test_response_events_are_numbered_and_paired(client: OpenAI) -> None:
    events = list(client.responses.create(model=OSS, input="Hello", stream=True))
    assert [event.sequence_number for event in events] == list(range(len(events)))
    opened = [e.output_index for e in events if e.type == "response.output_item.added"]
    closed = [e.output_index for e in events if e.type == "response.output_item.done"]
    assert opened == closed == [0, 1]


def test_responses_parse(client: OpenAI) -> None:
    parsed = client.responses.parse(model=OSS, input="Who?", text_format=Person)
    assert isinstance(parsed.output_parsed, Person)
    with client.responses.stream(model=OSS, input="Who?", text_format=Person) as stream:
        final = stream.get_final_response()
    assert final.output_parsed == parsed.output_parsed


def test_responses_tools(client: OpenAI) -> None:
    tools: Any = [{"type": "function", "name": "weather", "parameters": WEATHER, "strict": False}]
    for choice in ("required", {"type": "function", "name": "weather"}):
        options: Any = {"model": OSS, "input": "Hi", "tools": tools, "tool_choice": choice}
        answer = client.responses.create(**options)
        call = answer.output[-1]
        assert call.type == "function_call"
        assert call.arguments == '{"city":"text","days":2}'
        with client.responses.stream(**options) as stream:
            last = stream.get_final_response().output[-1]
        assert last.type == "function_call"
        assert last.arguments == call.arguments


def test_truncated_responses(client: OpenAI) -> None:
    answer = client.responses.create(model=OSS, input="Hello", max_output_tokens=16)
    assert answer.status == "incomplete"
    assert answer.incomplete_details is not None
    assert answer.incomplete_details.reason == "max_output_tokens"
    events = list(
        client.responses.create(model=OSS, input="Hello", max_output_tokens=16, stream=True)
    )
    assert events[-1].type == "response.incomplete"


def test_embeddings_in_base64(client: OpenAI) -> None:
    answer = client.embeddings.create(model="emulator.embedding-1", input="some words")
    assert len(answer.data[0].embedding) == 64
    assert sum(value * value for value in answer.data[0].embedding) == pytest.approx(1, abs=1e-4)


def test_models(client: OpenAI) -> None:
    assert OSS in {model.id for model in client.models.list()}


def test_many_at_once_add_up(emulator: Emulator) -> None:
    projects = [emulator.project(f"p{n}", team=f"t{n % 3}") for n in range(5)]

    async def ask(client: AsyncOpenAI, n: int) -> tuple[str, int]:
        project = projects[n % 5]
        extra = {"project_id": project}
        if n % 3 == 0:
            answer = await client.responses.create(model=OSS, input=f"Ask {n}", extra_body=extra)
            assert answer.usage is not None
            return project, answer.usage.total_tokens
        if n % 3 == 1:
            chat = await client.chat.completions.create(model=OSS, messages=USER, extra_body=extra)
            assert chat.usage is not None
            return project, chat.usage.total_tokens
        async with client.responses.stream(model=OSS, input=f"{n}?", extra_body=extra) as stream:
            final = await stream.get_final_response()
        assert final.usage is not None
        return project, final.usage.total_tokens

    async def ask_all() -> list[tuple[str, int]]:
        async with AsyncOpenAI(base_url=f"{emulator.url}/v1", api_key=BEARER) as client:
            return await asyncio.gather(*(ask(client, n) for n in range(60)))

    counted = dict.fromkeys(projects, 0)
    for project, total in asyncio.run(ask_all()):
        counted[project] += total
    recorded = dict.fromkeys(projects, 0)
    for record in emulator.usage():
        recorded[record["project"]] += record["input_tokens"] + record["output_tokens"]
    assert recorded == counted
    assert len(emulator.usage()) == 60
