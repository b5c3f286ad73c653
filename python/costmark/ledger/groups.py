"""Attempts that are priced alike, as SQL: for reports, and for the sums that stand beside parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

COUNTS = ("input", "cached", "cache_write", "output", "total")
# Parts of the usage that have prices of their own, and where a row has them.
METERS = (
    *("cache_write_5m", "cache_write_30m", "cache_write_1h", "cache_write_12h"),
    *("audio_input", "audio_output", "web_search", "web_fetch"),
)
_OF_METERS = {name: f"coalesce(map_extract(meters, '{name}')[1], 0)::HUGEINT" for name in METERS}

# On bedrock-runtime a model's name says how it is served.
TELLS_SERVING = "api IN ('converse', 'invoke_model') OR contains(url_host, 'bedrock-runtime')"
# What is true or not of an attempt. Counts are never below 0, so that their differences fit.
FACTS = {
    "is_unattributed": "project_source = 'none'",
    **{f"told_{name}": f'"{name}" IS NOT NULL' for name in COUNTS},
    "is_total_input": "total = input",
    "is_total_output": "total = output",
    "has_cached": "cached > 0",
    "has_write": "cache_write > 0",
    "has_output": "output > 0",
    "has_rest": "coalesce(input, 0) - coalesce(cached, 0) > coalesce(cache_write, 0)",
    "has_less": "coalesce(input, 0) - coalesce(cached, 0) < coalesce(cache_write, 0)",
    "tells_serving": TELLS_SERVING,
}


def _facts_of_meters() -> dict[str, str]:
    """Those that only attempts with meters have: they take the more time, and few have any."""
    meters = _OF_METERS
    whole = "coalesce(cached, 0)::HUGEINT + coalesce(cache_write, 0) + " + meters["audio_input"]
    times = " + ".join(meters[name] for name in METERS[:4])
    written = "coalesce(cache_write, 0)::HUGEINT"
    known = " + ".join(meters.values())
    return {
        "told_meters": "len(map_keys(meters)) > 0",
        "has_other_meters": f"list_sum(map_values(meters))::HUGEINT > {known}",
        "has_metered_rest": f"coalesce(input, 0) > {whole}",
        "has_metered_less": f"coalesce(input, 0) < {whole}",
        "has_metered_output": f"coalesce(output, 0) > {meters['audio_output']}",
        "has_metered_less_output": f"coalesce(output, 0) < {meters['audio_output']}",
        "has_more_written": f"{written} > {times}",
        "has_less_written": f"{written} < {times}",
        **{f"has_{name}": f"{sql} > 0" for name, sql in meters.items()},
    }


FACTS_OF_METERS = _facts_of_meters()
ALL_FACTS = [*FACTS, *FACTS_OF_METERS]

_SUMS = {
    "attempts": "count(*)",
    "calls": "count(*) FILTER (attempt = 1)",
    **{f"sum_{name}": f'sum("{name}")' for name in (*COUNTS, "reasoning")},
}
_SUMS_OF_METERS = {f"sum_{name}": f"sum({sql})" for name, sql in _OF_METERS.items()}
SUMS = [*_SUMS, *_SUMS_OF_METERS]
"""The names of the values of a group, besides what groups it."""
LEAST_INPUT, MOST_INPUT = "least_input", "most_input"
"""What sums have besides, so that other thresholds than those of their time are known to apply."""


def band(count: str, thresholds: Sequence[int]) -> str:
    """How many of the thresholds a count exceeds."""
    return " + ".join(f"({count} > {over})::INTEGER" for over in thresholds) or "0"


def of_attempts(
    table: str, chosen: Sequence[str], named: Mapping[str, str], more: Mapping[str, str]
) -> str:
    """Groups of the attempts in a table: by ``named``, with SUMS and ``more``, and their facts.

    One price of a sum is the sum of the prices, as long as the same counts were told, and the same
    of them are 0 or too large for the whole that they are a part of.
    """
    unmetered = dict.fromkeys(_SUMS_OF_METERS, "0::HUGEINT")
    plain = {**named, **_SUMS, **unmetered, **more}
    metered = {**named, **_SUMS, **_SUMS_OF_METERS, **more}
    return " UNION ALL ".join(
        [
            _select(table, [*chosen, "meters IS NULL"], plain, FACTS),
            _select(table, [*chosen, "meters IS NOT NULL"], metered, {**FACTS, **FACTS_OF_METERS}),
        ]
    )


def of_sums(table: str, chosen: Sequence[str], named: Mapping[str, str]) -> str:
    """The same of a table of such groups."""
    listed = [f"{sql} AS {name}" for name, sql in named.items()]
    listed += [f"sum({name})::HUGEINT AS {name}" for name in SUMS]
    return (
        f"SELECT {', '.join(listed)}, facts FROM {table} "  # noqa: S608
        f"WHERE {' AND '.join(chosen) or 'true'} GROUP BY ALL"
    )


def _select(
    table: str, chosen: Sequence[str], values: Mapping[str, str], facts: Mapping[str, str]
) -> str:
    """The facts are one number, since a group of many columns is dear to find."""
    bits = " + ".join(
        f"CASE WHEN {sql} THEN {1 << bit} ELSE 0 END" for bit, sql in enumerate(facts.values())
    )
    listed = [f"{sql} AS {name}" for name, sql in values.items()]
    listed.append(f"({bits})::BIGINT AS facts")
    return f"SELECT {', '.join(listed)} FROM {table} WHERE {' AND '.join(chosen)} GROUP BY ALL"  # noqa: S608
