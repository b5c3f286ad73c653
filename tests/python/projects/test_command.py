"""``costmark projects``, and what docs/projects.md shows, against the emulator."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from costmark.cli.main import main
from harness import ACCESS_KEY_ID, SECRET_ACCESS_KEY
from projects.support import options_for

if TYPE_CHECKING:
    from harness import Emulator

DOCS = Path(__file__).parents[3] / "docs" / "projects.md"


@pytest.fixture
def command(
    account: Emulator,
    plane: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Any:
    """Runs a part of the command on the plane, and returns status, output and complaints."""
    for name, value in options_for(account).items():
        monkeypatch.setenv(f"COSTMARK_{name.upper()}", value)

    def run(*arguments: str) -> tuple[int, str, str]:
        status = main(["projects", *arguments, "--plane", plane])
        told = capsys.readouterr()
        return status, told.out, told.err

    return run


def shown(result: tuple[int, str, str]) -> Any:
    status, out, err = result
    assert (status, err) == (0, "")
    return json.loads(out)


def test_all_parts(command: Any) -> None:
    made = shown(command("create", "--name", "my app", "--tags", "team=x,env=prod", "--json"))
    assert made["tags"] == {"team": "x", "env": "prod"}
    found = shown(command("show", made["id"], "--json"))
    assert found == made
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", found["created_at"])
    tagged = shown(command("tag", made["id"], "owner=ann", "env=test", "--json"))
    assert tagged["tags"] == {"team": "x", "env": "test", "owner": "ann"}
    untagged = shown(command("untag", made["arn"], "team", "env", "--json"))
    assert untagged["tags"] == {"owner": "ann"}
    assert shown(command("rename", made["id"], "new", "--json"))["name"] == "new"
    listed = shown(command("list", "--json"))
    assert made["id"] in {each["id"] for each in listed}
    assert shown(command("archive", made["id"], "--yes", "--json"))["status"] == "archived"
    assert made["id"] not in {each["id"] for each in shown(command("list", "--json"))}
    everything = shown(command("list", "--archived", "--json"))
    assert made["id"] in {each["id"] for each in everything}


def test_archiving_asks_first(command: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    made = shown(command("create", "--name", "my app", "--json"))
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    status, out, err = command("archive", made["id"])
    assert (status, out) == (1, "")
    assert f"'my app' ({made['id']}, account 111122223333, us-east-1) takes no call" in err
    assert "cannot be undone" in err
    assert "--yes says that it is wanted" in err

    class Person(io.StringIO):
        def isatty(self) -> bool:
            return True

    for said in ("n\n", "", "yes please\n"):
        monkeypatch.setattr("sys.stdin", Person(said))
        status, out, err = command("archive", made["id"], "--json")
        assert (status, out) == (1, "")
        assert err.endswith("Go on? [y/N] costmark: nothing was changed\n")
        assert shown(command("show", made["id"], "--json"))["status"] == "active"
    monkeypatch.setattr("sys.stdin", Person("y\n"))
    status, out, _ = command("archive", made["id"], "--json")
    assert status == 0
    assert json.loads(out)["status"] == "archived"


def test_the_environment_of_the_sdks_is_enough(
    account: Emulator,
    plane: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in list(os.environ):
        if name.startswith(("AWS_", "COSTMARK_", "OPENAI_")):
            monkeypatch.delenv(name)
    for name, value in {
        "AWS_ENDPOINT_URL": account.url,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
    }.items():
        monkeypatch.setenv(name, value)
    assert main(["projects", "create", "--name", "by sdk", "--plane", plane, "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert main(["projects", "show", made["id"], "--plane", plane, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["name"] == "by sdk"
    # What costmark's own option says comes before.
    monkeypatch.setenv("COSTMARK_BASE_URL", "http://127.0.0.1:1/v1")
    assert main(["projects", "show", made["id"], "--plane", plane]) == 1
    assert "127.0.0.1:1" in capsys.readouterr().err


def test_text(command: Any, plane: str) -> None:
    made = shown(command("create", "--name", "text", "--tags", "team=x", "--json"))
    status, out, _ = command("show", made["id"])
    assert status == 0
    assert re.search(rf"^id +{made['id']}$", out, re.MULTILINE)
    assert re.search(r"^tags +team=x$", out, re.MULTILINE)
    lines = command("list")[1].splitlines()
    assert re.match(r"ID +NAME +STATUS +CREATED \(UTC\) +TAGS$", lines[0])
    line = next(each for each in lines if each.startswith(made["id"]))
    assert line.endswith("team=x" if plane == "mantle" else "-")
    lines = command("list", "--with-tags")[1].splitlines()
    assert next(each for each in lines if each.startswith(made["id"])).endswith("team=x")


def test_formats_for_other_programs(command: Any, plane: str) -> None:
    name = 'a "quoted" ${name}'
    made = shown(command("create", "--name", name, "--tags", "team=x", "--json"))
    status, out, err = command("show", made["id"], "--format", "tfvars")
    assert status == 0
    assert out == (
        "projects = {\n"
        f'  "{made["id"]}" = {{\n'
        f'    arn  = "{made["arn"]}"\n'
        '    name = "a \\"quoted\\" $${name}"\n'
        "    tags = {\n"
        '      "team" = "x"\n'
        "    }\n  }\n}\n"
    )
    assert ("of the bedrock plane" in err) == (plane == "bedrock")
    template = json.loads(command("show", made["id"], "--format", "cloudformation")[1])
    (logical_id, resource), *others = template["Resources"].items()
    assert others == []
    assert logical_id == "ProjectAQuotedNameX" + made["id"].removeprefix("proj_")
    assert resource["Type"] == "AWS::BedrockMantle::Project"
    assert resource["Properties"] == {"Name": name, "Tags": [{"Key": "team", "Value": "x"}]}
    listed = json.loads(command("list", "--format", "cloudformation")[1])
    assert logical_id in listed["Resources"]
    variables = command("list", "--format", "tfvars")[1]
    assert made["id"] in variables
    assert '"default"' not in variables  # which AWS makes


def test_errors(command: Any, account: Emulator) -> None:
    status, out, err = command("show", "proj_none")
    assert (status, out) == (1, "")
    assert err.startswith("costmark: cannot read project 'proj_none': there is no project")
    status, _, err = command("create", "--name", "x", "--tags", "aws:team=x")
    assert status == 1
    assert "reserved for AWS" in err
    account.fetch("/_emulator/requests", method="DELETE")
    for wrong in (["--tags", "team"], ["--tags", "=x"], ["--tags", ""], ["--tgas", "a=b"]):
        with pytest.raises(SystemExit) as ended:
            command("create", "--name", "x", *wrong)
        assert ended.value.code == 2
    assert account.requests() == []


def test_the_examples_of_the_manual(account: Emulator) -> None:
    """Those in Python as they stand; each line of the shell with the project that there is."""
    blocks = re.findall(r"^```(python|sh)\n(.*?)^```", DOCS.read_text(), re.MULTILINE | re.DOTALL)
    names = {f"COSTMARK_{n.upper()}": v for n, v in options_for(account).items()}
    env = {n: v for n, v in os.environ.items() if not n.startswith("AWS_")} | names
    made: str | None = None
    for language, code in blocks:
        lines = [["-c", code]] if language == "python" else _commands(code)
        for line in lines:
            known = [made if made and word.startswith("proj_") else word for word in line]
            ran = subprocess.run(
                [sys.executable, *known], env=env, capture_output=True, text=True, check=False
            )
            assert ran.returncode == 0, ran.stderr
            found = re.search(r"^id +(proj_\w+)", ran.stdout, re.MULTILINE)
            made = found[1] if found else made
    assert made is not None


def _commands(code: str) -> list[list[str]]:
    return [["-m", "costmark.cli", *line.split()[1:]] for line in code.strip().splitlines()]
