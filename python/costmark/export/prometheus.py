"""A text file of counters, for the textfile collector of Prometheus' node_exporter.

A counter that falls reads as a restart, and its whole value is added once more. So a second file
beside the first remembers what was written: which series there are, what they were at, and what
each day added to them, for the day may be pruned.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._files import check_target
from ..errors import ConfigurationError, RequestError
from ..reports.dimensions import expression
from ..reports.formats import usd
from ..reports.source import Source, run
from .files import replacing

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Sequence

    from ..reports.source import Progress

    Series = tuple[str, ...]
    Values = dict[str, int]

_VERSION = 1
_DAY_US = 86_400_000_000
_OTHER = "other"
_LABELS = ("account", "region", "project", "model")
# What an attempt said at its time; a settlement may still raise it.
_COUNTERS = {
    "calls_total": ("count(*) FILTER (attempt = 1)", "Calls: operations that began."),
    "attempts_total": ("count(*)", "Attempts that ended."),
    "errors_total": ("count(*) FILTER (outcome = 'error')", "Attempts that failed."),
    "input_tokens_total": ("sum(input)", "Input tokens, those of the cache included."),
    "cached_input_tokens_total": ("sum(cached)", "Input tokens that were read from the cache."),
    "cache_write_input_tokens_total": ("sum(cache_write)", "Input tokens written to the cache."),
    "output_tokens_total": ("sum(output)", "Output tokens, those of reasoning included."),
    "reasoning_output_tokens_total": ("sum(reasoning)", "Output tokens of reasoning."),
    "cost_usd_total": (
        "sum(cost_pico)",
        "List price in dollars, as estimated when each attempt ended; usage without a price is "
        "not in it.",
    ),
    "unpriced_attempts_total": (
        "count(*) FILTER (cost_state IN ('unpriced', 'partial'))",
        "Attempts whose usage, or a part of it, had no price.",
    ),
}
_GAUGES = {
    "refused_calls": "Calls that costmark refused.",
    "unfinished_attempts": "Attempts that began and have no end, under way or unknown.",
    "torn_rows": "Rows that were cut short.",
    "lost_rows": "Rows that writers had no room for, as they say.",
    "series_in_other": "Label sets that are summed up in the series whose labels are all `other`.",
}


@dataclasses.dataclass
class Written:
    """What one export has written."""

    series: int
    in_other: int
    """Label sets beyond the limit, which are one series."""


def write(
    *paths: str | os.PathLike[str],
    out: str | os.PathLike[str],
    tags: Sequence[str] = (),
    limit: int = 200,
    progress: Progress | None = None,
) -> Written:
    """Write the counters of these ledgers to ``out``, which is replaced as a whole.

    Labels are account, region, project, model and the chosen ``tags`` of projects. At most
    ``limit`` label sets have series of their own, and keep them; the rest is one series. Costs are
    those of the rows, since a later price must not change a counter. Raises RequestError for tags
    that are the same as labels, ConfigurationError for a file of another version or other tags.
    """
    labels = _labels(tags)
    target = Path(out)
    check_target(out)
    memory = target.with_name(f".{target.name}.state.json")
    state = _State.load(memory, labels)
    keys = [expression(name) for name in (*_LABELS, *(f"tag:{tag}" for tag in tags))]
    query = _by_day(keys)
    with Source(*paths, query=query, progress=progress) as source:
        found = _days(source, query, len(keys))
        gauges = _gauges(source)
    known = state.update(found, limit)
    gauges["series_in_other"] = len(known - state.named)
    with replacing(memory) as draft:
        draft.write_text(state.as_json(labels))
    with replacing(target) as draft:
        draft.write_text(_text(labels, state.written, gauges))
    return Written(len(state.written), gauges["series_in_other"])


def _labels(tags: Sequence[str]) -> list[str]:
    names = [*_LABELS, *(f"tag_{re.sub('[^a-zA-Z0-9_]', '_', tag)}" for tag in tags)]
    if len(set(names)) < len(names):
        raise RequestError(
            f"the tags {', '.join(tags)} are not different as labels, which have only letters, "
            "digits and _",
            code="invalid_argument",
        )
    return names


def _by_day(keys: list[str]) -> str:
    """What each day added, by label set; in the order in which label sets appeared."""
    listed = [
        f"strftime(make_timestamp(end_us // {_DAY_US} * {_DAY_US}), '%Y-%m-%d') AS day",
        *(f"coalesce({sql}, '') AS k{place}" for place, sql in enumerate(keys)),
        *(f"coalesce({sql}, 0)" for sql, _ in _COUNTERS.values()),
    ]
    grouped = ", ".join(["day", *(f"k{place}" for place in range(len(keys)))])
    return (
        f"SELECT {', '.join(listed)} FROM ended "  # noqa: S608 - expressions of this package
        f"GROUP BY {grouped} ORDER BY min(end_us), {grouped}"
    )


def _days(source: Source, query: str, keys: int) -> dict[str, dict[Series, Values]]:
    days: dict[str, dict[Series, Values]] = {}
    for day, *values in run(source.database, query).fetchall():
        counts = map(int, values[keys:])
        days.setdefault(day, {})[tuple(values[:keys])] = dict(zip(_COUNTERS, counts, strict=True))
    return days


def _gauges(source: Source) -> dict[str, int]:
    lost = "coalesce(sum(most), 0) FROM (SELECT max(rows_lost) AS most FROM notes GROUP BY writer)"
    return {
        "refused_calls": _number(source, "count(*) FROM refused"),
        "unfinished_attempts": _number(source, "count(*) FROM begun"),
        "torn_rows": source.faults["torn"],
        "lost_rows": _number(source, lost),
    }


def _number(source: Source, rest: str) -> int:
    (number,) = run(source.database, f"SELECT {rest}").fetchone() or (0,)
    return int(number)


class _State:
    """What was written before, so that no counter falls."""

    def __init__(self) -> None:
        self.days: dict[str, dict[Series, Values]] = {}
        self.named: set[Series] = set()
        self.written: dict[Series, Values] = {}

    @classmethod
    def load(cls, path: Path, labels: list[str]) -> _State:
        state = cls()
        try:
            value = json.loads(path.read_bytes())
            if value["version"] != _VERSION or value["labels"] != labels:
                raise ConfigurationError(
                    f"{path} is of an export with other labels ({', '.join(value['labels'])}); "
                    "write to another file, or remove it to begin anew",
                    code="invalid_argument",
                )
            state.days = {day: _unlisted(listed) for day, listed in value["days"].items()}
            state.named = {tuple(series) for series in value["named"]}
            state.written = _unlisted(value["written"])
        except FileNotFoundError:
            pass
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ConfigurationError(
                f"{path} cannot be read ({error}); remove it to begin anew",
                code="invalid_argument",
            ) from None
        return state

    def as_json(self, labels: list[str]) -> str:
        value = {
            "version": _VERSION,
            "labels": labels,
            "named": sorted(self.named),
            "days": {day: _listed(values) for day, values in self.days.items()},
            "written": _listed(self.written),
        }
        return json.dumps(value) + "\n"

    def update(self, found: dict[str, dict[Series, Values]], limit: int) -> set[Series]:
        """Take what the ledger says now; days that it no longer has stay. All label sets."""
        self.days |= found
        known = {series: None for values in self.days.values() for series in values}
        for series in known:
            if len(self.named) >= limit:
                break
            self.named.add(series)
        sums: dict[Series, Values] = defaultdict(lambda: dict.fromkeys(_COUNTERS, 0))
        for values in self.days.values():
            for series, counts in values.items():
                _add(sums[self._shown(series)], counts)
        for series, counts in self.written.items():
            _keep(sums[series], counts)
        self.written = dict(sums)
        return set(known)

    def _shown(self, series: Series) -> Series:
        return series if series in self.named else (_OTHER,) * len(series)


def _add(sums: Values, counts: Values) -> None:
    for name, count in counts.items():
        sums[name] += count


def _keep(sums: Values, before: Values) -> None:
    for name, count in before.items():
        sums[name] = max(sums[name], count)


def _listed(values: dict[Series, Values]) -> list[list[Any]]:
    return [[list(series), counts] for series, counts in values.items()]


def _unlisted(listed: Iterable[list[Any]]) -> dict[Series, Values]:
    return {tuple(series): dict(counts) for series, counts in listed}


def _text(labels: list[str], series: dict[Series, Values], gauges: Values) -> str:
    lines = []
    for name, (_, meaning) in _COUNTERS.items():
        lines += [f"# HELP costmark_{name} {meaning}", f"# TYPE costmark_{name} counter"]
        for values, counts in sorted(series.items()):
            pairs = zip(labels, values, strict=True)
            shown = ",".join(f'{label}="{_escaped(value)}"' for label, value in pairs)
            count = usd(counts[name]) if name == "cost_usd_total" else counts[name]
            lines.append(f"costmark_{name}{{{shown}}} {count}")
    for name, meaning in _GAUGES.items():
        lines += [f"# HELP costmark_{name} {meaning}", f"# TYPE costmark_{name} gauge"]
        lines.append(f"costmark_{name} {gauges[name]}")
    return "\n".join(lines) + "\n"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
