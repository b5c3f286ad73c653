"""What docs/prices.md prints is what happens."""

from __future__ import annotations

import contextlib
import io
import re
from datetime import datetime, timezone
from pathlib import Path

import pytest

from costmark.prices import PriceBook
from prices.shell import run_in_shell

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


def test_what_has_no_price_gets_one_by_the_commands(tmp_path: Path) -> None:
    pytest.importorskip("boto3")
    chapter = TEXT.partition("## What has no price\n")[2].partition("\n## ")[0]
    blocks = re.findall(r"^```sh\n(.*?)^```", chapter, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 4
    said = run_in_shell("\n".join([*blocks, 'echo "book: $COSTMARK_PRICES"']), tmp_path)
    assert said == f"book: {tmp_path}/prices.txt\n"
    book, shipped = PriceBook.load(tmp_path / "prices.txt"), PriceBook.shipped()
    called = {
        *(("amazon.nova-lite-v1:0", serving) for serving in ("in-region", "geo")),
        ("anthropic.claude-haiku-4-5-20251001-v1:0", "global"),
        *((f"openai.{name}", "in-region") for name in ("gpt-oss-120b", "gpt-oss-safeguard-120b")),
        ("deepseek.v3.2", "in-region"),  # of the Price List
    }

    def state(of: PriceBook, model: str, serving: str) -> str:
        return of.price(
            model=model,
            region="us-east-1",
            serving=serving,
            tier="default",
            end=datetime.now(timezone.utc),
            input_tokens=5,
            output_tokens=5,
        ).state

    assert {(*each, state(book, *each)) for each in called} == {(*e, "priced") for e in called}
    assert state(shipped, "amazon.nova-lite-v1:0", "in-region") == "unpriced"
