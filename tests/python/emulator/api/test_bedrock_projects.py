"""The `bedrock` control plane, driven by the real boto3; raw answers pass botocore's own shapes."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import boto3  # type: ignore[import-untyped,unused-ignore]
import botocore.exceptions  # type: ignore[import-untyped,unused-ignore]
import pytest
from botocore.config import Config  # type: ignore[import-untyped,unused-ignore]

from emulator.support import KEY, SECRET, Emulator

if TYPE_CHECKING:
    from collections.abc import Iterator

ARN = "arn:aws:bedrock:us-east-1:111122223333:project/"


def client_of(emulator: Emulator, **config: Any) -> Any:
    retries = {"total_max_attempts": 1}
    return boto3.client(
        "bedrock",
        endpoint_url=emulator.url,
        region_name="us-east-1",
        aws_access_key_id=KEY,
        aws_secret_access_key=SECRET,
        config=Config(retries=retries, **config),
    )


@pytest.fixture(scope="module")
def _client(running: Emulator) -> Any:
    client = client_of(running)
    client.meta.events.register("after-call.bedrock", _check_answer)
    return client


@pytest.fixture
def bedrock(emulator: Emulator, _client: Any) -> Any:
    """A client whose raw answers are checked against the shapes of the service model."""
    return _client


def _check_answer(http_response: Any, model: Any, **_: Any) -> None:
    if http_response.status_code < 300:
        check_shape(json.loads(http_response.content), model.output_shape, model.name)


def check_shape(value: Any, shape: Any, where: str) -> None:
    """Raise AssertionError unless a value is one of the shape, and nothing more."""
    if shape.type_name == "structure":
        assert isinstance(value, dict), where
        assert set(shape.required_members) <= set(value) <= set(shape.members), where
        for name, member in value.items():
            check_shape(member, shape.members[name], f"{where}.{name}")
    elif shape.type_name == "list":
        assert isinstance(value, list), where
        for each in value:
            check_shape(each, shape.member, f"{where}[]")
    elif shape.type_name == "timestamp":
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", value), (where, value)
    else:
        assert shape.type_name == "string", where
        assert isinstance(value, str), where
        limits = shape.metadata
        assert limits.get("min", 0) <= len(value) <= limits.get("max", 1 << 20), where
        assert "enum" not in limits or value in limits["enum"], (where, value)
        pattern = limits.get("pattern")
        assert pattern is None or re.search(pattern, value), (where, value)


def refused(call: Any, code: str, status: int = 400, **members: Any) -> str:
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**members)
    answer = caught.value.response
    assert answer["Error"]["Code"] == code, answer
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == status
    assert isinstance(caught.value, getattr(call.__self__.exceptions, code))
    return str(answer["Error"]["Message"])


def test_a_project_from_its_making_to_its_end(bedrock: Any) -> None:
    tags = [{"key": "team", "value": "platform"}, {"key": "cost center", "value": ""}]
    made = bedrock.create_project(name="my-app-prod", tags=tags)
    made.pop("ResponseMetadata")
    assert re.fullmatch(r"proj_[a-z2-7]{20}", made["id"])
    assert made["arn"] == ARN + made["id"]
    assert (made["name"], made["status"]) == ("my-app-prod", "active")
    assert made["dataRetention"] == {"mode": "inherit"}
    assert "archivedAt" not in made
    for name in (made["id"], made["arn"]):
        found = bedrock.get_project(projectIdentifier=name)
        found.pop("ResponseMetadata")
        assert found == made
    assert bedrock.list_tags_for_resource(resourceARN=made["arn"])["tags"] == tags

    renamed = bedrock.update_project(projectIdentifier=made["arn"], name="new")
    assert renamed["name"] == "new"
    kept = bedrock.update_project(projectIdentifier=made["id"], dataRetention={"mode": "none"})
    assert kept["dataRetention"] == {"mode": "none"}

    for name in (made["arn"], made["id"]):  # again, which changes nothing
        archived = bedrock.archive_project(projectIdentifier=name)
        assert archived["status"] == "archived"
        assert archived["archivedAt"] >= archived["createdAt"]


def test_tags(bedrock: Any) -> None:
    arn = bedrock.create_project(name="tagged", tags=[{"key": "a", "value": "1"}])["arn"]
    tags = [{"key": "a", "value": "2"}, {"key": "b", "value": "3"}]
    bedrock.tag_resource(resourceARN=arn, tags=tags)
    assert bedrock.list_tags_for_resource(resourceARN=arn)["tags"] == tags
    bedrock.untag_resource(resourceARN=arn, tagKeys=["a", "absent"])
    assert bedrock.list_tags_for_resource(resourceARN=arn)["tags"] == tags[1:]


def test_lists_have_pages_and_a_filter(bedrock: Any) -> None:
    made = [bedrock.create_project(name=f"page {n}")["id"] for n in range(25)]
    bedrock.archive_project(projectIdentifier=made[3])
    pages = list(bedrock.get_paginator("list_projects").paginate())
    assert len(pages[0]["projectSummaries"]) == 20
    assert "nextToken" in pages[0]
    assert "nextToken" not in pages[-1]
    listed = [each["id"] for page in pages for each in page["projectSummaries"]]
    assert [each for each in listed if each in made] == made  # archived ones, too
    assert listed.count("default") == 1

    def ids(**query: Any) -> list[str]:
        pages = bedrock.get_paginator("list_projects").paginate(**query)
        return [each["id"] for page in pages for each in page["projectSummaries"]]

    assert [each for each in ids(statusFilter="active", maxResults=7) if each in made] == (
        made[:3] + made[4:]
    )
    assert [each for each in ids(statusFilter="archived") if each in made] == [made[3]]
    refused(bedrock.list_projects, "ValidationException", nextToken="proj")
    refused(bedrock.list_projects, "ValidationException", maxResults=101)


def test_what_is_not_there(bedrock: Any) -> None:
    for name in ("proj_none", ARN + "proj_none"):
        refused(bedrock.get_project, "ResourceNotFoundException", 404, projectIdentifier=name)
    for arn in (
        ARN.replace("111122223333", "444455556666") + "proj_a",
        ARN.replace("us-east-1", "eu-west-1") + "proj_a",
        ARN.replace(":bedrock:", ":bedrock-mantle:") + "proj_a",
    ):
        refused(bedrock.get_project, "ValidationException", projectIdentifier=arn)
        refused(bedrock.list_tags_for_resource, "ValidationException", resourceARN=arn)


def test_what_may_not_change(bedrock: Any) -> None:
    gone = bedrock.create_project(name="gone")
    bedrock.archive_project(projectIdentifier=gone["id"])
    for name in (gone["id"], "default"):
        refused(bedrock.update_project, "ValidationException", projectIdentifier=name, name="x")
    refused(bedrock.archive_project, "ValidationException", projectIdentifier="default")
    tags = [{"key": "a", "value": "b"}]
    refused(bedrock.tag_resource, "ValidationException", resourceARN=gone["arn"], tags=tags)


def test_limits(bedrock: Any) -> None:
    made = bedrock.create_project(name="n" * 127, tags=_tags(50))
    refused(bedrock.create_project, "TooManyTagsException", name="x", tags=_tags(51))
    more = [{"key": "one more", "value": ""}]
    refused(bedrock.tag_resource, "TooManyTagsException", resourceARN=made["arn"], tags=more)
    bedrock.tag_resource(resourceARN=made["arn"], tags=_tags(50, value="new"))
    refused(bedrock.create_project, "ValidationException", name="n" * 128)
    refused(bedrock.create_project, "ValidationException", name=" ")
    for key in ("aws:x", "AWS:x", "k#", "k" * 129):
        tags = [{"key": key, "value": ""}]
        refused(bedrock.create_project, "ValidationException", name="x", tags=tags)
    twice = [{"key": "a", "value": "1"}, {"key": "a", "value": "2"}]
    refused(bedrock.create_project, "ValidationException", name="x", tags=twice)
    refused(
        bedrock.update_project,
        "ValidationException",
        projectIdentifier=made["id"],
        name="x",
        dataRetention={"mode": "none"},
    )


def _tags(count: int, value: str = "") -> list[dict[str, str]]:
    return [{"key": f"k{n}", "value": value} for n in range(count)]


def test_signatures_are_for_bedrock(emulator: Emulator) -> None:
    wrong = boto3.client(
        "bedrock",
        endpoint_url=emulator.url,
        region_name="us-east-1",
        aws_access_key_id=KEY,
        aws_secret_access_key="x" * 40,
    )
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        wrong.list_projects()
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    assert emulator.plain("GET", "/projects").status == 403
    assert emulator.bearer("GET", "/projects").status == 200


@pytest.fixture
def apart() -> Iterator[Emulator]:
    emulator = Emulator("--planes", "separate", "--max-projects", "2")
    yield emulator
    emulator.stop()


def test_planes_may_be_apart_and_projects_are_limited(apart: Emulator) -> None:
    bedrock = client_of(apart)
    on_bedrock = bedrock.create_project(name="one")["id"]
    on_mantle = apart.project("two")
    mantle = "/v1/organization/projects/"
    assert apart.bearer("GET", mantle + on_bedrock).status == 404
    refused(bedrock.get_project, "ResourceNotFoundException", 404, projectIdentifier=on_mantle)
    bedrock.create_project(name="three")
    refused(bedrock.create_project, "ServiceQuotaExceededException", name="four")
    apart.project("five")  # the other plane has a limit of its own


def test_planes_are_one_by_default(emulator: Emulator, bedrock: Any) -> None:
    project = emulator.project("both", team="x")
    found = bedrock.get_project(projectIdentifier=project)
    assert found["name"] == "both"
    tags = bedrock.list_tags_for_resource(resourceARN=found["arn"])["tags"]
    assert tags == [{"key": "team", "value": "x"}]


def test_faults_of_one_operation(emulator: Emulator, bedrock: Any) -> None:
    emulator.fault("status", status=429, api="UntagResource")
    arn = bedrock.create_project(name="faulty", tags=_tags(1))["arn"]
    refused(bedrock.untag_resource, "ThrottlingException", 429, resourceARN=arn, tagKeys=["k0"])
    bedrock.untag_resource(resourceARN=arn, tagKeys=["k0"])
    emulator.fault("repeat_page", api="ListProjects", count=2)
    first = bedrock.list_projects()
    assert bedrock.list_projects(nextToken=first["nextToken"])["nextToken"] == first["nextToken"]


def test_lists_may_lag_and_times_may_be_equal() -> None:
    emulator = Emulator("--list-lag-s", "30", "--creation-step-s", "1000")
    try:
        bedrock = client_of(emulator)
        made = [bedrock.create_project(name="x") for _ in range(3)]
        assert len({each["createdAt"] for each in made}) == 1
        assert [each["id"] for each in bedrock.list_projects()["projectSummaries"]] == ["default"]
        bedrock.get_project(projectIdentifier=made[0]["id"])  # which does not lag
        assert emulator.control("POST", "/_emulator/clock", {"forward_s": 31}).status == 200
        assert len(bedrock.list_projects()["projectSummaries"]) == 4
    finally:
        emulator.stop()
