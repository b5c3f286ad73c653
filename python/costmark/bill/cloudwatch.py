"""CloudWatch's counts, beside those of the ledger.

CloudWatch has calls and tokens, and no costs: of mantle by project and model, of the runtime
endpoint by model alone. It must be asked for each by its names: those of the ledger, and those that
ListMetrics still lists, which forgets what had no data for two weeks.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import ServiceError
from ..prices import served_model
from .keys import tag_of
from .lines import Place

if TYPE_CHECKING:
    from .lines import LedgerLine, ProjectTag, Window

EVERY_PROJECT = "*"
"""The project of series that tell no projects apart: those of the runtime endpoint."""


@dataclass(frozen=True, eq=False)
class _Namespace:
    """Where CloudWatch has the counts of an endpoint."""

    name: str
    dimensions: tuple[str, ...]
    metrics: dict[str, str]


_MANTLE = _Namespace(
    "AWS/BedrockMantle",
    ("Project", "Model"),
    {"Inferences": "calls", "InputTokens": "input", "OutputTokens": "output"},
)
_RUNTIME = _Namespace(
    "AWS/Bedrock",
    ("ModelId",),
    {"Invocations": "calls", "InputTokenCount": "input", "OutputTokenCount": "output"},
)
# How inference profiles of a group of Regions begin, by the first word of a Region's name.
_GROUPS = {"ap": "apac"}
_MOST_QUERIES = 500
_DAY_S = 86_400


class Series(NamedTuple):
    """A project and a model in a Region, on a day."""

    day: dt.date
    region: str
    project: str
    model: str


@dataclass
class Counts:
    """What was counted of a series."""

    calls: int = 0
    input: int = 0
    output: int = 0

    def add(self, name: str, number: int) -> None:
        """Add to one of the counts."""
        setattr(self, name, getattr(self, name) + number)


@dataclass
class Comparison:
    """Both sides of every series that either has."""

    ledger: dict[Series, Counts] = field(default_factory=lambda: defaultdict(Counts))
    seen: dict[Series, Counts] = field(default_factory=lambda: defaultdict(Counts))

    @property
    def series(self) -> list[Series]:
        """All of them, sorted."""
        return sorted({*self.ledger, *self.seen})

    @property
    def differing(self) -> list[Series]:
        """Those on which the sides disagree."""
        return [
            each
            for each in self.series
            if self.ledger.get(each, Counts()) != self.seen.get(each, Counts())
        ]

    def sums(self, place: tuple[str, str, str]) -> tuple[Counts, Counts]:
        """The sums over all days of a Region, a project and a model: ours, and CloudWatch's."""
        sums = Counts(), Counts()
        for total, side in zip(sums, (self.ledger, self.seen), strict=True):
            for series, counts in side.items():
                if series[1:] == place:
                    for name, number in vars(counts).items():
                        total.add(name, number)
        return sums

    def counts(
        self, lines: Iterable[LedgerLine], projects: list[ProjectTag], *, with_tags: bool
    ) -> dict[Place, int]:
        """The calls that CloudWatch saw, by the places where the ledger has attempts."""
        series: dict[Place, set[Series]] = defaultdict(set)
        for line in lines:
            at = _series_of(line)
            if at is not None and at.project != EVERY_PROJECT and at in self.seen:
                tag = tag_of(line, projects) if with_tags else None
                series[Place(line.day, line.account, line.region, tag, line.model)].add(at)
        return {
            place: sum(self.seen[each].calls for each in found) for place, found in series.items()
        }


def compare(lines: Iterable[LedgerLine], clients: dict[str, Any], window: Window) -> Comparison:
    """Ask CloudWatch for the days of a window; ``clients`` are boto3's, by Region."""
    found = Comparison()
    asked: dict[tuple[str, _Namespace], set[tuple[str, ...]]] = defaultdict(set)
    for line in lines:
        series = _series_of(line)
        if series is None:
            continue
        is_runtime = series.project == EVERY_PROJECT
        names: tuple[str, ...] = (series.project, series.model)
        if is_runtime:
            names = (_profile(line),)
        asked[series.region, _RUNTIME if is_runtime else _MANTLE].add(names)
        at = found.ledger[series]
        at.calls += line.attempts
        at.input += _plain_input(line) if is_runtime else line.input
        at.output += line.output
    for region, client in clients.items():
        for namespace in (_MANTLE, _RUNTIME):
            known = asked[region, namespace]
            if not known and namespace is _RUNTIME:
                continue  # whatever used it, it is not in this ledger
            every = sorted(known | set(_listed(client, namespace)))
            for names, count, day, number in _values(client, namespace, every, window):
                found.seen[_seen_series(day, region, names)].add(count, number)
    return found


