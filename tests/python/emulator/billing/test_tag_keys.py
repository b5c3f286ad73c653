"""The life of a cost allocation tag: used, seen, activated, on the bill, filled back."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from botocore.exceptions import ClientError  # type: ignore[import-untyped,unused-ignore]

from emulator.billing.asking import DAY_S, HOUR_S, Asking
from emulator.billing.test_cost_explorer import activated, call, refusal

TEAM = ("TAG", "team")


def listed(aws: Asking, **asked: Any) -> dict[str, str]:
    answer = aws.ce.list_cost_allocation_tags(**asked)
    return {each["TagKey"]: each["Status"] for each in answer["CostAllocationTags"]}


def set_status(aws: Asking, status: str, *keys: str) -> list[dict[str, Any]]:
    entries = [{"TagKey": key, "Status": status} for key in keys]
    answer = aws.ce.update_cost_allocation_tags_status(CostAllocationTagsStatus=entries)
    errors: list[dict[str, Any]] = answer["Errors"]
    return errors


def first_of_month(used: dict[str, Any]) -> str:
    return f"{used['time'][:7]}-01T00:00:00Z"


def test_a_key_is_seen_a_day_after_its_first_use(aws: Asking) -> None:
    project = aws.emulator.project(team="search")
    aws.forward(DAY_S)
    assert listed(aws) == {}  # of a project alone, without any call, there is nothing to bill
    call(aws, project)
    aws.forward(DAY_S - HOUR_S)
    assert listed(aws) == {}
    aws.forward(HOUR_S)
    (tag,) = aws.ce.list_cost_allocation_tags()["CostAllocationTags"]
    month = aws.emulator.usage()[0]["time"][:7]
    assert tag == {
        "TagKey": "team",
        "Type": "UserDefined",
        "Status": "Inactive",
        "LastUsedDate": f"{month}-01T00:00:00Z",
    }


def test_errors_stand_beside_what_went_well(aws: Asking) -> None:
    call(aws, aws.emulator.project(team="search"))
    aws.forward(DAY_S)
    (error,) = set_status(aws, "Active", "team", "unheard-of")
    assert error["TagKey"] == "unheard-of"
    assert error["Code"] == "TagKeysNotFound"
    assert listed(aws) == {"team": "Active"}
    assert listed(aws, Status="Inactive") == {}
    assert listed(aws, TagKeys=["team", "app"]) == {"team": "Active"}
    assert listed(aws, Type="AWSGenerated") == {}


def test_a_call_takes_twenty_keys(aws: Asking) -> None:
    keys = {f"k{number:02}": "x" for number in range(21)}
    call(aws, aws.emulator.project(**keys))
    aws.forward(DAY_S)
    with pytest.raises(ClientError, match="at most 20"):
        set_status(aws, "Active", *keys)
    assert set_status(aws, "Active", *list(keys)[:20]) == []
    assert sum(status == "Active" for status in listed(aws).values()) == 20
    first = aws.ce.list_cost_allocation_tags(MaxResults=20)
    more = aws.ce.list_cost_allocation_tags(MaxResults=20, NextToken=first["NextToken"])
    assert len(more["CostAllocationTags"]) == 1
    assert "NextToken" not in more
    with pytest.raises(ClientError) as refused:
        aws.ce.list_cost_allocation_tags(NextToken="made up")
    assert refusal(refused) == ("InvalidNextTokenException", 400)


def test_setting_what_is_set_changes_nothing(aws: Asking) -> None:
    call(aws, aws.emulator.project(team="search"))
    aws.forward(DAY_S)
    set_status(aws, "Active", "team")
    (before,) = aws.ce.list_cost_allocation_tags()["CostAllocationTags"]
    aws.forward(HOUR_S)
    set_status(aws, "Active", "team")
    (after,) = aws.ce.list_cost_allocation_tags()["CostAllocationTags"]
    assert after == before
    set_status(aws, "Inactive", "team")
    (last,) = aws.ce.list_cost_allocation_tags()["CostAllocationTags"]
    assert last["LastUpdatedDate"] > before["LastUpdatedDate"]


def test_activation_holds_after_a_day_and_not_for_the_past(aws: Asking) -> None:
    project = aws.emulator.project(team="search")
    call(aws, project)
    aws.forward(DAY_S)
    set_status(aws, "Active", "team")
    call(aws, project)  # activated, and not yet in force
    aws.forward(DAY_S)
    assert aws.groups(TEAM).keys() == {("team$",)}
    call(aws, project)
    aws.forward(DAY_S)
    assert aws.groups(TEAM).keys() == {("team$",), ("team$search",)}


def test_a_backfill_tags_the_past(aws: Asking) -> None:
    project = aws.emulator.project(team="search")
    used = call(aws, project)
    activated(aws, "team")
    assert aws.groups(TEAM).keys() == {("team$",)}
    begun = aws.ce.start_cost_allocation_tag_backfill(BackfillFrom=first_of_month(used))
    assert begun["BackfillRequest"]["BackfillStatus"] == "PROCESSING"
    assert aws.groups(TEAM).keys() == {("team$",)}
    with pytest.raises(ClientError) as refused:
        aws.ce.start_cost_allocation_tag_backfill(BackfillFrom=first_of_month(used))
    assert refusal(refused) == ("BackfillLimitExceededException", 400)
    aws.forward(6 * HOUR_S)
    assert aws.groups(TEAM).keys() == {("team$search",)}
    (done,) = aws.ce.list_cost_allocation_tag_backfill_history()["BackfillRequests"]
    assert done["BackfillStatus"] == "SUCCEEDED"
    assert done["CompletedAt"] == done["LastUpdatedAt"]


def test_a_backfill_takes_off_what_is_inactive(aws: Asking) -> None:
    project = aws.emulator.project(team="search", app="x")
    call(aws, project)
    activated(aws, "team", "app")
    used = call(aws, project)
    aws.forward(DAY_S)
    assert set(aws.groups(TEAM)) == {("team$",), ("team$search",)}
    set_status(aws, "Inactive", "team")
    aws.ce.start_cost_allocation_tag_backfill(BackfillFrom=first_of_month(used))
    aws.forward(DAY_S)
    assert ("team$search",) not in aws.groups(TEAM)
    assert ("app$x",) in aws.groups(("TAG", "app"))


@pytest.mark.parametrize(
    "begin", ["2026-11-02T00:00:00Z", "2025-01-01T00:00:00Z", "2099-01-01T00:00:00Z"]
)
def test_a_backfill_begins_with_a_month_of_the_last_year(aws: Asking, begin: str) -> None:
    with pytest.raises(ClientError) as refused:
        aws.ce.start_cost_allocation_tag_backfill(BackfillFrom=begin)
    assert refusal(refused) == ("ValidationException", 400)


def test_a_reset_forgets_the_keys_and_takes_the_clock_back(aws: Asking) -> None:
    call(aws, aws.emulator.project(team="search"))
    activated(aws, "team")
    today = dt.datetime.now(dt.timezone.utc).date()
    assert aws.today() > today
    aws.emulator.plain("POST", "/_emulator/reset")
    assert aws.today() == today
    assert listed(aws) == {}


@pytest.mark.parametrize("body", [{}, {"forward_s": -1}, {"forward_s": True}, {"back_s": 1}])
def test_the_clock_goes_forward_alone(aws: Asking, body: dict[str, Any]) -> None:
    answer = aws.emulator.control("POST", "/_emulator/clock", body)
    assert (answer.status, answer.error["param"]) == (400, "forward_s")
