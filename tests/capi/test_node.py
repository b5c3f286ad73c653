"""examples/node against the emulator: the ABI as a language sees it that has only an FFI.

Needs Node.js, npm with a registry to take koffi from (or with koffi in its cache), and the
emulator. Where one of them is missing, the tests are skipped and say so.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "node"
PROJECTS = ("proj_node1", "proj_node2")
KEYS = {
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
}


def library_path() -> Path | None:
    """Where the library is: as the environment says, or in the newest build."""
    if named := os.environ.get("COSTMARK_LIBRARY"):
        return Path(named)
    built = [*ROOT.glob("build*/capi/libcostmark.so"), *ROOT.glob("build*/*/capi/libcostmark.so")]
    return max(built, key=lambda path: path.stat().st_mtime, default=None)


@pytest.fixture(scope="module")
def library() -> Path:
    path = library_path()
    if path is None:
        pytest.skip("no libcostmark.so: build it, or name it in COSTMARK_LIBRARY")
    return path.resolve()


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example with its dependency installed: koffi, whose binary is a package of its own."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("no Node.js with npm")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    if int(version.lstrip("v").split(".")[0]) < 20:
        pytest.skip(f"Node.js {version.strip()}; the example is written for 20 and newer")
    folder = tmp_path_factory.mktemp("node")
    for file in EXAMPLE.iterdir():
        if file.is_file():
            shutil.copy(file, folder)
    install = [npm, "install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]
    try:
        done = subprocess.run(install, cwd=folder, capture_output=True, text=True, timeout=120)
    except subprocess.TimeoutExpired:
        pytest.skip("npm does not get koffi within two minutes")
    if done.returncode != 0:
        pytest.skip(f"npm cannot install koffi: {done.stderr[-300:]}")
    return folder


class Emulator:
    def __init__(self, url: str) -> None:
        self.url = url

    def ask(self, method: str, path: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"content-type": "application/json"}
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        with urllib.request.urlopen(request) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def records(self) -> list[tuple[str, bool, int, int]]:
        return [
            (each["project"], each["streamed"], each["input_tokens"], each["output_tokens"])
            for each in self.ask("GET", "/_emulator/usage")
        ]

    def statuses(self) -> list[int]:
        return [each["status"] for each in self.ask("GET", "/_emulator/requests")]


@pytest.fixture(scope="module")
def running() -> Iterator[Emulator]:
    pytest.importorskip("costmark.emulator", reason="costmark[emulator] is not installed")
    command = [sys.executable, "-m", "costmark.emulator", "--port", "0"]
    for project in PROJECTS:
        command += ["--project", project]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith("listening on "), line
            yield Emulator(line.removeprefix("listening on ").strip())
        finally:
            process.terminate()


@pytest.fixture
def emulator(running: Emulator) -> Emulator:
    running.ask("POST", "/_emulator/reset")
    return running


class Node:
    def __init__(self, folder: Path, library: Path, url: str) -> None:
        self.folder = folder
        bare = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("COSTMARK_", "AWS_", "OPENAI_"))
        }
        self.environment = bare | KEYS
        self.environment |= {
            "COSTMARK_LIBRARY": str(library),
            "COSTMARK_BASE_URL": f"{url}/v1",
            "COSTMARK_AUTH": "sigv4",
            "COSTMARK_REGION": "us-east-1",
            "COSTMARK_PROJECT": PROJECTS[0],
        }

    def run(self, *arguments: str, **environment: str) -> str:
        done = subprocess.run(
            ["node", *arguments],
            cwd=self.folder,
            env=self.environment | environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def script(self, lines: str, **environment: str) -> Any:
        """Run lines that call `tell` with what there is to tell."""
        head = """
            import { Client, CostmarkError, liveHandles } from './costmark.mjs';
            const url = `${process.env.COSTMARK_BASE_URL}/chat/completions`;
            const headers = { 'content-type': 'application/json' };
            const chat = (more = {}) => ({ url, headers, body: JSON.stringify({
              model: 'openai.gpt-oss-20b', messages: [{ role: 'user', content: 'Hello' }], ...more,
            }) });
            const tell = (told) => console.log(JSON.stringify(told));
            const read = async ({ response }) => Buffer.from(await response.arrayBuffer());
        """
        tail = "\nif (liveHandles() !== 0) throw new Error(`${liveHandles()} handles are left`);\n"
        script = self.folder / "script.mjs"
        script.write_text(head + lines + tail, encoding="utf-8")
        return json.loads(self.run("--expose-gc", script.name, **environment))


@pytest.fixture
def node(example: Path, library: Path, emulator: Emulator) -> Node:
    return Node(example, library, emulator.url)


def test_the_structs_are_those_of_the_header() -> None:
    headers = [ROOT / "capi/include/costmark" / name for name in ("costmark.h", "projects.h")]
    header = "".join(path.read_text(encoding="utf-8") for path in headers)
    header = re.sub(r"/\*.*?\*/", "", header, flags=re.DOTALL)
    written = [EXAMPLE / name for name in ("abi.mjs", "projects.mjs")]
    declared = re.findall(
        r"koffi\.struct\('(\w+)', \{(.*?)\}\)",
        "".join(path.read_text(encoding="utf-8") for path in written),
        re.DOTALL,
    )
    assert len(declared) == 15
    for name, fields in declared:
        body = re.search(rf"typedef struct {name} \{{(.*?)\n\}} {name};", header, re.DOTALL)
        assert body is not None
        wanted = re.findall(r"(\w+);\s*$", body[1], re.MULTILINE)
        assert re.findall(r"(\w+): '", fields) == wanted, name


def test_the_example(node: Node, emulator: Emulator) -> None:
    said = re.findall(
        r"^(fetch|send)( streamed)?: 200, (\d+) tokens in, (\d+) out, (\d+) bytes$",
        node.run("index.mjs", "How do I return a pair of shoes?"),
        re.MULTILINE,
    )
    assert [way + streamed for way, streamed, *_ in said] == [
        *("fetch", "send", "fetch streamed", "send streamed")
    ]
    assert all(int(length) > 100 for *_, length in said)
    told = [(PROJECTS[0], streamed != "", int(i), int(o)) for _, streamed, i, o, _ in said]
    assert told == emulator.records()
    assert all(tokens > 0 for *_, i, o in told for tokens in (i, o))


def test_the_example_of_projects(node: Node, emulator: Emulator) -> None:
    printed = node.run("projects.mjs", "my-app-prod", "team=platform", "env=prod").splitlines()
    created = re.fullmatch(r"created (proj_\w+) (my-app-prod) (\{.*\})", printed[0])
    called = re.fullmatch(r"called: 200, (\d+) tokens in, (\d+) out", printed[1])
    assert created is not None, printed
    assert called is not None, printed
    assert json.loads(created[3]) == {"team": "platform", "env": "prod"}
    assert f"has {created[1]} {created[2]} {created[3]}" in printed[2:]
    assert {f"has {project}" for project in PROJECTS} <= {
        " ".join(line.split()[:2]) for line in printed[2:]
    }
    assert emulator.records() == [(created[1], False, int(called[1]), int(called[2]))]


def test_projects_have_errors_with_a_code(node: Node, emulator: Emulator) -> None:
    told = node.script("""
        const { Projects } = await import('./projects.mjs');
        const projects = new Projects();
        const codes = [];
        for (const tags of [{ 'aws:team': 'x' }, { team: '\u00fc' }]) {
          codes.push(await projects.create('web', tags).then(() => 'made', (error) => error.code));
        }
        projects.close();
        tell([...codes, await Promise.resolve().then(() => new Projects({ auth: 'maybe' }))
          .catch((error) => error.code)]);
    """)
    assert told == ["invalid_argument", "invalid_argument", "invalid_option"]
    assert emulator.statuses() == []


def test_the_call_names_the_project(node: Node, emulator: Emulator) -> None:
    node.script(f"""
        const client = new Client();
        await read(await client.fetch({{ ...chat(), project: '{PROJECTS[1]}' }}));
        await client.send({{ ...chat(), scope: '{PROJECTS[1]}' }});
        client.close();
        tell(null);
    """)
    assert [project for project, *_ in emulator.records()] == [PROJECTS[1]] * 2


@pytest.mark.parametrize("asked", [False, True])
def test_what_was_not_asked_for_is_hidden(node: Node, emulator: Emulator, asked: bool) -> None:
    options = ", stream_options: { include_usage: true }" if asked else ""
    ways = node.script(f"""
        const client = new Client();
        const more = {{ stream: true{options} }};
        const answer = await client.fetch(chat(more));
        const fetched = (await read(answer)).toString();
        const pieces = [];
        const {{ usage }} = await client.send(chat(more), {{ onPiece: (p) => pieces.push(p) }});
        client.close();
        tell([[fetched, await answer.usage], [Buffer.concat(pieces).toString(), usage]]);
    """)
    assert len(ways) == 2
    for (text, usage), (_, streamed, input_tokens, output_tokens) in zip(
        ways, emulator.records(), strict=True
    ):
        assert text.endswith("data: [DONE]\n\n")
        assert ('"usage":{' in text) is asked
        assert streamed
        assert usage == {"inputTokens": input_tokens, "outputTokens": output_tokens}


def test_errors_have_a_code(node: Node, emulator: Emulator) -> None:
    told = node.script("""
        const client = new Client({ allowed_projects: 'proj_allowed', project: 'proj_allowed' });
        const other = { project_id: 'proj_other' };
        const codes = [];
        for (const attempt of [
          () => new Client({ regoin: 'us-east-1' }),
          () => client.fetch(chat(other)),
          () => client.send(chat(other)),
          () => client.send({ ...chat(), body: '{' }),
          () => client.fetch({ ...chat(), url: 'http://' }),
        ]) {
          try { await attempt(); } catch (error) {
            codes.push(error instanceof CostmarkError ? error.code : String(error));
          }
        }
        client.close();
        tell(codes);
    """)
    assert told[:3] == ["invalid_option", "project_not_allowed", "project_not_allowed"]
    assert told[3:] == ["invalid_json", "invalid_url"]
    assert emulator.statuses() == []


def test_an_error_of_the_service_has_its_answer(node: Node) -> None:
    told = node.script("""
        const client = new Client();
        const failure = await client.send({ ...chat(), project: 'proj_unknown' }).catch((e) => e);
        const answer = await client.fetch({ ...chat(), project: 'proj_unknown' });
        const body = (await read(answer)).toString();
        client.close();
        tell([failure.code, failure.httpStatus, failure.answer.body.length, answer.response.status,
              Buffer.byteLength(body)]);
    """)
    assert told[:2] == ["service", 404]
    assert told[3] == 404
    assert told[2] == told[4] > 0


def test_a_refusal_without_remedy_is_the_answer(node: Node, emulator: Emulator) -> None:
    """There are no other credentials than those that the emulator does not know."""
    status, body, usage = node.script(
        """
        const client = new Client();
        const answer = await client.fetch(chat());
        const body = await read(answer);
        client.close();
        tell([answer.response.status, JSON.parse(body), await answer.usage]);
        """,
        AWS_SECRET_ACCESS_KEY="wrong",
    )
    assert status in (401, 403)
    assert "error" in body
    assert usage == {"inputTokens": 0, "outputTokens": 0}
    assert 1 <= len(emulator.statuses()) <= 2


def test_a_reader_who_gives_up(node: Node, emulator: Emulator) -> None:
    emulator.ask("POST", "/_emulator/faults", {"kind": "slow", "delay_s": 0.05, "count": 3})
    told = node.script("""
        const client = new Client();
        const unread = await client.fetch(chat({ stream: true }));
        await unread.response.body.cancel();
        const left = await client.fetch(chat({ stream: true }));
        for await (const _ of left.response.body) break;
        const gone = new AbortController();
        const aborted = await client.fetch({ ...chat({ stream: true }), signal: gone.signal });
        const reader = aborted.response.body.getReader();
        await reader.read();
        gone.abort();
        const failed = await reader.read().then(() => 'read', (error) => error.name);
        await Promise.all([unread.usage, left.usage, aborted.usage]);
        client.close();
        tell(failed);
    """)
    assert told == "AbortError"


def test_send_is_stopped(node: Node, emulator: Emulator) -> None:
    emulator.ask("POST", "/_emulator/faults", {"kind": "slow", "delay_s": 0.05, "count": 2})
    told = node.script("""
        const client = new Client();
        const gone = new AbortController();
        const aborted = await client.send(chat({ stream: true }), {
          signal: gone.signal, onPiece: () => gone.abort(),
        }).catch((error) => error.code);
        const thrown = await client.send(chat({ stream: true }), {
          onPiece: () => { throw new RangeError('enough'); },
        }).catch((error) => `${error.name} ${error.message}`);
        const late = await client.send(chat(), { signal: AbortSignal.abort() })
          .catch((error) => error.code);
        client.close();
        tell([aborted, thrown, late]);
    """)
    assert told == ["cancelled", "RangeError enough", "cancelled"]
    assert len(emulator.statuses()) == 2


def test_many_at_once_under_the_garbage_collector(node: Node, emulator: Emulator) -> None:
    told = node.script("""
        const client = new Client();
        const collecting = setInterval(gc, 5);
        const usages = await Promise.all(Array.from({ length: 40 }, async (_, i) => {
          const request = chat({ stream: i % 2 === 1, user: 'x'.repeat(1000 * (i % 5)) });
          if (i % 4 < 2) {
            const answer = await client.fetch(request);
            await read(answer);
            return answer.usage;
          }
          return (await client.send(request, { onPiece: () => {} })).usage;
        }));
        clearInterval(collecting);
        client.close();
        tell(usages.map(({ inputTokens, outputTokens }) => [inputTokens, outputTokens]));
    """)
    records = [
        [input_tokens, output_tokens] for *_, input_tokens, output_tokens in emulator.records()
    ]
    assert sorted(told) == sorted(records)
    assert len(told) == 40
