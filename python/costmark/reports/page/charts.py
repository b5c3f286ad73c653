"""Charts as SVG, by Vega-Lite. No text of a user is in them: names stand beside, as HTML."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Any

from ...errors import ConfigurationError
from .markup import Markup, element
from .palette import AREA, AXIS, FAINT_LINE, GRID, GROUND, LINE, OTHER, RAMP

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

# For a desk, for half of its width, and for a phone: the texts have the same size in all.
WIDE, HALF, _NARROW = (660, 230), (516, 200), (350, 200)
# Formats of axes. Numbers are written out, as in 10 instead of 1e+1; shares are as fine as needed.
PLAIN, SHARE = "~r", "%"
_LEAST_STEPS = 12
_TICKS = 4
# A tick says what is new in it: the hour, the day, the month, the year.
_TIMES = {
    "year": "%Y",
    "quarter": "%b",
    "month": "%b",
    "week": "%-d %b",
    "date": "%-d %b",
    "hours": "%H:%M",
    "minutes": "%H:%M",
}
_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
_GEOMETRY = re.compile(r' (?:d|transform|x|y|x1|x2|y1|y2|width|height)="[^"]*"')
_LONG_NUMBER = re.compile(r"\d+\.\d{2,}")
# What a reader does not see: roles that the page's own label stands for.
_NOISE = re.compile(r' (?:role|aria-roledescription|aria-hidden|aria-label|pointer-events)="[^"]*"')


@dataclasses.dataclass(frozen=True)
class Stack:
    """Bars over time, one above the other: a row of values for each of ``series``."""

    begins: Sequence[dt.datetime]
    ends: Sequence[dt.datetime]
    series: Sequence[Sequence[float]]
    other: bool
    """Whether the last one is what is left."""


@dataclasses.dataclass(frozen=True)
class Lines:
    """Lines over time; None where nothing was measured."""

    begins: Sequence[dt.datetime]
    ends: Sequence[dt.datetime]
    series: Sequence[Sequence[float | None]]
    format: str
    """Of the axis, as d3 has it."""
    top: float | None = None
    """Where the axis ends."""
    filled: bool = False


def color_of(place: int, *, other: bool = False) -> str:
    """The color of a series."""
    return OTHER[0] if other else RAMP[place % len(RAMP)][0]


def swatch(color: str, edge: str | None = None) -> Markup:
    """A square in the color of a series."""
    place = {"x": "0.5", "y": "0.5", "width": "9", "height": "9"}
    square = element("rect", **place, rx="2", fill=color, stroke=edge or color)
    return element("svg", square, class_="swatch", viewBox="0 0 10 10", aria_hidden="true")


def bar(share: float) -> Markup:
    """A bar whose length is a share of the whole."""
    width = f"{max(0.0, min(share, 1.0)) * 100:.1f}%"
    drawn = element("rect", width=width, height="100%", rx="1.5", fill=LINE[0])
    return element("svg", drawn, class_="bar", aria_hidden="true")


def step(begin: float | None, end: float, *, last: bool = False, broken: bool = False) -> Markup:
    """A step of a waterfall between two shares of the width, with lines to its neighbors.

    What falls is hollow. Without a begin it is a whole, drawn from the left; ``broken`` marks that
    the left is not 0.
    """
    left, right = (0.0, end) if begin is None else (min(begin, end), max(begin, end))
    fill, stroke = (LINE[0],) * 2 if begin is None else (RAMP[2][0],) * 2
    if begin is not None and end < begin:
        fill = GROUND
    place = {"x": _percent(left), "width": _percent(max(right - left, 0.003))}
    drawn = [element("rect", **place, y="9", height="16", fill=fill, stroke=stroke)]
    if broken:
        drawn.append(element("path", d="M10 29l8-24M17 29l8-24", stroke=GROUND, stroke_width="3.5"))
    if begin is not None:
        drawn.append(_link(begin, "0", "9"))
    if not last:
        drawn.append(_link(end, "25", "100%"))
    return element("div", element("svg", *drawn, aria_hidden="true"), class_="step")


def legend_of_steps() -> Markup:
    """What full and hollow steps are."""
    color = RAMP[2][0]
    said = ((color, "filled: the bill has more"), (GROUND, "hollow: the bill has less"))
    return element(
        "p",
        *(element("span", swatch(fill, color), name) for fill, name in said),
        class_="legend small quiet",
    )


def _link(share: float, top: str, bottom: str) -> Markup:
    at = _percent(share)
    return element("line", x1=at, x2=at, y1=top, y2=bottom, stroke=AXIS[0])


def _percent(share: float) -> str:
    return f"{100 * share:.2f}%"


def chart(drawn: Stack | Lines, label: str, size: tuple[int, int] = WIDE) -> Markup:
    """The chart for desk and phone; ``label`` says what is to be seen, for who cannot see it."""
    both = _svg(drawn, label, "wide", size), _svg(drawn, label, "narrow", _NARROW)
    return element("div", *both, class_="chart")


def _svg(drawn: Stack | Lines, label: str, name: str, size: tuple[int, int]) -> Markup:
    try:
        import vl_convert
    except ImportError:
        raise ConfigurationError(
            "charts are drawn by vl-convert-python; install costmark[report]", code="unsupported"
        ) from None
    width, height = size
    spec = _bars(drawn) if isinstance(drawn, Stack) else _lines(drawn)
    spec |= {"width": width, "height": height, "config": _CONFIG}
    spec |= {"autosize": {"type": "fit", "contains": "padding"}, "padding": 2}
    svg = vl_convert.vegalite_to_svg(spec)
    begin = svg.index(">") + 1
    body = _NOISE.sub("", svg[begin:].removesuffix("</svg>"))
    body = _GEOMETRY.sub(lambda found: _LONG_NUMBER.sub(_tenths, found[0]), body)
    return element(
        "svg",
        Markup(body),
        class_=name,
        viewBox=f"0 0 {width} {height}",
        role="img",
        aria_label=label,
    )


def _tenths(number: re.Match[str]) -> str:
    """A coordinate as fine as the eye sees."""
    return f"{float(number[0]):.1f}".removesuffix(".0")


def _bars(drawn: Stack) -> dict[str, Any]:
    values = []
    for step, (begin, end) in enumerate(zip(drawn.begins, drawn.ends, strict=True)):
        low = 0.0
        gap = (end - begin) * 0.08
        for place, series in enumerate(drawn.series):
            if series[step] > 0:
                values.append(
                    {
                        "begin": _millis(begin + gap),
                        "end": _millis(end - gap),
                        "low": low,
                        "high": low + series[step],
                        "place": place,
                    }
                )
                low += series[step]
    last = len(drawn.series) - 1
    colors = [color_of(n, other=drawn.other and n == last) for n in range(last + 1)]
    whole = [sum(column) for column in zip(*drawn.series, strict=True)]
    return {
        "data": {"values": values},
        "mark": {"type": "bar", "aria": False, "stroke": GROUND, "strokeWidth": 0.75},
        "encoding": {
            "x": _time("begin", drawn.begins, drawn.ends),
            "x2": {"field": "end"},
            "y": {
                "field": "low",
                "type": "quantitative",
                "axis": {
                    "format": _dollar_format(max(whole)),
                    "labelExpr": "datum.value === 0 ? '$0' : datum.label",  # not $0k
                    "tickCount": _TICKS,
                },
                "scale": {"nice": _TICKS},
            },
            "y2": {"field": "high"},
            "color": {
                "field": "place",
                "type": "nominal",
                "scale": {"domain": list(range(last + 1)), "range": colors},
                "legend": None,
            },
        },
    }


def _lines(drawn: Lines) -> dict[str, Any]:
    values = [
        {"at": _millis(begin), "value": value, "place": place}
        for place, series in enumerate(drawn.series)
        for begin, value in zip(drawn.begins, series, strict=True)
        if value is not None
    ]
    y: dict[str, Any] = {
        "field": "value",
        "type": "quantitative",
        "axis": {"format": drawn.format, "tickCount": _TICKS},
        "scale": {"domain": [0, drawn.top]} if drawn.top else {"zero": True, "nice": _TICKS},
    }
    x = _time("at", drawn.begins, drawn.ends)
    color = {
        "field": "place",
        "type": "nominal",
        "scale": {"domain": [0, 1], "range": [LINE[0], FAINT_LINE[0]]},
        "legend": None,
    }
    dot = {"type": "circle", "size": 44, "opacity": 1, "aria": False}
    layers: list[dict[str, Any]] = [
        {
            "mark": {"type": "line", "strokeWidth": 2, "interpolate": "monotone", "aria": False},
            "encoding": {"x": x, "y": y, "color": color},
        }
    ]
    if len(values) <= 2 * len(drawn.series):  # a line of one point is not seen
        layers.append({"mark": dot, "encoding": {"x": x, "y": y, "color": color}})
    if drawn.filled:
        area = {"type": "area", "color": AREA[0], "interpolate": "monotone", "aria": False}
        layers.insert(0, {"mark": area, "encoding": {"x": x, "y": y}})
    return {"data": {"values": values}, "layer": layers}


def _time(field: str, begins: Sequence[dt.datetime], ends: Sequence[dt.datetime]) -> dict[str, Any]:
    """The axis of time. A few steps take a part of it, so that their bars are no slabs."""
    begin = min(begins[0], ends[-1] - _LEAST_STEPS * (ends[-1] - begins[-1]))
    return {
        "field": field,
        "type": "temporal",
        "scale": {"type": "utc", "domain": [_millis(begin), _millis(ends[-1])]},
        "axis": {
            "format": _TIMES,
            "grid": False,
            "tickCount": 6,
            "labelFlush": True,
            "labelOverlap": True,
            "labelSeparation": 8,
        },
    }


def _dollar_format(most: float) -> str:
    if most >= 2000:
        return "$~s"
    return "$,.0f" if most >= 4 else "$,.2f" if most >= 0.04 else "$~r"


def _millis(moment: dt.datetime) -> int:
    return round(moment.timestamp() * 1000)


_CONFIG: dict[str, Any] = {
    "background": "transparent",
    "font": _FONT,
    "view": {"stroke": None},
    "axis": {
        "domain": False,
        "ticks": False,
        "title": None,
        "gridColor": GRID[0],
        "labelColor": AXIS[0],
        "labelFontSize": 11,
        "labelPadding": 6,
    },
}
