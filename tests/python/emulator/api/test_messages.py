"""The Messages API on the wire."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from emulator.support import Answer, Emulator

PATH = "/anthropic/v1/messages"
MODEL = "anthropic.claude-opus-4-8"


def create(emulator: Emulator, **members: Any) -> Answer:
    messages = [{"role": "user", "content": "Hello there"}]
    body = {"model": MODEL, "max_tokens": 200, "messages": messages, **members}
    return emulator.bearer("POST", PATH, {k: v for k, v in body.items() if v is not None})


def events(answer: Answer) -> list[Any]:
    found = []
    for block in answer.body.decode().strip().split("\n\n"):
        name, data = block.split("\n")
        body = json.loads(data.removeprefix("data: "))
        assert name == f"event: {body['type']}"
        found.append(body)
    return found


def test_a_message(emulator: Emulator) -> None:
    message = create(emulator, system="Be brief.").json
    assert message["id"].startswith("msg_bdrk_")
    assert (message["type"], message["role"]) == ("message", "assistant")
    assert message["stop_reason"] == "end_turn"
    assert message["content"][0]["text"].startswith('To "Hello there"')
    (record,) = emulator.usage()
    assert (record["api"], record["response_id"]) == ("messages", message["id"])
    assert record["input_tokens"] == message["usage"]["input_tokens"] == 6
    assert record["output_tokens"] == message["usage"]["output_tokens"]


def test_cached_input_is_counted_apart(emulator: Emulator) -> None:
    content = " ".join(f"w{n}" for n in range(70)) + f" {emulator.project()}"
    messages = [{"role": "user", "content": content}]
    first, second = (create(emulator, messages=messages).json["usage"] for _ in range(2))
    assert first["cache_read_input_tokens"] == 0
    assert second["cache_read_input_tokens"] == 64
    assert second["input_tokens"] == first["input_tokens"] - 64
    assert [record["input_tokens"] for record in emulator.usage()] == [first["input_tokens"]] * 2


def test_what_is_written_to_the_cache_is_counted_apart(emulator: Emulator) -> None:
    text = " ".join(f"w{n}" for n in range(70)) + f" {emulator.project()}"
    system = [{"type": "text", "text": text, "cache_control": {"type": "ephemeral"}}]
    first, second = (create(emulator, system=system).json["usage"] for _ in range(2))
    assert first["cache_creation_input_tokens"] == 64
    assert first["cache_creation"]["ephemeral_5m_input_tokens"] == 64
    assert (second["cache_creation_input_tokens"], second["cache_read_input_tokens"]) == (0, 64)
    assert second["input_tokens"] == first["input_tokens"]
    records = emulator.usage()
    assert [record["cache_write_tokens"] for record in records] == [64, 0]
    assert {record["input_tokens"] for record in records} == {first["input_tokens"] + 64}


def test_a_stream(emulator: Emulator) -> None:
    whole = create(emulator).json
    got = events(create(emulator, stream=True))
    kinds = [event["type"] for event in got]
    assert kinds[:3] == ["message_start", "content_block_start", "ping"]
    assert kinds[-3:] == ["content_block_stop", "message_delta", "message_stop"]
    deltas = [event for event in got if event["type"] == "content_block_delta"]
    assert "".join(event["delta"]["text"] for event in deltas) == whole["content"][0]["text"]
    assert got[-2]["usage"]["output_tokens"] == whole["usage"]["output_tokens"]
    assert got[0]["message"]["usage"]["output_tokens"] == 1


def test_tools(emulator: Emulator) -> None:
    schema = {"type": "object", "properties": {"city": {"type": "string"}}}
    tools = [{"name": "weather", "input_schema": schema}]
    for choice in ({"type": "any"}, {"type": "tool", "name": "weather"}):
        message = create(emulator, tools=tools, tool_choice=choice).json
        assert message["stop_reason"] == "tool_use"
        assert message["content"][0]["input"] == {"city": "text"}
    got = events(create(emulator, tools=tools, tool_choice={"type": "any"}, stream=True))
    parts = [e["delta"]["partial_json"] for e in got if e["type"] == "content_block_delta"]
    assert json.loads("".join(parts)) == {"city": "text"}
    cut = create(emulator, tools=tools, tool_choice={"type": "any"}, max_tokens=2).json
    assert (cut["stop_reason"], cut["content"][0]["input"]) == ("max_tokens", {})


def test_thinking_is_counted(emulator: Emulator) -> None:
    message = create(emulator, thinking={"type": "enabled", "budget_tokens": 1024}).json
    thought = message["usage"]["output_tokens_details"]["thinking_tokens"]
    assert emulator.usage()[0]["reasoning_tokens"] == thought > 0


def test_count_tokens(emulator: Emulator) -> None:
    body = {"model": MODEL, "messages": [{"role": "user", "content": "Hello there"}]}
    answer = emulator.bearer("POST", f"{PATH}/count_tokens", body)
    assert answer.json == {"input_tokens": 3}
    assert emulator.usage() == []


def test_truncation_and_stop_sequences(emulator: Emulator) -> None:
    assert create(emulator, max_tokens=3).json["stop_reason"] == "max_tokens"
    stopped = create(emulator, stop_sequences=[":"]).json
    assert stopped["content"][0]["text"] == 'To "Hello there"'


@pytest.mark.parametrize(
    ("members", "status", "kind"),
    [
        ({"max_tokens": None}, 400, "invalid_request_error"),
        ({"cache_control": {}}, 400, "invalid_request_error"),
        ({"messages": []}, 400, "invalid_request_error"),
        ({"model": "us.anthropic.claude-opus-4-8"}, 404, "not_found_error"),
        ({"model": "openai.gpt-oss-20b"}, 400, "invalid_request_error"),
    ],
)
def test_errors_have_anthropics_shape(
    emulator: Emulator, members: dict[str, Any], status: int, kind: str
) -> None:
    answer = create(emulator, **members)
    assert answer.status == status
    assert answer.json["type"] == "error"
    assert answer.json["request_id"] == answer.headers["x-request-id"]
    assert answer.error["type"] == kind


def test_authorization(emulator: Emulator) -> None:
    answer = emulator.plain("POST", PATH, {})
    assert (answer.status, answer.error["type"]) == (401, "authentication_error")
