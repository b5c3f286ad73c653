"""Policies: what they allow and deny, and what is refused as one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from costmark.emulator.policy.document import read_policy
from costmark.emulator.policy.evaluation import Decision, decide

ARN = "arn:aws:bedrock-mantle:us-east-1:111122223333:project/"
ACTION = "bedrock-mantle:CreateInference"
ALLOWED, EXPLICIT, IMPLICIT = Decision.ALLOWED, Decision.EXPLICIT_DENY, Decision.IMPLICIT_DENY


def decision(
    *statements: dict[str, Any],
    action: str = ACTION,
    resource: str = ARN + "proj_a",
    keys: Mapping[str, list[str]] | None = None,
) -> Decision:
    text = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    return decide(read_policy(text), action, resource, keys or {})


def allow(action: Any = ACTION, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(**members: Any) -> dict[str, Any]:
    return {**allow(**members), "Effect": "Deny"}


def test_the_order_is_deny_then_allow_then_implicit_deny() -> None:
    assert decision(allow()) is ALLOWED
    assert decision(allow(), deny()) is EXPLICIT
    assert decision(deny(), allow()) is EXPLICIT
    assert decision(allow(action="bedrock-mantle:GetProject")) is IMPLICIT
    assert decision(deny(action="bedrock-mantle:GetProject"), allow()) is ALLOWED
    assert decision() is IMPLICIT


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        ("*", True),
        ("bedrock-mantle:*", True),
        ("bedrock-mantle:Create*", True),
        ("BEDROCK-MANTLE:createinference", True),
        ("bedrock-mantle:?reateInference", True),
        ("bedrock-mantle:CreateInferenc", False),
        ("bedrock:*", False),
        ("bedrock*:CreateInference", True),
    ],
)
def test_actions(pattern: str, fits: bool) -> None:
    assert (decision(allow(action=pattern)) is ALLOWED) == fits
    but = {"Effect": "Allow", "NotAction": [pattern, "s3:*"], "Resource": "*"}
    assert (decision(but) is IMPLICIT) == fits


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        ("*", True),
        (ARN + "proj_a", True),
        (ARN + "proj_?", True),
        (ARN + "PROJ_A", False),
        (ARN + "*", True),
        ("arn:aws:bedrock-mantle:*:*:project/proj_a", True),
        ("arn:aws:bedrock-mantle:*:project/proj_a:x", False),
        ("arn:*:*:*:*:*", True),
        ("arn:aws:bedrock:us-east-1:111122223333:project/proj_a", False),
        (ARN + "proj_b", False),
    ],
)
def test_resources(pattern: str, fits: bool) -> None:
    assert (decision(allow(resource=pattern)) is ALLOWED) == fits
    but = {"Effect": "Allow", "Action": "*", "NotResource": pattern}
    assert (decision(but) is IMPLICIT) == fits


def test_what_has_no_resource_needs_a_star() -> None:
    assert decision(allow(), resource="*") is ALLOWED
    assert decision(allow(resource=ARN + "*"), resource="*") is IMPLICIT
    assert decision(allow(resource="arn:aws:*:*:*:*"), resource="*") is IMPLICIT


# An operator with its values, the values of the request (None: the key is absent), and the outcome.
CONDITIONS: list[tuple[str, Any, list[str] | None, bool]] = [
    ("StringEquals", "a", ["a"], True),
    ("StringEquals", ["b", "a"], ["a"], True),
    ("StringEquals", "a", ["A"], False),
    ("StringEquals", "a*", ["ab"], False),
    ("StringEquals", "a", None, False),
    ("StringEqualsIgnoreCase", "a", ["A"], True),
    ("StringNotEquals", "a", ["b"], True),
    ("StringNotEquals", ["a", "b"], ["b"], False),
    ("StringNotEquals", "a", None, True),
    ("StringLike", "a*c?", ["abbcd"], True),
    ("StringLike", "a*c?", ["abbc"], False),
    ("StringLike", "[a]", ["a"], False),
    ("StringNotLike", "a*", ["abc"], False),
    ("StringNotLike", "a*", ["b"], True),
    ("StringNotLike", "a*", None, True),
    ("StringEqualsIfExists", "a", None, True),
    ("StringEqualsIfExists", "a", ["b"], False),
    ("StringLikeIfExists", "a*", ["ab"], True),
    ("StringNotEqualsIfExists", "a", None, True),
    ("StringNotEqualsIfExists", "a", ["a"], False),
    ("StringNotLikeIfExists", "a*", ["ab"], False),
    ("Null", "true", None, True),
    ("Null", "true", ["a"], False),
    ("Null", "false", None, False),
    ("Null", False, ["a"], True),
    ("Bool", "true", ["true"], True),
    ("Bool", True, ["false"], False),
    ("Bool", "true", None, False),
    ("BoolIfExists", "true", None, True),
    ("ArnLike", "arn:aws:s3:::b*", ["arn:aws:s3:::bucket"], True),
    ("ArnLike", "arn:aws:*:::bucket", ["arn:aws:s3:::bucket"], True),
    ("ArnLike", "arn:aws:*:bucket:x:y", ["arn:aws:s3:::bucket"], False),
    ("ArnEquals", "arn:aws:s3:::b*", ["arn:aws:s3:::bucket"], True),
    ("ArnNotLike", "arn:aws:s3:::b*", ["arn:aws:s3:::bucket"], False),
    ("ArnNotEquals", "arn:aws:s3:::b*", None, True),
    ("ArnLikeIfExists", "arn:aws:s3:::b*", None, True),
    ("ForAllValues:StringEquals", ["a", "b"], ["a", "b"], True),
    ("ForAllValues:StringEquals", ["a", "b"], ["a", "c"], False),
    ("ForAllValues:StringEquals", "a", [], True),
    ("ForAllValues:StringEquals", "a", None, True),
    ("ForAllValues:StringNotEquals", ["a", "b"], ["c", "d"], True),
    ("ForAllValues:StringNotEquals", ["a", "b"], ["c", "a"], False),
    ("ForAnyValue:StringEquals", ["a", "b"], ["c", "a"], True),
    ("ForAnyValue:StringEquals", "a", ["c"], False),
    ("ForAnyValue:StringEquals", "a", [], False),
    ("ForAnyValue:StringEquals", "a", None, False),
    ("ForAnyValue:StringNotEquals", "a", ["a", "b"], True),
    ("ForAnyValue:StringNotEquals", "a", ["a"], False),
    ("ForAnyValue:StringNotEquals", "a", None, False),
    ("ForAnyValue:StringLike", "a*", ["b", "ab"], True),
    ("ForAnyValue:StringLikeIfExists", "a*", None, True),
    ("ForAllValues:StringLike", "a*", ["ab", "b"], False),
]


@pytest.mark.parametrize(("operator", "values", "found", "holds"), CONDITIONS)
def test_conditions(operator: str, values: Any, found: list[str] | None, holds: bool) -> None:
    keys = {} if found is None else {"aws:tagkeys": found}
    statement = allow(Condition={operator: {"aws:TagKeys": values}})
    assert (decision(statement, keys=keys) is ALLOWED) == holds
    denied = deny(Condition={operator: {"aws:TagKeys": values}})
    assert (decision(allow(), denied, keys=keys) is EXPLICIT) == holds


def test_every_operator_and_every_key_must_hold() -> None:
    condition = {"StringEquals": {"aws:A": "1", "aws:B": "2"}, "StringLike": {"aws:C": "*"}}
    statement, keys = allow(Condition=condition), {"aws:a": ["1"], "aws:b": ["2"], "aws:c": ["x"]}
    assert decision(statement, keys=keys) is ALLOWED
    for name in keys:
        rest = {key: value for key, value in keys.items() if key != name}
        assert decision(statement, keys=rest) is IMPLICIT


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[" * 100_000, "not a policy: nested too deeply"),
        ("{", "not JSON: Expecting property name enclosed in double quotes at line 1 column 2"),
        ("[]", "a policy is an object with a member 'Statement'"),
        ('{"Statement": [], "Version": "2013"}', "Version is '2013'"),
        ('{"Statement": [], "Extra": 1}', "the policy has 'Extra'"),
        ('{"Statement": [1]}', "statement 1 must be an object"),
        ('{"Statement": {"Effect": "Deny", "Effect": "Allow"}}', "member 'Effect' occurs twice"),
    ],
)
def test_documents_that_are_refused(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match="^" + problem.replace("[", r"\[")):
        read_policy(text)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"Effect": "allow"}, "Effect is 'allow'; expected 'Allow' or 'Deny'"),
        ({"Principal": "*"}, "has 'Principal', which a policy of an identity does not have"),
        ({"NotAction": "a:b"}, "must have either Action or NotAction"),
        ({"Action": "CreateInference"}, "'CreateInference' is not an action"),
        ({"Action": []}, "Action must be a text or a list of texts"),
        ({"Resource": "project/x"}, "'project/x' is neither an ARN of six parts nor"),
        ({"Resource": ARN + "${aws:username}"}, "policy variables"),
        ({"Condition": {"NumericEquals": {"a:b": "1"}}}, "does not know the operator 'Numeric"),
        ({"Condition": {"StringEquals": {"a:b": 1}}}, "StringEquals.a:b must be a text"),
        ({"Condition": {"StringEquals": {"a:b": "${x}"}}}, "policy variables"),
        ({"Condition": {"StringEquals": "a"}}, "must be an object of condition keys"),
        ({"Condition": {"Null": {"a:b": "yes"}}}, "Null takes 'true' or 'false'"),
        ({"Condition": {"NullIfExists": {"a:b": "true"}}}, "takes no 'NullIfExists'"),
        ({"Condition": {"ArnLike": {"a:b": "bucket"}}}, "ArnLike takes ARNs"),
        ({"Condition": []}, "must be an object of operators"),
    ],
)
def test_statements_that_are_refused(change: dict[str, Any], problem: str) -> None:
    text = json.dumps({"Statement": [allow(), {**allow(), **change}]})
    with pytest.raises(ValueError, match=r"^statement 2") as caught:
        read_policy(text)
    assert problem in str(caught.value)
