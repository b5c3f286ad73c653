"""The files of projects as code: what they may hold, and what is told about what they may not."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest

import costmark
from costmark import _core
from costmark._files import write_whole
from costmark.cli.main import main
from costmark.errors import ConfigurationError
from costmark.stack.editing import with_entry
from costmark.stack.file import read_options, read_stack
from costmark.stack.lock import changing, read_lock
from costmark.stack.model import IDENTITY_TAG, Entry, Seen, Stack, Target
from costmark.stack.places import Place
from costmark.stack.plan_file import Planned, read_plan, write_plan
from costmark.stack.planning import Change
from costmark.stack.positions import positions
from costmark.stack.world import World

WHOLE = """\
# What we pay for.
stack = "shop"
plane = "bedrock"
ignore_tags = ["owner-*"]

[tag_policy]
required = ["team"]
allowed.env = ["prod", "test"]

[projects]
"a b" = {tags = {team = "x"}}

[projects.my-app-prod]   # the app
tags = {team = "platform", env = "prod"}
renamed_from = "my-app"

[projects.terraformed]
managed = "external"
id = "proj_t"

[targets.prod]
account = "111122223333"
regions = ["us-east-1", "eu-west-1"]
profile = "prod"

[targets.other]
plane = "mantle"
role_arn = "arn:aws:iam::444455556666:role/costmark"
external_id = "x"

