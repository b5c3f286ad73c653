"""IAM policies of least privilege for the calls and the management of projects."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from .errors import ConfigurationError

PLANES = ("both", "mantle", "bedrock")
MOST_CHARACTERS = 6144  # of a managed policy, without white space

_ARN = re.compile(
    r"arn:(?P<partition>aws[a-z-]*):(?P<service>bedrock|bedrock-mantle):(?P<region>[a-z0-9-]+):"
    r"(?P<account>\d{12}):project/(?P<id>[A-Za-z0-9_-]{1,128})"
)
_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
_MODEL = re.compile(r"[A-Za-z0-9*?._:/-]+")
_STACK = re.compile(r"[A-Za-z0-9._-]{1,64}")
_INVOKE = ("InvokeModel", "InvokeModelWithResponseStream")
_RUNTIME_UNKNOWN = (
    "AWS does not say whether Converse and InvokeModel ask for a right on the project at all; its "
    "service reference ties projects to stateful invocations only"
)
_NEWER = "these actions are newer than the service reference that could be compared"


@dataclass(frozen=True)
class Statement:
    """A statement of a policy, why it is there, and what about it is not proven."""

    sid: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    why: str
    unproven: str | None = None
    effect: str = "Allow"
    condition: dict[str, dict[str, Any]] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """The statement as IAM takes it."""
        members: dict[str, Any] = {
            "Sid": self.sid,
            "Effect": self.effect,
            "Action": list(self.actions),
            "Resource": list(self.resources),
        }
        return {**members, "Condition": self.condition} if self.condition else members


@dataclass(frozen=True)
class Wanted:
    """What a policy is to allow."""

    projects: tuple[str, ...]
    models: tuple[str, ...] = ()
    planes: tuple[str, ...] = PLANES[1:]
    manage: bool = False
    stack: str | None = None
    deny_unattributed: bool = False
    bearer: bool = True
    partition: str = "aws"
    region: str = "*"
    account: str = "*"

    def arns(self, service: str) -> tuple[str, ...]:
        """The ARNs of the projects on a plane."""
        return tuple(self.arn(service, f"project/{each}") for each in self.projects)

    def arn(self, service: str, resource: str) -> str:
        """An ARN of the account and region."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"


def wanted(
    projects: Sequence[str], *, region: str | None, account: str | None, **others: Any
) -> Wanted:
    """Check what was asked for. ARNs tell their partition, region and account, for all."""
    if not projects and others.get("stack") is None:
        raise _wrong("give --project, whose calls are to be allowed; or --manage --stack alone")
    found: dict[str, str] = {}
    for name, value in (("region", region), ("account", account)):
        if value is not None:
            found[name] = _checked(name, value)
    ids = []
    for project in projects:
        match = _ARN.fullmatch(project)
        if match is not None:
            for name in ("partition", "region", "account"):
                if found.setdefault(name, match[name]) != match[name]:
                    raise _wrong(
                        f"--project {project}: its {name} is not {found[name]!r}, as elsewhere; "
                        "print one policy for each"
                    )
        ids.append(_checked_project(match["id"] if match else project))
    _check_others(others)
    return Wanted(projects=tuple(dict.fromkeys(ids)), **{**found, **others})


def _wrong(message: str) -> ConfigurationError:
    return ConfigurationError(message, code="invalid_argument")


def _checked(name: str, value: str) -> str:
    rules = {"account": (r"\d{12}", "12 digits"), "region": (r"[a-z0-9-]+", "such as us-east-1")}
    pattern, expected = rules[name]
    if not re.fullmatch(pattern, value, re.ASCII):
        raise _wrong(f"--{name} {value!r}: expected {expected}")
    return value


def _checked_project(project: str) -> str:
    if not _ID.fullmatch(project):
        raise _wrong(
            f"--project {project!r}: expected an id, such as proj_5d5ykleja6cwpirysbb7, or an ARN"
        )
    if project == "default":
        raise _wrong("--project default: this is where calls go that name no project; name another")
    return project


def _check_others(others: dict[str, Any]) -> None:
    for model in others.get("models", ()):
        if not _MODEL.fullmatch(model):
            raise _wrong(f"--models {model!r}: expected globs such as openai.gpt-oss-*")
    stack = others.get("stack")
    if stack is not None and not _STACK.fullmatch(stack):
        raise _wrong(f"--stack {stack!r}: expected letters, digits, '.', '_' and '-'")


def statements(want: Wanted) -> list[Statement]:
    """The statements of the policy, in order."""
    found: list[Statement] = []
    if "mantle" in want.planes:
        found += _mantle(want)
    if "bedrock" in want.planes:
        found += _runtime(want)
    return found


def document(found: Sequence[Statement]) -> dict[str, Any]:
    """The policy as IAM takes it."""
    return {"Version": "2012-10-17", "Statement": [each.document() for each in found]}


