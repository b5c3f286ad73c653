"""A policy document, as IAM takes it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from .conditions import Condition, Keys, read_conditions
from .patterns import action_fits, arn_fits, is_arn_pattern

_VERSIONS = ("2012-10-17", "2008-10-17")
_ELEMENTS = frozenset(
    {"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"}
)
_ACTION = re.compile(r"\*|[a-z0-9*?-]+:[A-Za-z0-9*?]+", re.IGNORECASE)


@dataclass(frozen=True)
class Statement:
    """What is allowed or denied: actions, on resources, under conditions."""

    sid: str
    is_allow: bool
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: tuple[Condition, ...] = ()
    all_but_actions: bool = False  # NotAction
    all_but_resources: bool = False  # NotResource

    def applies(self, action: str, resource: str, keys: Keys) -> bool:
        """Whether a request is one that this statement is about."""
        return (
            any(action_fits(each, action) for each in self.actions) != self.all_but_actions
            and any(arn_fits(each, resource) for each in self.resources) != self.all_but_resources
            and all(each.holds(keys) for each in self.conditions)
        )


def read_policy(text: str) -> tuple[Statement, ...]:
    """The statements of a document; a ValueError says what is wrong, and where."""
    try:
        document = json.loads(text, object_pairs_hook=_without_repeats)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno} column {error.colno}"
        raise ValueError(f"not JSON: {error.msg} at {where}") from None
    except RecursionError:
        raise ValueError("not a policy: nested too deeply") from None
    if not isinstance(document, dict) or "Statement" not in document:
        raise ValueError("a policy is an object with a member 'Statement'")
    _refuse_others(document, frozenset({"Version", "Id", "Statement"}), "the policy")
    version = document.get("Version", _VERSIONS[1])
    if version not in _VERSIONS:
        raise ValueError(f"Version is {version!r}; expected {' or '.join(_VERSIONS)}")
    statements = document["Statement"]
    listed = statements if isinstance(statements, list) else [statements]
    return tuple(_statement(each, f"statement {n}") for n, each in enumerate(listed, 1))


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"member {next(n for n in names if names.count(n) > 1)!r} occurs twice")
    return members


def _refuse_others(members: dict[str, Any], known: frozenset[str], place: str) -> None:
    for name in members:
        if name not in known:
            raise ValueError(
                f"{place} has {name!r}, which a policy of an identity does not have; expected "
                f"{', '.join(sorted(known))}"
            )


def _statement(members: Any, place: str) -> Statement:
    if not isinstance(members, dict):
        raise ValueError(f"{place} must be an object")
    _refuse_others(members, _ELEMENTS, place)
    effect = members.get("Effect")
    if effect not in ("Allow", "Deny"):
        raise ValueError(f"{place}: Effect is {effect!r}; expected 'Allow' or 'Deny'")
    actions, all_but_actions = _one_of(members, "Action", "NotAction", place)
    resources, all_but_resources = _one_of(members, "Resource", "NotResource", place)
    for action in actions:
        if not _ACTION.fullmatch(action):
            raise ValueError(f"{place}: {action!r} is not an action, such as bedrock:InvokeModel")
    for resource in resources:
        if not is_arn_pattern(resource):
            raise ValueError(f"{place}: {resource!r} is neither an ARN of six parts nor '*'")
        if "${" in resource:
            raise ValueError(f"{place}: the emulator does not know policy variables (${{...}})")
    return Statement(
        sid=str(members.get("Sid", "")),
        is_allow=effect == "Allow",
        actions=actions,
        resources=resources,
        conditions=read_conditions(members.get("Condition", {}), f"{place}: Condition"),
        all_but_actions=all_but_actions,
        all_but_resources=all_but_resources,
    )


def _one_of(
    members: dict[str, Any], name: str, negated: str, place: str
) -> tuple[tuple[str, ...], bool]:
    if (name in members) == (negated in members):
        raise ValueError(f"{place} must have either {name} or {negated}")
    given = members.get(name, members.get(negated))
    values = given if isinstance(given, list) else [given]
    if not values or not all(isinstance(value, str) for value in values):
        raise ValueError(f"{place}: {name} must be a text or a list of texts")
    return tuple(values), negated in members
