"""Watch the official OpenAI client make attributed, signed calls to a local Bedrock.

Run it with ``costmark demo``. It starts the emulator, creates two tagged projects, makes some forty
calls in every way the client knows, and lays what this side counted beside what the server
recorded. Then it lets days pass, reads the bill with boto3, reconciles the ledger with it, and
writes a page. The exit status is 0 when client, server and bill agree.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.request import Request, urlopen

import openai
from rich.console import Console
from rich.table import Table

import costmark

from ._demo_bill import PROJECT_TAG, Payer, segments, write_pages
from .bill import Reconciliation, Window
from .bill.formats import headline

MODEL = "openai.gpt-oss-120b"
REGION = "us-east-1"
# The example credentials of AWS's documentation; the emulator knows them.
ACCESS_KEY_ID = "AKIDEXAMPLE"
SECRET_ACCESS_KEY = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"  # noqa: S105 - an example
STOP_TIMEOUT_S = 5.0

PROJECTS = {
    "Customer support": {PROJECT_TAG: "customer-support-bot", "team": "platform", "env": "prod"},
    "Research": {PROJECT_TAG: "research", "team": "research", "env": "staging"},
}
QUESTIONS = (
    "Where is my parcel?",
    "How do I return a pair of shoes?",
    "Can I pay by invoice?",
    "Is the shop open on Sunday?",
)

Tags = Mapping[str, str]


@dataclass
class Sums:
    """What one project, or one tag, used."""

    operations: int = 0
    input_tokens: int = 0
    cached_input_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0

    def add(self, other: Sums) -> None:
        """Add another's counts to these."""
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)

    @property
    def tokens(self) -> int:
        """Input and output together."""
        return self.input_tokens + self.output_tokens


@dataclass
class Report:
    """One side's view."""

    by_project: dict[str, Sums] = field(default_factory=lambda: defaultdict(Sums))
    tags: dict[str, Tags] = field(default_factory=dict)

    def by_tag(self) -> dict[str, Sums]:
        """Sum up by each tag; a project counts under every tag that it has."""
        result: dict[str, Sums] = defaultdict(Sums)
        for project, sums in self.by_project.items():
            tags = self.tags.get(project) or {"(no tag)": ""}
            for key, value in tags.items():
                result[f"{key}={value}" if value else key].add(sums)
        return dict(sorted(result.items()))

    def total(self) -> Sums:
        """Sum up everything."""
        total = Sums()
        for sums in self.by_project.values():
            total.add(sums)
        return total


# --- The emulator ---------------------------------------------------------------------------------


@contextmanager
def emulator() -> Iterator[str]:
    """Run the emulator on a free port; yields its URL."""
    # In a session of its own, so that Ctrl-C reaches this process alone, which then ends both.
    process = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-m", "costmark.emulator", "--port", "0", "--region", REGION],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None  # noqa: S101 - for the type checker
        words = process.stdout.readline().split()
        if words[:2] != ["listening", "on"]:
            raise RuntimeError("the emulator did not start; see its message above")
        yield words[2]
    finally:
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def create_projects(client: openai.OpenAI) -> dict[str, str]:
    """Create the demo's projects and return their ids by name."""
    ids = {}
    for name, tags in PROJECTS.items():
        body = {"name": name, "tags": tags}
        created: Any = client.post("/organization/projects", cast_to=object, body=body)
        ids[name] = created["id"]
    return ids


def throttle_once(url: str) -> None:
    """Let the emulator refuse the next call, as Bedrock does when it is busy."""
    fault = {"kind": "status", "status": 429, "retry_after": 0.1}
    request = Request(  # noqa: S310 - the emulator's own URL
        f"{url}/_emulator/faults", json.dumps(fault).encode(), {"content-type": "application/json"}
    )
    urlopen(request).close()  # noqa: S310


# --- The calls ------------------------------------------------------------------------------------


def message(question: str) -> list[Any]:
    """Return a conversation of one question."""
    return [{"role": "user", "content": question}]


