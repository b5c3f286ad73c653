"""`costmark projects plan|apply|drift|import` with the real client, against the emulator."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest
from openai import OpenAI

import costmark
from costmark import Projects
from costmark.cli.main import main
from harness import ACCESS_KEY_ID, SECRET_ACCESS_KEY, Emulator, run_emulator

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[3]
FILE = """\
stack = "shop"

[projects.web]  # the shop itself
tags = {team = "a", env = "prod"}

[projects.batch]
tags = {team = "b"}
"""


def environment(server: Emulator) -> dict[str, str]:
    return {
        "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL_STS": server.url,
        "COSTMARK_BASE_URL": server.base_url,
        "COSTMARK_AUTH": "sigv4",
    }


@pytest.fixture(scope="module")
def running() -> Iterator[Emulator]:
    with run_emulator() as emulator:
        yield emulator


@pytest.fixture
def server(running: Emulator) -> Emulator:
    """The emulator, without active projects."""
    api = client(running)
    for each in api.list():
        if each.id != "default":
            api.archive(each)
    running.fetch("/_emulator/requests", method="DELETE")
    return running


def client(server: Emulator) -> Projects:
    return Projects(
        "mantle",
        base_url=server.base_url,
        auth="sigv4",
        region="us-east-1",
        access_key_id=ACCESS_KEY_ID,
        secret_access_key=SECRET_ACCESS_KEY,
    )


@pytest.fixture
def folder(server: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in environment(server).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "costmark.toml").write_text(FILE)
    return tmp_path


@pytest.fixture
def bedrock_plane(server: Emulator, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COSTMARK_BASE_URL", server.url)
    change(folder, 'stack = "shop"', 'stack = "shop"\nplane = "bedrock"')


def run(*arguments: str) -> int:
    return main(["projects", *arguments])


def writes(server: Emulator) -> int:
    """How many requests since the last time changed a project."""
    count: int = sum(
        each["method"] != "GET" and "projects" in each["path"] for each in server.requests()
    )
    server.fetch("/_emulator/requests", method="DELETE")
    return count


def projects(server: Emulator) -> dict[str, dict[str, str]]:
    """The active projects and their tags."""
    found = client(server).list()
    return {each.name: dict(each.tags or {}) for each in found if each.id != "default"}


MODEL = "openai.gpt-oss-20b"
MANTLE = "https://bedrock-mantle.us-east-1.api.aws/v1"
MESSAGES: Any = [{"role": "user", "content": "Hello"}]
WANTED = {
    "web": {"costmark_project": "shop/web", "team": "a", "env": "prod"},
    "batch": {"costmark_project": "shop/batch", "team": "b"},
}


def test_the_second_apply_sends_no_write(
    server: Emulator, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("plan", "--exit-code") == 3
    assert writes(server) == 0
    assert run("apply") == 0
    assert writes(server) == 2
    assert projects(server) == WANTED
    lock = (folder / "costmark.lock").read_text()
    assert run("plan", "--exit-code") == 0
    assert run("apply", "--exit-code") == 0
    assert writes(server) == 0
    assert (folder / "costmark.lock").read_text() == lock
    assert "No changes. The projects are as the file says." in capsys.readouterr().out


def test_code_names_projects_as_the_file_does(server: Emulator, folder: Path) -> None:
    run("apply")
    ids = {each.name: each.id for each in client(server).list()}
    lock = {"lock": folder / "costmark.lock"}
    server.fetch("/_emulator/usage", method="DELETE")

    def ask(openai_client: Any) -> None:
        openai_client.chat.completions.create(model=MODEL, messages=MESSAGES)

    def openai_client(**arguments: Any) -> Any:
        return OpenAI(base_url=server.base_url, api_key="unused", **arguments)

    wrapped = costmark.wrap(openai_client(), project="web", **lock)
    ask(wrapped)
    with costmark.project("batch"):
        ask(wrapped)
    ask(costmark.wrap(openai_client(project="batch"), **lock))
    wrapped.chat.completions.create(
        model=MODEL, messages=MESSAGES, extra_body={"project_id": "batch"}
    )
    with costmark.project("my batch"), pytest.raises(costmark.AttributionError) as caught:
        ask(wrapped)
    assert "costmark.lock has no project that is named 'my batch'" in str(caught.value)
    with pytest.raises(costmark.AttributionError, match="did you mean 'batch'"):
        costmark.wrap(openai_client(), project="bacth", **lock)
    used = [each["project"] for each in server.usage()]
    assert used == [ids["web"], ids["batch"], ids["batch"], ids["batch"]]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('{"version": 1, "projects": [', "line 1, column 29: this is not JSON"),
        ('{"projects": [{"id": "proj_a", "tags": 5}]}', "'tags' is a number and not an object"),
        ("\ufeff{}", "it begins with a byte order mark"),
    ],
)
def test_a_lock_that_is_none_is_an_error_of_the_client(
    tmp_path: Path, text: str, what: str
) -> None:
    (tmp_path / "costmark.lock").write_text(text, encoding="utf-8")
    with pytest.raises(costmark.ConfigurationError) as caught:
        costmark.Client(base_url=MANTLE, lock=tmp_path / "costmark.lock")
    assert what in str(caught.value)


def test_the_lock_is_a_cache(folder: Path) -> None:
    run("apply")
    lock = json.loads((folder / "costmark.lock").read_text())
    (folder / "costmark.lock").unlink()
    run("apply")
    assert json.loads((folder / "costmark.lock").read_text()) == lock
    entries = {each["name"]: each for each in lock["projects"]}
    assert entries["web"]["tags"] == WANTED["web"]
    assert entries["web"]["account"] == "111122223333"
    (folder / "costmark.lock").write_text('{"version": 1, "projects": [')
    assert run("apply") == 1


def change(folder: Path, old: str, new: str) -> None:
    path = folder / "costmark.toml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('env = "prod"', 'env = "test"', 1),
        (', env = "prod"', "", 1),
        ('env = "prod"', 'cost = "1"', 2),
        ("[projects.web]", '[projects.site]\nrenamed_from = "web"', 2),
        ("[projects.batch]\n", "[projects.third]\n", 1),
        ("# the shop itself", "# the same shop", 0),
    ],
)
def test_plan_tells_by_its_exit_code_whether_apply_writes(
    server: Emulator, folder: Path, old: str, new: str, expected: int
) -> None:
    run("apply")
    change(folder, old, new)
    writes(server)
    assert run("plan", "--exit-code") == (3 if expected else 0)
    assert run("apply") == 0
    assert writes(server) == expected
    assert run("plan", "--exit-code") == 0


def test_what_is_not_in_the_file_stays_unless_archiving_is_allowed(
    server: Emulator, folder: Path
) -> None:
    run("apply")
    (folder / "costmark.toml").write_text('stack = "shop"\n')
    assert run("plan", "--exit-code") == 0
    assert run("apply") == 0
    assert projects(server) == WANTED
    assert run("plan", "--exit-code", "--allow-archive") == 3
    assert run("apply", "--allow-archive") == 0
    assert projects(server) == {}


def test_a_plan_is_applied_only_to_what_it_was_made_for(
    server: Emulator, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("plan", "--out", "first.plan") == 0
    assert run("plan", "--out", "second.plan") == 0
    assert run("apply", "first.plan") == 0
    assert projects(server) == WANTED
    assert run("apply", "second.plan") == 1
    assert "have changed since the plan was made: plan again" in capsys.readouterr().err
    (folder / "second.plan").write_text(
        (folder / "second.plan").read_text().replace("111122223333", "444455556666")
    )
    assert run("apply", "second.plan") == 1
    assert "the plan is for account 444455556666" in capsys.readouterr().err
    assert projects(server) == WANTED


def test_the_callers_account_is_checked_first(
    server: Emulator, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (folder / "costmark.toml").open("a") as file:
        file.write('[targets.prod]\naccount = "444455556666"\nregions = ["us-east-1"]\n')
    server.fetch("/_emulator/requests", method="DELETE")
    assert run("apply") == 1
    assert "is account 444455556666, and the caller is arn:aws:iam::111122223333:user/" in (
        capsys.readouterr().err
    )
    assert [each["path"] for each in server.requests()] == ["/"]


@pytest.mark.usefixtures("folder")
def test_an_sts_out_of_reach_is_told_with_what_names_another(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:1")
    assert run("plan") == 1
    said = capsys.readouterr().err
    assert "GetCallerIdentity at http://127.0.0.1:1/: " in said
    assert "AWS_ENDPOINT_URL_STS or AWS_ENDPOINT_URL another endpoint" in said


def test_a_bearer_token_alone_tells_the_account_too(
    server: Emulator, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "ABSKEXAMPLE")
    monkeypatch.setenv("COSTMARK_AUTH", "bearer")
    assert run("apply") == 0
    assert projects(server) == WANTED


def test_projects_of_another_account_are_not_touched(
    server: Emulator, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """The signature and the endpoint are of two accounts, as with a bearer token left over."""
    with run_emulator("--account", "444455556666") as other:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", other.url)
        assert run("apply") == 1
        assert "shows projects of account 111122223333, and the credentials are those of 4444" in (
            capsys.readouterr().err
        )
    assert writes(server) == 0


def test_a_profile_wins_over_a_bearer_token_of_the_environment(
    server: Emulator, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "config").write_text(
        f"[profile prod]\naws_access_key_id = {ACCESS_KEY_ID}\n"
        f"aws_secret_access_key = {SECRET_ACCESS_KEY}\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(folder / "config"))
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "of-another-account")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "COSTMARK_AUTH"):
        monkeypatch.delenv(name)
    with (folder / "costmark.toml").open("a") as file:
        file.write('[targets.prod]\nprofile = "prod"\n')
    assert run("apply") == 0
    assert projects(server) == WANTED


def test_a_target_may_be_reached_by_a_role(
    server: Emulator, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (folder / "costmark.toml").open("a") as file:
        for name, account in (("good", "111122223333"), ("other", "444455556666")):
            role = f"arn:aws:iam::{account}:role/costmark"
            file.write(f'[targets.{name}]\naccount = "{account}"\nregions = ["us-east-1"]\n')
            file.write(f'role_arn = "{role}"\nexternal_id = "shop"\n')
    assert run("apply", "--target", "good") == 0
    assert projects(server) == WANTED
    callers = {
        value.split("Credential=")[1].split("/")[0]
        for each in server.requests()
        for name, value in each["headers"]
        if name == "authorization" and "projects" in each["path"] and each["method"] == "POST"
    }
    (caller,) = callers
    assert caller != ACCESS_KEY_ID
    assert run("apply", "--target", "other") == 1
    assert "AssumeRole at " in capsys.readouterr().err


def assumed(server: Emulator) -> list[str]:
    """The roles that were asked for, in order."""
    bodies = [parse_qs(each["body"] or "") for each in server.requests()]
    return [role for body in bodies for role in body.get("RoleArn", [])]


def test_the_role_of_the_options_assumes_that_of_a_target(
    server: Emulator, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise it is whose account the plan is for; nothing is signed with a third identity."""
    first, last = (f"arn:aws:iam::111122223333:role/{name}" for name in ("first", "last"))
    monkeypatch.setenv("COSTMARK_ROLE_ARN", first)
    monkeypatch.setenv("COSTMARK_EXTERNAL_ID", "of-first")
    assert run("plan") in (0, 2)
    assert set(assumed(server)) == {first}
    with (folder / "costmark.toml").open("a") as file:
        file.write(f'[targets.good]\nregions = ["us-east-1"]\nrole_arn = "{last}"\n')
    count = len(assumed(server))
    assert run("apply", "--target", "good") == 0
    assert assumed(server)[count:] == [first, last]


