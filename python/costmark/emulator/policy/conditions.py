"""Conditions: operators, the keys of a request, and keys that a request does not have.

All operators and keys of a block must hold. Of the values of one key, one must fit; with a negated
operator, none may. A key that the request does not have fails an operator, but holds where it is
negated or ends in `IfExists`. `ForAllValues` holds without values, `ForAnyValue` does not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .patterns import arn_fits, glob, is_arn_pattern

# The keys of a request, in lower case, since IAM knows no case in them.
Keys = Mapping[str, Sequence[str]]


def _equal(pattern: str, value: str) -> bool:
    return pattern == value


def _equal_in_any_case(pattern: str, value: str) -> bool:
    return pattern.lower() == value.lower()


# The operators without their negations; the two for ARNs are one.
_FITS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": _equal,
    "StringEqualsIgnoreCase": _equal_in_any_case,
    "StringLike": glob,
    "ArnEquals": arn_fits,
    "ArnLike": arn_fits,
    "Bool": _equal_in_any_case,
}
_NEGATED = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
}
OPERATORS = (*_FITS, *_NEGATED, "Null")

_OPERATOR = re.compile(r"(?:(ForAllValues|ForAnyValue):)?([A-Za-z]+?)(IfExists)?")
_TRUTH = ("true", "false")


@dataclass(frozen=True)
class Condition:
    """One operator on one key, with the values that it takes."""

    key: str
    operator: str
    values: tuple[str, ...]
    quantifier: str | None = None
    if_exists: bool = False

    def holds(self, keys: Keys) -> bool:
        """Whether it holds for a request with these keys."""
        found = keys.get(self.key)
        if self.operator == "Null":
            return str(found is None).lower() in self.values
        if found is None:
            return self._holds_without_key()
        if self.quantifier == "ForAllValues":
            return all(map(self._fits, found))
        if self.quantifier == "ForAnyValue":
            return any(map(self._fits, found))
        # More values than one without a quantifier: one must fit, and of a negation, none.
        return (all if self.operator in _NEGATED else any)(map(self._fits, found))

    def _holds_without_key(self) -> bool:
        if self.quantifier is not None:
            return self.quantifier == "ForAllValues" or self.if_exists
        return self.if_exists or self.operator in _NEGATED

    def _fits(self, value: str) -> bool:
        negated = self.operator in _NEGATED
        fits = _FITS[_NEGATED.get(self.operator, self.operator)]
        return negated != any(fits(pattern, value) for pattern in self.values)


def read_conditions(block: Any, place: str) -> tuple[Condition, ...]:
    """The conditions of a block; a ValueError says what is wrong with it."""
    if not isinstance(block, dict):
        raise ValueError(f"{place} must be an object of operators")
    return tuple(
        _condition(operator, key, values, f"{place}.{operator}.{key}")
        for operator, keys in block.items()
        for key, values in _keys(keys, f"{place}.{operator}").items()
    )


def _keys(keys: Any, place: str) -> dict[str, Any]:
    if not isinstance(keys, dict) or not keys:
        raise ValueError(f"{place} must be an object of condition keys")
    return keys


def _condition(operator: str, key: str, given: Any, place: str) -> Condition:
    match = _OPERATOR.fullmatch(operator)
    if match is None or match[2] not in OPERATORS:
        raise ValueError(
            f"{place}: the emulator does not know the operator {operator!r}; it knows "
            f"{', '.join(OPERATORS)}, with IfExists, ForAllValues: and ForAnyValue: too"
        )
    quantifier, name, if_exists = match[1], match[2], match[3] is not None
    values = _values(given, place)
    if name in ("Null", "Bool") and not all(value.lower() in _TRUTH for value in values):
        raise ValueError(f"{place}: {name} takes 'true' or 'false'")
    if name == "Null":
        if quantifier or if_exists:
            raise ValueError(f"{place}: Null asks for the key itself, and takes no {operator!r}")
        values = tuple(value.lower() for value in values)
    if name.startswith("Arn") and not all(map(is_arn_pattern, values)):
        raise ValueError(
            f"{place}: {name} takes ARNs, such as arn:aws:bedrock-mantle:*:*:project/*"
        )
    return Condition(key.lower(), name, values, quantifier, if_exists)


def _values(given: Any, place: str) -> tuple[str, ...]:
    values = given if isinstance(given, list) else [given]
    texts = tuple(str(v).lower() if isinstance(v, bool) else v for v in values)
    if not all(isinstance(text, str) for text in texts):
        raise ValueError(f"{place} must be a text or a list of texts")
    if any("${" in text for text in texts):
        raise ValueError(f"{place}: the emulator does not know policy variables (${{...}})")
    return texts
