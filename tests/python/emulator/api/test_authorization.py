"""Which right each operation needs, and how a refusal reads."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from emulator.support import OSS, Answer, Emulator, mint

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PROJECTS = "/v1/organization/projects"
ARN = "arn:aws:bedrock-mantle:us-east-1:111122223333:project/"
USER = "arn:aws:iam::111122223333:user/emulator"
MESSAGE = {"model": "anthropic.claude-haiku-4-5", "max_tokens": 9, "messages": []}


def statement(actions: Any, resources: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **more}


@contextmanager
def under(
    folder: Path, *statements: dict[str, Any], options: tuple[str, ...] = ()
) -> Iterator[Emulator]:
    file = folder / "policy.json"
    file.write_text(json.dumps({"Version": "2012-10-17", "Statement": statements}))
    projects = ("--project", "proj_a:team=x", "--project", "proj_b")
    emulator = Emulator("--policy", str(file), *projects, *options)
    try:
        yield emulator
    finally:
        emulator.stop()


def is_denied(answer: Answer, action: str, resource: str) -> bool:
    """Whether exactly this right was missing."""
    if answer.status != 403:
        return False
    assert answer.error == {
        "code": "access_denied",
        "type": "permission_denied_error",
        "param": None,
        "message": f"User: {USER} is not authorized to perform: bedrock-mantle:{action} on "
        f"resource: {resource} because no identity-based policy allows the "
        f"bedrock-mantle:{action} action",
    }
    return True


def inference(emulator: Emulator, path: str, body: Any = b"", project: str = "proj_a") -> Answer:
    method = "POST" if body else "GET"
    return emulator.call(method, path, body, headers={"OpenAI-Project": project})


RESPONSE = {"model": OSS, "input": "x"}
# The right alone that an operation needs, on which resource.
NEEDS: list[tuple[str, str, str, Any, str]] = [
    ("POST", "/v1/chat/completions", "CreateInference", {"model": OSS}, ARN + "proj_a"),
    ("POST", "/v1/responses", "CreateInference", RESPONSE, ARN + "proj_a"),
    ("GET", "/v1/responses/resp_x", "GetInference", b"", ARN + "proj_a"),
    ("POST", "/v1/responses/resp_x/cancel", "CancelInference", b"", ARN + "proj_a"),
    ("DELETE", "/v1/responses/resp_x", "DeleteInference", b"", ARN + "proj_a"),
    ("GET", "/v1/models", "ListModels", b"", ARN + "proj_a"),
    ("GET", f"/v1/models/{OSS}", "GetModel", b"", ARN + "proj_a"),
    ("GET", PROJECTS, "ListProjects", b"", "*"),
    ("POST", PROJECTS, "CreateProject", {"name": "x"}, "*"),
    ("GET", f"{PROJECTS}/proj_b", "GetProject", b"", ARN + "proj_b"),
    ("POST", f"{PROJECTS}/proj_b", "UpdateProject", {"name": "x"}, ARN + "proj_b"),
    ("POST", f"{PROJECTS}/proj_b/archive", "ArchiveProject", b"", ARN + "proj_b"),
    ("GET", f"{PROJECTS}/proj_unknown", "GetProject", b"", ARN + "proj_unknown"),
    ("GET", "/v1/data_retention", "GetAccountDataRetention", b"", "*"),
    ("PUT", "/v1/data_retention", "PutAccountDataRetention", {"mode": "none"}, "*"),
]


def test_each_operation_needs_its_right_and_no_other(tmp_path: Path) -> None:
    headers = {"OpenAI-Project": "proj_a"}
    with under(tmp_path, statement("bedrock-mantle:Nothing")) as emulator:
        for method, path, action, body, resource in NEEDS:
            answer = emulator.call(method, path, body, headers=headers)
            assert is_denied(answer, action, resource), (path, answer.body)
        usage = emulator.usage()
    assert usage == []
    rights = [statement(f"bedrock-mantle:{action}", arn) for _, _, action, _, arn in NEEDS]
    with under(tmp_path, *rights) as emulator:
        for method, path, _, body, _ in NEEDS:
            answer = emulator.call(method, path, body, headers=headers)
            assert answer.status != 403, (path, answer.body)


def test_the_anthropic_paths_have_rights_and_errors_of_their_own(tmp_path: Path) -> None:
    headers = {"anthropic-workspace-id": "proj_a"}
    with under(tmp_path, statement("bedrock-mantle:CountTokens", ARN + "proj_a")) as emulator:
        path = "/anthropic/v1/messages"
        refused = emulator.call("POST", path, MESSAGE, headers=headers)
        assert refused.status == 403
        assert refused.error["type"] == "permission_error"
        assert (
            f"bedrock-mantle:CreateInference on resource: {ARN}proj_a" in refused.error["message"]
        )
        counted = emulator.call("POST", path + "/count_tokens", MESSAGE, headers=headers)
        assert counted.status != 403


def test_one_project_alone(tmp_path: Path) -> None:
    right = statement("bedrock-mantle:CreateInference", ARN + "proj_a")
    with under(tmp_path, right) as emulator:
        chat = emulator.chat()
        assert inference(emulator, "/v1/chat/completions", chat).status == 200
        other = inference(emulator, "/v1/chat/completions", chat, "proj_b")
        assert is_denied(other, "CreateInference", ARN + "proj_b")
        nowhere = inference(emulator, "/v1/chat/completions", chat, "proj_nowhere")
        assert is_denied(nowhere, "CreateInference", ARN + "proj_nowhere")
        unnamed = emulator.call("POST", "/v1/chat/completions", chat)
        assert is_denied(unnamed, "CreateInference", ARN + "default")
        in_the_body = {**chat, "project_id": "proj_b"}
        answer = emulator.call("POST", "/v1/chat/completions", in_the_body)
        assert is_denied(answer, "CreateInference", ARN + "proj_b")
        assert [record["project"] for record in emulator.usage()] == ["proj_a"]


def test_model_tier_and_tags_are_condition_keys(tmp_path: Path) -> None:
    condition = {
        "StringLike": {"bedrock-mantle:Model": "openai.gpt-oss-*"},
        "StringEqualsIfExists": {"bedrock-mantle:ServiceTier": "flex"},
        "StringEquals": {"aws:ResourceTag/team": "x"},
    }
    right = statement("bedrock-mantle:CreateInference", ARN + "*", Condition=condition)
    with under(tmp_path, right) as emulator:
        path, chat = "/v1/chat/completions", emulator.chat()
        assert inference(emulator, path, chat).status == 200
        assert inference(emulator, path, {**chat, "service_tier": "flex"}).status == 200
        assert inference(emulator, path, {**chat, "service_tier": "priority"}).status == 403
        assert inference(emulator, path, {**chat, "model": "qwen.qwen3-32b"}).status == 403
        assert inference(emulator, path, chat, "proj_b").status == 403


def test_tags_need_rights_of_their_own(tmp_path: Path) -> None:
    manage = statement(["bedrock-mantle:CreateProject", "bedrock-mantle:UpdateProject"])
    with under(tmp_path, manage) as emulator:
        assert emulator.call("POST", PROJECTS, {"name": "x"}).status == 200
        tagged = emulator.call("POST", PROJECTS, {"name": "x", "tags": {"team": "y"}})
        assert is_denied(tagged, "TagResource", ARN + "*")
        path = f"{PROJECTS}/proj_a"
        added = emulator.call("POST", path, {"add_tags": {"team": "y"}})
        assert is_denied(added, "ListTagsForResource", ARN + "proj_a")
        removed = emulator.call("POST", path, {"remove_tag_keys": ["team"]})
        assert is_denied(removed, "UntagResource", ARN + "proj_a")
    only = {"ForAllValues:StringEquals": {"aws:TagKeys": ["team", "env"]}}
    team = {"StringEquals": {"aws:RequestTag/team": "y"}}
    tag = statement("bedrock-mantle:TagResource", ARN + "*", Condition={**only, **team})
    with under(tmp_path, manage, tag) as emulator:
        for tags, status in (
            ({"team": "y"}, 200),
            ({"team": "y", "env": "e"}, 200),
            ({"team": "z"}, 403),
            ({"team": "y", "cost": "1"}, 403),
        ):
            answer = emulator.call("POST", PROJECTS, {"name": "x", "tags": tags})
            assert answer.status == status, tags


def test_a_deny_says_that_it_is_one(tmp_path: Path) -> None:
    deny = {**statement("bedrock-mantle:CreateInference", ARN + "default"), "Effect": "Deny"}
    with under(tmp_path, statement("bedrock-mantle:*"), deny) as emulator:
        answer = emulator.call("POST", "/v1/chat/completions", emulator.chat())
        assert answer.status == 403
        assert answer.error["message"].endswith("with an explicit deny in an identity-based policy")
        assert inference(emulator, "/v1/chat/completions", emulator.chat()).status == 200


@pytest.mark.parametrize(
    ("kinds", "short", "long"),
    [("SHORT_TERM", 200, 403), ("LONG_TERM", 403, 200), (["*_TERM"], 200, 200), (None, 403, 403)],
)
def test_bearer_tokens_need_a_right(tmp_path: Path, kinds: Any, short: int, long: int) -> None:
    condition = {"StringLike": {"bedrock-mantle:BearerTokenType": kinds}}
    bearer = statement("bedrock-mantle:CallWithBearerToken", "*", Condition=condition)
    rights = [statement("bedrock-mantle:CreateInference"), *([bearer] if kinds else [])]
    with under(tmp_path, *rights) as emulator:
        path, chat = "/v1/chat/completions", emulator.chat()
        assert emulator.call("POST", path, chat).status == 200  # a signature needs none
        token = {"Authorization": f"Bearer {mint()}"}
        assert emulator.plain("POST", path, chat, token).status == short
        answer = emulator.bearer("POST", path, chat)
        assert answer.status == long
        if long == 403:
            assert "bedrock-mantle:CallWithBearerToken on resource: * " in answer.error["message"]


def test_policies_that_are_no_policy_end_the_start(tmp_path: Path) -> None:
    file = tmp_path / "policy.json"
    for text in (None, '{"Statement": [{"Effect": "Allow"}]}'):
        if text is not None:
            file.write_text(text)
        with pytest.raises(RuntimeError, match=r"--policy .*policy\.json: (No such|statement 1)"):
            Emulator("--policy", str(file))


# --- The runtime ----------------------------------------------------------------------------------

NOVA = "amazon.nova-lite-v1:0"
ASKED = {"messages": [{"role": "user", "content": [{"text": "hi"}]}]}
INVOKE = ["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"]
MODELS = "arn:aws:bedrock:*::foundation-model/"


def converse(emulator: Emulator, project: str | None, model: str = NOVA, tail: str = "") -> Answer:
    body = ASKED if project is None else {**ASKED, "projectIdentifier": project}
    path = f"/model/{model.replace(':', '%3A')}/converse{tail}"
    return emulator.call("POST", path, body, service="bedrock")


def test_the_runtime_needs_a_right_on_the_model(tmp_path: Path) -> None:
    with under(tmp_path, statement(INVOKE[0], MODELS + "amazon.nova-*")) as emulator:
        assert converse(emulator, "proj_a").status == 200
        answer = converse(emulator, "proj_a", tail="-stream")
        assert answer.status == 403
        assert answer.headers["x-amzn-errortype"] == "AccessDeniedException"
        assert answer.json == {
            "message": f"User: {USER} is not authorized to perform: {INVOKE[1]} on resource: "
            f"arn:aws:bedrock:us-east-1::foundation-model/{NOVA} because no identity-based policy "
            f"allows the {INVOKE[1]} action"
        }
        profile = converse(emulator, "proj_a", f"us.{NOVA}")
        assert f"us-east-1:111122223333:inference-profile/us.{NOVA}" in profile.json["message"]
        bearer = {"Authorization": f"Bearer {mint()}"}
        answer = emulator.plain("POST", f"/model/{NOVA}/converse", ASKED, bearer)
        assert "bedrock:CallWithBearerToken on resource: *" in answer.json["message"]


@pytest.mark.parametrize(("reading", "others"), [("ignored", 200), ("authorized", 403)])
def test_both_readings_of_projects_on_the_runtime(
    tmp_path: Path, reading: str, others: int
) -> None:
    project = statement(INVOKE, "arn:aws:bedrock:us-east-1:111122223333:project/proj_a")
    rights = (statement(INVOKE, MODELS + "*"), project)
    with under(tmp_path, *rights, options=("--runtime-projects", reading)) as emulator:
        assert converse(emulator, "proj_a").status == 200
        assert converse(emulator, "proj_b").status == others
        assert converse(emulator, None).status == others


# --- The control plane ----------------------------------------------------------------------------

CONTROL = "arn:aws:bedrock:us-east-1:111122223333:project/"
TAGGED = {"resourceARN": CONTROL + "proj_a"}
# What boto3's client "bedrock" asks, and the right that it needs.
CONTROL_NEEDS: list[tuple[str, str, Any, str, str]] = [
    ("POST", "/projects", {"name": "x"}, "CreateProject", "*"),
    ("GET", "/projects", b"", "ListProjects", "*"),
    ("GET", "/projects/proj_a", b"", "GetProject", CONTROL + "proj_a"),
    ("GET", "/projects/proj_unknown", b"", "GetProject", CONTROL + "proj_unknown"),
    ("POST", "/projects/proj_a", {"name": "y"}, "UpdateProject", CONTROL + "proj_a"),
    ("POST", "/tagResource", {**TAGGED, "tags": []}, "TagResource", CONTROL + "proj_a"),
    ("POST", "/untagResource", {**TAGGED, "tagKeys": []}, "UntagResource", CONTROL + "proj_a"),
    ("POST", "/listTagsForResource", TAGGED, "ListTagsForResource", CONTROL + "proj_a"),
    ("POST", "/projects/proj_a/archive", b"", "ArchiveProject", CONTROL + "proj_a"),
]


def test_the_control_plane_needs_rights_of_its_own(tmp_path: Path) -> None:
    with under(tmp_path, statement("bedrock-mantle:*")) as emulator:
        for method, path, body, action, resource in CONTROL_NEEDS:
            answer = emulator.call(method, path, body, service="bedrock")
            assert answer.status == 403, path
            assert (
                f"to perform: bedrock:{action} on resource: {resource} " in answer.json["message"]
            )
    rights = [statement(f"bedrock:{action}", arn) for _, _, _, action, arn in CONTROL_NEEDS]
    with under(tmp_path, *rights) as emulator:
        for method, path, body, _, _ in CONTROL_NEEDS:
            answer = emulator.call(method, path, body, service="bedrock")
            assert answer.status in (200, 404), (path, answer.body)
        tagged = {"name": "x", "tags": [{"key": "team", "value": "y"}]}
        answer = emulator.call("POST", "/projects", tagged, service="bedrock")
        assert f"bedrock:TagResource on resource: {CONTROL}* " in answer.json["message"]