def test_every_target_has_a_result_of_its_own(
    server: Emulator, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (folder / "costmark.toml").open("a") as file:
        file.write('[targets.good]\naccount = "111122223333"\nregions = ["us-east-1"]\n')
        for number in range(40):
            file.write(f'[targets.t{number}]\naccount = "{number:012}"\nregions = ["us-east-1"]\n')
    assert run("apply") == 1
    assert "select one with --target NAME, or --target all" in capsys.readouterr().err
    assert run("apply", "--target", "none") == 1
    assert "there is no target 'none'" in capsys.readouterr().err
    assert run("apply", "--target", "all", "--json") == 1
    places = json.loads(capsys.readouterr().out)["places"]
    assert [each["target"] for each in places if not each["error"]] == ["good"]
    assert len(places) == 41
    assert projects(server) == WANTED
    assert run("plan", "--target", "good", "--exit-code") == 0


def test_drift_is_what_was_changed_elsewhere(
    server: Emulator, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("apply")
    change(folder, "[projects.batch]", '[projects.new]\ntags = {team = "c"}\n[projects.batch]')
    assert run("drift", "--exit-code") == 0  # what is not created yet is no drift
    api = client(server)
    web = next(each for each in api.list() if each.name == "web")
    api.add_tags(web.id, {"env": "dev"})
    capsys.readouterr()
    assert run("drift", "--exit-code", "--json") == 3
    (place,) = json.loads(capsys.readouterr().out)["places"]
    assert [each["tags"] for each in place["changes"]] == [{"env": ["dev", "prod"]}]


def test_what_was_written_is_told_although_the_lock_cannot_be(
    server: Emulator, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "costmark.lock").mkdir()
    assert run("apply", "--json") == 1
    (place,) = json.loads(capsys.readouterr().out)["places"]
    assert "costmark.lock: not a file" in place["error"]
    assert sorted(each["name"] for each in place["applied"]) == ["batch", "web"]
    (folder / "costmark.lock").rmdir()
    assert run("apply", "--exit-code") == 0


def test_a_full_disk_is_told_and_leaves_the_lock(
    server: Emulator, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("apply")
    before = (folder / "costmark.lock").read_text()
    change(folder, 'team = "b"', 'team = "c"')
    limited = f"ulimit -f 0; trap '' XFSZ; {sys.executable} -m costmark.cli projects apply --json"
    done = subprocess.run(["bash", "-c", limited], stdout=subprocess.PIPE, check=False)
    (place,) = json.loads(done.stdout)["places"]
    assert (done.returncode, place["applied"][0]["error"]) == (1, None)
    assert "File too large" in place["error"]
    assert (folder / "costmark.lock").read_text() == before
    assert not list(folder.glob(".costmark*"))


def test_import_takes_a_project_over_and_leaves_the_file_as_it_is(
    server: Emulator, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("apply")
    api = client(server)
    old = api.create("old", {"team": "z", "cost center": "7"})
    assert run("import", "old", old.id) == 0
    text = (folder / "costmark.toml").read_text()
    assert text.startswith(FILE)
    assert "[projects.old]" in text
    assert run("plan", "--exit-code") == 0
    assert api.get(old.id).tags == {
        "team": "z",
        "cost center": "7",
        "costmark_project": "shop/old",
    }
    assert run("import", "old", old.id) == 0  # again, after a crash perhaps
    other = api.create("other", {"costmark_project": "stock/other"})
    capsys.readouterr()
    for name, project, problem in (
        ("other", other.id, "is stock/other already"),
        ("web", old.id, "is shop/old already"),
        ("x", "proj_unknown", "there is no active project proj_unknown"),
        ("a,b", api.create("a").id, "letters, digits, spaces"),
    ):
        assert run("import", name, project) == 1
        assert problem in capsys.readouterr().err
    assert (folder / "costmark.toml").read_text() == text


def test_import_gives_a_project_the_tags_that_the_policy_requires(
    server: Emulator, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = folder / "costmark.toml"
    policy = 'required = ["team", "env"]\nallowed.env = ["prod", "test"]\n'
    text = f'stack = "shop"\n\n[tag_policy]\n{policy}'
    file.write_text(text)
    api = client(server)
    old = api.create("old", {"env": "dev"})
    for given, why in (
        ((), "'old' lacks team, which tag_policy requires"),
        (("--tags", "team=x"), "env is 'dev'; tag_policy allows prod, test"),
    ):
        assert run("import", "old", old.id, *given) == 1
        err = capsys.readouterr().err
        assert why in err
        assert f"costmark projects import old {old.id} --tags KEY=VALUE,..." in err
        assert file.read_text() == text
        assert api.get(old.id).tags == {"env": "dev"}
    for _ in range(2):  # again, after a crash perhaps
        assert run("import", "old", old.id, "--tags", "team=x,env=test") == 0
        tags = api.get(old.id).tags
        assert tags == {"costmark_project": "shop/old", "team": "x", "env": "test"}
        assert run("plan", "--exit-code") == 0
    capsys.readouterr()
    assert run("import", "old", old.id, "--tags", "team=y") == 1
    assert "change them there" in capsys.readouterr().err


def test_import_keeps_the_line_ends_and_the_mark_of_a_file_of_windows(
    server: Emulator, folder: Path
) -> None:
    old = client(server).create("old", {"team": "b"})
    file = folder / "costmark.toml"
    before = "\ufeff" + file.read_text().replace("\n", "\r\n")
    file.write_bytes(before.encode())
    assert run("import", "old", old.id) == 0
    after = file.read_bytes().decode()
    assert after.startswith(before)
    assert "[projects.old]\r\n" in after
    assert after.count("\n") == after.count("\r\n")
    assert run("plan", "--exit-code") in (0, 3)


def test_an_update_that_fails_halfway_is_finished_by_the_next(
    server: Emulator, folder: Path, bedrock_plane: None, capsys: pytest.CaptureFixture[str]
) -> None:
    run("apply")
    change(folder, 'env = "prod"', 'env = "test", cost = "1"')
    change(folder, 'team = "a", ', "")
    server.fault("status", status=403, api="UntagResource")
    assert run("apply") == 1
    assert "costmark: this account: web: " in capsys.readouterr().err
    reserved = {"costmark_project": "shop/web"}
    # Both planes have the same projects here. The third step was not tried.
    assert projects(server)["web"] == {**reserved, "team": "a", "env": "test"}
    assert run("plan", "--exit-code") == 3
    assert run("apply") == 0
    assert projects(server)["web"] == {**reserved, "env": "test", "cost": "1"}
    assert run("plan", "--exit-code") == 0


def test_a_change_that_is_refused_does_not_keep_the_others(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with run_emulator("--max-projects", "1") as small, pytest.MonkeyPatch.context() as patch:
        for name, value in environment(small).items():
            patch.setenv(name, value)
        assert run("apply") == 1
        assert "batch: " in capsys.readouterr().err
        assert set(projects(small)) == {"web"}
        lock = json.loads((folder / "costmark.lock").read_text())
        assert [each["name"] for each in lock["projects"]] == ["web"]


@pytest.mark.parametrize("lag", [0.0, 3.0])
def test_eight_processes_converge_at_the_next_apply(tmp_path: Path, lag: float) -> None:
    (tmp_path / "costmark.toml").write_text(FILE)
    with run_emulator("--list-lag-s", str(lag)) as server:
        env = {**environment(server), "PYTHONPATH": ":".join(sys.path), "PATH": ""}
        command = [sys.executable, "-m", "costmark.cli", "projects"]
        together = [
            subprocess.Popen([*command, "apply"], cwd=tmp_path, env=env, stdout=subprocess.PIPE)
            for _ in range(8)
        ]
        assert [each.communicate()[0] and each.returncode for each in together] == [0] * 8
        time.sleep(lag)
        writes(server)

        def again(*arguments: str) -> int:
            done = subprocess.run([*command, *arguments], cwd=tmp_path, env=env, check=False)
            return done.returncode

        left = _active(server) - 2
        assert again("plan", "--exit-code") == (3 if left else 0)
        assert again("apply") == 0
        assert writes(server) == left
        assert _active(server) == 2
        assert again("plan", "--exit-code") == 0


def _active(server: Emulator) -> int:
    return sum(each.id != "default" for each in client(server).list())


def test_the_bedrock_plane(server: Emulator, folder: Path, bedrock_plane: None) -> None:
    """Its list has no tags: they are asked for, project by project."""
    assert run("apply") == 0
    change(folder, 'env = "prod"', 'env = "test", cost = "1"')
    change(folder, 'team = "a", ', "")
    server.fetch("/_emulator/requests", method="DELETE")
    assert run("apply") == 0
    sent = [each["path"] for each in server.requests() if each["method"] == "POST"]
    changes = [path for path in sent if "agResource" in path and "list" not in path]
    assert changes == ["/tagResource", "/untagResource", "/tagResource"]
    assert run("plan", "--exit-code") == 0
    change(folder, "[projects.web]", '[projects.site]\nrenamed_from = "web"')
    assert run("apply") == 0
    assert set(projects(server)) == {"site", "batch"}
    assert run("plan", "--exit-code") == 0
    lock = json.loads((folder / "costmark.lock").read_text())
    assert {each["plane"] for each in lock["projects"]} == {"bedrock"}
    assert all(":bedrock:" in each["arn"] for each in lock["projects"])


def test_malformed_toml_is_told_with_line_and_column(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "costmark.toml").write_text(FILE + "[projects.x\n")
    assert run("plan") == 1
    assert "costmark: costmark.toml:8:12: " in capsys.readouterr().err


def documented() -> tuple[str, str]:
    text = (ROOT / "docs" / "projects-as-code.md").read_text(encoding="utf-8")
    (toml,) = re.findall(r"```toml\n(stack.*?)```", text, re.DOTALL)
    (shown,) = re.findall(r"```console\n\$ costmark projects plan\n(.*?)```", text, re.DOTALL)
    return toml, shown


def test_the_example_of_the_docs(
    server: Emulator, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    toml, shown = documented()
    (folder / "costmark.toml").write_text(toml)
    assert run("plan") == 0
    assert capsys.readouterr().out == shown
    assert run("apply") == 0
    writes(server)
    assert run("apply") == 0
    assert writes(server) == 0


def test_a_policy_for_a_stack_is_enough(folder: Path, tmp_path: Path, capsys: Any) -> None:
    main(["policy", "--manage", "--stack", "shop", "--json"])
    policy = tmp_path / "policy.json"
    policy.write_text(capsys.readouterr().out)
    with run_emulator("--policy", str(policy)) as server, pytest.MonkeyPatch.context() as patch:
        for name, value in environment(server).items():
            patch.setenv(name, value)
        assert run("apply") == 0
        change(folder, 'env = "prod"', 'env = "test", cost = "1"')
        change(folder, 'team = "a", ', "")
        change(folder, "[projects.web]", '[projects.site]\nrenamed_from = "web"')
        assert run("apply") == 0
        (folder / "costmark.toml").write_text('stack = "shop"\n')
        assert run("apply", "--allow-archive") == 0
        assert projects(server) == {}
