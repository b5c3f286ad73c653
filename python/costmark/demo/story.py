"""The demo from its beginning to its end, as it prints it."""

from __future__ import annotations

import datetime as dt
import os
import sys
import tempfile
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

import costmark

from .._experiments import kept_tags
from ..bill import Reconciliation, Window
from ..bill.formats import headline
from ..prices import PriceBook
from ..reports.formats import counted
from ..stack.shown import summary
from . import calls, counts
from .bill import PROJECT_TAG, Payer, book, write_pages
from .commands import Left
from .emulated import Emulated, emulator
from .projects import RESEARCH, Applied, projects_as_code

_WIDTH = 80


def main(ledger: str | None = None) -> int:
    """Run the demo, with a ledger in that folder, and return the exit status."""
    console = Console(width=min(_WIDTH, Console().width) if sys.stdout.isatty() else _WIDTH)
    for name in list(os.environ):  # the demo is its own configuration
        if name.startswith(("COSTMARK_", "OPENAI_", "ANTHROPIC_", "AWS_")):
            del os.environ[name]
    folder = Path(ledger or tempfile.mkdtemp(prefix="costmark-demo-"))
    try:
        with (
            tempfile.TemporaryDirectory(prefix="costmark-demo-") as work,
            emulator(folder) as emulated,
        ):
            os.environ.update(emulated.environment)
            return _Story(console, emulated, folder, Path(work)).tell()
    except KeyboardInterrupt:
        console.print("interrupted")
        return 130


