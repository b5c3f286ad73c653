"""Price files that others keep: LiteLLM's, genai-prices', and tables."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from ..errors import ConfigurationError
from ..prices import Price
from .lines import Found, pico_usd

if TYPE_CHECKING:
    from collections.abc import Iterator

_TIERS = {"": "standard", "_priority": "priority", "_flex": "flex", "_batches": "batch"}
_LITELLM = re.compile(
    r"(?P<what>input_cost_per_token|output_cost_per_token|cache_read_input_token_cost"
    r"|cache_creation_input_token_cost)(?P<hour>_above_1hr)?"
    r"(?:_above_(?P<thousands>[0-9]+)k_tokens)?(?P<tier>_priority|_flex|_batches)?"
)
_LITELLM_KINDS = {
    "input_cost_per_token": "input",
    "output_cost_per_token": "output",
    "cache_read_input_token_cost": "cached",
    "cache_creation_input_token_cost": "cache_write",
}
_MTOK_KINDS = {
    "input_mtok": ("input", "-"),
    "output_mtok": ("output", "-"),
    "cache_read_mtok": ("cached", "-"),
    "cache_write_mtok": ("cache_write", "-"),
    "cache_write_5m_mtok": ("cache_write", "5m"),
    "cache_write_1h_mtok": ("cache_write", "1h"),
}
_GLOBAL, _REGIONAL = "global.", "regional."
_GEO = ("us.", "eu.", "apac.", "jp.", "au.")  # what ids of inference profiles may begin with


def read_litellm(text: str, region: str | None, as_of: str) -> Found:
    """Read LiteLLM's model_prices_and_context_window.json: the entries of bedrock_mantle."""
    found = Found()
    for name, entry in _object(text, "LiteLLM's price file").items():
        if not isinstance(entry, dict) or entry.get("litellm_provider") != "bedrock_mantle":
            found.leave_out("entries of other providers")
            continue
        model = name.removeprefix("bedrock_mantle/")
        own, slash, rest = model.partition("/")
        where, model = (own, rest) if slash else (region, model)
        if where is None:
            found.miss(name, "it names no Region; say with --region where its prices are to apply")
            continue
        found.prices += _litellm_prices(found, name, model, where, entry, as_of)
    return found


def _litellm_prices(
    found: Found, name: str, model: str, region: str, entry: dict[str, Any], as_of: str
) -> Iterator[Price]:
    has_hour = any("_above_1hr" in member for member in entry)
    for member, value in entry.items():
        if "_cost" not in member:
            continue
        match = _LITELLM.fullmatch(member)
        try:
            if match is None:
                raise ValueError("not a price that costmark knows")
            pico = pico_usd(_decimal(value))
        except ValueError as error:
            found.miss(f"{name}: {member}", str(error))
            continue
        kind = _LITELLM_KINDS[match["what"]]
        time = "-"
        if kind == "cache_write" and has_hour:
            time = "1h" if match["hour"] else "5m"
        yield Price(
            model=model,
            region=region,
            serving="in-region",
            tier=_TIERS[match["tier"] or ""],
            kind=kind,
            time_to_live=time,
            over=int(match["thousands"] or 0) * 1000,
            first_day=date.fromisoformat(as_of),
            pico_usd=pico,
            as_of=as_of,
            source=f"LiteLLM, {name}",
        )


def read_genai(text: str, region: str | None, as_of: str) -> Found:
    """Read the data of genai-prices: the models of provider ``aws``."""
    found = Found()
    if region is None:
        raise ConfigurationError("genai-prices has prices of no single Region: say --region")
    providers = json.loads(text, parse_float=Decimal)
    if isinstance(providers, dict):
        providers = providers.get("providers")
    if not isinstance(providers, list):
        raise ConfigurationError("the data of genai-prices is a list of providers")
    for provider in providers:
        for model in provider.get("models", []):
            if provider.get("id") != "aws":
                found.leave_out("models of other providers")
                continue
            found.prices += _genai_model(found, model, region, as_of)
    return found


def _genai_model(found: Found, model: dict[str, Any], region: str, as_of: str) -> Iterator[Price]:
    name = str(model["id"])
    bare = name.removeprefix(_GLOBAL).removeprefix(_REGIONAL)
    servings = ["global"] if name.startswith(_GLOBAL) else ["in-region"]
    if servings == ["in-region"] and any(
        _is_meant(model.get("match"), f"{group}{bare}") for group in _GEO
    ):
        servings.append("geo")
    prices = model.get("prices", {})
    dated = prices if isinstance(prices, list) else [{"prices": prices}]
    starts = [_start_of(found, name, each) for each in dated]
    for number, each in enumerate(dated):
        if starts[number] is None:
            continue
        later = [day for day in starts[number + 1 :] if day]
        for kind, time, over, pico in _genai_prices(found, name, each["prices"]):
            for serving in servings:
                yield Price(
                    model=bare,
                    region=region,
                    serving=serving,
                    tier="standard",
                    kind=kind,
                    time_to_live=time,
                    over=over,
                    first_day=None if starts[number] == date.min else starts[number],
                    end_day=later[0] if later else None,
                    pico_usd=pico,
                    as_of=as_of,
                    source=f"genai-prices, {name}",
                )


