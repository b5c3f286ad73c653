"""The demo's second half: the bill of the calls, and the ledger beside it.

The clock of the emulator goes forward by days, as Billing takes days; boto3 asks as it asks AWS.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3  # type: ignore[import-untyped,unused-ignore]

from ..bill import BookPrices, ProjectTag, Reconciliation, Window, reconcile
from ..bill.cost_explorer import Session, fetch
from ..bill.export_setup import Setup
from ..bill.formats import Basis
from ..bill.page import reconcile_page
from ..bill.usage import read_ledger
from ..prices import PriceBook
from ..reports.formats import counted
from ..reports.overview import overview
from ..reports.page import overview_page
from .calls import NOVA
from .emulated import ACCOUNT, REGION

if TYPE_CHECKING:
    from .emulated import Emulated

PROJECT_TAG = "costmark_project"

Tags = Mapping[str, Mapping[str, str]]
"""Of projects, by id."""

_MOST_REQUESTS = 100
# The shipped book has no price of the runtime endpoint: this is what the emulator charges for it.
_NOVA_PICO = {"input": 60_000, "output": 240_000}


def book(day: dt.date) -> str:
    """The shipped prices and those of the model that boto3 calls, as a price book has them."""
    lines = [
        f"{NOVA} {REGION} in-region standard {kind} - - token - - USD {pico} {day} the emulator"
        for kind, pico in _NOVA_PICO.items()
    ]
    return "\n".join([PriceBook.shipped().canonical, *lines, ""])


@dataclass(frozen=True)
class Payer:
    """Who pays, and asks for the bill."""

    emulated: Emulated
    ce: Any

    @classmethod
    def of(cls, emulated: Emulated) -> Payer:
        """The payer at an emulator, whom the environment names."""
        return cls(emulated, boto3.client("ce"))

    def put_tags_on_the_bill(self, keys: list[str], since: dt.date) -> None:
        """Wait until the keys are seen, activate them, and have the past tagged as well."""
        self.emulated.wait_a_day()
        entries = [{"TagKey": key, "Status": "Active"} for key in keys]
        self.ce.update_cost_allocation_tags_status(CostAllocationTagsStatus=entries)
        self.emulated.wait_a_day()
        self.ce.start_cost_allocation_tag_backfill(BackfillFrom=f"{since:%Y-%m}-01T00:00:00Z")
        self.emulated.wait_a_day()

    def export(self, folder: Path) -> Path:
        """Have the bill so far exported below a folder of the emulator's; where its files are."""
        setup = Setup("costmark", "bill", "cur", REGION, ACCOUNT)
        boto3.client("bcm-data-exports").create_export(**setup.definition())
        self.emulated.deliver_exports()
        return folder / setup.bucket / setup.prefix / setup.name

    def costs_by(self, tag: str, window: Window) -> dict[str, Decimal]:
        """The costs by value of a tag, in USD."""
        found: dict[str, Decimal] = defaultdict(Decimal)
        for page in self._pages(tag, window):
            for result in page["ResultsByTime"]:
                for group in result["Groups"]:
                    value = group["Keys"][0].partition("$")[2] or "(no tag)"
                    found[value] += Decimal(group["Metrics"]["UnblendedCost"]["Amount"])
        return dict(found)

    def _pages(self, tag: str, window: Window) -> Iterator[Mapping[str, Any]]:
        asked: dict[str, Any] = {
            "TimePeriod": {
                "Start": window.first.isoformat(),
                "End": (window.last + dt.timedelta(days=1)).isoformat(),
            },
            "Granularity": "DAILY",
            "Metrics": ["UnblendedCost"],
            "GroupBy": [{"Type": "TAG", "Key": tag}],
        }
        while True:
            page = self.ce.get_cost_and_usage(**asked)
            yield page
            if not page.get("NextPageToken"):
                return
            asked["NextPageToken"] = page["NextPageToken"]

    def reconciled(
        self, rows: set[Path], window: Window, book: PriceBook, experiments: Tags
    ) -> tuple[Reconciliation, Basis]:
        """These rows of a ledger beside the bill."""
        prices = BookPrices(book)
        projects = [ProjectTag(project, tags[PROJECT_TAG]) for project, tags in experiments.items()]
        side = read_ledger(*rows, window=window, book=book, prices=prices, tag=PROJECT_TAG)
        bill = fetch(Session(self.ce, _MOST_REQUESTS), window, PROJECT_TAG)
        result = reconcile(
            side.lines, bill.lines, prices, window, models=prices.models, projects=projects
        )
        basis = Basis(
            book=book,
            source="Cost Explorer of the emulator",
            snapshot=(f"asked {counted(bill.calls, 'time')}",),
            is_estimated=bill.is_estimated,
            assumptions=("a call counts on the UTC day on which it ended",),
            tag=PROJECT_TAG,
            made=dt.datetime.now(dt.timezone.utc),
        )
        return result, basis


def write_pages(rows: set[Path], result: Reconciliation, basis: Basis, folder: str) -> list[Path]:
    """Write the page about these rows of a ledger, and that about ledger and bill."""
    pages = {
        "report.html": overview_page(
            overview(*rows, book=basis.book), dt.datetime.now(dt.timezone.utc)
        ),
        "bill.html": reconcile_page(result, basis),
    }
    for name, page in pages.items():
        Path(folder, name).write_text(page, encoding="utf-8", newline="\n")
    return [Path(folder, name) for name in pages]
