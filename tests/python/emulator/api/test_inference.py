"""Bodies, models, routes, and the answers as they are on the wire."""

from __future__ import annotations

import json
from typing import Any

import pytest

from emulator.support import OSS, SOL, Answer, Emulator

CHAT = "/v1/chat/completions"
RESPONSES = "/v1/responses"


def refused(answer: Answer, code: str, text: str, param: str | None = None) -> None:
    assert answer.status == 400, answer.body
    assert answer.error["code"] == code
    assert answer.error["type"] == "invalid_request_error"
    assert answer.error["param"] == param
    assert text in answer.error["message"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b'{"model":}',
        b'{"a":1}{}',
        b"\xef\xbb\xbf{}",
        b'{"a":"\xff"}',
        b'{"a":NaN}',
        b'{"a":' + b"[" * 100_000,
        b'{"model":"openai.gpt-oss-20b","model":"openai.gpt-oss-20b"}',
        b"{}",
        b'{"model":7}',
        b'{"model":"openai.gpt-oss-20b"}',
        b'{"model":"openai.gpt-oss-20b","messages":[]}',
        b'{"model":"openai.gpt-oss-20b","messages":[{"content":"x"}]}',
        b'{"model":"openai.gpt-oss-20b","messages":[{"role":"user","content":7}]}',
        b'{"model":"openai.gpt-oss-20b","messages":[{"role":"user","content":""}],"stream":1}',
        b'{"model":"openai.gpt-oss-20b","messages":[{"role":"user","content":""}],"n":"2"}',
    ],
)
def test_bodies_that_do_not_deserialize(emulator: Emulator, body: bytes) -> None:
    answer = emulator.bearer("POST", CHAT, body)
    refused(
        answer, "validation_error", "Failed to deserialize the JSON body into the target type: "
    )
    assert emulator.usage() == []


def test_unknown_parameters(emulator: Emulator) -> None:
    answer = emulator.bearer("POST", CHAT, emulator.chat(max_output_tokens=5))
    refused(answer, "unknown_parameter", "'max_output_tokens'", "max_output_tokens")
    answer = emulator.bearer("POST", RESPONSES, {"model": OSS, "input": "", "max_tokens": 5})
    refused(answer, "unknown_parameter", "'max_tokens'", "max_tokens")


def test_every_parameter_of_the_sdk_is_known() -> None:
    from typing import get_type_hints

    from openai.types import embedding_create_params as embedding
    from openai.types.chat import completion_create_params as chat
    from openai.types.responses import response_create_params as response

    from costmark.emulator.api import request_members

    known = [
        (chat.CompletionCreateParamsStreaming, request_members.CHAT),
        (response.ResponseCreateParamsStreaming, request_members.RESPONSES),
        (embedding.EmbeddingCreateParams, request_members.EMBEDDINGS),
    ]
    for types, names in known:
        assert set(get_type_hints(types)) <= names


def test_models(emulator: Emulator) -> None:
    listed = emulator.bearer("GET", "/v1/models").json
    ids = [model["id"] for model in listed["data"]]
    assert len(ids) > 12
    assert {OSS, SOL} <= set(ids)
    assert emulator.bearer("GET", f"/v1/models/{OSS}").json["id"] == OSS
    answer = emulator.bearer("GET", "/v1/models/none")
    assert (answer.status, answer.error["code"]) == (404, "not_found_error")
    assert emulator.plain("GET", "/v1/models").status == 401


def test_unknown_model(emulator: Emulator) -> None:
    answer = emulator.bearer("POST", CHAT, emulator.chat(model="us.anthropic.claude"))
    assert answer.status == 404
    assert answer.error["message"] == "The model 'us.anthropic.claude' does not exist"


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/v1",
        "/v1/",
        "/openai/v1/models",
        "/v1/chat/completions/",
        "/chat/completions",
        "/anthropic/v1/models",
        "/model/x/count-tokens",
        "/_emulator",
    ],
)
def test_wrong_paths_are_empty_404s(emulator: Emulator, path: str) -> None:
    answer = emulator.bearer("GET", path)
    assert (answer.status, answer.body) == (404, b"")
    assert answer.headers["x-request-id"].startswith("req_")


@pytest.mark.parametrize("target", ["http://x/v1/models", "/v1/models#x", "*"])
def test_targets_that_are_no_path(emulator: Emulator, target: str) -> None:
    with emulator.connect() as connection:
        connection.sendall(f"GET {target} HTTP/1.1\r\nhost: x\r\n\r\n".encode())
        assert connection.recv(12) == b"HTTP/1.1 400"


