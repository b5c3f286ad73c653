"""The examples, built with the line that each has in its head and run against the emulator.

They are built in an installed prefix, with nothing but what pkg-config prints: against the shared
library, and against the archive.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY, Emulator, run_emulator

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
PROJECT = "proj_examples"
STRICT = "-Wall -Wextra -pedantic -Werror"
CHAT = b'{"model": "openai.gpt-oss-20b", "messages": [{"role": "user", "content": "Hello"}]}'
VALGRIND = (
    "valgrind",
    "--quiet",
    "--error-exitcode=99",
    "--leak-check=full",
    "--show-leak-kinds=definite,indirect,possible",
    "--errors-for-leak-kinds=definite,indirect,possible",
)


def signing(origin: str, **more: str) -> dict[str, str]:
    """The environment of a program that is to sign for a host that is none of Bedrock's."""
    return {
        "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
        "COSTMARK_AUTH": "sigv4",
        "COSTMARK_BASE_URL": origin,
        "COSTMARK_REGION": REGION,
        "COSTMARK_SERVICE": "bedrock-mantle",
        **more,
    }


needs_valgrind = pytest.mark.skipif(
    not shutil.which("valgrind"), reason="valgrind is not installed"
)
plain_or_valgrind = pytest.mark.parametrize(
    "under", [(), pytest.param(VALGRIND, marks=needs_valgrind)], ids=["plain", "valgrind"]
)


@dataclass
class Prefix:
    """Where costmark is installed, and what was built with it."""

    folder: Path

    @property
    def library(self) -> Path:
        return next(self.folder.glob("**/libcostmark.so")).parent

    def environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        return {
            **kept,
            "PKG_CONFIG_PATH": str(self.library / "pkgconfig"),
            "LD_LIBRARY_PATH": str(self.library),
        }

    def build(
        self, source: str, *, compiler: str = "", flags: str = STRICT, static: bool = False
    ) -> Path:
        """Runs the line in the head of an example, with more flags, and returns the program."""
        kind = "static" if static else "shared"
        folder = EXAMPLES / Path(source).suffix.removeprefix(".")
        program = self.folder / f"{source}-{compiler}-{kind}-{len(flags)}"
        if program.exists():
            return program
        head = (folder / source).read_text().partition("#include")[0]
        line = re.search(r"\b(gcc|g\+\+) .* -o \w+$", head, re.MULTILINE)
        assert line, f"no line that builds it in the head of {source}"
        command, _, _ = line[0].rpartition(" -o ")
        if compiler:
            command = command.replace(line[1], compiler, 1)
        if static:
            command = command.replace(" costmark", " costmark-static")
        command += f" {flags} -o {shlex.quote(str(program))}"
        run = subprocess.run(
            ["sh", "-c", command],
            cwd=folder,
            env=self.environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, f"{command}\n{run.stderr}"
        assert run.stderr == ""
        return program

    def run(
        self, program: Path, *arguments: str, under: tuple[str, ...] = (), **options: Any
    ) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [*under, program, *arguments],
            env={**self.environment(), **options.pop("settings", {})},
            capture_output=True,
            timeout=60,
            check=False,
            **options,
        )


@pytest.fixture(scope="module")
def prefix(tmp_path_factory: pytest.TempPathFactory) -> Prefix:
    named = os.environ.get("COSTMARK_LIBRARY")
    if not named:
        pytest.skip("COSTMARK_LIBRARY does not name a libcostmark.so of a build")
    if not shutil.which("pkg-config") or not shutil.which("gcc"):
        pytest.skip("the examples are built with gcc and pkg-config")
    build = Path(named).resolve().parents[1]
    folder = tmp_path_factory.mktemp("prefix")
    subprocess.run(
        ["cmake", "--install", build, "--prefix", folder], check=True, capture_output=True
    )
    return Prefix(folder)


@pytest.fixture(scope="module")
def _process() -> Iterator[Emulator]:
    with run_emulator("--project", PROJECT) as emulator:
        yield emulator


@pytest.fixture
def emulator(_process: Emulator) -> Emulator:
    for what in ("usage", "requests", "faults"):
        _process.fetch(f"/_emulator/{what}", method="DELETE")
    return _process


def chat_url(emulator: Emulator) -> str:
    return f"{emulator.base_url}/chat/completions"


def check_counted(emulator: Emulator, said: bytes, *, outcome: str = "ok") -> None:
    """The emulator's record and what the program says it used are the same."""
    (record,) = emulator.usage()
    assert record["project"] == PROJECT
    assert record["signed_by"] == "sigv4"
    assert record["streamed"]
    line = (
        f"{PROJECT}: {record['input_tokens']} tokens in, {record['output_tokens']} out; {outcome}"
    )
    assert line in said.decode()


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
@pytest.mark.parametrize("source", sorted(path.name for path in EXAMPLES.glob("c/*.c")))
def test_c99_without_a_warning(prefix: Prefix, source: str, compiler: str) -> None:
    if not shutil.which(compiler):
        pytest.skip(f"{compiler} is not installed")
    prefix.build(source, compiler=compiler, flags=f"-std=c99 -O2 {STRICT}")


