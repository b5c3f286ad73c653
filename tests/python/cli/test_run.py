"""costmark run: programs that begin with patch() in force."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("httpx")

from harness import MODEL, Recorder

if TYPE_CHECKING:
    from collections.abc import Sequence

CALL = f"""
import sys, httpx
url = sys.argv[1] + "/chat/completions"
print(httpx.post(url, json={{"model": "{MODEL}", "messages": []}}).status_code)
"""


def costmark_run(
    *command: str, options: Sequence[str] = (), **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "costmark.cli", "run", *options, *command],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **environment},
    )


def covering(recorder: Recorder) -> list[str]:
    return ["--hosts", recorder.url.removeprefix("http://"), "--project", "proj_run"]


def test_a_program_is_covered(recorder: Recorder) -> None:
    done = costmark_run(
        *("--", sys.executable, "-c", CALL, recorder.base_url), options=covering(recorder)
    )
    assert (done.stdout, done.stderr, done.returncode) == ("200\n", "", 0)
    assert recorder.last.json()["project_id"] == "proj_run"


def test_variables_do_as_well(recorder: Recorder) -> None:
    done = costmark_run(
        *(sys.executable, "-c", CALL, recorder.base_url),
        COSTMARK_HOSTS=recorder.url.removeprefix("http://"),
        COSTMARK_PROJECT="proj_env",
    )
    assert (done.stdout, done.stderr) == ("200\n", "")
    assert recorder.last.json()["project_id"] == "proj_env"


def test_modules_and_python_children_are_covered(recorder: Recorder, tmp_path: Path) -> None:
    (tmp_path / "caller.py").write_text(CALL)
    (tmp_path / "parent.py").write_text(
        "import subprocess, sys\n"
        "subprocess.run([sys.executable, '-m', 'caller', sys.argv[1]], check=True)\n"
        f"exec({CALL!r})\n"
    )
    done = costmark_run(
        *(sys.executable, "-m", "parent", recorder.base_url),
        options=covering(recorder),
        PYTHONPATH=str(tmp_path),
    )
    assert (done.stdout, done.stderr) == ("200\n200\n", "")
    assert [each.json()["project_id"] for each in recorder.requests] == ["proj_run"] * 2


def test_a_console_script_is_covered(recorder: Recorder, tmp_path: Path) -> None:
    script = tmp_path / "call"
    script.write_text(f"#!{sys.executable}\n{CALL}")
    script.chmod(0o755)
    done = costmark_run(
        *("call", recorder.base_url),
        options=covering(recorder),
        PATH=f"{tmp_path}{os.pathsep}{os.environ['PATH']}",
    )
    assert (done.stdout, done.stderr) == ("200\n", "")
    assert recorder.last.json()["project_id"] == "proj_run"


def test_a_sitecustomize_that_is_there_runs_too(recorder: Recorder, tmp_path: Path) -> None:
    log = tmp_path / "log"
    (tmp_path / "sitecustomize.py").write_text(
        f"import sys\nopen({str(log)!r}, 'a').write(sys.argv[0] + '\\n')\nmark = 1\n"
    )
    code = CALL + "import sitecustomize\nprint(sitecustomize.mark)\n"
    done = costmark_run(
        *(sys.executable, "-c", code, recorder.base_url),
        options=covering(recorder),
        PYTHONPATH=str(tmp_path),
    )
    assert (done.stdout, done.stderr) == ("200\n1\n", "")
    assert log.read_text().splitlines() == ["-m", "-c"]  # of costmark itself, and of the program
    assert recorder.last.json()["project_id"] == "proj_run"


def test_arguments_pass_as_they_are() -> None:
    code = "import sys; print(sys.argv[1:])"
    arguments = ["--project", "x", "--", "--help", "a b"]
    done = costmark_run("--", sys.executable, "-c", code, *arguments, options=["--project", "y"])
    assert (done.stdout, done.stderr) == (f"{arguments}\n", "")


def test_exit_codes_and_signals_pass() -> None:
    assert costmark_run(sys.executable, "-c", "raise SystemExit(7)").returncode == 7
    code = "import time; print('up', flush=True); time.sleep(60)"
    with subprocess.Popen(
        [sys.executable, "-m", "costmark.cli", "run", "--", sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == -signal.SIGTERM


def test_what_cannot_be_started(tmp_path: Path) -> None:
    missing = costmark_run("no-such-program-anywhere")
    assert (missing.returncode, missing.stderr) == (
        127,
        "costmark: no-such-program-anywhere: no such program\n",
    )
    file = tmp_path / "data"
    file.write_text("")
    denied = costmark_run(str(file))
    assert (denied.returncode, denied.stderr) == (126, f"costmark: {file}: Permission denied\n")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--unattributed", "perhaps"], "unattributed"),
        (["--hosts", "http://x"], "hosts"),
        (["--project", "a b"], "project"),
    ],
)
def test_bad_options_are_said_before_anything_starts(options: list[str], said: str) -> None:
    done = costmark_run(sys.executable, "-c", "print('started')", options=options)
    assert (done.returncode, done.stdout) == (1, "")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_secrets_are_no_options() -> None:
    done = costmark_run(sys.executable, options=["--secret-access-key", "x"])
    assert done.returncode == 2


def other_python(tmp_path: Path) -> str:
    """A Python of the same version in which costmark is not installed."""
    subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "venv")], check=True
    )
    return str(tmp_path / "venv" / "bin" / "python")


def test_a_python_without_costmark_is_covered_too(recorder: Recorder, tmp_path: Path) -> None:
    code = "import costmark; print(costmark.__version__ > '', bool(costmark.coverage().hosts))"
    done = costmark_run(other_python(tmp_path), "-c", code, options=covering(recorder))
    assert (done.stdout, done.stderr) == ("True True\n", "")


def test_a_python_that_cannot_be_covered_does_not_start_under_a_policy(tmp_path: Path) -> None:
    import costmark

    ours = Path(costmark.__file__).parent / "_run" / "sitecustomize.py"
    (tmp_path / "costmark" / "_run").mkdir(parents=True)
    (tmp_path / "costmark" / "__init__.py").write_text("raise ImportError('for another Python')")
    shutil.copy(ours, tmp_path / "costmark" / "_run")
    for policy in (None, "COSTMARK_UNATTRIBUTED=refuse", "COSTMARK_ALLOWED_PROJECTS=proj_*"):
        environment = {**os.environ, "PYTHONPATH": str(tmp_path / "costmark" / "_run")}
        environment.update([policy.split("=")] if policy else [])
        done = subprocess.run(
            [other_python(tmp_path), "-c", "print('started')"],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == (1 if policy else 0)
        assert "are not covered: for another Python" in done.stderr
        assert ("started" in done.stdout) == (policy is None)


SERVER = f"""
import os, httpx
def app(environ, start_response):
    url = os.environ["TARGET"] + "/chat/completions"
    status = httpx.post(url, json={{"model": "{MODEL}", "messages": []}}).status_code
    start_response("200 OK", [("content-type", "text/plain")])
    return [str(status).encode()]
"""


def test_a_gunicorn_server(recorder: Recorder, tmp_path: Path) -> None:
    pytest.importorskip("gunicorn")
    (tmp_path / "served.py").write_text(SERVER)
    socket = tmp_path / "socket"
    process: Any = subprocess.Popen(
        [
            *(sys.executable, "-m", "costmark.cli", "run", *covering(recorder), "--"),
            *(sys.executable, "-m", "gunicorn", "--bind", f"unix:{socket}", "--workers", "2"),
            *("--chdir", str(tmp_path), "served:app"),
        ],
        env={**os.environ, "TARGET": recorder.base_url},
        stderr=subprocess.PIPE,
    )
    try:
        assert _get(socket) == b"200"
    finally:
        process.terminate()
        process.communicate(timeout=30)
    assert process.returncode == 0
    assert recorder.last.json()["project_id"] == "proj_run"


def _get(socket: Path) -> bytes:
    import httpx

    for _ in range(200):
        if socket.exists():
            break
        time.sleep(0.1)
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(socket))) as client:
        return client.get("http://server/", timeout=20).content
