"""The page of a report."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from ..._names import shown
from .. import formats
from ..money import Column
from ..overview import UTC, Cache, Service, end_of
from . import parts
from .charts import HALF, PLAIN, SHARE, Lines, Stack, chart, color_of, swatch
from .markup import Markup, document, element
from .parts import Number

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ..overview import Labels, Overview
    from ..summary import Line, Sums
    from .parts import Cell

_MOST_SERIES = 5
_FLAT = 0.1
_SAVED = "beside the price of plain input; what writing to the cache cost is taken off"
_MOST_ROWS = 400
_COUNTS = ("Calls", "Errors", "Input", "Cached", "Output")
_NOTHING = "No attempt ended in this period: there is nothing to sum up."


def overview_page(found: Overview, now: dt.datetime | None = None) -> str:
    """The page as one file of HTML: nothing is loaded, and it can be read without its script."""
    now = now or dt.datetime.now(UTC)
    title = "Bedrock spend"
    book = found.report.book
    period = parts.period(found.report, found.steps, found.step)
    main = element(
        "main",
        _hero(found),
        parts.states(found.report),
        *(make(found) for make in (_over_time, _labels, _cache, _service) if found.steps),
        _table(found),
        id="main",
    )
    return document(
        f"{title}, {period}",
        element("a", "Skip to the table", class_="skip", href="#table"),
        parts.head(title, period, book.date if book.is_old() else None),
        main,
        parts.foot(found.report, now),
        scripted=bool(found.steps),
    )


def _hero(found: Overview) -> Markup:
    total, service = found.report.total, found.service
    cached = parts.share(found.cache.cached, found.cache.input)
    failed = parts.share(service.errors, service.attempts)
    figures = [
        ("Calls", f"{total.calls:,}", f"median {parts.duration(service.median_us)}"),
        (
            "Tokens",
            parts.short(total.input + total.output),
            f"{parts.short(total.input)} in, {parts.short(total.output)} out",
        ),
        ("Read from cache", cached, parts.saved(found.cache)),
        ("Failed", failed, parts.counted(service.errors, "attempt")),
    ]
    return element(
        "section",
        element(
            "div",
            element("p", "Estimated spend", class_="quiet"),
            parts.amount(total),
            element("p", parts.basis(found.report.book.date), class_="small quiet"),
        ),
        parts.figures(figures, "row"),
        class_="hero",
        aria_label="Totals",
    )


def _over_time(found: Overview) -> Markup:
    cuts = [("project", "By project"), ("model", "By model")]
    cuts += [(f"tag:{name}", f"By tag {name}") for name in found.tags]
    content: list[str] = []
    for name, title in cuts:
        content.append(element("h3", title))
        content.append(_spend(found, name))
    said = f"Each bar is one {found.step} in UTC."
    if found.outside:
        outside = parts.counted(found.outside, "attempt")
        said += f" Only in the sums: {outside} of a far other time, by the clocks of then."
    return element(
        "section",
        element("h2", "Spend over time"),
        element("p", said, class_="quiet"),
        *content,
    )


def _spend(found: Overview, name: str) -> Markup:
    lines = found.by(name)
    top, rest = lines[:_MOST_SERIES], lines[_MOST_SERIES:]
    if len(rest) == 1:
        top, rest = lines[: _MOST_SERIES - 1], lines[_MOST_SERIES - 1 :]
    total = found.report.total.cost_pico
    if not total:
        return parts.empty("Nothing here has a price, so there is no spend to show.")
    over_time = found.over_time(name)
    series = [[_dollars(over_time[line.key[0]].get(at)) for at in found.steps] for line in top]
    if rest:
        others = [over_time[line.key[0]] for line in rest]
        series.append([sum(_dollars(each.get(at)) for each in others) for at in found.steps])
    names = shown(found.report.names)
    keys = [_key(line.key[0], name, names) for line in top]
    named = [parts.name_of(key) for key in keys]
    costs = Column.of(
        [line.sums for line in top] + ([parts.together(each.sums for each in rest)] if rest else [])
    )
    seen = f"Spend per {found.step} by {name}: {formats.dollars(total)}, most of it for "
    drawn = chart(Stack(found.steps, _ends(found), series, bool(rest)), seen + ", ".join(named[:3]))
    ranks = [
        _rank(swatch(color_of(n)), parts.named(line.key[0], name, names), line.sums, cost, total)
        for n, (line, cost) in enumerate(zip(top, costs.cells, strict=False))
    ]
    if rest:
        both = parts.together(line.sums for line in rest)
        label = element("bdi", f"{len(rest)} others", class_="quiet")
        other = swatch(color_of(0, other=True))
        ranks.append(_rank(other, label, both, costs.cells[-1], total))
    return element("div", drawn, element("ol", *ranks, class_="ranks"), class_="split")


def _key(value: str | None, dimension: str, names: Mapping[str, str]) -> str | None:
    return names.get(value, value) if dimension == "project" and value else value


def _rank(mark: Markup, name: Markup, sums: Sums, cost: str, total: int) -> Markup:
    return element(
        "li",
        mark,
        name,
        element("span", cost, class_="number"),
        element("span", parts.share_of(sums, total), class_="number quiet"),
    )


def _labels(found: Overview) -> Markup:
    if found.labels:
        kind = "pair" if len(found.labels) > 1 else "block"
        content = element("div", *map(_label, found.labels), class_=kind)
    else:
        content = parts.empty("No call has a label. costmark.labels(feature=…) puts them on calls.")
    return element("section", element("h2", "Top labels"), content)


def _label(labels: Labels) -> Markup:
    most = max((line.sums.cost_pico for line in labels.lines), default=0)
    more = labels.values - len(labels.lines)
    note = formats.counted(labels.attempts, "attempt")
    note += f", {formats.counted(more, 'more value')}" if more else ""
    return element(
        "div",
        element("h3", parts.named(labels.name, "label")),
        element("p", note, class_="small quiet"),
        element(
            "ol",
            *(
                element(
                    "li",
                    parts.named(line.key[0], "label"),
                    element("span", formats.spend(line.sums, most), class_="number"),
                    parts.bar_of(line.sums.cost_pico, most),
                )
                for line in labels.lines
            ),
            class_="bars",
        ),
    )


def _cache(found: Overview) -> Markup:
    cache = found.cache
    heading = element("h2", "Prompt cache")
    if not cache.cached:
        return element("section", heading, parts.empty("No input was read from a cache."))
    values = [_share(found.cache_by_step.get(at)) for at in found.steps]
    # Up to all of it, unless that leaves nothing to see.
    top = 1 if max(filter(None, values), default=0) > _FLAT else None
    drawn = Lines(found.steps, _ends(found), [values], SHARE, top=top, filled=True)
    amount = formats.dollars(abs(cache.saved_pico))
    figures = [
        ("Read from the cache", parts.share(cache.cached, cache.input), "of all input tokens"),
        ("Cost more than without it" if cache.saved_pico < 0 else "Saved", amount, _SAVED),
    ]
    if cache.unpriced:
        figures.append(("Not compared", parts.short(cache.unpriced), "tokens without a price"))
    return element(
        "section",
        heading,
        element("p", f"Share of the input read from the cache, by {found.step}.", class_="quiet"),
        element(
            "div",
            chart(drawn, f"Share of input read from the cache, per {found.step}"),
            parts.figures(figures, "column"),
            class_="split",
        ),
    )


def _share(cache: Cache | None) -> float | None:
    return cache.cached / cache.input if cache and cache.input else None


def _service(found: Overview) -> Markup:
    return element(
        "section",
        element("h2", "Latency and errors"),
        element(
            "div",
            _latency(found),
            _errors(found),
            class_="pair",
        ),
        parts.scrolling(_models(found), "Latency and errors by model"),
    )


def _latency(found: Overview) -> Markup:
    def seconds(of: Callable[[Service], int | None]) -> list[float | None]:
        found_of = (of(found.service_by_step.get(at, Service())) for at in found.steps)
        return [None if value is None else value / 1e6 for value in found_of]

    drawn = Lines(
        found.steps,
        _ends(found),
        [seconds(lambda each: each.slow_us), seconds(lambda each: each.median_us)],
        PLAIN,
    )
    return element(
        "div",
        element("h3", "Seconds to the end of the answer"),
        chart(drawn, f"95th percentile and median of the latency, per {found.step}", HALF),
        parts.legend(["95th percentile", "median"]),
    )


def _errors(found: Overview) -> Markup:
    steps = [found.service_by_step.get(at, Service()) for at in found.steps]
    shares = [each.errors / each.attempts if each.attempts else 0.0 for each in steps]
    heading = element("h3", "Share of attempts that failed")
    if not any(shares):
        return element("div", heading, parts.empty("No attempt failed."))
    drawn = chart(
        Lines(found.steps, _ends(found), [shares], SHARE, filled=True),
        f"Share of attempts that failed, per {found.step}",
        HALF,
    )
    most = max(count for _, count in found.error_codes)
    codes = [
        element(
            "li",
            parts.named(code or None, "error code"),
            element("span", f"{count:,}", class_="number"),
            parts.bar_of(count, most),
        )
        for code, count in found.error_codes
    ]
    return element("div", heading, drawn, element("ol", *codes, class_="bars"))


def _models(found: Overview) -> Markup:
    numbers = ("Attempts", "Failed", "Median", "95th percentile", "First byte")
    rows: list[list[Cell]] = [
        [
            parts.named(model or None, "model"),
            Number(f"{each.attempts:,}"),
            Number(parts.share(each.errors, each.attempts)),
            *(
                Number(parts.duration(time))
                for time in (each.median_us, each.slow_us, each.first_byte_us)
            ),
        ]
        for model, each in found.service_by_model.items()
    ]
    return parts.table(["Model", *map(Number, numbers)], rows)


def _table(found: Overview) -> Markup:
    heading = element("h2", "Every line", id="table", tabindex="-1")
    if not found.steps:
        return element("section", heading, parts.empty(_NOTHING))
    dimensions = found.report.by[1:]
    lines = found.table()
    costs = Column.of([line.sums for line in lines])
    names = shown(found.report.names)
    listed, rest = lines[:_MOST_ROWS], lines[_MOST_ROWS:]
    said = "All sums of the period, by project, model and tags."
    if rest:
        sums = parts.together(line.sums for line in rest)
        said += f" {len(rest):,} smaller ones, {formats.spend(sums)} in all, are only in the total."
    first, *others = map(parts.title_of, dimensions)
    table = parts.table(
        [first, Number("Spend"), *others, *map(Number, _COUNTS)],
        [
            _row(line, dimensions, names, cost)
            for line, cost in zip(listed, costs.cells, strict=False)
        ],
        total=["Total", *_numbers(found.report.total, [""] * len(others), costs.total())],
        sorted_by=1,
        tools="lines-tools",
    )
    return element(
        "section",
        heading,
        element("p", said, class_="quiet"),
        parts.tools("lines-tools", "Filter by project, model or tag"),
        parts.scrolling(table, "Every line"),
    )


def _row(line: Line, dimensions: Sequence[str], names: Mapping[str, str], cost: str) -> list[Cell]:
    pairs = zip(line.key, dimensions, strict=True)
    first, *others = (parts.named(value, name, names) for value, name in pairs)
    return [first, *_numbers(line.sums, others, cost)]


def _numbers(sums: Sums, others: Sequence[str], cost: str) -> list[Cell]:
    counts = (sums.calls, sums.errors)
    return [
        Number(cost, sums.cost_pico),
        *others,
        *(Number(f"{count:,}", count) for count in counts),
        *map(parts.tokens, (sums.input, sums.cached, sums.output)),
    ]


def _ends(found: Overview) -> list[dt.datetime]:
    return [end_of(found.step, at) for at in found.steps]


def _dollars(sums: Sums | None) -> float:
    return sums.cost_pico / 1e12 if sums else 0.0