[options]
unattributed = "refuse"
ledger_begin = false
max_attempts = 4
allowed_projects = ["proj_a", "proj_b"]
"""


def file_with(folder: Path, text: str) -> Path:
    path = folder / "costmark.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_with_everything(tmp_path: Path) -> None:
    path = file_with(tmp_path, WHOLE)
    assert read_stack(path) == Stack(
        name="shop",
        entries=(
            Entry("a b", {"team": "x"}),
            Entry("my-app-prod", {"team": "platform", "env": "prod"}, renamed_from="my-app"),
            Entry("terraformed", is_external=True, id="proj_t"),
        ),
        targets=(
            Target("prod", "111122223333", ("us-east-1", "eu-west-1"), profile="prod"),
            Target(
                "other",
                plane="mantle",
                role_arn="arn:aws:iam::444455556666:role/costmark",
                external_id="x",
            ),
        ),
        plane="bedrock",
        ignore_tags=("owner-*",),
    )
    assert read_options(path) == {
        "unattributed": "refuse",
        "ledger_begin": "false",
        "max_attempts": "4",
        "allowed_projects": "proj_a,proj_b",
    }


HEAD = 'stack = "shop"\n'
MANY = ", ".join(f"k{n} = ''" for n in range(50))
LONG = "x" * 300
# A file, the line and column of what is wrong, and part of what is told.
WRONG: list[tuple[str, str, str]] = [
    ("stack = ", "1:9: ", "Unexpected end of the file"),
    ('stack = "shop"\nstack = "x"', "", "stack"),
    ("[projects.x\n", "1:12: ", ""),
    (HEAD + "[projects.x]\ntags = {team = }\n", "3:16: ", ""),
    ("", "1:1", "there is no 'stack'"),
    ("stack = 7", "1:1", "'stack' must be a text"),
    ('stack = "a/b"', "1:1", "1 to 64 letters"),
    ('stack = "experiment"', "1:1", "what experiments are named"),
    (HEAD + 'plain = "x"', "2:1", "unknown 'plain'; did you mean 'plane'?"),
    (HEAD + 'plane = "moon"', "2:1", "expected 'mantle' or 'bedrock'"),
    (HEAD + 'ignore_tags = ["a",\n  7]', "3:3", "must be a text"),
    (HEAD + "projects = 7", "2:1", "'projects' must be a table"),
    (HEAD + "[projects.web]\ntag = {}", "3:1", "unknown 'tag'; did you mean 'tags'?"),
    (HEAD + '[projects."  "]', "2:11", "no white space"),
    (HEAD + f"[projects.{'n' * 128}]", "2:11", "128 characters; at most 127"),
    (HEAD + '[projects."näme"]', "2:11", "letters, digits, spaces"),
    (HEAD + "[projects.web]\ntags = {team = 7}", "3:9", "'team' must be a text"),
    (HEAD + '[projects.web]\ntags = {a = "b", "aws:x" = "y"}', "3:18", "AWS's own"),
    (HEAD + '[projects.web.tags]\n"AWS:x" = "y"', "3:1", "AWS's own"),
    (HEAD + '[projects.web]\ntags = {"" = "y"}', "3:9", "a tag's key has 0 characters"),
    (HEAD + f'[projects.web]\ntags = {{{"k" * 129} = "y"}}', "3:9", "129 characters"),
    (HEAD + f'[projects.web]\ntags = {{k = "{LONG}"}}', "3:9", "300 characters; at most 256"),
    (HEAD + '[projects.web]\ntags = {k = "a,b"}', "3:9", "unlike 'a,b'"),
    (HEAD + '[projects.web]\ntags = {"é" = ""}', "3:9", "unlike 'é'"),
    (HEAD + f"[projects.web]\ntags = {{{MANY}}}", "3:1", "50 tags; a project has at most 50"),
    (HEAD + '[projects.web]\ntags = {costmark_project = "x"}', "3:9", "is reserved"),
    ('ignore_tags = ["o*"]\n' + HEAD + '[projects.web]\ntags = {own = ""}', "4:9", "ignore_tags"),
    (HEAD + '[projects.web]\nmanaged = "me"', "3:1", "expected 'costmark' or 'external'"),
    (HEAD + '[projects.web]\nid = "proj_x"', "3:1", "an id is for what is managed"),
    (HEAD + '[projects.b]\nrenamed_from = "a"\n[projects.a]', "3:1", "is still in the file"),
    (
        HEAD + '[projects.b]\nrenamed_from = "a"\n[projects.c]\nrenamed_from = "a"',
        "5:1",
        "'a' is renamed twice",
    ),
    (HEAD + '[projects.web]\n[tag_policy]\nrequired = ["team"]', "2:11", "'web' lacks team"),
    (
        HEAD + '[projects.web]\ntags = {env = "x"}\n[tag_policy]\nallowed = {env = ["prod"]}',
        "3:9",
        "env is 'x'; tag_policy allows prod",
    ),
    (HEAD + "[targets.all]", "2:10", "stands for every target"),
    (HEAD + "[targets.x]\naccount = 111122223333", "3:1", "'account' must be a text"),
    (HEAD + '[targets.x]\naccount = "1234"', "3:1", "expected 12 digits"),
    (HEAD + '[targets.x]\nregions = ["us-east-1", "us-east-1"]', "3:25", "is there twice"),
    (HEAD + '[targets.x]\nregions = ["US"]', "3:12", "'US' is not a Region"),
    (HEAD + '[targets.x]\nexternal_id = "x"', "3:1", "give role_arn"),
    (HEAD + '[targets.x]\nrole_arn = "me"', "3:1", "'me' is no ARN of a role, such as arn:aws:iam"),
]


@pytest.mark.parametrize(("text", "where", "what"), WRONG)
def test_what_is_wrong_is_told_with_line_and_column(
    tmp_path: Path, text: str, where: str, what: str
) -> None:
    path = file_with(tmp_path, text)
    with pytest.raises(ConfigurationError) as caught:
        read_stack(path)
    message = str(caught.value)
    assert message.startswith(f"{path}:{where}" if where else str(path)), message
    assert what in message


def test_the_largest_that_is_allowed(tmp_path: Path) -> None:
    tags = ", ".join(f'"{n:0128}" = "{"v" * 256}"' for n in range(49))
    stack = read_stack(file_with(tmp_path, HEAD + f"[projects.{'n' * 127}]\ntags = {{{tags}}}"))
    assert len(stack.entries[0].tags) == 49


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ('[options]\nunatributed = "refuse"', "2:1", "did you mean 'unattributed'?"),
        ('[options]\nbearer_token = "x"', "2:1", "a secret, which does not belong into a file"),
        ("[options]\nledger = 1.5", "2:1", "an option is a text"),
    ],
)
def test_options_are_checked(tmp_path: Path, text: str, where: str, what: str) -> None:
    with pytest.raises(ConfigurationError, match=f":{where}: ") as caught:
        read_options(file_with(tmp_path, text))
    assert what in str(caught.value)


def test_options_reach_clients_and_shells(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "[options]\nproject = 'proj_a'\nrules = \"it's:*\"\n"
    path = file_with(tmp_path, text)
    assert costmark.options(path) == {"project": "proj_a", "rules": "it's:*"}
    assert main(["options", "--export", str(path)]) == 0
    shell = capsys.readouterr().out + 'printf %s "$COSTMARK_PROJECT $COSTMARK_RULES"'
    assert subprocess.check_output(["sh", "-c", shell], text=True) == "proj_a it's:*"


def test_files_that_options_name_are_those_beside_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "app"
    folder.mkdir()
    names = ("ca_bundle", "lock", "prices", "routes")
    lines = [f"{name} = 'sub/{name}'" for name in names]
    path = file_with(folder, "\n".join(["[options]", *lines, "ledger = '../rows'", ""]))
    monkeypatch.chdir(tmp_path)
    expected = {name: str(folder / "sub" / name) for name in names}
    assert costmark.options(path) == {**expected, "ledger": str(tmp_path / "rows")}
    assert main(["options", "--export", path.relative_to(tmp_path).as_posix()]) == 0
    assert f"export COSTMARK_LOCK={folder}/sub/lock\n" in capsys.readouterr().out
    for ledger in ("stdout", "fd:3", "", "/var/lib/costmark"):
        file_with(folder, f"[options]\nledger = '{ledger}'\n")
        assert costmark.options(path) == {"ledger": ledger}


def test_names_of_projects_become_ids_by_way_of_the_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = tmp_path / "costmark.lock"
    record(lock, SHOP, world(("proj_1", "web"), ("proj_2", "batch")))
    record(lock, SHOP, world(("proj_9", "web")), region="eu-west-1")
    path = file_with(
        tmp_path,
        "[options]\nproject = 'web'\nregion = 'us-east-1'\n"
        "[rules]\nbatch = 'model=*vision*'\nproj_z = 'api=responses'\n"
        "[budgets]\nweb = 'project=web 5usd/month refuse'\nall = 'all 9calls/day warn'\n",
    )
    found = costmark.options(path)
    assert found == {
        "project": "proj_1",
        "region": "us-east-1",
        "rules": "proj_2: model=*vision*; proj_z: api=responses",
        "budgets": "web: project=proj_1 5usd/month refuse; all: all 9calls/day warn",
    }
    _core.Client({**found, "ledger": str(tmp_path)})  # which understands them
    file_with(tmp_path, "[options]\nproject = 'web'\n")
    with pytest.raises(ConfigurationError, match="several projects 'web': proj_1, proj_9"):
        costmark.options(path)
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    assert costmark.options(path) == {"project": "proj_9"}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[options]\nrules = 'a: api=x'\n[rules]\nb = 'api=y'", ":3:2: 'rules' is among the"),
        ("[budgets]\na = 'all 9calls/day warn; b'", ":2:1: ';' and ':' stand between"),
        ("[rules]\n'a:b' = 'x'", ":2:1: ';' and ':' stand between"),
        ("[rules]\na = 7", ":2:1: 'a' must be a text"),
    ],
)
def test_tables_of_rules_and_budgets(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_options(file_with(tmp_path, text))
    assert problem in str(caught.value)


def test_a_file_that_is_missing_or_not_text(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"there is no .*costmark\.toml"):
        read_stack(tmp_path / "costmark.toml")
    (tmp_path / "costmark.toml").write_bytes(b'stack = "\xff"')
    with pytest.raises(ConfigurationError, match="not UTF-8 at byte 9"):
        read_stack(tmp_path / "costmark.toml")


def test_positions() -> None:
    text = (
        "a = 1 # [x]\n"
        "[b.'c d'] # e = 1\n"
        'e = """\nf = 1\n""" \n'
        "g.h = [1,\n  [2, {i = 3}], # k = 4\n '#']\n"
        "[[l]]\nm = 1.5\n[[l]]\nm = { n = 'o = 1', p.q = 2 }\n"
    )
    assert {path: where for path, where in positions(text).items() if len(path) != 1} == {
        ("b", "c d"): (2, 4),
        ("b", "c d", "e"): (3, 1),
        ("b", "c d", "g"): (6, 1),
        ("b", "c d", "g", "h"): (6, 3),
        ("b", "c d", "g", "h", 0): (6, 8),
        ("b", "c d", "g", "h", 1): (7, 3),
        ("b", "c d", "g", "h", 1, 0): (7, 4),
        ("b", "c d", "g", "h", 1, 1): (7, 7),
        ("b", "c d", "g", "h", 1, 1, "i"): (7, 8),
        ("b", "c d", "g", "h", 2): (8, 2),
        ("l", 0, "m"): (10, 1),
        ("l", 1, "m"): (12, 1),
        ("l", 1, "m", "n"): (12, 7),
        ("l", 1, "m", "p"): (12, 20),
        ("l", 1, "m", "p", "q"): (12, 22),
    }


def test_an_entry_is_added_and_everything_else_stays(tmp_path: Path) -> None:
    path = file_with(tmp_path, WHOLE)
    text, stack = with_entry(path, "new app", {"team": "y", "cost center": "1"})
    assert path.read_text() == WHOLE
    assert [line for line in WHOLE.splitlines() if line not in text.splitlines()] == []
    assert Entry("new app", {"team": "y", "cost center": "1"}) in stack.entries
    with pytest.raises(ConfigurationError, match="'other' lacks team"):
        with_entry(path, "other", {})
    windows = tmp_path / "windows.toml"
    windows.write_bytes(HEAD.replace("\n", "\r\n").encode())
    text, stack = with_entry(windows, "web", {})
    assert stack.entries == (Entry("web"),)
    write_whole(windows, text)
    assert windows.read_bytes().startswith(b'stack = "shop"\r\n')


# --- The lock -------------------------------------------------------------------------------------

PLACE = {"partition": "aws", "account": "111122223333", "region": "us-east-1", "plane": "mantle"}
ARN = "arn:aws:bedrock-mantle:us-east-1:111122223333:project/"


def world(*projects: tuple[str, str], **tags: str) -> World:
    return World(
        tuple(
            Seen(i, name, {"costmark_project": f"shop/{name}", **tags}, (0, i), ARN + i)
            for i, name in projects
        )
    )


def record(path: Path, stack: Stack, seen: World, today: str = "2026-11-30", **place: str) -> None:
    with changing(path) as lock:
        lock.record({**PLACE, **place}, stack, seen, today)


SHOP = Stack("shop", (Entry("web", {"team": "a"}), Entry("batch")))


def test_the_lock_keeps_places_apart_and_a_dated_history(tmp_path: Path) -> None:
    path = tmp_path / "costmark.lock"
    record(path, SHOP, world(("proj_1", "web"), ("proj_2", "batch"), team="a"))
    record(path, SHOP, world(("proj_9", "web")), region="eu-west-1")
    record(path, SHOP, world(("proj_3", "web"), ("proj_2", "batch")), "2026-12-01")
    lock = read_lock(path)
    assert [(each["region"], each["name"], each["id"]) for each in lock.projects] == [
        ("eu-west-1", "web", "proj_9"),
        ("us-east-1", "batch", "proj_2"),
        ("us-east-1", "web", "proj_3"),
    ]
    assert [(each["tag"], each["id"], each["from"], each["until"]) for each in lock.history] == [
        ("shop/batch", "proj_2", "2026-11-30", None),
        ("shop/web", "proj_1", "2026-11-30", "2026-12-01"),
        ("shop/web", "proj_9", "2026-11-30", None),
        ("shop/web", "proj_3", "2026-12-01", None),
    ]


def test_the_core_reads_the_lock_also_with_as_many_tags_as_there_can_be(tmp_path: Path) -> None:
    path = tmp_path / "costmark.lock"
    tags = {f"k{n:02}": "v" * 200 for n in range(49)}
    stack = Stack("shop", (Entry("web", tags),))
    record(path, stack, world(("proj_1", "web"), **tags))
    (entry,) = read_lock(path).projects
    assert next(iter(entry["tags"].items())) == ("costmark_project", "shop/web")
    assert 8 < len(entry["tags"]) <= 16
    _core.Client({"lock": str(path), "region": "us-east-1"})


def test_writers_of_the_lock_take_turns(tmp_path: Path) -> None:
    path = tmp_path / "costmark.lock"
    regions = [f"r-{n}" for n in range(12)]

    def write(region: str) -> None:
        record(path, SHOP, world((f"proj_{region}", "web")), region=region)

    threads = [threading.Thread(target=write, args=(region,)) for region in regions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(each["region"] for each in read_lock(path).projects) == sorted(regions)
    assert [each.name for each in tmp_path.iterdir()] == ["costmark.lock"]


def test_what_is_no_file_is_no_lock(tmp_path: Path) -> None:
    path = tmp_path / "costmark.lock"
    os.mkfifo(path)  # reading it would wait for ever
    with pytest.raises(ConfigurationError, match="not a file"):
        read_lock(path)


def test_a_pipe_is_no_file(tmp_path: Path) -> None:
    path = tmp_path / "costmark.toml"
    os.mkfifo(path)
    with pytest.raises(ConfigurationError, match="not a file"):
        read_stack(path)


def test_a_link_to_a_file_stays_one(tmp_path: Path) -> None:
    kept, link = tmp_path / "kept", tmp_path / "costmark.toml"
    kept.write_text("a")
    kept.chmod(0o640)
    link.symlink_to("kept")
    write_whole(link, "b")
    assert link.is_symlink()
    assert (kept.read_text(), kept.stat().st_mode & 0o777) == ("b", 0o640)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["costmark.toml", "kept"]


def test_an_inline_table_of_projects_takes_no_entry(tmp_path: Path) -> None:
    path = file_with(tmp_path, 'stack = "shop"\nprojects = {}\n')
    with pytest.raises(ConfigurationError, match=r"write \[projects.NAME\]"):
        with_entry(path, "web", {})


ENTRY = {**PLACE, "name": "web", "stack": "shop", "id": "proj_1"}


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('{"version": 1,\n "projects": [}', ":2:15: Expecting value"),
        ("[]", "expected an object whose version is 1"),
        ('{"version": 2}', "expected an object whose version is 1"),
        ('{"version": 1, "projects": {}}', "'projects' is not an array"),
        ('{"version": 1, "projects": [7]}', "projects 1 is not an object"),
        ('{"version": 1, "projects": [{"id": "x"}]}', "projects 1 has no text in 'partition'"),
        (json.dumps({"version": 1, "projects": [ENTRY, ENTRY]}), "'web' is there twice for aws/"),
        (
            json.dumps({"version": 1, "projects": [{**ENTRY, "tags": 5}]}),
            "projects 1: 'tags' is not an object of texts",
        ),
        (
            json.dumps({"version": 1, "projects": [ENTRY, {**ENTRY, "tags": {"team": 5}}]}),
            "projects 2: 'tags' is not an object of texts",
        ),
        ("[" * 100_000, "a nesting"),
        ('{"version": ' + "9" * 5000 + "}", "a number"),
        (json.dumps({"version": 1, "projects": [{**ENTRY, "name": "\ud800"}]}), "half a character"),
        (json.dumps({"version": 1, "history": [ENTRY]}), "history 1 has no text in 'tag'"),
    ],
)
def test_a_lock_that_was_edited_by_hand(tmp_path: Path, text: str, what: str) -> None:
    path = tmp_path / "costmark.lock"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match="the lock is a cache: remove it") as caught:
        read_lock(path)
    assert what in str(caught.value)


# --- Plan files -----------------------------------------------------------------------------------


def test_plan_files_come_back_as_they_were(tmp_path: Path) -> None:
    changes = (
        Change("create", "web", None, new_name="web", tags={IDENTITY_TAG: (None, "shop/web")}),
        Change("update", "web", "proj_1", old_name="x", new_name="y", tags={"a": ("1", None)}),
        Change("archive", "old", "proj_2", old_name="old", why="it is not in the file"),
    )
    planned = [Planned("prod", Place(**PLACE), "hash", changes)]
    write_plan(tmp_path / "plan", "shop", planned)
    assert read_plan(tmp_path / "plan", "shop") == planned
    with pytest.raises(ConfigurationError, match="a plan of the stack 'shop', not of 'other'"):
        read_plan(tmp_path / "plan", "other")


@pytest.mark.parametrize(
    "text", ["", "[]", '{"version": 2}', '{"version": 1, "places": [{}]}', "[" * 100_000]
)
def test_what_is_no_plan_file(tmp_path: Path, text: str) -> None:
    (tmp_path / "plan").write_text(text)
    with pytest.raises(ConfigurationError, match="is not a plan of 'costmark projects plan --out'"):
        read_plan(tmp_path / "plan", "shop")


def test_changes_with_surprises_are_refused(tmp_path: Path) -> None:
    change = Change("update", "web", "proj_1").document()
    place: dict[str, Any] = {"target": "x", **PLACE, "state": ""}
    surprises: list[dict[str, Any]] = [
        *({"action": "delete"}, {"project": None}, {"surprise": 1}, {"name": 7}),
        *({"new_name": ["y"]}, {"why": "\ud800"}, {"action": "create", "tags": {}}),
        *({"tags": {"a": each}} for each in (1, "xy", [None, None], [None, 5], ["x"])),
    ]
    for bad in surprises:
        document = {"version": 1, "stack": "shop", "places": [{**place, "changes": [change | bad]}]}
        (tmp_path / "plan").write_text(json.dumps(document))
        with pytest.raises(ConfigurationError, match="is not a plan"):
            read_plan(tmp_path / "plan", "shop")
