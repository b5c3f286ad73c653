"""``costmark doctor`` on set-ups that are broken: each names its cause, and what to do."""

from __future__ import annotations

import json
import os
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

import costmark
from bill.serving import serving
from costmark.cli.doctor.permissions import missing_in
from costmark.cli.main import main
from credentials.sts_fakes import run_fakes
from harness import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY, Emulator, run_emulator
from ledger.segments import attempt, note, write_segment

PROJECT = "proj_5d5ykleja6cwpirysbb7"
MODEL = "openai.gpt-oss-20b"
BOOK = "date {date}\n" + "".join(
    f"{MODEL} us-east-1 in-region standard {kind} - - token - - USD 70000 2026-11 test\n"
    for kind in ("input", "output")
)


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with run_emulator(
        "--project", f"{PROJECT}:costmark_project=chat", "--project", "proj_plain"
    ) as it:
        yield it


@pytest.fixture
def right(emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Environment:
    """An environment in which nothing is wrong."""
    emulator.fetch("/_emulator/faults", method="DELETE")
    for name in list(os.environ):
        if name.startswith(("AWS_", "COSTMARK_", "OPENAI_", "HTTP_", "HTTPS_")):
            monkeypatch.delenv(name)
    (tmp_path / "book.txt").write_text(BOOK.format(date=time.strftime("%Y-%m-%d")))
    write_segment(tmp_path / "ledger", [row(0)])
    environment = Environment(monkeypatch, tmp_path, emulator)
    environment.set(
        HOME=str(tmp_path),
        AWS_EC2_METADATA_DISABLED="true",
        AWS_ACCESS_KEY_ID=ACCESS_KEY_ID,
        AWS_SECRET_ACCESS_KEY=SECRET_ACCESS_KEY,
        AWS_REGION=REGION,
        COSTMARK_BASE_URL=emulator.base_url,
        COSTMARK_AUTH="sigv4",
        COSTMARK_PROJECT=PROJECT,
        COSTMARK_VERIFY_MODEL=MODEL,
        COSTMARK_LEDGER=str(tmp_path / "ledger"),
        COSTMARK_PRICES=str(tmp_path / "book.txt"),
    )
    return environment


class Environment:
    """What the doctor finds; a break changes it."""

    def __init__(self, patch: pytest.MonkeyPatch, folder: Path, emulator: Emulator) -> None:
        self.patch, self.folder, self.emulator = patch, folder, emulator

    def set(self, **values: str | None) -> None:
        for name, value in values.items():
            if value is None:
                self.patch.delenv(name, raising=False)
            else:
                self.patch.setenv(name, value)

    def ledger(self, *rows: dict[str, Any], tail: bytes = b"") -> None:
        write_segment(self.folder / "ledger", [row(0), *rows], tail=tail)


def row(seq: int, **members: Any) -> dict[str, Any]:
    now = time.time_ns() // 1000 - 60_000_000
    given = {"model": MODEL, "region": REGION, "tier": "default", "meters": {}, **members}
    return attempt(seq, start_us=now, end_us=now + 9, **given)


def doctor(capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, dict[str, Any]]:
    """The exit status, and the checks by name; of several of a name the worst."""
    status = main(["doctor", "--json", *more])
    out, err = capsys.readouterr()
    assert SECRET_ACCESS_KEY not in out + err
    worst: dict[str, Any] = {}
    order = ["not checked", "green", "yellow", "red"]
    for each in json.loads(out)["checks"]:
        known = worst.get(each["name"])
        if known is None or order.index(each["state"]) > order.index(known["state"]):
            worst[each["name"]] = each
    return status, worst


def test_all_that_is_right_is_green(right: Environment, capsys: pytest.CaptureFixture[str]) -> None:
    status, checks = doctor(capsys)
    assert status == 0, checks
    wrong = {name: each for name, each in checks.items() if each["state"] in ("red", "yellow")}
    assert wrong.keys() <= {"versions", "libraries"}, wrong  # those of whoever runs this test
    assert [name for name, each in checks.items() if each["state"] == "not checked"] == ["keys"]
    assert checks["project"]["found"] == (
        f"{PROJECT} ({PROJECT}) is active on plane mantle, account 111122223333"
    )
    assert checks["tags"]["found"] == "costmark_project=chat"
    assert "is read: " in checks["carrier"]["found"]
    assert checks["rows"]["found"] == "1 attempt in 7 days, none lost"
    main(["doctor"])
    text = capsys.readouterr().out
    assert re.search(r"^green +tags +costmark_project=chat$", text, re.MULTILINE)
    assert "\x1b" not in text
    assert main(["doctor", "--key", "team", "--json"]) == 1
    assert "has no tag team" in capsys.readouterr().out


def test_the_role_of_the_options_signs(
    right: Environment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    del right
    role = "arn:aws:iam::444455556666:role/ci"
    monkeypatch.setenv("COSTMARK_ROLE_ARN", role)
    with run_fakes() as fakes:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", fakes.url("denied"))
        _, checks = doctor(capsys)
    assert checks["credentials"]["state"] == "red"
    assert checks["credentials"]["found"] == "the role was not assumed"
    assert "STS refused AssumeRole" in checks["credentials"]["details"][-1]
    monkeypatch.setenv("COSTMARK_ROLE_ARN", "role\n")
    _, checks = doctor(capsys)
    assert checks["credentials"]["state"] == "red"
    assert "option 'role_arn'" in checks["credentials"]["found"]


def test_a_name_of_the_lock_stands_for_the_project(
    right: Environment,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    del right
    monkeypatch.chdir(tmp_path)
    entry = {"id": PROJECT, "name": "chatbot", "region": "us-east-1", "plane": "mantle"}
    (tmp_path / "costmark.lock").write_text(json.dumps({"version": 1, "projects": [entry]}))
    monkeypatch.setenv("COSTMARK_PROJECT", "chatbot")
    status, checks = doctor(capsys)
    assert status == 1
    assert (
        "chatbot (COSTMARK_PROJECT) is a name in costmark.lock here" in checks["project"]["found"]
    )
    assert checks["project"]["remedy"] == "set COSTMARK_LOCK=costmark.lock"
    monkeypatch.setenv("COSTMARK_LOCK", "costmark.lock")
    status, checks = doctor(capsys)
    assert status == 0, checks
    assert checks["project"]["found"].startswith(f"{PROJECT} (")
    assert main(["doctor", "attribution", "--project", "chatbot"]) == 0
    assert f"project        {PROJECT}" in capsys.readouterr().out
    assert main(["projects", "show", "chatbot", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["id"] == PROJECT
    monkeypatch.setenv("COSTMARK_PROJECT", "chatbat")
    _, checks = doctor(capsys)
    assert "did you mean 'chatbot'?" in checks["project"]["found"]


# --- Broken set-ups: what is done to the environment, the check, its state, cause and remedy ------

Break = Callable[[Environment], None]


@pytest.mark.parametrize("service", ["bedrock", "bedrock-mantle"])
def test_an_arn_stands_for_the_project(
    service: str,
    right: Environment,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    del right
    arn = f"arn:aws:{service}:us-east-1:111122223333:project/{PROJECT}"
    monkeypatch.setenv("COSTMARK_PROJECT", arn)
    status, checks = doctor(capsys)
    assert status == 0, checks
    assert checks["project"]["found"].startswith(f"{PROJECT} ({PROJECT}) is active")


def archived(environment: Environment) -> None:
    keys = {"access_key_id": ACCESS_KEY_ID, "secret_access_key": SECRET_ACCESS_KEY}
    given = {"base_url": environment.emulator.url, "region": REGION, "auth": "sigv4", **keys}
    projects = costmark.Projects("mantle", **given)  # type: ignore[arg-type]
    gone = projects.archive(projects.create("gone", {"costmark_project": "gone"}))
    environment.set(COSTMARK_PROJECT=gone.id)


def no_ledger_folder(environment: Environment) -> None:
    file = environment.folder / "file"
    file.write_text("")
    environment.set(COSTMARK_LEDGER=str(file))


def rows_lost(environment: Environment) -> None:
    environment.ledger({**note(1, "close"), "rows_lost": 3, "start_us": row(0)["start_us"]})


def call_without_region(environment: Environment) -> None:
    environment.ledger({name: value for name, value in row(1).items() if name != "region"})


def old_book(environment: Environment) -> None:
    (environment.folder / "book.txt").write_text(BOOK.format(date="2024-01-31"))


def budget_spent(environment: Environment) -> None:
    environment.set(COSTMARK_BUDGETS="everyone: all 1calls/day refuse")
    assert main(["budgets", "rebuild"]) == 0


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


BROKEN: dict[str, tuple[Break, str, str, str, str]] = {
    "no project": (
        lambda e: e.set(COSTMARK_PROJECT=None),
        *("project", "red", "none is named", "costmark projects create --name NAME"),
    ),
    "project default": (
        lambda e: e.set(COSTMARK_PROJECT="default"),
        *("project", "red", "has no tags", "costmark projects create --name NAME"),
    ),
    "a name in place of an id": (
        lambda e: e.set(COSTMARK_PROJECT="Team Platform"),
        *("project", "red", "looks like a project's name", "costmark projects list"),
    ),
    "a project that does not exist": (
        lambda e: e.set(COSTMARK_PROJECT="proj_aaaaaaaaaaaaaaaaaaaa"),
        *("project", "red", "does not exist", "costmark projects list"),
    ),
    "an archived project": (
        archived,
        *("project", "red", "is archived", "costmark projects create --name NAME"),
    ),
    "a project without the tag": (
        lambda e: e.set(COSTMARK_PROJECT="proj_plain"),
        *("tags", "red", "no tag costmark_project", "costmark projects tag proj_plain"),
    ),
    "a misspelled variable": (
        lambda e: e.set(COSTMARK_PROJET="x"),
        *("options", "yellow", "did you mean", "rename or unset"),
    ),
    "a value that is none": (
        lambda e: e.set(COSTMARK_UNATTRIBUTED="maybe"),
        *("options", "red", "unattributed", "set the option"),
    ),
    "no credentials": (
        lambda e: e.set(AWS_ACCESS_KEY_ID=None, AWS_SECRET_ACCESS_KEY=None),
        *("credentials", "red", "no AWS credentials", "docs/credentials.md"),
    ),
    "expired credentials": (
        lambda e: e.set(AWS_SESSION_TOKEN="t", AWS_CREDENTIAL_EXPIRATION="2024-01-01T00:00:00Z"),
        *("credentials", "red", "expired", "aws sso login"),
    ),
    "a wrong secret": (
        lambda e: e.set(AWS_SECRET_ACCESS_KEY="x" * 40),
        *("permissions", "red", "cannot read project", "costmark doctor credentials"),
    ),
    "no region": (
        lambda e: e.set(AWS_REGION=None, COSTMARK_BASE_URL=None),
        *("endpoint", "red", "no region", "AWS_REGION"),
    ),
    "an endpoint that is not there": (
        lambda e: e.set(COSTMARK_BASE_URL=f"http://127.0.0.1:{free_port()}/v1"),
        *("endpoint", "red", "cannot be reached", "HTTPS_PROXY"),
    ),
    "a model that nobody knows": (
        lambda e: e.set(COSTMARK_VERIFY_MODEL="unheard.of"),
        *("route", "yellow", "is not known", "docs/routes.md"),
    ),
    "no ledger": (
        lambda e: e.set(COSTMARK_LEDGER=None),
        *("ledger", "yellow", "no ledger is kept", "COSTMARK_LEDGER"),
    ),
    "a ledger that is a file": (
        no_ledger_folder,
        *("ledger", "red", "is no folder", "write to it"),
    ),
    "lost rows": (
        rows_lost,
        *("rows", "red", "3 lost", "full or slow disk"),
    ),
    "torn rows": (
        lambda e: e.ledger(tail=b'{"v":1,"kind":"att\n'),
        *("rows", "yellow", "1 torn", "costmark ledger verify"),
    ),
    "calls without a project": (
        lambda e: e.ledger(row(1, project="default", project_source="none")),
        *("default project", "yellow", "1 attempt of 7 days named no project", "refuse"),
    ),
    "an old book": (
        old_book,
        *("prices", "yellow", "2024-01-31", "docs/prices.md"),
    ),
    "a model without a price": (
        lambda e: e.ledger(row(1, model="openai.gpt-7")),
        *("unpriced", "yellow", "no price for openai.gpt-7", "prices import for models of bedrock"),
    ),
    "calls whose Region is not known": (
        call_without_region,
        *("unpriced", "yellow", f"no price for {MODEL}", "set COSTMARK_REGION"),
    ),
    "budgets without a ledger": (
        lambda e: e.set(COSTMARK_LEDGER=None, COSTMARK_BUDGETS="everyone: all 1calls/day refuse"),
        *("budgets", "yellow", "1 budget, and no folder of a ledger", "docs/budgets.md"),
    ),
    "budgets and rows on a stream": (
        lambda e: e.set(
            COSTMARK_LEDGER="fd:2", COSTMARK_BUDGETS="a: all 1usd/day warn; b: all 2usd/day warn"
        ),
        *("budgets", "yellow", "2 budgets, and no folder", "set COSTMARK_LEDGER to a folder"),
    ),
    "a budget that is spent": (
        budget_spent,
        *("budgets", "red", "calls are refused", "raise it, or wait"),
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken(right: Environment, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    spoil, check, state, cause, remedy = BROKEN[name]
    spoil(right)
    capsys.readouterr()
    status, checks = doctor(capsys)
    found = checks[check]
    assert found["state"] == state, checks
    assert cause in found["found"]
    assert remedy in found["remedy"]
    assert found["takes"]
    red = {each["name"] for each in checks.values() if each["state"] == "red"}
    expected = {check} if state == "red" else set()
    if name == "a model that nobody knows":
        expected.add("carrier")  # which is proven by a call
    assert red == expected, checks  # the cause alone, and not what follows from it
    assert status == int(bool(red))


# --- Servers that are broken ----------------------------------------------------------------------


@contextmanager
def server(
    answer: Callable[[BaseHTTPRequestHandler], tuple[int, bytes]], **named: str
) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def date_time_string(self, timestamp: float | None = None) -> str:
            return named.get("date", "") or super().date_time_string(timestamp)

        def handle_any(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            status, body = answer(self)
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body if self.command != "HEAD" else b"")

        do_GET = do_POST = do_HEAD = handle_any  # noqa: N815 - names of the base class

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        thread = threading.Thread(target=listening.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.server_port}/v1"
        finally:
            listening.shutdown()
            thread.join()


DENIED = (
    "User: arn:aws:sts::111122223333:assumed-role/app/me is not authorized to perform: "
    f"bedrock-mantle:GetProject on resource: arn:aws:bedrock-mantle:us-east-1:111122223333:project/"
    f"{PROJECT} because no identity-based policy allows the bedrock-mantle:GetProject action"
)


def test_a_right_that_is_missing_is_named(
    right: Environment, capsys: pytest.CaptureFixture[str]
) -> None:
    error = {"code": "access_denied", "message": DENIED, "type": "permission_denied_error"}
    body = json.dumps({"error": error}).encode()
    with server(lambda _: (403, body)) as url:
        right.set(COSTMARK_BASE_URL=url)
        status, checks = doctor(capsys)
    found = checks["permissions"]
    assert (status, found["state"]) == (1, "red")
    assert found["found"] == "bedrock-mantle:GetProject on * is missing"
    assert '"Action":"bedrock-mantle:GetProject"' in found["remedy"]
    assert checks["project"]["state"] == "not checked"


def test_a_gateway_that_ignores_the_project(
    right: Environment, capsys: pytest.CaptureFixture[str]
) -> None:
    """It serves whatever project is named, and has no Projects API."""
    answer = {
        "id": "c",
        "object": "chat.completion",
        "created": 1,
        "model": MODEL,
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"content": "y"}}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    }
    body = json.dumps(answer).encode()
    with server(lambda h: (200, body) if h.command == "POST" else (404, b"")) as url:
        right.set(COSTMARK_BASE_URL=url)
        status, checks = doctor(capsys)
    assert (status, checks["carrier"]["state"]) == (1, "red")
    assert "is not read" in checks["carrier"]["found"]
    assert "docs/gateways.md" in checks["carrier"]["remedy"]
    assert checks["project"]["state"] == "not checked"


@pytest.mark.parametrize(("off_s", "state"), [(3600, "red"), (-120, "yellow")])
def test_a_clock_that_is_wrong(
    right: Environment, off_s: int, state: str, capsys: pytest.CaptureFixture[str]
) -> None:
    date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() - off_s))
    with server(lambda _: (404, b""), date=date) as url:
        right.set(COSTMARK_BASE_URL=url)
        _, checks = doctor(capsys)
    found = checks["clock"]
    assert found["state"] == state
    assert f"{'ahead of' if off_s > 0 else 'behind'} the endpoint's" in found["found"]
    assert "chrony" in found["remedy"]


class Tags:
    """Cost Explorer, with one key that Billing has seen."""

    def __init__(self, status: str) -> None:
        self.status = status

    def answer(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        assert operation == "ListCostAllocationTags"
        tag = {"TagKey": "costmark_project", "Type": "UserDefined", "Status": self.status}
        return {"CostAllocationTags": [{**tag, "LastUpdatedDate": "2026-01-01T00:00:00Z"}]}


@pytest.mark.parametrize(
    ("status", "state", "said"),
    [("Inactive", "red", "is not active"), ("Active", "green", "is on the bill")],
)
def test_keys_that_are_not_activated(
    right: Environment, status: str, state: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(Tags(status)) as url:
        _, checks = doctor(capsys, "--billing", "--endpoint-url", url)
    assert checks["keys"]["state"] == state
    assert said in checks["keys"]["found"]
    if state == "red":
        assert "costmark tags activate" in checks["keys"]["remedy"]
        assert "24 hours" in checks["keys"]["takes"]


def test_no_secret_is_in_the_ticket(right: Environment, capsys: pytest.CaptureFixture[str]) -> None:
    port = free_port()
    right.set(
        COSTMARK_BASE_URL=f"http://user:c4n4ry-password@127.0.0.1:{port}/v1?key=c4n4ry-query",
        COSTMARK_BEARER_TOKEN="c4n4ry-token",
        AWS_SESSION_TOKEN="c4n4ry-session",
        COSTMARK_LEDGER_HASH_KEY="c4n4ry-hash-key-of-bytes",
    )
    main(["doctor", "--json"])
    main(["doctor"])
    out, err = capsys.readouterr()
    assert "c4n4ry" not in out + err
    assert ACCESS_KEY_ID not in out


# --- doctor permissions ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "action", "resource", "reason"),
    [
        (DENIED, "bedrock-mantle:GetProject", "project/proj_5d5ykleja6cwpirysbb7", "add one"),
        (
            "An error occurred (AccessDeniedException) when calling the Converse operation: User: "
            "arn:aws:iam::1:user/a is not authorized to perform: bedrock:InvokeModel on resource: "
            "arn:aws:bedrock:us-east-1::foundation-model/x with an explicit deny in a service "
            "control policy",
            *("bedrock:InvokeModel", "foundation-model/x", "(SCP)"),
        ),
        (
            "openai.PermissionDeniedError: Error code: 403 - {'error': {'message': 'User: arn:aws:"
            "sts::1:assumed-role/r/s is not authorized to perform: bedrock-mantle:CreateInference "
            "on resource: arn:aws:bedrock-mantle:us-east-1:1:project/default because no "
            "permissions boundary allows the action'}}",
            *("bedrock-mantle:CreateInference", "project/default", "boundary"),
        ),
        (
            "User: arn:aws:iam::1:user/a is not authorized to perform: ce:ListCostAllocationTags",
            *("ce:ListCostAllocationTags", "*", "add one"),
        ),
    ],
)
def test_the_missing_action_of_an_error(text: str, action: str, resource: str, reason: str) -> None:
    found = missing_in(text)
    assert found is not None
    assert found.action == action
    assert found.resource.endswith(resource)
    assert reason in found.reason
    # No statement allows what another denies.
    assert (found.policy is None) == ("explicit deny" in text)


def test_the_command_prints_the_statement(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "permissions", DENIED.replace("GetProject", "CreateProject")]) == 0
    out = capsys.readouterr().out
    assert out.startswith("action         bedrock-mantle:CreateProject\n")
    statement = json.loads(out[out.index("{") :])
    assert statement["Action"] == ["bedrock-mantle:CreateProject", "bedrock-mantle:TagResource"]
    assert main(["doctor", "permissions", "something else"]) == 1
    assert "no right is named" in capsys.readouterr().err
