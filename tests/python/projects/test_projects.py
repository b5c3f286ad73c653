"""`costmark.Projects` against the emulator, on both planes."""

from __future__ import annotations

import pickle
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest

import costmark
from harness import REGION, run_emulator
from projects.support import options_for

if TYPE_CHECKING:
    from harness import Emulator

ACCOUNT = "111122223333"
TAGS = {"team": "platform", "env": "prod"}


def test_a_project_from_its_making_to_its_end(projects: costmark.Projects, plane: str) -> None:
    made = projects.create("my-app-prod", TAGS)
    assert made.id.startswith("proj_")
    service = "bedrock-mantle" if plane == "mantle" else "bedrock"
    assert made.arn == f"arn:aws:{service}:{REGION}:{ACCOUNT}:project/{made.id}"
    assert (made.name, made.status, made.tags) == ("my-app-prod", "active", TAGS)
    assert (made.plane, made.account, made.region) == (plane, ACCOUNT, REGION)
    assert made.data_retention == "inherit"
    assert made.created_at is not None
    age = datetime.now(timezone.utc) - made.created_at
    assert -2 < age.total_seconds() < 60

    found = projects.get(made.id)
    assert found.tags == (TAGS if plane == "mantle" else None)
    assert (found.id, found.arn, found.created_at) == (made.id, made.arn, made.created_at)
    assert projects.get(made.arn) == projects.get(made) == found
    assert found in list(projects.list())
    assert projects.tags(made.id) == projects.tags(made.arn) == projects.tags(made) == TAGS

    assert projects.rename(made, "my-app").name == "my-app"
    assert projects.set_data_retention(made, "none").data_retention == "none"
    archived = projects.archive(made.id)
    assert archived.archived
    assert archived.archived_at is not None
    assert projects.archive(made).archived  # again, which changes nothing
    assert made.id not in {each.id for each in projects.list()}
    assert made.id in {each.id for each in projects.list(include_archived=True)}


def test_tags(projects: costmark.Projects) -> None:
    made = projects.create("tagged", {"keep": "1", "change": "2", "drop": "3"})
    projects.add_tags(made, {"change": "two", "more": ""})
    assert projects.tags(made) == {"keep": "1", "change": "two", "drop": "3", "more": ""}
    projects.remove_tags(made.id, ["drop", "absent"])
    assert projects.tags(made) == {"keep": "1", "change": "two", "more": ""}
    projects.set_tags(made, {"keep": "1", "change": "3", "new": "4"})
    assert projects.tags(made) == {"keep": "1", "change": "3", "new": "4"}
    projects.set_tags(made, {})
    assert projects.tags(made) == {}


def test_fifty_tags_can_be_changed_for_fifty_others(projects: costmark.Projects) -> None:
    made = projects.create("full", {f"old-{n}": "x" for n in range(50)})
    wanted = {f"new-{n}": "y" for n in range(49)} | {"old-0": "z"}
    projects.set_tags(made, wanted)
    assert projects.tags(made) == wanted


def test_setting_tags_that_are_there_writes_nothing(
    projects: costmark.Projects, account: Emulator
) -> None:
    made = projects.create("same", TAGS)
    account.fetch("/_emulator/requests", method="DELETE")
    projects.set_tags(made, TAGS)
    assert len(account.requests()) == 1


def test_all_pages_are_read(projects: costmark.Projects) -> None:
    made = [projects.create(f"page {n}").id for n in range(45)]
    listed = [each.id for each in projects.list()]
    assert [each for each in listed if each in set(made)] == made
    assert "default" in listed
    assert len(set(listed)) == len(listed)


def test_names_are_not_unique(projects: costmark.Projects) -> None:
    first, second = projects.create("twin"), projects.create("twin")
    assert first.id != second.id
    assert {first.id, second.id} <= {p.id for p in projects.list() if p.name == "twin"}


@pytest.mark.parametrize("name", ["", "x" * 128, " ", "a\nb", "a\x00b"])
def test_names_are_checked_before_anything_is_sent(
    projects: costmark.Projects, account: Emulator, name: str
) -> None:
    with pytest.raises(costmark.RequestError, match="name"):
        projects.create(name)
    with pytest.raises(costmark.RequestError, match="name"):
        projects.rename("proj_a", name)
    assert account.requests() == []


@pytest.mark.parametrize(
    "tags",
    [
        {"": "v"},
        {"k" * 129: "v"},
        {"k": "v" * 257},
        {"AWS:k": "v"},
        {"k#": "v"},
        {"k": "ü"},
        {f"k{n}": "" for n in range(51)},
    ],
    ids=["no-key", "long-key", "long-value", "reserved", "character", "unicode", "fifty-one"],
)
def test_tags_are_checked_before_anything_is_sent(
    projects: costmark.Projects, account: Emulator, tags: dict[str, str]
) -> None:
    for call in (projects.set_tags, projects.add_tags):
        with pytest.raises(costmark.RequestError, match="tag"):
            call("proj_a", tags)
    with pytest.raises(costmark.RequestError, match="tag"):
        projects.create("app", tags)
    assert account.requests() == []


