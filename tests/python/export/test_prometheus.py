"""Counters for node_exporter's textfile collector, laid beside the rows."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from costmark import ledger
from costmark.cli.main import main
from costmark.errors import ConfigurationError, RequestError
from costmark.export import prometheus
from ledger.segments import DAY_US, NOON_US, attempt, write_segment
from reports import reference
from reports.test_report import ledgers, lines_of

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("duckdb")

_SAMPLE = re.compile(r'(\w+)(?:\{((?:\w+="(?:[^"\\\n]|\\[\\"n])*",?)*)\})? ([0-9.]+)')
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
_ESCAPED = {"\\\\": "\\", '\\"': '"', "\\n": "\n"}


def samples(path: Path) -> dict[str, dict[tuple[str, ...], Decimal]]:
    """What a scraper reads: the values of the labels, and the number."""
    found: dict[str, dict[tuple[str, ...], Decimal]] = {}
    for line in path.read_text().splitlines():
        if line.startswith("#"):
            continue
        match = _SAMPLE.fullmatch(line)
        assert match, line
        key = tuple(
            re.sub(r"\\.", lambda each: _ESCAPED[each[0]], value)
            for _, value in _LABEL.findall(match[2] or "")
        )
        series = found.setdefault(match[1], {})
        assert key not in series, line
        series[key] = Decimal(match[3])
    return found


def total(path: Path, name: str) -> Decimal:
    return sum(samples(path)[f"costmark_{name}"].values(), Decimal())


def row(seq: int, **members: Any) -> dict[str, Any]:
    return attempt(seq, **{"cost_pico": 10**9 + 1, "cost_state": "priced", **members})


@pytest.mark.parametrize("limit", [1, 3, 1000])
def test_sums_are_those_of_the_rows(tmp_path: Path, limit: int) -> None:
    folders = ledgers(tmp_path / "ledgers", seed=1)
    out = tmp_path / "costmark.prom"
    prometheus.write(*folders, out=out, tags=["team"], limit=limit)

    rows = reference.ended(reference.whole(lines_of(folders)))
    wanted = Counter[str](
        attempts_total=len(rows), calls_total=sum(each.get("attempt") == 1 for each in rows)
    )
    for each in rows:
        wanted["errors_total"] += each["outcome"] == "error"
        for name, metric in (
            ("input", "input_tokens_total"),
            ("cached", "cached_input_tokens_total"),
            ("cache_write", "cache_write_input_tokens_total"),
            ("output", "output_tokens_total"),
            ("reasoning", "reasoning_output_tokens_total"),
        ):
            wanted[metric] += each.get(name, 0)
    assert {name: total(out, name) for name in wanted} == dict(wanted)
    series = samples(out)["costmark_attempts_total"]
    assert len(series) <= limit + 1
    assert all(len(key) == 5 for key in series)


def test_costs_are_those_of_the_rows_to_the_pico(tmp_path: Path) -> None:
    write_segment(tmp_path, [row(0), row(1, cost_state="partial"), row(2, project="proj_b")])
    out = tmp_path / "costmark.prom"
    prometheus.write(tmp_path, out=out)
    assert total(out, "cost_usd_total") == Decimal(3 * (10**9 + 1)).scaleb(-12)
    assert total(out, "unpriced_attempts_total") == 1


def test_values_are_escaped(tmp_path: Path) -> None:
    odd = 'a\\n"b"}\n# TYPE x counter\\'
    write_segment(tmp_path, [row(0, model=odd, tags={"team": odd})])
    out = tmp_path / "costmark.prom"
    prometheus.write(tmp_path, out=out, tags=["team"])
    ((*_, model, team),) = samples(out)["costmark_calls_total"]
    assert (model, team) == (odd, odd)


def test_label_sets_beyond_the_limit_are_one_series_and_stay_there(tmp_path: Path) -> None:
    out = tmp_path / "costmark.prom"
    write_segment(tmp_path, [row(seq, project=f"proj_{seq}") for seq in range(5)])
    written = prometheus.write(tmp_path, out=out, limit=2)
    assert (written.series, written.in_other) == (3, 3)
    before = samples(out)
    assert before["costmark_series_in_other"][()] == 3

    # The one that spends most now was not among the first: it stays in the rest.
    late = [row(9, project="proj_4", input=10**6), row(10, project="proj_new")]
    late += [row(11, project="proj_early", end_us=NOON_US - DAY_US)]
    write_segment(tmp_path, late, writer="00112233aabbccde", start=2)
    prometheus.write(tmp_path, out=out, limit=2)
    after = samples(out)
    assert after["costmark_attempts_total"].keys() == before["costmark_attempts_total"].keys()
    assert after["costmark_attempts_total"][("other",) * 4] == 6


def test_a_project_called_other_is_not_a_second_series(tmp_path: Path) -> None:
    other = dict.fromkeys(("account", "region", "project", "model"), "other")
    write_segment(tmp_path, [row(0), row(1, project="proj_b"), row(2, **other)])
    out = tmp_path / "costmark.prom"
    prometheus.write(tmp_path, out=out, limit=1)
    assert total(out, "attempts_total") == 3


def test_counters_do_not_fall_when_days_are_pruned(tmp_path: Path) -> None:
    out = tmp_path / "costmark.prom"
    write_segment(tmp_path, [row(0), row(1, end_us=NOON_US + DAY_US)])
    prometheus.write(tmp_path, out=out)
    before = out.read_text()
    ledger.compact(tmp_path)
    ledger.prune(tmp_path, rows_before=date(2025, 12, 1))
    prometheus.write(tmp_path, out=out)
    assert out.read_text() == before

    write_segment(tmp_path, [row(5, end_us=NOON_US + DAY_US)], writer="00112233aabbccde", start=3)
    prometheus.write(tmp_path, out=out)
    assert total(out, "attempts_total") == 3


def test_counters_do_not_fall_when_a_settlement_says_less(tmp_path: Path) -> None:
    out = tmp_path / "costmark.prom"
    begun = row(0, response_id="resp_1", outcome="incomplete", input=100)
    write_segment(tmp_path, [begun])
    prometheus.write(tmp_path, out=out)
    end = {**begun, "kind": "settle", "seq": 1, "input": 40, "outcome": "ok"}
    write_segment(tmp_path, [begun, end])
    prometheus.write(tmp_path, out=out)
    assert total(out, "input_tokens_total") == 100
    write_segment(tmp_path, [begun, end, row(2, input=70)])
    prometheus.write(tmp_path, out=out)
    assert total(out, "input_tokens_total") == 110


def test_states_are_there(tmp_path: Path) -> None:
    folders = ledgers(tmp_path / "ledgers", seed=2)
    out = tmp_path / "costmark.prom"
    prometheus.write(*folders, out=out)
    rows = reference.whole(lines_of(folders))
    assert total(out, "refused_calls") == sum(each["kind"] == "refused" for each in rows)
    assert total(out, "torn_rows") == 2
    assert total(out, "lost_rows") == 7
    assert total(out, "unfinished_attempts") > 0


def test_the_file_is_replaced_as_a_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "costmark.prom"
    write_segment(tmp_path, [row(0)])
    prometheus.write(tmp_path, out=out)
    assert out.stat().st_mode & 0o777 == 0o644
    before = out.read_bytes()

    def fails(*_: object) -> str:
        raise OSError("no room")

    monkeypatch.setattr(prometheus, "_text", fails)
    with pytest.raises(OSError, match="no room"):
        prometheus.write(tmp_path, out=out)
    assert out.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        ".costmark.prom.state.json",
        "costmark.prom",
        "raw",
    ]


def test_what_was_written_with_other_labels_is_not_added_to(tmp_path: Path) -> None:
    out = tmp_path / "costmark.prom"
    write_segment(tmp_path, [row(0)])
    prometheus.write(tmp_path, out=out)
    with pytest.raises(ConfigurationError, match="other labels"):
        prometheus.write(tmp_path, out=out, tags=["team"])
    (tmp_path / ".costmark.prom.state.json").write_text('{"version"')
    with pytest.raises(ConfigurationError, match="cannot be read"):
        prometheus.write(tmp_path, out=out)


def test_tags_that_are_the_same_label_are_refused(tmp_path: Path) -> None:
    write_segment(tmp_path, [row(0)])
    with pytest.raises(RequestError, match="not different"):
        prometheus.write(tmp_path, out=tmp_path / "x.prom", tags=["a-b", "a_b"])


def test_the_command_tells_what_is_in_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_segment(tmp_path, [row(seq, project=f"proj_{seq}") for seq in range(3)])
    out = tmp_path / "costmark.prom"
    command = ["export", "--format", "prometheus", "--out", str(out), "--limit", "1"]
    assert main([*command, str(tmp_path)]) == 0
    shown = capsys.readouterr()
    assert shown.out.split() == ["series", "2"]
    assert "2 label sets beyond --limit 1" in shown.err
    assert json.loads((tmp_path / ".costmark.prom.state.json").read_text())["version"] == 1