def _mantle(want: Wanted) -> Iterator[Statement]:
    service = "bedrock-mantle"
    if want.projects:
        yield from _mantle_calls(service, want)
    if want.bearer:
        yield _bearer("Mantle", service)
    if want.manage:
        yield from _management("Mantle", service, want, unproven=None)
    if want.deny_unattributed:
        yield Statement(
            "MantleDenyUnattributed",
            (f"{service}:CreateInference",),
            (f"arn:{want.partition}:{service}:*:*:project/default",),
            "Refuses calls that name no project, whatever other policies of the same identity "
            "allow, such as AmazonBedrockMantleInferenceAccess.",
            effect="Deny",
        )


def _mantle_calls(service: str, want: Wanted) -> Iterator[Statement]:
    arns = want.arns(service)
    models = {"StringLike": {f"{service}:Model": list(want.models)}} if want.models else {}
    yield Statement(
        "MantleInference",
        (f"{service}:CreateInference",),
        arns,
        "Chat Completions, Responses, Messages and Embeddings in these projects"
        + (" with these models" if want.models else "")
        + ". A call that names no project asks for project/default, which is not among them.",
        condition=models,
    )
    yield Statement(
        "MantleStoredResponses",
        tuple(f"{service}:{verb}Inference" for verb in ("Get", "Cancel", "Delete")),
        arns,
        "Reading, canceling and deleting stored and background responses of these projects.",
    )
    yield Statement(
        "MantleCountTokens",
        (f"{service}:CountTokens",),
        arns,
        "Counting the tokens of a Messages request, which spends nothing.",
        unproven="CloudTrail names this action, the service reference does not",
    )


def _runtime(want: Wanted) -> Iterator[Statement]:
    service = "bedrock"
    invoke = tuple(f"{service}:{action}" for action in _INVOKE)
    if want.projects:
        yield from _runtime_calls(service, invoke, want)
    if want.bearer:
        yield _bearer("Runtime", service)
    if want.manage:
        yield from _management("Bedrock", service, want, unproven=_NEWER)
    if want.deny_unattributed:
        yield Statement(
            "RuntimeDenyUnattributed",
            invoke,
            (f"arn:{want.partition}:{service}:*:*:project/default",),
            "Refuses calls that name no project, if projects are authorized; else it does nothing.",
            unproven=_RUNTIME_UNKNOWN,
            effect="Deny",
        )


def _runtime_calls(service: str, invoke: tuple[str, ...], want: Wanted) -> Iterator[Statement]:
    yield Statement(
        "RuntimeModels",
        invoke,
        tuple(_targets(want)),
        "Converse and InvokeModel, streamed or not. A model that is reached through a profile of "
        "several Regions needs the right in each of them. These rights alone tie no call to a "
        "project.",
    )
    yield Statement(
        "RuntimeProjects",
        invoke,
        want.arns(service),
        "The projects that such calls name, for when they are authorized.",
        unproven=_RUNTIME_UNKNOWN,
    )


def _targets(want: Wanted) -> Iterator[str]:
    for model in want.models or ("*",):
        yield f"arn:{want.partition}:bedrock:*::foundation-model/{model}"
    for model in want.models or ("*",):
        profile = "*" if model == "*" else f"*.{model}"  # us.anthropic..., global.anthropic...
        yield want.arn("bedrock", f"inference-profile/{profile}")


def _bearer(plane: str, service: str) -> Statement:
    return Statement(
        f"{plane}BearerTokens",
        (f"{service}:CallWithBearerToken",),
        ("*",),
        "Using a bearer token at all; what it may do is in the other statements. Not needed by "
        "callers that sign (--no-bearer).",
    )


def _management(
    plane: str, service: str, want: Wanted, unproven: str | None
) -> Iterator[Statement]:
    yield Statement(
        f"{plane}CreateProjects",
        (f"{service}:CreateProject", f"{service}:ListProjects"),
        ("*",),
        "Creating and listing projects. The service reference has both on project/*, which was "
        "seen to be refused; * works either way.",
        unproven=unproven,
    )
    yield Statement(
        f"{plane}TagNewProjects",
        (f"{service}:TagResource",),
        (want.arn(service, "project/*"),),
        "Creating a project with tags: its id is not known before. Tags of every project of the "
        "account can be set with this right.",
        unproven=unproven,
    )
    verbs = (
        "GetProject",
        "UpdateProject",
        "ArchiveProject",
        "UntagResource",
        "ListTagsForResource",
    )
    owned: dict[str, dict[str, Any]] = {}
    resources, whose = want.arns(service), "these projects"
    if want.stack is not None:
        owned = {"StringLike": {"aws:ResourceTag/costmark_project": f"{want.stack}/*"}}
        resources = (want.arn(service, "project/*"),)
        whose = f"the projects of the stack {want.stack}, those too that it creates later"
    yield Statement(
        f"{plane}ManageProjects",
        tuple(f"{service}:{verb}" for verb in verbs),
        resources,
        f"Reading, renaming, tagging and archiving {whose}.",
        unproven=unproven,
        condition=owned,
    )
