"""How a month is charged: who pays what is shared, which discounts apply, whose tags count."""

from __future__ import annotations

import dataclasses
import datetime as dt
import fnmatch
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..._names import read_lock
from ...errors import ConfigurationError

if TYPE_CHECKING:
    import os

SPLITS = ("direct", "tokens", "even", "fixed")
AMOUNTS = ("list", "bill")
_PERCENT = re.compile(r"\d{1,3}(\.\d{1,6})?")
_MILLIONTHS = 1_000_000


@dataclasses.dataclass(frozen=True)
class Discount:
    """A share of the list price that is not charged."""

    percent: str
    models: str
    """A glob of model ids."""
    first_day: str = "-"
    end_day: str = "-"
    """The first day after."""

    @property
    def millionths(self) -> int:
        """The discount in millionths of the price."""
        whole, _, rest = self.percent.partition(".")
        return (int(whole) * _MILLIONTHS + int(f"{rest:0<6}")) // 100

    def applies(self, model: str, day: str) -> bool:
        """Whether it is for the usage of a model on a day."""
        begun = self.first_day == "-" or self.first_day <= day
        return begun and (self.end_day == "-" or day < self.end_day) and self._names(model)

    def _names(self, model: str) -> bool:
        return fnmatch.fnmatchcase(model, self.models)


@dataclasses.dataclass(frozen=True)
class Project:
    """A project of the lock file, with its tags."""

    id: str
    account: str | None
    region: str | None
    tags: dict[str, str]


@dataclasses.dataclass(frozen=True)
class Rules:
    """What a closed month keeps beside its amounts, so that it can be computed again."""

    by: str
    split: str = "direct"
    """How shared and unattributed cost is divided: in proportion to the direct cost, to the tokens,
    in even parts, or by ``fixed`` weights."""
    fixed: dict[str, int] = dataclasses.field(default_factory=dict)
    shared: tuple[str, ...] = ()
    """Globs: whose cost is not theirs alone."""
    discounts: tuple[Discount, ...] = ()
    """The first that applies is the one."""
    projects: tuple[Project, ...] | None = None
    """Whose tags count in place of the recorded ones."""
    amounts: str = "list"
    """``list``: list prices less discounts; ``bill``: the bill's, divided as the ledger says."""

    def __post_init__(self) -> None:
        if self.split not in SPLITS:
            raise _error(f"{self.split!r} is not a way to split; there are {', '.join(SPLITS)}")
        if (self.split == "fixed") != bool(self.fixed):
            raise _error("the split 'fixed' and its weights are given together")
        if self.amounts not in AMOUNTS:
            raise _error(f"there are no amounts {self.amounts!r}, but {' and '.join(AMOUNTS)}")
        if self.amounts == "bill" and self.discounts:
            raise _error("discounts are for list prices; the bill has its own in it")
        if self.projects is not None and not self.by.startswith("tag:"):
            raise _error(f"current tags are for tag:NAME, not for {self.by!r}")

    def is_shared(self, name: str) -> bool:
        """Whether the cost of this name is shared."""
        return bool(self.shared_by(name))

    def shared_by(self, name: str | None) -> list[str]:
        """The globs of `shared` that match this name."""
        return [glob for glob in self.shared if name and fnmatch.fnmatchcase(name, glob)]

    def discount_for(self, model: str, day: str) -> Discount | None:
        """The discount of usage, if there is one."""
        return next((each for each in self.discounts if each.applies(model, day)), None)

    def current_name(
        self, account: str | None, region: str | None, project: str | None
    ) -> str | None:
        """The value of the tag that the project has now.

        Where an account or a Region is not known of the call or the project, it does not count.
        """
        for each in self.projects or ():
            same = None in (account, each.account) or account == each.account
            same = same and (None in (region, each.region) or region == each.region)
            if same and each.id == project:
                return each.tags.get(self.by.removeprefix("tag:"))
        return None

    def to_json(self) -> dict[str, Any]:
        """As a closed month keeps it."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Rules:
        """As a closed month has it."""
        projects = value["projects"]
        return cls(
            by=value["by"],
            split=value["split"],
            fixed=value["fixed"],
            shared=tuple(value["shared"]),
            discounts=tuple(Discount(**each) for each in value["discounts"]),
            projects=None if projects is None else tuple(Project(**each) for each in projects),
            amounts=value.get("amounts", "list"),
        )


def read_discounts(path: str | os.PathLike[str]) -> tuple[Discount, ...]:
    """Discounts of a file: lines of ``PERCENT MODELS FROM TO``, and comments that begin with #."""
    found = []
    for number, line in enumerate(Path(path).read_text("utf-8").splitlines(), start=1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        if not _is_discount(words):
            raise _error(
                f"{path}:{number}: a discount is PERCENT MODELS FROM TO, such as "
                "'12.5 anthropic.* 2026-01-01 -'; TO is the first day after"
            )
        found.append(Discount(*words))
    return tuple(found)


def _is_discount(words: list[str]) -> bool:
    if len(words) != 4 or not _PERCENT.fullmatch(words[0]):
        return False
    if Discount(*words).millionths > _MILLIONTHS:
        return False
    try:
        [dt.date.fromisoformat(day) for day in words[2:] if day != "-"]
    except ValueError:
        return False
    return all(day == "-" or len(day) == 10 for day in words[2:])


def read_projects(path: str | os.PathLike[str]) -> tuple[Project, ...]:
    """The projects of a lock file (docs/ledger.md). Those of a named account and Region first."""
    value = read_lock(path)
    try:
        found = [
            Project(
                each["id"],
                each.get("account"),
                each.get("region"),
                {str(name): str(tag) for name, tag in each.get("tags", {}).items()},
            )
            for each in value["projects"]
        ]
    except (KeyError, TypeError, AttributeError) as error:
        raise _error(f"{path} is not a lock file of projects: {error!r}") from None
    return tuple(sorted(found, key=lambda each: (each.account is None) + (each.region is None)))


def read_weights(text: str) -> dict[str, int]:
    """Weights such as ``search=60,support=40``."""
    found: dict[str, int] = {}
    for part in text.split(","):
        name, equals, weight = part.rpartition("=")
        if not (name and equals and weight.isascii() and weight.isdigit()) or name in found:
            raise _error(
                f"{text!r} are not weights; say NAME=NUMBER,NAME=NUMBER with whole numbers"
            )
        found[name] = int(weight)
    if not any(found.values()):
        raise _error(f"of the weights {text!r} none is above 0")
    return found


def _error(message: str) -> ConfigurationError:
    return ConfigurationError(message, code="invalid_argument")