def ask_synchronously(client: openai.OpenAI, support: str, research: str) -> None:
    """Chat and Responses, whole and streamed; one call is throttled once, and tried again."""
    for question in QUESTIONS:
        with costmark.project(support):
            client.chat.completions.create(model=MODEL, messages=message(question))
            for _ in client.chat.completions.create(
                model=MODEL, messages=message(question), stream=True
            ):
                pass
            with costmark.project(research):  # the innermost scope wins
                client.responses.create(model=MODEL, input=question)
            with client.responses.stream(model=MODEL, input=question) as stream:
                stream.get_final_response()
    client.responses.create(model=MODEL, input="Who pays for this?")
    client.with_options(timeout=30).chat.completions.create(
        model=MODEL, messages=message("And for this?")
    )
    client.chat.completions.create(
        model=MODEL, messages=message("I name mine myself."), extra_body={"project_id": research}
    )


async def ask_asynchronously(client: openai.AsyncOpenAI, support: str, research: str) -> None:
    """The same side by side: a call belongs to the scope in which it was made."""
    calls: list[Any] = []
    for question in QUESTIONS:
        for project in (support, research):
            with costmark.project(project):
                calls.append(
                    client.chat.completions.create(model=MODEL, messages=message(question))
                )
                calls.append(client.responses.create(model=MODEL, input=question))
    calls.append(client.responses.create(model=MODEL, input="Outside of any scope."))
    await asyncio.gather(*calls)

    @costmark.project(research)
    async def study(question: str) -> None:
        async for _ in await client.chat.completions.create(
            model=MODEL, messages=message(question), stream=True
        ):
            pass

    await asyncio.gather(*map(study, QUESTIONS))
    await client.close()


def ask_past_a_budget(client: openai.OpenAI) -> str:
    """A call, and one more, which its budget refuses; returns why."""
    client.chat.completions.create(model=MODEL, messages=message("Is one call enough?"))
    try:
        client.chat.completions.create(model=MODEL, messages=message("And one more?"))
    except costmark.BudgetError as error:
        return str(error)
    raise RuntimeError("a call went past its budget")


def make_calls(console: Console, url: str, ledger: str) -> dict[str, str]:
    """Make all calls, with rows in the ledger; returns the ids of the projects by name."""
    base_url = f"{url}/v1"
    options: dict[str, Any] = {
        "auth": "sigv4",
        "region": REGION,
        "credentials": costmark.Credentials(ACCESS_KEY_ID, SECRET_ACCESS_KEY),
        "unattributed": "allow",
    }
    with costmark.wrap(openai.OpenAI(base_url=base_url, api_key="unused"), **options) as client:
        ids = create_projects(client)
    options |= {"ledger": ledger, "tags": tags_option(ids)}
    sync_client = costmark.wrap(openai.OpenAI(base_url=base_url, api_key="unused"), **options)
    async_client = costmark.wrap(openai.AsyncOpenAI(base_url=base_url, api_key="unused"), **options)
    support, research = ids.values()
    throttle_once(url)
    with sync_client, costmark.labels(feature="answer"):
        ask_synchronously(sync_client, support, research)
    with costmark.labels(feature="study"):
        asyncio.run(ask_asynchronously(async_client, support, research))
    options |= {"project": research, "budgets": f"trial: project={research} 1calls/day refuse"}
    with costmark.wrap(openai.OpenAI(base_url=base_url, api_key="unused"), **options) as client:
        console.print(f"Not sent: {ask_past_a_budget(client)}", highlight=False, markup=False)
    return ids


def tags_option(ids: Mapping[str, str]) -> str:
    """The tags of the projects, as the option has them."""
    return "; ".join(
        f"{ids[name]}: {', '.join(f'{key}={value}' for key, value in tags.items())}"
        for name, tags in PROJECTS.items()
    )


# --- Both sides -----------------------------------------------------------------------------------


def client_report(ids: Mapping[str, str]) -> Report:
    """Return what this process counted."""
    report = Report(tags={ids[name]: tags for name, tags in PROJECTS.items()})
    for project, used in costmark.usage().items():
        report.by_project[project] = Sums(
            used.operations,
            used.input_tokens,
            used.cached_input_tokens,
            used.output_tokens,
            used.reasoning_tokens,
        )
    return report


def server_report(url: str) -> Report:
    """Return what the emulator recorded."""
    report = Report()
    with urlopen(f"{url}/_emulator/usage") as answer:  # noqa: S310 - the emulator's own URL
        records: list[dict[str, Any]] = json.load(answer)
    for record in records:
        project = record["project"]
        report.tags[project] = record["tags"]
        report.by_project[project].add(
            Sums(
                1,
                record["input_tokens"],
                record["cached_input_tokens"],
                record["output_tokens"],
                record["reasoning_tokens"],
            )
        )
    return report


