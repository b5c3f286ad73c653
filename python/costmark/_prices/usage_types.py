"""AWS usage types: what the parts of their names say."""

from __future__ import annotations

import fnmatch
import re
from dataclasses import dataclass
from functools import cache

from .. import _core
from ..errors import ConfigurationError

_MANTLE = re.compile(
    r"(?P<region>[A-Z]{2,5}[0-9])-(?P<model>[A-Za-z0-9._:-]+?)-mantle-"
    r"(?P<tokens>input|output|cache-read|cache-write)-tokens"
    r"(?:-(?P<time>[0-9]+[mh]))?(?P<long>-long-ctx)?(?P<global>-global)?-(?P<tier>[a-z]+)"
)
_KINDS = {
    "input": "input",
    "output": "output",
    "cache-read": "cached",
    "cache-write": "cache_write",
}


@dataclass(frozen=True)
class UsageType:
    """What a usage type names; `region` is None where its prefix is not known."""

    region: str | None
    model: str
    kind: str
    time_to_live: str
    over: int
    serving: str
    tier: str


@dataclass(frozen=True)
class Aliases:
    """What names inside usage types stand for."""

    models: dict[str, str]
    regions: dict[str, str]
    thresholds: list[tuple[str, int]]  # patterns of model ids, the first that fits

    @classmethod
    def parse(cls, text: str, file: str) -> Aliases:
        """Read a file of aliases. Raises `ConfigurationError` with file and line."""
        found = cls({}, {}, [])
        for number, line in enumerate(text.splitlines(), start=1):
            words = line.split()
            if not words or words[0].startswith("#"):
                continue
            if len(words) != 3 or not found._take(*words):
                raise ConfigurationError(
                    f"{file}:{number}: {line.strip()!r}: a line reads 'model NAME MODEL', "
                    "'region NAME REGION' or 'over NAME TOKENS'"
                )
        return found

    def _take(self, what: str, name: str, value: str) -> bool:
        if what == "over" and value.isascii() and value.isdigit():
            self.thresholds.append((name, int(value)))
        elif what == "model":
            self.models[name] = value
        elif what == "region":
            self.regions[name] = value
        else:
            return False
        return True

    def overridden_by(self, own: Aliases) -> Aliases:
        """Return these with others, which are asked first."""
        return Aliases(
            {**self.models, **own.models},
            {**self.regions, **own.regions},
            own.thresholds + self.thresholds,
        )

    def threshold(self, model: str) -> int | None:
        """Return above how many input tokens the long-context prices of a model apply."""
        matching = (over for name, over in self.thresholds if fnmatch.fnmatchcase(model, name))
        return next(matching, None)


@cache
def shipped_aliases() -> Aliases:
    """Return the aliases that ship with costmark."""
    return Aliases.parse(_core.shipped_usage_type_aliases(), "costmark's usage-type-aliases.txt")


def is_mantle(name: str) -> bool:
    """Tell whether a usage type is one of mantle at all."""
    return "-mantle-" in name


def parse(name: str, aliases: Aliases | None = None) -> UsageType:
    """Read a usage type of mantle. Raises ValueError that says what is not understood."""
    known = aliases or shipped_aliases()
    match = _MANTLE.fullmatch(name)
    if match is None:
        raise ValueError("not a usage type of mantle as costmark knows them")
    model = known.models.get(match["model"], match["model"])
    if match["time"] and match["tokens"] != "cache-write":
        raise ValueError(f"a time to live ({match['time']}) of {match['tokens']} tokens")
    over = known.threshold(model) if match["long"] else 0
    if over is None:
        raise ValueError(f"above how many tokens the long context of {model} begins is not known")
    return UsageType(
        region=known.regions.get(match["region"]),
        model=model,
        kind=_KINDS[match["tokens"]],
        time_to_live=match["time"] or "-",
        over=over,
        serving="global" if match["global"] else "in-region",
        tier=match["tier"],
    )