class _Story:
    def __init__(self, console: Console, emulated: Emulated, folder: Path, work: Path) -> None:
        self._console = console
        self._emulated = emulated
        self._folder = folder
        self._work = work
        self._since = emulated.today()
        self._before = counts.segments(str(folder))
        self._book = folder / "prices.txt"  # for who reads the ledger later
        self._export: Path | None = None

    def tell(self) -> int:
        """Go through it all; the exit status."""
        self._say(f"A local Bedrock is listening on {self._emulated.url}.")
        names = self._show_projects()
        self._show_calls(calls.Ids(*names))
        names |= self._show_experiment()
        rows = counts.segments(str(self._folder)) - self._before
        client, server = counts.of_ledger(rows), counts.of_server(self._emulated)
        self._show_counts(client, server, names)
        result = self._show_bill(rows)
        return self._end(client, server, result)

    def _say(self, text: str) -> None:
        self._console.print(Text(text))

    def _say_whole(self, text: str) -> None:
        """What is broken in two cannot be clicked, or copied."""
        self._console.print(Text(text), soft_wrap=True)

    def _begin(self, title: str) -> None:
        self._console.print()
        self._console.print(Text(title, style="bold"))

    def _list(self, *rows: tuple[str, ...]) -> None:
        table = Table.grid(padding=(0, 2))
        for row in rows:
            table.add_row(*map(Text, row))
        self._console.print(Padding(table, (0, 0, 0, 2), expand=False))

    # --- Projects ---------------------------------------------------------------------------------

    def _show_projects(self) -> dict[str, str]:
        self._begin("Projects as code: costmark.toml, planned and applied")
        applied = projects_as_code(self._work)
        os.environ["COSTMARK_LOCK"] = str(applied.lock)
        self._list(*_planned(applied))
        done = sum(each.error is None for each in applied.done.outcomes)
        again = summary(applied.again.plan) if applied.again.plan else ""
        self._say(f"  Applied: {done} of {len(applied.done.outcomes)}. Planned again: {again}")
        return {project: name for name, project in applied.ids.items()}

    # --- Calls ------------------------------------------------------------------------------------

    def _show_calls(self, ids: calls.Ids) -> None:
        self._begin("Calls: attributed, signed and recorded, in every language")
        os.environ["COSTMARK_LEDGER"] = str(self._folder)
        self._book.write_text(book(self._since), encoding="utf-8", newline="\n")
        os.environ["COSTMARK_PRICES"] = str(self._book)
        self._list(*((made.by, made.how) for made in calls.make_calls(self._emulated, ids)))
        refused = calls.ask_past_a_budget(self._emulated, ids)
        self._list(("Not sent:", refused.replace(ids.research, RESEARCH)))

    def _show_experiment(self) -> dict[str, str]:
        self._begin("An experiment: a project of its own, archived at its end")
        found = calls.experiment(self._emulated)
        used = found.totals
        if found.id is None or used is None:
            raise RuntimeError("the experiment left no totals")
        tokens = used.input + used.output
        cost = Decimal(used.cost_pico).scaleb(-12)
        said = f"{counted(used.calls, 'call')}, {counted(tokens, 'token')}, ${cost:.6f}"
        self._list((found.name, said))
        return {found.id: found.name}

    def _show_counts(
        self, client: counts.ByProject, server: counts.ByProject, names: Mapping[str, str]
    ) -> None:
        self._begin("What both sides counted: the ledger here, the server there")
        table = _table("project", "calls here", "there", "tokens here", "there")
        for project in sorted(client.keys() | server.keys(), key=lambda each: names.get(each, "")):
            sides = client.get(project, counts.Sums()), server.get(project, counts.Sums())
            numbers = *(side.operations for side in sides), *(side.tokens for side in sides)
            table.add_row(names.get(project, project), *(f"{number:,}" for number in numbers))
        self._console.print(Padding(table, (0, 0, 0, 2), expand=False))

    # --- The bill ---------------------------------------------------------------------------------

    def _show_bill(self, rows: set[Path]) -> Reconciliation:
        self._begin("Three days pass: the tags are seen, activated, and on the bill")
        payer = Payer.of(self._emulated)
        window = Window(self._since, self._emulated.today())
        payer.put_tags_on_the_bill([PROJECT_TAG, "team"], window.first)
        table = _table("team", "cost in Cost Explorer, asked with boto3")
        for team, cost in sorted(payer.costs_by("team", window).items()):
            table.add_row(team, f"${cost:.8f}")
        self._console.print(Padding(table, (0, 0, 0, 2), expand=False))
        self._begin("Ledger and bill, reconciled")
        prices = PriceBook.load(self._book)
        result, basis = payer.reconciled(rows, window, prices, kept_tags(str(self._folder)))
        self._say(f"  {headline(result)}")
        self._say(f"  residual: ${float(result.residual_absolute) / 10**12:.2f}")
        write_pages(rows, result, basis, str(self._folder))
        if self._before:
            self._say(
                f"  {self._folder} has rows of an earlier run, of which there is no bill: "
                "give a new folder for commands that reconcile it."
            )
        else:
            self._export = payer.export(self._folder)
        return result

    def _end(
        self, client: counts.ByProject, server: counts.ByProject, result: Reconciliation
    ) -> int:
        kept = costmark.ledger_counts()
        if missing := kept.rows_waiting + kept.rows_lost:
            self._say(f"{counted(missing, 'row')} could not be written to {self._folder}")
            return 1
        found, unlike = counts.differences(client, server), _unexplained(result)
        for line in [*found, *unlike]:
            self._say(line)
        if found or unlike:
            self._say("client and server differ" if found else "ledger and bill differ")
            return 1
        self._console.print()
        self._say_whole(f"The ledger, report.html and bill.html are in {self._folder}")
        used = counts.total(client)
        self._say(
            f"client, server and bill agree: {used.operations} operations, {used.tokens:,} tokens"
        )
        self._show_commands()
        return 0

    def _show_commands(self) -> None:
        """What else the ledger can tell, in commands to be copied."""
        days = Window(self._since, dt.datetime.now(dt.timezone.utc).date())
        self._begin("Ask the ledger yourself; prices.txt is what the demo paid")
        for shown, command in Left(self._folder, self._book, days, self._export).commands():
            self._say(f"  {shown}")
            self._say_whole(f"    {command}")


def _planned(applied: Applied) -> Iterable[tuple[str, ...]]:
    for change in applied.planned.plan.changes if applied.planned.plan else ():
        named = {key: tag for key, tag in change.added.items() if key != PROJECT_TAG}
        tags = ", ".join(f"{key}={tag}" for key, tag in named.items())
        yield f"+ {change.name}", tags


def _table(*columns: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left", no_wrap=True)
    return table


def _unexplained(result: Reconciliation) -> list[str]:
    found = [f"{cause.name}: {counted(cause.tokens, 'token')}" for cause in result.causes]
    return [*found, "something has no cause"] if result.residual_absolute else found
