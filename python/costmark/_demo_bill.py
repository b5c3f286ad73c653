"""The demo's second half: the bill of the calls, and the ledger beside it.

The clock of the emulator goes forward by days, as Billing takes days; boto3 asks as it asks AWS.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import boto3  # type: ignore[import-untyped,unused-ignore]

from .bill import BookPrices, Reconciliation, Window, reconcile
from .bill.cost_explorer import Session, fetch
from .bill.formats import Basis
from .bill.page import reconcile_page
from .bill.usage import read_ledger
from .prices import PriceBook
from .reports.overview import overview
from .reports.page import overview_page

PROJECT_TAG = "costmark_project"

_DAY_S = 86_400
_MOST_REQUESTS = 100


def segments(ledger: str) -> set[Path]:
    """The files of a ledger, so that those of one run can be told from others."""
    return set(Path(ledger).glob("raw/*/*.jsonl"))


@dataclass(frozen=True)
class Payer:
    """Who pays, and asks for the bill."""

    url: str
    ce: Any

    @classmethod
    def of(cls, url: str, access_key_id: str, secret_access_key: str) -> Payer:
        """The payer at an emulator."""
        client = boto3.client(
            "ce",
            region_name="us-east-1",
            endpoint_url=url,
            aws_access_key_id=access_key_id,
            aws_secret_access_key=secret_access_key,
        )
        return cls(url, client)

    def today(self) -> dt.date:
        """The emulator's day, in UTC."""
        with urlopen(f"{self.url}/_emulator/clock") as answer:  # noqa: S310 - our own URL
            return dt.date.fromisoformat(json.load(answer)["now"][:10])

    def put_tags_on_the_bill(self, keys: list[str], since: dt.date) -> None:
        """Wait until the keys are seen, activate them, and have the past tagged as well."""
        self._wait_a_day()
        entries = [{"TagKey": key, "Status": "Active"} for key in keys]
        self.ce.update_cost_allocation_tags_status(CostAllocationTagsStatus=entries)
        self._wait_a_day()
        self.ce.start_cost_allocation_tag_backfill(BackfillFrom=f"{since:%Y-%m}-01T00:00:00Z")
        self._wait_a_day()

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

    def _wait_a_day(self) -> None:
        request = Request(  # noqa: S310 - our own URL
            f"{self.url}/_emulator/clock",
            json.dumps({"forward_s": _DAY_S}).encode(),
            {"content-type": "application/json"},
        )
        urlopen(request).close()  # noqa: S310

    def reconciled(self, rows: set[Path], window: Window) -> tuple[Reconciliation, Basis]:
        """These rows of a ledger beside the bill."""
        book = PriceBook.shipped()
        prices = BookPrices(book)
        side = read_ledger(*rows, window=window, book=book, prices=prices, tag=PROJECT_TAG)
        bill = fetch(Session(self.ce, _MOST_REQUESTS), window, PROJECT_TAG)
        result = reconcile(side.lines, bill.lines, prices, window, models=prices.models)
        basis = Basis(
            book=book,
            source="Cost Explorer of the emulator",
            snapshot=(f"asked {bill.calls} times",),
            is_estimated=bill.is_estimated,
            assumptions=("a call belongs to the day of its end",),
            tag=PROJECT_TAG,
            made=dt.datetime.now(dt.timezone.utc),
        )
        return result, basis


def write_pages(rows: set[Path], result: Reconciliation, basis: Basis, folder: str) -> list[Path]:
    """Write the page about these rows of a ledger, and that about ledger and bill."""
    pages = {
        "report.html": overview_page(overview(*rows), dt.datetime.now(dt.timezone.utc)),
        "bill.html": reconcile_page(result, basis),
    }
    for name, page in pages.items():
        Path(folder, name).write_text(page, encoding="utf-8", newline="\n")
    return [Path(folder, name) for name in pages]
