"""Which project a request is counted for."""

from __future__ import annotations

import json

import pytest

from emulator.support import OSS, Answer, Emulator

CHAT = "/v1/chat/completions"
MESSAGES = "/anthropic/v1/messages"
ARN = "arn:aws:bedrock-mantle:us-east-1:111122223333:project/"
CLAUDE = {
    "model": "anthropic.claude-opus-4-8",
    "max_tokens": 100,
    "messages": [{"role": "user", "content": "Hi"}],
}


def projects(emulator: Emulator) -> list[str]:
    return [record["project"] for record in emulator.usage()]


def refused(answer: Answer, text: str) -> None:
    assert answer.status == 400, answer.body
    assert text in answer.error["message"]


def test_none_means_default(emulator: Emulator) -> None:
    assert emulator.bearer("POST", CHAT, emulator.chat()).status == 200
    assert projects(emulator) == ["default"]


def test_header_arn_and_body(emulator: Emulator) -> None:
    project = emulator.project("p", team="research", env="staging")
    calls = [
        emulator.bearer("POST", CHAT, emulator.chat(), OpenAI_Project=project),
        emulator.bearer("POST", CHAT, emulator.chat(), OpenAI_Project=ARN + project),
        emulator.bearer("POST", CHAT, emulator.chat(project_id=project)),
        emulator.bearer(
            "POST", CHAT, emulator.chat(project_id=project), OpenAI_Project=ARN + project
        ),
        emulator.bearer(
            "POST", "/v1/responses", {"model": OSS, "input": "x", "project_id": project}
        ),
    ]
    assert [call.status for call in calls] == [200] * 5
    records = emulator.usage()
    assert {record["project"] for record in records} == {project}
    assert {record["project_arn"] for record in records} == {ARN + project}
    assert all(record["tags"] == {"team": "research", "env": "staging"} for record in records)


def test_tags_are_those_of_the_moment(emulator: Emulator) -> None:
    project = emulator.project("p", team="a")
    emulator.bearer("POST", CHAT, emulator.chat(project_id=project))
    path = f"/v1/organization/projects/{project}"
    emulator.bearer("POST", path, {"add_tags": {"team": "b"}})
    emulator.bearer("POST", CHAT, emulator.chat(project_id=project))
    assert [record["tags"] for record in emulator.usage()] == [{"team": "a"}, {"team": "b"}]


def test_two_different_projects_are_refused(emulator: Emulator) -> None:
    one, two = emulator.project(), emulator.project()
    answer = emulator.bearer("POST", CHAT, emulator.chat(project_id=one), OpenAI_Project=two)
    refused(answer, "two projects")
    assert projects(emulator) == []


@pytest.mark.parametrize(
    ("named", "looked_up"),
    [
        ("proj_none", ARN + "proj_none"),
        (ARN + "proj_none", ARN + "proj_none"),
        (ARN.replace("us-east-1", "eu-west-1") + "default",) * 2,
        (ARN.replace("1111", "9999") + "default",) * 2,
        ('quote"and\\more', ARN + 'quote"and\\more'),
    ],
)
def test_unknown_projects(emulator: Emulator, named: str, looked_up: str) -> None:
    for answer in (
        emulator.bearer("POST", CHAT, emulator.chat(), OpenAI_Project=named),
        emulator.bearer("POST", CHAT, emulator.chat(project_id=named)),
    ):
        assert answer.status == 404
        assert answer.error["code"] == "not_found_error"
        assert answer.error["message"] == f"Project '{looked_up}' does not exist"
    assert projects(emulator) == []


def test_archived_projects_are_refused(emulator: Emulator) -> None:
    project = emulator.project()
    emulator.bearer("POST", f"/v1/organization/projects/{project}/archive")
    answer = emulator.bearer("POST", CHAT, emulator.chat(), OpenAI_Project=project)
    refused(answer, "is archived")
    assert answer.error["code"] == "project_archived"


def test_doubled_carriers_are_refused(emulator: Emulator) -> None:
    project = emulator.project()
    body = json.dumps(emulator.chat())[:-1].encode()
    member = b',"project_id":"%s"' % project.encode()
    assert emulator.bearer("POST", CHAT, body + member + b"}").status == 200
    refused(emulator.bearer("POST", CHAT, body + member * 2 + b"}"), "duplicate field `project_id`")
    escaped = member.replace(b"project_id", b"project\\u005fid")
    refused(emulator.bearer("POST", CHAT, body + member + escaped + b"}"), "duplicate field")
    request = emulator.sign("POST", CHAT, emulator.chat(), headers={"OpenAI-Project": project})
    request.headers.append(("openai-project", project))
    assert emulator.send(request).status == 401
    request = emulator.sign("POST", CHAT, emulator.chat())
    request.headers += [("openai-project", project)] * 2
    refused(emulator.send(request), "more than once")


@pytest.mark.parametrize("value", [None, "", 7, ["x"]])
def test_carriers_that_name_nothing(emulator: Emulator, value: object) -> None:
    refused(emulator.bearer("POST", CHAT, emulator.chat(project_id=value)), "'project_id' must be")


def test_an_empty_header(emulator: Emulator) -> None:
    refused(emulator.bearer("POST", CHAT, emulator.chat(), OpenAI_Project=""), "empty")


def test_messages_have_a_header_of_their_own(emulator: Emulator) -> None:
    project = emulator.project()
    assert emulator.bearer("POST", MESSAGES, CLAUDE, anthropic_workspace_id=project).status == 200
    assert emulator.bearer("POST", MESSAGES, CLAUDE, anthropic_workspace=project).status == 200
    assert emulator.bearer("POST", MESSAGES, CLAUDE).status == 200
    assert projects(emulator) == [project, "default", "default"]


def test_messages_refuse_the_other_header(emulator: Emulator) -> None:
    answer = emulator.bearer("POST", MESSAGES, CLAUDE, OpenAI_Project="default")
    refused(
        answer,
        "The `openai-project` header is not supported for this API format."
        " Use `anthropic-workspace-id` instead.",
    )
    assert answer.json["type"] == "error"


def test_messages_with_an_unknown_workspace(emulator: Emulator) -> None:
    answer = emulator.bearer("POST", MESSAGES, CLAUDE, anthropic_workspace_id="proj_none")
    assert answer.status == 404
    assert answer.json == {
        "type": "error",
        "request_id": answer.headers["x-request-id"],
        "error": {
            "type": "not_found_error",
            "message": f"Project '{ARN}proj_none' does not exist",
        },
    }
