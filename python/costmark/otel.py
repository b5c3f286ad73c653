"""OpenTelemetry: what each call used and cost, as metrics and spans (extra ``otel``).

::

    import costmark.otel

    telemetry = costmark.otel.Telemetry(tags=["team"])
    client = costmark.wrap(openai.OpenAI(...), project="proj_support", on_usage=telemetry)

The names are those of the semantic conventions for generative AI as of semantic conventions 1.44,
which are in development; no released package has them.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Literal

from .errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import TracerProvider

    from ._usage import Answer

    Spans = Literal["own", "current", "none"]
    Value = str | int | float | bool

__all__ = ["Telemetry"]

_SCOPE = "costmark"
_SCHEMA = "https://opentelemetry.io/schemas/1.44.0"
_PROVIDER = "aws.bedrock"
_OPERATIONS = {"embeddings": "embeddings"}
_OTHER = "other"
_SECONDS = (
    *(0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64),
    *(1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92),
)
_TOKENS = (
    *(1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144),
    *(1048576, 4194304, 16777216, 67108864),
)
# What is counted of an answer: the metric, and the attribute of the span.
_COUNTS = {
    "input_tokens": ("input_tokens", "Input tokens, those of the cache included."),
    "output_tokens": ("output_tokens", "Output tokens, those of reasoning included."),
    "cached_input_tokens": ("cache_read.input_tokens", "Input tokens read from the cache."),
    "cache_write_tokens": ("cache_write.input_tokens", "Input tokens written to the cache."),
    "reasoning_tokens": ("reasoning.output_tokens", "Output tokens of reasoning."),
}
# How many responses without a final usage are remembered, so that none counts twice.
_MOST_OPEN = 10_000


class Telemetry:
    """A listener for ``on_usage=`` that records metrics, and a span for each attempt.

    ``tags`` are the tags of projects that become attributes. Model, project and these tags together
    have at most ``limit`` values on metrics; what comes later has the value ``other``. ``spans`` is
    ``own`` for a span for each attempt, ``current`` to describe it on the span that is current
    (another instrumentation's), ``none`` for metrics alone. Without providers the global ones are
    used. Raises ConfigurationError without OpenTelemetry's API. Threads may share it.
    """

    def __init__(
        self,
        *,
        tags: Sequence[str] = (),
        limit: int = 200,
        spans: Spans = "own",
        meter_provider: MeterProvider | None = None,
        tracer_provider: TracerProvider | None = None,
    ) -> None:
        try:
            from opentelemetry import metrics, trace
        except ImportError:
            raise ConfigurationError(
                "metrics need OpenTelemetry; install costmark[otel]", code="unsupported"
            ) from None
        if spans not in ("own", "current", "none"):
            raise ConfigurationError(
                f"spans is 'own', 'current' or 'none', not {spans!r}", code="invalid_argument"
            )
        self._tags = tuple(tags)
        self._spans = spans
        self._sets = _Sets(limit)
        self._seen = _Seen()
        self._tracer = trace.get_tracer(_SCOPE, None, tracer_provider, _SCHEMA)
        meter = metrics.get_meter(_SCOPE, "", meter_provider, _SCHEMA)
        inference = "gen_ai.client.inference"
        self._duration = meter.create_histogram(
            f"{inference}.duration",
            "s",
            "How long each attempt took.",
            explicit_bucket_boundaries_advisory=_SECONDS,
        )
        self._first_chunk = meter.create_histogram(
            f"{inference}.time_to_first_chunk",
            "s",
            "How long the first piece of a streamed answer took.",
            explicit_bucket_boundaries_advisory=_SECONDS,
        )
        self._tokens = {
            name: meter.create_counter(f"{inference}.usage.{metric}", "{token}", meaning)
            for name, (metric, meaning) in _COUNTS.items()
        }
        self._of_each = {
            name: meter.create_histogram(
                f"{inference}.operation.{_COUNTS[name][0]}",
                "{token}",
                "Tokens of each call.",
                explicit_bucket_boundaries_advisory=_TOKENS,
            )
            for name in ("input_tokens", "output_tokens")
        }
        self._attempts = meter.create_counter(
            "costmark.attempts", "{attempt}", "Attempts that ended, by the state of their cost."
        )
        self._cost = meter.create_counter(
            "costmark.cost.pico_usd",
            "{pico_usd}",
            "List price in 10^-12 dollars; usage without a price is not in it.",
        )

    def __call__(self, answer: Answer) -> None:
        """Record an attempt that has ended, or a settlement."""
        attributes = self._attributes(answer)
        self._record_counts(answer, attributes)
        if answer.kind == "attempt":
            self._record_attempt(answer, attributes)
            self._describe(answer)

    def _attributes(self, answer: Answer) -> dict[str, Value]:
        """Those of metrics: few values each."""
        names = ("gen_ai.request.model", "costmark.project.id", *map(_tag, self._tags))
        tags = (answer.tags.get(tag, "") for tag in self._tags)
        values = self._sets.shown((answer.model or "", answer.project, *tags))
        chosen = {name: value for name, value in zip(names, values, strict=True) if value}
        return {**_operation(answer), **chosen}

    def _record_counts(self, answer: Answer, attributes: dict[str, Value]) -> None:
        for name, count in self._seen.new(answer).items():
            counter = self._cost if name == "cost_pico" else self._tokens[name]
            counter.add(count, attributes)

    def _record_attempt(self, answer: Answer, attributes: dict[str, Value]) -> None:
        self._attempts.add(1, {**attributes, "costmark.cost.state": answer.cost_state})
        timed = {**attributes, **_error(answer)}
        self._duration.record(answer.latency_us / 1e6, timed)
        if answer.stream and answer.first_byte_us is not None:
            self._first_chunk.record(answer.first_byte_us / 1e6, attributes)
        for name, histogram in self._of_each.items():
            count = getattr(answer, name)
            if count is not None and answer.outcome == "ok":
                histogram.record(count, attributes)

    def _describe(self, answer: Answer) -> None:
        from opentelemetry import trace

        if self._spans == "current":
            trace.get_current_span().set_attributes(self._of_span(answer))
        elif self._spans == "own" and answer.started_us is not None:
            span = self._tracer.start_span(
                f"{_operation(answer)['gen_ai.operation.name']} {answer.model or ''}".rstrip(),
                kind=trace.SpanKind.CLIENT,
                attributes=self._of_span(answer),
                start_time=answer.started_us * 1000,
            )
            if error := _error(answer):
                span.set_status(trace.StatusCode.ERROR, str(error["error.type"]))
            span.end((answer.started_us + answer.latency_us) * 1000)

    def _of_span(self, answer: Answer) -> dict[str, Value]:
        attributes: dict[str, Value | None] = {
            **_operation(answer),
            **_error(answer),
            "gen_ai.request.model": answer.model,
            "gen_ai.request.stream": answer.stream or None,
            "gen_ai.response.id": answer.response_id,
            "gen_ai.response.model": answer.model_answered,
            "gen_ai.response.time_to_first_chunk": _first_chunk(answer),
            "aws.request_id": answer.request_id,
            "server.address": answer.host,
            "http.response.status_code": answer.http_status,
            "cloud.account.id": answer.account,
            "cloud.region": answer.region,
            "costmark.project.id": answer.project,
            "costmark.project.source": answer.project_source,
            "costmark.operation.id": answer.operation,
            "costmark.attempt": answer.attempt,
            "costmark.service_tier": answer.service_tier,
            "costmark.cost.pico_usd": answer.cost_pico,
            "costmark.cost.state": answer.cost_state,
            **{f"gen_ai.usage.{end}": getattr(answer, name) for name, (end, _) in _COUNTS.items()},
            **{_tag(tag): answer.tags.get(tag) for tag in self._tags},
        }
        return {name: value for name, value in attributes.items() if value is not None}


def _operation(answer: Answer) -> dict[str, Value]:
    return {
        "gen_ai.operation.name": _OPERATIONS.get(answer.api, "chat"),
        "gen_ai.provider.name": _PROVIDER,
    }


def _error(answer: Answer) -> dict[str, Value]:
    if answer.outcome in ("ok", "open"):
        return {}
    return {"error.type": answer.error_code or str(answer.http_status or answer.outcome)}


def _first_chunk(answer: Answer) -> float | None:
    is_there = answer.stream and answer.first_byte_us is not None
    return (answer.first_byte_us or 0) / 1e6 if is_there else None


def _tag(name: str) -> str:
    return f"costmark.tag.{name}"


class _Sets:
    """The first sets of values, up to a limit; what comes later is shown as ``other``."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._known: set[tuple[str, ...]] = set()
        self._lock = threading.Lock()

    def shown(self, values: tuple[str, ...]) -> tuple[str, ...]:
        with self._lock:
            if values not in self._known:
                if len(self._known) >= self._limit:
                    return (_OTHER,) * len(values)
                self._known.add(values)
        return values


class _Seen:
    """What was counted of responses that a settlement may still replace."""

    def __init__(self) -> None:
        self._counted: OrderedDict[tuple[str | None, ...], dict[str, int]] = OrderedDict()
        self._lock = threading.Lock()

    def new(self, answer: Answer) -> dict[str, int]:
        """The counts that were not counted before, above 0."""
        counts = {name: getattr(answer, name) or 0 for name in (*_COUNTS, "cost_pico")}
        may_follow = answer.kind == "settlement" or answer.outcome in ("open", "incomplete")
        if answer.response_id is None or not may_follow:
            return {name: count for name, count in counts.items() if count}
        key = (answer.account, answer.region, answer.response_id)
        with self._lock:
            before = self._counted.pop(key, {})
            self._counted[key] = {
                name: max(count, before.get(name, 0)) for name, count in counts.items()
            }
            if len(self._counted) > _MOST_OPEN:
                self._counted.popitem(last=False)
        added = {name: count - before.get(name, 0) for name, count in counts.items()}
        return {name: count for name, count in added.items() if count > 0}
