"""Metrics and spans through the official SDK to an OTLP receiver, laid beside the ledger."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

import openai
import pytest

pytest.importorskip("opentelemetry.sdk")
pytest.importorskip("opentelemetry.exporter.otlp.proto.http")

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

import costmark
from adapters.clients import SIGNED, create_project, plain, signed
from adapters.test_calls import all_sync_calls
from costmark import ledger
from costmark.errors import ConfigurationError
from costmark.otel import Telemetry
from harness import MESSAGES, MODEL, Emulator
from otel.receiver import Receiver, attributes_of, run_receiver

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

USAGE = "gen_ai.client.inference.usage"
METRICS = {
    "input": f"{USAGE}.input_tokens",
    "output": f"{USAGE}.output_tokens",
    "cached": f"{USAGE}.cache_read.input_tokens",
    "cache_write": f"{USAGE}.cache_write.input_tokens",
    "reasoning": f"{USAGE}.reasoning.output_tokens",
    "cost_pico": "costmark.cost.pico_usd",
}
PRICES = f"""date 2026-11-01
{MODEL} us-east-1 in-region standard input - - token - - USD 150000 2026-11 a
{MODEL} us-east-1 in-region standard cached - - token - - USD 15000 2026-11 a
{MODEL} us-east-1 in-region standard output - - token - - USD 600000 2026-11 a
"""


class Pipeline:
    """The SDK's providers, with exporters to the receiver."""

    def __init__(self, receiver: Receiver) -> None:
        self.receiver = receiver
        reader = PeriodicExportingMetricReader(
            OTLPMetricExporter(endpoint=f"{receiver.url}/v1/metrics"), 3_600_000
        )
        self.meters = MeterProvider([reader], shutdown_on_exit=False)
        self.tracers = TracerProvider(shutdown_on_exit=False)
        exporter = OTLPSpanExporter(endpoint=f"{receiver.url}/v1/traces")
        self.tracers.add_span_processor(SimpleSpanProcessor(exporter))

    def telemetry(self, **options: Any) -> Telemetry:
        return Telemetry(meter_provider=self.meters, tracer_provider=self.tracers, **options)

    def flush(self) -> Receiver:
        assert self.meters.force_flush()
        return self.receiver


@pytest.fixture
def pipeline() -> Iterator[Pipeline]:
    with run_receiver() as receiver:
        found = Pipeline(receiver)
        yield found
        found.meters.shutdown()
        found.tracers.shutdown()


@pytest.fixture
def book(tmp_path: Path) -> str:
    path = tmp_path / "prices.txt"
    path.write_text(PRICES)
    return str(path)


def sums_of_ledger(folder: Path) -> dict[str, Counter[str]]:
    sums: dict[str, Counter[str]] = {}
    for row in ledger.Attempts(ledger.read(folder)).ended():
        found = sums.setdefault(row["project"], Counter())
        found["attempts"] += 1
        for name in METRICS:
            found[name] += row.get(name, 0)
    return sums


def test_sums_are_the_ledgers(
    bedrock: Emulator, pipeline: Pipeline, tmp_path: Path, book: str
) -> None:
    folder = tmp_path / "ledger"
    projects = [create_project(signed(bedrock), name) for name in ("one", "two")]
    client = costmark.wrap(
        plain(bedrock, max_retries=1),
        project=projects[0],
        ledger=str(folder),
        prices=book,
        on_usage=pipeline.telemetry(tags=["team"]),
        tags=f"{projects[0]}: team=search; {projects[1]}: team=ops",
        **SIGNED,
    )
    all_sync_calls(client)
    bedrock.fault("status", status=500)
    with costmark.project(projects[1]):
        client.chat.completions.create(model=MODEL, messages=MESSAGES)
    background = client.responses.create(model=MODEL, input="Hi", background=True)
    while background.status in ("queued", "in_progress"):
        background = client.responses.retrieve(background.id)
    client.responses.retrieve(background.id)

    wanted = sums_of_ledger(folder)
    assert sum(each["cost_pico"] for each in wanted.values()) > 0
    assert {row["outcome"] for row in ledger.read(folder) if row["kind"] == "attempt"} == {
        *("ok", "error", "open")
    }
    receiver = pipeline.flush()
    for project, team in zip(projects, ("search", "ops"), strict=True):
        of_project: Any = {"costmark__project__id": project, "costmark__tag__team": team}
        found = {name: receiver.total(metric, **of_project) for name, metric in METRICS.items()}
        found["attempts"] = receiver.total("costmark.attempts", **of_project)
        assert found == {name: wanted[project][name] for name in found}