def regions(lines: Iterable[LedgerLine]) -> list[str]:
    """The Regions in which the ledger has calls to mantle or runtime."""
    return sorted({series.region for line in lines if (series := _series_of(line)) is not None})


def _series_of(line: LedgerLine) -> Series | None:
    if line.endpoint not in ("mantle", "runtime") or line.region is None:
        return None
    project = EVERY_PROJECT if line.endpoint == "runtime" else line.project or "default"
    return Series(line.day, line.region, project, line.model)


def _seen_series(day: dt.date, region: str, names: tuple[str, ...]) -> Series:
    if len(names) == 1:
        return Series(day, region, EVERY_PROJECT, served_model(names[0])[0])
    return Series(day, region, *names)


def _profile(line: LedgerLine) -> str:
    """The model as runtime's metrics name it: with the profile that it was asked for by."""
    if line.serving == "in-region":
        return line.model
    group = (line.region or "").partition("-")[0]
    prefix = "global" if line.serving == "global" else _GROUPS.get(group, group)
    return f"{prefix}.{line.model}"


def _plain_input(line: LedgerLine) -> int:
    return line.input - line.cached - sum(tokens for _, tokens in line.written)


def _listed(client: Any, namespace: _Namespace) -> Iterator[tuple[str, ...]]:
    pages = client.get_paginator("list_metrics").paginate(
        Namespace=namespace.name, MetricName=next(iter(namespace.metrics))
    )
    for page in pages:
        for metric in page["Metrics"]:
            values = {each["Name"]: each["Value"] for each in metric["Dimensions"]}
            if values.keys() == set(namespace.dimensions):
                yield tuple(values[name] for name in namespace.dimensions)


def _values(
    client: Any, namespace: _Namespace, every: list[tuple[str, ...]], window: Window
) -> Iterator[tuple[tuple[str, ...], str, dt.date, int]]:
    asked = [(names, metric) for names in every for metric in namespace.metrics]
    for begin in range(0, len(asked), _MOST_QUERIES):
        batch = asked[begin : begin + _MOST_QUERIES]
        for place, day, number in _results(client, namespace, batch, window):
            names, metric = batch[place]
            yield names, namespace.metrics[metric], day, number


def _results(
    client: Any, namespace: _Namespace, batch: list[tuple[tuple[str, ...], str]], window: Window
) -> Iterator[tuple[int, dt.date, int]]:
    """Points of a batch. A result may be partial on one page and go on on the next one."""
    pages = client.get_paginator("get_metric_data").paginate(
        MetricDataQueries=[_query(place, namespace, *each) for place, each in enumerate(batch)],
        StartTime=_midnight(window.first),
        EndTime=_midnight(window.last + dt.timedelta(days=1)),
        ScanBy="TimestampAscending",
    )
    states: dict[str, str] = {}
    for page in pages:
        for result in page["MetricDataResults"]:
            states[result["Id"]] = result["StatusCode"]
            place = int(result["Id"].removeprefix("q"))
            for time, value in zip(result["Timestamps"], result["Values"], strict=True):
                yield place, time.astimezone(dt.timezone.utc).date(), round(value)
    broken = sorted(name for name, state in states.items() if state != "Complete")
    if broken:
        names, metric = batch[int(broken[0].removeprefix("q"))]
        raise ServiceError(
            f"CloudWatch: {metric} of {' and '.join(names)} is {states[broken[0]]}, and so are "
            f"{len(broken) - 1} others"
        )


def _query(
    place: int, namespace: _Namespace, names: tuple[str, ...], metric: str
) -> dict[str, Any]:
    dimensions = [
        {"Name": name, "Value": value}
        for name, value in zip(namespace.dimensions, names, strict=True)
    ]
    return {
        "Id": f"q{place}",
        "MetricStat": {
            "Metric": {
                "Namespace": namespace.name,
                "MetricName": metric,
                "Dimensions": dimensions,
            },
            # Days are kept for 15 months, and begin at midnight as the asked time does.
            "Period": _DAY_S,
            "Stat": "Sum",
        },
    }


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), dt.timezone.utc)
