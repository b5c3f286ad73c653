"""Random books and calls: the core prices them as the reference does."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from costmark import ConfigurationError
from costmark.prices import PriceBook
from prices.reference import TIMES, Call, Line, cost_of

KINDS = (
    "input",
    "cached",
    "cache_write",
    "output",
    "audio_input",
    "audio_output",
    "web_search",
    "page",
)
FIRST = date(2026, 9, 1)
COUNTS = (0, 0, 1, 7, 99, 100, 101, 5000, 10**12)


def some_line(choose: random.Random) -> Line:
    kind = choose.choice((*KINDS[:4], *KINDS))
    tokens = kind not in ("web_search", "page")
    unit = "token" if tokens else {"web_search": "request", "page": "image"}[kind]
    start = choose.choice((None, FIRST, FIRST + timedelta(choose.randrange(20))))
    length = choose.choice((None, choose.randrange(1, 20)))
    time = choose.choice((None, None, *TIMES, "24h")) if kind == "cache_write" else None
    price = choose.choice((0, 1, 22_000, 5_500_000, 12_000_000_000, 2**62))
    return Line(
        model=choose.choice("ab"),
        region=choose.choice(("us-east-1", "us-gov-west-1", "*", "*")),
        serving=choose.choice(("in-region", "in-region", "global")),
        tier=choose.choice(("standard", "standard", "flex")),
        kind=kind,
        time=time,
        over=choose.choice((0, 0, 100, 1000)) if tokens else 0,
        unit=unit,
        first=start,
        end=None if length is None else (start or FIRST) + timedelta(length),
        usd=choose.choice((None, *[Decimal(price).scaleb(-12)] * 9)),
    )


def some_book(choose: random.Random, size: int) -> list[Line]:
    book: list[Line] = []
    while len(book) < size:
        line = some_line(choose)
        if not any(line.clashes_with(other) for other in book):
            book.append(line)
    return book


def some_call(choose: random.Random) -> Call:
    def count(or_none: float) -> int | None:
        return None if choose.random() < or_none else choose.choice(COUNTS)

    whole, output = count(0.05), count(0.05)
    cached = choose.choice((None, 0, 0, min(whole or 0, 7), 9))
    written = choose.choice((None, 0, 0, min(whole or 0, 90), 100))
    meters = {}
    for name in ("audio_input", "audio_output", "web_search", "page", "web_fetch"):
        if choose.random() < 0.1:
            meters[name] = choose.choice((0, 1, 3))
    for time in TIMES:
        if written and choose.random() < 0.3:
            meters[f"cache_write_{time}"] = choose.choice((0, written, written // 3, 1))
    return Call(
        model=choose.choice("aaabbbc"),
        region=choose.choice(("us-east-1", "eu-west-1", "us-gov-west-1", "")),
        serving=choose.choice(("in-region", "in-region", "global", "geo", "")),
        tier=choose.choice(("", "default", "standard", "flex", "priority", "batch", "reserved")),
        day=FIRST + timedelta(choose.randrange(-5, 30)),
        input=whole,
        cached=cached,
        cache_write=written,
        output=output,
        total=choose.choice((None, whole)),
        meters=meters,
    )


def text_of(book: list[Line]) -> str:
    return "date 2026-09-30\n" + "\n".join(line.text(i) for i, line in enumerate(book))


def moment_of(day: date, choose: random.Random) -> datetime:
    begin = datetime(day.year, day.month, day.day, tzinfo=timezone.utc)
    last = timedelta(days=1) - timedelta(microseconds=1)
    return begin + choose.choice((timedelta(0), last))


def test_the_core_agrees_with_the_reference() -> None:
    choose = random.Random(20261130)
    seen: dict[str, int] = {}
    for _ in range(150):
        lines = some_book(choose, choose.choice((3, 30, 90)))
        book = PriceBook.parse(text_of(lines))
        for _ in range(100):
            call = some_call(choose)
            expected = cost_of(lines, call)
            cost = book.price(
                model=call.model,
                region=call.region,
                serving=call.serving,
                tier=call.tier,
                end=moment_of(call.day, choose),
                input_tokens=call.input,
                cached_input_tokens=call.cached,
                cache_write_tokens=call.cache_write,
                output_tokens=call.output,
                total_tokens=call.total,
                meters=call.meters,
            )
            pico = None if expected.usd is None else int(expected.usd.scaleb(12))
            found = (cost.state, cost.pico_usd, set(cost.flags))
            assert found == (expected.state, pico, expected.flags), (call, text_of(lines))
            for name in (cost.state, *cost.flags):
                seen[name] = seen.get(name, 0) + 1
    # Every state and flag was met, so that none of them agrees by never being there.
    assert {
        *("priced", "partial", "unpriced", "free", "elsewhere", "unknown"),
        *("tier_assumed", "parts_absent", "cache_time_absent", "counts_absent", "inconsistent"),
        *("overflow", "no_model", "no_region", "no_serving", "no_tier", "no_day", "no_price"),
        "region_absent",
    } == set(seen), seen


def test_overlaps_are_refused_where_the_reference_sees_them() -> None:
    choose = random.Random(7)
    refused = 0
    for _ in range(300):
        lines = [some_line(choose) for _ in range(choose.choice((5, 20, 40)))]
        clash = any(a.clashes_with(b) for i, a in enumerate(lines) for b in lines[:i])
        refused += clash
        if clash:
            with pytest.raises(ConfigurationError, match="there is a price for some of these days"):
                PriceBook.parse(text_of(lines))
        else:
            PriceBook.parse(text_of(lines))
    assert 50 < refused < 250


def test_rates_multiply_to_the_cost() -> None:
    choose = random.Random(11)
    compared = 0
    for _ in range(200):
        book = PriceBook.parse(text_of(some_book(choose, 60)))
        for _ in range(50):
            call = some_call(choose)
            if call.input is None or call.output is None or call.meters or call.cache_write:
                continue
            # Any number of input tokens between the same two thresholds will do.
            band = max((over for over in book.thresholds if call.input > over), default=-1)
            rates = book.rates(
                model=call.model,
                region=call.region,
                serving=call.serving,
                tier=call.tier,
                day=call.day,
                input_tokens=band + 1,
            )
            cost = book.price(
                model=call.model,
                region=call.region,
                serving=call.serving,
                tier=call.tier,
                end=moment_of(call.day, choose),
                input_tokens=call.input,
                cached_input_tokens=call.cached or 0,
                cache_write_tokens=0,
                output_tokens=call.output,
            )
            if cost.state not in ("priced", "free"):
                continue
            counts = {
                "input": call.input - (call.cached or 0),
                "cached": call.cached or 0,
                "output": call.output,
            }
            total = sum(
                count * (rates.lines[kind].pico_usd or 0) for kind, count in counts.items() if count
            )
            assert total == cost.pico_usd
            compared += 1
    assert compared > 50
