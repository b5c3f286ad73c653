"""Rows made by hand, priced by reports: to the pico what the lines of AWS come to."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from costmark import _core, ledger
from costmark.prices import PriceBook
from costmark.reports import report
from costmark.reports.overview import overview
from ledger.segments import attempt, write_segment
from prices.test_oracle import END, METERED, RATES, book_of, charged

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from costmark.reports import Report

END_US = int(END.timestamp()) * 1_000_000


def row_of(seq: int, call: tuple[str, str, str, str, dict[str, int]], case: str) -> dict[str, Any]:
    model, region, serving, tier, counts = call
    meters = {name: count for name, count in counts.items() if not name.endswith("_tokens")}
    return attempt(
        seq,
        model=("global." if serving == "global" else "") + model,
        region=region,
        tier=tier,
        end_us=END_US + seq,
        input=counts["input_tokens"],
        cached=counts.get("cached_input_tokens", 0),
        cache_write=counts.get("cache_write_tokens", 0),
        output=counts.get("output_tokens", 0),
        meters=meters,
        labels={"case": case},
    )


def by_case(folder: Path, book: PriceBook) -> dict[str, tuple[int, int]]:
    """Cost, and how many rows have no price, of each case."""
    found: Report = report(folder, by="label:case", book=book)
    return {str(line.key[0]): (line.sums.cost_pico, line.sums.unpriced) for line in found.lines}


@pytest.fixture
def metered(tmp_path: Path) -> Path:
    """A ledger in which each call of ``METERED`` is twice."""
    rows = [
        row_of(2 * number + again, call, str(number))
        for number, (_, call) in enumerate(METERED)
        for again in (0, 1)
    ]
    write_segment(tmp_path, rows)
    return tmp_path


def test_reports_equal_the_metered_lines_to_the_pico(metered: Path) -> None:
    expected = {str(n): (2 * charged(lines), 0) for n, (lines, _) in enumerate(METERED)}
    assert by_case(metered, book_of(RATES)) == expected
    total = report(metered, by=(), book=book_of(RATES)).total
    assert total.cost_pico == sum(cost for cost, _ in expected.values())


@pytest.mark.parametrize("gone", RATES)
def test_without_a_line_exactly_its_rows_are_unpriced(metered: Path, gone: str) -> None:
    book = book_of({name: rate for name, rate in RATES.items() if name != gone})
    assert by_case(metered, book) == {
        str(number): (0, 2) if gone in lines else (2 * charged(lines), 0)
        for number, (lines, _) in enumerate(METERED)
    }


# --- The shipped book, each of its lines ----------------------------------------------------------

COLUMNS = ("model", "region", "serving", "tier", "kind", "time", "over", "unit", "first", "end",
           "currency", "pico", "as_of")  # fmt: skip
COUNTS = {"cached": "cached_input_tokens", "cache_write": "cache_write_tokens",
          "output": "output_tokens"}  # fmt: skip


def shipped_lines() -> dict[int, dict[str, str]]:
    """The lines of the book by their number, read as the file says, and by nothing of costmark."""
    text = _core.shipped_prices().splitlines()
    numbered = {n: line.split() for n, line in enumerate(text) if line and line[0] not in "#d"}
    return {n: dict(zip(COLUMNS, words, strict=False)) for n, words in numbered.items()}


def calls_of_lines() -> Iterator[tuple[set[int], dict[str, Any], Decimal]]:
    """For each line whose price is known a call that uses it, and the input's: which lines these
    are, the call, and what it costs in pico-USD.
    """
    all_lines = shipped_lines()
    same = ("model", "region", "serving", "tier", "over")
    for number, line in all_lines.items():
        if line["pico"] == "unknown":
            continue
        (base,) = [
            n
            for n, each in all_lines.items()
            if each["kind"] == "input" and all(each[name] == line[name] for name in same)
        ]
        kind = line["kind"]
        name = f"cache_write_{line['time']}" if line["time"] != "-" else kind
        counts = {"input_tokens": 1009 + int(line["over"].replace("-", "0"))}
        counts.update({each: 701 if each == COUNTS.get(kind) else 0 for each in COUNTS.values()})
        rest = counts["input_tokens"] - (701 if kind in ("cached", "cache_write") else 0)
        pico = Decimal(all_lines[base]["pico"]) * rest
        pico += Decimal(line["pico"]) * 701 if number != base else 0
        call = {
            "model": line["model"],
            "region": "eu-north-1" if line["region"] == "*" else line["region"],
            "serving": line["serving"],
            "tier": line["tier"],
            "end": END,
            "meters": {name: 701} if name not in ("input", *COUNTS) else {},
            **counts,
        }
        yield {base, number}, call, pico


def test_without_a_line_of_the_shipped_book_exactly_its_calls_are_unpriced() -> None:
    calls = list(calls_of_lines())
    assert len(calls) > 50
    text = _core.shipped_prices().splitlines()
    whole = PriceBook.parse("\n".join(text))
    for _, call, pico in calls:
        assert (whole.price(**call).state, whole.price(**call).pico_usd) == ("priced", pico), call
    for gone in set().union(*(lines for lines, _, _ in calls)):
        less = PriceBook.parse("\n".join([*text[:gone], *text[gone + 1 :]]))
        for lines, call, pico in calls:
            cost = less.price(**call)
            expected = ("unpriced", None) if gone in lines else ("priced", pico)
            assert (cost.state, cost.pico_usd) == expected, (text[gone], call)


@pytest.mark.parametrize("is_compacted", [False, True])
def test_on_mantle_a_model_is_served_as_the_book_has_it(tmp_path: Path, is_compacted: bool) -> None:
    """Claude, which the shipped book prices as global alone."""
    mantle = "bedrock-mantle.us-east-1.api.aws"
    calls = [
        ("messages", mantle, "", 0),
        ("messages", "gateway.internal", "", 0),
        ("messages", "bedrock-runtime.us-east-1.amazonaws.com", "", 1),
        ("converse", "gateway.internal", "", 1),
        ("invoke_model", "gateway.internal", "global.", 0),
        ("converse", "gateway.internal", "us.", 1),
    ]
    rows = [
        attempt(
            seq,
            model=f"{prefix}anthropic.claude-opus-4-8",
            region="us-east-1",
            tier="standard",
            api=api,
            url_host=host,
            end_us=END_US + seq,
            input=10,
            cached=4,
            cache_write=0,
            output=1,
            labels={"case": str(seq)},
            **({"meters": {"cache_write_5m": 0}} if seq % 2 else {}),
        )
        for seq, (api, host, prefix, _) in enumerate(calls)
    ]
    for row in rows[::2]:
        del row["meters"]
    write_segment(tmp_path, rows)
    if is_compacted:
        ledger.compact(tmp_path)
        assert list(tmp_path.glob("rows/*/*.parquet"))
    cost = 6 * 5_000_000 + 4 * 500_000 + 25_000_000
    expected = {
        str(seq): (0 if unpriced else cost, unpriced) for seq, (*_, unpriced) in enumerate(calls)
    }
    assert by_case(tmp_path, PriceBook.shipped()) == expected
    found = overview(tmp_path)
    assert found.report.total.cost_pico == cost * 3
    assert found.cache.saved_pico == 3 * 4 * 4_500_000
