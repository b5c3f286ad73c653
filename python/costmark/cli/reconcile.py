"""``costmark reconcile``: the ledger beside the bill, and why they differ."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._experiments import kept_tags
from .._files import check_target
from .._names import names_of, read_lock, shown
from .._prices import usage_types
from ..bill import BookPrices, ProjectTag, Window, cloudwatch, formats, reconcile
from ..bill.cost_explorer import Session, fetch
from ..bill.exports import read_export
from ..bill.page import reconcile_page
from ..bill.tables import as_csv, as_markdown
from ..bill.usage import read_ledger
from ..errors import ConfigurationError
from ..reports.formats import counted
from .aws import Identity, add_identity, asking, grant
from .book import add_prices, chosen_book
from .output import complain, plain, write_page
from .paths import note_empty

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..bill import BillLine, Place, Reconciliation
    from ..bill.usage import LedgerSide
    from ..prices import PriceBook
    from .output import Commands

_LAG_DAYS = 3
_MOST_CALLS = 100
_PICO = 10**12
_DAY_BY = {"end": "ended", "start": "began"}
_TEXTS = {
    "table": formats.as_table,
    "json": formats.as_json,
    "csv": as_csv,
    "markdown": as_markdown,
}


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "reconcile",
        help="lay the ledger beside the bill of AWS, and name what they differ by",
        description="Compares ledgers with a bill, day by day and project by project, and gives "
        "every difference a name, or leaves it in the residual. Needs costmark[report], and "
        "costmark[aws] to ask AWS. docs/reconcile.md has the method.",
    )
    parser.add_argument(
        "--ledger",
        action="append",
        required=True,
        metavar="PATH",
        help="a ledger; may be given several times",
    )
    parser.add_argument(
        "--against",
        required=True,
        type=source,
        metavar="BILL",
        help="cur:PATH (CUR 2.0 or FOCUS: a file, or the export's folder with its manifests), "
        "cost-explorer, or cloudwatch, which has calls and tokens and no costs",
    )
    _add_days(parser)
    parser.add_argument(
        "--lock",
        metavar="FILE",
        help="projects with their tags, for rows that have none (docs/reconcile.md)",
    )
    add_prices(parser)
    parser.add_argument(
        "--format",
        choices=["table", "json", "csv", "markdown"],
        default="table",
        help="how to print; cloudwatch has table and json",
    )
    parser.add_argument(
        "--html", metavar="FILE", help="also write a page that finance can read; not of cloudwatch"
    )
    parser.add_argument(
        "--tolerance",
        type=_dollars,
        default=Decimal("0.01"),
        metavar="USD",
        help="how much may be left that is not explained, without signs: the residual, and lines "
        "of the bill that are not understood (default: %(default)s)",
    )
    parser.add_argument("--exit-code", action="store_true", help="exit with 3 where more is left")
    parser.add_argument(
        "--calls",
        action="store_true",
        help="ask CloudWatch how many calls there were, which tells calls whose usage is not known "
        "from those of other clients",
    )
    add_bill_options(parser)
    parser.set_defaults(run=_run)


def _add_days(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--since", type=_day, required=True, metavar="DAY", help="the first day, in UTC"
    )
    parser.add_argument(
        "--until",
        type=_day,
        metavar="DAY",
        help="before this day (default: the last day is as many days ago as --lag says)",
    )
    parser.add_argument(
        "--day-by",
        choices=["end", "start"],
        default="end",
        help="which time of a call decides on which day it is billed (default: %(default)s)",
    )


def add_bill_options(parser: argparse.ArgumentParser) -> None:
    """Add how a bill is read and compared."""
    parser.add_argument(
        "--lag",
        type=int,
        default=_LAG_DAYS,
        metavar="DAYS",
        help="how old a day must be for its bill to be complete (default: %(default)s)",
    )
    parser.add_argument(
        "--grain",
        choices=["project", "model"],
        default="project",
        help="model: without projects, for a bill that has no tags (default: %(default)s)",
    )
    parser.add_argument(
        "--tag",
        default="costmark_project",
        metavar="KEY",
        help="the tag that tells projects apart on the bill (default: %(default)s)",
    )
    parser.add_argument("--aliases", metavar="FILE", help="aliases of usage types, asked first")
    group = parser.add_argument_group("asking AWS")
    group.add_argument(
        "--account",
        action="append",
        default=[],
        help="an account to ask Cost Explorer for; may be given several times (default: all, not "
        "told apart)",
    )
    group.add_argument(
        "--max-calls",
        type=int,
        default=_MOST_CALLS,
        metavar="N",
        help="how often to ask Cost Explorer at most, at $0.01 each (default: %(default)s)",
    )
    add_identity(group, with_view=True)


def _run(arguments: argparse.Namespace) -> int:
    _check_formats(arguments)
    window = _window(arguments)
    book = chosen_book(arguments.prices)
    note_empty(arguments.ledger)
    if arguments.against[0] == "cloudwatch":
        return _compare(arguments, _ledger(arguments, window, book, BookPrices(book)), window)
    result, basis, _ = reconciled(arguments, window, book)
    if arguments.html is not None:
        write_page(arguments.html, reconcile_page(result, basis))
    if arguments.format in ("json", "csv"):
        sys.stdout.write(_TEXTS[arguments.format](result, basis))
    else:
        text = _TEXTS[arguments.format](result, basis)
        print("\n".join(map(plain, text.splitlines())))
    is_larger = result.not_explained > int(arguments.tolerance * _PICO)
    return 3 if is_larger and arguments.exit_code else 0


def reconciled(
    arguments: argparse.Namespace, window: Window, book: PriceBook
) -> tuple[Reconciliation, formats.Basis, list[ProjectTag]]:
    """The ledgers beside the bill, as the options say."""
    prices = BookPrices(book)
    side = _ledger(arguments, window, book, prices)
    bill, basis = _bill(arguments, window, book)
    projects = _projects(arguments)
    result = reconcile(
        side.lines,
        bill,
        prices,
        window,
        models=prices.models,
        projects=projects,
        counts=_counts(arguments, side, window, projects),
        aliases=_aliases(arguments),
        grain=arguments.grain,
        as_of=_today(),
        lag_days=arguments.lag,
    )
    names = names_of(arguments.lock or "").with_experiments(arguments.ledger).by_id()
    return result, replace(basis, ledger=(_about_ledger(side),), names=shown(names)), projects


def _ledger(
    arguments: argparse.Namespace, window: Window, book: PriceBook, prices: BookPrices
) -> LedgerSide:
    return read_ledger(
        *arguments.ledger,
        window=window,
        book=book,
        prices=prices,
        tag=arguments.tag,
        day_by=f"{arguments.day_by}_us",
    )


def _check_formats(arguments: argparse.Namespace) -> None:
    if arguments.html is not None:
        check_target(arguments.html)
    has_costs = arguments.html is not None or arguments.format in ("csv", "markdown")
    if arguments.against[0] == "cloudwatch" and has_costs:
        raise ConfigurationError(
            "CloudWatch has no costs, so there is neither a page nor a csv of them; "
            "--format table or json shows its counts",
            code="invalid_argument",
        )


def _about_ledger(side: LedgerSide) -> str:
    files = counted(side.files, "file")
    uncertain = f"; what {side.uncertain:,} of them used is not known for sure"
    said = f"the ledger has {counted(side.attempts, 'attempt')} of these days in {files}"
    return said + (uncertain if side.uncertain else "")


def _window(arguments: argparse.Namespace) -> Window:
    last = (
        arguments.until - timedelta(days=1)
        if arguments.until is not None
        else _today() - timedelta(days=arguments.lag)
    )
    if last < arguments.since:
        raise ConfigurationError(
            f"there is no day from {arguments.since} to {last}; bills are complete after about "
            f"{counted(arguments.lag, 'day')}, say --until for younger ones",
            code="invalid_argument",
        )
    return Window(arguments.since, last)


def _bill(
    arguments: argparse.Namespace, window: Window, book: PriceBook
) -> tuple[Sequence[BillLine], formats.Basis]:
    assumed = (
        f"a call counts on the UTC day on which it {_DAY_BY[arguments.day_by]}",
        f"the bill of a day is complete after {counted(arguments.lag, 'day')}",
        "costs are those of each line (unblended), before lines of credits, tax and discounts",
    )
    kind, path = arguments.against
    if kind == "cost-explorer":
        return _from_cost_explorer(arguments, window, book, assumed)
    export = read_export(path, window, arguments.tag)
    if not export.has_usage_types:
        raise ConfigurationError(
            f"{path} ({export.format}) names no usage types, so its tokens cannot be compared; "
            "FOCUS 1.2 has none: export CUR 2.0 or FOCUS 1.0",
            code="invalid_argument",
        )
    return export.lines, formats.Basis(
        book=book,
        source=f"{export.format}, {path}",
        snapshot=tuple(export.snapshot),
        is_estimated=export.is_estimated,
        assumptions=assumed,
        tag=arguments.tag,
        made=datetime.now(timezone.utc),
        notes=tuple(export.notes),
        written=export.written,
        tells_if_final=export.tells_invoices,
        invoices=tuple(sorted(export.invoices)),
        payers=tuple(sorted(export.payers)),
    )


def _from_cost_explorer(
    arguments: argparse.Namespace, window: Window, book: PriceBook, assumed: tuple[str, ...]
) -> tuple[Sequence[BillLine], formats.Basis]:
    most = counted(arguments.max_calls, "time")
    complain(f"asking Cost Explorer, at most {most}, at $0.01 each")
    identity = Identity.of(arguments)
    rights = ("ce:GetCostAndUsage", "ce:GetDimensionValues")
    with asking("Cost Explorer", lambda: grant(identity, "costmark-reconcile", *rights)):
        session = Session(identity.client("ce"), arguments.max_calls, view=identity.view)
        tag = arguments.tag if arguments.grain == "project" else None
        answer = fetch(session, window, tag, arguments.account)
    return answer.lines, formats.Basis(
        book=book,
        source="Cost Explorer",
        snapshot=(
            f"asked {datetime.now(timezone.utc):%Y-%m-%d %H:%M} UTC, "
            f"{counted(answer.calls, 'time')}",
        ),
        is_estimated=answer.is_estimated,
        assumptions=assumed,
        tag=arguments.tag,
        made=datetime.now(timezone.utc),
    )


def _compare(arguments: argparse.Namespace, side: LedgerSide, window: Window) -> int:
    """Lay calls and tokens beside each other, without costs."""
    found = _seen(arguments, side, window)
    if arguments.format == "json":
        sys.stdout.write(formats.counts_json(found, window))
    else:
        print("\n".join(map(plain, formats.counts_table(found, window).splitlines())))
    return 3 if found.differing and arguments.exit_code else 0


def _counts(
    arguments: argparse.Namespace, side: LedgerSide, window: Window, projects: list[ProjectTag]
) -> dict[Place, int] | None:
    if not arguments.calls:
        return None
    found = _seen(arguments, side, window)
    return found.counts(side.lines, projects, with_tags=arguments.grain == "project")


def _seen(arguments: argparse.Namespace, side: LedgerSide, window: Window) -> cloudwatch.Comparison:
    # The workload's own account has the metrics, also where another one pays.
    workload = Identity(endpoint_url=arguments.endpoint_url)
    rights = ("cloudwatch:GetMetricData", "cloudwatch:ListMetrics")
    with asking("CloudWatch", lambda: grant(workload, "costmark-cloudwatch", *rights)):
        clients = {
            region: workload.session.client(
                "cloudwatch", region_name=region, endpoint_url=arguments.endpoint_url
            )
            for region in cloudwatch.regions(side.lines)
        }
        return cloudwatch.compare(side.lines, clients, window)


def _aliases(arguments: argparse.Namespace) -> usage_types.Aliases:
    shipped = usage_types.shipped_aliases()
    if arguments.aliases is None:
        return shipped
    text = Path(arguments.aliases).read_text(encoding="utf-8")
    return shipped.overridden_by(usage_types.Aliases.parse(text, arguments.aliases))


def _projects(arguments: argparse.Namespace) -> list[ProjectTag]:
    """The projects whose rows may lack the tag: those of a lock file, and of experiments."""
    return [*_locked(arguments), *_of_experiments(arguments.ledger, arguments.tag)]


def _of_experiments(ledgers: Sequence[str], tag: str) -> list[ProjectTag]:
    tags = {project: each for ledger in ledgers for project, each in kept_tags(ledger).items()}
    return [ProjectTag(project, each[tag]) for project, each in tags.items() if tag in each]


def _locked(arguments: argparse.Namespace) -> list[ProjectTag]:
    """The projects of a lock file that have the tag, with the days on which they had it."""
    if arguments.lock is None:
        return []
    value = read_lock(arguments.lock)
    try:
        return [
            ProjectTag(
                project=project["id"],
                value=project["tags"][arguments.tag],
                account=project.get("account"),
                region=project.get("region"),
                first_day=_optional_day(project, "since"),
                end_day=_optional_day(project, "until"),
            )
            for project in value["projects"]
            if arguments.tag in project.get("tags", {})
        ]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigurationError(
            f"{arguments.lock} is not a lock file: {type(error).__name__}: {error}"
        ) from None


def _optional_day(project: dict[str, Any], name: str) -> date | None:
    return date.fromisoformat(project[name]) if name in project else None


def _today() -> date:
    return datetime.now(timezone.utc).date()


def source(text: str) -> tuple[str, str]:
    """The kind of a bill and its path. Raises ArgumentTypeError."""
    kind, _, path = text.partition(":")
    if (kind == "cur" and path) or text in ("cost-explorer", "cloudwatch"):
        return kind, path
    raise argparse.ArgumentTypeError(
        f"{text!r} is not a bill, as in cur:PATH, cost-explorer or cloudwatch"
    )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day, as in 2026-11-01") from None


def _dollars(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal(-1)
    if not amount.is_finite() or amount < 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not an amount, as in 0.01")
    return amount
