"""Closed months: files that are written once, and what later differs from them.

::

    FOLDER/2026-11.json     amounts, rules, hashes of prices and manifests, SHA-256 of itself
    FOLDER/2026-12.json     the same, and that of the month before: changes are noticed

A closed month is shown as it was closed, whatever became of prices and rows. What it would be now
is computed with its own rules; the difference to what was charged is a correction of the month
that follows the last closed one.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
import os
import re
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import ConfigurationError
from ..dimensions import map_of
from ..formats import counted
from ..keys import absent, has_attempts, keys_in
from ..source import Source
from ..summary import names_in, query_for
from .billing import Billing
from .charges import Charge, Chargeback, Correction, Usage, bounds, charge, keys_of
from .rules import Rules

if TYPE_CHECKING:
    from ...prices import PriceBook
    from ..source import Progress
    from .billing import Bill

_NAME = re.compile(r"\d{4}-\d\d\.json")
_VERSION = 1
# What bills look at, beside what rules do: columns to be read, whatever the key of the tag.
_BILL_KEYS = ["account", "region", "project", "tags"]


class ClosedMonths:
    """The closed months of a folder, the first one first."""

    def __init__(self, folder: str | os.PathLike[str] | None) -> None:
        self._folder = None if folder is None else Path(folder)
        self.months: dict[str, Chargeback] = {}
        self._last_hash = ""
        if self._folder is not None and self._folder.is_dir():
            for path in sorted(self._folder.iterdir()):
                if _NAME.fullmatch(path.name):
                    self.months[path.stem] = self._read(path)

    @property
    def last(self) -> str:
        """The last closed month, or an empty text."""
        return max(self.months, default="")

    def _read(self, path: Path) -> Chargeback:
        try:
            value = json.loads(path.read_text("utf-8"))
            hashed = value.pop("sha256")
            if value["v"] != _VERSION:
                raise _error(f"{path} was written by a later version of costmark")
            if hashed != _hash_of(value) or value["previous"] != self._last_hash:
                raise _error(f"{path}, or a month before it, was changed after it was closed")
            self._last_hash = hashed
            return _from_json(value["chargeback"])
        except (ValueError, KeyError, TypeError) as error:
            raise _error(f"{path} is not a closed month: {error!r}") from None

    def close(
        self, found: Chargeback, now: dt.datetime, *, allow_empty: bool = False
    ) -> Chargeback:
        """Write the month; returns it as it is from now on.

        ``allow_empty``: also one that these ledgers have no row of.
        """
        if self._folder is None:
            raise _error("name the folder of closed months: --closed FOLDER")
        _, end = bounds(found.month)
        if now < end:
            raise _error(
                f"{found.month} is not over; it can be closed from {end:%Y-%m-%d} on, in UTC"
            )
        if self.last and found.month != following(self.last):
            raise _error(
                f"{found.month} cannot be closed after {self.last}; {following(self.last)} is next"
            )
        if found.is_empty and not allow_empty:
            raise _error(
                f"no row of {found.month} is in these ledgers, and nothing was closed: it would "
                "stay at $0; give the ledgers of that month, or --allow-empty if nothing was used"
            )
        closed = dataclasses.replace(found, closed=f"{now:%Y-%m-%dT%H:%M:%SZ}")
        value = {"v": _VERSION, "previous": self._last_hash, "chargeback": _to_json(closed)}
        text = json.dumps({**value, "sha256": _hash_of(value)}, indent=1) + "\n"
        self._folder.mkdir(parents=True, exist_ok=True)
        _write_once(self._folder / f"{found.month}.json", text)
        return closed


def chargeback(
    *paths: str | os.PathLike[str],
    month: str,
    rules: Rules,
    book: PriceBook,
    closed: ClosedMonths,
    progress: Progress | None = None,
    bills: Callable[[str], Bill] | None = None,
    tags_of_projects: Collection[str] = (),
) -> Chargeback:
    """A month as it was closed, or as it is now, with the corrections of closed months.

    ``bills`` has the bill of a month, for rules with the bill's amounts. It raises
    ConfigurationError where it has none. A tag or label that no row has, nor is among
    ``tags_of_projects``, is an error.
    """
    if month in closed.months:
        return closed.months[month]
    for each in closed.months.values():
        if each.rules.by != rules.by:
            raise _error(f"{each.month} was closed by {each.rules.by}, not by {rules.by}")
    bill = _bill(rules, month, bills)
    every_rule = [rules, *(each.rules for each in closed.months.values())]
    keys = [key for each in every_rule for key in keys_of(each)] + _BILL_KEYS
    query = query_for(keys, [], book)
    with Source(*paths, query=query, progress=progress) as source:
        note = _check_key(source, rules, bill, tags_of_projects)
        found = charge(source, *paths, month=month, rules=rules, book=book, bill=bill)
        found.notes += note
        if rules.by == "project":
            found.names = names_in(source)
        found.manifests = _manifests(*paths)
        if closed.last and month == following(closed.last):
            for each in closed.months.values():
                try:
                    its = _bill(each.rules, each.month, bills)
                except ConfigurationError as error:
                    found.notes.append(f"{each.month} is not corrected: {error}.")
                    continue
                now = charge(
                    source, *paths, month=each.month, rules=each.rules, book=book, bill=its
                )
                _correct(found, each, now, closed)
        elif closed.last:
            found.notes.append(
                f"Corrections of closed months are in {following(closed.last)}, which is open."
            )
    return found


def _check_key(
    source: Source, rules: Rules, bill: Bill | None, tags_of_projects: Collection[str]
) -> list[str]:
    """What to note of a tag that projects have, and no row; raises for one that none of them has.

    A bill may have other tags.
    """
    column, key = map_of(rules.by)
    if not column or bill is not None:
        return []
    if rules.projects is not None:
        known = sorted({tag for project in rules.projects for tag in project.tags})
        where = "no project of the lock"
    else:
        known, where = keys_in(source, rules.by), "no row of these ledgers"
    if key in known or not has_attempts(source):
        return []
    said = absent(rules.by, known, where)
    if rules.projects is None and key in tags_of_projects:
        return [f"{said[0].upper()}{said[1:]}. Projects have it now: --tags current."]
    raise _error(f"{rules.by} charges no one: {said}")


def _bill(rules: Rules, month: str, bills: Callable[[str], Bill] | None) -> Bill | None:
    if rules.amounts != "bill":
        return None
    if bills is None:
        raise _error(f"{month} is charged by its bill: name it with --bill")
    return bills(month)


def following(month: str) -> str:
    """The month after."""
    return f"{bounds(month)[1]:%Y-%m}"


def _correct(found: Chargeback, old: Chargeback, now: Chargeback, closed: ClosedMonths) -> None:
    if now.attempts < old.attempts:
        closed_with = counted(old.attempts, "attempt")
        found.notes.append(
            f"{old.month} is not corrected: {now.attempts:,} of its {closed_with} are in these "
            "ledgers."
        )
        return
    charged = dict(old.amounts)
    for each in closed.months.values():
        for correction in each.corrections:
            if correction.month == old.month:
                charged[correction.name] = charged.get(correction.name, 0) + correction.pico
    amounts = now.amounts
    unsure = {each.name for each in now.charges if not each.is_known}
    if not all(now.pools[name].is_known for name in now.undivided):
        unsure.add("")
    for name in sorted(charged | amounts):
        pico = amounts.get(name, 0) - charged.get(name, 0)
        if pico:
            correction = Correction(old.month, name, pico, is_known=name not in unsure)
            found.corrections.append(correction)


def _manifests(*paths: str | os.PathLike[str]) -> list[str]:
    from ...ledger.manifests import Layout, load

    return [load(Layout(path)).last_hash for path in map(Path, paths) if Layout(path).is_compacted]


def _to_json(found: Chargeback) -> dict[str, Any]:
    """Amounts as texts, which keep more than 53 bits in every reader."""
    value = {**vars(found), "rules": found.rules.to_json()}
    value["charges"] = [
        {"name": each.name, "own": _texts(vars(each.own)), "parts": _texts(each.parts)}
        | {"unsure": each.unsure}
        for each in found.charges
    ]
    value["pools"] = {name: _texts(vars(usage)) for name, usage in found.pools.items()}
    value["undivided"] = _texts(found.undivided)
    if found.billing is not None:
        billed = dataclasses.asdict(found.billing)
        value["billing"] = billed | {
            "tokens_pico": str(found.billing.tokens_pico),
            "beside": _texts(found.billing.beside),
        }
    value["corrections"] = [{**vars(each), "pico": str(each.pico)} for each in found.corrections]
    return value


def _from_json(value: dict[str, Any]) -> Chargeback:
    rest = {
        **value,
        "rules": Rules.from_json(value["rules"]),
        "charges": [
            Charge(
                each["name"],
                Usage(**_numbers(each["own"])),
                _numbers(each["parts"]),
                each.get("unsure", []),
            )
            for each in value["charges"]
        ],
        "pools": {name: Usage(**_numbers(each)) for name, each in value["pools"].items()},
        "undivided": _numbers(value["undivided"]),
        "billing": _billing(value.get("billing")),
        "corrections": [
            Correction(each["month"], each["name"], int(each["pico"]), each.get("is_known", True))
            for each in value["corrections"]
        ],
    }
    return Chargeback(**rest)


def _billing(value: dict[str, Any] | None) -> Billing | None:
    if value is None:
        return None
    tokens, beside = int(value["tokens_pico"]), _numbers(value["beside"])
    return Billing(**{**value, "tokens_pico": tokens, "beside": beside})


def _texts(amounts: Mapping[str, int | None]) -> dict[str, str]:
    return {name: str(amount) for name, amount in amounts.items() if amount is not None}


def _numbers(texts: dict[str, str]) -> dict[str, int]:
    return {name: int(text) for name, text in texts.items()}


def _hash_of(value: dict[str, Any]) -> str:
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _write_once(path: Path, text: str) -> None:
    """Write a file whole, and never over one that is there."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(partial, "x", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.link(partial, path)
    except FileExistsError:
        raise _error(f"{path} is there already; another process closed the month") from None
    except OSError as error:  # such as a full disk, which names no file
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        partial.unlink(missing_ok=True)


def _error(message: str) -> ConfigurationError:
    return ConfigurationError(message, code="invalid_argument")
