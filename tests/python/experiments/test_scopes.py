"""What an experiment puts in force, and what it leaves, against an account in memory."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import anyio
import pytest

import costmark
from costmark import _experiments
from costmark.errors import ConfigurationError, RequestError, ServiceError
from costmark.stack.model import IDENTITY_TAG
from stack.accounts import Account, FakeProjects

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    account = Account()
    monkeypatch.delenv("COSTMARK_LEDGER", raising=False)
    monkeypatch.setattr(_experiments, "connect", lambda plane, options: FakeProjects(account))
    yield account
    assert costmark.current_project() is None


def test_it_makes_a_project_and_archives_it(account: Account) -> None:
    with costmark.experiment("ab-7", tags={"team": "x"}, ttl="2h") as exp:
        (made,) = account.active()
        assert costmark.current_project() == exp.id == made.id
        tags = dict(made.tags or {})
        expires = datetime.strptime(tags.pop("costmark_expires"), "%Y-%m-%dT%H:%M:%SZ")
        left = expires.replace(tzinfo=timezone.utc) - datetime.now(timezone.utc)
        assert timedelta(minutes=119) < left <= timedelta(hours=2)
        assert tags == {IDENTITY_TAG: "experiment/ab-7", "team": "x"}
    assert account.active() == []
    assert exp.totals is None  # there is no ledger


def test_threads_and_tasks_inside_belong_to_it(account: Account) -> None:
    seen: dict[str, str | None] = {}
    pool = ThreadPoolExecutor(1)
    assert pool.submit(costmark.current_project).result() is None

    def in_a_scope_of_its_own() -> None:
        with costmark.project("proj_own"):
            seen["own"] = costmark.current_project()
        with costmark.labels(a="b"):
            seen["labels"] = costmark.current_project()
        seen["after"] = costmark.current_project()

    async def task() -> None:
        seen["task"] = costmark.current_project()

    with costmark.experiment("ab-7") as exp:
        seen["pool"] = pool.submit(costmark.current_project).result()
        thread = threading.Thread(target=in_a_scope_of_its_own)
        thread.start()
        thread.join()
        anyio.run(task)
        with costmark.project("proj_inner"):
            seen["inner"] = costmark.current_project()
    same = dict.fromkeys(("pool", "labels", "after", "task"), exp.id)
    assert seen == {**same, "own": "proj_own", "inner": "proj_inner"}
    assert pool.submit(costmark.current_project).result() is None
    pool.shutdown()


def test_experiments_side_by_side_end_in_any_order(account: Account) -> None:
    first, second = costmark.experiment("a"), costmark.experiment("b")
    with ThreadPoolExecutor(1) as pool:
        first.__enter__()
        second.__enter__()
        first.__exit__(None, None, None)
        assert pool.submit(costmark.current_project).result() == second.id
        assert costmark.current_project() == second.id
        second.__exit__(None, None, None)
        assert pool.submit(costmark.current_project).result() is None


def test_an_exception_leaves_the_project_to_be_continued(account: Account) -> None:
    with pytest.raises(KeyError), costmark.experiment("ab-7", ttl="1s") as crashed:
        raise KeyError
    assert [each.id for each in account.active()] == [crashed.id]
    with costmark.experiment("ab-7", tags={"more": "1"}, ttl="9d") as continued:
        assert continued.id == crashed.id
        assert (account.active()[0].tags or {})["more"] == "1"
    assert account.active() == []
    with costmark.experiment("ab-7") as anew:  # archived is for ever
        assert anew.id != crashed.id


def test_a_project_of_that_name_is_not_taken(account: Account) -> None:
    other = account.add("ab-7", {"team": "x"})
    with costmark.experiment("ab-7") as exp:
        assert exp.id != other.id
    assert account.active() == [other]


@pytest.mark.anyio
async def test_async_with(account: Account) -> None:
    async with costmark.experiment("ab-7") as exp:
        assert costmark.current_project() == exp.id
    assert costmark.current_project() is None
    assert account.active() == []


def test_without_a_project_it_is_a_label(account: Account) -> None:
    with costmark.project("proj_a"), costmark.experiment("ab-7", project=False) as exp:
        assert costmark.current_project() == "proj_a"
        assert costmark.current_labels() == {"experiment": "ab-7"}
        assert exp.id is None
    assert account.writes == []


def test_an_account_that_is_nearly_full(account: Account) -> None:
    for number in range(900):
        account.add(f"p{number}")
    with (
        pytest.raises(ServiceError, match=r"900 projects.*project=False"),
        costmark.experiment("ab-7"),
    ):
        pass
    assert account.writes == []


@pytest.mark.parametrize(
    ("name", "options", "error", "message"),
    [
        ("", {}, RequestError, "expected 1 to 64 letters"),
        ("a/b", {}, RequestError, "expected 1 to 64 letters"),
        ("a" * 65, {}, RequestError, "expected 1 to 64 letters"),
        ("a", {"ttl": "7 days"}, RequestError, "such as '7d'"),
        ("a", {"ttl": "0d"}, RequestError, "such as '7d'"),
        ("a", {"tags": {"costmark_project": "x"}}, RequestError, "is costmark's own"),
        ("a", {"project": False, "tags": {"a": "b"}}, ConfigurationError, "there is none"),
    ],
)
def test_bad_input(name: str, options: dict[str, object], error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        costmark.experiment(name, **options)  # type: ignore[arg-type]


def test_it_is_entered_once(account: Account) -> None:
    with costmark.experiment("ab-7") as exp, pytest.raises(RuntimeError, match="entered already"):
        exp.__enter__()