def test_spans_are_the_attempts(
    bedrock: Emulator, pipeline: Pipeline, tmp_path: Path, book: str
) -> None:
    folder = tmp_path / "ledger"
    client = costmark.wrap(
        plain(bedrock),
        ledger=str(folder),
        prices=book,
        on_usage=pipeline.telemetry(),
        **SIGNED,
    )
    client.chat.completions.create(model=MODEL, messages=MESSAGES)
    list(client.responses.create(model=MODEL, input="Hi", stream=True))
    bedrock.fault("status", status=400)
    with pytest.raises(openai.BadRequestError):
        client.chat.completions.create(model=MODEL, messages=MESSAGES)

    rows = [row for row in ledger.read(folder) if row["kind"] == "attempt"]
    spans = pipeline.receiver.spans
    assert [span.name for span in spans] == [f"chat {MODEL}"] * 3
    for row, span in zip(rows, spans, strict=True):
        found = attributes_of(span)
        assert span.start_time_unix_nano == row["start_us"] * 1000
        assert span.end_time_unix_nano == (row["start_us"] + row["latency_us"]) * 1000
        assert found["gen_ai.provider.name"] == "aws.bedrock"
        assert found["costmark.project.id"] == "default"
        assert found.get("gen_ai.usage.input_tokens") == row.get("input")
        assert found.get("gen_ai.usage.output_tokens") == row.get("output")
        assert found.get("costmark.cost.pico_usd") == row.get("cost_pico")
        assert found["costmark.operation.id"] == row["op"]
        assert found["server.address"] == "127.0.0.1"
        assert span.status.code == (2 if row["outcome"] == "error" else 0)
    assert "error.type" in attributes_of(spans[2])
    assert attributes_of(spans[1])["gen_ai.request.stream"] is True
    receiver = pipeline.flush()
    durations = receiver.points("gen_ai.client.inference.duration")
    assert sum(point.count for _, point in durations) == 3
    assert {attributes.get("error.type") is None for attributes, _ in durations} == {True, False}
    ((_, first_chunk),) = receiver.points("gen_ai.client.inference.time_to_first_chunk")
    assert first_chunk.count == 1
    assert list(first_chunk.explicit_bounds)[-1] == 81.92


def answer(**members: Any) -> costmark.Answer:
    names = [field.name for field in dataclasses.fields(costmark.Answer)]
    values: dict[str, Any] = dict.fromkeys(names)
    values |= {"kind": "attempt", "project": "proj_a", "project_source": "client", "attempt": 1}
    values |= {"api": "responses", "model": MODEL, "outcome": "ok", "tags": {}, "latency_us": 5}
    values |= {"cost_state": "priced", "stream": False, "input_tokens": 10, "output_tokens": 2}
    return costmark.Answer(**{**values, **members})


def test_label_sets_beyond_the_limit_are_other(pipeline: Pipeline) -> None:
    telemetry = pipeline.telemetry(tags=["team"], limit=3)
    for number in range(10):
        telemetry(answer(model=f"model-{number}", tags={"team": "search", "user": str(number)}))
    points = pipeline.flush().points("costmark.attempts")
    models = Counter({found["gen_ai.request.model"]: value for found, value in points})
    assert models == {"model-0": 1, "model-1": 1, "model-2": 1, "other": 7}
    assert not [key for found, _ in points for key in found if "user" in key]


def test_a_settlement_adds_what_was_not_counted_before(pipeline: Pipeline) -> None:
    telemetry = pipeline.telemetry(spans="none")
    of = {"response_id": "resp_1", "account": "1", "region": "us-east-1"}
    telemetry(answer(**of, outcome="incomplete", input_tokens=10, output_tokens=2, cost_pico=5))
    telemetry(answer(**of, kind="settlement", input_tokens=10, output_tokens=7, cost_pico=9))
    telemetry(answer(**of, kind="settlement", input_tokens=10, output_tokens=7, cost_pico=9))
    telemetry(answer(**{**of, "account": "2"}, kind="settlement", output_tokens=1))
    receiver = pipeline.flush()
    assert receiver.total(METRICS["output"]) == 8
    assert receiver.total(METRICS["input"]) == 20
    assert receiver.total(METRICS["cost_pico"]) == 9
    assert receiver.total("costmark.attempts") == 1
    assert receiver.spans == []


def test_the_current_span_can_be_described(pipeline: Pipeline) -> None:
    telemetry = pipeline.telemetry(spans="current")
    with pipeline.tracers.get_tracer("theirs").start_as_current_span("chat"):
        telemetry(answer(reasoning_tokens=3))
    (span,) = pipeline.receiver.spans
    assert attributes_of(span)["gen_ai.usage.reasoning.output_tokens"] == 3


def test_a_failed_attempt_is_in_no_histogram_of_tokens(pipeline: Pipeline) -> None:
    telemetry = pipeline.telemetry(spans="none")
    telemetry(answer(outcome="incomplete", output_tokens=2))
    telemetry(answer(output_tokens=0))
    receiver = pipeline.flush()
    name = "gen_ai.client.inference.operation.output_tokens"
    ((_, point),) = receiver.points(name)
    assert (point.count, point.sum) == (1, 0)
    assert receiver.total(METRICS["output"]) == 2


def test_bad_options_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="'own', 'current' or 'none'"):
        Telemetry(spans="all")  # type: ignore[arg-type]


def test_without_opentelemetry_it_says_what_to_install() -> None:
    program = (
        "import sys; sys.modules['opentelemetry'] = None\n"
        "import costmark.otel\n"
        "costmark.otel.Telemetry()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "install costmark[otel]" in done.stderr
