"""Plan and apply against an account in memory: races, lag, crashes at every step."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import replace

import pytest

from costmark.errors import ConfigurationError
from costmark.stack.applying import apply_changes
from costmark.stack.model import IDENTITY_TAG, Entry, Stack
from costmark.stack.planning import Plan, make_plan
from costmark.stack.shown import plan_lines
from costmark.stack.world import observe
from stack.accounts import Account, CrashError, FakeProjects

SHOP = Stack("shop", (Entry("web", {"team": "a", "env": "prod"}), Entry("batch", {"team": "b"})))


def planned(account: Account, stack: Stack = SHOP, **options: bool) -> Plan:
    return make_plan(stack, observe(FakeProjects(account)), **options)


def apply(account: Account, stack: Stack = SHOP, crash_at: int = 0, **options: bool) -> int:
    """Apply as one process, and return how many writes were sent."""
    before, api = len(account.writes), FakeProjects(account, crash_at)
    plan = make_plan(stack, observe(api), **options)
    outcomes = apply_changes(api, plan.changes)
    assert not [each for each in outcomes if each.error]
    sent = len(account.writes) - before
    assert (sent > 0) == bool(plan.changes)  # a plan with changes is one that writes
    return sent


def is_as_wanted(account: Account, stack: Stack = SHOP) -> bool:
    found = {p.name: p.tags for p in account.active() if IDENTITY_TAG in (p.tags or {})}
    wanted = {e.name: {IDENTITY_TAG: f"{stack.name}/{e.name}", **e.tags} for e in stack.entries}
    return found == wanted and len(account.active()) == len(wanted)


def settle(account: Account, stack: Stack = SHOP, **options: bool) -> None:
    """Apply until the list has caught up and nothing is left to write."""
    for _ in range(6):
        if not apply(account, stack, **options) and not account._unlisted:
            return
    raise AssertionError("it does not converge")


@pytest.mark.parametrize("lists_tags", [True, False])
def test_the_second_apply_sends_nothing(lists_tags: bool) -> None:
    account = Account(lists_tags=lists_tags)
    assert apply(account) == 2
    assert is_as_wanted(account)
    assert apply(account) == 0
    assert planned(account) == Plan(())


def test_tags_are_overwritten_then_removed_then_added() -> None:
    full = {f"k{n:02}": "old" for n in range(49)}
    account = Account()
    apply(account, Stack("shop", (Entry("web", full),)))
    wanted = {f"k{n:02}": "new" for n in range(25)} | {f"n{n:02}": "x" for n in range(24)}
    account.writes.clear()
    apply(account, stack := Stack("shop", (Entry("web", wanted),)))  # never more than 50
    assert [verb for verb, _ in account.writes] == ["add_tags", "remove_tags", "add_tags"]
    assert is_as_wanted(account, stack)


def test_ignored_tags_stay() -> None:
    account = Account()
    apply(account)
    web = account.active("web")[0]
    account.change(web.id, tags={**(web.tags or {}), "aws:created": "x", "owner-a": "y", "z": "z"})
    stack = replace(SHOP, ignore_tags=("owner-*",))
    (change,) = planned(account, stack).changes
    assert change.tags == {"z": ("z", None)}
    apply(account, stack)
    assert {"aws:created", "owner-a"} < set(account.projects[web.id].tags or {})
    assert apply(account, stack) == 0


def test_a_name_alone_is_not_enough_to_adopt() -> None:
    account = Account()
    other = account.add("web", {"team": "a"})
    plan = planned(account)
    assert [change.action for change in plan.changes] == ["create", "create"]
    assert f"costmark projects import web {other.id}" in plan.notes[0]
    apply(account)
    assert account.projects[other.id].tags == {"team": "a"}


def test_another_stack_is_left_alone() -> None:
    account = Account()
    apply(account, Stack("shopping", (Entry("web"),)))
    apply(account)
    assert len(account.active("web")) == 2
    assert not planned(account, allow_archive=True).changes


def test_removing_an_entry_archives_nothing_unless_it_is_allowed() -> None:
    account = Account()
    apply(account)
    smaller = Stack("shop", SHOP.entries[:1])
    assert apply(account, smaller) == 0
    assert "(batch) is not in the file and stays" in planned(account, smaller).notes[0]
    assert apply(account, smaller, allow_archive=True) == 1
    assert [p.name for p in account.active()] == ["web"]
    assert planned(account, smaller, allow_archive=True) == Plan(())


def test_what_was_archived_elsewhere_is_created_anew() -> None:
    account = Account()
    apply(account)
    account.change(account.active("web")[0].id, status="archived")
    assert apply(account) == 1
    assert is_as_wanted(account)


RENAMED = Stack(
    "shop", (replace(SHOP.entries[0], name="site", renamed_from="web"), SHOP.entries[1])
)


def test_a_rename_keeps_the_project() -> None:
    account = Account()
    apply(account)
    before = account.active("web")[0].id
    apply(account, RENAMED)
    assert account.active("site")[0].id == before
    assert is_as_wanted(account, RENAMED)
    assert apply(account, RENAMED) == 0  # renamed_from may stay in the file


def test_external_projects_are_read_and_never_written() -> None:
    account = Account()
    one = account.add("terraformed", {"x": "y"})
    stack = Stack("shop", (Entry("terraformed", {"team": "a"}, is_external=True),))
    assert apply(account, stack) == 0
    account.add("terraformed")
    with pytest.raises(ConfigurationError, match="have this name: say which one with id"):
        planned(account, stack)
    by_id = Stack("shop", (Entry("terraformed", is_external=True, id=one.id),))
    assert not planned(account, by_id).changes
    with pytest.raises(ConfigurationError, match="proj_none is not there"):
        planned(account, Stack("shop", (Entry("x", is_external=True, id="proj_none"),)))


def test_too_many_tags_with_the_ignored_ones() -> None:
    account, stack = Account(), Stack("shop", (Entry("web", {"a": "1"}),), ignore_tags=("o*",))
    apply(account, stack)
    web = account.active("web")[0]
    account.change(web.id, tags={**(web.tags or {}), **{f"o{n}": "" for n in range(49)}})
    with pytest.raises(ConfigurationError, match="would have 51 tags, 49 of which"):
        planned(account, stack)


# --- Races ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("lag", [0, 1, 3, 20])
@pytest.mark.parametrize("clock_stands", [False, True])
def test_eight_processes_converge_at_the_next_apply(lag: int, clock_stands: bool) -> None:
    account = Account(lag=lag, clock_stands=clock_stands)
    barrier = threading.Barrier(8)

    def process() -> None:
        api = FakeProjects(account)
        plan = make_plan(SHOP, observe(api))
        barrier.wait()
        apply_changes(api, plan.changes)

    threads = [threading.Thread(target=process) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    account._unlisted.clear()  # the list has caught up
    plan = planned(account)
    left = len(account.active()) - 2
    assert len(plan.changes) == left  # duplicates that are left show in the plan
    assert apply(account) == left
    assert is_as_wanted(account)
    assert apply(account) == 0


def test_without_lag_and_with_a_clock_the_race_itself_leaves_one() -> None:
    account = Account()
    clients = [FakeProjects(account) for _ in range(8)]
    plans = [make_plan(SHOP, observe(api)) for api in clients]
    for api, plan in zip(clients, plans, strict=True):
        apply_changes(api, plan.changes)
    assert is_as_wanted(account)


def test_duplicates_of_equal_age_go_by_their_ids() -> None:
    account = Account(clock_stands=True, lag=50)
    for _ in range(3):
        api = FakeProjects(account)
        apply_changes(api, make_plan(SHOP, observe(api)).changes)
    account._unlisted.clear()
    oldest = {name: min(p.id for p in account.active(name)) for name in ("web", "batch")}
    apply(account)
    assert {p.name: p.id for p in account.active()} == oldest


# --- Crashes --------------------------------------------------------------------------------------


@pytest.mark.parametrize("lag", [0, 2])
def test_a_crash_at_any_step_is_finished_by_the_next_runs(lag: int) -> None:
    changed = Stack(
        "shop",
        (
            Entry("site", {"team": "z", "new": "1"}, renamed_from="web"),
            Entry("third", {"env": "x"}),
        ),
    )
    steps = 0
    for crash_at in range(1, 200):
        account = Account(lag=lag)
        crashed = False
        for stack in (SHOP, changed):
            with contextlib.suppress(CrashError):
                apply(account, stack, crash_at=crash_at, allow_archive=True)
                continue
            crashed = True
            account._unlisted.clear()
        settle(account, changed, allow_archive=True)
        assert is_as_wanted(account, changed), crash_at
        if not crashed:
            break
        steps += 1
    assert 10 < steps < 199


def test_plans_read_like_terraforms() -> None:
    account = Account()
    assert list(plan_lines(planned(account, Stack("shop", SHOP.entries[:1])))) == [
        '  # project "web" will be created',
        '  + project "web" {',
        '      + name = "web"',
        "      + tags = {",
        '          + "costmark_project" = "shop/web"',
        '          + "team"             = "a"',
        '          + "env"              = "prod"',
        "        }",
        "    }",
        "",
        "Plan: 1 to create, 0 to update, 0 to archive.",
    ]
    apply(account)
    web = account.active("web")[0]
    account.change(web.id, name="Web", tags={**(web.tags or {}), "env": "dev", "x": "y"})
    assert list(plan_lines(planned(account)))[:9] == [
        f'  # project "web" ({web.id}) will be updated',
        '  ~ project "web" {',
        '      ~ name = "Web" -> "web"',
        "      ~ tags = {",
        '          ~ "env" = "dev" -> "prod"',
        '          - "x"   = "y" -> null',
        "        }",
        "    }",
        "",
    ]
