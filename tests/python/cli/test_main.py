"""The command line as a whole: what there is, how it refuses, how it ends."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from costmark.__main__ import main as script
from costmark.cli.main import main
from ledger.segments import attempt, write_segment

ROOT = Path(__file__).resolve().parents[3]
COMMANDS = [
    *(
        ["budgets"],
        ["chargeback"],
        ["compare"],
        ["costs"],
        ["demo"],
        ["doctor"],
        ["emulator"],
        ["experiments"],
        ["export"],
        ["export-setup"],
        ["ledger"],
        ["options"],
        ["policy"],
        ["prices"],
        ["projects"],
        ["reconcile"],
        ["report"],
        ["run"],
        ["sql"],
        ["tags"],
        ["token"],
        ["top"],
        ["version"],
    ),
    *(["doctor", "credentials"], ["doctor", "route"], ["doctor", "attribution"]),
    *(["tags", name] for name in ("status", "activate", "wait")),
    *(["budgets", name] for name in ("show", "rebuild")),
    *(["experiments", name] for name in ("list", "gc")),
    *(["projects", name] for name in ("plan", "apply", "drift", "import")),
    *(["prices", name] for name in ("show", "check")),
    *(["ledger", name] for name in ("show", "tail", "verify", "compact", "prune", "erase", "push")),
]


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "costmark.cli", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_has_help_and_refuses_unknown_options(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="0"):
        main([*command, "--help"])
    assert capsys.readouterr().out.startswith(f"usage: costmark {' '.join(command)} ")
    with pytest.raises(SystemExit, match="2"):
        main([*command, "--surprise"])
    # argparse asks for what is required first.
    assert "--surprise" in capsys.readouterr().err or command[0] in (
        "chargeback",
        "compare",
        "costs",
        "doctor",
        "experiments",
        "export",
        "export-setup",
        "ledger",
        "projects",
        "reconcile",
        "report",
        "run",
        "sql",
        "top",
    )


def test_the_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    shown = capsys.readouterr().out
    assert re.findall(r"^    ([\w-]+)(?:  |$)", shown, re.MULTILINE) == [
        each for each, *subject in COMMANDS if not subject
    ]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("emulate", "there is no command 'emulate'; did you mean emulator?"),
        ("export_setup", "there is no command 'export_setup'; did you mean export-setup?"),
        ("frobnicate", "there is no command 'frobnicate'; `costmark --help` lists them"),
        ("ledger shwo", "there is no part 'shwo'; did you mean show?"),
        ("doctor rotue", "there is no subject 'rotue'; did you mean route?"),
        ("prices frobnicate", "'frobnicate'; `costmark prices --help` lists them"),
    ],
)
def test_an_unknown_command_is_refused_with_the_nearest(
    given: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(given.split())
    shown = capsys.readouterr().err
    assert shown.startswith("usage: costmark")
    assert shown.endswith(f"{told}\n")


def test_errors_become_one_line_and_status_1(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COSTMARK_ROUTES", "/nowhere/at/all")
    assert main(["doctor", "route", "openai.gpt-oss-20b"]) == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith("costmark: option 'routes': ")


@pytest.mark.parametrize("stream", [0, 1, 2])
@pytest.mark.parametrize("command", ["version", "doctor route", "projects plan"])
def test_streams_that_are_closed_are_no_error(command: str, stream: int, tmp_path: Path) -> None:
    script = f"exec {stream}>&-; exec {sys.executable} -m costmark.cli {command}"
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    is_refused = command == "projects plan"  # there is no file: told on standard error alone
    assert (done.returncode, done.stdout == "") == (int(is_refused), is_refused or stream == 1)
    assert (done.stderr == "") == (not is_refused or stream == 2)
    assert "Traceback" not in done.stderr


def test_a_disk_that_is_full_is_told() -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "costmark.cli", "options"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stderr) == (1, "costmark: No space left on device\n")


@pytest.mark.parametrize("kind", ["folder", "loop", "below a file", "too long"])
def test_files_of_every_wrong_kind_are_told(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = {"below a file": tmp_path / "file" / "x", "too long": tmp_path / ("x" * 300)}.get(
        kind, tmp_path / "wrong"
    )
    (tmp_path / "file").touch()
    if kind == "folder":
        path.mkdir()
    elif kind == "loop":
        path.symlink_to(path)
    assert main(["projects", "plan", "--file", str(path)]) == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith(f"costmark: {path}: ")


def test_an_interrupt_ends_what_waits_for_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/v1"
        monkeypatch.setenv("COSTMARK_BEARER_TOKEN", "x")
        monkeypatch.setenv("COSTMARK_AUTH", "bearer")  # or it is warned of, at whatever moment
        process = start("projects", "list", "--base-url", url, "--region", "us-east-1")
        silent.settimeout(30)
        connection, _ = silent.accept()
        with connection:
            connection.recv(1)
            process.send_signal(signal.SIGINT)
            assert process.communicate(timeout=30) == ("", "costmark: interrupted\n")
    assert process.returncode == 130


@pytest.mark.parametrize("given", [("--name", "\udcff"), ("--name", "x", "--tags", "a=\udcff")])
def test_bytes_that_are_no_text_are_refused(
    given: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["projects", "create", *given])
    assert "is not UTF-8" in capsys.readouterr().err


def test_errors_do_not_speak_to_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["projects", "plan", "--file", "\x1b]0;pwned\x07"]) == 1
    assert "there is no \\x1b]0;pwned\\x07" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["version", "options", "doctor route"])
def test_a_reader_that_leaves_is_no_error(command: str) -> None:
    process = start(*command.split())
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait(20) == 0


def test_a_tail_that_nobody_reads_any_more_ends(tmp_path: Path) -> None:
    write_segment(tmp_path, [attempt(0)])
    process = start("ledger", "tail", str(tmp_path))
    assert process.stdout is not None
    with pytest.raises(subprocess.TimeoutExpired):  # nothing is written: it waits
        process.wait(1.5)
    process.stdout.close()
    assert process.wait(30) == 0
    assert process.stderr is not None
    assert process.stderr.read() == ""
    process.stderr.close()


def test_commands_work_without_the_emulators_extra() -> None:
    code = """
import sys
sys.modules.update(dict.fromkeys(["starlette", "uvicorn", "botocore"]))
from costmark.cli.main import main
sys.exit(main(sys.argv[1:]))
"""
    for command, status in (("version", 0), ("emulator", 2), ("emulator --project proj_a", 2)):
        done = subprocess.run(
            [sys.executable, "-c", code, *command.split()],
            capture_output=True,
            text=True,
            timeout=20,
        )
        assert done.returncode == status
        assert ("pip install 'costmark[emulator]'" in done.stderr) == (status == 2)


def test_the_emulator_is_a_command_like_the_others() -> None:
    process = start("emulator", "--port", "0", "--seed", "1", "--background-s", "0.5")
    assert process.stdout is not None
    assert process.stdout.readline().startswith("listening on http://127.0.0.1:")
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=20) == ("", "")
    assert process.returncode == 0


def test_the_emulators_refusals_name_its_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["emulator", "--port", "70000"])
    err = capsys.readouterr().err
    assert err.startswith("usage: costmark emulator ")
    assert err.endswith("costmark emulator: error: --port 70000: expected 0 to 65535\n")


def test_the_script_that_is_declared_exists() -> None:
    declared = re.search(r'^costmark = "(\S+):(\w+)"$', (ROOT / "pyproject.toml").read_text(), re.M)
    assert declared is not None
    assert (declared[1], declared[2]) == (script.__module__, script.__name__)
