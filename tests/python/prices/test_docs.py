"""What docs/prices.md prints is what happens."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

from costmark.prices import PriceBook

TEXT = (Path(__file__).parents[3] / "docs" / "prices.md").read_text()


def test_the_example_prints_what_it_says() -> None:
    code, printed = re.findall(r"```(?:python)?\n(.*?)```", TEXT, re.DOTALL)[:2]
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(code, "prices.md", "exec"), {})
    assert out.getvalue() == printed


def test_states_and_flags_are_all_there() -> None:
    rows = "\n".join(line for line in TEXT.splitlines() if line.startswith("| `"))
    named = set(re.findall(r"`([a-z_]+)`", rows))
    assert {"priced", "free", "partial", "unpriced", "elsewhere", "unknown"} <= named
    assert {
        *("no_model", "no_region", "no_serving", "no_tier", "no_day", "no_price"),
        *("tier_assumed", "parts_absent", "cache_time_absent", "counts_absent"),
        *("inconsistent", "overflow", "region_absent"),
    } <= named


def test_the_shipped_book_is_the_one_that_is_shown() -> None:
    book = PriceBook.shipped()
    shown = f"costmark's prices.txt, {book.date}, {len(book.lines)} prices, {book.hash[:4]}"
    assert shown in TEXT, shown
