"""FOCUS, the FinOps Foundation's format of cost and usage, from the ledger.

One row for each hour, account, region, project, its tags, and price: so one for uncached input, for
cache reads, for cache writes and for output. Reasoning is part of the output. What has no price is
in no row, since FOCUS has no way to say so but 0; `Written` says how much that is.
"""

from __future__ import annotations

import dataclasses
import errno
import json
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from .._files import check_target
from .._names import NAME_TAG, name_in_tag
from ..errors import RequestError
from ..ledger.parts import database_error, reason_of
from ..prices import PriceBook
from ..reports.formats import no_formula, usd
from ..reports.source import Source
from ..reports.summary import conditions, cost_of, grouping
from .files import replacing

if TYPE_CHECKING:
    import datetime as dt
    import os
    from collections.abc import Mapping

    from ..prices import Price
    from ..reports.source import Progress
    from ..reports.sums import Group

VERSIONS = ("1.2", "1.4")
WARNING = (
    "these are estimates from list prices: never add them to AWS's own FOCUS export, which has the "
    "same usage again"
)

_TEXT, _MONEY, _TIME = "VARCHAR", "DECIMAL(38,12)", "TIMESTAMP"
_PROVIDER = {"1.2": "ProviderName", "1.4": "ServiceProviderName"}
_PUBLISHER = {"1.2": "PublisherName", "1.4": "HostProviderName"}
_COLUMNS = {
    "BilledCost": _MONEY,
    "BillingAccountId": _TEXT,
    "BillingAccountName": _TEXT,
    "BillingCurrency": _TEXT,
    "BillingPeriodEnd": _TIME,
    "BillingPeriodStart": _TIME,
    "ChargeCategory": _TEXT,
    "ChargeClass": _TEXT,
    "ChargeDescription": _TEXT,
    "ChargeFrequency": _TEXT,
    "ChargePeriodEnd": _TIME,
    "ChargePeriodStart": _TIME,
    "CommitmentDiscountStatus": _TEXT,
    "ConsumedQuantity": _MONEY,
    "ConsumedUnit": _TEXT,
    "ContractedCost": _MONEY,
    "ContractedUnitPrice": _MONEY,
    "EffectiveCost": _MONEY,
    "InvoiceId": _TEXT,
    "InvoiceIssuerName": _TEXT,
    "ListCost": _MONEY,
    "ListUnitPrice": _MONEY,
    "PricingCategory": _TEXT,
    "PricingCurrency": _TEXT,
    "PricingCurrencyContractedUnitPrice": _MONEY,
    "PricingCurrencyEffectiveCost": _MONEY,
    "PricingCurrencyListUnitPrice": _MONEY,
    "PricingQuantity": _MONEY,
    "PricingUnit": _TEXT,
    "ProviderName": _TEXT,
    "PublisherName": _TEXT,
    "RegionId": _TEXT,
    "RegionName": _TEXT,
    "ResourceId": _TEXT,
    "ResourceName": _TEXT,
    "ResourceType": _TEXT,
    "ServiceCategory": _TEXT,
    "ServiceName": _TEXT,
    "ServiceSubcategory": _TEXT,
    "SkuId": _TEXT,
    "SkuMeter": _TEXT,
    "SkuPriceDetails": _TEXT,
    "SkuPriceId": _TEXT,
    "SubAccountId": _TEXT,
    "SubAccountName": _TEXT,
    "Tags": _TEXT,
    "x_CostmarkEstimate": "BOOLEAN",
    "x_CostmarkPriceBook": _TEXT,
}
# List prices are all that is known here, so these are the same in every row.
_COSTS = (
    *("BilledCost", "ContractedCost", "EffectiveCost", "ListCost"),
    "PricingCurrencyEffectiveCost",
)
_UNIT_PRICES = (
    *("ContractedUnitPrice", "ListUnitPrice"),
    *("PricingCurrencyContractedUnitPrice", "PricingCurrencyListUnitPrice"),
)
_QUANTITIES = ("ConsumedQuantity", "PricingQuantity")
_UNITS = ("ConsumedUnit", "PricingUnit")
# What each kind of price is for: SkuMeter, TokenType.
_METERS = {
    "input": ("Input Tokens", "Input"),
    "cached": ("Cache Read Tokens", "CacheRead"),
    "cache_write": ("Cache Write Tokens", "CacheWrite"),
    "output": ("Output Tokens", "Output"),
    "audio_input": ("Audio Input Tokens", "Input"),
    "audio_output": ("Audio Output Tokens", "Output"),
    "web_search": ("Web Searches", None),
    "web_fetch": ("Web Fetches", None),
}
_UNKNOWN_ACCOUNT = "unknown"
_HOUR_US = 3_600_000_000
_EPOCH = datetime(1970, 1, 1)
# The same tags in the same order are the same text.
_TAGS = "to_json(map_from_entries(list_sort(map_entries(tags))))::VARCHAR"
_KEYS = [f"end_us // {_HOUR_US}", "account", "region", "project", _TAGS]


