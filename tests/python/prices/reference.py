"""What a call costs, once more: slowly, with Decimal dollars, and without looking at the core.

A book is a list of `Line`; each rule of the price file is one step below.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, localcontext

LARGEST = 2**63 - 1
TOKENS = ("input", "cached", "cache_write", "output", "audio_input", "audio_output")
TIMES = ("5m", "30m", "1h", "12h")


@dataclass(frozen=True)
class Line:
    model: str
    region: str
    serving: str
    tier: str
    kind: str
    time: str | None  # of cache writes
    over: int
    unit: str
    first: date | None
    end: date | None
    usd: Decimal | None  # for one unit

    def text(self, number: int) -> str:
        pico = "unknown" if self.usd is None else str(int(self.usd.scaleb(12)))
        days = [day.isoformat() if day else "-" for day in (self.first, self.end)]
        return " ".join(
            (
                *(self.model, self.region, self.serving, self.tier, self.kind, self.time or "-"),
                *(str(self.over or "-"), self.unit, *days, "USD", pico, "2026-09"),
                f"line {number}; all Regions: yes",
            )
        )

    def holds_on(self, day: date) -> bool:
        return (self.first is None or self.first <= day) and (self.end is None or day < self.end)

    def clashes_with(self, other: Line) -> bool:
        def thing(line: Line) -> tuple[object, ...]:
            return (line.model, line.region, line.serving, line.tier, line.kind, line.over)

        times = self.time == other.time or None in (self.time, other.time)
        days = (self.first or date.min) < (other.end or date.max) and (other.first or date.min) < (
            self.end or date.max
        )
        return thing(self) == thing(other) and times and days


@dataclass
class Call:
    model: str
    region: str
    serving: str
    tier: str
    day: date
    input: int | None
    cached: int | None
    cache_write: int | None
    output: int | None
    total: int | None = None
    meters: dict[str, int] = field(default_factory=dict)


@dataclass
class Expected:
    state: str
    usd: Decimal | None = None
    flags: set[str] = field(default_factory=set)


def cost_of(book: list[Line], call: Call) -> Expected:
    with localcontext() as context:
        context.prec = 100
        return _cost_of(book, call)


def _cost_of(book: list[Line], call: Call) -> Expected:
    flags: set[str] = set()
    tier = {"": "standard", "default": "standard"}.get(call.tier, call.tier)
    if tier in ("reserved", "batch"):
        return Expected("elsewhere")
    if call.input is None and call.output is None and not call.meters:
        return Expected("unknown")
    if call.tier == "":
        flags.add("tier_assumed")

    own = [line for line in book if line.region == call.region]
    shared = [line for line in book if line.region == "*"] if _commercial(call.region) else []
    steps = (
        ("no_model", lambda line: line.model == call.model, book),
        ("region_absent", lambda _: call.region != "", None),
        ("no_region", lambda line: line.model == call.model, own + shared),
        ("no_serving", lambda line: line.serving == call.serving, None),
        ("no_tier", lambda line: line.tier == tier, None),
        ("no_day", lambda line: line.holds_on(call.day), None),
    )
    left: list[Line] = []
    for flag, fits, among in steps:
        left = [line for line in (left if among is None else among) if fits(line)]
        if not left:
            return Expected("unpriced", None, flags | {flag})

    # Tokens: all lines from one place, and of one threshold.
    tokens = [line for line in left if line.unit == "token" and line.region != "*"]
    tokens = tokens or [line for line in left if line.unit == "token"]
    thresholds = {line.over for line in tokens} - {0}
    if call.input is None and thresholds:
        return Expected("unpriced", None, flags | {"counts_absent"})
    exceeded = max((over for over in thresholds if (call.input or 0) > over), default=0)
    tokens = [line for line in tokens if line.over == exceeded]

    needed: list[tuple[Line | None, int]] = []
    partial = False

    def need(kind: str, count: int, time: str | None = None) -> None:
        fitting = [x for x in tokens if x.kind == kind and x.time == time]
        needed.append((fitting[0] if fitting else None, count))

    if call.cached is None or call.cache_write is None:
        flags.add("parts_absent")
    cached, written = call.cached or 0, call.cache_write or 0
    for kind, whole, other, parts in (
        ("input", call.input, call.output, (cached, written, call.meters.get("audio_input", 0))),
        ("output", call.output, call.input, (call.meters.get("audio_output", 0),)),
    ):
        if whole is None:
            if other is None or call.total != other:
                flags.add("counts_absent")
                partial = True
        elif sum(parts) > whole:
            flags.add("inconsistent")
            partial = True
        else:
            need(kind, whole - sum(parts))
    need("cached", cached)
    need("audio_input", call.meters.get("audio_input", 0))
    need("audio_output", call.meters.get("audio_output", 0))

    writes = [line for line in tokens if line.kind == "cache_write"]
    if any(line.time is None for line in writes):
        need("cache_write", written)
    else:
        told = {time: call.meters.get(f"cache_write_{time}", 0) for time in TIMES}
        for time, count in told.items():
            need("cache_write", count, time)
        if sum(told.values()) > written:
            flags.add("inconsistent")
            partial = True
        rest = written - sum(told.values())
        if rest > 0 and len(writes) > 1:
            flags.add("cache_time_absent")
            partial = True
        elif rest > 0:
            known = [line for line in writes if line.time in TIMES]
            needed.append((known[0] if known else None, rest))

    # All else: one line a kind, the Region's own first.
    for kind, count in call.meters.items():
        if kind.startswith(("cache_write_", "audio_")):
            continue
        unit = "request" if kind.startswith("web_") else None
        fitting = [
            line
            for line in sorted(left, key=lambda line: line.region == "*")
            if line.kind == kind and (line.unit == unit if unit else line.unit != "token")
        ]
        needed.append((fitting[0] if fitting else None, count))

    used = [(line, count) for line, count in needed if count > 0]
    if any(line is None or line.usd is None for line, _ in used):
        flags.add("no_price")
    usd = sum((line.usd * count for line, count in used if line and line.usd), Decimal(0))
    if usd.scaleb(12) > LARGEST:
        flags.add("overflow")
    if flags & {"no_price", "overflow"}:
        return Expected("unpriced", None, flags)
    if partial:
        return Expected("partial", usd, flags)
    free = bool(used) and all(line is not None and line.usd == 0 for line, _ in used)
    return Expected("free" if free else "priced", usd, flags)


def _commercial(region: str) -> bool:
    return region != "" and not region.startswith(("us-gov-", "cn-", "us-iso", "eu-isoe-", "eusc-"))
