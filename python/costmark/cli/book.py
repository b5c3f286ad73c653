"""The price book of a command, and what to do about usage that has no price in it."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

from ..prices import PriceBook

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

_NAME = "prices.txt"
GENAI_PRICES = "https://raw.githubusercontent.com/pydantic/genai-prices/main/prices/data.json"


def add_prices(parser: argparse._ActionsContainer) -> None:
    """Add the option that names a book."""
    parser.add_argument(
        "--prices",
        metavar="FILE",
        help="a price book (default: that of COSTMARK_PRICES, else the shipped one)",
    )


def chosen_book(given: str | None) -> PriceBook:
    """The book that was named, or else the one that clients take. Raises ConfigurationError."""
    path = given or _own()
    return PriceBook.load(path) if path else PriceBook.shipped()


def remedy(reasons: Iterable[str]) -> tuple[str, list[str]]:
    """What to do about usage without a price, by the flags that say why, and the commands."""
    found = set(reasons)
    said = []
    if "region_absent" in found:
        said.append(
            "set COSTMARK_REGION where the host names no Region, as with a gateway: it holds for "
            "calls from then on"
        )
    if not found - {"region_absent"}:
        return "; ".join(said), []
    said.append(
        "add it to a book of your own, with prices import for models of bedrock-runtime and prices "
        "sync for those of bedrock-mantle (docs/prices.md)"
    )
    *begin, sync = renewal()
    imported = f"costmark prices import genai-prices - {_into('old')}"
    return "; ".join(said), [*begin, f"curl -fsS {GENAI_PRICES} | {imported}", sync]


def renewal() -> list[str]:
    """The commands that bring the book up to date for models of bedrock-mantle."""
    begun = [f"costmark prices show --text > {_NAME}", f"export COSTMARK_PRICES=$PWD/{_NAME}"]
    return [*([] if _own() else begun), f"costmark prices sync {_into('new')}"]


def _own() -> str:
    return os.environ.get("COSTMARK_PRICES", "")


def _into(prefer: str) -> str:
    region = os.environ.get("COSTMARK_REGION") or os.environ.get("AWS_REGION") or "us-east-1"
    book = _own() or _NAME
    return shlex.join(["--region", region, "--into", book, "-o", book, "--prefer", prefer])
