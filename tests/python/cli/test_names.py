"""Names of projects, by the lock: where commands take them, and where they show them."""

from __future__ import annotations

import csv
import html
import io
import json
from typing import TYPE_CHECKING, Any

import pytest

from costmark._names import names_of, shown
from costmark.cli.main import main
from costmark.errors import ConfigurationError
from ledger.segments import attempt, write_segment

if TYPE_CHECKING:
    from pathlib import Path

PRICED: dict[str, Any] = {
    "model": "openai.gpt-oss-120b",
    "region": "us-east-1",
    "tier": "default",
    "meters": {},
}
LOCK = [
    {"id": "proj_a", "name": "support", "account": "111122223333", "region": "us-east-1"},
    {"id": "proj_b", "name": "support", "account": "111122223333", "region": "eu-west-1"},
    {"id": "proj_c", "name": '<b onclick="x">', "plane": "mantle", "region": "us-east-1"},
    {"id": "team-id", "name": "research", "plane": "mantle", "region": "us-east-1"},
    {"id": "proj_r", "name": "research", "plane": "bedrock", "region": "us-east-1"},
]
NOVEMBER = "2025-11"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A ledger of four projects, and their lock, in the working folder."""
    for name in ("COSTMARK_LOCK", "COSTMARK_REGION", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    past = [{"id": "proj_old", "name": "support-2024", "tag": "s/support", "from": "2024-01-01"}]
    value = {"version": 1, "projects": LOCK, "history": past}
    (tmp_path / "costmark.lock").write_text(json.dumps(value))
    ids = ("proj_a", "proj_b", "proj_c", "team-id", "proj_old", "proj_unknown")
    rows = [attempt(n, **PRICED, project=each) for n, each in enumerate(ids)]
    rows[-1]["tags"] = {"costmark_project": "shop/from-the-rows"}
    write_segment(tmp_path / "ledger", rows)
    return tmp_path / "ledger"


def calls(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    assert main(["report", "--format", "csv", *arguments]) == 0
    rows = csv.DictReader(io.StringIO(capsys.readouterr().out))
    return sorted(row["project"] for row in rows)


def test_a_filter_takes_names_and_ids(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def of(*where: str) -> list[str]:
        conditions = [each for condition in where for each in ("--where", condition)]
        return calls(capsys, *conditions, str(folder))

    assert of("project=support") == ["proj_a", "proj_b"]  # in each Region one
    assert of("project=proj_b") == ["proj_b"]
    assert of("project=team-id") == ["team-id"]
    assert of("project=research") == ["team-id"]
    assert of("project=proj_gone") == []
    assert "proj_unknown" in of("project!=support")
    assert not {"proj_a", "proj_b"} & set(of("project!=support"))
    arn = "arn:aws:bedrock-mantle:us-east-1:111122223333:project/proj_a"
    assert of(f"project={arn}") == ["proj_a"]
    assert of("project=") == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["report", "--where", "project=suport", "LEDGER"],
        ["compare", "2025-10", "2025-11", "LEDGER", "--where", "project=suport"],
        ["ledger", "show", "--project", "suport", "LEDGER"],
        ["policy", "--project", "suport"],
        ["projects", "show", "suport", "--region", "us-east-1"],
        ["projects", "archive", "suport", "--region", "us-east-1"],
    ],
)
def test_an_unknown_name_is_an_error_with_those_there_are(
    folder: Path, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    given = [str(folder) if each == "LEDGER" else each for each in arguments]
    assert main(given) == 1
    told = capsys.readouterr().err
    assert "costmark.lock has no project that is named 'suport' (did you mean 'support'?)" in told
    assert "research, support. An id is one that it lists, or begins with 'proj_'" in told


def test_without_a_lock_every_text_is_an_id(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert calls(capsys, "--where", "project=support", "--lock", "", str(folder)) == []
    assert main(["policy", "--project", "suport", "--lock", "", "--json"]) == 0
    assert ":project/suport" in capsys.readouterr().out


def test_one_project_by_its_region_and_plane(folder: Path) -> None:
    del folder
    names = names_of()
    assert names.id_of("support", "here", "eu-west-1") == "proj_b"
    assert names.id_of("research", "here", "us-east-1", "mantle") == "team-id"
    assert names.id_of("research", "here", "us-east-1", "bedrock") == "proj_r"
    with pytest.raises(ConfigurationError, match=r"may be proj_a \(account 1+2+3+, us-east-1\) or"):
        names.id_of("support", "here")
    with pytest.raises(ConfigurationError, match=r"in us-east-2, but proj_a"):
        names.id_of("support", "here", "us-east-2")


def test_the_ledger_shows_the_rows_of_a_name(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ledger", "show", "--json", "--project", "support", str(folder)]) == 0
    rows = map(json.loads, capsys.readouterr().out.splitlines())
    assert [row["project"] for row in rows] == ["proj_a", "proj_b"]


def test_a_policy_names_the_id(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    del folder
    assert main(["policy", "--project", "support", "--region", "eu-west-1", "--json"]) == 0
    text = capsys.readouterr().out
    assert ":project/proj_b" in text
    assert "support" not in text


@pytest.mark.parametrize("command", ["report", "compare", "chargeback"])
def test_tables_show_names(folder: Path, command: str, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = {
        "report": ["report", str(folder)],
        "compare": ["compare", "2025-10", NOVEMBER, str(folder)],
        "chargeback": ["chargeback", "--by", "project", "--month", NOVEMBER, str(folder)],
    }[command]
    assert main(arguments) == 0
    first = {line.partition("  ")[0] for line in capsys.readouterr().out.splitlines()}
    assert {"support (proj_a)", "support (proj_b)", "research (team-id)"} <= first
    assert {'<b onclick="x">', "support-2024"} <= first
    assert "from-the-rows" in first
    assert main([*arguments, "--format", "json"]) == 0
    assert "support" not in capsys.readouterr().out  # programs have the ids


@pytest.mark.parametrize("command", ["report", "chargeback"])
def test_pages_show_names_and_have_the_ids(folder: Path, command: str) -> None:
    file = folder.parent / "page.html"
    more = ["--by", "project", "--month", NOVEMBER] if command == "chargeback" else []
    assert main([command, *more, "--html", str(file), str(folder)]) == 0
    page = file.read_text()
    assert 'title="support (proj_a), proj_a">support (proj_a)<' in page
    assert 'title="support-2024, proj_old">support-2024<' in page
    assert "<b onclick" not in page
    assert html.escape('<b onclick="x">, proj_c') in page


def test_focus_names_the_resource(folder: Path) -> None:
    file = folder.parent / "focus.csv"
    book = folder.parent / "book"
    lines = [
        f"openai.gpt-oss-120b us-east-1 in-region standard {kind} - - token - - USD 7 2025-11 x"
        for kind in ("input", "output")
    ]
    book.write_text("\n".join(["date 2025-11-01", *lines, ""]))
    arguments = ["--format", "focus", "--prices", str(book), "--out", str(file)]
    assert main(["export", *arguments, str(folder)]) == 0
    rows = list(csv.DictReader(io.StringIO(file.read_text())))
    named = {row["ResourceId"]: row["ResourceName"] for row in rows}
    assert named["project/proj_a"] == "support"
    assert named["project/proj_unknown"] == "from-the-rows"
    assert named["project/proj_old"] == "support-2024"


def test_names_of_experiments_are_those_of_the_ledger(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = {"name": "prompt-7", "project": "proj_unknown"}
    (folder / "experiments.jsonl").write_text(json.dumps(kept) + "\n{torn")
    assert calls(capsys, "--where", "project=prompt-7", str(folder)) == ["proj_unknown"]
    assert main(["report", str(folder)]) == 0
    assert "prompt-7 " in capsys.readouterr().out


def test_a_lock_that_cannot_be_read_hides_names_alone(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COSTMARK_LOCK", "no.lock")
    assert main(["report", str(folder)]) == 0
    told = capsys.readouterr()
    assert "names of projects are not shown: there is no no.lock" in told.err
    assert "proj_a" in told.out
    assert main(["report", "--where", "project=support", str(folder)]) == 1
    assert "there is no no.lock" in capsys.readouterr().err
    (folder.parent / "costmark.lock").write_text("[]")
    assert main(["report", "--lock", "costmark.lock", str(folder)]) == 1
    assert "costmark.lock is not a lock file of projects" in capsys.readouterr().err


def test_names_that_say_too_little_have_the_id_beside_them() -> None:
    assert shown({"p1": "a", "p2": "b", "p3": "a"}) == {"p1": "a (p1)", "p2": "b", "p3": "a (p3)"}
    found = shown({"p1": "p2", "p2": "b", "p3": "total", "p4": "default", "p5": "proj_x"})
    assert [*found.values()] == ["p2 (p1)", "b", "total (p3)", "default (p4)", "proj_x (p5)"]


def test_an_error_lists_names_on_one_line(tmp_path: Path) -> None:
    lock = tmp_path / "costmark.lock"
    project = {"name": "a\nall is well", "id": "proj_a"}
    lock.write_text(json.dumps({"version": 1, "projects": [project]}))
    with pytest.raises(ConfigurationError) as caught:
        names_of(lock).ids_of("b", "--project b")
    assert "\n" not in str(caught.value)