def table(title: str, heading: str, rows: Mapping[str, Sums]) -> Table:
    """Lay sums out as a table."""
    result = Table(title=title, title_justify="left")
    result.add_column(heading, no_wrap=True)
    for column in ("operations", "input", "cached", "output", "reasoning", "tokens"):
        result.add_column(column, justify="right")
    for name, sums in rows.items():
        numbers = (*vars(sums).values(), sums.tokens)
        result.add_row(name, *(f"{number:,}" for number in numbers))
    return result


def show(console: Console, side: str, report: Report, names: Mapping[str, str]) -> None:
    """Print one side's tables."""
    labeled = {
        f"{project}  {names[project]}" if project in names else project: report.by_project[project]
        for project in sorted(report.by_project)
    }
    console.print(table(f"{side}: by project", "project", labeled))
    console.print(table(f"{side}: by tag", "tag", report.by_tag()))


def differences(client: Report, server: Report) -> list[str]:
    """Say in which projects the two sides differ, and how."""
    lines = []
    for project in sorted(client.by_project.keys() | server.by_project.keys()):
        ours = client.by_project.get(project, Sums())
        theirs = server.by_project.get(project, Sums())
        lines += [
            f"{project}: {name} {value} here, {getattr(theirs, name)} there"
            for name, value in vars(ours).items()
            if value != getattr(theirs, name)
        ]
    return lines


# --- The bill -------------------------------------------------------------------------------------


def show_bill(console: Console, payer: Payer, window: Window) -> None:
    """Print what the bill has, by team."""
    console.print("Three days pass: tags are seen, activated, and put on the bill of this month.")
    payer.put_tags_on_the_bill([PROJECT_TAG, "team"], window.first)
    console.print("Cost Explorer, asked with boto3:")
    costs = Table(title="bill: by team", title_justify="left")
    costs.add_column("team", no_wrap=True)
    costs.add_column("cost", justify="right")
    for team, cost in sorted(payer.costs_by("team", window).items()):
        costs.add_row(team, f"${cost:.8f}")
    console.print(costs)


def unexplained(console: Console, result: Reconciliation) -> list[str]:
    """Print what ledger and bill come to, and return what they differ by."""
    console.print(headline(result), highlight=False)
    console.print(f"residual: ${float(result.residual_absolute) / 10**12:.2f}", highlight=False)
    found = [f"{cause.name}: {cause.tokens:,} tokens" for cause in result.causes]
    return [*found, "something has no cause"] if result.residual_absolute else found


def main(ledger: str | None = None) -> int:
    """Run the demo, with a ledger in that folder, and return the exit status."""
    console = Console(width=None if sys.stdout.isatty() else 120)
    for name in list(os.environ):  # the demo is its own configuration
        if name.startswith(("COSTMARK_", "OPENAI_", "AWS_")):
            del os.environ[name]
    folder = ledger or tempfile.mkdtemp(prefix="costmark-demo-")
    before = segments(folder)
    try:
        with emulator() as url:
            console.print(f"A local Bedrock is listening on {url}.")
            payer = Payer.of(url, ACCESS_KEY_ID, SECRET_ACCESS_KEY)
            since = payer.today()
            ids = make_calls(console, url, folder)
            client, server = client_report(ids), server_report(url)
            names = {project: name for name, project in ids.items()}
            show(console, "client", client, names)
            show(console, "server", server, names)
            window = Window(since, payer.today())
            show_bill(console, payer, window)
            rows = segments(folder) - before
            result, basis = payer.reconciled(rows, window)
            unlike = unexplained(console, result)
    except KeyboardInterrupt:
        console.print("interrupted")
        return 130
    counts = costmark.ledger_counts()
    if missing := counts.rows_waiting + counts.rows_lost:
        console.print(f"{missing} rows could not be written to {folder}")
        return 1
    found = differences(client, server)
    for line in [*found, *unlike]:
        console.print(line)
    if found or unlike:
        console.print("client and server differ" if found else "ledger and bill differ")
        return 1
    pages = " and ".join(str(page) for page in write_pages(rows, result, basis, folder))
    console.print(f"The ledger is in {folder}, pages about it are {pages}.", soft_wrap=True)
    total = client.total()
    print(
        f"client, server and bill agree: {total.operations:,} operations, {total.tokens:,} tokens"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