def test_a_body_that_breaks_off(emulator: Emulator) -> None:
    with emulator.connect() as connection:
        connection.sendall(
            f"POST {CHAT} HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n{{".encode()
        )
    assert emulator.plain("GET", "/_emulator/requests").json == []


def test_wrong_methods(emulator: Emulator) -> None:
    answer = emulator.bearer("GET", CHAT)
    assert (answer.status, answer.body) == (405, b"")


def test_every_answer_carries_its_request_id(emulator: Emulator) -> None:
    answers = [
        emulator.bearer("POST", CHAT, emulator.chat()),
        emulator.bearer("POST", CHAT, emulator.chat(stream=True)),
        emulator.bearer("POST", CHAT, b"{"),
        emulator.plain("POST", CHAT),
    ]
    ids = [answer.headers["x-request-id"] for answer in answers]
    assert len(set(ids)) == 4
    assert all(
        answer.headers["x-amzn-requestid"] == i for answer, i in zip(answers, ids, strict=True)
    )
    assert [record["request_id"] for record in emulator.usage()] == ids[:2]


def test_apis_of_models(emulator: Emulator) -> None:
    answer = emulator.bearer("POST", CHAT, emulator.chat(model="openai.gpt-5.4"))
    refused(
        answer,
        "validation_error",
        "The model 'openai.gpt-5.4' does not support the '/v1/chat/completions' API",
    )
    answer = emulator.bearer("POST", CHAT, emulator.chat(model="anthropic.claude-opus-4-8"))
    refused(answer, "validation_error", "isn't supported on this route")


def test_max_tokens_is_refused_by_newer_models(emulator: Emulator) -> None:
    answer = emulator.bearer("POST", CHAT, emulator.chat(model=SOL, max_tokens=9))
    refused(answer, "unsupported_parameter", "'max_tokens' is not supported", "max_tokens")
    answer = emulator.bearer("POST", CHAT, emulator.chat(model=SOL, max_completion_tokens=900))
    assert answer.status == 200


def test_answers_are_deterministic_and_counted(emulator: Emulator) -> None:
    from costmark.emulator.model.tokenizer import count

    bodies = [emulator.chat("Hello, world!"), emulator.chat("Something else?")]
    texts = []
    for body in [*bodies, bodies[0]]:
        answer = emulator.bearer("POST", CHAT, body).json
        text, usage = answer["choices"][0]["message"]["content"], answer["usage"]
        texts.append(text)
        reasoning = usage["completion_tokens_details"]["reasoning_tokens"]
        assert reasoning > 0
        assert usage["completion_tokens"] == count(text) + reasoning
        # The role is one token.
        assert usage["prompt_tokens"] == 1 + count(body["messages"][0]["content"])
        assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    assert texts[0] == texts[2] != texts[1]
    assert "Hello, world!" in texts[0]


def chunks(answer: Answer) -> list[Any]:
    lines = [line for line in answer.body.decode().split("\n\n") if line]
    assert lines[-1] == "data: [DONE]"
    return [json.loads(line.removeprefix("data: ")) for line in lines[:-1]]


