"""What the calls of this process used, by project and model, and what each attempt used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import _core

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class ModelUsage(dict[str, Any]):
    """Sums: counts over operations, tokens over attempts, as the server told.

    A dictionary, so that ``json.dumps`` takes it; its items are attributes as well.
    ``input_tokens`` includes the cached ones, ``output_tokens`` the reasoning ones.
    """

    operations: int
    attempts: int
    failed_attempts: int
    incomplete_attempts: int
    open_attempts: int
    input_tokens: int
    cached_input_tokens: int
    cache_write_tokens: int
    output_tokens: int
    reasoning_tokens: int
    inconsistent: int
    total_tokens: int  # input and output together

    def __init__(self, sums: Mapping[str, Any] | None = None) -> None:
        super().__init__(dict.fromkeys(ModelUsage.__annotations__, 0), **(sums or {}))
        self["total_tokens"] = self["input_tokens"] + self["output_tokens"]

    if not TYPE_CHECKING:  # else a type checker would take any name for one of the items

        def __getattr__(self, name: str) -> Any:
            try:
                return self[name]
            except KeyError:
                raise AttributeError(
                    f"{type(self).__name__!r} object has no attribute {name!r}"
                ) from None


class ProjectUsage(ModelUsage):
    """The sums of one project, and in ``models`` the same for each model that was asked for.

    The model of requests that named none is ``""``.
    """

    models: dict[str, ModelUsage]

    def __init__(
        self,
        sums: Mapping[str, Any] | None = None,
        models: Mapping[str, ModelUsage] | None = None,
    ) -> None:
        super().__init__(sums)
        self["models"] = dict(models or {})


@dataclass(frozen=True)
class RequestCounts:
    """Requests that went out with a gap in their attribution; each attempt counts.

    ``unattributed`` ones may cost money and named no project, or ``default``. ``unrecognized`` ones
    went to no known route: they passed unedited, at an unknown cost.
    """

    unattributed: int = 0
    unrecognized: int = 0


@dataclass(frozen=True)
class Answer:
    """One attempt of an inference request that has ended, as ``on_usage=`` is told of it.

    The same as ``costmark_answer`` in C. What was not seen is None; counts are never estimated.
    """

    kind: str  # "attempt", or "settlement": the end of a background response
    operation: str | None  # id; None for the settlement of another process's response
    project: str  # "default" when the request named none
    project_source: str
    api: str
    model: str | None  # that the request named
    model_answered: str | None
    attempt: int  # of its operation, from 1
    concurrent: bool  # it began while another attempt of the operation was open
    outcome: str  # "ok", "error", "cancelled", "incomplete", "open" or "unknown"
    http_status: int | None  # None: there was no answer
    error_code: str | None
    response_id: str | None
    request_id: str | None
    service_tier: str | None
    input_tokens: int | None  # with the cached and the cache-written ones
    cached_input_tokens: int | None
    cache_write_tokens: int | None
    output_tokens: int | None  # with the reasoning ones
    reasoning_tokens: int | None
    total_tokens: int | None  # as reported
    meters: dict[str, int]  # cache writes by time to live, audio tokens, searches
    flags: list[str]  # why the counts need a second look
    usage_json: str | None  # the server's usage object as it came
    latency_us: int  # from sending to the end
    first_byte_us: int | None
    started_us: int | None  # microseconds since 1970
    host: str | None
    region: str | None
    account: str | None
    sdk: str | None  # the first words of User-Agent
    stream: bool
    background: bool
    labels: dict[str, str]  # as the ledger has them
    labels_key: str | None  # names the key of those that are hashed
    tags: dict[str, str]  # of the project
    serving: str | None  # "in-region", "geo" or "global"
    cost_pico: int | None  # the estimate in pico-USD; None where there is no price
    cost_state: str  # "priced", "partial", "unpriced", "free", "elsewhere" or "unknown"
    cost_flags: list[str]  # why there is no price, or what it assumes (docs/prices.md)
    price_book: str | None  # its hash


# Empty where nothing is known.
_TEXTS = (
    *("operation", "error_code", "response_id", "request_id", "service_tier", "usage_json"),
    *("host", "region", "account", "sdk", "labels_key", "serving", "price_book"),
)


def answer_of(report: Mapping[str, Any]) -> Answer:
    """Return what the core reports of an attempt."""
    members = dict(report)
    members["model_answered"] = members.pop("model") or None
    members["model"] = members.pop("requested_model") or None
    members["http_status"] = members.pop("status") or None
    members["started_us"] = members["started_us"] or None
    del members["inconsistent"]
    return Answer(**members | {name: members[name] or None for name in _TEXTS})


def listener(
    on_usage: Callable[[Answer], object] | None,
) -> Callable[[dict[str, Any]], object] | None:
    """Return what tells `on_usage` of an attempt, for the core; raises TypeError for a bad one."""
    if on_usage is None:
        return None
    if not callable(on_usage):
        raise TypeError(
            "on_usage takes a callable with one parameter, a costmark.Answer, "
            f"not {type(on_usage).__name__}"
        )
    return lambda report: on_usage(answer_of(report))


# Shared by every client of the process.
counters = _core.UsageCounters()


def usage() -> dict[str, ProjectUsage]:
    """Return what was counted so far, by project id, and by model in each one's ``models``.

    Calls without a project count under ``default``. ``json.dumps`` takes the result as it is.
    """
    models = counters.by_model()
    return {
        project: ProjectUsage(
            sums, {model: ModelUsage(each) for model, each in models.get(project, {}).items()}
        )
        for project, sums in counters.snapshot().items()
    }


def request_counts() -> RequestCounts:
    """Return how many requests went out with a gap in their attribution so far."""
    return RequestCounts(**counters.requests())


def reset_usage() -> None:
    """Start counting from zero."""
    counters.reset()
