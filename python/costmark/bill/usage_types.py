"""What a line of the bill charges for: tokens of a model, something else, or what is not known.

Three grammars are known: that of mantle, that of the runtime endpoint, and that of models which the
Marketplace bills, whose usage types name no model.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from .._prices import usage_types as mantle
from .lines import CACHE_WRITE, LONG, BillLine

_PREFIX = r"(?P<region>[A-Z]{2,5}[0-9])"
_RUNTIME = re.compile(
    _PREFIX + r"-(?P<model>[A-Za-z0-9._:-]+?)-"
    r"(?P<kind>input|output|cache-read|cache-write)-tokens(?:-(?P<time>[0-9]+[mh]))?"
    r"(?P<long>-long-ctx)?(?:-(?P<tier>standard|flex|priority|batch))?"
    r"(?P<global>-cross-region-global)?"
)
_MARKETPLACE = re.compile(
    _PREFIX + r"-MP:(?:[A-Z]{2,5}[0-9]_)?"
    r"(?:(?P<kind>input|output|cache_read|cache_write)_tokens|"
    r"(?P<camel>CacheRead|CacheWrite(?P<hours>[0-9]+[mh])?|)(?P<side>Input|Output)TokenCount)"
    r"(?:_(?P<time>[0-9]+[mh]))?(?P<long>_long_ctx|_LCtx)?(?P<global>_global|_Global)?"
    r"(?:_(?P<tier>standard|flex|priority|batch))?-Units",
    re.ASCII,
)
_LONG = re.compile(r"-long-ctx(?=(-global)?-[a-z]+$)")
_KINDS = {
    "input": "input",
    "output": "output",
    "cache-read": "cached",
    "cache-write": CACHE_WRITE,
    "cache_read": "cached",
    "cache_write": CACHE_WRITE,
}
_EDITION = re.compile(r"\s*\(Amazon Bedrock Edition\)\s*")
_VERSION = re.compile(r"(-\d{8})?-v\d+(:\d+)?$")
_RESERVED = re.compile("reserv|provisioned|modelunit", re.IGNORECASE)
_OTHER_UNIT = re.compile(
    r"(?:\d+[KM]? )?"
    r"(?:requests?|query|queries|search|searches|images?|seconds?|minutes?|hours?|pages?)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Charge:
    """Tokens of a model. None: the line does not say."""

    region: str | None
    endpoint: str | None
    model: str
    kind: str
    time: str | None
    tier: str
    serving: str
    context: str


class Reader:
    """Reads usage types by a file of aliases, and products by the models that are known."""

    def __init__(self, aliases: mantle.Aliases, models: Iterable[str]) -> None:
        self._aliases = aliases
        self._by_name: dict[str, set[str]] = {}
        for model in {*models, *aliases.models.values()}:
            for name in _names_of(model):
                self._by_name.setdefault(name, set()).add(model)

    def charge(self, line: BillLine) -> Charge:
        """Read a line that charges for tokens. Raises ValueError that says what is not known."""
        if mantle.is_mantle(line.usage_type):
            return self._mantle(line)
        if "-MP:" in line.usage_type:
            return self._marketplace(line)
        return self._runtime(line)

    def _mantle(self, line: BillLine) -> Charge:
        # Above which threshold is the price book's business; here it is only that there is one.
        short = _LONG.sub("", line.usage_type)
        used = mantle.parse(short, self._aliases)
        return Charge(
            region=_region(line, used.region),
            endpoint="mantle",
            model=used.model,
            kind=used.kind,
            time=_time(used.kind, used.time_to_live),
            tier=used.tier,
            serving=used.serving,
            context=LONG if short != line.usage_type else "",
        )

    def _runtime(self, line: BillLine) -> Charge:
        match = _RUNTIME.fullmatch(line.usage_type)
        if match is None:
            raise ValueError("a usage type that costmark does not know")
        kind = _KINDS[match["kind"]]
        return Charge(
            region=self._region(line, match["region"]),
            endpoint="runtime",
            model=self._aliases.models.get(match["model"], match["model"]),
            kind=kind,
            time=_time(kind, match["time"]),
            tier=match["tier"] or "standard",
            serving="global" if match["global"] else "in-region",
            context=LONG if match["long"] else "",
        )

    def _marketplace(self, line: BillLine) -> Charge:
        match = _MARKETPLACE.fullmatch(line.usage_type)
        if match is None:
            raise ValueError("a usage type of the Marketplace that costmark does not know")
        kind = _KINDS[match["kind"]] if match["kind"] else _camel(match["camel"], match["side"])
        return Charge(
            region=self._region(line, match["region"]),
            endpoint=None,
            model=self._model_of_product(line.product or line.service),
            kind=kind,
            time=_time(kind, match["hours"] or match["time"]),
            tier=match["tier"] or "standard",
            serving="global" if match["global"] else "in-region",
            context=LONG if match["long"] else "",
        )

    def _model_of_product(self, product: str) -> str:
        name = _EDITION.sub("", product).strip()
        alias = self._aliases.models.get(re.sub(r"\s+", "_", name))
        if alias is not None:
            return alias
        models = self._by_name.get(_plain(name), set())
        if len(models) != 1:
            known = "several models fit" if models else "no model is known by that name"
            raise ValueError(f"the product {product!r}: {known}")
        (model,) = models
        return model

    def _region(self, line: BillLine, prefix: str) -> str:
        return _region(line, self._aliases.regions.get(prefix))


def is_reserved(line: BillLine) -> bool:
    """Whether a line is for capacity, not for tokens."""
    return _RESERVED.search(line.usage_type) is not None


def is_no_token_unit(unit: str) -> bool:
    """Whether a unit counts something that is known, and no tokens."""
    return _OTHER_UNIT.fullmatch(unit) is not None


def _region(line: BillLine, named: str | None) -> str:
    region = line.region or named
    if region is None:
        raise ValueError("a Region prefix that costmark does not know")
    return region


def _time(kind: str, time: str | None) -> str | None:
    if kind != CACHE_WRITE:
        if time not in (None, "-"):
            raise ValueError(f"a time to live ({time}) of {kind} tokens")
        return ""
    return None if time == "-" else time


def _camel(prefix: str, side: str) -> str:
    if not prefix:
        return side.lower()
    if side == "Output":
        raise ValueError("output tokens of a cache")
    return "cached" if prefix == "CacheRead" else CACHE_WRITE


def _plain(name: str) -> str:
    return re.sub("[^a-z0-9]+", "-", name.lower()).strip("-")


def _names_of(model: str) -> set[str]:
    """How products may call a model: with and without its vendor and its version."""
    unversioned = _VERSION.sub("", model)
    return {
        _plain(name)
        for whole in (model, unversioned)
        for name in (whole, whole.partition(".")[2])
        if name
    }
