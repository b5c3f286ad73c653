"""Cost Explorer's answers as lines of a bill.

Every request costs $0.01, each page of an answer is one, and `Session` counts them. An answer has
two groupings at most: the tag and the usage type. What usage types do not name, the model of what
the Marketplace bills, comes from the service, so each service is asked for on its own.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Protocol

from ..errors import ConfigurationError, ServiceError
from ..reports.formats import counted
from .lines import UNTAGGED, BillLine

if TYPE_CHECKING:
    from .lines import Window

_METRICS = ["UnblendedCost", "UsageQuantity"]
_USAGE = "Usage"
_COSTS = "get_cost_and_usage"
_DIMENSIONS = "get_dimension_values"
# A day is the sum of hours, each of which was rounded.
_HOURS = 24


@dataclass
class Answer:
    """What Cost Explorer said of some days."""

    lines: list[BillLine] = field(default_factory=list)
    is_estimated: bool = False
    calls: int = 0


@dataclass
class Session:
    """A client of boto3 that counts its requests."""

    client: Any
    most_calls: int
    calls: int = 0
    view: dict[str, str] = field(default_factory=dict)
    """The member of each request that names a billing view."""
    cache: Cache | None = None

    def pages(self, operation: str, **request: Any) -> Iterator[dict[str, Any]]:
        """Every page of an answer; Cost Explorer has no paginator for costs."""
        request = {**request, **self.view}
        known = self.cache.pages(operation, request) if self.cache is not None else None
        if known is not None:
            yield from known
            return
        pages = []
        for page in self._asked(operation, request):
            pages.append(page)
            yield page
        if self.cache is not None:
            self.cache.keep(operation, request, pages)

    def is_known(self, operation: str, **request: Any) -> bool:
        """Whether asking costs nothing."""
        cache = self.cache
        return cache is not None and cache.pages(operation, {**request, **self.view}) is not None

    def _asked(self, operation: str, request: dict[str, Any]) -> Iterator[dict[str, Any]]:
        seen: set[str] = set()
        token: str | None = None
        while True:
            if self.calls >= self.most_calls:
                often = counted(self.calls, "time")
                raise ConfigurationError(
                    f"Cost Explorer was asked {often}, as many as --max-calls allows, and has more "
                    "to say",
                    code="invalid_argument",
                )
            self.calls += 1
            asked = {**request, "NextPageToken": token} if token else request
            page: dict[str, Any] = getattr(self.client, operation)(**asked)
            yield page
            token = page.get("NextPageToken")
            if not token:
                return
            if token in seen:
                raise ServiceError("Cost Explorer names the same next page again")
            seen.add(token)


class Cache(Protocol):
    """Keeps answers that were paid for."""

    def pages(self, operation: str, request: dict[str, Any]) -> list[dict[str, Any]] | None:
        """The pages of an answer that is kept, or None."""

    def keep(self, operation: str, request: dict[str, Any], pages: list[dict[str, Any]]) -> None:
        """Keep the pages of an answer."""


@dataclass(frozen=True)
class _Question:
    """One request for costs, however many pages its answer has."""

    request: dict[str, Any]
    account: str | None
    service: str | None
    """None: of all services, what is no usage."""


def fetch(
    session: Session,
    window: Window,
    tag: str | None,
    accounts: Sequence[str] = (),
    *,
    planned: Callable[[int], None] = lambda _: None,
) -> Answer:
    """Ask for what Bedrock cost on these days; ``tag`` is None where projects do not matter.

    ``planned`` is told how many requests there will be at least, once the services are known.
    """
    period = _period(window)
    services = bedrock_services(session, window)
    questions = list(_questions(period, services, tag, accounts))
    asked = [each for each in questions if not session.is_known(_COSTS, **each.request)]
    planned(len(asked))
    answer = Answer()
    for each in questions:
        pages = session.pages(_COSTS, **each.request)
        if each.service is None:
            _add_other(pages, each.account, answer)
        else:
            answer_of(pages, answer, service=each.service, account=each.account, tag=tag)
    answer.calls = session.calls
    return answer


def _period(window: Window) -> dict[str, str]:
    end = window.last + dt.timedelta(days=1)  # the first day after
    return {"Start": window.first.isoformat(), "End": end.isoformat()}


def _questions(
    period: dict[str, str], services: list[str], tag: str | None, accounts: Sequence[str]
) -> Iterator[_Question]:
    every_account: Sequence[str | None] = accounts or [None]
    for account in every_account:
        for service in services:
            conditions = _usage_filter(service, account)
            yield _Question(_request(period, conditions, _groups(tag)), account, service)
        if services:
            yield _Question(_other(period, services, account), account, None)


def _which_services(window: Window) -> dict[str, Any]:
    return {"TimePeriod": _period(window), "Dimension": "SERVICE", "SearchString": "Bedrock"}


def knows_services(session: Session, window: Window) -> bool:
    """Whether asking for the services of Bedrock costs nothing."""
    return session.is_known(_DIMENSIONS, **_which_services(window))


def bedrock_services(session: Session, window: Window) -> list[str]:
    """The services of Bedrock that cost something on these days."""
    pages = session.pages(_DIMENSIONS, **_which_services(window))
    return sorted({value["Value"] for page in pages for value in page["DimensionValues"]})


def _request(
    period: dict[str, str], conditions: list[dict[str, Any]], groups: list[dict[str, str]]
) -> dict[str, Any]:
    return {
        "TimePeriod": period,
        "Granularity": "DAILY",
        "Metrics": _METRICS,
        "Filter": {"And": conditions},
        "GroupBy": groups,
    }


def _groups(tag: str | None) -> list[dict[str, str]]:
    usage_type = {"Type": "DIMENSION", "Key": "USAGE_TYPE"}
    return [usage_type] if tag is None else [{"Type": "TAG", "Key": tag}, usage_type]


def _usage_filter(service: str, account: str | None) -> list[dict[str, Any]]:
    return [_is("RECORD_TYPE", _USAGE), _is("SERVICE", service), *_of_account(account)]


def _of_account(account: str | None) -> list[dict[str, Any]]:
    return [] if account is None else [_is("LINKED_ACCOUNT", account)]


def _is(name: str, *values: str) -> dict[str, Any]:
    return {"Dimensions": {"Key": name, "Values": list(values)}}


def _other(period: dict[str, str], services: list[str], account: str | None) -> dict[str, Any]:
    """Credits, taxes and the rest, which are not compared."""
    conditions = [
        {"Not": _is("RECORD_TYPE", _USAGE)},
        _is("SERVICE", *services),
        *_of_account(account),
    ]
    groups = [
        {"Type": "DIMENSION", "Key": "RECORD_TYPE"},
        {"Type": "DIMENSION", "Key": "SERVICE"},
    ]
    return _request(period, conditions, groups)


def _add_other(pages: Iterable[dict[str, Any]], account: str | None, answer: Answer) -> None:
    for day, keys, metrics in _groups_of(pages, answer):
        record_type, service = keys
        answer.lines.append(
            _line(day, metrics, record_type, service, account=account, usage_type="")
        )


def answer_of(
    pages: Iterable[dict[str, Any]],
    answer: Answer | None = None,
    *,
    service: str = "",
    account: str | None = None,
    tag: str | None = None,
) -> Answer:
    """The usage in pages of GetCostAndUsage, grouped by the tag, if there is one, and USAGE_TYPE.

    ``Total`` is empty in such answers: the groups are all there is.
    """
    answer = answer or Answer()
    for day, keys, metrics in _groups_of(pages, answer):
        line = _line(day, metrics, _USAGE, service, account=account, usage_type=keys[-1])
        if tag is not None:
            line = replace(line, tag=_tag_value(keys[0], tag))
        answer.lines.append(line)
    return answer


def attributed(
    session: Session,
    window: Window,
    lines: Iterable[BillLine],
    planned: Callable[[int], None],
) -> Iterator[tuple[str, str, str, Fraction]]:
    """Service, AWS's name of the model, usage type and cost, of the services of these lines.

    Cost Explorer takes two groupings, so each service is asked for on its own.
    """
    groups = [
        {"Type": "PRODUCT_ATTRIBUTE", "Key": "model"},
        {"Type": "DIMENSION", "Key": "USAGE_TYPE"},
    ]
    answer = Answer()
    requests = [
        (service, _request(_period(window), _usage_filter(service, account or None), groups))
        for service, account in sorted({(line.service, line.account or "") for line in lines})
    ]
    planned(sum(not session.is_known(_COSTS, **request) for _, request in requests))
    for service, request in requests:
        pages = session.pages(_COSTS, **request)
        for _, (name, usage_type), metrics in _groups_of(pages, answer):
            cost = _number(metrics["UnblendedCost"])
            yield service, name.partition("$")[2], usage_type, cost


def _groups_of(
    pages: Iterable[dict[str, Any]], answer: Answer
) -> Iterator[tuple[dt.date, list[str], dict[str, Any]]]:
    """Every group of an answer; a page that comes twice would be charged twice. ServiceError."""
    seen: set[tuple[dt.date, tuple[str, ...]]] = set()
    for page in pages:
        for result in page["ResultsByTime"]:
            answer.is_estimated = answer.is_estimated or bool(result.get("Estimated"))
            day = dt.date.fromisoformat(result["TimePeriod"]["Start"][:10])
            for group in result.get("Groups", []):
                keys = group["Keys"]
                if (day, tuple(keys)) in seen:
                    raise ServiceError(
                        f"Cost Explorer has {' and '.join(keys)} of {day} twice: the same page "
                        "came again; ask once more"
                    )
                seen.add((day, tuple(keys)))
                yield day, keys, group["Metrics"]


def _tag_value(text: str, tag: str) -> str:
    """``team$search`` is the value search; ``team$`` is what has none."""
    key, dollar, value = text.partition("$")
    if not dollar or key != tag:
        raise ServiceError(f"Cost Explorer groups by {text!r}, which is not a value of {tag!r}")
    return value or UNTAGGED


def _number(metric: dict[str, Any]) -> Fraction:
    """An amount with all its digits, with an exponent or without. ServiceError."""
    text = metric.get("Amount")
    try:
        return Fraction(str(text))
    except (ValueError, ZeroDivisionError):
        raise ServiceError(f"Cost Explorer has the amount {text!r}, which is no number") from None


def _line(
    day: dt.date,
    metrics: dict[str, Any],
    record_type: str,
    service: str,
    *,
    account: str | None,
    usage_type: str,
) -> BillLine:
    cost, quantity = metrics["UnblendedCost"], metrics["UsageQuantity"]
    return BillLine(
        day=day,
        record_type=record_type,
        usage_type=usage_type,
        quantity=_number(quantity),
        unit=quantity.get("Unit", ""),
        cost=_number(cost),
        service=service,
        product=service,
        account=account,
        currency=cost.get("Unit", ""),
        lines=_HOURS,
    )
