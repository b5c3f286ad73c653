"""``costmark tags`` against the emulator: from a call to a key that is on the bill."""

from __future__ import annotations

import io
import json
import re
import shlex
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from cli.billing import DAY_S, Billed, billed, use_credentials
from costmark.cli.main import main

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytest.importorskip("boto3")

KEYS = ("--key", "team")


@pytest.fixture(scope="module")
def running() -> Iterator[Billed]:
    with billed() as emulator:
        yield emulator


@pytest.fixture
def aws(running: Billed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Billed:
    use_credentials(monkeypatch)
    monkeypatch.chdir(tmp_path)
    running.emulator.fetch("/_emulator/reset", method="POST")
    return running


def run(aws: Billed, part: str, *more: str) -> int:
    return main(["tags", part, *more, *aws.asked])


def states(aws: Billed, capsys: pytest.CaptureFixture[str], *more: str) -> dict[str, Any]:
    capsys.readouterr()
    assert run(aws, "status", "--json", *more) == 0
    return {each["key"]: each for each in json.loads(capsys.readouterr().out)}


def used(aws: Billed) -> str:
    project = aws.project(team="search", costmark_project="search")
    aws.call(project)
    return project


def test_years_have_four_digits(aws: Billed, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(aws, "backfill", "--since", "0001-01", "--yes") == 1
    assert "BackfillFrom must be the first of a month" in capsys.readouterr().err
    assert main(["tags", "backfill", "--since", "0001-01", *aws.asked]) == 1
    assert "From 0001-01 on" in capsys.readouterr().out


def test_from_a_call_to_the_bill(aws: Billed, capsys: pytest.CaptureFixture[str]) -> None:
    used(aws)
    assert run(aws, "status", "--exit-code", *KEYS) == 3
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines[1:]] == [["costmark_project", "no"], ["team", "no"]]
    assert "not seen yet: up to 24 hours" in lines[1]
    aws.forward(DAY_S)
    assert states(aws, capsys, *KEYS)["team"]["missing"].startswith("not active")
    assert run(aws, "activate", *KEYS) == 0
    assert "active: costmark_project, team; on the bill within 24 hours" in capsys.readouterr().out
    state = states(aws, capsys, *KEYS)["team"]
    assert (state["active"], state["on_bill"]) == (True, False)
    assert state["missing"].startswith("holds from ")
    assert run(aws, "status", "--exit-code", *KEYS) == 3
    aws.forward(DAY_S)
    assert run(aws, "status", "--exit-code", *KEYS) == 0
    assert capsys.readouterr().out.count("on the bill") == 2
    assert states(aws, capsys)["costmark_project"]["missing"] is None


def test_keys_of_a_lock_file(
    aws: Billed, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    projects = [{"id": "proj_1", "tags": {"app": "x", "env": "prod"}}, {"id": "proj_2"}]
    lock = tmp_path / "costmark.lock"
    lock.write_text(json.dumps({"projects": projects}))
    assert list(states(aws, capsys)) == ["costmark_project", "app", "env"]
    for wrong in ("[]", "[" * 100_000):
        lock.write_text(wrong)
        assert run(aws, "status") == 1
        assert "costmark.lock is not a lock file" in capsys.readouterr().err
    assert run(aws, "status", "--lock", "other.lock") == 1
    assert "there is no other.lock" in capsys.readouterr().err


def test_errors_of_single_keys_are_shown(aws: Billed, capsys: pytest.CaptureFixture[str]) -> None:
    used(aws)
    aws.forward(DAY_S)
    assert run(aws, "activate", "--key", "never-used", *KEYS) == 1
    out, err = capsys.readouterr()
    assert "never-used: TagKeysNotFound: Tag keys not found" in err
    assert out.startswith("active: costmark_project, team;")


def test_many_keys_go_in_batches_of_twenty(aws: Billed, capsys: pytest.CaptureFixture[str]) -> None:
    keys = {f"k{number:02}": "x" for number in range(39)}
    aws.call(aws.project(costmark_project="x", **keys))
    aws.forward(DAY_S)
    options = [word for key in keys for word in ("--key", key)]
    assert run(aws, "activate", *options) == 0
    assert len(aws.requests("UpdateCostAllocationTagsStatus")) == 2
    assert all(each["active"] for each in states(aws, capsys, *options).values())


def test_a_backfill_says_what_it_does_and_asks(
    aws: Billed, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    used(aws)
    aws.forward(DAY_S)
    assert main(["tags", "activate", *aws.asked]) == 0
    month = f"{aws.today():%Y-%m}"
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    assert run(aws, "backfill", "--since", month) == 1
    out, err = capsys.readouterr()
    assert "put on: costmark_project\n  taken off: team" in out
    assert "on all bills of the payer" in out
    assert "--yes says that it is wanted" in err
    assert not aws.requests("StartCostAllocationTagBackfill")

    class Person(io.StringIO):
        def isatty(self) -> bool:
            return True

    for said, status in (("n\n", 1), ("y\n", 0)):
        monkeypatch.setattr("sys.stdin", Person(said))
        assert run(aws, "backfill", "--since", month) == status
    assert f"backfill from {month}-01: processing" in capsys.readouterr().out
    assert run(aws, "backfill", "--since", month, "--yes") == 1
    assert "BackfillLimitExceededException" in capsys.readouterr().err


def test_waiting(aws: Billed, capsys: pytest.CaptureFixture[str]) -> None:
    used(aws)
    assert run(aws, "wait", "--for", "seen", "--timeout", "0.3s", "--every", "0.1s", *KEYS) == 1
    err = capsys.readouterr().err
    assert "team: not seen yet" in err
    assert "the time is over" in err

    def later() -> None:
        time.sleep(0.3)
        aws.forward(DAY_S)

    thread = threading.Thread(target=later)
    thread.start()
    assert run(aws, "wait", "--for", "seen", "--timeout", "20s", "--every", "0.1s", *KEYS) == 0
    thread.join()
    assert run(aws, "activate", *KEYS) == 0
    assert run(aws, "wait", "--for", "active", "--timeout", "0s", *KEYS) == 0
    assert run(aws, "wait", "--timeout", "0s", *KEYS) == 1
    aws.forward(DAY_S)
    assert run(aws, "wait", "--timeout", "0s", *KEYS) == 0


def deny(aws: Billed, operation: str) -> None:
    aws.emulator.fault("status", api=operation, status=400, code="AccessDeniedException")


def test_who_lacks_rights_gets_the_command_for_who_has_them(
    aws: Billed, capsys: pytest.CaptureFixture[str]
) -> None:
    deny(aws, "UpdateCostAllocationTagsStatus")
    assert run(aws, "activate", "--key", "cost center") == 1
    err = capsys.readouterr().err
    assert "belong to the payer" in err
    grant, ready = (shlex.split(line) for line in re.findall(r"^  (aws .*)$", err, re.M))
    assert grant[:5] == ["aws", "iam", "put-user-policy", "--user-name", "emulator"]
    (statement,) = json.loads(grant[-1])["Statement"]
    assert statement["Action"] == ["ce:UpdateCostAllocationTagsStatus"]
    assert ready == [
        *("aws", "ce", "update-cost-allocation-tags-status", "--cost-allocation-tags-status"),
        *("TagKey=costmark_project,Status=Active", "TagKey=cost center,Status=Active"),
    ]
    deny(aws, "StartCostAllocationTagBackfill")
    assert run(aws, "backfill", "--since", "2026-11", "--yes") == 1
    assert "--backfill-from 2026-11-01T00:00:00Z" in capsys.readouterr().err


def test_a_role_of_the_payer(aws: Billed, capsys: pytest.CaptureFixture[str]) -> None:
    role = ("--billing-role-arn", "arn:aws:iam::111122223333:role/billing/payer")
    assert run(aws, "status", *role) == 0
    (request,) = aws.requests("ListCostAllocationTags")
    assert "x-amz-security-token" in dict(request["headers"])
    deny(aws, "ListCostAllocationTags")
    assert run(aws, "status", *role) == 1
    assert "put-role-policy --role-name payer" in capsys.readouterr().err
    other = ("--billing-role-arn", "arn:aws:iam::999922223333:role/payer")
    assert run(aws, "status", *other) == 1
    assert "another account's" in capsys.readouterr().err


def test_faults(
    aws: Billed, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.emulator.fault(
        "status", api="ListCostAllocationTags", status=400, code="ThrottlingException"
    )
    assert run(aws, "status") == 1
    assert "ThrottlingException" in capsys.readouterr().err
    assert run(aws, "status", "--billing-profile", "nobody") == 1
    assert "nobody" in capsys.readouterr().err
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    assert run(aws, "status") == 1
    assert "signature" in capsys.readouterr().err
    assert main(["tags", "status", "--endpoint-url", "http://127.0.0.1:1"]) == 1
    assert "Could not connect" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["backfill", "--since", "2026-13"], "not a month, as in 2026-11"),
        (["backfill", "--since", "november"], "not a month"),
        (["wait", "--timeout", "long"], "not a span, as in 30m"),
        (["wait", "--for", "ever"], "invalid choice"),
    ],
)
def test_bad_options(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["tags", *arguments])
    assert message in capsys.readouterr().err


def test_without_a_part_there_is_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tags"]) == 2
    assert "activate" in capsys.readouterr().out
