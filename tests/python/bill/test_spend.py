"""Costs summed from lines of a bill, and what a page makes of values that look like markup."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from fractions import Fraction

import pytest

from costmark._prices.usage_types import shipped_aliases
from costmark.bill import BillLine, Window
from costmark.bill.spend import Spent, compared, key_of, previous, spend
from costmark.bill.spend_formats import as_csv, as_markdown
from costmark.bill.spend_page import spend_page
from costmark.bill.usage_types import Reader

DAY = dt.date(2026, 11, 3)
WINDOW = Window(DAY, DAY + dt.timedelta(days=1))
LINE = BillLine(
    day=DAY,
    record_type="Usage",
    usage_type="USE1-openai.gpt-oss-120b-mantle-input-tokens-standard",
    quantity=Fraction("4.77"),
    unit="1K tokens",
    cost=Fraction("0.0007155"),
    tag="search",
)
READER = Reader(shipped_aliases(), ["openai.gpt-oss-120b"])
NOW = dt.datetime(2026, 11, 30, tzinfo=dt.timezone.utc)


def test_usage_alone_is_in_the_lines() -> None:
    tax = replace(LINE, record_type="Tax", cost=Fraction(2))
    search = replace(LINE, usage_type="web-search", unit="1K requests", cost=Fraction(12))
    found = spend("model", WINDOW, [LINE, tax, search], key_of("model", READER))
    assert found.lines == [
        Spent("web-search", 12 * 10**12, 0),
        Spent("openai.gpt-oss-120b", 715_500_000, 4770),
    ]
    assert found.other == {"tax": 2 * 10**12}


def test_other_currencies_are_refused() -> None:
    with pytest.raises(ValueError, match="a bill in EUR"):
        spend("day", WINDOW, [replace(LINE, currency="EUR")], key_of("day", READER))


def test_the_days_before_are_as_many() -> None:
    before = previous(WINDOW)
    assert (before.first, before.last) == (dt.date(2026, 11, 1), dt.date(2026, 11, 2))
    key = key_of("day", READER)
    old = replace(LINE, day=before.last, cost=Fraction(1))
    found = compared(spend("day", WINDOW, [LINE], key), spend("day", before, [old], key))
    assert [(line.key, line.cost, line.before) for line in found.lines] == [
        ("2026-11-03", 715_500_000, 0),
        ("2026-11-04", 0, 10**12),
    ]


def test_values_are_no_markup_and_no_formula() -> None:
    evil = "<img src=x onerror=alert(1)>|=1+1"
    lines = [replace(LINE, tag=evil), replace(LINE, tag="=cmd()"), replace(LINE, tag="")]
    found = spend("tag:team", WINDOW, lines, key_of("tag:team", READER))
    page = spend_page(found, NOW)
    assert "<img" not in page
    assert "&lt;img src=x" in page
    assert "<script" not in page
    assert "\\<img src=x onerror=alert\\(1\\)\\>\\|" in as_markdown(found)
    assert "'=cmd()" in as_csv(found)