def test_what_is_at_its_limit_is_taken(projects: costmark.Projects) -> None:
    tags = {f"{n:0128}": "v" * 256 for n in range(50)}
    made = projects.create("ü" * 127, tags)
    assert made.name == "ü" * 127
    assert projects.tags(made) == tags


def test_types_are_checked(projects: costmark.Projects) -> None:
    wrong: Any = ["team"]
    with pytest.raises(TypeError, match="tags takes a mapping of str to str"):
        projects.create("app", wrong)
    wrong = {"team": 1}
    with pytest.raises(TypeError, match="tags takes a mapping of str to str"):
        projects.add_tags("proj_a", wrong)
    with pytest.raises(TypeError, match="keys takes several str"):
        projects.remove_tags("proj_a", "team")
    wrong = 7
    with pytest.raises(TypeError, match=r"a project is a str or a costmark\.Project, not int"):
        projects.get(wrong)


def test_a_project_that_does_not_exist(projects: costmark.Projects) -> None:
    with pytest.raises(
        costmark.AttributionError, match="there is no project 'proj_none'"
    ) as caught:
        projects.get("proj_none")
    assert caught.value.code == "invalid_project"
    assert caught.value.status == 404
    assert caught.value.request_id
    for call in (projects.archive, projects.tags):
        with pytest.raises(costmark.AttributionError):
            call("proj_none")


def test_an_archived_project_cannot_be_changed(projects: costmark.Projects) -> None:
    made = projects.create("gone")
    projects.archive(made)
    with pytest.raises(costmark.AttributionError, match="is archived, which is for ever"):
        projects.rename(made, "back")


def test_the_default_project_is_left_alone(projects: costmark.Projects, account: Emulator) -> None:
    for call in (projects.archive, lambda project: projects.rename(project, "mine")):
        with pytest.raises(costmark.AttributionError, match="'default' is the endpoint's own"):
            call("default")
    assert account.requests() == []


def test_an_arn_of_the_other_plane_is_refused(projects: costmark.Projects, plane: str) -> None:
    other = "bedrock" if plane == "mantle" else "bedrock-mantle"
    with pytest.raises(costmark.AttributionError, match=f"this is the {plane} plane"):
        projects.get(f"arn:aws:{other}:{REGION}:{ACCOUNT}:project/proj_a")


def test_the_limit_of_projects(plane: Any) -> None:
    with run_emulator("--max-projects", "2") as account:
        projects = costmark.Projects(plane, **options_for(account))
        projects.create("one")
        projects.create("two")
        with pytest.raises(
            costmark.ServiceError, match="as many projects as it may have"
        ) as caught:
            projects.create("three")
        assert not caught.value.retryable


def test_wrong_credentials(account: Emulator, plane: Any) -> None:
    wrong = options_for(account, secret_access_key="x" * 40)
    with pytest.raises(costmark.CredentialsError, match="does not accept the credentials"):
        costmark.Projects(plane, **wrong).get("default")


def test_credentials_of_a_callable(account: Emulator, plane: Any) -> None:
    options = options_for(account)
    keys = costmark.Credentials(options.pop("access_key_id"), options.pop("secret_access_key"))
    projects = costmark.Projects(plane, credentials=lambda: keys, **options)
    assert projects.get("default").id == "default"


def test_a_bearer_token(account: Emulator, plane: Any) -> None:
    options: dict[str, Any] = {"base_url": account.url, "region": REGION, "auth": "bearer"}
    projects = costmark.Projects(plane, bearer_token="ABSKEXAMPLE", **options)
    assert projects.get("default").id == "default"


def test_the_plane_follows_the_endpoint() -> None:
    keys: dict[str, Any] = {"access_key_id": "AKIDEXAMPLE", "secret_access_key": "secret"}
    runtime = "https://bedrock-runtime.us-east-1.amazonaws.com/openai/v1"
    assert costmark.Projects(base_url=runtime, **keys).plane == "bedrock"
    assert costmark.Projects(region="us-east-1", **keys).plane == "mantle"
    asked: Any = "runtime"
    with pytest.raises(costmark.ConfigurationError, match="expected auto, mantle or bedrock"):
        costmark.Projects(asked, region="us-east-1")
    with pytest.raises(costmark.ConfigurationError, match="unknown option 'regoin'"):
        costmark.Projects(regoin="us-east-1")
    with pytest.raises(costmark.ConfigurationError, match="no region to look for projects in"):
        costmark.Projects()


def test_it_is_shown_without_secrets(projects: costmark.Projects, account: Emulator) -> None:
    assert repr(projects) == f"Projects({projects.plane!r}, {account.url!r})"
    assert projects.region == REGION


def test_a_project_is_a_value(projects: costmark.Projects) -> None:
    made = projects.create("value", TAGS)
    assert pickle.loads(pickle.dumps(made)) == made
    with pytest.raises(AttributeError):
        made.name = "other"  # type: ignore[misc]