def _is_meant(match: Any, model: str) -> bool:
    """Whether an entry's own rule takes a model; one that is not known takes none."""
    if not isinstance(match, dict) or len(match) != 1:
        return False
    ((what, value),) = match.items()
    if what in ("or", "and") and isinstance(value, list):
        return (any if what == "or" else all)(_is_meant(each, model) for each in value)
    tests = {
        "equals": model.__eq__,
        "contains": model.__contains__,
        "starts_with": model.startswith,
        "ends_with": model.endswith,
    }
    return what in tests and isinstance(value, str) and bool(tests[what](value))


def _start_of(found: Found, name: str, dated: dict[str, Any]) -> date | None:
    constraint = dated.get("constraint")
    if constraint is None:
        return date.min
    if isinstance(constraint, dict) and "start_date" in constraint:
        return date.fromisoformat(str(constraint["start_date"]))
    found.miss(name, f"a price under a condition: {constraint}")
    return None


def _genai_prices(
    found: Found, name: str, prices: dict[str, Any]
) -> Iterator[tuple[str, str, int, int]]:
    with_hour = prices.get("cache_write_1h_mtok") is not None
    for member, value in prices.items():
        if value is None:
            continue
        if member not in _MTOK_KINDS:
            found.miss(f"{name}: {member}", "not a price that costmark knows")
            continue
        kind, time = _MTOK_KINDS[member]
        if member == "cache_write_mtok" and with_hour:
            time = "5m"
        tiers = value if isinstance(value, dict) else {"base": value}
        steps = [(0, tiers["base"])]
        steps += [(int(step["start"]), step["price"]) for step in tiers.get("tiers", [])]
        for over, price in steps:
            pico = _pico_or_miss(found, f"{name}: {member}", price)
            if pico is not None:
                yield kind, time, over, pico


def _pico_or_miss(found: Found, where: str, usd_per_million: object) -> int | None:
    try:
        return pico_usd(_decimal(usd_per_million), 1_000_000)
    except ValueError as error:
        found.miss(where, str(error))
        return None


_COLUMNS = {
    "model",
    "region",
    "serving",
    "tier",
    "kind",
    "time_to_live",
    "over",
    "unit",
    "from",
    "to",
    "pico_usd",
    "usd_per_million",
    "currency",
    "as_of",
    "source",
}
_REQUIRED = {"model", "region", "serving", "kind"}


def read_csv(text: str, region: str | None, as_of: str) -> Found:
    """Read a table whose first row names columns of a book; ``usd_per_million`` for tokens."""
    found = Found()
    rows = csv.DictReader(io.StringIO(text))
    named = set(rows.fieldnames or ())
    needed = _REQUIRED - ({"region"} if region else set())
    if needed - named or named - _COLUMNS or not named & {"pico_usd", "usd_per_million"}:
        raise ConfigurationError(
            "the first row names the columns: model, region, serving, kind, one of pico_usd and "
            "usd_per_million, and any of "
            + ", ".join(sorted(_COLUMNS - _REQUIRED - {"pico_usd", "usd_per_million"}))
        )
    for number, row in enumerate(rows, start=2):
        _add_row(found, number, row, region, as_of)
    return found


def _add_row(
    found: Found, number: int, row: dict[str, str | None], region: str | None, as_of: str
) -> None:
    try:
        found.prices.append(_csv_price(row, region, as_of))
    except ValueError as error:
        found.miss(f"row {number}", str(error))


def _csv_price(row: dict[str, str | None], region: str | None, as_of: str) -> Price:
    def cell(name: str, default: str = "") -> str:
        return (row.get(name) or "").strip() or default

    if None in row:
        raise ValueError("it has more cells than there are columns")
    if cell("currency", "USD") != "USD":
        raise ValueError(f"the currency {cell('currency')}; prices are in USD")
    unit = cell("unit", "token")
    if cell("pico_usd"):
        pico = pico_usd(_decimal(cell("pico_usd")), 10**12)
    elif unit == "token":
        pico = pico_usd(_decimal(cell("usd_per_million")), 1_000_000)
    else:
        raise ValueError(f"usd_per_million is for tokens, not for {unit}")
    return Price(
        model=cell("model"),
        region=cell("region", region or ""),
        serving=cell("serving"),
        tier=cell("tier", "standard"),
        kind=cell("kind"),
        time_to_live=cell("time_to_live", "-"),
        over=int(cell("over", "0")),
        unit=unit,
        first_day=date.fromisoformat(cell("from")) if cell("from") else None,
        end_day=date.fromisoformat(cell("to")) if cell("to") else None,
        pico_usd=pico,
        as_of=cell("as_of", as_of),
        source=cell("source", "a table"),
    )


def _decimal(value: object) -> Decimal:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        raise ValueError(f"{value!r} is not a number") from None


def _object(text: str, what: str) -> dict[str, Any]:
    loaded = json.loads(text, parse_float=Decimal)
    if not isinstance(loaded, dict):
        raise ConfigurationError(f"{what} is a JSON object")
    return loaded