def test_send_counts_its_attempts(prefix: Prefix, emulator: Emulator) -> None:
    program, settings = prefix.build("send.c"), signing(emulator.url)
    once = prefix.run(program, PROJECT, chat_url(emulator), settings=settings)
    assert once.stderr.endswith(b"ok after 1 attempt\n")
    emulator.fault("status", status=500)
    twice = prefix.run(program, PROJECT, chat_url(emulator), settings=settings)
    assert twice.stderr.endswith(b"ok after 2 attempts\n")


@plain_or_valgrind
def test_prepare(prefix: Prefix, under: tuple[str, ...]) -> None:
    done = prefix.run(prefix.build("prepare.c"), under=under, settings={})
    assert done.returncode == 0, done.stderr
    assert b"project proj_abc123, from client" in done.stdout


@plain_or_valgrind
@pytest.mark.parametrize("source", ["curl.c", "send.c", "send.cpp"])
def test_a_stream_is_attributed_signed_and_counted(
    prefix: Prefix, emulator: Emulator, source: str, under: tuple[str, ...]
) -> None:
    done = prefix.run(
        prefix.build(source),
        PROJECT,
        chat_url(emulator),
        under=under,
        settings=signing(emulator.url),
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(b"data: {")
    assert done.stdout.endswith(b"data: [DONE]\n\n")
    check_counted(emulator, done.stderr)
    (request,) = emulator.requests()
    # It did not ask for the usage chunk, so it must not see one.
    assert '"include_usage":true' in request["body"].replace(" ", "")
    assert b'"usage":{' not in done.stdout.replace(b" ", b"")


@pytest.mark.parametrize("source", ["curl.c", "send.c", "send.cpp"])
def test_the_archive_does_the_same(prefix: Prefix, emulator: Emulator, source: str) -> None:
    program = prefix.build(source, static=True)
    needed = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    assert "libcostmark" not in needed
    done = prefix.run(program, PROJECT, chat_url(emulator), settings=signing(emulator.url))
    assert done.returncode == 0, done.stderr
    check_counted(emulator, done.stderr)


@plain_or_valgrind
def test_the_legacy_program_is_refused_and_with_costmark_it_is_not(
    prefix: Prefix, emulator: Emulator, under: tuple[str, ...]
) -> None:
    old = subprocess.run(
        ["sh", "-c", f"gcc {STRICT} legacy.c -lcurl -o '{prefix.folder}/old'"],
        cwd=EXAMPLES / "c",
        check=False,
    )
    assert old.returncode == 0
    settings = signing(emulator.url, COSTMARK_PROJECT=PROJECT)
    before = prefix.run(prefix.folder / "old", chat_url(emulator), input=CHAT, settings=settings)
    assert before.returncode == 1
    assert emulator.usage() == []
    program = prefix.build("legacy.c")
    after = prefix.run(program, chat_url(emulator), input=CHAT, settings=settings, under=under)
    assert after.returncode == 0, after.stderr
    assert b'"chat.completion"' in after.stdout
    (record,) = emulator.usage()
    assert (record["project"], record["signed_by"]) == (PROJECT, "sigv4")


@plain_or_valgrind
def test_the_legacy_program_does_not_bill_the_default_project_in_silence(
    prefix: Prefix, emulator: Emulator, under: tuple[str, ...]
) -> None:
    program = prefix.build("legacy.c")
    settings = signing(emulator.url)
    done = prefix.run(program, chat_url(emulator), input=CHAT, settings=settings, under=under)
    assert done.returncode == 0, done.stderr
    assert b"costmark: the default project pays" in done.stderr
    (record,) = emulator.usage()
    assert record["project"] == "default"


@pytest.mark.parametrize("source", ["curl.c", "send.c", "send.cpp"])
def test_no_program_bills_the_default_project_in_silence(
    prefix: Prefix, emulator: Emulator, source: str
) -> None:
    done = prefix.run(prefix.build(source), "", chat_url(emulator), settings=signing(emulator.url))
    assert done.returncode == 0, done.stderr
    assert b"the default project pays" in done.stderr
    (record,) = emulator.usage()
    assert record["project"] == "default"


def test_the_legacy_program_takes_about_thirty_lines_more() -> None:
    source = (EXAMPLES / "c" / "legacy.c").read_text()
    added = re.findall(r"^#ifdef COSTMARK\n(.*?)^#endif\n", source, re.MULTILINE | re.DOTALL)
    assert 3 <= sum(text.count("\n") for text in added) <= 45


@plain_or_valgrind
@pytest.mark.parametrize("source", ["curl.c", "legacy.c", "send.c", "send.cpp"])
def test_what_is_refused_is_not_sent(
    prefix: Prefix, emulator: Emulator, source: str, under: tuple[str, ...]
) -> None:
    arguments = [chat_url(emulator)] if source == "legacy.c" else ["", chat_url(emulator)]
    settings = signing(emulator.url, COSTMARK_UNATTRIBUTED="refuse")
    done = prefix.run(prefix.build(source), *arguments, under=under, settings=settings, input=CHAT)
    assert done.returncode == 1, done.stderr
    assert done.stdout == b""
    assert b"no project" in done.stderr
    assert SECRET_ACCESS_KEY.encode() not in done.stderr
    assert emulator.requests() == []


@plain_or_valgrind
@pytest.mark.parametrize("source", ["curl.c", "send.c", "send.cpp"])
def test_an_answer_that_refuses_is_shown_and_fails(
    prefix: Prefix, emulator: Emulator, source: str, under: tuple[str, ...]
) -> None:
    emulator.fault("status", status=404, message="there is no such thing", count=9)
    done = prefix.run(
        prefix.build(source),
        PROJECT,
        chat_url(emulator),
        under=under,
        settings=signing(emulator.url),
    )
    assert done.returncode == 1
    assert done.stdout == b""
    assert b"404" in done.stderr or b"there is no such thing" in done.stderr
    assert len(emulator.requests()) == 1


@pytest.mark.parametrize("source", ["curl.c", "send.c", "send.cpp"])
def test_a_wrong_clock_costs_one_attempt(prefix: Prefix, source: str) -> None:
    with run_emulator("--project", PROJECT, "--clock-offset-s", "3600") as ahead:
        done = prefix.run(
            prefix.build(source), PROJECT, chat_url(ahead), settings=signing(ahead.url)
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith(b"data: {")
        assert [request["status"] for request in ahead.requests()] == [401, 200]
        check_counted(ahead, done.stderr)


@pytest.mark.parametrize("source", ["curl.c", "send.c", "send.cpp"])
def test_a_server_that_is_not_there(prefix: Prefix, source: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    url = f"http://127.0.0.1:{port}/v1/chat/completions"
    settings = signing(url, COSTMARK_MAX_ATTEMPTS="1")
    done = prefix.run(prefix.build(source), PROJECT, url, settings=settings)
    assert done.returncode == 1
    assert done.stdout == b""
    assert b"connect" in done.stderr


@pytest.mark.parametrize("source", ["curl.c", "send.c", "send.cpp"])
def test_a_stream_that_breaks_off(prefix: Prefix, emulator: Emulator, source: str) -> None:
    emulator.fault("drop_stream", after_events=2)
    done = prefix.run(
        prefix.build(source), PROJECT, chat_url(emulator), settings=signing(emulator.url)
    )
    assert done.returncode == 1
    assert done.stdout.startswith(b"data: {")
    assert b"incomplete" in done.stderr
    assert len(emulator.usage()) == 1


@plain_or_valgrind
def test_ctrl_c_stops_a_stream(prefix: Prefix, emulator: Emulator, under: tuple[str, ...]) -> None:
    emulator.fault("slow", delay_s=0.2)
    with subprocess.Popen(
        [*under, prefix.build("send.c"), PROJECT, chat_url(emulator)],
        env={**prefix.environment(), **signing(emulator.url)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b"data: {")
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 130, said
    assert b"cancelled" in said


# --- Documentation --------------------------------------------------------------------------------

PRINTED_PROJECT = "proj_5d5ykleja6cwpirysbb7"
_BEDROCK = "https://bedrock-mantle.us-east-1.api.aws/v1"
_COMPILERS = {"c": "gcc -std=c99", "cpp": "g++ -std=c++17"}


def printed_programs() -> list[tuple[str, str, str]]:
    """Where it stands, its language, and the text of every whole program of the documentation."""
    found = []
    for page in sorted((EXAMPLES.parent / "docs").glob("*.md")):
        blocks = re.findall(r"^```(c|cpp)\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
        found += [(page.name, language, text) for language, text in blocks if "int main" in text]
    return found


def build_printed(prefix: Prefix, page: str, language: str, text: str) -> Path:
    source = prefix.folder / f"{page}.{language}"
    source.write_text(text)
    program = source.with_suffix("")
    command = f"{_COMPILERS[language]} {STRICT} {source} $(pkg-config --cflags --libs costmark)"
    done = subprocess.run(
        ["sh", "-c", f"{command} -o {program}"],
        env=prefix.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return program


@pytest.mark.parametrize(
    ("page", "language", "text"), printed_programs(), ids=[each[0] for each in printed_programs()]
)
def test_what_the_documentation_prints_compiles(
    prefix: Prefix, page: str, language: str, text: str
) -> None:
    build_printed(prefix, page, language, text)


def test_the_program_of_send_md_streams_an_answer(prefix: Prefix, emulator: Emulator) -> None:
    (text,) = (text for page, _, text in printed_programs() if page == "send.md")
    assert text.count(_BEDROCK) == text.count(PRINTED_PROJECT) == 1
    text = text.replace(_BEDROCK, emulator.base_url).replace(PRINTED_PROJECT, PROJECT)
    program = build_printed(prefix, "send", "cpp", text)
    done = prefix.run(program, settings=signing(emulator.url))
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith(b"data: [DONE]\n\n")
    (record,) = emulator.usage()
    assert record["project"] == PROJECT
    assert done.stderr.decode() == f"{record['output_tokens']} tokens out\n"
