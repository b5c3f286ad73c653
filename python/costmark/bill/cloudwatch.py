"""CloudWatch's counts of mantle, beside those of the ledger.

CloudWatch has calls and tokens by project and model, and no costs. It must be asked for a project
and a model together: those of the ledger, and those that ListMetrics still lists, which forgets
what had no data for two weeks.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import ServiceError
from .keys import tag_of
from .lines import Place

if TYPE_CHECKING:
    from .lines import LedgerLine, ProjectTag, Window

NAMESPACE = "AWS/BedrockMantle"
_METRICS = {"Inferences": "calls", "InputTokens": "input", "OutputTokens": "output"}
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
            if at is not None and at in self.seen:
                tag = tag_of(line, projects) if with_tags else None
                series[Place(line.day, line.account, line.region, tag, line.model)].add(at)
        return {
            place: sum(self.seen[each].calls for each in found) for place, found in series.items()
        }


def compare(lines: Iterable[LedgerLine], clients: dict[str, Any], window: Window) -> Comparison:
    """Ask CloudWatch for the days of a window; ``clients`` are boto3's, by Region."""
    found = Comparison()
    pairs: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for line in lines:
        series = _series_of(line)
        if series is None:
            continue
        pairs[series.region].add((series.project, series.model))
        at = found.ledger[series]
        at.calls += line.attempts
        at.input += line.input
        at.output += line.output
    for region, client in clients.items():
        asked = sorted(pairs[region] | set(_listed(client)))
        for pair, name, day, number in _values(client, asked, window):
            found.seen[Series(day, region, *pair)].add(name, number)
    return found


def regions(lines: Iterable[LedgerLine]) -> list[str]:
    """The Regions in which the ledger has calls to mantle."""
    return sorted({series.region for line in lines if (series := _series_of(line)) is not None})


def _series_of(line: LedgerLine) -> Series | None:
    if line.endpoint != "mantle" or line.region is None:
        return None
    return Series(line.day, line.region, line.project or "default", line.model)


def _listed(client: Any) -> Iterator[tuple[str, str]]:
    pages = client.get_paginator("list_metrics").paginate(
        Namespace=NAMESPACE, MetricName="Inferences"
    )
    for page in pages:
        for metric in page["Metrics"]:
            names = {each["Name"]: each["Value"] for each in metric["Dimensions"]}
            if names.keys() == {"Project", "Model"}:
                yield names["Project"], names["Model"]


def _values(
    client: Any, pairs: list[tuple[str, str]], window: Window
) -> Iterator[tuple[tuple[str, str], str, dt.date, int]]:
    asked = [(pair, metric) for pair in pairs for metric in _METRICS]
    for begin in range(0, len(asked), _MOST_QUERIES):
        batch = asked[begin : begin + _MOST_QUERIES]
        for place, day, number in _results(client, batch, window):
            pair, metric = batch[place]
            yield pair, _METRICS[metric], day, number


def _results(
    client: Any, batch: list[tuple[tuple[str, str], str]], window: Window
) -> Iterator[tuple[int, dt.date, int]]:
    """Points of a batch. A result may be partial on one page and go on on the next one."""
    pages = client.get_paginator("get_metric_data").paginate(
        MetricDataQueries=[_query(place, *each) for place, each in enumerate(batch)],
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
        (project, model), metric = batch[int(broken[0].removeprefix("q"))]
        raise ServiceError(
            f"CloudWatch: {metric} of {project} and {model} is {states[broken[0]]}, and so are "
            f"{len(broken) - 1} others"
        )


def _query(place: int, pair: tuple[str, str], metric: str) -> dict[str, Any]:
    project, model = pair
    dimensions = [{"Name": "Project", "Value": project}, {"Name": "Model", "Value": model}]
    return {
        "Id": f"q{place}",
        "MetricStat": {
            "Metric": {"Namespace": NAMESPACE, "MetricName": metric, "Dimensions": dimensions},
            # Days are kept for 15 months, and begin at midnight as the asked time does.
            "Period": _DAY_S,
            "Stat": "Sum",
        },
    }


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), dt.timezone.utc)