class _Key(NamedTuple):
    hour: int
    account: str | None
    region: str | None
    project: str | None
    tags: str | None


@dataclasses.dataclass
class Written:
    """What an export has written, and what it left out."""

    rows: int = 0
    cost_pico: int = 0
    unpriced: int = 0
    """Attempts with usage that has no price."""
    partial: int = 0
    """Attempts of which a part has no price; the rest is in the rows."""
    elsewhere: int = 0
    """Attempts that are billed elsewhere: reserved capacity, batch jobs."""


def write(
    *paths: str | os.PathLike[str],
    out: str | os.PathLike[str],
    version: str = "1.2",
    since: dt.datetime | None = None,
    until: dt.datetime | None = None,
    billing_account: str | None = None,
    book: PriceBook | None = None,
    progress: Progress | None = None,
    names: Mapping[str, str] = MappingProxyType({}),
) -> Written:
    """Write the usage of these ledgers to ``out``, a ``.parquet`` or ``.csv`` file.

    BilledCost adds up to what `costmark.reports.report` says of the same ledgers and ``book``.
    ``billing_account`` is the payer's id; without it the account of the calls stands in.
    ``names`` are those of projects by id, before those that the rows have.
    Raises RequestError for another kind of file or an unknown version.
    """
    target = Path(out)
    if target.suffix not in (".parquet", ".csv"):
        raise RequestError(f"{target} must end in .parquet or .csv", code="invalid_argument")
    if version not in VERSIONS:
        raise RequestError(
            f"there is no FOCUS {version} here; there are {', '.join(VERSIONS)}",
            code="invalid_argument",
        )
    check_target(target)
    book = book or PriceBook.shipped()
    attempts = grouping(_KEYS, conditions(since, until, ()), book)
    with Source(*paths, query=attempts.sql, progress=progress) as source:
        written, quantities = _quantities(attempts.groups(source), book)
        with replacing(target) as draft:
            lines = Path(draft.parent, "rows.jsonl")
            with lines.open("w", encoding="utf-8") as file:
                _write_lines(file, quantities, book, billing_account, names)
            _convert(source, lines, draft, version)
    return written


def _quantities(found: list[Group], book: PriceBook) -> tuple[Written, Counter[tuple[_Key, Price]]]:
    """How much of each price was used by whom and when."""
    written = Written()
    quantities: Counter[tuple[_Key, Price]] = Counter()
    for group in found:
        try:
            cost = cost_of(group, book)
        except OverflowError:
            written.unpriced += group.values["attempts"]
            continue
        if cost.state in ("unpriced", "partial", "elsewhere"):
            setattr(written, cost.state, getattr(written, cost.state) + group.values["attempts"])
        if cost.pico_usd is None:
            continue
        written.cost_pico += cost.pico_usd
        key = _Key(*group.key)  # type: ignore[arg-type]  # the hour is a number
        for price, count in cost.parts:
            if count and price.pico_usd is not None:
                quantities[key, price] += count
    written.rows = len(quantities)
    return written, quantities


def _write_lines(
    file: IO[str],
    quantities: Counter[tuple[_Key, Price]],
    book: PriceBook,
    billing_account: str | None,
    names: Mapping[str, str],
) -> None:
    common = {
        "BillingCurrency": "USD",
        "ChargeCategory": "Usage",
        "ChargeFrequency": "Usage-Based",
        "InvoiceIssuerName": "AWS",
        "PricingCategory": "Standard",
        "PricingCurrency": "USD",
        "ProviderName": "AWS",
        "PublisherName": "AWS",
        "ServiceCategory": "AI and Machine Learning",
        "ServiceName": "Amazon Bedrock",
        "ServiceSubcategory": "Generative AI",
        "x_CostmarkEstimate": True,
        "x_CostmarkPriceBook": book.hash,
    }
    for (key, price), count in quantities.items():
        row = {
            **common,
            **_of_key(key, billing_account, names),
            **_of_price(price),
            **_of_count(price, count),
        }
        file.write(json.dumps(row, ensure_ascii=False) + "\n")