def test_chat_chunks_without_usage(emulator: Emulator) -> None:
    answer = emulator.bearer("POST", CHAT, emulator.chat(stream=True))
    assert answer.headers["content-type"].startswith("text/event-stream")
    got = chunks(answer)
    assert all("usage" not in chunk for chunk in got)
    assert got[0]["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    assert got[-1]["choices"][0]["finish_reason"] == "stop"
    text = "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in got)
    whole = emulator.bearer("POST", CHAT, emulator.chat()).json
    assert text == whole["choices"][0]["message"]["content"]
    streamed, plain = emulator.usage()
    assert streamed["output_tokens"] == plain["output_tokens"]
    assert (streamed["streamed"], plain["streamed"]) == (True, False)


def test_chat_chunks_with_usage(emulator: Emulator) -> None:
    body = emulator.chat(stream=True, stream_options={"include_usage": True})
    got = chunks(emulator.bearer("POST", CHAT, body))
    assert all(chunk["usage"] is None for chunk in got[:-1])
    assert got[-1]["choices"] == []
    (record,) = emulator.usage()
    usage = got[-1]["usage"]
    assert usage["prompt_tokens"] == record["input_tokens"]
    assert usage["completion_tokens"] == record["output_tokens"]
    assert record["response_id"] == got[0]["id"]


def test_stream_options_need_a_stream(emulator: Emulator) -> None:
    answer = emulator.bearer("POST", CHAT, emulator.chat(stream_options={"include_usage": True}))
    refused(answer, "validation_error", "only allowed when 'stream'", "stream_options")


def test_several_choices_and_stops(emulator: Emulator) -> None:
    answer = emulator.bearer("POST", CHAT, emulator.chat(n=3)).json
    texts = {choice["message"]["content"] for choice in answer["choices"]}
    assert len(texts) == 3
    got = chunks(emulator.bearer("POST", CHAT, emulator.chat(n=3, stream=True)))
    assert {chunk["choices"][0]["index"] for chunk in got} == {0, 1, 2}
    stopped = emulator.bearer("POST", CHAT, emulator.chat("Hi", stop=[":"])).json
    assert stopped["choices"][0]["message"]["content"] == 'To "Hi"'
    first, second, _ = emulator.usage()
    assert first["output_tokens"] == second["output_tokens"]


@pytest.mark.parametrize("limit", [1, 5, 25, 40])
def test_limits_are_kept_to(emulator: Emulator, limit: int) -> None:
    for body in (
        emulator.chat(max_tokens=limit),
        emulator.chat(max_completion_tokens=limit, stream=True),
    ):
        emulator.bearer("POST", CHAT, body)
    emulator.bearer("POST", RESPONSES, {"model": OSS, "input": "x", "max_output_tokens": limit})
    for record in emulator.usage():
        assert record["output_tokens"] <= limit
        assert record["reasoning_tokens"] <= record["output_tokens"]
        cut = record["outcome"] == "incomplete"
        assert not cut or record["output_tokens"] == limit
        assert cut or limit > 1


def test_prompts_are_cached_by_project_and_model(emulator: Emulator) -> None:
    long = " ".join(f"word{n}" for n in range(100)) + f" {emulator.project()}"
    other = emulator.project()

    def cached(text: str, **members: Any) -> Any:
        usage = emulator.bearer("POST", CHAT, emulator.chat(text, **members)).json["usage"]
        return usage["prompt_tokens_details"]["cached_tokens"]

    own = emulator.project()
    assert cached(long, project_id=own) == 0
    assert cached(long, project_id=own) == 96
    assert cached(long + " and a question", project_id=own) == 96
    assert cached("unlike " + long, project_id=own) == 0
    assert cached(long, project_id=other) == 0
    assert cached(long, project_id=own, model="openai.gpt-oss-120b") == 0
    assert [record["cached_input_tokens"] for record in emulator.usage()] == [0, 96, 96, 0, 0, 0]


def test_models_without_usage_details(emulator: Emulator) -> None:
    body = emulator.chat(model="openai.gpt-oss-safeguard-20b")
    usage = emulator.bearer("POST", CHAT, body).json["usage"]
    assert set(usage) == {"prompt_tokens", "completion_tokens", "total_tokens"}


def test_text_of_any_kind(emulator: Emulator) -> None:
    content = rb'"\ud800 \u0000 ' + 'é 😀"'.encode()
    raw = b'{"model":"%s","messages":[{"role":"user","content":%s}]}' % (OSS.encode(), content)
    assert emulator.bearer("POST", CHAT, raw).status == 200
    parts = [
        {"type": "text", "text": "Look:"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
    ]
    body = {"model": OSS, "messages": [{"role": "user", "content": parts}]}
    usage = emulator.bearer("POST", CHAT, body).json["usage"]
    assert usage["prompt_tokens"] == 1 + 2 + 85


def test_the_request_log_shows_what_came(emulator: Emulator) -> None:
    body = emulator.chat("grüße")
    request = emulator.sign("POST", CHAT, body, headers={"X-Name": "é"})
    emulator.send(request)
    seen = emulator.last_request()
    assert (seen["method"], seen["path"], seen["status"]) == ("POST", CHAT, 200)
    assert json.loads(seen["body"]) == body
    assert ["x-name", "é"] in seen["headers"]
    assert seen["body_bytes"] == len(request.body)
    assert emulator.usage()[0]["request_id"] == seen["request_id"]


def test_a_large_body(emulator: Emulator) -> None:
    text = "word " * 400_000
    answer = emulator.call("POST", CHAT, emulator.chat(text))
    assert answer.json["usage"]["prompt_tokens"] == 400_001
    assert len(emulator.last_request()["body"]) == 1024 * 1024


def test_embeddings(emulator: Emulator) -> None:
    body = {"model": "emulator.embedding-1", "input": ["a b c", "d"], "dimensions": 8}
    answer = emulator.bearer("POST", "/v1/embeddings", body).json
    assert [len(each["embedding"]) for each in answer["data"]] == [8, 8]
    assert answer["usage"] == {"prompt_tokens": 4, "total_tokens": 4}
    (record,) = emulator.usage()
    assert (record["api"], record["input_tokens"], record["output_tokens"]) == ("embeddings", 4, 0)
    assert emulator.bearer("POST", "/openai/v1/embeddings", body).status == 404
