"""The Projects API."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from emulator.support import Answer, Emulator

if TYPE_CHECKING:
    from collections.abc import Iterator

BASE = "/v1/organization/projects"
ARN = "arn:aws:bedrock-mantle:us-east-1:111122223333:project/"


def create(emulator: Emulator, **members: object) -> Answer:
    return emulator.bearer("POST", BASE, members)


def update(emulator: Emulator, project: str, **members: object) -> Answer:
    return emulator.bearer("POST", f"{BASE}/{project}", members)


def refused(answer: Answer, param: str | None = None, code: str = "validation_error") -> None:
    assert answer.status == 400, answer.body
    assert answer.error["type"] == "invalid_request_error"
    assert (answer.error["code"], answer.error["param"]) == (code, param)


def test_create_and_get(emulator: Emulator) -> None:
    tags = {"team": "platform", "cost center": "a/b:c=d+e-f@g._"}
    created = create(emulator, name="Project ABC", tags=tags)
    assert created.status == 200
    project = created.json
    assert re.fullmatch(r"proj_[a-z0-9]{20}", project["id"])
    assert isinstance(project.pop("created_at"), int)
    assert project == {
        "arn": ARN + project["id"],
        "id": project["id"],
        "name": "Project ABC",
        "object": "organization.project",
        "status": "active",
        "tags": tags,
        "data_retention": {"mode": "inherit"},
    }
    shown = emulator.bearer("GET", f"{BASE}/{project['id']}").json
    assert shown["tags"] == tags
    assert "archived_at" not in shown


def test_project_routes_need_authorization(emulator: Emulator) -> None:
    for method, path in (("GET", ""), ("POST", ""), ("GET", "/default"), ("POST", "/x/archive")):
        assert emulator.plain(method, BASE + path, {"name": "x"}).status == 401


def test_they_are_only_under_v1(emulator: Emulator) -> None:
    answer = emulator.bearer("GET", "/openai" + BASE)
    assert (answer.status, answer.body) == (404, b"")


@pytest.mark.parametrize(
    ("members", "param"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 129}, "name"),
        ({"name": 7}, "name"),
        ({"name": "x", "tags": {"": "v"}}, "tags"),
        ({"name": "x", "tags": {"k" * 129: "v"}}, "tags"),
        ({"name": "x", "tags": {"k": "v" * 257}}, "tags"),
        ({"name": "x", "tags": {"k": 1}}, "tags"),
        ({"name": "x", "tags": {"AWS:k": "v"}}, "tags"),
        ({"name": "x", "tags": {"k#": "v"}}, "tags"),
        ({"name": "x", "tags": {"k": "v,w"}}, "tags"),
        ({"name": "x", "tags": {f"k{n}": "" for n in range(51)}}, "tags"),
        ({"name": "x", "tags": ["k"]}, "tags"),
        ({"name": "x", "data_retention": {"mode": "forever"}}, "data_retention.mode"),
        ({"name": "x", "data_retention": "none"}, "data_retention"),
    ],
)
def test_limits_of_create(emulator: Emulator, members: dict[str, object], param: str) -> None:
    refused(create(emulator, **members), param)


def test_the_largest_that_is_allowed(emulator: Emulator) -> None:
    tags = {f"{n:0128}": "v" * 256 for n in range(50)}
    answer = create(emulator, name="n" * 128, tags=tags, geography="us")
    assert (answer.status, answer.json["tags"]) == (200, tags)


def test_bodies_are_checked(emulator: Emulator) -> None:
    refused(create(emulator, name="x", description="y"), "description", "unknown_parameter")
    refused(create(emulator))
    for body in (
        b"",
        b"[]",
        b"{",
        b'{"name":"a","name":"b"}',
        b'{"name":"a","tags":{"k":"1","k":"2"}}',
    ):
        answer = emulator.bearer("POST", BASE, body)
        refused(answer)
        assert answer.error["message"].startswith("Failed to deserialize the JSON body")


def test_update(emulator: Emulator) -> None:
    project = emulator.project("old", keep="1", change="2", drop="3")
    answer = update(
        emulator,
        project,
        name="new",
        add_tags={"change": "two", "more": ""},
        remove_tag_keys=["drop", "absent"],
        data_retention={"mode": "none"},
    )
    assert answer.status == 200
    shown = emulator.bearer("GET", f"{BASE}/{project}").json
    assert shown == answer.json
    assert shown["name"] == "new"
    assert shown["tags"] == {"keep": "1", "change": "two", "more": ""}
    assert shown["data_retention"] == {"mode": "none"}


def test_updates_that_are_refused_change_nothing(emulator: Emulator) -> None:
    project = emulator.project("name", **{f"k{n}": "v" for n in range(49)})
    before = emulator.bearer("GET", f"{BASE}/{project}").json
    refused(update(emulator, project, tags={"a": "b"}), "tags", "unsupported_parameter")
    refused(update(emulator, project, add_tags={"a": "", "b": ""}), "add_tags")
    refused(update(emulator, project, name="new", add_tags={"aws:x": ""}), "add_tags")
    refused(update(emulator, project, name="new", remove_tag_keys="k1"), "remove_tag_keys")
    refused(
        update(emulator, project, add_tags={"k1": ""}, remove_tag_keys=["k1"]), "remove_tag_keys"
    )
    refused(update(emulator, project, name="new", color="red"), "color", "unknown_parameter")
    refused(update(emulator, project))
    assert emulator.bearer("GET", f"{BASE}/{project}").json == before


def test_unknown_projects_are_named_by_arn(emulator: Emulator) -> None:
    for method, path in (
        ("GET", "proj_none"),
        ("POST", "proj_none"),
        ("POST", "proj_none/archive"),
    ):
        answer = emulator.bearer(method, f"{BASE}/{path}", {"name": "x"})
        assert answer.status == 404
        assert answer.error == {
            "code": "not_found_error",
            "message": f"Project '{ARN}proj_none' does not exist",
            "param": None,
            "type": "not_found_error",
        }


def test_archive(emulator: Emulator) -> None:
    project = emulator.project("done", team="x")
    for body in (b"", b"{}"):
        answer = emulator.bearer("POST", f"{BASE}/{project}/archive", body)
        assert answer.status == 200
        assert answer.json["status"] == "archived"
        assert isinstance(answer.json["archived_at"], int)
        assert answer.json["tags"] == {"team": "x"}
    refused(update(emulator, project, name="again"))
    assert emulator.bearer("GET", f"{BASE}/{project}").json["status"] == "archived"


def test_the_default_project_stays_as_it_is(emulator: Emulator) -> None:
    default = emulator.bearer("GET", f"{BASE}/default").json
    assert (default["id"], default["name"], default["tags"]) == ("default", "default", {})
    assert default["arn"] == ARN + "default"
    refused(update(emulator, "default", name="mine"))
    refused(update(emulator, "default", add_tags={"team": "x"}))
    refused(emulator.bearer("POST", f"{BASE}/default/archive"))
    assert emulator.bearer("GET", f"{BASE}/default").json == default


@pytest.fixture(scope="module")
def populated() -> Iterator[tuple[Emulator, list[str]]]:
    emulator = Emulator("--max-projects", "25", "--seed", "7")
    yield emulator, [emulator.project(f"project {n}") for n in range(25)]
    emulator.stop()


def test_paging(populated: tuple[Emulator, list[str]]) -> None:
    emulator, projects = populated
    seen: list[str] = []
    after = ""
    sizes = []
    while True:
        page = emulator.bearer("GET", f"{BASE}?limit=10{after}").json
        ids = [each["id"] for each in page["data"]]
        assert page["object"] == "list"
        assert (page["first_id"], page["last_id"]) == (ids[0], ids[-1])
        seen += ids
        sizes.append(len(ids))
        if not page["has_more"]:
            break
        after = f"&after={page['last_id']}"
    assert seen == ["default", *projects]
    assert sizes == [10, 10, 6]
    assert len(emulator.bearer("GET", BASE).json["data"]) == 20
    rest = emulator.bearer("GET", f"{BASE}?after={projects[-1]}").json
    assert rest == {
        "data": [],
        "first_id": None,
        "has_more": False,
        "last_id": None,
        "object": "list",
    }


def test_archived_projects_are_listed_on_demand(populated: tuple[Emulator, list[str]]) -> None:
    emulator, projects = populated
    emulator.bearer("POST", f"{BASE}/{projects[3]}/archive")
    query = f"{BASE}?limit=100"
    active = [each["id"] for each in emulator.bearer("GET", query).json["data"]]
    every = emulator.bearer("GET", query + "&include_archived=true").json["data"]
    assert active == ["default", *projects[:3], *projects[4:]]
    assert [each["id"] for each in every] == ["default", *projects]
    after = emulator.bearer("GET", f"{query}&after={projects[3]}").json["data"]
    assert after[0]["id"] == projects[4]


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=ten", "limit"),
        ("limit=", "limit"),
        ("after=proj_none", "after"),
        ("include_archived=yes", "include_archived"),
    ],
)
def test_bad_paging(emulator: Emulator, query: str, param: str) -> None:
    refused(emulator.bearer("GET", f"{BASE}?{query}"), param)


def test_the_number_of_projects_is_limited(populated: tuple[Emulator, list[str]]) -> None:
    emulator, _ = populated
    refused(create(emulator, name="one too many"), None, "service_quota_exceeded")


def test_a_seed_repeats_the_identifiers(populated: tuple[Emulator, list[str]]) -> None:
    _, projects = populated
    again = Emulator("--seed", "7", "--max-projects", "25")
    try:
        assert [again.project(f"project {n}") for n in range(3)] == projects[:3]
    finally:
        again.stop()


def test_account_retention(emulator: Emulator) -> None:
    path = "/v1/data_retention"
    assert emulator.bearer("PUT", path, {"mode": "none"}).json["mode"] == "none"
    assert set(emulator.bearer("GET", path).json) == {"mode", "updated_at"}
    refused(emulator.bearer("PUT", path, {"mode": "never"}), "mode")
    assert emulator.bearer("PUT", path, {"mode": "inherit"}).json["mode"] == "inherit"
