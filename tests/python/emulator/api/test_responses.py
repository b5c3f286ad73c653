"""Stored responses: chains, delete, compact."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.support import OSS, Answer, Emulator

PATH = "/v1/responses"


def create(emulator: Emulator, **members: Any) -> Answer:
    return emulator.bearer("POST", PATH, {"model": OSS, "input": "Hello", **members})


def test_stored_responses_are_read_on_both_routes(emulator: Emulator) -> None:
    created = create(emulator).json
    for base in ("/v1", "/openai/v1"):
        assert emulator.bearer("GET", f"{base}/responses/{created['id']}").json == created
    assert emulator.plain("GET", f"{PATH}/{created['id']}").status == 401
    assert len(emulator.usage()) == 1


def test_chains_carry_their_conversation(emulator: Emulator) -> None:
    first = create(emulator).json
    second = create(emulator, input="And then?", previous_response_id=first["id"]).json
    assert second["previous_response_id"] == first["id"]
    text = first["usage"]["output_tokens"]
    text -= first["usage"]["output_tokens_details"]["reasoning_tokens"]
    grown = first["usage"]["input_tokens"] + text + 4
    assert second["usage"]["input_tokens"] == grown


def test_responses_do_not_cross_projects(emulator: Emulator) -> None:
    one, two = emulator.project(), emulator.project()
    stored = create(emulator, project_id=one).json["id"]
    same = create(emulator, project_id=one, previous_response_id=stored)
    assert same.status == 200
    for project in (two, None):
        named = {} if project is None else {"project_id": project}
        answer = create(emulator, previous_response_id=stored, **named)
        assert answer.status == 404
        assert answer.error["param"] == "previous_response_id"
        header = {} if project is None else {"OpenAI_Project": project}
        assert emulator.bearer("GET", f"{PATH}/{stored}", **header).status == 404
        assert emulator.bearer("DELETE", f"{PATH}/{stored}", **header).status == 404
    assert emulator.bearer("GET", f"{PATH}/{stored}", OpenAI_Project=one).status == 200


def test_what_is_not_stored_is_not_there(emulator: Emulator) -> None:
    fleeting = create(emulator, store=False).json
    assert fleeting["store"] is False
    answer = emulator.bearer("GET", f"{PATH}/{fleeting['id']}")
    assert (answer.status, answer.error["code"]) == (404, "not_found_error")
    assert create(emulator, previous_response_id=fleeting["id"]).status == 404


def test_delete(emulator: Emulator) -> None:
    path = f"{PATH}/{create(emulator).json['id']}"
    assert emulator.bearer("DELETE", path).json["deleted"] is True
    assert emulator.bearer("GET", path).status == 404
    assert emulator.bearer("DELETE", path).status == 404


def test_only_background_responses_can_be_cancelled(emulator: Emulator) -> None:
    created = create(emulator).json["id"]
    answer = emulator.bearer("POST", f"{PATH}/{created}/cancel")
    assert answer.status == 400
    assert answer.error["message"] == "Cannot cancel a synchronous response."


@pytest.mark.parametrize(
    "given", [7, ["text"], [{"type": "invented"}], [{"content": "x"}], [{"type": "message"}]]
)
def test_input_variants(emulator: Emulator, given: Any) -> None:
    answer = create(emulator, input=given)
    assert answer.status == 400
    message = "Invalid 'input': value did not match any expected variant"
    assert answer.error["message"] == message


def test_missing_input_and_unknown_tools(emulator: Emulator) -> None:
    answer = emulator.bearer("POST", PATH, {"model": OSS})
    assert "missing field `input`" in answer.error["message"]
    answer = create(emulator, tools=[{"type": "namespace"}])
    expected = "unknown variant `namespace`, expected `function` or `mcp`"
    assert expected in answer.error["message"]
    answer = create(emulator, tool_choice="required")
    assert (answer.status, answer.error["param"]) == (400, "tool_choice")


def test_items_of_every_known_kind_are_counted(emulator: Emulator) -> None:
    items = [
        {"role": "user", "content": [{"type": "input_text", "text": "one two"}]},
        {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c", "output": "three"},
    ]
    first = create(emulator, input=items[:1]).json["usage"]["input_tokens"]
    assert first == 3
    assert create(emulator, input=items).json["usage"]["input_tokens"] > first


def test_compact(emulator: Emulator) -> None:
    items = [
        {"role": "user", "content": "one"},
        {"role": "assistant", "content": "two"},
        {"role": "user", "content": "three"},
    ]
    answer = emulator.bearer("POST", f"{PATH}/compact", {"model": OSS, "input": items}).json
    assert answer["object"] == "response.compaction"
    assert [item["type"] for item in answer["output"]] == ["message", "message", "compaction"]
    (record,) = emulator.usage()
    assert record["input_tokens"] == answer["usage"]["input_tokens"] == 6