def _name_of(key: _Key, names: Mapping[str, str]) -> str | None:
    """The name of the project: that of the lock, or else of the rows; None where it has none."""
    if not key.project:
        return None
    of_row = name_in_tag(json.loads(key.tags).get(NAME_TAG)) if key.tags else ""
    name = names.get(key.project) or of_row
    return no_formula(name) if name else None


def _of_key(key: _Key, billing_account: str | None, names: Mapping[str, str]) -> dict[str, Any]:
    begin = _EPOCH + timedelta(hours=key.hour)
    month = begin.replace(day=1, hour=0)
    account = no_formula(key.account or _UNKNOWN_ACCOUNT)
    return {
        "BillingAccountId": billing_account or account,
        "BillingPeriodStart": month.isoformat(),
        "BillingPeriodEnd": (month + timedelta(days=32)).replace(day=1).isoformat(),
        "ChargePeriodStart": begin.isoformat(),
        "ChargePeriodEnd": (begin + timedelta(hours=1)).isoformat(),
        "RegionId": key.region and no_formula(key.region),
        "RegionName": key.region and no_formula(key.region),
        "ResourceId": key.project and f"project/{key.project}",
        "ResourceName": _name_of(key, names),
        "ResourceType": key.project and "Project",
        "SubAccountId": account,
        "SubAccountName": account,
        "Tags": key.tags or "{}",
    }


def _of_price(price: Price) -> dict[str, Any]:
    meter, token_type = _METERS[price.kind]
    sku = f"bedrock/{price.model}/{price.kind}"
    of_price = (price.region, price.serving, price.tier, price.time_to_live, str(price.over))
    details = {
        "ModelId": price.model,
        "TokenType": token_type,
        "x_ServiceTier": price.tier,
        "x_Serving": price.serving,
        "x_CacheTimeToLive": None if price.time_to_live == "-" else price.time_to_live,
        "x_InputTokensOver": price.over or None,
    }
    return {
        "ChargeDescription": f"{meter} of {price.model}, as estimated by costmark",
        "SkuId": sku,
        "SkuMeter": meter,
        "SkuPriceId": "/".join((sku, *of_price)),
        "SkuPriceDetails": json.dumps(
            {name: value for name, value in details.items() if value is not None},
            ensure_ascii=False,
        ),
    }


def _of_count(price: Price, count: int) -> dict[str, Any]:
    unit_pico = price.pico_usd or 0
    values = {
        _COSTS: usd(unit_pico * count),
        _UNIT_PRICES: usd(unit_pico),
        _QUANTITIES: str(count),
        _UNITS: f"{price.unit.capitalize()}s",
    }
    return {name: value for names, value in values.items() for name in names}


def _convert(source: Source, lines: Path, draft: Path, version: str) -> None:
    types = ", ".join(f"'{name}': '{kind}'" for name, kind in _COLUMNS.items())
    names = {"ProviderName": _PROVIDER[version], "PublisherName": _PUBLISHER[version]}
    is_csv = draft.suffix == ".csv"
    listed = ", ".join(
        f"{_shown(name, kind) if is_csv else name} AS {names.get(name, name)}"
        for name, kind in _COLUMNS.items()
    )
    form = "FORMAT csv, HEADER" if is_csv else "FORMAT parquet, COMPRESSION zstd"
    try:
        source.database.execute(
            f"COPY (SELECT {listed} FROM read_json($lines, format = 'newline_delimited', "  # noqa: S608
            f"columns = {{{types}}}) ORDER BY ALL) TO {_quoted(draft)} ({form})",
            {"lines": str(lines)},
        )
    except database_error() as error:  # such as a disk that is full
        raise OSError(errno.EIO, f"cannot be written: {reason_of(error)}") from None


def _shown(name: str, kind: str) -> str:
    return f"strftime({name}, '%Y-%m-%dT%H:%M:%SZ')" if kind == _TIME else name


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
