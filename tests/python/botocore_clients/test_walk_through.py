"""From nothing to a bill: a project with tags, a call that names it, and the same through boto3."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import costmark
from botocore_clients.support import ASKED, INVOKED, client, knows_projects
from harness import ACCESS_KEY_ID, MESSAGES, MODEL, REGION, SECRET_ACCESS_KEY

if TYPE_CHECKING:
    from harness import Emulator

openai = pytest.importorskip("openai")
pytestmark = pytest.mark.skipif(not knows_projects(), reason="this boto3 has no create_project")

TAGS = [{"key": "team", "value": "platform"}, {"key": "env", "value": "prod"}]


@pytest.mark.parametrize("wrapped", [False, True])
def test_create_with_tags_and_call_by_both_doors(wrapped: bool, bedrock: Emulator) -> None:
    project = client(bedrock.url, "bedrock").create_project(name="my-app-prod", tags=TAGS)["id"]
    keys = costmark.Credentials(ACCESS_KEY_ID, SECRET_ACCESS_KEY)
    chat = openai.OpenAI(base_url=bedrock.base_url, api_key="ABSKEXAMPLE")
    runtime = client(bedrock.url)
    if wrapped:
        costmark.wrap(chat, auth="sigv4", region=REGION, credentials=keys)
        costmark.wrap(runtime, unattributed="refuse")

    answer = chat.chat.completions.create(
        model=MODEL, messages=MESSAGES, extra_body={"project_id": project}
    )
    said = runtime.converse(**ASKED, projectIdentifier=project)["usage"]
    stream = runtime.converse_stream(**ASKED, projectIdentifier=project)["stream"]
    streamed = [each["metadata"]["usage"] for each in stream if "metadata" in each]
    runtime.invoke_model(**INVOKED, projectIdentifier=project)["body"].read()

    records = bedrock.usage()
    assert [each["project"] for each in records] == [project] * 4
    assert {tuple(sorted(each["tags"].items())) for each in records} == {
        (("env", "prod"), ("team", "platform"))
    }
    output = [each["output_tokens"] for each in records]
    assert output[:3] == [
        answer.usage.completion_tokens,
        said["outputTokens"],
        streamed[0]["outputTokens"],
    ]
    if wrapped:
        assert costmark.usage()[project].output_tokens == sum(output)
        assert costmark.usage()[project].operations == 4
